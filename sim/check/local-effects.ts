/**
 * What a node's effects do to its disk and which messages leave, judged by the rules that look at one node.
 *
 * Fault model of the disk: writes become durable in order, those of one flush together, when the search says so; a crash
 * keeps any prefix of the writes under way, and of an append any prefix of its entries. A message with a barrier leaves
 * when all writes before it are durable.
 */

import { EntryKind, MessageFlag, MessageKind, StorageAnswer } from "../../host/core/abi.js";
import { entrySizeOf } from "../../host/core/entry.js";
import type { CoreInstance, Effects } from "../../host/core/instance.js";
import { DurableBeforeSent, FlushOrder, FlushStep, LeaderAppendOnly, OneVoteATerm } from "../checkers/invariants.js";
import { Local, type LocalFormat, type Write } from "./local-state.js";
import type { Messages } from "./messages.js";
import type { StorageMode } from "./options.js";
import { EMPTY, type Paths } from "./paths.js";
import { reportBroken } from "./violation.js";

export class LocalEffects implements Effects {
  self = 0;
  diskTerm = 0;
  diskVote = 0;
  /** The log as it would be found after a crash. */
  diskTip = EMPTY;
  /** The log as handed over. */
  written = EMPTY;
  /** Writes under way, oldest first. */
  writes: Write[] = [];
  /** What the disk held after each write of this step that was durable at once. */
  turn: Write[] = [];
  /** Messages that have left. */
  readonly sends: number[] = [];
  /** Index of the last command that the state machine was given. */
  applied = 0;
  /** The term in which the node leads without a break since its step began; 0 if it does not. */
  leads = 0;

  readonly #order = new FlushOrder(reportBroken);
  readonly #barrier = new DurableBeforeSent(reportBroken);
  readonly #votes = new OneVoteATerm(reportBroken);
  readonly #appendOnly = new LeaderAppendOnly(reportBroken);

  constructor(
    readonly instance: CoreInstance,
    readonly messages: Messages,
    readonly paths: Paths,
    readonly mode: StorageMode,
    readonly nodes: number,
  ) {}

  /** A node with an empty disk. */
  reset(self: number): void {
    this.self = self;
    this.diskTerm = 0;
    this.diskVote = 0;
    this.diskTip = EMPTY;
    this.written = EMPTY;
    this.writes = [];
    this.turn = [];
    this.sends.length = 0;
    this.applied = 0;
    this.leads = 0;
  }

  /** The node of the record at `start`. */
  load(words: Int32Array, start: number, format: LocalFormat): void {
    this.reset(words[start + Local.SELF] as number);
    this.diskTerm = words[start + Local.DISK_TERM] as number;
    this.diskVote = words[start + Local.DISK_VOTE] as number;
    this.diskTip = words[start + Local.DISK_TIP] as number;
    this.written = words[start + Local.TIP] as number;
    this.writes = format.readWrites(words, start);
    this.applied = format.applied(words, start);
  }

  beginFlush(): void {
    this.#order.begins();
  }

  /** The writes of a flush become durable together. */
  endFlush(): void {
    const last = this.writes.at(-1);
    if (last !== undefined) last.ends = true;
  }

  /** Makes the oldest flush's writes durable and lets go what waited for them; answers the index that may be reported. */
  persist(): number {
    for (let ended = false; !ended; ) {
      const write = this.writes.shift();
      if (write === undefined) break;
      this.#end(write);
      ended = write.ends;
      for (const message of write.held) this.#leave(message);
    }
    // Not what a truncation under way will reach.
    const ends = [this.diskTip, ...this.writes.map((write) => write.tip)];
    return Math.min(...ends.map((tip) => this.paths.index(tip)));
  }

  /** Loses the writes under way but the oldest `kept`, and what waited for them. */
  crash(kept: number): void {
    for (const write of this.writes.slice(0, kept)) this.#end(write);
    this.writes = [];
    this.written = this.diskTip;
    this.applied = 0;
    this.leads = 0;
  }

  /** Loses what this step has done but the oldest `kept` writes. */
  interrupt(kept: number): void {
    const last = this.turn[kept - 1];
    if (last === undefined) throw new Error(`no crash after ${kept} of ${this.turn.length} writes`);
    this.#end(last);
    this.crash(0);
    this.turn = [];
    this.sends.length = 0;
  }

  get flushesUnderWay(): number {
    return this.writes.filter((write) => write.ends).length;
  }

  // Effects.

  hardState(term: number, vote: number): number {
    this.#order.takes(this.self, FlushStep.HARD_STATE);
    const before = this.writes.at(-1) ?? { term: this.diskTerm, vote: this.diskVote };
    this.#votes.saves(this.self, term, vote, before.term, before.vote);
    return this.#issue({ term, vote, tip: this.written });
  }

  truncate(from: number): number {
    this.#order.takes(this.self, FlushStep.TRUNCATE);
    this.#appendOnly.truncates(this.self, this.leads !== 0, from);
    this.written = this.paths.upTo(this.written, from - 1);
    return this.#issue({ tip: this.written });
  }

