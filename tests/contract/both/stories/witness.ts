/** Witnesses: they vote, keep no payloads, and never lead. */

import { expect } from "vitest";
import { describeMembers } from "../driver.js";
import { many, type Story, witness } from "../story.js";
import { compact } from "./snapshots.js";

const TWO_AND_A_WITNESS = { members: [{ id: 1 }, { id: 2 }, witness(3)] };

export const witnesses: readonly Story[] = [
  {
    title: "a witness breaks the tie: with one of two full nodes dead the other goes on",
    setting: TWO_AND_A_WITNESS,
    states: [
      "a witness votes, and its vote makes a majority",
      "when the other full node is gone the witness is sent everything, and the leader goes on committing with it",
      "a witness holds the terms of all entries and the payload of none, and applies nothing",
    ],
    tell: async (c) => {
      await c.commit("a");
      await c.agree();
      const dead = await c.leader();
      await c.crash(dead);
      await c.commit("b");
      expect(await c.leader()).toBe(3 - dead);
      expect(c.node(3).commands).toEqual([]);
      await c.restart(dead);
      await c.agree();
      expect(c.node(dead).commands).toEqual(["a", "b"]);
      expect(c.node(3).commands).toEqual([]);
    },
  },
  {
    title: "a witness never leads, even if it is the only one left",
    setting: TWO_AND_A_WITNESS,
    states: ["a witness never campaigns, however long it hears of nobody", "leadership is never handed to a witness"],
    tell: async (c) => {
      await c.commit("a");
      expect(await c.refusal((leader) => c.transfer(leader, 3))).toBe("UNKNOWN_NODE");
      await c.crash(1, 2);
      await c.pass(4);
      expect(c.node(3).leads).toBe(false);
      await c.restart(1, 2);
      await c.commit("b");
      expect(await c.leader()).not.toBe(3);
    },
  },
  {
    title: "what was committed with the witness alone is not lost: it denies the full node that lacks it",
    setting: TWO_AND_A_WITNESS,
    states: ["what was committed with the witness alone is not lost: it denies the full node that lacks it"],
    tell: async (c) => {
      await c.commit("a");
      await c.agree();
      const leader = await c.leader();
      const other = 3 - leader;
      await c.crash(other);
      await c.commit("with the witness");
      await c.crash(leader);
      await c.restart(other);
      await c.pass(4);
      expect(c.node(other).leads).toBe(false);
      await c.restart(leader);
      await c.commit("b");
      await c.agree();
      for (const id of [1, 2]) expect(c.node(id).commands).toEqual(["a", "with the witness", "b"]);
    },
  },
  {
    title: "without the witness both full nodes are a majority, and it catches up when it is back",
    setting: TWO_AND_A_WITNESS,
    states: [
      "without the witness both full nodes are a majority, and it catches up when it is back",
      "a witness behind the leader's window is served from storage, without payloads",
    ],
    tell: async (c) => {
      await c.commit("a");
      await c.crash(3);
      await c.commit(...many(40));
      await c.restart(3);
      await c.agree();
      await c.crash(await c.leader());
      await c.commit("b");
      expect(await c.read()).toEqual(["a", ...many(40), "b"]);
    },
  },
  {
    title: "a witness catches up by a snapshot that has no state in it, and breaks the tie afterwards",
    setting: TWO_AND_A_WITNESS,
    states: [
      "a snapshot for a witness is the configuration alone, in one chunk however large the state is",
      "a snapshot and a crash: a witness that was sent a snapshot is the tie-breaker afterwards",
    ],
    tell: async (c) => {
      await c.crash(3);
      await c.commit(...many(10));
      const more = await compact(c);
      await c.restart(3);
      await c.agree();
      expect(c.node(3).snapshot).toBeGreaterThan(0);
      await c.crash(await c.leader());
      await c.commit("with the witness");
      expect(await c.read()).toEqual([...many(10), ...more, "with the witness"]);
    },
  },
  {
    title: "a witness joins, breaks a tie, and is removed, and the cluster goes on as two",
    setting: { members: 2, strangers: [witness(3)] },
    states: ["a witness joins as one that learns, becomes a voter when it has caught up, and can be removed"],
    tell: async (c) => {
      await c.become(1, 2, witness(3));
      const dead = await c.leader();
      await c.crash(dead);
      await c.commit("a");
      await c.restart(dead);
      await c.become(1, 2);
      await c.crash(3);
      await c.commit("b");
      await c.agree();
      for (const id of [1, 2]) expect(describeMembers(c.node(id).members)).toBe("1 2");
    },
  },
  {
    title: "a witness is replaced by another one, which breaks the tie from then on",
    setting: { ...TWO_AND_A_WITNESS, strangers: [witness(4)] },
    states: ["a witness is replaced by another in a joint change"],
    tell: async (c) => {
      await c.commit("a");
      await c.become(1, 2, witness(4));
      await c.crash(3, await c.leader());
      await c.commit("b");
      expect(await c.read()).toEqual(["a", "b"]);
      expect(c.node(4).commands).toEqual([]);
    },
  },
];
