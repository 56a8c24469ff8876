/** Tickets of reads (raft/reads.ts): which round they wait for, with which index they are latched, when they are told. */

import { MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { Header, MessageFlag, ReadReply, ReadRequest } from "../abi/message";
import { Node, ReadKind, Role } from "../abi/node";
import { Due } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import {
  askLeader,
  confirmRounds,
  flushReads,
  read,
  receiveReadReply,
  receiveReadRequest,
  refuseReads,
} from "../raft/reads";
import { findPeer } from "../state/peers";
import { push } from "../state/window";
import { ConfigurationWriter, freeNode, newNode, newPlan, setUp } from "./node-kit";
import { Recorded, RecordingEffects } from "./sinks";

const HEADER: Header = changetype<Header>(heap.alloc(64));
const REQUEST: ReadRequest = changetype<ReadRequest>(heap.alloc(64));
const REPLY: ReadReply = changetype<ReadReply>(heap.alloc(64));

/** Node 1 among {1, 2, 3} in term 1, with a log of 40 durable entries, the first 10 committed and applied. */
function member(leaseDrift: u32 = 0): Node {
  const plan = newPlan();
  plan.windowEntries = 64;
  plan.leaseDrift = leaseDrift;
  const n = newNode(plan);
  const configuration = new ConfigurationWriter(0)
    .add(1, MemberRole.VOTER)
    .add(2, MemberRole.VOTER)
    .add(3, MemberRole.VOTER);
  setUp(n, configuration);
  configuration.free();
  n.term = n.savedTerm = 1;
  for (let i = 0; i < 40; i++) push(n, 1, EntryKind.NOOP, 0, 0, 0);
  n.written = n.durable = n.last;
  n.commit = n.applied = 10;
  return n;
}

function leader(leaseDrift: u32 = 0): Node {
  const n = member(leaseDrift);
  n.role = Role.LEADER;
  n.leader = n.vote = 1;
  n.termIndex = 1;
  return n;
}

function follower(): Node {
  const n = member();
  n.leader = 2;
  return n;
}

/** Member 2 acknowledges a round. */
function acknowledge(n: Node, round: u64): void {
  findPeer(n, 2)!.ackRound = round;
  confirmRounds(n);
}

function told(n: Node): string {
  Recorded.lines = [];
  flushReads<RecordingEffects>(n);
  return Recorded.lines.join("\n");
}

/** The heartbeat that is due goes out. */
function beat(n: Node): void {
  n.dueToAll = 0;
}

function reply(n: Node, ticket: u64, index: u64): i32 {
  HEADER.from = 2;
  REPLY.ticket = ticket;
  REPLY.index = index;
  return receiveReadReply(n, HEADER, REPLY);
}

function request(n: Node, from: u32, ticket: u64, flags: u32 = 0): i32 {
  HEADER.from = from;
  HEADER.flags = flags;
  REQUEST.ticket = ticket;
  return receiveReadRequest(n, HEADER, REQUEST);
}

describe("a leader's tickets", () => {
  it("are the numbers of rounds, one for all that comes before a round goes out", () => {
    const n = leader();
    let last: u64 = 0;
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 3; i++) {
        expect(read(n, ReadKind.INDEX)).toBe(StatusCode.OK);
        if (i == 0) expect(n.readTicket).toBeGreaterThan(last);
        else expect(n.readTicket).toBe(last);
        last = n.readTicket;
        expect(n.round).toBe(last);
      }
      expect(n.dueToAll & Due.HEARTBEAT).toBe(Due.HEARTBEAT);
      beat(n);
    }
    freeNode(n);
  });

  it("wait for a round that a quorum acknowledged, not for one before", () => {
    const n = leader();
    n.round = 6;
    read(n, ReadKind.INDEX);
    beat(n);
    acknowledge(n, 6);
    expect(told(n).includes("reads 7")).toBe(false);
    acknowledge(n, 7);
    expect(told(n)).toBe("reads 7 at 10");
    expect(told(n)).toBe("");
    freeNode(n);
  });

  it("are answered from the commit index at the time of the confirmation, though more is committed all the time", () => {
    const n = leader();
    n.commit = 12;
    read(n, ReadKind.INDEX);
    beat(n);
    acknowledge(n, n.readTicket);
    expect(told(n)).toBe("");
    expect(n.readIndex).toBe(12);
    for (let i = 0; i < 5; i++) {
      n.commit += 3;
      read(n, ReadKind.INDEX);
      beat(n);
      acknowledge(n, n.readTicket);
      expect(told(n)).toBe("", "12 is not applied yet");
      expect(n.readIndex).toBe(12);
    }
    n.applied = 12;
    expect(told(n)).toBe("reads 1 at 12");
    // What was confirmed meanwhile is latched next, together.
    n.applied = 26;
    expect(told(n)).toBe("");
    expect(n.readIndex).toBe(27);
    n.applied = 27;
    expect(told(n)).toBe("reads 6 at 27");
    freeNode(n);
  });

  it("that wait are refused, once, and later ones wait anew", () => {
    const n = leader();
    read(n, ReadKind.INDEX);
    refuseReads(n);
    // As at the next election.
    n.roundConfirmed = n.round;
    expect(told(n)).toBe("reads 1 refused");
    expect(told(n)).toBe("");
    beat(n);
    read(n, ReadKind.INDEX);
    expect(n.readTicket).toBe(2);
    expect(told(n)).toBe("");
    freeNode(n);
  });
});

