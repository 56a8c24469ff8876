/** `metalraft sim --host --campaign`: many runs of whole nodes, a report, and a folder with what failed. */

import { runHostCampaign } from "../../../sim/host-world/index.js";
import type { SimFlags } from "../sim.js";
import { CampaignReport, type ReportFlags } from "./campaign-report.js";
import { moduleOf } from "./core.js";
import { describeCampaign } from "./host-report.js";

export async function hostCampaign(flags: ReportFlags & Pick<SimFlags, "jobs" | "runs" | "seed">): Promise<void> {
  const { core, jobs, minutes, runs, seed } = flags;
  const report = new CampaignReport(flags, { command: "metalraft sim --host", parts: "faults", prefix: "host-" });
  const result = await runHostCampaign({ seed, runs, minutes, jobs }, moduleOf(core), (tally, news) =>
    report.progress(`${tally.runs} runs, ${tally.events} events`, news),
  );
  report.end(
    result,
    describeCampaign(result),
    result.missed.map((missed) => `never injected, or never reached: ${missed}`),
  );
}
