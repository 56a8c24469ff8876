/**
 * Reads what is in a compiled core: what it imports and exports, what it needs, and how often it does what the gate on
 * the binary forbids (see gate.ts). Every instruction is decoded; what is not understood is an error.
 */

import { createHash } from "node:crypto";
import { constantExpression, countInstructions, type InstructionCounts } from "./wasm-instructions.js";
import { WasmReader } from "./wasm-reader.js";

export type ExternalKind = "function" | "table" | "memory" | "global";

export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
}

export interface ModuleExport {
  readonly name: string;
  readonly kind: ExternalKind;
}

/** A function defined in the module. */
export interface FunctionSize {
  /** Among all functions, imported ones first. */
  readonly index: number;
  /** From the name section, else the name of an export; undefined when neither tells. */
  readonly name: string | undefined;
  /** Its body in bytes. */
  readonly bytes: number;
}

export interface ModuleInspection extends Readonly<InstructionCounts> {
  /** Of the whole file, in hexadecimal: the name of this core. */
  readonly sha256: string;
  /** Length of the file. */
  readonly bytes: number;
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  /** Initial size of the memory in pages of 64 KiB; 0 without one. */
  readonly memoryPages: number;
  /** Largest size the memory may grow to, in pages; undefined when not limited. */
  readonly memoryMaximum: number | undefined;
  readonly mutableGlobals: number;
  readonly tables: number;
  readonly elementSegments: number;
  readonly dataSegments: number;
  /** Whether a function runs on instantiation. */
  readonly start: boolean;
  /** Value of the exported, immutable i32 global `__heap_base`; undefined when there is none. */
  readonly heapBase: number | undefined;
  /** Value of the exported, immutable i32 global `__data_end`; undefined when there is none. */
  readonly dataEnd: number | undefined;
  readonly functions: readonly FunctionSize[];
}

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const KINDS: readonly ExternalKind[] = ["function", "table", "memory", "global"];
const TYPE_I32 = 0x7f;
const HAS_MAXIMUM = 0x01;
/** Flags of limits that are understood: none, or a maximum. Shared and 64-bit memories are not. */
const LIMITS_FLAGS = 0x01;
const FUNCTION_NAMES = 1;

const SECTION = {
  CUSTOM: 0,
  IMPORT: 2,
  TABLE: 4,
  MEMORY: 5,
  GLOBAL: 6,
  EXPORT: 7,
  START: 8,
  ELEMENT: 9,
  CODE: 10,
  DATA: 11,
} as const;
/** Sections without anything that is asked for: types, the functions' types, the count of data segments. */
const UNUSED_SECTIONS = new Set([1, 3, 12]);

interface Limits {
  readonly initial: number;
  readonly maximum: number | undefined;
}

interface Global {
  readonly mutable: boolean;
  /** Its value if it is an immutable i32 with a constant value. */
  readonly constant: number | undefined;
}

/** What has been read so far. */
class Contents {
  readonly imports: ModuleImport[] = [];
  readonly exports: (ModuleExport & { readonly index: number })[] = [];
  readonly memories: Limits[] = [];
  readonly globals: Global[] = [];
  readonly bodies: number[] = [];
  readonly names = new Map<number, string>();
  readonly counts: InstructionCounts = { indirectCalls: 0, memoryGrow: 0, memorySize: 0, floatInstructions: 0 };
  tables = 0;
  elementSegments = 0;
  dataSegments = 0;
  start = false;
}

function kindOf(reader: WasmReader): ExternalKind {
  const offset = reader.offset;
  return KINDS[reader.u8()] ?? reader.fail("unknown kind of import or export", offset);
}

function readLimits(reader: WasmReader): Limits {
  const offset = reader.offset;
  const flags = reader.u8();
  if ((flags & ~LIMITS_FLAGS) !== 0) reader.fail("unknown kind of limits", offset);
  return { initial: reader.u32(), maximum: (flags & HAS_MAXIMUM) === 0 ? undefined : reader.u32() };
}

/** The type of a table: of its elements, and how many. */
function readTable(reader: WasmReader): void {
  reader.u8();
  readLimits(reader);
}

function readGlobalType(reader: WasmReader): { readonly isI32: boolean; readonly mutable: boolean } {
  const isI32 = reader.u8() === TYPE_I32;
  return { isI32, mutable: reader.u8() !== 0 };
}

