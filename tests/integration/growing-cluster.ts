/** A cluster of real processes that begins with one node and is changed by the administration commands. */

import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  askStatus,
  CliProcess,
  type Ended,
  freePort,
  jsonOf,
  nodesSettle,
  QUICK,
  runCli,
  type Status,
  temporaryFolder,
} from "./harness.js";
import { HOST, HttpClient } from "./http-client.js";

interface Place {
  readonly raft: number;
  readonly http: number;
}

/** What `metalraft members --json` says, as far as the tests read it. */
export interface Members {
  readonly leader: number;
  readonly joint: boolean;
  readonly committed: boolean;
  readonly members: readonly { readonly id: number; readonly role: string; readonly witness: boolean }[];
}

interface StartOptions {
  /** The cluster's name. */
  readonly cluster?: string;
  /** Further ones, for this node alone. */
  readonly flags?: readonly string[];
}

export class GrowingCluster {
  readonly folder = temporaryFolder();
  readonly http = new HttpClient();
  readonly #places = new Map<number, Place>();
  readonly #running = new Map<number, CliProcess>();

  /** @param flags further ones for every `serve`. */
  constructor(private readonly flags: readonly string[] = []) {
    onTestFinished(() => this.http.close());
  }

  /** The nodes whose process runs, whether they are members or not. */
  get ids(): number[] {
    return [...this.#running.keys()];
  }

  port(id: number): number {
    const place = this.#places.get(id);
    if (place === undefined) throw new RangeError(`node ${id} was never started`);
    return place.http;
  }

  data(id: number): string {
    return join(this.folder, `node-${id}`);
  }

  /** The argument that stands for a node in the commands. */
  member(id: number): string {
    const { http, raft } = this.#places.get(id) ?? { http: 0, raft: 0 };
    return `${id}=${HOST}:${raft},http=${HOST}:${http}`;
  }

  /** Starts a node: the first founds the cluster, the others wait to be added. */
  async start(id: number, { cluster = "growing", flags = [] }: StartOptions = {}): Promise<void> {
    const place = this.#places.get(id) ?? { raft: await freePort(), http: await freePort() };
    const [first] = this.#places.keys();
    this.#places.set(id, place);
    const peers = [...this.#places.keys()].filter((other) => other !== id);
    const founds = first === undefined || first === id;
    const way = founds ? ["--bootstrap"] : peers.flatMap((other) => ["--join", `${HOST}:${this.port(other)}`]);
    const own = ["--listen", `${HOST}:${place.raft}`, "--http", `${HOST}:${place.http}`];
    const args = ["serve", "--id", String(id), "--cluster", cluster, "--data", this.data(id), ...own, ...way];
    const log = join(this.folder, `node-${id}.log`);
    this.#running.set(id, new CliProcess([...args, ...QUICK, ...this.flags, ...flags], { log }));
  }

  /** Ends a node's process with a signal and waits until it is gone. */
  async end(id: number, signal: NodeJS.Signals): Promise<Ended> {
    const ending = this.#running.get(id);
    if (ending === undefined) throw new RangeError(`node ${id} does not run`);
    this.#running.delete(id);
    ending.kill(signal);
    return await ending.ended;
  }

  /** Runs an administration command against any of the nodes that run. */
  run(...args: readonly string[]) {
    const nodes = this.ids.flatMap((id) => ["--node", `${HOST}:${this.port(id)}`]);
    return runCli([...args, ...nodes]);
  }

  /** Runs one that has to succeed. @returns the object it ends with. */
  async done<T>(...args: readonly string[]): Promise<T> {
    return jsonOf(args, await this.run(...args, "--json"));
  }

  /** The voters, as the leader has them. */
  async voters(): Promise<number[]> {
    const { members } = await this.done<Members>("members");
    return members.filter(({ role }) => role === "voter").map(({ id }) => id);
  }

  async leader(): Promise<number> {
    return (await this.done<Members>("members")).leader;
  }

  /** A node's status, undefined while it does not answer. */
  async status(id: number): Promise<Status | undefined> {
    return await askStatus(this.http, this.port(id));
  }

  /** Waits until these nodes have applied the same, all there is. */
  settled(ids: readonly number[]): Promise<Status[]> {
    return nodesSettle(ids, (id) => this.status(id));
  }
}
