/** Faults of the core's simulator as a command line names them, and what their factors make of how often each is drawn. */

import { type FaultMix, type FaultWords, formatFaultList, parseFaultList } from "../fault-list.js";
import { FAULT_DRAWS, FAULTS, type Fault, USUAL_FAULTS, type Weights } from "./faults.js";

const isDrawn = (fault: Fault) => FAULT_DRAWS.some((draw) => draw === fault);

const WORDS: FaultWords<Fault> = {
  faults: FAULTS,
  sets: { none: [], usual: USUAL_FAULTS, all: FAULTS },
  unknown: (name) => `"${name}" is no fault; there are: ${FAULTS.join(", ")}`,
  // What is not drawn goes with whatever is.
  rateless: FAULTS.filter((fault) => !isDrawn(fault)),
};

/** Weights are whole numbers: where a factor asks for a part of one, all of them are so many times as large. */
const FINER = 1000;

/** Reads a list of faults: names with commas between, each perhaps with a factor; or "all", "usual", "none".
 * @throws {FaultListError} that names what is wrong in it */
export function parseFaultMix(list: string): FaultMix<Fault> {
  return parseFaultList(list, WORDS);
}

/** A mix as `parseFaultMix` reads it. */
export function formatFaultMix(mix: FaultMix<Fault>): string {
  return formatFaultList(mix, WORDS);
}

/** How often each action is drawn in a run with a mix.
 * @param weights how often without any factor */
export function weightsOf(mix: FaultMix<Fault>, weights: Weights): Weights {
  const factorOf = (draw: string) => mix.get(draw as Fault) ?? 1;
  const products = Object.entries(weights).map(([draw, weight]) => [draw, weight * factorOf(draw)] as const);
  const times = products.every(([, product]) => Number.isInteger(product)) ? 1 : FINER;
  const whole = (product: number) => (product === 0 ? 0 : Math.max(1, Math.round(product * times)));
  return Object.fromEntries(products.map(([draw, product]) => [draw, whole(product)])) as Weights;
}
