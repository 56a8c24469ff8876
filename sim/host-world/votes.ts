/**
 * What a node's votes have to be: a durable vote never changes within its term, whoever runs on the disk, and names a node
 * that asked for it in that term. It belongs to a disk, and outlives the processes.
 */

import { Header, MessageFlag, MessageKind } from "../../host/core/abi.js";
import type { HardState } from "../../host/storage/storage.js";

/** Terms in which it is remembered who asked; a message is never under way for longer than a few of them. */
const MOST_TERMS = 256;

export class Votes {
  /** Who asked for a vote, by term. */
  readonly #asked = new Map<number, Set<number>>();
  /** Votes that are durable, by term. */
  readonly #given = new Map<number, number>();
  /** What was written and is not durable, by its sequence number. */
  #waiting: (HardState & { readonly sequence: number })[] = [];
  #newest: HardState = { term: 0, vote: 0 };

  constructor(private readonly id: number) {}

  /** The node has got a message. */
  heard(message: Uint8Array): void {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    if (view.getUint8(Header.kind) !== MessageKind.VOTE_REQUEST) return;
    if ((view.getUint32(Header.flags, true) & MessageFlag.PRE_VOTE) !== 0) return;
    const term = Number(view.getBigUint64(Header.term, true));
    const known = this.#asked.get(term) ?? new Set();
    this.#asked.set(term, known.add(view.getUint32(Header.from, true)));
    if (this.#asked.size > MOST_TERMS) this.#asked.delete(Math.min(...this.#asked.keys()));
  }

  /** A process begins with this. @returns what is wrong with it */
  found(state: HardState): string | undefined {
    this.#waiting = [];
    this.#newest = state;
    return this.#keep(state);
  }

  /** Something is written. @param starts whether the process has not begun to take part. @returns what is wrong with it */
  written(sequence: number, state: HardState, starts: boolean): string | undefined {
    const { term, vote } = state;
    const before = this.#newest;
    this.#newest = state;
    this.#waiting.push({ ...state, sequence });
    if (vote === 0 || (term === before.term && vote === before.vote)) return undefined;
    if (starts) return `votes for ${vote} in term ${term} before it has begun, and had ${describe(before)}`;
    if (vote === this.id || this.#asked.get(term)?.has(vote) === true) return undefined;
    return `votes for ${vote} in term ${term}, who has not asked it`;
  }

  /** What was written up to here is durable. @returns what is wrong with it */
  durable(sequence: number): string | undefined {
    let objection: string | undefined;
    while (this.#waiting[0] !== undefined && this.#waiting[0].sequence <= sequence) {
      const state = this.#waiting.shift();
      if (state !== undefined) objection ??= this.#keep(state);
    }
    return objection;
  }

  #keep({ term, vote }: HardState): string | undefined {
    const known = this.#given.get(term);
    if (known !== undefined && known !== vote) return `has voted for ${known} in term ${term}, and now for ${vote}`;
    if (vote !== 0) this.#given.set(term, vote);
    return undefined;
  }
}

function describe({ term, vote }: HardState): string {
  return vote === 0 ? `no vote in term ${term}` : `voted for ${vote} in term ${term}`;
}
