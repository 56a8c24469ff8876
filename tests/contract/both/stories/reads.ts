/** Reads that see all that was committed before they were asked for. */

import { expect } from "vitest";
import { learner, type Story } from "../story.js";

/** Clocks that differ by a fifth at most: leases are on. */
const LEASES = { leaseDrift: 200 };

export const reads: readonly Story[] = [
  {
    title: "a read sees what was committed before, on every member",
    setting: { members: [{ id: 1 }, { id: 2 }, { id: 3 }, learner(4)] },
    states: ["a learner reads through the leader"],
    tell: async (c) => {
      const commands: string[] = [];
      for (const id of c.ids) {
        const command = `before the read of ${id}`;
        commands.push(command);
        await c.commit(command);
        expect(await c.read(id)).toEqual(commands);
      }
    },
  },
  {
    title: "a leader that was cut off answers no read",
    setting: { members: 3 },
    states: ["reads are refused when the leader hears no quorum and steps down"],
    tell: async (c) => {
      await c.commit("a");
      const old = await c.leader();
      c.isolate(old);
      const request = c.ask(old);
      await c.commit("b");
      await c.until("it is refused", () => request.state !== "waiting");
      expect(request.state).toBe("refused");
      c.heal();
      expect(await c.read(old)).toEqual(["a", "b"]);
    },
  },
  {
    title: "a read by lease is not answered once another may lead",
    setting: { members: 3, capacity: LEASES },
    states: ["the next term has leases again, for whoever leads in it"],
    tell: async (c) => {
      await c.commit("a");
      expect(await c.read(undefined, "lease")).toEqual(["a"]);
      const old = await c.leader();
      c.isolate(old);
      await c.commit("b");
      const request = c.ask(old, "lease");
      await c.until("it is refused", () => request.state !== "waiting");
      expect(request.state).toBe("refused");
      c.heal();
      expect(await c.read(undefined, "lease")).toEqual(["a", "b"]);
    },
  },
  {
    title: "reads by lease see every write, across changes of leader",
    setting: { members: 3, capacity: LEASES },
    states: [],
    tell: async (c) => {
      const commands: string[] = [];
      for (const target of [1, 2, 3, 2]) {
        await c.handOver(target);
        const command = `${commands.length} of ${target}`;
        commands.push(command);
        await c.commit(command);
        expect(await c.read(undefined, "lease")).toEqual(commands);
      }
    },
  },
  {
    title: "a short cut between the leader and the others only delays a read",
    setting: { members: 3 },
    states: ["a short cut between leader and followers only delays a read"],
    tell: async (c) => {
      await c.commit("a");
      c.isolate(await c.leader());
      c.heal();
      expect(await c.read()).toEqual(["a"]);
    },
  },
  {
    title: "a follower whose leader is gone reads through the next one",
    setting: { members: 3 },
    states: ["a follower refuses what it asked when another leads, and asks the new one"],
    tell: async (c) => {
      await c.commit("a");
      const dead = await c.leader();
      const follower = (dead % 3) + 1;
      await c.crash(dead);
      await c.commit("b");
      expect(await c.read(follower)).toEqual(["a", "b"]);
    },
  },
  {
    title: "a single voter answers reads whatever its learners do",
    setting: { members: [{ id: 1 }, learner(2), learner(3)] },
    states: ["a single voter answers at once whatever its learners do"],
    tell: async (c) => {
      await c.commit("a");
      await c.crash(2, 3);
      await c.commit("b");
      expect(await c.read(1)).toEqual(["a", "b"]);
    },
  },
];
