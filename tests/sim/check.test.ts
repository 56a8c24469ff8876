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
      expect(progress.length).toBeGreaterThan(0);
    },
    PATIENCE,
  );

  it(
    "of three nodes and two terms, with crashes, is searched completely",
    async () => {
      const world = { nodes: 3, maxTerm: 2, maxLog: 1, crashes: 1, storage: "sync" as const };
      const result = await check({ ...world, memory: MEMORY, selfCheck: false });
      expect(result).toMatchObject({ ...world, complete: true, violations: 0 });
      expect(result.states).toBeGreaterThan(10_000);
    },
    PATIENCE,
  );

  it.each([
    { crashes: 1 },
    { storage: "sync" as const, maxTerm: 2 },
    { crashes: 1, underWay: 1, maxTerm: 2 },
    { duplicates: 1 },
    { duplicates: 0, crashes: 1 },
    { unreachable: true },
    { symmetry: false },
    { nodes: 1, maxTerm: 2, maxLog: 3, crashes: 2 },
    { membership: "single" as const, storage: "sync" as const, maxLog: 2 },
    { membership: "joint" as const, storage: "sync" as const, maxLog: 3 },
    { membership: "single" as const, voters: 1, maxLog: 2 },
  ])(
    "of two nodes is searched completely: %j",
    async (options) => {
      const result = await check({ nodes: 2, maxTerm: 1, maxLog: 1, memory: MEMORY, ...options });
      expect(result).toMatchObject({ complete: true, violation: null });
    },
    PATIENCE,
  );

  it("is the larger the more flushes may be under way, up to as many as there ever are", async () => {
    const world = { nodes: 2, maxTerm: 1, maxLog: 2, crashes: 1, memory: MEMORY };
    const states: number[] = [];
    for (const underWay of [1, 2, 15, "any"] as const) states.push((await check({ ...world, underWay })).states);
    const [one = 0, two = 0, most, any] = states;
    expect(two).toBeGreaterThan(one);
    expect(any).toBeGreaterThanOrEqual(two);
    expect(any).toBe(most);
  });

  it("has fewer states when one node campaigns for each term, and is complete", async () => {
    const world = { nodes: 3, maxTerm: 2, maxLog: 1, storage: "sync" as const, selfCheck: false, memory: MEMORY };
    const any = await check(world);
    const named = await check({ ...world, campaigns: [1, 3] });
    expect(named).toMatchObject({ complete: true, campaigns: [1, 3] });
    // Node 3 has led in it: without a second term there would be fewer still.
    expect(named.states).toBeGreaterThan((await check({ ...world, maxTerm: 1, campaigns: [1] })).states);
    expect(named.states).toBeLessThan(any.states);
  });

  it("has messages that bring a log in pieces when commands are long", async () => {
    const world = { nodes: 2, maxTerm: 2, maxLog: 3, storage: "sync" as const, memory: MEMORY };
    const together = await check(world);
    const apart = await check({ ...world, commandBytes: 152 });
    expect(apart.complete).toBe(true);
    expect(apart.states).toBeGreaterThan(together.states);
  });

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
    text: "if (question == Question.HOLDS) return durableOn(n, peer);",
    instead: "if (question == Question.HOLDS) return peer.id == planOf(n).id ? n.last : peer.match;",
    world: { nodes: 2, maxTerm: 1, maxLog: 1, underWay: 1 },
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
  {
    name: "counts one side of a joint configuration",
    file: "assembly/raft/quorum.ts",
    text: "((outgoing > 0) | ((seen & MemberRole.OUTGOING) == 0))",
    instead: "(seen != 0)",
    world: { nodes: 2, maxTerm: 1, maxLog: 3, storage: "sync", membership: "joint" },
    rule: "one change at a time",
    steps: 8,
  },
  {
    name: "begins a change while another one is pending",
    file: "assembly/raft/change.ts",
    text: "  if (n.configurationIndex > n.commit) return StatusCode.CHANGE_PENDING;\n",
    instead: "",
    // A leader that votes again before it was out is judged by what it knows of itself, which is not kept.
    world: { nodes: 3, maxTerm: 1, maxLog: 3, storage: "sync", membership: "single", changes: 2, selfCheck: false },
    rule: "one change at a time",
    steps: 9,
  },
  {
    name: "changes members before it has committed in its term",
    file: "assembly/raft/change.ts",
    text: "  if (!isReady(n)) return StatusCode.NOT_READY;\n",
    instead: "",
    world: { nodes: 2, maxTerm: 1, maxLog: 2, storage: "sync", membership: "single" },
    rule: "changes after a commit",
    steps: 6,
  },
  {
    name: "goes on by the old configuration",
    file: "assembly/raft/change.ts",
    text: "  activateLast(n);\n  markAppends(n);",
    instead: "  markAppends(n);",
    world: { nodes: 2, voters: 1, maxTerm: 1, maxLog: 2, storage: "sync", membership: "single" },
    rule: "nothing acknowledged is lost",
    steps: 4,
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
  {
    name: "lets a node that asks for pre-votes do less than others",
    file: "assembly/raft/election.ts",
    text: "(header.term > n.term) & !loyal & upToDate",
    instead: "(header.term > n.term) & !loyal & upToDate & (n.role != Role.PRE_CANDIDATE)",
    message: /does what a node that asks for pre-votes cannot do/,
  },
  {
    name: "takes a denial for a vote",
    file: "assembly/raft/election.ts",
    text: "peer.vote = granted ? 1 : 2;",
    instead: "peer.vote = 1;",
    message: /has an effect, and its message is taken for spent/,
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
