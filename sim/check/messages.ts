/**
 * The messages of a search, each kept once: its bytes without the counters and times that are left out of the state. And
 * sets of messages: those that are under way to one node.
 */

import { Append, AppendReply, Entry, EntryKind, Header, MessageFormat, MessageKind } from "../../host/core/abi.js";
import { entrySizeOf } from "../../host/core/entry.js";
import { describeMessage } from "../messages.js";
import { renameMembers } from "./configurations.js";
import type { Renaming } from "./local-state.js";
import { PairMap } from "./pair-map.js";
import type { SharedTable } from "./shared-table.js";
import { isSpent } from "./standing.js";

/** Longest message of a search, in words. */
const MESSAGE_WORDS = 256;

/** The fields that are left out, in words from the start of a message: round and time of sending as pairs, sequence. */
const ABSTRACTED: Readonly<Record<number, readonly number[]>> = {
  [MessageKind.APPEND]: abstracted(Append),
  [MessageKind.APPEND_REPLY]: abstracted(AppendReply),
};

function abstracted(body: { readonly round: number; readonly sent: number; readonly sequence: number }): number[] {
  const at = (offset: number) => (Header.size + offset) >> 2;
  return [at(body.round), at(body.round) + 1, at(body.sent), at(body.sent) + 1, at(body.sequence)];
}

export class Messages {
  readonly #table: SharedTable;
  readonly #scratch = new Int32Array(MESSAGE_WORDS);
  readonly #renamed = new PairMap();

  constructor(table: SharedTable) {
    this.#table = table;
  }

  /** The number of the message that lies at word `at` of `words`. */
  add(words: Int32Array, at: number, length: number): number {
    for (let i = 0; i < length; i++) this.#scratch[i] = words[at + i] as number;
    for (const word of ABSTRACTED[this.#kindOf(this.#scratch, 0)] ?? []) this.#scratch[word] = 0;
    return this.#table.intern(this.#scratch, length);
  }

  get words(): Int32Array {
    return this.#table.words;
  }
  /** Messages there are; they are numbered from 1 on. */
  get count(): number {
    return this.#table.count;
  }
  start(id: number): number {
    return this.#table.start(id);
  }
  length(id: number): number {
    return this.#table.length(id);
  }
  from(id: number): number {
    return this.#word(id, Header.from);
  }
  to(id: number): number {
    return this.#word(id, Header.to);
  }
  term(id: number): number {
    return this.#word(id, Header.term);
  }
  kind(id: number): number {
    return this.#kindOf(this.#table.words, this.#table.start(id));
  }
  flags(id: number): number {
    return this.#word(id, Header.flags);
  }
  /** `match` of an append reply. */
  match(id: number): number {
    return this.#word(id, Header.size + AppendReply.match);
  }

  /** The same message, to another node. */
  redirect(id: number, to: number): number {
    const length = this.length(id);
    const start = this.start(id);
    for (let i = 0; i < length; i++) this.#scratch[i] = this.#table.words[start + i] as number;
    this.#scratch[Header.to >> 2] = to;
    return this.#table.intern(this.#scratch, length);
  }

  /** The message under other names. */
  rename(id: number, renaming: Renaming, which: number): number {
    const known = this.#renamed.get(id, which);
    if (known >= 0) return known;
    const length = this.length(id);
    const start = this.start(id);
    for (let i = 0; i < length; i++) this.#scratch[i] = this.#table.words[start + i] as number;
    this.#scratch[Header.from >> 2] = renaming[this.from(id)] as number;
    this.#scratch[Header.to >> 2] = renaming[this.to(id)] as number;
    if (this.kind(id) === MessageKind.APPEND) this.#renameEntries(length, renaming);
    const renamed = this.#table.intern(this.#scratch, length);
    this.#renamed.set(id, which, renamed);
    return renamed;
  }

  /** Configurations among the entries of the Append in the scratch name members. */
  #renameEntries(length: number, renaming: Renaming): void {
    const words = this.#scratch;
    for (let at = MessageFormat.APPEND >> 2; at < length; ) {
      const kind = (words[at + (Entry.kind >> 2)] as number) & 0xff;
      if (kind === EntryKind.CONFIGURATION) renameMembers(words, at + (Entry.size >> 2), renaming);
      at += entrySizeOf(words[at + (Entry.length >> 2)] as number) >> 2;
    }
  }

  /** One line for people. */
  describe(id: number): string {
    const words = this.#table.words.slice(this.start(id), this.start(id) + this.length(id));
    return describeMessage(new Uint8Array(words.buffer));
  }

  #kindOf(words: Int32Array, start: number): number {
    return ((words[start + (Header.kind >> 2)] as number) >>> ((Header.kind & 3) * 8)) & 0xff;
  }