  append(first: number, count: number, lastTerm: number, entries: number, length: number): number {
    this.#order.takes(this.self, FlushStep.APPEND);
    const index = this.paths.index(this.written);
    if (first !== index + 1) {
      reportBroken("append order", `node ${this.self} appends from ${first} to a log that ends at ${index}`);
    }
    const { words } = this.instance;
    let at = entries;
    let answer: number = StorageAnswer.TAKEN;
    for (let i = 0; i < count; i++) {
      this.written = this.paths.add(this.written, words, at >> 2);
      answer = this.#issue({ tip: this.written });
      at += entrySizeOf(words[(at >> 2) + 2] as number);
    }
    if (at !== entries + length || this.paths.term(this.written) !== lastTerm) {
      reportBroken("append order", `node ${this.self} appends ${count} entries up to term ${lastTerm}, and others`);
    }
    return answer;
  }

  read(index: number): number {
    return reportBroken("read-back", `node ${this.self} reads back entry ${index}, which is in its window`);
  }

  /** Nothing is compacted, no snapshot is sent and nobody reads within a search. */
  compact(index: number): number {
    return reportBroken("nothing unasked", `node ${this.self} compacts its log up to ${index}`);
  }
  readSnapshot(index: number): number {
    return reportBroken("nothing unasked", `node ${this.self} sends a snapshot up to ${index}`);
  }
  writeSnapshot(index: number): number {
    return reportBroken("nothing unasked", `node ${this.self} installs a snapshot up to ${index}`);
  }
  reads(ticket: number): void {
    reportBroken("nothing unasked", `node ${this.self} answers reads up to ${ticket}`);
  }

  send(_to: number, message: number, length: number, barrier: boolean): void {
    this.#order.takes(this.self, FlushStep.SEND);
    const id = this.messages.add(this.instance.words, message >> 2, length >> 2);
    const last = this.writes.at(-1);
    const isHeld = barrier && last !== undefined;
    for (const each of this.#alike(id)) {
      if (isHeld) last.held.push(each);
      else this.#leave(each);
    }
  }

  arm(): void {
    this.#order.takes(this.self, FlushStep.TIMER);
  }
  cancel(): void {
    this.#order.takes(this.self, FlushStep.TIMER);
  }
  event(): void {
    this.#order.takes(this.self, FlushStep.EVENT);
  }

  apply(index: number, term: number, command: number, length: number): number {
    this.#order.takes(this.self, FlushStep.APPLY);
    const { paths } = this;
    for (let skipped = this.applied + 1; skipped < index; skipped++) {
      if (paths.kind(paths.upTo(this.written, skipped)) !== EntryKind.NORMAL) continue;
      reportBroken("apply order", `node ${this.self} applies ${index} and has left out ${skipped}`);
    }
    if (index <= this.applied) reportBroken("apply order", `node ${this.self} applies ${index} after ${this.applied}`);
    const entry = paths.upTo(this.diskTip, index);
    if (entry === EMPTY || entry !== paths.upTo(this.written, index)) {
      reportBroken("apply order", `node ${this.self} applies ${index}, which is not durable on it`);
    }
    if (paths.term(entry) !== term || !this.#isPayload(entry, command, length)) {
      reportBroken("apply order", `node ${this.self} applies ${index}/${term} with other content than its log has`);
    }
    this.applied = index;
    return 0;
  }

  // What is behind them.

  /** A retiring leader asks one of several members that are as fit, by their ids, to campaign: here it asks everybody. */
  #alike(id: number): number[] {
    if (this.messages.kind(id) !== MessageKind.TIMEOUT_NOW) return [id];
    const others = Array.from({ length: this.nodes }, (_, i) => i + 1).filter((node) => node !== this.self);
    return others.map((node) => this.messages.redirect(id, node));
  }

  #isPayload(entry: number, command: number, length: number): boolean {
    const { paths } = this;
    const start = paths.wireStart(entry);
    if (paths.words[start + 2] !== length) return false;
    for (let i = 0; i < length >> 2; i++) {
      if (paths.words[start + 4 + i] !== this.instance.words[(command >> 2) + i]) return false;
    }
    return true;
  }

  #issue(change: { term?: number; vote?: number; tip: number }): number {
    const before = this.writes.at(-1) ?? { term: this.diskTerm, vote: this.diskVote };
    const write = { term: before.term, vote: before.vote, ends: false, held: [], ...change };
    if (this.mode === "async") {
      this.writes.push(write);
      return StorageAnswer.TAKEN;
    }
    this.#end(write);
    this.turn.push(write);
    return StorageAnswer.DURABLE;
  }

  #end(write: Write): void {
    this.diskTerm = write.term;
    this.diskVote = write.vote;
    this.diskTip = write.tip;
  }

  /** A message leaves: what it tells is durable here. Pre-votes and their requests speak of nothing durable. */
  #leave(message: number): void {
    const { messages, self } = this;
    this.sends.push(message);
    const kind = messages.kind(message);
    const flags = messages.flags(message);
    if ((flags & MessageFlag.PRE_VOTE) !== 0) return;
    const term = messages.term(message);
    this.#barrier.showsTerm(self, term, this.diskTerm);
    if (kind === MessageKind.VOTE_REQUEST || (flags & MessageFlag.GRANTED) !== 0) {
      const candidate = kind === MessageKind.VOTE_REQUEST ? self : messages.to(message);
      this.#barrier.showsVote(self, term, candidate, this.diskTerm, this.diskVote);
    } else if (kind === MessageKind.APPEND_REPLY) {
      this.#barrier.acknowledges(self, messages.match(message), this.paths.index(this.diskTip));
    }
  }
}
