/**
 * UdpTransport: delivery in the firmware's frames, bounds, and datagrams that do not belong.
 */

import { createSocket, type Socket } from "node:dgram";
import { afterEach, expect, it } from "vitest";
import { Header } from "../../host/core/abi.js";
import type { Notice } from "../../host/transport/notice.js";
import { TransportError } from "../../host/transport/transport.js";
import { UdpTransport, type UdpTransportOptions } from "../../host/transport/udp.js";
import { decodeDatagram, encodeDatagram, UDP_FRAME_HEADER_BYTES } from "../../host/transport/udp-frame.js";

const CLUSTER = 42n;
const HOST = "127.0.0.1";
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((stop) => stop()));
});

/** A transport that records what it reports. */
class TestNode {
  readonly messages: Uint8Array[] = [];
  readonly hints: { peer: number; reason: string }[] = [];
  readonly notices: Notice[] = [];
  readonly transport: UdpTransport;
  readonly #waiting = new Set<() => void>();

  constructor(id: number, options: Partial<UdpTransportOptions> = {}) {
    this.transport = new UdpTransport({
      id,
      cluster: CLUSTER,
      host: HOST,
      port: 0,
      noticeIntervalMs: 0,
      onNotice: (notice) => this.#record(() => this.notices.push(notice)),
      ...options,
    });
    cleanups.push(() => this.transport.stop());
  }

  async start(): Promise<this> {
    await this.transport.start({
      message: (bytes) => this.#record(() => this.messages.push(bytes.slice())),
      unreachable: (peer, reason) => this.#record(() => this.hints.push({ peer, reason })),
    });
    return this;
  }

