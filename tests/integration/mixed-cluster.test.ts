/**
 * One cluster of different kinds: a Node process and firmware nodes under WAMR, over UDP on loopback. What was
 * acknowledged by whoever led is there after each of them has been killed.
 */

import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  encodeCommand,
  KvMachine,
  MemorySnapshotStore,
  MemoryStorage,
  MICRO_CAPACITY,
  RaftNode,
  RealTimers,
} from "../../host/index.js";
import type { KvResult } from "../../host/kv/machine.js";
import { KvService } from "../../host/kv/service.js";
import { emptyStats } from "../../host/transport/context.js";
import { UdpTransport } from "../../host/transport/udp.js";
import { Board, type BoardStatus, boardIsBuilt, freeUdpPorts } from "./board.js";
import { temporaryFolder } from "./harness.js";

const CLUSTER = 77n;
const HOST = "127.0.0.1";
/** The boards' plan, but for the times: the tests wait for elections. */
const CAPACITY = { ...MICRO_CAPACITY, addressBytes: 64, keepEntries: 16, electionTimeout: 300, heartbeat: 30 };
/** Between two looks at a state that is waited for, in ms. */
const POLL = 20;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL));

interface Row {
  readonly id: number;
  readonly address: string;
}

/** The Node kind: started again on the same storage, as after a crash. */
class Server {
  readonly id: number;
  readonly #port: number;
  readonly #members: readonly Row[];
  readonly #joins: boolean;
  readonly #storage = new MemoryStorage();
  readonly #snapshots = new MemorySnapshotStore();
  machine = new KvMachine();
  node: RaftNode<KvResult> | undefined;

  /** One of `members`, or, without them, one that waits to be added. */
  constructor({ address, id }: Row, members: readonly Row[] = []) {
    this.id = id;
    this.#port = Number(address.split(":")[1]);
    this.#members = members;
    this.#joins = members.length === 0;
    onTestFinished(() => this.kill());
  }

  get runs(): boolean {
    return this.node !== undefined;
  }

