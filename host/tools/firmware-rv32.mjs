/**
 * What the images of the emulated board (firmware/ports/qemu-rv32) take: flash by part, RAM in all, instructions for a
 * committed proposal. Reads the linker's maps and runs the images; firmware.mjs builds them.
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./process.mjs";

/** @typedef {"fast" | "classic"} Interpreter */

/** @typedef {"board" | "rig" | "bench" | "faults"} Image What they are: see port.cmake. */

/** @type {readonly Interpreter[]} */
export const INTERPRETERS = ["fast", "classic"];

/** For one run of the emulator, in ms: a bound on hanging; it takes a second. */
const RUN_TIMEOUT = 20_000;

/** Where the images of an interpreter are built (firmware.mjs). @param {Interpreter} interpreter */
function folderOf(interpreter) {
  return join(ROOT, "build", "firmware", `qemu-rv32-${interpreter}`);
}

/** @param {Interpreter} interpreter @param {Image} image */
export function imageFile(interpreter, image) {
  return join(folderOf(interpreter), `metalraft-${image}.elf`);
}

/**
 * How an image is run: its requests come from standard input and its replies go to standard output, both of which have
 * to be files or named pipes; what it has to say goes to standard error. An instruction takes a nanosecond.
 * @param {string} image File of an image.
 * @param {Readonly<Record<string, string | number>>} [options] For the program: see main.c and bench.c.
 * @returns {{ program: string, args: readonly string[] }}
 */
export function emulator(image, options = {}) {
  const words = ["metalraft", ...Object.entries(options).map(([name, value]) => `${name}=${value}`)];
  const unsuitable = words.find((word) => /[\s,]/.test(word));
  if (unsuitable !== undefined) throw new Error(`"${unsuitable}" cannot be passed on: it has a blank or a comma in it`);
  const semihosting = ["enable=on", "target=native", ...words.map((word) => `arg=${word}`)].join();
  const machine = ["-M", "virt", "-cpu", "lowrisc-ibex", "-icount", "shift=0"];
  const nothingElse = ["-display", "none", "-serial", "none", "-monitor", "none", "-bios", "none"];
  const args = [...machine, ...nothingElse, "-semihosting-config", semihosting, "-kernel", image];
  return { program: "qemu-system-riscv32", args };
}

/**
 * What the benchmark's image prints.
 * @typedef {object} BoardReport
 * @property {string} interpreter
 * @property {number} members
 * @property {number} payload Bytes of a proposal.
 * @property {number} proposals How many were counted.
 * @property {number} instructions For one committed proposal.
 * @property {number} open Instructions from the start of the runtime to a node that runs.
 * @property {number} ram Bytes of RAM in all.
 * @property {number} static Bytes of .data and .bss.
 * @property {number} stack Bytes of the stack.
 * @property {number} stackUsed The most that was in use of it.
 * @property {number} pool Bytes of the pool.
 * @property {number} poolUsed The most that was in use of it.
 */

/**
 * Runs the benchmark: a leader of some members commits proposals.
 * @param {Interpreter} interpreter
 * @param {{ members?: number, pool?: number, stack?: number }} [options] See bench.c.
 * @returns {BoardReport | { problem: string }} A problem when it cannot be done, most likely for lack of memory.
 */
export function runBench(interpreter, options = {}) {
  const { program, args } = emulator(imageFile(interpreter, "bench"), options);
  const { status, stderr, error } = spawnSync(program, args, {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: RUN_TIMEOUT,
  });
  if (error !== undefined) throw new Error(`${program} could not be run: ${error.message}`);
  const lines = stderr.trim().split("\n");
  if (status !== 0) return { problem: lines.at(-1) ?? "" };
  return Object.assign({}, ...lines.map((line) => JSON.parse(line)));
}

