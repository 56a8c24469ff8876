/** A firmware node as a process: what it says and does about flags, flash and datagrams that are not right. */

import { spawnSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { createSocket } from "node:dgram";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { encodeDatagram } from "../../host/transport/udp-frame.js";
import { BOARD, Board, type BoardOptions, boardIsBuilt, freeUdpPorts } from "./board.js";
import { temporaryFolder } from "./harness.js";

const HOST = "127.0.0.1";

/** Options of a cluster of one. */
async function alone(flash: string, id = 1): Promise<BoardOptions> {
  const [port = 0] = await freeUdpPorts(1);
  return { id, cluster: 5n, port, flash, members: `${id}=${HOST}:${port}` };
}

/** A started cluster of one that leads. */
async function leading(options: BoardOptions): Promise<Board> {
  const board = new Board(options);
  await board.start();
  while ((await board.status())?.role !== "LEADER") await new Promise((resolve) => setTimeout(resolve, 20));
  return board;
}

/** Runs to its end, without input. */
function run(...args: string[]): { status: number | null; text: string } {
  const { status, stderr, stdout } = spawnSync(BOARD, args, { input: "", encoding: "utf8" });
  return { status, text: stdout + stderr };
}

function argumentsOf({ cluster, flash, id, port }: BoardOptions): string[] {
  return ["--id", `${id}`, "--cluster", `${cluster}`, "--listen", `${HOST}:${port}`, "--flash", flash];
}

describe.skipIf(!boardIsBuilt)("a firmware node", () => {
  it("says what is wrong with its flags", () => {
    expect(run("--help")).toEqual({ status: 0, text: expect.stringContaining("usage: metalraft-node") });
    expect(run()).toEqual({ status: 2, text: expect.stringContaining("--flash are needed") });
    expect(run("--id", "0")).toEqual({ status: 2, text: expect.stringContaining('--id is "0", and must be from 1') });
    expect(run("--colour", "red")).toEqual({ status: 2, text: expect.stringContaining('unknown option "--colour"') });
    expect(run("--members", "1=a:1,x")).toEqual({ status: 2, text: expect.stringContaining('--members is "x"') });
    expect(run("--id")).toEqual({ status: 2, text: expect.stringContaining("followed by a value") });
    const fits = `1=${"x".repeat(62)}:1`;
    expect(run("--members", fits).text).toContain("--flash are needed");
    expect(run("--members", `1=x${fits.slice(2)}`)).toEqual({
      status: 2,
      text: expect.stringMatching(/--members has "1=x+:1": its address is longer than METALRAFT_BOARD_ADDRESS/),
    });
    const many = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => `${id}${fits.slice(1)}`);
    expect(run("--members", many.slice(0, 5).join()).text).toContain("--flash are needed");
    expect(run("--members", many.slice(0, 6).join()).text).toMatch(/more than all members|no room for so many/);
    expect(run("--members", many.join()).text).toContain("more than all members with the longest addresses take");
  });

  it("starts only from flash that is its own, and from any once that is formatted", async () => {
    const flash = join(temporaryFolder(), "flash");
    const options = await alone(flash);
    writeFileSync(flash, randomFillSync(new Uint8Array(64 * 4096)));
    const refused = run(...argumentsOf(options));
    expect(refused).toEqual({ status: 1, text: expect.stringContaining("something that is no log: format it") });
    expect(run(...argumentsOf(options), "--format").status).toBe(0);

    const board = await leading(options);
    expect(await board.ask(`add 2 ${"x".repeat(63)}:1`)).toContain("with more METALRAFT_BOARD_ADDRESS");
    expect(await board.ask("put a 1")).toMatch(/^ok \d+$/);
    expect(run(...argumentsOf(options))).toEqual({
      status: 1,
      text: expect.stringContaining("another process has it"),
    });
    await board.kill();
    const other = run(...argumentsOf({ ...options, id: 2 }));
    expect(other).toEqual({ status: 1, text: expect.stringContaining("the log of another node or cluster") });

    // As by a copy that did not come to its end: older votes must not be taken for the newest.
    const whole = readFileSync(flash);
    truncateSync(flash, 3 * 4096);
    expect(run(...argumentsOf(options))).toEqual({ status: 1, text: expect.stringContaining("the file has been cut") });
    writeFileSync(flash, whole);
    const again = await leading(options);
    expect(await again.ask("get a")).toMatch(/^value \d+ 1$/);
  });

  it("tells damage, and does not start from it", async () => {
    const flash = join(temporaryFolder(), "flash");
    const options = await alone(flash);
    const board = await leading(options);
    for (let i = 0; i < 5; i++) await board.ask(`put key${i} value`);
    await board.kill();
    const bytes = readFileSync(flash);
    const at = bytes.indexOf("key1");
    expect(at).toBeGreaterThan(0);
    bytes[at] = 0;
    writeFileSync(flash, bytes);
    expect(run(...argumentsOf(options))).toEqual({ status: 1, text: expect.stringContaining("durable is damaged") });
  });

  it("serves through a flood of strange datagrams, and tells of it now and then", async () => {
    const options = await alone(join(temporaryFolder(), "flash"));
    const board = await leading(options);
    const socket = createSocket("udp4");
    onTestFinished(() => new Promise((resolve) => socket.close(() => resolve())));
    const strange = [
      new Uint8Array(0),
      new TextEncoder().encode("GET / HTTP/1.1"),
      encodeDatagram(new Uint8Array(40)),
      encodeDatagram(new Uint8Array(2000)),
      encodeDatagram(new Uint8Array(60)).subarray(0, 50),
    ];
    for (let round = 0; round < 40; round++) {
      for (const bytes of strange) for (let i = 0; i < 10; i++) socket.send(bytes, options.port, HOST);
      expect(await board.ask(`put k${round % 8} ${round}`)).toMatch(/^ok \d+$/);
    }
    const told = board.log.match(/datagrams dropped/g)?.length ?? 0;
    // Of 2,000: one line, and one more for every ten seconds that this takes.
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(20);
  });

  it("refuses what does not fit, and goes on", async () => {
    const board = await leading(await alone(join(temporaryFolder(), "flash")));
    const value = "v".repeat(400);
    const answers: string[] = [];
    for (let i = 0; i < 12; i++) answers.push(await board.ask(`put k${i} ${value}`));
    expect(answers.at(-1)).toBe("refused: the store is full");
    expect(await board.ask("delete k0")).toMatch(/^ok/);
    expect(await board.ask(`put k12 ${value}`)).toMatch(/^ok/);
    expect(await board.ask("get k0")).toBe("none");
  });
});
