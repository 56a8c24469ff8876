/**
 * Sequences of inputs of every kind, with arguments near and beyond their limits, from the states of a harvest. Beside
 * the invariants it is asserted that what only rises does not fall: term, commit index, applied index; and that a vote
 * once given in a term stays.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PlanLimit, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import type { CoreNode } from "../../host/core/node.js";
import { statusName } from "../../host/core/node.js";
import { Fork } from "./fork.js";
import { newInstance } from "./node-kit.js";
import { harvest, SHAPES, type State } from "./states.js";

const SEED = 20261124;
const RUNS = 25_000;
/** In ms: a bound on hanging. */
const TIMEOUT = 240_000;

/** A number near one that the node has, or near a limit. */
type Numeral = { readonly of: "term" | "last" | "lastTerm" | "commit" | "durable"; readonly plus: number } | number;

const numeralArbitrary: fc.Arbitrary<Numeral> = fc.oneof(
  fc.record({
    of: fc.constantFrom("term" as const, "last" as const, "lastTerm" as const, "commit" as const, "durable" as const),
    plus: fc.integer({ min: -2, max: 2 }),
  }),
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, PlanLimit.NUMBER, PlanLimit.NUMBER + 1, 2 ** 63),
);

type Input =
  | { readonly kind: "receive"; readonly message: number }
  | { readonly kind: "timer"; readonly timer: number }
  | { readonly kind: "time"; readonly by: number }
  | { readonly kind: "propose"; readonly length: number }
  | { readonly kind: "durable"; readonly index: Numeral; readonly term: Numeral }
  | { readonly kind: "unreachable"; readonly peer: number }
  | { readonly kind: "observe"; readonly mask: number }
  | { readonly kind: "flush"; readonly answer: number };

const inputArbitrary: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ kind: fc.constant("receive" as const), message: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant("timer" as const), timer: fc.constantFrom(0, 0, 1, 1, 2, 0xffffffff) }),
  fc.record({ kind: fc.constant("time" as const), by: fc.constantFrom(-100, 1, 40, 299, 300, 1000, 2 ** 40) }),
  fc.record({ kind: fc.constant("propose" as const), length: fc.oneof(fc.nat(32), fc.nat(2000)) }),
  fc.record({ kind: fc.constant("durable" as const), index: numeralArbitrary, term: numeralArbitrary }),
  fc.record({ kind: fc.constant("unreachable" as const), peer: fc.constantFrom(0, 1, 2, 3, 5, 9) }),
  fc.record({ kind: fc.constant("observe" as const), mask: fc.constantFrom(0, 0xffffffff) }),
  fc.record({
    kind: fc.constant("flush" as const),
    answer: fc.constantFrom(StorageAnswer.TAKEN, StorageAnswer.DURABLE),
  }),
);

const { OK, MORE, STALE, BAD_ARGUMENT, NOT_LEADER, BUSY, TOO_LARGE, CONTRADICTION, FOREIGN } = StatusCode;

/** What each input may answer. Messages are those of correct nodes, but of other clusters and to other nodes. */
const ANSWERS: Readonly<Record<Input["kind"], readonly number[]>> = {
  receive: [OK, STALE, CONTRADICTION, FOREIGN],
  timer: [OK, BAD_ARGUMENT],
  time: [OK],
  propose: [OK, NOT_LEADER, BUSY, TOO_LARGE],
  durable: [OK, STALE, BAD_ARGUMENT],
  unreachable: [OK, STALE, BAD_ARGUMENT],
  observe: [OK],
  flush: [OK, MORE],
};

const instance = newInstance();
const { states, messages } = harvest(instance, SEED);
const forks = SHAPES.map((_, shape) => new Fork(instance, shape));

function pick<Item>(items: readonly Item[], i: number): Item {
  const item = items[i % items.length];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

function numberOf(node: CoreNode, numeral: Numeral): number {
  return typeof numeral === "number" ? numeral : Math.max(node[numeral.of] + numeral.plus, 0);
}

/** A node under a sequence of inputs. */
class Run {
  now: number;

  constructor(
    readonly fork: Fork,
    readonly state: State,
  ) {
    this.now = state.now;
    fork.load(state);
  }

  take(input: Input): number {
    const { node } = this.fork;
    switch (input.kind) {
      case "receive":
        return this.fork.deliver(this.now, pick(pick(messages, this.state.shape), input.message));
      case "timer":
        return node.timer(this.now, input.timer);
      case "time":
        this.now = Math.min(Math.max(this.now + input.by, 0), PlanLimit.NUMBER);
        return OK;
      case "propose":
        return node.propose(new Uint8Array(input.length).fill(input.length));
      case "durable":
        return node.durableUpTo(numberOf(node, input.index), numberOf(node, input.term));
      case "unreachable":
        return node.unreachable(input.peer);
      case "observe":
        node.observe(input.mask);
        return OK;
      case "flush":
        return this.fork.flush(this.now, input.answer);
    }
  }

  /** Takes an input and checks what must hold then. False once the node has stopped. */
  step(input: Input): boolean {
    const { node } = this.fork;
    const { term, vote, commit, applied } = node;
    const status = this.fork.settle(this.take(input));
    if (node.failure === StatusCode.WINDOW_TOO_SMALL) return false;
    if (!ANSWERS[input.kind].includes(status)) throw new Error(`${input.kind} answers ${statusName(status)}`);
    if (node.term < term) throw new Error(`the term falls from ${term} to ${node.term}`);
    if (node.term === term && vote !== 0 && node.vote !== vote) throw new Error("a vote is taken back");
    if (node.commit < commit || node.applied < applied) throw new Error("what is committed or applied is taken back");
    return true;
  }
}

describe("a sequence of inputs", () => {
  it(
    "of any kind, in any order, leaves a node that works",
    () => {
      const inputs = fc.array(inputArbitrary, { minLength: 1, maxLength: 30 });
      let taken = 0;
      fc.assert(
        fc.property(fc.nat(0xffff), inputs, (number, sequence) => {
          const state = pick(states, number);
          const run = new Run(pick(forks, state.shape), state);
          for (const input of sequence) {
            taken++;
            if (!run.step(input)) return;
          }
        }),
        { seed: SEED, numRuns: RUNS },
      );
      expect(taken).toBeGreaterThan(5 * RUNS);
    },
    TIMEOUT,
  );
});