/** Parts of an image by the files they come from; the first that fits, and the last always does. */
const PARTS = /** @type {const} */ ([
  { name: "the core (metalraft.wasm)", file: /metalraft_module/ },
  { name: "WAMR", file: /libvmlib/ },
  { name: "compiler support (soft floats, 64-bit division)", file: /libgcc/ },
  { name: "C library", file: /lib[cm]\.a/ },
  { name: "port", file: /\/ports\// },
  { name: "portable host", file: /./ },
]);

/** Where memory.ld puts something. @param {string} map The linker's. @param {string} name */
function symbolOf(map, name) {
  const address = Number(new RegExp(`(0x[0-9a-f]+) +${name} = `).exec(map)?.[1]);
  if (Number.isNaN(address)) throw new Error(`the linker's map has no ${name}: it is not that of a board's image`);
  return address;
}

/**
 * Flash of an image by part, from the linker's map. A piece lasts to where the next begins, so that the parts add up and
 * what fills gaps counts for the piece before.
 * @param {string} map
 * @returns {{ total: number, parts: Record<string, number> }} In bytes.
 */
export function flashOf(map) {
  const start = symbolOf(map, "flash_start");
  const data = symbolOf(map, "data_load");
  const end = symbolOf(map, "flash_end");
  const pieces = [...map.matchAll(/^ \.\S+\s+(0x[0-9a-f]+) +(0x[0-9a-f]+) (\S+)$/gm)]
    .map(([, address, length, file]) => ({ address: Number(address), length: Number(length), file: file ?? "" }))
    .filter(({ address, length }) => length > 0 && address >= start && address < data)
    .sort((a, b) => a.address - b.address);
  /** @type {Record<string, number>} */
  const parts = Object.fromEntries(PARTS.map(({ name }) => [name, 0]));
  for (const [i, { address, file }] of pieces.entries()) {
    const name = PARTS.find((part) => part.file.test(file))?.name ?? "";
    parts[name] = (parts[name] ?? 0) + (pieces[i + 1]?.address ?? data) - address;
  }
  parts["initial values of .data"] = end - data;
  return { total: end - start, parts };
}

/** The least that the search for the smallest pool tells apart, in bytes. */
const POOL_STEP = 256;

/**
 * The smallest pool in which a leader of so many members works.
 * @param {Interpreter} interpreter @param {number} members @param {BoardReport} report Of a run with all of the pool.
 */
function smallestPool(interpreter, members, report) {
  let enough = Math.ceil(report.pool / POOL_STEP);
  let tooLittle = Math.floor(report.poolUsed / POOL_STEP) - 1;
  while (enough - tooLittle > 1) {
    const middle = Math.floor((enough + tooLittle) / 2);
    if ("problem" in runBench(interpreter, { members, pool: middle * POOL_STEP })) tooLittle = middle;
    else enough = middle;
  }
  return Math.min(enough * POOL_STEP, report.pool);
}

/**
 * @typedef {object} Sizes All in bytes, but for `instructions`.
 * @property {Interpreter} interpreter
 * @property {{ total: number, parts: Record<string, number> }} flash
 * @property {{ total: number, parts: Record<string, number>, stackUsed: number }} ram For one node of a cluster of
 *   `RAM_MEMBERS`, its stack in it: what it works with, and would not work with less.
 * @property {number} instructions For one committed proposal on a leader of three.
 */

/** The cluster whose node's RAM is stated. */
const RAM_MEMBERS = 5;

/** The images have to be there. @param {Interpreter} interpreter @returns {Sizes} */
export function sizes(interpreter) {
  const map = readFileSync(join(folderOf(interpreter), "metalraft-board.map"), "utf8");
  const large = runBench(interpreter, { members: RAM_MEMBERS });
  if ("problem" in large) throw new Error(`a node does not fit the board's RAM: ${large.problem}`);
  const cost = runBench(interpreter);
  if ("problem" in cost) throw new Error(`the benchmark failed: ${cost.problem}`);
  const pool = smallestPool(interpreter, RAM_MEMBERS, large);
  const parts = {
    "pool (runtime, instance, arena)": pool,
    stack: symbolOf(map, "stack_top") - symbolOf(map, "stack_bottom"),
    ".data and .bss": symbolOf(map, "bss_end") - symbolOf(map, "data_start"),
  };
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  const ram = { total, parts, stackUsed: large.stackUsed };
  return { interpreter, flash: flashOf(map), ram, instructions: cost.instructions };
}
