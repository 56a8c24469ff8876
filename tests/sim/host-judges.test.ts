/** What the host world judges beside the log: votes, snapshots, local reads, and what disks and clients do for it. */

import { describe, expect, it } from "vitest";
import { Node } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { decodeEnvelope, encodePlain, isEnvelope } from "../../host/session/envelope.js";
import { snapshotIndex } from "../../host/storage/snapshot/format.js";
import { MemorySnapshotStore } from "../../host/storage/snapshot/memory.js";
import { EventQueue } from "../../sim/host-world/event-queue.js";
import { Faults, parseHostFaults } from "../../sim/host-world/faults.js";
import { runHostWorld } from "../../sim/host-world/index.js";
import { Inode } from "../../sim/host-world/inode.js";
import { Applications } from "../../sim/host-world/judged-machine.js";
import { JudgedSnapshots, SnapshotRecord } from "../../sim/host-world/judged-snapshots.js";
import { LogRecord } from "../../sim/host-world/log-record.js";
import { HOST_CAPACITY, type HostSettings, type Sabotage } from "../../sim/host-world/settings.js";
import { Stream } from "../../sim/host-world/stream.js";
import { Volume } from "../../sim/host-world/volume.js";
import { Votes } from "../../sim/host-world/votes.js";
import { encodeEntries, encodeVoteRequest } from "../../sim/messages.js";
import { brokenBy, withFiles, withMachine } from "./host-sabotage.js";

/** Few files, of which the newest snapshot is one. */
const ROOMY = {
  segmentBytes: 65536,
  snapshotEntries: 25,
  thinking: 10,
  capacity: { ...HOST_CAPACITY, keepEntries: 0 },
} as const;

describe("votes", () => {
  const request = (from: number, term: number, pre = false) =>
    encodeVoteRequest({ from, to: 1, term, cluster: 1n }, { lastIndex: 0, lastTerm: 0, pre });

  it("are given to who has asked, once a term, and not while a node begins", () => {
    const votes = new Votes(1);
    votes.heard(request(2, 5));
    votes.heard(request(3, 5, true));
    expect(votes.found({ term: 4, vote: 3 })).toBeUndefined();
    expect(votes.written(1, { term: 5, vote: 2 }, false)).toBeUndefined();
    expect(votes.durable(1)).toBeUndefined();
    expect(votes.written(2, { term: 5, vote: 3 }, false)).toMatch(/who has not asked it/);
    expect(votes.durable(2)).toBe("has voted for 2 in term 5, and now for 3");
    expect(votes.written(3, { term: 6, vote: 1 }, false)).toBeUndefined();
    expect(votes.written(4, { term: 7, vote: 3 }, true)).toMatch(/before it has begun, and had voted for 1 in term 6/);
  });

  it("that were durable are still there in the next life, and those that were not may differ", () => {
    const votes = new Votes(1);
    for (const from of [2, 3]) votes.heard(request(from, 5));
    votes.written(1, { term: 5, vote: 2 }, false);
    expect(votes.found({ term: 5, vote: 0 })).toBeUndefined();
    expect(votes.written(1, { term: 5, vote: 3 }, false)).toBeUndefined();
    expect(votes.durable(1)).toBeUndefined();
    expect(votes.found({ term: 5, vote: 0 })).toBe("has voted for 3 in term 5, and now for 0");
  });
});

describe("a snapshot's configuration", () => {
  const members = (...ids: number[]) => encodeConfiguration(ids.map((id) => ({ id })));
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

  it("is that of the log as of its index, or of the snapshot before it", async () => {
    const log = new LogRecord();
    const record = new SnapshotRecord(log, text(members(1)));
    log.append(1, encodeEntries([{ term: 1 }, { term: 1, kind: 2, payload: members(1, 2) }, { term: 1 }]));
    expect(record.configurationAt(1)).toBe(text(members(1)));
    expect(record.configurationAt(3)).toBe(text(members(1, 2)));
    const broken: string[] = [];
    const store = new JudgedSnapshots(new MemorySnapshotStore(), {
      ...{ record, takes: () => true, isAlive: () => true, committed: () => undefined },
      broken: (detail) => broken.push(detail),
    });
    const take = async (index: number, configuration: Uint8Array) => {
      const writer = store.begin({ index, term: 1 });
      await writer.write(configuration);
      await writer.commit();
    };
    await take(1, members(1));
    await take(3, members(1, 2));
    expect(broken).toEqual([]);
    log.compact(3);
    expect(record.configurationAt(7)).toBe(text(members(1, 2)));
    await take(7, members(1));
    expect(broken).toEqual(["takes a snapshot of index 7 with a configuration that is not in force there"]);
  });

  it("is the same on all nodes", () => {
    const broken: string[] = [];
    const all = new Applications((rule) => broken.push(rule));
    all.configured(1, 5, "a");
    all.configured(2, 5, "a");
    expect(broken).toEqual([]);
    all.configured(3, 5, "b");
    expect(broken).toEqual(["snapshots"]);
  });
});

describe("values", () => {
  it("belong to one key, and are there from their index on", () => {
    const broken: string[] = [];
    const all = new Applications((rule) => broken.push(rule));
    all.becomes("k", "a", 3);
    all.becomes("k", null, 5);
    all.becomes("k", "b", 9);
    expect([2, 3, 4, 5, 8, 9, 20].map((index) => all.valueAt("k", index))).toEqual([
      ...[null, "a", "a", null, null, "b", "b"],
    ]);
    all.set(1, "k", "a", 3);
    expect(broken).toEqual([]);
    all.set(1, "l", "a", 3);
    expect(broken).toEqual(["exactly once"]);
  });
});

