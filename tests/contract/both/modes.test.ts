/** Every scenario of the contract is told in both modes, or there is a reason why it is not; and the README says so. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { classify, NAMED, REASONS, withTables } from "./modes.js";
import { STORIES } from "./stories/index.js";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const stories = Object.values(STORIES).flat();
const told = classify();
const titles = told.map(({ scenario }) => scenario.title);

describe.skipIf(process.env["METALRAFT_MODULE"] !== undefined)("the modes of the contract", () => {
  it("finds the scenarios", () => {
    expect(titles.length).toBeGreaterThan(300);
    expect(titles).toContain("leadership goes back and forth, a term each time, and loses nothing");
    expect(titles).toContain("node %d crashes in the middle of it, and comes back: the others did not wait for it");
  });

  it("each story states outcomes of scenarios that there are, and has a title of its own", () => {
    expect(stories.flatMap(({ states }) => states).filter((title) => !titles.includes(title))).toEqual([]);
    expect(new Set(stories.map(({ title }) => title)).size).toBe(stories.length);
    expect(stories.length).toBeGreaterThanOrEqual(40);
  });

  it("each scenario is told in both modes, or has a reason not to be", () => {
    const left = told.filter(({ reason, stories: by }) => by.length === 0 && reason === undefined);
    expect(left.map(({ scenario }) => `${scenario.file}: ${scenario.title}`)).toEqual([]);
  });

  it("no reason is there for nothing", () => {
    for (const { name, words } of REASONS) {
      expect(
        told.some(({ reason, scenario }) => reason === name && words.some((word) => scenario.words.has(word))),
      ).toBe(true);
    }
    const named = told.filter(({ scenario }) => scenario.title in NAMED);
    expect(named.map(({ scenario }) => scenario.title).sort()).toEqual(Object.keys(NAMED).sort());
    expect(named.filter(({ stories: by }) => by.length > 0)).toEqual([]);
  });

  it("the README has the tables as they are: npx vitest run tests/contract/both/modes -u writes them", async () => {
    await expect(withTables(readFileSync(README, "utf8"))).toMatchFileSnapshot(README);
  });
});
