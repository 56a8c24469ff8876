/**
 * Damage to a message that its receiver can tell, although no checksum of a transport was in between: what the core's own
 * validation (assembly/wire/validate.ts) has to refuse. It is confined to that on purpose. Raft trusts its members: a
 * message with other numbers in it may be just as well-formed, and says something that its sender never said; to stop that
 * is what checksums are for, and breaking the rules with it would show nothing.
 */

import { Append, Header, MessageFormat, MessageKind } from "../../host/core/abi.js";
import { type Envelope, kindOf } from "./network.js";

/** The first number above all kinds of messages. */
const KINDS = Math.max(...Object.values(MessageKind)) + 1;
/** Bit of a term that none has: terms are below 2^53. */
const HIGH_BIT = 2 ** 31;
/** Flags from this bit on have no meaning. */
const FIRST_UNKNOWN_FLAG = 8;

/** Damages an envelope; what is changed to what follows from a 32-bit number. */
type Damaging = (envelope: Envelope, draw: number) => void;

/** A field of a message as a word changes to any other one. */
function otherWord(field: number): Damaging {
  return ({ words }, draw) => {
    words[field >> 2] = (words[field >> 2] as number) ^ (draw === 0 ? 1 : draw);
  };
}

/** Ways to damage a message, each of which every kind of message knows. */
const DAMAGES: Readonly<Record<string, Damaging>> = {
  "no magic": ({ bytes }, draw) => {
    bytes[Header.magic] = (bytes[Header.magic] as number) ^ (1 + (draw % 255));
  },
  /** Any but the core's own, whatever it was before. */
  "another version": ({ bytes }, draw) => {
    bytes[Header.version] = (MessageFormat.VERSION + 1 + (draw % 255)) & 0xff;
  },
  "an unknown kind": ({ bytes }, draw) => {
    bytes[Header.kind] = (KINDS + (draw % (257 - KINDS))) & 0xff;
  },
  "an unknown flag": ({ words }, draw) => {
    words[Header.flags >> 2] = (words[Header.flags >> 2] as number) | (1 << (FIRST_UNKNOWN_FLAG + (draw % 24)));
  },
  "another length": otherWord(Header.length),
  "cut short": (envelope, draw) => {
    envelope.length = draw % envelope.length;
  },
  "a receiver that it did not reach": otherWord(Header.to),
  "no sender": ({ words }) => {
    words[Header.from >> 2] = 0;
  },
  "its receiver as sender": ({ words, to }) => {
    words[Header.from >> 2] = to;
  },
  "another group": otherWord(Header.group),
  "another cluster": otherWord(Header.cluster),
  "a term out of range": ({ words }, draw) => {
    const high = (Header.term >> 2) + 1;
    words[high] = (words[high] as number) | HIGH_BIT | (draw % 2 ** 20);
  },
  "another number of entries": (envelope, draw) => {
    const count = MessageFormat.HEADER + Append.count;
    if (kindOf(envelope) === MessageKind.APPEND) otherWord(count)(envelope, draw);
    else otherWord(Header.length)(envelope, draw);
  },
};

/** The ways, by name. */
export const DAMAGE_NAMES: readonly string[] = Object.keys(DAMAGES);

/** Damages a message in the way with this number. */
export function damage(envelope: Envelope, way: number, draw: number): void {
  const damaging = DAMAGES[DAMAGE_NAMES[way] ?? ""];
  if (damaging === undefined) throw new RangeError(`there is no damage ${way}`);
  damaging(envelope, draw >>> 0);
}
