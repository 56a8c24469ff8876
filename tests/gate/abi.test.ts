/**
 * The generator of the ABI: it computes what the compiler computes, what it writes compiles, and what it
 * does not understand it refuses by file and line. That the repository holds what it writes is a part of `npm test` of
 * its own: `run.mjs generate --check`.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { abiSources, generatedFiles } from "../../host/tools/abi/generate.mjs";
import type { Abi } from "../../host/tools/abi/model.mjs";
import { readAbi } from "../../host/tools/abi/parse.mjs";
import { FIXTURE } from "./abi-fixture.js";
import { compile } from "./compile.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CORE = abiSources(ROOT);
const HAS_CC = spawnSync("cc", ["--version"]).status === 0;

/** Every offset, size and constant of an ABI, as an AssemblyScript expression with the value the generator gives it. */
function claims(abi: Abi): { readonly expression: string; readonly value: bigint; readonly imports: string }[] {
  return abi.sections.flatMap(({ path, items }) =>
    items.flatMap((item) => {
      const imports = `import { ${item.name} } from "./${path.replace(/\.ts$/, "")}";`;
      if (item.form === "group") {
        return item.constants.map(({ name, value }) => ({ expression: `${item.name}.${name}`, value, imports }));
      }
      const size = { expression: `offsetof<${item.name}>()`, value: BigInt(item.size), imports };
      const offsets = item.fields.map(({ name, offset }) => {
        return { expression: `offsetof<${item.name}>("${name}")`, value: BigInt(offset), imports };
      });
      return [size, ...offsets];
    }),
  );
}

/** Lets the compiler compute all claims; returns them with its values. */
async function compilersValues(sources: ReadonlyMap<string, string>): Promise<Map<string, bigint>> {
  const all = claims(readAbi(sources));
  const cases = all.map(({ expression }, i) => `case ${i}: return <u64>(${expression});`);
  const imports = [...new Set(all.map((claim) => claim.imports))];
  const index = `${imports.join("\n")}\nexport function value(i: i32): u64 { switch (i) { ${cases.join("\n")} } return 0; }`;
  const { wasm } = await compile({ ...Object.fromEntries(sources), "index.ts": index });
  const { value } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
  if (typeof value !== "function") throw new Error("the compiled module exports no function");
  return new Map(all.map(({ expression }, i) => [expression, BigInt.asUintN(64, value(i))]));
}

function generated(sources: ReadonlyMap<string, string>, path: string): string {
  const text = generatedFiles(sources).get(path);
  if (text === undefined) throw new Error(`${path} is not generated`);
  return text;
}

/** Compiles a C file strictly, without output. */
function compileC(text: string): { readonly status: number | null; readonly stderr: string } {
  const flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c", "-"];
  const { status, stderr } = spawnSync("cc", flags, { input: text, encoding: "utf8" });
  return { status, stderr };
}

describe.each([
  ["the fixture", FIXTURE],
  ["the core", CORE],
])("for %s", (_, sources) => {
  it("offsets, sizes and constants are those of the compiler", async () => {
    const found = await compilersValues(sources);
    const expected = claims(readAbi(sources)).map(({ expression, value }) => [expression, BigInt.asUintN(64, value)]);
    expect([...found]).toEqual(expected);
    expect(found.size).toBeGreaterThan(15);
  });

  it.skipIf(!HAS_CC)("the C header compiles, its own checks of the layout included", () => {
    const header = generated(sources, "firmware/include/metalraft_abi.h");
    expect(compileC(header)).toEqual({ status: 0, stderr: "" });
    const shifted = header.replace(/_OFFSET_(\w+) UINT32_C\(4\)/, "_OFFSET_$1 UINT32_C(5)");
    expect(shifted).not.toBe(header);
    expect(compileC(shifted).status).not.toBe(0);
  });

  it("the TypeScript view is valid", () => {
    const text = generated(sources, "host/core/abi.ts");
    const { diagnostics = [] } = ts.transpileModule(text, { reportDiagnostics: true });
    expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
    expect(text.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });
});

describe("the TypeScript view", () => {
  const text = generated(FIXTURE, "host/core/abi.ts");

  it("has the values", async () => {
    const { outputText } = ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.ESNext } });
    const module = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);
    expect(module.Plan).toEqual({
      size: 25,
      small: 0,
      medium: 2,
      flag: 4,
      large: 8,
      word: 16,
      address: 20,
      tailByte: 24,
    });
    expect(module.StatusCode).toEqual({ OK: 0, REFUSED: -16 });
    expect(module.StatusCodeName).toEqual({ "0": "OK", "-16": "REFUSED" });
    expect(module.Limit).toEqual({
      NODES: 42,
      WINDOW: 8,
      WORST: -32,
      BOTH: 290,
      AGAIN: 8,
      PLAN_BYTES: 33,
      NUMBER: Number.MAX_SAFE_INTEGER,
      ALL: 2n ** 64n - 1n,
      LOWEST: -(2 ** 31),
      TOP: -(2 ** 31),
    });
    expect(Object.keys(module).sort()).toEqual(["Limit", "Plan", "StatusCode", "StatusCodeName"]);
  });

  it("has the signatures", () => {
    expect(text).toContain("  planBytes(plan: number): number;\n");
    expect(text).toContain("    append(first: bigint, entries: number): number;\n");
    expect(text).toContain("identifier: bigint,\n");
    expect(text).toContain("Sets the Plan of a node");
  });
});

