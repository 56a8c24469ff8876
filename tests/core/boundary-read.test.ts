/** Reads: what is refused, what may be answered at once, and what the host is told later. */

import { describe, expect, it } from "vitest";
import { MessageFlag, MessageKind, ReadKind, Role, StatusCode } from "../../host/core/abi.js";
import type { Plan } from "../../host/core/plan.js";
import { entry, kindOf, noop } from "./messages.js";
import { TestNode } from "./node-kit.js";

const { BAD_ARGUMENT, NOT_LEADER, NOT_READY, OK, READY } = StatusCode;
const { INDEX, LEASE } = ReadKind;
const READS = Object.values(ReadKind);
const OVER = 2 ** 53;

/** A leader of term 1 that has committed and applied its first entry; node 2 was heard from at `now`. */
function leader(plan: Partial<Plan> = {}): TestNode {
  const node = new TestNode({ plan }).become(Role.LEADER);
  node.acknowledge(1);
  node.flush();
  return node;
}

/** A follower of node 2 with one entry, committed and applied. */
function follower(): TestNode {
  const node = new TestNode();
  node.append({}, { commit: 1 }, [noop(1)]);
  node.flush();
  return node;
}

function told(node: TestNode): unknown[] {
  return node.flush().filter(({ kind }) => kind === "reads");
}

describe("a read", () => {
  it.each([2, 3, 0x80000000, 0xffffffff])("of the unknown kind %i is refused", (kind) => {
    for (const node of [follower(), leader()]) {
      expect(node.refusal(() => node.node.read(node.now, kind))).toBe(BAD_ARGUMENT);
    }
  });

  it("at a time above 2^53 - 1 is refused", () => {
    const node = leader();
    expect(node.refusal(() => node.node.read(OVER, INDEX))).toBe(BAD_ARGUMENT);
  });

  it.each(READS)("of kind %i is refused where no leader is known", (kind) => {
    for (const role of [Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE]) {
      const node = new TestNode().become(role);
      expect(node.refusal(() => node.node.read(node.now, kind))).toBe(NOT_LEADER);
    }
  });

  it.each(READS)("of kind %i is refused by a leader that has committed nothing in its term", (kind) => {
    const node = new TestNode({ plan: { leaseDrift: 100 } }).become(Role.LEADER);
    expect(node.refusal(() => node.node.read(node.now, kind))).toBe(NOT_READY);
    node.acknowledge(1);
    expect(node.node.read(node.now, kind)).toBe(OK);
  });
});

describe("a leader", () => {
  it("answers once a quorum acknowledged a round that began after the read", () => {
    const node = leader();
    expect(node.node.read(node.now, INDEX)).toBe(OK);
    const ticket = node.node.readTicket;
    const effects = node.flush();
    expect(effects.map(({ kind }) => kind)).toEqual(["send", "send"]);
    node.acknowledge(1, { round: ticket - 1 });
    // Of an earlier round no read was told; that it is answered is no news to anybody.
    expect(told(node)).toEqual([{ kind: "reads", ticket: ticket - 1, index: 1, answered: true }]);
    node.acknowledge(1, { round: ticket });
    expect(told(node)).toEqual([{ kind: "reads", ticket, index: 1, answered: true }]);
    expect(told(node)).toEqual([]);
  });

  it("takes the reads of one flush together, and begins another round for later ones", () => {
    const node = leader();
    node.node.read(node.now, INDEX);
    const first = node.node.readTicket;
    node.node.read(node.now, LEASE);
    expect(node.node.readTicket).toBe(first);
    node.flush();
    node.node.read(node.now, INDEX);
    expect(node.node.readTicket).toBe(first + 1);
    expect(node.sent()).toHaveLength(2);
    node.acknowledge(1, { round: first });
    expect(told(node)).toEqual([{ kind: "reads", ticket: first, index: 1, answered: true }]);
    node.acknowledge(1, { round: first + 1 });
    expect(told(node)).toEqual([{ kind: "reads", ticket: first + 1, index: 1, answered: true }]);
  });

  it("of itself alone answers in the next flush", () => {
    const node = new TestNode({ members: [{ id: 1 }] });
    node.timeOut();
    node.flush();
    expect(node.node.read(node.now, INDEX)).toBe(OK);
    expect(told(node)).toEqual([{ kind: "reads", ticket: node.node.readTicket, index: 1, answered: true }]);
  });

  it("refuses what waits when it steps down", () => {
    const node = leader();
    node.node.read(node.now, INDEX);
    const ticket = node.node.readTicket;
    node.flush();
    node.receive(node.message(MessageKind.VOTE_REPLY, { term: 9 }));
    expect(told(node)).toEqual([{ kind: "reads", ticket, index: 0, answered: false }]);
    expect(node.refusal(() => node.node.read(node.now, INDEX))).toBe(NOT_LEADER);
  });
});

