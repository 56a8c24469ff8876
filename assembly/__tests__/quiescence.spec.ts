/** Rest (raft/quiescence.ts): what keeps a group awake, one thing at a time, and what a node is like that wakes. */

import { MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { Node, Role, TimerAction } from "../abi/node";
import { Due } from "../abi/peer";
import { rest, restIfIdle, stir, wake } from "../raft/quiescence";
import { heartbeatTimeout } from "../raft/replication";
import { electionTimeout } from "../raft/election";
import { peerAt } from "../state/peers";
import { push } from "../state/window";
import { ConfigurationWriter, freeNode, newNode, newPlan, setUp } from "./node-kit";

const ROUND: u64 = 8;
const LAST: u64 = 3;

/** Node 1 as a leader whose followers hold and know all there is. */
function idleLeader(quiesceRounds: u32): Node {
  const plan = newPlan();
  plan.quiesceRounds = quiesceRounds;
  const n = newNode(plan);
  const configuration = new ConfigurationWriter(0)
    .add(1, MemberRole.VOTER)
    .add(2, MemberRole.VOTER)
    .add(3, MemberRole.LEARNER);
  setUp(n, configuration);
  configuration.free();
  n.role = Role.LEADER;
  n.leader = n.vote = 1;
  n.term = n.savedTerm = 1;
  for (let i: u64 = 0; i < LAST; i++) push(n, 1, EntryKind.NOOP, 0, 0, 0);
  n.written = n.durable = n.commit = n.applied = LAST;
  n.round = ROUND;
  n.roundLast = LAST;
  for (let i: u32 = 1; i < n.members; i++) {
    const peer = peerAt(n, i);
    peer.match = peer.commitSent = LAST;
    peer.next = LAST + 1;
    peer.ackRound = ROUND;
    peer.lastAck = 0;
  }
  n.dueToAll = 0;
  return n;
}

/** Disturbs the group in one of the ways there are. */
function disturb(n: Node, way: i32): void {
  if (way == 0) n.applied = LAST - 1;
  else if (way == 1) n.transferTarget = 2;
  else if (way == 2) n.roundLast = LAST - 1;
  else if (way == 3) peerAt(n, 1).match = LAST - 1;
  else if (way == 4) peerAt(n, 1).commitSent = LAST - 1;
  else if (way == 5) peerAt(n, 1).ackRound = ROUND - 1;
  else if (way == 6) peerAt(n, 2).match = LAST - 1;
  else if (way == 7) peerAt(n, 2).commitSent = LAST - 1;
  else peerAt(n, 2).ackRound = ROUND - 1;
}
const WAYS = 9;

describe("a leader", () => {
  it("rests after more idle rounds than the plan says, with a last heartbeat", () => {
    for (let rounds: u32 = 1; rounds < 6; rounds++) {
      const n = idleLeader(rounds);
      for (let i: u32 = 0; i < rounds; i++) {
        expect(restIfIdle(n)).toBe(false);
        expect(n.quiet).toBe(0);
      }
      expect(restIfIdle(n)).toBe(true);
      expect(n.quiet).toBe(1);
      expect(n.dueToAll).toBe(Due.HEARTBEAT);
      expect(n.timers).toBe(TimerAction.CANCEL_ELECTION | TimerAction.CANCEL_HEARTBEAT);
      freeNode(n);
    }
  });

  it("never rests if the plan says so", () => {
    const n = idleLeader(0);
    for (let i = 0; i < 50; i++) expect(restIfIdle(n)).toBe(false);
    freeNode(n);
  });

  it("begins to count anew after anything that is not idle", () => {
    for (let way = 0; way < WAYS; way++) {
      const n = idleLeader(1);
      expect(restIfIdle(n)).toBe(false);
      disturb(n, way);
      for (let i = 0; i < 4; i++) expect(restIfIdle(n)).toBe(false);
      expect(n.idleRounds).toBe(0);
      freeNode(n);
    }
  });

  it("at rest lets no timer have an effect", () => {
    const n = idleLeader(1);
    rest(n);
    n.now = 100000;
    heartbeatTimeout(n);
    expect(n.round).toBe(ROUND);
    expect(n.role).toBe(Role.LEADER);
    freeNode(n);
  });

  it("that wakes sends a heartbeat, and takes contact for granted for a while", () => {
    const n = idleLeader(1);
    rest(n);
    n.now = 100000;
    wake(n);
    expect(n.quiet).toBe(0);
    expect(n.idleRounds).toBe(0);
    expect(n.round).toBe(ROUND + 1);
    expect(n.dueToAll & Due.HEARTBEAT).toBe(Due.HEARTBEAT);
    expect(n.timers & TimerAction.ARM_HEARTBEAT).toBe(TimerAction.ARM_HEARTBEAT);
    expect(n.timers & TimerAction.CANCEL_HEARTBEAT).toBe(0);
    // The followers were heard from long ago.
    n.now += 100;
    heartbeatTimeout(n);
    expect(n.role).toBe(Role.LEADER);
    n.now += 1;
    heartbeatTimeout(n);
    expect(n.role).toBe(Role.FOLLOWER);
    freeNode(n);
  });
});

describe("a follower", () => {
  it("at rest does not campaign, and once awake waits for a full timeout, loyal to its leader", () => {
    const n = idleLeader(1);
    n.role = Role.FOLLOWER;
    n.leader = 2;
    rest(n);
    n.now = 100000;
    electionTimeout(n);
    expect(n.role).toBe(Role.FOLLOWER);
    wake(n);
    expect(n.lastHeard).toBe(100000);
    expect(n.timers).toBe(TimerAction.ARM_ELECTION | TimerAction.CANCEL_HEARTBEAT);
    n.now += 99;
    electionTimeout(n);
    expect(n.role).toBe(Role.FOLLOWER);
    n.now += 1;
    electionTimeout(n);
    expect(n.role).toBe(Role.PRE_CANDIDATE);
    freeNode(n);
  });
});

describe("an input that brings no time", () => {
  it("leaves it to the next flush to wake the node, if it rests", () => {
    const n = idleLeader(1);
    stir(n);
    expect(n.quiet).toBe(0);
    rest(n);
    stir(n);
    expect(n.quiet).toBe(2);
    freeNode(n);
  });
});