describe("the C header", () => {
  it("has names, values and signatures", () => {
    const text = generated(FIXTURE, "firmware/include/metalraft_abi.h");
    expect(text).toContain("#define METALRAFT_STATUS_REFUSED (-16)\n");
    expect(text).toContain("#define METALRAFT_LIMIT_NUMBER UINT64_C(0x1fffffffffffff)\n");
    expect(text).toContain("#define METALRAFT_LIMIT_LOWEST INT32_MIN\n");
    expect(text).toContain("#define METALRAFT_PLAN_OFFSET_TAIL_BYTE UINT32_C(24)\n");
    expect(text).toContain("#define METALRAFT_PLAN_SIZE UINT32_C(25)\n");
    expect(text).toContain('#define METALRAFT_IMPORTS_STORAGE(X) \\\n  X(append, "(Ii)i")\n');
    expect(text).toContain('  X(planBytes, "(i)i") \\\n  X(configure, "(iIIii)")\n');
    expect(text).not.toContain("HIDDEN");
  });
});

describe("the page", () => {
  it("has tables with the docs", () => {
    const text = generated(FIXTURE, "docs/abi.md");
    expect(text).toContain(
      "## Plan\n\nThe plan of a node.\n\n### Plan\n\nEvery size there is | and a bar. 25 bytes.\n",
    );
    expect(text).toContain("| 8 | `large` | u64 | Eight bytes. |\n");
    expect(text).toContain("## Status\n\n### StatusCode\n\nWhat an export answers.\n");
    expect(text).toContain("| -16 | `REFUSED` | Not done. |\n");
    expect(text).toContain("| `plan` | Plan | where the plan lies |\n| returns | i32 | bytes, or a StatusCode |\n");
    expect(text).not.toContain("Hidden");
  });
});

