/**
 * Crashes at every boundary between two effects, one after the other. A short run is recorded; then for every step of it in
 * which a node lets effects out, and for each number of them, the run is taken again up to that step, the node dies behind
 * that many effects, faults stop, and the cluster has to recover. Every rule is judged all the time.
 *
 * A random crash comes between two flushes, or after a drawn number of effects (the fault "boundary"); here none is left out.
 * What the disk keeps of the writes that were under way is drawn for each: mostly nothing, else all, or a part of it.
 *
 * A run of S steps costs S * S / 2 steps for each boundary of a step, as every one is taken from the beginning: there are two
 * or three of them. Invariants of the core are asked for from the crash on: up to it the recorded run was judged.
 */

import type { CoreUnderTest } from "../core-under-test.js";
import { Random } from "../random.js";
import { recordRun } from "../trace/record.js";
import { Replay } from "../trace/replay.js";
import type { Step, TraceStep } from "../trace/step.js";
import type { Trace } from "../trace/trace.js";
import { V8Core } from "../v8-core.js";
import { EFFECT_KINDS, type EffectKind } from "./effect-gate.js";
import { WEIGHTS, type Weights } from "./faults.js";
import type { SimulationOptions } from "./run.js";
import type { Settings } from "./settings.js";
import { judge, type Verdict } from "./verdict.js";
import type { World } from "./world.js";

/** How often each action is drawn unless stated: so that much happens in few steps. */
export const DENSE_WEIGHTS: Weights = { ...WEIGHTS, snapshot: 40, time: 90, membership: 8, transfer: 6 };
/** Failures after which the search ends, unless stated. */
const MOST_FAILURES = 8;
/** Flushes with an effect of a kind, of which none is left out. */
const FEW = 8;
/** Writes under way that a disk keeps when it keeps some, exclusive, and entries of the next one. */
const MOST_KEPT = 4;
const MOST_TORN = 4;
/** As many writes as are under way. */
const ALL = 1 << 16;

export interface BoundaryOptions extends Omit<SimulationOptions, "liveness" | "tap"> {
  readonly mostFailures?: number;
  /** Tries the boundaries of each so manyth flush only, and of the first few with each kind of effect; of all unless
   * stated. */
  readonly every?: number;
  /** Hears of each step whose boundaries were all tried. */
  readonly onProgress?: (step: number, report: BoundaryReport) => void;
}

/** A boundary behind which the cluster broke a rule. */
export interface BoundaryFailure {
  /** The step in the run, from 0 on; its length if the run itself broke the rule. */
  readonly step: number;
  /** The node that died, and behind how many effects of the step; 0 and 0 if none had to. */
  readonly node: number;
  readonly effects: number;
  readonly rule: string;
  readonly detail: string;
  /** What repeats it. */
  readonly trace: Trace;
}

export interface BoundaryReport {
  readonly seed: number;
  readonly core: string;
  /** Steps of the recorded run. */
  readonly steps: number;
  /** Those of them in which a node let effects out and died. */
  flushes: number;
  /** Crashes. */
  boundaries: number;
  /** Crashes by the effect behind which they came; "none" before the first one of a step. While nothing fails, all boundaries
   * of a step are tried, or none: so just as many came right before an effect of each kind. */
  readonly behind: Record<EffectKind | "none", number>;
  /** Actions, of all replays together. */
  actions: number;
  /** Most election timeouts that a cluster needed to recover. */
  slowestRecovery: number;
  readonly failures: BoundaryFailure[];
}

/** Tries all boundaries of a run.
 * @throws {SimulationError} when an option is out of range */
export function tryBoundaries(options: BoundaryOptions): BoundaryReport {
  const { core = new V8Core(), every = 1, mostFailures = MOST_FAILURES, onProgress, ...run } = options;
  const { result, trace } = recordRun({ weights: DENSE_WEIGHTS, ...run, core, liveness: true });
  const report: BoundaryReport = {
    ...{ seed: result.seed, core: core.sha256, steps: trace.steps.length },
    ...{ flushes: 0, boundaries: 0, actions: result.steps, slowestRecovery: 0, failures: [] },
    behind: Object.fromEntries(["none", ...EFFECT_KINDS].map((kind) => [kind, 0])) as BoundaryReport["behind"],
  };
  if (result.rule !== null) {
    const detail = result.violation ?? result.explanation ?? "";
    report.failures.push({ step: trace.steps.length, node: 0, effects: 0, rule: result.rule, detail, trace });
    return report;
  }
  const search = new Search(trace, core, report);
  for (const flush of pick(flushesOf(trace, core), every)) {
    report.flushes++;
    for (let count = 0; count <= flush.effects && report.failures.length < mostFailures; count++) {
      search.dieAt(flush, count);
    }
    if (report.failures.length >= mostFailures) break;
    onProgress?.(flush.step, report);
  }
  return report;
}

