/**
 * The state of one node as a record of words: the live part of its arena, what its disk holds durably, the writes under
 * way with the messages that wait for them, and what the rules have to remember. Renaming nodes maps records to records.
 */

import { NODE_WORDS, PEER_WORDS } from "./layout.js";

/** The fixed words of a record. */
export const Local = {
  SELF: 0,
  /** Bit `1 << term` for every term that this node has led, before its crashes too. */
  LED: 1,
  DISK_TERM: 2,
  DISK_VOTE: 3,
  /** The log as it would be found after a crash. */
  DISK_TIP: 4,
  /** The log in the arena. */
  TIP: 5,
  /** Writes under way. */
  WRITES: 6,
  /** Here the live words of the Node begin, and behind them those of the Peers; then the writes under way. */
  CORE: 7,
} as const;

/** Words of a write under way before the messages that wait for it: term, vote and log as they will be, and a count. */
const WRITE_WORDS = 4;
/** In place of the count: this write and the next are of one flush. */
const UNFINISHED = -1;

/** A write under way: what is durable once it is done. */
export interface Write {
  term: number;
  vote: number;
  tip: number;
  /** Whether it is the last one of its flush. */
  ends: boolean;
  /** Messages that leave when it is done. */
  held: number[];
}

/** Names for the nodes: the node `id` becomes `names[id]`; 0 stays 0. */
export type Renaming = Int32Array;

/** Where things lie in the records of a world with some number of peers in an arena. */
export class LocalFormat {
  /** Where the first Peer's live words begin. */
  readonly peers = Local.CORE + NODE_WORDS.live.length;
  /** Where the writes under way begin. */
  readonly writes: number;
  readonly #role = Local.CORE + NODE_WORDS.position("role");
  readonly #term = Local.CORE + NODE_WORDS.position("term");
  readonly #commit = Local.CORE + NODE_WORDS.position("commit");
  readonly #applied = Local.CORE + NODE_WORDS.position("applied");
  readonly #durable = Local.CORE + NODE_WORDS.position("durable");
  readonly #peerId = PEER_WORDS.position("id");

  constructor(
    /** Peer records in an arena, the stranger's included, which is the last one. */
    readonly peerRecords: number,
  ) {
    this.writes = this.peers + peerRecords * PEER_WORDS.live.length;
  }

  role(words: Int32Array, start: number): number {
    return words[start + this.#role] as number;
  }
  term(words: Int32Array, start: number): number {
    return words[start + this.#term] as number;
  }
  commit(words: Int32Array, start: number): number {
    return words[start + this.#commit] as number;
  }
  applied(words: Int32Array, start: number): number {
    return words[start + this.#applied] as number;
  }
  durable(words: Int32Array, start: number): number {
    return words[start + this.#durable] as number;
  }

  /** Whether two records differ in nothing but the role, and in what a candidate knows of votes. */
  isSameButForRole(words: Int32Array, one: number, other: number): boolean {
    for (let i = 0; i < this.writes; i++) {
      if (i === this.#role || this.#isVoteKnown(i)) continue;
      if (words[one + i] !== words[other + i]) return false;
    }
    return (
      words[one + Local.WRITES] === 0 ||
      JSON.stringify(this.readWrites(words, one)) === JSON.stringify(this.readWrites(words, other))
    );
  }

  #isVoteKnown(word: number): boolean {
    const field = (word - this.peers) % PEER_WORDS.live.length;
    return word >= this.peers && word < this.writes && field === PEER_WORDS.position("vote");
  }

  /** The writes under way of the record at `start`. */
  readWrites(words: Int32Array, start: number): Write[] {
    const writes: Write[] = [];
    let at = start + this.writes;
    for (let i = words[start + Local.WRITES] as number; i > 0; i--) {
      const [term, vote, tip, count] = words.subarray(at, at + WRITE_WORDS) as unknown as [
        number,
        number,
        number,
        number,
      ];
      at += WRITE_WORDS;
      const held = count === UNFINISHED ? [] : Array.from(words.subarray(at, at + count));
      at += held.length;
      writes.push({ term, vote, tip, ends: count !== UNFINISHED, held });
    }
    return writes;
  }

  /** Writes the writes under way into a record; answers where it ends. */
  putWrites(record: Int32Array, writes: readonly Write[]): number {
    record[Local.WRITES] = writes.length;
    let at = this.writes;
    for (const { term, vote, tip, ends, held } of writes) {
      record[at] = term;
      record[at + 1] = vote;
      record[at + 2] = tip;
      record[at + 3] = ends ? held.length : UNFINISHED;
      at += WRITE_WORDS;
      for (const message of held) record[at++] = message;
    }
    return at;
  }

  /**
   * The record at `start` under other names.
   * @param into where it goes, from word 0 on
   * @param message the number of a message under these names
   * @param log the number of a log under these names
   * @returns its length
   */
  rename(
    words: Int32Array,
    start: number,
    renaming: Renaming,
    into: Int32Array,
    message: (id: number) => number,
    log: (tip: number) => number,
  ): number {
    const named = (id: number) => renaming[id] as number;
    for (let i = 0; i < this.peers; i++) into[i] = words[start + i] as number;
    into[Local.SELF] = named(words[start + Local.SELF] as number);
    into[Local.DISK_VOTE] = named(words[start + Local.DISK_VOTE] as number);
    into[Local.DISK_TIP] = log(words[start + Local.DISK_TIP] as number);
    into[Local.TIP] = log(words[start + Local.TIP] as number);
    for (const position of NODE_WORDS.ids) {
      into[Local.CORE + position] = named(words[start + Local.CORE + position] as number);
    }
    this.#renamePeers(words, start, named, into);
    const writes = this.readWrites(words, start).map((write) => ({
      ...write,
      vote: named(write.vote),
      tip: log(write.tip),
      held: write.held.map(message).sort((a, b) => a - b),
    }));
    return this.putWrites(into, writes);
  }

  /** Members stand in ascending order of ids; unused records and the stranger's keep their places. */
  #renamePeers(words: Int32Array, start: number, named: (id: number) => number, into: Int32Array): void {
    const width = PEER_WORDS.live.length;
    const idOf = (record: number) => named(words[start + this.peers + record * width + this.#peerId] as number);
    const order = Array.from({ length: this.peerRecords }, (_, record) => record);
    const members = order.filter((record) => record < this.peerRecords - 1 && idOf(record) !== 0);
    members.sort((a, b) => idOf(a) - idOf(b));
    for (const target of order) {
      const source = members[target] ?? target;
      for (let i = 0; i < width; i++) {
        into[this.peers + target * width + i] = words[start + this.peers + source * width + i] as number;
      }
      into[this.peers + target * width + this.#peerId] = idOf(source);
    }
  }
}
