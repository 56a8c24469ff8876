/**
 * Capacity planning: the Plan struct of the core as an object, two starting points, and what a plan takes. The limits
 * are the core's (assembly/abi/plan.ts); it refuses what is outside them, and `describePlanProblem` says what is wrong.
 */

import { Plan as Layout, PlanLimit } from "./abi.js";

/** Capacities and times of a node; see docs/abi.md for each field's limits. Sizes in bytes, times in ms. */
export interface Capacity {
  readonly nodes: number;
  readonly windowEntries: number;
  readonly windowBytes: number;
  readonly maxMessage: number;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly uncommittedBytes: number;
  readonly addressBytes: number;
  readonly electionTimeout: number;
  readonly electionJitter: number;
  readonly heartbeat: number;
  /** Entries that stay in storage behind a snapshot, for slow followers. */
  readonly keepEntries: number;
  /** 0: no leader leases; else how far two clocks may drift apart, in thousandths. */
  readonly leaseDrift: number;
  /** Idle heartbeat rounds after which a group rests; 0: never. */
  readonly quiesceRounds: number;
}

/** A capacity plan with the identity of the node it is for. */
export interface Plan extends Capacity {
  /** The cluster's id, not 0. */
  readonly cluster: bigint;
  /** The group within the cluster. */
  readonly group: number;
  /** The node's id, not 0. */
  readonly id: number;
  /** Drawn anew at each start, 0 to 2^52: see `drawIncarnation`. 0 unless stated. */
  readonly incarnation?: number;
}

/** For a server: a window of 8 MiB, messages of up to 1 MiB. */
export const SERVER_CAPACITY: Capacity = {
  nodes: 9,
  windowEntries: 65536,
  windowBytes: 8 << 20,
  maxMessage: 1 << 20,
  inflightMessages: 64,
  inflightBytes: 4 << 20,
  uncommittedBytes: 4 << 20,
  addressBytes: 64,
  electionTimeout: 1000,
  electionJitter: 1000,
  heartbeat: 100,
  keepEntries: 10_000,
  leaseDrift: 0,
  quiesceRounds: 0,
};

/** For a microcontroller: five nodes, a window of 8 KiB, messages that fit a datagram. */
export const MICRO_CAPACITY: Capacity = {
  nodes: 5,
  windowEntries: 64,
  windowBytes: 8192,
  maxMessage: 1400,
  inflightMessages: 8,
  inflightBytes: 8192,
  uncommittedBytes: 4096,
  addressBytes: 16,
  electionTimeout: 1000,
  electionJitter: 1000,
  heartbeat: 100,
  keepEntries: 0,
  leaseDrift: 0,
  quiesceRounds: 0,
};

/** Largest number that tickets of reads may begin at: as much room is left above it. */
const MOST_INCARNATION = 2 ** 52;

/** A number for a node's next life: a late answer to a read of an earlier life then matches no ticket of this one.
 * @param random draws a number from [0, 1) */
export function drawIncarnation(random: () => number = Math.random): number {
  return Math.floor(random() * MOST_INCARNATION);
}

/** The plan's fields that are plain u32. */
const WORDS = [
  "group",
  "id",
  "nodes",
  "windowEntries",
  "windowBytes",
  "maxMessage",
  "inflightMessages",
  "inflightBytes",
  "uncommittedBytes",
  "addressBytes",
  "electionTimeout",
  "electionJitter",
  "heartbeat",
  "keepEntries",
  "leaseDrift",
  "quiesceRounds",
] as const satisfies readonly (keyof Plan & keyof typeof Layout)[];

/** Whether every field is a number that the Plan struct can hold; the core judges the rest. */
export function planFits(plan: Plan): boolean {
  return (
    plan.cluster >= 0n &&
    plan.cluster < 1n << 64n &&
    WORDS.every((field) => plan[field] === plan[field] >>> 0) &&
    incarnationFits(plan)
  );
}

