/** Changes of membership: why each is refused, and what follows from one that is taken. */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole, MessageKind, Role, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import { encodeConfiguration, type MemberInfo } from "../../host/core/configuration.js";
import { badConfigurations } from "./configurations.js";
import { kindOf, noop } from "./messages.js";
import { PLAN, type Setup, TestNode } from "./node-kit.js";

const { BAD_CHANGE, BAD_CONFIGURATION, BUSY, CHANGE_PENDING, NOT_CAUGHT_UP, NOT_LEADER, NOT_READY, NO_VOTER, OK } =
  StatusCode;
const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
const { JOINT, AUTO_LEAVE } = ConfigurationFlag;
const BOTH = VOTER | OUTGOING;

/** Node 1 as the leader of term 1, with its first entry committed by itself and node 2. */
function leader(setup: Setup = {}): TestNode {
  const node = new TestNode(setup).become(Role.LEADER);
  node.acknowledge(1);
  node.flush();
  return node;
}

/** Members by id and roles. */
function configured(roles: Readonly<Record<number, number>>, flags = 0): Uint8Array {
  const members: MemberInfo[] = Object.entries(roles).map(([id, each]) => ({ id: Number(id), roles: each }));
  return encodeConfiguration(members, flags);
}

/** `from` acknowledges all there is. */
function acknowledge(node: TestNode, from: number): void {
  const { term, last } = node.node;
  node.receive(node.message(MessageKind.APPEND_REPLY, { from, term }, { match: last, sent: node.now }));
}

const FOUR = configured({ 1: VOTER, 2: VOTER, 3: VOTER, 4: LEARNER });

describe("a change of membership", () => {
  it.each([Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE])("is refused in role %i", (role) => {
    const node = new TestNode().become(role);
    expect(node.refusal(() => node.node.reconfigure(FOUR))).toBe(NOT_LEADER);
  });

  it.each(badConfigurations(PLAN.nodes, PLAN.addressBytes))("is refused with a configuration with %s", (_, bytes) => {
    const node = leader();
    expect(node.refusal(() => node.node.reconfigure(bytes))).toBe(BAD_CONFIGURATION);
  });

  it("is refused where the configuration does not lie at a multiple of 8, or is none", () => {
    const node = leader();
    const { instance, inbox } = node.node;
    instance.bytes.set(FOUR, inbox + 4);
    const call = (length: number) => () => instance.exports.reconfigure(node.handle, inbox + 4, length);
    expect(node.refusal(call(FOUR.length))).toBe(BAD_CONFIGURATION);
    expect(node.refusal(call(0))).toBe(BAD_CONFIGURATION);
  });

  it("is refused before the leader has committed an entry of its term", () => {
    const node = new TestNode().become(Role.LEADER);
    expect(node.refusal(() => node.node.reconfigure(FOUR))).toBe(NOT_READY);
    node.acknowledge(1);
    expect(node.node.reconfigure(FOUR)).toBe(OK);
  });

  it("is refused while another one is not committed", () => {
    const node = leader();
    expect(node.node.reconfigure(FOUR)).toBe(OK);
    node.flush();
    expect(node.refusal(() => node.node.reconfigure(configured({ 1: VOTER, 2: VOTER, 3: VOTER })))).toBe(
      CHANGE_PENDING,
    );
    node.acknowledge(2);
    expect(node.node.reconfigure(configured({ 1: VOTER, 2: VOTER, 3: VOTER }))).toBe(OK);
  });

  it("is refused while the window is full of entries that are not durable", () => {
    const node = leader({ plan: { windowEntries: 16 } });
    node.effects.answer = StorageAnswer.TAKEN;
    while (node.node.propose(new Uint8Array(0)) === OK) node.flush();
    expect(node.refusal(() => node.node.reconfigure(FOUR))).toBe(BUSY);
    expect(node.node.members).toBe(3);
  });

  it.each<readonly [string, Readonly<Record<number, number>>, number, number]>([
    ["a voter that is no member", { 1: VOTER, 2: VOTER, 3: VOTER, 4: VOTER }, 0, NOT_CAUGHT_UP],
    ["an incoming voter that is no member", { 1: BOTH, 2: BOTH, 3: BOTH, 4: VOTER }, JOINT, NOT_CAUGHT_UP],
    ["two voters fewer", { 1: VOTER }, 0, BAD_CHANGE],
    ["two voters that learn from now on", { 1: VOTER, 2: LEARNER, 3: LEARNER }, 0, BAD_CHANGE],
    ["a voter that becomes a witness", { 1: VOTER, 2: VOTER, 3: VOTER | WITNESS }, 0, BAD_CHANGE],
    ["a joint one without one of the voters", { 1: BOTH, 2: BOTH, 3: VOTER }, JOINT, BAD_CHANGE],
    ["a joint one with another outgoing voter", { 1: BOTH, 2: BOTH, 3: BOTH, 4: OUTGOING }, JOINT, BAD_CHANGE],
  ])("is refused with %s", (_, roles, flags, status) => {
    const node = leader();
    expect(node.refusal(() => node.node.reconfigure(configured(roles, flags)))).toBe(status);
  });

  it("is refused if it leaves no voter that can lead", () => {
    const members = [{ id: 1 }, { id: 2, roles: VOTER | WITNESS }];
    const node = leader({ members });
    const witnessAlone = configured({ 1: LEARNER, 2: VOTER | WITNESS });
    expect(node.refusal(() => node.node.reconfigure(witnessAlone))).toBe(NO_VOTER);
  });

  it("is refused with a witness that becomes a full member", () => {
    const node = leader({ members: [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER | WITNESS }] });
    const full = configured({ 1: VOTER, 2: VOTER, 3: LEARNER });
    expect(node.refusal(() => node.node.reconfigure(full))).toBe(BAD_CHANGE);
  });
});

