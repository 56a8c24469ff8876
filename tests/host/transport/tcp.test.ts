/**
 * TcpTransport between nodes: delivery, order, batching, bounds, starting and stopping. Connections that end, and hostile
 * peers, have files of their own (tcp-reconnect.test.ts, tcp-hostile.test.ts).
 */

import { afterEach, describe, expect, it, vi } from "vitest";
import { FRAME_OVERHEAD_BYTES } from "../../../host/transport/frame.js";
import { TransportError } from "../../../host/transport/transport.js";
import {
  BareServer,
  bytesOf,
  cleanUp,
  deadAddress,
  helloFrame,
  link,
  newNode,
  portOf,
  Recorder,
  startNode,
  trackTimers,
  turn,
  untilHolds,
} from "./peers.js";

afterEach(async () => {
  await cleanUp();
  vi.restoreAllMocks();
});

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `${from + index}`);

describe("delivery", () => {
  it("carries messages both ways", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    await link(b, 1, a.transport.address);
    a.transport.send(2, bytesOf("to b"));
    b.transport.send(1, bytesOf("to a"));
    await Promise.all([a.recorder.received(1), b.recorder.received(1)]);
    expect([a.recorder.messages, b.recorder.messages]).toEqual([["to a"], ["to b"]]);
    expect(a.transport.stats).toMatchObject({ messagesIn: 1, messagesOut: 1, connects: 1, reconnects: 0, dropped: 0 });
    expect(a.transport.stats.bytesOut).toBe(FRAME_OVERHEAD_BYTES + 4);
  });

  it("hears a peer that it does not know", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    a.transport.send(2, bytesOf("join"));
    await b.recorder.received(1);
    expect(b.recorder.messages).toEqual(["join"]);
  });

  it("writes the small messages of a turn together, whole and in order", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    const sent = numbers(0, 4000);
    for (const text of sent) a.transport.send(2, bytesOf(text));
    await b.recorder.received(sent.length);
    expect(b.recorder.messages).toEqual(sent);
    const { messagesOut, writes, bytesOut } = a.transport.stats;
    expect(messagesOut).toBe(4000);
    expect(writes).toBe(Math.ceil(bytesOut / (64 << 10)));
  });

  it("keeps the order over many turns", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    const sent = numbers(0, 500);
    for (const [index, text] of sent.entries()) {
      a.transport.send(2, bytesOf(text));
      if (index % 7 === 0) await turn();
    }
    await b.recorder.received(sent.length);
    expect(b.recorder.messages).toEqual(sent);
  });

  it("carries a message of the greatest length, and an empty one, between small ones", async () => {
    const limits = { maxMessageBytes: 3_000_000 };
    const [a, b] = [await startNode(1, limits), await startNode(2, limits)];
    await link(a, 2, b.transport.address);
    const sent = ["before", "x".repeat(limits.maxMessageBytes), "", "after"];
    for (const text of sent) a.transport.send(2, bytesOf(text));
    await b.recorder.received(sent.length);
    expect(b.recorder.messages.map((text) => text.length)).toEqual(sent.map((text) => text.length));
    expect(b.recorder.messages[1] === sent[1]).toBe(true);
  });

  it("takes a message as it is at the call, whatever becomes of its buffer", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    const buffer = bytesOf("first");
    a.transport.send(2, buffer);
    buffer.fill(0);
    await b.recorder.received(1);
    expect(b.recorder.messages).toEqual(["first"]);
  });

  it("ignores unknown peers and itself", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    a.transport.addPeer(1, a.transport.address);
    a.transport.send(1, bytesOf("me"));
    a.transport.send(9, bytesOf("who"));
    await link(a, 2, b.transport.address);
    await link(b, 1, a.transport.address);
    expect(a.transport.stats).toMatchObject({ messagesOut: 0, dropped: 0, connects: 1 });
    expect(a.recorder.notices.map(({ kind }) => kind)).toEqual(["connected"]);
  });
});

