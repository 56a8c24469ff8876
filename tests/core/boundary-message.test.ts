/**
 * Messages that are refused, each for one reason: every case is a message that is taken, with one thing changed. A
 * refusal leaves the node as it was; the observer hears of it.
 */

import { describe, expect, it } from "vitest";
import { EntryKind, EventKind, MessageFlag, MessageKind, PlanLimit, Role, StatusCode } from "../../host/core/abi.js";
import { badConfigurations, goodConfigurations } from "./configurations.js";
import { cases, cut, END, follower, inRole, otherFlags, padded } from "./message-cases.js";
import { configurationEntry, entry, noop, type Values } from "./messages.js";
import { PLAN } from "./node-kit.js";

const { VOTE_REQUEST, VOTE_REPLY, APPEND, APPEND_REPLY } = MessageKind;
const { PRE_VOTE, GRANTED, REJECTED, QUIET, TRANSFER, REST } = MessageFlag;
const { MALFORMED, BAD_VERSION, FOREIGN, OVERSIZED, OK, STALE } = StatusCode;
const OVER = 2 ** 53;

describe("every message", () => {
  const node = follower();
  const valid = (header: Values = {}) => node.message(VOTE_REPLY, { term: 3, ...header });

  it("is taken when nothing is wrong with it", () => {
    expect(node.receive(valid())).toBe(STALE);
  });

  it.each([
    ["another magic word", { magic: 0x4d52 }, MALFORMED],
    ["an older version", { version: 0 }, BAD_VERSION],
    ["a newer version", { version: 2 }, BAD_VERSION],
    ["a length above the bytes that came", { length: 48 }, MALFORMED],
    ["a length below the bytes that came", { length: 32 }, MALFORMED],
    ["length 0", { length: 0 }, MALFORMED],
    ["another cluster", { cluster: PLAN.cluster + 1n }, FOREIGN],
    ["a cluster with other high bits", { cluster: PLAN.cluster + (1n << 40n) }, FOREIGN],
    ["another group", { group: PLAN.group + 1 }, FOREIGN],
    ["another receiver", { to: 2 }, FOREIGN],
    ["nobody as the sender", { from: 0 }, MALFORMED],
    ["the receiver as the sender", { from: PLAN.id }, MALFORMED],
    ["term 0", { term: 0 }, MALFORMED],
    ["a term above 2^53 - 1", { term: OVER }, MALFORMED],
    ["the largest term there is", { term: 2n ** 64n - 1n }, MALFORMED],
    ["kind 0", { kind: 0 }, MALFORMED],
    ["an unknown kind", { kind: 10 }, MALFORMED],
    ["the largest kind there is", { kind: 255 }, MALFORMED],
  ])("is refused with %s", (_, header, status) => {
    expect(node.refusal(() => node.receive(valid(header)))).toBe(status);
  });

  it("is refused when it is shorter than a header", () => {
    for (let length = 0; length < 40; length++) {
      expect(node.refusal(() => node.receive(valid({ length }).slice(0, length)))).toBe(MALFORMED);
    }
  });

  it("is refused when it is longer than the plan allows, before anything of it is looked at", () => {
    const { exports } = node.node.instance;
    const place = node.node.instance.allocate(PLAN.maxMessage + 8);
    expect(exports.receive(node.handle, 0, 0, place, PLAN.maxMessage)).toBe(MALFORMED);
    expect(node.refusal(() => exports.receive(node.handle, 0, 0, place, PLAN.maxMessage + 1))).toBe(OVERSIZED);
    expect(node.refusal(() => exports.receive(node.handle, 0, 0, place, 0xffffffff))).toBe(OVERSIZED);
  });

  it("is refused when it does not lie at a multiple of 8", () => {
    const { instance } = node.node;
    const place = instance.allocate(64);
    for (let offset = 1; offset < 8; offset++) {
      instance.bytes.set(valid(), place + offset);
      expect(node.refusal(() => instance.exports.receive(node.handle, 0, 0, place + offset, 40))).toBe(MALFORMED);
    }
  });

  it("that is refused is told to the observer, with its kind", () => {
    node.node.observe(1 << EventKind.REFUSED);
    node.receive(valid({ version: 9 }));
    const event = { kind: "event", event: EventKind.REFUSED };
    expect(node.flush()).toEqual([{ ...event, first: BAD_VERSION >>> 0, second: VOTE_REPLY }]);
    node.receive(new Uint8Array(8));
    expect(node.flush()).toEqual([{ ...event, first: MALFORMED >>> 0, second: 0 }]);
    node.node.observe(0);
  });
});