function incarnationFits({ incarnation = 0 }: Plan): boolean {
  return Number.isInteger(incarnation) && incarnation >= 0 && incarnation <= MOST_INCARNATION;
}

/** Writes the Plan struct at `address`. */
export function writePlan(view: DataView, address: number, plan: Plan): void {
  view.setBigUint64(address + Layout.cluster, plan.cluster, true);
  for (const field of WORDS) view.setUint32(address + Layout[field], plan[field], true);
  view.setBigUint64(address + Layout.incarnation, BigInt(plan.incarnation ?? 0), true);
  for (let offset: number = Layout.reserved; offset < Layout.size; offset += 4)
    view.setUint32(address + offset, 0, true);
}

/** Least and most of the fields with fixed limits. */
const RANGES: readonly (readonly [keyof Capacity | "id", number, number])[] = [
  ["id", 1, 0xffffffff],
  ["nodes", 1, PlanLimit.NODES],
  ["windowEntries", PlanLimit.WINDOW_ENTRIES_MIN, PlanLimit.WINDOW_ENTRIES],
  ["maxMessage", PlanLimit.MESSAGE_MIN, PlanLimit.MESSAGE],
  ["windowBytes", 0, PlanLimit.WINDOW_BYTES],
  ["inflightMessages", 1, PlanLimit.INFLIGHT],
  ["inflightBytes", 0, PlanLimit.WINDOW_BYTES],
  ["uncommittedBytes", 0, PlanLimit.WINDOW_BYTES],
  ["addressBytes", 0, PlanLimit.ADDRESS],
  ["electionTimeout", 2, PlanLimit.TIME],
  ["electionJitter", 1, PlanLimit.TIME],
  ["heartbeat", 1, PlanLimit.TIME],
  ["keepEntries", 0, 0xffffffff],
  ["leaseDrift", 0, PlanLimit.DRIFT],
  ["quiesceRounds", 0, 0xffffffff],
];

/** Says what is wrong with a plan that the core refused. */
export function describePlanProblem(plan: Plan): string {
  if (plan.cluster <= 0n || plan.cluster >= 1n << 64n)
    return `cluster is ${plan.cluster}, and must be from 1 to 2^64 - 1`;
  if (plan.group !== plan.group >>> 0) return `group is ${plan.group}, and must be a whole number from 0 to 4294967295`;
  for (const [field, least, most] of RANGES) {
    const value = plan[field];
    if (!Number.isInteger(value) || value < least || value > most) {
      return `${field} is ${value}, and must be a whole number from ${least} to ${most}`;
    }
  }
  if (!incarnationFits(plan)) {
    return `incarnation is ${plan.incarnation}, and must be a whole number from 0 to ${MOST_INCARNATION}`;
  }
  if ((plan.windowEntries & (plan.windowEntries - 1)) !== 0) {
    return `windowEntries is ${plan.windowEntries}, and must be a power of two`;
  }
  for (const field of ["windowBytes", "maxMessage", "addressBytes"] as const) {
    if (plan[field] % 8 !== 0) return `${field} is ${plan[field]}, and must be a multiple of 8`;
  }
  for (const field of ["inflightBytes", "uncommittedBytes"] as const) {
    if (plan[field] < plan.maxMessage) {
      return `${field} is ${plan[field]}, and must be at least maxMessage (${plan.maxMessage})`;
    }
  }
  if (plan.heartbeat > plan.electionTimeout / 2) {
    return `heartbeat is ${plan.heartbeat}, and must be at most half of electionTimeout (${plan.electionTimeout})`;
  }
  if (plan.windowBytes < 2 * plan.maxMessage) {
    return `windowBytes is ${plan.windowBytes}, and must be at least twice maxMessage (${plan.maxMessage})`;
  }
  return (
    `maxMessage is ${plan.maxMessage}, and must hold a configuration of ${plan.nodes} members with addresses of ` +
    `${plan.addressBytes} bytes`
  );
}
