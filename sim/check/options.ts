/** What a search is asked for: how large the world is, what may happen in it, and what the search may take. */

/** Most nodes of a world: there are nodes! ways to name them. */
export const MOST_NODES = 5;
/** Highest bound on terms and on the log: far beyond what can be searched. */
export const MOST_TERM = 15;
export const MOST_LOG = 12;
/** Most crashes of a node, and most duplicates: each has a field of a few bits in a world. */
export const MOST_FAULTS = 15;
/** Highest bound on flushes under way: with more, no search comes to an end. */
export const MOST_UNDER_WAY = 15;
/** Longest command, in bytes: an entry of it, with its header of 16, is all that fits into a message. */
export const MOST_COMMAND = 152;
/** Most workers. */
export const MOST_JOBS = 64;

/** How writes become durable. */
export type StorageMode =
  /** Each flush's writes at a moment of their own, told to the core then; a crash keeps any prefix of those under way. */
  | "async"
  /** Each write before it returns; a crash may come between two. */
  | "sync";

/** Which changes of membership leaders are asked for. */
export type MembershipMode =
  | "none"
  /** A node becomes a voter, a learner or no member. */
  | "single"
  /** Another set of voters, by way of a joint configuration that is left by itself. */
  | "joint";

export interface CheckOptions {
  readonly nodes: number;
  /** Nobody campaigns for a term above this one. */
  readonly maxTerm: number;
  /** The one node that campaigns for each term, from term 1 on; null: any node for any term. */
  readonly campaigns: readonly number[] | null;
  /** No log grows longer than this. */
  readonly maxLog: number;
  /** Length of a command: short ones share a message with other entries, one of MOST_COMMAND is alone in it. */
  readonly commandBytes: number;
  /** Crashes with a restart, of each node. */
  readonly crashes: number;
  /** Times that a message is delivered and stays under way, in a whole run; "any": each message any number of times. */
  readonly duplicates: number | "any";
  readonly storage: StorageMode;
  /** Most flushes of a node whose writes are under way, in "async". */
  readonly underWay: number | "any";
  readonly membership: MembershipMode;
  /** Most changes of membership in a log. */
  readonly changes: number;
  /** How many of the nodes vote at the start, the others learn; all of them if that is null. */
  readonly voters: number | null;
  /** Hosts report a member as unreachable. */
  readonly unreachable: boolean;
  /** States that differ only in the names of the nodes count as one. */
  readonly symmetry: boolean;
  /** Nodes ask for pre-votes as soon as they may, denials are forgotten, and spent messages are dropped. */
  readonly reductions: boolean;
  /** Every step of a node is taken again with its dead bytes filled with junk and under other names, and compared. */
  readonly selfCheck: boolean;
  readonly jobs: number;
  /** MiB for the states and all that they consist of. */
  readonly memory: number;
  readonly minutes: number;
}

export const DEFAULT_OPTIONS: CheckOptions = {
  nodes: 3,
  maxTerm: 1,
  campaigns: null,
  maxLog: 1,
  commandBytes: 1,
  crashes: 0,
  duplicates: "any",
  storage: "async",
  underWay: "any",
  membership: "none",
  changes: 1,
  voters: null,
  unreachable: false,
  symmetry: true,
  reductions: true,
  selfCheck: true,
  jobs: 1,
  memory: 4096,
  minutes: 60,
};

/** Whether a node may campaign for a term. */
export function mayCampaign({ campaigns, maxTerm }: CheckOptions, node: number, term: number): boolean {
  return term <= maxTerm && (campaigns === null || campaigns[term - 1] === node);
}