describe("a vote request", () => {
  const node = follower();
  const make = (header: Values, body: Values = {}) =>
    node.message(VOTE_REQUEST, { term: 3, ...header }, { lastIndex: 5, lastTerm: 2, ...body });

  it.each(
    cases([
      ["the log's own end", {}],
      ["an empty log", {}, { lastIndex: 0, lastTerm: 0 }],
      [
        "the largest numbers",
        { term: PlanLimit.NUMBER },
        { lastIndex: PlanLimit.NUMBER, lastTerm: PlanLimit.NUMBER - 1 },
      ],
      ["a pre-vote", { flags: PRE_VOTE }],
      ["the leader's wish", { flags: TRANSFER }],
    ]),
  )("is taken with %s", (_, header, body) => {
    expect(node.receive(make(header, body))).toBe(OK);
  });

  it.each(
    cases([
      ...otherFlags(PRE_VOTE, TRANSFER).map((flags) => [`flag ${flags}`, { flags }] as const),
      ["an index above 2^53 - 1", {}, { lastIndex: OVER }],
      ["a term of the log that is the one asked for", {}, { lastTerm: 3 }],
      ["a term of the log above the one asked for", {}, { lastTerm: 4 }],
      ["a term without an index", {}, { lastIndex: 0 }],
      ["an index without a term", {}, { lastTerm: 0 }],
    ]),
  )("is refused with %s", (_, header, body) => {
    expect(node.refusal(() => node.receive(make(header, body)))).toBe(MALFORMED);
  });

  it("is refused at any other length", () => {
    expect(node.refusal(() => node.receive(cut(make({}), 8)))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(padded(make({}), 8)))).toBe(MALFORMED);
  });
});

describe("a vote reply", () => {
  const node = follower();
  it.each([0, PRE_VOTE, GRANTED, PRE_VOTE | GRANTED])("is taken with flags %i", (flags) => {
    expect(node.receive(node.message(VOTE_REPLY, { flags, term: 3 }))).toBe(STALE);
  });

  it.each(otherFlags(PRE_VOTE, GRANTED))("is refused with flag %i", (flags) => {
    expect(node.refusal(() => node.receive(node.message(VOTE_REPLY, { flags, term: 3 })))).toBe(MALFORMED);
  });

  it("is refused at any other length", () => {
    expect(node.refusal(() => node.receive(padded(node.message(VOTE_REPLY, { term: 3 }), 8)))).toBe(MALFORMED);
  });
});

