/** Groups that rest when nothing happens. */

import { expect } from "vitest";
import type { Story } from "../story.js";

const RESTS = { quiesceRounds: 3 };

export const rest: readonly Story[] = [
  {
    title: "an idle group rests, and wakes for a write",
    setting: { members: 3, capacity: RESTS },
    states: ["a write: it wakes everybody and is committed at once, without any timer"],
    tell: async (c) => {
      await c.commit("a");
      await c.until("all rest", () => c.ids.every((id) => c.node(id).rests));
      await c.commit("b");
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(["a", "b"]);
      await c.until("all rest again", () => c.ids.every((id) => c.node(id).rests));
    },
  },
  {
    title: "a group that was not told to rest does not",
    setting: { members: 3 },
    states: ["a group that was not told to rest does not"],
    tell: async (c) => {
      await c.commit("a");
      await c.pass(4);
      expect(c.ids.filter((id) => c.node(id).rests)).toEqual([]);
    },
  },
  {
    title: "a read wakes a group at rest, on the leader and on a follower",
    setting: { members: 3, capacity: RESTS },
    states: ["a read on the leader, which takes a round as ever", "a read on a follower"],
    tell: async (c) => {
      await c.commit("a");
      for (const id of c.ids) {
        await c.until("all rest", () => c.ids.every((node) => c.node(node).rests));
        expect(await c.read(id)).toEqual(["a"]);
      }
    },
  },
  {
    title: "a member that cannot be reached keeps its group awake, and it rests when that one is back",
    setting: { members: 3, capacity: RESTS },
    states: ["a member that cannot be reached keeps the group awake, and it rests when that one is back"],
    tell: async (c) => {
      await c.commit("a");
      const leader = await c.leader();
      const away = (leader % 3) + 1;
      await c.crash(away);
      await c.commit("b");
      await c.pass(4);
      expect(c.ids.filter((id) => c.node(id).isUp && c.node(id).rests)).toEqual([]);
      await c.restart(away);
      await c.until("all rest", () => c.ids.every((id) => c.node(id).rests));
      expect(c.node(away).commands).toEqual(["a", "b"]);
    },
  },
  {
    title: "a leader that dies at rest is missed as soon as somebody reads",
    setting: { members: 3, capacity: RESTS },
    states: [
      "a leader that dies at rest is missed as soon as somebody reads: the read is refused, and the next one answered",
    ],
    tell: async (c) => {
      await c.commit("a");
      await c.until("all rest", () => c.ids.every((id) => c.node(id).rests));
      const dead = await c.leader();
      await c.crash(dead);
      expect(await c.read((dead % 3) + 1)).toEqual(["a"]);
      await c.commit("b");
      await c.restart(dead);
      await c.agree();
      await c.until("all rest again", () => c.ids.every((id) => c.node(id).rests));
    },
  },
  {
    title: "members come to a group at rest, and rest with it",
    setting: { members: 3, strangers: 1, capacity: RESTS },
    states: ["a change of members, and the new one rests with the others"],
    tell: async (c) => {
      await c.commit("a");
      await c.until("all rest", () => [1, 2, 3].every((id) => c.node(id).rests));
      await c.become(1, 2, 3, 4);
      await c.until("all rest again", () => c.ids.every((id) => c.node(id).rests));
      expect(c.node(4).commands).toEqual(["a"]);
    },
  },
  {
    title: "leadership is handed over at rest, and the group rests again",
    setting: { members: 3, capacity: RESTS },
    states: ["a transfer, which is done at once"],
    tell: async (c) => {
      await c.commit("a");
      await c.until("all rest", () => c.ids.every((id) => c.node(id).rests));
      await c.handOver(((await c.leader()) % 3) + 1);
      await c.until("all rest again", () => c.ids.every((id) => c.node(id).rests));
    },
  },
];
