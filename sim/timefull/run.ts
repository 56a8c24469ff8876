/**
 * A random run in real time: a key-value cluster, clients and faults for some seconds, and then what came of it. It cannot be
 * repeated: what the seed draws is the same again, and when it happens is not. What it shows that a simulated run cannot is
 * that the real timers, transports and files do what the simulation takes for granted of them.
 *
 * It ends when its time is over, or when a rule is broken. All that was applied and answered is remembered, to judge by: about
 * 1 KB for an operation, of which there are some 2,000 in a second at most.
 */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { KvMachine, type KvResult } from "../../host/kv/machine.js";
import { NO_SESSIONS } from "../../host/session/limits.js";
import { checkLinearizable } from "../checkers/linearizability.js";
import type { FaultMix } from "../fault-list.js";
import { Applications, type HostMachine, JudgedMachine } from "../host-world/judged-machine.js";
import { Random } from "../random.js";
import type { KvCluster } from "./asker.js";
import { KvClients, TIMEFULL_SESSIONS } from "./clients.js";
import { PatienceError, TimefullCluster } from "./cluster.js";
import { type ClientCounts, missedBy, type SessionCounts } from "./counts.js";
import { Operator, TIMEFULL_FAULTS, type TimefullFault } from "./faults.js";
import { settle } from "./settle.js";
import type { TransportName } from "./transports.js";
import { pause } from "./waiting.js";

/** How far clocks may drift apart, in thousandths: all nodes read the same one, and leases are on. */
const LEASE_DRIFT = 200;
/** Entries after which a node takes a snapshot, so that some are taken, sent and restarted from. */
const SNAPSHOT_ENTRIES = 300;
/** How long a node lets a command wait for its outcome, in ms: many election timeouts. */
const PROPOSAL_PATIENCE = 1000;
/** How long a change of members may take before it is looked at again, in ms. */
const CHANGE_PATIENCE = 2000;
/** Members that a configuration has room for beside those of the run: one that comes before another one goes. */
const NEWCOMERS = 1;
const DEFAULT_CLIENTS = 8;
/** Between two looks at whether the run is over, in ms. */
const LOOK_INTERVAL = 20;
const MS_OF_A_SECOND = 1000;
/** Longest run, in seconds: what it remembers is to fit the memory that a process has unless more is asked for, 2 GB. */
export const MOST_TIMEFULL_SECONDS = 900;
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
  /** Whether the machines keep sessions and idempotency keys. Unless stated they do, but not over UDP, as with `metalraft
   * serve`: there boards may be members, which keep none. Then all that asks for it has to be refused. */
  readonly keepsSessions?: boolean;
  /** Where the nodes have their files; they remember in memory without one. */
  readonly folder?: string;
  /** The core to run; the shipped one unless stated. */
  readonly core?: CoreModule;
  /** Puts worse state machines in the place of the nodes': to show that the run notices. */
  readonly sabotage?: (machine: HostMachine) => HostMachine;
  /** How long what has to come about is waited for, in ms; 20,000 unless stated. */
  readonly patience?: number;
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
  /** How long faults were to go on. */
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
  /** Whether the machines keep sessions and idempotency keys, and what came of these. */
  readonly keepsSessions: boolean;
  readonly sessions: Readonly<SessionCounts>;
  readonly violations: number;
  /** What was violated; null if nothing was. */
  readonly violation: string | null;
  readonly linearizable: boolean;
  /** Why the answers are not linearizable; null if they are. */
  readonly explanation: string | null;
  /** Whether the cluster committed and agreed once the faults were over; null if a rule was broken before that. */
  readonly recovered: boolean | null;
  readonly wallMs: number;
  readonly core: string;
}

/** What takes part in a run. */
interface Parts {
  readonly cluster: KvCluster;
  readonly clients: KvClients;
  readonly operator: Operator;
}

type Settings = TimefullRunOptions &
  Required<Pick<TimefullRunOptions, "core" | "keepsSessions" | "seed" | "transport">>;

export async function runTimefull(options: TimefullRunOptions): Promise<TimefullRunResult> {
  const { core = shippedCore(), seed = 1, transport = "memory" } = options;
  const { keepsSessions = transport !== "udp" } = options;
  const settings = { ...options, core, keepsSessions, seed, transport };
  const started = performance.now();
  const parts = partsOf(settings);
  let recovered: boolean | null = false;
  try {
    await parts.cluster.start();
    recovered = await live(parts, settings);
  } catch (error) {
    if (!(error instanceof PatienceError)) throw error;
    parts.cluster.watch.breaks(error.message);
  } finally {
    await parts.cluster.stop();
  }
  return resultOf(parts, settings, recovered, performance.now() - started);
}

