/** Sessions one rule at a time: envelopes, retries, acknowledgments, expiry, bounds, keys, snapshots, and the clock. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Refused, resultOf, SessionRefusedError } from "../../host/session/answers.js";
import { ClientSession } from "../../host/session/client.js";
import {
  decodeEnvelope,
  type Envelope,
  EnvelopeError,
  encodeEnvelope,
  encodePlain,
} from "../../host/session/envelope.js";
import { NO_SESSIONS, SESSION_LIMITS, type SessionLimits } from "../../host/session/limits.js";
import { LogClock } from "../../host/session/log-clock.js";
import { SessionMachine, SessionSnapshotError } from "../../host/session/machine.js";
import { snapshotOf, Tape, TEXT_RESULTS, text } from "./session-tape.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** A machine and the log that it applies. */
class Log {
  readonly tape = new Tape();
  readonly machine: SessionMachine<string>;
  #index = 0;

  constructor(limits: Partial<SessionLimits> = {}) {
    this.machine = new SessionMachine(this.tape, TEXT_RESULTS, { ...SESSION_LIMITS, ...limits });
  }

  bytes(bytes: Uint8Array) {
    return this.machine.apply(bytes, { index: ++this.#index, term: 1 });
  }

  add(envelope: Envelope) {
    return this.bytes(encodeEnvelope(envelope));
  }

  register(time = 0): number {
    const answer = this.add({ kind: "register", time });
    if (answer.kind !== "registered") throw new Error(answer.kind);
    return answer.session;
  }

  command(session: number, sequence: number, { lowest = 1, time = 0, command = `c${sequence}` } = {}) {
    return this.add({ kind: "command", time, session, sequence, lowest, command: text(command) });
  }

  keyed(key: string, { time = 0, command = "c" } = {}) {
    return this.add({ kind: "keyed", time, key, command: text(command) });
  }
}

function refusal(reason: Refused["refusal"]) {
  return expect.objectContaining({ kind: "refused", refusal: reason });
}

describe("an envelope", () => {
  const command = text("cmd");
  test.each<[Envelope, string]>([
    [{ kind: "plain", time: 1, command }, "e50100 0100000000000000 636d64"],
    [{ kind: "register", time: 2 ** 40 }, "e50101 0000000000010000"],
    [
      { kind: "command", time: 2, session: 3, sequence: 5, lowest: 4, command },
      "e50102 0200000000000000 0300000000000000 0500000000000000 0400000000000000 636d64",
    ],
    [
      { kind: "keepAlive", time: 2, session: 3, lowest: 4 },
      "e50103 0200000000000000 0300000000000000 0400000000000000",
    ],
    [{ kind: "close", time: 2, session: 3 }, "e50104 0200000000000000 0300000000000000"],
    [{ kind: "keyed", time: 2, key: "a~!", command }, "e50105 0200000000000000 03 617e21 636d64"],
  ])("%o has these bytes", (envelope, expected) => {
    const encoded = encodeEnvelope(envelope);
    expect(hex(encoded)).toBe(expected.replaceAll(" ", ""));
    expect(decodeEnvelope(encoded)).toEqual(envelope);
  });

  test("is not needed by a command that cannot be taken for one", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        const log = new Log();
        expect(log.bytes(encodePlain(bytes))).toMatchObject({ kind: "plain" });
        expect(log.tape.applied).toEqual([new TextDecoder().decode(bytes)]);
      }),
    );
    const command = Uint8Array.of(1, 2);
    expect(encodePlain(command)).toBe(command);
    expect(encodePlain(Uint8Array.of(0xe5))).toHaveLength(12);
  });

  test.each<[string, Envelope]>([
    ["an empty key", { kind: "keyed", time: 0, key: "", command }],
    ["a key with a space", { kind: "keyed", time: 0, key: "a b", command }],
    ["a key beyond ASCII", { kind: "keyed", time: 0, key: "é", command }],
    ["a key that is too long", { kind: "keyed", time: 0, key: "k".repeat(256), command }],
    ["a negative time", { kind: "register", time: -1 }],
    ["half a millisecond", { kind: "register", time: 0.5 }],
    ["sequence 0", { kind: "command", time: 0, session: 1, sequence: 0, lowest: 0, command }],
    ["an answer that was acknowledged", { kind: "command", time: 0, session: 1, sequence: 1, lowest: 2, command }],
  ])("with %s is not made", (_, envelope) => {
    expect(() => encodeEnvelope(envelope)).toThrow(EnvelopeError);
  });

  test.each([
    ["of another version", "e502 01 0000000000000000", /format 2/],
    ["of no known kind", "e501 06 0000000000000000", /no known kind/],
    ["cut short", "e501 01 00000000000000", /end too early/],
    ["with something behind it", "e501 01 0000000000000000 00", /1 bytes follow/],
    ["with a time that is not exact", "e501 01 ffffffffffffffff", /2\^53/],
    ["with a key of other characters", "e501 05 0000000000000000 01 0a", /visible ASCII/],
    ["with sequence 0", `e501 03 ${"00".repeat(24)}`, /count from 1/],
  ])("%s is refused, and changes nothing", (_, bytes, reason) => {
    const log = new Log();
    const before = snapshotOf(log.machine);
    expect(log.bytes(Buffer.from(bytes.replaceAll(" ", ""), "hex"))).toEqual({
      kind: "refused",
      refusal: "malformed",
      reason: expect.stringMatching(reason),
    });
    expect(snapshotOf(log.machine)).toEqual(before);
  });
});

