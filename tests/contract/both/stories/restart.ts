/** What nodes find when they come back. */

import { expect } from "vitest";
import { many, type Story } from "../story.js";

export const restart: readonly Story[] = [
  {
    title: "a cluster that loses power goes on where it was",
    setting: { members: 3 },
    states: ["a cluster that loses power goes on where it was"],
    tell: async (c) => {
      await c.commit("a", "b");
      await c.agree();
      const term = Math.max(...c.ids.map((id) => c.node(id).term));
      await c.crash(...c.ids);
      await c.restart(...c.ids);
      await c.commit("c");
      await c.agree();
      for (const id of c.ids) {
        expect(c.node(id).commands).toEqual(["a", "b", "c"]);
        expect(c.node(id).term).toBeGreaterThan(term);
      }
    },
  },
  {
    title: "a node whose log is longer than its window applies all of it again, in order",
    setting: { members: 1, capacity: { windowEntries: 16, windowBytes: 2048 } },
    states: ["a node whose log is longer than its window applies all of it again, in order"],
    tell: async (c) => {
      await c.commit(...many(50));
      await c.crash(1);
      await c.restart(1);
      await c.commit("after");
      expect(c.node(1).commands).toEqual([...many(50), "after"]);
    },
  },
  {
    title: "nodes crash one after the other, and writes go on",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      const commands: string[] = [];
      for (const id of c.ids) {
        await c.crash(id);
        commands.push(`without ${id}`, `still without ${id}`);
        await c.commit(`without ${id}`, `still without ${id}`);
        await c.restart(id);
        await c.agree();
      }
      for (const id of c.ids) expect(c.node(id).commands).toEqual(commands);
    },
  },
  {
    title: "what a leader took and told nobody is lost with it, or committed: no node differs",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const offer = c.offer(leader, "perhaps");
      await c.crash(leader);
      await c.until("the outcome is known", () => offer.state !== "waiting");
      await c.commit("b");
      await c.restart(leader);
      await c.agree();
      const [first] = c.ids as [number];
      const { commands } = c.node(first);
      for (const id of c.ids) expect(c.node(id).commands).toEqual(commands);
      expect(commands.filter((command) => command !== "perhaps")).toEqual(["a", "b"]);
      if (offer.state === "committed") expect(commands).toContain("perhaps");
    },
  },
  {
    title: "leaders that commit nothing and crash leave a log that the next one commits",
    setting: { members: 3 },
    states: ["a log that ends in the entries of many leaders who committed nothing is committed by the next one"],
    tell: async (c) => {
      await c.commit("a");
      for (let round = 1; round <= 3; round++) {
        const leader = await c.leader();
        c.isolate(leader);
        c.offer(leader, `lost ${round}`);
        await c.crash(leader);
        c.heal();
        await c.restart(leader);
      }
      await c.commit("b");
      await c.agree();
      const [first] = c.ids as [number];
      const { commands } = c.node(first);
      for (const id of c.ids) expect(c.node(id).commands).toEqual(commands);
      expect([commands[0], commands.at(-1)]).toEqual(["a", "b"]);
    },
  },
];
