/** Capacity of a node that shares its process with many others. */

import type { Capacity } from "../core/plan.js";

/** For one of many groups: about 32 KiB of arena, commands of up to 4 KB, rest after three idle heartbeats. Times are long,
 * because all groups of a process may wake at once, when another process ends. */
export const GROUP_CAPACITY: Capacity = {
  nodes: 5,
  windowEntries: 64,
  windowBytes: 16384,
  maxMessage: 4352,
  inflightMessages: 8,
  inflightBytes: 16384,
  uncommittedBytes: 8192,
  addressBytes: 32,
  electionTimeout: 2000,
  electionJitter: 2000,
  heartbeat: 250,
  keepEntries: 100,
  leaseDrift: 0,
  quiesceRounds: 3,
};
