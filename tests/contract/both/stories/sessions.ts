/** Commands of sessions: applied once, however often they are offered. */

import { expect } from "vitest";
import { ClientSession, encodeEnvelope } from "../../../../host/index.js";
import type { ClusterDriver } from "../driver.js";
import type { Story } from "../story.js";
import { compact } from "./snapshots.js";

/** Offers a command to whoever leads until it is answered; gives the answer. */
async function insist(c: ClusterDriver, command: Uint8Array): Promise<string> {
  for (;;) {
    const offer = c.offer(await c.leader(), command);
    if ((await c.outcome(offer)) === "committed") return offer.answer;
    await c.pass(1);
  }
}

async function register(c: ClusterDriver): Promise<ClientSession> {
  return new ClientSession(Number(await insist(c, encodeEnvelope({ kind: "register", time: 1 }))));
}

function encoder(session: ClientSession) {
  return (sequence: number, text: string) => session.encode(sequence, new TextEncoder().encode(text), 1);
}

export const sessions: readonly Story[] = [
  {
    title: "a command that is offered again is applied once, and answered as the first time",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      const session = await register(c);
      const encode = encoder(session);
      const sequence = session.begin();
      const first = await insist(c, encode(sequence, "once"));
      expect(first).toMatch(/^1:once/);
      expect(await insist(c, encode(sequence, "once"))).toBe("1:once again");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["once"]);
    },
  },
  {
    title: "a command whose outcome died with the leader is applied once",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      const session = await register(c);
      const encode = encoder(session);
      for (const text of ["one", "two", "three"]) {
        const sequence = session.begin();
        const leader = await c.leader();
        c.offer(leader, encode(sequence, text));
        await c.crash(leader);
        expect(await insist(c, encode(sequence, text))).toContain(text);
        session.end(sequence);
        await c.restart(leader);
      }
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["one", "two", "three"]);
    },
  },
  {
    title: "a session that came with a snapshot still knows what was applied",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      const session = await register(c);
      const encode = encoder(session);
      const away = ((await c.leader()) % 3) + 1;
      await c.crash(away);
      const sequence = session.begin();
      await insist(c, encode(sequence, "once"));
      const more = await compact(c, away);
      await c.restart(away);
      await c.agree();
      await c.handOver(away);
      expect(await insist(c, encode(sequence, "once"))).toBe("1:once again");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["once", ...more]);
    },
  },
];
