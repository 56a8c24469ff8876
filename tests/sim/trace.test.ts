/** Traces: what was recorded happens again, and what breaks a rule shrinks to something that a person can read. */

import { describe, expect, it } from "vitest";
import { MessageKind } from "../../host/core/abi.js";
import { runSimulation } from "../../sim/core-world/run.js";
import { formatTrace, parseTrace, recordRun, replayTrace, shrinkTrace, TraceError } from "../../sim/trace/index.js";
import { rerecord } from "../../sim/trace/record.js";
import { V8Core } from "../../sim/v8-core.js";
import { FalsifiedCore, type Falsify, withoutBarrier } from "./falsified-core.js";

/** Longest trace that a person reads with pleasure. */
const READABLE = 40;

describe("a trace", () => {
  it.each([1, 2, 3, 4, 5, 6])("of seed %i is replayed to the same digest, and recording changes nothing", (seed) => {
    const options = { seed, nodes: 2 + seed, steps: 6000, liveness: seed % 2 === 0 };
    const { result, trace } = recordRun(options);
    const { wallMs: _, ...plain } = runSimulation(options);
    expect(result).toMatchObject(plain);
    const read = parseTrace(formatTrace(trace), "trace");
    expect(read).toEqual(trace);
    const replayed = replayTrace(read, new V8Core());
    expect(replayed).toMatchObject({ digest: result.digest, steps: result.steps, skipped: 0 });
    expect(replayed.verdict).toMatchObject({ rule: result.rule, recovery: result.recovery });
  });

  it("from which steps were removed goes on; an exact one says which line does not apply", () => {
    const { trace } = recordRun({ seed: 5, nodes: 3, steps: 3000 });
    const steps = trace.steps.filter((_, i) => i % 10 !== 9);
    expect(() => replayTrace({ ...trace, steps }, new V8Core())).toThrow(/^line \d+ does not apply \(\{"do":/);
    const { skipped, verdict } = replayTrace({ ...trace, steps, exact: false }, new V8Core());
    expect(skipped).toBeGreaterThan(0);
    expect(verdict.rule).toBeNull();
  });

  it("that is damaged is refused with the line and the field", () => {
    const { trace } = recordRun({ seed: 5, nodes: 3, steps: 10 });
    const text = formatTrace(trace);
    const lines = text.trimEnd().split("\n");
    const damaged = (line: number, damage: (text: string) => string) =>
      lines.map((one, i) => (i === line ? damage(one) : one)).join("\n");
    expect(() => parseTrace("", "t")).toThrow(TraceError);
    expect(() =>
      parseTrace(
        damaged(3, () => "{"),
        "t",
      ),
    ).toThrow("t, line 4: this is no JSON: {");
    expect(() =>
      parseTrace(
        damaged(3, () => '{"do":"JUMP"}'),
        "t",
      ),
    ).toThrow("t, line 4: do: ");
    expect(() =>
      parseTrace(
        damaged(0, (one) => one.replace('"seed":5', '"seed":-5')),
        "t",
      ),
    ).toThrow("settings.seed");
    expect(() =>
      parseTrace(
        damaged(0, (one) => one.replace('"metalraftTrace":1', '"metalraftTrace":9')),
        "t",
      ),
    ).toThrow("t, line 1 (the header): metalraftTrace");
  });
});

const FALSIFIED: readonly (readonly [string, string, Falsify])[] = [
  ["a vote without a barrier", "durable before sent", withoutBarrier(MessageKind.VOTE_REPLY)],
  ["an acknowledgement without a barrier", "durable before sent", withoutBarrier(MessageKind.APPEND_REPLY)],
  ["a truncation that is left out", "append order", () => ({ truncate: () => 0 })],
  [
    "an entry that is applied twice",
    "apply order",
    (effects) => ({ apply: (...args) => effects.apply(...args) + effects.apply(...args) }),
  ],
  [
    "a refused read that is answered",
    "linearizable reads",
    (effects) => ({ reads: (ticket, index) => effects.reads(ticket, index, true) }),
  ],
];

describe("shrinking", () => {
  it.each(FALSIFIED)("%s leaves what a person can read", (_, rule, falsify) => {
    const core = new FalsifiedCore(falsify);
    const { trace } = recordRun({ seed: 7, nodes: 3, steps: 50_000, core, membership: "voters" });
    expect(trace.rule).toBe(rule);
    const shrunk = shrinkTrace(trace, core);
    expect(shrunk.trace.rule).toBe(rule);
    expect(shrunk.isMinimal).toBe(true);
    expect(shrunk.trace.steps.length).toBeLessThan(Math.min(READABLE, trace.steps.length));
    expect(replayTrace(shrunk.trace, core).verdict.rule).toBe(rule);
    expect(replayTrace({ ...shrunk.trace, exact: false }, new V8Core()).verdict.rule).toBeNull();
  });

  it("says only of what was tried that no single step can be left out", () => {
    const core = new FalsifiedCore(withoutBarrier(MessageKind.APPEND_REPLY));
    // Where the last that it could do was to make a step simpler, and another one needless.
    const { trace } = recordRun({ seed: 2, nodes: 3, steps: 50_000, core, membership: "voters" });
    const shrunk = shrinkTrace(trace, core);
    expect(shrunk.isMinimal).toBe(true);
    const { steps } = shrunk.trace;
    const needless = steps.filter((left) => {
      const one = rerecord({ ...shrunk.trace, steps: steps.filter((step) => step !== left) }, core).trace;
      return one.rule === trace.rule && one.steps.length < steps.length;
    });
    expect(needless).toEqual([]);
  });

  it("a trace that breaks nothing is refused", () => {
    const { trace } = recordRun({ seed: 7, nodes: 3, steps: 100 });
    expect(() => shrinkTrace(trace, new V8Core())).toThrow(TraceError);
  });
});