function partsOf(settings: Settings): Parts {
  const { clients = DEFAULT_CLIENTS, core, folder, keepsSessions, nodes, patience, seed, transport } = settings;
  const random = new Random(seed);
  const judge = (rule: string, detail: string) => cluster.watch.breaks(`${rule}: ${detail}`);
  const applications = new Applications(judge);
  const keys: string[] = [];
  const cluster: KvCluster = new TimefullCluster<KvResult, JudgedMachine>({
    members: nodes,
    transport,
    machine: (id) => {
      const machine = new KvMachine(keepsSessions ? TIMEFULL_SESSIONS : NO_SESSIONS);
      return new JudgedMachine(id, settings.sabotage?.(machine) ?? machine, applications, keys, () => true);
    },
    capacity: { leaseDrift: LEASE_DRIFT, nodes: nodes + NEWCOMERS },
    node: {
      proposalTimeout: PROPOSAL_PATIENCE,
      changeTimeout: CHANGE_PATIENCE,
      snapshot: { entries: SNAPSHOT_ENTRIES },
    },
    core,
    random: () => random.next() / 2 ** 32,
    ...(folder === undefined ? {} : { folder }),
    ...(patience === undefined ? {} : { patience }),
  });
  return {
    cluster,
    clients: new KvClients({ clients, cluster, random, applications, judge, isKept: keepsSessions, keys }),
    operator: new Operator(cluster, random),
  };
}

/**
 * Clients ask and faults come for as long as was said; then the faults are over, clients go on until they have been through
 * all that there is with sessions, and the cluster has to settle. None of them does anything any more when this is over.
 * @returns whether it has recovered; null if a rule was broken before
 * @throws {PatienceError} that says what has not come about
 */
async function live({ clients, cluster, operator }: Parts, settings: Settings): Promise<boolean | null> {
  const { faults = new Map(TIMEFULL_FAULTS.map((fault) => [fault, 1])), keepsSessions, nodes, onProgress } = settings;
  const asked = clients.run();
  const injected = operator.run(faults);
  let hasFailed = false;
  Promise.all([asked, injected]).catch(() => {
    hasFailed = true;
  });
  const isOver = () => hasFailed || cluster.isBroken;
  try {
    await passed(settings.seconds, isOver, () => onProgress?.(clients.counts.answered));
    operator.end();
    await injected;
    const missed = () => missedBy(clients.sessions, keepsSessions, nodes);
    await cluster.until(
      () => `clients come to all there is with sessions, and never did to: ${missed().join(", ")}`,
      () => isOver() || missed().length === 0,
    );
  } finally {
    operator.end();
    clients.end();
    await Promise.allSettled([asked, injected]);
  }
  await asked;
  if (cluster.isBroken) return null;
  await settle(cluster);
  await clients.look();
  return !cluster.isBroken;
}

type Recovered = TimefullRunResult["recovered"];

function resultOf(parts: Parts, settings: Settings, recovered: Recovered, wallMs: number): TimefullRunResult {
  const { clients, cluster, operator } = parts;
  const { core, folder, keepsSessions, nodes, seconds, seed, transport } = settings;
  const broken = [...cluster.watch.broken, ...cluster.failures.map(({ message }) => message)];
  const { carried, lost } = cluster.links.counts;
  return {
    mode: "timefull",
    ...{ seed, nodes, transport, seconds, keepsSessions },
    storage: folder === undefined ? "memory" : "disk",
    faults: operator.counts,
    elections: cluster.watch.elections,
    commits: cluster.watch.applied,
    messages: carried,
    lost,
    operations: clients.history.operations.length,
    ...clients.counts,
    sessions: clients.sessions,
    violations: broken.length,
    violation: broken[0] ?? null,
    ...judge(clients),
    recovered,
    wallMs: Math.round(wallMs),
    core: core.sha256,
  };
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

/** Waits for so long, or until it is over, and tells of it every second. */
async function passed(seconds: number, isOver: () => boolean, tell: () => void): Promise<void> {
  const start = performance.now();
  for (let told = 0; told < seconds && !isOver(); await pause(LOOK_INTERVAL)) {
    if (performance.now() - start < (told + 1) * MS_OF_A_SECOND) continue;
    told++;
    tell();
  }
}
