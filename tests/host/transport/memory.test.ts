/**
 * MemoryTransport: delivery in a later turn, bounds, the filter, coming and going.
 */

import { beforeEach, describe, expect, it } from "vitest";
import { MemoryNetwork, type MemoryNetworkOptions, MemoryTransport } from "../../../host/transport/memory.js";
import { TransportError } from "../../../host/transport/transport.js";
import { bytesOf, Recorder, turn } from "./peers.js";

/** Tasks the network wants run in a later turn. */
let tasks: (() => void)[];

beforeEach(() => {
  tasks = [];
});

/** Runs the turns that are due now, not those they bring about. */
function runTurn(): void {
  for (const task of tasks.splice(0)) task();
}

const manualNetwork = (options: MemoryNetworkOptions = {}) =>
  new MemoryNetwork({ schedule: (task) => tasks.push(task), ...options });

async function join(network: MemoryNetwork, id: number): Promise<{ transport: MemoryTransport; recorder: Recorder }> {
  const transport = new MemoryTransport(network, id);
  const recorder = new Recorder();
  for (const peer of [1, 2, 3]) transport.addPeer(peer);
  await transport.start(recorder);
  return { transport, recorder };
}

describe("MemoryTransport", () => {
  it("delivers in order, in a later turn, a copy of what was sent", async () => {
    const network = manualNetwork();
    const [a, b] = [await join(network, 1), await join(network, 2)];
    const buffer = Buffer.from("one");
    a.transport.send(2, buffer);
    buffer.fill(0);
    a.transport.send(2, bytesOf("two"));
    expect(b.recorder.messages).toEqual([]);
    expect(tasks).toHaveLength(1);
    runTurn();
    expect(b.recorder.messages).toEqual(["one", "two"]);
    expect(network.stats).toEqual({ delivered: 2, dropped: 0, filtered: 0 });
  });

  it("uses the event loop's turns by default, so that nodes that answer each other starve nobody", async () => {
    const network = new MemoryNetwork();
    const a = new MemoryTransport(network, 1);
    const recorder = new Recorder();
    a.addPeer(2);
    await a.start(recorder);
    const b = new MemoryTransport(network, 2);
    b.addPeer(1);
    await b.start({ message: (bytes) => b.send(1, bytes), unreachable: () => undefined });
    a.send(2, bytesOf("echo"));
    await Promise.resolve();
    expect(recorder.messages).toEqual([]);
    await recorder.received(1);
    await turn();
    expect(network.stats.delivered).toBe(2);
  });

  it("delivers what is sent during a delivery in the turn after", async () => {
    const network = manualNetwork();
    const a = await join(network, 1);
    const b = new MemoryTransport(network, 2);
    b.addPeer(1);
    await b.start({ message: (bytes) => b.send(1, bytes), unreachable: () => undefined });
    a.transport.send(2, bytesOf("echo"));
    runTurn();
    expect(a.recorder.messages).toEqual([]);
    runTurn();
    expect(a.recorder.messages).toEqual(["echo"]);
  });

  it("carries only what the filter lets through", async () => {
    const network = manualNetwork();
    const [a, b] = [await join(network, 1), await join(network, 2)];
    network.filter = (from, to, bytes) => !(from === 1 && to === 2 && bytes[0] === "x".charCodeAt(0));
    a.transport.send(2, bytesOf("x"));
    a.transport.send(2, bytesOf("y"));
    b.transport.send(1, bytesOf("x"));
    network.filter = undefined;
    a.transport.send(2, bytesOf("x again"));
    runTurn();
    expect([a.recorder.messages, b.recorder.messages]).toEqual([["x"], ["y", "x again"]]);
    expect(network.stats).toEqual({ delivered: 3, dropped: 0, filtered: 1 });
    expect(a.recorder.hints).toEqual([]);
  });

  it.each([
    ["messages", { maxMessages: 2 }],
    ["bytes", { maxBytes: 3 }],
  ])("drops the oldest when an inbox is full of %s, and hints once a turn, later", async (_, options) => {
    const network = manualNetwork(options);
    const [a, b] = [await join(network, 1), await join(network, 2)];
    for (const text of ["1", "2", "3", "44"].slice(0, "maxBytes" in options ? 4 : 3))
      a.transport.send(2, bytesOf(text));
    expect(a.recorder.hints).toEqual([]);
    runTurn();
    expect(b.recorder.messages).toEqual("maxBytes" in options ? ["3", "44"] : ["2", "3"]);
    expect(a.recorder.hints).toEqual([{ peer: 2, reason: expect.stringContaining("inbox is full") }]);
    expect(network.stats.dropped).toBe("maxBytes" in options ? 2 : 1);
  });

  it("drops a message longer than an inbox and nothing else", async () => {
    const network = manualNetwork({ maxBytes: 3 });
    const [a, b] = [await join(network, 1), await join(network, 2)];
    a.transport.send(2, bytesOf("abc"));
    a.transport.send(2, bytesOf("abcd"));
    runTurn();
    expect(b.recorder.messages).toEqual(["abc"]);
    expect(a.recorder.hints).toEqual([{ peer: 2, reason: expect.stringContaining("4 bytes is longer than an inbox") }]);
  });

  it("hints when nobody is there, and delivers once somebody is", async () => {
    const network = manualNetwork();
    const a = await join(network, 1);
    a.transport.send(2, bytesOf("lost"));
    a.transport.send(2, bytesOf("lost too"));
    a.transport.send(3, bytesOf("and this"));
    runTurn();
    expect(a.recorder.hints.map(({ peer }) => peer)).toEqual([2, 3]);
    const b = await join(network, 2);
    a.transport.send(2, bytesOf("found"));
    runTurn();
    expect(a.recorder.hints).toHaveLength(2);
    expect(b.recorder.messages).toEqual(["found"]);
    expect(network.stats).toEqual({ delivered: 1, dropped: 3, filtered: 0 });
  });

  it("answers a peer that was never added once a message of its has come", async () => {
    const network = manualNetwork();
    const [a, b] = [await join(network, 1), await join(network, 2)];
    b.transport.removePeer(1);
    b.transport.send(1, bytesOf("too early"));
    a.transport.send(2, bytesOf("question"));
    runTurn();
    b.transport.send(1, bytesOf("answer"));
    runTurn();
    expect(b.recorder.messages).toEqual(["question"]);
    expect(a.recorder.messages).toEqual(["answer"]);
  });

  it("ignores unknown peers, itself, and sends before start and after stop", async () => {
    const network = manualNetwork();
    const b = await join(network, 2);
    const early = new MemoryTransport(network, 1);
    early.addPeer(2);
    early.send(2, bytesOf("too early"));
    await early.start(new Recorder());
    early.addPeer(1);
    early.send(1, bytesOf("me"));
    early.send(7, bytesOf("who"));
    early.removePeer(2);
    early.send(2, bytesOf("removed"));
    early.addPeer(2);
    await early.stop();
    early.send(2, bytesOf("too late"));
    runTurn();
    expect(b.recorder.messages).toEqual([]);
    expect(network.stats).toEqual({ delivered: 0, dropped: 0, filtered: 0 });
  });

  it("delivers nothing after stop, not even the rest of the turn, nor to its successor", async () => {
    const network = manualNetwork();
    const a = await join(network, 1);
    const b = new MemoryTransport(network, 2);
    const heard: number[] = [];
    await b.start({
      message: (bytes) => {
        heard.push(bytes.length);
        void b.stop();
      },
      unreachable: () => undefined,
    });
    for (const text of ["a", "bb"]) a.transport.send(2, bytesOf(text));
    runTurn();
    const successor = await join(network, 2);
    runTurn();
    expect(heard).toEqual([1]);
    expect(successor.recorder.messages).toEqual([]);
    expect(network.stats).toEqual({ delivered: 1, dropped: 1, filtered: 0 });
  });

  it("hints nothing after stop", async () => {
    const network = manualNetwork();
    const a = new MemoryTransport(network, 1);
    const hinted: number[] = [];
    for (const peer of [2, 3]) a.addPeer(peer);
    await a.start({
      message: () => undefined,
      unreachable: (peer) => {
        hinted.push(peer);
        void a.stop();
      },
    });
    for (const peer of [2, 3]) a.send(peer, bytesOf("lost"));
    runTurn();
    expect(hinted).toEqual([2]);
  });

  it("forgets what waits for a node that stops", async () => {
    const network = manualNetwork();
    const [a, b] = [await join(network, 1), await join(network, 2)];
    a.transport.send(2, bytesOf("waiting"));
    await b.transport.stop();
    await b.transport.stop();
    const successor = await join(network, 2);
    runTurn();
    expect(successor.recorder.messages).toEqual([]);
    expect(network.stats.dropped).toBe(1);
  });

  it("refuses two nodes with one id", async () => {
    const network = manualNetwork();
    await join(network, 1);
    await expect(join(network, 1)).rejects.toThrow(TransportError);
    await expect(join(network, 1)).rejects.toThrow(/node 1 is on this network already/);
  });
});
