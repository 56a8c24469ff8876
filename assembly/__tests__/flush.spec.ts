/**
 * The order in which `flush` lets effects out (raft/flush.ts), seen through sinks of the test's own: `flushNode` is
 * generic over its sink and compiled once for each, so the code under test is the code that ships.
 */

import { MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { EventKind } from "../abi/event";
import { Node, Role, TimerKind } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { StorageAnswer } from "../abi/storage-answer";
import { HostEffects } from "../raft/effects";
import { flushNode } from "../raft/flush";
import { brokenInvariant } from "../raft/invariants";
import { propose } from "../raft/replication";
import { becomeCandidate, becomeLeader, restartElectionTimer } from "../raft/role";
import { receiveMessage } from "../raft/step";
import { push } from "../state/window";
import { ConfigurationWriter, freeNode, newNode, newPlan, setUp } from "./node-kit";
import { BrokenDisk, Recorded, RecordingEffects } from "./sinks";

/** Flushes, and answers what came out, a line an effect. */
function flushed(n: Node): string {
  Recorded.lines = [];
  assert(flushNode<RecordingEffects>(n) == StatusCode.OK);
  assert(brokenInvariant(n) == 0);
  return Recorded.lines.join("\n");
}

/** A member of {1, 2, 3} with a log of term 1, all of it durable. */
function member(id: u32, entries: u32): Node {
  const plan = newPlan();
  plan.id = id;
  const n = newNode(plan);
  const configuration = new ConfigurationWriter(0)
    .add(1, MemberRole.VOTER)
    .add(2, MemberRole.VOTER)
    .add(3, MemberRole.VOTER);
  setUp(n, configuration);
  configuration.free();
  n.term = n.savedTerm = 1;
  for (let i: u32 = 0; i < entries; i++) push(n, 1, EntryKind.NORMAL, Recorded.message, 24, 0);
  n.written = n.durable = n.last;
  return n;
}

/** Node 2 as the leader of term 2, behind a log of one entry. */
function leader(): Node {
  const n = member(2, 1);
  becomeCandidate(n, Role.CANDIDATE);
  becomeLeader(n);
  return n;
}

beforeEach(() => {
  Recorded.answer = StorageAnswer.DURABLE;
  Recorded.lines = [];
});

describe("a flush", () => {
  it("lets a new leader's effects out: vote, entry, messages, timers", () => {
    const n = leader();
    const first = flushed(n).split("\n");
    expect(first[0]).toBe("hardState 2 2");
    expect(first[1]).toBe("append 2 1 2 16");
    expect(first[2].startsWith("send 1")).toBe(true);
    expect(first[3].startsWith("send 3")).toBe(true);
    expect(first[4]).toBe(`cancel ${TimerKind.ELECTION}`);
    expect(first[5]).toBe(`arm ${TimerKind.HEARTBEAT} 10 0`);
    expect(first.length).toBe(6);
    expect(flushed(n)).toBe("", "nothing is let out twice");
    freeNode(n);
  });

  it("lets everything out that can be due at once, in the order of the durability contract", () => {
    const from = leader();
    flushed(from);
    const n = member(1, 3);
    n.commit = 1;
    restartElectionTimer(n);
    n.eventMask = 1 << EventKind.TRUNCATED;
    assert(receiveMessage(n, Recorded.message, Recorded.messageLength) == StatusCode.OK);
    expect(flushed(n)).toBe(
      [
        "hardState 2 0",
        "truncate 2",
        "append 2 1 2 16",
        "send 2 behind the barrier",
        `arm ${TimerKind.ELECTION} 100 100`,
        "apply 1 1 24",
        `event ${EventKind.TRUNCATED} 2`,
      ].join("\n"),
    );
    freeNode(from);
    freeNode(n);
  });

  it("lets many proposals out as one append and one message a follower, before they are durable here", () => {
    const n = leader();
    flushed(n);
    Recorded.answer = StorageAnswer.TAKEN;
    for (let i = 0; i < 5; i++) propose(n, Recorded.message, 8);
    // Both followers are still being probed, and have their probes.
    expect(flushed(n)).toBe("append 3 5 2 120");
    expect(n.durable).toBe(2);
    freeNode(n);
  });

  it("of a node that stops for its disk lets nothing out that relied on it, and says why", () => {
    const from = leader();
    flushed(from);
    const n = member(1, 3);
    n.commit = 1;
    n.eventMask = 1 << EventKind.STOPPED;
    restartElectionTimer(n);
    receiveMessage(n, Recorded.message, Recorded.messageLength);
    Recorded.lines = [];
    expect(flushNode<BrokenDisk>(n)).toBe(StatusCode.STORAGE_FAILED);
    expect(n.failure).toBe(StatusCode.STORAGE_FAILED);
    expect(Recorded.lines.join("\n")).toBe(`event ${EventKind.STOPPED} ${<u32>StatusCode.STORAGE_FAILED}`);
    freeNode(from);
    freeNode(n);
  });
});

describe("the host's sink", () => {
  throws("is the module's imports, which are not there in this test", () => {
    flushNode<HostEffects>(leader());
  });
});
