/** What a node refuses to take over from storage. */

import { describe, expect, it } from "vitest";
import { EntryFrame, EntryKind, PlanLimit, StatusCode } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { high, low } from "../../host/core/instance.js";
import { badConfigurations, goodConfigurations } from "./configurations.js";
import { configurationEntry, entry, noop } from "./messages.js";
import { PLAN, TestNode } from "./node-kit.js";

const { BAD_ARGUMENT, BAD_LOG, BAD_CONFIGURATION, OK } = StatusCode;
const OVER = 2 ** 53;

/** A node that waits to be restored, in term 5. The methods answer the core's status. */
class Restoring extends TestNode {
  constructor() {
    super({ started: false });
    this.hardState(5, 3);
  }

  /** With entries of terms 1 and 2 in its log. */
  static withLog(): Restoring {
    const node = new Restoring();
    node.entries(Buffer.concat([noop(1), entry(2, "two")]));
    return node;
  }

  hardState(term: number, vote: number): number {
    return this.node.instance.exports.restoreHardState(this.handle, low(term), high(term), vote);
  }

  restoreSnapshot(index: number, term: number, configuration: Uint8Array = new Uint8Array(0), offset = 0): number {
    const { instance, inbox } = this.node;
    const { length } = configuration;
    const place = inbox + offset;
    instance.bytes.set(configuration, place);
    return instance.exports.restoreSnapshot(
      this.handle,
      low(index),
      high(index),
      low(term),
      high(term),
      0,
      0,
      place,
      length,
    );
  }

  entries(bytes: Uint8Array, offset = 0): number {
    const { instance, inbox } = this.node;
    instance.bytes.set(bytes, inbox + offset);
    return instance.exports.restoreEntries(this.handle, inbox + offset, bytes.length);
  }
}

describe("a hard state", () => {
  it.each([
    ["a term above 2^53 - 1", OVER, 0, BAD_ARGUMENT],
    ["a vote in no term", 0, 1, BAD_ARGUMENT],
    ["a term below the log's", 1, 0, BAD_LOG],
  ])("is refused with %s", (_, term, vote, status) => {
    const node = Restoring.withLog();
    expect(node.refusal(() => node.hardState(term, vote))).toBe(status);
  });

  it("may hold the largest numbers there are", () => {
    const node = Restoring.withLog();
    expect(node.hardState(PlanLimit.NUMBER, 0xffffffff)).toBe(OK);
    expect([node.node.term, node.node.vote]).toEqual([PlanLimit.NUMBER, 0xffffffff]);
  });
});

describe("a snapshot", () => {
  it.each([
    ["an index above 2^53 - 1", OVER, 1, BAD_ARGUMENT],
    ["a term above 2^53 - 1", 1, OVER, BAD_ARGUMENT],
    ["an index without a term", 1, 0, BAD_ARGUMENT],
    ["a term without an index", 0, 1, BAD_ARGUMENT],
    ["a term above the hard state's", 1, 6, BAD_LOG],
  ])("is refused with %s", (_, index, term, status) => {
    const node = new Restoring();
    expect(node.refusal(() => node.restoreSnapshot(index, term))).toBe(status);
  });

  it("is refused when entries have been restored", () => {
    const node = Restoring.withLog();
    expect(node.refusal(() => node.restoreSnapshot(2, 2))).toBe(BAD_LOG);
  });

  it.each(badConfigurations(PLAN.nodes, PLAN.addressBytes))("is refused with a configuration with %s", (_, bytes) => {
    const node = new Restoring();
    expect(node.refusal(() => node.restoreSnapshot(7, 5, bytes))).toBe(BAD_CONFIGURATION);
  });

  it("is refused with a configuration that does not lie at a multiple of 8", () => {
    const node = new Restoring();
    expect(node.refusal(() => node.restoreSnapshot(7, 5, encodeConfiguration([{ id: 1 }]), 4))).toBe(BAD_CONFIGURATION);
  });

  it.each(goodConfigurations(PLAN.nodes, PLAN.addressBytes))("is taken with a configuration with %s", (_, bytes) => {
    const node = new Restoring();
    expect(node.restoreSnapshot(7, 5, bytes)).toBe(OK);
    expect(node.node.brokenInvariant()).toBe(0);
    expect([node.node.first, node.node.last, node.node.lastTerm, node.node.commit]).toEqual([8, 7, 5, 7]);
  });
});

