/**
 * A board whose core traps, or breaks one of its own rules: it says so, with its id and the core's digest, goes on from its
 * flash, and has lost nothing that was acknowledged. The faults come from a build of the node that fails when it is told to.
 */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { shippedCore } from "../../host/core/module.js";
import { BOARD, Board, type BoardStatus, freeUdpPorts } from "../integration/board.js";
import { temporaryFolder } from "../integration/harness.js";

const FAILING = join(dirname(BOARD), "metalraft-node-faults");
const IDS = [1, 2, 3];
/** Between two looks, in ms. */
const POLL = 20;
const WRITES = 20;

const FAULTS = [
  ["test-trap", "the core trapped"],
  ["test-invariant", "an invariant of the core is broken"],
] as const;

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

async function boards(): Promise<Board[]> {
  const folder = temporaryFolder();
  const ports = await freeUdpPorts(IDS.length);
  const members = IDS.map((id, i) => `${id}=127.0.0.1:${ports[i]}`).join();
  const all = IDS.map((id, i) => {
    return new Board({ id, cluster: 9n, port: ports[i] ?? 0, flash: join(folder, `${id}`), members, program: FAILING });
  });
  await Promise.all(all.map((board) => board.start()));
  return all;
}

const leaderOf = (all: readonly Board[]): Promise<Board> =>
  until(async () => {
    for (const board of all) if ((await board.status())?.role === "LEADER") return board;
    return undefined;
  });

/** Writes a key until that is acknowledged, by whichever board leads. */
async function write(all: readonly Board[], key: string, value: string): Promise<void> {
  await until(async () => {
    const answer = await (await leaderOf(all)).ask(`put ${key} ${value}`);
    return answer.startsWith("ok") ? answer : undefined;
  });
}

/** The boards' states once they are one. */
const agreement = (all: readonly Board[], keys: number): Promise<BoardStatus[]> =>
  until(async () => {
    const found = await Promise.all(all.map((board) => board.status()));
    const there = found.filter((status) => status !== undefined);
    const same = there.every(({ digest, keys: held }) => digest === there[0]?.digest && held === keys);
    return there.length === all.length && same ? there : undefined;
  });

describe.skipIf(!existsSync(FAILING)).each(FAULTS)("a board that is told %s", (fault, sentence) => {
  it.each(["the leader", "a follower"])("says so, starts again and rejoins with nothing lost: %s", async (which) => {
    const all = await boards();
    for (let i = 0; i < WRITES; i++) await write(all, `key${i}`, `before ${i}`);
    const leader = await leaderOf(all);
    const failing = which === "the leader" ? leader : all.find((board) => board !== leader);
    if (failing === undefined) throw new Error("a cluster of three has followers");
    const before = await failing.status();

    failing.tell(fault);
    await write(all, "key0", "after");
    await until(async () => (failing.lives === 2 ? true : undefined));
    expect(failing.log).toContain(`node ${failing.id}: ${sentence}`);
    expect(failing.log).toContain(`core ${shippedCore().sha256}`);
    await write(all, "key1", "after");

    const states = await agreement(all, WRITES);
    expect(states.find(({ id }) => id === failing.id)?.term).toBeGreaterThanOrEqual(before?.term ?? 0);
    for (const board of all) {
      for (let i = 0; i < WRITES; i++) {
        const value = i < 2 ? "after" : `before ${i}`;
        expect(await board.ask(`local key${i}`)).toMatch(new RegExp(`^value \\d+ ${value}$`));
      }
    }
    expect(all.map(({ lives }) => lives)).toEqual(all.map((board) => (board === failing ? 2 : 1)));
  });
});
