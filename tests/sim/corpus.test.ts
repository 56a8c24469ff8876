/**
 * What once failed does not fail again, and is still the run that failed. METALRAFT_RECORD_CORPUS=1 writes down what the
 * runs come to now: after a change on purpose of what a run with the same settings does, and for a new entry.
 */

import { describe, expect, it } from "vitest";
import { readCorpus, recordCorpus, runEntry } from "./corpus.js";

if (process.env["METALRAFT_RECORD_CORPUS"] === "1") recordCorpus();

describe("what once failed", () => {
  it.each(readCorpus())("$file: $reason", (entry) => {
    const { digest, explanation, rule, violation } = runEntry(entry);
    expect([rule, violation, explanation]).toEqual([null, null, null]);
    expect(digest, "another run than the one that failed: METALRAFT_RECORD_CORPUS=1 if that is meant").toBe(
      entry.digest,
    );
  });

  it("is told apart from other runs", () => {
    const [entry] = readCorpus();
    if (entry === undefined) throw new Error("there is nothing in the corpus");
    const { settings } = entry;
    const weights = { ...settings.weights, deliver: settings.weights.deliver + 1 };
    expect(runEntry({ settings: { ...settings, weights } }).digest).not.toBe(entry.digest);
  });
});
