/** What a run may draw, how often each is drawn among all of it, and how often an action came of that. */

import type { Random } from "../random.js";
import { type Draw, type Fault, neededFor, SESSION_DRAWS, WEIGHTS, type Weights } from "./faults.js";

/** Actions taken, by what was drawn. */
export type DrawCounts = Record<Draw, number>;

/** What is done when something is drawn; false if it makes no sense now. */
export type Act = () => boolean;

export interface Lot {
  readonly draw: Draw;
  readonly weight: number;
  readonly act: Act;
  /** How often an action came of it. */
  taken: number;
}

/** What a run has. */
export interface LotOptions {
  readonly faults: readonly Fault[];
  readonly weights: Weights;
  /** Whether there are clients with sessions. */
  readonly sessions: boolean;
}

export class Lots {
  /** All there are, also those that this run has not. */
  readonly all: Readonly<Record<Draw, Lot>>;
  readonly #lots: readonly Lot[];
  readonly #total: number;

  constructor({ faults, sessions, weights }: LotOptions, acts: Readonly<Record<Draw, Act>>) {
    const isLeftOut = (draw: Draw) => {
      const fault = neededFor(draw);
      if (fault !== undefined && !faults.includes(fault)) return true;
      return !sessions && SESSION_DRAWS.includes(draw);
    };
    const draws = Object.keys(WEIGHTS) as Draw[];
    const lots = draws.map((draw): Lot => ({ draw, weight: weights[draw], act: acts[draw], taken: 0 }));
    this.all = Object.fromEntries(lots.map((lot) => [lot.draw, lot])) as Record<Draw, Lot>;
    this.#lots = lots.filter(({ draw }) => !isLeftOut(draw));
    this.#total = this.#lots.reduce((sum, { weight }) => sum + weight, 0);
  }

  get counts(): DrawCounts {
    return Object.fromEntries(Object.values(this.all).map(({ draw, taken }) => [draw, taken])) as DrawCounts;
  }

  draw(random: Random): Lot {
    let rest = random.below(this.#total);
    for (const lot of this.#lots) {
      rest -= lot.weight;
      if (rest < 0) return lot;
    }
    throw new Error("the weights do not add up");
  }
}
