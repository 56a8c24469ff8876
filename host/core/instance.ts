/**
 * One instance of the core with its linear memory, in which any number of nodes lie side by side. Memory grows only when
 * a node is placed that does not fit; the core itself never grows it.
 *
 * An import finds its node through `current`: imports are called only from inside a node's `flush`, which sets it. That
 * is cheaper than looking up the handle.
 */

import { instantiateSync } from "@assemblyscript/loader";
import { type CoreExports, type CoreImports, NodeFormat } from "./abi.js";
import type { CoreModule } from "./module.js";

/** What a flush lets out, in the order of the durability contract. Addresses are places in the instance's memory and
 * hold only during the call. Storage effects answer a StorageAnswer. */
export interface Effects {
  hardState(term: number, vote: number): number;
  truncate(from: number): number;
  append(first: number, count: number, lastTerm: number, entries: number, length: number): number;
  compact(index: number): number;
  read(index: number, count: number, into: number, capacity: number): number;
  send(to: number, message: number, length: number, barrier: boolean): void;
  arm(kind: number, delay: number, jitter: number): void;
  cancel(kind: number): void;
  /** Answers 0, or anything else to stop the node. */
  apply(index: number, term: number, command: number, length: number): number;
  /** Answers bytes copied, fewer than `capacity` only where the image ends, or a SnapshotAnswer. */
  readSnapshot(index: number, offset: number, into: number, capacity: number, witness: boolean): number;
  /** Answers 0 if the chunk was taken. */
  writeSnapshot(index: number, term: number, offset: number, bytes: number, length: number, last: boolean): number;
  /** Reads up to `ticket` may be answered now, or are refused. */
  reads(ticket: number, index: number, answered: boolean): void;
  event(kind: number, first: number, second: number): void;
}

const PAGE_BYTES = 65536;
const HIGH_WORD = 2 ** 32;
/** Arenas begin at multiples of this, so that no two share a cache line. */
const ARENA_ALIGNMENT = 64;

/** The number that crossed the boundary as two words. Most are small, and stay integers for the engine. */
function join(low: number, high: number): number {
  return high === 0 && low >= 0 ? low : (high >>> 0) * HIGH_WORD + (low >>> 0);
}

/** The low word of a number, for the boundary. */
export function low(value: number): number {
  return value | 0;
}

/** The high word of a number, for the boundary. */
export function high(value: number): number {
  return value < HIGH_WORD ? 0 : (value / HIGH_WORD) | 0;
}

function outsideFlush(): never {
  throw new Error("the core called an import outside of a flush");
}

/** Takes effects when no flush runs: that would be a bug of the core. */
const NO_EFFECTS: Effects = {
  hardState: outsideFlush,
  truncate: outsideFlush,
  append: outsideFlush,
  compact: outsideFlush,
  read: outsideFlush,
  send: outsideFlush,
  arm: outsideFlush,
  cancel: outsideFlush,
  apply: outsideFlush,
  readSnapshot: outsideFlush,
  writeSnapshot: outsideFlush,
  reads: outsideFlush,
  event: outsideFlush,
};

export class CoreInstance {
  readonly exports: CoreExports;
  /** Views of the whole memory, replaced when it grows. */
  bytes: Uint8Array;
  /** Signed, so that a loop that copies them stays with small integers. */
  words: Int32Array;
  view: DataView;
  /** Where the effects of the running flush go. */
  current: Effects = NO_EFFECTS;

  #end: number;
  /** Places of released arenas, by size. */
  readonly #free = new Map<number, number[]>();

