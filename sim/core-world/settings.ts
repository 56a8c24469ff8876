/**
 * All that a run follows from beside its core. What a seed draws is drawn here, so that a replay has it without drawing.
 */

import { ConfigurationFlag, EntryFrame, MemberRole, MessageFormat } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import type { Capacity } from "../../host/core/plan.js";
import type { CoreUnderTest } from "../core-under-test.js";
import { Random } from "../random.js";
import { Clients, RegisterMachine } from "./clients.js";
import { type Draw, type Fault, RARER_FAULTS, USUAL_FAULTS, WEIGHTS, type Weights } from "./faults.js";
import { SessionClients } from "./session-clients.js";
import { SessionRegisterMachine } from "./session-machine.js";
import { World } from "./world.js";

/** Clients of a run; each waits for its answer before it asks again. */
const CLIENTS = 32;

/** A window and messages so small that every limit is met all the time. */
export const TINY_CAPACITY: Capacity = {
  nodes: 5,
  windowEntries: 32,
  windowBytes: 1536,
  maxMessage: 256,
  inflightMessages: 3,
  inflightBytes: 384,
  uncommittedBytes: 512,
  addressBytes: 0,
  electionTimeout: 100,
  electionJitter: 100,
  heartbeat: 10,
  keepEntries: 0,
  leaseDrift: 0,
  quiesceRounds: 0,
};

/** Room enough that only slow followers meet a limit. */
export const ROOMY_CAPACITY: Capacity = {
  ...TINY_CAPACITY,
  windowEntries: 128,
  windowBytes: 16384,
  maxMessage: 1024,
  inflightMessages: 16,
  inflightBytes: 8192,
  uncommittedBytes: 8192,
};

/** How far clocks drift apart in a run with leases, in thousandths. */
const LEASE_DRIFT = 200;

/** Most nodes of a run. */
export const MOST_NODES = 9;

/** Who votes at first: all nodes; all but the last, which learns; all, the last one without payloads; or two sets that
 * share one or two nodes (thesis 4.3). */
export const MEMBERSHIPS = ["voters", "learner", "witness", "joint"] as const;
export type Membership = (typeof MEMBERSHIPS)[number];

export interface SettingsOptions {
  /** A whole number of up to 53 bits. */
  readonly seed: number;
  /** 1 to MOST_NODES; 5 unless stated. */
  readonly nodes?: number;
  /** Actions to take. */
  readonly steps: number;
  /** USUAL_FAULTS unless stated. */
  readonly faults?: readonly Fault[];
  /** How often each action is drawn; unless stated WEIGHTS, in which many rarer faults are rarer still. */
  readonly weights?: Weights;
  /** Tiny or roomy, as the seed has it, unless stated. */
  readonly capacity?: Capacity;
  /** As the seed has it, unless stated. */
  readonly membership?: Membership;
  /** Whether the core's own invariants are asked for after each call; true unless stated. */
  readonly askInvariants?: boolean;
  /** Whether it is judged at the end that the cluster recovers when faults stop; false unless stated. */
  readonly liveness?: boolean;
  /** Whether there are clients with sessions, too; false unless stated. */
  readonly sessions?: boolean;
}

/** Options without any that is not stated. */
export type Settings = Required<SettingsOptions>;

/** A fault list or a number of nodes that cannot be used. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

/** A world as a run begins with it. */
export interface OpenRun {
  readonly world: World;
  readonly clients: Clients;
}

/**
 * Settles what a seed draws. The generator is left where the run goes on with it.
 * @throws {SimulationError} when an option is out of range
 */