describe("disks", () => {
  const queue = new EventQueue();

  it("rot once there is something on them", () => {
    const faults = new Faults(new Map(), new Stream(1), queue);
    const volume = new Volume({ node: 1, queue, random: new Stream(2), faults, mayDamage: () => true });
    const inode = new Inode();
    volume.changeName({ name: "/node/wal-1.log", inode });
    inode.finish(inode.start({ at: 0, bytes: new Uint8Array(100), stray: undefined }), 100);
    volume.settle();
    expect(volume.rot()).toBe(false);
    inode.finish(inode.start({ at: 0, bytes: new Uint8Array(4000), stray: undefined }), 4000);
    volume.settle();
    expect(volume.rot()).toBe(true);
    expect(volume.damaged()).toEqual(["/node/wal-1.log"]);
  });

  it("tear what is longer than a sector, and lose or keep the rest", () => {
    const countsOf = (length: number) => {
      const faults = new Faults(parseHostFaults("lost,torn-sector:10"), new Stream(3), queue);
      for (let seed = 0; seed < 40; seed++) {
        const inode = new Inode();
        inode.start({ at: 0, bytes: new Uint8Array(length).fill(7), stray: undefined });
        expect(inode.isTearable).toBe(length > 512);
        inode.powerLoss({ faults, random: new Stream(seed), place: { node: 1, outage: 1 } });
      }
      return faults.counts;
    };
    expect(countsOf(4000)["torn-sector"]).toBeGreaterThan(10);
    const { lost, "torn-sector": garbage } = countsOf(512);
    expect(lost).toBeGreaterThan(garbage);
  });

  it("lose power while long writes are under way, more often than chance has it", async () => {
    const { faults, probes } = await runHostWorld({
      seed: 3,
      steps: 8000,
      chaos: 300,
      faults: parseHostFaults("lost,power:5"),
    });
    expect(6 * (probes["power failed over long writes"] ?? 0)).toBeGreaterThan(faults.power);
  });
});

/** Says that a leader was heard of whenever something happens. */
function fresh(instance: CoreInstance): void {
  const { timer } = instance.exports;
  instance.exports.timer = (handle, now, ...rest) => {
    const status = timer(handle, now, ...rest);
    instance.view.setBigUint64(handle + Node.lastHeard, BigInt(now), true);
    return status;
  };
}

/** Shows of a key what another one has. */
const mistaken = withMachine((machine) => ({ get: (key) => machine.get(key === "k1" ? "k2" : key) }));

/** Applies commands that their client has acknowledged. */
const forgetful = withMachine((machine) => ({
  apply: (command, position) => {
    const result = machine.apply(command, position);
    if (!isEnvelope(command) || result.kind !== "session" || result.answer.kind !== "refused") return result;
    const envelope = decodeEnvelope(command);
    const isOld = result.answer.refusal === "already acknowledged";
    if (isOld && "command" in envelope) machine.apply(encodePlain(envelope.command), position);
    return result;
  },
}));

/** Refuses what was acknowledged for a reason that is none of it. */
const evasive = withMachine((machine) => ({
  apply: (command, position) => {
    const result = machine.apply(command, position);
    if (result.kind !== "session" || result.answer.kind !== "refused") return result;
    if (result.answer.refusal !== "already acknowledged") return result;
    return { ...result, answer: { ...result.answer, refusal: "answer not kept" } };
  },
}));

/** Keeps of a deletion where it stands, and not what came of it. */
const imprecise = withMachine((machine) => ({
  apply: (command, position) => {
    const result = machine.apply(command, position);
    if (result.kind !== "session" || result.answer.kind !== "applied" || !result.answer.replayed) return result;
    const kept = result.answer.result;
    if (kept.kind !== "delete") return result;
    return { ...result, answer: { ...result.answer, result: { ...kept, existed: !kept.existed } } };
  },
}));

/** Disks on which all snapshots but the newest are unreadable. */
const withoutFallback = withFiles((file, name, fs) => {
  const indexes = fs.list("/node").map((one) => snapshotIndex(one) ?? 0);
  const index = snapshotIndex(name.replace("/node/", "")) ?? Number.POSITIVE_INFINITY;
  if (index >= Math.max(...indexes)) return {};
  return {
    read: (into, at) => {
      const length = file.read(into, at);
      into.fill(0);
      return length;
    },
  };
});

describe("the judges notice", () => {
  it.each([
    [
      "an age that is understated",
      { instance: fresh },
      { faults: parseHostFaults("partition:10,kill,drop:10") },
      "staleness",
    ],
    ["reads of another key", { machine: mistaken }, { faults: new Map() }, "exactly once"],
    [
      "acknowledged commands applied again",
      { machine: forgetful },
      { faults: parseHostFaults("drop"), thinking: 5 },
      "exactly once",
    ],
    [
      "a repeat that is refused as it cannot be",
      { machine: evasive },
      { faults: new Map(), thinking: 5 },
      "exactly once",
    ],
    ["a repeat that is answered otherwise", { machine: imprecise }, { faults: new Map(), thinking: 5 }, "exactly once"],
    [
      "a node that does not fall back to the snapshot before",
      { fileSystem: withoutFallback },
      { seed: 10, nodes: 5, steps: 12_000, faults: parseHostFaults("bit-rot:20,kill:3"), ...ROOMY },
      "fallback",
    ],
  ] satisfies [string, Sabotage, Partial<HostSettings>, string][])("%s", async (_, sabotage, settings, rule) => {
    expect(await brokenBy({ steps: 3000, chaos: 60, ...settings, sabotage })).toBe(rule);
  });
});
