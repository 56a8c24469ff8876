/** The effects that come from a driven core: each import's frame read and handed to the node's effects. */

import type { CoreEffects } from "../core-under-test.js";
import type { Frame } from "./conversation.js";
import { padded, region } from "./region.js";

/** An answer with bytes. */
export interface BytesAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** Takes an import's frame: answers nothing, a number, or a number and bytes, as the import has it. */
export type ImportHandler = (effects: CoreEffects, frame: Frame) => number | BytesAnswer | undefined;

const HIGH_WORD = 2 ** 32;
const NO_BYTES = new Uint8Array(0);

/** The word at a place of the import's list of arguments, the handle not counted. */
function word({ memory, offset }: Frame, place: number): number {
  return memory.words[(offset >>> 2) + place] as number;
}

/** The number that lies there as two words. */
function number(frame: Frame, place: number): number {
  return (word(frame, place + 1) >>> 0) * HIGH_WORD + (word(frame, place) >>> 0);
}

/** Where the bytes lie of an import with so many arguments. */
function bytesBehind(frame: Frame, count: number): number {
  return frame.offset + padded(4 * count);
}

let scratch = region(1 << 12);

/** Lets an effect that reads write into a place, and takes what it wrote. */
function reading(capacity: number, read: (place: typeof scratch) => number): BytesAnswer {
  if (capacity > scratch.bytes.length) scratch = region(2 * capacity);
  const status = read(scratch);
  return { status, bytes: status > 0 ? scratch.bytes.subarray(0, status) : NO_BYTES };
}

/** What takes each import. */
export const IMPORTS: Readonly<Record<string, ImportHandler>> = {
  "storage.hardState": (effects, frame) => effects.hardState(number(frame, 0), word(frame, 2) >>> 0),
  "storage.truncate": (effects, frame) => effects.truncate(number(frame, 0)),
  "storage.append": (effects, frame) =>
    effects.append(
      number(frame, 0),
      word(frame, 2),
      number(frame, 3),
      frame.memory,
      bytesBehind(frame, 7),
      word(frame, 6) >>> 0,
    ),
  "storage.compact": (effects, frame) => effects.compact(number(frame, 0)),
  "storage.read": (effects, frame) => {
    const capacity = word(frame, 4) >>> 0;
    return reading(capacity, (place) => effects.read(number(frame, 0), word(frame, 2) >>> 0, place, 0, capacity));
  },
  "transport.send": (effects, frame) => {
    effects.send(word(frame, 0) >>> 0, frame.memory, bytesBehind(frame, 4), word(frame, 2) >>> 0, word(frame, 3) !== 0);
    return undefined;
  },
  "timer.arm": (effects, frame) => {
    effects.arm(word(frame, 0), word(frame, 1) >>> 0, word(frame, 2) >>> 0);
    return undefined;
  },
  "timer.cancel": (effects, frame) => {
    effects.cancel(word(frame, 0));
    return undefined;
  },
  "machine.apply": (effects, frame) =>
    effects.apply(number(frame, 0), number(frame, 2), frame.memory, bytesBehind(frame, 6), word(frame, 5) >>> 0),
  "machine.readSnapshot": (effects, frame) => {
    const capacity = word(frame, 5) >>> 0;
    const witness = word(frame, 6) !== 0;
    return reading(capacity, (place) =>
      effects.readSnapshot(number(frame, 0), number(frame, 2), place, 0, capacity, witness),
    );
  },
  "machine.writeSnapshot": (effects, frame) => {
    const [bytes, length, last] = [bytesBehind(frame, 9), word(frame, 7) >>> 0, word(frame, 8) !== 0];
    const { memory } = frame;
    return effects.writeSnapshot(number(frame, 0), number(frame, 2), number(frame, 4), memory, bytes, length, last);
  },
  "machine.reads": (effects, frame) => {
    effects.reads(number(frame, 0), number(frame, 2), word(frame, 4) !== 0);
    return undefined;
  },
  "observer.event": (effects, frame) => {
    effects.event(word(frame, 0), number(frame, 1), number(frame, 3));
    return undefined;
  },
};
