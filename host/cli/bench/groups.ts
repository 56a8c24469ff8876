/**
 * Many groups of three nodes in three processes on loopback, durable: how long until all have leaders, what an idle group
 * costs with rest and without, and what commits cost when one group is busy and when all are.
 */

import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GROUP_CAPACITY } from "../../groups/capacity.js";
import { LOOPBACK } from "../cluster-folder.js";
import { tell, UsageError } from "../output.js";
import { findFreePorts } from "../ports.js";
import type { Answer, Ask, Load, Question, Reply, Status } from "./groups-protocol.js";
import { type BenchResult, timed } from "./result.js";

const PROCESSES = 3;
const PAIRS = (PROCESSES * (PROCESSES - 1)) / 2;
const FIRST_PORT = 8401;
/** For all groups to elect or to rest. A bound on hanging. */
const PATIENCE_MS = 180_000;
const POLL_MS = 50;
const IDLE_MS = 10_000;
const WARM_UP_MS = 1500;
const LOAD_MS = 5000;
const PAYLOAD = 128;
/** Commands under way: in the one busy group, and in each when all are busy. */
const OUTSTANDING_ONE = 32;
const OUTSTANDING_ALL = 1;

/** A process, and what it was asked. */
class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #asked = 0;

  constructor() {
    this.#process = fork(fileURLToPath(new URL("./groups-node.js", import.meta.url)));
    this.#process.on("message", ({ answer, failure, number }: Reply) => {
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (failure === undefined) waiting?.resolve(answer);
      else waiting?.reject(new UsageError(`a process of the benchmark failed: ${failure}`));
    });
    this.#process.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new UsageError("a process of the benchmark ended"));
      this.#waiting.clear();
    });
  }

  ask(ask: Ask): Promise<Answer> {
    this.#asked++;
    const question: Question = { number: this.#asked, ask };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.number, { resolve, reject });
      this.#process.send(question);
    });
  }

  async status(): Promise<Status> {
    return (await this.ask({ ask: "status" })) as Status;
  }

  async load(ask: Omit<Extract<Ask, { ask: "load" }>, "ask">): Promise<Load> {
    return (await this.ask({ ask: "load", ...ask })) as Load;
  }

  end(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

/** The processes with their groups, and their folder. */
class GroupProcesses {
  readonly #folder = mkdtempSync(join(tmpdir(), "metalraft-bench-groups-"));
  readonly #children: Child[] = [];

  constructor(
    readonly groups: number,
    private readonly quiesceRounds: number,
  ) {}

  /** Resolves when every process has a node in every group. */
  async start(): Promise<void> {
    const ports = await findFreePorts(LOOPBACK, FIRST_PORT, PROCESSES);
    const members = ports.map((port, i) => ({ id: i + 1, address: `${LOOPBACK}:${port}` }));
    const { groups, quiesceRounds } = this;
    const starts = members.map(({ id }) => {
      const child = new Child();
      this.#children.push(child);
      return child.ask({ ask: "start", id, members, groups, folder: join(this.#folder, String(id)), quiesceRounds });
    });
    await Promise.all(starts);
  }

  statuses(): Promise<Status[]> {
    return Promise.all(this.#children.map((child) => child.status()));
  }

  /** Waits until all processes are as wanted. @returns the ms that took */
  async until(what: string, isSo: (status: Status) => boolean): Promise<number> {
    const begun = performance.now();
    for (;;) {
      if ((await this.statuses()).every(isSo)) return performance.now() - begun;
      if (performance.now() - begun > PATIENCE_MS) {
        throw new UsageError(`waited ${PATIENCE_MS / 1000} s in vain for all groups to ${what}`);
      }
      await pause(POLL_MS);
    }
  }

  /** The groups' leaders get commands for a while; "one": the first group that the first process leads. */
  async load(groups: "one" | "all", outstanding: number, milliseconds: number): Promise<Load> {
    const busy = groups === "all" ? this.#children : this.#children.slice(0, 1);
    const ask = { groups, outstanding, payload: PAYLOAD, milliseconds };
    const loads = await Promise.all(busy.map((child) => child.load(ask)));
    return { commits: sum(loads.map(({ commits }) => commits)), refused: sum(loads.map(({ refused }) => refused)) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.ask({ ask: "stop" }).catch(() => undefined)));
    for (const child of this.#children) child.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs the benchmark with processes of its own, which are gone afterwards. */
export async function runGroups(groups: number): Promise<BenchResult[]> {
  const withRest = new GroupProcesses(groups, GROUP_CAPACITY.quiesceRounds);
  const rows: BenchResult[] = [];
  try {
    const elected = await elect(withRest);
    tell(`groups: ${groups} groups have leaders; waiting for them to rest ...`);
    const rested = await withRest.until("rest", ({ quiet }) => quiet === groups);
    rows.push(await measureIdle(withRest, "at rest", { ...elected, msUntilAllRest: round(rested) }));
    rows.push(await measureLoad(withRest, "one", OUTSTANDING_ONE));
    rows.push(await measureLoad(withRest, "all", OUTSTANDING_ALL));
  } finally {
    await withRest.stop();
  }
  const without = new GroupProcesses(groups, 0);
  try {
    rows.push(await measureIdle(without, "with heartbeats", await elect(without)));
  } finally {
    await without.stop();
  }
  return rows;
}

async function elect(processes: GroupProcesses): Promise<Record<string, number | string>> {
  const begun = performance.now();
  await processes.start();
  const placed = performance.now() - begun;
  const elected = await processes.until("elect leaders", ({ led }) => led === processes.groups);
  const statuses = await processes.statuses();
  return {
    msToPlace: round(placed),
    msUntilAllHaveLeaders: round(elected),
    leadersOnEachProcess: statuses.map(({ leads }) => leads).join("/"),
    // Each is counted by both of its ends.
    connectionsPerPairOfProcesses: sum(statuses.map(({ connections }) => connections)) / 2 / PAIRS,
  };
}

/** CPU and memory of a group, that is of its three nodes. */
async function measureIdle(
  processes: GroupProcesses,
  how: string,
  told: Readonly<Record<string, number | string>>,
): Promise<BenchResult> {
  const { groups } = processes;
  const before = await processes.statuses();
  const begun = performance.now();
  await pause(IDLE_MS);
  const after = await processes.statuses();
  const seconds = (performance.now() - begun) / 1000;
  const microseconds = total(after, "cpuMicroseconds") - total(before, "cpuMicroseconds");
  const row = {
    name: `idle group, for a second, ${how} (CPU of 3 processes)`,
    payload: 0,
    batch: groups,
    crossingsPerOp: null,
    bytesCopiedPerOp: null,
    extra: {
      groups,
      ...told,
      cpuMsPerSecondOfAllGroups: round(microseconds / 1000 / seconds),
      rssKiBPerNode: round((total(after, "rssBytes") - total(after, "emptyRssBytes")) / 1024 / groups / PROCESSES),
      arenaBytesPerNode: total(after, "arenaBytes") / groups / PROCESSES,
      rssMiBPerProcess: round(total(after, "rssBytes") / PROCESSES / (1 << 20)),
      syncsMeanwhile: total(after, "syncs") - total(before, "syncs"),
    },
  };
  return timed(row, groups * seconds, microseconds * 1000);
}

async function measureLoad(processes: GroupProcesses, which: "one" | "all", outstanding: number): Promise<BenchResult> {
  await processes.load(which, outstanding, WARM_UP_MS);
  const before = await processes.statuses();
  const { commits, refused } = await processes.load(which, outstanding, LOAD_MS);
  const after = await processes.statuses();
  const syncs = total(after, "syncs") - total(before, "syncs");
  const microseconds = total(after, "cpuMicroseconds") - total(before, "cpuMicroseconds");
  const row = {
    name: `durable commit, ${which} of ${processes.groups} groups busy`,
    payload: PAYLOAD,
    batch: which === "one" ? outstanding : outstanding * processes.groups,
    crossingsPerOp: null,
    bytesCopiedPerOp: null,
    extra: {
      fdatasyncPerCommitOnOneProcess: round(syncs / PROCESSES / commits),
      cpuMicrosecondsPerCommitOfAllProcesses: round(microseconds / commits),
      refused,
    },
  };
  return timed(row, commits, LOAD_MS * 1e6);
}

function total(statuses: readonly Status[], field: keyof Status): number {
  return sum(statuses.map((status) => status[field]));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
