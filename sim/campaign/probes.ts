/** Rare paths that every campaign has to reach, however short: one that reaches them no more has lost something. */

import { MEMBERSHIPS } from "../core-world/settings.js";
import { MIX_NAMES, type MixName } from "./mixes.js";

/** Sizes of clusters. */
const SIZES = [1, 2, 3, 4, 5, 6, 7];

/** Names of probes: observer events, effects, and what runs have in them. */
export const REQUIRED_PROBES: readonly string[] = [
  "elections",
  "runs with several leaders",
  "recoveries",
  ...["QUORUM_LOST", "LOYAL", "REJECTED", "TRUNCATED", "READ_BACK", "FULL", "INFLIGHT_FULL", "STOPPED"],
  ...["CONFIGURATION", "SNAPSHOT", "TRANSFER", "QUIET"],
  ...["reads", "truncations", "compactions", "chunksRead", "chunksWritten", "snapshots", "installs"],
  ...["readsAnswered", "readsRefused", "readsByLease", "readsAtDeposedLeaders"],
  ...["STALE_DURABLE", "restartsBehindSnapshot"],
  ...["jointsEntered", "jointsLeft", "promotions", "transfersCompleted"],
  // What the rarer faults do.
  ...["lostInBursts", "lostByKind", "overflows", "otherVersions", "refused"],
  ...["heldUp", "arrivedInLaterTerm", "disksLost"],
  ...["deaths", "runs with sessions"],
  ...["opened", "lost", "closed", "answered", "replayed", "tooFarAhead", "abandoned"].map((name) => `sessions ${name}`),
  ...MEMBERSHIPS,
  ...SIZES.map((nodes) => `nodes ${nodes}`),
  ...[null, ...MIX_NAMES].map(nameOfMix),
];

/** What runs of a mix are counted under. */
export function nameOfMix(mix: MixName | null): string {
  return mix === null ? "swarm" : `mix: ${mix}`;
}

/** The probes that were not reached. */
export function missedProbes(probes: Readonly<Record<string, number>>): string[] {
  return REQUIRED_PROBES.filter((name) => (probes[name] ?? 0) === 0);
}
