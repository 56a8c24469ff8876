/** A state machine for tests of sessions: it remembers every command that was applied to it, and answers with both. */

import type { EntryPosition } from "../../host/machine/machine.js";
import type { InnerMachine, ResultCodec } from "../../host/session/machine.js";

export class Tape implements InnerMachine<string> {
  applied: string[] = [];

  /** Answers with the number of the command and the command. */
  apply(command: Uint8Array, _: EntryPosition): string {
    this.applied.push(new TextDecoder().decode(command));
    return `${this.applied.length}:${this.applied.at(-1)}`;
  }

  snapshot(): Uint8Array {
    return text(JSON.stringify(this.applied));
  }

  restore(snapshot: Uint8Array): void {
    this.applied = JSON.parse(new TextDecoder().decode(snapshot));
  }
}

export const TEXT_RESULTS: ResultCodec<string> = {
  encode: text,
  decode: (bytes) => new TextDecoder().decode(bytes),
};

export function text(of: string): Uint8Array {
  return new TextEncoder().encode(of);
}

/** A machine's snapshot in one piece. */
export function snapshotOf(machine: { snapshot(): Iterable<Uint8Array> }): Buffer {
  return Buffer.concat([...machine.snapshot()]);
}
