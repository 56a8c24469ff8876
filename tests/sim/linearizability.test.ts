/**
 * The linearizability checker: histories known to be good and bad, comparison with a brute-force checker on small ones,
 * and generated histories of a simulated register on large ones.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Call,
  fromJsonLines,
  History,
  HistoryError,
  type Operation,
  type Result,
  toJsonLines,
  type Value,
} from "../../sim/checkers/history.js";
import { checkLinearizable, DEFAULT_LIMITS, registerModel } from "../../sim/checkers/linearizability.js";
import { ConfigurationCache } from "../../sim/checkers/linearizability-cache.js";
import { Configuration, type Mark } from "../../sim/checkers/linearizability-configuration.js";
import { NONE, type Step } from "../../sim/checkers/linearizability-problem.js";

const KEY = "k";

const read: Call = { kind: "read" };
const remove: Call = { kind: "delete" };
const write = (argument: string): Call => ({ kind: "write", argument });
const cas = (expected: Value, value: Value): Call => ({ kind: "cas", argument: { expected, value } });

let clients = 0;

function ok(invoked: number, returned: number, call: Call, result: Result = null): Operation {
  clients += 1;
  return { ...call, client: clients, key: KEY, invoked, returned, outcome: "ok", result };
}

function lost(invoked: number, call: Call, outcome: "failed" | "unknown", returned: number | null = null): Operation {
  clients += 1;
  return { ...call, client: clients, key: KEY, invoked, returned, outcome };
}

describe("histories known to be good", () => {
  const good: Record<string, Operation[]> = {
    "an empty one": [],
    "a read of an absent key": [ok(1, 2, read, null)],
    "one client, one operation after the other": [
      ok(1, 2, write("a")),
      ok(3, 4, read, "a"),
      ok(5, 6, cas("a", "b"), true),
      ok(7, 8, cas("a", "c"), false),
      ok(9, 10, read, "b"),
      ok(11, 12, remove),
      ok(13, 14, read, null),
      ok(15, 16, cas(null, "d"), true),
      ok(17, 18, read, "d"),
    ],
    "a read beside a write sees the old value": [ok(1, 2, write("a")), ok(3, 6, write("b")), ok(4, 5, read, "a")],
    "a read beside a write sees the new value": [ok(1, 2, write("a")), ok(3, 6, write("b")), ok(4, 5, read, "b")],
    "writes take effect in another order than they were invoked": [
      ok(1, 6, write("a")),
      ok(2, 5, write("b")),
      ok(7, 8, read, "a"),
    ],
    "two of the same write, one before and one after another": [
      ok(1, 10, write("a")),
      ok(2, 3, write("a")),
      ok(4, 5, write("b")),
      ok(6, 7, read, "b"),
      ok(8, 9, read, "a"),
    ],
    "an unknown write that shows up at once": [lost(1, write("a"), "unknown"), ok(2, 3, read, "a")],
    "an unknown write that shows up later": [
      ok(1, 2, write("a")),
      lost(3, write("b"), "unknown", 4),
      ok(5, 6, read, "a"),
      ok(7, 8, read, "b"),
    ],
    "an unknown write that never shows up": [
      ok(1, 2, write("a")),
      lost(3, write("b"), "unknown", 4),
      ok(5, 6, read, "a"),
    ],
    "an unknown write explains why a cas failed": [
      ok(1, 2, write("a")),
      lost(3, write("b"), "unknown"),
      ok(4, 5, cas("a", "c"), false),
    ],
    "an unknown cas brings what another unknown cas needs": [
      lost(1, cas(null, "a"), "unknown"),
      lost(2, cas("a", "b"), "unknown"),
      ok(3, 4, read, null),
      ok(5, 6, read, "b"),
    ],
    "an urgent read waits for an unknown cas, and that for a write that is still open": [
      lost(1, cas("a", "b"), "unknown"),
      lost(2, cas("c", "b"), "unknown"),
      lost(3, write("c"), "unknown"),
      ok(4, 20, write("a")),
      ok(5, 6, read, "b"),
      ok(7, 8, write("d")),
      ok(9, 10, read, "b"),
    ],
    "an unknown delete between two reads": [
      ok(1, 2, write("a")),
      lost(3, remove, "unknown"),
      ok(4, 5, read, "a"),
      ok(6, 7, read, null),
    ],
    "an unknown read says nothing": [ok(1, 2, write("a")), lost(3, read, "unknown", 4), ok(5, 6, read, "a")],
    "a failed write that does not show up": [
      ok(1, 2, write("a")),
      lost(3, write("b"), "failed", 4),
      ok(5, 6, read, "a"),
    ],
    "a cas that puts what is there already": [
      ok(1, 2, write("a")),
      ok(3, 6, cas("a", "a"), true),
      ok(4, 5, cas("a", "b"), true),
    ],
    "events at the same time overlap": [ok(1, 2, write("a")), ok(2, 3, write("b")), ok(4, 5, read, "a")],
  };
  test.each(Object.entries(good))("%s", (_, history) => {
    expect(checkLinearizable(history).verdict).toBe("linearizable");
  });
});

describe("histories known to be bad", () => {
  const bad: Record<string, Operation[]> = {
    "a stale read": [ok(1, 2, write("a")), ok(3, 4, write("b")), ok(5, 6, read, "a")],
    "a stale read of the state before the first write": [ok(1, 2, write("a")), ok(3, 4, read, null)],
    "a lost update": [ok(1, 2, write("a")), ok(3, 4, cas("a", "b"), true), ok(5, 6, read, "a")],
    "a value that was never written": [ok(1, 2, write("a")), ok(3, 4, read, "b")],
    "a read before the write begins": [ok(1, 2, read, "a"), ok(3, 4, write("a"))],
    "a dirty read of a failed write": [
      ok(1, 2, write("a")),
      lost(3, write("b"), "failed", 6),
      ok(4, 5, read, "b"),
      ok(7, 8, read, "a"),
    ],
    "a failed write that shows up": [lost(1, write("a"), "failed", 2), ok(3, 4, read, "a")],
    "a cas that takes place twice": [
      ok(1, 2, write("a")),
      ok(3, 6, cas("a", "b"), true),
      ok(4, 5, cas("a", "c"), true),
    ],
    "a cas applied a second time, later": [
      ok(1, 2, write("a")),
      ok(3, 4, cas("a", "b"), true),
      ok(5, 6, write("a")),
      ok(7, 8, read, "a"),
      ok(9, 10, read, "b"),
    ],
    "a cas that should have failed": [ok(1, 2, write("a")), ok(3, 4, cas("b", "c"), true)],
    "a cas that should have taken place": [ok(1, 2, write("a")), ok(3, 4, cas("a", "c"), false)],
    "two clients that both create a key": [ok(1, 4, cas(null, "a"), true), ok(2, 3, cas(null, "b"), true)],
    "reads that go back while both writes are under way": [
      ok(1, 20, write("a")),
      ok(2, 19, write("b")),
      ok(3, 4, read, "a"),
      ok(5, 6, read, "b"),
      ok(7, 8, read, "a"),
    ],
    "two readers that see two writes in different orders": [
      ok(1, 2, write("a")),
      ok(3, 4, write("b")),
      ok(5, 6, read, "b"),
      ok(5, 7, read, "a"),
    ],
    "an unknown write that shows up and then vanishes": [
      ok(1, 2, write("a")),
      lost(3, write("b"), "unknown", 4),
      ok(5, 6, read, "b"),
      ok(7, 8, read, "a"),
    ],
    "an unknown write that shows up before it begins": [
      ok(1, 2, read, "a"),
      lost(3, write("a"), "unknown"),
      ok(4, 5, read, "a"),
    ],
    "an unknown cas that shows up where its condition never held": [
      ok(1, 2, write("a")),
      lost(3, cas("z", "b"), "unknown"),
      ok(4, 5, read, "b"),
    ],
    "one unknown write of a value cannot be seen on both sides of another": [
      lost(1, write("b"), "unknown"),
      ok(2, 3, read, "b"),
      ok(4, 5, write("a")),
      ok(6, 7, read, "b"),
    ],
    "a deleted key that comes back": [ok(1, 2, write("a")), ok(3, 4, remove), ok(5, 6, read, "a")],
  };
  test.each(Object.entries(bad))("%s", (_, history) => {
    expect(checkLinearizable(history).verdict).toBe("not linearizable");
  });
});

describe("what is reported", () => {
  test("keys are judged apart, and the bad one is named", () => {
    const other = { ...ok(5, 6, read, "b"), key: "other" };
    const result = checkLinearizable([ok(1, 2, write("a")), ok(3, 4, read, "a"), other]);
    expect(result).toMatchObject({ verdict: "not linearizable", keys: 2, operations: 3 });
    expect(result.verdict === "not linearizable" && result.explanation.key).toBe("other");
  });

  test("the first answer that nothing explains, and a longest order before it", () => {
    const culprit = ok(9, 12, read, "a");
    const history = [
      ok(1, 2, write("a")),
      ok(3, 4, read, "a"),
      ok(5, 6, write("b")),
      ok(7, 8, read, "b"),
      culprit,
      ok(10, 30, write("c")),
      ok(13, 14, read, "a"),
    ];
    const result = checkLinearizable(history);
    if (result.verdict !== "not linearizable") throw new Error(result.verdict);
    const { explanation } = result;
    expect(explanation.culprit).toBe(culprit);
    expect(explanation.prefix).toEqual(history.slice(0, 4));
    expect(explanation.value).toBe("b");
    expect(explanation.blocked).toEqual([culprit, history[5]]);
    expect(explanation.text).toContain(`no order explains [9, 12] client ${culprit.client}: read -> "a"`);
    expect(explanation.text).toContain(`the value is "b"`);
  });

  test("a value from nowhere, and one from a failed write, are called so", () => {
    const text = (history: Operation[]) => {
      const result = checkLinearizable(history);
      return result.verdict === "not linearizable" ? result.explanation.text : result.verdict;
    };
    expect(text([ok(1, 2, read, "x")])).toContain(`no operation ever set the value "x"`);
    expect(text([lost(1, write("x"), "failed", 2), ok(3, 4, read, "x")])).toContain(
      "only set by operations that failed",
    );
  });

  test("a long explanation is cut", () => {
    const history = Array.from({ length: 50 }, (_, index) => ok(2 * index + 1, 2 * index + 2, write(`v${index}`)));
    const open = Array.from({ length: 50 }, (_, index) => ok(101 + index, 300 + index, write(`w${index}`)));
    const result = checkLinearizable([...history, ...open, ok(200, 201, read, "v0")]);
    const text = result.verdict === "not linearizable" ? result.explanation.text : "";
    expect(text).toContain("... 38 earlier ones ...");
    expect(text).toContain("... and 31 more ...");
  });

  test("a search that meets a bound is undecided, and says which bound", () => {
    const history = simulate({ seed: 5, clients: 16, operations: 500, keys: 1, values: 4 });
    const few = checkLinearizable(history, registerModel, { ...DEFAULT_LIMITS, maxSteps: 100 });
    expect(few).toMatchObject({ verdict: "unknown", undecided: [{ key: "k0", operations: 500, limit: "steps" }] });
    const small = checkLinearizable(history, registerModel, { ...DEFAULT_LIMITS, maxCacheBytes: 1000 });
    expect(small).toMatchObject({ verdict: "unknown", undecided: [{ limit: "memory" }] });
    expect(checkLinearizable(history).verdict).toBe("linearizable");
  });

  test("an undecided key does not hide a bad one", () => {
    const history = simulate({ seed: 5, clients: 16, operations: 500, keys: 1, values: 4 });
    const bad = { ...ok(1, 2, read, "never"), key: "bad" };
    const limits = { ...DEFAULT_LIMITS, maxSteps: 100 };
    expect(checkLinearizable([...history, bad], registerModel, limits).verdict).toBe("not linearizable");
  });

  test("another model: a register that starts with a value", () => {
    const model = { ...registerModel, initial: "zero" };
    expect(checkLinearizable([ok(1, 2, read, "zero")], model).verdict).toBe("linearizable");
    expect(checkLinearizable([ok(1, 2, read, null)], model).verdict).toBe("not linearizable");
  });

  test("an operation that contradicts itself is refused", () => {
    expect(() => checkLinearizable([ok(2, 1, read, null)])).toThrow(HistoryError);
    expect(() => checkLinearizable([ok(1, Number.NaN, read, null)])).toThrow(HistoryError);
    expect(() => checkLinearizable([ok(1, 2, read, true)])).toThrow(/cannot have the result true/);
    expect(() => checkLinearizable([ok(1, 2, cas(null, "a"), "a")])).toThrow(HistoryError);
    expect(() => checkLinearizable([ok(1, 2, write("a"), true)])).toThrow(HistoryError);
  });
});

/** Tries every order of every choice of unknown operations, by the definition; at most 30 operations. What it has tried
 * from the same operations left and the same state it does not try again. */
