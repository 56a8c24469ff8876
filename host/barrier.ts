/**
 * Keeps the durability contract between a node's storage and its messages: a message with a barrier leaves only when all
 * writes before it are durable, and the core is told how far its log is durable.
 */

import type { NodeId } from "./transport/transport.js";

/** Messages that may wait for one sync. They answer messages of other nodes, so a stalled disk could gather any number;
 * the oldest are dropped, which Raft copes with. */
const MOST_HELD = 4096;

interface Held {
  readonly sequence: number;
  readonly to: NodeId;
  readonly bytes: Uint8Array;
}

interface Mark {
  readonly sequence: number;
  readonly index: number;
  readonly term: number;
}

export class Barrier {
  readonly #held: Held[] = [];
  readonly #marks: Mark[] = [];

  /** Holds a message until the write with this sequence number is durable. Copies the bytes. */
  hold(sequence: number, to: NodeId, bytes: Uint8Array): void {
    if (this.#held.length === MOST_HELD) this.#held.shift();
    this.#held.push({ sequence, to, bytes: bytes.slice() });
  }

  /** The write with this sequence number appended entries, the last one being (index, term). */
  appended(sequence: number, index: number, term: number): void {
    this.#marks.push({ sequence, index, term });
  }

  /** Entries from `from` on were removed. Their earlier writes must never be reported: equal entries that are appended
   * again later are not durable because of them. */
  truncated(from: number): void {
    for (let last = this.#marks.at(-1); last !== undefined && last.index >= from; last = this.#marks.at(-1)) {
      this.#marks.pop();
    }
  }

  /** All writes up to `sequence` are durable: calls back with the last entry that is, and with each message that may
   * leave now. */
  durable(
    sequence: number,
    entry: (index: number, term: number) => void,
    release: (to: NodeId, bytes: Uint8Array) => void,
  ): void {
    let reached: Mark | undefined;
    while (this.#marks[0] !== undefined && this.#marks[0].sequence <= sequence) reached = this.#marks.shift();
    if (reached !== undefined) entry(reached.index, reached.term);
    while (this.#held[0] !== undefined && this.#held[0].sequence <= sequence) {
      const message = this.#held.shift();
      if (message !== undefined) release(message.to, message.bytes);
    }
  }
}
