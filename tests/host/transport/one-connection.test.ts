/**
 * Two hosts end with one connection, the same one for both, in whatever order dials, hellos and ends come: over streams whose
 * every step is taken by hand (wires.ts), with many random orders. Real sockets: tcp-pair.test.ts.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bytesOf } from "./peers.js";
import { drawing, type Host, Network } from "./wires.js";

/** Random orders a test goes through. */
const ORDERS = 150;
/** Longer than it takes pings to find out, and the longest wait between two attempts after that. */
const LONG_MS = 12_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const orders = async (run: (network: Network, random: () => number) => Promise<void>): Promise<void> => {
  for (let seed = 1; seed <= ORDERS; seed++) {
    const random = drawing(seed);
    await run(new Network(random), random).catch((error: unknown) => {
      throw new Error(`order ${seed}`, { cause: error });
    });
    vi.clearAllTimers();
  }
};

const introduce = (from: Host, to: Host): void => from.links.add(to.id, { host: "host", port: to.id });

/** Lets time pass; all that is under way arrives in between. */
async function pass(network: Network, milliseconds: number, step = 20): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += step) {
    await network.deliverAll();
    vi.advanceTimersByTime(step);
  }
  await network.deliverAll();
}

/** Some steps, and now and then a little time. */
async function wander(network: Network, random: () => number, steps: number): Promise<void> {
  for (let taken = 0; taken < steps; taken++) {
    await network.step();
    if (random() < 0.1) vi.advanceTimersByTime(Math.ceil(random() * 60));
  }
}

/** Messages get through both ways, each over the only socket that there is, and nobody dials any more. */
async function expectOneConnection(network: Network, ...hosts: [Host, Host]): Promise<void> {
  const [a, b] = hosts;
  for (const { context } of hosts) expect(context.sockets.size).toBe(1);
  expect([a.links.connected, b.links.connected]).toEqual([[b.id], [a.id]]);
  const dials = network.dials;
  const heard = hosts.map(({ recorder }) => recorder.messages.length);
  a.links.send(b.id, bytesOf("from a"));
  b.links.send(a.id, bytesOf("from b"));
  await pass(network, LONG_MS, 500);
  expect(hosts.map(({ recorder }, i) => recorder.messages.slice(heard[i]))).toEqual([["from b"], ["from a"]]);
  expect(network.dials).toBe(dials);
}

const numbered = (from: Host, count: number): string[] => Array.from({ length: count }, (_, i) => `${from.id}: ${i}`);

describe("two hosts that dial each other at once", () => {
  it("keep that of the lower id, and no message is lost or comes twice", async () => {
    let crossings = 0;
    await orders(async (network, random) => {
      const [a, b] = [network.start(1), network.start(2)];
      const sent = new Map([a, b].map((host) => [host, numbered(host, 40)]));
      introduce(a, b);
      introduce(b, a);
      const waiting = new Map([...sent].map(([host, texts]) => [host, [...texts]]));
      while ([...waiting.values()].some((texts) => texts.length > 0)) {
        const [from, to] = random() < 0.5 ? [a, b] : [b, a];
        const text = waiting.get(from)?.shift();
        if (text !== undefined) from.links.send(to.id, bytesOf(text));
        await network.step();
      }
      await pass(network, 100);
      expect([...b.recorder.messages].sort()).toEqual([...(sent.get(a) ?? [])].sort());
      expect([...a.recorder.messages].sort()).toEqual([...(sent.get(b) ?? [])].sort());
      expect([...a.recorder.hints, ...b.recorder.hints]).toEqual([]);
      await expectOneConnection(network, a, b);
      if (network.dialledBy("all").length < 2) return;
      crossings++;
      expect(network.dialledBy("left")).toEqual([1]);
    });
    expect(crossings).toBeGreaterThan(ORDERS / 4);
  });

  it("stay connected to three others each", async () => {
    await orders(async (network, random) => {
      const hosts = [1, 2, 3, 4].map((id) => network.start(id));
      for (const from of hosts) for (const to of hosts) if (from !== to) introduce(from, to);
      await wander(network, random, 60);
      await pass(network, 200);
      for (const { context, links } of hosts) {
        expect(context.sockets.size).toBe(3);
        expect(links.connected).toHaveLength(3);
      }
    });
  });
});

