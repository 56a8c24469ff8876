/**
 * One accepted connection by itself, over a stream in place of a socket, for what a real one does not show.
 */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { emptyStats, SocketSet, type TcpContext } from "../../../host/transport/context.js";
import { encodeFrame, FRAME_KIND } from "../../../host/transport/frame.js";
import { PROTOCOL_VERSION } from "../../../host/transport/hello.js";
import { Incoming } from "../../../host/transport/incoming.js";
import { resolveLimits } from "../../../host/transport/limits.js";
import { NoticeGate } from "../../../host/transport/notice.js";
import { CLUSTER, helloFrame, Recorder, trackTimers, turn } from "./peers.js";

const PING = encodeFrame(FRAME_KIND.ping, new Uint8Array(0));

/** A connection whose peer reads nothing: what is written to it stays. */
class UnreadSocket extends Duplex {
  override _read(): void {}
  override _write(): void {}
  setTimeout(): void {}
}

function accept(socket: UnreadSocket) {
  const recorder = new Recorder();
  const gate = new NoticeGate(
    (notice) => recorder.notice(notice),
    0,
    () => 0,
  );
  const context: TcpContext = {
    hello: { version: PROTOCOL_VERSION, sender: 1, cluster: CLUSTER },
    limits: resolveLimits({}),
    stats: emptyStats(),
    events: recorder,
    sockets: new SocketSet(),
    random: Math.random,
    newGate: () => gate,
  };
  const owner = { accepted: vi.fn(), ended: vi.fn() };
  const incoming = new Incoming(socket as unknown as Socket, context, gate, owner);
  return { incoming, owner, recorder };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("Incoming", () => {
  it("lets no answers pile up for a peer that pings but never reads", async () => {
    const socket = new UnreadSocket();
    const { incoming } = accept(socket);
    socket.push(helloFrame(2));
    await turn();
    const waiting = socket.writableLength;
    expect(waiting).toBe(helloFrame(1).length);
    for (let pings = 0; pings < 100; pings++) socket.push(PING);
    await turn();
    expect(socket.writableLength).toBe(waiting);
    incoming.close();
  });

  it("waits for a hello no longer once it has come", async () => {
    const timers = trackTimers();
    const socket = new UnreadSocket();
    const { incoming, owner } = accept(socket);
    expect(timers.size).toBe(1);
    socket.push(helloFrame(2));
    await turn();
    expect(owner.accepted).toHaveBeenCalledExactlyOnceWith(incoming, 2);
    expect(timers.size).toBe(0);
    incoming.close();
  });

  it("tells its owner once when it ends", async () => {
    const socket = new UnreadSocket();
    const { incoming, owner, recorder } = accept(socket);
    socket.push(helloFrame(2));
    await turn();
    expect(owner.ended).not.toHaveBeenCalled();
    incoming.close();
    incoming.close();
    await turn();
    expect(owner.ended).toHaveBeenCalledExactlyOnceWith(incoming);
    expect(recorder.notices).toEqual([]);
  });
});
