/**
 * What the model checker leaves out changes nothing of what is found: a search in the order of progress, with nodes that ask
 * for pre-votes at once, finds what one in the order of steps finds, in which every step is taken by itself.
 */

import { describe, expect, it } from "vitest";
import { shippedCore } from "../../host/core/module.js";
import { Explorer } from "../../sim/check/explorer.js";
import { type CheckOptions, DEFAULT_OPTIONS } from "../../sim/check/options.js";
import { SearchWorker } from "../../sim/check/search.js";
import { reserveTables } from "../../sim/check/tables.js";
import { WorldTable } from "../../sim/check/world-table.js";

/** A bound on hanging, in ms. */
const PATIENCE = 240_000;
const AN_HOUR = 3_600_000;

/**
 * All combinations of what the rules look at in the nodes of a world, of all worlds that a search
 * finds: with all reductions, or breadth-first with none.
 */
function judgedIn(chosen: Partial<CheckOptions>, reductions: boolean): Set<string> {
  const oneByOne = !reductions;
  const options = { ...DEFAULT_OPTIONS, memory: 256, symmetry: false, selfCheck: false, reductions, ...chosen };
  const tables = reserveTables(options);
  const worker = new SearchWorker(shippedCore(), options, tables, Date.now() + AN_HOUR, oneByOne);
  worker.begin();
  expect(worker.run().finding).toBeNull();
  const explorer = new Explorer(shippedCore(), options, tables, oneByOne);
  const worlds = new WorldTable(tables.worlds, options.nodes, explorer.width, explorer.sets);
  const found = new Set<string>();
  for (let place = 0; place < worlds.count; place++) {
    const start = place * worlds.width;
    found.add(explorer.describeJudged(worlds.words.subarray(start, start + worlds.width)));
  }
  return found;
}

describe("nothing is lost by what is left out", () => {
  it.each([
    { nodes: 2, maxTerm: 1, maxLog: 1, crashes: 1 },
    { nodes: 2, maxTerm: 2, maxLog: 1, crashes: 1, storage: "sync" as const },
    { nodes: 2, maxTerm: 2, maxLog: 1, crashes: 1, underWay: 1 },
    { nodes: 2, maxTerm: 1, maxLog: 2, storage: "sync" as const, membership: "single" as const },
    { nodes: 3, maxTerm: 1, maxLog: 1, storage: "sync" as const },
  ])(
    "%j",
    (options) => {
      const all = judgedIn(options, false);
      const reduced = judgedIn(options, true);
      expect(all.size).toBeGreaterThan(20);
      expect(reduced).toEqual(all);
    },
    PATIENCE,
  );
});
