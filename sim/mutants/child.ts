/** Runs a JavaScript file with this very Node, with a bound on its time. */

import { spawn } from "node:child_process";

export interface ChildOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In ms; the process, and what it started, is killed then. */
  readonly limit: number;
}

export interface Ending {
  /** False when the time was up. */
  readonly ended: boolean;
  readonly status: number;
  /** The end of what it wrote to both streams. */
  readonly output: string;
  readonly ms: number;
}

/** Bytes of output that are kept: enough for a report and a compiler's errors. */
const OUTPUT_LIMIT = 1 << 22;

/** Runs `node args...` to its end, or to the limit. */
export function runProgram(args: readonly string[], options: ChildOptions): Promise<Ending> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    // A group of its own, so that a runner's workers end with it.
    const child = spawn(process.execPath, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    let ended = true;
    const killGroup = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        child.kill("SIGKILL");
      }
    };
    const timer = setTimeout(() => {
      ended = false;
      killGroup();
    }, options.limit);
    const gather = (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-OUTPUT_LIMIT);
    };
    // With the parent goes the child.
    process.once("exit", killGroup);
    child.stdout.on("data", gather);
    child.stderr.on("data", gather);
    const done = () => {
      clearTimeout(timer);
      process.off("exit", killGroup);
    };
    child.on("error", (error) => {
      done();
      reject(error);
    });
    child.on("close", (code) => {
      done();
      resolve({ ended, status: code ?? 1, output, ms: Math.round(performance.now() - started) });
    });
  });
}
