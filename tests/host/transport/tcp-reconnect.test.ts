/**
 * TcpTransport when connections end: dialling again, and finding out that a peer is gone.
 */

import { afterEach, describe, expect, it, vi } from "vitest";
import { encodeFrame, FRAME_KIND, FRAME_OVERHEAD_BYTES } from "../../../host/transport/frame.js";
import {
  BareServer,
  bytesOf,
  cleanUp,
  deadAddress,
  helloFrame,
  link,
  portOf,
  startNode,
  type TestNode,
  turn,
  untilHolds,
} from "./peers.js";

const PONG = encodeFrame(FRAME_KIND.pong, new Uint8Array(0));

afterEach(async () => {
  await cleanUp();
  vi.restoreAllMocks();
});

describe("reconnecting", () => {
  it("finds a peer again that restarts on the same port", async () => {
    const [a, b] = [await startNode(1), await startNode(2)];
    await link(a, 2, b.transport.address);
    await b.transport.stop();
    await a.recorder.heard("disconnected");
    await a.recorder.heard("connect-failed", 2);
    expect(a.recorder.hints.every(({ peer }) => peer === 2)).toBe(true);
    expect(a.recorder.hints).toHaveLength(a.recorder.notices.length - 1);

    const again = await startNode(2, { port: portOf(b.transport.address) });
    expect(again.transport.address).toBe(b.transport.address);
    await a.recorder.heard("connected", 2);
    a.transport.send(2, bytesOf("welcome back"));
    await again.recorder.received(1);
    expect(again.recorder.messages).toEqual(["welcome back"]);
    expect(a.transport.stats).toMatchObject({ connects: 2, reconnects: 1 });
  });

  it("drops what waits when an attempt fails: by the next one it would be stale", async () => {
    const a = await startNode(1);
    const address = await deadAddress();
    a.transport.addPeer(2, address);
    a.transport.send(2, bytesOf("stale"));
    await a.recorder.heard("connect-failed");
    expect(a.transport.stats.dropped).toBe(1);
    const b = await startNode(2, { port: portOf(address) });
    await a.recorder.heard("connected");
    a.transport.send(2, bytesOf("fresh"));
    await b.recorder.received(1);
    expect(b.recorder.messages).toEqual(["fresh"]);
  });

  it("waits ever longer for a peer that takes connections and ends them, until one holds", async () => {
    const peer = await BareServer.listen();
    const waits: number[] = [];
    const a = await startNode(1, { backoffMinMs: 1, backoffMaxMs: 8, random: () => 1 - Number.EPSILON });
    const timeouts = vi.spyOn(globalThis, "setTimeout");
    a.transport.addPeer(2, peer.address);
    for (let attempt = 1; attempt <= 6; attempt++) {
      const connection = await peer.connection(attempt);
      connection.write(helloFrame(2, { cluster: 43n }));
      timeouts.mockClear();
      await a.recorder.heard("refused", attempt);
      waits.push(...timeouts.mock.calls.map(([, ms]) => ms ?? 0));
    }
    const endOpened = async (attempt: number): Promise<void> => {
      timeouts.mockClear();
      (await peer.connection(attempt)).destroy();
      await a.recorder.heard("disconnected", attempt - 6);
      waits.push(...timeouts.mock.calls.map(([, ms]) => ms ?? 0));
    };
    (await peer.connection(7)).write(helloFrame(2));
    await a.recorder.heard("connected");
    await endOpened(7);
    const pings = vi.spyOn(globalThis, "setInterval");
    const connection = await peer.connection(8);
    connection.write(helloFrame(2));
    await a.recorder.heard("connected", 2);
    const ping = pings.mock.lastCall?.[0];
    ping?.();
    await connection.until(() => connection.ofKind(FRAME_KIND.ping).length === 1);
    const before = a.transport.stats.bytesIn;
    connection.write(PONG);
    await untilHolds(() => a.transport.stats.bytesIn > before);
    await endOpened(8);
    expect(waits).toEqual([1, 2, 4, 8, 8, 8, 8, 1]);
  });

  it("gives an attempt up when the peer does not say hello in time", async () => {
    const peer = await BareServer.listen();
    const a = await startNode(1, { connectTimeoutMs: 5 });
    a.transport.addPeer(2, peer.address);
    expect(await a.recorder.heard("connect-failed")).toContain("no answer within 5 ms");
    await (await peer.connection()).untilClosed();
  });

  it("begins the next connection with a whole message when the last one ended in the middle of a write", async () => {
    const { peer, a, connection, ping } = await connectedWithManualPings();
    connection.pause();
    await sendUntilStuck(a);
    for (let pings = 0; pings < 4; pings++) ping();
    expect(a.recorder.of("disconnected")).toHaveLength(1);
    const next = await peer.connection(2);
    next.write(helloFrame(2));
    await a.recorder.heard("connected", 2);
    a.transport.send(2, bytesOf("last"));
    await next.until(() => next.messages().at(-1) === "last");
    ping();
    await next.until(() => next.ofKind(FRAME_KIND.ping).length === 1);
    expect(
      next
        .messages()
        .slice(0, -1)
        .every((text) => text === STUCK_MESSAGE),
    ).toBe(true);
  });
});

