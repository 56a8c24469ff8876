/** What the values of flags may be, and what is said of others. */

import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import {
  address,
  clusterId,
  logLevel,
  member,
  memberList,
  nodeId,
  port,
  wholeNumber,
} from "../../../host/cli/flags.js";
import { checkNodeFlags } from "../../../host/cli/node-flags.js";

/** What is said of a value that is refused. */
function refusalOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.message;
    throw error;
  }
  return "it was taken";
}

describe("numbers", () => {
  test.each(["1", "4294967295"])("%s is a node's id", (text) => expect(nodeId(text)).toBe(Number(text)));
  test.each(["0", "4294967296", "-1", "1.5", "1e3", "0x1", "", " 1", "one"])("%j is none", (text) => {
    expect(refusalOf(() => nodeId(text))).toBe("Give a whole number from 1 to 4294967295.");
  });
  test.each(["0", "65536"])("%s is no port", (text) => expect(refusalOf(() => port(text))).toContain("1 to 65535"));
  test("limits belong to the range", () => {
    const digit = wholeNumber(0, 9);
    expect([digit("0"), digit("9")]).toEqual([0, 9]);
    expect(refusalOf(() => digit("10"))).toContain("0 to 9");
  });
});

describe("a cluster", () => {
  test("a number after 0x is taken as it is", () => expect(clusterId("0x00ff")).toBe(255n));
  test("a name stands for the same number everywhere", () => {
    expect(clusterId("demo")).toBe(clusterId("demo"));
    expect(clusterId("demo")).not.toBe(clusterId("Demo"));
    expect(clusterId("demo")).toBeLessThan(1n << 64n);
  });
  test.each(["", "0x", "0x0", "0xg", "0x10000000000000000", "n".repeat(129)])("%j is none", (text) => {
    expect(refusalOf(() => clusterId(text))).not.toBe("it was taken");
  });
});

describe("addresses and members", () => {
  test("an address", () => expect(address("[::1]:80")).toEqual({ host: "::1", port: 80 }));
  test("no address", () => expect(refusalOf(() => address("localhost"))).toContain("Write host:port"));
  test("members are gathered", () => {
    const first = member("1=a:1,http=a:2");
    expect(member("2=b:1,http=b:2", first)).toEqual([
      { id: 1, raft: "a:1", http: "a:2", witness: false, priority: 0 },
      { id: 2, raft: "b:1", http: "b:2", witness: false, priority: 0 },
    ]);
  });
  test("may be a witness, and have a priority", () => {
    expect(member("1=a:1,http=a:2,witness,priority=7")).toMatchObject([{ http: "a:2", witness: true, priority: 7 }]);
    expect(member("1=a:1,http=a:2,priority=255")).toMatchObject([{ witness: false, priority: 255 }]);
  });
  test("stands among others with commas between them", () => {
    expect(memberList("1=a:1,http=a:2,2=b:1,http=b:2,witness,3=c:1,http=c:2")).toMatchObject([
      { id: 1, raft: "a:1", http: "a:2", witness: false },
      { id: 2, raft: "b:1", http: "b:2", witness: true },
      { id: 3, raft: "c:1", http: "c:2", witness: false },
    ]);
    expect(refusalOf(() => memberList("1=a:1,http=a:2,1=b:1,http=b:2"))).toContain("Node 1 is there twice");
  });
  test.each([
    ["1", "Write ID=host:port,http=host:port"],
    ["1=a:1", "Write ID=host:port,http=host:port"],
    ["a:1,http=a:2", "Write ID=host:port,http=host:port"],
    ["0=a:1,http=a:2", "from 1 to"],
    ["1=a,http=a:2", "Write host:port"],
    ["1=a:1,http=a", "Write host:port"],
    ["1=a:1,http=a:1", "a port for Raft and another for HTTP"],
    ["9=c:1,http=c:2", "Node 9 is there twice"],
    ["1=c:1,http=c:3", "an address that node 9 has"],
    ["1=c:3,http=c:1", "an address that node 9 has"],
    ["1=c:3,http=c:4,priority=", "from 0 to 255"],
    ["1=c:3,http=c:4,priority=256", "from 0 to 255"],
    ["1=c:3,http=c:4,learner", "behind it ,witness or ,priority=N"],
    [`1=${"c".repeat(120)}:3,http=${"c".repeat(120)}:4`, "longer than 248 bytes"],
  ])("%s is refused", (text, message) => {
    expect(refusalOf(() => member(text, [{ id: 9, raft: "c:1", http: "c:2", witness: false, priority: 0 }]))).toContain(
      message,
    );
  });
});

test("log levels", () => {
  expect(logLevel("warn")).toBe("warn");
  expect(refusalOf(() => logLevel("loud"))).toContain("trace, debug, info");
});

test("a heartbeat is at most half of the election timeout", () => {
  expect(() => checkNodeFlags({ electionTimeout: 100, heartbeat: 51 })).toThrow("give at most half of it");
  checkNodeFlags({ electionTimeout: 100, heartbeat: 50 });
});
