/** A running local cluster: its processes, from the first start to the last end. */

import { relative } from "node:path";
import { type ClusterPlan, LOOPBACK, logFile, storageFolder } from "./cluster-folder.js";
import { ClusterNode, MAIN } from "./cluster-node.js";
import { tell, UsageError } from "./output.js";

/** ms that all nodes may take to serve and to elect a leader. */
const START_TIMEOUT_MS = 30_000;
/** ms that a node may take to stop: longer than it waits for the requests under way. */
const STOP_PATIENCE_MS = 10_000;

export interface ClusterRunOptions {
  readonly folder: string;
  readonly plan: ClusterPlan;
  /** Further flags for each `serve`. */
  readonly flags: readonly string[];
  /** Another node leads. */
  readonly onLeader: (leader: number, term: number) => void;
}

export class ClusterRun {
  readonly nodes: ClusterNode[] = [];
  /** Resolves when too few nodes are left for a quorum. */
  readonly quorumLost: Promise<void>;
  readonly #options: ClusterRunOptions;
  #loseQuorum: () => void = () => undefined;
  #wake: () => void = () => undefined;
  #stopping = false;
  #ready = false;
  /** The newest term whose leader was told of. */
  #told = 0;

  constructor(options: ClusterRunOptions) {
    this.#options = options;
    this.quorumLost = new Promise((resolve) => {
      this.#loseQuorum = resolve;
    });
  }

  /** Starts the processes. */
  start(): void {
    const { folder, plan } = this.#options;
    for (const { id } of plan.nodes) {
      this.nodes.push(
        new ClusterNode({
          id,
          args: serveArguments(this.#options, id),
          logFile: logFile(folder, id),
          onReport: () => this.#heard(),
          onEnd: () => this.#ended(id),
        }),
      );
    }
  }

  /** Who leads, by the newest term heard of; 0 for none. */
  get leader(): { readonly leader: number; readonly term: number } {
    return this.nodes
      .filter(({ running }) => running)
      .reduce((newest, { leader, term }) => (leader !== 0 && term > newest.term ? { leader, term } : newest), {
        leader: 0,
        term: 0,
      });
  }

  /** Resolves when all nodes serve and know who leads. @throws {UsageError} with the reason a node logged, if one ended. */
  async ready(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const ended = this.nodes.find(({ running }) => !running);
      if (ended !== undefined)
        throw new UsageError(`node ${ended.id} did not start (${ended.end}):\n${ended.tail().join("\n")}`);
      const { leader, term } = this.leader;
      if (leader !== 0 && this.nodes.every((node) => node.serving && node.leader === leader)) {
        this.#ready = true;
        this.#told = term;
        return;
      }
      const remaining = deadline - performance.now();
      if (remaining <= 0) {
        throw new UsageError(
          `no leader after ${START_TIMEOUT_MS / 1000} s: see ${this.nodes.map((node) => node.logFile).join(", ")}`,
        );
      }
      await this.#change(remaining);
    }
  }

  /** Stops all processes. @returns whether every one stopped by itself. */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    const stopped = await Promise.all(
      this.nodes.map(async (node) => {
        const byItself = await node.stop(STOP_PATIENCE_MS);
        if (!byItself) tell(`node ${node.id} did not stop within ${STOP_PATIENCE_MS / 1000} s and was killed`);
        return byItself;
      }),
    );
    return stopped.every(Boolean);
  }

  /** Kills all processes at once. */
  kill(): void {
    this.#stopping = true;
    for (const node of this.nodes) node.kill();
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #heard(): void {
    this.#wake();
    const { leader, term } = this.leader;
    if (this.#stopping || !this.#ready || term <= this.#told) return;
    this.#told = term;
    this.#options.onLeader(leader, term);
  }

  #ended(id: number): void {
    this.#wake();
    const node = this.nodes.find((other) => other.id === id);
    if (this.#stopping || !this.#ready || node === undefined) return;
    tell(`node ${id} has ended (${node.end}); its log is ${node.logFile}`);
    const running = this.nodes.filter((other) => other.running).length;
    if (running * 2 > this.nodes.length) {
      tell(
        `${running} of ${this.nodes.length} nodes go on. To start node ${id} again: ${startAgain(this.#options, id)}`,
      );
    } else {
      this.#loseQuorum();
    }
  }
}

function serveArguments({ folder, plan, flags }: ClusterRunOptions, id: number): string[] {
  const members = plan.nodes.flatMap((node) => [
    "--member",
    `${node.id}=${LOOPBACK}:${node.raft},http=${LOOPBACK}:${node.http}`,
  ]);
  const own = ["--id", String(id), "--cluster", plan.cluster, "--data", storageFolder(folder, id)];
  return ["serve", ...own, ...members, ...flags];
}

/** The command line for a shell. */
function startAgain(options: ClusterRunOptions, id: number): string {
  const words = ["node", relative(process.cwd(), MAIN), ...serveArguments(options, id)];
  return words.map((word) => (/^[\w./:=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
