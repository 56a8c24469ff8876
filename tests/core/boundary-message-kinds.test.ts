/**
 * Messages of the kinds beside votes and Appends that are refused, each for one reason, and what is taken; see
 * boundary-message.test.ts.
 */

import { describe, expect, it } from "vitest";
import { MessageFlag, MessageKind, PlanLimit, Role, StatusCode } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { cases, cut, END, follower, inRole, otherFlags, padded } from "./message-cases.js";
import type { Values } from "./messages.js";
import { TestNode } from "./node-kit.js";
import { SCENARIOS } from "./scenarios.js";

const { INSTALL_SNAPSHOT, SNAPSHOT_REPLY, TIMEOUT_NOW, READ_REQUEST, READ_REPLY } = MessageKind;
const { LAST, LEASE } = MessageFlag;
const { MALFORMED, CONTRADICTION, OK, STALE } = StatusCode;
const OVER = 2 ** 53;
const IMAGE = encodeConfiguration([{ id: 1 }, { id: 2 }, { id: 3 }]);

/** A follower of node 2 in term 3. */
function followerOf2(): TestNode {
  const node = follower();
  node.append({ term: 3 }, END);
  node.flush();
  return node;
}

describe("a chunk of a snapshot", () => {
  const node = followerOf2();
  const make = (header: Values, body: Values = {}, bytes: readonly Uint8Array[] = [IMAGE]) =>
    node.message(INSTALL_SNAPSHOT, { term: 3, ...header }, { index: 9, term: 3, ...body }, bytes);

  it.each(
    cases([
      ["the beginning of an image", {}],
      ["a whole image", { flags: LAST }],
      ["an image that ends with the chunk before", { flags: LAST }, {}, []],
      ["a place further on", {}, { offset: 4096 }],
      ["the largest numbers", { term: PlanLimit.NUMBER }, { index: PlanLimit.NUMBER, term: PlanLimit.NUMBER }],
      ["bytes of any number", {}, {}, [new Uint8Array(3)]],
    ]),
  )("is taken with %s", (_, header, body, bytes) => {
    const fresh = followerOf2();
    expect(fresh.receive(make(header, body, bytes))).toBe(OK);
    expect(fresh.node.brokenInvariant()).toBe(0);
    expect(fresh.sent().map(({ to }) => to)).toEqual([2]);
  });

  it.each(
    cases([
      ...otherFlags(LAST).map((flags) => [`flag ${flags}`, { flags }] as const),
      ["no index", {}, { index: 0, term: 0 }],
      ["an index without a term", {}, { term: 0 }],
      ["a term without an index", {}, { index: 0 }],
      ["an index above 2^53 - 1", {}, { index: OVER }],
      ["a term above the sender's", {}, { term: 4 }],
      ["an offset above 2^53 - 1", {}, { offset: OVER }],
      ["an offset that ends above 2^53 - 1", {}, { offset: PlanLimit.NUMBER }],
      ["an offset that wraps", {}, { offset: 2n ** 64n - 8n }],
      ["a round above 2^53 - 1", {}, { round: OVER }],
      ["a time above 2^53 - 1", {}, { sent: OVER }],
    ]),
  )("is refused with %s", (_, header, body) => {
    expect(node.refusal(() => node.receive(make(header, body)))).toBe(MALFORMED);
  });

  it("is refused when it is shorter than its fixed part", () => {
    for (let by = 8; by <= 40; by += 8) {
      expect(node.refusal(() => node.receive(cut(make({}, {}, []), by)))).toBe(MALFORMED);
    }
  });

  it.each(
    cases([
      ["of a second leader in the term", { from: 3 }],
      ["whose term is not that of the committed entry", {}, { index: 2, term: 2 }],
    ]),
  )("is refused as a contradiction: one %s", (_, header, body) => {
    expect(node.refusal(() => node.receive(make(header, body)))).toBe(CONTRADICTION);
  });

  it("is refused as a contradiction by a leader of the same term", () => {
    const leader = inRole(Role.LEADER);
    const bytes = make({ term: leader.node.term });
    expect(leader.refusal(() => leader.receive(bytes))).toBe(CONTRADICTION);
  });

  it("of an earlier term tells its sender the term, and nothing more", () => {
    const fresh = followerOf2();
    expect(fresh.receive(make({ term: 2, from: 3 }, { term: 2 }))).toBe(STALE);
    expect(fresh.node.leader).toBe(2);
    expect(fresh.flush().map(({ kind }) => kind)).toEqual(["send"]);
  });
});

