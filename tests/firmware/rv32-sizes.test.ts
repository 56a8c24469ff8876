/**
 * What the emulated board's images take stays within what the project allows itself. The figures are those that
 * `node firmware/ports/qemu-rv32/sizes.mjs` prints.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { flashOf, INTERPRETERS, imageFile, sizes } from "../../host/tools/firmware-rv32.mjs";
import { engineIsBuilt } from "../../sim/engines.js";

const KIB = 1024;
const FLASH_LIMIT = 160 * KIB;
const RAM_LIMIT = { fast: 110 * KIB, classic: 80 * KIB };
const ENGINE = { fast: "rv32", classic: "rv32-classic" } as const;

/** From the lowest to the highest byte that a loader puts into memory: program headers of type LOAD (ELF, 32 bits). */
function loadedBytes(elf: Buffer): number {
  const [table, size, count] = [elf.readUInt32LE(28), elf.readUInt16LE(42), elf.readUInt16LE(44)];
  const headers = Array.from({ length: count }, (_, i) => elf.subarray(table + i * size, table + (i + 1) * size));
  const loaded = headers.filter((header) => header.readUInt32LE(0) === 1 && header.readUInt32LE(16) > 0);
  const starts = loaded.map((header) => header.readUInt32LE(12));
  const ends = loaded.map((header) => header.readUInt32LE(12) + header.readUInt32LE(16));
  return Math.max(...ends) - Math.min(...starts);
}

function sum(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((total, part) => total + part, 0);
}

describe.each(INTERPRETERS)("rv32, %s interpreter", (interpreter) => {
  const built = engineIsBuilt(ENGINE[interpreter]);

  test.skipIf(!built)("flash and RAM are within their limits, and the parts add up", () => {
    const { flash, ram, instructions } = sizes(interpreter);
    expect(flash.total).toBe(loadedBytes(readFileSync(imageFile(interpreter, "board"))));
    expect(sum(flash.parts)).toBe(flash.total);
    expect(flash.total).toBeLessThanOrEqual(FLASH_LIMIT);
    expect(sum(ram.parts)).toBe(ram.total);
    expect(ram.total).toBeLessThanOrEqual(RAM_LIMIT[interpreter]);
    expect(instructions).toBeGreaterThan(0);
  });
});

test("a map that is not of a board's image is refused", () => {
  expect(() => flashOf("Memory Configuration\n")).toThrow("flash_start");
});
