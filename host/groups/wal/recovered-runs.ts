/**
 * What was read from the log when it was opened, kept until the groups have taken over their entries: each group's records
 * lie far apart, and to read them from the file once more, group by group, would take many times as long.
 */

import { entrySizeAt } from "../../core/entry.js";
import type { EntryRun } from "../../storage/storage.js";

/** Of a log that is longer the end is kept: what is still needed lies mostly there. */
const MOST_BYTES = 64 * 1024 * 1024;

interface Kept {
  /** Index of the first entry. */
  readonly first: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export class RecoveredRuns {
  readonly #runs: Kept[] = [];
  #bytes = 0;

  /** Copies a run, which follows those before it. */
  keep({ bytes, first }: EntryRun): void {
    const copy = bytes.slice();
    this.#runs.push({ first, bytes: copy, view: new DataView(copy.buffer) });
    this.#bytes += copy.length;
    while (this.#bytes > MOST_BYTES) this.#bytes -= this.#runs.shift()?.bytes.length ?? 0;
  }

  /** Copies the entry at `index` into `into`, which has room for it. @returns false if it is not kept */
  copy(index: number, into: Uint8Array): boolean {
    const run = this.#find(index);
    if (run === undefined) return false;
    let at = 0;
    for (let skipped = run.first; skipped < index && at < run.bytes.length; skipped++) at += entrySizeAt(run.view, at);
    if (at >= run.bytes.length) return false;
    into.set(run.bytes.subarray(at, at + entrySizeAt(run.view, at)));
    return true;
  }

  /** The last run that begins at or before `index`. */
  #find(index: number): Kept | undefined {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.first ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return this.#runs[low - 1];
  }
}