describe("a lease", () => {
  it("holds while a quorum echoed a time less than the shortened timeout ago: any drift, any age", () => {
    for (let drift: u32 = 0; drift <= 500; drift += 25) {
      for (let age: u64 = 0; age <= 110; age++) {
        const n = leader(drift);
        n.now = 1000;
        findPeer(n, 2)!.lastAck = 1000 - age;
        const lease = <u64>((100 * (1000 - drift)) / 1000) - 1;
        const holds = drift != 0 && age <= lease;
        expect(read(n, ReadKind.LEASE)).toBe(holds ? StatusCode.READY : StatusCode.OK);
        expect(n.readTicket).toBe(holds ? 0 : 1);
        freeNode(n);
      }
    }
  });

  it("does not serve before all that is committed is applied, nor once the leader asked another to campaign", () => {
    const n = leader(100);
    n.now = findPeer(n, 2)!.lastAck = 1000;
    expect(read(n, ReadKind.LEASE)).toBe(StatusCode.READY);
    n.commit = 11;
    expect(read(n, ReadKind.LEASE)).toBe(StatusCode.OK);
    n.applied = 11;
    n.handOver = 1;
    expect(read(n, ReadKind.LEASE)).toBe(StatusCode.OK);
    freeNode(n);
  });
});

describe("a follower's question to its leader", () => {
  it("waits for a round; meanwhile others of the same follower are not taken, of another one they are", () => {
    const n = leader();
    expect(request(n, 2, 5)).toBe(StatusCode.OK);
    expect(request(n, 2, 6)).toBe(StatusCode.STALE);
    beat(n);
    expect(request(n, 3, 9)).toBe(StatusCode.OK);
    beat(n);
    acknowledge(n, 1);
    expect(findPeer(n, 2)!.due & Due.READ_REPLY).toBe(Due.READ_REPLY);
    expect(findPeer(n, 3)!.due & Due.READ_REPLY).toBe(0);
    // Nor one that comes before the answer is out: no round was begun for it.
    expect(request(n, 2, 7)).toBe(StatusCode.STALE);
    expect(findPeer(n, 2)!.readTicket).toBe(5);
    acknowledge(n, 2);
    expect(findPeer(n, 3)!.due & Due.READ_REPLY).toBe(Due.READ_REPLY);
    expect(findPeer(n, 3)!.readTicket).toBe(9);
    freeNode(n);
  });

  it("is answered from a lease if that will do", () => {
    const n = leader(100);
    n.now = findPeer(n, 2)!.lastAck = 1000;
    expect(request(n, 3, 4, MessageFlag.LEASE)).toBe(StatusCode.OK);
    expect(findPeer(n, 3)!.due & Due.READ_REPLY).toBe(Due.READ_REPLY);
    expect(n.roundWanted).toBe(0);
    freeNode(n);
  });
});

describe("a follower's tickets", () => {
  it("are asked for one question at a time, and strictly if one of them is", () => {
    const n = follower();
    read(n, ReadKind.LEASE);
    expect(n.readStrict).toBe(0);
    expect(findPeer(n, 2)!.due).toBe(Due.READ_REQUEST);
    // It goes out.
    n.readAsked = n.readTicket;
    findPeer(n, 2)!.due = 0;
    read(n, ReadKind.INDEX);
    expect(n.readStrict).toBe(1);
    expect(findPeer(n, 2)!.due).toBe(0);
    // Answers the first one: the second one is asked for.
    expect(reply(n, 1, 10)).toBe(StatusCode.OK);
    expect(findPeer(n, 2)!.due).toBe(Due.READ_REQUEST);
    expect(n.readStrict).toBe(1);
    expect(told(n)).toBe("reads 1 at 10");
    expect(reply(n, 2, 10)).toBe(StatusCode.OK);
    expect(n.readStrict).toBe(0);
    expect(told(n)).toBe("reads 2 at 10");
    findPeer(n, 2)!.due = 0;
    askLeader(n);
    expect(findPeer(n, 2)!.due).toBe(0);
    freeNode(n);
  });

  it("keep the index that they were answered with until it is applied, however many answers come", () => {
    const n = follower();
    read(n, ReadKind.INDEX);
    expect(reply(n, 1, 12)).toBe(StatusCode.OK);
    for (let i = 0; i < 10; i++) {
      read(n, ReadKind.INDEX);
      expect(reply(n, n.readTicket, 20)).toBe(StatusCode.STALE);
      expect(told(n)).toBe("");
    }
    n.applied = 12;
    expect(told(n)).toBe("reads 1 at 12");
    expect(reply(n, n.readTicket, 20)).toBe(StatusCode.OK);
    n.applied = 20;
    expect(told(n)).toBe("reads 11 at 20");
    freeNode(n);
  });

  it("are not answered by others, twice, or before they were given", () => {
    const n = follower();
    read(n, ReadKind.INDEX);
    expect(reply(n, 2, 10)).toBe(StatusCode.STALE);
    expect(reply(n, 0, 10)).toBe(StatusCode.STALE);
    n.leader = 3;
    expect(reply(n, 1, 10)).toBe(StatusCode.STALE);
    n.leader = 2;
    expect(reply(n, 1, 10)).toBe(StatusCode.OK);
    expect(told(n)).toBe("reads 1 at 10");
    expect(reply(n, 1, 10)).toBe(StatusCode.STALE);
    freeNode(n);
  });

  it("that were answered but not told are refused with the others when the leader changes", () => {
    const n = follower();
    read(n, ReadKind.INDEX);
    reply(n, 1, 12);
    read(n, ReadKind.INDEX);
    refuseReads(n);
    n.applied = 12;
    expect(told(n)).toBe("reads 2 refused");
    expect(told(n)).toBe("");
    freeNode(n);
  });
});
