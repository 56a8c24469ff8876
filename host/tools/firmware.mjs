/**
 * Builds the firmware's ports into build/firmware/<port>-<interpreter>/: finds the compilers and WAMR's sources, installs
 * what is missing where that is known to work (Debian, as root), and does nothing when nothing has changed.
 *
 *   node host/tools/firmware.mjs [image ...]
 *
 * WAMR's sources come from the crate that firmware/ports/posix/Cargo.lock pins, fetched by cargo; or from WAMR_ROOT.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { answers, lackingOf, missingOf, quietly } from "./packages.mjs";
import { progress, ROOT } from "./process.mjs";

/** @import { Tool } from "./packages.mjs" */

/**
 * @typedef {object} Image
 * @property {string} name Its folder, too.
 * @property {string} port Folder of firmware/ports/.
 * @property {"fast" | "classic"} interpreter
 * @property {readonly string[]} outputs Files in its folder.
 * @property {readonly Tool[]} tools
 * @property {readonly string[]} settings For cmake, besides those that all have.
 *
 * @typedef {object} Outcome
 * @property {string} name
 * @property {boolean} ok
 * @property {string} output What the compilers said; empty when they were not run.
 */

/** WAMR's crate is of Rust's edition 2024, which cargo understands from here on. */
const OLDEST_CARGO = [1, 85];
const RUSTUP = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal";
const MANIFEST = "firmware/ports/posix/Cargo.toml";
const FOLDER = "build/firmware";

async function cargoIsThere() {
  if (wamrRootOfUser() !== undefined) return true;
  if (!(await answers("cargo"))) return false;
  const { output } = await quietly("cargo", ["--version"]);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(output) ?? [];
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_CARGO;
  return Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor);
}

/** Picolibc has no program: its compiler finds its specs, or not. */
async function picolibcIsThere() {
  if (!(await answers("riscv64-unknown-elf-gcc"))) return false;
  return (
    (await quietly("riscv64-unknown-elf-gcc", ["--specs=picolibc.specs", "-E", "-x", "c", "/dev/null"])).status === 0
  );
}

/** @type {Record<string, Tool>} */
const TOOLS = {
  cmake: { name: "cmake", isThere: () => answers("cmake"), packages: ["cmake"] },
  make: { name: "make", isThere: () => answers("make"), packages: ["make"] },
  cc: { name: "a C compiler", isThere: () => answers("cc"), packages: ["gcc", "libc6-dev"] },
  cargo: { name: `cargo ${OLDEST_CARGO.join(".")}`, isThere: cargoIsThere, packages: [], otherwise: RUSTUP },
  riscv: {
    name: "a compiler for RISC-V",
    isThere: picolibcIsThere,
    packages: ["gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"],
  },
  qemu: {
    name: "qemu-system-riscv32",
    isThere: () => answers("qemu-system-riscv32"),
    packages: ["qemu-system-misc"],
  },
};

/** @param {(keyof typeof TOOLS)[]} names */
function tools(...names) {
  return names.flatMap((name) => TOOLS[name] ?? []);
}

/** @param {"fast" | "classic"} interpreter @returns {Image} */
function posix(interpreter) {
  return {
    name: `posix-${interpreter}`,
    port: "posix",
    interpreter,
    outputs: ["metalraft-posix", "metalraft-node", "metalraft-node-faults", "metalraft-late-snapshot-test"],
    tools: tools("cmake", "make", "cc", "cargo"),
    settings: [],
  };
}

/** @param {"fast" | "classic"} interpreter @returns {Image} */
function emulated(interpreter) {
  return {
    name: `qemu-rv32-${interpreter}`,
    port: "qemu-rv32",
    interpreter,
    outputs: ["metalraft-board.elf", "metalraft-rig.elf", "metalraft-bench.elf"],
    tools: tools("cmake", "make", "riscv", "qemu", "cargo"),
    settings: [`-DCMAKE_TOOLCHAIN_FILE=${join(ROOT, "firmware/ports/qemu-rv32/toolchain.cmake")}`],
  };
}

/** @type {readonly Image[]} */
export const IMAGES = [posix("fast"), posix("classic"), emulated("fast"), emulated("classic")];

/** @param {readonly Image[]} images @returns {readonly Tool[]} */
function toolsOf(images) {
  return [...new Set(images.flatMap((image) => image.tools))];
}

/**
 * The command line that installs what the images need and the machine lacks; undefined when nothing is missing. Installs
 * it first where that is possible.
 * @param {readonly Image[]} [images]
 * @returns {Promise<string | undefined>}
 */
export async function missing(images = IMAGES) {
  return missingOf(toolsOf(images));
}

