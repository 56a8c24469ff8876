/** The log window (state/window.ts) through random sequences, against a list of entries (log-model.ts). */

import { Plan } from "../abi/plan";
import { brokenInvariant } from "../raft/invariants";
import { lowestKnown } from "../state/terms";
import { LogModel } from "./log-model";
import { newNode, newPlan, Random } from "./node-kit";

/** What was reached, so that a sequence that no longer reaches it is noticed. */
let refused = 0;
let wraps = 0;
let removed = 0;
let removedBefore = 0;
let rolledBack = 0;
let rolledBackToBase = 0;
let forgotten = 0;

function assertAll(log: LogModel, random: Random): void {
  const n = log.n;
  assert(brokenInvariant(n) == 0);
  log.assertEntries();
  log.assertTerms();
  log.assertPlaces();
  log.assertConfiguration();
  for (let i = 0; i < 4; i++) {
    const index = <u64>random.below(<u32>n.last + 1);
    const floor = random.below(2) == 0 ? <u64>0 : <u64>random.below(<u32>n.last + 1);
    log.assertLastUpToTerm(index, floor, <u64>random.below(<u32>n.lastTerm + 2));
  }
}

/** A number from `from` to `to`. */
function between(random: Random, from: u64, to: u64): u64 {
  return from + <u64>random.below(<u32>(to - from) + 1);
}

function append(log: LogModel, random: Random, term: u64): void {
  const n = log.n;
  const head = n.head;
  // A proposal leaves what is not applied in the window, other entries what is not durable.
  const until = random.below(3) == 0 ? n.applied : n.durable;
  let taken: bool;
  if (random.below(12) == 0) taken = log.addConfiguration(term, 1 + random.below(511), until);
  else taken = log.add(term, random.below(4) == 0 ? random.below(n.maxPayload + 1) : random.below(40), until);
  if (!taken) refused++;
  else if (n.head < head) wraps++;
}

function remove(log: LogModel, random: Random): void {
  const n = log.n;
  // Not further back than a follower can: a configuration that has left the window cannot be rolled back.
  const lowest = max(max(n.commit, lowestKnown(n)), n.baseIndex) + 1;
  if (lowest > n.last) return;
  const from = between(random, random.below(2) == 0 ? max(lowest, min(n.first, n.last)) : lowest, n.last);
  removed++;
  if (from < n.first) removedBefore++;
  if (n.configurationIndex >= from) {
    rolledBack++;
    if (log.configurationBelow(from) == n.baseIndex) rolledBackToBase++;
  }
  log.removeFrom(from);
  assert(n.durable <= n.last && n.written <= n.last);
}

/** What makes the sequences of a round differ: how often terms change, and entries are committed, one time in so many. */
function run(plan: Plan, seed: u32, rounds: u32, termEvery: u32, commitEvery: u32): void {
  const random = new Random(seed);
  for (let round: u32 = 0; round < rounds; round++) {
    const log = new LogModel(newNode(plan), 1 + random.below(511));
    const n = log.n;
    let term: u64 = 1;
    for (let step = 0; step < 250; step++) {
      if (random.below(termEvery) == 0) term += 1 + <u64>random.below(3);
      const draw = random.below(20);
      if (draw < 13) append(log, random, term);
      else if (draw < 18) {
        n.written = n.last;
        n.durable = between(random, n.durable, n.last);
      } else if (draw < 19) remove(log, random);
      if (random.below(commitEvery) == 0) n.commit = between(random, n.commit, n.last);
      if (random.below(3) == 0) n.applied = between(random, n.applied, max(n.applied, min(n.commit, n.durable)));
      assertAll(log, random);
    }
    if (lowestKnown(n) > 0) forgotten++;
    log.free();
  }
}

beforeEach(() => {
  refused = wraps = removed = removedBefore = rolledBack = rolledBackToBase = forgotten = 0;
});

describe("the window, through any sequence of appends, durability reports, commits, applies and truncations", () => {
  it("is the end of the log, when most of it gets committed", () => {
    run(newPlan(), 7, 30, 20, 4);
    expect(refused).toBeGreaterThan(25);
    expect(wraps).toBeGreaterThan(100);
    expect(removed).toBeGreaterThan(20);
  });

  it("is the end of the log, when leaders fail without committing anything", () => {
    run(newPlan(), 11, 16, 3, 100000);
    expect(removedBefore).toBeGreaterThan(10);
    expect(rolledBack).toBeGreaterThan(20);
    expect(rolledBackToBase).toBeGreaterThan(10);
  });

  it("is the end of the log, when there are more terms than are remembered", () => {
    run(newPlan(), 13, 12, 1, 100);
    expect(forgotten).toBeGreaterThan(6);
  });

  it("is the end of the log, when entries leave it by shares", () => {
    const plan = newPlan();
    plan.windowEntries = 256;
    plan.windowBytes = 4096;
    run(plan, 17, 16, 60, 50);
    expect(wraps).toBeGreaterThan(20);
    expect(removed).toBeGreaterThan(20);
  });
});