function bruteForce(operations: readonly Operation[]): boolean {
  const took = operations.filter((operation) => operation.outcome !== "failed");
  const tried = new Set<string>();
  const extend = (done: number, state: Value): boolean => {
    const left = took.filter((_, index) => ((done >>> index) & 1) === 0);
    const returns = left.map((operation) => (operation.outcome === "ok" ? operation.returned : Infinity));
    const end = Math.min(...returns);
    if (end === Infinity) return true;
    const here = JSON.stringify([done, state]);
    if (tried.has(here)) return false;
    tried.add(here);
    return took.some((operation, index) => {
      if (!left.includes(operation) || operation.invoked > end) return false;
      const next = apply(operation, state);
      const explained = operation.outcome !== "ok" || operation.result === next.result;
      return explained && extend(done | (1 << index), next.state);
    });
  };
  return extend(0, null);
}

function apply(call: Call, state: Value): { state: Value; result: Result } {
  switch (call.kind) {
    case "read":
      return { state, result: state };
    case "write":
      return { state: call.argument, result: null };
    case "delete":
      return { state: null, result: null };
    case "cas": {
      const swaps = call.argument.expected === state;
      return { state: swaps ? call.argument.value : state, result: swaps };
    }
  }
}

describe("the brute-force checker agrees", () => {
  const value = fc.constantFrom("a", "b", "c");
  const optional = fc.option(value);
  const call: fc.Arbitrary<Call> = fc.oneof(
    { weight: 3, arbitrary: fc.constant(read) },
    { weight: 3, arbitrary: value.map(write) },
    { weight: 1, arbitrary: fc.constant(remove) },
    { weight: 2, arbitrary: fc.tuple(optional, optional).map(([expected, next]) => cas(expected, next)) },
  );
  const outcome = fc.oneof(
    { weight: 8, arbitrary: fc.constant("ok" as const) },
    { weight: 3, arbitrary: fc.constant("unknown" as const) },
    { weight: 1, arbitrary: fc.constant("failed" as const) },
  );

  /** Operations at random times with random results: more often bad than good. */
  const arbitraryHistory = fc.integer({ min: 1, max: 6 }).chain((count) => {
    const times = Array.from({ length: 2 * count }, (_, time) => time);
    const operation = fc.record({ call, outcome, seen: optional, swapped: fc.boolean() });
    return fc
      .tuple(
        fc.array(operation, { minLength: count, maxLength: count }),
        fc.shuffledSubarray(times, { minLength: times.length }),
      )
      .map(([operations, order]) =>
        operations.map((entry, index) => {
          const [invoked = 0, returned = 0] = order.slice(2 * index, 2 * index + 2).sort((a, b) => a - b);
          if (entry.outcome !== "ok") return lost(invoked, entry.call, entry.outcome, returned);
          const { kind } = entry.call;
          return ok(
            invoked,
            returned,
            entry.call,
            kind === "read" ? entry.seen : kind === "cas" ? entry.swapped : null,
          );
        }),
      );
  });

  /** Histories of a register, with some answers changed: about as often good as bad. */
  const simulatedHistory = fc
    .record({
      seed: fc.nat(),
      clients: fc.integer({ min: 2, max: 6 }),
      operations: fc.integer({ min: 2, max: 13 }),
      values: fc.integer({ min: 1, max: 6 }),
      unknown: fc.constantFrom(0, 0.1, 0.25, 0.4),
      failed: fc.constantFrom(0, 0.1),
      changed: fc.array(fc.tuple(fc.nat(), fc.constantFrom(null, "v0", "v1", "v2")), { maxLength: 2 }),
    })
    .map(({ changed, ...shape }) => {
      const history = simulate({ ...shape, keys: 1 });
      for (const [choice, seen] of changed) {
        const index = choice % history.length;
        const operation = history[index];
        if (operation?.outcome !== "ok") continue;
        if (operation.kind === "read") history[index] = { ...operation, result: seen };
        if (operation.kind === "cas") history[index] = { ...operation, result: !operation.result };
      }
      return history;
    });

  const agrees = (history: Operation[]) => {
    expect(checkLinearizable(history).verdict).toBe(bruteForce(history) ? "linearizable" : "not linearizable");
  };

  test("on operations with arbitrary answers", () => {
    fc.assert(fc.property(arbitraryHistory, agrees), { numRuns: 3000, seed: 1 });
  });

  test("on histories of a register with answers changed", () => {
    fc.assert(fc.property(simulatedHistory, agrees), { numRuns: 10_000, seed: 2 });
  });

  test("the explanation's culprit is the first answer that makes the history bad", () => {
    const known = (history: readonly Operation[], until: number): Operation[] =>
      history
        .filter((operation) => operation.invoked <= until)
        .map((operation) =>
          operation.outcome === "ok" && operation.returned > until
            ? { ...operation, outcome: "unknown", returned: null }
            : operation,
        );
    const explains = (history: Operation[]) => {
      const result = checkLinearizable(history);
      if (result.verdict !== "not linearizable") return;
      const { culprit, prefix } = result.explanation;
      const at = culprit.returned ?? 0;
      expect(bruteForce(known(history, at))).toBe(false);
      expect(bruteForce(known(history, at - 1))).toBe(true);
      const answered = history.filter((operation) => operation.outcome === "ok" && operation.returned < at);
      expect(prefix).toEqual(expect.arrayContaining(answered));
    };
    fc.assert(fc.property(fc.oneof(arbitraryHistory, simulatedHistory), explains), { numRuns: 2000, seed: 3 });
  });
});

