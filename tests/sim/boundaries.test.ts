/** Deaths between two effects of a flush: at random, and at every boundary there is. */

import { describe, expect, it } from "vitest";
import { shippedCore } from "../../host/core/module.js";
import type { CoreUnderTest, NodeUnderTest } from "../../sim/core-under-test.js";
import {
  type BoundaryFailure,
  type BoundaryOptions,
  type BoundaryReport,
  tryBoundaries,
} from "../../sim/core-world/boundaries.js";
import { EFFECT_KINDS, type EffectKind } from "../../sim/core-world/effect-gate.js";
import { type Fault, USUAL_FAULTS, WEIGHTS } from "../../sim/core-world/faults.js";
import { runSimulation } from "../../sim/core-world/run.js";
import { openRun, settle } from "../../sim/core-world/settings.js";
import { formatTrace, parseTrace, recordRun, replayTrace } from "../../sim/trace/index.js";
import { Replay } from "../../sim/trace/replay.js";
import { V8Core } from "../../sim/v8-core.js";
import { choose, SHORT_RUNS } from "./boundary-runs.js";
import { compileNamed } from "./check-mutants.js";

/** For a test that compiles a core, in ms: a bound on hanging. */
const COMPILING = 120_000;

/** No node crashes, and no storage fails, but at the boundaries that are tried. */
const WITHOUT_CRASHES: readonly Fault[] = USUAL_FAULTS.filter((fault) => fault !== "crash" && fault !== "storage");
/** Elections are contested all the time. */
const CONTESTED = { ...WEIGHTS, deliver: 600, timer: 300, time: 60, propose: 20, query: 1, unreachable: 1, giveUp: 1 };
/** Seeds of which one comes to a second vote soon; the first of them does with the core as it is. */
const CONTESTED_SEEDS = [7, ...Array.from({ length: 40 }, (_, i) => 100 + i)];

/** A core whose nodes have forgotten for whom they voted when they start. */
class ForgetfulCore extends V8Core {
  override create(...args: Parameters<CoreUnderTest["create"]>): NodeUnderTest {
    const node = super.create(...args);
    const restore = node.restoreHardState.bind(node);
    node.restoreHardState = (term) => restore(term, 0);
    return node;
  }
}

/** The first boundary at which a core breaks a rule; no run of its own may. */
function findBroken(options: BoundaryOptions, core: CoreUnderTest): BoundaryFailure | undefined {
  const [failure] = tryBoundaries({ ...options, core, mostFailures: 1 }).failures;
  expect(failure?.node).not.toBe(0);
  if (failure === undefined) return undefined;
  const again = replayTrace(parseTrace(formatTrace(failure.trace), "trace"), core);
  expect([again.verdict.rule, again.digest]).toEqual([failure.rule, failure.trace.digest]);
  return failure;
}

/** What a run lets out before faults stop, by kind, counted without dying anywhere. */
function effectsOf(options: BoundaryOptions): Record<EffectKind, number> {
  const { trace } = recordRun({ ...options, liveness: true });
  const { steps, ...header } = trace;
  const replay = new Replay(header, new V8Core());
  const { nodes } = replay.world;
  const passed = (kind: EffectKind) => nodes.reduce((sum, { gate }) => sum + gate.passed[kind], 0);
  const before = EFFECT_KINDS.map(passed);
  for (const step of steps) replay.take(step);
  const counts = EFFECT_KINDS.map((kind, i) => [kind, passed(kind) - (before[i] ?? 0)]);
  replay.world.close();
  return Object.fromEntries(counts);
}

