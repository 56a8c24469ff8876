/**
 * A cluster of a server and boards gets what asks to be kept for a client into its log: sessions, their commands, idempotency
 * keys. Every member refuses them alike, none stops, and their states stay one.
 */

import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  encodeEnvelope,
  encodeLimited,
  KvMachine,
  MemorySnapshotStore,
  MemoryStorage,
  MICRO_CAPACITY,
  NO_SESSIONS,
  RaftNode,
  RealTimers,
  UdpTransport,
} from "../../host/index.js";
import type { Envelope } from "../../host/session/envelope.js";
import { Board, boardIsBuilt, freeUdpPorts } from "../integration/board.js";
import { temporaryFolder } from "../integration/harness.js";

const CLUSTER = 78n;
const HOST = "127.0.0.1";
const SERVER = 1;
const BOARDS = [2, 3];
const CAPACITY = { ...MICRO_CAPACITY, addressBytes: 64, keepEntries: 16, electionTimeout: 300, heartbeat: 30 };
/** Between two looks, in ms. */
const POLL = 20;
const STORE_BYTES = 4096;

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

async function mixedCluster() {
  const folder = temporaryFolder();
  const ports = await freeUdpPorts(1 + BOARDS.length);
  const rows = [SERVER, ...BOARDS].map((id, i) => ({ id, address: `${HOST}:${ports[i]}` }));
  const members = rows.map(({ address, id }) => `${id}=${address}`).join();
  const boards = BOARDS.map((id, i) => {
    return new Board({ id, cluster: CLUSTER, port: ports[i + 1] ?? 0, flash: join(folder, `${id}`), members });
  });
  const machine = new KvMachine(NO_SESSIONS);
  const node = new RaftNode({
    ...{ cluster: CLUSTER, id: SERVER, members: rows },
    transport: new UdpTransport({
      ...{ id: SERVER, cluster: CLUSTER, host: HOST, port: ports[0] ?? 0 },
      maxMessageBytes: CAPACITY.maxMessage,
    }),
    storage: new MemoryStorage(),
    snapshots: new MemorySnapshotStore(),
    timers: new RealTimers(),
    machine,
    capacity: CAPACITY,
  });
  onTestFinished(() => node.stop());
  await Promise.all([node.start(), ...boards.map((board) => board.start())]);
  return { boards, machine, node };
}

type Cluster = Awaited<ReturnType<typeof mixedCluster>>;

/** Resolves when this member leads. */
async function letLead({ boards, node }: Cluster, id: number): Promise<void> {
  await until(async () => {
    if (node.isLeader) {
      if (id === SERVER) return true;
      await node.transfer(id).catch(() => undefined);
    }
    for (const board of boards) {
      if ((await board.status())?.role !== "LEADER") continue;
      if (board.id === id) return true;
      await board.ask(`transfer ${id}`);
    }
    return undefined;
  });
}

describe.skipIf(!boardIsBuilt)("in a cluster with boards", () => {
  it("what asks to be kept is refused by all, whoever leads, and none stops", async () => {
    const cluster = await mixedCluster();
    const { boards, machine, node } = cluster;
    const put = (value: string) =>
      encodeLimited({ kind: "put", key: "kept", value: new TextEncoder().encode(value) }, STORE_BYTES);
    const time = 1_000_000;
    const envelopes: Envelope[] = [
      { kind: "register", time },
      { kind: "command", time: time + 1, session: 2, sequence: 1, lowest: 1, command: put("by a session") },
      { kind: "keyed", time: time + 2, key: "once", command: put("by a key") },
      { kind: "keepAlive", time: time + 3, session: 2, lowest: 1 },
      { kind: "close", time: time + 4, session: 2 },
    ];
    await letLead(cluster, SERVER);
    for (const envelope of envelopes) {
      const result = await node.propose(encodeEnvelope(envelope));
      expect(result).toMatchObject({ kind: "session", answer: { kind: "refused" } });
    }
    await node.propose(put("by nobody"));
    expect(machine.logTime).toBe(time + 4);

    await letLead(cluster, 2);
    expect(await boards[0]?.ask("put other by a board")).toMatch(/^ok /);
    await until(async () => {
      const states = await Promise.all(boards.map((board) => board.status()));
      return states.every((state) => state?.digest === machine.digest() && state.keys === 2) ? true : undefined;
    });
    for (const board of boards) expect(await board.ask("local kept")).toMatch(/^value \d+ by nobody$/);
    expect(boards.map(({ lives, log }) => [lives, log])).toEqual(boards.map(() => [1, ""]));
  });
});
