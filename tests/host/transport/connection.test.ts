/**
 * One connection by itself, over a stream in place of a socket, for what a real one does not show.
 */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Connection } from "../../../host/transport/connection.js";
import { emptyStats, SocketSet, type TcpContext } from "../../../host/transport/context.js";
import { encodeFrame, FRAME_KIND } from "../../../host/transport/frame.js";
import { PROTOCOL_VERSION } from "../../../host/transport/hello.js";
import { resolveLimits } from "../../../host/transport/limits.js";
import { NoticeGate } from "../../../host/transport/notice.js";
import { bytesOf, CLUSTER, helloFrame, messageFrame, Recorder, trackTimers, turn } from "./peers.js";

const PING = encodeFrame(FRAME_KIND.ping, new Uint8Array(0));
const PONG = encodeFrame(FRAME_KIND.pong, new Uint8Array(0));

/** A connection whose peer reads nothing: what is written to it stays. */
class UnreadSocket extends Duplex {
  override _read(): void {}
  override _write(): void {}
}

/** A connection whose writes end when the test says so. */
class SlowSocket extends Duplex {
  readonly written: Uint8Array[] = [];
  #done: (() => void) | undefined;
  override _read(): void {}
  override _write(chunk: Uint8Array, _: string, done: () => void): void {
    this.written.push(chunk);
    this.#done = done;
  }
  finishWrite(): void {
    this.#done?.();
  }
}

function accept(socket: Duplex) {
  const recorder = new Recorder();
  const identity = { version: PROTOCOL_VERSION, sender: 1, cluster: CLUSTER, incarnation: 1n };
  const context: TcpContext = {
    identity,
    nextHello: () => ({ ...identity, number: 1n }),
    connect: () => socket as Socket,
    limits: resolveLimits({}),
    stats: emptyStats(),
    events: recorder,
    sockets: new SocketSet(),
    random: Math.random,
    newGate: () => new NoticeGate(undefined, 0, () => 0),
  };
  const owner = { opened: vi.fn(), alive: vi.fn(), written: vi.fn(), left: vi.fn(), ended: vi.fn() };
  const greeter = { greeted: vi.fn(() => owner), ended: vi.fn() };
  const connection = new Connection(socket as Socket, "somewhere:1", false, context, greeter);
  return { connection, greeter, owner, recorder };
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("Connection", () => {
  it("lets no answers pile up for a peer that pings but never reads", async () => {
    const socket = new UnreadSocket();
    const { connection } = accept(socket);
    socket.push(helloFrame(2));
    await turn();
    const waiting = socket.writableLength;
    expect(waiting).toBe(helloFrame(1).length);
    for (let pings = 0; pings < 100; pings++) socket.push(PING);
    await turn();
    expect(socket.writableLength).toBe(waiting);
    connection.close();
  });

  it("answers a ping behind the batch that is being written, and before the next", async () => {
    const socket = new SlowSocket();
    const { connection, owner } = accept(socket);
    const batch = { bytes: bytesOf("batch"), messages: 1 };
    owner.written.mockImplementation(() => connection.send(batch));
    socket.push(helloFrame(2));
    await turn();
    socket.finishWrite();
    connection.send(batch);
    socket.push(PING);
    await turn();
    for (let writes = 0; writes < 3; writes++) {
      socket.finishWrite();
      await turn();
    }
    const [, ...rest] = socket.written;
    expect(rest.map((bytes) => Buffer.from(bytes).toString("latin1"))).toEqual([
      "batch",
      Buffer.from(PONG).toString("latin1"),
      "batch",
      "batch",
    ]);
    connection.close();
  });

  it("waits for a hello no longer once it has come", async () => {
    const timers = trackTimers();
    const socket = new UnreadSocket();
    const { connection, greeter, owner } = accept(socket);
    expect(timers.size).toBe(1);
    const [waiting] = timers;
    socket.push(helloFrame(2));
    await turn();
    expect(greeter.greeted).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ sender: 2 }));
    expect(owner.opened).toHaveBeenCalledExactlyOnceWith(connection);
    expect(timers.has(waiting)).toBe(false);
    expect(timers.size).toBe(1);
    connection.close();
    expect(timers.size).toBe(0);
  });

  it("tells its owner once when it ends, and whoever greeted it nothing", async () => {
    const socket = new UnreadSocket();
    const { connection, greeter, owner } = accept(socket);
    socket.push(helloFrame(2));
    await turn();
    expect(owner.ended).not.toHaveBeenCalled();
    socket.destroy(new Error("broken"));
    await turn();
    expect(owner.ended).toHaveBeenCalledExactlyOnceWith(connection, { kind: "disconnected", reason: "broken" });
    expect(greeter.ended).not.toHaveBeenCalled();
  });

  it("delivers what comes after it was given up, and is closed if its peer does not end it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval"] });
    const socket = new UnreadSocket();
    const { connection, owner, recorder } = accept(socket);
    socket.push(helloFrame(2));
    await turn();
    connection.leave();
    socket.push(messageFrame("late"));
    await turn();
    expect(recorder.messages).toEqual(["late"]);
    expect(owner.ended).not.toHaveBeenCalled();
    vi.advanceTimersByTime(resolveLimits({}).connectTimeoutMs);
    expect(owner.ended).toHaveBeenCalledExactlyOnceWith(connection, undefined);
    expect(socket.destroyed).toBe(true);
  });
});
