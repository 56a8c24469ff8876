/**
 * Majorities (raft/quorum.ts) against counting by hand, for one set of up to seven voters and for two, and for each
 * question that a quorum can be asked.
 */

import { ConfigurationFlag, MemberRole } from "../abi/configuration";
import { Node } from "../abi/node";
import { fullQuorumActive, Outcome, quorumActive, quorumMatch, quorumRound, voteOutcome } from "../raft/quorum";
import { peerAt } from "../state/peers";
import { ConfigurationWriter, freeNode, newNode, newPlan, Random, setUp } from "./node-kit";

/** Most voters of one set. */
const VOTERS: u32 = 7;

/** A node whose members 1 to `count` have the roles given by `sets`, two bits each: voter, outgoing. */
function nodeWith(count: u32, sets: u32): Node {
  const n = newNode(newPlan());
  const joint = (sets & 0xaaaaaaaa) != 0;
  const configuration = new ConfigurationWriter(joint ? ConfigurationFlag.JOINT : 0);
  for (let i: u32 = 0; i < count; i++) {
    const roles = (sets >> (2 * i)) & 3;
    configuration.add(i + 1, roles == 0 ? MemberRole.LEARNER : roles);
  }
  setUp(n, configuration);
  configuration.free();
  return n;
}

/** Roles of `count` members, each a voter. */
function votersOnly(count: u32): u32 {
  return 0x55555555 & ((1 << (2 * count)) - 1);
}

/** Members of a set, and those of them whose bit in `chosen` is set. */
function majorityOf(n: Node, role: u32, chosen: u32): bool {
  let size = 0;
  let those = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    if ((peerAt(n, i).roles & role) == 0) continue;
    size++;
    if ((chosen & (1 << i)) != 0) those++;
  }
  return size == 0 || 2 * those > size;
}

function quorumOf(n: Node, chosen: u32): bool {
  return majorityOf(n, MemberRole.VOTER, chosen) && majorityOf(n, MemberRole.OUTGOING, chosen);
}

/** Gives every member a match index below 4; this node's is what is durable. */
function setMatches(n: Node, packed: u32): void {
  for (let i: u32 = 0; i < n.members; i++) {
    const match = <u64>((packed >> (2 * i)) & 3);
    if (i == 0) n.durable = match;
    // Not to be looked at on the node itself.
    peerAt(n, i).match = i == 0 ? 3 : match;
  }
}

/** The highest index that a quorum holds, found by trying. */
function matchByHand(n: Node, packed: u32): u64 {
  for (let index: u32 = 3; index > 0; index--) {
    let holders: u32 = 0;
    for (let i: u32 = 0; i < n.members; i++) if (((packed >> (2 * i)) & 3) >= index) holders |= 1 << i;
    if (quorumOf(n, holders)) return index;
  }
  return 0;
}

/** Whether the outcome of every combination of granted, denied and open is the one counted by hand. */
function votesAgree(n: Node): bool {
  for (let granted: u32 = 0; granted < (<u32>1) << n.members; granted++) {
    for (let denied: u32 = 0; denied < (<u32>1) << n.members; denied++) {
      if ((granted & denied) != 0) continue;
      for (let i: u32 = 0; i < n.members; i++) {
        peerAt(n, i).vote = (granted & (1 << i)) != 0 ? 1 : (denied & (1 << i)) != 0 ? 2 : 0;
      }
      const won = quorumOf(n, granted);
      const lost = !quorumOf(n, ~denied);
      const expected = lost ? Outcome.LOST : won ? Outcome.WON : Outcome.PENDING;
      if (voteOutcome(n) != expected) return false;
    }
  }
  return true;
}

describe("a majority of one set", () => {
  it("of one to seven voters holds the index that is counted by hand", () => {
    for (let count: u32 = 1; count <= VOTERS; count++) {
      const n = nodeWith(count, votersOnly(count));
      for (let packed: u32 = 0; packed < (<u32>1) << (2 * count); packed++) {
        setMatches(n, packed);
        assert(quorumMatch(n) == matchByHand(n, packed));
      }
      freeNode(n);
    }
    const n = nodeWith(3, votersOnly(3));
    setMatches(n, 0b01_10_11);
    expect(quorumMatch(n)).toBe(2);
    freeNode(n);
  });

  it("of one to seven voters elects, denies or waits as is counted by hand", () => {
    for (let count: u32 = 1; count <= VOTERS; count++) {
      const n = nodeWith(count, votersOnly(count));
      expect(votesAgree(n)).toBe(true);
      freeNode(n);
    }
  });

  it("does not count learners", () => {
    const n = nodeWith(5, votersOnly(3));
    setMatches(n, 0b11_11_00_00_01);
    expect(quorumMatch(n)).toBe(0);
    setMatches(n, 0b00_00_01_00_01);
    expect(quorumMatch(n)).toBe(1);
    freeNode(n);
  });
});