describe("an Append", () => {
  const node = follower();
  const make = (header: Values, body: Values = {}, entries: readonly Uint8Array[] = []) =>
    node.message(APPEND, { term: 3, ...header }, { ...END, ...body }, entries);

  it.each(
    cases([
      ["nothing", {}],
      ["nothing, quietly", { flags: QUIET }],
      ["nothing, for the last time", { flags: REST }],
      ["a hollow entry", {}, {}, [entry(3, "", { kind: EntryKind.HOLLOW })]],
      ["a place before the log", {}, { prevIndex: 0, prevTerm: 0 }],
      ["a commit index far ahead", {}, { commit: PlanLimit.NUMBER }],
      ["a number of bytes that is no multiple of 8", {}, {}, [entry(3, "x")]],
    ]),
  )("is taken with %s", (_, header, body, entries) => {
    const fresh = follower();
    expect(fresh.receive(make(header, body, entries))).toBe(OK);
  });

  it.each(
    cases([
      ...otherFlags(QUIET, REST).map((flags) => [`flag ${flags}`, { flags }] as const),
      ["a previous index above 2^53 - 1", {}, { prevIndex: OVER }],
      ["a previous term above the sender's", {}, { prevTerm: 4 }],
      ["a previous term without an index", {}, { prevIndex: 0 }],
      ["a previous index without a term", {}, { prevTerm: 0 }],
      ["a commit index above 2^53 - 1", {}, { commit: OVER }],
      ["a round above 2^53 - 1", {}, { round: OVER }],
      ["a time above 2^53 - 1", {}, { sent: OVER }],
      ["entries above 2^53 - 1", {}, { prevIndex: PlanLimit.NUMBER, prevTerm: 3 }, [noop(3)]],
      ["entries, quietly", { flags: QUIET }, {}, [noop(3)]],
      ["entries, for the last time", { flags: REST }, {}, [noop(3)]],
      ["more entries than it says", {}, { count: 1 }, [noop(3), noop(3)]],
      ["fewer entries than it says", {}, { count: 2 }, [noop(3)]],
      ["entries that it does not count", {}, { count: 0 }, [noop(3)]],
      ["as many entries as a word holds", {}, { count: 0xffffffff }, [noop(3)]],
    ]),
  )("is refused with %s", (_, header, body, entries) => {
    expect(node.refusal(() => node.receive(make(header, body, entries)))).toBe(MALFORMED);
  });

  it.each<readonly [string, readonly Uint8Array[]]>([
    ["of term 0", [entry(0, "x")]],
    ["of a term below the previous one", [entry(1, "x")]],
    ["with terms that fall", [entry(3, "x"), entry(2, "y")]],
    ["of a term above the sender's", [entry(4, "x")]],
    ["with a reserved byte", [entry(3, "x", { reserved8: 1 })]],
    ["with a reserved half-word", [entry(3, "x", { reserved16: 256 })]],
    ["of an unknown kind", [entry(3, "x", { kind: 4 })]],
    ["that is hollow and carries something", [entry(3, "x", { kind: EntryKind.HOLLOW })]],
    ["longer than the message", [entry(3, "x", { length: 17 })]],
    ["longer than the message by its padding", [entry(3, "x", { length: 9 })]],
    ["as long as a word holds", [entry(3, "x", { length: 0xffffffff })]],
    ["of a length that rounds up to nothing", [entry(3, "x", { length: 0xfffffff9 })]],
    ["with padding that is not zero", [entry(3, "xy", { length: 1 })]],
    ["that is empty and carries something", [entry(3, "x", { kind: EntryKind.NOOP })]],
    ["that is half a header", [noop(3), new Uint8Array(8)]],
  ])("is refused with an entry %s", (_, entries) => {
    const body = { count: entries.length };
    expect(node.refusal(() => node.receive(make({}, body, entries)))).toBe(MALFORMED);
  });

  it.each(badConfigurations(PLAN.nodes, PLAN.addressBytes))("is refused with a configuration with %s", (_, bytes) => {
    const entries = [configurationEntry(3, bytes)];
    expect(node.refusal(() => node.receive(make({}, {}, entries)))).toBe(MALFORMED);
  });

  it.each(goodConfigurations(PLAN.nodes, PLAN.addressBytes))("is taken with a configuration with %s", (_, bytes) => {
    const fresh = follower();
    expect(fresh.receive(make({}, {}, [configurationEntry(3, bytes)]))).toBe(OK);
    expect(fresh.node.last).toBe(6);
    expect(fresh.node.brokenInvariant()).toBe(0);
  });

  it("is refused when its length is that of a message, but not of the bytes that came", () => {
    const { instance, handle, inbox } = node.node;
    const whole = make({}, {}, [noop(3), noop(3)]);
    const receive = (bytes: Uint8Array, length: number) => {
      instance.bytes.set(bytes, inbox);
      return node.refusal(() => instance.exports.receive(handle, 0, 0, inbox, length));
    };
    // The second entry lies behind the end; or there is more than the message says.
    expect(receive(whole, whole.length - 16)).toBe(MALFORMED);
    expect(receive(make({ length: whole.length - 16 }, { count: 1 }, [noop(3), noop(3)]), whole.length)).toBe(
      MALFORMED,
    );
  });

  it("is refused when it is shorter than its fixed part", () => {
    for (let by = 8; by <= 48; by += 8) expect(node.refusal(() => node.receive(cut(make({}), by)))).toBe(MALFORMED);
  });
});

describe("an append reply", () => {
  const node = inRole(Role.LEADER);
  const make = (header: Values, body: Values = {}) =>
    node.message(APPEND_REPLY, { term: node.node.term, ...header }, { sent: node.now, ...body });
  const refused: Values = { rejected: 4, hintIndex: 3, hintTerm: 2 };

  it.each(
    cases([
      ["nothing new", {}],
      ["a rejection", { flags: REJECTED }, refused],
      ["a rejection that hints at the start", { flags: REJECTED }, { rejected: 4 }],
    ]),
  )("is taken with %s", (_, header, body) => {
    expect(node.receive(make(header, body))).toBe(OK);
  });

  it.each(
    cases([
      ...otherFlags(REJECTED).map((flags) => [`flag ${flags}`, { flags }] as const),
      ["a match above 2^53 - 1", {}, { match: OVER }],
      ["a round above 2^53 - 1", {}, { round: OVER }],
      ["a time above 2^53 - 1", {}, { sent: OVER }],
      ["a reserved word", {}, { reserved: 1 }],
      ["a rejection of nothing", { flags: REJECTED }, { ...refused, rejected: 0 }],
      ["a rejection above 2^53 - 1", { flags: REJECTED }, { ...refused, rejected: OVER }],
      ["a hint above 2^53 - 1", { flags: REJECTED }, { ...refused, hintIndex: OVER }],
      ["a hint of a term above the sender's", { flags: REJECTED }, { ...refused, hintTerm: 99 }],
      ["a hint of a term without an index", { flags: REJECTED }, { ...refused, hintIndex: 0 }],
      ["a hint of an index without a term", { flags: REJECTED }, { ...refused, hintTerm: 0 }],
    ]),
  )("is refused with %s", (_, header, body) => {
    expect(node.refusal(() => node.receive(make(header, body)))).toBe(MALFORMED);
  });

  it("is refused at any other length", () => {
    expect(node.refusal(() => node.receive(cut(make({}), 8)))).toBe(MALFORMED);
    expect(node.refusal(() => node.receive(padded(make({}), 8)))).toBe(MALFORMED);
  });
});
