/** How the log gets everywhere. */

import { expect } from "vitest";
import { many, type Story } from "../story.js";

export const replication: readonly Story[] = [
  {
    title: "a follower that was away catches up from the log",
    setting: { members: 3 },
    states: ["a follower that is behind the leader's window is served from storage"],
    tell: async (c) => {
      await c.commit("a");
      await c.agree();
      const leader = await c.leader();
      const away = c.otherThan(leader);
      c.isolate(away);
      await c.commit(...many(20));
      expect(c.node(away).commands).toEqual(["a"]);
      c.heal();
      await c.agree();
      expect(c.node(away).commands).toEqual(["a", ...many(20)]);
    },
  },
  {
    title: "a follower that is behind all that leaders hold in memory is served from their disks",
    setting: { members: 3, capacity: { windowEntries: 16, windowBytes: 2048 } },
    states: ["a follower that is behind the leader's window is served from storage"],
    tell: async (c) => {
      const leader = await c.leader();
      const away = c.otherThan(leader);
      await c.crash(away);
      await c.commit(...many(60));
      await c.restart(away);
      await c.agree();
      expect(c.node(away).commands).toEqual(many(60));
      expect(c.node(away).snapshot).toBe(0);
    },
  },
  {
    title: "a command that is too long is refused, and the longest one that is not passes",
    setting: { members: 3 },
    states: ["a proposal longer than a message carries is refused, and the longest one passes"],
    tell: async (c) => {
      const long = c.offer(await c.leader(), "x".repeat(2000));
      await c.until("it is answered", () => long.state !== "waiting");
      expect([long.state, long.why]).toEqual(["refused", "TOO_LARGE"]);
      await c.commit("y".repeat(900));
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["y".repeat(900)]);
    },
  },
  {
    title: "commands that are offered all at once are in the same order everywhere",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit("first");
      const leader = await c.leader();
      const offers = many(20).map((command) => c.offer(leader, command));
      await Promise.all(offers.map((offer) => c.outcome(offer)));
      await c.commit("last");
      await c.agree();
      const { commands } = c.node(leader);
      for (const id of c.ids) expect(c.node(id).commands).toEqual(commands);
      const committed = many(20).filter((_, i) => offers[i]?.state === "committed");
      expect(commands).toEqual(expect.arrayContaining(["first", ...committed, "last"]));
      expect(commands).toEqual(["first", ...many(20).filter((command) => commands.includes(command)), "last"]);
    },
  },
  {
    title: "a leader that has no room refuses commands until others are committed, and loses none that it took",
    setting: { members: 3, capacity: { maxMessage: 512, uncommittedBytes: 512, inflightBytes: 512 } },
    states: [],
    tell: async (c) => {
      await c.commit("first");
      const leader = await c.leader();
      const commands = many(30, "command that takes some room ");
      const offers = commands.map((command) => c.offer(leader, command));
      await Promise.all(offers.map((offer) => c.outcome(offer)));
      expect(offers.filter(({ why }) => why === "BUSY").length).toBeGreaterThan(0);
      await c.commit("last");
      await c.agree();
      const kept = c.node(leader).commands;
      const committed = commands.filter((_, i) => offers[i]?.state === "committed");
      expect(kept).toEqual(expect.arrayContaining(["first", ...committed, "last"]));
      for (const id of c.ids) expect(c.node(id).commands).toEqual(kept);
    },
  },
  {
    title: "with one message in five lost everything is committed all the same",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      c.loseOneIn(5);
      await c.commit(...many(15));
      c.heal();
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(many(15));
    },
  },
  {
    title: "two of five that lead one after the other and are cut off leave logs that are made equal again",
    setting: { members: 5 },
    states: [],
    tell: async (c) => {
      await c.commit("a");
      const one = await c.leader();
      c.isolate(one);
      const lostOnOne = many(3, "one ").map((command) => c.offer(one, command));
      const two = await c.leader();
      await c.commit("b");
      c.isolate(one, two);
      const lostOnTwo = c.offer(two, "two");
      await c.commit("c");
      c.heal();
      await c.until("all outcomes are known", () =>
        [...lostOnOne, lostOnTwo].every(({ state }) => state !== "waiting"),
      );
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b", "c"]);
    },
  },
];
