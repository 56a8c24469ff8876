/** What a call did on two engines, side by side, for people. */

import { Node as Layout, StatusCodeName } from "../../host/core/abi.js";
import { DrivenFault, type Frame } from "../driven/conversation.js";
import { DrivenProcessError } from "../driven/pipe.js";
import { FRAME_HEADER, FrameKind, REPLY_HEADER } from "../driven/protocol.js";
import { padded } from "../driven/region.js";
import type { DrivenCore } from "../driven-core.js";
import type { Recorder } from "./recorder.js";
import type { Tape } from "./tape.js";

/** Calls before the one in question that are shown. */
const SHOWN_BEFORE = 12;
/** Words of a frame that are shown. */
const SHOWN_WORDS = 48;

/** A frame in words: its name, and what follows its header as numbers. */
function describeFrame({ kind, memory, offset, length }: Frame, importNames: readonly string[]): string {
  const start = offset >>> 2;
  const words = memory.words.subarray(start, start + Math.min(SHOWN_WORDS, Math.ceil(length / 4)));
  if (kind === FrameKind.REPLY) {
    const status = words[0] as number;
    const node = [...words.subarray(REPLY_HEADER >>> 2)].join(" ");
    return `answers ${StatusCodeName[status] ?? status}, arena ${words[2]} ${words[3]}, Node ${node} ...`;
  }
  return `${importNames[kind - FrameKind.EFFECT] ?? `frame ${kind}`} ${[...words].join(" ")}`;
}

/** The frames that lie one behind the other in bytes. */
function framesOf(came: Uint8Array): Frame[] {
  const bytes = came.slice();
  const memory = { bytes, words: new Int32Array(bytes.buffer) };
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = (memory.words[at >>> 2] as number) >>> 0;
    const second = memory.words[(at >>> 2) + 1] as number;
    frames.push({ kind: second & 0xffff, node: second >>> 16, memory, offset: at + FRAME_HEADER, length });
    at += FRAME_HEADER + padded(length);
  }
  return frames;
}

/** Makes the call on the engine, and says what came back. */
function callLive(core: DrivenCore, tape: Tape, call: number): { readonly lines: string[]; readonly node: number } {
  const lines: string[] = [];
  let node = 0;
  try {
    core.conversation.replay(tape.frames(call, call + 1), (frame) => {
      node = frame.node;
      lines.push(describeFrame(frame, core.importNames));
    });
  } catch (error) {
    if (!isOutcome(error)) throw error;
    lines.push(error.message);
  }
  return { lines, node };
}

function isOutcome(error: unknown): error is Error {
  return (
    error instanceof DrivenFault || error instanceof DrivenProcessError || error instanceof WebAssembly.RuntimeError
  );
}

/** The field of the Node that lies at an offset of the arena, or the offset. */
function nameOffset(offset: number): string {
  if (offset >= Layout.size) return `offset ${offset}`;
  const fields = Object.entries(Layout).filter(([name, at]) => name !== "size" && at <= offset);
  const [name] = fields.reduce((last, field) => (field[1] >= last[1] ? field : last), ["offset 0", 0]);
  return `offset ${offset} (${name})`;
}

function describeArenas(expected: Uint8Array, found: Uint8Array): string {
  const at = expected.findIndex((byte, i) => found[i] !== byte);
  if (at < 0) return "the arenas are alike";
  return `the arenas differ first at ${nameOffset(at)}: ${expected[at]} here, ${found[at]} there`;
}

/** The engine's arena after the call; undefined when it cannot be asked any more. */
function arenaOf(core: DrivenCore, node: number, bytes: number): Uint8Array | undefined {
  try {
    const { memory, offset } = core.conversation.request(FrameKind.PEEK, node, [0, bytes]);
    return memory.bytes.slice(offset + REPLY_HEADER, offset + REPLY_HEADER + bytes);
  } catch (error) {
    if (!isOutcome(error)) throw error;
    return undefined;
  }
}

/**
 * Says what a call did here and there.
 * @param core the engine, with the tape played up to the call
 * @param watcher the recorder that watched the call
 */
export function describeDifference(core: DrivenCore, tape: Tape, call: number, watcher: Recorder): string {
  const { watched } = watcher;
  const { lines, node } = callLive(core, tape, call);
  const here = watched === null ? ["released"] : framesOf(watched.came).map((f) => describeFrame(f, core.importNames));
  const arena = watched === null ? undefined : arenaOf(core, node, watched.arena.length);
  const text = [`${core.name} differs from ${watcher.name} after call ${call + 1} of ${tape.calls}:`];
  for (let i = Math.max(0, call - SHOWN_BEFORE); i <= call; i++) text.push(`  ${i + 1}. ${tape.title(i)}`);
  for (let i = 0; i < Math.max(here.length, lines.length); i++) {
    if (here[i] === lines[i]) text.push(`  both: ${here[i]}`);
    else text.push(`  ${watcher.name}: ${here[i] ?? "-"}`, `  ${core.name}: ${lines[i] ?? "-"}`);
  }
  if (watched !== null && arena !== undefined) text.push(`  ${describeArenas(watched.arena, arena)}`);
  return text.join("\n");
}
