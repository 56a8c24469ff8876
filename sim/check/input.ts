/** What can happen to a node: an input, as a number, so that what a state does with it can be looked up. */

import { describeRoles } from "./configurations.js";
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
  /** The leader is asked for another configuration; the argument has each member's roles (configurations.ts). */
  RECONFIGURE: 9,
  /** Another input, and a crash and restart in the middle of the writes that follow it; the argument is made by
   * `interrupted`. */
  INTERRUPTED: 10,
} as const;
export type InputKind = (typeof InputKind)[keyof typeof InputKind];

const KINDS = 16;
/** Above the most writes of one flush: a hard state, a truncation and an entry each up to the bound on logs. */
const MOST_WRITES = 16;

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

/** An input with a crash after `kept` of the writes that follow it. */
export function interrupted(input: number, kept: number): number {
  return makeInput(InputKind.INTERRUPTED, input * MOST_WRITES + kept);
}
/** The input that is interrupted, or the input itself. */
export function interruptedInput(input: number): number {
  return kindOf(input) === InputKind.INTERRUPTED ? Math.floor(argumentOf(input) / MOST_WRITES) : input;
}
/** How many writes an interrupted input keeps. */
export function keptOf(input: number): number {
  return argumentOf(input) % MOST_WRITES;
}
/** Whether an input ends with a crash and restart. */
export function isCrash(input: number): boolean {
  return kindOf(input) === InputKind.CRASH || kindOf(input) === InputKind.INTERRUPTED;
}
/** The message that an input delivers; 0 if it delivers none. */
export function messageOf(input: number): number {
  const given = interruptedInput(input);
  return isDelivery(given) ? argumentOf(given) : 0;
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
  [InputKind.RECONFIGURE]: (node, roles) => `ask ${node} for the configuration ${describeRoles(roles)}`,
  [InputKind.INTERRUPTED]: (node, argument, messages) => {
    const input = makeInput(InputKind.INTERRUPTED, argument);
    const given = describeInput(node, interruptedInput(input), messages);
    return `${given}; crash and restart ${node}, keeping ${keptOf(input)} of the writes that follow`;
  },
};

/** An input for people. */
export function describeInput(node: number, input: number, messages: Messages): string {
  return WORDS[kindOf(input)](node, argumentOf(input), messages);
}
