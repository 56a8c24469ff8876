/** Capacity plans and arenas that the core refuses, and what the host says of them. */

import { describe, expect, it } from "vitest";
import { Plan as Layout, PlanLimit, StatusCode } from "../../host/core/abi.js";
import { CoreError, planBytes } from "../../host/core/node.js";
import { describePlanProblem, type Plan, writePlan } from "../../host/core/plan.js";
import { setFields, type Values } from "./messages.js";
import { newInstance, PLAN } from "./node-kit.js";

/** A plan in which most fields can be moved to either of their limits without breaking the rule of another. */
const ROOMY: Plan = {
  ...PLAN,
  nodes: 8,
  windowEntries: 1024,
  windowBytes: 1 << 16,
  maxMessage: 8192,
  inflightBytes: 1 << 16,
  uncommittedBytes: 1 << 16,
};

interface Limits {
  readonly field: Exclude<keyof Plan, "cluster" | "incarnation">;
  /** The least and the most that is taken. */
  readonly least: number;
  readonly most: number;
  /** From a limit to the nearest value beyond it that no other rule forbids. */
  readonly below: number;
  readonly above: number;
  /** What else has to change so that the limit is the field's own. */
  readonly atLeast?: Partial<Plan>;
  readonly atMost?: Partial<Plan>;
}

const BY_ONE = { below: -1, above: 1 };
const BY_WORD = { below: -8, above: 8 };
const { NODES, WINDOW_ENTRIES_MIN, WINDOW_ENTRIES, WINDOW_BYTES, MESSAGE_MIN, MESSAGE } = PlanLimit;
const { INFLIGHT, ADDRESS, DRIFT, TIME } = PlanLimit;
const SMALL = { nodes: 1, addressBytes: 0 };
const LARGE = { windowBytes: WINDOW_BYTES, inflightBytes: WINDOW_BYTES, uncommittedBytes: WINDOW_BYTES };
const LIMITS: readonly Limits[] = [
  { field: "id", least: 1, most: 0xffffffff, ...BY_ONE },
  { field: "nodes", least: 1, most: NODES, ...BY_ONE },
  {
    field: "windowEntries",
    least: WINDOW_ENTRIES_MIN,
    most: WINDOW_ENTRIES,
    below: -WINDOW_ENTRIES_MIN / 2,
    above: WINDOW_ENTRIES,
  },
  { field: "maxMessage", least: MESSAGE_MIN, most: MESSAGE, ...BY_WORD, atLeast: SMALL, atMost: LARGE },
  { field: "windowBytes", least: 2 * ROOMY.maxMessage, most: WINDOW_BYTES, ...BY_WORD, atLeast: SMALL },
  { field: "inflightMessages", least: 1, most: INFLIGHT, ...BY_ONE },
  { field: "inflightBytes", least: ROOMY.maxMessage, most: WINDOW_BYTES, ...BY_ONE },
  { field: "uncommittedBytes", least: ROOMY.maxMessage, most: WINDOW_BYTES, ...BY_ONE },
  { field: "addressBytes", least: 0, most: ADDRESS, ...BY_WORD },
  { field: "electionTimeout", least: 2, most: TIME, ...BY_ONE, atLeast: { heartbeat: 1 } },
  { field: "electionJitter", least: 1, most: TIME, ...BY_ONE },
  { field: "heartbeat", least: 1, most: ROOMY.electionTimeout / 2, ...BY_ONE },
  { field: "keepEntries", least: 0, most: 0xffffffff, ...BY_ONE },
  { field: "leaseDrift", least: 0, most: DRIFT, ...BY_ONE },
  { field: "quiesceRounds", least: 0, most: 0xffffffff, ...BY_ONE },
];

const instance = newInstance();

/** What the core answers for a plan; `raw` sets fields past what the host would. */
function ask(plan: Plan, raw: Values = {}): number {
  const address = instance.allocate(Layout.size);
  writePlan(instance.view, address, plan);
  setFields(instance.bytes.subarray(address, address + Layout.size), Layout, 0, raw);
  const status = instance.exports.planBytes(address);
  instance.release(address, Layout.size);
  return status;
}

