/**
 * TcpTransport against peers that are foreign, broken or hostile: the one connection ends, with a notice and a count,
 * and nothing else suffers.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeFrame, FRAME_KIND } from "../../../host/transport/frame.js";
import { checkHello } from "../../../host/transport/hello.js";
import {
  BareServer,
  BareSocket,
  bytesOf,
  CLUSTER,
  cleanUp,
  helloFrame,
  link,
  messageFrame,
  startNode,
  type TestNode,
} from "./peers.js";

const LIMITS = { maxMessageBytes: 1000, maxConnections: 3 };

let node: TestNode;
/** A peer in good order: what it sends must arrive whatever the others do. */
let friend: TestNode;

beforeEach(async () => {
  node = await startNode(1, LIMITS);
  friend = await startNode(2);
  await link(friend, 1, node.transport.address);
});

afterEach(cleanUp);

async function expectFriendUnharmed(): Promise<void> {
  const before = node.recorder.messages.length;
  friend.transport.send(1, bytesOf("friend"));
  await node.recorder.received(before + 1);
  expect(node.recorder.messages.at(-1)).toBe("friend");
  expect(friend.transport.stats.connects).toBe(1);
}

/** Dials the node and sends `bytes`; resolves when the node has closed the connection. */
async function provoke(...bytes: Uint8Array[]): Promise<BareSocket> {
  const socket = BareSocket.dial(node.transport.address);
  socket.write(...bytes);
  await socket.untilClosed();
  return socket;
}

describe("foreign nodes", () => {
  it("refuses a node of another cluster; both sides tell both values", async () => {
    const stranger = await startNode(3, { cluster: 99n });
    stranger.transport.addPeer(1, node.transport.address);
    stranger.transport.send(1, bytesOf("must not arrive"));
    const here = await node.recorder.heard("refused");
    expect(here).toContain("belongs to cluster 99, this node to cluster 42");
    const there = await stranger.recorder.heard("refused");
    expect(there).toContain(`node 1 at ${node.transport.address}`);
    expect(there).toContain("belongs to cluster 42, this node to cluster 99");
    expect(node.transport.stats.refused).toBeGreaterThanOrEqual(1);
    expect(stranger.transport.stats).toMatchObject({ connects: 0, messagesOut: 0 });
    await expectFriendUnharmed();
    expect(node.recorder.messages).toEqual(["friend"]);
  });

  it("refuses another protocol version and tells the peer its own", async () => {
    const socket = await provoke(helloFrame(3, { version: 7 }), messageFrame("must not arrive"));
    expect(await node.recorder.heard("refused")).toContain("speaks protocol version 7, this node version 3");
    const [answer] = socket.ofKind(FRAME_KIND.hello);
    const heard = answer && checkHello({ version: 3, sender: 3, cluster: CLUSTER, incarnation: 1n }, answer);
    expect(heard).toMatchObject({ version: 3, sender: 1, cluster: CLUSTER });
    expect(node.recorder.notices.map(({ kind }) => kind)).toEqual(["connected", "refused"]);
    await expectFriendUnharmed();
    expect(node.recorder.messages).toEqual(["friend"]);
  });

  it("does not talk to a node that sits at another's address", async () => {
    const other = await startNode(5);
    node.transport.addPeer(4, other.transport.address);
    node.transport.send(4, bytesOf("for node 4"));
    expect(await node.recorder.heard("refused")).toContain("node 5 answers there");
    expect(node.recorder.hints[0]).toEqual({ peer: 4, reason: expect.stringContaining("node 5 answers there") });
    expect(other.recorder.messages).toEqual([]);
    await expectFriendUnharmed();
  });

  it("refuses a second node with its own id", async () => {
    await provoke(helloFrame(1));
    expect(await node.recorder.heard("refused")).toContain("node 1, as this node does");
    await expectFriendUnharmed();
  });

  it("goes with the newest connection of a peer", async () => {
    const earlier = BareSocket.dial(node.transport.address);
    earlier.write(helloFrame(3), messageFrame("earlier"));
    await node.recorder.received(1);
    const later = BareSocket.dial(node.transport.address);
    later.write(helloFrame(3, { incarnation: 2n }), messageFrame("later"));
    await earlier.untilClosed();
    await node.recorder.received(2);
    expect(node.recorder.messages).toEqual(["earlier", "later"]);
    expect(node.recorder.of("replaced")[0]).toContain("two nodes have the same id");
    later.write(messageFrame("still here"));
    await node.recorder.received(3);
    BareSocket.dial(node.transport.address).write(helloFrame(3, { incarnation: 3n }));
    await later.untilClosed();
    await expectFriendUnharmed();
  });
});

