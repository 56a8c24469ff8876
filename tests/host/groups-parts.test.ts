/** The timers and the transport that many groups share. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupTimers } from "../../host/groups/timers.js";
import { GroupTransport } from "../../host/groups/transport.js";
import { abi, ManualTimers, type Timers, type Transport, type TransportEvents } from "../../host/index.js";

describe("the timers of many nodes", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("arm"), node: fc.nat(4), kind: fc.nat(1), ms: fc.nat(50) }) },
    fc.record({ do: fc.constant("cancel"), node: fc.nat(4), kind: fc.nat(1), ms: fc.constant(0) }),
    fc.record({ do: fc.constant("stop"), node: fc.nat(4), kind: fc.constant(0), ms: fc.constant(0) }),
    { weight: 3, arbitrary: fc.record({ do: fc.constant("pass"), node: fc.nat(4), kind: fc.nat(1), ms: fc.nat(30) }) },
  );

  test("each fires once, at the tick at or after its deadline, unless it was armed anew or cancelled", async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 10 }),
      async (steps, tick) => {
        const clock = new ManualTimers();
        const shared = new GroupTimers(clock, { tick, random: () => 0 });
        shared.start();
        const fired: string[] = [];
        const expected = new Map<string, number>();
        const all: string[] = [];
        const start = (timers: Timers, node: number) =>
          timers.start((kind) => {
            fired.push(`${clock.now()} ${node} ${kind}`);
          });
        const nodes = Array.from({ length: 5 }, () => shared.node());
        for (const [i, node] of nodes.entries()) start(node, i);
        for (const each of steps) {
          const key = `${each.node} ${each.kind}`;
          const timers = nodes[each.node];
          if (timers === undefined) throw new RangeError("no such node");
          if (each.do === "arm") {
            timers.arm(each.kind, each.ms, 0);
            expected.set(key, Math.ceil((clock.now() + each.ms) / tick) * tick);
          } else if (each.do === "cancel") {
            timers.cancel(each.kind);
            expected.delete(key);
          } else if (each.do === "stop") {
            timers.stop();
            for (const kind of [0, 1]) expected.delete(`${each.node} ${kind}`);
            start(timers, each.node);
          } else {
            clock.advance(each.ms);
            for (const [due, at] of [...expected]) {
              if (at > clock.now()) continue;
              expected.delete(due);
              all.push(`${at} ${due}`);
            }
          }
        }
        expect([...fired].sort()).toEqual([...all].sort());
      },
    );
    await fc.assert(property, { numRuns: 300, seed: 20261123 });
  });

  test("one alarm serves all, and none is set when no timer is left", () => {
    const clock = new ManualTimers();
    const shared = new GroupTimers(clock, { tick: 10, random: () => 0 });
    shared.start();
    const nodes = Array.from({ length: 100 }, () => shared.node());
    const fired: number[] = [];
    for (const [i, node] of nodes.entries()) {
      node.start(() => fired.push(i));
      node.arm(1, 91 + (i % 10), 0);
    }
    expect(clock.armed().length).toBe(1);
    clock.advance(99);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired.length).toBe(100);
    expect(clock.armed()).toEqual([]);
    nodes[0]?.arm(1, 5, 0);
    nodes[0]?.cancel(1);
    clock.advance(100);
    expect(fired.length).toBe(100);
    expect(clock.armed()).toEqual([]);
  });

  test("the jitter is drawn from the whole range", () => {
    const clock = new ManualTimers();
    const draws = [0, 0.999];
    const shared = new GroupTimers(clock, { tick: 1, random: () => draws.shift() ?? 0 });
    shared.start();
    const node = shared.node();
    const fired: number[] = [];
    node.start((kind) => fired.push(kind * 1000 + clock.now()));
    node.arm(1, 10, 5);
    node.arm(2, 10, 5);
    clock.advance(100);
    expect(fired).toEqual([1010, 2015]);
  });
});

/** A transport that writes down what it is asked. */
class Recording implements Transport {
  readonly calls: string[] = [];
  readonly sent: Uint8Array[] = [];
  events: TransportEvents | undefined;

  async start(events: TransportEvents): Promise<void> {
    this.events = events;
  }
  addPeer(peer: number, address: string): void {
    this.calls.push(`add ${peer} at ${address}`);
  }
  removePeer(peer: number): void {
    this.calls.push(`remove ${peer}`);
  }
  send(to: number, bytes: Uint8Array): void {
    this.calls.push(`send ${to} ${bytes.length}`);
    this.sent.push(bytes.slice());
  }
  async stop(): Promise<void> {
    this.calls.push("stop");
  }
}

