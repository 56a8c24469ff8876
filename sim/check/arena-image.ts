/**
 * One node's arena, and how a state gets into it and out of it: only the live words are copied. Everything else stays as
 * init made it, which is checked, or is dead, which can be tested by filling it with junk.
 */

import { Entry, Node as Layout, Peer, Role } from "../../host/core/abi.js";
import { entrySizeOf } from "../../host/core/entry.js";
import type { CoreInstance, Effects } from "../../host/core/instance.js";
import { CoreNode } from "../../host/core/node.js";
import type { Plan } from "../../host/core/plan.js";
import { NODE_WORDS, PEER_STRIDE, PEER_WORDS, type WordClasses } from "./layout.js";
import { Local, type LocalFormat } from "./local-state.js";
import { EMPTY, type Paths } from "./paths.js";
import { AssumptionBroken } from "./violation.js";

/** What dead words are filled with. As a vote it is one that was granted, which would do the most harm. */
const JUNK = 1;
const MOST_ENTRIES = 32;
/** A vote that was denied counts as one that is open: who is not told of the denial can do as much. */
const VOTE = PEER_WORDS.position("vote");
const DENIED = 2;
const ROUND_LAST = NODE_WORDS.position("roundLast");
const ROUND_LAST_WORD = Layout.roundLast >> 2;

/** What a node starts from besides its disk, and what of it is kept. */
export interface Beginnings {
  readonly paths: Paths;
  /** The configuration before the first entry, in wire form. */
  readonly configuration: Uint8Array;
  /** Whether members may change: then how far the log had come at the latest heartbeat counts. */
  readonly counts: boolean;
  /** Whether denied votes count as open ones. */
  readonly forgets: boolean;
}

export class ArenaImage {
  readonly paths: Paths;
  readonly node: CoreNode;
  /** Word at which the arena begins. */
  readonly base: number;
  readonly #peers: number;
  readonly #slots: number;
  readonly #bytes: number;
  readonly #end: number;
  readonly #inbox: number;
  readonly #deadEnd: number;
  /** The arena as init left it. */
  readonly #initialized: Int32Array;
  /** The arena of a node that runs and has not done anything. */
  readonly #running: Int32Array;
  readonly #tips = new Int32Array(MOST_ENTRIES);

  constructor(
    instance: CoreInstance,
    readonly plan: Plan,
    readonly beginnings: Beginnings,
    effects: Effects,
    readonly format: LocalFormat,
    readonly now: number,
  ) {
    this.paths = beginnings.paths;
    this.node = new CoreNode(instance, plan, effects);
    const word = (field: number) => instance.u32(this.node.handle + field) >> 2;
    this.base = this.node.handle >> 2;
    this.#peers = this.base + word(Layout.peersOffset);
    this.#inbox = this.base + word(Layout.inboxOffset);
    this.#deadEnd = this.base + word(Layout.outboxOffset) + (plan.maxMessage >> 2);
    this.#slots = this.base + word(Layout.slotsOffset);
    this.#bytes = this.base + word(Layout.bytesOffset);
    this.#end = this.base + (this.node.size >> 2);
    this.#initialized = instance.words.slice(this.base, this.#end);
    this.restart(0, 0, EMPTY);
    this.node.flush(now);
    this.#running = instance.words.slice(this.base, this.#end);
  }