/** A step of a run in which a node lets out effects. */
interface Flush {
  readonly step: number;
  readonly node: number;
  readonly effects: number;
  /** Each kind among them once. */
  readonly kinds: readonly EffectKind[];
}

/** Picks each `every`th flush, and those with kinds of effects of which there are few. */
function pick(flushes: readonly Flush[], every: number): Flush[] {
  const picked = new Map<EffectKind, number>();
  return flushes.filter(({ kinds }, i) => {
    const isPicked = i % every === 0 || kinds.some((kind) => (picked.get(kind) ?? 0) < FEW);
    if (isPicked) for (const kind of kinds) picked.set(kind, (picked.get(kind) ?? 0) + 1);
    return isPicked;
  });
}

/** Takes a run again and counts the effects of its steps; in each one node at most lets any out. */
function flushesOf({ settings, steps }: Trace, core: CoreUnderTest): Flush[] {
  const replay = new Replay({ settings: unasked(settings) }, core);
  const { nodes } = replay.world;
  const flushes: Flush[] = [];
  let before = nodes.map(({ gate }) => ({ ...gate.passed }));
  for (const [step, one] of steps.entries()) {
    replay.take(one);
    const now = nodes.map(({ gate }) => ({ ...gate.passed }));
    for (const [i, { id }] of nodes.entries()) {
      const counts = EFFECT_KINDS.map((kind) => (now[i]?.[kind] ?? 0) - (before[i]?.[kind] ?? 0));
      const effects = counts.reduce((sum, count) => sum + count, 0);
      const kinds = EFFECT_KINDS.filter((_, kind) => counts[kind] !== 0);
      if (effects > 0) flushes.push({ step, node: id, effects, kinds });
    }
    before = now;
  }
  replay.world.close();
  return flushes;
}

/** Settings of a run whose core is not asked for its invariants: it has been. */
function unasked(settings: Settings): Settings {
  return { ...settings, askInvariants: false };
}

class Search {
  readonly #random: Random;

  constructor(
    readonly trace: Trace,
    readonly core: CoreUnderTest,
    readonly report: BoundaryReport,
  ) {
    this.#random = new Random(trace.settings.seed);
  }

  /** Lets a node die behind a number of effects of a step, and judges what becomes of the cluster. */
  dieAt({ node, step }: Flush, effects: number): void {
    const { core, report, trace } = this;
    const death: Step = { do: "BOUNDARY", node, effects, ...this.#drawKept() };
    const replay = new Replay({ settings: unasked(trace.settings) }, core);
    const { world } = replay;
    const { before, verdict } = judge(replay.run, trace.settings, () => {
      for (let i = 0; i < step; i++) replay.take(this.#stepAt(i));
      world.askInvariants = trace.settings.askInvariants;
      replay.take({ step: death, hold: false });
      replay.take(this.#stepAt(step));
    });
    this.#count(world, node, effects);
    report.actions += world.steps;
    report.slowestRecovery = Math.max(report.slowestRecovery, verdict.recovery?.timeouts ?? 0);
    if (verdict.rule !== null) this.#fail({ step, node, effects }, verdict.rule, verdict, before.digest, death);
  }

  #drawKept(): { readonly keep: number; readonly torn: number } {
    const random = this.#random;
    const torn = random.below(MOST_TORN + 1);
    if (random.oneIn(2)) return { keep: 0, torn: 0 };
    return { keep: random.oneIn(2) ? ALL : random.below(MOST_KEPT), torn };
  }

  #stepAt(i: number): TraceStep {
    const step = this.trace.steps[i];
    if (step === undefined) throw new RangeError(`the run has no step ${i}`);
    return step;
  }

  #count(world: World, node: number, effects: number): void {
    const { report } = this;
    const { gate } = world.node(node);
    report.boundaries++;
    report.behind[gate.last ?? "none"]++;
    if (effects > 0 && gate.last === null) throw new Error(`node ${node} let out no effect, and had ${effects}`);
  }

  #fail(at: Omit<Flush, "kinds">, rule: string, verdict: Verdict, digest: string, death: Step): void {
    const { report, trace } = this;
    const steps = [...trace.steps.slice(0, at.step), { step: death, hold: false }, this.#stepAt(at.step)];
    const detail = verdict.violation ?? verdict.explanation ?? "";
    report.failures.push({ ...at, rule, detail, trace: { ...trace, digest, rule, steps } });
  }
}
