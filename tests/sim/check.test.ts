/**
 * The model checker: small worlds are searched completely, removed rules are found with a shortest way to the damage, and
 * a core that breaks what the search rests on is not searched.
 */

import { describe, expect, it } from "vitest";
import { AssumptionBroken, check } from "../../sim/check/index.js";
import { compileMutant, type Mutant } from "./check-mutants.js";

/** MiB that searches in tests reserve; they touch a fraction of it. */
const MEMORY = 1024;
/** A bound on hanging, in ms, for what compiles a core or searches some ten thousand worlds. */
const PATIENCE = 240_000;

describe("a small world", () => {
  it(
    "of three nodes is searched completely",
    async () => {
      const progress: number[] = [];
      const result = await check({ nodes: 3, maxTerm: 1, maxLog: 1, memory: MEMORY }, undefined, (found) => {
        progress.push(found);
      });
      expect(result).toMatchObject({ complete: true, ended: "complete", violations: 0, violation: null });
      expect(result.fingerprintCollisionProbability).toBe(0);
      expect(result.sha256).toMatch(/^[0-9a-f]{64}$/);
      // It holds an election, a commit, and what can go wrong in between.
      expect(result.states).toBeGreaterThan(1000);
      expect(result.found).toBeGreaterThanOrEqual(result.states);
      expect(result.transitions).toBeGreaterThan(result.found);
      expect(result.depth).toBeGreaterThan(15);
      expect(progress.length).toBeGreaterThanOrEqual(result.depth);
    },
    PATIENCE,
  );

  it.each([
    { crashes: 1 },
    { storage: "sync" as const, maxTerm: 2 },
    { duplicates: 1 },
    { duplicates: 0, crashes: 1 },
    { unreachable: true },
    { symmetry: false },
    { nodes: 1, maxTerm: 2, maxLog: 3, crashes: 2 },
  ])(
    "of two nodes is searched completely: %j",
    async (options) => {
      const result = await check({ nodes: 2, maxTerm: 1, maxLog: 1, memory: MEMORY, ...options });
      expect(result).toMatchObject({ complete: true, violation: null });
    },
    PATIENCE,
  );

  it("has about half the states when names do not count", async () => {
    const options = { nodes: 2, maxTerm: 1, maxLog: 1, memory: MEMORY };
    const { states } = await check(options);
    const all = await check({ ...options, symmetry: false });
    expect(all.states).toBeGreaterThan(states);
    expect(all.states).toBeLessThanOrEqual(2 * states);
  });

  it("that does not fit the memory is not called complete", async () => {
    const result = await check({ nodes: 3, maxTerm: 2, maxLog: 2, memory: 1 });
    expect(result).toMatchObject({ complete: false, ended: "memory", violations: 0 });
  });

  it("whose time is up is not called complete", async () => {
    const result = await check({ nodes: 3, maxTerm: 2, maxLog: 2, memory: MEMORY, minutes: 0 });
    expect(result).toMatchObject({ complete: false, ended: "time", violations: 0 });
  });
});

