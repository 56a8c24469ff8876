/** Small modules made byte for byte, for what a core never does: speak another ABI, lack an export, trap. */

/** A function that takes i32s and answers one. */
export interface ModuleFunction {
  readonly name: string;
  readonly parameters: number;
  /** What it answers; null: it traps. */
  readonly answer: number | null;
}

const I32 = 0x7f;
const SECTION = { TYPE: 1, FUNCTION: 3, MEMORY: 5, GLOBAL: 6, EXPORT: 7, CODE: 10 } as const;
const HEAP_BASE = 1024;

/** LEB128, unsigned. */
function u(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u(value >>> 7)];
}
/** LEB128, signed. */
function s(value: number): number[] {
  const isLast = value >= -64 && value < 64;
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...s(value >> 7)];
}
function vector(items: readonly (readonly number[])[]): number[] {
  return [...u(items.length), ...items.flat()];
}
function section(id: number, content: readonly number[]): number[] {
  return [id, ...u(content.length), ...content];
}
function text(name: string): number[] {
  return vector([...new TextEncoder().encode(name)].map((byte) => [byte]));
}

/** A module with a memory of one page, the globals of a core, and these functions. */
export function makeModule(functions: readonly ModuleFunction[]): Uint8Array {
  const types = functions.map(({ parameters }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [I32])),
    ...vector([[I32]]),
  ]);
  const global = [I32, 0, 0x41, ...s(HEAP_BASE), 0x0b];
  const exports = [
    [...text("memory"), 2, 0],
    [...text("__heap_base"), 3, 0],
    [...text("__data_end"), 3, 1],
    ...functions.map(({ name }, i) => [...text(name), 0, ...u(i)]),
  ];
  const bodies = functions.map(({ answer }) => {
    const body = [0, ...(answer === null ? [0x00] : [0x41, ...s(answer)]), 0x0b];
    return [...u(body.length), ...body];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(SECTION.TYPE, vector(types)),
    ...section(SECTION.FUNCTION, vector(functions.map((_, i) => u(i)))),
    ...section(SECTION.MEMORY, vector([[1, 1, 1]])),
    ...section(SECTION.GLOBAL, vector([global, global])),
    ...section(SECTION.EXPORT, vector(exports)),
    ...section(SECTION.CODE, vector(bodies)),
  ]);
}