describe("pings", () => {
  it("gives a connection up on which pings go unanswered, and keeps one on which they are answered", async () => {
    const [mute, healthy] = [await BareServer.listen(), await BareServer.listen(true)];
    const a = await startNode(1, { pingIntervalMs: 2 });
    a.transport.addPeer(2, mute.address);
    a.transport.addPeer(3, healthy.address);
    const connection = await healthy.connection();
    connection.write(helloFrame(3));
    (await mute.connection()).write(helloFrame(2));
    expect(await a.recorder.heard("disconnected")).toContain("no answer to 3 pings");
    await connection.until(() => connection.ofKind(FRAME_KIND.ping).length >= 10);
    expect(a.recorder.notices.filter(({ kind, peer }) => kind === "disconnected" && peer === 3)).toEqual([]);
  });

  it("does not take it for a sign of life that the kernel still takes data", async () => {
    const { peer, a, ping } = await connectedWithManualPings();
    for (let pings = 0; pings < 4; pings++) {
      expect(a.recorder.of("disconnected")).toEqual([]);
      a.transport.send(2, bytesOf("into the void"));
      await turn();
      ping();
    }
    expect(a.transport.stats.writes).toBe(4);
    expect(await a.recorder.heard("disconnected")).toContain("no answer to 3 pings");
    await peer.connection(2);
  });

  it("takes it for a sign of life that a full buffer empties", async () => {
    const { a, ping, connection } = await connectedWithManualPings();
    connection.pause();
    await sendUntilStuck(a);
    ping();
    ping();
    connection.resume();
    await connection.until(() => connection.messages().length === a.transport.stats.messagesOut);
    ping();
    ping();
    expect(a.recorder.of("disconnected")).toEqual([]);
    ping();
    expect(a.recorder.of("disconnected")).toHaveLength(1);
  });

  it("has its pings answered by a node", async () => {
    const [a, b] = [await startNode(1, { pingIntervalMs: 1 }), await startNode(2)];
    await link(a, 2, b.transport.address);
    const pinged = 20 * FRAME_OVERHEAD_BYTES;
    while (b.transport.stats.bytesIn < pinged) await turn();
    a.transport.send(2, bytesOf("still here"));
    await b.recorder.received(1);
    expect(a.recorder.hints).toEqual([]);
  });
});

const STUCK_MESSAGE = "x".repeat(32 << 10);

/** Sends to node 2, which does not read, until the kernel takes no more: batches wait that no turn hands over. */
async function sendUntilStuck({ transport }: TestNode): Promise<void> {
  for (let idle = 0, writes = -1; idle < 20; idle = transport.stats.writes === writes ? idle + 1 : 0) {
    writes = transport.stats.writes;
    transport.send(2, bytesOf(STUCK_MESSAGE));
    await turn();
  }
}

/** A node connected to a bare node 2 that answers no ping, and the node's ping in the test's hand. */
async function connectedWithManualPings() {
  const intervals = vi.spyOn(globalThis, "setInterval");
  const peer = await BareServer.listen();
  // So long that it does not come by itself.
  const a = await startNode(1, { pingIntervalMs: 1_000_000 });
  a.transport.addPeer(2, peer.address);
  const connection = await peer.connection();
  connection.write(helloFrame(2));
  await a.recorder.heard("connected");
  const ping = (): void => {
    const task = intervals.mock.lastCall?.[0];
    if (typeof task !== "function") throw new Error("nothing pings");
    task();
  };
  return { peer, a, connection, ping };
}