export function settle(options: SettingsOptions): { readonly settings: Settings; readonly random: Random } {
  const { seed, steps, nodes = 5, faults = USUAL_FAULTS, weights = weightsFor(faults) } = options;
  checkRange("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  checkRange("nodes", nodes, 1, MOST_NODES);
  checkRange("steps", steps, 1, Number.MAX_SAFE_INTEGER);
  const random = new Random(seed);
  const drawn = random.oneIn(2) ? TINY_CAPACITY : ROOMY_CAPACITY;
  const members = Math.max(nodes + sparesOf(faults), 5);
  const capacity = { ...(options.capacity ?? { ...drawn, ...drawFeatures(random) }), nodes: members };
  const membership = options.membership ?? drawMembership(nodes, random);
  const { askInvariants = true, liveness = false, sessions = false } = options;
  const drawnOrStated = { capacity, membership };
  const settings = { seed, steps, nodes, faults, weights, ...drawnOrStated, askInvariants, liveness, sessions };
  return { settings, random };
}

/** Rarer faults above which each of them comes less often: what they cut or hinder lasts for a while, and with more of them
 * than this something would be cut all the time, and nothing ever be committed. */
const MANY_RARER = 6;
/** How much more often everything else is drawn then. */
const BESIDE_MANY = 8;

function weightsFor(faults: readonly Fault[]): Weights {
  const isRarer = (name: string) => RARER_FAULTS.some((rarer) => rarer === name);
  if (faults.filter(isRarer).length <= MANY_RARER) return WEIGHTS;
  const weights = Object.entries(WEIGHTS).map(([draw, weight]) => [
    draw,
    isRarer(draw) ? weight : weight * BESIDE_MANY,
  ]);
  return Object.fromEntries(weights) as Record<Draw, number>;
}

/** Nodes that are no members at first, of a run in which others are lost with their disks. */
const SPARES = 2;

/** Nodes of a run's world. */
export function nodesOf({ faults, nodes }: Pick<Settings, "faults" | "nodes">): number {
  return nodes + sparesOf(faults);
}

function sparesOf(faults: readonly Fault[]): number {
  return faults.includes("disk") ? SPARES : 0;
}

/** Makes the world of a run, and its clients, who draw from `random`. */
export function openRun(settings: Settings, core: CoreUnderTest, random: Random): OpenRun {
  const { askInvariants, capacity, membership, nodes, seed } = settings;
  const envelope = settings.sessions ? ENVELOPE_BYTES : 0;
  const spares = sparesOf(settings.faults);
  const clients = new Clients(CLIENTS, nodes + spares, capacity.maxMessage - FIXED_BYTES - envelope, random);
  const sessions = settings.sessions ? new SessionClients(nodes + spares, random, () => clients.tick(), report) : null;
  clients.sessions = sessions;
  const world: World = new World({
    core,
    seed,
    capacity,
    nodes: [
      ...Array.from({ length: nodes }, (_, i) => ({ isWitness: membership === "witness" && i === nodes - 1 })),
      ...Array.from({ length: spares }, () => ({ isStranger: true })),
    ],
    configuration: configurationOf(nodes, membership),
    askInvariants,
    machine: (id) =>
      sessions === null ? new RegisterMachine(id, clients) : new SessionRegisterMachine(id, clients, sessions),
  });
  const synchronous = !settings.faults.includes("durability");
  for (const node of world.nodes) node.synchronous = synchronous;
  world.leasesHold = !settings.faults.includes("drift");
  world.onCrash = (node) => {
    clients.crashed(node.id);
    node.readsDeferred = false;
  };
  return { world, clients };

  function report(rule: string, detail: string): never {
    return world.report(rule, detail);
  }
}

/** Bytes of an envelope of no session before a command. */
const ENVELOPE_BYTES = 11;
/** Bytes of a message and of an entry before a command. */
const FIXED_BYTES = MessageFormat.APPEND + EntryFrame.HEADER;

/** What a run's nodes may do besides: keep entries behind a snapshot, rely on leases, rest. */
function drawFeatures(random: Random): Partial<Capacity> {
  return {
    keepEntries: random.oneIn(2) ? 0 : 40,
    leaseDrift: random.oneIn(3) ? LEASE_DRIFT : 0,
    quiesceRounds: random.oneIn(4) ? 2 : 0,
  };
}

function drawMembership(nodes: number, random: Random): Membership {
  const draw = random.below(6);
  if (draw === 2 && nodes >= 3) return "witness";
  if (draw === 0 && nodes >= 2) return "learner";
  return draw === 1 && nodes >= 4 ? "joint" : "voters";
}

function configurationOf(nodes: number, membership: Membership): Uint8Array {
  const members = Array.from({ length: nodes }, (_, i) => ({ id: i + 1, roles: MemberRole.VOTER as number }));
  const middle = (nodes + 1) >> 1;
  for (const member of members) {
    if (membership === "witness" && member.id === nodes) member.roles = MemberRole.VOTER | MemberRole.WITNESS;
    if (membership === "learner" && member.id === nodes) member.roles = MemberRole.LEARNER;
    if (membership !== "joint" || member.id < middle) continue;
    member.roles = member.id === middle ? MemberRole.VOTER | MemberRole.OUTGOING : MemberRole.OUTGOING;
  }
  return encodeConfiguration(members, membership === "joint" ? ConfigurationFlag.JOINT : 0);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new SimulationError(`${name} is ${value}, and must be a whole number from ${least} to ${most}`);
}
