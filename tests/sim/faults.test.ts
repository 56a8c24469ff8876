/** The rarer faults: each is injected, has the effect that it claims, changes no run without it, and is noticed if it harms. */

import { describe, expect, it } from "vitest";
import { MemberRole, MessageFormat, MessageKind, Role, StatusCode } from "../../host/core/abi.js";
import type { CoreUnderTest, NodeUnderTest } from "../../sim/core-under-test.js";
import { Agenda } from "../../sim/core-world/agenda.js";
import { DAMAGE_NAMES } from "../../sim/core-world/damage.js";
import {
  FAULTS,
  type Fault,
  RARER_FAULTS,
  type RarerFault,
  USUAL_FAULTS,
  WEIGHTS,
} from "../../sim/core-world/faults.js";
import { INJECTED_FAULTS, injectedIn } from "../../sim/core-world/injected.js";
import { recover } from "../../sim/core-world/liveness.js";
import { keepsMajority, mayLoseDisk } from "../../sim/core-world/lost-disks.js";
import { type Hindrance, Network, OTHER_VERSION, UNHINDERED } from "../../sim/core-world/network.js";
import { RandomDriver } from "../../sim/core-world/random-driver.js";
import { RandomNetwork } from "../../sim/core-world/random-network.js";
import { RandomProcess } from "../../sim/core-world/random-process.js";
import { ROOMY_CAPACITY, runSimulation, type SimulationOptions, TINY_CAPACITY } from "../../sim/core-world/run.js";
import { openRun, type SettingsOptions, settle } from "../../sim/core-world/settings.js";
import { FailingEffect } from "../../sim/core-world/sim-node.js";
import { judge } from "../../sim/core-world/verdict.js";
import type { World } from "../../sim/core-world/world.js";
import { encodeVoteRequest, membersOf } from "../../sim/messages.js";
import { formatTrace, parseTrace, recordRun, replayTrace, type Step } from "../../sim/trace/index.js";
import { V8Core } from "../../sim/v8-core.js";

/** A world of a run, which nothing happens in by itself. */
function open(options: Partial<SettingsOptions> = {}) {
  const stated = { seed: 1, nodes: 5, steps: 1, faults: [] as Fault[], membership: "voters" as const, ...options };
  const { settings, random } = settle(stated);
  const run = openRun(settings, new V8Core(), random);
  const steps: Step[] = [];
  run.world.tap = (step) => steps.push(step);
  const agenda = new Agenda();
  const driver = new RandomDriver(run.world, run.clients, random, settings.faults, settings.weights);
  return { ...run, settings, random, agenda, steps, driver, network: new RandomNetwork(run.world, random, agenda) };
}

/** Does all that is planned. */
function exhaust(agenda: Agenda): void {
  for (let i = 0; i < 1000 && agenda.due < Number.POSITIVE_INFINITY; i++) agenda.run(Number.POSITIVE_INFINITY);
}

/** Whom each node hears, by id. */
function hearing({ network, nodes }: World): number[][] {
  return nodes.map(({ id }) =>
    network.links.filter(({ blocked, to }) => to === id && !blocked).map(({ from }) => from),
  );
}

describe("each of the rarer faults", () => {
  it.each(RARER_FAULTS)("%s is injected, breaks nothing, is replayed from a trace, and heals", (fault) => {
    const faults = [...USUAL_FAULTS, fault];
    let injected = 0;
    for (let seed = 1; seed <= 2; seed++) {
      const { result, trace } = recordRun({ seed, nodes: 3 + seed, steps: 3000, faults, liveness: true });
      expect([seed, result.violation, result.explanation]).toEqual([seed, null, null]);
      expect(result.recovery).not.toBeNull();
      injected += result.injected[fault];
      const replayed = replayTrace(parseTrace(formatTrace(trace), "trace"), new V8Core());
      expect(replayed).toMatchObject({ digest: result.digest, steps: result.steps, skipped: 0 });
    }
    expect(injected).toBeGreaterThan(0);
  });

  it("changes nothing while it is not drawn: the same run as without it", () => {
    const faults = FAULTS.filter((fault) => fault !== "disk");
    const rarer = Object.fromEntries(RARER_FAULTS.map((fault) => [fault, 0])) as Record<RarerFault, number>;
    for (let seed = 1; seed <= 4; seed++) {
      const { digest, probes } = runSimulation({ seed, nodes: 2 + seed, steps: 3000 });
      const options = { seed, nodes: 2 + seed, steps: 3000, faults, weights: { ...WEIGHTS, ...rarer } };
      expect(runSimulation(options)).toMatchObject({ digest, probes });
    }
  });

  it("all together break nothing, and leave room for commits and for each other", () => {
    const injected = new Set<Fault>();
    let commits = 0;
    for (let seed = 1; seed <= 4; seed++) {
      const result = runSimulation({ seed, nodes: 5, steps: 8000, faults: FAULTS, liveness: true });
      expect([seed, result.violation, result.explanation]).toEqual([seed, null, null]);
      for (const fault of RARER_FAULTS) if (result.actions[fault] > 0) injected.add(fault);
      commits += result.commitsUnderFaults;
    }
    expect([...RARER_FAULTS].filter((fault) => !injected.has(fault))).toEqual([]);
    expect(commits).toBeGreaterThan(1000);
  });
});

