/** How the flags of `serve` say what a node is to the cluster, and whose data a folder holds. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkFolder, readIdentity, writeIdentity } from "../../../host/cli/node-folder.js";
import { planServe } from "../../../host/cli/serve-plan.js";

const LISTEN = { host: "10.0.0.1", port: 8201 };
const HTTP = { host: "10.0.0.1", port: 8101 };
const OWN = { id: 1, raft: "10.0.0.1:8201", http: "10.0.0.1:8101", witness: false, priority: 0 };

describe("a node", () => {
  test("is one of the first members", () => {
    const other = { ...OWN, id: 2, raft: "10.0.0.2:8201", http: "10.0.0.2:8101" };
    const plan = { origin: "first", members: [OWN, other], join: [], listen: LISTEN, http: HTTP };
    expect(planServe({ id: 1, member: [OWN, other] })).toEqual(plan);
    const listen = { host: "0.0.0.0", port: 1 };
    expect(planServe({ id: 1, member: [OWN, other], listen })).toEqual({ ...plan, listen });
  });

  test("is the first of all", () => {
    expect(planServe({ id: 1, bootstrap: true, listen: LISTEN, http: HTTP, priority: 3 })).toEqual({
      ...{ origin: "first", members: [{ ...OWN, priority: 3 }], join: [], listen: LISTEN, http: HTTP },
    });
    const listen = { host: "0.0.0.0", port: 8201 };
    const advertise = "10.0.0.1:8201,http=10.0.0.1:8101";
    expect(planServe({ id: 1, bootstrap: true, listen, http: HTTP, advertise }).members).toEqual([OWN]);
  });

  test("is added later", () => {
    const join = [{ host: "10.0.0.9", port: 8101 }];
    expect(planServe({ id: 1, join, listen: LISTEN, http: HTTP })).toEqual({
      ...{ origin: "joined", members: [], join, listen: LISTEN, http: HTTP },
    });
  });

  test.each([
    [{ id: 1 }, "nothing says which cluster this is"],
    [{ id: 1, bootstrap: true, join: [HTTP] }, "contradict each other"],
    [{ id: 1, bootstrap: true, listen: LISTEN }, "give both"],
    [{ id: 1, join: [HTTP], http: HTTP }, "give both"],
    [{ id: 1, bootstrap: true, listen: { host: "::", port: 1 }, http: HTTP }, "--advertise"],
    [{ id: 2, member: [OWN] }, "no --member is node 2"],
    [{ id: 1, member: [{ ...OWN, witness: true }] }, "all members are witnesses"],
  ])("%j is refused", (flags, message) => {
    expect(() => planServe(flags)).toThrow(message);
  });
});

describe("a folder", () => {
  const own = { cluster: "0xab", id: 1, origin: "first", transport: "tcp" } as const;

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), "metalraft-node-folder-"));
    onTestFinished(() => rmSync(made, { recursive: true, force: true }));
    return made;
  }

  test("says whose data it holds", () => {
    const data = folder();
    expect(readIdentity(data)).toBeUndefined();
    expect(readIdentity(join(data, "absent"))).toBeUndefined();
    checkFolder(data, own);
    writeIdentity(data, own);
    expect(readIdentity(data)).toEqual(own);
    checkFolder(data, { ...own, cluster: "0x00ab" });
  });

  test.each([
    [{ ...own, id: 2 }, "holds the data of node 1: start it as --id 1"],
    [{ ...own, cluster: "0xac" }, "holds a node of cluster 0xab"],
    [{ ...own, origin: "joined" as const }, "without --join"],
    [{ ...own, transport: "udp" as const }, "start it with --transport tcp"],
  ])("is not given to %j", (other, message) => {
    const data = folder();
    writeIdentity(data, own);
    expect(() => checkFolder(data, other)).toThrow(message);
  });

  test("of a node that was added never founds a cluster", () => {
    const data = folder();
    writeIdentity(data, { ...own, origin: "joined" });
    expect(() => checkFolder(data, own)).toThrow("would split it in two");
  });

  test("with a file that cannot be read is refused, with a way out", () => {
    const data = folder();
    writeFileSync(join(data, "node.json"), "{");
    expect(() => checkFolder(data, own)).toThrow(/node\.json cannot be read.*restore it/);
  });
});
