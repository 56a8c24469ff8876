/** What a seed of a campaign of the host world stands for: its own mix of faults, rates, sizes and habits of clients. */

import { SESSION_LIMITS } from "../../host/session/limits.js";
import { Random } from "../random.js";
import { HOST_FAULTS, type HostFault } from "./faults.js";
import { HOST_CAPACITY, type HostSettings } from "./settings.js";

/** How many nodes, as often as they are here. */
const NODES = [1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7];
/** Faults stay with a chance of 1 to CHANCES out of CHANCES. */
const CHANCES = 4;
/** One run in so many may have disasters, and these often: each cuts short what other faults need time for. */
const DISASTERS = 8;
const DISASTER_FACTORS = [3, 10, 30];
/** What rates are multiplied by. */
const FACTORS = [0.3, 1, 1, 3, 10];
const STEPS = { least: 4000, most: 40_000 } as const;
const SEGMENTS = [256, 1024, 4096, 4096, 65536];
const SNAPSHOTS = [0, 15, 60, 60, 200];
const KEPT = [0, 10, 10, 100];
const THINKING = [10, 40, 40, 200];
const CHAOS = [80, 300, 300, 1000];
/** How far clocks drift apart in a run with leases, in thousandths. */
const DRIFTS = [0, 0, 50, 200];
/** Rounds after which a group rests. */
const REST = [0, 0, 0, 3];
const SESSIONS = [2, 1024, 1024];
const CLIENTS = [1, 4, 4, 8];
const KEYS = [1, 6, 6, 12];
/** The world draws from the seed itself: this makes another row of numbers. */
const SALT = 0x2f0b4a91;

export function drawHostSwarm(seed: number): Partial<HostSettings> {
  const random = new Random(new Random(seed).next() ^ SALT);
  const pick = (values: readonly number[]) => values[random.below(values.length)] as number;
  const chance = 1 + random.below(CHANCES);
  const usual = HOST_FAULTS.filter((fault) => fault !== "disaster");
  const kept = usual.filter(() => random.below(CHANCES) < chance);
  const faults = new Map<HostFault, number>(kept.map((fault) => [fault, pick(FACTORS)]));
  const capacity = { ...HOST_CAPACITY, keepEntries: pick(KEPT), leaseDrift: pick(DRIFTS), quiesceRounds: pick(REST) };
  const range = random.oneIn(3) ? STEPS.most : STEPS.most >> 1;
  const drawn = {
    seed,
    nodes: pick(NODES),
    steps: STEPS.least + random.below(range - STEPS.least),
    faults,
    clients: pick(CLIENTS),
    keys: pick(KEYS),
    thinking: pick(THINKING),
    chaos: pick(CHAOS),
    segmentBytes: pick(SEGMENTS),
    snapshotEntries: pick(SNAPSHOTS),
    capacity,
    sessions: { ...SESSION_LIMITS, maxSessions: pick(SESSIONS) },
  };
  if (random.oneIn(DISASTERS)) faults.set("disaster", pick(DISASTER_FACTORS));
  return drawn;
}
