/** Changes through two majorities. */

import { expect } from "vitest";
import { describeMembers } from "../driver.js";
import { candidate, learner, type Story } from "../story.js";

export const joint: readonly Story[] = [
  {
    title: "a set of voters is followed by another one that shares no member with it",
    setting: { members: 3, strangers: 3 },
    states: [
      "any set of voters follows any other: the leader leaves the joint configuration by itself once it is committed",
      "an odd set and an even one, a single node and five: the sizes of the two sets do not matter",
    ],
    tell: async (c) => {
      await c.commit("by the first");
      await c.become(4, 5, 6);
      await c.leader(4, 5, 6);
      await c.crash(1, 2, 3);
      await c.commit("by the second");
      await c.agree();
      for (const id of [4, 5, 6]) expect(c.node(id).commands).toEqual(["by the first", "by the second"]);
    },
  },
  {
    title: "three voters become five in one change, and any two of them may go",
    setting: { members: 3, strangers: 2 },
    states: ["an odd set and an even one, a single node and five: the sizes of the two sets do not matter"],
    tell: async (c) => {
      await c.commit("three");
      await c.become(1, 2, 3, 4, 5);
      await c.crash(await c.leader());
      await c.crash(await c.leader());
      await c.commit("three of five");
      await c.agree();
      expect(await c.read()).toEqual(["three", "three of five"]);
    },
  },
  {
    title: "five voters become two and a learner in one change",
    setting: { members: 5 },
    states: ["voters of the old set become learners of the new one when it is entered for good"],
    tell: async (c) => {
      await c.commit("five");
      await c.become(1, 2, learner(3));
      await c.crash(4, 5);
      await c.commit("two");
      await c.agree(1, 2, 3);
      expect(c.node(3).commands).toEqual(["five", "two"]);
      expect(describeMembers(c.node(3).members)).toBe("1 2 3L");
    },
  },
  {
    title: "a dead node is replaced in one joint change",
    setting: { members: 3, strangers: 1 },
    states: ["a dead node is replaced in one joint change"],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const dead = [1, 2, 3].find((id) => id !== leader) as number;
      await c.crash(dead);
      await c.become(...[1, 2, 3].filter((id) => id !== dead), 4);
      await c.crash(await c.leader());
      await c.commit("two of the new three");
      await c.agree();
      expect(await c.read()).toEqual(["a", "two of the new three"]);
    },
  },
  {
    title: "a change that lacks the majority of the new set waits for it, and is done when it is back",
    setting: { members: 3, strangers: 2 },
    states: [
      "a leader that hears only one of the two sets steps down",
      "both sets count at once: the old one cannot decide without the new from the moment of the append",
    ],
    tell: async (c) => {
      await c.become(1, 2, 3, learner(4), learner(5));
      await c.commit("a");
      await c.agree();
      let leader = await c.leader();
      await c.until("a change begins without those who are new", () => {
        leader = c.ids.find((id) => c.node(id).leads) ?? leader;
        c.isolate(4, 5);
        c.reconfigure(leader, [{ id: leader }, { id: 4 }, { id: 5 }]);
        if (!c.node(leader).isJoint) c.heal();
        return c.node(leader).isJoint;
      });
      const [one, two] = [1, 2, 3].filter((id) => id !== leader) as [number, number];
      const offer = c.offer(leader, "waits");
      await c.until("it steps down", () => !c.node(leader).leads);
      await c.pass(2);
      expect(offer.state).not.toBe("committed");
      expect(c.node(one).commands).toEqual(["a"]);
      expect(c.node(two).commands).toEqual(["a"]);
      c.heal();
      await c.outcome(offer);
      await c.commit("b");
      await c.until("no set is joint any more", () => [leader, 4, 5].every((id) => !c.node(id).isJoint));
      expect(await c.read()).toContain("b");
    },
  },
  {
    title: "a leader that dies in the middle of a change leaves it to the next one",
    setting: { members: 3, strangers: 2 },
    states: [
      "a new leader leaves the joint configuration that it inherited",
      "a leave that was lost with its leader is made again by the next",
    ],
    tell: async (c) => {
      await c.become(1, 2, 3, learner(4), learner(5));
      await c.commit("a");
      await c.agree();
      const leader = await c.leader();
      c.reconfigure(
        leader,
        [1, 2, 3, 4, 5].map((id) => ({ id })),
      );
      await c.crash(leader);
      await c.become(1, 2, 3, 4, 5);
      await c.restart(leader);
      await c.commit("b");
      await c.agree();
      for (const id of c.ids) expect(describeMembers(c.node(id).members)).toBe("1 2 3 4 5");
    },
  },
  {
    title: "a joint change that a leader makes while it is cut off goes out of force, with both of its sets",
    setting: { members: 5 },
    states: ["a change that began by joint consensus rolls back with its entry, and both sets are forgotten"],
    tell: async (c) => {
      await c.commit("a");
      let old = await c.leader();
      await c.until("a leader that is cut off begins a joint change", () => {
        old = c.ids.find((id) => c.node(id).leads) ?? old;
        c.isolate(old);
        c.reconfigure(old, [{ id: old }]);
        if (!c.node(old).isJoint) c.heal();
        return c.node(old).isJoint;
      });
      await c.commit("b");
      c.heal();
      await c.until("it is out of force", () => describeMembers(c.node(old).members) === "1 2 3 4 5");
      await c.crash(...c.ids.filter((id) => id !== old).slice(0, 2));
      await c.commit("c");
      await c.agree();
      expect(await c.read(old)).toEqual(["a", "b", "c"]);
    },
  },
  {
    title: "a learner that comes with a joint change is promoted when that is done",
    setting: { members: 3, strangers: 3 },
    states: ["a learner that is to be promoted waits until the joint configuration is left"],
    tell: async (c) => {
      await c.commit("a");
      await c.become(1, 2, 3, learner(4), learner(5));
      await c.agree(1, 2, 3, 4, 5);
      const target = [{ id: 3 }, { id: 4 }, { id: 5 }, candidate(6)];
      await c.insist(
        "the learner is a voter",
        (leader) => c.reconfigure(leader, target),
        (leader) => describeMembers(c.node(leader).members) === "3 4 5 6",
      );
      await c.become(3, 4, 5, 6);
      await c.commit("b");
      await c.agree(3, 4, 5, 6);
      expect(c.node(6).commands).toEqual(["a", "b"]);
    },
  },
];
