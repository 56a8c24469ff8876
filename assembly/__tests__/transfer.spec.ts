/** Who is most fit to lead next (raft/transfer.ts), against looking for it in the plainest way. */

import { MemberRole } from "../abi/configuration";
import { Node, Role } from "../abi/node";
import { Due } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { handOverTo, pursueTransfer, retire, transfer } from "../raft/transfer";
import { findPeer, peerAt } from "../state/peers";
import { ConfigurationWriter, freeNode, newNode, newPlan, Random, setUp } from "./node-kit";

const MEMBERS: u32 = 6;
const COMMIT: u64 = 4;

/** Node 1 as the leader of a group in which each member has any role, match index and priority. */
function anyLeader(random: Random): Node {
  const n = newNode(newPlan());
  const configuration = new ConfigurationWriter(0).add(1, MemberRole.VOTER);
  for (let id: u32 = 2; id <= MEMBERS; id++) {
    const draw = random.below(6);
    const roles = draw == 0 ? MemberRole.LEARNER : MemberRole.VOTER | (draw == 1 ? MemberRole.WITNESS : 0);
    configuration.add(id, roles);
  }
  setUp(n, configuration);
  configuration.free();
  n.role = Role.LEADER;
  n.leader = n.vote = 1;
  n.term = n.savedTerm = 1;
  n.commit = COMMIT;
  n.last = 7;
  for (let i: u32 = 0; i < n.members; i++) {
    peerAt(n, i).match = random.below(8);
    peerAt(n, i).priority = random.below(3);
  }
  return n;
}

function mayFollow(n: Node, id: u32): bool {
  const peer = findPeer(n, id)!;
  return id != 1 && peer.roles == MemberRole.VOTER && peer.match >= COMMIT;
}

/** Whether `a` is more fit than `b`: by priority, then by the length of the log; of equals the first one stays. */
function isFitter(n: Node, a: u32, b: u32): bool {
  const first = findPeer(n, a)!;
  const second = findPeer(n, b)!;
  return first.priority != second.priority ? first.priority > second.priority : first.match > second.match;
}

function bestByHand(n: Node): u32 {
  let best: u32 = 0;
  for (let id: u32 = 2; id <= MEMBERS; id++) {
    if (mayFollow(n, id) && (best == 0 || isFitter(n, id, best))) best = id;
  }
  return best;
}

describe("the best successor", () => {
  it("is a full voter that holds what is committed, of the highest priority, then of the longest log", () => {
    const random = new Random(21);
    let none = 0;
    for (let round = 0; round < 5000; round++) {
      const n = anyLeader(random);
      const best = bestByHand(n);
      const status = transfer(n, 0);
      assert(status == (best == 0 ? StatusCode.UNKNOWN_NODE : StatusCode.OK));
      assert(n.transferTarget == best);
      if (best == 0) none++;
      freeNode(n);
    }
    expect(none).toBeGreaterThan(0);
    expect(none).toBeLessThan(2500);
  });

  it("is asked to campaign by a leader that retires", () => {
    const random = new Random(22);
    for (let round = 0; round < 1000; round++) {
      const n = anyLeader(random);
      const best = bestByHand(n);
      retire(n);
      assert(n.role == Role.FOLLOWER && n.leader == 0);
      for (let i: u32 = 0; i < n.members; i++) {
        const peer = peerAt(n, i);
        assert(((peer.due & Due.TIMEOUT_NOW) != 0) == (peer.id == best));
      }
      freeNode(n);
    }
  });
});

describe("a named target", () => {
  it("may be behind, but is a full voter and not the leader itself", () => {
    const random = new Random(23);
    for (let round = 0; round < 1000; round++) {
      const n = anyLeader(random);
      const target: u32 = 1 + random.below(MEMBERS + 1);
      const eligible = target > 1 && target <= MEMBERS && findPeer(n, target)!.roles == MemberRole.VOTER;
      assert(transfer(n, target) == (eligible ? StatusCode.OK : StatusCode.UNKNOWN_NODE));
      if (eligible) {
        const peer = findPeer(n, target)!;
        assert(((peer.due & Due.TIMEOUT_NOW) != 0) == (peer.match == n.last));
        assert(n.handOver == u32(peer.match == n.last));
      } else {
        assert(n.transferTarget == 0 && n.handOver == 0);
      }
      freeNode(n);
    }
  });

  it("is given up after an election timeout", () => {
    const n = anyLeader(new Random(1));
    const peer = findPeer(n, 3)!;
    peer.roles = MemberRole.VOTER;
    n.now = 1000;
    transfer(n, 3);
    n.now = 1099;
    pursueTransfer(n);
    expect(n.transferTarget).toBe(3);
    n.now = 1100;
    pursueTransfer(n);
    expect(n.transferTarget).toBe(0);
    freeNode(n);
  });

  it("ends the leader's leases for the rest of the term", () => {
    const n = anyLeader(new Random(1));
    const peer = findPeer(n, 3)!;
    peer.match = 6;
    handOverTo(n, peer);
    expect(n.handOver).toBe(0);
    peer.match = 7;
    handOverTo(n, peer);
    expect(n.handOver).toBe(1);
    n.transferTarget = 0;
    pursueTransfer(n);
    expect(n.handOver).toBe(1);
    freeNode(n);
  });
});
