/** Real processes for tests: `metalraft serve` nodes on loopback with data in a temporary folder. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { HOST, HttpClient } from "./http-client.js";

export const MAIN = fileURLToPath(new URL("../../dist/host/cli/main.js", import.meta.url));

/** Below the ranges from which systems take ports for outgoing connections, so that a node that is down does not lose
 * its port to a connection of another. */
const PORTS = { first: 20_000, count: 12_000 };
const PORT_ATTEMPTS = 100;
/** Bound on waiting for a state, in ms: on a hang, not on speed. */
const PATIENCE_MS = 25_000;
const POLL_MS = 20;

/** Short election times: the tests wait for elections. */
export const QUICK = ["--election-timeout", "300", "--election-jitter", "300", "--heartbeat", "50"];

export function assertBuilt(): void {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run \`npm run build\` before these tests`);
}

const given = new Set<number>();

/** The first of a row of ports that nobody listens on. */
export async function freePort(row = 1): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const first = PORTS.first + Math.floor(Math.random() * (PORTS.count - row));
    const ports = Array.from({ length: row }, (_, i) => first + i);
    if (ports.some((port) => given.has(port))) continue;
    const free = await Promise.all(ports.map(isFree));
    if (!free.every(Boolean)) continue;
    for (const port of ports) given.add(port);
    return first;
  }
  throw new Error(`no free port found in ${PORT_ATTEMPTS} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

/** A temporary folder that is removed when the test has ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "metalraft-integration-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CliOptions {
  /** File for standard error; gathered here unless stated. */
  readonly log?: string;
  readonly cwd?: string;
  /** The longest file the process may write, in blocks of 512 bytes. Not on Windows. */
  readonly fileBlocks?: number;
}

/** A running `metalraft` process. Killed when the test ends; what it wrote is shown if the test fails. */
export class CliProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], { cwd, fileBlocks, log }: CliOptions = {}) {
    assertBuilt();
    const stderr = log === undefined ? "pipe" : openSync(log, "a");
    const node = [process.execPath, MAIN, ...args];
    const limited = ["sh", "-c", `ulimit -f ${fileBlocks}; exec "$0" "$@"`, ...node];
    const [program = "", ...rest] = fileBlocks === undefined ? node : limited;
    // With a channel: should this process be killed, its nodes notice and stop.
    this.#child = spawn(program, rest, {
      stdio: ["ignore", "pipe", stderr, "ipc"],
      ...(cwd === undefined ? {} : { cwd }),
    });
    if (typeof stderr === "number") closeSync(stderr);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => resolve({ code, signal }));
    });
    onTestFinished(async ({ task }) => {
      this.kill("SIGKILL");
      await this.ended;
      if (task.result?.state !== "fail") return;
      const errors = log === undefined ? this.#stderr : readFileSync(log, "utf8");
      process.stderr.write(`--- metalraft ${args.join(" ")}\n${this.#stdout}${errors}\n`);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** A command that has ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<Ran> {
  const child = new CliProcess(args, options);
  const { code } = await child.ended;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** The object that a command ends with under `--json`; it has to have succeeded. @param args what it was, for the report */
export function jsonOf<T>(args: readonly string[], { code, stderr, stdout }: Ran): T {
  expect(code, `metalraft ${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

/** Asks again and again until there is an answer. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** What the tests read of a status. */
export interface Status {
  readonly id: number;
  readonly leader: number;
  readonly role: string;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly keys: number;
}

/** A node's status over HTTP, undefined while it does not answer. */
export async function askStatus(http: HttpClient, port: number): Promise<Status | undefined> {
  const reply = await http.send(port, "GET", "/v1/status");
  return reply.kind === "reply" && reply.status === 200 ? JSON.parse(reply.body.toString("utf8")) : undefined;
}

/** Waits until these nodes have applied the same, all there is. */
export function nodesSettle(
  ids: readonly number[],
  statusOf: (id: number) => Promise<Status | undefined>,
): Promise<Status[]> {
  return eventually("all nodes to apply everything", async () => {
    const found = await Promise.all(ids.map(statusOf));
    const statuses = found.filter((status) => status !== undefined);
    const last = Math.max(...statuses.map(({ lastIndex }) => lastIndex));
    return statuses.length === ids.length && statuses.every(({ applied }) => applied === last) ? statuses : undefined;
  });
}

export interface ServeMember {
  readonly id: number;
  readonly raft: number;
  readonly http: number;
}

/** Nodes of one cluster, each a process. */
export class ServeCluster {
  readonly #processes = new Map<number, CliProcess>();

  private constructor(
    readonly folder: string,
    readonly members: readonly ServeMember[],
    readonly http: HttpClient,
    private readonly flags: readonly string[],
  ) {}

  /** Plans a cluster; nothing runs yet. */
  static async plan(size: number, flags: readonly string[] = []): Promise<ServeCluster> {
    const folder = temporaryFolder();
    const members: ServeMember[] = [];
    for (let id = 1; id <= size; id++) members.push({ id, raft: await freePort(), http: await freePort() });
    const http = new HttpClient();
    onTestFinished(() => http.close());
    return new ServeCluster(folder, members, http, [...QUICK, ...flags]);
  }

  /** Plans a cluster and starts it. */
  static async start(size: number, flags: readonly string[] = []): Promise<ServeCluster> {
    const cluster = await ServeCluster.plan(size, flags);
    for (const { id } of cluster.members) cluster.startNode(id);
    await cluster.leader();
    return cluster;
  }

  get ids(): number[] {
    return this.members.map(({ id }) => id);
  }

  arguments(id: number): string[] {
    const members = this.members.flatMap(({ id: other, raft, http }) => [
      "--member",
      `${other}=${HOST}:${raft},http=${HOST}:${http}`,
    ]);
    const data = join(this.folder, `node-${id}`);
    return ["serve", "--id", String(id), "--cluster", "integration", "--data", data, ...members, ...this.flags];
  }

  startNode(id: number, options: CliOptions = {}): CliProcess {
    const started = new CliProcess(this.arguments(id), { log: join(this.folder, `node-${id}.log`), ...options });
    this.#processes.set(id, started);
    return started;
  }

  process(id: number): CliProcess {
    const found = this.#processes.get(id);
    if (found === undefined) throw new RangeError(`node ${id} was never started`);
    return found;
  }

  /** Ends a node's process with a signal and waits until it is gone. */
  async end(id: number, signal: NodeJS.Signals): Promise<Ended> {
    const ending = this.process(id);
    ending.kill(signal);
    return await ending.ended;
  }

  port(id: number): number {
    const member = this.members.find((other) => other.id === id);
    if (member === undefined) throw new RangeError(`there is no node ${id}`);
    return member.http;
  }

  /** A node's status, undefined while it does not answer. */
  async status(id: number): Promise<Status | undefined> {
    const reply = await this.http.send(this.port(id), "GET", "/v1/status");
    return reply.kind === "reply" && reply.status === 200 ? JSON.parse(reply.body.toString("utf8")) : undefined;
  }

  /** The leader, as soon as a majority agrees on one. */
  leader(): Promise<number> {
    return eventually("a leader", async () => {
      const statuses = await Promise.all(this.ids.map((id) => this.status(id)));
      for (const id of this.ids) {
        const followers = statuses.filter((status) => status?.leader === id);
        const itself = statuses.find((status) => status?.id === id);
        if (followers.length * 2 > this.ids.length && itself?.role === "LEADER") return id;
      }
      return undefined;
    });
  }

  /** Waits until all nodes have applied the same, all there is. */
  settled(): Promise<Status[]> {
    return eventually("all nodes to apply everything", async () => {
      const statuses = (await Promise.all(this.ids.map((id) => this.status(id)))).filter(
        (status) => status !== undefined,
      );
      const [first] = statuses;
      const same = statuses.every(
        (status) => status.applied === first?.lastIndex && status.lastIndex === first.lastIndex,
      );
      return statuses.length === this.ids.length && same ? statuses : undefined;
    });
  }
}