function readImport(reader: WasmReader, contents: Contents): void {
  const module = reader.text();
  const name = reader.text();
  const kind = kindOf(reader);
  contents.imports.push({ module, name, kind });
  if (kind === "function") reader.u32();
  else if (kind === "table") {
    readTable(reader);
    contents.tables += 1;
  } else if (kind === "memory") contents.memories.push(readLimits(reader));
  else contents.globals.push({ mutable: readGlobalType(reader).mutable, constant: undefined });
}

function readGlobal(reader: WasmReader, contents: Contents): void {
  const { isI32, mutable } = readGlobalType(reader);
  const value = constantExpression(reader, contents.counts);
  contents.globals.push({ mutable, constant: isI32 && !mutable ? value : undefined });
}

function readBody(reader: WasmReader, contents: Contents): void {
  const length = reader.u32();
  const body = reader.part(length);
  body.vector(() => {
    body.u32();
    body.u8();
  });
  countInstructions(body, contents.counts);
  body.finish("a function");
  contents.bodies.push(length);
}

/** The names of functions, which only a debug build carries. */
function readCustom(reader: WasmReader, contents: Contents): void {
  if (reader.text() !== "name") return;
  while (!reader.atEnd) {
    const id = reader.u8();
    const part = reader.part(reader.u32());
    if (id === FUNCTION_NAMES) part.vector(() => contents.names.set(part.u32(), part.text()));
  }
}

function readSection(id: number, section: WasmReader, contents: Contents): void {
  switch (id) {
    case SECTION.CUSTOM:
      readCustom(section, contents);
      break;
    case SECTION.IMPORT:
      section.vector(() => readImport(section, contents));
      break;
    case SECTION.TABLE:
      contents.tables += section.vector(() => readTable(section)).length;
      break;
    case SECTION.MEMORY:
      contents.memories.push(...section.vector(() => readLimits(section)));
      break;
    case SECTION.GLOBAL:
      section.vector(() => readGlobal(section, contents));
      break;
    case SECTION.EXPORT:
      contents.exports.push(
        ...section.vector(() => ({ name: section.text(), kind: kindOf(section), index: section.u32() })),
      );
      break;
    case SECTION.START:
      section.u32();
      contents.start = true;
      break;
    case SECTION.ELEMENT:
      contents.elementSegments = section.u32();
      return;
    case SECTION.CODE:
      section.vector(() => readBody(section, contents));
      break;
    case SECTION.DATA:
      contents.dataSegments = section.u32();
      return;
    default:
      if (!UNUSED_SECTIONS.has(id)) section.fail(`unknown section ${id}`);
      return;
  }
  section.finish(`section ${id}`);
}

function functionsOf({ imports, exports, bodies, names }: Contents): FunctionSize[] {
  const imported = imports.filter(({ kind }) => kind === "function").length;
  const exported = new Map(exports.filter(({ kind }) => kind === "function").map(({ index, name }) => [index, name]));
  return bodies.map((bytes, i) => {
    const index = imported + i;
    return { index, name: names.get(index) ?? exported.get(index), bytes };
  });
}

/** The value of an exported global, if it is an immutable i32 constant. */
function exportedConstant({ exports, globals }: Contents, name: string): number | undefined {
  const found = exports.find((other) => other.kind === "global" && other.name === name);
  return found === undefined ? undefined : globals[found.index]?.constant;
}

/**
 * Reads a module.
 * @param bytes the whole file
 * @throws {WasmFormatError} naming the offset of whatever is not understood.
 */
export function inspectModule(bytes: Uint8Array): ModuleInspection {
  const reader = new WasmReader(bytes);
  for (const expected of MAGIC_AND_VERSION) {
    const offset = reader.offset;
    if (reader.u8() !== expected) reader.fail("not a WebAssembly module of version 1", offset);
  }
  const contents = new Contents();
  while (!reader.atEnd) {
    const id = reader.u8();
    readSection(id, reader.part(reader.u32()), contents);
  }
  const memory = contents.memories[0];
  return {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
    imports: contents.imports,
    exports: contents.exports.map(({ name, kind }) => ({ name, kind })),
    memoryPages: memory?.initial ?? 0,
    memoryMaximum: memory?.maximum,
    mutableGlobals: contents.globals.filter(({ mutable }) => mutable).length,
    ...contents.counts,
    tables: contents.tables,
    elementSegments: contents.elementSegments,
    dataSegments: contents.dataSegments,
    start: contents.start,
    heapBase: exportedConstant(contents, "__heap_base"),
    dataEnd: exportedConstant(contents, "__data_end"),
    functions: functionsOf(contents),
  };
}
