/**
 * All entries that any node of a world ever wrote, as a tree: an entry's parent is the entry before it in the log. A log
 * is then the path to its last entry, and the Log Matching property (paper 5.3: two logs with an entry of the same index
 * and term agree up to there) says that (index, term) names one place in the tree. Whoever adds an entry checks that.
 * Two logs are compared by comparing two numbers.
 *
 * Memory grows by one record for each entry made, which the length of a run bounds.
 */

import { Entry, EntryFrame, EntryKind } from "../host/core/abi.js";
import { entrySizeOf } from "../host/core/entry.js";
import type { Region } from "./core-under-test.js";
import type { Report } from "./violation.js";

/** The id of the empty log. */
export const EMPTY_LOG = 0;

const FIRST_CAPACITY = 1024;
/** In place of the term of an entry whose name was given up: no entry has it. */
const FORGOTTEN = -1;

function at(list: Int32Array | Float64Array, position: number): number {
  return list[position] as number;
}

function grown<List extends Int32Array | Float64Array>(list: List, count: number): List {
  const longer = new (list.constructor as new (length: number) => List)(Math.max(count, list.length * 2));
  longer.set(list);
  return longer;
}

export class LogTree {
  readonly #report: Report;
  #count = 1;
  #terms = new Float64Array(FIRST_CAPACITY);
  #indexes = new Int32Array(FIRST_CAPACITY);
  #parents = new Int32Array(FIRST_CAPACITY);
  #kinds = new Int32Array(FIRST_CAPACITY);
  #configurations = new Int32Array(FIRST_CAPACITY);
  /** Where the entry begins in `#words`, in words. */
  #starts = new Int32Array(FIRST_CAPACITY);
  #lengths = new Int32Array(FIRST_CAPACITY);
  /** Another entry of the same index; 0 if there is none. */
  #siblings = new Int32Array(FIRST_CAPACITY);
  /** The newest entry of each index. */
  #heads = new Int32Array(FIRST_CAPACITY);
  #words = new Int32Array(FIRST_CAPACITY * 8);
  #bytes = new Uint8Array(this.#words.buffer);
  #used = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  term(id: number): number {
    return at(this.#terms, id);
  }
  index(id: number): number {
    return at(this.#indexes, id);
  }
  parent(id: number): number {
    return at(this.#parents, id);
  }
  kind(id: number): number {
    return at(this.#kinds, id);
  }
  /** The newest configuration entry on the path to an entry; EMPTY_LOG if there is none. */
  configuration(id: number): number {
    return at(this.#configurations, id);
  }
  /** Bytes of an entry in wire form. */
  bytesOf(id: number): number {
    return entrySizeOf(at(this.#lengths, id));
  }
  /** A view of an entry's payload, which holds until the next entry is added. */
  payload(id: number): Uint8Array {
    const start = at(this.#starts, id) * 4 + EntryFrame.HEADER;
    return this.#bytes.subarray(start, start + at(this.#lengths, id));
  }

  /** Whether the entry lies on the path to `tip`. */
  isIn(id: number, tip: number): boolean {
    const index = this.index(id);
    let walked = tip;
    while (this.index(walked) > index) walked = this.parent(walked);
    return walked === id;
  }

  /** "index/term", for people. */
  describe(id: number): string {
    return `${this.index(id)}/${this.term(id)}`;
  }

  /** Copies an entry in wire form to `target`, from word `start` on. */
  copy(id: number, target: Int32Array, start: number): void {
    const from = at(this.#starts, id);
    const count = this.bytesOf(id) >>> 2;
    for (let i = 0; i < count; i++) target[start + i] = this.#words[from + i] as number;
  }

  /** As `copy`, of the entry as a witness holds it. */
  copyHollow(id: number, target: Int32Array, start: number): void {
    if (this.kind(id) !== EntryKind.NORMAL) {
      this.copy(id, target, start);
      return;
    }
    const from = at(this.#starts, id);
    target[start] = this.#words[from] as number;
    target[start + 1] = this.#words[from + 1] as number;
    target[start + (Entry.length >> 2)] = 0;
    target[start + (Entry.kind >> 2)] = EntryKind.HOLLOW;
  }

  /** The id of the entry (index, term); EMPTY_LOG if nobody ever wrote it. */
  find(index: number, term: number): number {
    let id = index < this.#heads.length ? at(this.#heads, index) : EMPTY_LOG;
    while (id !== EMPTY_LOG && at(this.#terms, id) !== term) id = at(this.#siblings, id);
    return id;
  }

  /** Marks the log to `id` in `path`, from the beginning. */
  trace(id: number, path: LogPath): void {
    const ids: number[] = [];
    let walked = id;
    for (; walked !== EMPTY_LOG && path.at(this.index(walked)) !== walked; walked = this.parent(walked))
      ids.push(walked);
    path.truncate(this.index(walked) + 1);
    for (let i = ids.length - 1; i >= 0; i--) path.push(ids[i] as number);
  }

  /** Whether the payload equals the bytes at a place. */
  payloadEquals(id: number, memory: Region, offset: number, length: number): boolean {
    if (at(this.#lengths, id) !== length) return false;
    const start = at(this.#starts, id) * 4 + EntryFrame.HEADER;
    for (let i = 0; i < length; i++) if (this.#bytes[start + i] !== memory.bytes[offset + i]) return false;
    return true;
  }

  /** The id of the entry that lies in wire form at `offset`, behind the entry `parent`; a new one, or a known one. */
  add(parent: number, memory: Region, offset: number): number {
    const start = offset >>> 2;
    const { words } = memory;
    const term = (words[start + (Entry.term >> 2) + 1] as number) * 2 ** 32 + ((words[start] as number) >>> 0);
    const index = this.index(parent) + 1;
    if (index >= this.#heads.length) this.#heads = grown(this.#heads, index + 1);
    const id = this.find(index, term);
    const hollow = ((words[start + (Entry.kind >> 2)] as number) & 0xff) === EntryKind.HOLLOW;
    if (id === EMPTY_LOG && hollow)
      this.#report("log matching", `a witness holds ${index}/${term}, which nobody wrote`);
    if (id === EMPTY_LOG) return this.#make(parent, index, term, words, start);
    if (at(this.#parents, id) !== parent) {
      const before = `${this.describe(parent)} and ${this.describe(this.parent(id))}`;
      this.#report("log matching", `entry ${index}/${term} stands behind both ${before}`);
    }
    if (hollow ? this.kind(id) !== EntryKind.NORMAL : !this.#equals(id, words, start)) {
      this.#report("log matching", `two entries with different content have the place ${index}/${term}`);
    }
    return id;
  }

  /** Gives up the name of an entry that is lost without anybody but its maker having seen it: another may get it. */
  forget(id: number): void {
    this.#terms[id] = FORGOTTEN;
  }

  #equals(id: number, words: Int32Array, start: number): boolean {
    const from = at(this.#starts, id);
    const count = this.bytesOf(id) >>> 2;
    for (let i = 2; i < count; i++) if (this.#words[from + i] !== words[start + i]) return false;
    return true;
  }

  #make(parent: number, index: number, term: number, words: Int32Array, start: number): number {
    const id = this.#count++;
    if (id === this.#terms.length) this.#grow();
    const length = words[start + (Entry.length >> 2)] as number;
    const count = entrySizeOf(length) >>> 2;
    if (this.#used + count > this.#words.length) {
      this.#words = grown(this.#words, this.#used + count);
      this.#bytes = new Uint8Array(this.#words.buffer);
    }
    for (let i = 0; i < count; i++) this.#words[this.#used + i] = words[start + i] as number;
    const kind = (words[start + (Entry.kind >> 2)] as number) & 0xff;
    this.#terms[id] = term;
    this.#indexes[id] = index;
    this.#parents[id] = parent;
    this.#kinds[id] = kind;
    this.#configurations[id] = kind === EntryKind.CONFIGURATION ? id : this.configuration(parent);
    this.#starts[id] = this.#used;
    this.#lengths[id] = length;
    this.#siblings[id] = at(this.#heads, index);
    this.#heads[index] = id;
    this.#used += count;
    return id;
  }

  #grow(): void {
    const count = this.#count;
    this.#terms = grown(this.#terms, count);
    this.#indexes = grown(this.#indexes, count);
    this.#parents = grown(this.#parents, count);
    this.#kinds = grown(this.#kinds, count);
    this.#configurations = grown(this.#configurations, count);
    this.#starts = grown(this.#starts, count);
    this.#lengths = grown(this.#lengths, count);
    this.#siblings = grown(this.#siblings, count);
  }
}

/** A log as the ids of its entries, by index; it can be cut and extended. */
export class LogPath {
  #ids = new Int32Array(FIRST_CAPACITY);
  #last = 0;

  /** Index of the last entry. */
  get last(): number {
    return this.#last;
  }
  /** Id of the last entry. */
  get tip(): number {
    return this.at(this.#last);
  }
  /** Id of the entry at an index; EMPTY_LOG outside the log. */
  at(index: number): number {
    return index > this.#last ? EMPTY_LOG : (this.#ids[index] as number);
  }
  push(id: number): void {
    this.#last++;
    if (this.#last === this.#ids.length) this.#ids = grown(this.#ids, this.#last + 1);
    this.#ids[this.#last] = id;
  }
  truncate(from: number): void {
    this.#last = Math.min(this.#last, from - 1);
  }
  /** Becomes equal to `other`, with which it agrees below `from`. */
  copyFrom(other: LogPath, from: number): void {
    this.truncate(from);
    while (this.#last < other.last) this.push(other.at(this.#last + 1));
  }
}
