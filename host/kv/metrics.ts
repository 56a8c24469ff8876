/**
 * The metrics of a node in Prometheus' text format. What the node, the transport and the log count themselves is read
 * when it is asked for; only requests are counted here.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { RoleName } from "../core/abi.js";
import type { NodeStatus } from "../node.js";
import type { WalStats } from "../storage/wal/wal.js";
import type { TcpStats } from "../transport/context.js";
import type { TransportStats } from "./node-routes.js";

/** Where the numbers come from. */
export interface MetricSources {
  status(): NodeStatus;
  transport(): TransportStats;
  storage(): WalStats;
}

/** From a read in memory to a request that waits for an election; in seconds. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const RAFT_GAUGES = {
  term: "The newest term the node has seen.",
  leader: "Id of the leader, 0 if not known.",
  commit: "Index up to which the log is committed.",
  applied: "Index up to which the state machine has applied the log.",
  lastIndex: "Index of the last entry.",
  durable: "Index up to which the log is durable here.",
} as const satisfies Partial<Record<keyof NodeStatus, string>>;

const TRANSPORT_COUNTERS = {
  messagesIn: "Messages received.",
  messagesOut: "Messages handed to a socket.",
  bytesIn: "Bytes received.",
  bytesOut: "Bytes of messages handed to a socket.",
  writes: "Writes to sockets.",
  dropped: "Messages dropped before a socket took them.",
  connects: "Connections opened to peers.",
  reconnects: "Connections opened to peers that had one before.",
  badFrames: "Connections closed because of what came over them.",
  refused: "Connections refused because of their hello.",
  turnedAway: "Connections turned away because there were too many.",
} as const satisfies Record<keyof TcpStats, string>;

const WAL_COUNTERS = {
  syncs: ["metalraft_wal_fdatasync_total", "Calls of fdatasync."],
  bytes: ["metalraft_wal_written_bytes_total", "Bytes written to the log."],
} as const satisfies Record<keyof WalStats, readonly [string, string]>;

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<"method" | "route" | "status">;

  constructor(sources: MetricSources) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const [field, help] of entries(RAFT_GAUGES)) {
      this.#gauge(`metalraft_raft_${snakeCase(field)}`, help, () => sources.status()[field]);
    }
    new Gauge({
      name: "metalraft_raft_role",
      help: "1 for the role that the node has, 0 for the others.",
      labelNames: ["role"],
      registers,
      collect() {
        const { role } = sources.status();
        for (const name of Object.values(RoleName)) this.set({ role: name }, name === role ? 1 : 0);
      },
    });
    const { core } = sources.status();
    new Gauge({ name: "metalraft_core", help: "1, with the core's sha256.", labelNames: ["sha256"], registers }).set(
      { sha256: core },
      1,
    );
    const counted: Partial<TcpStats> = sources.transport();
    for (const [field, help] of entries(TRANSPORT_COUNTERS)) {
      if (counted[field] === undefined) continue;
      const read = (stats: Partial<TcpStats>) => stats[field] ?? 0;
      this.#counter(`metalraft_transport_${snakeCase(field)}_total`, help, () => read(sources.transport()));
    }
    for (const [field, [name, help]] of entries(WAL_COUNTERS)) {
      this.#counter(name, help, () => sources.storage()[field]);
    }
    this.#requests = new Histogram({
      name: "metalraft_http_request_duration_seconds",
      help: "Time from a request's header to the end of its answer.",
      labelNames: ["method", "route", "status"],
      buckets: DURATION_BUCKETS,
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as text. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A request has been answered; `route` is one of few, never a key. */
  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status }, seconds);
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** A counter that is kept elsewhere. */
  #counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}

/** Object.entries with the keys' own type. */
function entries<Key extends string, Value>(object: Readonly<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(object) as [Key, Value][];
}
