/** A firmware node as a process, for tests: its flash in a file, its console on standard input and output. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const BOARD = fileURLToPath(new URL("../../build/firmware/posix-fast/metalraft-node", import.meta.url));

export const boardIsBuilt = existsSync(BOARD);

/** What a board says of itself. */
export interface BoardStatus {
  readonly id: number;
  readonly role: string;
  readonly term: number;
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly last: number;
  readonly snapshot: number;
  readonly keys: number;
  readonly digest: string;
  readonly snapshots: number;
  readonly installs: number;
}

export interface BoardOptions {
  readonly id: number;
  readonly cluster: bigint;
  readonly port: number;
  readonly flash: string;
  /** As `--members` takes them; a board without waits to be added. */
  readonly members?: string;
  /** Another build than the one that is shipped. */
  readonly program?: string;
}

/** UDP ports of loopback that nobody had a moment ago. */
export async function freeUdpPorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket("udp4"));
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve))));
  const ports = sockets.map((socket) => socket.address().port);
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  return ports;
}

export class Board {
  readonly id: number;
  readonly #options: BoardOptions;
  /** Standard error of all lives. */
  log = "";
  /** Times that it has recovered from its flash. */
  lives = 0;
  #process: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  #ended: Promise<void> = Promise.resolve();
  #tags = 0;
  readonly #waiting = new Map<string, (answer: string) => void>();

  constructor(options: BoardOptions) {
    this.id = options.id;
    this.#options = options;
    onTestFinished(() => this.kill());
  }

  get runs(): boolean {
    return this.#process !== undefined;
  }

  /** Resolves when the node has recovered from its flash. */
  start(): Promise<void> {
    const { cluster, flash, id, members, port, program = BOARD } = this.#options;
    const args = ["--id", `${id}`, "--cluster", `${cluster}`, "--listen", `127.0.0.1:${port}`, "--flash", flash];
    if (members !== undefined) args.push("--members", members);
    args.push("--election-timeout", "300");
    const started = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#process = started;
    started.stderr.on("data", (text: Buffer) => {
      this.log += text.toString();
    });
    // What was written when it was killed does not arrive.
    started.stdin.on("error", () => undefined);
    this.#ended = new Promise((resolve) => {
      started.once("close", () => {
        if (this.#process === started) this.#process = undefined;
        for (const answer of this.#waiting.values()) answer("gone");
        this.#waiting.clear();
        resolve();
      });
    });
    return new Promise((resolve, reject) => {
      void this.#ended.then(() => reject(new Error(`the board ended: ${this.log}`)));
      createInterface({ input: started.stdout }).on("line", (line) => {
        if (!line.startsWith("{")) return this.#answered(line);
        this.lives += 1;
        resolve();
      });
    });
  }

  /** Ends it without notice. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#ended;
  }

  /** Writes a console line that is not answered. */
  tell(line: string): void {
    this.#process?.stdin.write(`${line}\n`);
  }

  /** Resolves with the answer to a console line, or "gone" if the board ends first. */
  ask(line: string): Promise<string> {
    const process = this.#process;
    if (process === undefined) return Promise.resolve("gone");
    const tag = `#${++this.#tags}`;
    return new Promise((resolve) => {
      this.#waiting.set(tag, resolve);
      process.stdin.write(`${tag} ${line}\n`);
    });
  }

  /** Undefined if it is gone. */
  async status(): Promise<BoardStatus | undefined> {
    const answer = await this.ask("status");
    return answer.startsWith("{") ? (JSON.parse(answer) as BoardStatus) : undefined;
  }

  #answered(line: string): void {
    const at = line.indexOf(" ");
    const tag = line.slice(0, at);
    this.#waiting.get(tag)?.(line.slice(at + 1));
    this.#waiting.delete(tag);
  }
}
