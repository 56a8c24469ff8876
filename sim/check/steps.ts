/**
 * What nodes do, remembered: each state of a node is given each input once. With `selfCheck` every such step is taken
 * several times more, to test what the search rests on: that what is left out of a state as dead has no influence, that
 * the core treats ids as mere names, and that messages dropped as spent have no effect.
 */

import { argumentOf, InputKind, isDelivery, kindOf, makeInput } from "./input.js";
import type { LocalModel, Outcome } from "./local-model.js";
import { Local, type Renaming } from "./local-state.js";
import type { MessageSets, Messages } from "./messages.js";
import type { SharedTable } from "./shared-table.js";
import { AssumptionBroken } from "./violation.js";

/** Most words of a record. */
const RECORD_WORDS = 4096;

/** A message arrives or something else happens: what it does, and which message it takes from the network. */
export interface Move {
  readonly input: number;
  readonly outcome: Outcome;
  /** The message that arrives; 0 if none does. */
  readonly message: number;
}

export class Steps {
  readonly #outcomes = new Map<number, Map<number, Outcome>>();
  readonly #inputs = new Map<number, number[]>();
  readonly #renamed: Int32Array;
  readonly #scratch = new Int32Array(RECORD_WORDS);

  constructor(
    readonly model: LocalModel,
    readonly locals: SharedTable,
    readonly messages: Messages,
    readonly sets: MessageSets,
    /** The renamings under which worlds are the same; the first one changes nothing. */
    readonly renamings: readonly Renaming[],
    readonly selfCheck: boolean,
  ) {
    this.#renamed = new Int32Array(locals.capacity * renamings.length);
  }

  /** All that can happen to a node in a state with a set of messages under way to it. */
  moves(local: number, set: number): Move[] {
    const moves: Move[] = [];
    for (const input of this.#inputsOf(local)) moves.push({ input, outcome: this.outcome(local, input), message: 0 });
    for (const message of this.sets.members(set)) {
      for (const input of this.model.arrivals(message)) {
        moves.push({ input, outcome: this.outcome(local, input), message });
      }
    }
    return moves;
  }

  /** What an input does to a state. */
  outcome(local: number, input: number): Outcome {
    let ofLocal = this.#outcomes.get(local);
    if (ofLocal === undefined) {
      ofLocal = new Map();
      this.#outcomes.set(local, ofLocal);
    }
    let outcome = ofLocal.get(input);
    if (outcome === undefined) {
      outcome = this.model.step(local, input);
      if (this.selfCheck && outcome.broken === null) this.#check(local, input, outcome);
      ofLocal.set(input, outcome);
    }
    return outcome;
  }

  /** A node's state under other names. */
  rename(local: number, which: number): number {
    const at = local * this.renamings.length + which;
    const known = this.#renamed[at] as number;
    if (known !== 0) return known;
    const renaming = this.renamings[which] as Renaming;
    const message = (id: number) => this.messages.rename(id, renaming, which);
    const { format } = this.model;
    const length = format.rename(this.locals.words, this.locals.start(local), renaming, this.#scratch, message);
    const renamed = this.locals.intern(this.#scratch, length);
    this.#renamed[at] = renamed;
    return renamed;
  }

  /** The term that a state's disk holds. */
  diskTerm(local: number): number {
    return this.locals.words[this.locals.start(local) + Local.DISK_TERM] as number;
  }

  #inputsOf(local: number): number[] {
    let inputs = this.#inputs.get(local);
    if (inputs === undefined) {
      inputs = this.model.inputs(local);
      this.#inputs.set(local, inputs);
    }
    return inputs;
  }

  #check(local: number, input: number, outcome: Outcome): void {
    const node = this.locals.words[this.locals.start(local) + Local.SELF] as number;
    const what = `input ${kindOf(input)}/${argumentOf(input)} of node ${node}`;
    const fail = (why: string): never => {
      throw new AssumptionBroken(`${what} ${why}: the search proves nothing`);
    };
    if (!isSame(outcome, this.model.step(local, input, true))) fail("depends on bytes that are taken for dead");
    if (isDelivery(input) && this.messages.isSpent(argumentOf(input), this.diskTerm(local))) {
      if (outcome.next !== local || outcome.sends.length > 0) fail("has an effect, and its message is taken for spent");
    }
    for (let which = 1; which < this.renamings.length; which++) {
      if (!this.#isSameRenamed(local, input, outcome, which)) fail("depends on what the nodes are called");
    }
  }

  #isSameRenamed(local: number, input: number, outcome: Outcome, which: number): boolean {
    const renaming = this.renamings[which] as Renaming;
    const message = (id: number) => this.messages.rename(id, renaming, which);
    const renamed = this.model.step(this.rename(local, which), renameInput(input, renaming, message));
    const next = outcome.next === 0 ? 0 : this.rename(outcome.next, which);
    const sends = outcome.sends.map(message).sort((a, b) => a - b);
    return isSame({ ...outcome, next, sends }, renamed);
  }
}

function renameInput(input: number, renaming: Renaming, message: (id: number) => number): number {
  const kind = kindOf(input);
  if (isDelivery(input)) return makeInput(kind, message(argumentOf(input)));
  if (kind === InputKind.UNREACHABLE) return makeInput(kind, renaming[argumentOf(input)] as number);
  return input;
}

function isSame(one: Outcome, other: Outcome): boolean {
  if (one.next !== other.next || one.committed !== other.committed || one.committedTerm !== other.committedTerm) {
    return false;
  }
  return (
    other.broken === null &&
    one.sends.length === other.sends.length &&
    one.sends.every((id, i) => id === other.sends[i])
  );
}