describe("a fault alone", () => {
  /** A run that has one leader from its beginning to its end if it has no fault. */
  const calm: SimulationOptions = { seed: 5, steps: 12_000, membership: "voters", capacity: TINY_CAPACITY };
  const alone = (fault: Fault) => runSimulation({ ...calm, faults: [fault], liveness: true });

  it.each(["halves", "alone", "oneway", "version", "kinds", "pause", "slow", "jump", "drift", "swizzle"] as const)(
    "%s costs leaders their office",
    (fault) => {
      const { elections, violation } = alone(fault);
      expect(violation).toBeNull();
      expect(elections).toBeGreaterThan(1);
    },
  );

  it.each(["bridge", "ring"] as const)(
    "%s costs none: a leader hears a majority, and loyal voters no one else",
    (fault) => {
      const { actions, commits, elections } = alone(fault);
      expect(actions[fault]).toBeGreaterThan(3);
      expect(elections).toBe(1);
      expect(commits).toBeGreaterThan(500);
    },
  );

  it.each([
    ["burst", "lostInBursts"],
    ["kinds", "lostByKind"],
    ["queue", "overflows"],
    ["version", "otherVersions"],
    ["version", "refused"],
    ["corrupt", "refused"],
    ["delay", "heldUp"],
    ["disk", "disksLost"],
  ] as const)("%s is counted by what it does: %s", (fault, probe) => {
    expect(alone(fault).probes[probe]).toBeGreaterThan(0);
  });

  it("stale: messages arrive in later terms than they are of", () => {
    const faults: Fault[] = ["stale", "alone", "crash"];
    const { probes, violation } = runSimulation({ ...calm, faults });
    expect(violation).toBeNull();
    expect(probes["arrivedInLaterTerm"]).toBeGreaterThan(10);
  });
});

