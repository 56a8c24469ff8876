/** Handing over leadership: who may be asked, what is refused meanwhile, and when the leader resumes. */

import { describe, expect, it } from "vitest";
import { MemberRole, MessageKind, Role, StatusCode, TimerKind } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { kindOf } from "./messages.js";
import { TestNode } from "./node-kit.js";

const { BAD_ARGUMENT, NOT_LEADER, OK, TRANSFERRING, UNKNOWN_NODE } = StatusCode;
const { LEARNER, VOTER, WITNESS } = MemberRole;
const OVER = 2 ** 53;

function leader(): TestNode {
  const node = new TestNode({ plan: { quiesceRounds: 1 } }).become(Role.LEADER);
  node.acknowledge(1);
  node.flush();
  return node;
}

/** Who is asked to campaign in the next flush. */
function asked(node: TestNode): number[] {
  return node.sent().flatMap(({ to, message }) => (kindOf(message) === MessageKind.TIMEOUT_NOW ? [to] : []));
}

/** Lets a heartbeat interval pass. */
function beat(node: TestNode): void {
  node.now += node.node.plan.heartbeat;
  expect(node.node.timer(node.now, TimerKind.HEARTBEAT)).toBe(OK);
}

/** A leader whose group rests. */
function restingLeader(): TestNode {
  const node = leader();
  for (let i = 0; !node.node.quiet; i++) {
    if (i === 5) throw new Error("the leader does not rest");
    beat(node);
    const sent = node.sent();
    if (node.node.quiet) break;
    for (const { to, message } of sent) {
      const round = new DataView(message.buffer).getBigUint64(64, true);
      const header = { from: to, term: node.node.term };
      node.receive(node.message(MessageKind.APPEND_REPLY, header, { match: 1, sent: node.now, round }));
    }
  }
  return node;
}

describe("a transfer", () => {
  it.each([Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE])("is refused in role %i", (role) => {
    const node = new TestNode().become(role);
    for (const target of [0, 1, 2, 9]) {
      expect(node.refusal(() => node.node.transfer(node.now, target))).toBe(NOT_LEADER);
    }
  });

  it("is refused at a time above 2^53 - 1", () => {
    const node = leader();
    expect(node.refusal(() => node.node.transfer(OVER, 2))).toBe(BAD_ARGUMENT);
  });

  it.each([1, 9, 0xffffffff])("is refused to %i, which is no other member", (target) => {
    const node = leader();
    expect(node.refusal(() => node.node.transfer(node.now, target))).toBe(UNKNOWN_NODE);
  });

  it.each([LEARNER, VOTER | WITNESS])("is refused to a member with roles %i, by name or as the best", (roles) => {
    const node = new TestNode({ members: [{ id: 1 }, { id: 2, roles }] });
    node.timeOut();
    node.flush();
    if (node.node.role !== Role.LEADER) node.become(Role.LEADER);
    for (const target of [0, 2]) {
      expect(node.refusal(() => node.node.transfer(node.now, target))).toBe(UNKNOWN_NODE);
    }
  });

  it("is refused by a node at rest, which rests on", () => {
    const node = restingLeader();
    expect(node.refusal(() => node.node.transfer(node.now, 9))).toBe(UNKNOWN_NODE);
    expect(node.node.quiet).toBe(true);
  });

  it("wakes a leader at rest when it is taken", () => {
    const node = restingLeader();
    expect(node.node.transfer(node.now, 2)).toBe(OK);
    expect(asked(node)).toEqual([2]);
    expect(node.node.quiet).toBe(false);
  });
});

describe("a leader that hands over", () => {
  it("asks a member that holds its whole log at once, and refuses proposals and changes", () => {
    const node = leader();
    expect(node.node.transfer(node.now, 2)).toBe(OK);
    expect(node.node.transferTarget).toBe(2);
    expect(asked(node)).toEqual([2]);
    const fewer = encodeConfiguration([{ id: 1 }, { id: 2 }]);
    expect(node.refusal(() => node.node.propose(new Uint8Array(1)))).toBe(TRANSFERRING);
    expect(node.refusal(() => node.node.reconfigure(fewer))).toBe(TRANSFERRING);
  });

  it("brings the target up to date first", () => {
    const node = leader();
    expect(node.node.transfer(node.now, 3)).toBe(OK);
    expect(asked(node)).toEqual([]);
    node.receive(node.message(MessageKind.APPEND_REPLY, { from: 3 }, { match: 1, sent: node.now }));
    expect(asked(node)).toEqual([3]);
  });

  it("picks the member with the longest log when none is named", () => {
    const node = leader();
    expect(node.node.transfer(node.now, 0)).toBe(OK);
    expect(node.node.transferTarget).toBe(2);
  });

  it("asks again with every heartbeat, and resumes after an election timeout", () => {
    const node = leader();
    node.node.transfer(node.now, 2);
    expect(asked(node)).toEqual([2]);
    const { electionTimeout, heartbeat } = node.node.plan;
    for (let waited = heartbeat; waited < electionTimeout; waited += heartbeat) {
      beat(node);
      expect(asked(node)).toEqual([2]);
      node.acknowledge(1);
      expect(asked(node)).toEqual([2]);
      expect(node.node.propose(new Uint8Array(1))).toBe(TRANSFERRING);
    }
    beat(node);
    expect(asked(node)).toEqual([]);
    expect([node.node.role, node.node.transferTarget]).toEqual([Role.LEADER, 0]);
    expect(node.node.propose(new Uint8Array(1))).toBe(OK);
  });

  it("gives its vote to the target, however recently it led", () => {
    const node = leader();
    node.node.transfer(node.now, 2);
    node.flush();
    const request = { lastIndex: 1, lastTerm: 1 };
    expect(node.receive(node.message(MessageKind.VOTE_REQUEST, { term: 2, flags: 16 }, request))).toBe(OK);
    expect([node.node.role, node.node.vote, node.node.transferTarget]).toEqual([Role.FOLLOWER, 2, 0]);
  });
});
