/**
 * A run as TLC compares it with the specification (docs/spec/RaftTrace.tla): a file of JSON lines. The first says what
 * kind of cluster it is; each other one is what happened to one node, which messages it made then, and what it remembers
 * and its disk holds from then on. `host/tools/tlc.mjs --trace FILE` checks it.
 */

import type { SpecConfiguration, SpecEntry, SpecMessage } from "./words.js";

/** Version of the format. */
export const SPEC_TRACE_FORMAT = 1;

export interface SpecHeader {
  readonly metalraftSpecTrace: typeof SPEC_TRACE_FORMAT;
  /** Digest of the core. */
  readonly core: string;
  readonly seed: number;
  /** Ids are 1, 2, ... */
  readonly nodes: number;
  readonly bootstrap: SpecConfiguration;
  /** Writes are durable as soon as they are handed over. */
  readonly synchronous: boolean;
}

/** A log, told by how it differs from what the same node's line before said. */
export interface LogChange {
  /** So many entries from the beginning stay. */
  readonly keep: number;
  /** What stands behind them. */
  readonly add: readonly SpecEntry[];
}

/** What happened to a node, in the words of RaftTrace.tla. */
export type SpecEvent =
  | "receive"
  | "election timeout"
  | "heartbeat"
  | "propose"
  | "reconfigure"
  | "other"
  | "save"
  | "keep"
  | "lose"
  | "tell"
  | "durable"
  | "crash"
  | "restart";

/** What a node remembers. */
export interface SpecMemory {
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader";
  readonly term: number;
  readonly vote: number;
  readonly leader: number;
  readonly commit: number;
  readonly last: number;
  readonly lastTerm: number;
  readonly durable: number;
  readonly snapshot: number;
}

export interface SpecLine {
  /** Which action of the run this is, from 1 on. */
  readonly step: number;
  readonly node: number;
  readonly event: SpecEvent;
  /** What was received. */
  readonly message?: SpecMessage;
  /** What was asked for. */
  readonly configuration?: SpecConfiguration;
  /** No flush followed. */
  readonly hold: boolean;
  /** Stopped: an effect failed, and the node does nothing any more. Died: it went down in the middle of a flush. */
  readonly end: "works" | "stopped" | "died";
  /** Messages that it made, and whether each waits for the writes before it. */
  readonly sends: readonly { readonly message: SpecMessage; readonly waits: boolean }[];
  /** Null while the node is down. */
  readonly memory: SpecMemory | null;
  /** The log as it was handed to the disk. */
  readonly log: LogChange;
  /** What a crash would leave. */
  readonly disk: {
    readonly term: number;
    readonly vote: number;
    readonly log: LogChange;
    readonly snapshot: number;
  };
}

export interface SpecTrace {
  readonly header: SpecHeader;
  readonly lines: readonly SpecLine[];
}

export function formatSpecTrace({ header, lines }: SpecTrace): string {
  return `${[header, ...lines].map((line) => JSON.stringify(line)).join("\n")}\n`;
}
