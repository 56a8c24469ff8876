/**
 * The models of docs/spec/models.json: the specification within bounds that TLC can search to the end, and, with one rule
 * left out at a time, what it has to find.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { INVARIANTS, PROPERTIES } from "./properties.mjs";
import { runTlc, SPECIFICATION } from "./setup.mjs";
import { configuration, set, value } from "./text.mjs";

/** @import { Members } from "./text.mjs" */

/**
 * @typedef {object} Bounds
 * @property {number} nodes
 * @property {Members} [bootstrap] All nodes vote unless stated.
 * @property {number[][]} campaigns Who may campaign into each term.
 * @property {number} maxLog
 * @property {number[]} [commands] Who is asked for commands.
 * @property {Members[]} [changes]
 * @property {Record<string, number>} [crashes] How often, by node.
 * @property {number[]} [slowDisks]
 * @property {number[]} [snapshots] Who saves them.
 * @property {boolean} [preVotes]
 * @property {boolean} [refusals] What comes from an earlier term is answered.
 *
 * @typedef {Bounds & {
 *   name: string,
 *   about: string,
 *   isQuick?: boolean,
 *   weakened?: ({ without: string, breaks: string[] } & Partial<Bounds>)[],
 * }} Model
 *
 * @typedef {object} Result
 * @property {string} line What came of it.
 * @property {string | undefined} problem
 */

/** @type {readonly Model[]} */
export const MODELS = JSON.parse(readFileSync(join(SPECIFICATION, "models.json"), "utf8"));

const NAME = "BoundedRaft";

/** Searches a model to the end. @param {Model} model @param {number} [workers] @returns {Promise<Result>} */
export async function checkModel(model, workers = 2) {
  const { ok, output } = await runTlc({ ...jobOf(model, []), workers });
  const found = /([\d,]+) states generated, ([\d,]+) distinct states found, 0 states left/.exec(output);
  const depth = /depth of the complete state graph search is (\d+)/.exec(output)?.[1];
  if (!ok || found === null) return { line: "", problem: `${model.name}: TLC found an error:\n${output}` };
  const line = `${model.name}: ${found[2]} distinct states of ${found[1]} generated, depth ${depth}, all searched, no error`;
  return { line, problem: undefined };
}

/** Searches a model with one rule left out, once for each such rule. @param {Model} model @returns {Promise<readonly Result[]>} */
export async function checkWeakened(model, workers = 2) {
  /** @type {Result[]} */
  const results = [];
  for (const { breaks, without, ...bounds } of model.weakened ?? []) {
    const { output } = await runTlc({ ...jobOf({ ...model, ...bounds }, [without]), workers });
    const broken = /Error: (?:Invariant|Action property) (\w+) is violated/.exec(output)?.[1];
    const steps = [...output.matchAll(/^State (\d+):/gm)].length;
    const line = `${model.name} without "${without}": ${broken} is broken in ${steps - 1} steps`;
    const isFound = broken !== undefined && breaks.includes(broken);
    results.push({ line, problem: isFound ? undefined : `${model.name}: "${without}" is not missed:\n${output}` });
  }
  return results;
}

/** Searches what takes a few seconds: the models that say so, and each of them with its rules left out.
 * @returns {Promise<readonly Result[]>} */
export async function checkQuickModels() {
  /** @type {Result[]} */
  const results = [];
  for (const model of MODELS.filter(({ isQuick }) => isQuick)) {
    results.push(await checkModel(model), ...(await checkWeakened(model)));
  }
  return results;
}

/** @param {Bounds} bounds @param {readonly string[]} weakened */
function jobOf(bounds, weakened) {
  const { campaigns, changes = [], crashes = {}, maxLog, nodes, preVotes = false, refusals = false } = bounds;
  const ids = Array.from({ length: nodes }, (_, i) => i + 1);
  const { bootstrap = { voters: ids }, commands = [], slowDisks = [], snapshots = [] } = bounds;
  const times = ids.map((id) => crashes[id] ?? 0);
  const module = [
    `---- MODULE ${NAME} ----`,
    "EXTENDS RaftModel",
    `BoundedNodes == ${set(ids)}`,
    `BoundedBootstrap == ${configuration(bootstrap)}`,
    `BoundedCampaigns == <<${campaigns.map(set).join(", ")}>>`,
    `BoundedChanges == {${changes.map(configuration).join(", ")}}`,
    `BoundedCrashes == ${value(times)}`,
    "====",
    "",
  ].join("\n");
  const config = [
    "SPECIFICATION ModelSpec",
    "CHECK_DEADLOCK FALSE",
    "CONSTANTS",
    `  Weakened = ${set(weakened)}`,
    "  Nodes <- BoundedNodes",
    "  Bootstrap <- BoundedBootstrap",
    "  Campaigns <- BoundedCampaigns",
    `  MaxLog = ${maxLog}`,
    `  Commands = ${set(commands)}`,
    "  Changes <- BoundedChanges",
    "  Crashes <- BoundedCrashes",
    `  SlowDisks = ${set(slowDisks)}`,
    `  Snapshots = ${set(snapshots)}`,
    `  PreVotes = ${value(preVotes)}`,
    `  Refusals = ${value(refusals)}`,
    `INVARIANTS ${INVARIANTS.join(" ")}`,
    `PROPERTIES ${PROPERTIES.join(" ")}`,
    "",
  ].join("\n");
  return { name: NAME, module, config };
}