describe("at every boundary between two effects", () => {
  /** Deaths right behind an effect of a kind, of all runs. As no flush and no boundary is left out, there are as many right
   * before one. */
  const deaths = new Map<string, number>();

  it.each(SHORT_RUNS.map((run) => [run.about, run] as const))("of a run with %s the cluster recovers", (_, run) => {
    const options = choose(run);
    const { behind, boundaries, failures, flushes, seed } = tryBoundaries(options);
    expect(failures, `seed ${seed}`).toEqual([]);
    expect(behind).toEqual({ ...effectsOf(options), none: flushes });
    expect(Object.values(behind).reduce((all, count) => all + count, 0)).toBe(boundaries);
    for (const [kind, count] of Object.entries(behind)) deaths.set(kind, (deaths.get(kind) ?? 0) + count);
  });

  it("of all kinds of effects that the core has", () => {
    const imports = WebAssembly.Module.imports(shippedCore().module);
    expect(imports.map(({ name }) => name).sort()).toEqual([...EFFECT_KINDS].sort());
    expect(["none", ...EFFECT_KINDS].filter((kind) => (deaths.get(kind) ?? 0) === 0)).toEqual([]);
  });

  it("of some flushes only, and of the first with each kind of effects, where that is asked for", () => {
    const all = tryBoundaries({ seed: 4, nodes: 3, steps: 120 });
    const some = tryBoundaries({ seed: 4, nodes: 3, steps: 120, every: 1000 });
    expect([all.failures, some.failures]).toEqual([[], []]);
    expect(all.flushes).toBeGreaterThan(some.flushes);
    const kindsOf = ({ behind }: BoundaryReport) => EFFECT_KINDS.filter((kind) => behind[kind] > 0);
    expect(kindsOf(some)).toEqual(kindsOf(all));
  });
});

describe("a bug that a crash shows is found", () => {
  it("a vote that is forgotten over a restart", () => {
    const core = new ForgetfulCore();
    const faults = WITHOUT_CRASHES.filter((fault) => fault !== "membership" && fault !== "snapshot");
    const options = { nodes: 5, steps: 100, faults, weights: CONTESTED, membership: "voters" as const };
    const rule = () => {
      for (const seed of CONTESTED_SEEDS) {
        const failure = findBroken({ ...options, seed }, core);
        if (failure !== undefined) return failure.rule;
      }
      return null;
    };
    expect(rule()).toBe("one vote a term");
  });

  it.each([
    ["truncation-not-stored", "append order"],
    ["term-saved-only-with-a-vote", "durable before sent"],
  ])(
    "%s",
    async (name, rule) => {
      const core = new V8Core(await compileNamed(name));
      const faults = WITHOUT_CRASHES.filter((fault) => fault !== "read" && fault !== "unreachable");
      const options = { seed: 301, nodes: 3, steps: 600, sessions: true, every: 6, faults };
      expect(findBroken(options, core)?.rule).toBe(rule);
    },
    COMPILING,
  );
});

describe("the fault", () => {
  it("lets nodes die between effects of random runs, which are replayed to the same digest", () => {
    let deaths = 0;
    for (let seed = 1; seed <= 4; seed++) {
      const faults: readonly Fault[] = [...USUAL_FAULTS, "boundary"];
      const { result, trace } = recordRun({ seed, nodes: 1 + seed, steps: 3000, faults, liveness: true });
      expect(result.rule).toBeNull();
      expect(result.actions.boundary).toBeGreaterThan(0);
      deaths += result.probes["deaths"] ?? 0;
      const replayed = replayTrace(parseTrace(formatTrace(trace), "trace"), new V8Core());
      expect(replayed).toMatchObject({ digest: result.digest, steps: result.steps, skipped: 0 });
    }
    expect(deaths).toBeGreaterThan(20);
  });

  it("changes nothing in a run that does not have it", () => {
    const options = { seed: 6, nodes: 3, steps: 3000, faults: USUAL_FAULTS };
    const heavier = { ...WEIGHTS, boundary: 500, session: 500 };
    expect(runSimulation({ ...options, weights: heavier }).digest).toBe(runSimulation(options).digest);
  });

  it("lets through what comes before the death, and nothing behind it", () => {
    const { random, settings } = settle({ seed: 1, nodes: 1, steps: 1, faults: [], membership: "voters" });
    const { world } = openRun(settings, new V8Core(), random);
    const node = world.node(1);
    const before = { ...node.gate.passed };
    world.dieAfter(node, 1);
    world.fire(node, 0);
    expect(node.isUp).toBe(false);
    expect(node.gate.last).toBe("hardState");
    expect(node.gate.passed).toEqual({ ...before, hardState: before.hardState + 1 });
    expect([node.disk.term, node.disk.vote, node.disk.durable.last]).toEqual([1, 1, 0]);
    world.restart(node);
    expect(node.core.state.term).toBe(1);
    world.close();
  });
});
