/** What nodes do, remembered: each state of a node is given each input once, and with `selfCheck` several times more. */

import type { Choices } from "./choices.js";
import { interrupted } from "./input.js";
import type { LocalModel } from "./local-model.js";
import type { Renaming } from "./local-state.js";
import type { MessageSets, Messages } from "./messages.js";
import type { Outcome } from "./outcome.js";
import { SelfCheck } from "./self-check.js";
import type { SharedTable } from "./shared-table.js";
import { standingOf, UNKNOWN } from "./standing.js";

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
  readonly #standings: number[] = [];
  readonly #renamed: Int32Array;
  readonly #scratch = new Int32Array(RECORD_WORDS);
  readonly #selfCheck: SelfCheck | null;

  constructor(
    readonly model: LocalModel,
    readonly choices: Choices,
    readonly locals: SharedTable,
    readonly messages: Messages,
    readonly sets: MessageSets,
    /** The renamings under which worlds are the same; the first one changes nothing. */
    readonly renamings: readonly Renaming[],
    selfCheck: boolean,
  ) {
    this.#renamed = new Int32Array(locals.capacity * renamings.length);
    this.#selfCheck = selfCheck ? new SelfCheck(this, model, messages, renamings) : null;
  }

  /** All that can happen to a node in a state with a set of messages under way to it. */
  moves(local: number, set: number): Move[] {
    const moves: Move[] = [];
    for (const input of this.#inputsOf(local)) this.#addMoves(moves, local, input, 0);
    for (const message of this.sets.members(set)) {
      for (const input of this.choices.arrivals(message)) this.#addMoves(moves, local, input, message);
    }
    return moves;
  }

  /** The state of a node that has started on an empty disk. */
  initial(id: number): number {
    const outcome = this.model.initial(id);
    this.#selfCheck?.begins(outcome);
    return outcome.next;
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
      ofLocal.set(input, outcome);
      this.#selfCheck?.step(local, input, outcome);
    }
    return outcome;
  }

  /** The inputs that a state has been given so far, and what they did. */
  known(local: number): (readonly [number, Outcome])[] {
    return [...(this.#outcomes.get(local) ?? [])];
  }

  /** The tests that have to wait for the end of a search; see SelfCheck. */
  audit(worker: number, workers: number): void {
    this.#selfCheck?.audit(worker, workers);
  }

  /** A node's state under other names. */
  rename(local: number, which: number): number {
    const at = local * this.renamings.length + which;
    const known = this.#renamed[at] as number;
    if (known !== 0) return known;
    const renaming = this.renamings[which] as Renaming;
    const message = (id: number) => this.messages.rename(id, renaming, which);
    const log = (tip: number) => this.renameLog(tip, which);
    const { format } = this.model;
    const length = format.rename(this.locals.words, this.locals.start(local), renaming, this.#scratch, message, log);
    const renamed = this.locals.intern(this.#scratch, length);
    this.#renamed[at] = renamed;
    return renamed;
  }

  /** A log under other names. */
  renameLog(tip: number, which: number): number {
    return which === 0 ? tip : this.model.paths.rename(tip, this.renamings[which] as Renaming, which);
  }

  /** What a state says about the messages that can have an effect on it (standing.ts). */
  standing(local: number): number {
    if (!this.model.options.reductions) return UNKNOWN;
    let standing = this.#standings[local];
    if (standing === undefined) {
      standing = standingOf(this.locals.words, this.locals.start(local), this.model.format);
      this.#standings[local] = standing;
    }
    return standing;
  }

  #addMoves(moves: Move[], local: number, input: number, message: number): void {
    const outcome = this.outcome(local, input);
    moves.push({ input, outcome, message });
    if (this.model.options.crashes === 0) return;
    // After none of the writes it is a crash before the input, after all of them one behind it.
    for (let kept = 1; kept < outcome.writes; kept++) {
      const cut = interrupted(input, kept);
      moves.push({ input: cut, outcome: this.outcome(local, cut), message });
    }
  }

  #inputsOf(local: number): number[] {
    let inputs = this.#inputs.get(local);
    if (inputs === undefined) {
      inputs = this.choices.inputs(local);
      this.#inputs.set(local, inputs);
    }
    return inputs;
  }
}
