/** Who leads, and who does not any more. */

import { expect } from "vitest";
import type { Story } from "../story.js";

export const election: readonly Story[] = [
  {
    title: "a cluster elects a leader, and commits what it is asked to",
    setting: { members: 3 },
    states: ["an election, two proposals, and how followers learn of the commit"],
    tell: async (c) => {
      await c.commit("a", "b");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "a cluster of one elects itself and commits alone",
    setting: { members: 1 },
    states: ["a single voter elects itself and commits alone"],
    tell: async (c) => {
      await c.commit("a");
      expect(await c.read()).toEqual(["a"]);
    },
  },
  {
    title: "a leader that dies is followed by another, and nothing that was committed is lost",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit("a", "b");
      const dead = await c.leader();
      await c.crash(dead);
      await c.commit("c");
      expect(await c.leader()).not.toBe(dead);
      await c.restart(dead);
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b", "c"]);
    },
  },
  {
    title: "a leader that is cut off steps down, and what it could not commit is replaced",
    setting: { members: 3 },
    states: [
      "a leader that hears no quorum for an election timeout steps down within its term",
      "of two candidates that return from a partition the one with the short log follows; nothing committed is lost",
    ],
    tell: async (c) => {
      await c.commit("a");
      const old = await c.leader();
      c.isolate(old);
      const lost = c.offer(old, "never");
      await c.commit("b");
      await c.until("the old leader steps down", () => !c.node(old).leads);
      expect(lost.state).toBe("waiting");
      c.heal();
      await c.until("the old leader learns of it", () => lost.state !== "waiting");
      expect(lost.state).toBe("lost");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "a minority elects nobody and commits nothing, and follows when it is back",
    setting: { members: 5 },
    states: [],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const [one, two] = c.ids.filter((id) => id !== leader) as [number, number];
      c.isolate(one, two);
      const terms = [one, two].map((id) => c.node(id).term);
      await c.commit("b");
      await c.pass(4);
      expect([one, two].map((id) => c.node(id).leads)).toEqual([false, false]);
      expect([one, two].map((id) => c.node(id).term)).toEqual(terms);
      expect(c.node(one).commands).not.toContain("b");
      c.heal();
      await c.commit("c");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b", "c"]);
    },
  },
  {
    title: "a node that was cut off for long returns in the term that it left with",
    setting: { members: 3 },
    states: ["a node cut off for many election timeouts returns without changing the cluster's term"],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const away = c.otherThan(leader);
      c.isolate(away);
      const { term } = c.node(away);
      await c.pass(6);
      expect(c.node(away).term).toBe(term);
      c.heal();
      await c.commit("b");
      await c.agree();
      expect(c.node(away).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "without a majority nobody leads, and with the next node there is a leader again",
    setting: { members: 5 },
    states: ["an unreachable member counts neither as a pre-vote nor as a vote"],
    tell: async (c) => {
      await c.commit("a");
      const [one, two, three] = c.ids as [number, number, number];
      await c.crash(one, two, three);
      await c.until("nobody leads", () => c.ids.every((id) => !c.node(id).leads));
      await c.pass(4);
      expect(c.ids.filter((id) => c.node(id).leads)).toEqual([]);
      await c.restart(two);
      await c.commit("b");
      await c.restart(one, three);
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "a leader that can send and hears nothing steps down, and another leads",
    setting: { members: 3 },
    states: ["a node that can only receive never disturbs; a leader that can only send steps down"],
    tell: async (c) => {
      await c.commit("a");
      const deaf = await c.leader();
      const others = c.ids.filter((id) => id !== deaf);
      for (const id of others) c.mute(id, deaf);
      await c.leader(...others);
      await c.until("the deaf one steps down", () => !c.node(deaf).leads);
      const next = await c.leader(...others);
      const offer = c.offer(next, "b");
      await c.outcome(offer);
      c.heal();
      await c.commit("c");
      await c.agree();
      expect(c.node(deaf).commands.at(-1)).toBe("c");
    },
  },
  {
    title: "a node that hears and cannot send follows, and disturbs nobody",
    setting: { members: 3 },
    states: ["a node that can only receive never disturbs; a leader that can only send steps down"],
    tell: async (c) => {
      const leader = await c.leader();
      const silent = c.otherThan(leader);
      c.mute(silent, ...c.ids.filter((id) => id !== silent));
      const { term } = c.node(silent);
      await c.pass(4);
      expect(c.node(silent).leads).toBe(false);
      await c.commit("a", "b");
      c.heal();
      await c.agree();
      expect(c.node(silent).term).toBeGreaterThanOrEqual(term);
      expect(c.node(silent).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "leaders come and go, each is cut off in turn, and the log goes on in one line",
    setting: { members: 5 },
    states: ["a leader that was overtaken is told the term, and steps down"],
    tell: async (c) => {
      const kept: string[] = [];
      for (const round of [1, 2, 3]) {
        await c.commit(`before ${round}`);
        const old = await c.leader();
        c.isolate(old);
        const lost = c.offer(old, `lost ${round}`);
        await c.commit(`after ${round}`);
        kept.push(`before ${round}`, `after ${round}`);
        c.heal();
        await c.until("the outcome is known", () => lost.state !== "waiting");
        expect(lost.state).toBe("lost");
      }
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(kept);
    },
  },
];
