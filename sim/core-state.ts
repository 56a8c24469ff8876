/** Reads what a node says of itself out of the words of its Node struct, in whatever memory that lies. */

import { Node as Layout } from "../host/core/abi.js";
import type { CoreState } from "./core-under-test.js";

/** A state that is updated in place. */
export type MutableState = { -readonly [Field in keyof CoreState]: number };

const HIGH_WORD = 2 ** 32;

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
  const u32 = (field: number) => (words[(node + field) >>> 2] as number) >>> 0;
  const u64 = (field: number) => u32(field + 4) * HIGH_WORD + u32(field);
  state.role = u32(Layout.role);
  state.term = u64(Layout.term);
  state.vote = u32(Layout.vote);
  state.leader = u32(Layout.leader);
  state.commit = u64(Layout.commit);
  state.applied = u64(Layout.applied);
  state.first = u64(Layout.first);
  state.last = u64(Layout.last);
  state.lastTerm = u64(Layout.lastTerm);
  state.durable = u64(Layout.durable);
  state.members = u32(Layout.members);
  state.snapshotIndex = u64(Layout.snapshotIndex);
  state.snapshotTerm = u64(Layout.snapshotTerm);
  state.configurationIndex = u64(Layout.configurationIndex);
  state.configurationFlags = u32(Layout.configurationFlags);
  state.readTicket = u64(Layout.readTicket);
  state.lastHeard = u64(Layout.lastHeard);
  state.transferTarget = u32(Layout.transferTarget);
  state.quiet = u32(Layout.quiet);
  state.failure = u32(Layout.failure) | 0;
}
