/** What `serve --transport udp` plans, against what boards are built with. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { member } from "../../../host/cli/flags.js";
import { BOARD_CAPACITY, BOARD_STORE_BYTES, planBoards } from "../../../host/cli/serve-boards.js";
import { CoreInstance } from "../../../host/core/instance.js";
import { shippedCore } from "../../../host/core/module.js";
import { planBytes } from "../../../host/core/node.js";

const TIMES = { electionTimeout: 1000, electionJitter: 1000, heartbeat: 100, leaseDrift: 0, quiesceRounds: 0 };
const UDP = { ...TIMES, transport: "udp" } as const;
const SERVER = "1=10.0.0.1:7400,http=10.0.0.1:8080";

function members(...texts: string[]) {
  return texts.reduce<ReturnType<typeof member>>((earlier, text) => member(text, earlier), []);
}

function boards(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n + 2}=10.0.0.${n + 2}:7400,board`);
}

/** A number that a C header or source defines or assigns. */
function inFirmware(file: string, pattern: RegExp): number {
  const text = readFileSync(new URL(`../../../firmware/${file}`, import.meta.url), "utf8");
  return Number(pattern.exec(text)?.[1]);
}

describe("a node among boards", () => {
  test("has what boards are built with", () => {
    expect(inFirmware("kv/kv.h", /#define MR_KV_BYTES (\d+)u/)).toBe(BOARD_STORE_BYTES);
    const board = (name: string) =>
      inFirmware("include/metalraft/sizes.h", new RegExp(`#define METALRAFT_BOARD_${name} (\\d+)`));
    expect(board("MESSAGE")).toBe(BOARD_CAPACITY.maxMessage);
    expect(board("NODES")).toBe(BOARD_CAPACITY.nodes);
    expect(board("WINDOW_BYTES")).toBe(BOARD_CAPACITY.windowBytes);
    expect(board("WINDOW_ENTRIES")).toBe(BOARD_CAPACITY.windowEntries);
    expect(board("ADDRESS")).toBe(BOARD_CAPACITY.addressBytes);
  });

  test("has their plan and their store", () => {
    const planned = planBoards(UDP, members(SERVER, ...boards(2)));
    expect(planned).toEqual({ capacity: BOARD_CAPACITY, storeBytes: BOARD_STORE_BYTES });
    expect(planBoards({ ...UDP, maxDatagram: 819, storeBytes: 100 }, [])).toEqual({
      ...{ capacity: { ...BOARD_CAPACITY, maxMessage: 800 }, storeBytes: 100 },
    });
    expect(planBoards({ ...TIMES, transport: "tcp" }, members(SERVER))).toBeUndefined();
  });

  test("takes the smallest and the largest datagram that the core takes, and none beyond", () => {
    const instance = new CoreInstance(shippedCore());
    const taken = (maxDatagram: number) => {
      const { capacity } = planBoards({ ...UDP, maxDatagram }, []) ?? { capacity: BOARD_CAPACITY };
      return planBytes(instance, { ...capacity, cluster: 1n, group: 0, id: 1 });
    };
    const least = 12 + 88 + 16 + 8 + 5 * (8 + BOARD_CAPACITY.addressBytes);
    expect(taken(least)).toBeGreaterThan(0);
    expect(() => taken(least - 1)).toThrow(`too small for a configuration of 5 members: give ${least} or more`);
    expect(taken(4108)).toBeGreaterThan(0);
    expect(() => taken(4116)).toThrow("--max-datagram 4116 is more than a board's window holds: give at most 4108");
    const small = { ...BOARD_CAPACITY, maxMessage: Math.floor((least - 12) / 8 - 1) * 8, cluster: 1n, group: 0, id: 1 };
    expect(() => planBytes(instance, small)).toThrow();
  });

  test.each([
    [{ ...UDP, leaseDrift: 5 }, [SERVER], "--lease-drift is nothing that boards take part in"],
    [{ ...UDP, quiesceRounds: 5 }, [SERVER], "--quiesce-rounds is nothing that boards take part in"],
    [UDP, [SERVER, ...boards(5)], "6 members are too many: boards are built for 5"],
    [UDP, [`1=${"a".repeat(60)}.example:7400,board`], "boards keep"],
    [
      { ...TIMES, transport: "tcp", maxDatagram: 1412 } as const,
      [SERVER],
      "--max-datagram is for clusters with boards",
    ],
    [{ ...TIMES, transport: "tcp", storeBytes: 1 } as const, [SERVER], "--store-bytes is for clusters with boards"],
    [{ ...TIMES, transport: "tcp" } as const, [SERVER, ...boards(1)], "node 2 is a board, which speaks UDP"],
  ])("%j with %j is refused", (flags, texts, message) => {
    expect(() => planBoards(flags, members(...texts))).toThrow(message);
  });
});

test("a board as a member serves no HTTP", () => {
  expect(member("2=10.0.0.2:7400,board,priority=3")).toEqual([
    { id: 2, raft: "10.0.0.2:7400", http: undefined, witness: false, priority: 3 },
  ]);
  const two = members("1=10.0.0.1:7400,board", "2=10.0.0.2:7400,board,witness");
  expect(two.map(({ witness }) => witness)).toEqual([false, true]);
  expect(() => member("3=10.0.0.2:7400,board", two)).toThrow("Node 3 has an address that node 2 has");
  expect(() => member("3=10.0.0.3:7400")).toThrow("for a board, ID=host:port,board");
  expect(() => member("3=10.0.0.3:7400,http=10.0.0.3:80,board")).toThrow("for a board, ID=host:port,board");
});