describe("a peer that cannot be dialled", () => {
  it("is answered over the connection that it opened, if it was never added", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    a.transport.send(2, bytesOf("question"));
    await b.recorder.received(1);
    b.transport.send(1, bytesOf("answer"));
    b.transport.send(1, bytesOf("x".repeat(100_000)));
    await a.recorder.received(2);
    expect(a.recorder.messages.map((text) => text.length)).toEqual([6, 100_000]);
    expect(b.transport.stats).toMatchObject({ messagesOut: 2, dropped: 0 });
    expect(a.transport.stats).toMatchObject({ messagesIn: 2, badFrames: 0 });
  });

  it("is answered so while its address leads nowhere, and over the connection to the right one once that is open", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    const nobody = await startNode(3);
    const { address } = nobody.transport;
    await nobody.transport.stop();
    b.transport.addPeer(1, address);
    await b.recorder.heard("connect-failed");
    await link(a, 2, b.transport.address);
    a.transport.send(2, bytesOf("question"));
    await b.recorder.received(1);
    b.transport.send(1, bytesOf("answer"));
    await a.recorder.received(1);
    b.transport.addPeer(1, a.transport.address);
    await b.recorder.heard("connected", 2);
    b.transport.send(1, bytesOf("another"));
    await a.recorder.received(2);
    expect(a.recorder.messages).toEqual(["answer", "another"]);
    await untilHolds(() => a.transport.openSockets === 1 && b.transport.openSockets === 1);
  });

  it("misses what it does not read in time, and what is too long", async () => {
    const b = await startNode(2, { maxQueueBytes: 1000, maxMessageBytes: 900 });
    const a = await startNode(1);
    await link(a, 2, b.transport.address);
    a.transport.send(2, bytesOf("question"));
    await b.recorder.received(1);
    b.transport.send(1, new Uint8Array(901));
    b.transport.send(1, bytesOf("x".repeat(900)));
    b.transport.send(1, bytesOf("y".repeat(900)));
    await a.recorder.received(1);
    expect(a.recorder.messages[0]).toMatch(/^y+$/);
    expect(b.transport.stats.dropped).toBe(2);
  });
});

describe("send queue", () => {
  it("drops the oldest messages when full, and says so once a burst and never from inside send", async () => {
    const peer = await BareServer.listen();
    const a = await startNode(1, { maxQueueMessages: 3 });
    a.transport.addPeer(2, peer.address);
    const connection = await peer.connection();
    for (const text of numbers(0, 10)) a.transport.send(2, bytesOf(text));
    expect(a.recorder.hints).toEqual([]);
    await turn();
    for (const text of numbers(10, 20)) a.transport.send(2, bytesOf(text));
    await turn();
    expect(a.recorder.hints.map(({ peer: id }) => id)).toEqual([2]);
    expect(a.recorder.hints[0]?.reason).toContain("the send queue is full: 3 messages");
    expect(a.recorder.of("queue-full")).toHaveLength(1);
    expect(a.transport.stats.dropped).toBe(17);

    connection.write(helloFrame(2));
    await connection.until(() => connection.messages().length === 3);
    expect(connection.messages()).toEqual(["17", "18", "19"]);

    await turn();
    for (const text of numbers(20, 30)) a.transport.send(2, bytesOf(text));
    await connection.until(() => connection.messages().length === 6);
    expect(connection.messages().slice(3)).toEqual(["27", "28", "29"]);
    expect(a.recorder.of("queue-full")).toHaveLength(2);
    expect(a.recorder.hints).toHaveLength(2);
  });

  it("holds messages back from a peer that does not read, within its bounds, and goes on when it reads", async () => {
    const peer = await BareServer.listen();
    const bytes = 32 << 10;
    const a = await startNode(1, { maxMessageBytes: bytes, maxQueueBytes: 16 * bytes });
    a.transport.addPeer(2, peer.address);
    const connection = await peer.connection();
    connection.write(helloFrame(2));
    await a.recorder.heard("connected");
    connection.pause();
    // What the kernel takes before it pushes back differs; far less than this many messages.
    const limit = 10_000;
    let sent = 0;
    for (; sent < limit && a.transport.stats.dropped < 5; sent++) {
      a.transport.send(2, bytesOf(`${sent}`.padEnd(bytes)));
      await turn();
    }
    const { dropped, messagesOut } = a.transport.stats;
    expect(dropped).toBe(5);
    expect(sent - messagesOut - dropped).toBeLessThanOrEqual(16);
    expect(a.recorder.of("queue-full")).toHaveLength(1);

    connection.resume();
    await connection.until(() => connection.messages().length === sent - dropped);
    const got = connection.messages().map((text) => Number(text.trimEnd()));
    expect(got).toEqual([...got].sort((x, y) => x - y));
    expect(got.at(-1)).toBe(sent - 1);
  });

  it("does not send a message longer than the limit, and says so after the turn", async () => {
    const [a, b] = [await startNode(1, { maxMessageBytes: 10 }), await startNode(2)];
    await link(a, 2, b.transport.address);
    a.transport.send(2, bytesOf("x".repeat(11)));
    a.transport.send(2, bytesOf("x".repeat(10)));
    expect(a.recorder.hints).toEqual([]);
    await b.recorder.received(1);
    expect(b.recorder.messages).toEqual(["x".repeat(10)]);
    expect(a.recorder.hints).toHaveLength(1);
    expect(a.recorder.of("oversized")[0]).toMatch(/11 bytes is longer than maxMessageBytes \(10\)/);
    expect(a.transport.stats.dropped).toBe(1);
  });
});

