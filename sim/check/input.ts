/** What can happen to a node: an input, as a number, so that what a state does with it can be looked up. */

import type { Messages } from "./messages.js";

export const InputKind = {
  /** A message arrives, less than an election timeout after a leader was heard; the argument is its number. */
  DELIVER: 0,
  /** The same, a full election timeout after a leader was heard. */
  DELIVER_LATE: 1,
  /** The election timer fires, a full timeout after it was set. */
  ELECTION: 2,
  /** The heartbeat timer fires, and a quorum has been heard within an election timeout. */
  HEARTBEAT: 3,
  /** The heartbeat timer fires, and no quorum has been heard for an election timeout. */
  QUORUM_LOST: 4,
  /** A client proposes a command. */
  PROPOSE: 5,
  /** The writes of the oldest flush under way become durable, and the core is told. */
  PERSIST: 6,
  /** Crash and restart; the argument is how many writes under way are kept. */
  CRASH: 7,
  /** The host reports a member as unreachable; the argument is its id. */
  UNREACHABLE: 8,
} as const;
export type InputKind = (typeof InputKind)[keyof typeof InputKind];

const KINDS = 16;

export function makeInput(kind: InputKind, argument = 0): number {
  return argument * KINDS + kind;
}
export function kindOf(input: number): InputKind {
  return (input % KINDS) as InputKind;
}
export function argumentOf(input: number): number {
  return Math.floor(input / KINDS);
}

/** Whether an input is the arrival of a message. */
export function isDelivery(input: number): boolean {
  return kindOf(input) <= InputKind.DELIVER_LATE;
}

const WORDS: Readonly<Record<InputKind, (node: number, argument: number, messages: Messages) => string>> = {
  [InputKind.DELIVER]: (_, message, messages) => `deliver ${messages.describe(message)}`,
  [InputKind.DELIVER_LATE]: (node, message, messages) =>
    `deliver ${messages.describe(message)}, an election timeout after ${node} last heard from a leader`,
  [InputKind.ELECTION]: (node) => `fire the election timer of ${node}`,
  [InputKind.HEARTBEAT]: (node) => `fire the heartbeat timer of ${node}`,
  [InputKind.QUORUM_LOST]: (node) =>
    `fire the heartbeat timer of ${node}, which heard no quorum for an election timeout`,
  [InputKind.PROPOSE]: (node) => `propose a command on ${node}`,
  [InputKind.PERSIST]: (node) => `make the oldest writes of ${node} durable`,
  [InputKind.CRASH]: (node, kept) => `crash and restart ${node}, keeping ${kept} writes under way`,
  [InputKind.UNREACHABLE]: (node, peer) => `tell ${node} that ${peer} is unreachable`,
};

/** An input for people. */
export function describeInput(node: number, input: number, messages: Messages): string {
  return WORDS[kindOf(input)](node, argumentOf(input), messages);
}
