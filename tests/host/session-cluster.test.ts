/** A client with a session on running nodes: it proposes the same command to one leader after the other. */

import { expect, onTestFinished, test } from "vitest";
import { MemoryNetwork, MemoryStorage, MemoryTransport, RaftError, RaftNode, RealTimers } from "../../host/index.js";
import { resultOf, type SessionAnswer } from "../../host/session/answers.js";
import { ClientSession } from "../../host/session/client.js";
import { encodeEnvelope } from "../../host/session/envelope.js";
import { LogClock } from "../../host/session/log-clock.js";
import { SessionMachine } from "../../host/session/machine.js";
import { QUICK, until } from "./memory-cluster.js";
import { snapshotOf, Tape, TEXT_RESULTS, text } from "./session-tape.js";

const SIZE = 5;

class Part {
  readonly tape = new Tape();
  readonly machine = new SessionMachine(this.tape, TEXT_RESULTS);
  readonly clock = new LogClock(
    () => this.machine.logTime,
    () => performance.now(),
  );
  readonly node: RaftNode<SessionAnswer<string>>;

  constructor(network: MemoryNetwork, id: number) {
    this.node = new RaftNode({
      cluster: 5n,
      id,
      members: Array.from({ length: SIZE }, (_, i) => ({ id: i + 1, address: `memory:${i + 1}` })),
      transport: new MemoryTransport(network, id),
      storage: new MemoryStorage(),
      timers: new RealTimers(),
      machine: this.machine,
      capacity: QUICK,
    });
  }
}

async function startCluster() {
  const network = new MemoryNetwork();
  const parts = Array.from({ length: SIZE }, (_, i) => new Part(network, i + 1));
  await Promise.all(parts.map(({ node }) => node.start()));
  onTestFinished(async () => {
    await Promise.all(parts.map(({ node }) => node.stop()));
  });
  const leader = () => until(() => parts.find(({ node }) => node.isLeader));
  /** Proposes until there is an answer, each time what is to be proposed to that leader. */
  const insist = async (encode: (time: number) => Uint8Array): Promise<SessionAnswer<string>> => {
    for (;;) {
      const { clock, node } = await leader();
      try {
        return await node.propose(encode(clock.now()));
      } catch (error) {
        if (!(error instanceof RaftError)) throw error;
      }
    }
  };
  return { parts, leader, insist };
}

test("a command whose outcome was lost with its leader is applied once, on every node", async () => {
  const { insist, leader, parts } = await startCluster();
  const registration = await insist((time) => encodeEnvelope({ kind: "register", time }));
  if (registration.kind !== "registered") throw new Error(registration.kind);
  const client = new ClientSession(registration.session);
  const expected: string[] = [];
  const stopped: RaftNode<SessionAnswer<string>>[] = [];
  for (let round = 0; round < 2; round++) {
    // One that was done: the answer is taken for lost. And one whose outcome nobody knows.
    const [done, open] = [client.begin(), client.begin()];
    const first = resultOf(await insist((time) => client.encode(done, text(`done ${round}`), time)));
    const { clock, node } = await leader();
    const lost = node.propose(client.encode(open, text(`open ${round}`), clock.now())).catch(() => undefined);
    await node.stop();
    stopped.push(node);
    await lost;

    const again = await insist((time) => client.encode(done, text(`done ${round}`), time));
    expect(again).toEqual({ kind: "applied", result: first, replayed: true });
    resultOf(await insist((time) => client.encode(open, text(`open ${round}`), time)));
    for (const sequence of [done, open]) client.end(sequence);
    expected.push(`done ${round}`, `open ${round}`);
  }
  const last = await leader();
  expect(last.tape.applied).toEqual(expected);
  const alive = parts.filter(({ node }) => !stopped.includes(node));
  expect(alive).toHaveLength(SIZE - 2);
  await until(() => alive.every(({ node }) => node.status.applied >= last.node.status.applied));
  for (const { machine } of alive) expect(snapshotOf(machine)).toEqual(snapshotOf(last.machine));
});