describe("bytes that do not belong", () => {
  const noHello = helloFrame(3).slice();
  noHello[20] = 0xee;
  const damaged = messageFrame("damaged");
  damaged[15] = 0xee;

  it.each([
    ["another protocol", [bytesOf("GET / HTTP/1.1\r\nHost: example\r\n\r\n")], /where a frame must begin/],
    ["a message before the hello", [messageFrame("x")], /kind 2 and 1 bytes, which has no place here/],
    ["a damaged hello", [noHello], /checksum/],
    ["a frame longer than a hello before the hello", [encodeFrame(1, new Uint8Array(65))], /65 payload bytes/],
    ["a second hello", [helloFrame(3), helloFrame(3)], /kind 1/],
    ["an answer to no ping", [helloFrame(3), encodeFrame(FRAME_KIND.pong, new Uint8Array(0))], /kind 4/],
    [
      "a farewell with a payload",
      [helloFrame(3), encodeFrame(FRAME_KIND.farewell, new Uint8Array(1))],
      /kind 5 and 1 b/,
    ],
    ["a farewell before the hello", [encodeFrame(FRAME_KIND.farewell, new Uint8Array(0))], /kind 5 and 0 bytes/],
    ["a ping with a payload", [helloFrame(3), encodeFrame(FRAME_KIND.ping, new Uint8Array(5))], /kind 3 and 5 bytes/],
    ["an unknown kind", [helloFrame(3), encodeFrame(77, new Uint8Array(0))], /kind 77/],
    ["a frame that is too long", [helloFrame(3), messageFrame("x".repeat(1001))], /1001 payload bytes; at most 1000/],
  ])("closes the connection on %s", async (_, frames, text) => {
    await provoke(...frames);
    expect(await node.recorder.heard("bad-frame")).toMatch(text);
    expect(node.transport.stats.badFrames).toBe(1);
    await expectFriendUnharmed();
    expect(node.recorder.messages).toEqual(["friend"]);
  });

  it("delivers what came whole before a damaged frame and nothing after it", async () => {
    await provoke(helloFrame(3), messageFrame("whole"), damaged, messageFrame("after"));
    expect(await node.recorder.heard("bad-frame")).toMatch(/^connection from node 3 \(.*checksum/);
    expect(node.recorder.messages).toEqual(["whole"]);
    await expectFriendUnharmed();
  });

  it("leaves a dialled peer that answers with anything but a hello, then messages and answers to pings", async () => {
    const peer = await BareServer.listen();
    node.transport.addPeer(4, peer.address);
    (await peer.connection()).write(messageFrame("before the hello"));
    expect(await node.recorder.heard("bad-frame")).toContain("kind 2");
    (await peer.connection(2)).write(
      helloFrame(4),
      messageFrame("a message"),
      encodeFrame(FRAME_KIND.pong, new Uint8Array(0)),
      messageFrame("after the answer to no ping"),
    );
    expect(await node.recorder.heard("bad-frame", 2)).toContain("kind 4");
    await peer.connection(3);
    expect(node.transport.stats.badFrames).toBe(2);
    expect(node.recorder.messages).toEqual(["a message"]);
    await expectFriendUnharmed();
  });

  it("does not take a connection for open that it has just given up, and dials again", async () => {
    const peer = await BareServer.listen();
    node.transport.addPeer(4, peer.address);
    (await peer.connection()).write(encodeFrame(FRAME_KIND.pong, new Uint8Array(0)), helloFrame(4));
    (await peer.connection(2)).write(helloFrame(4));
    await node.recorder.heard("connected");
    expect(node.transport.stats).toMatchObject({ badFrames: 1, connects: 1 });
  });
});

describe("connections that hold a place", () => {
  it("closes one that says no hello in time, though it drips bytes", async () => {
    const guarded = await startNode(7, { helloTimeoutMs: 20 });
    const socket = BareSocket.dial(guarded.transport.address);
    const hello = helloFrame(3);
    let dripped = 0;
    const drip = setInterval(() => socket.write(hello.subarray(dripped, ++dripped)), 5);
    // Should the deadline not hold, the hello is complete after a while and the connection stays.
    await socket.untilClosed();
    clearInterval(drip);
    expect(guarded.recorder.of("silent")[0]).toContain("no hello within 20 ms");
  });

  it("closes one that falls silent after its hello", async () => {
    const guarded = await startNode(7, { pingIntervalMs: 2 });
    const socket = BareSocket.dial(guarded.transport.address);
    socket.write(helloFrame(3));
    await socket.untilClosed();
    expect(guarded.recorder.of("disconnected")[0]).toMatch(/^connection from node 3 .*no answer to 3 pings/);
  });

  it("turns connections away beyond the limit, and takes new ones when there is room again", async () => {
    const held = [BareSocket.dial(node.transport.address), BareSocket.dial(node.transport.address)];
    for (const [index, socket] of held.entries()) {
      socket.write(helloFrame(10 + index));
      await socket.until(() => socket.frames.length === 1);
    }
    await BareSocket.dial(node.transport.address).untilClosed();
    expect(await node.recorder.heard("too-many-connections")).toContain("3 connections are open already");
    expect(node.transport.stats.turnedAway).toBe(1);
    await expectFriendUnharmed();

    held[0]?.destroy();
    const successor = await startNode(10);
    await link(successor, 1, node.transport.address);
    expect(node.recorder.of("replaced")).toEqual([]);
  });
});
