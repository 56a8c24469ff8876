/**
 * Formats and lints the core's sources with biome. AssemblyScript allows decorators where TypeScript does not, so biome
 * is shown a copy in which each is a comment, and what it makes of that is turned back.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT, runNode } from "./process.mjs";

export const BIOME = "node_modules/@biomejs/biome/bin/biome";
/** Where biome works: its configuration lies here, and below it the copies, with the sources' names and line numbers. */
const WORKSHOP = "build/lint";
const COPIES = `${WORKSHOP}/assembly`;

const DECORATORS = /@\w+(?:\([^()\n]*\))?(?: @\w+(?:\([^()\n]*\))?)*/.source;
const ALONE = new RegExp(`^([ \\t]*)(${DECORATORS})[ \\t]*$`, "gm");
const BEFORE_CODE = new RegExp(`^([ \\t]*)(${DECORATORS}) (?=\\S)`, "gm");

/** Biome's rules for the core: those that hold in AssemblyScript too. */
const RULES = {
  preset: "none",
  complexity: {
    noExcessiveLinesPerFunction: { level: "error", options: { maxLines: 80, skipBlankLines: true } },
  },
  correctness: {
    noUnreachable: "error",
    noUnusedFunctionParameters: "error",
    noUnusedImports: "error",
    noUnusedPrivateClassMembers: "error",
    noUnusedVariables: "error",
  },
  style: { noDefaultExport: "error", useConst: "error" },
  suspicious: { noDuplicateCase: "error", noFallthroughSwitchClause: "error", noVar: "error" },
};

/** @param {string} source AssemblyScript. @returns {string} The same with decorators as comments. */
export function hideDecorators(source) {
  return source.replace(ALONE, "$1//$2").replace(BEFORE_CODE, "$1/*$2*/ ");
}

/** @param {string} copy @returns {string} */
export function showDecorators(copy) {
  return copy
    .replace(new RegExp(`^([ \\t]*)//(${DECORATORS})$`, "gm"), "$1$2")
    .replace(new RegExp(`^([ \\t]*)/\\*(${DECORATORS})\\*/ `, "gm"), "$1$2 ");
}

/**
 * @param {{ write: boolean }} options `write`: format the sources, instead of only checking them.
 * @returns {Promise<import("./process.mjs").Outcome>}
 */
export async function checkAssembly({ write }) {
  const names = readdirSync(join(ROOT, "assembly"), { recursive: true, encoding: "utf8" });
  const sources = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  const copies = join(ROOT, COPIES);
  rmSync(copies, { recursive: true, force: true });
  for (const name of sources) {
    mkdirSync(dirname(join(copies, name)), { recursive: true });
    writeFileSync(join(copies, name), hideDecorators(readFileSync(join(ROOT, "assembly", name), "utf8")));
  }
  const { formatter, javascript } = JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8"));
  // Imports stay as they are: their order is the order in which AssemblyScript compiles.
  const config = { root: true, formatter, javascript, linter: { rules: RULES }, assist: { enabled: false } };
  writeFileSync(join(ROOT, WORKSHOP, "biome.json"), JSON.stringify(config));

  const command = write ? ["check", "--write"] : ["ci", "--error-on-warnings"];
  const args = [...command, "--colors=off", "assembly"];
  const outcome = await runNode(join(ROOT, BIOME), args, { capture: true, cwd: join(ROOT, WORKSHOP) });
  if (write) for (const name of sources) writeBack(name);
  return outcome;
}

/** @param {string} name */
function writeBack(name) {
  const source = join(ROOT, "assembly", name);
  const formatted = showDecorators(readFileSync(join(ROOT, COPIES, name), "utf8"));
  if (formatted !== readFileSync(source, "utf8")) writeFileSync(source, formatted);
}
