/** Proposals that wait for their outcome, by their place in the log. */

import { LostError, OutcomeUnknownError, type RaftError } from "./errors.js";
import { EVENT_LOOP, type Runtime } from "./node/runtime.js";

interface Pending<Result> {
  readonly term: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: RaftError) => void;
  /** Calls the time limit off. */
  readonly cancel: () => void;
}

export class PendingProposals<Result> {
  readonly #runtime: Runtime;
  readonly #byIndex = new Map<number, Pending<Result>>();
  /** Highest term of a pending proposal. Those of earlier terms may have been overwritten. */
  #newestTerm = 0;

  constructor(runtime: Runtime = EVENT_LOOP) {
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#byIndex.size;
  }

  /** Waits for the outcome of the command at (index, term), `timeout` ms at the most. */
  add(index: number, term: number, timeout: number): Promise<Result> {
    // A leader proposes where an earlier proposal still waits: its entry has been overwritten.
    this.#settleLost(index);
    this.#newestTerm = term;
    return new Promise((resolve, reject) => {
      const cancel = this.#runtime.after(timeout, () => {
        this.#byIndex.delete(index);
        reject(new OutcomeUnknownError(`no outcome within ${timeout} ms: the command may or may not take effect`));
      });
      this.#byIndex.set(index, { term, resolve, reject, cancel });
    });
  }

  /** The command at (index, term) was applied. */
  applied(index: number, term: number, result: Result): void {
    const pending = this.#byIndex.get(index);
    if (pending === undefined) return;
    if (pending.term !== term) {
      this.#settleLost(index);
      return;
    }
    this.#byIndex.delete(index);
    pending.cancel();
    pending.resolve(result);
  }

  /** The entries up to `index` were taken over with a snapshot: whether the commands that wait there are among them cannot
   * be told any more. */
  covered(index: number): void {
    for (const [at, pending] of [...this.#byIndex]) {
      if (at > index) continue;
      this.#byIndex.delete(at);
      pending.cancel();
      pending.reject(
        new OutcomeUnknownError("a snapshot took the command's place: it may or may not have taken effect"),
      );
    }
  }

  /** Everything up to `applied` has been applied in a node of `term`: what still waits there was overwritten by entries
   * that are not commands. Within the term of the proposals nothing is ever overwritten. */
  sweep(applied: number, term: number): void {
    if (this.#byIndex.size === 0 || term === this.#newestTerm) return;
    for (const index of [...this.#byIndex.keys()]) if (index <= applied) this.#settleLost(index);
  }

  /** No outcome will be learned any more. */
  abandon(reason: string): void {
    for (const pending of this.#byIndex.values()) {
      pending.cancel();
      pending.reject(new OutcomeUnknownError(reason));
    }
    this.#byIndex.clear();
  }

  #settleLost(index: number): void {
    const pending = this.#byIndex.get(index);
    if (pending === undefined) return;
    this.#byIndex.delete(index);
    pending.cancel();
    pending.reject(new LostError());
  }
}
