/** One node of `metalraft cluster`: a `serve` process, and what is known of it. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readReport } from "./serve-report.js";

/** The end of a log that is shown when a node ends by itself, in bytes and in lines. */
const TAIL_BYTES = 4096;
const TAIL_LINES = 5;

/** The metalraft command. */
export const MAIN = fileURLToPath(new URL("./main.js", import.meta.url));

export interface ClusterNodeOptions {
  readonly id: number;
  /** Arguments of the metalraft command. */
  readonly args: readonly string[];
  readonly logFile: string;
  /** Something became known of this node. */
  readonly onReport: () => void;
  /** Its process has ended. */
  readonly onEnd: () => void;
}

export class ClusterNode {
  readonly id: number;
  readonly logFile: string;
  /** HTTP is served and the node has recovered. */
  serving = false;
  /** Who leads, as far as this node knows; 0 for none. */
  leader = 0;
  term = 0;
  /** How the process ended; undefined while it runs. */
  end: string | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** Starts the process. */
  constructor({ id, args, logFile, onReport, onEnd }: ClusterNodeOptions) {
    this.id = id;
    this.logFile = logFile;
    const log = openSync(logFile, "a");
    // A group of its own: Ctrl-C is for the cluster, which stops its nodes in order.
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ["ignore", "ignore", log, "ipc"],
      detached: true,
      windowsHide: true,
    });
    closeSync(log);
    this.#child.on("message", (message) => {
      const heard = readReport(message);
      if (heard?.kind === "serving") this.serving = true;
      if (heard?.kind === "leader") {
        this.leader = heard.leader;
        this.term = heard.term;
      }
      onReport();
    });
    this.#ended = new Promise((resolve) => {
      const ended = (how: string) => {
        if (this.end !== undefined) return;
        this.end = how;
        resolve();
        onEnd();
      };
      this.#child.once("error", (error) => ended(`could not be started: ${error.message}`));
      this.#child.once("exit", (code, signal) =>
        ended(signal === null ? `exit status ${code}` : `killed by ${signal}`),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.end === undefined;
  }

  /** Lets go of the process, which then stops, and kills it after `patience` ms. All nodes are stopped at once: a signal
   * would have the leader look for another that goes on. @returns whether it stopped by itself. */
  async stop(patience: number): Promise<boolean> {
    if (!this.running) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, patience, "late");
    });
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill("SIGTERM");
    const outcome = await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    if (outcome !== "late") return true;
    this.kill();
    await this.#ended;
    return false;
  }

  /** Kills the process at once. */
  kill(): void {
    if (this.running) this.#child.kill("SIGKILL");
  }

  /** The last lines of its log. */
  tail(): string[] {
    const log = openSync(this.logFile, "r");
    try {
      const { size } = fstatSync(log);
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
      const length = readSync(log, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString("utf8", 0, length).trimEnd().split("\n").slice(-TAIL_LINES);
    } finally {
      closeSync(log);
    }
  }
}
