/** The mutants fit the sources: a rule that has moved is noticed here, not when it is hunted in vain. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CORE_MUTANTS } from "../../sim/mutants/core.js";
import { HOST_MUTANTS } from "../../sim/mutants/hosts.js";
import { applyMutant, type Mutant, PatchError } from "../../sim/mutants/mutant.js";
import { rootOfSources } from "../../sim/mutants/root.js";

const ALL: readonly Mutant[] = [...CORE_MUTANTS, ...HOST_MUTANTS];

/** The files that a mutant changes, by path from the root. */
function mutated(mutant: Mutant): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  applyMutant(mutant, (file, change) => {
    files.set(file, change(files.get(file) ?? readFileSync(join(rootOfSources(), file), "utf8")));
  });
  return files;
}

describe("a mutant", () => {
  it.each(ALL)("$name fits the sources", (mutant) => {
    expect(mutated(mutant).size).toBeGreaterThan(0);
    expect(mutant.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(mutant.rule).toMatch(/^[A-Z].*\.$/);
  });

  it("of the core changes the core, one of a host its TypeScript", () => {
    for (const mutant of CORE_MUTANTS) for (const file of mutated(mutant).keys()) expect(file).toMatch(/^assembly\//);
    for (const mutant of HOST_MUTANTS) for (const file of mutated(mutant).keys()) expect(file).toMatch(/^host\//);
  });

  it("of a host names tests that there are", () => {
    for (const { tests } of HOST_MUTANTS) {
      expect(tests.length).toBeGreaterThan(0);
      for (const file of tests) expect(existsSync(join(rootOfSources(), file)), file).toBe(true);
    }
  });

  it("has a name of its own", () => {
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
  });

  it.each([
    ["is not there", "nowhere"],
    ["is there twice", "import"],
  ])("whose text %s is refused", (_, text) => {
    const mutant = { name: "none", rule: "None.", file: "assembly/raft/flush.ts", text, instead: "" };
    expect(() => mutated(mutant)).toThrow(PatchError);
  });
});
