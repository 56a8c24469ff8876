/** Reads that wait on a simulated node, and what was committed when each was asked for: what its answer must see. */

import { ReadKind, StatusCode } from "../../host/core/abi.js";
import type { SimNode } from "./sim-node.js";

/** A read that waits. */
interface Waiting {
  readonly ticket: number;
  /** What was committed when it was asked for: what its answer must see, if that is judged. */
  readonly committed: number;
  readonly done: ((answered: boolean) => void) | undefined;
}

export class NodeReads {
  /** What the driver wants to hear about the next read. */
  onNext: ((answered: boolean) => void) | undefined;
  readonly #waiting: Waiting[] = [];

  constructor(readonly node: SimNode) {}

  /** Reads that wait for their answer. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Asks the core. */
  ask(kind: number): number {
    const { node } = this;
    const isJudged = kind !== ReadKind.LEASE || node.around.leasesHold;
    const committed = isJudged ? node.around.committed : 0;
    const done = this.onNext;
    this.onNext = undefined;
    const status = node.core.read(node.clock, kind);
    if (status === StatusCode.OK) this.#waiting.push({ ticket: node.core.state.readTicket, committed, done });
    else if (status === StatusCode.READY) this.#answer(committed, node.core.state.applied, done);
    else done?.(false);
    return status;
  }

  /** The core tells up to which ticket reads are answered, or refused. */
  told(ticket: number, index: number, answered: boolean): void {
    let next = this.#waiting[0];
    while (next !== undefined && next.ticket <= ticket) {
      this.#waiting.shift();
      if (answered) this.#answer(next.committed, index, next.done);
      else {
        this.node.counts.readsRefused++;
        next.done?.(false);
      }
      next = this.#waiting[0];
    }
  }

  /** The node crashed: nobody hears from it. */
  lost(): void {
    for (const { done } of this.#waiting) done?.(false);
    this.#waiting.length = 0;
  }

  #answer(committed: number, index: number, done: Waiting["done"]): void {
    this.node.counts.readsAnswered++;
    this.node.around.rules.reads.answers(this.node.id, committed, index);
    done?.(true);
  }
}