describe("what is counted is what happens", () => {
  const options = { seed: 6, nodes: 4, steps: 4000, membership: "voters" as const, capacity: TINY_CAPACITY };
  const happened = (faults: readonly Fault[]) => {
    const { injected, violation } = runSimulation({ ...options, faults, liveness: true });
    expect(violation).toBeNull();
    return INJECTED_FAULTS.filter((fault) => injected[fault] > 0);
  };

  it("without faults nothing, whatever a cluster does once they stop", () => {
    expect(happened([])).toEqual([]);
    expect(happened(["query"])).toEqual([]);
  });

  it.each(USUAL_FAULTS.filter((fault) => fault !== "query"))("%s alone, and nothing else", (fault) => {
    expect(happened([fault])).toEqual([fault]);
  });

  it("no fault that is only armed: it is counted when it comes to something", () => {
    const { driver, world } = open({ nodes: 1, faults: ["durability"] });
    const node = world.node(1);
    const counts = () => injectedIn(world, driver.counts);
    const before = counts();
    world.failNext(node, FailingEffect.APPEND);
    world.dieAfter(node, 1000);
    world.deferReads(node, true);
    expect(counts()).toEqual(before);
    world.fire(node, 0);
    expect(counts()).toMatchObject({ timer: before.timer + 1, storage: before.storage + 1, boundary: 0, read: 0 });
    world.crash(node);
    world.restart(node);
    world.dieAfter(node, 0);
    world.flush(node);
    expect(counts().boundary).toBe(1);
  });

  it("several inputs before a flush are a batch, and one is none", () => {
    const { driver, world } = open({ nodes: 1 });
    const node = world.node(1);
    const batches = () => injectedIn(world, driver.counts).batch;
    world.autoFlush = false;
    for (const [inputs, sum] of [
      [1, 0],
      [2, 1],
      [5, 2],
    ] as const) {
      for (let i = 0; i < inputs; i++) world.propose(node, new Uint8Array(8));
      world.flush(node);
      expect(batches()).toBe(sum);
    }
  });

  it("a link's next message is not reordered, and a later one is", () => {
    const { driver, world } = open({ nodes: 2 });
    const link = world.network.link(1, 2);
    const bytes = encodeVoteRequest({ from: 1, to: 2, term: 3, cluster: 1n }, { lastIndex: 0, lastTerm: 0 });
    const region = { bytes, words: new Int32Array(bytes.buffer) };
    for (let i = 0; i < 3; i++) world.network.send(world.network.pool.fill(1, 2, region, 0, bytes.length, false));
    world.deliver(link, 0);
    expect(injectedIn(world, driver.counts).reorder).toBe(0);
    world.deliver(link, 1);
    expect(injectedIn(world, driver.counts).reorder).toBe(1);
  });

  it("a copy that a cut link loses is no duplicate, and is lost at the cut", () => {
    const { driver, world } = open({ nodes: 2 });
    const { network } = world;
    const link = network.link(1, 2);
    const bytes = encodeVoteRequest({ from: 1, to: 2, term: 3, cluster: 1n }, { lastIndex: 0, lastTerm: 0 });
    network.send(network.pool.fill(1, 2, { bytes, words: new Int32Array(bytes.buffer) }, 0, bytes.length, false));
    world.duplicate(link, 0);
    world.block(link);
    world.duplicate(link, 0);
    expect(injectedIn(world, driver.counts).duplicate).toBe(1);
    expect(network.counts.lostAtCuts).toBe(1);
  });
});

describe("partitions", () => {
  it("halves: every node hears those of its own half alone", () => {
    const { network, world } = open();
    expect(network.halves()).toBe(true);
    expect(hearing(world).map(({ length }) => length)).toEqual(expect.arrayContaining([1, 1, 2, 2, 2]));
    for (const [i, heard] of hearing(world).entries()) {
      for (const other of heard) expect(hearing(world)[other - 1]).toContain(i + 1);
    }
  });

  it("bridge: one node hears all, the others their half and it", () => {
    const { network, world } = open();
    expect(network.bridge()).toBe(true);
    const heard = hearing(world).map(({ length }) => length);
    expect(heard.filter((count) => count === 4)).toHaveLength(1);
    expect(Math.max(...heard.filter((count) => count < 4))).toBeLessThanOrEqual(3);
    expect(heard.filter((count) => count < 4)).toHaveLength(4);
  });

  it.each([4, 5, 6, 7, 9])("ring of %i: each node hears a majority with itself, none the same, not all", (nodes) => {
    const { network, world } = open({ nodes });
    expect(network.ring()).toBe(true);
    const sets = hearing(world).map((heard, i) => [...heard, i + 1].sort((a, b) => a - b));
    for (const set of sets) {
      expect(set.length * 2).toBeGreaterThan(nodes);
      expect(set.length).toBeLessThan(nodes);
    }
    expect(new Set(sets.map((set) => set.join())).size).toBe(nodes);
  });

  it("alone and oneway: one node hears nobody and is not heard, or one of both", () => {
    const { network, world } = open();
    expect(network.alone()).toBe(true);
    const cut = () => world.network.links.filter(({ blocked }) => blocked);
    expect(cut()).toHaveLength(8);
    expect(network.oneway()).toBe(true);
    expect(cut()).toHaveLength(4);
    expect(Math.min(new Set(cut().map(({ from }) => from)).size, new Set(cut().map(({ to }) => to)).size)).toBe(1);
  });

  it("flap: links are cut and heal many times, and are well in the end", () => {
    const { agenda, network, steps, world } = open();
    expect(network.flap()).toBe(true);
    exhaust(agenda);
    const first = steps[0] as Extract<Step, { do: "BLOCK" }>;
    const changes = steps.filter((step) => "from" in step && step.from === first.from && step.to === first.to);
    expect(changes.length).toBeGreaterThanOrEqual(4);
    expect(changes.map(({ do: what }) => what).slice(0, 3)).toEqual(["BLOCK", "UNBLOCK", "BLOCK"]);
    expect(world.network.links.every(({ blocked }) => !blocked)).toBe(true);
  });

  it("swizzle: links are cut one after the other, and heal in another order", () => {
    const { agenda, network, steps, world } = open();
    while (steps.length < 10) {
      network.swizzle();
      steps.length = 0;
      exhaust(agenda);
    }
    const names = (what: string) =>
      steps.flatMap((step) => (step.do === what && "from" in step ? [`${step.from}-${step.to}`] : []));
    const cut = names("BLOCK");
    const healed = names("UNBLOCK");
    expect([...healed].sort()).toEqual([...cut].sort());
    expect(healed).not.toEqual(cut);
    expect(steps.slice(0, cut.length).every((step) => step.do === "BLOCK")).toBe(true);
    expect(world.network.links.every(({ blocked }) => !blocked)).toBe(true);
  });

  it("cannot be had by a single node", () => {
    const { network } = open({ nodes: 1 });
    const shapes = [
      "halves",
      "bridge",
      "ring",
      "alone",
      "oneway",
      "flap",
      "swizzle",
      "burst",
      "kinds",
      "queue",
      "version",
    ];
    for (const shape of shapes as (keyof RandomNetwork & "halves")[]) expect(network[shape]()).toBe(false);
  });
});

