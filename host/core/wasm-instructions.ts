/**
 * Walks the instructions of a function and counts those that matter to the gate on the binary. Understood are
 * WebAssembly 1.0, sign extension, saturating truncation, bulk memory and multi-value: what the core's compiler may emit.
 */

import type { WasmReader } from "./wasm-reader.js";

/** How often an instruction of each kind occurs. */
export interface InstructionCounts {
  indirectCalls: number;
  memoryGrow: number;
  memorySize: number;
  /** Instructions that read, write or compute a floating-point number. */
  floatInstructions: number;
}

const OP = {
  BLOCK: 0x02,
  LOOP: 0x03,
  IF: 0x04,
  END: 0x0b,
  BR_TABLE: 0x0e,
  CALL_INDIRECT: 0x11,
  MEMORY_SIZE: 0x3f,
  MEMORY_GROW: 0x40,
  I32_CONST: 0x41,
  I64_CONST: 0x42,
  F32_CONST: 0x43,
  F64_CONST: 0x44,
  PREFIX: 0xfc,
} as const;

type Range = readonly [first: number, last: number];

/** No immediate: unreachable, nop, else, return, drop, select, comparisons, arithmetic, conversions, sign extension. */
const PLAIN: readonly Range[] = [
  [0x00, 0x01],
  [0x05, 0x05],
  [0x0f, 0x0f],
  [0x1a, 0x1b],
  [0x45, 0xc4],
];
/** One index: br, br_if, call, and the accesses to locals and globals. */
const INDEXED: readonly Range[] = [
  [0x0c, 0x0d],
  [0x10, 0x10],
  [0x20, 0x24],
];
/** Loads and stores. */
const MEMORY_ACCESS: readonly Range[] = [[0x28, 0x3e]];
/** f32 and f64: loads, stores, constants, comparisons, arithmetic, conversions from, to and between. */
const FLOAT: readonly Range[] = [
  [0x2a, 0x2b],
  [0x38, 0x39],
  [0x43, 0x44],
  [0x5b, 0x66],
  [0x8b, 0xa6],
  [0xa8, 0xab],
  [0xae, 0xbf],
];

/** Behind the prefix 0xfc: the number of one-byte or index immediates, by opcode. */
const PREFIXED_IMMEDIATES = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1];
const SATURATING_TRUNCATIONS = 8;

/** Block types that are no type index: none, and the four number types; as signed numbers. */
const BLOCK_TYPES = new Set([-64n, -1n, -2n, -3n, -4n]);
/** The flag in an alignment that announces an index of a memory. */
const MULTI_MEMORY = 0x40;

function isIn(ranges: readonly Range[], opcode: number): boolean {
  return ranges.some(([first, last]) => opcode >= first && opcode <= last);
}

/** Reads one instruction. @returns how much deeper the nesting is after it. */
function instruction(reader: WasmReader, counts: InstructionCounts): number {
  const start = reader.offset;
  const opcode = reader.u8();
  if (isIn(FLOAT, opcode)) counts.floatInstructions += 1;
  if (isIn(PLAIN, opcode)) return 0;
  if (isIn(INDEXED, opcode)) {
    reader.u32();
    return 0;
  }
  if (isIn(MEMORY_ACCESS, opcode)) {
    if ((reader.u32() & MULTI_MEMORY) !== 0) reader.fail("an access to another memory", start);
    reader.u32();
    return 0;
  }
  switch (opcode) {
    case OP.BLOCK:
    case OP.LOOP:
    case OP.IF: {
      const type = reader.signed(33);
      if (type < 0n && !BLOCK_TYPES.has(type)) reader.fail("unknown block type", start);
      return 1;
    }
    case OP.END:
      return -1;
    case OP.BR_TABLE:
      reader.vector(() => reader.u32());
      reader.u32();
      return 0;
    case OP.CALL_INDIRECT:
      counts.indirectCalls += 1;
      reader.u32();
      reader.u32();
      return 0;
    case OP.MEMORY_SIZE:
      counts.memorySize += 1;
      reader.u8();
      return 0;
    case OP.MEMORY_GROW:
      counts.memoryGrow += 1;
      reader.u8();
      return 0;
    case OP.I32_CONST:
      reader.signed(32);
      return 0;
    case OP.I64_CONST:
      reader.signed(64);
      return 0;
    case OP.F32_CONST:
      reader.skip(4);
      return 0;
    case OP.F64_CONST:
      reader.skip(8);
      return 0;
    case OP.PREFIX:
      return prefixed(reader, counts, start);
    default:
      return reader.fail(`unknown instruction 0x${opcode.toString(16)}`, start);
  }
}

function prefixed(reader: WasmReader, counts: InstructionCounts, start: number): 0 {
  const opcode = reader.u32();
  const immediates = PREFIXED_IMMEDIATES[opcode];
  if (immediates === undefined) return reader.fail(`unknown instruction 0xfc ${opcode}`, start);
  if (opcode < SATURATING_TRUNCATIONS) counts.floatInstructions += 1;
  for (let i = 0; i < immediates; i++) reader.u32();
  return 0;
}

/** Reads instructions up to the `end` that closes them and adds to `counts`. */
export function countInstructions(reader: WasmReader, counts: InstructionCounts): void {
  for (let depth = 1; depth > 0; ) depth += instruction(reader, counts);
}

/**
 * Reads the constant expression that a global begins with.
 * @returns its value if it is a single i32.const, else undefined.
 */
export function constantExpression(reader: WasmReader, counts: InstructionCounts): number | undefined {
  const start = reader.offset;
  countInstructions(reader, counts);
  const again = reader.from(start);
  if (again.u8() !== OP.I32_CONST) return undefined;
  const value = Number(again.signed(32));
  return again.u8() === OP.END ? value : undefined;
}
