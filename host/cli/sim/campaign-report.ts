/** What campaigns tell and keep, whatever their runs are: progress, each failure at once, and the report. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Failure, SIMULATOR_ERROR } from "../../../sim/campaign/index.js";
import { say, sayJson, tell } from "../output.js";
import type { SimFlags } from "../sim.js";

/** Time between two lines of progress, in ms. */
const PROGRESS_INTERVAL = 2000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

export type ReportFlags = Pick<SimFlags, "core" | "json" | "minutes" | "out">;

/** What differs from one simulator to the other. */
export interface Wording {
  /** The command of a run, without its seed or trace. */
  readonly command: string;
  /** What its traces are made of. */
  readonly parts: string;
  /** What names of files begin with. */
  readonly prefix: string;
}

interface Result {
  readonly failures: readonly Failure[];
  /** What the campaign had to do without, and why. */
  readonly troubles: readonly string[];
  readonly passed: boolean;
}

export class CampaignReport {
  readonly #start = performance.now();
  #told = this.#start;
  #failures = 0;

  constructor(
    private readonly flags: ReportFlags,
    private readonly wording: Wording,
  ) {}

  /** Tells how far a campaign is, now and then, and of failures at once: it may be broken off hours later. */
  progress(what: string, news: readonly Failure[]): void {
    for (const failure of news) this.#tellFailure(failure);
    this.#failures += news.length;
    const now = performance.now();
    if (now - this.#told < PROGRESS_INTERVAL) return;
    this.#told = now;
    const share = Math.min(100, Math.round(((now - this.#start) * 100) / (this.flags.minutes * MINUTE)));
    tell(`${share} %, ${Math.round((now - this.#start) / SECOND)} s: ${what}, ${this.#failures} failures`);
  }

  /** Says what a campaign came to. @param lines for people */
  end<Campaign extends Result>(result: Campaign, lines: readonly string[], missed: readonly string[]): void {
    const report = withoutTraces(result);
    if (this.#failures > 0) this.#write("report.json", `${JSON.stringify(report, null, 2)}\n`);
    if (this.flags.json === true) sayJson(report);
    else for (const line of lines) say(line);
    for (const line of [...result.troubles.map(firstLine), ...missed]) tell(line);
    if (!result.passed) process.exitCode = 1;
  }

  /** Writes a failure as a trace and as a diagram, and tells of it. */
  #tellFailure(failure: Failure): void {
    const { detail, diagram, left, recorded, seed, trace, troubles } = failure;
    const { command, parts } = this.wording;
    const what = broken(failure);
    const again = `${command} --swarm --seed ${seed}${this.#onCore}`;
    const size = trace === null ? "" : `, ${recorded} ${parts}${left < recorded ? ` shrunk to ${left}` : ""}`;
    tell(`seed ${seed} ${what}${size}: ${firstLine(detail)}`);
    for (const trouble of troubles) tell(firstLine(trouble));
    tell(`to repeat it: ${again}`);
    const text = [again, `${what}: ${detail}`, ...troubles, "", diagram ?? "there is no diagram of it"];
    const told = this.#write(`seed-${seed}.txt`, `${text.join("\n")}\n`);
    tell(told === null ? detail : `all of it:    ${told}`);
    const file = trace === null ? null : this.#write(`seed-${seed}.trace`, trace);
    if (file !== null) tell(`to see it:    ${command} --trace ${file} --diagram${this.#onCore}`);
  }

  get #onCore(): string {
    return this.flags.core === "v8" ? "" : ` --core ${this.flags.core}`;
  }

  /** Writes a file. @returns its path; null if it could not be written, which ends no campaign */
  #write(name: string, text: string): string | null {
    const { out } = this.flags;
    const file = join(out, `${this.wording.prefix}${name}`);
    try {
      mkdirSync(out, { recursive: true });
      writeFileSync(file, text);
      return file;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tell(`${file} cannot be written: ${why}; the next campaign may be given another folder: --out`);
      return null;
    }
  }
}

function broken({ rule }: Failure): string {
  return rule === SIMULATOR_ERROR ? `ends with an ${rule}` : `breaks "${rule}"`;
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

/** A result without what its failures' files hold. */
function withoutTraces<Campaign extends Result>(result: Campaign) {
  return { ...result, failures: result.failures.map(({ diagram: _, trace: __, ...failure }) => failure) };
}
