/** The command line: help, errors, and the commands that end by themselves. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli, temporaryFolder } from "./harness.js";

const MEMBER = ["--member", "1=127.0.0.1:1,http=127.0.0.1:2"];
const SERVE = ["serve", "--id", "1", "--cluster", "c", "--data", "unused", ...MEMBER];

describe("what the command says", () => {
  test("--version is that of the package", async () => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test.each([
    [["--help"]],
    [["serve", "--help"]],
    [["cluster", "--help"]],
    [["sim", "--help"]],
    [["inspect", "--help"]],
    [["add", "--help"]],
    [["replace", "--help"]],
    [["transfer", "--help"]],
    [["snapshot", "--help"]],
    [["status", "--help"]],
    [["recover", "--help"]],
  ])("%j teaches with examples", async (args) => {
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples?[:,]/);
  });

  test.each([
    [["clustr"], "Did you mean cluster"],
    [["sim", "--sed", "1"], "Did you mean --seed"],
    [["serve", "--id", "1"], "--cluster"],
    [[...SERVE, "--id", "2"], "no --member is node 2"],
    [[...SERVE, ...MEMBER], "Node 1 is there twice"],
    [[...SERVE, "--heartbeat", "600"], "at most half"],
    [[...SERVE, "--http", "8080"], "Write host:port"],
    [["cluster", "--nodes", "10"], "from 1 to 9"],
    [["cluster", "--http-port", "9001", "--raft-port", "9002"], "overlap: each takes 3 ports"],
    [["sim", "--faults", "gremlins"], "there are: drop"],
    [["inspect", "absent.wasm"], "cannot read absent.wasm"],
    [["inspect", "extra", "argument"], "too many arguments"],
    [["serve", "--id", "1", "--cluster", "c", "--data", "unused"], "nothing says which cluster this is"],
    [["serve", "--id", "1", "--cluster", "c", "--data", "unused", "--bootstrap"], "give both"],
    [["add", "4"], "Write ID=host:port,http=host:port"],
    [["add", "4=a:1,http=a:2", "4=b:1,http=b:2"], "Node 4 is there twice"],
    [["remove", "x"], "from 1 to 4294967295"],
    [["replace", "4", "4=a:1,http=a:2"], "an id of its own"],
    [["members", "--node", "8101"], "Write host:port"],
    [["status", "--node", "127.0.0.1:1"], "no node answers"],
    [["snapshot", "--node", "a:1", "--node", "b:1"], "give --node once"],
    [["recover", "--data", "absent", "--members", "1=a:1,http=a:2"], "absent is no folder"],
  ])("%j is refused with a way out", async (args, message) => {
    const { code, stdout, stderr } = await runCli(args, { cwd: temporaryFolder() });
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });
});

/** The object in the last line of standard output. */
function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

describe("inspect", () => {
  test("--json tells all there is", async () => {
    const { code, stdout, stderr } = await runCli(["inspect", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(lastLine(stdout)).toMatchObject({
      ...{
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        bytes: expect.any(Number),
        memoryPages: expect.any(Number),
      },
      ...{ mutableGlobals: 0, indirectCalls: 0, memoryGrow: 0, violations: [] },
      imports: expect.arrayContaining(["storage.append", "transport.send"]),
      exports: expect.arrayContaining(["flush", "planBytes"]),
      plans: [
        { name: "server", nodes: 9, arenaBytes: expect.any(Number) },
        {
          name: "micro",
          nodes: 5,
          windowEntries: 64,
          windowBytes: 8192,
          maxMessage: 1400,
          arenaBytes: expect.any(Number),
        },
      ],
    });
  });

  test("the table tells the same core", async () => {
    const { stdout } = await runCli(["inspect"]);
    const { sha256 } = lastLine((await runCli(["inspect", "--json"])).stdout);
    expect(stdout).toContain(`${sha256}`);
    expect(stdout).toMatch(/gate +kept/);
  });

  test("a module that breaks the gate is told of", async () => {
    const file = join(temporaryFolder(), "empty.wasm");
    writeFileSync(file, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const { code, stdout, stderr } = await runCli(["inspect", file, "--json"]);
    expect(code).toBe(1);
    expect(stderr).toContain("the gate is violated: __heap_base is not exported");
    expect(lastLine(stdout)).toMatchObject({ bytes: 8, plans: [] });
  });

  test("what is no module is refused", async () => {
    const file = join(temporaryFolder(), "text.wasm");
    writeFileSync(file, "not a module");
    const { code, stderr } = await runCli(["inspect", file]);
    expect(code).toBe(1);
    expect(stderr).toContain("not a WebAssembly module of version 1 at offset 0x0");
  });
});

describe("sim", () => {
  const args = ["sim", "--seed", "7", "--nodes", "3", "--steps", "2000"];

  test("the same seed gives the same run", async () => {
    const runs = await Promise.all([runCli([...args, "--json"]), runCli([...args, "--json"])]);
    const [first, second] = runs.map(({ stdout }) => lastLine(stdout));
    expect(first).toMatchObject({
      ...{ seed: 7, digest: expect.any(String), events: expect.any(Number), commits: expect.any(Number) },
      ...{ elections: expect.any(Number), violations: 0, linearizable: true, wallMs: expect.any(Number) },
    });
    expect({ ...first, wallMs: 0 }).toEqual({ ...second, wallMs: 0 });
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
  });

  test("another seed gives another, and a table says so", async () => {
    const digests = await Promise.all(
      ["7", "8"].map(async (seed) => {
        const { code, stdout } = await runCli(["sim", "--seed", seed, "--steps", "500", "--faults", "none"]);
        expect(code).toBe(0);
        return /digest ([0-9a-f]+)/.exec(stdout)?.[1];
      }),
    );
    expect(new Set(digests).size).toBe(2);
  });
});
