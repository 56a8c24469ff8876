/** Reads what a node says of itself out of the words of its Node struct, in whatever memory that lies. */

import { Node as Layout } from "../host/core/abi.js";
import type { CoreState } from "./core-under-test.js";

/** A state that is updated in place. */
export type MutableState = { -readonly [Field in keyof CoreState]: number };

const HIGH_WORD = 2 ** 32;

/** The u32 at a word. Most are small, and stay integers for the engine. */
function u32(words: Int32Array, word: number): number {
  const value = words[word] as number;
  return value >= 0 ? value : value >>> 0;
}

/** The u64 that begins at a word. */
function u64(words: Int32Array, word: number): number {
  const high = words[word + 1] as number;
  const low = u32(words, word);
  return high === 0 ? low : (high >>> 0) * HIGH_WORD + low;
}

export function blankState(): MutableState {
  return {
    role: 0,
    term: 0,
    vote: 0,
    leader: 0,
    commit: 0,
    applied: 0,
    first: 0,
    last: 0,
    lastTerm: 0,
    durable: 0,
    members: 0,
    snapshotIndex: 0,
    snapshotTerm: 0,
    configurationIndex: 0,
    configurationFlags: 0,
    readTicket: 0,
    lastHeard: 0,
    transferTarget: 0,
    quiet: 0,
    failure: 0,
  };
}

/** Updates a state from the Node that lies at `node` (in bytes) of the words. */
export function readState(words: Int32Array, node: number, state: MutableState): void {
  const start = node >>> 2;
  state.role = u32(words, start + (Layout.role >> 2));
  state.term = u64(words, start + (Layout.term >> 2));
  state.vote = u32(words, start + (Layout.vote >> 2));
  state.leader = u32(words, start + (Layout.leader >> 2));
  state.commit = u64(words, start + (Layout.commit >> 2));
  state.applied = u64(words, start + (Layout.applied >> 2));
  state.first = u64(words, start + (Layout.first >> 2));
  state.last = u64(words, start + (Layout.last >> 2));
  state.lastTerm = u64(words, start + (Layout.lastTerm >> 2));
  state.durable = u64(words, start + (Layout.durable >> 2));
  state.members = u32(words, start + (Layout.members >> 2));
  state.snapshotIndex = u64(words, start + (Layout.snapshotIndex >> 2));
  state.snapshotTerm = u64(words, start + (Layout.snapshotTerm >> 2));
  state.configurationIndex = u64(words, start + (Layout.configurationIndex >> 2));
  state.configurationFlags = u32(words, start + (Layout.configurationFlags >> 2));
  state.readTicket = u64(words, start + (Layout.readTicket >> 2));
  state.lastHeard = u64(words, start + (Layout.lastHeard >> 2));
  state.transferTarget = u32(words, start + (Layout.transferTarget >> 2));
  state.quiet = u32(words, start + (Layout.quiet >> 2));
  state.failure = words[start + (Layout.failure >> 2)] as number;
}
