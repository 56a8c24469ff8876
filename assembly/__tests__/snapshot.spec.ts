/** What a snapshot means for the log (raft/snapshot.ts): this node's own, and one that a leader sent. */

import { MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { Node, Role } from "../abi/node";
import { Due } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { StorageAnswer } from "../abi/storage-answer";
import { flushNode } from "../raft/flush";
import { brokenInvariant } from "../raft/invariants";
import { beginLog, takeSnapshot } from "../raft/snapshot";
import { at, planOf } from "../state/arena";
import { findPeer } from "../state/peers";
import { lowestKnown } from "../state/terms";
import { entryAt, knowsTerm, push, termAt } from "../state/window";
import { ConfigurationWriter, freeNode, newNode, newPlan, Random, setUp } from "./node-kit";
import { Recorded, RecordingEffects } from "./sinks";

function voters(): ConfigurationWriter {
  return new ConfigurationWriter(0).add(1, MemberRole.VOTER).add(2, MemberRole.VOTER).add(3, MemberRole.VOTER);
}

/** Node 1, a follower of node 2 in term 9, with an empty log. */
function follower(keepEntries: u32 = 0): Node {
  const plan = newPlan();
  plan.keepEntries = keepEntries;
  const n = newNode(plan);
  const configuration = voters();
  setUp(n, configuration);
  configuration.free();
  n.term = n.savedTerm = 9;
  n.leader = 2;
  n.timers = 0;
  return n;
}

function take(n: Node, index: u64, term: u64): i32 {
  const configuration = voters();
  const status = takeSnapshot(n, index, term, configuration.place, configuration.length);
  configuration.free();
  assert(brokenInvariant(n) == 0);
  return status;
}

function flushed(n: Node): string {
  Recorded.lines = [];
  assert(flushNode<RecordingEffects>(n) == StatusCode.OK);
  assert(brokenInvariant(n) == 0);
  return Recorded.lines.join("\n");
}

/** A log of `length` entries with terms that rise now and then; some written, some of these durable, and so on. */
function randomLog(random: Random, length: u32): Node {
  const n = follower();
  let term: u64 = 1;
  for (let i: u32 = 0; i < length; i++) {
    if (random.below(4) == 0 && term < 8) term++;
    assert(push(n, term, EntryKind.NOOP, 0, 0, 0));
  }
  n.written = random.below(length + 1);
  n.durable = random.below(<u32>n.written + 1);
  n.commit = random.below(length + 1);
  n.applied = random.below(<u32>min(n.commit, n.durable) + 1);
  n.verified = n.commit;
  return n;
}

beforeEach(() => {
  Recorded.answer = StorageAnswer.DURABLE;
  Recorded.lines = [];
});

describe("a log that begins", () => {
  it("is empty, durable and applied up to there, and forgets what was before", () => {
    const n = follower();
    for (let i: u64 = 1; i < 30; i++) push(n, min(i, 9), EntryKind.NOOP, 0, 0, 0);
    const configuration = new ConfigurationWriter(0).add(1, MemberRole.VOTER).add(7, MemberRole.VOTER, 5);
    beginLog(n, 100, 4, configuration.place, configuration.length);
    expect(memory.compare(at(n, n.configurationOffset), configuration.place, configuration.length)).toBe(0);
    expect(n.configurationOffset).toBe(n.baseOffset);
    configuration.free();
    const places = [n.snapshotIndex, n.compacted, n.last, n.commit, n.applied, n.durable, n.written, n.baseIndex];
    for (let i = 0; i < places.length; i++) expect(places[i]).toBe(100);
    expect(n.first).toBe(101);
    expect(n.lastTerm).toBe(4);
    expect(n.snapshotTerm).toBe(4);
    expect(n.configurationIndex).toBe(100);
    expect(n.members).toBe(2);
    expect(lowestKnown(n)).toBe(100);
    expect(termAt(n, 100)).toBe(4);
    expect(knowsTerm(n, 99) || knowsTerm(n, 101)).toBe(false);
    expect(push(n, 5, EntryKind.NOOP, 0, 0, n.durable)).toBe(true);
    expect(entryAt(n, 101).term).toBe(5);
    expect(brokenInvariant(n)).toBe(0);
    freeNode(n);
  });

  it("keeps the configuration it has when none is given", () => {
    const n = follower();
    beginLog(n, 5, 2, 0, 0);
    expect(n.members).toBe(3);
    expect(n.configurationIndex).toBe(0);
    freeNode(n);
  });
});

describe("a snapshot of more than is applied", () => {
  it("takes the log's place, unless the log holds what it covers: for any log, index and term", () => {
    const random = new Random(11);
    let installed = 0;
    let kept = 0;
    for (let round = 0; round < 4000; round++) {
      const n = randomLog(random, 1 + random.below(20));
      const index = n.applied + 1 + random.below(20);
      const term = <u64>1 + random.below(9);
      const last = n.last;
      const commit = n.commit;
      const written = n.written;
      const durable = n.durable;
      const holds = index <= last && termAt(n, index) == term;
      const status = take(n, index, term);
      if (holds || index <= commit) {
        assert(status == StatusCode.STALE);
        // What was acknowledged behind it stays, and so does what storage knows.
        assert(n.last == last && n.written == written && n.durable == durable && n.truncateFrom == 0);
        assert(n.commit == (holds ? max(commit, index) : commit) && n.snapshotIndex == 0);
        kept++;
      } else {
        assert(status == StatusCode.OK);
        assert(n.last == index && n.first == index + 1 && n.applied == index && n.lastTerm == term);
        assert(n.verified == index && (findPeer(n, 2)!.due & Due.APPEND_REPLY) != 0);
        // Storage drops what lies behind the snapshot and does not continue it, then what the snapshot covers.
        const lines = flushed(n).split("\n");
        let line = 0;
        if (written > index) assert(lines[line++] == `truncate ${index + 1}`);
        assert(lines[line++] == `compact ${index}`);
        assert(lines[line++] == "send 2 behind the barrier");
        assert(lines.length == line);
        installed++;
      }
      freeNode(n);
    }
    expect(installed).toBeGreaterThan(500);
    expect(kept).toBeGreaterThan(500);
  });

  it("truncates no less than was to be truncated before", () => {
    const n = follower();
    for (let i = 0; i < 8; i++) push(n, 1, EntryKind.NOOP, 0, 0, 0);
    n.written = 4;
    n.truncateFrom = 5;
    expect(take(n, 12, 9)).toBe(StatusCode.OK);
    expect(flushed(n)).toBe(["truncate 5", "compact 12", "send 2 behind the barrier"].join("\n"));
    freeNode(n);
  });

  it("is of no use to a leader", () => {
    const n = randomLog(new Random(1), 4);
    n.role = Role.LEADER;
    const configuration = voters();
    expect(takeSnapshot(n, 9, 9, configuration.place, configuration.length)).toBe(StatusCode.STALE);
    expect(n.last).toBe(4);
    configuration.free();
    freeNode(n);
  });
});

describe("a snapshot of what is applied", () => {
  it("lets storage compact all but what the plan keeps, never back", () => {
    for (let keep: u32 = 0; keep < 12; keep++) {
      const n = follower(keep);
      for (let i = 0; i < 10; i++) push(n, 1, EntryKind.NOOP, 0, 0, 0);
      n.written = n.durable = n.commit = n.applied = 10;
      for (let index: u64 = 2; index <= 10; index += 4) {
        expect(take(n, index, 1)).toBe(StatusCode.OK);
        expect(n.snapshotIndex).toBe(index);
        expect(n.compacted).toBe(index > keep ? index - keep : 0);
        expect(flushed(n)).toBe(n.compacted == 0 ? "" : `compact ${n.compacted}`);
        expect(take(n, index, 1)).toBe(StatusCode.STALE);
      }
      expect(n.last).toBe(10);
      expect(n.first).toBe(1);
      expect(planOf(n).keepEntries).toBe(keep);
      freeNode(n);
    }
  });

  it("has the term of the entry there", () => {
    const n = follower();
    push(n, 1, EntryKind.NOOP, 0, 0, 0);
    push(n, 3, EntryKind.NOOP, 0, 0, 0);
    n.written = n.durable = n.commit = n.applied = 2;
    for (let term: u64 = 1; term <= 10; term++) {
      if (term != 3) expect(take(n, 2, term)).toBe(StatusCode.BAD_ARGUMENT);
    }
    expect(take(n, 2, 3)).toBe(StatusCode.OK);
    freeNode(n);
  });
});
