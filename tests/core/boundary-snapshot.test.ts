/** Snapshots and compaction: what a host may report, what the log is afterwards, and how chunks come in and go out. */

import { describe, expect, it } from "vitest";
import { MessageFlag, MessageKind, Role, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { high, low } from "../../host/core/instance.js";
import type { Plan } from "../../host/core/plan.js";
import { badConfigurations } from "./configurations.js";
import { Disk, snapshotOf } from "./disk.js";
import { END, follower } from "./message-cases.js";
import { entry, kindOf, noop } from "./messages.js";
import { PLAN, TestNode } from "./node-kit.js";
import { SCENARIOS } from "./scenarios.js";

const { BAD_ARGUMENT, BAD_CONFIGURATION, OK, STALE } = StatusCode;
const { INSTALL_SNAPSHOT, SNAPSHOT_REPLY, APPEND } = MessageKind;
const OVER = 2 ** 53;
const THREE = encodeConfiguration([{ id: 1 }, { id: 2 }, { id: 3 }]);
const LOG = [noop(1), ...Array.from({ length: 9 }, () => entry(1, "command"))];

/** A follower of node 2 in term 1 that has applied ten entries. */
function settled(plan: Partial<Plan> = {}): TestNode {
  const node = new TestNode({ plan, disk: new Disk(1, 0, [...LOG]) });
  node.append({}, { prevIndex: 10, prevTerm: 1, commit: 10 });
  node.flush();
  expect(node.node.applied).toBe(10);
  return node;
}

/** Node 1 in term 3, that follows node 2 and has committed and applied 2 of its 5 entries. */
function behind(): TestNode {
  const node = follower();
  node.append({ term: 3 }, END);
  node.flush();
  return node;
}

function kinds(node: TestNode): string[] {
  return node.flush().map(({ kind }) => kind);
}

describe("a snapshot", () => {
  it.each([
    ["an index above 2^53 - 1", OVER, 1],
    ["a term above 2^53 - 1", 5, OVER],
    ["index 0", 0, 1],
    ["term 0", 5, 0],
    ["neither index nor term", 0, 0],
    ["a term above the node's", 20, 2],
  ])("is refused with %s", (_, index, term) => {
    const node = settled();
    expect(node.refusal(() => node.node.snapshot(index, term, THREE))).toBe(BAD_ARGUMENT);
  });

  it("is refused with a term that is not the entry's", () => {
    const node = behind();
    expect(node.refusal(() => node.node.snapshot(2, 2, THREE))).toBe(BAD_ARGUMENT);
    expect(node.snapshot(2, 1)).toBe(OK);
  });

  it.each(badConfigurations(PLAN.nodes, PLAN.addressBytes))("is refused with a configuration with %s", (_, bytes) => {
    const node = settled();
    for (const index of [5, 20]) {
      expect(node.refusal(() => node.node.snapshot(index, 1, bytes))).toBe(BAD_CONFIGURATION);
    }
  });

  it("is refused without a configuration, or with one that does not lie at a multiple of 8", () => {
    const node = settled();
    const { instance, inbox } = node.node;
    expect(node.refusal(() => node.node.snapshot(5, 1, new Uint8Array(0)))).toBe(BAD_CONFIGURATION);
    instance.bytes.set(THREE, inbox + 4);
    const call = () => instance.exports.snapshot(node.handle, low(5), high(5), 1, 0, inbox + 4, THREE.length);
    expect(node.refusal(call)).toBe(BAD_CONFIGURATION);
  });

  it("is stale at or below the one there is", () => {
    const node = settled();
    expect(node.snapshot(5, 1)).toBe(OK);
    for (const index of [1, 4, 5]) expect(node.refusal(() => node.snapshot(index, 1))).toBe(STALE);
    expect([node.node.snapshotIndex, node.node.snapshotTerm]).toEqual([5, 1]);
  });

  it("of more than is applied is stale to a leader", () => {
    const node = new TestNode().become(Role.LEADER);
    expect(node.refusal(() => node.snapshot(7, 1))).toBe(STALE);
  });
});

describe("a snapshot of the node's own", () => {
  it.each([
    [0, 6],
    [2, 4],
    [5, 1],
  ])("lets storage compact all but %i entries behind it", (keepEntries, index) => {
    const node = settled({ keepEntries });
    expect(node.snapshot(6, 1)).toBe(OK);
    expect(node.flush()).toEqual([{ kind: "compact", index }]);
    expect(kinds(node)).toEqual([]);
    expect([node.node.first, node.node.last, node.node.commit]).toEqual([1, 10, 10]);
    expect(node.node.brokenInvariant()).toBe(0);
  });

  it.each([6, 7, 0xffffffff])("compacts nothing when %i entries are to be kept", (keepEntries) => {
    const node = settled({ keepEntries });
    expect(node.snapshot(6, 1)).toBe(OK);
    expect(kinds(node)).toEqual([]);
    expect(node.node.snapshotIndex).toBe(6);
  });

  it("may be one that a leader sent, when the log has come there meanwhile", () => {
    const node = behind();
    expect(node.snapshot(4, 2)).toBe(STALE);
    // All that it covers is committed, and stays.
    expect([node.node.commit, node.node.last, node.node.first]).toEqual([4, 5, 1]);
    expect(kinds(node)).toEqual(["apply"]);
    expect(node.snapshot(4, 2)).toBe(OK);
  });
});

describe("a snapshot from a leader", () => {
  it.each<readonly [string, number, number, readonly string[]]>([
    ["beyond the log", 9, 3, ["compact", "send"]],
    ["at the log's end in another term", 5, 3, ["compact", "send"]],
    ["in the log in another term", 4, 3, ["truncate", "compact", "send"]],
  ])("%s takes the log's place", (_, index, term, effects) => {
    const node = behind();
    expect(node.snapshot(index, term)).toBe(OK);
    const { first, last, lastTerm, commit, applied, durable, snapshotIndex, snapshotTerm } = node.node;
    expect([first, last, lastTerm, snapshotTerm]).toEqual([index + 1, index, term, term]);
    expect([commit, applied, durable, snapshotIndex]).toEqual([index, index, index, index]);
    expect(node.node.brokenInvariant()).toBe(0);
    expect(kinds(node)).toEqual(effects);
    expect(node.effects.disk.last).toBe(index);
    // What comes next continues it.
    expect(node.append({ term: 3 }, { prevIndex: index, prevTerm: term, commit: index + 1 }, [entry(3, "next")])).toBe(
      OK,
    );
    expect(kinds(node)).toEqual(["append", "send", "apply"]);
  });

  it("brings its configuration into force", () => {
    const node = behind();
    const configuration = encodeConfiguration([{ id: 1 }, { id: 2 }, { id: 7, address: "n7" }]);
    expect(node.node.snapshot(9, 3, configuration)).toBe(OK);
    expect(node.node.configuration).toEqual(configuration);
    expect([node.node.configurationIndex, node.node.members]).toEqual([9, 3]);
  });

  it("is acknowledged to the leader as what it covers", () => {
    const node = behind();
    node.snapshot(9, 3);
    const sent = node.sent();
    expect(sent.map(({ to, message }) => [to, kindOf(message)])).toEqual([[2, MessageKind.APPEND_REPLY]]);
    expect(sent[0] && new DataView(sent[0].message.buffer).getBigUint64(40, true)).toBe(9n);
  });

  it("leaves entries that were not handed to storage nowhere", () => {
    const node = behind();
    node.append({ term: 3 }, END, [entry(3, "six"), entry(3, "seven")]);
    expect(node.snapshot(9, 3)).toBe(OK);
    const effects = kinds(node);
    expect(effects).toEqual(["compact", "send"]);
    expect([node.effects.disk.last, node.effects.disk.entries.length]).toEqual([9, 0]);
  });
});

describe("chunks that come in", () => {
  const chunk = (node: TestNode, offset: number, length: number, flags = 0, index = 9) =>
    node.receive(
      node.message(INSTALL_SNAPSHOT, { term: 3, flags }, { index, term: 3, offset }, [new Uint8Array(length)]),
    );
  /** Where the next chunk is to begin, as the leader is told. */
  const wanted = (node: TestNode) => {
    const replies = node.sent().filter(({ message }) => kindOf(message) === SNAPSHOT_REPLY);
    expect(replies).toHaveLength(1);
    return replies.map(({ message }) => new DataView(message.buffer).getBigUint64(80, true)).at(0);
  };

  it("are taken in order, and each once", () => {
    const node = behind();
    expect(chunk(node, 0, 100)).toBe(OK);
    expect(wanted(node)).toBe(100n);
    expect(chunk(node, 0, 100)).toBe(OK);
    expect(wanted(node)).toBe(100n);
    expect(chunk(node, 200, 100)).toBe(OK);
    expect(wanted(node)).toBe(100n);
    expect(chunk(node, 100, 8, MessageFlag.LAST)).toBe(OK);
    expect(wanted(node)).toBe(108n);
    expect(chunk(node, 108, 8)).toBe(OK);
    expect(wanted(node)).toBe(108n);
    expect(node.effects.disk.incoming).toMatchObject({ index: 9, complete: true });
  });

  it("are handed over one a flush", () => {
    const node = behind();
    chunk(node, 0, 16);
    chunk(node, 16, 16);
    expect(node.flush().filter(({ kind }) => kind === "writeSnapshot")).toHaveLength(1);
    expect(chunk(node, 16, 16)).toBe(OK);
    expect(wanted(node)).toBe(32n);
  });

  it("are wanted again when the host did not take them", () => {
    const node = behind();
    const { writeSnapshot } = node.effects;
    Object.defineProperty(node.effects, "writeSnapshot", { value: () => 1, configurable: true });
    chunk(node, 0, 16);
    expect(wanted(node)).toBe(0n);
    Object.defineProperty(node.effects, "writeSnapshot", { value: writeSnapshot });
    chunk(node, 0, 16);
    expect(wanted(node)).toBe(16n);
  });

  it("begin again when the image was lost", () => {
    const node = behind();
    chunk(node, 0, 16);
    node.flush();
    expect(node.node.snapshotFailed()).toBe(OK);
    chunk(node, 16, 16);
    expect(wanted(node)).toBe(0n);
    chunk(node, 0, 16);
    expect(wanted(node)).toBe(16n);
  });

  it("that wait for a flush are forgotten when the image is lost", () => {
    const node = behind();
    chunk(node, 0, 16);
    expect(node.node.snapshotFailed()).toBe(OK);
    expect(kinds(node)).toEqual(["send"]);
  });

  it("of a newer snapshot begin it, of an older one are stale", () => {
    const node = behind();
    chunk(node, 0, 16);
    expect(wanted(node)).toBe(16n);
    expect(chunk(node, 0, 24, 0, 12)).toBe(OK);
    expect(wanted(node)).toBe(24n);
    expect(chunk(node, 16, 16)).toBe(STALE);
  });

  it("are forgotten in a new term", () => {
    const node = behind();
    chunk(node, 0, 16);
    node.receive(node.message(MessageKind.VOTE_REPLY, { term: 4 }));
    expect(kinds(node)).toEqual(["hardState"]);
    node.receive(node.message(INSTALL_SNAPSHOT, { term: 4 }, { index: 9, term: 3, offset: 16 }, [new Uint8Array(8)]));
    expect(wanted(node)).toBe(0n);
  });

  it("of what the log holds commit it instead", () => {
    const node = behind();
    node.receive(node.message(INSTALL_SNAPSHOT, { term: 3 }, { index: 4, term: 2, offset: 0 }, [new Uint8Array(8)]));
    expect(node.node.commit).toBe(4);
    expect(kinds(node)).toEqual(["send", "apply"]);
  });

  it("of an image that is lost where there is none change nothing", () => {
    const node = behind();
    expect(node.refusal(() => node.node.snapshotFailed())).toBe(OK);
  });
});

describe("chunks that go out", () => {
  it("wait while the image is not at hand", () => {
    const leader = SCENARIOS.readSnapshot(new TestNode().node.instance);
    const { readSnapshot } = leader.effects;
    Object.defineProperty(leader.effects, "readSnapshot", { value: () => -1, configurable: true });
    expect(leader.sent()).toEqual([]);
    Object.defineProperty(leader.effects, "readSnapshot", { value: readSnapshot });
    expect(leader.sent().map(({ to, message }) => [to, kindOf(message)])).toEqual([[3, INSTALL_SNAPSHOT]]);
  });

  it("are sent again after a heartbeat interval; a heartbeat comes in any case", () => {
    const leader = SCENARIOS.readSnapshot(new TestNode().node.instance);
    leader.flush();
    leader.node.timer(leader.now, 1);
    const at = (to: number) => leader.sent().flatMap((sent) => (sent.to === to ? [kindOf(sent.message)] : []));
    expect(at(3)).toEqual([APPEND]);
    leader.now += leader.node.plan.heartbeat;
    leader.node.timer(leader.now, 1);
    expect(at(3)).toEqual([INSTALL_SNAPSHOT]);
  });

  it("carry the configuration alone to a witness", () => {
    const members = [{ id: 1 }, { id: 2 }, { id: 3, roles: 1 | 8 }];
    const entries = Array.from({ length: 200 }, () => entry(1, "command"));
    const leader = new TestNode({ members, disk: new Disk(1, 0, entries) }).become(Role.LEADER);
    leader.acknowledge(201);
    leader.flush();
    expect(leader.snapshot(201, 2)).toBe(OK);
    const rejection = { rejected: 200, hintIndex: 3, hintTerm: 1, sent: leader.now };
    leader.receive(leader.message(MessageKind.APPEND_REPLY, { from: 3, term: 2, flags: 4 }, rejection));
    const chunks = leader.sent().filter(({ to, message }) => to === 3 && kindOf(message) === INSTALL_SNAPSHOT);
    expect(chunks.map(({ message }) => message.slice(80))).toEqual([encodeConfiguration(members)]);
  });
});

describe("a node restored with a snapshot", () => {
  const restore = (index: number, compacted: number) => {
    const node = new TestNode({ started: false });
    const { instance, inbox } = node.node;
    node.node.restoreHardState(1, 0);
    instance.bytes.set(THREE, inbox);
    const call = () =>
      instance.exports.restoreSnapshot(
        node.handle,
        low(index),
        high(index),
        index === 0 ? 0 : 1,
        0,
        low(compacted),
        high(compacted),
        inbox,
        THREE.length,
      );
    return { node, call };
  };

  it.each([
    [5, 6],
    [0, 1],
    [5, OVER],
  ])("at %i may not have compacted up to %i", (index, compacted) => {
    const { node, call } = restore(index, compacted);
    expect(node.refusal(call)).toBe(BAD_ARGUMENT);
  });

  it.each([0, 3, 5])("at 5 compacts nothing again when storage has compacted up to %i", (compacted) => {
    const { node, call } = restore(5, compacted);
    expect(call()).toBe(OK);
    node.node.start(0);
    expect(node.flush().map(({ kind }) => kind)).toEqual(["arm"]);
    expect(node.node.brokenInvariant()).toBe(0);
  });

  it.each([
    [0, "read"],
    [2, "read"],
    // The term at 3, where the logs agree, went with it.
    [3, "readSnapshot"],
    [5, "readSnapshot"],
  ])("and entries from %i on sends what lies behind the snapshot by %s", (compacted, effect) => {
    const disk = new Disk(1, 0, [...LOG]);
    disk.snapshot = snapshotOf(5, 1, THREE);
    disk.compact(compacted);
    const node = new TestNode({ started: false, disk: new Disk() });
    node.effects.reset(disk, 5);
    node.node.restoreHardState(1, 0);
    node.node.restoreSnapshot(5, 1, THREE, compacted);
    node.node.restoreEntries(Buffer.concat(LOG.slice(5)));
    node.node.start(0);
    node.become(Role.LEADER);
    // The follower has entries up to 3.
    const rejection = { rejected: 10, hintIndex: 3, hintTerm: 1, sent: node.now };
    node.receive(node.message(MessageKind.APPEND_REPLY, { term: 2, flags: 4 }, rejection));
    expect(kinds(node)).toContain(effect);
    expect(node.node.brokenInvariant()).toBe(0);
  });
});

describe("compaction", () => {
  it("that storage refuses stops the node before it sends anything", () => {
    const node = SCENARIOS.compact(new TestNode().node.instance);
    node.effects.answer = StorageAnswer.FAILED;
    expect(node.node.flush(node.now)).toBe(StatusCode.STORAGE_FAILED);
    expect(node.effects.take().map(({ kind }) => kind)).toEqual(["compact"]);
  });
});
