/** State machines of simulated nodes. */

import type { Region } from "./core-under-test.js";

/** A node's state machine. It lives in memory: a crash takes it back to its last checkpoint. */
export interface SimMachine {
  apply(index: number, term: number, memory: Region, offset: number, length: number): void;
  /** Keeps the present state as the one to go back to. */
  checkpoint(): void;
  /** Goes back to the checkpoint; to the empty state if there is none. */
  restart(): void;
}

/** One applied command. */
export interface Applied {
  readonly index: number;
  readonly term: number;
  readonly payload: string;
}

const decoder = new TextDecoder();

/** Remembers what was applied since the start. */
export class RecordingMachine implements SimMachine {
  #applied: Applied[] = [];
  #kept: Applied[] = [];

  get applied(): readonly Applied[] {
    return this.#applied;
  }
  apply(index: number, term: number, memory: Region, offset: number, length: number): void {
    this.#applied.push({ index, term, payload: decoder.decode(memory.bytes.subarray(offset, offset + length)) });
  }
  checkpoint(): void {
    this.#kept = [...this.#applied];
  }
  restart(): void {
    this.#applied = [...this.#kept];
  }
}
