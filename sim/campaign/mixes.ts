/**
 * Mixes of faults that are each about one thing. A swarm brings a bit of everything, and hardly ever the few steps in their
 * order that one rule is there for: a read at a leader that was deposed and does not know it, an entry of an earlier term on
 * a majority that a later leader does not have. Here few kinds of faults come, and these often.
 */

import { type Fault, WEIGHTS, type Weights } from "../core-world/faults.js";
import { type Membership, ROOMY_CAPACITY, type SettingsOptions, TINY_CAPACITY } from "../core-world/settings.js";
import type { Random } from "../random.js";

type Capacity = typeof TINY_CAPACITY;

/** What a mix consists of. Where there are several of something, a seed draws one. */
interface Mix {
  readonly faults: readonly Fault[];
  /** Those that differ from WEIGHTS. */
  readonly weights: Partial<Weights>;
  readonly nodes: readonly number[];
  readonly memberships: readonly Membership[];
  readonly capacities: readonly Capacity[];
  /** Actions. */
  readonly steps: number;
  /** Whether there are clients with sessions, too, whose table makes snapshots many chunks long; false unless stated. */
  readonly sessions?: boolean;
}

/** Timeouts with so little jitter that clocks alone decide who is first. */
const PUNCTUAL = { ...ROOMY_CAPACITY, electionJitter: 5 };
/** A message at a time: logs take many of them to become equal. Fewer heartbeats, so that timeouts come soon. */
const STEP_BY_STEP = { ...TINY_CAPACITY, inflightMessages: 1, keepEntries: 1000, heartbeat: 40 };
/** Elections take few actions. */
const HASTY = { ...TINY_CAPACITY, heartbeat: 40 };
/** Windows as small as can be: whoever misses a moment needs a snapshot, or entries that only the disk has. */
const SNUG = { ...HASTY, windowEntries: 16, windowBytes: 512 };

