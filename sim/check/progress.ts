/**
 * How far a node has come, as a number: the order in which worlds are looked at, and nothing else. Most of what a node
 * does raises it, so that a world's turn comes when the ways that lead to it have been gone.
 */

import { Role } from "../../host/core/abi.js";
import { NODE_WORDS, PEER_WORDS } from "./layout.js";
import { Local, type LocalFormat } from "./local-state.js";
import type { Paths } from "./paths.js";

/** More than all else of a term together mostly is. */
const TERM_WEIGHT = 20;
/** A crash throws away what is not durable: it comes after all that can be done without. */
export const CRASH_WEIGHT = 64;
/** A node that has led and steps down goes on from more than a leader has. */
const LED_WEIGHT = 8;
const FOLLOWS_WEIGHT = 3;

const VOTE = Local.CORE + NODE_WORDS.position("vote");
const LEADER = Local.CORE + NODE_WORDS.position("leader");
const VERIFIED = Local.CORE + NODE_WORDS.position("verified");
const PEER = ["match", "commitSent", "vote", "state"].map((field) => PEER_WORDS.position(field));

/** The progress of the state whose record is at `start`. */
export function progressOf(words: Int32Array, start: number, format: LocalFormat, paths: Paths): number {
  const word = (at: number) => words[start + at] as number;
  const term = format.term(words, start);
  const role = format.role(words, start);
  let sum = TERM_WEIGHT * term + word(Local.DISK_TERM) + (word(VOTE) === 0 ? 0 : 1) + word(VERIFIED);
  sum += 2 * paths.index(word(Local.TIP)) + paths.index(word(Local.DISK_TIP));
  sum += format.commit(words, start) + format.applied(words, start);
  const hasLed = ((word(Local.LED) >> term) & 1) !== 0;
  if (role === Role.LEADER) sum += 2;
  else if (role === Role.PRE_CANDIDATE) sum += hasLed ? 1 + LED_WEIGHT : 1;
  else if (hasLed) sum += LED_WEIGHT;
  else if (role === Role.FOLLOWER && word(LEADER) !== 0) sum += FOLLOWS_WEIGHT;
  for (let i = 0; i < format.peerRecords; i++) {
    const at = format.peers + i * PEER_WORDS.live.length;
    for (const position of PEER) sum += word(at + position);
  }
  return sum;
}
