/**
 * Messages of one turn of the event loop. Each group's node flushes in a callback of its own, behind which a transport
 * would write what it has: gathered, the messages of all groups to a peer leave in one write.
 */

import type { NodeId } from "../transport/transport.js";

/** Bytes that are gathered; more do not wait. As much as a few writes to a socket take. */
const MOST_BYTES = 256 * 1024;

interface Letter {
  readonly to: NodeId;
  /** Where the message lies in the buffer. */
  readonly from: number;
  readonly end: number;
}

export class Outbox {
  readonly #send: (to: NodeId, bytes: Uint8Array) => void;
  readonly #schedule: (task: () => void) => void;
  readonly #bytes = new Uint8Array(MOST_BYTES);
  readonly #letters: Letter[] = [];
  #end = 0;
  #scheduled = false;

  /** @param schedule runs a task when the turn is over */
  constructor(send: (to: NodeId, bytes: Uint8Array) => void, schedule: (task: () => void) => void) {
    this.#send = send;
    this.#schedule = schedule;
  }

  /** Copies a message, and sends it when the turn is over. */
  add(to: NodeId, bytes: Uint8Array): void {
    if (this.#end + bytes.length > MOST_BYTES) this.flush();
    if (bytes.length > MOST_BYTES) {
      this.#send(to, bytes);
      return;
    }
    const from = this.#end;
    this.#bytes.set(bytes, from);
    this.#end = from + bytes.length;
    this.#letters.push({ to, from, end: this.#end });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Sends what there is, in the order in which it came. */
  flush(): void {
    for (const { end, from, to } of this.#letters) this.#send(to, this.#bytes.subarray(from, end));
    this.clear();
  }

  /** Drops what there is. */
  clear(): void {
    this.#letters.length = 0;
    this.#end = 0;
  }
}