/** @returns {string | undefined} */
function wamrRootOfUser() {
  const root = process.env["WAMR_ROOT"] ?? "";
  return root === "" ? undefined : root;
}

/** The folder of WAMR's sources. @returns {Promise<string>} */
async function findWamr() {
  const given = wamrRootOfUser();
  if (given !== undefined) return given;
  const args = ["metadata", "--locked", "--format-version", "1", "--manifest-path", join(ROOT, MANIFEST)];
  const { status, output } = await quietly("cargo", args);
  const json = output.slice(output.indexOf('{"packages"'));
  if (status !== 0 || json === "") throw new Error(`cargo cannot fetch WAMR's sources:\n${output}`);
  /** @type {{ packages: { name: string, manifest_path: string }[] }} */
  const { packages } = JSON.parse(json.slice(0, json.lastIndexOf("}") + 1));
  const crate = packages.find(({ name }) => name === "wamrx-sys");
  if (crate === undefined) throw new Error(`${MANIFEST} does not depend on wamrx-sys`);
  return join(crate.manifest_path, "..", "wasm-micro-runtime");
}

/** Digest of everything that goes into an image but the tools. @param {Image} image */
function fingerprint(image) {
  const hash = createHash("sha256").update(wamrRootOfUser() ?? "");
  const ports = join(ROOT, "firmware/ports");
  const own = [join(ports, image.port), join(ports, "posix/Cargo")];
  const files = readdirSync(join(ROOT, "firmware"), { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".md"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.startsWith(ports) || own.some((start) => file.startsWith(start)))
    .sort();
  for (const file of [...files, join(ROOT, "build/metalraft.wasm")]) {
    const content = readFileSync(file);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** @param {Image} image @param {string} content */
function isFresh(image, content) {
  const folder = join(ROOT, FOLDER, image.name);
  const stamp = join(folder, "stamp");
  return (
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === content &&
    image.outputs.every((output) => existsSync(join(folder, output)))
  );
}

/** @param {Image} image @returns {Promise<Outcome>} */
async function buildImage(image) {
  const { name } = image;
  const content = fingerprint(image);
  if (isFresh(image, content)) return { name, ok: true, output: "" };
  progress(`building ${FOLDER}/${name}`);
  const folder = join(ROOT, FOLDER, name);
  mkdirSync(folder, { recursive: true });
  const chosen = [`-DMETALRAFT_PORT=${image.port}`, `-DMETALRAFT_INTERPRETER=${image.interpreter}`];
  const wamr = `-DWAMR_ROOT=${await findWamr()}`;
  const configure = ["-S", join(ROOT, "firmware"), "-B", folder, wamr, ...chosen, ...image.settings];
  const configured = await quietly("cmake", configure);
  if (configured.status !== 0) return { name, ok: false, output: configured.output };
  const { status, output } = await quietly("cmake", ["--build", folder, "--parallel", "2"]);
  if (status === 0) writeFileSync(join(folder, "stamp"), content);
  return { name, ok: status === 0, output };
}

/**
 * Builds images whose tools are there.
 * @param {readonly Image[]} [images]
 * @returns {Promise<readonly Outcome[]>}
 */
export async function buildFirmware(images = IMAGES) {
  /** @type {Outcome[]} */
  const outcomes = [];
  for (const image of images) {
    try {
      outcomes.push(await buildImage(image));
    } catch (error) {
      outcomes.push({ name: image.name, ok: false, output: error instanceof Error ? error.message : String(error) });
    }
  }
  return outcomes;
}

/** @param {readonly string[]} names */
async function main(names) {
  const unknown = names.find((name) => !IMAGES.some((image) => image.name === name));
  if (unknown !== undefined) {
    throw new Error(`there is no image "${unknown}": there are ${IMAGES.map(({ name }) => name).join(", ")}`);
  }
  const images = IMAGES.filter(({ name }) => names.length === 0 || names.includes(name));
  const line = await missing(images);
  const lacking = await lackingOf(toolsOf(images));
  const possible = images.filter((image) => !image.tools.some((tool) => lacking.includes(tool)));
  const outcomes = await buildFirmware(possible);
  for (const { name, ok, output } of outcomes) {
    if (!ok) process.stderr.write(`${output}\n`);
    progress(`${FOLDER}/${name} ${ok ? "is built" : "cannot be built"}`);
  }
  if (line !== undefined)
    progress(`left out, as ${lacking.map(({ name }) => name).join(", ")} is missing: install with ${line}`);
  if (line !== undefined || outcomes.some(({ ok }) => !ok)) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  main(process.argv.slice(2)).catch((error) => {
    progress(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