describe("a hindered link", () => {
  const bytes = encodeVoteRequest({ from: 1, to: 2, term: 3, cluster: 1n }, { lastIndex: 0, lastTerm: 0 });
  const region = { bytes, words: new Int32Array(bytes.buffer) };

  /** Sends four messages over it: answers their numbers that are there then, and all the network counted. */
  function sendFour(hindrance: Partial<Hindrance>) {
    const network = new Network(2);
    const link = network.link(1, 2);
    link.hindrance = { ...UNHINDERED, ...hindrance };
    const serials = [1, 2, 3, 4].map((number) => {
      const envelope = network.pool.fill(1, 2, region, 0, bytes.length, false);
      const { serial } = envelope;
      network.send(envelope);
      return { serial, number };
    });
    const arrive = link.messages.map(({ serial }) => serials.find((sent) => sent.serial === serial)?.number);
    return { arrive, counts: network.counts, link, network };
  }

  it("loses what its burst says, and then nothing", () => {
    const { arrive, counts } = sendFour({ losses: 0b101 });
    expect(arrive).toEqual([2, 4]);
    expect(counts.lostInBursts).toBe(2);
  });

  it("loses the kinds that it is told, and no others", () => {
    expect(sendFour({ kinds: 1 << MessageKind.VOTE_REQUEST })).toMatchObject({ arrive: [], counts: { lostByKind: 4 } });
    expect(sendFour({ kinds: 1 << MessageKind.APPEND })).toMatchObject({
      arrive: [1, 2, 3, 4],
      counts: { lostByKind: 0 },
    });
  });

  it("loses the newest or the oldest where it has no room", () => {
    expect(sendFour({ room: 3 })).toMatchObject({ arrive: [1, 2, 3], counts: { overflows: 1 } });
    const { arrive, network } = sendFour({ room: 2, losesOldest: true });
    expect(arrive).toEqual([3, 4]);
    expect([network.counts.overflows, network.count]).toEqual([2, 2]);
  });

  it("has its messages say that they are of another version", () => {
    const { counts, link } = sendFour({ otherVersion: true });
    expect(link.messages.map((message) => message.bytes[2])).toEqual([
      OTHER_VERSION,
      OTHER_VERSION,
      OTHER_VERSION,
      OTHER_VERSION,
    ]);
    expect(counts.otherVersions).toBe(4);
    expect(OTHER_VERSION).not.toBe(MessageFormat.VERSION);
  });

  it("a message that is held up is overtaken, and arrives behind the others", () => {
    const { link, network } = sendFour({});
    const [first, ...others] = link.messages;
    network.holdUp(link, 0);
    expect(link.messages).toEqual(others);
    expect(network.underWay()).toHaveLength(4);
    network.letGo(0);
    expect(link.messages).toEqual([...others, first]);
  });
});

