/** State machines of simulated nodes. */

import type { Region } from "../core-under-test.js";

/** A node's state machine. It lives in memory: a crash takes it back to its last snapshot. */
export interface SimMachine {
  apply(index: number, term: number, memory: Region, offset: number, length: number): void;
  /** The present state as bytes: equal states give equal bytes. */
  save(): Uint8Array;
  /** Takes over a saved state; the empty one without bytes. */
  load(state: Uint8Array): void;
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

  get applied(): readonly Applied[] {
    return this.#applied;
  }
  apply(index: number, term: number, memory: Region, offset: number, length: number): void {
    this.#applied.push({ index, term, payload: decoder.decode(memory.bytes.subarray(offset, offset + length)) });
  }
  save(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(this.#applied));
  }
  load(state: Uint8Array): void {
    this.#applied = state.length === 0 ? [] : (JSON.parse(decoder.decode(state)) as Applied[]);
  }
}
