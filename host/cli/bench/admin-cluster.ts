/** Four processes on loopback for the benchmark of the administration: three members, and one that is to be added. */

import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOOPBACK, logFile, storageFolder } from "../cluster-folder.js";
import { ClusterNode } from "../cluster-node.js";
import { UsageError } from "../output.js";
import { findFreePorts } from "../ports.js";

export const MEMBERS = [1, 2, 3];
/** The node that is added. */
export const SPARE = 4;
const FIRST_PORT = 8301;
const START_TIMEOUT_MS = 30_000;
const STOP_PATIENCE_MS = 10_000;
const POLL_MS = 10;
/** Not caught up, or no member fit to lead. */
const PASSING = [409, 404];
const MAX_ATTEMPTS = 1000;

interface Place {
  readonly raft: number;
  readonly http: number;
}

export class AdminCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), "metalraft-bench-admin-"));
  readonly #agent = new Agent({ keepAlive: true });
  readonly #places = new Map<number, Place>();
  readonly #nodes = new Map<number, ClusterNode>();

  /** Resolves when all run and the members have a leader. */
  async start(): Promise<void> {
    const ids = [...MEMBERS, SPARE];
    const ports = await findFreePorts(LOOPBACK, FIRST_PORT, 2 * ids.length);
    for (const [at, id] of ids.entries())
      this.#places.set(id, { raft: ports[2 * at] ?? 0, http: ports[2 * at + 1] ?? 0 });
    for (const id of ids) this.startNode(id);
    await this.leader();
  }

  startNode(id: number): void {
    const args = ["serve", "--id", String(id), "--cluster", "bench", "--data", storageFolder(this.#folder, id)];
    const onReport = () => undefined;
    const options = { id, logFile: logFile(this.#folder, id), onReport, onEnd: onReport };
    this.#nodes.set(id, new ClusterNode({ ...options, args: [...args, ...this.#wayIn(id)] }));
  }

  /** Sends SIGTERM. Resolves when the process has ended. */
  async terminate(id: number): Promise<void> {
    const node = this.#node(id);
    process.kill(node.pid ?? 0, "SIGTERM");
    await until(`node ${id} to end`, () => (node.running ? undefined : true));
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await Promise.all([...this.#nodes.values()].map((node) => node.stop(STOP_PATIENCE_MS)));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  member(id: number): { readonly id: number; readonly raft: string; readonly http: string } {
    const { http, raft } = this.#place(id);
    return { id, raft: `${LOOPBACK}:${raft}`, http: `${LOOPBACK}:${http}` };
  }

  /** Who leads, once the members that run agree. */
  leader(): Promise<number> {
    return until("a leader", () => {
      const running = MEMBERS.map((id) => this.#node(id)).filter((node) => node.running);
      const [first] = running;
      const agreed =
        first !== undefined && first.leader !== 0 && running.every(({ leader }) => leader === first.leader);
      const serve = [...this.#nodes.values()].every((node) => !node.running || node.serving);
      return agreed && serve && this.#nodes.get(first.leader)?.running === true ? first.leader : undefined;
    });
  }

  /** Asks a node; resolves with the JSON that it answers. What is refused for the moment, because a follower has not been
   * heard of yet, is asked again; any other refusal rejects. */
  async ask<T>(id: number, method: string, path: string, body?: unknown): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { status, text } = await this.#send(id, method, path, body === undefined ? "" : JSON.stringify(body));
      if (status === 200) return JSON.parse(text);
      if (!PASSING.includes(status) || attempt === MAX_ATTEMPTS) {
        throw new UsageError(`${method} ${path} was answered with HTTP status ${status}: ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Writes a value. @returns whether it was acknowledged. */
  async write(id: number, key: string): Promise<boolean> {
    const answer = await this.#send(id, "PUT", `/v1/kv/${key}`, "x").catch(() => undefined);
    return answer?.status === 200;
  }

  #send(id: number, method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const port = this.#place(id).http;
      const headers = { "content-length": Buffer.byteLength(body) };
      const asked = request({ agent: this.#agent, host: LOOPBACK, port, method, path, headers }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        answer.once("error", reject);
        answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      asked.once("error", reject);
      asked.end(body);
    });
  }

  #wayIn(id: number): string[] {
    if (id !== SPARE) {
      return MEMBERS.flatMap((other) => {
        const { http, raft } = this.member(other);
        return ["--member", `${other}=${raft},http=${http}`];
      });
    }
    const { http, raft } = this.member(id);
    return ["--listen", raft, "--http", http, "--join", this.member(1).http];
  }

  #place(id: number): Place {
    const place = this.#places.get(id);
    if (place === undefined) throw new RangeError(`there is no node ${id}`);
    return place;
  }

  #node(id: number): ClusterNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new RangeError(`node ${id} was never started`);
    return node;
  }
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new UsageError(`waited ${START_TIMEOUT_MS / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
