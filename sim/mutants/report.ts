/** What came of a hunt, as a table and as figures. */

import { CHECKS, type CheckName } from "./checks.js";
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

/** The median of some numbers, that of an even number of them rounded; 0 if there are none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 0;
  return sorted.length % 2 === 1 ? upper : Math.round(((sorted[(sorted.length >> 1) - 1] ?? 0) + upper) / 2);
}

function secondsOf(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function cell(finding: Finding | undefined): string {
  if (finding === undefined) return "-";
  const seconds = secondsOf(finding.ms);
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

/** What one check caught. */
export interface CheckFigures {
  readonly check: CheckName;
  /** Mutants that it was asked about. */
  readonly asked: number;
  readonly caught: number;
  /** Mutants about which it came to no end, or could not judge. */
  readonly undecided: number;
  /** Of what it caught, from its start on; 0 if that is nothing. */
  readonly medianMs: number;
  readonly longestMs: number;
}

/** Figures of a hunt. Times are those of the check that caught a mutant first. */
export interface Figures {
  readonly mutants: number;
  readonly caught: number;
  readonly medianMs: number;
  readonly longestMs: number;
  /** Of every check that was asked. */
  readonly checks: readonly CheckFigures[];
  /** Names of those that were not caught. */
  readonly survivors: readonly string[];
}

export function figuresOf(outcomes: readonly Outcome[]): Figures {
  const times = outcomes.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  return {
    mutants: outcomes.length,
    caught: times.length,
    ...timesOf(times),
    checks: CHECKS.map((check) => figuresOfCheck(check, outcomes)).filter(({ asked }) => asked > 0),
    survivors: outcomes.filter(({ caughtBy }) => caughtBy === null).map(({ name }) => name),
  };
}

function figuresOfCheck(check: CheckName, outcomes: readonly Outcome[]): CheckFigures {
  const findings = outcomes.flatMap((outcome) => outcome.findings[check] ?? []);
  const caught = findings.filter(({ outcome }) => outcome === "caught");
  const undecided = findings.filter(({ outcome }) => outcome === "undecided").length;
  return { check, asked: findings.length, caught: caught.length, undecided, ...timesOf(caught.map(({ ms }) => ms)) };
}

function timesOf(times: readonly number[]): { medianMs: number; longestMs: number } {
  return { medianMs: median(times), longestMs: Math.max(0, ...times) };
}

/** The figures, for a person. */
export function summaryOf({ caught, checks, longestMs, medianMs, mutants, survivors }: Figures): string {
  const times = (median: number, longest: number) =>
    `${secondsOf(median)} s by the median, ${secondsOf(longest)} s at most`;
  return [
    `${caught} of ${mutants} caught, in ${times(medianMs, longestMs)}`,
    ...checks.map((of) => {
      const undecided = of.undecided > 0 ? `, undecided about ${of.undecided}` : "";
      return `${of.check}: ${of.caught} of the ${of.asked} it was asked about, in ${times(of.medianMs, of.longestMs)}${undecided}`;
    }),
    ...(survivors.length > 0 ? [`survivors: ${survivors.join(", ")}`] : []),
  ].join("\n");
}
