/**
 * One cluster of `metalraft serve` processes and firmware nodes over UDP: clients write through the servers' HTTP, whoever
 * leads, the administration commands change it, and nothing that was acknowledged is lost.
 */

import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { boardIsBuilt, freeUdpPorts } from "./board.js";
import { eventually, freePort, runCli, type Status, temporaryFolder } from "./harness.js";
import { HOST } from "./http-client.js";
import { MixedCluster, Registers } from "./mixed.js";
import { path } from "./workload.js";

/** A bound on hanging, in ms. */
const TIMEOUT_MS = 180_000;
const CLIENTS = 3;
/** Writes of the clients between two things that happen. */
const SOME = 15;

interface Members {
  readonly leader: number;
  readonly members: readonly { readonly id: number; readonly role: string; readonly http: string | null }[];
}

/** Keys that are written once, and looked for on every member at the end. */
class Kept {
  readonly #values = new Map<string, string>();

  constructor(private readonly cluster: MixedCluster) {}

  /** Writes until it is acknowledged, through the servers in turn. */
  async write(key: string, value: string): Promise<void> {
    const { http } = this.cluster;
    let attempt = 0;
    await eventually(`${key} to be acknowledged`, async () => {
      const ids = this.cluster.ids;
      const reply = await http.send(this.cluster.port(ids[attempt++ % ids.length] ?? 0), "PUT", path(key), value);
      return reply.kind === "reply" && reply.status === 200 ? true : undefined;
    });
    this.#values.set(key, value);
  }