/** A removed rule, the world in which that does damage, and how it shows. */
const MUTANTS: readonly (Mutant & { readonly world: object; readonly rule: string; readonly steps: number })[] = [
  {
    name: "votes twice in a term",
    file: "assembly/raft/election.ts",
    text: "(n.vote == 0) & ",
    instead: "",
    world: { nodes: 3, maxTerm: 1, maxLog: 1 },
    rule: "core invariants",
    steps: 8,
  },
  {
    name: "votes for a log that is not up to date",
    file: "assembly/raft/election.ts",
    text: "  return (lastTerm > n.lastTerm) | ((lastTerm == n.lastTerm) & (lastIndex >= n.last));",
    instead: "  return lastTerm + lastIndex + n.last + 1 > 0;",
    world: { nodes: 3, maxTerm: 2, maxLog: 2, storage: "sync" },
    rule: "leader completeness",
    steps: 12,
  },
  {
    name: "acknowledges before it is durable",
    file: "assembly/raft/outbox.ts",
    text: "  sendOutbox<Sink>(n, peer, length, true);\n}\n\n/** Writes what all replies",
    instead: "  sendOutbox<Sink>(n, peer, length, false);\n}\n\n/** Writes what all replies",
    world: { nodes: 2, maxTerm: 1, maxLog: 1 },
    rule: "durable before sent",
    steps: 8,
  },
  {
    name: "votes before that is durable",
    file: "assembly/raft/outbox.ts",
    text: "MessageFlag.GRANTED : 0, n.term, true);",
    instead: "MessageFlag.GRANTED : 0, n.term, false);",
    world: { nodes: 2, maxTerm: 1, maxLog: 1 },
    rule: "durable before sent",
    steps: 5,
  },
  {
    name: "counts half of the voters as a quorum",
    file: "assembly/raft/quorum.ts",
    text: "(incoming > 0)",
    instead: "(incoming >= 0)",
    world: { nodes: 2, maxTerm: 1, maxLog: 1 },
    rule: "nothing acknowledged is lost",
    steps: 2,
  },
  {
    name: "counts itself before its own write is durable",
    file: "assembly/raft/quorum.ts",
    text: "return self ? n.durable : peer.match;",
    instead: "return self ? n.last : peer.match;",
    world: { nodes: 2, maxTerm: 1, maxLog: 1 },
    rule: "nothing acknowledged is lost",
    steps: 10,
  },
  {
    name: "truncates entries that are the leader's own",
    file: "assembly/raft/append.ts",
    text: "termAt(n, index) != entry.term && !truncate",
    instead: "index > n.commit && !truncate",
    world: { nodes: 3, maxTerm: 1, maxLog: 2, storage: "sync" },
    rule: "nothing acknowledged is lost",
    steps: 12,
  },
  {
    name: "does not save a term without a vote",
    file: "assembly/raft/flush.ts",
    text: "(n.term != n.savedTerm) | (n.vote != n.savedVote)",
    instead: "n.vote != n.savedVote",
    world: { nodes: 3, maxTerm: 1, maxLog: 1 },
    rule: "durable before sent",
    steps: 8,
  },
];

describe("a removed rule is found", () => {
  it.each(MUTANTS)(
    "$name: $rule after $steps steps",
    async ({ rule, steps, world, ...mutant }) => {
      const { ended, violation, violations } = await check({ memory: MEMORY, ...world }, await compileMutant(mutant));
      expect({ ended, violations }).toEqual({ ended: "violation", violations: 1 });
      expect(violation?.rule).toBe(rule);
      expect(violation?.steps, violation?.steps.join("\n")).toHaveLength(steps);
      expect(violation?.steps[0]).toBe("fire the election timer of 1");
    },
    PATIENCE,
  );
});

/** Cores for which the search would prove nothing. */
const UNFIT: readonly (Mutant & { readonly message: RegExp })[] = [
  {
    name: "treats one id unlike the others",
    file: "assembly/raft/election.ts",
    text: "(n.vote == 0) & ",
    instead: "(n.vote == 0) & (header.from != 2) & ",
    message: /depends on what the nodes are called/,
  },
  {
    name: "keeps state where there should be none",
    file: "assembly/raft/append.ts",
    text: "  n.lastHeard = n.now;",
    instead: "  n.lastHeard = n.now;\n  n.idleRounds++;",
    message: /is part of the state/,
  },
  {
    name: "reads what is taken for dead",
    file: "assembly/raft/election.ts",
    text: "(n.vote == 0) & ",
    instead: "(n.vote == 0) & (n.electionDelay < 0x100000000) & ",
    message: /depends on bytes that are taken for dead/,
  },
];

describe("a core that breaks what the search rests on is refused", () => {
  it.each(UNFIT)(
    "$name",
    async ({ message, ...mutant }) => {
      const core = await compileMutant(mutant);
      const search = check({ nodes: 2, maxTerm: 1, maxLog: 1, memory: MEMORY }, core);
      await expect(search).rejects.toThrow(message);
      await expect(search).rejects.toThrow(AssumptionBroken);
    },
    PATIENCE,
  );
});