describe("an answer to a chunk", () => {
  const node = inRole(Role.LEADER);
  const make = (header: Values, body: Values = {}) =>
    node.message(SNAPSHOT_REPLY, { term: node.node.term, ...header }, { sent: node.now, index: 3, ...body });

  it.each(
    cases([
      ["nothing new", {}],
      ["a snapshot that is not sent", {}, { index: 99, offset: 7 }],
      ["a match", {}, { match: 6 }],
      ["no snapshot", {}, { index: 0 }],
    ]),
  )("is taken with %s", (_, header, body) => {
    expect(node.receive(make(header, body))).toBe(OK);
    expect(node.node.brokenInvariant()).toBe(0);
  });

  it.each(
    cases([
      ...otherFlags().map((flags) => [`flag ${flags}`, { flags }] as const),
      ["a match above 2^53 - 1", {}, { match: OVER }],
      ["a round above 2^53 - 1", {}, { round: OVER }],
      ["a time above 2^53 - 1", {}, { sent: OVER }],
      ["a reserved word", {}, { reserved: 1 }],
      ["an index above 2^53 - 1", {}, { index: OVER }],
      ["an offset above 2^53 - 1", {}, { offset: OVER }],
      ["an offset that no chunk can begin at", {}, { offset: PlanLimit.NUMBER - 8 }],
      ["an offset that wraps", {}, { offset: 2n ** 64n - 8n }],
    ]),
  )("is refused with %s", (_, header, body) => {
    expect(node.refusal(() => node.receive(make(header, body)))).toBe(MALFORMED);
  });

  it.each(
    cases([
      ["entries that the leader does not have", {}, { match: 7 }],
      ["a time that has not come", {}, { sent: 1e9 }],
      ["a round that was not begun", {}, { round: 1e9 }],
    ]),
  )("is refused as a contradiction with %s", (_, header, body) => {
    expect(node.refusal(() => node.receive(make(header, body)))).toBe(CONTRADICTION);
  });

  it("is refused at any other length", () => {
    expect(node.refusal(() => node.receive(cut(make({}), 8)))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(padded(make({}), 8)))).toBe(MALFORMED);
  });

  it("moves the sender on, back, or not at all", () => {
    const leader = SCENARIOS.readSnapshot(node.node.instance);
    const offsetOfNext = () => {
      const offsets = leader.flush().flatMap((effect) => (effect.kind === "readSnapshot" ? [effect.offset] : []));
      return offsets[0];
    };
    const { term, snapshotIndex: index } = leader.node;
    const reply = (offset: number, sent = leader.now) =>
      leader.receive(leader.message(SNAPSHOT_REPLY, { from: 3, term }, { index, offset, sent }));
    expect(offsetOfNext()).toBe(0);
    expect(reply(0)).toBe(OK);
    // Its beginning says nothing: it is on its way.
    expect(offsetOfNext()).toBeUndefined();
    const image = leader.effects.disk.snapshot?.image.length ?? 0;
    expect(reply(image)).toBe(OK);
    expect(offsetOfNext()).toBe(image);
    // From before that chunk was sent: of no interest.
    expect(reply(8, leader.now - 1)).toBe(OK);
    expect(offsetOfNext()).toBeUndefined();
    expect(reply(0)).toBe(OK);
    expect(offsetOfNext()).toBe(0);
  });
});

