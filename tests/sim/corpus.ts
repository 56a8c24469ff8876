/**
 * What once failed: a file for each run in sim/corpus/, with all that the run follows from beside its core, so that it stays
 * the same run whatever campaigns draw, and with the digest that shows that it did. What a run draws from its seed when it
 * is opened (who votes, and of some the sizes) is drawn again; the digest shows that, too.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { drawSwarm } from "../../sim/campaign/index.js";
import { type Draw, FAULTS, LATER_DRAWS, WEIGHTS } from "../../sim/core-world/faults.js";
import { MEMBERSHIPS, runSimulation, type SimulationResult, TINY_CAPACITY } from "../../sim/core-world/run.js";
import type { SettingsOptions } from "../../sim/core-world/settings.js";

const FOLDER = new URL("../../sim/corpus/", import.meta.url);

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const draws = Object.keys(WEIGHTS) as Draw[];
const sizes = Object.keys(TINY_CAPACITY) as (keyof typeof TINY_CAPACITY)[];

function wholes<Name extends string>(names: readonly Name[], optional: readonly Name[] = []) {
  const entries = names.map((name) => [name, optional.includes(name) ? v.optional(whole, 0) : whole]);
  return v.strictObject(Object.fromEntries(entries) as Record<Name, typeof whole>);
}

const settingsSchema = v.strictObject({
  seed: whole,
  nodes: whole,
  steps: whole,
  liveness: v.boolean(),
  sessions: v.boolean(),
  faults: v.array(v.picklist(FAULTS)),
  membership: v.exactOptional(v.picklist(MEMBERSHIPS)),
  capacity: v.exactOptional(wholes(sizes)),
  weights: wholes(draws, LATER_DRAWS),
});

const entrySchema = v.strictObject({
  /** What it once showed. */
  reason: v.string(),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  settings: settingsSchema,
});

/** A file that is to be spelled out: a seed of a campaign, and what it showed. */
const seedSchema = v.strictObject({ reason: v.string(), seed: whole });

export interface CorpusEntry extends v.InferOutput<typeof entrySchema> {
  readonly file: string;
}

/** All entries, by file. */
export function readCorpus(): CorpusEntry[] {
  return files().map((file) => ({ file, ...v.parse(entrySchema, readFrom(file)) }));
}

/** Runs an entry. */
export function runEntry({ settings }: Pick<CorpusEntry, "settings">): SimulationResult {
  return runSimulation(settings);
}

/** Spells out what is only a seed yet, runs every entry, and writes down its digest. */
export function recordCorpus(): void {
  for (const file of files()) {
    const content = readFrom(file);
    const seed = v.safeParse(seedSchema, content);
    const { reason, settings } = seed.success
      ? { reason: seed.output.reason, settings: v.parse(settingsSchema, spelledOut(seed.output.seed)) }
      : v.parse(v.omit(entrySchema, ["digest"]), withoutDigest(content));
    const { digest } = runEntry({ settings });
    writeFileSync(new URL(file, FOLDER), `${JSON.stringify({ reason, digest, settings }, null, 2)}\n`);
  }
}

/** All that a seed of a campaign draws now. */
function spelledOut(seed: number): SettingsOptions {
  return { sessions: false, ...drawSwarm(seed) };
}

function withoutDigest(content: unknown): unknown {
  const { digest: _, ...others } = content as Record<string, unknown>;
  return others;
}

function files(): string[] {
  return readdirSync(FOLDER).sort();
}

function readFrom(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
}
