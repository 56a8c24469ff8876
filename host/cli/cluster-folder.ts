/**
 * The data folder of `metalraft cluster`: which cluster lies in it and on which ports it ran last.
 *
 *   cluster.json   the cluster's id and the ports of its nodes
 *   node-N/        the storage of node N
 *   node-N.log     what node N logged
 */

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { UsageError } from "./output.js";
import { findFreePorts, isFree } from "./ports.js";

/** The cluster is for trying things out: it is not offered to the network. */
export const LOOPBACK = "127.0.0.1";
/** Where the search for ports begins. Below the ranges from which systems take the ports of outgoing connections, so
 * that a port stays free while its node is down. */
const FIRST_HTTP_PORT = 8101;
const FIRST_RAFT_PORT = 8201;

const portSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
const planSchema = v.object({
  /** 0x and hexadecimal digits. */
  cluster: v.pipe(v.string(), v.regex(/^0x[0-9a-f]{1,16}$/)),
  nodes: v.pipe(v.array(v.object({ id: v.number(), raft: portSchema, http: portSchema })), v.minLength(1)),
});

/** Which cluster lies in a folder. */
export type ClusterPlan = v.InferOutput<typeof planSchema>;

export interface ClusterFolderOptions {
  readonly folder: string;
  /** How many nodes were asked for; as many as there are, or three, when undefined. */
  readonly nodes: number | undefined;
  /** The HTTP port of node 1, those of the others follow; chosen when undefined. */
  readonly httpPort: number | undefined;
  /** The Raft port of node 1, those of the others follow; chosen when undefined. */
  readonly raftPort: number | undefined;
}

const DEFAULT_NODES = 3;

export function storageFolder(folder: string, id: number): string {
  return join(folder, `node-${id}`);
}

export function logFile(folder: string, id: number): string {
  return join(folder, `node-${id}.log`);
}

/** Finds the cluster in the folder, or founds one, and settles on ports that are free now.
 * @throws {UsageError} that says what to do. */
export async function settlePlan(options: ClusterFolderOptions): Promise<ClusterPlan> {
  const { folder, nodes } = options;
  mkdirSync(folder, { recursive: true });
  const found = readPlan(folder);
  const count = nodes ?? found?.nodes.length ?? DEFAULT_NODES;
  if (found !== undefined && found.nodes.length !== count) {
    throw new UsageError(
      `${folder} holds a cluster of ${found.nodes.length} nodes, and its members are in their logs: ` +
        `leave out --nodes, or give another folder with --data for one of ${count}`,
    );
  }
  const { httpPort, raftPort } = options;
  if (httpPort !== undefined && raftPort !== undefined && Math.abs(httpPort - raftPort) < count) {
    throw new UsageError(`--http-port ${httpPort} and --raft-port ${raftPort} overlap: each takes ${count} ports`);
  }
  const last = found?.nodes;
  const http = await settlePorts({
    flag: "--http-port",
    asked: httpPort,
    last: last?.map((node) => node.http),
    first: FIRST_HTTP_PORT,
    count,
  });
  const raft = await settlePorts({
    flag: "--raft-port",
    asked: raftPort,
    last: last?.map((node) => node.raft),
    first: FIRST_RAFT_PORT,
    count,
    except: http,
  });
  const ports = http.map((port, i) => ({ id: i + 1, http: port, raft: raft[i] ?? 0 }));
  const plan = { cluster: found?.cluster ?? `0x${randomBytes(8).toString("hex")}`, nodes: ports };
  writePlan(folder, plan);
  return plan;
}

interface PortWish {
  readonly flag: string;
  /** The first of a row; undefined for any. */
  readonly asked: number | undefined;
  /** Those of last time. */
  readonly last: readonly number[] | undefined;
  /** Where to search from. */
  readonly first: number;
  readonly count: number;
  /** Ports that are spoken for. */
  readonly except?: readonly number[];
}

async function settlePorts({ asked, count, except = [], first, flag, last }: PortWish): Promise<number[]> {
  if (asked === undefined) {
    if (last !== undefined && (await firstTaken(last, except)) === undefined) return [...last];
    return findFreePorts(LOOPBACK, first, count, except);
  }
  const ports = Array.from({ length: count }, (_, i) => asked + i);
  const taken = await firstTaken(ports, except);
  if (taken === undefined) return ports;
  throw new UsageError(`port ${taken} of ${LOOPBACK} is taken: stop what uses it, or choose another with ${flag}`);
}

async function firstTaken(ports: readonly number[], except: readonly number[]): Promise<number | undefined> {
  for (const port of ports) if (except.includes(port) || !(await isFree(LOOPBACK, port))) return port;
  return undefined;
}

function planFile(folder: string): string {
  return join(folder, "cluster.json");
}

function readPlan(folder: string): ClusterPlan | undefined {
  const file = planFile(folder);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return v.parse(planSchema, JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${file} cannot be read (${reason}). Restore it: it holds the id of the cluster, without which the data of its ` +
        "nodes is of no use; or give another folder with --data",
    );
  }
}

/** In two steps, so that a crash leaves the old plan or the new one. */
function writePlan(folder: string, plan: ClusterPlan): void {
  const file = planFile(folder);
  writeFileSync(`${file}.new`, `${JSON.stringify(plan, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}
