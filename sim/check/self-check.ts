/**
 * Tests what the search rests on, at every step of every node that it takes: that what is left out of a state as dead has no
 * influence, that the core treats ids as mere names, that a node which asks for pre-votes can do whatever it could before it
 * asked, and that messages dropped as spent have no effect. A search whose core fails one of them proves nothing.
 */

import { Role } from "../../host/core/abi.js";
import { renameRoles } from "./configurations.js";
import {
  argumentOf,
  InputKind,
  interrupted,
  interruptedInput,
  isDelivery,
  keptOf,
  kindOf,
  makeInput,
} from "./input.js";
import type { LocalModel } from "./local-model.js";
import { Local, type Renaming } from "./local-state.js";
import type { Messages } from "./messages.js";
import type { Outcome } from "./outcome.js";
import { isDenial, isSpent, standingOf } from "./standing.js";
import type { Steps } from "./steps.js";
import { AssumptionBroken } from "./violation.js";

export class SelfCheck {
  /** For a state that asks for pre-votes, those in which a node was right before. */
  readonly #before = new Map<number, Set<number>>();

  constructor(
    readonly steps: Steps,
    readonly model: LocalModel,
    readonly messages: Messages,
    readonly renamings: readonly Renaming[],
  ) {}

  /** Takes note of how a node starts. */
  begins({ before, next }: Outcome): void {
    if (before !== 0) this.#note(before, next);
  }

  /** Tests one step, of which `outcome` is known. */
  step(local: number, input: number, outcome: Outcome): void {
    if (outcome.broken !== null) return;
    const { model } = this;
    if (!isSame(outcome, model.step(local, input, true))) {
      this.#fail(local, input, "depends on bytes that are taken for dead");
    }
    for (let which = 1; which < this.renamings.length; which++) {
      if (!this.#isSameRenamed(local, input, outcome, which)) {
        this.#fail(local, input, "depends on what the nodes are called");
      }
    }
    for (const before of this.#before.get(local) ?? []) this.#compareBefore(before, local, input, outcome);
    if (outcome.before !== 0) this.#note(outcome.before, outcome.next);
  }

  /**
   * Tests that no message that is spent for a state has an effect on it: of all messages of the search, on every
   * `workers`th state.
   */
  audit(worker: number, workers: number): void {
    const { locals } = this.model;
    if (!this.model.options.reductions) return;
    const count = locals.count;
    for (let local = 1 + worker; local <= count; local += workers) {
      const start = locals.start(local);
      const self = locals.words[start + Local.SELF] as number;
      const standing = standingOf(locals.words, start, this.model.format);
      for (let message = 1; message <= this.messages.count; message++) {
        if (this.messages.to(message) !== self || !isSpent(this.messages, message, standing)) continue;
        for (const input of this.steps.choices.arrivals(message)) this.#expectNoEffect(local, input);
      }
    }
  }

  #expectNoEffect(local: number, input: number): void {
    const outcome = this.model.step(local, input);
    if (outcome.next === local && outcome.sends.length === 0) return;
    // Its election timer has fired after that.
    if (outcome.before === local) return;
    if (isDenial(this.messages, argumentOf(input)) && this.#onlyGivesUp(local, outcome)) return;
    this.#fail(local, input, "has an effect, and its message is taken for spent");
  }

  /** Whether a candidate has become a follower that knows no leader, and nothing else has happened. */
  #onlyGivesUp(local: number, { before, next, sends }: Outcome): boolean {
    const { format, locals } = this.model;
    const [was, is] = [locals.start(local), locals.start(before === 0 ? next : before)];
    if (format.role(locals.words, is) !== Role.FOLLOWER || (before === 0 && sends.length > 0)) return false;
    const role = format.role(locals.words, was);
    if (role !== Role.CANDIDATE && role !== Role.PRE_CANDIDATE) return false;
    return format.isSameButForRole(locals.words, was, is);
  }

  /** What a node did before it asked for pre-votes, of two inputs of one kind. */
  #note(before: number, asking: number): void {
    let known = this.#before.get(asking);
    if (known === undefined) {
      known = new Set();
      this.#before.set(asking, known);
    }
    if (known.has(before)) return;
    known.add(before);
    for (const [input, outcome] of this.steps.known(asking)) this.#compareBefore(before, asking, input, outcome);
  }

  /** The state before does what the asking one does, or comes to be that one, and sends nothing that it does not send. */
  #compareBefore(before: number, asking: number, input: number, outcome: Outcome): void {
    const earlier = this.model.step(before, input);
    const requests = this.steps.outcome(asking, makeInput(InputKind.ELECTION)).sends;
    const isCovered = [...earlier.sends].every((id) => outcome.sends.includes(id) || requests.includes(id));
    const goesOn = earlier.next === outcome.next && earlier.committed === outcome.committed;
    if (earlier.broken === null && isCovered && (goesOn || earlier.next === asking)) return;
    this.#fail(before, input, "does what a node that asks for pre-votes cannot do");
  }

  #isSameRenamed(local: number, input: number, outcome: Outcome, which: number): boolean {
    const renaming = this.renamings[which] as Renaming;
    const message = (id: number) => this.messages.rename(id, renaming, which);
    const renamed = this.model.step(this.steps.rename(local, which), renameInput(input, renaming, message));
    const next = outcome.next === 0 ? 0 : this.steps.rename(outcome.next, which);
    const sends = outcome.sends.map(message).sort((a, b) => a - b);
    return isSame({ ...outcome, next, sends, committed: this.steps.renameLog(outcome.committed, which) }, renamed);
  }

  #fail(local: number, input: number, why: string): never {
    const node = this.model.locals.words[this.model.locals.start(local) + Local.SELF] as number;
    const what = `input ${kindOf(input)}/${argumentOf(input)} of node ${node}`;
    throw new AssumptionBroken(`${what} ${why}: the search proves nothing`);
  }
}

function renameInput(input: number, renaming: Renaming, message: (id: number) => number): number {
  const kind = kindOf(input);
  if (isDelivery(input)) return makeInput(kind, message(argumentOf(input)));
  if (kind === InputKind.UNREACHABLE) return makeInput(kind, renaming[argumentOf(input)] as number);
  if (kind === InputKind.RECONFIGURE) return makeInput(kind, renameRoles(argumentOf(input), renaming));
  if (kind === InputKind.INTERRUPTED) {
    return interrupted(renameInput(interruptedInput(input), renaming, message), keptOf(input));
  }
  return input;
}

function isSame(one: Outcome, other: Outcome): boolean {
  if (one.next !== other.next || one.committed !== other.committed || one.committedTerm !== other.committedTerm) {
    return false;
  }
  return (
    other.broken === null &&
    one.writes === other.writes &&
    one.sends.length === other.sends.length &&
    one.sends.every((id, i) => id === other.sends[i])
  );
}
