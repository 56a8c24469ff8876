/**
 * What the command says: results on standard output, progress and errors on standard error.
 */

import { readFileSync } from "node:fs";

/** An error that is the user's affair: its message is shown, its stack is not. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Writes a line of results. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line of progress. */
export function tell(line: string): void {
  process.stderr.write(`metalraft: ${line}\n`);
}

/** Writes the one JSON object that ends the standard output of a command with --json. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value));
}

/** package.json, seen from host/cli/ of the sources and from dist/host/cli/ of the package. */
const MANIFESTS = ["../../package.json", "../../../package.json"];

/** The version of this package. */
export function packageVersion(): string {
  for (const place of MANIFESTS) {
    try {
      return JSON.parse(readFileSync(new URL(place, import.meta.url), "utf8")).version;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  throw new Error("package.json of metalraft is missing: install the package again");
}
