/** Leadership that is handed over. */

import { expect } from "vitest";
import type { Offer, Request } from "../driver.js";
import { learner, many, type Story } from "../story.js";
import { compact } from "./snapshots.js";

export const transfer: readonly Story[] = [
  {
    title: "leadership is handed to the node that was named, which takes commands, and the old leader follows",
    setting: { members: 3 },
    states: [
      "a target that has the whole log is asked at once, and elected without anybody's timer",
      "the new leader takes commands, and the old one follows and names it",
    ],
    tell: async (c) => {
      await c.commit("a");
      const old = await c.leader();
      const next = (old % 3) + 1;
      await c.handOver(next);
      await c.commit("b");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "leadership goes round, and loses nothing",
    setting: { members: 3 },
    states: ["leadership goes back and forth, a term each time, and loses nothing"],
    tell: async (c) => {
      const commands: string[] = [];
      for (const target of [1, 2, 3, 1, 2, 3]) {
        await c.handOver(target);
        const command = `${commands.length} of ${target}`;
        commands.push(command);
        await c.commit(command);
      }
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(commands);
    },
  },
  {
    title: "a node that lags gets what it lacks first, and then leads",
    setting: { members: 3 },
    states: ["a target that lags catches up first, and is asked when it has everything"],
    tell: async (c) => {
      const leader = await c.leader();
      const target = (leader % 3) + 1;
      await c.crash(target);
      await c.commit(...many(20));
      await c.restart(target);
      await c.handOver(target);
      await c.commit("by the target");
      await c.agree();
      expect(c.node(target).commands).toEqual([...many(20), "by the target"]);
    },
  },
  {
    title: "a node that needs the snapshot gets it first, and then leads",
    setting: { members: 3 },
    states: ["a transfer: a target that needs the snapshot gets it first, then what is behind it, and then leads"],
    tell: async (c) => {
      const leader = await c.leader();
      const target = (leader % 3) + 1;
      await c.crash(target);
      await c.commit(...many(10));
      const more = await compact(c, target);
      await c.restart(target);
      await c.handOver(target);
      await c.commit("by the target");
      await c.agree();
      expect(c.node(target).commands).toEqual([...many(10), ...more, "by the target"]);
    },
  },
  {
    title: "a target that is dead is given up, and commands are taken again",
    setting: { members: 3 },
    states: [
      "a target that is down costs an election timeout, and then the leader resumes, in its term",
      "commands are refused as long as the transfer goes on",
    ],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const dead = (leader % 3) + 1;
      await c.crash(dead);
      const request = c.transfer(await c.leader(), dead);
      await c.until("it is given up", () => request.state !== "waiting");
      await c.commit("b");
      await c.restart(dead);
      await c.agree();
      expect(c.node(dead).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "nobody hands over to a learner, to a stranger, or without being the leader",
    setting: { members: [{ id: 1 }, { id: 2 }, learner(3)], strangers: 1 },
    states: ["only a leader hands over"],
    tell: async (c) => {
      await c.commit("a");
      expect(await c.refusal((leader) => c.transfer(leader, 3))).toBe("UNKNOWN_NODE");
      expect(await c.refusal((leader) => c.transfer(leader, 4))).toBe("UNKNOWN_NODE");
      expect(await c.refusal((leader) => c.transfer(3 - leader, 3 - leader))).toBe("NOT_LEADER");
      await c.commit("b");
    },
  },
  {
    title: "without a name leadership goes to the highest priority",
    setting: { members: 3 },
    states: ["a transfer without a target goes to the highest priority"],
    tell: async (c) => {
      await c.commit("a");
      await c.become({ id: 1 }, { id: 2 }, { id: 3, priority: 9 });
      await c.handOver(1);
      await c.agree();
      await c.insist(
        "node 3 leads",
        (leader) => c.transfer(leader),
        (leader) => leader === 3,
      );
      await c.commit("b");
    },
  },
  {
    title: "a leader that dies while it hands over leaves an ordinary election",
    setting: { members: 3 },
    states: ["a leader that crashes while it hands over leaves an ordinary election"],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      c.transfer(leader, (leader % 3) + 1);
      await c.crash(leader);
      await c.commit("b");
      await c.restart(leader);
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "while a leader hands over it takes no commands and no changes",
    setting: { members: 3 },
    states: ["commands are refused as long as the transfer goes on", "a change while the leader hands over is refused"],
    tell: async (c) => {
      await c.commit("a");
      const dead = ((await c.leader()) % 3) + 1;
      await c.crash(dead);
      let change: Request | undefined;
      let offer: Offer | undefined;
      await c.insist(
        "both are refused",
        (leader) => {
          c.transfer(leader, dead);
          offer = c.offer(leader, "meanwhile");
          change = c.reconfigure(leader, [{ id: 1, priority: 1 }, { id: 2 }, { id: 3 }]);
          return change;
        },
        () => change?.why === "TRANSFERRING" && offer?.why === "TRANSFERRING",
      );
      await c.commit("b");
      await c.restart(dead);
      await c.agree();
      expect(c.node(dead).commands.filter((command) => command !== "meanwhile")).toEqual(["a", "b"]);
    },
  },
];
