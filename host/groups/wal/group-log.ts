/** What is kept in memory of one group's log: what it amounts to, and where its entries lie in the shared log. */

import { LogState } from "../../storage/wal/log-state.js";
import { BODY, GROUP_BYTES } from "./format.js";
import { Places } from "./places.js";

export class GroupLog {
  readonly state = new LogState();
  readonly places = new Places();
  #liveBytes = GROUP_BYTES;

  constructor(
    readonly group: number,
    /** Index of the entry that carries the checkpoint with which the group's records begin. */
    readonly origin: number,
    /** Bytes of log before that entry. */
    readonly position: number,
  ) {}

  /** Bytes that a checkpoint and copies of the entries would take. A record of which a part is gone counts as a whole. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  truncate(from: number): void {
    this.state.truncate(from);
    this.places.truncate(this.state.last + 1);
    this.#measure();
  }

  /** Entries were written in the record that `carrier` carries; that they follow the last one has been checked. */
  append(first: number, count: number, carrier: number, bytes: number): void {
    this.places.push(first, carrier, bytes);
    this.state.last = first + count - 1;
    this.#liveBytes += BODY + bytes;
  }

  compact(index: number): void {
    this.state.compact(index);
    if (this.state.lastIndex === 0) this.places.clear();
    this.#measure();
  }

  #measure(): void {
    const { bytes, records } = this.places.sizeFrom(this.state.compacted + 1);
    this.#liveBytes = GROUP_BYTES + bytes + records * BODY;
  }
}
