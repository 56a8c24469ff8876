/** What a witness gets (raft/outbox.ts): entries without payloads, and none that full members do not hold. */

import { MemberRole } from "../abi/configuration";
import { Entry, EntryFrame, EntryKind } from "../abi/entry";
import { Append, Header, MessageFormat } from "../abi/message";
import { Node, Role } from "../abi/node";
import { PeerState } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { StorageAnswer } from "../abi/storage-answer";
import { flushNode } from "../raft/flush";
import { markAppends } from "../raft/replication";
import { findPeer } from "../state/peers";
import { entryAt, push, sizeOf } from "../state/window";
import { checkEntry } from "../wire/validate";
import { bodyOf } from "../wire/encode";
import { planOf } from "../state/arena";
import { ConfigurationWriter, freeNode, newNode, newPlan, Random, setUp } from "./node-kit";
import { Recorded, RecordingEffects } from "./sinks";

/** Node 2 as the leader of {1, 2, 3}, where 1 is a witness that holds nothing yet. */
function leader(): Node {
  const plan = newPlan();
  plan.id = 2;
  const n = newNode(plan);
  const configuration = new ConfigurationWriter(0)
    .add(1, MemberRole.VOTER | MemberRole.WITNESS)
    .add(2, MemberRole.VOTER)
    .add(3, MemberRole.VOTER);
  setUp(n, configuration);
  configuration.free();
  n.role = Role.LEADER;
  n.leader = n.vote = n.savedVote = 2;
  n.term = n.savedTerm = 9;
  n.now = 1000;
  const witness = findPeer(n, 1)!;
  witness.state = PeerState.PIPELINE;
  witness.next = 1;
  return n;
}

/** Appends an entry of any kind. */
function append(n: Node, random: Random, term: u64): void {
  const kind = random.below(4);
  if (kind == 0) {
    assert(push(n, term, EntryKind.NOOP, 0, 0, 0));
  } else if (kind == 1) {
    const configuration = new ConfigurationWriter(0).add(2, MemberRole.VOTER, 5);
    assert(push(n, term, EntryKind.CONFIGURATION, configuration.place, configuration.length, 0));
    configuration.free();
  } else {
    assert(push(n, term, EntryKind.NORMAL, Recorded.message, random.below(50), 0));
  }
}

/** Flushes; the last message to the witness is in `Recorded`. */
function flush(n: Node): void {
  Recorded.messageLength = 0;
  markAppends(n);
  assert(flushNode<RecordingEffects>(n) == StatusCode.OK);
}

/** Entries in the last message to the witness, each of which is what stands for one of the leader's; the last index. */
function checked(n: Node): u64 {
  const header = changetype<Header>(Recorded.message);
  assert(header.length == Recorded.messageLength);
  const body = bodyOf<Append>(header);
  let place = Recorded.message + MessageFormat.APPEND;
  const end = Recorded.message + Recorded.messageLength;
  let index = body.prevIndex;
  for (let i: u32 = 0; i < body.count; i++) {
    const own = entryAt(n, ++index);
    const entry = changetype<Entry>(place);
    const size = checkEntry(place, <u32>(end - place), planOf(n));
    assert(size != 0 && entry.term == own.term);
    if (own.kind == EntryKind.NORMAL) {
      assert(entry.kind == EntryKind.HOLLOW && entry.length == 0 && size == EntryFrame.HEADER);
    } else {
      assert(memory.compare(place, changetype<usize>(own), sizeOf(own)) == 0);
    }
    place += size;
  }
  assert(place == end);
  return index;
}

beforeEach(() => {
  Recorded.answer = StorageAnswer.TAKEN;
  Recorded.lines = [];
});

describe("a witness", () => {
  it("gets every entry's term and no command: for any log", () => {
    const random = new Random(31);
    for (let round = 0; round < 500; round++) {
      const n = leader();
      let term: u64 = 1;
      const length: u32 = 1 + random.below(6);
      for (let i: u32 = 0; i < length; i++) {
        append(n, random, term);
        term = min(term + random.below(2), 9);
      }
      n.termIndex = n.last + 1;
      n.written = n.last;
      n.commit = n.applied = n.durable = n.last;
      const copy = n.head;
      flush(n);
      assert(Recorded.messageLength != 0 && checked(n) == n.last);
      // The leader's own log is left alone.
      assert(n.head == copy && entryAt(n, n.last).kind != EntryKind.HOLLOW);
      freeNode(n);
    }
  });

  it("does not share what was made for a full member at the same place, nor the other way round", () => {
    const n = leader();
    for (let i = 0; i < 3; i++) push(n, 1, EntryKind.NORMAL, Recorded.message, 24, 0);
    n.termIndex = 4;
    n.written = n.commit = n.applied = n.durable = 3;
    const full = findPeer(n, 3)!;
    full.state = PeerState.PIPELINE;
    full.next = 1;
    flush(n);
    expect(checked(n)).toBe(3);
    expect(Recorded.messageLength).toBe(MessageFormat.APPEND + 3 * EntryFrame.HEADER);
    expect(n.sharedLength).toBe(MessageFormat.APPEND + 3 * (EntryFrame.HEADER + 24));
    freeNode(n);
  });

  it("gets what is committed while the full members are a quorum in contact, else all there is", () => {
    for (let silent = 0; silent < 2; silent++) {
      const n = leader();
      for (let i = 0; i < 5; i++) push(n, 1, EntryKind.NORMAL, Recorded.message, 8, 0);
      n.termIndex = 6;
      n.written = n.durable = 5;
      n.commit = n.applied = 2;
      // The plan's election timeout is 100 ms.
      findPeer(n, 3)!.lastAck = silent == 0 ? 900 : 899;
      flush(n);
      expect(checked(n)).toBe(silent == 0 ? 2 : 5);
      freeNode(n);
    }
  });
});
