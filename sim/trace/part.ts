/**
 * Where two runs part: the first step after which something differs between them, be it between two traces or between two
 * cores that take the same one. What is compared is the digest of all effects and the bytes of every arena.
 *
 * Hashing arenas after every step costs more than the steps. So both runs are first compared at a few places, which brackets
 * the step, and then taken again and compared more closely within the bracket, until a bracket is a single step.
 */

import type { CoreUnderTest } from "../core-under-test.js";
import { InvariantViolation } from "../violation.js";
import { Replay } from "./replay.js";
import type { Trace } from "./trace.js";

/** Places at which a bracket is compared. */
const PLACES = 64;

/** One of two runs. */
export interface Side {
  readonly trace: Trace;
  readonly core: CoreUnderTest;
}

/** The first step after which two runs differ. */
export interface Parting {
  /** Its place in the traces, from 0 on; -1 if they differ before the first one. */
  readonly at: number;
  /** In words: what differs. */
  readonly differences: readonly string[];
}

/**
 * Finds where two runs part; null if they are the same to the end of the longer one. Arenas of cores that lay them out
 * differently, or put other constants there, differ before anything happens: then only effects are compared.
 */
export function findParting(one: Side, other: Side): Parting | null {
  const atOnce = firstDifference(one, other, { from: -1, to: -1, stride: 1, arenas: true });
  const arenas = atOnce === null || one.core.sha256 === other.core.sha256;
  return bisect(one, other, arenas);
}

function bisect(one: Side, other: Side, arenas: boolean): Parting | null {
  const length = Math.max(one.trace.steps.length, other.trace.steps.length);
  let same = -1;
  let stride = Math.max(1, Math.ceil(length / PLACES));
  let parted = firstDifference(one, other, { from: -1, to: length - 1, stride, arenas });
  if (parted === null) return null;
  while (stride > 1) {
    same = Math.max(same, parted.at - stride);
    stride = Math.max(1, Math.ceil(stride / PLACES));
    const closer = firstDifference(one, other, { from: same, to: parted.at, stride, arenas });
    if (closer === null) throw new Error("two runs differ, and do not when they are taken again");
    parted = closer;
  }
  return parted;
}

interface Bracket {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  /** Whether arenas are compared, too. */
  readonly arenas: boolean;
}

/** Takes both runs, and compares them at every `stride`th step of a bracket, and at its end. */
function firstDifference(one: Side, other: Side, bracket: Bracket): Parting | null {
  const first = new Walk(one);
  const second = new Walk(other);
  const found = compare(first, second, bracket);
  first.close();
  second.close();
  return found;
}

function compare(first: Walk, second: Walk, { arenas, from, stride, to }: Bracket): Parting | null {
  for (let at = -1; at <= to; at++) {
    if (at >= 0) {
      first.step(at);
      second.step(at);
    }
    if (at < from || ((at - from) % stride !== 0 && at !== to)) continue;
    const differences = differencesOf(first.picture(arenas), second.picture(arenas));
    if (differences.length > 0) return { at, differences };
  }
  return null;
}

/** How a run looks: what there is to compare, by name. */
type Picture = ReadonlyMap<string, string>;

class Walk {
  readonly #side: Side;
  readonly #replay: Replay;
  /** How the run ended, if it did. */
  #end = "";

  constructor(side: Side) {
    this.#side = side;
    this.#replay = new Replay(side.trace, side.core);
  }

  step(at: number): void {
    const step = this.#side.trace.steps[at];
    if (this.#end !== "") return;
    if (step === undefined) {
      this.#end = "its trace ends";
      return;
    }
    try {
      if (!this.#replay.take(step)) this.#end = this.#side.trace.exact ? "the step does not apply" : "";
    } catch (error) {
      if (!(error instanceof InvariantViolation || error instanceof WebAssembly.RuntimeError)) throw error;
      this.#end = error instanceof InvariantViolation ? `${error.rule}: ${error.detail}` : error.message;
    }
  }

  close(): void {
    this.#replay.world.close();
  }

  picture(withArenas: boolean): Picture {
    const { digest, nodes } = this.#replay.world;
    const effects = [
      ["all effects so far", digest.hex()],
      ["how it goes on", this.#end],
    ] as const;
    if (!withArenas) return new Map(effects);
    const arenas = nodes.map(
      (node) => [`the arena of ${node.id}`, node.isUp ? node.core.arenaHash() : "down"] as const,
    );
    return new Map([...arenas, ...effects]);
  }
}

function differencesOf(one: Picture, other: Picture): string[] {
  const differing = [...one].filter(([name, value]) => other.get(name) !== value);
  return differing.map(([name, value]) => `${name}: ${value || "on"} and ${other.get(name) || "on"}`);
}