describe("a leader's wish that a member campaign", () => {
  const make = (node: TestNode, header: Values = {}) => node.message(TIMEOUT_NOW, { term: node.node.term, ...header });

  it("is refused with any flag and at any other length", () => {
    const node = followerOf2();
    for (const flags of otherFlags()) {
      expect(node.refusal(() => node.receive(make(node, { flags })))).toBe(MALFORMED);
    }
    expect(node.refusal(() => node.receive(padded(make(node), 8)))).toBe(MALFORMED);
  });

  it("is followed at once, in the next term, against the loyalty of the others", () => {
    const node = followerOf2();
    const { term } = node.node;
    expect(node.receive(make(node))).toBe(OK);
    expect([node.node.role, node.node.term]).toEqual([Role.CANDIDATE, term + 1]);
    const [first] = node.sent();
    if (first === undefined) throw new Error("nothing was sent");
    const voter = followerOf2();
    expect(voter.receive(new TestNode().message(TIMEOUT_NOW, { term: 3, from: 3 }))).toBe(STALE);
    const request = new Uint8Array(first.message);
    new DataView(request.buffer).setUint32(12, 2, true);
    new DataView(request.buffer).setUint32(16, 1, true);
    expect(voter.receive(request)).toBe(OK);
    expect([voter.node.term, voter.node.vote]).toEqual([term + 1, 2]);
  });

  it.each([
    ["of somebody else", (node: TestNode) => make(node, { from: 3 }), followerOf2],
    ["of an earlier term", (node: TestNode) => make(node, { term: 2 }), followerOf2],
    ["without a leader", (node: TestNode) => make(node), follower],
    ["in role 1", (node: TestNode) => make(node), () => inRole(Role.PRE_CANDIDATE)],
    ["in role 2", (node: TestNode) => make(node), () => inRole(Role.CANDIDATE)],
    ["in role 3", (node: TestNode) => make(node), () => inRole(Role.LEADER)],
  ])("is stale %s", (_, bytes, build) => {
    const node = build();
    expect(node.refusal(() => node.receive(bytes(node)))).toBe(STALE);
  });

  it.each([4, 1 | 8])("is nothing to a member with roles %i", (roles) => {
    const node = new TestNode({ members: [{ id: 1, roles }, { id: 2 }, { id: 3 }] });
    node.append({}, {});
    expect(node.refusal(() => node.receive(make(node)))).toBe(STALE);
  });
});

describe("a follower's question about reads", () => {
  const node = inRole(Role.LEADER);
  node.acknowledge(6);
  node.flush();
  const make = (header: Values, body: Values = {}) =>
    node.message(READ_REQUEST, { term: node.node.term, ...header }, { ticket: 5, ...body });

  it("is refused with a flag but one, a ticket above 2^53 - 1, or at any other length", () => {
    for (const flags of otherFlags(LEASE)) {
      expect(node.refusal(() => node.receive(make({ flags })))).toBe(MALFORMED);
    }
    expect(node.refusal(() => node.receive(make({}, { ticket: OVER })))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(cut(make({}), 8)))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(padded(make({}), 8)))).toBe(MALFORMED);
  });

  it("is stale from who is no member, while one is open, and to who does not lead", () => {
    expect(node.refusal(() => node.receive(make({ from: 9 })))).toBe(STALE);
    expect(node.receive(make({}))).toBe(OK);
    expect(node.refusal(() => node.receive(make({}, { ticket: 6 })))).toBe(STALE);
    for (const role of [Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE]) {
      const other = inRole(role);
      expect(other.refusal(() => other.receive(make({ term: other.node.term })))).toBe(STALE);
    }
  });

  it("is stale to a leader that has committed nothing yet", () => {
    const fresh = inRole(Role.LEADER);
    expect(fresh.refusal(() => fresh.receive(make({ term: fresh.node.term })))).toBe(STALE);
  });
});

describe("an answer about reads", () => {
  const asked = () => {
    const node = followerOf2();
    expect(node.node.read(node.now, 0)).toBe(OK);
    node.flush();
    return node;
  };
  const make = (node: TestNode, header: Values = {}, body: Values = {}) =>
    node.message(READ_REPLY, { term: 3, ...header }, { ticket: node.node.readTicket, index: 2, ...body });

  it("is refused with any flag, numbers above 2^53 - 1, and at any other length", () => {
    const node = asked();
    for (const flags of otherFlags()) expect(node.refusal(() => node.receive(make(node, { flags })))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(make(node, {}, { ticket: OVER })))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(make(node, {}, { index: OVER })))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(cut(make(node), 8)))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(padded(make(node), 8)))).toBe(MALFORMED);
  });

  it("is stale from somebody else, of a ticket that was not given or was told, and of an earlier term", () => {
    const node = asked();
    const { readTicket } = node.node;
    expect(node.refusal(() => node.receive(make(node, { from: 3 })))).toBe(STALE);
    expect(node.refusal(() => node.receive(make(node, {}, { ticket: readTicket + 1 })))).toBe(STALE);
    expect(node.refusal(() => node.receive(make(node, {}, { ticket: 0 })))).toBe(STALE);
    expect(node.refusal(() => node.receive(make(node, { term: 2 })))).toBe(STALE);
    expect(node.receive(make(node))).toBe(OK);
    expect(node.flush()).toContainEqual({ kind: "reads", ticket: readTicket, index: 2, answered: true });
    expect(node.refusal(() => node.receive(make(node)))).toBe(STALE);
  });
});
