/** The flags about how a node behaves, which `serve` and `cluster` share. */

import type { Command } from "commander";
import { SERVER_CAPACITY } from "../core/plan.js";
import { LOG_LEVELS, logLevel, wholeNumber } from "./flags.js";
import { UsageError } from "./output.js";

/** An hour: what the core takes for a time. */
const MAX_TIME_MS = 3_600_000;

export interface NodeFlags {
  readonly electionTimeout: number;
  readonly electionJitter: number;
  readonly heartbeat: number;
  readonly requestTimeout: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

const DEFAULT_REQUEST_TIMEOUT_MS = 5000;

/** Adds the flags to a command. */
export function addNodeFlags(command: Command): Command {
  const { electionTimeout, electionJitter, heartbeat } = SERVER_CAPACITY;
  const time = wholeNumber(1, MAX_TIME_MS);
  return command
    .option(
      "--election-timeout <ms>",
      "without a word from a leader, start an election after this",
      time,
      electionTimeout,
    )
    .option("--election-jitter <ms>", "and up to this more, drawn anew each time", time, electionJitter)
    .option("--heartbeat <ms>", "how often a leader says that it is there", time, heartbeat)
    .option("--request-timeout <ms>", "answer every request within this", time, DEFAULT_REQUEST_TIMEOUT_MS)
    .option("--log-level <level>", LOG_LEVELS.join(", "), logLevel, "info");
}

/** @throws {UsageError} when the flags do not go together. */
export function checkNodeFlags({ electionTimeout, heartbeat }: NodeFlags): void {
  if (heartbeat * 2 <= electionTimeout) return;
  throw new UsageError(
    `--heartbeat ${heartbeat} is too slow for --election-timeout ${electionTimeout}: give at most half of it`,
  );
}

/** The flags as arguments of another command that has them. */
export function nodeFlagArguments(flags: NodeFlags): string[] {
  return [
    ...["--election-timeout", String(flags.electionTimeout)],
    ...["--election-jitter", String(flags.electionJitter)],
    ...["--heartbeat", String(flags.heartbeat)],
    ...["--request-timeout", String(flags.requestTimeout)],
    ...["--log-level", flags.logLevel],
  ];
}
