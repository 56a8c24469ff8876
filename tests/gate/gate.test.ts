/**
 * The gate on the shipped binary; and that the gate sees each thing it forbids, in modules that have just that.
 */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGate } from "../../host/core/gate.js";
import { inspectModule } from "../../host/core/inspect.js";
import { wasmFile } from "../../host/core/wasm-file.js";
import { WasmFormatError } from "../../host/core/wasm-reader.js";
import { compile, compileCore } from "./compile.js";

/** Violates nothing. */
const CLEAN = `
  @external("storage", "append") declare function append(first: u64, address: usize): i32;
  export { __heap_base, __data_end };
  export function step(input: u32): i32 { return append(input, __heap_base); }
`;

/** As little as removes what is never called, and a first address like that of the core. */
const FLAGS = ["-O1", "--memoryBase", "1024"];

/** Compiles the clean module with something added, and returns what the gate says. */
async function violationsWith(addition: string, ...flags: string[]): Promise<string[]> {
  const { wasm } = await compile({ "index.ts": CLEAN + addition }, ...FLAGS, ...flags);
  return checkGate(inspectModule(wasm));
}

/** What the gate says of overridden methods. */
function overridden(wasm: Uint8Array): string[] {
  return checkGate(inspectModule(wasm)).filter((line) => line.includes("overridden"));
}

describe("the shipped core", () => {
  it("passes the gate", () => {
    expect(checkGate(inspectModule(readFileSync(wasmFile())))).toEqual([]);
  });

  it("overrides no method, as a build with names shows", async () => {
    const { wasm } = await compileCore("--debug");
    expect(inspectModule(wasm).functions.some(({ name }) => name?.startsWith("assembly/raft/"))).toBe(true);
    expect(overridden(wasm)).toEqual([]);
  });
});

describe("the gate", () => {
  it("passes a module without anything forbidden", async () => {
    expect(await violationsWith("")).toEqual([]);
    expect(await violationsWith("", "-O3")).toEqual([]);
  });

  const asValue = `
    export function each(f: (x: i32) => i32): i32 { return f(1); }
    export function twice(): i32 { return each((x: i32): i32 => 2 * x); }
  `;
  const forbidden: readonly [what: string, addition: string, violation: RegExp][] = [
    ["an indirect call", asValue, /call_indirect/],
    ["a table", asValue, /^1 table/],
    ["an element segment", asValue, /element segment/],
    ["growing memory", "export function more(): i32 { return memory.grow(1); }", /memory\.grow/],
    ["asking for the size of memory", "export function pages(): i32 { return memory.size(); }", /memory\.size/],
    ["a mutable global", "let count = 0; export function next(): i32 { return ++count; }", /mutable global/],
    ["a foreign import", `@external("env", "now") declare function now(): i64; export { now };`, /env\.now/],
    ["floating point", "export function half(x: f64): f64 { return x / 2; }", /floating-point/],
    ["saturating truncation", "export function whole(x: f32): i32 { return <i32>x; }", /floating-point/],
  ];
  it.each(forbidden)("catches %s", async (_, addition, violation) => {
    expect((await violationsWith(addition)).filter((line) => violation.test(line))).toHaveLength(1);
  });

  it("catches a method that is overridden at run time, in a build with names", async () => {
    const virtual = `
      class Base { at(): i32 { return 1; } }
      class Derived extends Base { at(): i32 { return 2; } }
      export function call(base: Base): i32 { return base.at(); }
      export function make(): Base { return new Derived(); }
    `;
    const { wasm } = await compile({ "index.ts": virtual }, "--debug");
    expect(overridden(wasm)).toEqual(["index/Base#at@override: a method is overridden at run time"]);
  });

  it("catches an exported runtime", async () => {
    const violations = await violationsWith("", "--exportRuntime");
    expect(violations.some((line) => line.includes("export of __new"))).toBe(true);
  });

  it("catches an imported memory", async () => {
    const violations = await violationsWith("", "--importMemory");
    expect(violations).toContain("import of the memory env.memory: not a function of a trait");
  });

  it("catches a missing __heap_base and __data_end", async () => {
    const { wasm } = await compile({ "index.ts": "export function nothing(): void {}" }, ...FLAGS);
    expect(checkGate(inspectModule(wasm))).toEqual([
      "__data_end is not exported as a constant i32",
      "__heap_base is not exported as a constant i32",
    ]);
  });

  it("catches a __heap_base that is no multiple of 16", async () => {
    const { wasm } = await compile({ "index.ts": CLEAN }, "-O1", "--memoryBase", "1032");
    expect(checkGate(inspectModule(wasm))).toEqual(["__heap_base is 1032, not a multiple of 16"]);
  });
});