/** Each mix, by what it is about. */
const MIXES = {
  /** Leaders that are cut off and slow to notice are asked for reads by round. */
  "stale reads": {
    faults: ["alone", "query", "drift", "timer"],
    weights: { heal: 3, query: 20, leaderQuery: 300, time: 120, alone: 8, drift: 6, timer: 40 },
    nodes: [3, 3, 5],
    memberships: ["voters"],
    capacities: [ROOMY_CAPACITY, { ...ROOMY_CAPACITY, heartbeat: 30 }],
    steps: 8000,
  },
  /** Followers ask leaders for reads, crash and ask again, while answers to what they asked before are still about. */
  "reads of followers": {
    faults: ["query", "alone", "halves", "timer", "crash", "stale", "duplicate", "reorder"],
    weights: {
      ...{ query: 400, leaderQuery: 10, alone: 30, halves: 30, timer: 100, crash: 60, restart: 400 },
      ...{ stale: 150, duplicate: 100 },
    },
    nodes: [3],
    memberships: ["voters"],
    capacities: [{ ...ROOMY_CAPACITY, heartbeat: 40 }],
    steps: 6000,
  },
  /** Leaders that are cut off are asked for reads by lease while their clock is the slowest that the bound allows. */
  "lease edge": {
    faults: ["alone", "query"],
    weights: { heal: 3, query: 20, leaderQuery: 300, time: 120, alone: 12 },
    nodes: [3],
    memberships: ["voters"],
    capacities: [
      { ...PUNCTUAL, leaseDrift: 500 },
      { ...PUNCTUAL, leaseDrift: 500 },
      { ...PUNCTUAL, leaseDrift: 500, electionJitter: 20 },
      { ...PUNCTUAL, leaseDrift: 200 },
    ],
    steps: 8000,
  },
  /** Two nodes do not hear each other, and one hears both: whether it stays loyal to a leader that has a lease from it. Hardly
   * anybody writes, or who is cut off would soon be behind, and could not be elected anyway. */
  loyalty: {
    faults: ["bridge", "alone", "crash", "query"],
    weights: {
      bridge: 12,
      alone: 6,
      crash: 20,
      restart: 200,
      heal: 3,
      query: 20,
      leaderQuery: 300,
      time: 120,
      propose: 4,
    },
    nodes: [3],
    memberships: ["voters"],
    capacities: [
      { ...PUNCTUAL, leaseDrift: 50 },
      { ...PUNCTUAL, leaseDrift: 50, heartbeat: 40 },
    ],
    steps: 6000,
  },
  /** Leaders change before their entries are everywhere: the next one finds entries of earlier terms (paper, figure 8). */
  "earlier terms": {
    faults: ["oneway", "alone", "timer", "crash"],
    weights: { alone: 60, oneway: 100, crash: 40, restart: 120, timer: 200, propose: 600 },
    nodes: [3],
    memberships: ["voters"],
    capacities: [STEP_BY_STEP],
    steps: 6000,
  },
  /** Halves that elect nobody for long: candidates everywhere, that hear of members which cannot be reached. */
  elections: {
    faults: ["unreachable", "halves", "alone", "timer", "durability"],
    weights: { alone: 30, halves: 30, timer: 300, unreachable: 600, propose: 400, deliver: 2000, durable: 500 },
    nodes: [3, 5, 5],
    memberships: ["voters"],
    capacities: [HASTY],
    steps: 6000,
  },
  /** Logs of several leaders part and are made equal, while messages come late, twice and in another order. */
  overwriting: {
    faults: ["oneway", "alone", "timer", "reorder", "duplicate", "stale", "delay", "batch"],
    weights: { alone: 20, oneway: 30, timer: 60, duplicate: 60, stale: 150, delay: 60, propose: 600 },
    nodes: [3, 3, 5],
    memberships: ["voters"],
    capacities: [HASTY],
    steps: 6000,
  },
  /** Disks that are late, and crashes that take back what they did not write. */
  "late disks": {
    faults: ["durability", "crash", "boundary", "timer", "alone", "storage", "batch"],
    weights: { crash: 40, boundary: 20, restart: 120, timer: 60, alone: 10, durable: 400, storage: 4 },
    nodes: [1, 2, 3, 3],
    memberships: ["voters"],
    capacities: [HASTY, ROOMY_CAPACITY],
    steps: 6000,
  },
  /** Members come and go while leaders change. */
  members: {
    faults: ["membership", "alone", "oneway", "timer", "crash", "drop", "durability", "transfer"],
    weights: { membership: 60, alone: 20, oneway: 20, timer: 40, crash: 10, restart: 60, heal: 20, durable: 500 },
    nodes: [2, 3, 4, 5],
    memberships: ["voters", "learner", "joint", "voters"],
    capacities: [HASTY, { ...HASTY, keepEntries: 1000 }],
    steps: 6000,
  },
  /** Leaders of adjacent terms change the members, one without knowing of the other. */
  "rival changes": {
    faults: ["membership", "oneway", "alone", "halves", "timer", "crash"],
    weights: { membership: 200, oneway: 60, alone: 60, halves: 30, timer: 200, crash: 20, restart: 100, propose: 20 },
    nodes: [4],
    memberships: ["voters"],
    capacities: [HASTY],
    steps: 6000,
  },
  /** Nodes without payloads vote, while those with payloads come and go. */
  witnesses: {
    faults: ["membership", "alone", "oneway", "timer", "crash", "durability", "query", "snapshot"],
    weights: { membership: 20, alone: 20, oneway: 20, timer: 40, crash: 20, restart: 60, leaderQuery: 40, query: 20 },
    nodes: [3, 3, 4, 5],
    memberships: ["witness"],
    capacities: [HASTY, { ...HASTY, leaseDrift: 200 }],
    steps: 6000,
  },
  /** Leaders hand over all the time, with reads by lease beside it. */
  "handing over": {
    faults: ["transfer", "query", "alone", "drop", "durability", "timer"],
    weights: { transfer: 60, query: 40, leaderQuery: 200, alone: 6, timer: 20, durable: 500, time: 90 },
    nodes: [2, 3, 3, 5],
    memberships: ["voters"],
    capacities: [ROOMY_CAPACITY, { ...PUNCTUAL, leaseDrift: 200 }, { ...ROOMY_CAPACITY, leaseDrift: 500 }],
    steps: 6000,
  },
  /** Snapshots all the time, and nothing kept behind them. */
  snapshots: {
    faults: ["snapshot", "alone", "oneway", "crash", "drop", "duplicate", "reorder", "durability", "timer", "read"],
    weights: { snapshot: 200, alone: 10, oneway: 10, crash: 20, restart: 60, timer: 20, heal: 20, durable: 500 },
    nodes: [2, 3, 3, 5],
    memberships: ["voters", "voters", "learner"],
    capacities: [TINY_CAPACITY, HASTY, { ...HASTY, keepEntries: 5 }],
    steps: 6000,
  },
  /** One that commits by itself, and one whose disk is so late that it saves snapshots before its term is durable. */
  "late terms": {
    faults: ["snapshot", "crash", "durability", "alone", "oneway", "drop"],
    weights: { snapshot: 400, durable: 50, crash: 10, restart: 100, alone: 30, oneway: 30, heal: 30, time: 20 },
    nodes: [2],
    memberships: ["learner"],
    capacities: [HASTY],
    steps: 20_000,
  },
  /** Groups that rest whenever there is nothing to do, which is often. */
  resting: {
    faults: ["alone", "drop", "crash", "timer", "query", "transfer", "durability"],
    weights: { propose: 20, time: 200, drop: 10, alone: 4, crash: 4, restart: 40, query: 10, leaderQuery: 10 },
    nodes: [2, 3, 3, 5],
    memberships: ["voters", "voters", "learner"],
    capacities: [
      { ...ROOMY_CAPACITY, quiesceRounds: 1 },
      { ...ROOMY_CAPACITY, quiesceRounds: 2, heartbeat: 30 },
    ],
    steps: 6000,
  },
  /** Snapshots of many chunks, which are lost and late as their answers are; newer snapshots come in the middle, and followers
   * turn out to have what they are sent. */
  chunks: {
    faults: ["snapshot", "unreachable", "delay", "reorder", "drop"],
    weights: { snapshot: 100, unreachable: 200, delay: 300, drop: 100, propose: 500 },
    nodes: [3],
    memberships: ["voters"],
    capacities: [
      { ...SNUG, keepEntries: 8 },
      { ...SNUG, keepEntries: 16 },
    ],
    steps: 6000,
    sessions: true,
  },
  /** Snapshots of one chunk for followers that acknowledged more than their leader knows of, and hear little from it. */
  "needless snapshots": {
    faults: ["snapshot", "unreachable", "delay", "reorder"],
    weights: { snapshot: 200, unreachable: 120, delay: 200, propose: 500, time: 20 },
    nodes: [3],
    memberships: ["voters"],
    capacities: [SNUG, { ...SNUG, keepEntries: 8 }],
    steps: 6000,
  },
  /** More under way than a window has room for, and disks that are late. */
  "small windows": {
    faults: ["durability", "crash", "drop", "reorder"],
    weights: { durable: 120, crash: 2, restart: 100, propose: 600, deliver: 1500 },
    nodes: [3],
    memberships: ["voters"],
    capacities: [{ ...SNUG, inflightMessages: 16, inflightBytes: 2048, uncommittedBytes: 2048 }],
    steps: 4000,
  },
  /** A leader and a witness are the voters: what the one loses and the other holds is lost to both for good. */
  "lost payloads": {
    faults: ["crash", "boundary", "durability"],
    weights: { crash: 30, boundary: 10, restart: 80, durable: 300 },
    nodes: [2],
    memberships: ["witness"],
    capacities: [HASTY, { ...HASTY, heartbeat: 10 }],
    steps: 2000,
  },
  /** Leaders are taken out while others lag behind the witness. */
  "leaders beside witnesses": {
    faults: ["membership", "oneway", "drop", "reorder"],
    weights: { membership: 100, oneway: 3, propose: 600, heal: 20, drop: 40 },
    nodes: [2, 3, 3],
    memberships: ["witness"],
    capacities: [{ ...HASTY, inflightMessages: 1 }],
    steps: 4000,
  },
  /** Joint configurations that only a part of the members has come to know of; leaders with a lease from one side. */
  "joint leases": {
    faults: ["membership", "halves", "alone", "query"],
    weights: { membership: 100, halves: 20, alone: 20, heal: 20, leaderQuery: 200, propose: 60, time: 60 },
    nodes: [4, 5],
    memberships: ["learner", "joint"],
    capacities: [{ ...PUNCTUAL, leaseDrift: 50, heartbeat: 40 }],
    steps: 6000,
  },
  /** Voters restart within the lease that they gave, and are asked for their vote. */
  "restarted voters": {
    faults: ["bridge", "alone", "halves", "crash", "query"],
    weights: {
      ...{ bridge: 15, alone: 12, halves: 12, crash: 30, restart: 1000, heal: 2 },
      ...{ query: 10, leaderQuery: 100, time: 60, propose: 40 },
    },
    nodes: [3],
    memberships: ["voters"],
    capacities: [{ ...PUNCTUAL, leaseDrift: 10 }],
    steps: 8000,
  },
  /** Answers reach a leader late that was cut off since: they are worth a lease from when they were asked for. */
  "late answers": {
    faults: ["alone", "query", "delay"],
    weights: { heal: 3, query: 20, leaderQuery: 300, time: 120, alone: 12, delay: 200 },
    nodes: [3],
    memberships: ["voters"],
    capacities: [
      { ...PUNCTUAL, leaseDrift: 50 },
      { ...PUNCTUAL, leaseDrift: 50, heartbeat: 40 },
    ],
    steps: 6000,
  },
  /** Followers ask for reads by round where clocks do not keep to what leases rely on. */
  "strict reads": {
    faults: ["halves", "query", "drift"],
    weights: { halves: 12, heal: 6, query: 300, time: 100, drift: 30, propose: 200, deliver: 2000 },
    nodes: [5],
    memberships: ["voters"],
    capacities: [{ ...ROOMY_CAPACITY, leaseDrift: 10 }],
    steps: 6000,
  },
} as const satisfies Readonly<Record<string, Mix>>;

export type MixName = keyof typeof MIXES;
/** Their names, in the order in which they are taken in turn. */
export const MIX_NAMES = Object.keys(MIXES) as MixName[];

/** A run of a mix: the seed draws what the mix leaves open. Membership and capacity are stated, so that the run draws neither. */
export function drawMix(name: MixName, seed: number, random: Random): SettingsOptions {
  const { capacities, faults, memberships, nodes, sessions = false, steps, weights }: Mix = MIXES[name];
  const pick = <T>(values: readonly T[]) => values[random.below(values.length)] as T;
  const drawn = { nodes: pick(nodes), membership: pick(memberships), capacity: pick(capacities) };
  return { seed, steps, faults, sessions, weights: { ...WEIGHTS, ...weights }, liveness: true, ...drawn };
}
