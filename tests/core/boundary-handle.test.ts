/**
 * What every export refuses whatever its arguments are: an address where no node lies, a node whose flush is running, one
 * that is not in the stage the export is meant for, and one that has stopped.
 */

import { describe, expect, it } from "vitest";
import { type CoreExports, EventKind, Node, NodeFormat, StatusCode } from "../../host/core/abi.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { statusName } from "../../host/core/node.js";
import { newInstance, TestNode } from "./node-kit.js";
import { IMPORT_NAMES, type ImportName, intercept, restartedFarAhead, SCENARIOS } from "./scenarios.js";

const { BAD_HANDLE, BAD_STAGE, MACHINE_FAILED, OK, REENTERED, STALE, STOPPED, STORAGE_FAILED } = StatusCode;

type Call = (exports: CoreExports, handle: number) => number;

/** Exports that take what was recovered, before `start`. */
const RESTORES: Readonly<Record<string, Call>> = {
  restoreHardState: (exports, handle) => exports.restoreHardState(handle, 9, 0, 0),
  restoreSnapshot: (exports, handle) => exports.restoreSnapshot(handle, 0, 0, 0, 0, 0, 0, 0, 0),
  restoreEntries: (exports, handle) => exports.restoreEntries(handle, 0, 0),
  start: (exports, handle) => exports.start(handle, 0, 0),
};

/** Exports that are inputs, after `start`. */
const INPUTS: Readonly<Record<string, Call>> = {
  receive: (exports, handle) => exports.receive(handle, 0, 0, 0, 40),
  timer: (exports, handle) => exports.timer(handle, 0, 0, 0),
  propose: (exports, handle) => exports.propose(handle, 0, 0),
  durable: (exports, handle) => exports.durable(handle, 0, 0, 0, 0),
  read: (exports, handle) => exports.read(handle, 0, 0, 0),
  reconfigure: (exports, handle) => exports.reconfigure(handle, 0, 0),
  transfer: (exports, handle) => exports.transfer(handle, 0, 0, 0),
  snapshot: (exports, handle) => exports.snapshot(handle, 1, 0, 1, 0, 0, 0),
  snapshotFailed: (exports, handle) => exports.snapshotFailed(handle),
  unreachable: (exports, handle) => exports.unreachable(handle, 2),
  flush: (exports, handle) => exports.flush(handle, 0, 0),
};

/** Exports that may be called in any stage, and on a node that has stopped. */
const ALWAYS: Readonly<Record<string, Call>> = {
  observe: (exports, handle) => exports.observe(handle, 0),
  status: (exports, handle) => exports.status(handle),
  invariants: (exports, handle) => exports.invariants(handle),
};

const ALL: readonly [string, Call][] = Object.entries({ ...RESTORES, ...INPUTS, ...ALWAYS });
/** Exports that take no handle. */
const WITHOUT_NODE = ["abiVersion", "init", "planBytes"];

describe("the calls below", () => {
  it("are all exports that take a node", () => {
    const functions = Object.entries(newInstance().exports).filter(([, value]) => typeof value === "function");
    const names = functions.map(([name]) => name);
    expect([...ALL.map(([name]) => name), ...WITHOUT_NODE].sort()).toEqual(names.sort());
  });
});

describe.each(ALL)("%s", (_, call) => {
  it("refuses an address where no node lies", () => {
    const node = new TestNode();
    const { instance, handle, inbox } = node.node;
    instance.bytes.set(node.message(1), inbox);
    const planless = instance.allocate(64);
    const end = instance.bytes.length - 8;
    for (const address of [0, 4, 8, handle + 4, handle + 8, handle + Node.size, inbox, planless, end]) {
      expect(node.refusal(() => call(instance.exports, address))).toBe(BAD_HANDLE);
    }
  });

  it("refuses a node of another version of the ABI", () => {
    const node = new TestNode();
    const { instance, handle } = node.node;
    for (const magic of [NodeFormat.MAGIC + 2 ** 24, NodeFormat.MAGIC - 2 ** 24, ~NodeFormat.MAGIC]) {
      instance.view.setUint32(handle + Node.magic, magic >>> 0, true);
      expect(node.refusal(() => call(instance.exports, handle))).toBe(BAD_HANDLE);
    }
  });

  it("refuses a node's copy that is not aligned", () => {
    const node = new TestNode();
    const { instance, arena, size } = node.node;
    const place = instance.allocate(size + 8) + 4;
    instance.bytes.set(arena, place);
    expect(call(instance.exports, place)).toBe(BAD_HANDLE);
  });

  it.each(IMPORT_NAMES)("refuses a node from inside its call of %s, and changes nothing", (name) => {
    const instance = newInstance();
    const node = SCENARIOS[name](instance);
    const statuses = new Set<number>();
    const counter = intercept(node, name, () => {
      statuses.add(node.refusal(() => call(instance.exports, node.handle)));
    });
    expect(node.node.flush(node.now)).toBeGreaterThanOrEqual(OK);
    expect(counter.calls).toBeGreaterThan(0);
    expect([...statuses]).toEqual([REENTERED]);
    expect(node.node.brokenInvariant()).toBe(0);
  });

  it("refuses a node whose flush was broken off, and leaves others alone", () => {
    const instance = newInstance();
    const other = new TestNode({ instance });
    const node = SCENARIOS.append(instance);
    intercept(node, "append", () => {
      throw new Error("the host broke off");
    });
    const before = other.state;
    expect(() => node.node.flush(node.now)).toThrow("the host broke off");
    expect(node.refusal(() => call(instance.exports, node.handle))).toBe(REENTERED);
    expect(Buffer.compare(before, other.state)).toBe(0);
    other.timeOut();
    expect(other.sent()).toHaveLength(2);
  });
});

