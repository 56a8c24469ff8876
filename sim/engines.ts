/** The engines that can host the core here: this process's own, and WAMR in the processes that the firmware's ports are. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { shippedCore } from "../host/core/module.js";
import type { CoreUnderTest } from "./core-under-test.js";
import type { Command } from "./driven/pipe.js";
import { DrivenCore } from "./driven-core.js";
import { V8Core } from "./v8-core.js";

/** An engine's name, as `--core` takes it. */
export type EngineName = "v8" | "wamr" | "wamr-classic" | "rv32" | "rv32-classic";

/** A core that has to be closed when it is not needed any more. */
export type OpenCore = CoreUnderTest & { close(): void };

/** Why an engine cannot be had here, and what to do about it. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}

/** What builds the firmware. */
const HOW = "node host/tools/firmware.mjs";

/** From sim/ of the sources, and from dist/sim/. */
const PLACES = ["../build/firmware", "../../build/firmware"];

interface Process {
  /** Folder of build/firmware/. */
  readonly folder: string;
  readonly image: string;
  readonly command: (image: string) => Command;
}

/** A CPU like an ESP32-C3's, without its atomics. */
function emulated(image: string): Command {
  const machine = ["-M", "virt", "-cpu", "lowrisc-ibex", "-bios", "none"];
  const quiet = ["-display", "none", "-serial", "none", "-monitor", "none", "-parallel", "none"];
  const semihosting = ["-semihosting-config", "enable=on,target=native,arg=metalraft"];
  return { program: "qemu-system-riscv32", args: [...machine, ...quiet, ...semihosting, "-kernel", image] };
}

function posix(image: string): Command {
  return { program: image, args: ["driven"] };
}

const PROCESSES: Readonly<Record<Exclude<EngineName, "v8">, Process>> = {
  wamr: { folder: "posix-fast", image: "metalraft-posix", command: posix },
  "wamr-classic": { folder: "posix-classic", image: "metalraft-posix", command: posix },
  rv32: { folder: "qemu-rv32-fast", image: "metalraft-rig.elf", command: emulated },
  "rv32-classic": { folder: "qemu-rv32-classic", image: "metalraft-rig.elf", command: emulated },
};

export const ENGINES: readonly EngineName[] = ["v8", "wamr", "wamr-classic", "rv32", "rv32-classic"];

/** The path of an engine's image; undefined when it was not built, or built with another core than the shipped one. */
function imageOf({ folder, image }: Process): string | undefined {
  const paths = PLACES.map((place) => fileURLToPath(new URL(`${place}/${folder}/${image}`, import.meta.url)));
  const path = paths.find((found) => existsSync(found));
  if (path === undefined) return undefined;
  const digest = join(dirname(path), "module.sha256");
  return existsSync(digest) && readFileSync(digest, "utf8").trim() === shippedCore().sha256 ? path : undefined;
}

/** Whether an engine is there, with the shipped core in it. */
export function engineIsBuilt(name: EngineName): boolean {
  return name === "v8" || imageOf(PROCESSES[name]) !== undefined;
}

/** The program that an engine is, and how it is started.
 * @throws {EngineError} when it was not built */
export function engineCommand(name: Exclude<EngineName, "v8">): Command {
  const image = imageOf(PROCESSES[name]);
  if (image === undefined) {
    throw new EngineError(`the firmware for --core ${name} is not built, or with another core: run \`${HOW}\``);
  }
  return PROCESSES[name].command(image);
}

/** Opens the core on an engine.
 * @throws {EngineError} when it was not built */
export function openCore(name: EngineName): OpenCore {
  if (name === "v8") return Object.assign(new V8Core(), { close: () => {} });
  const core = new DrivenCore(name, engineCommand(name));
  if (core.sha256 === shippedCore().sha256) return core;
  core.close();
  throw new EngineError(`the firmware for --core ${name} has another core in it: run \`${HOW}\``);
}