describe("inspecting a module", () => {
  /** Uses most of the instruction set. */
  const LARGE = `
    export function kinds(x: i32): i32 {
      switch (x) { case 0: return 4; case 1: return 3; case 2: return 7; case 3: return 9; default: return -1; }
    }
    export function joined(list: Array<string>): string { return list.map<string>((item) => item + "!").join(","); }
    export function table(): Map<u64, f64> { const map = new Map<u64, f64>(); map.set(1, 2.5); map.set(2, 1e300); return map; }
    export function number(text: string): f64 { return parseFloat(text) * Math.sqrt(2) + <f64><i64>Math.floor(1.5); }
    export function narrow(x: i64): i32 { return <i32><i8>x + <i32><i16>(x >> 7) + <i32>(<f32>x); }
    export function moved(a: usize, b: usize, n: usize): void { memory.copy(a, b, n); memory.fill(a, 0, n); }
  `;

  it.each([["--debug"], ["-O3"], ["-Oz"]])("counts what the text form shows (%s)", async (flag) => {
    const { wasm, wat } = await compile({ "index.ts": LARGE }, flag, "--runtime", "incremental");
    const count = (pattern: RegExp) => wat.match(pattern)?.length ?? 0;
    const found = inspectModule(wasm);
    expect(found.indirectCalls).toBe(count(/\(call_indirect\b|^ *call_indirect\b/gm));
    expect(found.memoryGrow).toBe(count(/\bmemory\.grow\b/g));
    expect(found.memorySize).toBe(count(/\bmemory\.size\b/g));
    expect(found.mutableGlobals).toBe(count(/\(global [^\n]*\(mut /g));
    expect(found.dataSegments).toBe(count(/^ \(data /gm));
    expect(found.functions).toHaveLength(count(/^ \(func /gm));
    expect(found.floatInstructions).toBe(count(/\b(f32|f64)\.[a-z]\w*|\bi(32|64)\.(trunc_\w+|reinterpret_\w+)/g));
    expect(found.indirectCalls).toBeGreaterThan(0);
    expect(found.floatInstructions).toBeGreaterThan(30);
  });

  it("tells imports, exports, memory and the sizes of functions", async () => {
    const { wasm } = await compile({ "index.ts": CLEAN }, "--maximumMemory", "4");
    const found = inspectModule(wasm);
    expect(found.bytes).toBe(wasm.length);
    expect(found.imports).toEqual([{ module: "storage", name: "append", kind: "function" }]);
    expect(found.exports.map(({ name, kind }) => `${kind} ${name}`).sort()).toEqual([
      "function step",
      "global __data_end",
      "global __heap_base",
      "memory memory",
    ]);
    expect([found.memoryPages, found.memoryMaximum]).toEqual([1, 4]);
    expect(found.functions.map(({ index, name }) => [index, name])).toEqual([[1, "step"]]);
    expect(found.functions[0]?.bytes).toBeGreaterThan(0);
    expect(found.start).toBe(false);
  });

  it("names the offset of what it does not understand", () => {
    const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const withBody = (...code: number[]) =>
      Uint8Array.from([...header, 10, code.length + 3, 1, code.length + 1, 0, ...code]);
    expect(() => inspectModule(withBody(0x0b))).not.toThrow();
    expect(() => inspectModule(withBody(0xfd, 0x0b))).toThrow("unknown instruction 0xfd at offset 0xd");
    expect(() => inspectModule(withBody(0x02, 0x6f, 0x0b, 0x0b))).toThrow("unknown block type at offset 0xd");
    expect(() => inspectModule(withBody(0xfc, 0x12, 0x0b))).toThrow("unknown instruction 0xfc 18 at offset 0xd");
    expect(() => inspectModule(withBody(0x0b, 0x0b))).toThrow("a function is longer than its contents at offset 0xe");
    expect(() => inspectModule(withBody(0x01))).toThrow("unexpected end at offset 0xe");
    expect(() => inspectModule(Uint8Array.from([...header, 14, 0]))).toThrow("unknown section 14");
    expect(() => inspectModule(Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 2, 0, 0, 0]))).toThrow("offset 0x4");
    expect(() => inspectModule(Uint8Array.from([...header, 5, 3, 1, 3, 1]))).toThrow("unknown kind of limits");
    expect(() => inspectModule(Uint8Array.from([...header, 1, 0x80, 0x80, 0x80, 0x80, 0x80]))).toThrow("too long");
  });

  it("answers every damaged module with an inspection or a format error", async () => {
    const { wasm } = await compile({ "index.ts": CLEAN });
    const damage = fc.record({
      at: fc.nat({ max: wasm.length - 1 }),
      byte: fc.nat({ max: 255 }),
      length: fc.nat({ max: wasm.length }),
    });
    fc.assert(
      fc.property(damage, ({ at, byte, length }) => {
        const damaged = wasm.slice(0, length);
        if (at < length) damaged[at] = byte;
        try {
          return inspectModule(damaged).bytes === length;
        } catch (error) {
          return error instanceof WasmFormatError;
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
