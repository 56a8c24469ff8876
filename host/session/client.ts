/**
 * A client's side of a session: gives commands their sequences and says which answers it has. It sends nothing; a
 * command may be encoded and proposed again, on any node, until its answer is there.
 */

import { encodeEnvelope } from "./envelope.js";

export class ClientSession {
  #next = 1;
  /** Sequences without an answer, in rising order. */
  readonly #open = new Set<number>();

  /** @param id what the registration was answered with. */
  constructor(readonly id: number) {}

  /** The lowest sequence whose answer is not there. */
  get lowest(): number {
    for (const sequence of this.#open) return sequence;
    return this.#next;
  }

  /** The sequence of a new command. */
  begin(): number {
    const sequence = this.#next++;
    this.#open.add(sequence);
    return sequence;
  }

  /** The answer to this sequence is there, or given up for good: it will not be asked for again. */
  end(sequence: number): void {
    this.#open.delete(sequence);
  }

  /** A command as it goes into the log; `time` is log time in ms. @throws {RangeError} if the sequence is not open */
  encode(sequence: number, command: Uint8Array, time: number): Uint8Array {
    if (!this.#open.has(sequence)) throw new RangeError(`sequence ${sequence} is not open: begin() gives one`);
    return encodeEnvelope({ kind: "command", time, session: this.id, sequence, lowest: this.lowest, command });
  }

  /** Keeps a session that has nothing to say from expiring. */
  keepAlive(time: number): Uint8Array {
    return encodeEnvelope({ kind: "keepAlive", time, session: this.id, lowest: this.lowest });
  }

  /** Ends the session: its commands will be refused. */
  close(time: number): Uint8Array {
    return encodeEnvelope({ kind: "close", time, session: this.id });
  }
}