describe("peers", () => {
  it("dials peers added before start", async () => {
    const [a, b] = [newNode(1), await startNode(2)];
    const before = openSockets();
    a.transport.addPeer(2, b.transport.address);
    a.transport.send(2, bytesOf("early"));
    await turn();
    expect(openSockets()).toBe(before);
    await a.transport.start(a.recorder);
    await b.recorder.received(1);
    expect(b.recorder.messages).toEqual(["early"]);
  });

  it("follows a peer to its new address, and stays when the address is the same", async () => {
    const [a, b, moved] = [await startNode(1), await startNode(2), await startNode(2)];
    await link(a, 2, b.transport.address);
    a.transport.addPeer(2, b.transport.address);
    a.transport.send(2, bytesOf("old"));
    await b.recorder.received(1);
    a.transport.addPeer(2, moved.transport.address);
    await a.recorder.heard("connected", 2);
    a.transport.send(2, bytesOf("new"));
    await moved.recorder.received(1);
    expect([b.recorder.messages, moved.recorder.messages]).toEqual([["old"], ["new"]]);
    expect(a.transport.stats.connects).toBe(2);
  });

  it("leaves a removed peer alone", async () => {
    const peer = await BareServer.listen();
    const a = await startNode(1);
    a.transport.addPeer(2, peer.address);
    const connection = await peer.connection();
    connection.write(helloFrame(2));
    await a.recorder.heard("connected");
    a.transport.send(2, bytesOf("never leaves"));
    a.transport.removePeer(2);
    a.transport.send(2, bytesOf("unknown"));
    await connection.untilClosed();
    expect(connection.messages()).toEqual([]);
    expect(a.transport.stats.dropped).toBe(1);
    expect(a.recorder.hints).toEqual([]);
  });

  it("tells of an address that cannot be read, and keeps running", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    a.transport.addPeer(2, "nonsense");
    expect(a.recorder.notices).toEqual([
      {
        kind: "bad-address",
        peer: 2,
        message: expect.stringContaining('"nonsense" is not an address: write host:port'),
      },
    ]);
    a.transport.send(2, bytesOf("ignored"));
    await link(a, 2, b.transport.address);
    expect(a.transport.stats.connects).toBe(1);
  });
});

