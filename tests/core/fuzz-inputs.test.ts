/**
 * Sequences of inputs of every kind, with arguments near and beyond their limits, from the states of a harvest. Beside
 * the invariants it is asserted that what only rises does not fall: term, commit index, applied index; and that a vote
 * once given in a term stays.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole, PlanLimit, Role, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import type { CoreNode } from "../../host/core/node.js";
import { statusName } from "../../host/core/node.js";
import { snapshotOf } from "./disk.js";
import { Fork } from "./fork.js";
import { newInstance } from "./node-kit.js";
import { harvest, SHAPES, type State } from "./states.js";

const SEED = 20261124;
const RUNS = 25_000;
/** In ms: a bound on hanging. */
const TIMEOUT = 240_000;

/** A number near one that the node has, or near a limit. */
type Numeral = { readonly of: (typeof NUMBERS)[number]; readonly plus: number } | number;
const NUMBERS = ["term", "last", "lastTerm", "commit", "durable", "applied", "snapshotIndex"] as const;

const numeralArbitrary: fc.Arbitrary<Numeral> = fc.oneof(
  fc.record({ of: fc.constantFrom(...NUMBERS), plus: fc.integer({ min: -2, max: 2 }) }),
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, PlanLimit.NUMBER, PlanLimit.NUMBER + 1, 2 ** 63),
);

type Input =
  | { readonly kind: "receive"; readonly message: number }
  | { readonly kind: "timer"; readonly timer: number }
  | { readonly kind: "time"; readonly by: number }
  | { readonly kind: "propose"; readonly length: number }
  | { readonly kind: "durable"; readonly index: Numeral; readonly term: Numeral }
  | { readonly kind: "unreachable"; readonly peer: number }
  | { readonly kind: "read"; readonly read: number }
  | { readonly kind: "transfer"; readonly target: number }
  | { readonly kind: "reconfigure"; readonly configuration: Uint8Array }
  /** A snapshot of what is applied, or near it, or of anything; its term may be wrong. */
  | { readonly kind: "snapshot"; readonly index: Numeral; readonly term: Numeral; readonly wrong: boolean }
  /** What came in is complete, or lost. */
  | { readonly kind: "incoming"; readonly lost: boolean }
  | { readonly kind: "observe"; readonly mask: number }
  | { readonly kind: "flush"; readonly answer: number };

const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
const { JOINT, AUTO_LEAVE } = ConfigurationFlag;

/** Configurations near those of the harvest: of its voters and learners, and of one that is neither. */
const configurationArbitrary = fc
  .record({
    roles: fc.array(fc.constantFrom(0, VOTER, VOTER, LEARNER, LEARNER | PROMOTE, VOTER | WITNESS, LEARNER | WITNESS), {
      minLength: 6,
      maxLength: 6,
    }),
    as: fc.constantFrom("drawn" as const, "usual" as const, "usual" as const),
    flags: fc.constantFrom(0, 0, JOINT, JOINT | AUTO_LEAVE),
  })
  .map(({ roles, as, flags }) => {
    const outgoing = flags === 0 ? 0 : OUTGOING;
    const members = [1, 2, 3, 5, 7, 9].map((id, i) => {
      const usual = id === 2 || id === 3 || id === 5;
      const drawn = as === "usual" && usual ? VOTER : (roles[i] ?? 0);
      return { id, roles: usual ? drawn | outgoing : drawn };
    });
    return encodeConfiguration(
      members.filter((member) => member.roles !== 0),
      flags,
    );
  });

const inputArbitrary: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ kind: fc.constant("receive" as const), message: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant("timer" as const), timer: fc.constantFrom(0, 0, 1, 1, 2, 0xffffffff) }),
  fc.record({ kind: fc.constant("time" as const), by: fc.constantFrom(-100, 1, 40, 299, 300, 1000, 2 ** 40) }),
  fc.record({ kind: fc.constant("propose" as const), length: fc.oneof(fc.nat(32), fc.nat(2000)) }),
  fc.record({ kind: fc.constant("durable" as const), index: numeralArbitrary, term: numeralArbitrary }),
  // The end of the log, which is durable only now if storage has just taken it.
  fc.constant({ kind: "durable", index: { of: "last", plus: 0 }, term: { of: "lastTerm", plus: 0 } } as const),
  fc.record({ kind: fc.constant("unreachable" as const), peer: fc.constantFrom(0, 1, 2, 3, 5, 9) }),
  fc.record({ kind: fc.constant("read" as const), read: fc.constantFrom(0, 0, 1, 2, 0xffffffff) }),
  fc.record({ kind: fc.constant("transfer" as const), target: fc.constantFrom(0, 0, 1, 2, 3, 5, 9, 0xffffffff) }),
  fc.record({ kind: fc.constant("reconfigure" as const), configuration: configurationArbitrary }),
  fc.record({
    kind: fc.constant("snapshot" as const),
    index: numeralArbitrary,
    term: numeralArbitrary,
    wrong: fc.nat(3).map((draw) => draw === 3),
  }),
  fc.record({ kind: fc.constant("incoming" as const), lost: fc.nat(3).map((draw) => draw === 3) }),
  fc.record({ kind: fc.constant("observe" as const), mask: fc.constantFrom(0, 0xffffffff) }),
  fc.record({
    kind: fc.constant("flush" as const),
    answer: fc.constantFrom(StorageAnswer.TAKEN, StorageAnswer.DURABLE),
  }),
);

