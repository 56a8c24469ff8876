/** What a run of the host world is made of. */

import type { CoreInstance } from "../../host/core/instance.js";
import type { Capacity } from "../../host/core/plan.js";
import { SESSION_LIMITS, type SessionLimits } from "../../host/session/limits.js";
import type { FileSystem } from "../../host/storage/wal/file-system.js";
import { type HostFaultMix, parseHostFaults } from "./faults.js";
import type { HostMachine } from "./judged-machine.js";

/** Replaces parts of the hosts by worse ones: to show that the checkers notice. */
export interface Sabotage {
  readonly fileSystem?: (fileSystem: FileSystem) => FileSystem;
  readonly instance?: (instance: CoreInstance) => void;
  readonly machine?: (machine: HostMachine) => HostMachine;
  /** Nodes whose disk broke its word are started again as if nothing had been. */
  readonly trustsLiars?: boolean;
  /** What is recovered goes on under the name that the lost cluster had. */
  readonly keepsName?: boolean;
}

export interface HostSettings {
  readonly seed: number;
  /** Voters at the beginning, 1 to MOST_HOSTS. */
  readonly nodes: number;
  /** Events until faults stop. */
  readonly steps: number;
  readonly faults: HostFaultMix;
  readonly clients: number;
  readonly keys: number;
  /** ms that a client thinks between two requests, on average. */
  readonly thinking: number;
  /** ms between two things that chaos brings, on average. */
  readonly chaos: number;
  readonly segmentBytes: number;
  /** Applied entries after which a snapshot is taken; 0: only on demand. */
  readonly snapshotEntries: number;
  readonly capacity: Capacity;
  readonly sessions: SessionLimits;
  readonly sabotage: Sabotage;
}

export const MOST_HOSTS = 7;

/** Members there may be, with those that come in the place of others. */
const MOST_MEMBERS = 16;

export const HOST_CAPACITY: Capacity = {
  nodes: MOST_MEMBERS,
  windowEntries: 128,
  windowBytes: 32768,
  maxMessage: 4096,
  inflightMessages: 8,
  inflightBytes: 8192,
  uncommittedBytes: 16384,
  addressBytes: 16,
  electionTimeout: 150,
  electionJitter: 150,
  heartbeat: 30,
  keepEntries: 10,
  leaseDrift: 0,
  quiesceRounds: 0,
};

const DEFAULTS: HostSettings = {
  seed: 1,
  nodes: 3,
  steps: 30_000,
  faults: parseHostFaults("all"),
  clients: 4,
  keys: 6,
  thinking: 40,
  chaos: 300,
  segmentBytes: 4096,
  snapshotEntries: 60,
  capacity: HOST_CAPACITY,
  sessions: SESSION_LIMITS,
  sabotage: {},
};

/** Settings, as far as they are not the usual ones. */
export function hostSettings(given: Partial<HostSettings> = {}): HostSettings {
  return { ...DEFAULTS, ...given };
}
