/**
 * The rules of conduct are checked: each gets a history that breaks it and has to fire, and one that keeps it. Then cores
 * that misbehave have to be caught by them in whole runs, so that each is known to be told of what it judges.
 */

import { beforeAll, describe, expect, it } from "vitest";
import { Header, MessageFlag, MessageKind } from "../../host/core/abi.js";
import type { CoreModule } from "../../host/core/module.js";
import type { MixName } from "../../sim/campaign/index.js";
import { ChunksOfOneLeader, Compaction, Loyalty, PreVote, RemovedLeadersLeave } from "../../sim/checkers/conduct.js";
import type { CoreUnderTest, NodeUnderTest } from "../../sim/core-under-test.js";
import { LogPath } from "../../sim/log-tree.js";
import { V8Core } from "../../sim/v8-core.js";
import { InvariantViolation, type Report } from "../../sim/violation.js";
import { compileNamed } from "./check-mutants.js";
import { FalsifiedCore, type Falsify, kindAt } from "./falsified-core.js";
import { huntInMix } from "./mix-hunt.js";

const report: Report = (rule, detail) => {
  throw new InvariantViolation(rule, detail, { seed: null, step: 0, actions: [] });
};

describe("the rules of conduct", () => {
  it("pre-vote: only who is all the voters there are raises the term unasked", () => {
    const rule = new PreVote(report);
    rule.raisesByTimer(1, 2, [[1], []]);
    rule.raisesByTimer(1, 2, [[1], [1]]);
    for (const sets of [
      [[1, 2], []],
      [[1], [1, 2]],
      [[1], [2]],
      [[2], []],
      [[], []],
    ]) {
      expect(() => rule.raisesByTimer(1, 2, sets)).toThrow(/^pre-vote: /);
    }
  });

  it("loyalty: no term is taken over within an election timeout of hearing from a leader, or of the start", () => {
    const rule = new Loyalty(report);
    rule.restarts(1, 100, 10);
    expect(() => rule.takesOver(1, 2, 109, 5)).toThrow(/^loyalty: /);
    rule.takesOver(1, 2, 110, 5);
    rule.hears(1, 120);
    expect(() => rule.takesOver(1, 2, 129, 6)).toThrow(/^loyalty: /);
    rule.takesOver(1, 2, 130, 6);
    // Another node's clock is another one's.
    rule.restarts(2, 500, 1000);
    rule.takesOver(1, 2, 130, 6);
  });

  it("loyalty: a pre-vote is judged by when its latest request came", () => {
    const rule = new Loyalty(report);
    rule.restarts(1, 0, 10);
    rule.asksForPreVote(1, 2, 10, false);
    rule.hears(1, 10);
    // It answers what came before the leader was heard.
    rule.grantsPreVote(1, 2);
    rule.asksForPreVote(1, 2, 19, false);
    expect(() => rule.grantsPreVote(1, 2)).toThrow(/^loyalty: /);
    // To another candidate nothing was refused, and the leader may ask for disloyalty.
    rule.grantsPreVote(1, 3);
    rule.asksForPreVote(1, 2, 19, true);
    rule.grantsPreVote(1, 2);
    // What was asked before a crash is not answered after it.
    rule.asksForPreVote(1, 2, 19, false);
    rule.restarts(1, 19, 10);
    rule.grantsPreVote(1, 2);
  });

  it("chunks: an image is continued in the term in which it began", () => {
    const rule = new ChunksOfOneLeader(report);
    rule.continues(1, 3, 3);
    expect(() => rule.continues(1, 3, 4)).toThrow(/^chunks: /);
  });

  describe("compaction", () => {
    const snapshot = { index: 5, id: 50 };
    const log = (...ids: readonly number[]) => {
      const path = new LogPath();
      for (const id of ids) path.push(id);
      return path;
    };
    const whole = log(10, 20, 30, 40, 50, 60);
    const parted = log(10, 20, 30, 40, 51, 61);

    it("goes no further than a durable snapshot", () => {
      const rule = new Compaction(report);
      rule.restarts(1);
      rule.compacts(1, 5, snapshot, whole, 0);
      expect(() => rule.compacts(1, 6, snapshot, whole, 0)).toThrow(/^compaction: .* without a snapshot/);
      expect(() => rule.compacts(1, 1, null, whole, 0)).toThrow(/^compaction: .* without a snapshot/);
    });

    it("keeps what the plan says, unless the snapshot was installed in this life", () => {
      const rule = new Compaction(report);
      rule.restarts(1);
      rule.compacts(1, 3, snapshot, whole, 2);
      expect(() => rule.compacts(1, 4, snapshot, whole, 2)).toThrow(/^compaction: .* is to keep 2/);
      rule.installs(1, 5);
      rule.compacts(1, 5, snapshot, log(), 2);
      expect(() => rule.compacts(1, 4, snapshot, whole, 2)).toThrow(/^compaction: .* is to keep 2/);
      rule.restarts(1);
      expect(() => rule.compacts(1, 5, snapshot, log(), 2)).toThrow(/^compaction: .* is to keep 2/);
    });

    it("leaves nothing behind the snapshot's own index that does not continue it", () => {
      const rule = new Compaction(report);
      rule.restarts(1);
      rule.installs(1, 5);
      rule.compacts(1, 5, snapshot, log(10, 20, 30, 40, 51), 0);
      rule.compacts(1, 4, snapshot, parted, 0);
      expect(() => rule.compacts(1, 5, snapshot, parted, 0)).toThrow(/^compaction: .* do not continue/);
    });
  });

  it("removed leaders leave, unless there is somebody to promote first", () => {
    const rule = new RemovedLeadersLeave(report);
    rule.leads(1, 4, [[1, 2], []], () => false);
    rule.leads(1, 4, [[2], [1]], () => false);
    rule.leads(1, 4, [[2], []], () => true);
    expect(() => rule.leads(1, 4, [[2], []], () => false)).toThrow(/^removed leaders leave: /);
  });
});