describe("a lease", () => {
  const DRIFT = { leaseDrift: 100 };
  /** Of an election timeout of 1000 ms, less a tenth, less one. */
  const TERM = 899;

  it("lets a leader answer at once, until it has run out", () => {
    const node = leader(DRIFT);
    expect(node.node.read(node.now, LEASE)).toBe(READY);
    expect(node.node.read(node.now + TERM, LEASE)).toBe(READY);
    expect(node.node.read(node.now + TERM + 1, LEASE)).toBe(OK);
  });

  it("changes nothing in the node when it serves", () => {
    const node = leader(DRIFT);
    expect(node.refusal(() => node.node.read(node.now, LEASE))).toBe(READY);
  });

  it("is not looked at for reads that must not rely on it, nor without leases in the plan", () => {
    const with_ = leader(DRIFT);
    expect(with_.node.read(with_.now, INDEX)).toBe(OK);
    const without = leader();
    expect(without.node.read(without.now, LEASE)).toBe(OK);
  });

  it("does not serve while what is committed is not applied", () => {
    const node = new TestNode({ plan: DRIFT }).become(Role.LEADER);
    node.acknowledge(1);
    expect(node.node.read(node.now, LEASE)).toBe(OK);
    node.flush();
    expect(node.node.read(node.now, LEASE)).toBe(READY);
  });

  it("is over for the term once a member was asked to campaign", () => {
    const node = leader(DRIFT);
    expect(node.node.transfer(node.now, 2)).toBe(OK);
    expect(node.node.read(node.now, LEASE)).toBe(OK);
  });

  it("serves a follower's question, too", () => {
    const node = leader(DRIFT);
    const ask = (flags: number) => node.message(MessageKind.READ_REQUEST, { flags }, { ticket: 7 });
    node.receive(ask(MessageFlag.LEASE));
    expect(node.sent().map(({ message }) => kindOf(message))).toEqual([MessageKind.READ_REPLY]);
    node.receive(ask(0));
    expect(node.sent().map(({ message }) => kindOf(message))).toEqual([MessageKind.APPEND, MessageKind.APPEND]);
  });
});

describe("a follower", () => {
  const flagsOf = (message: Uint8Array) => new DataView(message.buffer).getUint32(4, true);
  const answer = (node: TestNode, ticket: number, index: number) =>
    node.receive(node.message(MessageKind.READ_REPLY, {}, { ticket, index }));

  it.each([
    [LEASE, MessageFlag.LEASE],
    [INDEX, 0],
  ])("asks its leader about a read of kind %i with flags %i", (kind, flags) => {
    const node = follower();
    expect(node.node.read(node.now, kind)).toBe(OK);
    const sent = node.sent();
    expect(sent.map(({ to, message }) => [to, kindOf(message), flagsOf(message)])).toEqual([
      [2, MessageKind.READ_REQUEST, flags],
    ]);
  });

  it("asks for all reads at once, and for those that came meanwhile when it is answered", () => {
    const node = follower();
    node.node.read(node.now, LEASE);
    node.node.read(node.now, INDEX);
    expect(node.sent()).toHaveLength(1);
    const first = node.node.readTicket;
    node.node.read(node.now, INDEX);
    expect(node.sent()).toEqual([]);
    expect(answer(node, first, 1)).toBe(OK);
    const effects = node.flush();
    expect(effects.map(({ kind }) => kind)).toEqual(["send", "reads"]);
    expect(effects).toContainEqual({ kind: "reads", ticket: first, index: 1, answered: true });
  });

  it("asks again with every heartbeat, as the question may be lost", () => {
    const node = follower();
    node.node.read(node.now, INDEX);
    node.flush();
    node.append({}, { prevIndex: 1, prevTerm: 1, commit: 1 });
    const kinds = node.sent().map(({ message }) => kindOf(message));
    expect(kinds).toEqual([MessageKind.APPEND_REPLY, MessageKind.READ_REQUEST]);
  });

  it("answers once it has applied what the leader named", () => {
    const node = follower();
    node.node.read(node.now, INDEX);
    const ticket = node.node.readTicket;
    node.flush();
    answer(node, ticket, 2);
    expect(told(node)).toEqual([]);
    node.append({}, { prevIndex: 1, prevTerm: 1, commit: 2 }, [entry(1, "two")]);
    expect(node.flush().map(({ kind }) => kind)).toEqual(["append", "send", "apply", "reads"]);
  });

  it("refuses what waits when it follows another leader", () => {
    const node = follower();
    node.node.read(node.now, INDEX);
    const ticket = node.node.readTicket;
    node.flush();
    node.append({ term: 2, from: 3 }, { prevIndex: 1, prevTerm: 1 });
    expect(told(node)).toEqual([{ kind: "reads", ticket, index: 0, answered: false }]);
  });
});