describe("a plan", () => {
  it.each(LIMITS)("may have $field from $least to $most", ({ field, least, most, atLeast, atMost }) => {
    expect(ask({ ...ROOMY, ...atLeast, [field]: least })).toBeGreaterThan(0);
    expect(ask({ ...ROOMY, ...atMost, [field]: most })).toBeGreaterThan(0);
  });

  it.each(LIMITS)("is refused with $field beyond its limits, and told so", (limits) => {
    const { field, least, most, atLeast, atMost } = limits;
    const plans = [
      { ...ROOMY, ...atLeast, [field]: least + limits.below },
      { ...ROOMY, ...atMost, [field]: most + limits.above },
    ];
    // Beyond the limits of a word there is nothing to ask the core; but the host may still be asked to explain.
    const words = plans.filter((plan) => plan[field] >= 0 && plan[field] <= 0xffffffff);
    for (const plan of words) expect(ask(plan)).toBe(StatusCode.BAD_PLAN);
    for (const plan of plans) expect(describePlanProblem(plan)).toContain(field);
  });

  it.each(LIMITS)("is refused with $field as large as a word holds", ({ field, most }) => {
    if (most === 0xffffffff) return;
    for (const value of [0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff]) {
      expect(ask({ ...ROOMY, [field]: value })).toBe(StatusCode.BAD_PLAN);
    }
  });

  it.each(["windowBytes", "maxMessage", "addressBytes"] as const)("has %s that is a multiple of 8", (field) => {
    const plan = { ...ROOMY, [field]: ROOMY[field] + 4 };
    expect(ask(plan)).toBe(StatusCode.BAD_PLAN);
    expect(describePlanProblem(plan)).toMatch(new RegExp(`${field}.*multiple of 8`));
  });

  it("has windowEntries that is a power of two", () => {
    const plan = { ...ROOMY, windowEntries: 48 };
    expect(ask(plan)).toBe(StatusCode.BAD_PLAN);
    expect(describePlanProblem(plan)).toMatch(/windowEntries.*power of two/);
  });

  it("names a cluster", () => {
    const plan = { ...ROOMY, cluster: 0n };
    expect(ask(plan)).toBe(StatusCode.BAD_PLAN);
    expect(describePlanProblem(plan)).toContain("cluster");
    expect(ask({ ...ROOMY, cluster: 1n << 63n })).toBeGreaterThan(0);
  });

  it.each(Object.keys(Layout).filter((name) => name.startsWith("reserved")))("has nothing in %s", (name) => {
    for (const value of [1n, 1n << 63n]) expect(ask(ROOMY, { [name]: value })).toBe(StatusCode.BAD_PLAN);
  });

  it("has messages that hold its largest configuration", () => {
    const least = 88 + 16 + 8 + 64 * (8 + 248);
    const plan = { ...ROOMY, nodes: 64, addressBytes: 248, maxMessage: least, windowBytes: 1 << 17 };
    expect(ask({ ...plan, inflightBytes: least, uncommittedBytes: least })).toBeGreaterThan(0);
    const shorter = { ...plan, maxMessage: least - 8 };
    expect(ask(shorter)).toBe(StatusCode.BAD_PLAN);
    expect(describePlanProblem(shorter)).toContain("maxMessage");
  });

  it("that cannot be used is an error that says why", () => {
    const attempt = () => planBytes(instance, { ...ROOMY, nodes: 0 });
    expect(attempt).toThrow(CoreError);
    expect(attempt).toThrow(/nodes is 0/);
  });

  it("of zeroes, as in memory that nobody wrote, is refused", () => {
    expect(instance.exports.planBytes(0)).toBe(StatusCode.BAD_PLAN);
  });
});

describe("an arena", () => {
  const { exports } = instance;
  const bytes = planBytes(instance, PLAN);
  const arena = instance.allocate(bytes + 64);
  const plan = instance.allocate(Layout.size);
  writePlan(instance.view, plan, PLAN);
  const content = () => instance.bytes.slice(arena, arena + bytes + 64);

  it.each([
    ["too short", arena, bytes - 1, StatusCode.BAD_ARENA],
    ["empty", arena, 0, StatusCode.BAD_ARENA],
    ["not aligned", arena + 4, bytes, StatusCode.BAD_ARENA],
    ["nowhere", 0, bytes, StatusCode.BAD_ARENA],
  ])("that is %s is refused and left alone", (_, address, length, status) => {
    instance.bytes.fill(0xa5, arena, arena + bytes + 64);
    const before = content();
    expect(exports.init(address, length, plan)).toBe(status);
    expect(Buffer.compare(before, content())).toBe(0);
  });

  it("is left alone when the plan is refused", () => {
    instance.bytes.fill(0xa5, arena, arena + bytes + 64);
    const before = content();
    expect(exports.init(arena, bytes, arena)).toBe(StatusCode.BAD_PLAN);
    expect(Buffer.compare(before, content())).toBe(0);
  });

  it("is written up to its end and no further, whatever was in it, wherever the plan lies", () => {
    exports.init(arena, bytes, plan);
    const expected = instance.bytes.slice(arena, arena + bytes);
    for (const place of [plan, arena, arena + 8, arena + 200, arena + 1000, arena + bytes - Layout.size]) {
      instance.bytes.fill(0xa5, arena, arena + bytes + 64);
      writePlan(instance.view, place, PLAN);
      expect(exports.init(arena, bytes, place)).toBe(StatusCode.OK);
      expect(Buffer.compare(expected, instance.bytes.subarray(arena, arena + bytes))).toBe(0);
      expect(instance.bytes.subarray(arena + bytes, arena + bytes + 64).every((byte) => byte === 0xa5)).toBe(true);
    }
  });
});
