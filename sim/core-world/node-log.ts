/** A simulated node's log as bytes: what it is handed, reads back and restores. A witness holds commands without payload. */

import { Entry, EntryFrame, EntryKind } from "../../host/core/abi.js";
import { entrySizeOf } from "../../host/core/entry.js";
import type { NodeUnderTest, Region } from "../core-under-test.js";
import type { SimNode } from "./sim-node.js";

export class NodeLog {
  constructor(readonly node: SimNode) {}

  /** Bytes of the entry at a place; a witness is handed commands without payload, and nobody else is. */
  sizeAt(memory: Region, place: number): number {
    const { around, id, isWitness } = this.node;
    const kind = (memory.words[(place + Entry.kind) >>> 2] as number) & 0xff;
    if (kind === (isWitness ? EntryKind.NORMAL : EntryKind.HOLLOW)) {
      around.report("witnesses", `node ${id} appends an entry of kind ${kind}`);
    }
    return entrySizeOf(memory.words[(place + Entry.length) >>> 2] as number);
  }

  /** Copies up to `count` entries from `index` on, as many as fit: answers their bytes. */
  read(index: number, count: number, memory: Region, offset: number, capacity: number): number {
    const { written } = this.node.disk;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const id = written.at(index + i);
      const size = this.#bytesOf(id);
      if (bytes + size > capacity) break;
      this.#copy(id, memory.words, (offset + bytes) >>> 2);
      bytes += size;
    }
    return bytes;
  }

  /** Hands a core the durable entries from `first` on. */
  restore(core: NodeUnderTest, first: number): void {
    const log = this.node.disk.durable;
    const words = new Int32Array(this.node.plan.maxMessage >>> 2);
    const bytes = new Uint8Array(words.buffer);
    let used = 0;
    for (let index = first; index <= log.last; index++) {
      const id = log.at(index);
      const size = this.#bytesOf(id);
      if (used + size > bytes.length) {
        core.restoreEntries(bytes.subarray(0, used));
        used = 0;
      }
      this.#copy(id, words, used >>> 2);
      used += size;
    }
    if (used > 0) core.restoreEntries(bytes.subarray(0, used));
  }

  #bytesOf(id: number): number {
    const { tree } = this.node.around;
    return this.node.isWitness && tree.kind(id) === EntryKind.NORMAL ? EntryFrame.HEADER : tree.bytesOf(id);
  }

  #copy(id: number, target: Int32Array, start: number): void {
    const { tree } = this.node.around;
    if (this.node.isWitness) tree.copyHollow(id, target, start);
    else tree.copy(id, target, start);
  }
}