  get port(): number {
    return Number(this.transport.address.split(":").at(-1));
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #record(write: () => void): void {
    write();
    for (const look of [...this.#waiting]) look();
  }
}

/** A message with a header that is right for node `to`, and a text behind it. */
function message(to: number, text: string, cluster = CLUSTER): Uint8Array {
  const bytes = new Uint8Array(Header.size + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(Header.to, to, true);
  view.setBigUint64(Header.cluster, cluster, true);
  bytes.set(new TextEncoder().encode(text), Header.size);
  return bytes;
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(Header.size));

async function stranger(): Promise<Socket> {
  const socket = createSocket("udp4");
  cleanups.push(() => new Promise((resolve) => socket.close(() => resolve())));
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  return socket;
}

async function pair(options: Partial<UdpTransportOptions> = {}): Promise<[TestNode, TestNode]> {
  const a = await new TestNode(1, options).start();
  const b = await new TestNode(2, options).start();
  a.transport.addPeer(2, b.transport.address);
  b.transport.addPeer(1, a.transport.address);
  return [a, b];
}

it("has the bytes that the firmware has", () => {
  // As in firmware/frame/frame_test.c.
  const known = Buffer.from("4d52550101000400" + "9f7f5081" + "72616674", "hex");
  expect(Buffer.from(encodeDatagram(Buffer.from("raft")))).toEqual(known);
  expect(decodeDatagram(known, 4)).toEqual(new Uint8Array(Buffer.from("raft")));
});

it("judges every datagram that is not whole", () => {
  const whole = encodeDatagram(message(2, "hello"));
  for (let length = 0; length < whole.length; length++) {
    expect(decodeDatagram(whole.subarray(0, length), 1000)).toBeTypeOf("string");
  }
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const flipped = whole.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(decodeDatagram(flipped, 1000)).toBeTypeOf("string");
  }
  expect(decodeDatagram(whole, Header.size + 4)).toContain("at most 44 are taken");
});

it("carries messages both ways, as they were at the call", async () => {
  const [a, b] = await pair();
  const buffer = message(2, "to b");
  a.transport.send(2, buffer);
  buffer.fill(0);
  b.transport.send(1, message(1, "to a"));
  await Promise.all([a.until(() => a.messages.length === 1), b.until(() => b.messages.length === 1)]);
  expect([a.messages.map(textOf), b.messages.map(textOf)]).toEqual([["to a"], ["to b"]]);
  const bytes = UDP_FRAME_HEADER_BYTES + Header.size + 4;
  expect(a.transport.stats).toMatchObject({
    messagesIn: 1,
    messagesOut: 1,
    bytesIn: bytes,
    bytesOut: bytes,
    dropped: 0,
  });
});

it("finds a peer by its name, and follows it to another address", async () => {
  const [a, b] = await pair();
  a.transport.addPeer(2, `localhost:${b.port}`);
  while (b.messages.length === 0) {
    a.transport.send(2, message(2, "by name"));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const moved = await new TestNode(2).start();
  a.transport.addPeer(2, moved.transport.address);
  a.transport.send(2, message(2, "moved"));
  await moved.until(() => moved.messages.length === 1);
  a.transport.removePeer(2);
  a.transport.send(2, message(2, "gone"));
  a.transport.addPeer(1, a.transport.address);
  a.transport.send(1, message(1, "to itself"));
  expect(a.messages).toEqual([]);
  expect(moved.messages.map(textOf)).toEqual(["moved"]);
});

it("answers a node that was never added the way it came", async () => {
  const [a, b] = [await new TestNode(1).start(), await new TestNode(2).start()];
  a.transport.addPeer(2, b.transport.address);
  b.transport.send(1, message(1, "too early"));
  const bytes = message(2, "join");
  new DataView(bytes.buffer).setUint32(Header.from, 1, true);
  a.transport.send(2, bytes);
  await b.until(() => b.messages.length === 1);
  b.transport.send(1, message(1, "answer"));
  await a.until(() => a.messages.length === 1);
  b.transport.removePeer(1);
  b.transport.send(1, message(1, "too late"));
  expect(a.messages.map(textOf)).toEqual(["answer"]);
  expect(b.transport.stats.messagesOut).toBe(1);
});

it("drops what does not belong, says so, and takes what comes after", async () => {
  const node = await new TestNode(1, { maxMessageBytes: 100 }).start();
  const socket = await stranger();
  const damaged = encodeDatagram(message(1, "damaged"));
  damaged[damaged.length - 1] = 0;
  const foreign: [Uint8Array, RegExp][] = [
    [Buffer.from("GET / HTTP/1.1\r\n\r\n"), /not from a node/],
    [Buffer.alloc(0), /0 bytes are no frame/],
    [encodeDatagram(message(1, "cut")).subarray(0, 40), /it was cut/],
    [damaged, /checksum/],
    [encodeDatagram(message(1, "x".repeat(61))), /101 bytes; at most 100/],
    [encodeDatagram(Buffer.from("short")), /5 bytes are no message/],
    [encodeDatagram(message(1, "foreign", 43n)), /belongs to cluster 43, this node to cluster 42/],
    [encodeDatagram(message(7, "astray")), /for node 7, this is node 1/],
  ];
  for (const [index, [bytes, text]] of foreign.entries()) {
    socket.send(bytes, node.port, HOST);
    await node.until(() => node.notices.length === index + 1);
    expect(node.notices[index]?.message).toMatch(text);
  }
  socket.send(encodeDatagram(message(1, "good")), node.port, HOST);
  await node.until(() => node.messages.length === 1);
  expect(node.messages.map(textOf)).toEqual(["good"]);
  expect(node.transport.stats).toMatchObject({ badFrames: 5, refused: 3, messagesIn: 1 });
});

it("tells of a flood once, and hears its peers through it", async () => {
  const node = await new TestNode(1, { noticeIntervalMs: 3_600_000 }).start();
  const socket = await stranger();
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 20; i++) socket.send(Buffer.from(`noise ${i}`), node.port, HOST);
    socket.send(encodeDatagram(message(1, `${round}`)), node.port, HOST);
    await node.until(() => node.messages.length === round + 1);
  }
  expect(node.notices).toHaveLength(1);
  expect(node.transport.stats.badFrames).toBe(1000);
});

it("does not send what is too long, and says so to the core, though never from inside send", async () => {
  const [a, b] = await pair({ maxMessageBytes: 100 });
  a.transport.send(2, message(2, "x".repeat(61)));
  expect(a.hints).toEqual([]);
  await a.until(() => a.hints.length === 1);
  expect(a.hints[0]).toEqual({ peer: 2, reason: expect.stringContaining("101 bytes is not sent") });
  a.transport.send(2, message(2, "x".repeat(60)));
  await b.until(() => b.messages.length === 1);
  expect(a.transport.stats).toMatchObject({ dropped: 1, messagesOut: 1 });
});

it("names the way out of a wrong address, a name that is not found, and a port that is taken", async () => {
  const a = await new TestNode(1).start();
  a.transport.addPeer(2, "no address");
  expect(a.notices[0]?.message).toContain("is not an address: write host:port");
  a.transport.addPeer(3, "no.such.name.invalid:1");
  await a.until(() => a.hints.length === 1);
  expect(a.hints[0]?.reason).toContain("its name is not found");
  a.transport.send(3, message(3, "nowhere"));
  expect(a.transport.stats.dropped).toBe(1);
  const rival = new TestNode(2, { port: a.port });
  await expect(rival.start()).rejects.toThrow(`UDP port ${a.port} is taken`);
});

it("refuses options out of their range", () => {
  const wrong: Partial<UdpTransportOptions>[] = [
    { id: 0 },
    { cluster: -1n },
    { port: 65536 },
    { host: "" },
    { maxMessageBytes: 65536 },
    { maxQueueBytes: 0 },
    { noticeIntervalMs: 0.5 },
    { lookupIntervalMs: 0 },
  ];
  for (const options of wrong) {
    expect(() => new UdpTransport({ id: 1, cluster: 1n, host: HOST, port: 0, ...options })).toThrow(TransportError);
  }
});

it("stops at any time, and is silent afterwards", async () => {
  const [a, b] = await pair();
  expect(() => new TestNode(3).transport.address).toThrow("once start() has resolved");
  await expect(a.start()).rejects.toThrow("starts once");
  await a.transport.stop();
  await a.transport.stop();
  a.transport.send(2, message(2, "after"));
  a.transport.addPeer(2, b.transport.address);
  b.transport.send(1, message(1, "to nobody"));
  const never = new TestNode(4);
  await never.transport.stop();
  await expect(never.start()).rejects.toThrow("starts once");
  expect([a.messages, b.messages]).toEqual([[], []]);
});
