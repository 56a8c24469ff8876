/** The configuration in force (raft/membership.ts): who is in the table of peers, in which order, with which progress. */

import { ConfigurationFlag, MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { Node, Role } from "../abi/node";
import { PeerState } from "../abi/peer";
import { activate, mayLead, rollBack } from "../raft/membership";
import { findPeer, peerAt, peerToAnswer, strangerOf } from "../state/peers";
import { push, removeFrom } from "../state/window";
import { ConfigurationWriter, freeNode, newNode, newPlan, Random, setUp } from "./node-kit";

/** Voters for each set bit: bit i stands for id i + 1. */
function voters(ids: u32): ConfigurationWriter {
  const configuration = new ConfigurationWriter(0);
  for (let i: u32 = 0; i < 9; i++) if ((ids & (1 << i)) != 0) configuration.add(i + 1, MemberRole.VOTER);
  return configuration;
}

/** The members as bits; the table must be in ascending order, and empty behind the last one. */
function membersOf(n: Node): u32 {
  let ids: u32 = 0;
  for (let i: u32 = 0; i < 9; i++) {
    const peer = peerAt(n, i);
    if (i >= n.members) {
      assert(peer.id == 0 && peer.match == 0 && peer.due == 0);
      continue;
    }
    assert(i == 0 || peerAt(n, i - 1).id < peer.id);
    ids |= 1 << (peer.id - 1);
  }
  return ids;
}

function append(n: Node, configuration: ConfigurationWriter): void {
  push(n, 1, EntryKind.CONFIGURATION, configuration.place, configuration.length, n.durable);
  activate(n, configuration.place, n.last);
}

describe("putting a configuration in force", () => {
  it("keeps the progress of those who stay, in ascending order of ids, between any two sets", () => {
    const random = new Random(5);
    let kept = 0;
    for (let round = 0; round < 3000; round++) {
      const before = 1 + random.below(511);
      const after = 1 + random.below(511);
      const n = newNode(newPlan());
      n.role = Role.LEADER;
      setUp(n, voters(before));
      for (let i: u32 = 0; i < n.members; i++) peerAt(n, i).match = peerAt(n, i).id * 10;
      activate(n, voters(after).place, 1);
      assert(membersOf(n) == after);
      for (let i: u32 = 0; i < n.members; i++) {
        const peer = peerAt(n, i);
        const stayed = (before & (1 << (peer.id - 1))) != 0;
        assert(peer.match == (stayed ? peer.id * 10 : 0));
        if (stayed) kept++;
      }
      freeNode(n);
    }
    expect(kept).toBeGreaterThan(3000);
  });

  it("begins the progress of a new member on a leader: probed from the end of the log, with time to answer", () => {
    const n = newNode(newPlan());
    n.role = Role.LEADER;
    n.now = 77;
    setUp(n, voters(0b1));
    for (let i = 0; i < 5; i++) push(n, 1, EntryKind.NOOP, 0, 0, n.durable);
    append(n, voters(0b11));
    const peer = peerAt(n, 1);
    expect(peer.id).toBe(2);
    expect(peer.state).toBe(PeerState.PROBE);
    expect(peer.next).toBe(7);
    expect(peer.lastAck).toBe(77);
    freeNode(n);
  });

  it("changes roles and flags of those who stay", () => {
    const n = newNode(newPlan());
    setUp(n, voters(0b11));
    expect(mayLead(n)).toBe(true);
    const joint = new ConfigurationWriter(ConfigurationFlag.JOINT)
      .add(1, MemberRole.OUTGOING | MemberRole.LEARNER)
      .add(2, MemberRole.VOTER | MemberRole.OUTGOING);
    activate(n, joint.place, 3);
    expect(peerAt(n, 0).roles).toBe(MemberRole.OUTGOING | MemberRole.LEARNER);
    expect(n.configurationFlags).toBe(ConfigurationFlag.JOINT);
    expect(n.configurationIndex).toBe(3);
    freeNode(n);
  });
});

describe("rolling back", () => {
  it("puts the newest configuration below the truncation in force, for any truncation", () => {
    const random = new Random(9);
    let rolledBack = 0;
    for (let round = 0; round < 300; round++) {
      const n = newNode(newPlan());
      const first = 1 + random.below(511);
      setUp(n, voters(first));
      const inForce: u32[] = [first];
      for (let i = 0; i < 12; i++) {
        const previous = inForce[i];
        const next = random.below(3) == 0 ? 1 + random.below(511) : previous;
        if (next == previous) push(n, 1, EntryKind.NOOP, 0, 0, n.durable);
        else append(n, voters(next));
        inForce.push(next);
      }
      while (n.last > 0) {
        const from = 1 + <u64>random.below(<u32>n.last);
        if (n.configurationIndex >= from) rolledBack++;
        rollBack(n, from);
        removeFrom(n, from);
        assert(membersOf(n) == inForce[<i32>n.last]);
        assert(n.configurationIndex <= n.last);
      }
      freeNode(n);
    }
    expect(rolledBack).toBeGreaterThan(300);
  });

  it("goes back to the configuration that has left the window, too", () => {
    const n = newNode(newPlan());
    setUp(n, voters(0b1));
    append(n, voters(0b11));
    n.commit = n.applied = n.durable = n.written = 1;
    for (let i = 0; i < 40; i++) {
      push(n, 1, EntryKind.NOOP, 0, 0, n.durable);
      n.commit = n.applied = n.durable = n.written = n.last;
    }
    expect(n.first).toBeGreaterThan(1);
    append(n, voters(0b111));
    rollBack(n, n.last);
    expect(membersOf(n)).toBe(0b11);
    expect(n.configurationIndex).toBe(1);
    freeNode(n);
  });
});

describe("a node that is no member", () => {
  it("is answered through a record of its own, the newest one only", () => {
    const n = newNode(newPlan());
    setUp(n, voters(0b101));
    expect(changetype<usize>(peerToAnswer(n, 3))).toBe(changetype<usize>(peerAt(n, 1)));
    const stranger = peerToAnswer(n, 8);
    stranger.due = 4;
    expect(changetype<usize>(stranger)).toBe(changetype<usize>(strangerOf(n)));
    expect(peerToAnswer(n, 8).due).toBe(4);
    expect(peerToAnswer(n, 9).due).toBe(0);
    expect(findPeer(n, 9)).toBeNull();
    freeNode(n);
  });

  it("may not lead, nor may a learner or a witness", () => {
    const n = newNode(newPlan());
    expect(mayLead(n)).toBe(false);
    setUp(n, voters(0b10));
    expect(mayLead(n)).toBe(false);
    setUp(n, new ConfigurationWriter(0).add(1, MemberRole.LEARNER).add(2, MemberRole.VOTER));
    expect(mayLead(n)).toBe(false);
    setUp(n, new ConfigurationWriter(0).add(1, MemberRole.VOTER | MemberRole.WITNESS).add(2, MemberRole.VOTER));
    expect(mayLead(n)).toBe(false);
    setUp(n, voters(0b11));
    expect(mayLead(n)).toBe(true);
    freeNode(n);
  });
});