  constructor(core: CoreModule) {
    const { instance } = instantiateSync(core.module, this.#imports());
    // A plain object: looking a function up in the engine's own exports object costs as much as calling it.
    this.exports = { ...(instance.exports as unknown as CoreExports) };
    const version = this.exports.abiVersion();
    if (version !== NodeFormat.ABI_VERSION) {
      throw new Error(
        `the core has ABI version ${version}, and this host speaks ${NodeFormat.ABI_VERSION}: ` +
          "use the metalraft.wasm of the same package",
      );
    }
    this.#end = align(this.exports.__heap_base.value as number);
    this.bytes = new Uint8Array(this.exports.memory.buffer);
    this.words = new Int32Array(this.exports.memory.buffer);
    this.view = new DataView(this.exports.memory.buffer);
  }

  /** Pages of linear memory in use. */
  get memoryPages(): number {
    return this.exports.memory.buffer.byteLength / PAGE_BYTES;
  }

  /** Finds a place for an arena. */
  allocate(size: number): number {
    const bytes = align(size);
    const reused = this.#free.get(bytes)?.pop();
    if (reused !== undefined) return reused;
    const address = this.#end;
    const missing = address + bytes - this.exports.memory.buffer.byteLength;
    if (missing > 0) {
      this.exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.bytes = new Uint8Array(this.exports.memory.buffer);
      this.words = new Int32Array(this.exports.memory.buffer);
      this.view = new DataView(this.exports.memory.buffer);
    }
    this.#end = address + bytes;
    return address;
  }

  /** Gives an arena's place back. */
  release(address: number, size: number): void {
    const bytes = align(size);
    this.bytes.fill(0, address, address + bytes);
    const places = this.#free.get(bytes);
    if (places === undefined) this.#free.set(bytes, [address]);
    else places.push(address);
  }

  /** A u64 of the memory as a number. */
  u64(address: number): number {
    const word = address >>> 2;
    return join(this.words[word] as number, this.words[word + 1] as number);
  }

  /** A u32 of the memory. */
  u32(address: number): number {
    return (this.words[address >>> 2] as number) >>> 0;
  }

  #imports(): CoreImports & WebAssembly.Imports {
    return {
      storage: {
        hardState: (_node, termLow, termHigh, vote) => this.current.hardState(join(termLow, termHigh), vote >>> 0),
        truncate: (_node, fromLow, fromHigh) => this.current.truncate(join(fromLow, fromHigh)),
        append: (_node, firstLow, firstHigh, count, termLow, termHigh, entries, length) =>
          this.current.append(join(firstLow, firstHigh), count, join(termLow, termHigh), entries >>> 0, length >>> 0),
        compact: (_node, indexLow, indexHigh) => this.current.compact(join(indexLow, indexHigh)),
        read: (_node, indexLow, indexHigh, count, into, capacity) =>
          this.current.read(join(indexLow, indexHigh), count >>> 0, into >>> 0, capacity >>> 0),
      },
      transport: {
        send: (_node, to, message, length, barrier) =>
          this.current.send(to >>> 0, message >>> 0, length >>> 0, barrier !== 0),
      },
      timer: {
        arm: (_node, kind, delay, jitter) => this.current.arm(kind, delay >>> 0, jitter >>> 0),
        cancel: (_node, kind) => this.current.cancel(kind),
      },
      machine: {
        apply: (_node, indexLow, indexHigh, termLow, termHigh, command, length) =>
          this.current.apply(join(indexLow, indexHigh), join(termLow, termHigh), command >>> 0, length >>> 0),
        readSnapshot: (_node, indexLow, indexHigh, offsetLow, offsetHigh, into, capacity, witness) =>
          this.current.readSnapshot(
            join(indexLow, indexHigh),
            join(offsetLow, offsetHigh),
            into >>> 0,
            capacity >>> 0,
            witness !== 0,
          ),
        writeSnapshot: (_node, indexLow, indexHigh, termLow, termHigh, offsetLow, offsetHigh, bytes, length, last) =>
          this.current.writeSnapshot(
            join(indexLow, indexHigh),
            join(termLow, termHigh),
            join(offsetLow, offsetHigh),
            bytes >>> 0,
            length >>> 0,
            last !== 0,
          ),
        reads: (_node, ticketLow, ticketHigh, indexLow, indexHigh, answered) =>
          this.current.reads(join(ticketLow, ticketHigh), join(indexLow, indexHigh), answered !== 0),
      },
      observer: {
        event: (_node, kind, firstLow, firstHigh, secondLow, secondHigh) =>
          this.current.event(kind, join(firstLow, firstHigh), join(secondLow, secondHigh)),
      },
    };
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
}
