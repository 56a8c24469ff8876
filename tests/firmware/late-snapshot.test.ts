/**
 * Boards that are sent a snapshot too late, on the real core, in one process: the scenarios are told in C, in
 * firmware/node/test/late_snapshot_test.c, where the network is in their hands.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** For one run, in ms: a bound on hanging. */
const RUN_TIMEOUT = 20_000;

describe.each(["fast", "classic"])("a board on the %s interpreter", (interpreter) => {
  const program = fileURLToPath(
    new URL(`../../build/firmware/posix-${interpreter}/metalraft-late-snapshot-test`, import.meta.url),
  );

  it.skipIf(!existsSync(program))("keeps what it applied when its log has passed a leader's snapshot", () => {
    const { status, stderr, stdout } = spawnSync(program, { encoding: "utf8", timeout: RUN_TIMEOUT });
    expect(stderr).toBe("");
    expect(stdout).toBe("3 scenarios\n");
    expect(status).toBe(0);
  });
});
