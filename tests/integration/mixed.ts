/**
 * Clusters of boards and servers, all of them processes: firmware nodes under WAMR and `metalraft serve --transport udp`,
 * which speak over UDP on loopback; and clients of the servers' HTTP that record what they are told.
 */

import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { History, type Value } from "../../sim/checkers/history.js";
import { checkLinearizable } from "../../sim/checkers/linearizability.js";
import { Board, type BoardStatus, freeUdpPorts } from "./board.js";
import {
  askStatus,
  CliProcess,
  type Ended,
  eventually,
  freePort,
  jsonOf,
  nodesSettle,
  QUICK,
  runCli,
  type Status,
  temporaryFolder,
} from "./harness.js";
import { HOST, HttpClient } from "./http-client.js";
import { path } from "./workload.js";

const CLUSTER = 0x4dn;
export type Kind = "server" | "board";

interface Place {
  readonly raft: number;
  /** 0 on a board. */
  readonly http: number;
}

interface StartOptions {
  /** The first members; without them the node waits to be added. */
  readonly first?: readonly number[];
  /** Further flags of a server. */
  readonly flags?: readonly string[];
}

export class MixedCluster {
  readonly folder = temporaryFolder();
  readonly http = new HttpClient();
  readonly #places = new Map<number, Place>();
  readonly #servers = new Map<number, CliProcess>();
  readonly #boards = new Map<number, Board>();
  readonly #first = new Map<number, StartOptions>();

  private constructor(readonly kinds: readonly Kind[]) {
    onTestFinished(() => this.http.close());
  }

  /** Finds a place for nodes 1, 2, ... of these kinds. Nothing runs yet. */
  static async plan(...kinds: Kind[]): Promise<MixedCluster> {
    const cluster = new MixedCluster(kinds);
    const ports = await freeUdpPorts(kinds.length);
    for (const [at, kind] of kinds.entries()) {
      const http = kind === "server" ? await freePort() : 0;
      cluster.#places.set(at + 1, { raft: ports[at] ?? 0, http });
    }
    return cluster;
  }

  /** The servers that run: they may be asked over HTTP. */
  get ids(): number[] {
    return [...this.#servers.keys()];
  }

  port(id: number): number {
    return this.#place(id).http;
  }

  board(id: number): Board {
    const board = this.#boards.get(id);
    if (board === undefined) throw new RangeError(`node ${id} is no board that was started`);
    return board;
  }

  /** The address as the configuration has it, and as a board's console takes it. */
  address(id: number): string {
    const { http, raft } = this.#place(id);
    return `${HOST}:${raft}${http === 0 ? "" : `,http=${HOST}:${http}`}`;
  }

  /** The argument that stands for a node in the commands. */
  member(id: number): string {
    return `${id}=${this.address(id)}${this.port(id) === 0 ? ",board" : ""}`;
  }

  /** Starts a node, the second time as the first time, unless options are given. */
  async start(id: number, options: StartOptions = this.#first.get(id) ?? {}): Promise<void> {
    this.#first.set(id, options);
    if (this.port(id) === 0) await this.#startBoard(id, options);
    else this.#startServer(id, options);
  }

  /** Ends a node without notice. */
  async kill(id: number): Promise<void> {
    if (this.port(id) === 0) await this.board(id).kill();
    else await this.end(id, "SIGKILL");
  }

  /** Ends a server with a signal. */
  async end(id: number, signal: NodeJS.Signals): Promise<Ended> {
    const server = this.#servers.get(id);
    if (server === undefined) throw new RangeError(`node ${id} is no server that runs`);
    this.#servers.delete(id);
    server.kill(signal);
    return await server.ended;
  }

  /** Runs an administration command against the servers that run; it has to succeed. @returns what it ends with. */
  async run<T>(...args: readonly string[]): Promise<T> {
    const nodes = this.ids.flatMap((id) => ["--node", `${HOST}:${this.port(id)}`]);
    return jsonOf(args, await runCli([...args, ...nodes, "--json"]));
  }

  /** Undefined while it does not answer. */
  async status(id: number): Promise<Status | undefined> {
    if (this.port(id) === 0) return fromBoard(await this.board(id).status());
    return await askStatus(this.http, this.port(id));
  }

  /** The leader, as soon as all of these agree on one. */
  leader(ids: readonly number[]): Promise<number> {
    return eventually("a leader", async () => {
      const statuses = await Promise.all(ids.map((id) => this.status(id)));
      const [{ leader, term } = { leader: 0, term: 0 }] = statuses.filter((status) => status !== undefined);
      const agreed = statuses.every((status) => status?.leader === leader && status.term === term);
      return agreed && leader !== 0 ? leader : undefined;
    });
  }

  /** Waits until these have applied the same, all there is. */
  settled(ids: readonly number[]): Promise<Status[]> {
    return nodesSettle(ids, (id) => this.status(id));
  }

  /** Says a line on the console of the board that leads, until it is answered with ok. */
  async onConsole(ids: readonly number[], line: string): Promise<void> {
    await eventually(line, async () => {
      const leader = await this.leader(ids);
      return (await this.board(leader).ask(line)).startsWith("ok") ? true : undefined;
    });
  }

  /** What a node has under a key, without asking anybody; null for nothing. */
  async local(id: number, key: string): Promise<string | null> {
    if (this.port(id) === 0) {
      const answer = await this.board(id).ask(`local ${key}`);
      return answer === "none" ? null : answer.replace(/^value \d+ /, "");
    }
    const reply = await this.http.send(this.port(id), "GET", `${path(key)}?consistency=local`);
    if (reply.kind !== "reply") throw new Error(`node ${id}: ${reply.reason}`);
    return reply.status === 404 ? null : reply.body.toString("utf8");
  }

  async #startBoard(id: number, { first = [] }: StartOptions): Promise<void> {
    const known = this.#boards.get(id);
    if (known !== undefined) return await known.start();
    const members = first.map((other) => `${other}=${this.address(other)}`).join(",");
    const flash = join(this.folder, `${id}.flash`);
    const { raft: port } = this.#place(id);
    const board = new Board({ id, cluster: CLUSTER, port, flash, ...(members === "" ? {} : { members }) });
    this.#boards.set(id, board);
    await board.start();
  }

