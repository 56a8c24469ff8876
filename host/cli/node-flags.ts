/** The flags about how a node behaves, which `serve` and `cluster` share. */

import type { Command } from "commander";
import { PlanLimit } from "../core/abi.js";
import { SERVER_CAPACITY } from "../core/plan.js";
import { DEFAULT_SNAPSHOT_BYTES, DEFAULT_SNAPSHOT_ENTRIES } from "../node/options.js";
import { LOG_LEVELS, logLevel, wholeNumber } from "./flags.js";
import { UsageError } from "./output.js";

/** An hour: what the core takes for a time. */
const MAX_TIME_MS = 3_600_000;
/** The longest of the plan's whole numbers. */
const MAX_NUMBER = 0xffffffff;

export interface NodeFlags {
  readonly electionTimeout: number;
  readonly electionJitter: number;
  readonly heartbeat: number;
  readonly requestTimeout: number;
  /** A snapshot is taken after so many entries, or so many bytes of them; 0: not by this measure. */
  readonly snapshotEntries: number;
  readonly snapshotBytes: number;
  /** Entries that stay behind a snapshot, for slow followers. */
  readonly keepEntries: number;
  /** Thousandths; 0: no leases. */
  readonly leaseDrift: number;
  /** Idle heartbeat rounds after which the cluster rests; 0: never. */
  readonly quiesceRounds: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

const DEFAULT_REQUEST_TIMEOUT_MS = 5000;

/** Adds the flags to a command. */
export function addNodeFlags(command: Command): Command {
  const { electionTimeout, electionJitter, heartbeat, keepEntries, leaseDrift, quiesceRounds } = SERVER_CAPACITY;
  const number = wholeNumber(0, MAX_NUMBER);
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
    .option(
      "--snapshot-entries <n>",
      "take a snapshot after so many entries; 0: never",
      number,
      DEFAULT_SNAPSHOT_ENTRIES,
    )
    .option("--snapshot-bytes <n>", "or after so many bytes of them; 0: never", number, DEFAULT_SNAPSHOT_BYTES)
    .option("--keep-entries <n>", "entries that stay behind a snapshot, for slow followers", number, keepEntries)
    .option(
      "--lease-drift <permille>",
      "how far two clocks may drift apart, in thousandths, 1 to 500: the leader then answers reads by lease; 0: no leases",
      wholeNumber(0, PlanLimit.DRIFT),
      leaseDrift,
    )
    .option("--quiesce-rounds <n>", "rest after so many idle heartbeats; 0: never", number, quiesceRounds)
    .option("--log-level <level>", LOG_LEVELS.join(", "), logLevel, "info");
}

/** @throws {UsageError} when the flags do not go together. */
export function checkNodeFlags({ electionTimeout, heartbeat }: Pick<NodeFlags, "electionTimeout" | "heartbeat">): void {
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
    ...["--snapshot-entries", String(flags.snapshotEntries)],
    ...["--snapshot-bytes", String(flags.snapshotBytes)],
    ...["--keep-entries", String(flags.keepEntries)],
    ...["--lease-drift", String(flags.leaseDrift)],
    ...["--quiesce-rounds", String(flags.quiesceRounds)],
    ...["--log-level", flags.logLevel],
  ];
}