describe("one-sided reachability", () => {
  it.each([
    ["only one knows the other", false],
    ["only one can dial the other", true],
  ])("is enough: %s", async (_, knowsInVain) => {
    await orders(async (network, random) => {
      const [a, b] = random() < 0.5 ? [network.start(1), network.start(2)] : [network.start(2), network.start(1)];
      network.unreachable.add(`${b.id}>${a.id}`);
      if (knowsInVain) introduce(b, a);
      await wander(network, random, Math.floor(random() * 6));
      introduce(a, b);
      await wander(network, random, 20);
      await pass(network, 200);
      await expectOneConnection(network, a, b);
    });
  });
});

describe("what breaks", () => {
  it("is replaced, and what is left of it goes: ends that are told, ends that are not, and hosts that start anew", async () => {
    await orders(async (network, random) => {
      let hosts: [Host, Host] = [network.start(1), network.start(2)];
      const meet = (): void => {
        introduce(hosts[0], hosts[1]);
        introduce(hosts[1], hosts[0]);
      };
      meet();
      for (let faults = 0; faults < 4; faults++) {
        await wander(network, random, Math.floor(random() * 30));
        const fault = random();
        if (fault < 0.3) {
          network.breakSilently(...hosts);
        } else if (fault < 0.9) {
          const index = random() < 0.5 ? 0 : 1;
          await network.crash(hosts[index], fault < 0.6);
          const again = network.start(hosts[index].id);
          hosts = index === 0 ? [again, hosts[1]] : [hosts[0], again];
        } else {
          network.unreachable.add("1>2");
          await wander(network, random, 10);
          network.unreachable.clear();
        }
        meet();
      }
      await pass(network, LONG_MS, 100);
      await expectOneConnection(network, ...hosts);
    });
  });

  it("is told to the core when a host starts anew before its end was noticed", async () => {
    await orders(async (network, random) => {
      const [a, b] = [network.start(1), network.start(2)];
      introduce(a, b);
      await pass(network, 100);
      await network.crash(b, false);
      const again = network.start(2);
      introduce(again, a);
      await wander(network, random, 10);
      await pass(network, 3000, 100);
      expect(a.recorder.hints).toEqual([{ peer: 2, reason: "connected anew" }]);
      await expectOneConnection(network, a, again);
    });
  });
});

describe("a peer whose address changes", () => {
  it("is dialled anew; what was open runs empty when the new connection is there", async () => {
    await orders(async (network, random) => {
      const [a, b] = random() < 0.5 ? [network.start(1), network.start(2)] : [network.start(2), network.start(1)];
      if (random() < 0.5) introduce(a, b);
      else introduce(b, a);
      await pass(network, 100);
      a.links.add(b.id, { host: "host", port: 99 });
      a.links.add(b.id, { host: "another-name", port: b.id });
      const sent = numbered(a, 20);
      for (const text of sent) {
        a.links.send(b.id, bytesOf(text));
        await network.step();
      }
      await pass(network, 200);
      expect([...b.recorder.messages].sort()).toEqual([...sent].sort());
      await expectOneConnection(network, a, b);
    });
  });

  it("stays connected while nobody answers at the new one, which is tried again", async () => {
    await orders(async (network) => {
      const [a, b] = [network.start(1), network.start(2)];
      introduce(a, b);
      await pass(network, 100);
      network.unreachable.add("1>3");
      a.links.add(b.id, { host: "host", port: 3 });
      await pass(network, 500);
      expect(a.links.connected).toEqual([2]);
      expect(a.recorder.of("connect-failed").length).toBeGreaterThan(1);
      expect(a.recorder.hints).toEqual([]);
    });
  });
});
