/** One simulated run: a world, random actions, every rule on, and a summary that is the same for the same seed. */

import { ConfigurationFlag, EntryFrame, EventKindName, MemberRole, MessageFormat } from "../host/core/abi.js";
import { encodeConfiguration } from "../host/core/configuration.js";
import type { Capacity } from "../host/core/plan.js";
import { type CheckResult, checkLinearizable } from "./checkers/linearizability.js";
import { Clients, RegisterMachine } from "./clients.js";
import type { CoreUnderTest } from "./core-under-test.js";
import { FAULTS, type Fault } from "./faults.js";
import { Random } from "./random.js";
import { type DrawCounts, RandomDriver } from "./random-driver.js";
import { V8Core } from "./v8-core.js";
import { InvariantViolation } from "./violation.js";
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
export type Membership = "voters" | "learner" | "witness" | "joint";

export interface SimulationOptions {
  /** A whole number of up to 53 bits. */
  readonly seed: number;
  /** 1 to MOST_NODES; 5 unless stated. */
  readonly nodes?: number;
  /** Actions to take. */
  readonly steps: number;
  /** All of FAULTS unless stated. */
  readonly faults?: readonly Fault[];
  /** The core on this process's engine unless stated. */
  readonly core?: CoreUnderTest;
  /** Tiny or roomy, as the seed has it, unless stated. */
  readonly capacity?: Capacity;
  /** As the seed has it, unless stated. */
  readonly membership?: Membership;
  /** Whether the core's own invariants are asked for after each call; true unless stated. */
  readonly askInvariants?: boolean;
}

/** What a run comes to. All but `wallMs` follow from the options and the core. */
export interface SimulationResult {
  readonly seed: number;
  /** Of all actions and effects: 16 hexadecimal digits. */
  readonly digest: string;
  /** Actions taken. */
  readonly steps: number;
  /** Events that the observers were told. */
  readonly events: number;
  /** Entries committed. */
  readonly commits: number;
  readonly elections: number;
  readonly violations: number;
  /** What was violated, and the last actions; null if nothing was. */
  readonly violation: string | null;
  readonly linearizable: boolean;
  /** Why not: what cannot be explained, or what was not decided within the checker's limits; null if linearizable. */
  readonly explanation: string | null;
  /** Requests that clients got an answer to. */
  readonly answered: number;
  readonly wallMs: number;
  readonly core: string;
  readonly engine: string;
  readonly nodes: number;
  readonly membership: Membership;
  readonly faults: readonly Fault[];
  /** Actions by what was drawn. */
  readonly actions: DrawCounts;
  /** How often rare paths were reached: observer events by name, and storage effects. */
  readonly probes: Readonly<Record<string, number>>;
}

/** A fault list or a number of nodes that cannot be used. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

/** Reads a list of faults: names with commas between, "all" or "none". */
export function parseFaults(list: string): readonly Fault[] {
  if (list === "all") return FAULTS;
  if (list === "none" || list === "") return [];
  return list.split(",").map((name) => {
    const fault = FAULTS.find((known) => known === name.trim());
    if (fault === undefined) throw new SimulationError(`"${name}" is no fault; there are: ${FAULTS.join(", ")}`);
    return fault;
  });
}

/**
 * Runs a simulation. A broken rule ends it and is part of the result.
 * @throws {SimulationError} when an option is out of range
 */
export function runSimulation(options: SimulationOptions): SimulationResult {
  const { seed, steps, nodes = 5, faults = FAULTS, core = new V8Core() } = options;
  checkRange("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  checkRange("nodes", nodes, 1, MOST_NODES);
  checkRange("steps", steps, 1, Number.MAX_SAFE_INTEGER);
  const started = performance.now();
  const random = new Random(seed);
  const drawn = random.oneIn(2) ? TINY_CAPACITY : ROOMY_CAPACITY;
  const capacity = { ...(options.capacity ?? { ...drawn, ...drawFeatures(random) }), nodes: Math.max(nodes, 5) };
  const membership = options.membership ?? drawMembership(nodes, random);
  const clients = new Clients(CLIENTS, nodes, capacity.maxMessage - FIXED_BYTES, random);
  const world = new World({
    core,
    seed,
    capacity,
    nodes: Array.from({ length: nodes }, (_, i) => ({ isWitness: membership === "witness" && i === nodes - 1 })),
    configuration: configurationOf(nodes, membership),
    askInvariants: options.askInvariants ?? true,
    machine: (id) => new RegisterMachine(id, clients),
  });
  const driver = new RandomDriver(world, clients, random, faults);
  const violation = runUntilBroken(world, driver, steps);
  const verdict = checkLinearizable(clients.history());
  return {
    seed,
    digest: world.digest.hex(),
    steps: world.steps,
    events: world.events.reduce((sum, count) => sum + count, 0),
    commits: world.committed,
    elections: world.elections,
    violations: violation === null ? 0 : 1,
    violation,
    linearizable: verdict.verdict === "linearizable",
    explanation: explain(verdict),
    answered: clients.answered,
    wallMs: Math.round(performance.now() - started),
    core: core.sha256,
    engine: core.name,
    nodes,
    membership,
    faults,
    actions: driver.counts,
    probes: probesOf(world),
  };
}

function explain(result: CheckResult): string | null {
  switch (result.verdict) {
    case "linearizable":
      return null;
    case "not linearizable":
      return result.explanation.text;
    default:
      return `not decided for ${result.undecided.map(({ key, limit }) => `key ${key} (limit on ${limit})`).join(", ")}`;
  }
}

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

/** Runs; answers what was violated. A trap of the core counts as a violation: it never traps on what comes from outside. */
function runUntilBroken(world: World, driver: RandomDriver, steps: number): string | null {
  try {
    driver.run(steps);
    return null;
  } catch (error) {
    if (error instanceof InvariantViolation) return error.message;
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return describeTrap(world, error);
  }
}

function describeTrap(world: World, trap: WebAssembly.RuntimeError): string {
  try {
    return world.report("the core never traps", `${trap.message}\n${trap.stack ?? ""}`);
  } catch (violation) {
    return (violation as InvariantViolation).message;
  }
}

function probesOf(world: World): Record<string, number> {
  const probes: Record<string, number> = { reads: 0, truncations: 0, appends: 0, hardStates: 0 };
  for (const [kind, count] of world.events.entries()) probes[EventKindName[kind] ?? `${kind}`] = count;
  for (const { counts } of world.nodes) {
    for (const [name, count] of Object.entries(counts)) probes[name] = (probes[name] ?? 0) + count;
  }
  return probes;
}
