/** Several things at once. */

import { expect } from "vitest";
import { describeMembers } from "../driver.js";
import { many, type Story, witness } from "../story.js";
import { compact } from "./snapshots.js";

export const combinations: readonly Story[] = [
  {
    title: "members change, the leader hands over, nodes crash and are cut off, and nothing is lost",
    setting: { members: 3, strangers: 2, capacity: { leaseDrift: 200 } },
    states: [],
    tell: async (c) => {
      await c.commit("a");
      await c.become(1, 2, 3, 4);
      await c.crash(1);
      await c.commit("b");
      await c.become(2, 3, 4, 5);
      await c.handOver(5);
      c.isolate(5);
      await c.commit("c");
      c.heal();
      await c.restart(1);
      await c.commit("d");
      await c.agree(2, 3, 4, 5);
      expect(await c.read(2)).toEqual(["a", "b", "c", "d"]);
      for (const id of [2, 3, 4, 5]) expect(c.node(id).commands).toEqual(["a", "b", "c", "d"]);
    },
  },
  {
    title: "under writes every node is restarted, and every node leads once",
    setting: { members: 3 },
    states: [],
    tell: async (c) => {
      const commands: string[] = [];
      for (const id of c.ids) {
        await c.handOver(id);
        await c.commit(`by ${id}`);
        await c.crash(id);
        await c.commit(`without ${id}`);
        await c.restart(id);
        commands.push(`by ${id}`, `without ${id}`);
      }
      await c.agree();
      for (const id of c.ids) expect(c.node(id).commands).toEqual(commands);
    },
  },
  {
    title: "a learner that is behind a snapshot is promoted, and carries the cluster when others die",
    setting: { members: 3, strangers: 1 },
    states: [],
    tell: async (c) => {
      await c.commit(...many(10));
      const more = await compact(c);
      await c.become(1, 2, 4);
      await c.crash(3, await c.leader());
      await c.commit("two of three");
      await c.agree();
      expect(await c.read()).toEqual([...many(10), ...more, "two of three"]);
    },
  },
  {
    title: "four full nodes that are cut in halves go on in the half that has the witness",
    setting: { members: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, witness(5)] },
    states: ["two of four full nodes and a witness go on: it decides between the halves"],
    tell: async (c) => {
      await c.commit("a");
      c.isolate(1, 2);
      await c.commit("b");
      expect(c.node(1).commands).not.toContain("b");
      c.heal();
      await c.agree();
      c.isolate(3, 4);
      await c.commit("c");
      c.heal();
      await c.agree();
      for (const id of [1, 2, 3, 4]) expect(c.node(id).commands).toEqual(["a", "b", "c"]);
      expect(describeMembers(c.node(1).members)).toBe("1 2 3 4 5W");
    },
  },
];