  #word(id: number, offset: number): number {
    return this.#table.words[this.#table.start(id) + (offset >> 2)] as number;
  }
}

/** Sets of messages, each kept once: the numbers of its messages in ascending order. */
export class MessageSets {
  readonly empty: number;
  readonly #table: SharedTable;
  readonly #messages: Messages;
  #scratch = new Int32Array(MESSAGE_WORDS);
  readonly #added = new PairMap();
  readonly #removed = new PairMap();
  readonly #united = new PairMap();
  readonly #contains = new PairMap();
  readonly #pruned = new PairMap();
  readonly #renamed = new PairMap();

  constructor(table: SharedTable, messages: Messages) {
    this.#table = table;
    this.#messages = messages;
    this.empty = table.intern(this.#scratch, 0);
  }

  /** The messages of a set; valid until the next call. */
  members(set: number): Int32Array {
    const start = this.#table.start(set);
    return this.#table.words.subarray(start, start + this.#table.length(set));
  }

  add(set: number, message: number): number {
    const known = this.#added.get(set, message);
    if (known >= 0) return known;
    const members = this.members(set);
    const result = members.includes(message) ? set : this.#intern([...members, message]);
    this.#added.set(set, message, result);
    return result;
  }

  /** Whether a set holds all messages of another. */
  contains(set: number, other: number): boolean {
    if (set === other || other === this.empty) return true;
    const known = this.#contains.get(set, other);
    if (known >= 0) return known === 1;
    const members = new Set(this.members(set));
    const result = this.members(other).every((message) => members.has(message));
    this.#contains.set(set, other, result ? 1 : 0);
    return result;
  }

  union(set: number, other: number): number {
    if (set === other) return set;
    const known = this.#united.get(set, other);
    if (known >= 0) return known;
    const result = this.#intern([...new Set([...this.members(set), ...this.members(other)])]);
    this.#united.set(set, other, result);
    return result;
  }

  remove(set: number, message: number): number {
    const known = this.#removed.get(set, message);
    if (known >= 0) return known;
    const result = this.#intern([...this.members(set)].filter((other) => other !== message));
    this.#removed.set(set, message, result);
    return result;
  }

  /** The set without the messages that are spent for a receiver of this standing. */
  prune(set: number, standing: number): number {
    const known = this.#pruned.get(set, standing);
    if (known >= 0) return known;
    const left = [...this.members(set)].filter((message) => !isSpent(this.#messages, message, standing));
    const result = this.#intern(left);
    this.#pruned.set(set, standing, result);
    return result;
  }

  /** The set under other names. */
  rename(set: number, renaming: Renaming, which: number): number {
    const known = this.#renamed.get(set, which);
    if (known >= 0) return known;
    const result = this.#intern([...this.members(set)].map((id) => this.#messages.rename(id, renaming, which)));
    this.#renamed.set(set, which, result);
    return result;
  }

  #intern(members: number[]): number {
    members.sort((a, b) => a - b);
    if (members.length > this.#scratch.length) this.#scratch = new Int32Array(2 * members.length);
    this.#scratch.set(members);
    return this.#table.intern(this.#scratch, members.length);
  }
}