describe("a session", () => {
  test("has a command applied once, and answers the others as the first", () => {
    const log = new Log();
    const session = log.register();
    expect(log.command(session, 1)).toEqual({ kind: "applied", result: "1:c1", replayed: false });
    expect(log.command(session, 2)).toEqual({ kind: "applied", result: "2:c2", replayed: false });
    expect(log.command(session, 1)).toEqual({ kind: "applied", result: "1:c1", replayed: true });
    expect(log.tape.applied).toEqual(["c1", "c2"]);
  });

  test("takes sequences in any order, each session its own", () => {
    const log = new Log();
    const [one, two] = [log.register(), log.register()];
    for (const [session, sequence] of [
      [one, 3],
      [two, 3],
      [one, 1],
      [one, 3],
      [two, 1],
    ] as const) {
      log.command(session, sequence, { command: `${session}.${sequence}` });
    }
    expect(log.tape.applied).toEqual(["1.3", "2.3", "1.1", "2.1"]);
  });

  test("forgets answers that its client has, and applies none of their commands again", () => {
    const log = new Log();
    const session = log.register();
    for (let sequence = 1; sequence <= 3; sequence++) log.command(session, sequence);
    log.command(session, 4, { lowest: 3 });
    expect(log.command(session, 2)).toEqual(refusal("already acknowledged"));
    expect(log.command(session, 3)).toMatchObject({ result: "3:c3", replayed: true });
    // Not even one that never came.
    expect(log.add({ kind: "keepAlive", time: 0, session, lowest: 9 })).toEqual({ kind: "alive", session });
    expect(log.command(session, 8)).toEqual(refusal("already acknowledged"));
    expect(log.tape.applied).toHaveLength(4);
  });

  test("that expired, was closed, or never was has its commands refused", () => {
    const log = new Log({ sessionLifetime: 100 });
    const [closed, expired, kept] = [log.register(0), log.register(0), log.register(0)];
    expect(log.add({ kind: "close", time: 0, session: closed })).toEqual({ kind: "closed", session: closed });
    expect(log.command(kept, 1, { time: 99 })).toMatchObject({ kind: "applied" });
    // A late entry does not turn the time back.
    log.command(kept, 2, { time: 5 });
    expect(log.command(expired, 1, { time: 100 })).toEqual(refusal("unknown session"));
    for (const session of [closed, 77]) expect(log.command(session, 1)).toEqual(refusal("unknown session"));
    expect(log.add({ kind: "keepAlive", time: 0, session: expired, lowest: 1 })).toEqual(refusal("unknown session"));
    expect(log.add({ kind: "close", time: 0, session: expired })).toEqual(refusal("unknown session"));
    expect(log.command(kept, 1, { time: 198 })).toMatchObject({ replayed: true });
    expect(log.tape.applied).toEqual(["c1", "c2"]);
    expect(log.machine.sessions).toBe(1);
  });

  test("does not outlive its time because of its own late command", () => {
    const log = new Log({ sessionLifetime: 100 });
    const session = log.register(0);
    expect(log.command(session, 1, { time: 100 })).toEqual(refusal("unknown session"));
  });

  test("used least recently makes room for a new one; one that expired goes first", () => {
    const log = new Log({ maxSessions: 2, sessionLifetime: 100 });
    const [one, two] = [log.register(), log.register()];
    log.add({ kind: "keepAlive", time: 0, session: one, lowest: 1 });
    const three = log.register();
    expect(log.command(two, 1)).toEqual(refusal("unknown session"));
    for (const session of [one, three]) expect(log.command(session, 1)).toMatchObject({ kind: "applied" });
    log.command(one, 2, { time: 50 });
    log.register(100);
    expect(log.command(one, 3, { time: 100 })).toMatchObject({ kind: "applied" });
    expect(log.command(three, 2, { time: 100 })).toEqual(refusal("unknown session"));
  });

  test("keeps so many answers and no more: who never acknowledges is refused", () => {
    const log = new Log({ maxResponses: 3 });
    const session = log.register();
    for (const sequence of [1, 3]) log.command(session, sequence);
    expect(log.command(session, 4)).toEqual(refusal("too far ahead"));
    expect(log.command(session, 4, { lowest: 2 })).toMatchObject({ kind: "applied", replayed: false });
    expect(log.command(session, 5)).toEqual(refusal("too far ahead"));
    expect(log.tape.applied).toEqual(["c1", "c3", "c4"]);
  });

  test("keeps so many bytes: of what does not fit it knows that it was applied", () => {
    const log = new Log({ maxSessionBytes: 8 });
    const session = log.register();
    log.command(session, 1, { command: "12" });
    log.command(session, 2, { command: "too long" });
    log.command(session, 3, { command: "12" });
    expect(log.command(session, 2, { command: "too long" })).toEqual(refusal("answer not kept"));
    for (const sequence of [1, 3]) expect(log.command(session, sequence)).toMatchObject({ replayed: true });
    // Acknowledged answers make room.
    log.command(session, 4, { lowest: 4, command: "123456" });
    expect(log.command(session, 4, { lowest: 4 })).toMatchObject({ replayed: true });
    expect(log.tape.applied).toHaveLength(4);
  });
});