describe("a change that is taken", () => {
  it("stands at the end of the log, is in force at once, and goes out", () => {
    const node = leader();
    expect(node.node.reconfigure(FOUR)).toBe(OK);
    expect([node.node.last, node.node.configurationIndex, node.node.members]).toEqual([2, 2, 4]);
    expect(node.node.configuration).toEqual(FOUR);
    const effects = node.flush();
    expect(effects[0]).toEqual({ kind: "append", first: 2, count: 1, term: 1 });
    const receivers = effects.flatMap((effect) => (effect.kind === "send" ? [effect.to] : []));
    expect(receivers).toContain(2);
    expect(receivers).toContain(4);
  });

  it("makes a learner a voter once it has caught up", () => {
    const node = leader();
    node.node.reconfigure(FOUR);
    node.flush();
    node.acknowledge(2);
    const five = configured({ 1: VOTER, 2: VOTER, 3: VOTER, 4: VOTER });
    expect(node.refusal(() => node.node.reconfigure(five))).toBe(NOT_CAUGHT_UP);
    acknowledge(node, 4);
    expect(node.node.reconfigure(five)).toBe(OK);
  });

  it("promotes a learner by itself, one at a time, if it says so", () => {
    const node = leader();
    const learner = LEARNER | PROMOTE;
    node.node.reconfigure(configured({ 1: VOTER, 2: VOTER, 3: VOTER, 4: learner, 5: learner }));
    node.flush();
    node.acknowledge(2);
    expect(node.node.last).toBe(2);
    acknowledge(node, 4);
    acknowledge(node, 5);
    expect(node.node.configuration).toEqual(configured({ 1: VOTER, 2: VOTER, 3: VOTER, 4: VOTER, 5: learner }));
    node.flush();
    for (const from of [2, 4]) acknowledge(node, from);
    acknowledge(node, 5);
    expect(node.node.configuration).toEqual(configured({ 1: VOTER, 2: VOTER, 3: VOTER, 4: VOTER, 5: VOTER }));
  });

  it("into a joint configuration leaves it by itself, if it says so", () => {
    const node = leader();
    const joint = { 1: BOTH, 2: BOTH, 3: OUTGOING };
    expect(node.node.reconfigure(configured(joint, JOINT | AUTO_LEAVE))).toBe(OK);
    expect(node.node.configurationFlags).toBe(JOINT | AUTO_LEAVE);
    node.flush();
    node.acknowledge(2);
    expect(node.node.configuration).toEqual(configured({ 1: VOTER, 2: VOTER }));
    expect([node.node.last, node.node.configurationIndex]).toEqual([3, 3]);
  });

  it("into a joint configuration stays there if it does not say so, until it is told", () => {
    const node = leader();
    expect(node.node.reconfigure(configured({ 1: BOTH, 2: BOTH, 3: OUTGOING }, JOINT))).toBe(OK);
    node.flush();
    node.acknowledge(2);
    expect(node.node.last).toBe(2);
    const again = configured({ 1: BOTH, 2: BOTH, 3: OUTGOING }, JOINT);
    expect(node.refusal(() => node.node.reconfigure(again))).toBe(BAD_CHANGE);
    expect(node.refusal(() => node.node.reconfigure(configured({ 1: VOTER })))).toBe(BAD_CHANGE);
    const three = configured({ 1: VOTER, 2: VOTER, 3: VOTER });
    expect(node.refusal(() => node.node.reconfigure(three))).toBe(BAD_CHANGE);
    expect(node.node.reconfigure(configured({ 1: VOTER, 2: VOTER }))).toBe(OK);
  });

  it("away from the leader makes it step down once it is committed, and the best member campaign", () => {
    const node = leader();
    expect(node.node.reconfigure(configured({ 2: VOTER, 3: VOTER }))).toBe(OK);
    node.flush();
    node.acknowledge(2);
    expect([node.node.role, node.node.commit]).toEqual([Role.LEADER, 1]);
    acknowledge(node, 3);
    expect([node.node.role, node.node.commit, node.node.leader]).toEqual([Role.FOLLOWER, 2, 0]);
    const asked = node.sent().filter(({ message }) => kindOf(message) === MessageKind.TIMEOUT_NOW);
    expect(asked.map(({ to }) => to)).toEqual([2]);
  });

  it("is undone with its entry", () => {
    const node = leader();
    const before = node.node.configuration;
    node.node.reconfigure(FOUR);
    node.flush();
    node.append({ term: 5 }, { prevIndex: 1, prevTerm: 1 }, [noop(5)]);
    expect(node.node.configuration).toEqual(before);
    expect([node.node.configurationIndex, node.node.members]).toEqual([0, 3]);
  });
});
