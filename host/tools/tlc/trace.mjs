/**
 * Checks with TLC that a run which was written down (`metalraft sim --spec-trace FILE`) is a behaviour of the
 * specification. If it is not, the first line that nothing explains is told.
 */

import { readFileSync } from "node:fs";
import { INVARIANTS, PROPERTIES } from "./properties.mjs";
import { runTlc } from "./setup.mjs";
import { set, value } from "./text.mjs";

/** The form of the file that this code reads. */
const FORMAT = 1;
/** Most lines of a trace: TLC compares whole states, and the network only grows. */
const MOST_LINES = 5000;

const NAME = "TraceData";

/** Of every step of a run, too: while a node is up, its term and what it holds as committed only rise. */
const RUN_PROPERTIES = [...PROPERTIES, "MemoryRises"];

/**
 * @typedef {object} Verdict
 * @property {number} lines Of the trace, the header not counted.
 * @property {number} explained How many of them, from the first on, are explained.
 * @property {string | undefined} problem What is wrong; undefined if the trace is accepted.
 */

/** @param {string} file @returns {Promise<Verdict>} */
export async function checkTraceFile(file) {
  return checkTrace(readFileSync(file, "utf8"), file);
}

/** @param {string} text @param {string} name What it is called. @returns {Promise<Verdict>} */
export async function checkTrace(text, name) {
  const [header, ...lines] = text.trimEnd().split("\n").map(parse(name));
  if (header?.["metalraftSpecTrace"] !== FORMAT) {
    throw new Error(`${name} is no trace for the specification: metalraft sim --spec-trace FILE writes one`);
  }
  if (lines.length === 0 || lines.length > MOST_LINES) {
    throw new Error(`${name} has ${lines.length} lines behind the header, and may have 1 to ${MOST_LINES}`);
  }
  const { ok, output } = await runTlc({ name: NAME, module: moduleOf(header, lines), config: configOf(header) });
  const explained = Math.max(0, ...[...output.matchAll(/<<"explained", (\d+)>>/g)].map(([, line]) => Number(line)));
  return { lines: lines.length, explained, problem: problemOf({ ok, output, explained, name }, lines) };
}

/** @param {string} name @returns {(line: string, i: number) => Record<string, unknown>} */
function parse(name) {
  return (line, i) => {
    try {
      return JSON.parse(line);
    } catch {
      throw new Error(`${name}, line ${i + 1}: this is no JSON: ${line.slice(0, 60)}`);
    }
  };
}

/**
 * @param {{ ok: boolean, output: string, explained: number, name: string }} outcome
 * @param {readonly Record<string, unknown>[]} lines
 */
function problemOf({ explained, name, ok, output }, lines) {
  const error = /Error: (?:Invariant|Action property) (\w+) is violated/.exec(output)?.[1];
  if (error !== undefined) return `${name}, behind line ${explained + 1}: ${error} does not hold`;
  if (!ok) return `TLC could not judge ${name}:\n${output}`;
  if (explained === lines.length) return undefined;
  const before = lines.slice(0, explained).findLast((line) => line["node"] === lines[explained]?.["node"]);
  const was = before === undefined ? "" : `\nthe same node before: ${JSON.stringify(before["memory"])}`;
  return `${name}, line ${explained + 2}: no step of the specification explains ${JSON.stringify(lines[explained])}${was}`;
}

/** @param {Record<string, unknown>} header @param {readonly Record<string, unknown>[]} lines */
function moduleOf(header, lines) {
  const ids = Array.from({ length: Number(header["nodes"]) }, (_, i) => i + 1);
  const rows = lines.map((line, i) => `L${i + 1} == ${value(line)}`);
  return [
    `---- MODULE ${NAME} ----`,
    "EXTENDS RaftTrace",
    `TraceNodes == ${set(ids)}`,
    `TraceBootstrap == ${value(header["bootstrap"])}`,
    ...rows,
    `TraceLines == <<${rows.map((_, i) => `L${i + 1}`).join(", ")}>>`,
    "====",
    "",
  ].join("\n");
}

/** @param {Record<string, unknown>} header */
function configOf(header) {
  return [
    "SPECIFICATION TraceSpec",
    "CHECK_DEADLOCK FALSE",
    "CONSTANTS",
    "  Weakened = {}",
    "  Nodes <- TraceNodes",
    "  Bootstrap <- TraceBootstrap",
    "  Trace <- TraceLines",
    `  Synchronous = ${value(header["synchronous"])}`,
    `INVARIANTS ${INVARIANTS.join(" ")}`,
    `PROPERTIES ${RUN_PROPERTIES.join(" ")}`,
    "",
  ].join("\n");
}
