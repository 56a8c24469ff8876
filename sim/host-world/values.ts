/** The values that clients write: each is another one, and says who wrote it. */

import type { Value } from "../checkers/history.js";
import type { Stream } from "./stream.js";

/** One in so many is long, so that writes of the log go over several sectors of a disk, and pages. */
const LONG = 8;
/** Characters of a long one, at most: two of them fit a command that compares. */
const MOST_LENGTH = 1700;

/** @param name of no other value */
export function drawValue(name: string, random: Stream): string {
  return random.oneIn(LONG) ? name.padEnd(1 + random.below(MOST_LENGTH), "-") : name;
}

export function bytesOf(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function textOf(bytes: Uint8Array | undefined): Value {
  return bytes === undefined ? null : new TextDecoder().decode(bytes);
}
