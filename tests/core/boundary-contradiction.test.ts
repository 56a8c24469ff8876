/** Well-formed messages that no correct node can have sent, which are refused; and those that only come late. */

import { describe, expect, it } from "vitest";
import { MessageFlag, MessageKind, Role, StatusCode } from "../../host/core/abi.js";
import { statusName } from "../../host/core/node.js";
import { cases, END, follower, inRole } from "./message-cases.js";
import { noop, type Values } from "./messages.js";
import type { TestNode } from "./node-kit.js";

const { VOTE_REQUEST, VOTE_REPLY, APPEND_REPLY } = MessageKind;
const { GRANTED } = MessageFlag;
const { CONTRADICTION, OK, STALE } = StatusCode;

describe("what no correct node can have sent", () => {
  /** A follower of node 2 in term 3. */
  function followerOf2(): TestNode {
    const node = follower();
    node.append({ term: 3 }, END);
    node.flush();
    return node;
  }

  it.each(
    cases([
      ["an Append of a second leader in the term", { term: 3, from: 3 }, END],
      ["a previous entry other than the committed one", { term: 3 }, { prevIndex: 2, prevTerm: 2 }],
      ["one of a later term, too", { term: 9 }, { prevIndex: 2, prevTerm: 2 }],
      ["a previous entry other than the one before the log", { term: 9 }, { prevIndex: 1, prevTerm: 2 }],
      ["an entry in place of a committed one", { term: 9 }, { prevIndex: 0, prevTerm: 0 }, [noop(1), noop(2)]],
      ["an entry in place of the first one", { term: 9 }, { prevIndex: 0, prevTerm: 0 }, [noop(2)]],
    ]),
  )("is refused: %s", (_, header, body, entries) => {
    const node = followerOf2();
    expect(statusName(node.refusal(() => node.append(header, body, entries)))).toBe(statusName(CONTRADICTION));
  });

  it("is refused by a leader: an Append of its own term", () => {
    const leader = inRole(Role.LEADER);
    expect(leader.refusal(() => leader.append({ term: leader.node.term }, END))).toBe(CONTRADICTION);
  });

  it.each([
    ["entries that the leader does not have", { match: 7 }],
    ["a time that has not come", { sent: 1e9 }],
    ["a round that was not begun", { round: 1e9 }],
  ])("is refused by a leader: an acknowledgement of %s", (_, values: Values) => {
    const leader = inRole(Role.LEADER);
    expect(leader.refusal(() => leader.acknowledge(0, values))).toBe(CONTRADICTION);
    expect(leader.acknowledge(6)).toBe(OK);
  });
});

describe("what is only late", () => {
  it.each([Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE, Role.LEADER])("is taken in role %i", (role) => {
    const node = inRole(role);
    const { term } = node.node;
    expect(node.append({ term: term - 1 }, { prevIndex: 2, prevTerm: 2 })).toBe(STALE);
    expect(node.receive(node.message(APPEND_REPLY, { term: term - 1 }, { match: 1e6 }))).toBe(STALE);
    expect(node.receive(node.message(VOTE_REPLY, { term: term - 1, flags: GRANTED }))).toBe(STALE);
    expect(node.receive(node.message(VOTE_REQUEST, { term: term - 1 }))).toBe(OK);
    expect(node.node.term).toBe(term);
    expect(node.node.role).toBe(role);
  });
});
