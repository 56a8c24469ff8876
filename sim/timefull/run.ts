/**
 * A random run in real time: a key-value cluster, clients and faults for some seconds, and then what came of it. It cannot be
 * repeated: what the seed draws is the same again, and when it happens is not. What it shows that a simulated run cannot is
 * that the real timers, transports and files do what the simulation takes for granted of them.
 */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { RaftError } from "../../host/errors.js";
import { encodeCommand } from "../../host/kv/command.js";
import { KvMachine, type KvResult } from "../../host/kv/machine.js";
import { checkLinearizable } from "../checkers/linearizability.js";
import type { FaultMix } from "../fault-list.js";
import { Random } from "../random.js";
import { type ClientCounts, KvClients, type KvCluster } from "./clients.js";
import { PatienceError, TimefullCluster } from "./cluster.js";
import { Operator, TIMEFULL_FAULTS, type TimefullFault } from "./faults.js";
import type { TransportName } from "./transports.js";

/** How far clocks may drift apart, in thousandths: all nodes read the same one, and leases are on. */
const LEASE_DRIFT = 200;
/** Entries after which a node takes a snapshot, so that some are taken, sent and restarted from. */
const SNAPSHOT_ENTRIES = 300;
/** How long a client waits for its answer, in ms: many election timeouts. */
const CLIENT_PATIENCE = 1000;
/** How long a change of members may take before it is looked at again, in ms. */
const CHANGE_PATIENCE = 2000;
/** Members that a configuration has room for beside those of the run: one that comes before another one goes. */
const NEWCOMERS = 1;
const DEFAULT_CLIENTS = 8;
/** Most nodes of a run: what a configuration of the cluster's capacity holds. */
export const MOST_TIMEFULL_NODES = 9;

export interface TimefullRunOptions {
  readonly nodes: number;
  /** How long faults go on. */
  readonly seconds: number;
  readonly transport?: TransportName;
  /** What is drawn follows from it; when it happens does not. */
  readonly seed?: number;
  /** All of TIMEFULL_FAULTS unless stated; each comes as many times as often as its factor says. */
  readonly faults?: FaultMix<TimefullFault>;
  readonly clients?: number;
  /** Where the nodes have their files; they remember in memory without one. */
  readonly folder?: string;
  /** The core to run; the shipped one unless stated. */
  readonly core?: CoreModule;
  /** Hears how many operations were answered, every second or so. */
  readonly onProgress?: (answered: number) => void;
}

/** What a run came to. */
export interface TimefullRunResult extends ClientCounts {
  readonly mode: "timefull";
  readonly seed: number;
  readonly nodes: number;
  readonly transport: TransportName;
  readonly storage: "memory" | "disk";
  readonly seconds: number;
  /** Faults injected by kind. */
  readonly faults: Readonly<Record<TimefullFault, number>>;
  readonly elections: number;
  /** Highest index that was applied. */
  readonly commits: number;
  readonly messages: number;
  /** Messages lost on purpose. */
  readonly lost: number;
  /** Operations of clients. */
  readonly operations: number;
  readonly violations: number;
  /** What was violated; null if nothing was. */
  readonly violation: string | null;
  readonly linearizable: boolean;
  /** Why the answers are not linearizable; null if they are. */
  readonly explanation: string | null;
  /** Whether the cluster committed and agreed once the faults were over. */
  readonly recovered: boolean;
  readonly wallMs: number;
  readonly core: string;
}

export async function runTimefull(options: TimefullRunOptions): Promise<TimefullRunResult> {
  const {
    clients: count = DEFAULT_CLIENTS,
    faults = new Map(TIMEFULL_FAULTS.map((fault) => [fault, 1])),
    folder,
    seed = 1,
    transport = "memory",
  } = options;
  const core = options.core ?? shippedCore();
  const started = performance.now();
  const random = new Random(seed);
  const cluster: KvCluster = new TimefullCluster<KvResult, KvMachine>({
    members: options.nodes,
    transport,
    machine: () => new KvMachine(),
    capacity: { leaseDrift: LEASE_DRIFT, nodes: options.nodes + NEWCOMERS },
    node: {
      proposalTimeout: CLIENT_PATIENCE,
      changeTimeout: CHANGE_PATIENCE,
      snapshot: { entries: SNAPSHOT_ENTRIES },
    },
    core,
    random: () => random.next() / 2 ** 32,
    ...(folder === undefined ? {} : { folder }),
  });
  const clients = new KvClients(cluster, random);
  const operator = new Operator(cluster, random);
  let unsettled: string | null = null;
  try {
    await cluster.start();
    const work = Promise.all([clients.run(count), operator.run(faults)]);
    await Promise.race([work, passed(options.seconds, () => options.onProgress?.(clients.counts.answered))]);
    clients.end();
    operator.end();
    unsettled = (await patience(work)) ?? (await settle(cluster));
  } finally {
    await cluster.stop();
  }
  const broken = [...cluster.watch.broken, ...cluster.failures.map(({ message }) => message)];
  if (unsettled !== null) broken.push(unsettled);
  const { carried, lost } = cluster.links.counts;
  return {
    mode: "timefull",
    seed,
    nodes: options.nodes,
    transport,
    storage: folder === undefined ? "memory" : "disk",
    seconds: options.seconds,
    faults: operator.counts,
    elections: cluster.watch.elections,
    commits: cluster.watch.applied,
    messages: carried,
    lost,
    operations: clients.history.operations.length,
    ...clients.counts,
    violations: broken.length,
    violation: broken[0] ?? null,
    ...judge(clients),
    recovered: unsettled === null,
    wallMs: Math.round(performance.now() - started),
    core: core.sha256,
  };
}

/** The faults are over: the cluster commits one more command, and every node comes to the same state. */
async function settle(cluster: KvCluster): Promise<string | null> {
  const command = encodeCommand({ kind: "put", key: "end", value: new Uint8Array(1) });
  let committed = 0;
  return patience(
    (async () => {
      await cluster.until("a command is committed after the faults", () => {
        const leader = cluster.get(cluster.leader() ?? 0);
        leader?.node.propose(command).then(
          ({ index }) => {
            committed = Math.max(committed, index);
          },
          (error: unknown) => {
            if (!(error instanceof RaftError)) throw error;
          },
        );
        return committed > 0;
      });
      await cluster.until("all nodes have the same state", () => {
        const digests = cluster.ids.map((id) => {
          const life = cluster.get(id);
          const isDone = life !== undefined && life.node.status.applied >= committed;
          return isDone && life.node.status.applied === life.node.status.lastIndex ? life.machine.digest() : `${id}`;
        });
        return digests.every((digest) => digest === digests[0]);
      });
    })(),
  );
}

/** Waits for something; answers what did not come in time, null if everything did. */
async function patience(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof PatienceError) return error.message;
    throw error;
  }
}

function judge(clients: KvClients): { readonly linearizable: boolean; readonly explanation: string | null } {
  const result = checkLinearizable(clients.history.operations);
  switch (result.verdict) {
    case "linearizable":
      return { linearizable: true, explanation: null };
    case "not linearizable":
      return { linearizable: false, explanation: result.explanation.text };
    default: {
      const keys = result.undecided.map(({ key, limit }) => `key ${key} (limit on ${limit})`).join(", ");
      return { linearizable: false, explanation: `not decided for ${keys}` };
    }
  }
}

/** Waits, and tells of it every second. */
async function passed(seconds: number, tell: () => void): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    tell();
  }
}
