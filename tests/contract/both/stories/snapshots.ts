/** Logs that are compacted behind snapshots. */

import { expect } from "vitest";
import type { ClusterDriver } from "../driver.js";
import { many, type Story } from "../story.js";

/** So many entries have left what a leader holds in memory. */
const MORE_THAN_A_WINDOW = 17;

/**
 * The nodes that are up, but for one, compact their logs: each takes two snapshots, because a log is kept back to the older
 * one. Gives the commands that are committed meanwhile.
 */
export async function compact(c: ClusterDriver, except = 0): Promise<string[]> {
  const commands: string[] = [];
  for (const round of ["older", "newer"]) {
    const more = many(MORE_THAN_A_WINDOW, `${round} `);
    await c.commit(...more);
    commands.push(...more);
    const nodes = c.ids.filter((id) => id !== except && c.node(id).isUp && c.node(id).members.length > 0);
    await c.agree(...nodes);
    for (const id of nodes) await c.snapshot(id);
  }
  return commands;
}

/** A state that takes several messages. */
const LARGE = Array.from({ length: 12 }, (_, i) => `${i} ${"large ".repeat(60)}`);

export const snapshots: readonly Story[] = [
  {
    title: "a follower that was away catches up by snapshot, and from the log behind it",
    setting: { members: 3 },
    states: ["a follower whose entries are compacted is sent the snapshot, and then the entries behind it"],
    tell: async (c) => {
      const leader = await c.leader();
      const away = c.otherThan(leader);
      await c.crash(away);
      await c.commit(...many(10));
      const more = await compact(c, away);
      await c.commit("behind");
      await c.restart(away);
      await c.agree();
      expect(c.node(away).commands).toEqual([...many(10), ...more, "behind"]);
      expect(c.node(away).snapshot).toBeGreaterThan(0);
    },
  },
  {
    title: "a state that is larger than a message arrives in pieces",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      const leader = await c.leader();
      const away = c.otherThan(leader);
      c.isolate(away);
      await c.commit(...LARGE);
      const more = await compact(c, away);
      c.heal();
      await c.agree();
      expect(c.node(away).commands).toEqual([...LARGE, ...more]);
      expect(c.node(away).snapshot).toBeGreaterThan(0);
    },
  },
  {
    title: "a state arrives in pieces although one message in five is lost",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      const leader = await c.leader();
      const away = c.otherThan(leader);
      await c.crash(away);
      await c.commit(...LARGE);
      const more = await compact(c, away);
      c.loseOneIn(5);
      await c.restart(away);
      await c.agree();
      expect(c.node(away).commands).toEqual([...LARGE, ...more]);
    },
  },
  {
    title: "a leader that dies while it sends its snapshot is followed by one that sends its own",
    setting: { members: 5 },
    states: [
      "followers compact by themselves, and one that wins without its log's beginning serves the others by snapshot",
    ],
    tell: async (c) => {
      const leader = await c.leader();
      const away = c.otherThan(leader);
      await c.crash(away);
      await c.commit(...LARGE);
      const more = await compact(c, away);
      await c.restart(away);
      await c.crash(await c.leader());
      await c.commit("next");
      await c.agree();
      expect(c.node(away).commands).toEqual([...LARGE, ...more, "next"]);
    },
  },
  {
    title: "a node restarts from its snapshot and the log behind it",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit(...many(5));
      await c.agree();
      for (const id of c.ids) await c.snapshot(id);
      await c.commit("behind");
      await c.agree();
      const [one] = c.ids as [number];
      await c.crash(one);
      await c.restart(one);
      await c.commit("after");
      await c.agree();
      expect(c.node(one).commands).toEqual([...many(5), "behind", "after"]);
      expect(c.node(one).snapshot).toBeGreaterThan(0);
    },
  },
  {
    title: "a whole cluster restarts from snapshots alone",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit(...many(5));
      await c.agree();
      for (const id of c.ids) await c.snapshot(id);
      await c.crash(...c.ids);
      await c.restart(...c.ids);
      await c.commit("after");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual([...many(5), "after"]);
    },
  },
  {
    title: "what a leader keeps behind its snapshot serves a slow follower without it",
    setting: { members: 3, capacity: { keepEntries: 1000 } },
    states: [
      "what the leader keeps behind its snapshot serves a slow follower, and only a slower one gets the snapshot",
    ],
    tell: async (c) => {
      const leader = await c.leader();
      const slow = c.otherThan(leader);
      c.isolate(slow);
      await c.commit(...many(20));
      const more = await compact(c, slow);
      c.heal();
      await c.agree();
      expect(c.node(slow).commands).toEqual([...many(20), ...more]);
      expect(c.node(slow).snapshot).toBe(0);
    },
  },
  {
    title: "a node that joins by a snapshot learns the members from it",
    setting: { members: 3, strangers: 1 },
    states: [
      "a node that joins by a snapshot learns the members from it",
      "a change of members that only the snapshot tells of is in force after a restart from it",
    ],
    tell: async (c) => {
      await c.commit(...many(10));
      const more = await compact(c);
      await c.become(1, 2, 3, 4);
      await c.commit("together");
      await c.agree();
      expect(c.node(4).commands).toEqual([...many(10), ...more, "together"]);
      expect(c.node(4).members.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
      expect(c.node(4).snapshot).toBeGreaterThan(0);
      await c.snapshot(4);
      await c.crash(4);
      await c.restart(4);
      expect(c.node(4).members.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
      await c.commit("again");
      await c.agree();
    },
  },
];