  async start(): Promise<void> {
    const { id } = this;
    this.machine = new KvMachine();
    this.node = new RaftNode({
      ...{ cluster: CLUSTER, id, members: this.#members, joins: this.#joins },
      transport: new UdpTransport({ id, cluster: CLUSTER, host: HOST, port: this.#port, maxMessageBytes: 1400 }),
      storage: this.#storage,
      snapshots: this.#snapshots,
      snapshot: { entries: 60 },
      timers: new RealTimers(),
      machine: this.machine,
      capacity: CAPACITY,
      proposalTimeout: 2000,
    });
    await this.node.start();
  }

  async kill(): Promise<void> {
    const { node } = this;
    this.node = undefined;
    await node?.stop();
  }

  /** Answers what a board's console would. */
  async ask(line: string): Promise<string> {
    const [verb = "", first = "", second = ""] = line.split(" ");
    const { node } = this;
    if (node === undefined) return "gone";
    try {
      switch (verb) {
        case "transfer":
          return `ok ${await node.transfer(Number(first))}`;
        case "add":
          await node.addMember({ id: Number(first), address: second }, { promote: true });
          return "ok";
        case "remove":
          await node.removeMember(Number(first));
          return "ok";
        case "local": {
          const entry = this.machine.get(first);
          return entry === undefined ? "none" : `value ${entry.modIndex} ${new TextDecoder().decode(entry.value)}`;
        }
        default: {
          const value = new TextEncoder().encode(second);
          const result = await node.propose(encodeCommand({ kind: "put", key: first, value }));
          return `ok ${result.index}`;
        }
      }
    } catch (error) {
      return `refused: ${String(error)}`;
    }
  }

  status(): Promise<BoardStatus | undefined> {
    if (this.node === undefined) return Promise.resolve(undefined);
    const { applied, commit, id, lastIndex: last, leader, role, term } = this.node.status;
    const snapshot = { snapshot: 0, snapshots: 0, installs: 0 };
    const state = { keys: this.machine.size, digest: this.machine.digest() };
    return Promise.resolve({ id, role, term, leader, commit, applied, last, ...state, ...snapshot });
  }
}

type Member = Server | Board;

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("there is no such member");
  return value;
}

class MixedCluster {
  members: Member[] = [];
  /** What was acknowledged. */
  readonly acknowledged = new Map<string, string>();
  /** Of as many members as a plan holds, whether they are started or not. */
  readonly rows: readonly Row[];
  readonly #folder = temporaryFolder();

  private constructor(ports: readonly number[]) {
    this.rows = ports.map((port, i) => ({ id: i + 1, address: `${HOST}:${port}` }));
  }

  /** Starts the members that `kinds` says, which have the ids 1, 2, ... */
  static async start(...kinds: ("server" | "board")[]): Promise<MixedCluster> {
    const cluster = new MixedCluster(await freeUdpPorts(6));
    const rows = cluster.rows.slice(0, kinds.length);
    for (const [i, row] of rows.entries()) {
      cluster.members.push(kinds[i] === "board" ? cluster.board(row, rows) : new Server(row, rows));
    }
    await Promise.all(cluster.members.map((member) => member.start()));
    return cluster;
  }

  board({ address, id }: Row, members: readonly Row[]): Board {
    const text = members.map((row) => `${row.id}=${row.address}`).join(",");
    const flash = join(this.#folder, `${id}.flash`);
    const port = Number(address.split(":")[1]);
    return new Board({ id, cluster: CLUSTER, port, flash, ...(text === "" ? {} : { members: text }) });
  }

  row(id: number): Row {
    return found(this.rows.find((row) => row.id === id));
  }

  member(id: number): Member {
    return found(this.members.find((member) => member.id === id));
  }

  /** Waits until a member leads and the others that run follow it. */
  async leader(): Promise<Member> {
    for (;;) {
      const running = this.members.filter(({ runs }) => runs);
      const states = await Promise.all(running.map((member) => member.status()));
      const id = states[0]?.leader ?? 0;
      const agreed = states.every((state) => state?.leader === id && state.term === states[0]?.term);
      const leader = running.find((member) => member.id === id);
      if (agreed && leader !== undefined) return leader;
      await pause();
    }
  }

  /** Writes until it is acknowledged. */
  async put(key: string, value: string): Promise<void> {
    for (;;) {
      const answer = await (await this.leader()).ask(`put ${key} ${value}`);
      if (answer.startsWith("ok")) break;
      await pause();
    }
    this.acknowledged.set(key, value);
  }

  async putMany(prefix: string, count: number, value: string): Promise<void> {
    for (let i = 0; i < count; i++) await this.put(`${prefix}${i % 16}`, `${value}-${i}`);
  }

  /** Hands leadership to a member. */
  async leadBy(target: Member): Promise<void> {
    for (;;) {
      const leader = await this.leader();
      if (leader === target) return;
      await leader.ask(`transfer ${target.id}`);
      await pause();
    }
  }

  /** Asks the leader, whoever that is, until it says ok. */
  async change(line: string): Promise<void> {
    while (!(await (await this.leader()).ask(line)).startsWith("ok")) await pause();
  }

  /** Waits until all have applied the same, and holds it against what was acknowledged. */
  async expectSame(): Promise<readonly BoardStatus[]> {
    for (;;) {
      const states = (await Promise.all(this.members.map((member) => member.status()))).filter((state) => !!state);
      const places = new Set(states.map(({ applied, commit }) => `${applied} ${commit}`));
      if (states.length === this.members.length && places.size === 1) {
        expect(new Set(states.map(({ digest }) => digest)).size).toBe(1);
        for (const [key, value] of this.acknowledged) {
          for (const member of this.members) {
            expect(await member.ask(`local ${key}`)).toMatch(new RegExp(`^value \\d+ ${value}$`));
          }
        }
        return states;
      }
      await pause();
    }
  }
}

describe.skipIf(!boardIsBuilt)("a Node process and two firmware nodes", () => {
  it("keep what was acknowledged while each is killed in turn, whoever leads", async () => {
    const cluster = await MixedCluster.start("server", "board", "board");
    await cluster.putMany("k", 20, "first");
    await cluster.expectSame();
    for (const victim of cluster.members) {
      await cluster.leadBy(victim);
      await cluster.putMany(`by${victim.id}-`, 8, "led");
      await victim.kill();
      await cluster.putMany("k", 8, `without-${victim.id}`);
      await victim.start();
      await cluster.expectSame();
    }
  }, 60_000);

  it("hand leadership from kind to kind", async () => {
    const cluster = await MixedCluster.start("server", "board", "board");
    for (const id of [1, 2, 1, 3]) {
      await cluster.leadBy(cluster.member(id));
      await cluster.put(`led-${id}`, `by-${id}`);
    }
    await cluster.expectSame();
  }, 60_000);

  it("bring one that was away too long up to date with a snapshot, from either kind", async () => {
    const cluster = await MixedCluster.start("server", "board", "board");
    const [server, board, last] = [1, 2, 3].map((id) => cluster.member(id)) as [Member, Member, Member];
    await cluster.leadBy(server);
    await last.kill();
    await cluster.putMany("n", 200, "x".repeat(40));
    await last.start();
    expect((await cluster.expectSame())[2]?.installs).toBe(1);

    await cluster.leadBy(board);
    await server.kill();
    await cluster.putMany("b", 300, "y".repeat(40));
    expect((await board.status())?.snapshots).toBeGreaterThan(0);
    await server.start();
    await cluster.expectSame();
  }, 120_000);

  it("find everything on their flash when all lose power at once", async () => {
    const cluster = await MixedCluster.start("board", "board", "board");
    for (let round = 0; round < 3; round++) {
      await cluster.putMany(`r${round}-`, 16, `round-${round}`);
      await Promise.all(cluster.members.map((member) => member.kill()));
      await Promise.all(cluster.members.map((member) => member.start()));
    }
    await cluster.put("last", "one");
    await cluster.expectSame();
  }, 60_000);

  it("show their state over HTTP, by a Node learner beside a leading board", async () => {
    const cluster = await MixedCluster.start("board", "board", "board");
    await cluster.putMany("k", 20, "seen");
    const learner = new Server(cluster.row(4));
    await learner.start();
    await cluster.change(`add 4 ${cluster.row(4).address}`);
    const node = found(learner.node);
    const service = new KvService({
      ...{ node, machine: learner.machine, cluster: CLUSTER },
      transport: emptyStats,
      storage: () => ({ syncs: 0, bytes: 0 }),
    });
    onTestFinished(() => service.close());
    await service.listen({ host: HOST, port: 0 });
    const url = `http://${HOST}:${service.port}/v1`;
    for (const [key, value] of cluster.acknowledged) {
      // Linearizable: the learner asks the board that leads.
      const answer = await fetch(`${url}/kv/${key}`);
      expect([answer.status, await answer.text()]).toEqual([200, value]);
    }
    const status = (await (await fetch(`${url}/status`)).json()) as { leader: number };
    expect([1, 2, 3]).toContain(status.leader);
    cluster.members.push(learner);
    await cluster.expectSame();
  }, 60_000);
});

describe.skipIf(!boardIsBuilt)("a rolling restart", () => {
  it.each([
    ["servers", "boards", "server"],
    ["boards", "servers", "board"],
  ] as const)(
    "from %s to %s keeps the data",
    async (_from, _to, kind) => {
      const cluster = await MixedCluster.start(kind, kind, kind);
      await cluster.putMany("k", 30, "old");
      for (const id of [1, 2, 3]) {
        const row = cluster.row(id + 3);
        const successor = kind === "server" ? cluster.board(row, []) : new Server(row);
        await successor.start();
        await cluster.change(`add ${row.id} ${row.address}`);
        cluster.members.push(successor);
        await cluster.expectSame();
        const leaving = cluster.member(id);
        await cluster.leadBy(successor);
        await cluster.change(`remove ${id}`);
        cluster.members = cluster.members.filter((member) => member !== leaving);
        await leaving.kill();
        await cluster.put(`without-${id}`, "still-here");
      }
      await cluster.expectSame();
      expect(cluster.members.map(({ id }) => id)).toEqual([4, 5, 6]);
    },
    60_000,
  );
});