describe("a log", () => {
  const NEXT = entry(3, "three");

  it("is taken in any number of pieces", () => {
    const node = Restoring.withLog();
    expect(node.entries(new Uint8Array(0))).toBe(OK);
    expect(node.entries(NEXT)).toBe(OK);
    expect(node.entries(Buffer.concat([entry(5, "four"), noop(5)]))).toBe(OK);
    expect([node.node.first, node.node.last, node.node.lastTerm, node.node.durable]).toEqual([1, 5, 5, 5]);
    expect(node.node.brokenInvariant()).toBe(0);
  });

  it.each([
    ["an entry of term 0", entry(0, "x")],
    ["terms that fall from what was restored before", entry(1, "x")],
    ["terms that fall", Buffer.concat([entry(4, "x"), entry(3, "y")])],
    ["an entry of a term above the hard state's", entry(6, "x")],
    ["an entry of a term above 2^53 - 1", entry(OVER, "x")],
    ["an entry with a reserved byte", entry(3, "x", { reserved8: 1 })],
    ["an entry with a reserved half-word", entry(3, "x", { reserved16: 1 })],
    ["an entry of an unknown kind", entry(3, "x", { kind: 4 })],
    ["a hollow entry that carries something", entry(3, "x", { kind: EntryKind.HOLLOW })],
    ["an empty entry that carries something", entry(3, "x", { kind: EntryKind.NOOP })],
    ["an entry longer than what came", entry(3, "x", { length: 100 })],
    ["an entry of a length that rounds up to nothing", entry(3, "x", { length: 0xfffffff9 })],
    ["padding that is not zero", entry(3, "xy", { length: 1 })],
    ["half an entry", NEXT.slice(0, 8)],
    ["an entry that is cut off", NEXT.slice(0, EntryFrame.HEADER)],
    ["bytes behind the last entry", Buffer.concat([NEXT, new Uint8Array(8)])],
    ["a damaged entry behind sound ones", Buffer.concat([NEXT, NEXT, entry(3, "x", { reserved8: 1 })])],
  ])("is refused as a whole with %s", (_, bytes) => {
    const node = Restoring.withLog();
    expect(node.refusal(() => node.entries(bytes))).toBe(BAD_LOG);
    expect(node.entries(NEXT)).toBe(OK);
  });

  it.each(badConfigurations(PLAN.nodes, PLAN.addressBytes))("is refused with a configuration with %s", (_, bytes) => {
    const node = Restoring.withLog();
    expect(node.refusal(() => node.entries(configurationEntry(3, bytes)))).toBe(BAD_LOG);
  });

  it("is refused where it does not lie at a multiple of 8", () => {
    const node = Restoring.withLog();
    for (let offset = 1; offset < 8; offset++) {
      expect(node.refusal(() => node.entries(NEXT, offset))).toBe(BAD_LOG);
    }
  });

  it("is refused with an entry that no message of the plan can carry", () => {
    const node = Restoring.withLog();
    const { maxPayload } = node.node;
    expect(node.entries(entry(3, new Uint8Array(maxPayload)))).toBe(OK);
    expect(node.refusal(() => node.entries(entry(3, new Uint8Array(maxPayload + 1))))).toBe(BAD_LOG);
  });

  it("puts the newest configuration in it in force", () => {
    const node = Restoring.withLog();
    node.entries(configurationEntry(3, encodeConfiguration([{ id: 1 }, { id: 2 }])));
    node.entries(configurationEntry(4, encodeConfiguration([{ id: 1 }])));
    node.node.start(0);
    node.timeOut();
    // Alone in the configuration, it elects itself.
    expect(node.node.leader).toBe(1);
  });
});
