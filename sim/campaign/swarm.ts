/**
 * Swarm testing (Groce and others, 2012): each seed draws its own mix of faults, weights, sizes and features. What is left
 * out of a run makes room for more of what is left, and runs come to states that a run with everything hardly ever does.
 * What takes more than that to come about has a mix of its own (mixes.ts), which a fixed share of the seeds are.
 */

import { type Draw, type Fault, RARER_FAULTS, USUAL_FAULTS, WEIGHTS, type Weights } from "../core-world/faults.js";
import { ROOMY_CAPACITY, type SettingsOptions, TINY_CAPACITY } from "../core-world/settings.js";
import { Random } from "../random.js";
import { drawMix, MIX_NAMES, type MixName } from "./mixes.js";

/** How many nodes, as often as they are here: a single one has little to go wrong. */
const NODES = [1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 5, 5, 5, 6, 7, 7];
/** Actions of a run, at least and at most; most runs are short, so that many mixes are tried. */
const STEPS = { least: 500, most: 20_000 } as const;
/** Usual kinds of faults stay with a chance of 1 to CHANCES out of CHANCES. */
const CHANCES = 4;
/** Of the rarer ones every second run has none; the others have each with a chance of 1 to MOST_RARER out of these. */
const RARER_CHANCES = 10;
const MOST_RARER = 4;
/** One run in so many has clients with sessions. */
const SESSIONS = 3;
/** What weights are multiplied by. */
const FACTORS = [0.25, 1, 1, 4];
/** What those are multiplied by without which nothing goes on: with less of them a run does nothing until faults stop. */
const DRIVING_FACTORS = [1, 1, 2, 4];
/** And this beside in a cluster of more nodes, which send each other more. */
const MANY_NODES = 4;
const MORE_DRIVING = 2;
/** Time that passes faster than messages arrive elects nobody. */
const TIME_FACTORS = [0.25, 0.5, 1, 1, 2];
const DRIVING: readonly Draw[] = ["deliver", "durable", "restart", "heal"];
/** Reads are asked mostly of nodes that believe they lead: others refuse them, or ask a leader. */
const SWARM_WEIGHTS: Weights = { ...WEIGHTS, query: 20, leaderQuery: 60 };
/** One seed in so many is of a mix that is about one thing. */
const FOCUSED = 3;
/** Entries kept behind a snapshot. */
const KEPT = [0, 0, 5, 40, 1000];
/** How far clocks drift apart in a run with leases, in thousandths. */
const DRIFTS = [0, 0, 0, 50, 200];
/** Rounds after which a group rests. */
const REST = [0, 0, 0, 1, 3];
const HEARTBEATS = [10, 10, 30];
const INFLIGHT = [1, 2, 3, 16];
/** Of that generator. */
const SALT = 0x5bd1e995;

/** What a seed of a campaign stands for. */
export function drawSwarm(seed: number): SettingsOptions {
  const own = generatorOf(seed);
  const mix = drawMixName(own);
  return mix === null ? drawAnything(seed, own) : drawMix(mix, seed, own);
}

/** The mix that a seed of a campaign is of; null if of none. */
export function mixOf(seed: number): MixName | null {
  return drawMixName(generatorOf(seed));
}

/** The generator of what a seed stands for. The world draws from the seed itself: this makes another row of numbers. */
export function generatorOf(seed: number): Random {
  return new Random(new Random(seed).next() ^ SALT);
}

function drawMixName(own: Random): MixName | null {
  return own.oneIn(FOCUSED) ? (MIX_NAMES[own.below(MIX_NAMES.length)] ?? null) : null;
}

/** A run whose seed draws all there is to draw. */
function drawAnything(seed: number, own: Random): SettingsOptions {
  const pick = (values: readonly number[]) => values[own.below(values.length)] as number;
  const base = own.oneIn(2) ? TINY_CAPACITY : ROOMY_CAPACITY;
  const capacity = {
    ...base,
    keepEntries: pick(KEPT),
    leaseDrift: pick(DRIFTS),
    quiesceRounds: pick(REST),
    heartbeat: pick(HEARTBEATS),
    inflightMessages: pick(INFLIGHT),
  };
  const chance = 1 + own.below(CHANCES);
  const usual = USUAL_FAULTS.filter(() => own.below(CHANCES) < chance);
  const range = own.oneIn(3) ? STEPS.most : STEPS.most >> 2;
  const steps = STEPS.least + own.below(range - STEPS.least);
  const nodes = pick(NODES);
  const drawn = { seed, nodes, steps, weights: drawWeights(nodes, own), capacity, liveness: true };
  return { ...drawn, faults: [...usual, ...drawRarer(own)], sessions: own.oneIn(SESSIONS) };
}

function drawRarer(random: Random): Fault[] {
  if (random.oneIn(2)) return [];
  const chance = 1 + random.below(MOST_RARER);
  return RARER_FAULTS.filter(() => random.below(RARER_CHANCES) < chance);
}

function drawWeights(nodes: number, random: Random): Weights {
  const weights = Object.entries(SWARM_WEIGHTS).map(([draw, weight]) => {
    const drives = DRIVING.some((driving) => driving === draw);
    const factors = drives ? DRIVING_FACTORS : draw === "time" ? TIME_FACTORS : FACTORS;
    const much = drives && nodes >= MANY_NODES ? MORE_DRIVING : 1;
    const factor = much * (factors[random.below(factors.length)] as number);
    return [draw, Math.max(1, Math.round(weight * factor))];
  });
  return Object.fromEntries(weights) as Weights;
}