  /** All of these nodes have applied the same, and have all of it. */
  async expectOn(ids: readonly number[]): Promise<void> {
    const statuses = await this.cluster.settled(ids);
    expect(new Set(statuses.map(({ keys }) => keys)).size).toBe(1);
    for (const id of ids) {
      const found = new Map<string, string | null>();
      for (const key of this.#values.keys()) found.set(key, await this.cluster.local(id, key));
      expect(found, `on node ${id}`).toEqual(this.#values);
    }
  }
}

describe.skipIf(!boardIsBuilt)("a server and two boards", () => {
  it(
    "keep what was acknowledged while each is killed in turn, whoever leads",
    async () => {
      const cluster = await MixedCluster.plan("server", "board", "board", "server");
      const kept = new Kept(cluster);
      await Promise.all([1, 2, 3].map((id) => cluster.start(id, { first: [1, 2, 3] })));
      await cluster.leader([1, 2, 3]);
      // A window into the cluster: a server that shows what the others have, and has no say.
      await cluster.start(4);
      await cluster.run("add", cluster.member(4), "--learner");
      const load = new Registers(cluster, CLIENTS);

      for (const victim of [1, 2, 3]) {
        const others = [1, 2, 3].filter((id) => id !== victim);
        await cluster.run("transfer", String(victim));
        await load.progress(SOME);
        await kept.write(`led-by-${victim}`, "yes");
        await cluster.kill(victim);
        await kept.write(`without-${victim}`, "yes");
        await load.progress(SOME);
        expect(others).toContain(await cluster.leader([...others, 4]));
        await cluster.start(victim);
        await cluster.settled([1, 2, 3, 4]);
      }
      await load.finish();
      await kept.expectOn([1, 2, 3, 4]);
    },
    TIMEOUT_MS,
  );

  it(
    "hand leadership from kind to kind, and tell of it over HTTP",
    async () => {
      const cluster = await MixedCluster.plan("server", "board", "board", "server");
      const kept = new Kept(cluster);
      await Promise.all([1, 2, 3].map((id) => cluster.start(id, { first: [1, 2, 3] })));
      await cluster.leader([1, 2, 3]);
      const load = new Registers(cluster, CLIENTS);
      for (const id of [1, 2, 1, 3, 2]) {
        const { leader } = await cluster.run<{ leader: number }>("transfer", String(id));
        expect(leader).toBe(id);
        await kept.write(`led-${id}`, `by-${id}`);
        await load.progress(SOME);
      }

      // A board leads. It is asked for everything over UDP.
      await cluster.start(4);
      const added = await cluster.run<Members>("add", cluster.member(4), "--learner");
      expect(added.members.map(({ id, role }) => [id, role])).toEqual([
        [1, "voter"],
        [2, "voter"],
        [3, "voter"],
        [4, "learner"],
      ]);
      await load.finish();
      await kept.expectOn([1, 2, 3, 4]);

      const local = await cluster.http.send(cluster.port(4), "GET", `${path("led-3")}?consistency=local`);
      const headers = local.kind === "reply" ? local.headers : {};
      expect(headers).toMatchObject({ "metalraft-role": "FOLLOWER", "metalraft-leader": "2" });
      // How stale it may be, in ms.
      expect(headers["metalraft-staleness"]).toMatch(/^\d+$/);

      const status = await cluster.run<{ leader: number; members: { id: number; status: Status }[] }>("status");
      expect(status.leader).toBe(2);
      expect(status.members.map(({ id, status: found }) => [id, found.id, found.leader])).toEqual(
        [1, 2, 3, 4].map((id) => [id, id, 2]),
      );
      const promoted = await cluster.run<Members>("promote", "4");
      expect(promoted.members.map(({ role }) => role)).toEqual(["voter", "voter", "voter", "voter"]);
      const left = await cluster.run<Members>("remove", "1");
      expect(left.members.map(({ id }) => id)).toEqual([2, 3, 4]);
    },
    TIMEOUT_MS,
  );

  it(
    "refuse what would not fit a board, whoever leads",
    async () => {
      const cluster = await MixedCluster.plan("server", "board", "board");
      await Promise.all([1, 2, 3].map((id) => cluster.start(id, { first: [1, 2, 3] })));
      const ask = async (method: string, key: string, body = "", headers = {}) => {
        const reply = await fetch(`http://${HOST}:${cluster.port(1)}${path(key)}`, {
          ...{ method, headers },
          ...(body === "" ? {} : { body }),
        });
        return [reply.status, ((await reply.json()) as { error?: string }).error];
      };
      for (const leader of [1, 2]) {
        await cluster.run("transfer", String(leader));
        const large = "x".repeat(960);
        // All at once: each alone would fit.
        const puts = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => ask("PUT", `big-${leader}-${n}`, large)));
        expect(puts.filter(([status]) => status === 200)).toHaveLength(4);
        expect(puts.filter(([status, error]) => status === 507 && error === "full")).toHaveLength(2);
        expect(await ask("PUT", "longer", "x".repeat(1400))).toEqual([413, "too large"]);
        expect(await ask("PUT", "k", "v", { "Idempotency-Key": "one" })).toEqual([501, "not implemented"]);
        for (const n of [1, 2, 3, 4, 5, 6]) await ask("DELETE", `big-${leader}-${n}`);
        expect(await ask("PUT", "k", "v")).toEqual([200, undefined]);
      }
      await cluster.settled([1, 2, 3]);
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(!boardIsBuilt)("three boards", () => {
  it(
    "become three servers and boards again, one at a time, and keep the data",
    async () => {
      const cluster = await MixedCluster.plan(
        ...(["board", "board", "board", "server", "server", "server", "board", "board", "board"] as const),
      );
      const kept = new Kept(cluster);
      await Promise.all([1, 2, 3].map((id) => cluster.start(id, { first: [1, 2, 3] })));
      await cluster.onConsole([1, 2, 3], "put from-the-boards kept");

      // The first server is added at a board's console: nobody serves HTTP yet.
      await cluster.start(4);
      await cluster.onConsole([1, 2, 3], `add 4 ${cluster.address(4)}`);
      await eventually("the first server to vote", async () => {
        const reply = await cluster.http.send(cluster.port(4), "GET", "/v1/members?consistency=local");
        if (reply.kind !== "reply") return undefined;
        const { members } = JSON.parse(reply.body.toString("utf8")) as Members;
        return members.some(({ id, role }) => id === 4 && role === "voter") ? true : undefined;
      });
      const load = new Registers(cluster, CLIENTS);
      await kept.write("from-the-boards", "kept");
      await cluster.run("remove", "1");
      await cluster.kill(1);
      for (const [old, next] of [
        [2, 5],
        [3, 6],
      ] as const) {
        await cluster.start(next);
        await cluster.run("replace", String(old), cluster.member(next));
        await cluster.kill(old);
        await load.progress(SOME);
      }
      await kept.write("from-the-servers", "kept");
      await kept.expectOn([4, 5, 6]);

      for (const [old, next] of [
        [4, 7],
        [5, 8],
      ] as const) {
        await cluster.start(next);
        await cluster.run("replace", String(old), cluster.member(next));
        expect((await cluster.end(old, "SIGTERM")).code).toBe(0);
        await load.progress(SOME);
      }
      await cluster.start(9);
      await cluster.run("add", cluster.member(9));
      await load.finish();
      await cluster.run("transfer", "7");
      await cluster.onConsole([7, 8, 9], "remove 6");
      expect((await cluster.end(6, "SIGTERM")).code).toBe(0);
      await cluster.onConsole([7, 8, 9], "put at-the-end boards");
      await kept.expectOn([7, 8, 9]);
      expect(await cluster.board(8).ask("members")).toMatch(/^7 voter \S+, 8 voter \S+, 9 voter \S+$/);
    },
    TIMEOUT_MS,
  );
});

describe("serve --transport udp", () => {
  const own = ["--id", "1", "--cluster", "0x1", "--data", "never-made"];
  const server = ["--member", "1=127.0.0.1:1,http=127.0.0.1:2"];
  it.each([
    ["node 2 is a board, which speaks UDP: give --transport udp", [...server, "--member", "2=127.0.0.1:3,board"]],
    ["too small for a configuration of 5 members", ["--transport", "udp", ...server, "--max-datagram", "100"]],
    ["node 1 is this one, and no board", ["--transport", "udp", "--member", "1=127.0.0.1:1,board"]],
    ["Choose one of tcp, udp", ["--transport", "quic", ...server]],
    ["--join needs the HTTP address of a member", ["--listen", "127.0.0.1:1", "--http", "127.0.0.1:2", "--join"]],
  ])("says: %s", async (message, flags) => {
    const { code, stderr } = await runCli(["serve", ...own, ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  it("says that a UDP port is taken", async () => {
    const [taken = 0] = await freeUdpPorts(1);
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(taken, HOST, resolve));
    onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    const member = `1=${HOST}:${taken},http=${HOST}:${await freePort()}`;
    const data = join(temporaryFolder(), "data");
    const args = ["serve", "--id", "1", "--cluster", "0x1", "--data", data, "--transport", "udp", "--member", member];
    const { code, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`UDP port ${taken} is taken: stop the process that has it`),
    ]);
  });

  it("starts on the data of its cluster, and not over TCP", async () => {
    const cluster = await MixedCluster.plan("server");
    await cluster.start(1, { first: [1] });
    await cluster.leader([1]);
    await cluster.end(1, "SIGTERM");
    const args = ["serve", "--id", "1", "--cluster", "0x4d", "--data", join(cluster.folder, "server-1")];
    const { code, stderr } = await runCli([...args, "--member", cluster.member(1)]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("is of a cluster over UDP: start it with --transport udp"),
    ]);
  });
});

describe.skipIf(!boardIsBuilt)("a server whose datagrams are too small for the boards'", () => {
  it(
    "says so in its log",
    async () => {
      const cluster = await MixedCluster.plan("server", "board", "board");
      const first = [1, 2, 3];
      await cluster.start(1, { first, flags: ["--max-datagram", "520"] });
      await Promise.all([2, 3].map((id) => cluster.start(id, { first })));
      await cluster.leader([1, 2, 3]);
      await cluster.run("transfer", "2");
      await cluster.onConsole([2, 3], `put k ${"x".repeat(450)}`);
      await eventually("a word about it", () => {
        const log = readFileSync(join(cluster.folder, "1.log"), "utf8");
        return /its message has \d+ bytes; at most 504 are taken: plan the same maxMessage/.test(log)
          ? true
          : undefined;
      });
    },
    TIMEOUT_MS,
  );
});
