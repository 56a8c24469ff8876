/**
 * Generates what must agree with the core's sources: the TypeScript view, the C header and the page for people.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { progress, ROOT } from "../process.mjs";
import { emitC } from "./c.mjs";
import { emitMarkdown } from "./markdown.mjs";
import { readAbi } from "./parse.mjs";
import { emitTypeScript } from "./typescript.mjs";

const NOTICE = "Generated from assembly/index.ts and assembly/abi/ by `npm run generate`: change those.";

/**
 * The generated files.
 * @param {ReadonlyMap<string, string>} sources Text by path: assembly/index.ts and every file of assembly/abi/.
 * @returns {Map<string, string>} Text by path.
 * @throws {import("./reader.mjs").AbiError} naming file and line of whatever is not understood.
 */
export function generatedFiles(sources) {
  const abi = readAbi(sources);
  return new Map([
    ["host/core/abi.ts", emitTypeScript(abi, NOTICE)],
    ["firmware/include/metalraft_abi.h", emitC(abi, NOTICE)],
    ["docs/abi.md", emitMarkdown(abi, NOTICE)],
  ]);
}

/**
 * The sources of the ABI in a folder that is laid out like the project.
 * @param {string} root
 * @returns {Map<string, string>}
 */
export function abiSources(root) {
  const names = readdirSync(join(root, "assembly/abi"), { recursive: true, encoding: "utf8" });
  const declarations = names.map((name) => `assembly/abi/${name.replaceAll("\\", "/")}`);
  const paths = ["assembly/index.ts", ...declarations.filter((name) => name.endsWith(".ts")).sort()];
  const present = paths.filter((path) => existsSync(join(root, path)));
  return new Map(present.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** @param {string} path @returns {string | undefined} */
function contentOf(path) {
  try {
    return readFileSync(join(ROOT, path), "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Writes the generated files, or compares them with what is there.
 * @param {boolean} check Compare only.
 * @returns {boolean} False when a file compared is stale or missing.
 */
export function generate(check) {
  const stale = [...generatedFiles(abiSources(ROOT))].filter(([path, text]) => contentOf(path) !== text);
  for (const [path, text] of stale) {
    if (check) progress(`${path} does not agree with assembly/: run \`npm run generate\``);
    else {
      mkdirSync(dirname(join(ROOT, path)), { recursive: true });
      writeFileSync(join(ROOT, path), text);
      progress(`wrote ${path}`);
    }
  }
  return !check || stale.length === 0;
}