describe("an idempotency key", () => {
  test("has a command applied once, and stands for no other", () => {
    const log = new Log();
    expect(log.keyed("k")).toEqual({ kind: "applied", result: "1:c", replayed: false });
    expect(log.keyed("k")).toEqual({ kind: "applied", result: "1:c", replayed: true });
    expect(log.keyed("k", { command: "d" })).toEqual(refusal("key reused"));
    expect(log.keyed("K")).toMatchObject({ result: "2:c", replayed: false });
  });

  test("is forgotten after its lifetime, which asking again does not prolong", () => {
    const log = new Log({ keyLifetime: 100 });
    log.keyed("k", { time: 10 });
    expect(log.keyed("k", { time: 109 })).toMatchObject({ replayed: true });
    expect(log.keyed("k", { time: 110 })).toMatchObject({ replayed: false });
  });

  test("is not forgotten before that, unless others need the room and the promise is kept", () => {
    const log = new Log({ maxKeys: 2, keyPromise: 50 });
    log.keyed("a", { time: 0 });
    log.keyed("b", { time: 20 });
    expect(log.keyed("c", { time: 49 })).toEqual(refusal("too many keys"));
    expect(log.keyed("a", { time: 49 })).toMatchObject({ replayed: true });
    expect(log.keyed("c", { time: 50 })).toMatchObject({ replayed: false });
    expect(log.keyed("b", { time: 50 })).toMatchObject({ replayed: true });
    expect(log.keyed("a", { time: 50 })).toEqual(refusal("too many keys"));
    expect(log.tape.applied).toHaveLength(3);
  });

  test("of a command with a long answer keeps that it was applied", () => {
    const log = new Log({ maxKeyBytes: 4 });
    log.keyed("k", { command: "long" });
    expect(log.keyed("k", { command: "long" })).toEqual(refusal("answer not kept"));
    expect(log.tape.applied).toHaveLength(1);
  });
});

describe("limits that allow nothing to be kept", () => {
  test("refuse every session and every key, and change nothing but the log time", () => {
    const log = new Log(NO_SESSIONS);
    expect(log.add({ kind: "register", time: 5 })).toEqual(refusal("no sessions"));
    expect(log.command(1, 1)).toEqual(refusal("unknown session"));
    expect(log.keyed("a", { time: 70_000 })).toEqual(refusal("too many keys"));
    expect(log.keyed("a", { time: 140_000 })).toEqual(refusal("too many keys"));
    expect([log.machine.sessions, log.machine.keys, log.machine.logTime]).toEqual([0, 0, 140_000]);
  });
});

