/** Makes tests of the stories in real time, on one transport. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TransportName } from "../../../sim/timefull/index.js";
import { STORIES } from "./stories/index.js";
import type { Story } from "./story.js";
import { TimefullDriver } from "./timefull.js";

/** A core with a rule removed is judged without time, where a story that does not end is found out at once. */
const IS_MUTANT = process.env["METALRAFT_MODULE"] !== undefined;
/** For one story, in ms: some waits at their bound. */
const TIMEOUT = 120_000;

/** Where the nodes of a story remember. */
export type Memory = "in memory" | "on disk";

export function tellInRealTime(transport: TransportName, memory: Memory): void {
  describe.skipIf(IS_MUTANT)(`stories in real time over ${transport}, ${memory}`, () => {
    for (const [subject, stories] of Object.entries(STORIES)) {
      describe(subject, () => {
        for (const story of stories) it.concurrent(story.title, () => tell(story, transport, memory), TIMEOUT);
      });
    }
  });
}

async function tell(story: Story, transport: TransportName, memory: Memory): Promise<void> {
  const folder = memory === "on disk" ? mkdtempSync(join(tmpdir(), "metalraft-story-")) : undefined;
  const c = new TimefullDriver(transport, story.setting, folder);
  try {
    await c.cluster.start();
    await story.tell(c);
    expect(c.cluster.failures).toEqual([]);
    expect(c.cluster.watch.broken).toEqual([]);
  } finally {
    await c.cluster.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
