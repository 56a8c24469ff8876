/** Members that come and go. */

import { expect } from "vitest";
import { MemberRole } from "../../../../host/core/abi.js";
import type { MemberInfo } from "../../../../host/index.js";
import { describeMembers, type Offer, type Request } from "../driver.js";
import { candidate, learner, many, type Story, witness } from "../story.js";

export const membership: readonly Story[] = [
  {
    title: "a node is added as a learner, gets the log, and counts once it is a voter",
    setting: { members: 3, strangers: 1 },
    states: ["a node is added as a learner, gets the log, and counts once it is a voter"],
    tell: async (c) => {
      await c.commit(...many(10));
      await c.become(1, 2, 3, learner(4));
      await c.agree();
      expect(c.node(4).commands).toEqual(many(10));
      await c.become(1, 2, 3, 4);
      const leader = await c.leader();
      const dead = [1, 2, 3].find((id) => id !== leader) as number;
      await c.crash(dead);
      await c.commit("with three of four");
      await c.agree();
      expect(c.node(4).commands.at(-1)).toBe("with three of four");
    },
  },
  {
    title: "a learner is promoted by itself once it holds the log",
    setting: { members: 3, strangers: 1 },
    states: [],
    tell: async (c) => {
      await c.commit(...many(10));
      const members = [{ id: 1 }, { id: 2 }, { id: 3 }, candidate(4)];
      await c.insist(
        "it is a member",
        (leader) => c.reconfigure(leader, members),
        (leader) => c.node(leader).members.length === 4,
      );
      await c.until("it is a voter everywhere", () =>
        c.ids.every((id) => describeMembers(c.node(id).members) === "1 2 3 4" && !c.node(id).isChanging),
      );
      await c.handOver(4);
      await c.commit("by the newest");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual([...many(10), "by the newest"]);
    },
  },
  {
    title: "a cluster grows from one node to three and to five, and each size survives what it should",
    setting: { members: 1, strangers: 4 },
    states: ["a cluster grows from one node to three and to five, and each size survives what it should"],
    tell: async (c) => {
      await c.commit("alone");
      await c.become(1, 2);
      await c.become(1, 2, 3);
      const dead = await c.leader();
      await c.crash(dead);
      await c.commit("two of three");
      await c.restart(dead);
      await c.become(1, 2, 3, 4);
      await c.become(1, 2, 3, 4, 5);
      await c.crash(dead, await c.leader(...c.ids.filter((id) => id !== dead)));
      await c.commit("three of five");
      await c.agree();
      expect(await c.read()).toEqual(["alone", "two of three", "three of five"]);
    },
  },
  {
    title: "a member that is added in front of the others does not confuse their leader",
    setting: { members: [{ id: 2 }, { id: 3 }], strangers: [{ id: 1 }] },
    states: ["a member that is added in front of others leaves the leader's view of them as it was"],
    tell: async (c) => {
      await c.commit("two");
      await c.become(1, 2, 3);
      await c.commit("three");
      await c.agree();
      await c.crash(await c.leader());
      await c.commit("two of three");
      await c.agree();
      expect(await c.read()).toEqual(["two", "three", "two of three"]);
    },
  },
  {
    title: "of three with one dead the dead one is removed, and of the two that stay the leader removes the other one",
    setting: { members: 3 },
    states: ["of three with one dead the dead one can be removed; of two with one dead it cannot"],
    tell: async (c) => {
      await c.commit("three");
      const dead = ((await c.leader()) % 3) + 1;
      const stay = c.ids.filter((id) => id !== dead);
      await c.crash(dead);
      await c.become(...stay);
      await c.commit("two");
      let last = 0;
      await c.until("the one that leads removes the other, which it cannot reach", () => {
        last = stay.find((id) => c.node(id).leads) ?? 0;
        if (last === 0) return false;
        c.isolate(...stay.filter((id) => id !== last));
        c.reconfigure(last, [{ id: last }]);
        if (c.node(last).members.length > 1) c.heal();
        return c.node(last).members.length === 1;
      });
      await c.commit("alone");
      expect(await c.read(last)).toEqual(["three", "two", "alone"]);
    },
  },
  {
    title: "a learner is handed nothing, is promoted by the leader after the one that added it, and then leads",
    setting: { members: 3, strangers: 1 },
    states: [
      "a learner is promoted by the next leader if the one that added it is gone",
      "a transfer: a learner is refused as a target, is promoted by itself, and then leads",
    ],
    tell: async (c) => {
      await c.commit(...many(10));
      await c.crash(4);
      await c.become(1, 2, 3, candidate(4));
      expect(await c.refusal((leader) => c.transfer(leader, 4))).toBe("UNKNOWN_NODE");
      const gone = await c.leader();
      await c.crash(gone);
      await c.restart(4);
      await c.become(1, 2, 3, 4);
      await c.handOver(4);
      await c.commit("by the newest");
      await c.restart(gone);
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual([...many(10), "by the newest"]);
    },
  },
  {
    title: "a leader whose removal is lost with it is a member like the others when it is back",
    setting: { members: 3 },
    states: ["a removal of the leader that is lost with it leaves it a member like the others"],
    tell: async (c) => {
      await c.commit("a");
      let old = await c.leader();
      await c.until("a leader that is cut off removes itself", () => {
        old = c.ids.find((id) => c.node(id).leads) ?? old;
        c.isolate(old);
        c.reconfigure(
          old,
          c.ids.filter((id) => id !== old).map((id) => ({ id })),
        );
        if (c.node(old).members.length === 3) c.heal();
        return c.node(old).members.length === 2;
      });
      await c.commit("b");
      c.heal();
      await c.until("it is a member", () => c.node(old).members.length === 3);
      await c.handOver(old);
      await c.commit("c");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b", "c"]);
    },
  },
  {
    title: "a cluster shrinks from three nodes to one, which goes on alone",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit("three");
      await c.become(1, 2);
      await c.become(1);
      await c.crash(2, 3);
      await c.commit("alone");
      expect(c.node(1).commands).toEqual(["three", "alone"]);
    },
  },
  {
    title: "a node that was removed leads nobody, and disturbs nobody",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const gone = c.otherThan(leader);
      const stay = c.ids.filter((id) => id !== gone);
      await c.become(...stay);
      await c.pass(4);
      expect(c.node(gone).leads).toBe(false);
      await c.commit("b");
      await c.agree(...stay);
      expect(c.node(gone).commands).not.toContain("b");
      const offer = c.offer(gone, "never");
      await c.until("it is refused", () => offer.state !== "waiting");
      expect([offer.state, offer.why]).toEqual(["refused", "NOT_LEADER"]);
    },
  },
  {
    title: "a leader that is removed steps down, and the others go on",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      await c.commit("a");
      const old = await c.leader();
      const stay = c.ids.filter((id) => id !== old);
      await c.become(...stay);
      await c.leader(...stay);
      await c.until("it leads no more", () => !c.node(old).leads);
      await c.commit("b");
      await c.agree(...stay);
      for (const id of stay) expect(c.node(id).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "a dead node is replaced: the new one is added and promoted, the dead one removed",
    setting: { members: 3, strangers: 1 },
    states: ["a dead node is replaced: the new one is added and promoted, the dead one removed"],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const dead = c.ids.find((id) => id !== leader && id !== 4) as number;
      await c.crash(dead);
      const stay = [1, 2, 3].filter((id) => id !== dead);
      await c.become(...stay, dead, 4);
      await c.become(...stay, 4);
      await c.crash(await c.leader());
      await c.commit("two of the new three");
      await c.agree();
      expect(c.node(await c.leader()).commands).toEqual(["a", "two of the new three"]);
    },
  },
  {
    title: "a learner that is dead blocks nothing",
    setting: { members: 3, strangers: 1 },
    states: [
      "a learner that is dead blocks nothing: commits, changes and elections go on",
      "a learner's answers do not keep a leader in office, and its absence does not depose one",
    ],
    tell: async (c) => {
      await c.become(1, 2, 3, learner(4));
      await c.crash(4);
      await c.commit("a");
      await c.crash(await c.leader());
      await c.commit("b");
      const up = [1, 2, 3].filter((id) => c.node(id).isUp);
      await c.become(...[1, 2, 3].map((id) => ({ id })), { id: 4, roles: learner(4).roles ?? 0, priority: 1 });
      await c.agree();
      for (const id of up) expect(c.node(id).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "a learner never leads, and its answers keep no leader in office",
    setting: { members: [{ id: 1 }, { id: 2 }, learner(3)] },
    states: [
      "a learner gets the log, is never counted, and never campaigns",
      "a learner's answers do not keep a leader in office, and its absence does not depose one",
    ],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      await c.crash(leader === 1 ? 2 : 1);
      await c.until("the leader steps down", () => !c.node(leader).leads);
      await c.pass(4);
      expect(c.ids.filter((id) => c.node(id).leads)).toEqual([]);
      await c.restart(leader === 1 ? 2 : 1);
      await c.commit("b");
      await c.agree();
      expect(c.node(3).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "what cannot be changed is refused, and leaves everything as it was",
    setting: { members: [{ id: 1 }, { id: 2 }, witness(3)], strangers: 1 },
    states: [
      "only a leader changes members",
      "what is no configuration is refused: no voter, a member that is two things at once, more members than planned",
      "a change that leaves no voter that can lead is refused",
      "a joint configuration that leaves nobody who can lead is refused",
      "a joint configuration with new voters that have not caught up is refused",
      "a voter that is no member yet, or a learner that has not caught up, is refused; a learner that has is taken",
      "a member does not turn into a witness, nor a witness into a full member, while it stays",
    ],
    tell: async (c) => {
      await c.commit("a");
      const change = (...members: readonly MemberInfo[]) => c.refusal((leader) => c.reconfigure(leader, members));
      expect(await change()).toBe("BAD_CONFIGURATION");
      expect(await change({ id: 1 }, { id: 2, roles: MemberRole.VOTER | MemberRole.LEARNER }, witness(3))).toBe(
        "BAD_CONFIGURATION",
      );
      expect(await change(witness(3))).toBe("NO_VOTER");
      expect(await change({ id: 1 }, { id: 2 }, { id: 3 })).toBe("BAD_CHANGE");
      expect(await change({ id: 1 }, { id: 2 }, witness(3), { id: 4 })).toBe("NOT_CAUGHT_UP");
      expect(await change({ id: 1 }, { id: 2 }, { id: 4 })).toBe("NOT_CAUGHT_UP");
      expect(await c.refusal((leader) => c.reconfigure(3 - leader, [{ id: 1 }, { id: 2 }]))).toBe("NOT_LEADER");
      expect(describeMembers(c.node(await c.leader()).members)).toBe("1 2 3W");
      await c.commit("b");
    },
  },
  {
    title: "a change that a leader makes while it is cut off goes out of force",
    setting: { members: 5 },
    states: [
      "a leader that cannot commit cannot change members either: an old one in a minority does no harm",
      "of several configurations in a log that is cut the newest one that stays is in force",
      "a truncated configuration puts the one before it in force again",
      "a change while one is pending is refused, and taken once that is committed",
    ],
    tell: async (c) => {
      await c.become(1, 2, 3, 4, { id: 5, priority: 1 });
      await c.commit("a");
      let old = await c.leader();
      let second: Request | undefined;
      await c.until("a leader that is cut off changes the members", () => {
        old = c.ids.find((id) => c.node(id).leads) ?? old;
        c.isolate(old);
        const stay = c.ids.filter((id) => id !== (old % 5) + 1);
        c.reconfigure(
          old,
          stay.map((id) => ({ id })),
        );
        const isMade = describeMembers(c.node(old).members) === stay.join(" ");
        if (isMade) second = c.reconfigure(old, [{ id: old }]);
        else c.heal();
        return isMade;
      });
      await c.until("another change is refused", () => second?.state !== "waiting");
      expect([second?.state, second?.why]).toEqual(["refused", "CHANGE_PENDING"]);
      await c.commit("b");
      c.heal();
      await c.until("it is out of force", () => describeMembers(c.node(old).members) === "1 2 3 4 5^1");
      await c.commit("c");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b", "c"]);
    },
  },
  {
    title: "priorities change without any voter changing, and reach everybody",
    setting: { members: 3 },
    states: ["addresses and priorities change without any voter changing, and reach everybody"],
    tell: async (c) => {
      await c.become({ id: 1, priority: 3 }, { id: 2 }, { id: 3, priority: 7 });
      await c.commit("a");
      await c.agree();
      for (const id of c.ids) expect(describeMembers(c.node(id).members)).toBe("1^3 2 3^7");
    },
  },
  {
    title: "a change of members outlives its place in memory, and a restart of all",
    setting: { members: 3, strangers: 1 },
    states: ["a configuration outlives its place in the window", "a cluster that loses power goes on where it was"],
    tell: async (c) => {
      await c.become(1, 2, 3, 4);
      await c.commit(...many(40));
      await c.agree();
      await c.crash(...c.ids);
      await c.restart(...c.ids);
      for (const id of c.ids) expect(describeMembers(c.node(id).members)).toBe("1 2 3 4");
      await c.commit("after");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual([...many(40), "after"]);
    },
  },
  {
    title: "a leader that has no room for commands has room for a change of members",
    setting: { members: 3, strangers: 1, capacity: { maxMessage: 512, uncommittedBytes: 512, inflightBytes: 512 } },
    states: ["a configuration passes the bound that refuses commands"],
    tell: async (c) => {
      await c.become(1, 2, 3, learner(4));
      await c.commit("a");
      await c.agree();
      let offers: Offer[] = [];
      let old = 0;
      await c.until("a leader that is full and cut off changes the members", () => {
        old = c.ids.find((id) => c.node(id).leads) ?? 1;
        c.isolate(old);
        offers = many(10, `a command that takes ${"much ".repeat(20)} room `).map((command) => c.offer(old, command));
        c.reconfigure(old, [{ id: 1 }, { id: 2 }, { id: 3 }]);
        const isMade = describeMembers(c.node(old).members) === "1 2 3";
        if (!isMade) c.heal();
        return isMade;
      });
      await c.commit("b");
      c.heal();
      // What was offered where the log does not reach yet might still be committed, for all that its node knows.
      await c.commit(...many(10, "after "));
      await c.until("all outcomes are known", () => offers.every(({ state }) => state !== "waiting"));
      expect(offers.map(({ why }) => why)).toContain("BUSY");
      await c.agree();
      expect(c.node(old).commands).toEqual(["a", "b", ...many(10, "after ")]);
      expect(describeMembers(c.node(old).members)).toBe("1 2 3 4L");
    },
  },
];