describe("a joint configuration", () => {
  it("of any two sets among five members needs a majority of each", () => {
    let checked = 0;
    for (let sets: u32 = 0; sets < 1 << 10; sets++) {
      if ((sets & 0x55555555) == 0) continue;
      const n = nodeWith(5, sets);
      assert(votesAgree(n));
      for (let packed: u32 = 0; packed < 1 << 10; packed += 3) {
        setMatches(n, packed);
        assert(quorumMatch(n) == matchByHand(n, packed));
      }
      freeNode(n);
      checked++;
    }
    expect(checked).toBe(1024 - 32);
  });

  it("is not committed by a majority of one of its sets", () => {
    // Members 1 to 3 are the outgoing set, 3 to 5 the incoming one.
    const n = nodeWith(5, 0b01_01_11_10_10);
    setMatches(n, 0b00_00_01_01_01);
    expect(quorumMatch(n)).toBe(0);
    setMatches(n, 0b01_01_01_00_00);
    expect(quorumMatch(n)).toBe(0);
    setMatches(n, 0b00_01_01_01_00);
    expect(quorumMatch(n)).toBe(1);
    freeNode(n);
  });
});

describe("a heartbeat round", () => {
  it("is confirmed when a majority of each set acknowledged it, or a later one: all small cases", () => {
    for (let sets: u32 = 0; sets < 1 << 10; sets += 5) {
      if ((sets & 0x55555555) == 0) continue;
      const n = nodeWith(5, sets);
      for (let packed: u32 = 0; packed < 1 << 10; packed += 3) {
        for (let i: u32 = 0; i < n.members; i++) {
          const round = <u64>((packed >> (2 * i)) & 3);
          // The node's own is the latest round, whatever its record says.
          if (i == 0) n.round = round;
          peerAt(n, i).ackRound = i == 0 ? 3 : round;
        }
        assert(quorumRound(n) == matchByHand(n, packed));
      }
      freeNode(n);
    }
  });

  it("that was confirmed stays so", () => {
    const n = nodeWith(3, votersOnly(3));
    n.round = 9;
    n.roundConfirmed = 7;
    peerAt(n, 1).ackRound = 6;
    expect(quorumRound(n)).toBe(7);
    peerAt(n, 2).ackRound = 8;
    expect(quorumRound(n)).toBe(8);
    freeNode(n);
  });
});

describe("a full quorum", () => {
  it("is a quorum of members in contact that keep payloads: any sets, any contact, any witnesses", () => {
    const random = new Random(8);
    let full = 0;
    for (let round = 0; round < 3000; round++) {
      const n = nodeWith(5, 0x155 | random.below(1 << 10));
      n.now = 150;
      let counted: u32 = 0;
      for (let i: u32 = 0; i < n.members; i++) {
        const peer = peerAt(n, i);
        const witness = random.below(3) == 0;
        if (witness) peer.roles |= MemberRole.WITNESS;
        // The plan's election timeout is 100 ms.
        peer.lastAck = i == 0 ? 0 : 49 + random.below(2);
        if (!witness && (i == 0 || peer.lastAck == 50)) counted |= 1 << i;
      }
      assert(fullQuorumActive(n) == quorumOf(n, counted));
      if (fullQuorumActive(n)) full++;
      freeNode(n);
    }
    expect(full).toBeGreaterThan(300);
    expect(full).toBeLessThan(2700);
  });
});

describe("contact with a quorum", () => {
  it("counts the node itself, and every member heard from since the given time", () => {
    const random = new Random(3);
    let active = 0;
    for (let round = 0; round < 2000; round++) {
      const n = nodeWith(7, votersOnly(7) | (random.below(2) == 0 ? 0 : random.below(1 << 14)));
      let heard: u32 = 1;
      for (let i: u32 = 1; i < n.members; i++) {
        peerAt(n, i).lastAck = random.below(100);
        if (peerAt(n, i).lastAck >= 50) heard |= 1 << i;
      }
      assert(quorumActive(n, 50) == quorumOf(n, heard));
      if (quorumActive(n, 50)) active++;
      freeNode(n);
    }
    expect(active).toBeGreaterThan(200);
    expect(active).toBeLessThan(1800);
  });
});
