/** Arguments of inputs that are refused, timers that fire at the wrong time, and proposals that cannot be taken. */

import { describe, expect, it } from "vitest";
import { EventKind, MessageKind, Node, PlanLimit, Role, StatusCode, TimerKind } from "../../host/core/abi.js";
import { high, low } from "../../host/core/instance.js";
import { entry, noop } from "./messages.js";
import { LONG, TestNode } from "./node-kit.js";

const { BAD_ARGUMENT, BUSY, NOT_LEADER, OK, STALE, TOO_LARGE } = StatusCode;
const OVER = 2 ** 53;

describe("the time", () => {
  it("above 2^53 - 1 is refused by every input that brings it", () => {
    const node = new TestNode();
    const bytes = node.message(MessageKind.VOTE_REPLY);
    expect(node.refusal(() => node.node.receive(OVER, bytes))).toBe(BAD_ARGUMENT);
    expect(node.refusal(() => node.node.timer(OVER, TimerKind.ELECTION))).toBe(BAD_ARGUMENT);
    expect(node.refusal(() => node.node.flush(OVER))).toBe(BAD_ARGUMENT);
    const waiting = new TestNode({ started: false });
    const { exports } = waiting.node.instance;
    expect(waiting.refusal(() => exports.start(waiting.handle, low(OVER), high(OVER)))).toBe(BAD_ARGUMENT);
  });

  it("may be as late as 2^53 - 1", () => {
    const node = new TestNode();
    expect(node.node.timer(PlanLimit.NUMBER, TimerKind.ELECTION)).toBe(OK);
    expect(node.node.role).toBe(Role.PRE_CANDIDATE);
    expect(node.node.flush(PlanLimit.NUMBER)).toBe(OK);
  });

  it("does not go back", () => {
    const node = new TestNode();
    const now = () => node.node.instance.u64(node.handle + Node.now);
    node.node.flush(500);
    node.node.flush(400);
    expect(now()).toBe(500);
  });

  it("is taken over by an input that is refused for another reason, and nothing else is", () => {
    const node = new TestNode();
    const before = node.state;
    expect(node.node.receive(700, new Uint8Array(40))).toBe(StatusCode.MALFORMED);
    const after = node.state;
    new DataView(before.buffer).setBigUint64(Node.now, 700n, true);
    expect(Buffer.compare(before, after)).toBe(0);
  });
});

describe("a timer", () => {
  it.each([2, 3, 255, 0x80000000, 0xffffffff])("of the unknown kind %i is refused", (kind) => {
    const node = new TestNode();
    expect(node.refusal(() => node.node.timer(0, kind))).toBe(BAD_ARGUMENT);
  });

  it("that fires early is armed again for the rest", () => {
    const node = new TestNode();
    node.flush();
    node.now = 300;
    expect(node.node.timer(node.now, TimerKind.ELECTION)).toBe(OK);
    expect(node.node.role).toBe(Role.FOLLOWER);
    const { electionTimeout, electionJitter } = node.node.plan;
    const arm = { kind: "arm", timer: TimerKind.ELECTION, delay: electionTimeout - 300, jitter: electionJitter };
    expect(node.flush()).toEqual([arm]);
  });

  it("that fires late or twice is taken", () => {
    const node = new TestNode();
    node.now = 1e12;
    expect(node.node.timer(node.now, TimerKind.ELECTION)).toBe(OK);
    expect(node.node.timer(node.now, TimerKind.ELECTION)).toBe(OK);
    expect(node.node.role).toBe(Role.PRE_CANDIDATE);
    expect(node.node.brokenInvariant()).toBe(0);
  });

  it("for heartbeats does nothing to a node that does not lead", () => {
    for (const role of [Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE]) {
      const node = new TestNode().become(role);
      expect(node.refusal(() => node.node.timer(node.now, TimerKind.HEARTBEAT))).toBe(OK);
    }
  });

  it("for elections does nothing to a leader", () => {
    const leader = new TestNode().become(Role.LEADER);
    expect(leader.refusal(() => leader.node.timer(leader.now, TimerKind.ELECTION))).toBe(OK);
  });
});

describe("a report that a member is unreachable", () => {
  it.each([0, 1, 4, 0xffffffff])("is refused for %i, which is no other member", (peer) => {
    const leader = new TestNode().become(Role.LEADER);
    expect(leader.refusal(() => leader.node.unreachable(peer))).toBe(BAD_ARGUMENT);
  });

  it("means nothing to a node that does not lead", () => {
    const node = new TestNode();
    expect(node.refusal(() => node.node.unreachable(2))).toBe(STALE);
  });

  it("holds messages to that member back until the next heartbeat", () => {
    const leader = new TestNode().become(Role.LEADER);
    leader.acknowledge(1);
    leader.flush();
    expect(leader.node.unreachable(2)).toBe(OK);
    leader.node.propose(new Uint8Array(4));
    expect(leader.sent().map(({ to }) => to)).toEqual([]);
    leader.node.timer(leader.now, TimerKind.HEARTBEAT);
    expect(leader.sent().map(({ to }) => to)).toEqual([2, 3]);
    expect(leader.node.brokenInvariant()).toBe(0);
  });
});

