/**
 * Plays a tape to an engine in another process and compares what came back. Digests are compared at marks; the first
 * call that differs is then found by bisection, each time with a fresh process, and looked at closely.
 */

import { DrivenFault } from "../driven/conversation.js";
import { type Command, DrivenProcessError } from "../driven/pipe.js";
import { FrameKind, TapeRequest } from "../driven/protocol.js";
import { DrivenCore, digestAt } from "../driven-core.js";
import type { Recorder } from "./recorder.js";
import type { Tape } from "./tape.js";
import { describeDifference } from "./trace.js";

/** Calls between two comparisons. */
const MARK_INTERVAL = 4096;

/** Where engines part. */
export interface Difference {
  /** The first call after which they are not alike. */
  readonly call: number;
  /** The calls before it, and what it did on both. */
  readonly trace: string;
}

/** An engine that plays tapes. */
export interface Player {
  readonly name: string;
  readonly command: Command;
}

/** Plays the calls up to `to` in one go: answers the digest, or what ended it early. */
function play(core: DrivenCore, tape: Tape, from: number, to: number): string {
  try {
    core.conversation.sendFrames(tape.frames(from, to));
    return mark(core, TapeRequest.MARK);
  } catch (error) {
    if (error instanceof DrivenProcessError || error instanceof DrivenFault) return error.message;
    throw error;
  }
}

/** Sends a TAPE: answers the digest so far. */
function mark(core: DrivenCore, what: number): string {
  const { memory, offset } = core.conversation.request(FrameKind.TAPE, 0, [what, 0]);
  return digestAt(memory.words, (offset >>> 2) + 2);
}

function withCore<T>({ name, command }: Player, use: (core: DrivenCore) => T): T {
  const core = new DrivenCore(name, command);
  try {
    return use(core);
  } finally {
    core.close();
  }
}

/** Whether the engine agrees after `calls` calls. */
function agrees(player: Player, tape: Tape, calls: number): boolean {
  return withCore(player, (core) => {
    mark(core, TapeRequest.BEGIN);
    return play(core, tape, 0, calls) === tape.digest(calls - 1);
  });
}

/** The first call of those in (good, bad] after which the engine does not agree. */
function bisect(player: Player, tape: Tape, good: number, bad: number): number {
  let [low, high] = [good, bad];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (agrees(player, tape, middle)) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Plays a tape to an engine.
 * @param again makes the same tape once more and watches a call of it
 * @returns where the engine parts from the tape; null if it does not
 */
export function compare(player: Player, tape: Tape, again: (watch: number) => Recorder): Difference | null {
  let good = 0;
  const bad = withCore(player, (core) => {
    mark(core, TapeRequest.BEGIN);
    while (good < tape.calls) {
      const next = Math.min(good + MARK_INTERVAL, tape.calls);
      if (play(core, tape, good, next) !== tape.digest(next - 1)) return next;
      good = next;
    }
    return null;
  });
  if (bad === null) return null;
  const call = bisect(player, tape, good, bad) - 1;
  const trace = withCore(player, (core) => {
    mark(core, TapeRequest.BEGIN);
    if (call > 0) play(core, tape, 0, call);
    mark(core, TapeRequest.END);
    return describeDifference(core, tape, call, again(call));
  });
  return { call, trace };
}
