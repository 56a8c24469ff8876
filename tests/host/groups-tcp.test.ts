/** Many groups over TCP and on real disks: what connects two hosts, and what tells a resting group that its leader is gone. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EntryPosition, GroupHost, GroupWal, TcpTransport } from "../../host/index.js";
import { Recorder, text, until } from "./memory-cluster.js";

const GROUPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const IDS = [1, 2, 3];

interface Part {
  readonly host: GroupHost<EntryPosition>;
  readonly transport: TcpTransport;
}

let folder: string;
let parts: Map<number, Part>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-groups-"));
  parts = new Map();
});

afterEach(async () => {
  await Promise.all([...parts.values()].map(({ host }) => host.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(id: number): Promise<Part> {
  const transport = new TcpTransport({ cluster: 3n, id, host: "127.0.0.1", port: 0 });
  const wal = new GroupWal({ folder: join(folder, String(id)) });
  const capacity = { electionTimeout: 500, electionJitter: 500, heartbeat: 50 };
  const host = new GroupHost<EntryPosition>({ cluster: 3n, id, transport, wal, capacity });
  await host.start();
  const part = { host, transport };
  parts.set(id, part);
  return part;
}

function nodes(group: number) {
  return [...parts.values()].map(({ host }) => host.node(group)).filter((node) => node !== undefined);
}

describe("many groups over TCP", () => {
  test("two hosts have one connection for all groups, and a resting group elects when its leader's host stops", async () => {
    for (const id of IDS) await start(id);
    const members = [...parts].map(([id, { transport }]) => ({ id, address: transport.address }));
    for (const { host } of parts.values()) {
      for (const group of GROUPS) await host.add(group, { members, machine: new Recorder() });
    }
    await until(() => GROUPS.every((group) => nodes(group).some((node) => node.isLeader)));
    await until(() => GROUPS.every((group) => nodes(group).every((node) => node.status.quiet)));
    for (const { transport } of parts.values()) {
      expect(transport.connected).toHaveLength(2);
      await until(() => transport.openSockets === 2);
    }

    const leader = nodes(4).find((node) => node.isLeader)?.status.id ?? 0;
    await parts.get(leader)?.host.stop();
    parts.delete(leader);
    const next = await until(() => nodes(4).find((node) => node.isLeader));
    await next.propose(text("still here"));
  });
});
