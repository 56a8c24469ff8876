/** The ESP-IDF project as text: its settings, what they are set to for a target, and its partitions. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../../firmware/ports/esp-idf/", import.meta.url));

export const TARGETS = ["esp32", "esp32c3", "esp32s3"] as const;

export type Target = (typeof TARGETS)[number];

const read = (file: string): string => readFileSync(join(PROJECT, file), "utf8");

/** Names of the symbols that a Kconfig file defines. */
export function symbolsOf(kconfig: string): Set<string> {
  return new Set([...kconfig.matchAll(/^\s*(?:menu)?config (\w+)$/gm)].map(([, name]) => name as string));
}

/** The lines of sdkconfig.defaults and of a target's own, without the prefix CONFIG_. */
export function defaultsOf(target: Target): Map<string, string> {
  const text = read("sdkconfig.defaults") + read(`sdkconfig.defaults.${target}`);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const [, name, value] = /^CONFIG_(\w+)=(.+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`this is no setting: ${line}`);
      return [name, value];
    }),
  );
}

export const OWN_KCONFIG = read("main/Kconfig.projbuild");

/** What the project's own settings are, unless somebody chooses, as far as this Kconfig goes: the first default whose
 * condition is one of `given`. */
function ownValues(given: ReadonlySet<string>): Map<string, string> {
  const values = new Map<string, string>();
  for (const part of OWN_KCONFIG.split(/^ {4}config /m).slice(1)) {
    const name = /^\w+/.exec(part)?.[0] ?? "";
    const defaults = [...part.matchAll(/^ {8}default (.+?)(?: if (\w+))?$/gm)];
    const chosen = defaults.find(([, , condition]) => condition === undefined || given.has(condition));
    if (chosen === undefined) throw new Error(`${name} has no default`);
    values.set(name, chosen[1] as string);
  }
  return values;
}

/** The file that ESP-IDF would make of the settings, as far as the sources ask for them. */
export function sdkconfigHeader(target: Target, chosen: Readonly<Record<string, string>> = {}): string {
  const given = new Map([[`IDF_TARGET_${target.toUpperCase()}`, "y"], ...defaultsOf(target)]);
  const isOn = [...given].flatMap(([name, value]) => (value === "y" ? [name] : []));
  const all = new Map([...given, ...ownValues(new Set(isOn)), ...Object.entries(chosen)]);
  const defined = [...all].filter(([, value]) => value !== "n");
  return defined.map(([name, value]) => `#define CONFIG_${name} ${value === "y" ? 1 : value}\n`).join("");
}

export interface Partition {
  readonly name: string;
  readonly type: string;
  readonly subtype: string;
  readonly offset: number;
  readonly size: number;
}

export function partitions(): Partition[] {
  const rows = read("partitions.csv")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return rows.map((row) => {
    const [name = "", type = "", subtype = "", offset, size] = row.split(",").map((cell) => cell.trim());
    return { name, type, subtype, offset: Number(offset), size: Number(size) };
  });
}
