/** The running node, as a program that embeds it sees it. */

import { afterEach, describe, expect, it } from "vitest";
import {
  abi,
  BusyError,
  CoreError,
  MemoryStorage,
  NodeFailedError,
  NotLeaderError,
  OutcomeUnknownError,
  StoppedError,
  TooLargeError,
} from "../../host/index.js";
import { MemoryCluster, text, until } from "./memory-cluster.js";

let cluster: MemoryCluster | undefined;

async function started(size: number, options: MemoryCluster["options"] = {}): Promise<MemoryCluster> {
  cluster = new MemoryCluster(size, options);
  await cluster.startAll();
  return cluster;
}

afterEach(async () => {
  await cluster?.stopAll();
  cluster = undefined;
});

describe("a cluster of running nodes", () => {
  it("applies what the leader proposes, on every node and in one order", async () => {
    const three = await started(3);
    const { node } = await three.leader();
    const commands = Array.from({ length: 200 }, (_, i) => `command ${i}`);
    const places = await Promise.all(commands.map((command) => node.propose(text(command))));
    expect(places.map(({ index }) => index)).toEqual(places.map((_, i) => (places[0]?.index ?? 0) + i));
    for (const { machine } of three.parts.values()) {
      await until(() => machine.applied.length === commands.length);
      expect(machine.applied).toEqual(commands);
    }
    expect(three.failures).toEqual([]);
  });

  it("tells on a follower who leads, and that nothing happened", async () => {
    const three = await started(3);
    const leader = await three.leader();
    const follower = await until(() =>
      [...three.parts.values()].find(({ node }) => !node.isLeader && node.status.leader === leader.node.status.id),
    );
    const refusal = await follower.node.propose(text("x")).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NotLeaderError);
    expect(refusal).toMatchObject({ leader: leader.node.status.id, definite: true });
  });

  it("elects another leader when the leader stops, and takes the former one back with its log", async () => {
    const three = await started(3);
    const first = await three.leader();
    const id = first.node.status.id;
    await first.node.propose(text("before"));
    await first.node.stop();
    const second = await three.leader();
    expect(second.node.status.id).not.toBe(id);
    await second.node.propose(text("between"));
    const { machine } = await three.start(id);
    await until(() => machine.applied.length === 2);
    expect(machine.applied).toEqual(["before", "between"]);
  });

  it("re-applies a log that is longer than the window after a restart", async () => {
    const capacity = {
      electionTimeout: 60,
      electionJitter: 60,
      heartbeat: 10,
      windowEntries: 64,
      windowBytes: 16384,
      maxMessage: 2048,
      inflightBytes: 4096,
      uncommittedBytes: 8192,
    };
    const one = await started(1, { capacity });
    const { node } = await one.leader();
    for (let i = 0; i < 500; i++) await node.propose(text(`command ${i}`));
    await node.stop();
    const { machine } = await one.start(1);
    await until(() => machine.applied.length === 500);
    expect(machine.applied.at(0)).toBe("command 0");
    expect(machine.applied.at(-1)).toBe("command 499");
  });

  it("tells of a leader through onLeader, from outside of a flush", async () => {
    const heard: number[] = [];
    const one = await started(1, { onLeader: (leader) => heard.push(leader) });
    const { node } = await one.leader();
    await node.propose(text("x"));
    await until(() => heard.includes(1));
  });

  it("passes the events that an observer asks for, and no others", async () => {
    const kinds = new Set<number>();
    const observer = { mask: 1 << abi.EventKind.COMMIT, event: (kind: number) => void kinds.add(kind) };
    const one = await started(1, { observer });
    await (await one.leader()).node.propose(text("x"));
    expect([...kinds]).toEqual([abi.EventKind.COMMIT]);
  });
});

describe("what a proposal can run into", () => {
  it("a command above the plan's limit is too large", async () => {
    const one = await started(1);
    const { node } = await one.leader();
    const largest = new Uint8Array(node.maxCommandBytes);
    await expect(node.propose(largest)).resolves.toMatchObject({ term: node.status.term });
    await expect(node.propose(new Uint8Array(largest.length + 1))).rejects.toBeInstanceOf(TooLargeError);
  });

  it("a leader whose window is full is busy, and recovers", async () => {
    const one = await started(1);
    const { node } = await one.leader();
    const command = new Uint8Array(node.maxCommandBytes);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => node.propose(command)));
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(BusyError);
    await expect(node.propose(text("later"))).resolves.toBeDefined();
  });

  it("without a quorum the outcome is unknown, in bounded time", async () => {
    const three = await started(3, { proposalTimeout: 80 });
    const { node } = await three.leader();
    for (const [id, part] of three.parts) if (id !== node.status.id) await part.node.stop();
    const outcome = await node.propose(text("x")).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(OutcomeUnknownError);
    expect(outcome).toMatchObject({ definite: false });
  });

  it("a node that stops leaves what is pending unknown and refuses what comes after", async () => {
    const three = await started(3);
    const { node } = await three.leader();
    for (const [id, part] of three.parts) if (id !== node.status.id) await part.node.stop();
    const pending = node.propose(text("x")).catch((error: unknown) => error);
    await node.stop();
    expect(await pending).toBeInstanceOf(OutcomeUnknownError);
    await expect(node.propose(text("y"))).rejects.toBeInstanceOf(StoppedError);
    await node.stopped;
  });
});

describe("failures", () => {
  it("a state machine that throws stops the node, with the cause", async () => {
    const one = await started(1);
    const { node } = await one.leader();
    const pending = node.propose(text("explode")).catch((error: unknown) => error);
    await node.stopped;
    expect(await pending).toBeInstanceOf(OutcomeUnknownError);
    expect(one.failures).toHaveLength(1);
    expect(one.failures[0]).toBeInstanceOf(NodeFailedError);
    expect(one.failures[0]?.message).toMatch(/MACHINE_FAILED.*this command explodes/);
  });

  it("a storage that refuses a write stops the node, with the cause", async () => {
    class Full extends MemoryStorage {
      full = false;
      override append(first: number, entries: Uint8Array): void {
        if (this.full) throw new Error("no space left");
        super.append(first, entries);
      }
    }
    const storage = new Full();
    cluster = new MemoryCluster(1);
    await cluster.start(1, { storage });
    const { node } = await cluster.leader();
    await node.propose(text("fits"));
    storage.full = true;
    const pending = node.propose(text("does not")).catch((error: unknown) => error);
    await node.stopped;
    expect(await pending).toBeInstanceOf(OutcomeUnknownError);
    expect(cluster.failures[0]?.message).toMatch(/STORAGE_FAILED.*no space left/);
  });

  it.each([
    ["windowEntries is 100", { capacity: { windowEntries: 100 } }],
    ["nodes is 4294967299", { capacity: { nodes: 2 ** 32 + 3 } }],
    ["heartbeat is 1.5", { capacity: { heartbeat: 1.5 } }],
    ["group is -1", { group: -1 }],
    ["cluster is 0", { cluster: 0n }],
  ])("a plan that cannot be used is refused: %s", async (reason, options) => {
    cluster = new MemoryCluster(1, options);
    const refusal = await cluster.start(1).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CoreError);
    expect((refusal as CoreError).message).toContain(reason);
  });

  it("a node starts only once", async () => {
    const one = await started(1);
    await expect(one.part(1).node.start()).rejects.toBeInstanceOf(StoppedError);
  });
});
