/**
 * Two TcpTransports over real sockets: whoever dials, they end with one connection, and find each other again. The same over
 * streams in every order: one-connection.test.ts.
 */

import { afterEach, describe, expect, it } from "vitest";
import {
  BareSocket,
  bytesOf,
  cleanUp,
  deadAddress,
  link,
  portOf,
  startNode,
  type TestNode,
  turn,
  untilHolds,
} from "./peers.js";

/** Rounds of the event loop in which nothing may change any more. */
const SETTLED_TURNS = 50;

afterEach(cleanUp);

const meet = ([a, b]: readonly [TestNode, TestNode], [first, second]: readonly [number, number]): void => {
  a.transport.addPeer(second, b.transport.address);
  b.transport.addPeer(first, a.transport.address);
};

/** Both have one socket between them and carry messages over it, each way. */
async function expectOneConnection(
  nodes: readonly [TestNode, TestNode],
  ids: readonly [number, number],
): Promise<void> {
  const [a, b] = nodes;
  await untilHolds(() => nodes.every(({ transport }) => transport.connected.length === 1));
  const heard = nodes.map(({ recorder }) => recorder.messages.length);
  a.transport.send(ids[1], bytesOf("from a"));
  b.transport.send(ids[0], bytesOf("from b"));
  await Promise.all(nodes.map(({ recorder }, i) => recorder.received((heard[i] ?? 0) + 1)));
  expect(nodes.map(({ recorder }) => recorder.messages.at(-1))).toEqual(["from b", "from a"]);
  await untilHolds(() => nodes.every(({ transport }) => transport.openSockets === 1));
  const connects = nodes.map(({ transport }) => transport.stats.connects);
  for (let turns = 0; turns < SETTLED_TURNS; turns++) {
    expect(nodes.map(({ transport }) => transport.openSockets)).toEqual([1, 1]);
    await turn();
  }
  expect(nodes.map(({ transport }) => transport.stats.connects)).toEqual(connects);
}

describe("two transports", () => {
  it("have one connection when both dial at once, and lose no message", async () => {
    for (let round = 0; round < 20; round++) {
      const nodes = [await startNode(1), await startNode(2)] as const;
      meet(nodes, [1, 2]);
      const sent = Array.from({ length: 100 }, (_, i) => `${i}`);
      for (const text of sent) {
        nodes[0].transport.send(2, bytesOf(text));
        nodes[1].transport.send(1, bytesOf(text));
      }
      await Promise.all(nodes.map(({ recorder }) => recorder.received(sent.length)));
      for (const { recorder } of nodes) expect(recorder.messages).toEqual(sent);
      await expectOneConnection(nodes, [1, 2]);
      expect(nodes.map(({ transport }) => transport.stats)).toMatchObject([
        { connects: 1, dropped: 0 },
        { connects: 1, dropped: 0 },
      ]);
      await cleanUp();
    }
  });

  it("need not both dial: one that knows nobody is reached, and one whose address for the other is wrong", async () => {
    const nodes = [await startNode(1), await startNode(2)] as const;
    await link(nodes[0], 2, nodes[1].transport.address);
    await expectOneConnection(nodes, [1, 2]);
    nodes[1].transport.removePeer(1);
    nodes[1].transport.addPeer(1, await deadAddress());
    await expectOneConnection(nodes, [1, 2]);
  });

  it.each([1, 2])("find each other again when node %i starts anew, whoever knows whom", async (restarted) => {
    for (const knows of ["both", "the one that stays", "the one that starts anew"]) {
      let nodes: readonly [TestNode, TestNode] = [await startNode(1), await startNode(2)];
      const addresses = nodes.map(({ transport }) => transport.address);
      const introduce = (): void => {
        for (const [i, { transport }] of nodes.entries()) {
          const isRestarted = i + 1 === restarted;
          if (knows !== "both" && (knows === "the one that starts anew") !== isRestarted) continue;
          transport.addPeer(2 - i, addresses[1 - i] ?? "");
        }
      };
      introduce();
      await expectOneConnection(nodes, [1, 2]);
      const old = nodes[restarted - 1];
      await old?.transport.stop();
      const again = await startNode(restarted, { port: portOf(addresses[restarted - 1] ?? "") });
      nodes = restarted === 1 ? [again, nodes[1]] : [nodes[0], again];
      introduce();
      await expectOneConnection(nodes, [1, 2]);
      await cleanUp();
    }
  });

  it("part with a connection of an earlier process when a new one comes", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    const later = await startNode(2);
    await link(later, 1, a.transport.address);
    await untilHolds(() => a.transport.openSockets === 1 && b.transport.openSockets === 0);
    a.transport.send(2, bytesOf("to the new one"));
    await later.recorder.received(1);
    expect(b.recorder.messages).toEqual([]);
    expect(a.recorder.hints).toEqual([{ peer: 2, reason: "connected anew" }]);
    await expectOneConnection([a, later], [1, 2]);
  });

  it("keep theirs beside strangers that say nothing", async () => {
    const nodes = [await startNode(1), await startNode(2)] as const;
    meet(nodes, [1, 2]);
    await expectOneConnection(nodes, [1, 2]);
    const stranger = BareSocket.dial(nodes[0].transport.address);
    await untilHolds(() => nodes[0].transport.openSockets === 2);
    stranger.destroy();
    await expectOneConnection(nodes, [1, 2]);
  });
});

it("a cluster of five has four connections a node, all of them used both ways", async () => {
  const nodes: TestNode[] = [];
  for (let id = 1; id <= 5; id++) nodes.push(await startNode(id));
  for (const [from, { transport }] of nodes.entries()) {
    for (const [to, other] of nodes.entries()) transport.addPeer(to + 1, other.transport.address);
    expect(transport.connected).not.toContain(from + 1);
  }
  await untilHolds(() => nodes.every(({ transport }) => transport.connected.length === 4));
  await untilHolds(() => nodes.every(({ transport }) => transport.openSockets === 4));
  for (const [from, { transport }] of nodes.entries()) {
    for (const to of nodes.keys()) transport.send(to + 1, bytesOf(`from ${from + 1}`));
  }
  for (const [index, { recorder }] of nodes.entries()) {
    await recorder.received(4);
    const others = [1, 2, 3, 4, 5].filter((id) => id !== index + 1).map((id) => `from ${id}`);
    expect([...recorder.messages].sort()).toEqual(others);
  }
});
