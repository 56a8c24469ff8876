/**
 * The receive path under messages that no correct node sent, or not at this time: structural mutations of valid messages,
 * delivered to nodes of every role. A mutated message that is well-formed can mislead a node about its cluster, as
 * messages carry no proof of who sent them; so what is asserted is what holds of one node whatever it is told: it never
 * traps, its invariants hold, what it refuses leaves it as it was, and it goes on working.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageKind, ReadKind, StatusCode, StorageAnswer, TimerKind } from "../../host/core/abi.js";
import { CoreInstance } from "../../host/core/instance.js";
import { shippedCore } from "../../host/core/module.js";
import { statusName } from "../../host/core/node.js";
import { Fork } from "./fork.js";
import { kindOf } from "./messages.js";
import { type Mutation, mutate, mutationArbitrary, type Repair, repairArbitrary, repaired } from "./mutations.js";
import { harvest, SHAPES, SITUATIONS, type State } from "./states.js";

const SEED = 20261123;
/** Runs of the property; each delivers up to three mutated messages. */
const RUNS = 80_000;
/** Mutated messages that must have been delivered, at least. */
const DELIVERIES = 100_000;
/** In ms: a bound on hanging. */
const TIMEOUT = 240_000;

/** One message to deliver, and what follows it. */
interface Step {
  /** The message that the state was taken before, or any other. */
  readonly message: number | undefined;
  readonly mutations: readonly Mutation[];
  readonly repair: Repair;
  readonly misaligned: boolean;
  readonly flush: boolean;
}

interface Case {
  readonly state: number;
  readonly observed: boolean;
  readonly steps: readonly Step[];
}

const caseArbitrary: fc.Arbitrary<Case> = fc.record({
  state: fc.nat(0xffff),
  observed: fc.boolean(),
  steps: fc.array(
    fc.record({
      message: fc.option(fc.nat(0xffff), { nil: undefined, freq: 1 }),
      mutations: fc.array(mutationArbitrary, { minLength: 1, maxLength: 3 }),
      repair: repairArbitrary,
      misaligned: fc.nat(31).map((draw) => draw === 31),
      flush: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const instance = new CoreInstance(shippedCore());
const { states, messages } = harvest(instance, SEED);
const forks = SHAPES.map((_, shape) => new Fork(instance, shape));

function pick<Item>(items: readonly Item[], i: number): Item {
  const item = items[i % items.length];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

/** What came of the deliveries. */
class Tally {
  mutated = 0;
  readonly statuses = new Map<number, number>();

  count(status: number, mutated: boolean): void {
    if (mutated) this.mutated++;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  of(status: number): number {
    return this.statuses.get(status) ?? 0;
  }
}

/** Delivers one mutated message. False once the node has stopped. */
function deliver(fork: Fork, state: State, step: Step, observed: boolean, tally: Tally): boolean {
  const material = { messages: pick(messages, state.shape), numbers: fork.numbers() };
  const original = step.message === undefined ? state.message : pick(material.messages, step.message);
  const mutated = step.mutations.reduce((bytes, mutation) => mutate(bytes, mutation, material), original);
  const message = repaired(mutated, step.repair, state.plan);
  const status = fork.deliver(state.now, message, step.misaligned ? 4 : 0);
  tally.count(status, Buffer.compare(message, original) !== 0);
  if (status < 0 && fork.node.failure === status) {
    // A log that conflicts behind the window stops a node; it must say so.
    among(status, [StatusCode.WINDOW_TOO_SMALL]);
    return false;
  }
  if (status < 0 && !observed && fork.changed) throw new Error(`${statusName(status)} changed the node`);
  return true;
}

/** Throws unless the status is one of those. `expect` would take most of the time of a run. */
function among(status: number, allowed: readonly number[]): void {
  if (!allowed.includes(status)) throw new Error(`${statusName(status)} is none of ${allowed.map(statusName).join()}`);
}

const TAKEN = [StatusCode.OK, StatusCode.MORE];
const PROPOSED = [StatusCode.OK, StatusCode.NOT_LEADER, StatusCode.BUSY, StatusCode.TRANSFERRING];
const READ = [StatusCode.OK, StatusCode.READY, StatusCode.NOT_LEADER, StatusCode.NOT_READY];
const KEPT = [StatusCode.OK, StatusCode.STALE, StatusCode.BAD_CONFIGURATION];

/** The node still takes inputs of every sort. */
function goOn(fork: Fork, state: State): void {
  const { node } = fork;
  const later = state.now + 5000;
  among(fork.flush(state.now, StorageAnswer.DURABLE), TAKEN);
  among(fork.settle(node.timer(later, TimerKind.ELECTION)), TAKEN);
  among(fork.settle(node.timer(later, TimerKind.HEARTBEAT)), TAKEN);
  among(fork.settle(node.propose(new Uint8Array(9))), PROPOSED);
  among(fork.settle(node.read(later, ReadKind.INDEX)), READ);
  const { incoming } = fork.disk;
  // An image that was made up may begin with anything.
  if (incoming?.complete) among(fork.settle(fork.keep(incoming)), KEPT);
  fork.deliver(later, state.message);
  fork.settle(node.durableUpTo(node.last, node.lastTerm));
  if (node.failure === 0) among(fork.flush(later), TAKEN);
}

function run({ state: number, observed, steps }: Case, tally: Tally): void {
  const state = pick(states, number);
  const fork = pick(forks, state.shape);
  fork.load(state);
  fork.node.observe(observed ? 0xffffffff : 0);
  for (const step of steps) {
    if (!deliver(fork, state, step, observed, tally)) return;
    if (step.flush) among(fork.flush(state.now), TAKEN);
  }
  goOn(fork, state);
}

describe("the receive path", () => {
  it("is fuzzed from every role and with every kind of message", () => {
    const situations = new Set(states.map(({ role, message }) => `${role}/${kindOf(message)}`));
    expect([...situations].sort()).toEqual([...SITUATIONS].sort());
    for (const pool of messages) {
      expect(new Set(pool.map(kindOf))).toEqual(new Set(Object.values(MessageKind)));
    }
  });

  it(
    `survives ${DELIVERIES} mutated messages`,
    () => {
      const tally = new Tally();
      fc.assert(
        fc.property(caseArbitrary, (value) => run(value, tally)),
        { seed: SEED, numRuns: RUNS },
      );
      expect(tally.mutated).toBeGreaterThanOrEqual(DELIVERIES);
      // The mutations reach what they are meant for: much is taken, and every reason for a refusal occurs.
      expect(tally.of(StatusCode.OK)).toBeGreaterThan(DELIVERIES / 10);
      expect(tally.of(StatusCode.STALE)).toBeGreaterThan(DELIVERIES / 10);
      for (const refusal of ["MALFORMED", "BAD_VERSION", "FOREIGN", "OVERSIZED", "CONTRADICTION"] as const) {
        expect(tally.of(StatusCode[refusal]), refusal).toBeGreaterThan(0);
      }
    },
    TIMEOUT,
  );
});
