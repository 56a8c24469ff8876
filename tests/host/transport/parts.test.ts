/**
 * The small parts of the TCP transport, each by itself: addresses, hellos, backoff, notices, limits.
 */

import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../../../host/transport/address.js";
import { Backoff } from "../../../host/transport/backoff.js";
import { checkHello, encodeHello, type Hello } from "../../../host/transport/hello.js";
import { resolveLimits } from "../../../host/transport/limits.js";
import { type Notice, NoticeGate } from "../../../host/transport/notice.js";
import { TransportError } from "../../../host/transport/transport.js";

describe("addresses", () => {
  it.each([
    ["127.0.0.1:7001", "127.0.0.1", 7001],
    ["node-2.example:65535", "node-2.example", 65535],
    ["[::1]:1", "::1", 1],
    ["[fe80::1%eth0]:7001", "fe80::1%eth0", 7001],
  ])("reads %s and writes it back", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
    expect(formatAddress(host, port)).toBe(text);
  });

  it.each([
    "",
    "host",
    ":7001",
    "host:",
    "host:0",
    "host:65536",
    "host:7001x",
    "host:-1",
    "::1:7001",
    "[]:7001",
    "[host]:7001",
    "http://host:7001",
    "a b:1",
    "a\0b:1",
    `${"h".repeat(254)}:7001`,
  ])("refuses %j and shows the form", (text) => {
    expect(() => parseAddress(text)).toThrow(TransportError);
    expect(() => parseAddress(text)).toThrow(/write host:port, or \[host\]:port for IPv6/);
  });
});

describe("hello", () => {
  const own: Hello = { version: 1, sender: 1, cluster: 42n, incarnation: 5n, number: 6n };
  const from = (changes: Partial<Hello>) => checkHello(own, encodeHello({ ...own, sender: 2, ...changes }));

  it("lets a peer of the same cluster and version in", () => {
    const most = 0xffffffffffffffffn;
    const peer = { version: 1, sender: 0xffffffff, cluster: most, incarnation: most, number: most - 1n };
    expect(checkHello({ ...own, cluster: peer.cluster }, encodeHello(peer))).toEqual(peer);
  });

  it("reads a hello that does not begin at its buffer's start", () => {
    const shifted = Buffer.concat([Buffer.of(0xff, 0xff, 0xff), encodeHello({ ...own, sender: 3 })]).subarray(3);
    expect(checkHello(own, shifted)).toEqual({ ...own, sender: 3 });
  });

  it("says both values where they differ", () => {
    expect(from({ cluster: 43n })).toMatch(/belongs to cluster 43, this node to cluster 42/);
    expect(from({ version: 9 })).toMatch(/speaks protocol version 9, this node version 1/);
  });

  it("says the version of a longer hello of the future, and of a shorter one", () => {
    const future = encodeHello({ ...own, version: 9 });
    expect(checkHello(own, Buffer.concat([future, future]))).toMatch(/protocol version 9/);
    expect(checkHello(own, future.subarray(0, 4))).toMatch(/protocol version 9/);
  });

  it("refuses node 0, this node's own id, and a wrong length", () => {
    expect(from({ sender: 0 })).toMatch(/node 0/);
    expect(from({ sender: 1 })).toMatch(/node 1, as this node does/);
    expect(checkHello(own, encodeHello(own).subarray(0, 31))).toBe("sent a hello of 31 bytes instead of 32");
    expect(checkHello(own, new Uint8Array(3))).toBe("sent a hello of 3 bytes");
  });
});

describe("Backoff", () => {
  it("doubles up to its bound and starts over on success", () => {
    const backoff = new Backoff(50, 300, () => 1 - Number.EPSILON);
    expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([50, 100, 200, 300, 300]);
    backoff.reset();
    expect(backoff.next()).toBe(50);
  });

  it("waits at least half of what it may", () => {
    const backoff = new Backoff(50, 300, () => 0);
    expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([25, 50, 100, 150, 150]);
  });
});

describe("NoticeGate", () => {
  it("lets one notice of a kind through an interval, and says how many it withheld", () => {
    let now = 0;
    const heard: Notice[] = [];
    const gate = new NoticeGate(
      (notice) => heard.push(notice),
      100,
      () => now,
    );
    for (const at of [0, 1, 99]) {
      now = at;
      gate.tell("connect-failed", `at ${at}`, 2);
    }
    gate.tell("connected", "another kind");
    now = 100;
    gate.tell("connect-failed", "at 100");
    now = 250;
    gate.tell("connect-failed", "at 250");
    expect(heard).toEqual([
      { kind: "connect-failed", peer: 2, message: "at 0" },
      { kind: "connected", message: "another kind" },
      { kind: "connect-failed", message: "at 100 (2 more of this kind since the last)" },
      { kind: "connect-failed", message: "at 250" },
    ]);
  });
});

describe("limits", () => {
  it("keeps the defaults of what is not asked for", () => {
    const limits = resolveLimits({ maxConnections: 5 });
    expect(limits.maxConnections).toBe(5);
    expect(limits).toEqual({ ...resolveLimits({}), maxConnections: 5 });
  });

  it.each([
    [{ maxConnections: 0 }, "maxConnections is 0: give a whole number from 1"],
    [{ pingIntervalMs: 1.5 }, "pingIntervalMs is 1.5"],
    [{ noticeIntervalMs: -1 }, "noticeIntervalMs is -1: give a whole number from 0"],
    [{ helloTimeoutMs: 2 ** 31 }, "helloTimeoutMs is 2147483648"],
    [{ maxMessageBytes: 100, maxQueueBytes: 112 }, "maxQueueBytes is 112, less than one message"],
    [{ backoffMinMs: 10, backoffMaxMs: 9 }, "backoffMaxMs is 9, less than backoffMinMs (10)"],
  ])("refuses %j", (asked, text) => {
    expect(() => resolveLimits(asked)).toThrow(TransportError);
    expect(() => resolveLimits(asked)).toThrow(text);
  });
});
