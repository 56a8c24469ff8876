/** What a random driver may do: kinds of faults that can be left out, and how often each action is drawn. */

/** Kinds of faults, and of freedom, that a run may have. */
export const FAULTS = [
  /** Messages are lost. */
  "drop",
  /** Messages arrive twice. */
  "duplicate",
  /** Messages on a link overtake each other. */
  "reorder",
  /** Links between groups of nodes, or in one direction, are cut for a while. */
  "partition",
  /** Nodes crash and restart, and lose what is not durable. */
  "crash",
  /** Writes take a while to become durable; without it they are durable at once. */
  "durability",
  /** Timers fire although their time has not come by anybody else's clock: clocks drift apart. */
  "timer",
  /** Storage effects fail, and stop a node until it is restarted. */
  "storage",
  /** Storage answers reads later. */
  "read",
  /** Nodes are told that others are unreachable. */
  "unreachable",
  /** Several inputs come before a flush. */
  "batch",
  /** State machines are saved, logs compacted, snapshots sent. Without it logs only grow. */
  "snapshot",
  /** Members come and go. */
  "membership",
  /** Leaders are asked to hand over. */
  "transfer",
  /** Linearizable reads that do not go through the log. */
  "query",
] as const;
export type Fault = (typeof FAULTS)[number];

/** How often each action is drawn, among the actions that a run has. */
export const WEIGHTS = {
  deliver: 1000,
  durable: 260,
  propose: 260,
  flush: 160,
  time: 60,
  giveUp: 2,
  restart: 14,
  heal: 10,
  drop: 24,
  duplicate: 24,
  partition: 3,
  crash: 5,
  timer: 10,
  storage: 1,
  read: 4,
  unreachable: 4,
  snapshot: 12,
  membership: 4,
  transfer: 2,
  query: 60,
} as const;
/** What a driver may draw. */
export type Draw = keyof typeof WEIGHTS;
/** How often each of them is drawn: whole numbers. */
export type Weights = Readonly<Record<Draw, number>>;

/** Draws that need a fault to be among those of the run. */
export const FAULT_DRAWS: readonly (Draw & Fault)[] = [
  "drop",
  "duplicate",
  "partition",
  "crash",
  "timer",
  "storage",
  "read",
  "unreachable",
  "snapshot",
  "membership",
  "transfer",
  "query",
];