interface Shape {
  seed: number;
  clients: number;
  operations: number;
  keys: number;
  /** How many different values are written; without it every write has its own. */
  values?: number;
  /** Probability that an operation's outcome is unknown, or that it fails. */
  unknown?: number;
  failed?: number;
}

/** A history of linearizable registers: at random, a client begins an operation, or one that is open takes effect, or
 * one that took effect returns. Unknown operations may take effect long after. */
function simulate({ seed, clients: count, operations, keys, values, unknown = 0, failed = 0 }: Shape): Operation[] {
  const random = generator(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const history = new History();
  const states = new Map<string, Value>();
  const idle = Array.from({ length: count }, (_, client) => client);
  const open: { client: number; call: Call & { key: string }; handle: number; result?: Result }[] = [];
  const abandoned: (Call & { key: string })[] = [];
  let written = 0;

  const freshValue = () => {
    written += 1;
    return `v${values === undefined ? written : below(values)}`;
  };
  const nextCall = (key: string): Call => {
    const present = states.get(key) ?? null;
    const kind = random();
    if (kind < 0.45) return read;
    if (kind < 0.75) return write(freshValue());
    if (kind < 0.8) return remove;
    return cas(random() < 0.8 ? present : freshValue(), freshValue());
  };
  const takeEffect = (call: Call & { key: string }): Result => {
    const { state, result } = apply(call, states.get(call.key) ?? null);
    states.set(call.key, state);
    return result;
  };

  for (let begun = 0; begun < operations || open.length > 0; ) {
    if (abandoned.length > 0 && random() < 0.1) takeEffect(abandoned.splice(below(abandoned.length), 1)[0] ?? fail());
    if (begun < operations && idle.length > 0 && random() < 0.5) {
      const client = idle.splice(below(idle.length), 1)[0] ?? fail();
      const key = `k${below(keys)}`;
      const call = { ...nextCall(key), key };
      open.push({ client, call, handle: history.begin(client, call) });
      begun += 1;
      continue;
    }
    if (open.length === 0) continue;
    const operation = pick(open);
    const chance = random();
    const undone = operation.result === undefined;
    if (chance < unknown) {
      history.unknown(operation.handle);
      if (undone) abandoned.push(operation.call);
    } else if (undone && chance < unknown + failed) {
      history.failed(operation.handle);
    } else if (undone) {
      operation.result = takeEffect(operation.call);
      continue;
    } else {
      history.ok(operation.handle, operation.result);
    }
    open.splice(open.indexOf(operation), 1);
    idle.push(operation.client);
  }
  return [...history.operations];
}

function fail(): never {
  throw new Error("the list cannot be empty here");
}

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("histories of a simulated register", () => {
  const shapes: Record<string, Shape> = {
    "16 clients, 12,000 keys": { seed: 11, clients: 16, operations: 60_000, keys: 12_000, unknown: 0.02, failed: 0.02 },
    "16 clients, 3 hot keys": { seed: 12, clients: 16, operations: 9_000, keys: 3, unknown: 0.02, failed: 0.02 },
    "16 clients, 1 hot key, few values": {
      seed: 13,
      clients: 16,
      operations: 3_000,
      keys: 1,
      values: 5,
      unknown: 0.02,
    },
    "40 clients, 1 hot key": { seed: 14, clients: 40, operations: 3_000, keys: 1, unknown: 0.01, failed: 0.01 },
  };

  test.each(Object.entries(shapes))("%s: good", (_, shape) => {
    const history = simulate(shape);
    expect(checkLinearizable(history)).toMatchObject({ verdict: "linearizable", operations: shape.operations });
  });

  /** Changes the result of a read late in the history. */
  function withRead(history: Operation[], result: (seen: Value, key: string) => Value | undefined): Operation[] {
    for (let index = Math.floor(history.length * 0.9); index < history.length; index += 1) {
      const operation = history[index];
      if (operation?.kind !== "read" || operation.outcome !== "ok") continue;
      const changed = result(operation.result as Value, operation.key);
      if (changed === undefined) continue;
      history[index] = { ...operation, result: changed };
      return history;
    }
    throw new Error("no read to change");
  }

  test.each(Object.entries(shapes))("%s: a read of a value nobody wrote", (_, shape) => {
    const history = withRead(simulate(shape), () => "from nowhere");
    expect(checkLinearizable(history).verdict).toBe("not linearizable");
  });

  test.each(["16 clients, 3 hot keys", "40 clients, 1 hot key"])("%s: a read of a value long overwritten", (name) => {
    const shape = shapes[name] ?? fail();
    const history = simulate(shape);
    const early = history.slice(0, history.length / 2);
    const stale = (key: string) =>
      early.findLast((entry) => entry.key === key && entry.kind === "read" && seesValue(entry));
    const changed = withRead(history, (_, key) =>
      stale(key)?.outcome === "ok" ? (stale(key) as { result: Value }).result : undefined,
    );
    expect(checkLinearizable(changed).verdict).toBe("not linearizable");
  });

  function seesValue(operation: Operation): boolean {
    return operation.outcome === "ok" && typeof operation.result === "string";
  }
});

describe("the parts of the search", () => {
  test("a visited configuration covers itself and those that have spent more, and no other", () => {
    const cache = new ConfigurationCache(2, 1, 1 << 20);
    const add = (...words: number[]) => cache.add(Int32Array.from(words));
    expect(add(1, 2, 0b011)).toBe(true);
    expect(add(1, 2, 0b011)).toBe(false);
    expect(add(1, 2, 0b111)).toBe(false);
    expect(add(1, 2, 0b001)).toBe(true);
    expect(add(1, 2, 0b110)).toBe(true);
    expect(add(2, 1, 0b011)).toBe(true);
    expect(add(1, 3, 0b111)).toBe(true);
  });

  test("the cache remembers everything while it grows, until it is full", () => {
    const cache = new ConfigurationCache(1, 1, 1 << 16);
    let added = 0;
    while (cache.add(Int32Array.of(added, 0)) === true) added += 1;
    expect(added).toBeGreaterThan(1000);
    expect(added * 8).toBeLessThan(1 << 16);
    expect(cache.add(Int32Array.of(added, 0))).toBe("full");
  });

  test("a configuration records what was spent, and returns to where it was", () => {
    const step = (invoked: number, deadline: number, requires: number, sets: number): Step => {
      return { operation: ok(invoked, invoked, remove), invoked, deadline, requires, differs: NONE, sets };
    };
    const at = new Configuration({
      initial: 1,
      values: 4,
      certain: [step(1, 10, NONE, 2), step(3, 12, 2, NONE), step(5, 14, NONE, 3), step(11, 16, NONE, 1)],
      possible: [step(4, Infinity, NONE, 2), step(2, Infinity, NONE, 2), step(6, Infinity, 2, 3)],
    });
    const seen: { mark: Mark; record: number[]; open: number[] }[] = [];
    const look = () => {
      const open: number[] = [];
      at.observe(open);
      seen.push({ mark: at.mark(), record: [...at.record()], open });
      return { open, state: at.state, bare: at.bare, spent: at.record()[at.exactWords] };
    };
    expect(look()).toEqual({ open: [0, 1, 2], state: 1, bare: false, spent: 0b0000 });
    at.takePossible(0);
    expect(at.order()[0]?.invoked).toBe(2);
    // The step that requires the value takes effect at once: the possible one was of use.
    expect(look()).toEqual({ open: [0, 2], state: 2, bare: false, spent: 0b0010 });
    at.takePossible(0);
    expect(look()).toEqual({ open: [0, 2], state: 2, bare: true, spent: 0b0111 });
    at.takePossible(1);
    expect(look()).toEqual({ open: [0, 2], state: 3, bare: true, spent: 0b1111 });
    at.take(0);
    expect(look()).toEqual({ open: [2, 3], state: 2, bare: false, spent: 0b1110 });
    at.take(2);
    at.take(3);
    expect(at.remaining).toBe(0);
    for (const { mark, record, open } of seen.reverse()) {
      at.rewind(mark);
      expect([...at.record()]).toEqual(record);
      const again: number[] = [];
      at.observe(again);
      expect(again).toEqual(open);
    }
  });
});

describe("the recorder", () => {
  test("numbers the events in the order in which they happen", () => {
    const history = new History();
    const first = history.begin(1, { ...write("a"), key: "x" });
    const second = history.begin(2, { ...read, key: "x" });
    const third = history.begin(3, { ...cas(null, "b"), key: "y" });
    const fourth = history.begin(4, { ...remove, key: "y" });
    history.begin(5, { ...read, key: "z" });
    history.ok(second, "a");
    history.ok(first);
    history.unknown(third);
    history.failed(fourth);
    expect(history.operations).toEqual([
      { client: 1, key: "x", kind: "write", argument: "a", invoked: 1, returned: 7, outcome: "ok", result: null },
      { client: 2, key: "x", kind: "read", invoked: 2, returned: 6, outcome: "ok", result: "a" },
      {
        client: 3,
        key: "y",
        kind: "cas",
        argument: { expected: null, value: "b" },
        invoked: 3,
        returned: 8,
        outcome: "unknown",
      },
      { client: 4, key: "y", kind: "delete", invoked: 4, returned: 9, outcome: "failed" },
      { client: 5, key: "z", kind: "read", invoked: 5, returned: null, outcome: "unknown" },
    ]);
  });

  test("an operation ends once, and with a result of its kind", () => {
    const history = new History();
    const handle = history.begin(1, { ...read, key: "x" });
    expect(() => history.ok(handle, true)).toThrow(HistoryError);
    const other = history.begin(1, { ...read, key: "x" });
    history.ok(other, null);
    expect(() => history.unknown(other)).toThrow(/not open/);
    expect(() => history.failed(99)).toThrow(/not open/);
  });

  test("JSON lines hold all of it", () => {
    const history = simulate({ seed: 1, clients: 4, operations: 200, keys: 3, unknown: 0.1, failed: 0.1 });
    const text = toJsonLines(history);
    expect(text.split("\n")).toHaveLength(201);
    expect(fromJsonLines(text)).toEqual(history);
    expect(fromJsonLines(`\n${text}\n`)).toEqual(history);
  });

  test.each([
    ["not JSON", "{"],
    ["not an operation", "[]"],
    ["an unknown kind", `{"client":1,"key":"k","kind":"swap","invoked":1,"returned":2,"outcome":"ok","result":null}`],
    ["no argument", `{"client":1,"key":"k","kind":"write","invoked":1,"returned":2,"outcome":"ok","result":null}`],
    ["no return", `{"client":1,"key":"k","kind":"read","invoked":1,"returned":null,"outcome":"ok","result":null}`],
    ["a wrong result", `{"client":1,"key":"k","kind":"read","invoked":1,"returned":2,"outcome":"ok","result":true}`],
  ])("a damaged line is named: %s", (_, line) => {
    const good = toJsonLines([ok(1, 2, read, null)]);
    expect(() => fromJsonLines(good + line)).toThrow(HistoryError);
    expect(() => fromJsonLines(good + line)).toThrow(/^line 2 of the history/);
  });
});
