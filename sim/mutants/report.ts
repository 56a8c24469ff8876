/** What came of a hunt, as a table and as figures. */

import type { CheckName } from "./checks.js";
import type { Finding } from "./finding.js";
import type { Mutant } from "./mutant.js";

export interface Outcome {
  readonly name: string;
  readonly rule: string;
  readonly kind: "core" | "host";
  readonly file: string;
  /** The check that caught it first; null for a survivor. */
  readonly caughtBy: CheckName | null;
  /** Of that check, from its start on, its process's included, in ms; null for a survivor. */
  readonly ms: number | null;
  /** The test, or the rule, that noticed. */
  readonly by: string;
  /** Every check that was asked. */
  readonly findings: Readonly<Partial<Record<CheckName, Finding>>>;
}

/** @param findings in the order in which they were asked */
export function outcomeOf(mutant: Mutant, kind: Outcome["kind"], findings: ReadonlyMap<CheckName, Finding>): Outcome {
  const caught = [...findings].find(([, { outcome }]) => outcome === "caught");
  return {
    name: mutant.name,
    rule: mutant.rule,
    kind,
    file: mutant.file,
    caughtBy: caught?.[0] ?? null,
    ms: caught?.[1].ms ?? null,
    by: caught?.[1].by ?? "",
    findings: Object.fromEntries(findings),
  };
}

/** The middle one of some numbers; 0 if there are none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function cell(finding: Finding | undefined): string {
  if (finding === undefined) return "-";
  const seconds = (finding.ms / 1000).toFixed(1);
  return finding.outcome === "caught" ? `${seconds} s` : `${finding.outcome === "nothing" ? "no" : "?"} ${seconds} s`;
}

/** A line for a person who waits. */
export function lineOf({ by, caughtBy, findings, name }: Outcome): string {
  const asked = Object.entries(findings).map(([check, finding]) => `${check} ${cell(finding)}`);
  return `${caughtBy === null ? "SURVIVED" : "caught"} ${name}: ${asked.join(", ")}${by === "" ? "" : `: ${by}`}`;
}

/** A table in Markdown: a time is that to the catch, "no" and a time a check that ended without one, "?" one that did
 * not end. */
export function tableOf(outcomes: readonly Outcome[], checks: readonly CheckName[]): string {
  const head = ["mutant", "caught by", ...checks, "what noticed"];
  const rows = outcomes.map(({ by, caughtBy, findings, name }) => [
    name,
    caughtBy ?? "SURVIVED",
    ...checks.map((check) => cell(findings[check])),
    by.replaceAll("|", "\\|"),
  ]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Figures of a hunt. */
export function figuresOf(outcomes: readonly Outcome[]): { mutants: number; caught: number; medianMs: number } {
  const times = outcomes.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  return { mutants: outcomes.length, caught: times.length, medianMs: median(times) };
}