describe("damaged messages", () => {
  /** The shipped core, with another way to receive. */
  class Receiving implements CoreUnderTest {
    readonly name = "receiving";
    readonly sha256 = "";
    readonly #core = new V8Core();
    constructor(readonly receive: (node: NodeUnderTest, status: number) => number) {}
    create(...args: Parameters<CoreUnderTest["create"]>): NodeUnderTest {
      const node = this.#core.create(...args);
      const receive = node.receive.bind(node);
      node.receive = (now, message, length) => this.receive(node, receive(now, message, length));
      return node;
    }
  }
  const options: SimulationOptions = { seed: 2, nodes: 3, steps: 4000, faults: ["corrupt", "alone"] };

  it("are refused in every way of damage, whatever they are, and nothing comes of them", () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 6; seed++) {
      const weights = { ...WEIGHTS, corrupt: 100 };
      const faults: Fault[] = ["corrupt", "query", "snapshot", "crash", "durability"];
      const { violation } = runSimulation({
        ...{ seed, nodes: 3, steps: 6000, faults, weights, capacity: { ...TINY_CAPACITY, keepEntries: 0 } },
        tap: (step) => {
          if (step.do === "CORRUPT") seen.add(`${DAMAGE_NAMES[step.way]} of kind ${step.kind}`);
        },
      });
      expect(violation).toBeNull();
    }
    for (const name of DAMAGE_NAMES) {
      const kinds = [...seen].filter((one) => one.startsWith(`${name} of `));
      expect([name, kinds.length >= 4]).toEqual([name, true]);
    }
  });

  it("that are taken are found", () => {
    const core = new Receiving((_, status) => Math.max(status, StatusCode.OK));
    expect(runSimulation({ ...options, core }).violation).toMatch(
      /^malformed messages are refused: .* takes a message/,
    );
  });

  it("that change anything are found", () => {
    const core = new Receiving((node, status) => {
      if (status < 0) node.propose(new Uint8Array(8));
      return status;
    });
    expect(runSimulation({ ...options, core }).violation).toMatch(/^malformed messages are refused: node \d changes/);
  });
});

describe("processes", () => {
  it("pause: nothing reaches a node until it goes on, and then it is told", () => {
    const { agenda, random, world } = open();
    const awake: number[] = [];
    const process = new RandomProcess(world, random, agenda, ({ id }) => awake.push(id));
    expect(process.pause()).toBe(true);
    const paused = world.nodes.filter((node) => process.isHeld(node)).map(({ id }) => id);
    expect([paused.length, process.held, awake]).toEqual([1, 1, []]);
    exhaust(agenda);
    expect([process.held, awake]).toEqual([0, paused]);
    expect(world.nodes.some((node) => process.isHeld(node))).toBe(false);
  });

  it("pause: a node's clock goes on meanwhile, and it hears of nothing for longer than a lease", () => {
    /** Longest true time between two inputs of a node that is up. */
    const longestSilence = (faults: readonly Fault[]) => {
      let now = 0;
      let longest = 0;
      const heard: number[] = [];
      const capacity = { ...TINY_CAPACITY, leaseDrift: 200 };
      const { violation } = runSimulation({
        ...{ seed: 5, nodes: 3, steps: 12_000, membership: "voters", capacity, faults },
        tap: (step) => {
          if (step.do === "ADVANCE" && step.node === 0) now += step.ms;
          const to = step.do === "DELIVER" ? step.to : step.do === "TIMER" ? step.node : 0;
          if (to === 0) return;
          longest = Math.max(longest, now - (heard[to] ?? now));
          heard[to] = now;
        },
      });
      expect(violation).toBeNull();
      return longest;
    };
    expect(longestSilence([])).toBeLessThan(TINY_CAPACITY.electionTimeout);
    expect(longestSilence(["pause"])).toBeGreaterThan(2 * TINY_CAPACITY.electionTimeout);
  });

  it("slow: a node gets some turns, and few", () => {
    const { agenda, random, world } = open();
    const process = new RandomProcess(world, random, agenda, () => undefined);
    expect(process.slow()).toBe(true);
    const turns = world.nodes.map(
      (node) => Array.from({ length: 400 }, () => process.isHeld(node)).filter((held) => !held).length,
    );
    const slow = turns.filter((count) => count < 400);
    expect(slow).toHaveLength(1);
    expect(slow[0]).toBeGreaterThan(0);
    expect(slow[0]).toBeLessThan(100);
  });

  it("jump: where leases are on only the clocks of leaders jump", () => {
    const roles = (leaseDrift: number) => {
      const { driver, world } = open({
        steps: 6000,
        faults: ["jump", "alone"],
        capacity: { ...ROOMY_CAPACITY, leaseDrift },
      });
      const seen = new Set<number>();
      world.tap = (step) => {
        if (step.do === "ADVANCE" && step.node !== 0) seen.add(world.node(step.node).core.state.role);
      };
      driver.run(6000);
      return seen;
    };
    expect(roles(200)).toEqual(new Set([Role.LEADER]));
    expect(roles(0).has(Role.FOLLOWER)).toBe(true);
  });
});

