/**
 * What can go wrong in the host world, how often, and how often it did. A fault has a switch (it is among those of a run or
 * not), a rate (below, times a factor that a run may choose), and a counter.
 */

import { type FaultMix, type FaultWords, formatFaultList, parseFaultList } from "../fault-list.js";
import type { EventQueue } from "./event-queue.js";
import type { Place, Script } from "./script.js";
import type { Stream } from "./stream.js";

/** Faults by what they befall; what each does is said where it is injected. */
export const DISK_FAULTS = [
  /** Writes that were not synced are lost when power fails. */
  "lost",
  /** Of a write that was not synced, some sectors of 512 bytes are kept; others are lost, or garbage. */
  "torn-sector",
  /** The same with pages of 4096 bytes. */
  "torn-page",
  /** Writes that were not synced reach the disk in any order, later ones without earlier ones. */
  "reorder",
  /** Names that were not synced are lost when power fails: creations, renamings, removals. */
  "names",
  /** A sync returns although nothing is durable: it becomes so later, or is lost when power fails before. */
  "fsync-lie",
  /** A sync fails, and what it should have made durable counts as clean. */
  "fsync-fail",
  /** Bits flip, or a sector turns to zeros, in what is at rest. */
  "bit-rot",
  /** A write ends up elsewhere in its file, or in another one. */
  "misdirect",
  /** Any call fails with EIO. */
  "eio",
  /** The disk is full for a while. */
  "enospc",
  /** Calls read and write less than was asked for. */
  "short",
  /** Calls take up to seconds. */
  "slow",
] as const;
export const PROCESS_FAULTS = [
  /** Power fails at one node, at any moment, between any two calls of the disk. */
  "power",
  /** Power fails at all nodes at once. */
  "blackout",
  /** A process is killed, likewise; the system goes on, with its cache of pages. */
  "kill",
  /** A process stands still. */
  "pause",
] as const;
export const NETWORK_FAULTS = ["drop", "duplicate", "delay", "partition"] as const;
/** What operators do; `disaster`: a majority is lost for good, and the operator recovers a cluster from a node that is left. */
export const OPERATOR_ACTIONS = ["snapshot", "transfer", "membership", "disaster"] as const;

export const HOST_FAULTS = [...DISK_FAULTS, ...PROCESS_FAULTS, ...NETWORK_FAULTS, ...OPERATOR_ACTIONS] as const;
export type HostFault = (typeof HOST_FAULTS)[number];

/** How often each comes: out of a million calls, messages or writes; those of CHAOS, among what chaos brings. */
export const RATES: Readonly<Record<HostFault, number>> = {
  // Fates of what was not synced, out of a million power failures that find some.
  lost: 900_000,
  "torn-sector": 500_000,
  "torn-page": 500_000,
  reorder: 500_000,
  names: 700_000,
  "fsync-lie": 60_000,
  "fsync-fail": 1_500,
  misdirect: 4_000,
  eio: 250,
  short: 200_000,
  slow: 4_000,
  drop: 10_000,
  duplicate: 10_000,
  delay: 10_000,
  // Weights.
  "bit-rot": 16,
  enospc: 12,
  power: 40,
  blackout: 6,
  kill: 30,
  pause: 20,
  partition: 20,
  snapshot: 20,
  transfer: 16,
  membership: 6,
  disaster: 4,
};

/** What chaos brings now and then; the other faults befall calls, messages and power failures. */
export const CHAOS = [
  "bit-rot",
  "enospc",
  "power",
  "blackout",
  "kill",
  "pause",
  "partition",
  "snapshot",
  "transfer",
  "membership",
  "disaster",
] as const satisfies readonly HostFault[];
export type ChaosFault = (typeof CHAOS)[number];

const MILLION = 1_000_000;

/** Which faults a run has, and by what factor their rate differs. */
export type HostFaultMix = FaultMix<HostFault>;

const WORDS: FaultWords<HostFault> = {
  faults: HOST_FAULTS,
  sets: { none: [], all: HOST_FAULTS },
  unknown: (name) => `there is no fault "${name}" of hosts: choose among ${HOST_FAULTS.join(", ")}`,
};

/** Reads "all", "none", or names with commas between, each perhaps with a factor: "eio:10,power". @throws {FaultListError} */
export function parseHostFaults(list: string): HostFaultMix {
  return parseFaultList(list, WORDS);
}

/** A mix as `parseHostFaults` reads it. */
export function formatHostFaults(mix: HostFaultMix): string {
  return formatFaultList(mix, WORDS);
}

/** Whether chaos brings it. */
export function isChaos(fault: HostFault): fault is ChaosFault {
  return CHAOS.some((brought) => brought === fault);
}

/** Draws faults and counts them. */
export class Faults {
  /** Injected so far. */
  readonly counts: Record<HostFault, number>;
  /** False once they have stopped. */
  on = true;

  constructor(
    private readonly mix: HostFaultMix,
    private readonly random: Stream,
    private readonly queue: EventQueue,
    /** Where faults are noted, or come from; undefined if they are drawn and forgotten. */
    readonly script?: Script,
  ) {
    this.counts = Object.fromEntries(HOST_FAULTS.map((fault) => [fault, 0])) as Record<HostFault, number>;
  }

  has(fault: HostFault): boolean {
    return this.on && this.mix.has(fault);
  }

  /** Whether it would happen now, by its rate. */
  chance(fault: HostFault): boolean {
    const factor = this.mix.get(fault);
    if (!this.on || factor === undefined) return false;
    return this.random.below(MILLION) < RATES[fault] * factor;
  }

  /** Whether it happens now: as drawn, or as planned. @param stream where it draws what it does from */
  befalls(fault: HostFault, drawn: boolean, stream: Stream, place: Place): boolean {
    if (!this.has(fault)) return false;
    return this.script === undefined ? drawn : this.script.decide(fault, drawn, stream, place, this.queue.now);
  }

  /** Whether it happens now, by its rate or as planned. Whoever asks counts it, once it has. */
  draws(fault: HostFault, stream: Stream, place: Place): boolean {
    return this.befalls(fault, this.chance(fault), stream, place);
  }

  /** @param what says what it did, where faults are noted */
  count(fault: HostFault, what?: () => string): void {
    this.counts[fault]++;
    if (what !== undefined) this.script?.tell(fault, what());
  }

  /** What chaos brings next, undefined if this run has none of it. */
  drawChaos(): ChaosFault | undefined {
    if (!this.on) return undefined;
    const weights = CHAOS.map((fault) => RATES[fault] * (this.mix.get(fault) ?? 0));
    const sum = weights.reduce((a, b) => a + b, 0);
    if (sum === 0) return undefined;
    let place = (this.random.next() / 2 ** 32) * sum;
    for (const [i, fault] of CHAOS.entries()) {
      place -= weights[i] ?? 0;
      if (place < 0) return fault;
    }
    return undefined;
  }
}
