/**
 * Logs as paths in a tree: an entry's record names the entry before it, so that a log is the number of its last entry and
 * two logs are equal exactly if their numbers are. The tree holds the logs of all worlds of a search, correct or not:
 * that logs match is asked of the logs of one world (judge.ts), not of the tree.
 */

import { Entry, EntryKind } from "../../host/core/abi.js";
import { entrySizeOf } from "../../host/core/entry.js";
import { renameMembers } from "./configurations.js";
import type { Renaming } from "./local-state.js";
import { PairMap } from "./pair-map.js";
import type { SharedTable } from "./shared-table.js";

/** The empty log. */
export const EMPTY = 0;

// A record: the number of the entry before, the index, and the entry in wire form.
const PARENT = 0;
const INDEX = 1;
const WIRE = 2;

export class Paths {
  readonly #table: SharedTable;
  #scratch = new Int32Array(64);
  readonly #renamed = new PairMap();

  constructor(table: SharedTable) {
    this.#table = table;
  }

  /** The log `parent` and behind it the entry that lies in wire form at word `at` of `words`. */
  add(parent: number, words: Int32Array, at: number): number {
    const length = entrySizeOf(words[at + (Entry.length >> 2)] as number) >> 2;
    if (WIRE + length > this.#scratch.length) this.#scratch = new Int32Array(2 * (WIRE + length));
    const record = this.#scratch;
    record[PARENT] = parent;
    record[INDEX] = this.index(parent) + 1;
    for (let i = 0; i < length; i++) record[WIRE + i] = words[at + i] as number;
    return this.#table.intern(record, WIRE + length);
  }

  /** Index of a log's last entry. */
  index(tip: number): number {
    return tip === EMPTY ? 0 : this.#word(tip, INDEX);
  }
  parent(tip: number): number {
    return this.#word(tip, PARENT);
  }
  /** Term of a log's last entry. */
  term(tip: number): number {
    return tip === EMPTY ? 0 : this.#word(tip, WIRE + (Entry.term >> 2));
  }
  /** EntryKind of a log's last entry. */
  kind(tip: number): number {
    return this.#word(tip, WIRE + (Entry.kind >> 2)) & 0xff;
  }
  /** Words of a log's last entry in wire form. */
  wireLength(tip: number): number {
    return this.#table.length(tip) - WIRE;
  }
  /** Where the last entry's wire form begins in `words`. */
  wireStart(tip: number): number {
    return this.#table.start(tip) + WIRE;
  }
  get words(): Int32Array {
    return this.#table.words;
  }

  /** The log up to an index; EMPTY if it is not that long. */
  upTo(tip: number, index: number): number {
    if (index > this.index(tip)) return EMPTY;
    let at = tip;
    while (this.index(at) > index) at = this.parent(at);
    return at;
  }
  /** Whether the log `whole` begins with the log `part`. */
  isPrefix(part: number, whole: number): boolean {
    return part === EMPTY || this.upTo(whole, this.index(part)) === part;
  }
  /** Whether two logs keep the Log Matching property: where an entry of both has the same index and term, all before it
   * are the same. */
  match(a: number, b: number): boolean {
    let left = a;
    let right = b;
    while (this.index(left) > this.index(right)) left = this.parent(left);
    while (this.index(right) > this.index(left)) right = this.parent(right);
    while (left !== right) {
      if (this.term(left) === this.term(right)) return false;
      left = this.parent(left);
      right = this.parent(right);
    }
    return true;
  }
  /** The log under other names: configurations name members. */
  rename(tip: number, renaming: Renaming, which: number): number {
    if (tip === EMPTY) return EMPTY;
    const known = this.#renamed.get(tip, which);
    if (known >= 0) return known;
    const parent = this.rename(this.parent(tip), renaming, which);
    const start = this.#table.start(tip);
    const record = this.#table.words.slice(start, start + this.#table.length(tip));
    record[PARENT] = parent;
    if (this.kind(tip) === EntryKind.CONFIGURATION) renameMembers(record, WIRE + (Entry.size >> 2), renaming);
    const renamed = this.#table.intern(record, record.length);
    this.#renamed.set(tip, which, renamed);
    return renamed;
  }

  /** "1:1(NOOP) 2:1" for people: index and term of each entry. */
  describe(tip: number): string {
    const entries: string[] = [];
    for (let at = tip; at !== EMPTY; at = this.parent(at)) entries.unshift(`${this.index(at)}/${this.term(at)}`);
    return entries.length === 0 ? "-" : entries.join(" ");
  }

  #word(tip: number, word: number): number {
    return this.#table.words[this.#table.start(tip) + word] as number;
  }
}
