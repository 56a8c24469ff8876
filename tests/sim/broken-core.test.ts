/**
 * The world notices when a core breaks its contract: the shipped core behind effects that are falsified one at a time.
 * So every rule is known to be wired to what it judges.
 */

import { describe, expect, it } from "vitest";
import { MessageKind } from "../../host/core/abi.js";
import { runSimulation } from "../../sim/core-world/run.js";
import { FalsifiedCore, type Falsify, withoutBarrier } from "./falsified-core.js";

const FALSIFIED: readonly (readonly [string, string, Falsify])[] = [
  ["a vote without a barrier", "durable before sent", withoutBarrier(MessageKind.VOTE_REPLY)],
  ["a vote request without a barrier", "durable before sent", withoutBarrier(MessageKind.VOTE_REQUEST)],
  ["an acknowledgement without a barrier", "durable before sent", withoutBarrier(MessageKind.APPEND_REPLY)],
  ["a term that is never saved", "durable before sent", () => ({ hardState: () => 0 })],
  [
    "a vote that is not saved with its term",
    "durable before sent",
    (effects) => ({ hardState: (term) => effects.hardState(term, 0) }),
  ],
  ["a truncation that is left out", "append order", () => ({ truncate: () => 0 })],
  [
    "an entry that is applied twice",
    "apply order",
    (effects) => ({
      apply: (...args) => effects.apply(...args) + effects.apply(...args),
    }),
  ],
  [
    "entries that are left out",
    "apply order",
    (effects) => ({ apply: (...args) => (args[0] % 7 === 0 ? 0 : effects.apply(...args)) }),
  ],
  [
    "an entry with another term",
    "apply order",
    (effects) => ({
      apply: (index, term, memory, offset, length) => effects.apply(index, term + 1, memory, offset, length),
    }),
  ],
  [
    "a storage effect after a message",
    "flush order",
    (effects) => ({
      send: (to, memory, offset, length, barrier) => {
        effects.send(to, memory, offset, length, barrier);
        effects.hardState(1, 0);
      },
    }),
  ],
];

describe("a core that breaks its contract is caught", () => {
  it.each(FALSIFIED)("%s", (_, rule, falsify) => {
    const result = runSimulation({
      seed: 7,
      nodes: 3,
      steps: 50_000,
      core: new FalsifiedCore(falsify),
      membership: "voters",
    });
    expect(result.violation).toMatch(new RegExp(`^${rule}: `));
    expect(result.violations).toBe(1);
  });

  it("and without any falsification there is nothing to catch", () => {
    const result = runSimulation({ seed: 7, nodes: 3, steps: 50_000, core: new FalsifiedCore(() => ({})) });
    expect(result.violation).toBeNull();
  });
});
