/**
 * The parts of the tools that decide whether a run of the tests has passed, and what they call style.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hideDecorators, showDecorators } from "../../host/tools/assembly-format.mjs";
import { problemWithFiles } from "../../host/tools/package-smoke.mjs";
import { PARTS, readAsPect, readVitest, sum } from "../../host/tools/parts.mjs";
import { conclude } from "../../host/tools/test.mjs";

describe("as-pect's summary", () => {
  const summary = (passed: number, tests: number) =>
    `\n  [Summary]\n    [Tests]: \u001b[32m${passed}\u001b[39m / ${tests}\n   [Groups]: \u001b[32m2\u001b[39m / 2\n`;

  it("is counted", () => {
    expect(readAsPect(summary(3, 3), 0)).toEqual({ passed: 3, failed: 0 });
    expect(readAsPect(summary(3, 5), 1)).toEqual({ passed: 3, failed: 2 });
  });

  it("fails when a group broke off, when there is none, and when there was no test", () => {
    expect(readAsPect(summary(3, 3), 1)).toEqual({ passed: 3, failed: 1 });
    expect(readAsPect("ERROR TS1005: ';' expected.", 1)).toEqual({ passed: 0, failed: 1 });
    expect(readAsPect(summary(0, 0), 0)).toEqual({ passed: 0, failed: 1 });
  });
});

describe("vitest's report", () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((test) => ({ status: test })),
  });
  const report = (passed: number, failed: number, files: object[]) =>
    JSON.stringify({
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: 1,
      numTodoTests: 1,
      testResults: files,
    });

  it("is counted", () => {
    const whole = report(2, 0, [file("passed", "passed", "passed")]);
    expect(readVitest(whole, 0)).toEqual({ passed: 2, failed: 0, skipped: 2 });
    const part = report(1, 1, [file("failed", "passed", "failed")]);
    expect(readVitest(part, 1)).toEqual({ passed: 1, failed: 1, skipped: 2 });
  });

  it("fails for a file that cannot be loaded, beside those with failing tests", () => {
    const files = [file("failed"), file("failed", "failed"), file("passed", "passed")];
    expect(readVitest(report(1, 1, files), 1)).toMatchObject({ passed: 1, failed: 2 });
  });

  it("fails when there is none, when there was no test, and when only vitest itself says so", () => {
    expect(readVitest(undefined, 0)).toEqual({ passed: 0, failed: 1 });
    expect(readVitest(report(0, 0, []), 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(readVitest(report(1, 0, [file("passed", "passed")]), 1)).toMatchObject({ passed: 1, failed: 1 });
  });
});

describe("the parts of npm test", () => {
  it("have names of their own", () => {
    expect(new Set(PARTS.map(({ name }) => name)).size).toBe(PARTS.length);
  });

  it("are summed up", () => {
    const tallies = [
      { passed: 1, failed: 2 },
      { passed: 3, failed: 0, skipped: 4 },
    ];
    expect(sum(tallies)).toEqual({ passed: 4, failed: 2, skipped: 4 });
  });
});

describe("the end of npm test", () => {
  const passed = { name: "vitest", leftOut: undefined, tally: { passed: 3, failed: 0, skipped: 1 } };
  const failed = { name: "as-pect", leftOut: undefined, tally: { passed: 1, failed: 2 } };
  const leftOut = { name: "wamr", leftOut: "apt-get install cmake", tally: { passed: 0, failed: 0 } };

  it("tells every part, and the sums alone in the last line", () => {
    expect(conclude([passed, failed, leftOut], false)).toEqual({
      text: [
        "",
        "vitest       3 passed, 0 failed, 1 skipped",
        "as-pect      1 passed, 2 failed",
        "left out: wamr: install with apt-get install cmake",
        "",
        "4 passed, 2 failed",
        "",
      ].join("\n"),
      ok: false,
    });
  });

  it("takes a part left out for a failure under CI only", () => {
    expect(conclude([passed, leftOut], false).ok).toBe(true);
    expect(conclude([passed, leftOut], true).ok).toBe(false);
    expect(conclude([passed], true).ok).toBe(true);
  });
});

describe("the package's files", () => {
  const whole = [
    ...["package.json", "README.md", "LICENSE", "build/metalraft.wasm", "dist/host/cli/main.js"],
    ...["docs/abi.md", "docs/membership.md", "docs/operations.md"],
    ...["dist/host/index.js", "dist/host/index.d.ts", "dist/sim/index.js", "dist/sim/index.d.ts"],
  ];

  it("are those that a user needs", () => {
    expect(problemWithFiles(whole)).toBeUndefined();
    expect(problemWithFiles(whole.filter((file) => file !== "LICENSE"))).toBe("missing from the package: LICENSE");
  });

  it.each([
    "dist/tests/a.js",
    "dist/host/tools/run.mjs",
    "assembly/index.ts",
    "dist/.tsbuildinfo",
    "build/metalraft.wat",
  ])("are not %s", (file) => {
    expect(problemWithFiles([...whole, file])).toBe(`does not belong into the package: ${file}`);
  });
});

describe("decorators, for the formatter", () => {
  const source = `
/** @param x is no decorator */
@external("storage", "append")
declare function append(a: usize): void;
@final @unmanaged
class A {
  @inline get b(): u32 { return 1; }
  // an address@domain
}
  @inline export const C: u32 = 1;
`;

  it("become comments", () => {
    expect(hideDecorators(source)).toBe(`
/** @param x is no decorator */
//@external("storage", "append")
declare function append(a: usize): void;
//@final @unmanaged
class A {
  /*@inline*/ get b(): u32 { return 1; }
  // an address@domain
}
  /*@inline*/ export const C: u32 = 1;
`);
  });

  it("come back, in the core's sources as in this one", () => {
    expect(showDecorators(hideDecorators(source))).toBe(source);
    const folder = new URL("../../assembly/", import.meta.url);
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const text = readFileSync(new URL(name, folder), "utf8");
      expect(showDecorators(hideDecorators(text)), name).toBe(text);
    }
  });
});