/** Seeds of a mix within which it has to catch its core: most are caught by one seed in two or three, what an installation
 * leaves behind by one in twenty. */
const MOST_SEEDS = 40;

/** The shipped core, which compacts all that a snapshot covers, whatever the plan says. */
class CompactingCore extends FalsifiedCore {
  override create(...[plan, effects, mask]: Parameters<CoreUnderTest["create"]>): NodeUnderTest {
    return super.create({ ...plan, keepEntries: 0 }, effects, mask);
  }
}

/** Every refused pre-vote is granted. */
const grantPreVotes: Falsify = (effects) => ({
  send: (to, memory, offset, length, barrier) => {
    const flags = (offset + Header.flags) >> 2;
    const isPreVote = ((memory.words[flags] as number) & MessageFlag.PRE_VOTE) !== 0;
    if (isPreVote && kindAt(memory, offset) === MessageKind.VOTE_REPLY) {
      memory.words[flags] = (memory.words[flags] as number) | MessageFlag.GRANTED;
    }
    effects.send(to, memory, offset, length, barrier);
  },
});

/** An image that begins again is handed on as if it continued what came of the one before. */
const continueImages: Falsify = (effects) => {
  let index = 0;
  let received = 0;
  return {
    writeSnapshot: (of, term, place, memory, offset, length, last) => {
      const start = place === 0 && of === index ? received : place;
      const status = effects.writeSnapshot(of, term, start, memory, offset, length, last);
      if (status !== 0) return status;
      index = of;
      received = start + length;
      return status;
    },
  };
};

describe("in whole runs they catch a core", () => {
  it.each<readonly [string, RegExp, MixName, CoreUnderTest]>([
    ["that grants every pre-vote", /^loyalty: .* a pre-vote/, "stale reads", new FalsifiedCore(grantPreVotes)],
    ["that keeps no entries", /^compaction: .* is to keep/, "chunks", new CompactingCore(() => ({}))],
    ["that joins images of two leaders", /^chunks: .* continues in term/, "chunks", new FalsifiedCore(continueImages)],
  ])("%s", (_, violation, mix, core) => {
    expect(huntInMix(mix, MOST_SEEDS, core)?.violation).toMatch(violation);
  });
});

/** Bound on compiling a core, in ms: against hanging. */
const COMPILING = 120_000;

describe.each([
  ["no-pre-vote", "stale reads", /^pre-vote: /],
  ["loyal-takes-the-term-over", "stale reads", /^loyalty: .* takes over term/],
  ["install-keeps-what-conflicts", "snapshots", /^compaction: .* do not continue/],
  ["removed-leader-stays", "rival changes", /^removed leaders leave: /],
] as const)("in whole runs they catch the core without a rule: %s", (name, mix, violation) => {
  let module: CoreModule;
  beforeAll(async () => {
    module = await compileNamed(name);
  }, COMPILING);

  it("the mutant is caught, and the core as it is is not", () => {
    expect(huntInMix(mix, MOST_SEEDS, new V8Core(module))?.violation).toMatch(violation);
    expect(huntInMix(mix, MOST_SEEDS, new V8Core())).toBeNull();
  });
});
