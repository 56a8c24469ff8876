/** The simulated disk: what is durable when, what a crash keeps, and what may be reported. */

import { beforeEach, describe, expect, it } from "vitest";
import { Disk } from "../../sim/core-world/disk.js";
import { EMPTY_LOG, type LogPath, LogTree } from "../../sim/log-tree.js";
import { encodeEntries } from "../../sim/messages.js";
import { InvariantViolation } from "../../sim/violation.js";

let tree: LogTree;
let disk: Disk;

/** Appends entries of these terms. */
function append(...terms: readonly number[]): void {
  const bytes = encodeEntries(terms.map((term) => ({ term })));
  const memory = { bytes, words: new Int32Array(bytes.buffer) };
  let id = disk.written.last === 0 ? EMPTY_LOG : disk.written.tip;
  const ids = terms.map((_, i) => {
    id = tree.add(id, memory, i * 16);
    return id;
  });
  disk.append(Int32Array.from(ids), ids.length);
}

function termsOf(path: LogPath): number[] {
  return Array.from({ length: path.last }, (_, i) => tree.term(path.at(i + 1)));
}

describe("the simulated disk", () => {
  beforeEach(() => {
    tree = new LogTree((rule, detail) => {
      throw new InvariantViolation(rule, detail, { seed: null, step: 0, actions: [] });
    });
    disk = new Disk(tree);
  });

  it("makes writes durable one after the other", () => {
    disk.hardState(3, 1);
    append(1, 1);
    disk.truncate(2);
    append(2);
    expect([disk.term, termsOf(disk.durable), termsOf(disk.written)]).toEqual([0, [], [1, 2]]);
    disk.completeOne();
    expect([disk.term, disk.vote, termsOf(disk.durable)]).toEqual([3, 1, []]);
    disk.completeOne();
    expect(termsOf(disk.durable)).toEqual([1, 1]);
    disk.completeOne();
    expect(termsOf(disk.durable)).toEqual([1]);
    disk.completeOne();
    expect(termsOf(disk.durable)).toEqual([1, 2]);
    expect([disk.issued, disk.done]).toEqual([4, 4]);
  });

  it("does not report what a truncation under way will reach", () => {
    append(1, 1, 1);
    disk.truncate(2);
    append(1, 1);
    disk.completeOne();
    expect([disk.durable.last, disk.reportable]).toEqual([3, 1]);
    disk.completeOne();
    disk.completeOne();
    expect(disk.reportable).toBe(3);
  });

  it("loses what is not durable in a crash, and finds the log as it was", () => {
    append(1, 1);
    disk.completeOne();
    disk.hardState(9, 9);
    disk.truncate(1);
    append(2, 2, 2);
    disk.crash(0);
    expect([disk.term, disk.pending.length]).toEqual([0, 0]);
    expect(termsOf(disk.written)).toEqual([1, 1]);
    expect(disk.done).toBe(disk.issued);
  });

  it("keeps the first entries of a torn append, and nothing of a torn truncation", () => {
    append(1, 1, 1);
    disk.crash(2);
    expect(termsOf(disk.written)).toEqual([1, 1]);
    disk.truncate(1);
    append(2);
    disk.crash(2);
    expect(termsOf(disk.written)).toEqual([1, 1]);
    append(1);
    disk.crash(9);
    expect(termsOf(disk.written)).toEqual([1, 1, 1]);
  });
});