describe("start and stop", () => {
  it("names a port that is taken, and the way out", async () => {
    const a = await startNode(1);
    const b = newNode(2, { port: portOf(a.transport.address) });
    const failure = await b.transport.start(b.recorder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TransportError);
    expect(`${failure}`).toContain(
      `cannot listen on ${a.transport.address}: port ${portOf(a.transport.address)} is taken`,
    );
    expect(`${failure}`).toContain("choose another port");
    expect(() => b.transport.address).toThrow("once start() has resolved");
  });

  it("names an address this machine does not have", async () => {
    // From a range set aside for documentation (RFC 5737), which no machine has.
    const a = newNode(1, { host: "192.0.2.1" });
    await expect(a.transport.start(a.recorder)).rejects.toThrow(/192\.0\.2\.1:0: this machine has no such address/);
  });

  it.each([
    [{ id: 0 }, "node id 0"],
    [{ id: 2 ** 32 }, "node id 4294967296"],
    [{ cluster: -1n }, "cluster id -1"],
    [{ cluster: 1n << 64n }, "cluster id 18446744073709551616"],
    [{ port: 65536 }, "port 65536"],
    [{ host: "" }, "host to listen on is empty"],
    [{ maxConnections: 0 }, "maxConnections is 0"],
  ])("refuses the options %o", (options, text) => {
    expect(() => newNode(1, options)).toThrow(TransportError);
    expect(() => newNode(1, options)).toThrow(text);
  });

  it("starts once", async () => {
    const a = await startNode(1);
    await expect(a.transport.start(a.recorder)).rejects.toThrow("starts once");
  });

  it("delivers nothing after stop, not even what has arrived with the message that led to it", async () => {
    const [a, b] = [await startNode(1), newNode(2)];
    const heard = new Recorder();
    let stopped: Promise<void> | undefined;
    await b.transport.start({
      message: (bytes) => {
        heard.message(bytes);
        stopped = b.transport.stop();
      },
      unreachable: (peer, reason) => heard.unreachable(peer, reason),
    });
    await link(a, 2, b.transport.address);
    for (const text of numbers(0, 100)) a.transport.send(2, bytesOf(text));
    await heard.received(1);
    await stopped;
    await a.recorder.heard("disconnected");
    expect(heard.messages).toEqual(["0"]);
    expect(heard.hints).toEqual([]);
  });

  it("can be stopped before it starts, while it starts, and twice", async () => {
    const never = newNode(1);
    await never.transport.stop();
    await expect(never.transport.start(never.recorder)).rejects.toThrow("starts once");

    const midway = newNode(2, { host: "localhost" });
    const starting = midway.transport.start(midway.recorder);
    await Promise.all([midway.transport.stop(), midway.transport.stop()]);
    await starting;
    const successor = newNode(2, { host: "localhost", port: portOf(midway.transport.address) });
    await successor.transport.start(successor.recorder);
  });

  it("leaves no socket and no timer behind, whatever state its connections are in", async () => {
    const timers = trackTimers();
    const [mute, b, failed] = [await BareServer.listen(), await startNode(2), newNode(4)];
    const before = openSockets();
    const a = await startNode(1);
    await link(a, 2, b.transport.address);
    await link(b, 1, a.transport.address);
    a.transport.addPeer(3, mute.address);
    a.transport.addPeer(5, await deadAddress());
    await mute.connection();
    await a.recorder.heard("connect-failed");
    expect(openSockets()).toBeGreaterThan(before);
    expect(timers.size).toBeGreaterThan(0);
    await Promise.all([a.transport.stop(), b.transport.stop(), mute.close(), failed.transport.stop()]);
    expect(openSockets()).toBe(0);
    expect(timers.size).toBe(0);
    a.transport.addPeer(2, b.transport.address);
    a.transport.send(2, bytesOf("nobody"));
    await turn();
    expect(openSockets()).toBe(0);
  });
});

/** Sockets and listening sockets of this process that keep it running. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCP/.test(name)).length;
}
