/**
 * A durable cluster of three processes on loopback under load: clients write distinct keys over HTTP, as many at once as
 * asked for, and every acknowledged write is on the disks of a majority.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOOPBACK, settlePlan } from "../cluster-folder.js";
import { ClusterRun } from "../cluster-run.js";
import { type BenchResult, timed } from "./result.js";

export interface DurableOptions {
  readonly clients: number;
  /** Bytes of a value. */
  readonly payload: number;
  /** Writes in all, after a tenth of them to warm up. */
  readonly writes: number;
}

interface Load {
  /** ms each write took. */
  readonly latencies: Float64Array;
  readonly nanoseconds: number;
}

/** Runs the benchmark on a cluster of its own, which is gone afterwards. */
export async function runDurable(options: DurableOptions): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), "metalraft-bench-"));
  const plan = await settlePlan({ folder, nodes: undefined, httpPort: undefined, raftPort: undefined });
  const run = new ClusterRun({ folder, plan, flags: [], onLeader: () => undefined });
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  try {
    run.start();
    await run.ready();
    const ports = plan.nodes.map(({ http }) => http);
    const leaderPort = plan.nodes.find(({ id }) => id === run.leader.leader)?.http ?? ports[0] ?? 0;
    await load(agent, leaderPort, "warm", { ...options, writes: Math.ceil(options.writes / 10) });
    const before = await syncs(agent, ports);
    const { latencies, nanoseconds } = await load(agent, leaderPort, "key", options);
    const after = await syncs(agent, ports);
    const sorted = latencies.sort();
    const row = {
      name: "durable commit, 3 processes, HTTP",
      payload: options.payload,
      batch: options.clients,
      crossingsPerOp: null,
      bytesCopiedPerOp: null,
      extra: {
        p50Ms: percentile(sorted, 0.5),
        p99Ms: percentile(sorted, 0.99),
        fdatasyncPerCommitOnOneNode: round((after - before) / ports.length / options.writes),
      },
    };
    return timed(row, options.writes, nanoseconds);
  } finally {
    agent.destroy();
    await run.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(agent: Agent, port: number, prefix: string, options: DurableOptions): Promise<Load> {
  const value = Buffer.alloc(options.payload, "v");
  const latencies = new Float64Array(options.writes);
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < options.writes) {
      const i = next++;
      const begun = performance.now();
      await put(agent, port, `${prefix}-${i}`, value);
      latencies[i] = performance.now() - begun;
    }
  };
  const begun = process.hrtime.bigint();
  await Promise.all(Array.from({ length: options.clients }, client));
  return { latencies, nanoseconds: Number(process.hrtime.bigint() - begun) };
}

function put(agent: Agent, port: number, key: string, value: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const message = request({ agent, host: LOOPBACK, port, method: "PUT", path: `/v1/kv/${key}` }, (answer) => {
      answer.resume();
      answer.once("end", () => {
        const { statusCode = 0 } = answer;
        if (statusCode < 300) resolve();
        else reject(new Error(`a write was answered with HTTP status ${statusCode}`));
      });
    });
    message.once("error", reject);
    message.end(value);
  });
}

/** `fdatasync` calls so far, of all nodes together. */
async function syncs(agent: Agent, ports: readonly number[]): Promise<number> {
  let sum = 0;
  for (const port of ports) sum += await syncsOf(agent, port);
  return sum;
}

function syncsOf(agent: Agent, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const message = request({ agent, host: LOOPBACK, port, path: "/metrics" }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
      });
      answer.once("end", () => {
        const found = /^metalraft_wal_fdatasync_total(?:\{[^}]*\})? (\d+)/m.exec(text);
        if (found?.[1] === undefined) reject(new Error("/metrics does not tell metalraft_wal_fdatasync_total"));
        else resolve(Number(found[1]));
      });
    });
    message.once("error", reject);
    message.end();
  });
}

function percentile(sorted: Float64Array, part: number): number {
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
