/** The age that nodes say their state has, where groups rest: held against whom they have really heard of, after every event. */

import { describe, expect, it } from "vitest";
import { Node } from "../../host/core/abi.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { shippedCore } from "../../host/core/module.js";
import { parseHostFaults } from "../../sim/host-world/faults.js";
import { judgeAge } from "../../sim/host-world/local-reads.js";
import { runScript } from "../../sim/host-world/run.js";
import { HOST_CAPACITY, type HostSettings, hostSettings, type Sabotage } from "../../sim/host-world/settings.js";
import type { HostWorld } from "../../sim/host-world/world.js";

const MOST_SEEDS = 20;

/** Clients that leave their group time to rest, and faults that wake some of its nodes. */
const RESTFUL = {
  steps: 3000,
  clients: 2,
  thinking: 200,
  capacity: { ...HOST_CAPACITY, quiesceRounds: 3 },
} as const;

/** Hides from the host that a node rests, so that it takes the time of the waking for that of a leader's message. */
function sleepwalking(instance: CoreInstance): void {
  const { init } = instance.exports;
  const u32 = instance.u32.bind(instance);
  let quiet = 0;
  instance.exports.init = (arena, ...rest) => {
    quiet = arena + Node.quiet;
    return init(arena, ...rest);
  };
  instance.u32 = (address) => (address === quiet ? 0 : u32(address));
}

/** Runs a world in which the age of every node is judged after every event. @returns which rule is broken, and how often a
 * node was judged in its rest */
async function judged(settings: Partial<HostSettings>, sabotage: Sabotage = {}) {
  const rested = { LEADER: 0, FOLLOWER: 0 };
  const look = (world: HostWorld) => {
    for (const host of world.hosts) {
      judgeAge(world, host);
      const status = host.up?.node.status;
      if (status?.quiet === true) rested[status.role === "LEADER" ? "LEADER" : "FOLLOWER"]++;
    }
  };
  const all = hostSettings({ ...RESTFUL, ...settings, sabotage });
  const { rule } = await runScript(all, shippedCore(), undefined, look);
  return { rule, rested };
}

/** A seed whose run breaks the rule with such nodes. */
async function seedThatTells(settings: Partial<HostSettings>): Promise<number> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { rule } = await judged({ ...settings, seed }, { instance: sleepwalking });
    if (rule === "staleness") return seed;
  }
  throw new Error(`none of ${MOST_SEEDS} seeds tells`);
}

describe("the age of a state, where groups rest", () => {
  it.each([
    ["nodes that come back", { faults: parseHostFaults("kill") }],
    ["nodes that missed what their leader said", { faults: parseHostFaults("drop:3,delay") }],
    ["nodes on which everything goes wrong", { faults: parseHostFaults("all"), nodes: 5 }],
  ] satisfies [string, Partial<HostSettings>][])("is not understated, woken by %s", async (_, settings) => {
    const seed = await seedThatTells(settings);
    const { rested, rule } = await judged({ ...settings, seed });
    expect(rule).toBeNull();
    expect(Math.min(rested.LEADER, rested.FOLLOWER)).toBeGreaterThan(50);
  });
});