describe("an export in the wrong stage", () => {
  it.each(Object.entries(RESTORES))("%s is refused after the start", (_, call) => {
    const node = new TestNode();
    expect(node.refusal(() => call(node.node.instance.exports, node.handle))).toBe(BAD_STAGE);
  });

  it.each(Object.entries(INPUTS))("%s is refused before the start", (_, call) => {
    const node = new TestNode({ started: false });
    expect(node.refusal(() => call(node.node.instance.exports, node.handle))).toBe(BAD_STAGE);
  });

  it.each(Object.entries(ALWAYS))("%s has none", (_, call) => {
    for (const started of [false, true]) {
      const node = new TestNode({ started });
      expect(call(node.node.instance.exports, node.handle)).toBe(OK);
    }
  });
});

describe("from inside an import", () => {
  it.each(IMPORT_NAMES)("%s, another node takes inputs and flushes", (name) => {
    const instance = newInstance();
    const node = SCENARIOS[name](instance);
    const other = SCENARIOS.apply(instance);
    const alone = SCENARIOS.apply(newInstance());
    const expected = alone.flush();
    let seen: unknown;
    intercept(node, name, () => {
      if (seen !== undefined) return;
      expect(other.node.propose(new Uint8Array(3))).toBe(OK);
      seen = other.flush();
    });
    const twin = SCENARIOS[name](newInstance());
    expect(node.flush()).toEqual(twin.flush());
    expect(expected).toHaveLength((seen as unknown[]).length - 1);
    expect(other.node.brokenInvariant()).toBe(0);
  });
});

/** Imports whose answer can stop a node, with the answers that do, and the status code that says so. */
const FAILURES: readonly (readonly [ImportName, readonly number[], number])[] = [
  ["hardState", [-1, -7, -(2 ** 31)], STORAGE_FAILED],
  ["truncate", [-1, -7, -(2 ** 31)], STORAGE_FAILED],
  ["compact", [-1, -7, -(2 ** 31)], STORAGE_FAILED],
  ["append", [-1, -7, -(2 ** 31)], STORAGE_FAILED],
  ["read", [-1, -7, -(2 ** 31)], STORAGE_FAILED],
  ["readSnapshot", [-2, -7, -(2 ** 31)], STORAGE_FAILED],
  ["apply", [1, -1, -(2 ** 31)], MACHINE_FAILED],
];
const CASES = FAILURES.flatMap(([name, answers, reason]) => answers.map((answer) => ({ name, answer, reason })));

function failing(instance: CoreInstance, name: ImportName, answer: number): TestNode {
  const node = SCENARIOS[name](instance);
  Object.defineProperty(node.effects, name, { value: () => answer });
  return node;
}

describe.each(CASES)("a node that stopped because $name answered $answer", ({ name, answer, reason }) => {
  it("says so, tells the observer last, and sends nothing that relied on it", () => {
    const node = failing(newInstance(), name, answer);
    node.node.observe(1 << EventKind.STOPPED);
    expect(statusName(node.node.flush(node.now))).toBe(statusName(reason));
    expect(node.node.failure).toBe(reason);
    const effects = node.effects.take();
    const stopped = { kind: "event", event: EventKind.STOPPED, first: reason >>> 0, second: 0 };
    expect(effects.at(-1)).toEqual(stopped);
    if (name !== "apply") expect(effects.filter(({ kind }) => kind === "send" || kind === "apply")).toEqual([]);
  });

  it.each([...Object.entries(RESTORES), ...Object.entries(INPUTS)])("refuses %s for good", (_, call) => {
    const node = failing(newInstance(), name, answer);
    node.node.flush(node.now);
    expect(node.refusal(() => call(node.node.instance.exports, node.handle))).toBe(STOPPED);
  });

  it("still tells its status and its invariants", () => {
    const node = failing(newInstance(), name, answer);
    node.node.flush(node.now);
    expect(node.node.instance.exports.status(node.handle)).toBe(STOPPED);
    expect(node.node.brokenInvariant()).toBe(0);
    expect(node.node.instance.exports.observe(node.handle, 0)).toBe(OK);
  });
});

describe("entries read back", () => {
  it("for the state machine stop the node when reading fails", () => {
    const node = restartedFarAhead(newInstance());
    Object.defineProperty(node.effects, "read", { value: () => -1 });
    expect(node.node.flush(node.now)).toBe(STORAGE_FAILED);
  });

  it("are asked for again at the next flush when they are not at hand", () => {
    for (const build of [restartedFarAhead, SCENARIOS.read]) {
      const node = build(newInstance());
      const read = node.effects.read;
      Object.defineProperty(node.effects, "read", { value: () => 0, configurable: true });
      expect(node.node.flush(node.now)).toBe(OK);
      const { applied } = node.node;
      node.effects.take();
      Object.defineProperty(node.effects, "read", { value: read });
      const effects = node.flush();
      expect(effects.some(({ kind }) => kind === "read")).toBe(true);
      expect(node.node.applied > applied || effects.some(({ kind }) => kind === "send")).toBe(true);
    }
  });
});

describe("a report that comes too late", () => {
  it("is stale, not a failure", () => {
    const node = SCENARIOS.append(newInstance());
    node.flush();
    expect(node.node.durableUpTo(1, 1)).toBe(STALE);
  });
});
