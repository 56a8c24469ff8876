/** Flags of `metalraft sim`: one that would have no effect is refused, with what it goes with. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../host/cli/output.js";
import { checkFlags, KNOWN_FLAGS } from "../../host/cli/sim/modes.js";
import { repeat } from "../../host/cli/sim/run.js";
import { simCommand } from "../../host/cli/sim.js";
import { parseFaultMix } from "../../sim/core-world/fault-mix.js";
import { runCli, temporaryFolder } from "../integration/harness.js";

/** Reads a command line and does nothing but check it. */
async function check(line: string): Promise<void> {
  const command = simCommand().action((_, self) => checkFlags(self));
  await command.parseAsync(line === "" ? [] : line.split(" "), { from: "user" });
}

describe("flags of metalraft sim", () => {
  it("are all in the table, and the table has no others", () => {
    const options = simCommand().options.map((option) => option.attributeName());
    expect([...KNOWN_FLAGS].sort()).toEqual([...options].sort());
  });

  it.each([
    "",
    "--seed 1 --nodes 3 --steps 5 --faults usual,drop:10 --liveness --sessions --record a --spec-trace b --shrink c",
    "--swarm --seed 3 --shrink x --diagram --core v8 --json",
    "--trace x --diagram --shrink y --spec-trace z --core wamr",
    "--trace x --against y --json",
    "--campaign --seed 1 --minutes 0.5 --runs 3 --jobs 2 --out x --allow liveness",
    "--boundaries --seed 1 --nodes 3 --steps 60 --faults crash --sessions --every 5 --record x --shrink y",
    "--timefull --seed 1 --nodes 3 --faults crash --transport tcp --seconds 3",
    "--host --seed 1 --nodes 3 --steps 100 --faults eio:10 --shrink x --diagram",
    "--host --campaign --minutes 1 --runs 1 --jobs 2 --seed 1",
    "--host --swarm --seed 1 --core x.wasm",
    "--host --trace x --diagram",
  ])("that have an effect are taken: %s", async (line) => {
    await expect(check(line)).resolves.toBeUndefined();
  });

  it.each([
    ["--campaign --faults none", "--faults does not go with --campaign: it goes with --host, --boundaries,"],
    ["--campaign --nodes 3", "--nodes does not go with --campaign"],
    ["--campaign --steps 5", "--steps does not go with --campaign"],
    ["--campaign --shrink x", "--shrink does not go with --campaign"],
    ["--swarm --nodes 2", "--nodes does not go with --swarm"],
    ["--swarm --faults none", "--faults does not go with --swarm"],
    ["--swarm --campaign", "--swarm does not go with --campaign"],
    ["--diagram", "--diagram has an effect only with --trace or --shrink"],
    ["--boundaries --shrink x --liveness", "--liveness does not go with --boundaries: it goes with a single run"],
    ["--every 3", "--every does not go with a single run: it goes with --boundaries"],
    ["--against v8", "--against does not go with a single run: it goes with --trace --against"],
    ["--trace x --seed 1", "--seed does not go with --trace"],
    ["--trace x --against y --diagram", "--diagram does not go with --trace --against"],
    ["--jobs 2", "--jobs does not go with a single run: it goes with --host --campaign or --campaign"],
    ["--campaign --timefull", "--timefull does not go with --campaign: it goes alone"],
    ["--timefull --steps 5", "--steps does not go with --timefull"],
    ["--host --sessions", "--sessions does not go with --host"],
    ["--host --campaign --nodes 3", "--nodes does not go with --host --campaign"],
    ["--spec-trace x --campaign", "--spec-trace does not go with --campaign: it goes with --trace, --swarm or"],
  ])("that would have none are refused: %s", async (line, message) => {
    const refused = expect(check(line)).rejects;
    await refused.toThrow(UsageError);
    await refused.toThrow(message);
  });
});

describe("the command that repeats a run", () => {
  it("has its faults with their factors", () => {
    const flags = { seed: 3, nodes: 5, steps: 20, liveness: true, sessions: false, swarm: false, core: "v8" };
    const command = repeat({ ...flags, faults: parseFaultMix("usual,crash:10,drop:0.5") });
    expect(command).toBe("metalraft sim --seed 3 --nodes 5 --steps 20 --faults usual,drop:0.5,crash:10 --liveness");
  });
});

describe("metalraft sim", () => {
  it("refuses before it runs, and says which flag, and where it goes", async () => {
    const { code, stderr, stdout } = await runCli(["sim", "--campaign", "--nodes", "3"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("--nodes does not go with --campaign: it goes with --host");
  });

  it("says of a sound run that there is nothing to shrink", async () => {
    const file = join(temporaryFolder(), "x.trace");
    const args = ["sim", "--seed", "3", "--nodes", "3", "--steps", "200"];
    const { code, stderr } = await runCli([...args, "--shrink", file]);
    expect([code, existsSync(file)]).toEqual([0, false]);
    expect(stderr).toContain(`no rule is broken: nothing is written to ${file}`);
  });

  it("tells what was injected and reached, with faults as often as they are asked for", async () => {
    const args = ["sim", "--seed", "3", "--nodes", "3", "--steps", "2000", "--faults", "drop:20,crash,query"];
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nfaults injected:\n {2}crash +\d+\n {2}drop +[1-9]\d{2}\nreached:\n/);
    expect(stdout).toMatch(/\n {2}readsAnswered +\d+\n/);
  });
});
