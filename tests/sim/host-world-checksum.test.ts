/** The host world notices logs that believe damaged bytes: here every checksum is the same. */

import { expect, it, vi } from "vitest";
import { parseHostFaults, runHostWorld } from "../../sim/host-world/index.js";

vi.mock("@node-rs/crc32", () => ({ crc32c: () => 7 }));

const MOST_SEEDS = 20;
/** What bytes that are believed come to: a log that was never written, or one that cannot be replayed. */
const RULES = ["durability", "damage goes unnoticed", "start"];

it("the checkers notice checksums that are not looked at", async () => {
  const faults = parseHostFaults("bit-rot,torn-sector:2,reorder:2,lost,power");
  let rule: string | null = null;
  for (let seed = 1; seed <= MOST_SEEDS && rule === null; seed++) {
    rule = (await runHostWorld({ seed, nodes: 5, steps: 3000, chaos: 40, thinking: 5, faults })).rule;
  }
  expect(RULES).toContain(rule);
});
