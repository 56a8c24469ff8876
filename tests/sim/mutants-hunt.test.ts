/** The hunt of mutants: which checks are asked, what runs of whole hosts there are, and what is said of it all. */

import { afterEach, describe, expect, it, vi } from "vitest";
import type { HostMachine } from "../../sim/host-world/judged-machine.js";
import type { CheckName } from "../../sim/mutants/checks.js";
import type { Finding } from "../../sim/mutants/finding.js";
import { figuresOf, type Outcome, outcomeOf, summaryOf, tableOf } from "../../sim/mutants/report.js";
import { main } from "../../sim/mutants/run.js";
import { huntInWorlds, namedWorlds } from "../../sim/mutants/worlds.js";

const NOTHING: Finding = { ms: 9000, outcome: "nothing", by: "" };
const caughtIn = (ms: number): Finding => ({ ms, outcome: "caught", by: "a rule" });

function outcome(name: string, ...findings: readonly (readonly [CheckName, Finding])[]): Outcome {
  const mutant = { name, rule: "A rule.", file: "a.ts", text: "a", instead: "b" };
  return outcomeOf(mutant, "host", new Map(findings));
}

const OUTCOMES = [
  outcome("one", ["world", caughtIn(1000)]),
  outcome("two", ["world", { ms: 240_000, outcome: "undecided", by: "no end" }], ["tests", caughtIn(7000)]),
  outcome("three", ["world", NOTHING], ["tests", NOTHING]),
  outcome("four", ["world", caughtIn(3000)], ["tests", caughtIn(8000)]),
];

describe("figures", () => {
  it("count what each check caught, and the times to the first catch", () => {
    expect(figuresOf(OUTCOMES)).toEqual({
      ...{ mutants: 4, caught: 3, medianMs: 3000, longestMs: 7000, survivors: ["three"] },
      checks: [
        { check: "world", asked: 4, caught: 2, undecided: 1, medianMs: 2000, longestMs: 3000 },
        { check: "tests", asked: 3, caught: 2, undecided: 0, medianMs: 7500, longestMs: 8000 },
      ],
    });
    expect(figuresOf([])).toMatchObject({ mutants: 0, caught: 0, medianMs: 0, longestMs: 0, checks: [] });
  });

  it("are told to a person", () => {
    expect(summaryOf(figuresOf(OUTCOMES)).split("\n")).toEqual([
      "3 of 4 caught, in 3.0 s by the median, 7.0 s at most",
      "world: 2 of the 4 it was asked about, in 2.0 s by the median, 3.0 s at most, undecided about 1",
      "tests: 2 of the 3 it was asked about, in 7.5 s by the median, 8.0 s at most",
      "survivors: three",
    ]);
  });

  it("stand below a table with a column for each check", () => {
    const [head, , one, two] = tableOf(OUTCOMES, ["world", "tests"]).split("\n");
    expect(head).toBe("| mutant | caught by | world | tests | what noticed |");
    expect(one).toBe("| one | world | 1.0 s | - | a rule |");
    expect(two).toBe("| two | tests | ? 240.0 s | 7.0 s | a rule |");
  });
});

describe("arguments", () => {
  afterEach(() => void vi.restoreAllMocks());

  /** What the hunt writes, and its status. */
  async function hunt(...args: string[]): Promise<{ status: number; text: string }> {
    let text = "";
    const write = (chunk: unknown) => {
      text += String(chunk);
      return true;
    };
    vi.spyOn(process.stdout, "write").mockImplementation(write);
    vi.spyOn(process.stderr, "write").mockImplementation(write);
    return { status: await main(args), text };
  }

  it("name checks, and those mutants are hunted that one of them is about", async () => {
    const names = async (checks: string) => (await hunt("--list", "--checks", checks)).text;
    expect(await names("world")).toContain("wal-skips-fsync: ");
    expect(await names("world")).not.toContain("learner-counted: ");
    expect(await names("checker")).toContain("learner-counted: ");
    expect(await names("checker")).not.toContain("wal-skips-fsync: ");
    const both = await names("tests,contract");
    expect(both).toContain("wal-skips-fsync: ");
    expect(both).toContain("learner-counted: ");
  });

  it.each([
    [["--checks", "luck"], '"luck" is no check: there are contract, simulator, checker, world, tests'],
    [["--core", "--checks", "world"], 'no mutant that world hunts has "" in its name'],
    [["--only", "nobody"], 'has "nobody" in its name'],
    [["--worlds", "0"], "--worlds is 0, and must be 1 or more"],
  ])("%j are refused", async (args, message) => {
    const { status, text } = await hunt(...args);
    expect(status).toBe(2);
    expect(text).toContain(message);
  });
});

describe("worlds", () => {
  it("are as many as asked for, and no two the same", () => {
    const worlds = [...namedWorlds(100)];
    expect(new Set(worlds.map(({ name }) => name)).size).toBe(100);
    expect(worlds.filter(({ name }) => name.startsWith("swarm")).length).toBeGreaterThan(2);
    expect(worlds.map(({ settings }) => settings)).toEqual([...namedWorlds(100)].map(({ settings }) => settings));
  });

  const settings = { seed: 1, nodes: 3, steps: 500, faults: new Map() };

  it("are silent about sound hosts", async () => {
    expect(await huntInWorlds([{ name: "sound", settings }])).toBeUndefined();
  });

  it("end with the first in which a rule is broken", async () => {
    const machine = (inner: HostMachine) => Object.assign(inner, { get: () => undefined });
    const broken = { ...settings, sabotage: { machine } };
    const worlds = [
      { name: "sound", settings },
      { name: "blind", settings: broken },
    ];
    expect(await huntInWorlds(worlds)).toMatch(/^linearizability: .*\(blind\)$/);
  });
});