  /** Starts the node from what its disk holds. */
  restart(term: number, vote: number, tip: number): void {
    const { instance } = this.node;
    instance.words.set(this.#initialized, this.base);
    this.node.restoreHardState(term, vote);
    this.node.restoreSnapshot(0, 0, this.beginnings.configuration);
    for (const entry of this.#entriesOf(tip)) {
      const start = this.paths.wireStart(entry);
      const words = this.paths.words.slice(start, start + this.paths.wireLength(entry));
      this.node.restoreEntries(new Uint8Array(words.buffer));
    }
    this.node.start(this.now);
  }

  /** Puts the node into the state of a record. With `junk`, what is dead is filled with it. */
  load(words: Int32Array, start: number, junk: boolean): void {
    const memory = this.node.instance.words;
    const running = this.#running;
    const role = this.format.role(words, start);
    if (junk) {
      memory.fill(JUNK, this.#inbox, this.#deadEnd);
      memory.fill(JUNK, this.#slots, this.#end);
    }
    for (let i = 0; i < Layout.size >> 2; i++) memory[this.base + i] = running[i] as number;
    this.#put(NODE_WORDS, this.base, words, start + Local.CORE, role, junk);
    const peers = this.#peers - this.base;
    for (let i = 0; i < this.format.peerRecords; i++) {
      const record = this.#peers + i * PEER_STRIDE;
      const from = peers + i * PEER_STRIDE;
      if (junk && this.#isUnused(i)) {
        memory.fill(JUNK, record, record + PEER_STRIDE);
        continue;
      }
      for (let word = 0; word < PEER_STRIDE; word++) memory[record + word] = running[from + word] as number;
      this.#put(PEER_WORDS, record, words, start + this.format.peers + i * PEER_WORDS.live.length, role, junk);
    }
    this.#putLog(memory, words[start + Local.TIP] as number);
  }

  #put(classes: WordClasses, to: number, words: Int32Array, from: number, role: number, junk: boolean): void {
    const memory = this.node.instance.words;
    const { abstracted, candidates, dead, leaders, live } = classes;
    for (let i = 0; i < live.length; i++) memory[to + (live[i] as number)] = words[from + i] as number;
    for (let i = 0; i < abstracted.length; i++) memory[to + (abstracted[i] as number)] = 0;
    if (!junk) return;
    if (classes === NODE_WORDS && !this.beginnings.counts) memory[to + ROUND_LAST_WORD] = JUNK;
    for (const word of dead) memory[to + word] = JUNK;
    const id = classes === PEER_WORDS ? words[from + PEER_WORDS.position("id")] : undefined;
    // Nobody resets the stranger's record before there is one.
    if (id === 0) return;
    const own = id === this.plan.id;
    if (role !== Role.LEADER || own) for (const i of leaders) memory[to + (live[i] as number)] = JUNK;
    if (role !== Role.CANDIDATE && role !== Role.PRE_CANDIDATE) {
      for (const i of candidates) memory[to + (live[i] as number)] = JUNK;
    }
  }

  #putLog(memory: Int32Array, tip: number): void {
    let at = this.#bytes;
    for (const entry of this.#entriesOf(tip)) {
      memory[this.#slots + (this.paths.index(entry) & (this.plan.windowEntries - 1))] = (at - this.#bytes) << 2;
      const start = this.paths.wireStart(entry);
      const length = this.paths.wireLength(entry);
      for (let i = 0; i < length; i++) memory[at++] = this.paths.words[start + i] as number;
    }
  }

  /** Takes the node's state, between two calls, into a record from Local.CORE on, and its log into Local.TIP. */
  store(record: Int32Array): void {
    const memory = this.node.instance.words;
    const role = memory[this.base + (Layout.role >> 2)] as number;
    record[Local.TIP] = this.#takeLog(memory);
    this.#take(NODE_WORDS, this.base, record, Local.CORE, role);
    const durable = this.format.durable(record, 0);
    const office = NODE_WORDS.leaders[0] as number;
    // A leader compares it with what is durable, which does not fall while it leads.
    if ((record[Local.CORE + office] as number) <= durable) record[Local.CORE + office] = 0;
    if (!this.beginnings.counts) record[Local.CORE + ROUND_LAST] = 0;
    const width = PEER_WORDS.live.length;
    for (let i = 0; i < this.format.peerRecords; i++) {
      const at = this.format.peers + i * width;
      if (this.#isUnused(i)) {
        record.fill(0, at, at + width);
        continue;
      }
      const place = this.#peers + i * PEER_STRIDE;
      this.#take(PEER_WORDS, place, record, at, role);
      if (this.beginnings.forgets && record[at + VOTE] === DENIED) record[at + VOTE] = 0;
      // A leader counts itself by its own fields.
      if (record[at + PEER_WORDS.position("id")] !== this.plan.id) continue;
      for (const position of PEER_WORDS.leaders) record[at + position] = 0;
    }
    this.#checkConstants(memory);
  }

  #take(classes: WordClasses, from: number, record: Int32Array, to: number, role: number): void {
    const memory = this.node.instance.words;
    const { candidates, leaders, live } = classes;
    for (let i = 0; i < live.length; i++) record[to + i] = memory[from + (live[i] as number)] as number;
    if (role !== Role.LEADER) for (const i of leaders) record[to + i] = 0;
    if (role !== Role.CANDIDATE && role !== Role.PRE_CANDIDATE) for (const i of candidates) record[to + i] = 0;
  }

  /** All of the arena, to put back. */
  copy(): Int32Array {
    return this.node.instance.words.slice(this.base, this.#end);
  }
  putBack(words: Int32Array): void {
    this.node.instance.words.set(words, this.base);
  }

  /** Says when a leader last heard each of the others. */
  setContact(time: number): void {
    for (let i = 0; i < this.plan.nodes; i++) {
      this.node.instance.words[this.#peers + i * PEER_STRIDE + (Peer.lastAck >> 2)] = time;
    }
  }

  /** Sets a time of the node. */
  setTime(field: number, time: number): void {
    this.node.instance.words[this.base + (field >> 2)] = time;
  }

  /** The log in the window, which lies there as `putLog` puts it. */
  takeTip(): number {
    return this.#takeLog(this.node.instance.words);
  }

  #takeLog(memory: Int32Array): number {
    let tip = EMPTY;
    let at = this.#bytes;
    const last = this.node.last;
    if (last > MOST_ENTRIES) throw new AssumptionBroken(`node ${this.plan.id} has a log of ${last} entries`);
    for (let index = 1; index <= last; index++) {
      const slot = memory[this.#slots + (index & (this.plan.windowEntries - 1))];
      if (slot !== (at - this.#bytes) << 2) throw new AssumptionBroken("the log does not lie in the window in order");
      tip = this.paths.add(tip, memory, at);
      at += entrySizeOf(memory[at + (Entry.length >> 2)] as number) >> 2;
    }
    return tip;
  }

  /** Whatever is neither live nor dead nor left out is as it was. */
  #checkConstants(memory: Int32Array): void {
    const expect = (word: number) => {
      if (memory[this.base + word] === this.#running[word]) return;
      throw new AssumptionBroken(
        `word ${word} of the arena of node ${this.plan.id} is ${memory[this.base + word]} and was ` +
          `${this.#running[word]}: it is part of the state, and sim/check/layout.ts does not know it`,
      );
    };
    const peers = this.#peers - this.base;
    const behindPeers = peers + this.format.peerRecords * PEER_STRIDE;
    for (const word of NODE_WORDS.constant) expect(word);
    for (let word = Layout.size >> 2; word < this.#inbox - this.base; word++) {
      if (word < peers || word >= behindPeers) expect(word);
    }
    for (let i = 0; i < this.format.peerRecords; i++) {
      if (this.#isUnused(i)) continue;
      for (const word of PEER_WORDS.constant) expect(peers + i * PEER_STRIDE + word);
    }
  }

  /** Whether a Peer record belongs neither to a member nor to the stranger: it is reset when it is taken into use. */
  #isUnused(record: number): boolean {
    const members = this.node.instance.words[this.base + (Layout.members >> 2)] as number;
    return record >= members && record < this.format.peerRecords - 1;
  }

  /** The logs that end with each entry of a log, the shortest first; valid until the next call. */
  #entriesOf(tip: number): Int32Array {
    const count = this.paths.index(tip);
    let at = tip;
    for (let i = count - 1; i >= 0; i--) {
      this.#tips[i] = at;
      at = this.paths.parent(at);
    }
    return this.#tips.subarray(0, count);
  }
}
