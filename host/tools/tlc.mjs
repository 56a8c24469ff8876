/**
 * Checks the specification in docs/spec/ with TLC, and runs of the simulator against it (docs/spec/README.md).
 *
 *   node host/tools/tlc.mjs                        every model within its bounds, searched to the end
 *   node host/tools/tlc.mjs --model NAME ...       only these
 *   node host/tools/tlc.mjs --weakened             every rule left out, one at a time: TLC has to find what that breaks
 *   node host/tools/tlc.mjs --trace FILE ...       whether runs are behaviours of the specification
 *
 * Exit status 0: all was searched or explained, and nothing is wrong. TLC is fetched by Maven; where it cannot be had, what
 * is missing is told, and the exit status is 2.
 */

import { parseArgs } from "node:util";
import { progress } from "./process.mjs";
import { checkModel, checkWeakened, MODELS } from "./tlc/models.mjs";
import { missing } from "./tlc/setup.mjs";
import { checkTraceFile } from "./tlc/trace.mjs";

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}

/** @param {readonly string[]} names */
function chosen(names) {
  const unknown = names.find((name) => !MODELS.some((model) => model.name === name));
  if (unknown !== undefined) {
    throw new Error(`there is no model "${unknown}": there are ${MODELS.map(({ name }) => name).join(", ")}`);
  }
  return MODELS.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** @param {readonly string[]} files */
async function traces(files) {
  let ok = true;
  for (const file of files) {
    const { lines, problem } = await checkTraceFile(file);
    say(problem ?? `${file}: all ${lines} lines are explained by the specification`);
    ok &&= problem === undefined;
  }
  return ok;
}

/** @param {readonly string[]} names @param {boolean} weakened */
async function models(names, weakened) {
  let ok = true;
  for (const model of chosen(names)) {
    for (const { line, problem } of weakened ? await checkWeakened(model) : [await checkModel(model)]) {
      say(problem ?? line);
      ok &&= problem === undefined;
    }
  }
  return ok;
}

async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { model: { type: "boolean" }, weakened: { type: "boolean" }, trace: { type: "boolean" } },
  });
  const lacking = await missing();
  if (lacking !== undefined) {
    progress(`left out, as TLC cannot be run: install with ${lacking}`);
    process.exitCode = 2;
    return;
  }
  const ok = values.trace ? await traces(positionals) : await models(positionals, values.weakened === true);
  if (!ok) process.exitCode = 1;
}

main().catch((error) => {
  progress(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
