/** The harness for clusters in real time: what its faults do, what it notices, and short random runs. */

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { EventKind, Role } from "../../host/core/abi.js";
import type { NodeStatus, StateMachine } from "../../host/index.js";
import {
  PatienceError,
  runTimefull,
  TimefullCluster,
  type TimefullOptions,
  TRANSPORTS,
  Watch,
} from "../../sim/timefull/index.js";
import { Links } from "../../sim/timefull/links.js";
import { runCli } from "../integration/harness.js";

/** Counts the commands that it applied. */
class Counter implements Required<StateMachine<number>> {
  count = 0;
  apply(): number {
    this.count += 1;
    return this.count;
  }
  snapshot(): Uint8Array {
    return new TextEncoder().encode(`${this.count}`);
  }
  restore(snapshot: Uint8Array): void {
    this.count = Number(new TextDecoder().decode(snapshot));
  }
}

type Options = Partial<TimefullOptions<number, Counter>>;

async function started(options: Options = {}): Promise<TimefullCluster<number, Counter>> {
  const cluster = new TimefullCluster<number, Counter>({ members: 3, machine: () => new Counter(), ...options });
  onTestFinished(() => cluster.stop());
  await cluster.start();
  return cluster;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "metalraft-timefull-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const COMMAND = new Uint8Array([1]);

/** The leader's node, once there is one that takes a command. */
async function add(cluster: TimefullCluster<number, Counter>, among = cluster.ids): Promise<number> {
  for (;;) {
    const id = await cluster.until("a leader", () => cluster.leader(among));
    const count = await cluster
      .get(id)
      ?.node.propose(COMMAND)
      .catch(() => undefined);
    if (count !== undefined) return count;
  }
}

describe("a cluster in real time", () => {
  it.each(TRANSPORTS)(
    "runs a state machine over %s: a node that was down has what was committed",
    async (transport) => {
      const cluster = await started({ transport });
      await add(cluster);
      const leader = await cluster.until("a leader", () => cluster.leader());
      await cluster.crash(leader);
      expect(cluster.up()).not.toContain(leader);
      await add(cluster);
      await cluster.restart(leader);
      await cluster.until("all have both", () => cluster.ids.every((id) => cluster.get(id)?.machine.count === 2));
      expect(cluster.watch.broken).toEqual([]);
      expect(cluster.watch.elections).toBeGreaterThan(1);
    },
  );

  it("keeps logs in folders, and finds them in the next life of the whole cluster", async () => {
    const place = folder();
    const cluster = await started({ folder: place });
    await add(cluster);
    await Promise.all(cluster.ids.map((id) => cluster.crash(id)));
    expect(readdirSync(place).sort()).toEqual(["node-1", "node-2", "node-3"]);
    await Promise.all(cluster.ids.map((id) => cluster.restart(id)));
    expect(await add(cluster)).toBe(2);
  });

  it("a node that crashes writes nothing any more, and says nothing", async () => {
    const place = folder();
    const cluster = await started({ members: 1, folder: place });
    await add(cluster);
    const node = cluster.get(1)?.node;
    const lost = node?.propose(COMMAND).then(
      () => "applied",
      () => "unknown",
    );
    await cluster.crash(1);
    expect(await lost).toBe("unknown");
    await cluster.restart(1);
    expect(await add(cluster)).toBe(2);
  });

  it("a node that is isolated hears nothing, and learns it when it is back", async () => {
    const cluster = await started();
    await add(cluster);
    const leader = await cluster.until("a leader", () => cluster.leader());
    cluster.isolate(leader);
    const others = cluster.ids.filter((id) => id !== leader);
    expect(await add(cluster, others)).toBe(2);
    expect(cluster.get(leader)?.machine.count).toBeLessThan(2);
    cluster.heal();
    await cluster.until("it learns of it", () => cluster.get(leader)?.machine.count === 2);
  });

  it("a new node takes the place of a member, which ends for good", async () => {
    const place = folder();
    const cluster = await started({ folder: place });
    await add(cluster);
    const by = await cluster.add();
    expect([by, cluster.ids]).toEqual([4, [1, 2, 3, 4]]);
    const leader = await cluster.until("a leader", () => cluster.leader());
    const old = cluster.ids.find((id) => id !== leader && id !== by) ?? 0;
    const [member] = cluster.named([{ id: by }]);
    if (member === undefined) throw new Error("it has no name");
    await cluster.get(leader)?.node.replaceMember(old, member, { catchUp: 10_000 });
    await cluster.retire(old);
    expect(cluster.ids).not.toContain(old);
    await add(cluster);
    await cluster.until("all have both", () => cluster.ids.every((id) => cluster.get(id)?.machine.count === 2));
    expect(existsSync(join(place, "node-4"))).toBe(true);
    expect(await cluster.add()).toBe(5);
  });

  it("what does not come is told, with how the nodes stand", async () => {
    const cluster = await started({ patience: 1 });
    await expect(cluster.until("the impossible", () => false)).rejects.toThrow(PatienceError);
    await expect(cluster.until("the impossible", () => false)).rejects.toThrow(/the impossible.*\nnode 1: /s);
  });

  it("a node starts once, and crashes once", async () => {
    const cluster = await started();
    await expect(cluster.restart(1)).rejects.toThrow("node 1 is up");
    await cluster.crash(1);
    await expect(cluster.crash(1)).rejects.toThrow("node 1 is down");
    await expect(cluster.restart(7)).rejects.toThrow("there is no node 7");
    await expect(cluster.retire(1)).rejects.toThrow("node 1 is down");
    await expect(cluster.retire(7)).rejects.toThrow("node 7 is down");
    expect(cluster.ids).toEqual([1, 2, 3]);
  });

  it("stops a node that is about to start, too", async () => {
    const cluster = await started();
    await cluster.crash(1);
    const restarted = cluster.restart(1);
    await cluster.stop();
    await restarted;
    expect(cluster.up()).toEqual([]);
  });
});

describe("links", () => {
  it("a cut link loses what is sent and what arrives, in its direction alone", () => {
    const links = new Links();
    links.cut(1, 2);
    expect([links.takes(1, 2), links.hands(1, 2)]).toEqual([false, false]);
    expect([links.takes(2, 1), links.hands(2, 1)]).toEqual([true, true]);
    links.heal();
    expect(links.takes(1, 2)).toBe(true);
    expect(links.counts).toEqual({ carried: 1, lost: 2 });
  });

  it("nodes that are isolated together hear each other", () => {
    const links = new Links();
    links.isolate([1, 2], [1, 2, 3]);
    expect([links.isCut(1, 2), links.isCut(1, 3), links.isCut(3, 2)]).toEqual([false, true, true]);
  });

  it("a lossy link loses the share that it was told", () => {
    let draw = 0;
    const links = new Links(() => draw);
    links.loss = 0.5;
    expect(links.takes(1, 2)).toBe(false);
    draw = 0.5;
    expect(links.takes(1, 2)).toBe(true);
    expect(() => {
      links.loss = 2;
    }).toThrow(RangeError);
  });
});

describe("the watch", () => {
  it("notices two leaders in a term", () => {
    const watch = new Watch();
    watch.observer(1).event(EventKind.ROLE, Role.LEADER, 3);
    watch.observer(1).event(EventKind.ROLE, Role.LEADER, 3);
    expect(watch.broken).toEqual([]);
    watch.observer(2).event(EventKind.ROLE, Role.LEADER, 3);
    expect(watch.broken).toEqual(["nodes 1 and 2 both lead in term 3"]);
    expect(watch.elections).toBe(1);
  });

  it("notices nodes that apply different commands at an index, and commands of different terms", () => {
    const watch = new Watch();
    const [one, two, three] = [1, 2, 3].map((id) => watch.machine(id, new Counter()));
    one?.apply(COMMAND, { index: 5, term: 2 });
    two?.apply(COMMAND, { index: 5, term: 2 });
    expect(watch.broken).toEqual([]);
    three?.apply(new Uint8Array([2]), { index: 5, term: 2 });
    two?.apply(COMMAND, { index: 5, term: 3 });
    expect(watch.broken).toHaveLength(2);
    expect(watch.applied).toBe(5);
  });

  it("notices a read that does not see what another node applied before it was asked for", () => {
    const watch = new Watch();
    watch.machine(1, new Counter()).apply(COMMAND, { index: 5, term: 2 });
    const status = { id: 2, role: "LEADER", term: 1 } as NodeStatus;
    watch.answers({ ...status, applied: 5 }, "lease", watch.applied);
    expect(watch.broken).toEqual([]);
    watch.answers({ ...status, applied: 4 }, "lease", watch.applied);
    expect(watch.broken).toEqual([
      "node 2, LEADER of term 1, answers a read by lease as of 4, and 5 was applied before it was asked",
    ]);
  });

  it("leaves a machine without snapshots one without", () => {
    const plain: StateMachine<number> = { apply: () => 1 };
    expect(Object.keys(new Watch().machine(1, plain))).toEqual(["apply"]);
  });
});

describe("a random run in real time", () => {
  it.each(TRANSPORTS)("over %s: with every fault the answers are linearizable, and it recovers", async (transport) => {
    const place = folder();
    const result = await runTimefull({ nodes: 3, seconds: 2, transport, seed: 3, folder: place });
    expect(result).toMatchObject({ violation: null, explanation: null, recovered: true, transport, storage: "disk" });
    expect(result.answered + result.failed + result.unknown).toBe(result.operations);
    expect(result.answered).toBeGreaterThan(0);
    expect(result.elections).toBeGreaterThan(0);
    expect(existsSync(join(place, "node-1"))).toBe(true);
  });

  it.each(["membership", "snapshot"] as const)("%s comes as often as its factor says", async (fault) => {
    const result = await runTimefull({ nodes: 3, seconds: 1, seed: 5, faults: new Map([[fault, 20]]) });
    expect(result).toMatchObject({ violation: null, explanation: null, recovered: true, nodes: 3 });
    // A replacement that was begun before the end is done after it.
    expect(result.faults[fault]).toBeGreaterThan(0);
  });

  it("without faults none is injected, and nothing is lost", async () => {
    const result = await runTimefull({ nodes: 3, seconds: 1, faults: new Map() });
    expect(result).toMatchObject({ violation: null, linearizable: true, recovered: true, lost: 0, storage: "memory" });
    expect(Object.values(result.faults)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe("metalraft sim --timefull", () => {
  it("ends with what came of the run as JSON", async () => {
    const flags = ["--transport", "tcp", "--nodes", "3", "--seconds", "1", "--faults", "crash,drop", "--json"];
    const { code, stderr, stdout } = await runCli(["sim", "--timefull", ...flags]);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ mode: "timefull", transport: "tcp", storage: "disk", nodes: 3, linearizable: true });
    expect(result.faults).toMatchObject({ partition: 0, transfer: 0 });
  });

  it("says which faults there are", async () => {
    const { code, stderr } = await runCli(["sim", "--timefull", "--faults", "crash,delay"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "in real time there are only the faults crash, drop, partition, transfer, snapshot, membership",
    );
  });

  it("says which transports there are", async () => {
    const { code, stderr } = await runCli(["sim", "--timefull", "--transport", "pigeon"]);
    expect(code).toBe(1);
    expect(stderr).toContain("memory, tcp, udp");
  });
});
