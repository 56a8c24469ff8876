/**
 * The runs of the simulator of hosts that hunt a mutant. A swarm brings a bit of everything, and hardly ever what one rule of
 * a disk is about; so there are short runs before each swarm, in which few faults come, and these often.
 */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { drawHostSwarm, type HostRunResult, parseHostFaults, runHostWorld } from "../host-world/index.js";
import { HOST_CAPACITY, type HostSettings } from "../host-world/settings.js";

/** What short runs have in common: small segments, and things that happen often. */
const SHORT = { nodes: 3, steps: 3000, chaos: 100, segmentBytes: 1024 } as const;
/** Followers that were away need a snapshot soon. */
const NOTHING_KEPT = { ...HOST_CAPACITY, keepEntries: 0 };

/** Short runs, by what goes wrong in them. */
const MIXES: Readonly<Record<string, Partial<HostSettings>>> = {
  crashes: { faults: parseHostFaults("lost,reorder,torn-sector,power:5,kill,blackout") },
  alone: { faults: parseHostFaults("lost,reorder,torn-sector,power:5,slow:3"), nodes: 1 },
  names: {
    faults: parseHostFaults("lost,names,reorder,power:5,partition:3,pause:3"),
    ...{ segmentBytes: 256, snapshotEntries: 10, capacity: NOTHING_KEPT },
  },
  tails: { faults: parseHostFaults("lost,reorder,torn-sector:2,torn-page,power:5"), segmentBytes: 4096, thinking: 5 },
  rot: { faults: parseHostFaults("bit-rot,kill:2"), steps: 6000, thinking: 10, snapshotEntries: 0 },
  "rotten snapshots": {
    faults: parseHostFaults("bit-rot:2,kill:2,partition,snapshot:5"),
    ...{ nodes: 5, segmentBytes: 65536, snapshotEntries: 15, capacity: NOTHING_KEPT },
  },
  strays: { faults: parseHostFaults("misdirect:5,kill:2,power:2"), thinking: 10, snapshotEntries: 0 },
  lies: { faults: parseHostFaults("fsync-lie:16,lost,power:4,kill"), nodes: 5, steps: 6000 },
  failures: { faults: parseHostFaults("fsync-fail:100,eio:10,lost,power,blackout") },
  shortage: { faults: parseHostFaults("enospc:5,short,slow:5,eio:20,power,kill"), snapshotEntries: 15 },
  forks: { faults: parseHostFaults("partition:10,slow:10,lost,power:2"), thinking: 5, clients: 8, snapshotEntries: 0 },
  network: { faults: parseHostFaults("drop:10,duplicate:20,delay:10,partition:5,kill,transfer:5"), nodes: 5 },
  snapshots: {
    faults: parseHostFaults("drop:3,delay:5,partition:5,kill:3,power,lost,snapshot:10,pause:3"),
    ...{ snapshotEntries: 15, capacity: NOTHING_KEPT },
  },
  // A vote, and then a snapshot of a later term that is durable while that term is not.
  "late terms": {
    faults: parseHostFaults("slow:10,lost,power:10,blackout:3,partition:10,pause:5"),
    ...{ snapshotEntries: 10, capacity: NOTHING_KEPT, nodes: 5 },
  },
  // What rots is mostly the newer one of two snapshots.
  fallback: {
    faults: parseHostFaults("bit-rot:20,kill:3"),
    ...{
      nodes: 5,
      steps: 10_000,
      chaos: 60,
      segmentBytes: 65536,
      snapshotEntries: 25,
      capacity: NOTHING_KEPT,
      thinking: 10,
    },
  },
  // Sessions that stay, and clients that ask again in them.
  repeats: { faults: parseHostFaults("drop:3,delay:5,transfer:3"), clients: 8, thinking: 5 },
  // Members change while snapshots are taken of what is not committed yet.
  "changing snapshots": {
    faults: parseHostFaults("membership:20,snapshot:20,slow:5,drop:5,partition:3,kill"),
    ...{ snapshotEntries: 5, thinking: 5 },
  },
  members: { faults: parseHostFaults("membership:20,kill,power,lost,snapshot,transfer,partition") },
  // Followers are in the middle of a leader's snapshot when the others are lost.
  disasters: {
    faults: parseHostFaults("disaster:40,power:3,kill,lost,partition:5,slow:5,snapshot:5"),
    ...{ snapshotEntries: 10, capacity: NOTHING_KEPT },
  },
};

/** A run, and the name under which it is told. */
export interface NamedWorld {
  readonly name: string;
  readonly settings: Partial<HostSettings>;
}

/** So many runs: one of each mix, then a swarm, and again with the next seed. */
export function* namedWorlds(count: number): Generator<NamedWorld> {
  const mixes = Object.entries(MIXES);
  for (let i = 0; i < count; i++) {
    const seed = 1 + Math.floor(i / (mixes.length + 1));
    const mix = mixes[i % (mixes.length + 1)];
    yield mix === undefined
      ? { name: `swarm, seed ${seed}`, settings: drawHostSwarm(seed) }
      : { name: `${mix[0]}, seed ${seed}`, settings: { ...SHORT, ...mix[1], seed } };
  }
}

/**
 * Runs worlds until a rule is broken.
 * @returns the rule, and the run; undefined if none is broken
 */
export async function huntInWorlds(
  worlds: Iterable<NamedWorld>,
  core: CoreModule = shippedCore(),
): Promise<string | undefined> {
  for (const { name, settings } of worlds) {
    const result = await runHostWorld(settings, core);
    if (result.rule !== null) return `${ruleOf(result)} (${name})`;
  }
  return undefined;
}

function ruleOf({ detail, rule }: HostRunResult): string {
  return `${rule}: ${detail?.split("\n", 1)[0] ?? ""}`;
}
