/**
 * Clients that write, read, and compare and swap over HTTP while nodes come and go, and record everything as a history.
 * Each key of its own is written once with one value, so that what is found later can be told from what was never sent.
 */

import { History, type Value } from "../../sim/checkers/history.js";
import type { HttpClient, Reply } from "./http-client.js";

/** Keys that all clients fight for. */
const HOT_KEYS = ["hot/0", "hot/1", "hot/2", "hot/3"];
/** After this many writes a client does something else. */
const WRITES_A_ROUND = 8;
/** Attempts at one write. Each ends within the server's request timeout, so this is minutes: more than the test has. */
const MAX_ATTEMPTS = 1000;
/** ms before the next attempt: the node may be down. */
const PAUSE_MS = 20;

/** Requests at a time when everything is read at the end. */
const READERS = 16;

/** What a request came to. */
type Outcome =
  | { readonly kind: "ok"; readonly reply: Reply & { kind: "reply" } }
  | { readonly kind: "failed" | "unknown" };

/** What the clients need of a cluster. */
export interface LoadedCluster {
  readonly http: HttpClient;
  /** The nodes that may be asked, at the moment. */
  readonly ids: readonly number[];
  port(id: number): number;
}

export class Workload {
  readonly history = new History();
  /** Keys whose write was acknowledged, with their value. */
  readonly acknowledged = new Map<string, string>();
  /** Values that were sent, by key. */
  readonly sent = new Map<string, Set<string>>();
  /** Answers that no correct service gives. */
  readonly surprises: string[] = [];
  #finished = false;
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(
    private readonly cluster: LoadedCluster,
    private readonly clients: number,
    private readonly keysAClient: number,
  ) {}

  /** Runs all clients to their end. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.clients }, (_, client) => this.#client(client)));
  }

  /** The clients end, each behind what it is at. */
  finish(): void {
    this.#finished = true;
  }

  /** Resolves when so many keys have been acknowledged. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
    });
  }

  async #client(client: number): Promise<void> {
    for (let n = 0; n < this.keysAClient && !this.#finished; n++) {
      await this.#write(client, `key/${client}/${n}`, `value ${client}.${n}`);
      if (n % WRITES_A_ROUND !== 0) continue;
      await this.#read(client, `key/${(client + 1) % this.clients}/${n}`);
      const hot = HOT_KEYS[(client + n / WRITES_A_ROUND) % HOT_KEYS.length] ?? "";
      await this.#compareAndSwap(client, hot, `swap ${client}.${n}`);
      if (n % (8 * WRITES_A_ROUND) === 0) await this.#delete(client, hot);
    }
  }

  /** Writes until it is acknowledged: an attempt without a known outcome is one more operation of the history. */
  async #write(client: number, key: string, value: string): Promise<void> {
    this.#sending(key, value);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const operation = this.history.begin(client, { kind: "write", key, argument: value });
      const outcome = await this.#request(client + attempt, "PUT", path(key), value);
      if (outcome.kind === "ok") {
        this.history.ok(operation);
        this.#acknowledge(key, value);
        return;
      }
      this.history[outcome.kind](operation);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    this.surprises.push(`${key} was not acknowledged in ${MAX_ATTEMPTS} attempts`);
  }

  async #read(client: number, key: string): Promise<Value | undefined> {
    const operation = this.history.begin(client, { kind: "read", key });
    const outcome = await this.#request(client + 1, "GET", path(key));
    if (outcome.kind !== "ok") {
      this.history[outcome.kind](operation);
      return undefined;
    }
    const value = outcome.reply.status === 404 ? null : outcome.reply.body.toString("utf8");
    this.history.ok(operation, value);
    return value;
  }

  async #compareAndSwap(client: number, key: string, value: string): Promise<void> {
    const expected = await this.#read(client, key);
    if (expected === undefined) return;
    this.#sending(key, value);
    const operation = this.history.begin(client, { kind: "cas", key, argument: { expected, value } });
    const compare = [expected === null ? { key, absent: true } : { key, value: expected }];
    const body = JSON.stringify({ compare, then: [{ put: { key, value } }] });
    const outcome = await this.#request(client + 2, "POST", "/v1/txn", body);
    if (outcome.kind === "ok") this.history.ok(operation, JSON.parse(outcome.reply.body.toString("utf8")).succeeded);
    else this.history[outcome.kind](operation);
  }

  async #delete(client: number, key: string): Promise<void> {
    const operation = this.history.begin(client, { kind: "delete", key });
    const outcome = await this.#request(client, "DELETE", path(key));
    if (outcome.kind === "ok") this.history.ok(operation);
    else this.history[outcome.kind](operation);
  }

  /** Sends to one of the nodes, whichever: all of them take everything. */
  async #request(choice: number, method: string, target: string, body?: string): Promise<Outcome> {
    const { ids, http } = this.cluster;
    const reply = await http.send(this.cluster.port(ids[choice % ids.length] ?? 0), method, target, body);
    if (reply.kind === "refused") return { kind: "failed" };
    if (reply.kind === "lost") return { kind: "unknown" };
    if (reply.status === 200 || (reply.status === 404 && method === "GET")) return { kind: "ok", reply };
    const { definite } = JSON.parse(reply.body.toString("utf8"));
    if (reply.status === 503 && definite === true) return { kind: "failed" };
    if (reply.status === 504 && definite === false) return { kind: "unknown" };
    this.surprises.push(`${method} ${target}: ${reply.status} ${reply.body}`);
    return { kind: "unknown" };
  }

  #sending(key: string, value: string): void {
    const values = this.sent.get(key);
    if (values === undefined) this.sent.set(key, new Set([value]));
    else values.add(value);
  }

  #acknowledge(key: string, value: string): void {
    this.acknowledged.set(key, value);
    for (const { count, resolve } of this.#waiting) if (this.acknowledged.size >= count) resolve();
  }
}

/** The path of a key. */
export function path(key: string): string {
  return `/v1/kv/${encodeURIComponent(key)}`;
}

/** What a node has under each of the keys, by local reads. */
export async function readAll(
  cluster: LoadedCluster,
  id: number,
  keys: readonly string[],
): Promise<Map<string, string | null>> {
  const found = new Map<string, string | null>();
  const reader = async (first: number) => {
    for (let i = first; i < keys.length; i += READERS) {
      const key = keys[i] ?? "";
      const reply = await cluster.http.send(cluster.port(id), "GET", `${path(key)}?consistency=local`);
      if (reply.kind !== "reply") throw new Error(`node ${id}: ${reply.reason}`);
      found.set(key, reply.status === 404 ? null : reply.body.toString("utf8"));
    }
  };
  await Promise.all(Array.from({ length: READERS }, (_, first) => reader(first)));
  return found;
}
