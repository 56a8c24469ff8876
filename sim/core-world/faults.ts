/** What a random driver may do: kinds of faults that can be left out, and how often each action is drawn. */

/** Faults, and freedoms, that a run has unless it is told which: leases hold in spite of them, and no disk is lost. */
export const USUAL_FAULTS = [
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

/** Faults that a run has only if they are asked for. */
export const RARER_FAULTS = [
  /** Some of the next messages of a link are lost, close to each other. */
  "burst",
  /** Links lose messages of one kind. */
  "kinds",
  /** A message is held up, most for a while, some for very long; others overtake it. */
  "delay",
  /** Copies of messages are kept, a few for each link, and arrive when their receiver is in a later term. */
  "stale",
  /** A message arrives damaged, so that its receiver can tell. */
  "corrupt",
  /** A node speaks another version of the wire format for a while. */
  "version",
  /** A link holds few messages: one too many pushes out the oldest, or is lost itself. */
  "queue",
  /** Two halves do not hear each other. */
  "halves",
  /** One node, mostly the leader, is cut off. */
  "alone",
  /** One node, mostly the leader, is only heard, or only hears. */
  "oneway",
  /** Two halves do not hear each other, and one node hears both. */
  "bridge",
  /** The nodes stand in a ring, and hear their neighbours alone: a majority each, none the same. */
  "ring",
  /** A node, or a link, is cut off and comes back many times. */
  "flap",
  /** Links are cut one after the other, and heal one after the other in another order. */
  "swizzle",
  /** A node gets nothing for a while, and then everything at once. Its clock goes on. */
  "pause",
  /** A node gets far fewer turns than the others, and its timers fire late. */
  "slow",
  /** A node loses its disk and never returns; the operator removes it and adds another one, with an id of its own. */
  "disk",
  /** Clocks run apart further than leases allow: reads by lease are not judged in such a run. */
  "drift",
  /** A clock jumps ahead; where leases are on, only a leader's, which ends its lease. */
  "jump",
  /** A node dies between two effects of a flush. */
  "boundary",
] as const;

/** Kinds of faults, and of freedom, that a run may have. */
export const FAULTS = [...USUAL_FAULTS, ...RARER_FAULTS] as const;
export type Fault = (typeof FAULTS)[number];
export type RarerFault = (typeof RARER_FAULTS)[number];

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
  burst: 3,
  kinds: 1,
  delay: 16,
  stale: 12,
  corrupt: 12,
  version: 1,
  queue: 2,
  halves: 1,
  alone: 2,
  oneway: 2,
  bridge: 1,
  ring: 1,
  flap: 1,
  swizzle: 1,
  pause: 4,
  slow: 1,
  disk: 1,
  drift: 2,
  jump: 3,
  boundary: 5,
  session: 130,
  abandon: 2,
  /** Reads at nodes that believe they lead: for mixes that are about them (campaign/swarm.ts). */
  leaderQuery: 0,
} as const;
/** What a driver may draw. */
export type Draw = keyof typeof WEIGHTS;
/** How often each of them is drawn: whole numbers. */
export type Weights = Readonly<Record<Draw, number>>;

/** Draws that need clients with sessions. */
export const SESSION_DRAWS: readonly Draw[] = ["session", "abandon"];

/** Draws that traces and records of runs from before there were any do not know: such a run never drew them. */
export const LATER_DRAWS: readonly Draw[] = ["leaderQuery"];

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
  ...RARER_FAULTS,
];

/** The fault, or freedom, that a run has to have for a draw; undefined if it needs none. */
export function neededFor(draw: Draw): Fault | undefined {
  return draw === "leaderQuery" ? "query" : FAULT_DRAWS.find((fault) => fault === draw);
}