function messageFor(group: number): Uint8Array {
  const bytes = new Uint8Array(abi.Header.size);
  new DataView(bytes.buffer).setUint32(abi.Header.group, group, true);
  return bytes;
}

/** The transport, and what each of two groups hears. */
async function twoGroups(concerns: (group: number, peer: number) => boolean = () => true) {
  const underneath = new Recording();
  const tasks: (() => void)[] = [];
  const shared = new GroupTransport(underneath, concerns, (task) => tasks.push(task));
  const endTurn = () => {
    for (const task of tasks.splice(0)) task();
  };
  await shared.start();
  const heard: string[] = [];
  const ports = [1, 2].map((group) => shared.port(group));
  for (const [i, port] of ports.entries()) {
    await port.start({
      message: (bytes) => heard.push(`group ${i + 1}: ${bytes.length} bytes`),
      unreachable: (peer) => heard.push(`group ${i + 1}: no ${peer}`),
    });
  }
  const [first, second] = ports;
  if (first === undefined || second === undefined) throw new Error("two groups were asked for");
  return { underneath, shared, heard, first, second, endTurn };
}

describe("the transport of many groups", () => {
  test("a message goes to the group that its header names", async () => {
    const { heard, shared, underneath } = await twoGroups();
    underneath.events?.message(messageFor(2));
    underneath.events?.message(messageFor(1));
    underneath.events?.message(messageFor(3));
    underneath.events?.message(messageFor(1).subarray(0, 24));
    expect(heard).toEqual(["group 2: 40 bytes", "group 1: 40 bytes"]);
    expect(shared.stats).toEqual({ delivered: 2, dropped: 2 });
  });

  test("messages leave when the turn is over, in order and whole; many do not wait", async () => {
    const { endTurn, first, second, shared, underneath } = await twoGroups();
    const bytes = new Uint8Array([1, 2, 3]);
    first.send(7, bytes);
    bytes.fill(0);
    second.send(7, bytes.subarray(1));
    first.send(8, bytes);
    expect(underneath.calls).toEqual([]);
    endTurn();
    expect(underneath.calls).toEqual(["send 7 3", "send 7 2", "send 8 3"]);
    expect([...(underneath.sent[0] ?? [])]).toEqual([1, 2, 3]);
    underneath.calls.length = 0;
    for (let i = 0; i < 5; i++) first.send(7, new Uint8Array(100_000));
    second.send(7, new Uint8Array(1_000_000));
    expect(underneath.calls.length).toBe(6);
    first.send(8, bytes);
    await shared.stop();
    endTurn();
    expect(underneath.calls.slice(6)).toEqual(["stop"]);
  });

  test("a peer is let go when the last group that has it lets it go, or stops", async () => {
    const { first, second, underneath } = await twoGroups();
    for (const port of [first, second]) for (const peer of [7, 8]) port.addPeer(peer, `place ${peer}`);
    underneath.calls.length = 0;
    first.removePeer(7);
    first.removePeer(7);
    expect(underneath.calls).toEqual([]);
    second.removePeer(7);
    expect(underneath.calls).toEqual(["remove 7"]);
    await first.stop();
    expect(underneath.calls).toEqual(["remove 7"]);
    await second.stop();
    expect(underneath.calls).toEqual(["remove 7", "remove 8"]);
  });

  test("that a peer is out of reach is told to the groups that have it and are concerned", async () => {
    const { first, heard, second, underneath } = await twoGroups((group, peer) => group !== 2 || peer !== 9);
    first.addPeer(7, "a");
    for (const port of [first, second]) for (const peer of [8, 9]) port.addPeer(peer, "b");
    for (const peer of [7, 8, 9, 10]) underneath.events?.unreachable(peer, "cut");
    expect(heard).toEqual(["group 1: no 7", "group 1: no 8", "group 2: no 8", "group 1: no 9"]);
  });

  test("a group that stopped sends and hears nothing, and may come back; two of one number may not", async () => {
    const { endTurn, first, heard, shared, underneath } = await twoGroups();
    await first.stop();
    first.send(7, messageFor(1));
    endTurn();
    underneath.events?.message(messageFor(1));
    expect(underneath.calls).toEqual([]);
    expect(heard).toEqual([]);
    const again = shared.port(1);
    await again.start({ message: () => heard.push("again"), unreachable: () => undefined });
    underneath.events?.message(messageFor(1));
    expect(heard).toEqual(["again"]);
    await expect(shared.port(1).start({ message: () => undefined, unreachable: () => undefined })).rejects.toThrow(
      "already",
    );
  });
});
