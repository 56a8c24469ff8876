/** `metalraft sim --host`: whole production nodes on simulated disks, one run, one again, or a campaign of them. */

import {
  drawHostSwarm,
  FaultListError,
  formatHostFaults,
  type HostSettings,
  MOST_HOSTS,
  parseHostFaults,
  recordHostRun,
  runHostWorld,
} from "../../../sim/host-world/index.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import type { SimFlags } from "../sim.js";
import { moduleOf } from "./core.js";
import { hostCampaign } from "./host-campaign.js";
import { describeRun, tellBroken } from "./host-report.js";
import { repeatHostTrace, writeShrunkHost } from "./host-trace.js";
import { tellSound } from "./shrink.js";

/** What of the command's flags applies; faults as they were given. */
export type HostFlags = Omit<SimFlags, "faults"> & { readonly faults: string };

export async function simulateHosts(flags: HostFlags): Promise<void> {
  if (flags.campaign) await hostCampaign(flags);
  else if (flags.trace !== undefined) await repeatHostTrace(flags.trace, flags);
  else await runOnce(flags);
}

async function runOnce(flags: HostFlags): Promise<void> {
  const core = moduleOf(flags.core);
  const settings = flags.swarm ? drawHostSwarm(flags.seed) : settingsOf(flags);
  const result = await runHostWorld(settings, core);
  if (flags.json === true) sayJson(result);
  else for (const line of describeRun(result)) say(line);
  if (result.rule === null) {
    if (flags.shrink !== undefined) tellSound(flags.shrink);
    return;
  }
  tellBroken(result);
  tell(`to repeat it: ${repeat(flags)}`);
  if (flags.shrink !== undefined) {
    const { trace } = await recordHostRun(settings, core);
    await writeShrunkHost(flags.shrink, trace, core);
  }
  process.exitCode = 1;
}

function settingsOf({ faults, nodes, seed, steps }: HostFlags): Partial<HostSettings> {
  if (nodes > MOST_HOSTS) throw new UsageError(`--host takes up to ${MOST_HOSTS} nodes`);
  try {
    return { seed, nodes, steps, faults: parseHostFaults(faults) };
  } catch (error) {
    throw error instanceof FaultListError ? new UsageError(error.message) : error;
  }
}

/** The command that gives the same run. */
function repeat({ core, faults, nodes, seed, steps, swarm }: HostFlags): string {
  const on = core === "v8" ? "" : ` --core ${core}`;
  if (swarm) return `metalraft sim --host --swarm --seed ${seed}${on}`;
  const list = formatHostFaults(parseHostFaults(faults));
  return `metalraft sim --host --seed ${seed} --nodes ${nodes} --steps ${steps} --faults ${list}${on}`;
}