const { OK, MORE, READY, STALE, BAD_ARGUMENT, BAD_CONFIGURATION, NOT_LEADER, NOT_READY, BUSY, TOO_LARGE } = StatusCode;
const { CONTRADICTION, FOREIGN, TRANSFERRING, UNKNOWN_NODE, CHANGE_PENDING, NOT_CAUGHT_UP, NO_VOTER, BAD_CHANGE } =
  StatusCode;

/** What each input may answer, and some input of the run does. Messages are those of correct nodes, but of other clusters and to other nodes. */
const ANSWERS: Readonly<Record<Input["kind"], readonly number[]>> = {
  receive: [OK, STALE, CONTRADICTION, FOREIGN],
  timer: [OK, BAD_ARGUMENT],
  time: [OK],
  propose: [OK, NOT_LEADER, BUSY, TOO_LARGE, TRANSFERRING],
  durable: [OK, STALE, BAD_ARGUMENT],
  unreachable: [OK, STALE, BAD_ARGUMENT],
  read: [OK, READY, NOT_LEADER, NOT_READY, BAD_ARGUMENT],
  transfer: [OK, NOT_LEADER, UNKNOWN_NODE],
  reconfigure: [OK, NOT_LEADER, NOT_READY, TRANSFERRING, CHANGE_PENDING, NOT_CAUGHT_UP, BAD_CHANGE, BAD_CONFIGURATION],
  snapshot: [OK, STALE, BAD_ARGUMENT],
  incoming: [OK, STALE],
  observe: [OK],
  flush: [OK],
};
/** What an input may answer besides. */
const RARELY: Partial<typeof ANSWERS> = { reconfigure: [BUSY, NO_VOTER], flush: [MORE] };

const ONE = encodeConfiguration([{ id: 2 }, { id: 3 }, { id: 5 }]);
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
  observed = false;

  constructor(
    readonly fork: Fork,
    readonly state: State,
  ) {
    this.now = state.now;
    fork.load(state);
    fork.node.observe(0);
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
      case "read":
        return node.read(this.now, input.read);
      case "transfer":
        return node.transfer(this.now, input.target);
      case "reconfigure":
        return node.reconfigure(input.configuration);
      case "snapshot":
        return this.#snapshot(numberOf(node, input.index), numberOf(node, input.term), input.wrong);
      case "incoming":
        return this.#incoming(input.lost);
      case "observe":
        node.observe(input.mask);
        this.observed = input.mask !== 0;
        return OK;
      case "flush":
        return this.fork.flush(this.now, input.answer);
    }
  }

  /** A host knows what it has applied; the rest it has from a leader, and that may be anything. */
  #snapshot(index: number, term: number, wrong: boolean): number {
    const { node, disk } = this.fork;
    const known = index <= node.applied ? disk.termAt(index) : term;
    // What is kept of a term that has been compacted away is the host's word alone.
    if (wrong && index <= node.applied && (index < node.first || known === term)) return OK;
    if (index > node.applied && node.role === Role.LEADER) return OK;
    return this.fork.keep(snapshotOf(index, wrong ? term : known, ONE));
  }

  #incoming(lost: boolean): number {
    const { node, disk } = this.fork;
    const { incoming } = disk;
    if (!lost && !incoming?.complete) return OK;
    disk.incoming = undefined;
    return lost || incoming === undefined ? node.snapshotFailed() : this.fork.keep(incoming);
  }

  /** Takes an input and checks what must hold then. False once the node has stopped. */
  step(input: Input, answers: Map<string, number>): boolean {
    const { node } = this.fork;
    const { term, vote, commit, applied } = node;
    const status = this.fork.watch(() => this.take(input), this.observed);
    if (node.failure === StatusCode.WINDOW_TOO_SMALL) return false;
    const answer = `${input.kind} ${status}`;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    if (!ANSWERS[input.kind].includes(status) && !RARELY[input.kind]?.includes(status)) {
      throw new Error(`${input.kind} answers ${statusName(status)}`);
    }
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
      const answers = new Map<string, number>();
      fc.assert(
        fc.property(fc.nat(0xffff), inputs, (number, sequence) => {
          const state = pick(states, number);
          const run = new Run(pick(forks, state.shape), state);
          for (const input of sequence) {
            taken++;
            if (!run.step(input, answers)) return;
          }
        }),
        { seed: SEED, numRuns: RUNS },
      );
      expect(taken).toBeGreaterThan(5 * RUNS);
      // The inputs reach what they are meant for: each answer there is to each comes.
      const expected = Object.entries(ANSWERS).flatMap(([kind, all]) => all.map((status) => `${kind} ${status}`));
      expect([...answers.keys()]).toEqual(expect.arrayContaining(expected));
    },
    TIMEOUT,
  );
});