describe("lost disks", () => {
  it("are lost only where every configuration keeps a majority", () => {
    const { world } = open({ nodes: 3, faults: ["disk"] });
    expect(world.nodes).toHaveLength(5);
    expect(world.nodes.map((node) => mayLoseDisk(world, node))).toEqual([true, true, true, false, false]);
    world.loseDisk(world.node(3));
    expect(world.node(3).isUp).toBe(false);
    expect(() => world.restart(world.node(3))).toThrow("lost with its disk");
    expect(world.nodes.map((node) => mayLoseDisk(world, node))).toEqual([false, false, false, false, false]);
    expect(keepsMajority(world.nodes, world.configurationBytes(0))).toBe(true);
    expect(keepsMajority(world.nodes.slice(1), world.configurationBytes(0))).toBe(false);
  });

  it("are never those that a witness may be ahead of", () => {
    const { world } = open({ nodes: 5, faults: ["disk"], membership: "witness" });
    expect(world.nodes.some((node) => mayLoseDisk(world, node))).toBe(false);
  });

  it("are replaced: the operator removes the member and adds another one, which votes in the end", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const run = open({ seed, nodes: 3, faults: ["disk"], weights: { ...WEIGHTS, disk: 10 } });
      const { driver, world } = run;
      driver.run(6000);
      world.tap = null;
      recover(run);
      const leader = world.nodes.find((node) => node.leads);
      const lost = world.nodes.filter(({ isLost }) => isLost).map(({ id }) => id);
      const members = membersOf(leader?.core.configuration() ?? new Uint8Array());
      expect(lost.length).toBeGreaterThan(0);
      expect(members.filter(({ id }) => lost.includes(id))).toEqual([]);
      expect(members.map(({ roles }) => roles)).toEqual(members.map(() => MemberRole.VOTER));
      expect(members).toHaveLength(3);
      expect(members.some(({ id }) => id > 3)).toBe(true);
      world.close();
    }
  });
});

describe("clocks that keep to no bound", () => {
  /** The rules that runs with leases break. */
  function brokenRules(faults: readonly Fault[], isJudged: boolean): Set<string> {
    const rules = new Set<string>();
    const weights = { ...WEIGHTS, heal: 3, query: 200, time: 120 };
    for (let seed = 1; seed <= 6; seed++) {
      const capacity = { ...ROOMY_CAPACITY, leaseDrift: 200 };
      const run = open({ seed, nodes: 3, faults, weights, capacity });
      if (isJudged) run.world.leasesHold = true;
      const { verdict } = judge(run, { liveness: false }, () => run.driver.run(8000));
      if (verdict.rule !== null) rules.add(verdict.rule);
    }
    return rules;
  }

  it("make reads by lease stale, which is found when they are judged, and not held against the core", () => {
    expect([...brokenRules(["alone", "query", "drift"], true)]).toEqual(["linearizable reads"]);
    expect(brokenRules(["alone", "query", "drift"], false)).toEqual(new Set());
  });

  it("and within the bound they are not", () => {
    expect(brokenRules(["alone", "query", "jump", "pause"], true)).toEqual(new Set());
  });
});
