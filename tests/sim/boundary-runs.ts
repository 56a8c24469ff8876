/**
 * Short runs for deaths at every boundary that they have. Each is about one thing, which is made to come often, and its seed
 * is the first one whose run does all of that before faults stop: so a change of what seeds draw chooses other runs, and
 * takes nothing away.
 */

import { type BoundaryOptions, DENSE_WEIGHTS } from "../../sim/core-world/boundaries.js";
import { WEIGHTS, type Weights } from "../../sim/core-world/faults.js";
import { ROOMY_CAPACITY, runSimulation, TINY_CAPACITY } from "../../sim/core-world/run.js";
import { V8Core } from "../../sim/v8-core.js";

export interface ShortRun {
  readonly about: string;
  /** How often the run has to come to what, at the least, by the names of SimulationResult.probes. */
  readonly reaches: Readonly<Record<string, number>>;
  readonly options: Omit<BoundaryOptions, "seed" | "steps">;
}

/** Actions of each run. */
export const STEPS = 250;
/** Seeds that are looked through: a thing that none of them brings has become too rare. */
const MOST_SEEDS = 1000;

/** Elections take few actions. */
const HASTY = { ...TINY_CAPACITY, heartbeat: 40 };
/** So small a window that a follower soon needs what only storage, or the snapshot, has. */
const NARROW = { ...HASTY, windowEntries: 16, windowBytes: 512 };
const often = (weights: Partial<Weights>): Weights => ({ ...WEIGHTS, time: 120, durable: 500, ...weights });

const SENDING_SNAPSHOTS = {
  capacity: NARROW,
  faults: ["snapshot", "alone", "drop", "durability"],
  weights: often({ snapshot: 150, drop: 40, alone: 20, heal: 60, propose: 300 }),
} as const;

export const SHORT_RUNS: readonly ShortRun[] = [
  {
    about: "leaders that change, and logs that part",
    reaches: { LEADER: 2, COMMIT: 3, truncations: 2 },
    options: {
      ...{ nodes: 3, membership: "voters", capacity: HASTY, faults: ["crash", "timer", "oneway", "durability"] },
      weights: often({ timer: 30, oneway: 30, heal: 60, propose: 300, crash: 10, restart: 100 }),
    },
  },
  {
    about: "snapshots that are taken and sent",
    reaches: { snapshots: 2, compactions: 2, chunksWritten: 2, installs: 1 },
    options: { nodes: 3, membership: "voters", ...SENDING_SNAPSHOTS },
  },
  {
    about: "snapshots, and a witness",
    reaches: { snapshots: 2, compactions: 2, chunksWritten: 2, installs: 1 },
    options: { nodes: 3, membership: "witness", ...SENDING_SNAPSHOTS },
  },
  {
    about: "changes of members, simple and joint, and promotions",
    reaches: { changesTaken: 3, jointsEntered: 1, jointsLeft: 1, promotions: 1 },
    options: {
      ...{ nodes: 3, membership: "voters", capacity: HASTY, faults: ["membership", "crash", "drop", "durability"] },
      weights: often({ membership: 80, propose: 60, crash: 5, restart: 100 }),
    },
  },
  {
    about: "two sets of voters from the beginning",
    reaches: { COMMIT: 3, jointsLeft: 1 },
    options: {
      ...{ nodes: 4, membership: "joint", capacity: HASTY, faults: ["membership", "crash", "drop", "durability"] },
      weights: often({ membership: 40, propose: 100, crash: 5, restart: 100 }),
    },
  },
  {
    about: "transfers of leadership",
    reaches: { transfersTaken: 3, transfersCompleted: 2 },
    options: {
      ...{ nodes: 3, membership: "voters", capacity: HASTY, faults: ["transfer", "crash", "drop", "durability"] },
      weights: often({ transfer: 40, propose: 100, crash: 5, restart: 100 }),
    },
  },
  {
    about: "reads, by round and by lease, answered and refused",
    reaches: { readsAnswered: 3, readsByLease: 1, readsRefused: 1 },
    options: {
      ...{ nodes: 3, membership: "voters", capacity: { ...ROOMY_CAPACITY, leaseDrift: 200 } },
      faults: ["query", "alone", "drop", "durability"],
      weights: often({ query: 200, alone: 5, propose: 60 }),
    },
  },
  {
    about: "clients with sessions",
    reaches: { "sessions opened": 1, "sessions answered": 2, "sessions replayed": 1, "sessions abandoned": 1 },
    options: {
      ...{ nodes: 3, membership: "voters", capacity: ROOMY_CAPACITY, sessions: true },
      faults: ["drop", "duplicate", "crash", "durability"],
      weights: often({ session: 400, propose: 20, crash: 10, restart: 100, abandon: 20 }),
    },
  },
  {
    about: "entries that are read back, at once or later, and storage that fails",
    reaches: { reads: 3, READ_BACK: 1, readsLater: 1, effectsFailed: 1 },
    options: {
      ...{ nodes: 3, membership: "voters", capacity: { ...NARROW, keepEntries: 1000 } },
      faults: ["alone", "read", "storage", "crash"],
      weights: often({ alone: 30, crash: 10, restart: 100, propose: 400, read: 20, storage: 5, heal: 30 }),
    },
  },
  {
    about: "a group that rests",
    reaches: { QUIET: 1, COMMIT: 3, readsAnswered: 1 },
    options: {
      ...{ nodes: 3, membership: "voters", capacity: { ...ROOMY_CAPACITY, quiesceRounds: 1 } },
      faults: ["drop", "crash", "query", "durability"],
      weights: often({ propose: 20, time: 200, drop: 10, query: 20 }),
    },
  },
  {
    about: "a bit of everything",
    reaches: { snapshots: 1, changesTaken: 1, readsAnswered: 1, "sessions answered": 1 },
    options: { nodes: 3, sessions: true, weights: DENSE_WEIGHTS },
  },
  {
    about: "a bit of everything, on one node",
    reaches: { snapshots: 1, changesTaken: 1, readsAnswered: 1, "sessions replayed": 1 },
    options: { nodes: 1, sessions: true, weights: DENSE_WEIGHTS },
  },
];

/** The options of a short run, with its seed. One that breaks a rule is taken, too: it is to be seen. */
export function choose({ about, options, reaches }: ShortRun): BoundaryOptions {
  const core = new V8Core();
  const wanted = Object.entries(reaches);
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const chosen = { ...options, seed, steps: STEPS };
    const { probes, rule } = runSimulation({ ...chosen, core });
    if (rule !== null || wanted.every(([name, least]) => (probes[name] ?? 0) >= least)) return chosen;
  }
  throw new Error(`no seed up to ${MOST_SEEDS} brings a run with ${about}: ${JSON.stringify(reaches)}`);
}
