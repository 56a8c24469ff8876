/**
 * What a node's state says about the messages that can still have an effect on it, as one number: its durable term, and
 * the term in which it campaigns or leads. docs/model-checking.md, "Spent messages", has the argument.
 */

import { MessageFlag, MessageKind, Role } from "../../host/core/abi.js";
import { Local, type LocalFormat } from "./local-state.js";
import type { Messages } from "./messages.js";

/** Bits of a term; MOST_TERM fits. */
const BITS = 4;
const MASK = (1 << BITS) - 1;
const GRANTED_PRE_VOTE = MessageFlag.PRE_VOTE | MessageFlag.GRANTED;

/** The standing of a receiver for which no message is ever spent. */
export const UNKNOWN = -1;

/** The standing of the state whose record is at `start`. */
export function standingOf(words: Int32Array, start: number, format: LocalFormat): number {
  const role = format.role(words, start);
  const campaigns = role === Role.CANDIDATE ? format.term(words, start) : 0;
  const leads = role === Role.LEADER ? format.term(words, start) : 0;
  return (words[start + Local.DISK_TERM] as number) | (campaigns << BITS) | (leads << (2 * BITS));
}

/** Whether a denial: it is never of use to who asked in that term, and lets anybody else know of a later one. */
export function isDenial(messages: Messages, message: number): boolean {
  return messages.kind(message) === MessageKind.VOTE_REPLY && (messages.flags(message) & MessageFlag.GRANTED) === 0;
}

/** Whether a message can never again have an effect on a receiver of some standing. */
export function isSpent(messages: Messages, message: number, standing: number): boolean {
  if (standing === UNKNOWN) return false;
  const kind = messages.kind(message);
  const term = messages.term(message);
  const durable = standing & MASK;
  if (kind === MessageKind.TIMEOUT_NOW) return term < durable;
  if (kind !== MessageKind.VOTE_REPLY && kind !== MessageKind.APPEND_REPLY) return false;
  const campaigns = (standing >> BITS) & MASK;
  const leads = standing >> (2 * BITS);
  // A granted pre-vote names the term after the one in which it was asked. In that one a node may ask again.
  if ((messages.flags(message) & GRANTED_PRE_VOTE) === GRANTED_PRE_VOTE) return term <= durable;
  if (term !== durable) return term < durable;
  // Nobody campaigns for a term that it is in already, so nobody comes to lead in it.
  if (kind === MessageKind.APPEND_REPLY) return campaigns !== term && leads !== term;
  return isDenial(messages, message) || campaigns !== term;
}
