/**
 * A process at the end of two pipes, spoken to without waiting for the event loop: named pipes, of which this process
 * holds one end each and reads and writes them synchronously. Needs a system with `mkfifo`.
 *
 * What comes lies in one buffer that is aligned to 8, and is handed out in place.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Region } from "../core-under-test.js";
import { region } from "./region.js";

/** The process ended or cannot be started. */
export class DrivenProcessError extends Error {
  override readonly name = "DrivenProcessError";
}

/** A program and its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

const INITIAL_BUFFER = 1 << 16;
/** How much of what the process said on standard error is shown, in bytes. */
const MOST_COMPLAINT = 2000;

/** A pipe's two ends. Opened for both at first, since to open one end alone waits for the other. */
function makePipe(path: string): { readonly read: number; readonly write: number } {
  const made = spawnSync("mkfifo", [path]);
  if (made.status !== 0) throw new DrivenProcessError(`mkfifo cannot make a pipe: ${made.error ?? made.stderr}`);
  const both = openSync(path, "r+");
  const ends = { read: openSync(path, "r"), write: openSync(path, "w") };
  closeSync(both);
  return ends;
}

export class DrivenPipe {
  /** What came and was not dropped yet, from `start` to `end`. */
  input: Region = region(INITIAL_BUFFER);
  start = 0;
  end = 0;

  readonly #command: Command;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #to: number;
  readonly #from: number;
  readonly #complaint: string;
  #open = true;

  constructor(command: Command) {
    this.#command = command;
    this.#folder = mkdtempSync(join(tmpdir(), "metalraft-driven-"));
    this.#complaint = join(this.#folder, "stderr");
    const to = makePipe(join(this.#folder, "to"));
    const from = makePipe(join(this.#folder, "from"));
    const complaint = openSync(this.#complaint, "w");
    this.#to = to.write;
    this.#from = from.read;
    this.#child = spawn(command.program, command.args, { stdio: [to.read, from.write, complaint] });
    // A program that is not there shows at once as the end of its pipe, and is reported then.
    this.#child.on("error", () => {});
    this.#child.unref();
    for (const file of [to.read, from.write, complaint]) closeSync(file);
  }

  /** Writes all of it. */
  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(this.#to, bytes, done);
      } catch {
        this.#fail();
      }
    }
  }

  /** Waits until `bytes` bytes have come. May move what came: `start` and `input` are new afterwards. */
  need(bytes: number): void {
    if (this.end - this.start >= bytes) return;
    if (this.start + bytes > this.input.bytes.length) this.#makeRoom(bytes);
    while (this.end - this.start < bytes) {
      const { bytes: buffer } = this.input;
      const length = readSync(this.#from, buffer, this.end, buffer.length - this.end, null);
      if (length === 0) this.#fail();
      this.end += length;
    }
  }

  /** Forgets the oldest bytes; a multiple of 8. */
  drop(bytes: number): void {
    this.start += bytes;
    if (this.start !== this.end) return;
    this.start = 0;
    this.end = 0;
  }

  /** Closes the pipes, which ends the process. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#to);
    closeSync(this.#from);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #makeRoom(bytes: number): void {
    const { input, start, end } = this;
    const bigger = bytes > input.bytes.length ? region(2 * bytes) : input;
    bigger.bytes.set(input.bytes.subarray(start, end));
    this.input = bigger;
    this.start = 0;
    this.end = end - start;
  }

  #fail(): never {
    const { program, args } = this.#command;
    let complaint = "";
    if (this.#open) complaint = readFileSync(this.#complaint, "utf8").slice(0, MOST_COMPLAINT).trim();
    this.close();
    const said = complaint === "" ? "it is not there, or said nothing" : complaint;
    throw new DrivenProcessError(`the core's process ended (${[program, ...args].join(" ")}): ${said}`);
  }
}