describe("what is not understood", () => {
  /** Reads the fixture with a file of its own added. */
  function problems(text: string, path = "assembly/abi/bad.ts"): string {
    try {
      readAbi(new Map([...FIXTURE, [path, text]]));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return "no problem";
  }

  const struct = (body: string) => `/** S. */\n@final @unmanaged\nexport class S {\n  ${body}\n}`;
  const group = (body: string) => `export namespace G {\n  ${body}\n}`;
  const cases: readonly [what: string, text: string, message: string][] = [
    ["a type that is none", struct("/** F. */ f: string;"), "4: string is none of bool, i8"],
    ["a field without a type", struct("/** F. */ f;"), "4: f; needs a type"],
    ["a field without a doc comment", struct("f: u8;"), "4: the field f has no doc comment"],
    ["a field that is initialized", struct("/** F. */ f: u8 = 1;"), "4: f has an initial value"],
    ["a static field", struct("/** F. */ static f: u8;"), "4: f is static"],
    ["a field called size", struct("/** F. */ size: u8;"), '4: the name "size" stands for'],
    ["a constructor", struct("constructor() {}"), '4: "constructor() {}" is not understood'],
    ["a managed class", "/** S. */ @final export class S {}", "1: the exported class S is not @unmanaged"],
    ["a class that is not final", "/** S. */ @unmanaged export class S {}", "1: the struct S is not @final"],
    ["a struct without a doc comment", "@final @unmanaged export class S {}", "1: the struct S has no doc comment"],
    ["an unknown base", "/** S. */\n@final @unmanaged export class S extends B {}", "2: B is no struct declared above"],
    [
      "a struct declared twice",
      "/** P. */ @final @unmanaged export class Plan {}",
      "1: a struct Plan is declared twice",
    ],
    ["a name taken by another file", group("").replace("G", "Plan"), ": Plan is declared in "],
    ["a variable", group("@inline export let a: i32 = 1;"), "2: only constants are"],
    ["a constant that is a global", group("export const a: i32 = 1;"), "2: a is not @inline"],
    ["a constant without a type", group("@inline export const a = 1;"), "2: a = 1 needs a type"],
    ["a fraction", group("@inline export const a: i32 = 1.5;"), "2: 1.5 is not an integer"],
    ["a value too large", group("@inline export const a: u8 = 256;"), "2: 256 does not fit u8"],
    ["an unknown constant", group("@inline export const a: i32 = B.C;"), "2: B.C is no constant of assembly/abi/"],
    ["a constant of itself", group("@inline export const a: i32 = a + 1;"), "2: this constant is defined by itself"],
    ["a division by zero", group("@inline export const a: i32 = 1 / 0;"), "2: division by zero"],
    ["a call", group("@inline export const a: i32 = f();"), '2: "f()" is not understood'],
    ["a function in a group", group("export function f(): void {}"), '2: "export function f(): void {}" is not'],
    ["an enum", "export enum E { A }", '1: "export enum E { A }" is not understood; mark it @internal'],
    ["a constant outside of a group", "export const A: i32 = 1;", '1: "export const A: i32 = 1;" is not understood'],
    [
      "an import without its name",
      "/** F. */ export declare function f(): void;",
      '1: f needs @external("module", "name")',
    ],
    [
      "a foreign import",
      '/** F. */ @external("env", "f") declare function f(): void;',
      '1: the import module "env" is none',
    ],
    [
      "an import without a doc comment",
      '@external("timer", "f") declare function f(): void;',
      "1: the function f has no doc",
    ],
    [
      "a doc of no parameter",
      '/** F. @param x y */ @external("timer", "f") declare function f(): void;',
      "1: @param x: f has",
    ],
    ["a result without a type", '/** F. */ @external("timer", "f") declare function f();', "1: f needs a result type"],
  ];
  it.each(cases)("refuses %s", (_, text, message) => {
    expect(problems(text)).toMatch(/^assembly\/abi\/\w+\.ts:? ?/);
    expect(problems(text)).toContain(message);
  });

  it("names everything in the order of the files", () => {
    expect(problems(struct("a: string;\n  b: u8;")).split("\n")).toHaveLength(1);
    expect(problems(`${group("export const a: i32 = 1;\n  export const b: i32 = 1;")}`).split("\n")).toEqual([
      "assembly/abi/bad.ts:2: a is not @inline: it would become a global",
      "assembly/abi/bad.ts:3: b is not @inline: it would become a global",
    ]);
  });

  it.each([
    ["/** F. */ export function f(x: i32 = 1): void {}", "a parameter that may be left out costs a mutable global"],
    ["export { __new };", "the export of __new is not understood"],
    ['export * from "./raft/step";', "the export of * is not understood"],
    ["export let a: i32 = 1;", 'the export "export let a: i32 = 1;" is not understood'],
  ])("refuses in assembly/index.ts: %s", (text, message) => {
    expect(problems(text, "assembly/index.ts")).toBe(`assembly/index.ts:1: ${message}`);
  });

  it("says that assembly/index.ts is missing", () => {
    expect(() => readAbi(new Map())).toThrow("assembly/index.ts: there is no such file");
  });

  it("refuses a field that C has no name for", () => {
    const sources = new Map([...FIXTURE, ["assembly/abi/bad.ts", struct("/** F. */ default: u8;")]]);
    expect(() => generatedFiles(sources)).toThrow("S.default is a keyword in C");
  });
});
