/** Many groups in three hosts: they elect, commit, rest, wake, and survive a crash; and what they share is shared. */

import { afterEach, describe, expect, test } from "vitest";
import { abi } from "../../host/index.js";
import { GroupCluster } from "./group-hosts.js";
import { until } from "./memory-cluster.js";

const GROUPS = 50;
const ALL = Array.from({ length: GROUPS }, (_, i) => i + 1);

let cluster: GroupCluster;

afterEach(async () => {
  await cluster.stopAll();
  expect(cluster.failures).toEqual([]);
});

async function resting(groups = GROUPS): Promise<GroupCluster> {
  cluster = new GroupCluster(groups);
  await cluster.startAll();
  await cluster.allHaveLeaders();
  await cluster.allRest();
  return cluster;
}

describe("many groups", () => {
  test("each elects a leader and commits; idle they rest, and no timer is left", async () => {
    await resting();
    await Promise.all(ALL.map((group) => cluster.write(1 + (group % 3), group, `first of ${group}`)));
    for (const group of ALL) {
      await until(() => cluster.applied(group).every((commands) => commands.length === 1));
      expect(cluster.applied(group)).toEqual(Array.from({ length: 3 }, () => [`first of ${group}`]));
    }
    await cluster.allRest();
    await until(() => [...cluster.parts.values()].every(({ clock }) => clock.armed().length === 0));
  });

  test("a write at any host wakes a resting group, and no other one", async () => {
    await resting();
    for (const at of [1, 2, 3]) {
      await cluster.write(at, 7, `from ${at}`);
      expect(ALL.filter((group) => cluster.nodes(group).some(({ status }) => !status.quiet))).toEqual([7]);
      await cluster.allRest();
    }
    await until(() => cluster.applied(7).every((commands) => commands.length === 3));
  });

  test("a resting group is woken by a read on a follower", async () => {
    await resting(5);
    const follower = cluster.nodes(3).find((node) => !node.isLeader);
    await follower?.read("index");
    await cluster.allRest();
  });

  test("commits of many groups share their syncs", async () => {
    await resting();
    const before = cluster.part(1).wal.stats.syncs;
    await Promise.all(ALL.map((group) => cluster.write(1, group, "x")));
    await cluster.allRest();
    // Each commit is on every host's disk; alone, each would take a sync there.
    expect(cluster.part(1).wal.stats.syncs - before).toBeLessThan(GROUPS / 2);
  });

  test("after a crash of a host its groups go on, and on its return it has all it acknowledged", async () => {
    await resting();
    await Promise.all(ALL.map((group) => cluster.write(1, group, "before")));
    const led = ALL.filter((group) => cluster.leader(group)?.status.id === 2);
    expect(led.length).toBeGreaterThan(0);
    await cluster.allRest();

    await cluster.crash(2);
    for (const id of [1, 3]) cluster.part(id).transport.events?.unreachable(2, "the test cut the connection");
    await Promise.all(ALL.map((group) => cluster.write(1, group, "meanwhile")));

    const { host } = await cluster.start(2);
    for (const group of ALL) expect(host.node(group)?.status.lastIndex).toBeGreaterThanOrEqual(2);
    for (const group of ALL) await until(() => cluster.applied(group).every((commands) => commands.length === 2));
    for (const group of led)
      expect(cluster.applied(group)).toEqual(cluster.applied(group).map(() => ["before", "meanwhile"]));
    await cluster.allRest();
  });

  test("all hosts crash, and every acknowledged write is there", async () => {
    await resting(20);
    const groups = ALL.slice(0, 20);
    for (let round = 0; round < 3; round++) {
      await Promise.all(groups.map((group) => cluster.write(1, group, `round ${round}`)));
    }
    for (const id of [1, 2, 3]) await cluster.crash(id);
    await cluster.startAll();
    await cluster.allHaveLeaders();
    await Promise.all(groups.map((group) => cluster.write(3, group, "after")));
    for (const group of groups) {
      const all = ["round 0", "round 1", "round 2", "after"];
      await until(() => cluster.applied(group).every((commands) => commands.length === all.length));
      expect(cluster.applied(group)).toEqual([all, all, all]);
    }
  });

  test("with snapshots the log of all stays small, however many commits there are", async () => {
    cluster = new GroupCluster(3, { entries: 20 });
    await cluster.startAll();
    await cluster.allHaveLeaders();
    const command = "x".repeat(200);
    for (let i = 0; i < 600; i++) await cluster.write(1, 1, command);
    await cluster.allRest();
    for (const id of [1, 2, 3]) {
      const bytes = [...cluster.disk(id).contents().values()].reduce((sum, file) => sum + file.length, 0);
      expect(bytes).toBeLessThan(4 * 32 * 1024);
    }
  });

  test("a group that is closed gives its arena back, and goes on from its log when it is added again", async () => {
    await resting(4);
    await cluster.write(1, 2, "kept");
    await cluster.allRest();
    const part = cluster.part(3);
    const { arenaBytes, memoryPages } = part.host.stats;
    for (let i = 0; i < 20; i++) {
      await part.host.close(2);
      expect(part.host.node(2)).toBeUndefined();
      const node = await cluster.add(part, 2);
      expect(node.status.lastIndex).toBeGreaterThanOrEqual(2);
    }
    expect(part.host.stats).toMatchObject({ groups: 4, arenaBytes, memoryPages });
    await until(() => part.machines.get(2)?.applied.length === 1);
  });

  test("messages for groups that are not here, and those that name none, are counted and dropped", async () => {
    await resting(2);
    const { events } = cluster.part(1).transport;
    const before = cluster.part(1).host.stats.dropped;
    const message = new Uint8Array(abi.Header.size);
    new DataView(message.buffer).setUint32(abi.Header.group, 999, true);
    events?.message(message);
    events?.message(message.subarray(0, 10));
    expect(cluster.part(1).host.stats.dropped - before).toBe(2);
  });
});
