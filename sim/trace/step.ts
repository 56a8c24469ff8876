/**
 * The steps of a trace: every action of a world, and the few things that a driver does beside them, with all that it takes
 * to do them again. A message is named by its link, its kind and how many went over the link before it, so that a trace
 * from which earlier steps were removed still means the same.
 */

import * as v from "valibot";

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const node = v.pipe(whole, v.minValue(1));
const base64 = v.pipe(v.string(), v.base64());

/** A message under way. */
const message = {
  from: node,
  to: node,
  /** MessageKind. */
  kind: whole,
  /** How many messages the link took up to this one. */
  nth: node,
  /** Its place on the link, among messages of its kind: what is taken when there is no such `nth`. */
  at: whole,
} as const;

/** What a link suffers from; see Hindrance. */
const hindrance = {
  losses: whole,
  kinds: whole,
  room: whole,
  losesOldest: v.boolean(),
  otherVersion: v.boolean(),
} as const;

/** What a client asks for. */
const request = { client: whole, key: whole } as const;

const schemas = [
  v.object({ do: v.literal("DELIVER"), ...message }),
  v.object({ do: v.literal("DROP"), ...message }),
  v.object({ do: v.literal("DUPLICATE"), ...message }),
  v.object({ do: v.literal("HOLD_UP"), ...message }),
  /** A message that is held up is under way again: its place is that among those of its link and kind. */
  v.object({ do: v.literal("LET_GO"), ...message }),
  /** Delivers it damaged; see damage.ts. */
  v.object({ do: v.literal("CORRUPT"), ...message, way: whole, draw: whole }),
  v.object({ do: v.literal("HINDER"), from: node, to: node, ...hindrance }),
  v.object({ do: v.literal("RELIEVE"), from: node, to: node }),
  /** Of the clock's ms in a second of true time. */
  v.object({ do: v.literal("RATE"), node, rate: v.pipe(whole, v.minValue(1000)) }),
  /** The node is lost, and its disk. */
  v.object({ do: v.literal("LOSE_DISK"), node }),
  v.object({ do: v.literal("TIMER"), node, timer: whole }),
  /** Of all clocks if `node` is 0. */
  v.object({ do: v.literal("ADVANCE"), node: whole, ms: whole }),
  v.object({ do: v.literal("PROPOSE"), node, ...request, write: v.boolean(), length: whole }),
  // What clients with sessions do.
  v.object({ do: v.literal("REGISTER"), node, client: whole }),
  v.object({ do: v.literal("BEGIN"), node, ...request, write: v.boolean() }),
  v.object({ do: v.literal("RETRY"), node, client: whole, sequence: whole }),
  v.object({ do: v.literal("KEEP_ALIVE"), node, client: whole }),
  v.object({ do: v.literal("CLOSE"), node, client: whole }),
  /** What the client handed to a node so many times ago arrives again. */
  v.object({ do: v.literal("ECHO"), node, client: whole, back: whole }),
  /** A proposal of no client. */
  v.object({ do: v.literal("COMMAND"), node, payload: base64 }),
  /** A message that nobody sent. */
  v.object({ do: v.literal("INJECT"), message: base64 }),
  v.object({ do: v.literal("FLUSH"), node }),
  v.object({ do: v.literal("DURABLE"), node, count: whole }),
  v.object({ do: v.literal("REPORT"), node, index: whole, term: whole }),
  v.object({ do: v.literal("CRASH"), node, keep: whole, torn: whole }),
  /** A crash that comes behind so many more effects. */
  v.object({ do: v.literal("BOUNDARY"), node, effects: whole, keep: whole, torn: whole }),
  v.object({ do: v.literal("RESTART"), node }),
  v.object({ do: v.literal("FAIL"), node, effect: whole, kept: v.boolean() }),
  v.object({ do: v.literal("UNREACHABLE"), node, peer: node }),
  v.object({ do: v.literal("BLOCK"), from: node, to: node }),
  v.object({ do: v.literal("UNBLOCK"), from: node, to: node }),
  /** A read beside the log; of no client if none is named. */
  v.object({ do: v.literal("READ"), node, kind: whole, client: v.optional(whole), key: v.optional(whole) }),
  v.object({ do: v.literal("RECONFIGURE"), node, configuration: base64 }),
  v.object({ do: v.literal("TRANSFER"), node, target: whole }),
  v.object({ do: v.literal("SNAPSHOT"), node }),
  v.object({ do: v.literal("TELL"), node }),
  v.object({ do: v.literal("INSTALL"), node }),
  v.object({ do: v.literal("LOSE"), node }),
  // What counts as no action: nothing happens at once.
  v.object({ do: v.literal("GIVE_UP"), client: whole }),
  v.object({ do: v.literal("ABANDON"), client: whole, sequence: whole }),
  v.object({ do: v.literal("DEFER_READS"), node, on: v.boolean() }),
  v.object({ do: v.literal("REFUSE_CHUNKS"), node, on: v.boolean() }),
] as const;

/** A step as an object. */
export const stepSchema = v.variant("do", [...schemas]);

/** What is done. */
export type Step = v.InferOutput<typeof stepSchema>;
/** A step's name. */
export type StepName = Step["do"];

/** A step of a trace. */
export interface TraceStep {
  readonly step: Step;
  /** No flush follows it. */
  readonly hold: boolean;
}

/** Hears of every step of a world before it is taken. */
export type Tap = (step: Step, hold: boolean) => void;

/** Bytes as a step holds them. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** The bytes that a step holds. */
export function toBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
