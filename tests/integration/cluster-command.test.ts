/** `metalraft cluster` from its start to its end. */

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CliProcess, eventually, freePort, QUICK, runCli, temporaryFolder } from "./harness.js";
import { HOST, HttpClient } from "./http-client.js";

/** Flags with ports that are free, for three nodes. */
async function portFlags(): Promise<string[]> {
  return ["--http-port", String(await freePort(3)), "--raft-port", String(await freePort(3))];
}

interface RunningNode {
  readonly id: number;
  readonly port: number;
  readonly pid: number;
}

/** Starts a cluster and waits until it says that it is there. */
async function startCluster(args: readonly string[]) {
  const command = new CliProcess(["cluster", ...QUICK, ...args]);
  const nodes = await eventually("the nodes", () => {
    const lines = [...command.stdout.matchAll(/node (\d+) {2}http:\/\/127\.0\.0\.1:(\d+) {2}pid (\d+)/g)];
    const complete = command.stdout.includes("Ctrl-C");
    return complete
      ? lines.map(([, id, port, pid]) => ({ id: Number(id), port: Number(port), pid: Number(pid) }))
      : undefined;
  });
  onTestFinished(() => {
    for (const { pid } of nodes) if (isRunning(pid)) process.kill(pid, "SIGKILL");
  });
  return { command, nodes };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function request(node: RunningNode | undefined, method: string, path: string, body?: string) {
  const http = new HttpClient();
  const reply = await http.send(node?.port ?? 0, method, path, body);
  http.close();
  if (reply.kind !== "reply") throw new Error(reply.reason);
  return { status: reply.status, text: reply.body.toString("utf8") };
}

test("starts, serves, survives a node, stops, and goes on later", async () => {
  const data = join(temporaryFolder(), "data");
  const ports = await portFlags();
  const { command, nodes } = await startCluster(["--data", data, ...ports]);
  expect(nodes).toHaveLength(3);
  const [first, second, third] = nodes;
  expect(command.stdout).toMatch(/leads \(term \d+\)/);
  expect(await request(first, "PUT", "/v1/kv/a", "1")).toMatchObject({ status: 200 });
  expect(await request(second, "GET", "/v1/kv/a")).toEqual({ status: 200, text: "1" });

  process.kill(third?.pid ?? 0, "SIGKILL");
  await eventually("the notice", () =>
    command.stderr.includes("node 3 has ended (killed by SIGKILL)") ? true : undefined,
  );
  expect(command.stderr).toContain(join(data, "node-3.log"));
  expect(await request(first, "PUT", "/v1/kv/a", "2")).toMatchObject({ status: 200 });

  command.kill("SIGINT");
  expect(await command.ended).toEqual({ code: 0, signal: null });
  expect(nodes.filter(({ pid }) => isRunning(pid))).toEqual([]);

  // Without flags for ports: the ones of last time.
  const again = await startCluster(["--data", data]);
  expect(again.nodes.map(({ port }) => port)).toEqual(nodes.map(({ port }) => port));
  expect(await request(again.nodes[2], "GET", "/v1/kv/a")).toEqual({ status: 200, text: "2" });
  again.command.kill("SIGTERM");
  expect(await again.command.ended).toEqual({ code: 0, signal: null });
  expect(again.nodes.filter(({ pid }) => isRunning(pid))).toEqual([]);
});

test("stops its nodes and fails when too few are left", async () => {
  const { command, nodes } = await startCluster([
    ...["--data", join(temporaryFolder(), "data")],
    ...(await portFlags()),
  ]);
  for (const { pid } of nodes.slice(0, 2)) process.kill(pid, "SIGKILL");
  expect(await command.ended).toEqual({ code: 1, signal: null });
  expect(command.stderr).toContain("too few nodes are left for a quorum");
  expect(nodes.filter(({ pid }) => isRunning(pid))).toEqual([]);
});

test("the nodes stop when the command is killed", async () => {
  const { command, nodes } = await startCluster([
    ...["--data", join(temporaryFolder(), "data")],
    ...(await portFlags()),
  ]);
  command.kill("SIGKILL");
  await eventually("the nodes to stop", () => (nodes.some(({ pid }) => isRunning(pid)) ? undefined : true));
});

test("refuses a port that is taken, a folder in use, and another number of nodes", async () => {
  const data = join(temporaryFolder(), "data");
  const port = await freePort(3);
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(port, HOST, resolve));
  onTestFinished(() => void holder.close());
  const taken = await runCli(["cluster", "--data", data, "--http-port", String(port)]);
  expect(taken.code).toBe(1);
  expect(taken.stderr).toContain(
    `port ${port} of ${HOST} is taken: stop what uses it, or choose another with --http-port`,
  );
  expect(existsSync(join(data, "cluster.json"))).toBe(false);

  const ports = await portFlags();
  const { command } = await startCluster(["--data", data, ...ports]);
  const before = readFileSync(join(data, "cluster.json"), "utf8");
  const second = await runCli(["cluster", "--data", data]);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`in use by process ${command.pid}`);
  expect(readFileSync(join(data, "cluster.json"), "utf8")).toBe(before);
  command.kill("SIGINT");
  await command.ended;

  const five = await runCli(["cluster", "--data", data, "--nodes", "5"]);
  expect(five.code).toBe(1);
  expect(five.stderr).toContain("holds a cluster of 3 nodes");
});
