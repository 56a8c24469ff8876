/** The age that a follower says its state has, where its group rests: one node, which is sent what others would send it. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { EventKind, Header, MessageFlag } from "../../../host/core/abi.js";
import { ManualTimers, MemoryStorage, RaftNode, type Transport, type TransportEvents } from "../../../host/index.js";
import type { EntryPosition } from "../../../host/machine/machine.js";
import { encodeAppend, encodeVoteRequest } from "../../../sim/messages.js";
import { Recorder } from "../memory-cluster.js";

const CLUSTER = 7n;
const LEADER = 2;
const OTHER = 3;
const LONG = 5000;

let node: RaftNode<EntryPosition>;
let timers: ManualTimers;
let transport: TransportEvents;
/** What the node says of its age when it is told of the end of its rest, which is in the midst of a flush. */
let saidInTheFlush: number | undefined;

/** Lets the node flush. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The leader of a log without entries is heard from; perhaps it says that the group rests. */
function hear(flags = 0): void {
  const message = encodeAppend({ from: LEADER, to: 1, term: 1, cluster: CLUSTER }, {});
  new DataView(message.buffer).setUint32(Header.flags, flags, true);
  transport.message(message);
}

/** Somebody asks for a vote, and is denied it. */
function askForVote(): void {
  const address = { from: OTHER, to: 1, term: 2, cluster: CLUSTER };
  transport.message(encodeVoteRequest(address, { lastIndex: 0, lastTerm: 0, pre: true }));
}

async function rest(): Promise<void> {
  hear(MessageFlag.REST);
  await turn();
  expect(node.status.quiet).toBe(true);
}

beforeEach(async () => {
  timers = new ManualTimers({ origin: 1000 });
  saidInTheFlush = undefined;
  node = new RaftNode({
    cluster: CLUSTER,
    id: 1,
    members: [{ id: 1 }, { id: LEADER }, { id: OTHER }],
    machine: new Recorder(),
    storage: new MemoryStorage(),
    timers,
    transport: {
      start: async (events) => {
        transport = events;
      },
      addPeer: () => undefined,
      removePeer: () => undefined,
      send: () => undefined,
      stop: async () => undefined,
    } satisfies Transport,
    observer: {
      mask: 1 << EventKind.QUIET,
      event: (_kind, rests) => {
        if (rests === 0) saidInTheFlush = node.staleness();
      },
    },
  });
  await node.start();
  await rest();
  // Nobody asks meanwhile.
  timers.advance(LONG);
});

afterEach(() => node.stop());

it("goes on while the node rests", () => {
  expect(node.staleness()).toBe(LONG);
});

it.each([
  ["a message", askForVote],
  ["a read", () => void node.read("index").catch(() => undefined)],
  ["a member out of reach, with the next flush", () => transport.unreachable(OTHER, "it is not there")],
])("goes on when the node is woken by %s, until its leader is heard from", async (_, wake) => {
  wake();
  expect(node.staleness()).toBe(LONG);
  await turn();
  expect([node.status.quiet, saidInTheFlush, node.staleness()]).toEqual([false, LONG, LONG]);
  timers.advance(10);
  askForVote();
  expect(node.staleness()).toBe(LONG + 10);
  hear();
  expect(node.staleness()).toBe(0);
  timers.advance(20);
  expect(node.staleness()).toBe(20);
});

it("is that of the leader's next message, whoever woke the node before, and unless that came at the same time", async () => {
  void node.read("index").catch(() => undefined);
  hear();
  expect(node.staleness()).toBe(LONG);
  timers.advance(1);
  hear();
  expect(node.staleness()).toBe(0);
});

it("goes on when the node is sent to rest and woken within one turn", async () => {
  hear();
  timers.advance(1);
  hear(MessageFlag.REST);
  timers.advance(LONG);
  askForVote();
  expect(node.staleness()).toBe(LONG);
});

it("is overstated when the leader wakes the node, until its next message", async () => {
  hear();
  await turn();
  expect([node.status.quiet, node.staleness()]).toEqual([false, LONG]);
  timers.advance(1);
  hear();
  expect(node.staleness()).toBe(0);
});

it("is counted from the leader's last word in each rest", async () => {
  // Another word of the leader's while the node rests.
  await rest();
  expect(node.staleness()).toBe(0);
  timers.advance(30);
  // The leader's word comes with the waking, within the same ms.
  askForVote();
  expect(node.staleness()).toBe(30);
  await rest();
  expect(node.staleness()).toBe(0);
  timers.advance(LONG);
  // Awake, and sent to rest by a word that comes later.
  askForVote();
  timers.advance(7);
  expect(node.staleness()).toBe(LONG + 7);
  await rest();
  timers.advance(40);
  askForVote();
  expect(node.staleness()).toBe(40);
});