describe("a report of durability", () => {
  it.each([
    ["an index above 2^53 - 1", OVER, 1, BAD_ARGUMENT],
    ["a term above 2^53 - 1", 1, OVER, BAD_ARGUMENT],
    ["an entry that is not written yet", 3, 1, STALE],
    ["an entry of another term", 2, 2, STALE],
    ["an entry known to be durable", 1, 1, STALE],
    ["no entry", 0, 0, STALE],
  ])("is not believed of %s", (_, index, term, status) => {
    const node = new TestNode();
    node.append({}, {}, [noop(1)]);
    node.flush();
    node.effects.answer = 0;
    node.append({}, { prevIndex: 1, prevTerm: 1 }, [entry(1, "two")]);
    node.flush();
    node.append({}, { prevIndex: 2, prevTerm: 1 }, [entry(1, "three")]);
    expect(node.node.durable).toBe(1);
    expect(node.refusal(() => node.node.durableUpTo(index, term))).toBe(status);
    expect(node.node.durableUpTo(2, 1)).toBe(OK);
  });
});

describe("a proposal", () => {
  it.each([Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE])("is refused in role %i", (role) => {
    const node = new TestNode().become(role);
    expect(node.refusal(() => node.node.propose(new Uint8Array(1)))).toBe(NOT_LEADER);
  });

  it("may be as long as maxPayload, and no longer", () => {
    const leader = new TestNode().become(Role.LEADER);
    const { instance, inbox, maxPayload } = leader.node;
    expect(leader.node.propose(new Uint8Array(maxPayload))).toBe(OK);
    for (const length of [maxPayload + 1, 0x7fffffff, 0xffffffff]) {
      expect(leader.refusal(() => instance.exports.propose(leader.handle, inbox, length))).toBe(TOO_LARGE);
    }
    // It fits a message, too.
    leader.acknowledge(1);
    const lengths = leader.sent().map(({ message }) => message.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(leader.node.plan.maxMessage);
    expect(leader.acknowledge(2)).toBe(OK);
    expect(leader.node.commit).toBe(2);
  });

  /** Proposes until refused; the number taken. */
  function fill(leader: TestNode, length: number): number {
    for (let taken = 0; ; taken++) {
      const status = leader.node.propose(new Uint8Array(length));
      if (status === OK) continue;
      expect(status).toBe(BUSY);
      expect(leader.refusal(() => leader.node.propose(new Uint8Array(length)))).toBe(BUSY);
      return taken;
    }
  }

  it("is refused while the bound on uncommitted bytes is reached, and taken again after a commit", () => {
    const leader = new TestNode({ plan: { uncommittedBytes: 1400 } }).become(Role.LEADER);
    // Beside the empty entry of 16 bytes, 19 entries of 16 + 56.
    expect(fill(leader, 56)).toBe(19);
    leader.flush();
    leader.acknowledge(2);
    expect(leader.node.propose(new Uint8Array(56))).toBe(OK);
  });

  it("is refused while every slot of the window has an entry that is not applied", () => {
    const leader = new TestNode({ plan: { windowEntries: 16 } }).become(Role.LEADER);
    expect(fill(leader, 0)).toBe(15);
    leader.flush();
    leader.acknowledge(14);
    leader.flush();
    expect(fill(leader, 0)).toBe(14);
  });

  it("is refused while the bytes of the window are full of entries that are not applied", () => {
    const leader = new TestNode({ plan: { uncommittedBytes: 1 << 20 } }).become(Role.LEADER);
    // Of 8192, the empty entry takes 16 and each of these 976.
    expect(fill(leader, 960)).toBe(8);
  });

  it("that is refused is told to the observer", () => {
    const leader = new TestNode({ plan: { windowEntries: 16 } }).become(Role.LEADER);
    leader.node.observe(1 << EventKind.FULL);
    fill(leader, 0);
    const events = leader.flush().filter(({ kind }) => kind === "event");
    expect(events).toEqual([{ kind: "event", event: EventKind.FULL, first: 16, second: 16 }]);
  });
});

describe("a vote", () => {
  it("is not asked for in a term above 2^53 - 1", () => {
    const node = new TestNode();
    node.now = LONG;
    node.receive(node.message(MessageKind.VOTE_REPLY, { term: PlanLimit.NUMBER }));
    node.timeOut();
    expect(node.node.role).toBe(Role.FOLLOWER);
    expect(node.sent()).toEqual([]);
  });
});