describe("a snapshot", () => {
  function filled(): Log {
    const log = new Log({ maxSessionBytes: 12 });
    const [one, two] = [log.register(5), log.register(6)];
    log.command(two, 2, { time: 7 });
    log.command(two, 3, { time: 7, command: "an answer that is not kept" });
    log.command(one, 1, { time: 9 });
    log.keyed("key", { time: 12 });
    return log;
  }

  test("has this format", () => {
    const log = filled();
    const u64 = (value: number) => value.toString(16).padStart(2, "0").padEnd(16, "0");
    const expected = [
      `01 ${u64(12)} 02000000`,
      `${u64(2)} ${u64(7)} ${u64(1)} 02000000 ${u64(2)} 01 04000000 ${hex(text("1:c2"))} ${u64(3)} 00`,
      `${u64(1)} ${u64(9)} ${u64(1)} 01000000 ${u64(1)} 01 04000000 ${hex(text("3:c1"))}`,
      // The first half of the sha256 of "c".
      `01000000 03 ${hex(text("key"))} ${u64(12)} 2e7d2c03a9507ae265ecf5b5356885a5 01 03000000 ${hex(text("4:c"))}`,
      hex(text(JSON.stringify(log.tape.applied))),
    ];
    expect(hex(snapshotOf(log.machine))).toBe(expected.join("").replaceAll(" ", ""));
  });

  test("shows the state as it was when it was asked for, however late its pieces are", () => {
    const log = filled();
    for (let number = 0; number < 2000; number++) log.keyed(`${number}`.padStart(100, "k"), { time: 12 });
    const expected = snapshotOf(log.machine);
    const pieces: Uint8Array[] = [];
    for (const piece of log.machine.snapshot()) {
      pieces.push(piece);
      log.command(2, 4 + pieces.length, { time: 13, lowest: 3 });
      log.keyed(`late-${pieces.length}`, { time: 13 });
      log.register(13);
    }
    expect(Buffer.compare(Buffer.concat(pieces), expected)).toBe(0);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.length).toBeLessThan(20);
  });

  test("that is damaged is refused, and leaves everything as it was", () => {
    const log = filled();
    const snapshot = snapshotOf(log.machine);
    const tables = snapshot.length - text(JSON.stringify(log.tape.applied)).length;
    for (let length = 0; length < tables; length++) {
      expect(() => log.machine.restore(snapshot.subarray(0, length))).toThrow(SessionSnapshotError);
    }
    // The inner machine refuses.
    expect(() => log.machine.restore(snapshot.subarray(0, -1))).toThrow(SyntaxError);
    expect(snapshotOf(log.machine)).toEqual(snapshot);
  });

  test.each([
    ["of another version", [0, 2], /format 2/],
    ["with a session twice", [13, 1], /session 1 is there twice/],
    ["with sessions out of order", [21, 10], /session 1 is not in the order/],
    ["with a session from later on", [21, 13], /session 2 is not in the order/],
    ["with a session that counts from 0", [29, 0], /session 2 counts from 0/],
    ["with an answer that was acknowledged", [29, 3], /an answer to sequence 2/],
    ["with an answer twice", [58, 2], /an answer to sequence 2/],
    ["with half an answer", [66, 2], /neither kept nor not/],
    ["with a key that is none", [117, 32], /visible ASCII/],
    ["with a key from later on", [120, 13], /key is not in the order/],
  ] as const)("%s is refused", (_, [at, value], reason) => {
    const log = filled();
    const snapshot = snapshotOf(log.machine);
    expect(snapshot[at]).not.toBe(value);
    snapshot[at] = value;
    expect(() => log.machine.restore(snapshot)).toThrow(SessionSnapshotError);
    expect(() => log.machine.restore(snapshot)).toThrow(reason);
  });
});

describe("a client", () => {
  test("acknowledges what it has all answers below", () => {
    const client = new ClientSession(9);
    const [one, two, three] = [client.begin(), client.begin(), client.begin()];
    expect([one, two, three, client.lowest]).toEqual([1, 2, 3, 1]);
    client.end(two);
    const expected = { kind: "command", time: 4, session: 9, sequence: 3, lowest: 1, command: text("c") };
    expect(decodeEnvelope(client.encode(three, text("c"), 4))).toEqual(expected);
    client.end(one);
    expect(decodeEnvelope(client.keepAlive(5))).toEqual({ kind: "keepAlive", time: 5, session: 9, lowest: 3 });
    client.end(three);
    expect(client.lowest).toBe(4);
    expect(decodeEnvelope(client.close(6))).toEqual({ kind: "close", time: 6, session: 9 });
    expect(() => client.encode(two, text("c"), 7)).toThrow(RangeError);
  });

  test("gets the result, or an error that says why not", () => {
    const log = new Log();
    const client = new ClientSession(log.register());
    const sequence = client.begin();
    expect(resultOf(log.bytes(client.encode(sequence, text("c"), 0)))).toBe("1:c");
    expect(resultOf(log.bytes(text("bare")))).toBe("2:bare");
    log.bytes(client.close(0));
    const late = () => resultOf(log.bytes(client.encode(sequence, text("c"), 0)));
    expect(late).toThrow(SessionRefusedError);
    expect(late).toThrow(expect.objectContaining({ refusal: "unknown session" }));
    expect(() => resultOf({ kind: "registered", session: 1 })).toThrow(TypeError);
  });
});

describe("log time", () => {
  test("goes on with the monotonic clock from the latest that the log has seen", () => {
    let seen = 0;
    let monotonic = 1000.5;
    const clock = new LogClock(
      () => seen,
      () => monotonic,
    );
    expect(clock.now()).toBe(0);
    monotonic += 10.7;
    expect(clock.now()).toBe(10);
    seen = 500;
    expect(clock.now()).toBe(500);
    monotonic += 7;
    // What this node's own entries brought is no news.
    seen = 503;
    expect(clock.now()).toBe(507);
  });
});
