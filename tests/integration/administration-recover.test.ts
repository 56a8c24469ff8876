/** `metalraft recover` on the folders of real nodes, after a majority is lost. */

import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { GrowingCluster, type Members } from "./growing-cluster.js";
import { eventually, runCli } from "./harness.js";
import { path } from "./workload.js";

/** A bound on hanging, in ms. */
vi.setConfig({ testTimeout: 120_000 });

const KEYS = 60;
/** With them, node 1 has a snapshot and a log behind it. */
const SNAPSHOTS = ["--snapshot-entries", "25", "--keep-entries", "5"];

async function put(cluster: GrowingCluster, id: number, key: string, value: string) {
  const reply = await cluster.http.send(cluster.port(id), "PUT", path(key), value);
  return reply.kind === "reply" ? reply.status : 0;
}

async function get(cluster: GrowingCluster, id: number, key: string) {
  const reply = await cluster.http.send(cluster.port(id), "GET", path(key));
  return reply.kind === "reply" && reply.status === 200 ? reply.body.toString("utf8") : undefined;
}

/** Three nodes with data, of which none runs any more. */
async function lostCluster(flags: readonly string[]): Promise<GrowingCluster> {
  const cluster = new GrowingCluster(flags);
  for (const id of [1, 2, 3]) await cluster.start(id);
  await cluster.done("add", cluster.member(2), cluster.member(3));
  for (let n = 0; n < KEYS; n++) expect(await put(cluster, 1 + (n % 3), `key/${n}`, `value ${n}`)).toBe(200);
  await cluster.settled([1, 2, 3]);
  for (const id of [1, 2, 3]) await cluster.end(id, "SIGKILL");
  return cluster;
}

function recover(cluster: GrowingCluster, ...more: readonly string[]) {
  return runCli(["recover", "--data", cluster.data(1), "--members", cluster.member(1), ...more]);
}

/** Changes a byte inside the first record of a segment, or the first block of a snapshot. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
  writeFileSync(file, bytes);
}

/** The files of a folder with their bytes, but for locks. */
function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder).filter((name) => !name.startsWith("lock."));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name)).toString("base64")]));
}

describe.each([
  ["with a log alone", []],
  ["with a snapshot and a log", SNAPSHOTS],
] as const)("a folder %s", (_, flags) => {
  test("goes on alone, with all that it had, and grows again", async () => {
    const cluster = await lostCluster(flags);
    const before = contents(cluster.data(1));
    expect([...before.keys()].some((name) => name.endsWith(".snap"))).toBe(flags.length > 0);

    const dry = await recover(cluster);
    expect(dry.code).toBe(1);
    expect(dry.stderr).toMatch(/LOST is every write.*KEPT are the entries.*NEVER start nodes 2, 3.*--yes/s);
    expect(contents(cluster.data(1))).toEqual(before);

    const { code, stderr, stdout } = await recover(cluster, "--cluster", "growing-2", "--yes", "--json");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const report = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(report).toMatchObject({ id: 1, done: true, members: [1, 2, 3], backup: expect.any(String) });
    expect(contents(report.backup)).toEqual(before);
    // Whatever terms the lost nodes went through, they are below this one.
    expect(report.configuration.term).toBe(report.term + 1_000_000);

    await cluster.start(1, { cluster: "growing-2" });
    expect(await cluster.voters()).toEqual([1]);
    for (let n = 0; n < KEYS; n++) expect(await get(cluster, 1, `key/${n}`)).toBe(`value ${n}`);
    expect(await put(cluster, 1, "after", "the loss")).toBe(200);

    // A lost node that comes back all the same belongs to another cluster, and is not heard.
    await cluster.start(2);
    await cluster.start(4, { cluster: "growing-2" });
    await cluster.done<Members>("add", cluster.member(4));
    expect(await cluster.voters()).toEqual([1, 4]);
    await eventually("node 4 to have it all", async () =>
      (await get(cluster, 4, "after")) === "the loss" ? true : undefined,
    );
    expect(await cluster.end(2, "SIGTERM")).toMatchObject({ code: 0 });
  });
});

test("a newest snapshot that is damaged is left aside, if the one before it and the log say the same", async () => {
  const cluster = await lostCluster(SNAPSHOTS);
  const snapshots = readdirSync(cluster.data(1)).filter((name) => name.endsWith(".snap"));
  expect(snapshots).toHaveLength(2);
  damage(join(cluster.data(1), snapshots.toSorted().at(-1) ?? ""));
  const { code, stderr } = await recover(cluster, "--yes");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(/WARNING: a snapshot is left aside: .*is damaged/);
  await cluster.start(1);
  expect(await cluster.voters()).toEqual([1]);
  for (let n = 0; n < KEYS; n++) expect(await get(cluster, 1, `key/${n}`)).toBe(`value ${n}`);
});

describe("recovery is refused, and changes nothing", () => {
  test("while the node runs", async () => {
    const cluster = new GrowingCluster();
    await cluster.start(1);
    await cluster.voters();
    const { code, stderr } = await recover(cluster, "--yes");
    expect(code).toBe(1);
    expect(stderr).toMatch(/in use by process \d+\. Stop it/);
  });

  test.each([
    ["segment of the log", /^wal-.*\.log$/, []],
    ["snapshot", /\.snap$/, SNAPSHOTS],
  ] as const)("when a %s is damaged", async (_, pattern, flags) => {
    const cluster = await lostCluster(flags);
    for (const name of readdirSync(cluster.data(1)).filter((other) => pattern.test(other))) {
      damage(join(cluster.data(1), name));
    }
    const before = contents(cluster.data(1));
    const { code, stderr } = await recover(cluster, "--yes");
    expect(code).toBe(1);
    expect(stderr).toContain("damaged");
    expect(contents(cluster.data(1))).toEqual(before);
    expect(readdirSync(cluster.folder).filter((name) => name.includes("backup"))).toEqual([]);
  });

  test("for what is no folder of a node, or not of this one", async () => {
    const cluster = await lostCluster([]);
    const absent = await runCli(["recover", "--data", join(cluster.folder, "absent"), "--members", cluster.member(1)]);
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining("is no folder") });
    expect(existsSync(join(cluster.folder, "absent"))).toBe(false);
    const empty = await runCli(["recover", "--data", cluster.folder, "--members", cluster.member(1)]);
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining("holds no log") });
    const stranger = await runCli(["recover", "--data", cluster.data(1), "--members", cluster.member(2), "--yes"]);
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining("--members lacks node 1") });
    const witness = await recover(cluster, "--members", `${cluster.member(1)},witness`, "--yes");
    expect(witness).toMatchObject({ code: 1, stderr: expect.stringContaining("is a witness") });
  });

  test("when there is a copy from an earlier time under the same name", async () => {
    const cluster = await lostCluster([]);
    const saved = join(cluster.folder, "saved");
    cpSync(cluster.data(1), saved, { recursive: true });
    const first = await recover(cluster, "--yes", "--json");
    const { backup } = JSON.parse(first.stdout);
    expect(backup).toMatch(/node-1\.backup-\d+-\d+$/);
    // The human has second thoughts, puts the folder back and tries again.
    rmSync(cluster.data(1), { recursive: true });
    cpSync(saved, cluster.data(1), { recursive: true });
    const { code, stderr } = await recover(cluster, "--yes");
    expect(code).toBe(1);
    expect(stderr).toContain("is there already, from an earlier time: move it away");
    expect(contents(cluster.data(1))).toEqual(contents(saved));
  });
});
