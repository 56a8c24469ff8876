/**
 * What the emulated board's images take: flash by part, RAM in all for one node of a cluster of five, and instructions
 * for one committed proposal on a leader of three.
 *
 *   node firmware/ports/qemu-rv32/sizes.mjs [--json]
 *
 * The images have to be built: node host/tools/firmware.mjs.
 */

import { existsSync } from "node:fs";
import { INTERPRETERS, imageFile, sizes } from "../../../host/tools/firmware-rv32.mjs";

/** The ESP32-C3's clock, for the estimate. */
const CLOCK_MHZ = 160;

/** @param {number} bytes */
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;

/** @param {string} title @param {{ total: number, parts: Record<string, number> }} sizes */
function table(title, { total, parts }) {
  const rows = [...Object.entries(parts), ["in all", total]];
  const lines = rows.map(([name, bytes]) => `  ${String(name).padEnd(48)} ${kib(Number(bytes)).padStart(10)}`);
  return [title, ...lines].join("\n");
}

/** @param {import("../../../host/tools/firmware-rv32.mjs").Sizes} sizes */
function text({ interpreter, flash, ram, instructions }) {
  const perSecond = Math.round((CLOCK_MHZ * 1e6) / instructions);
  return [
    `rv32imc, ${interpreter} interpreter`,
    table(" flash", flash),
    table(" RAM, one node of a cluster of five", ram),
    `  of the stack were used at most ${ram.stackUsed} bytes`,
    ` a committed proposal of 16 bytes on a leader of three: ${instructions} instructions`,
    `  estimate: ${perSecond} a second at ${CLOCK_MHZ} MHz, if an instruction took a cycle`,
  ].join("\n");
}

const lacking = INTERPRETERS.map((interpreter) => imageFile(interpreter, "bench")).filter((file) => !existsSync(file));
if (lacking.length > 0) {
  process.stderr.write(`metalraft: not built yet: ${lacking.join(", ")}; run node host/tools/firmware.mjs\n`);
  process.exitCode = 1;
} else {
  const results = INTERPRETERS.map(sizes);
  const shown = process.argv.includes("--json") ? JSON.stringify(results) : results.map(text).join("\n\n");
  process.stdout.write(`${shown}\n`);
}