  #startServer(id: number, { first = [], flags = [] }: StartOptions): void {
    const { http, raft } = this.#place(id);
    const own = ["--listen", `${HOST}:${raft}`, "--http", `${HOST}:${http}`];
    const way = first.length === 0 ? ["--join"] : first.flatMap((other) => ["--member", this.member(other)]);
    const data = join(this.folder, `server-${id}`);
    const args = ["serve", "--id", String(id), "--cluster", `0x${CLUSTER.toString(16)}`, "--data", data, ...own];
    const log = join(this.folder, `${id}.log`);
    this.#servers.set(id, new CliProcess([...args, "--transport", "udp", ...way, ...QUICK, ...flags], { log }));
  }

  #place(id: number): Place {
    const place = this.#places.get(id);
    if (place === undefined) throw new RangeError(`there is no node ${id}`);
    return place;
  }
}

function fromBoard(status: BoardStatus | undefined): Status | undefined {
  return status === undefined ? undefined : { ...status, lastIndex: status.last };
}

/** ms between two requests of a client. */
const PAUSE_MS = 5;
/** Keys that the clients write, again and again: few, because a board holds little. */
const REGISTERS = ["r0", "r1", "r2", "r3"];

/** Clients that write, read, and compare and swap a few keys through any server, until they are told to finish. */
export class Registers {
  readonly #history = new History();
  readonly #cluster: MixedCluster;
  readonly #clients: Promise<void>[] = [];
  /** Answers that no correct service gives. */
  readonly #surprises: string[] = [];
  #writes = 0;
  #finished = false;

  constructor(cluster: MixedCluster, clients: number) {
    this.#cluster = cluster;
    for (let client = 0; client < clients; client++) this.#clients.push(this.#run(client));
    onTestFinished(() => {
      this.#finished = true;
    });
  }

  /** Resolves when so many further writes have been acknowledged. */
  async progress(more: number): Promise<void> {
    const enough = this.#writes + more;
    await eventually(`${more} more writes`, () => (this.#writes >= enough ? true : undefined));
  }

  /** Ends the clients, and judges all that they were told. */
  async finish(): Promise<void> {
    this.#finished = true;
    await Promise.all(this.#clients);
    expect(this.#surprises).toEqual([]);
    const verdict = checkLinearizable(this.#history.operations);
    const why = verdict.verdict === "not linearizable" ? verdict.explanation.text : verdict.verdict;
    expect(verdict.verdict, why).toBe("linearizable");
  }

  async #run(client: number): Promise<void> {
    for (let n = 0; !this.#finished; n++) {
      const key = REGISTERS[(client + n) % REGISTERS.length] ?? "";
      if (n % 3 === 0) await this.#write(client, key, `w${client}.${n}`);
      else if (n % 3 === 1) await this.#read(client, key, n);
      else await this.#swap(client, key, `s${client}.${n}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #write(client: number, key: string, value: string): Promise<void> {
    const operation = this.#history.begin(client, { kind: "write", key, argument: value });
    const outcome = await this.#request(client, "PUT", path(key), value);
    if (typeof outcome === "string") return this.#history[outcome](operation);
    this.#writes += 1;
    this.#history.ok(operation);
  }

  async #read(client: number, key: string, n: number): Promise<Value | undefined> {
    const operation = this.#history.begin(client, { kind: "read", key });
    const outcome = await this.#request(client + n, "GET", path(key));
    if (typeof outcome === "string") {
      this.#history[outcome](operation);
      return undefined;
    }
    const value = outcome.status === 404 ? null : outcome.body.toString("utf8");
    this.#history.ok(operation, value);
    return value;
  }

  async #swap(client: number, key: string, value: string): Promise<void> {
    const expected = await this.#read(client, key, 0);
    if (expected === undefined) return;
    const operation = this.#history.begin(client, { kind: "cas", key, argument: { expected, value } });
    const compare = [expected === null ? { key, absent: true } : { key, value: expected }];
    const outcome = await this.#request(
      client,
      "POST",
      "/v1/txn",
      JSON.stringify({ compare, then: [{ put: { key, value } }] }),
    );
    if (typeof outcome === "string") this.#history[outcome](operation);
    else this.#history.ok(operation, JSON.parse(outcome.body.toString("utf8")).succeeded);
  }

  async #request(choice: number, method: string, target: string, body?: string) {
    const { http, ids } = this.#cluster;
    if (ids.length === 0) return "failed";
    const reply = await http.send(this.#cluster.port(ids[choice % ids.length] ?? 0), method, target, body);
    if (reply.kind === "refused") return "failed";
    if (reply.kind === "lost") return "unknown";
    if (reply.status === 200 || (reply.status === 404 && method === "GET")) return reply;
    const { definite } = JSON.parse(reply.body.toString("utf8"));
    if (reply.status === 503 && definite === true) return "failed";
    if (reply.status !== 504 || definite !== false)
      this.#surprises.push(`${method} ${target}: ${reply.status} ${reply.body}`);
    return "unknown";
  }
}
