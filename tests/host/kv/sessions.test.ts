/** The key-value machine with sessions: bare commands beside enveloped ones, kept results, and the digest. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCommand, encodeLimited, type KvCommand } from "../../../host/kv/command.js";
import { KvMachine, KvSessionsError } from "../../../host/kv/machine.js";
import { STORE_RESULTS } from "../../../host/kv/result.js";
import type { KvStoreResult } from "../../../host/kv/store.js";
import { type Envelope, encodeEnvelope } from "../../../host/session/envelope.js";
import { NO_SESSIONS, SESSION_LIMITS } from "../../../host/session/limits.js";
import { snapshotOf } from "../session-tape.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const put = (value: string) => encodeCommand({ kind: "put", key: "a", value: bytes(value) });
const keyed = (key: string, command: Uint8Array, time = 0): Envelope => ({ kind: "keyed", time, key, command });

class Log {
  machine = new KvMachine();
  #index = 0;

  add(envelope: Envelope | Uint8Array) {
    const command = envelope instanceof Uint8Array ? envelope : encodeEnvelope(envelope);
    return this.machine.apply(command, { index: ++this.#index, term: 1 });
  }
}

describe("a kept result", () => {
  const index = fc.maxSafeNat();
  const value = fc.uint8Array({ maxLength: 20 }).map((array) => Uint8Array.from(array));
  const entry = fc.option(fc.record({ value, modIndex: index }), { nil: undefined });
  const result: fc.Arbitrary<KvStoreResult> = fc.oneof(
    fc.record({ kind: fc.constant("put" as const), index }),
    fc.record({ kind: fc.constant("delete" as const), index, existed: fc.boolean() }),
    fc.record({ kind: fc.constant("get" as const), index, entry }),
    fc.record({ kind: fc.constant("txn" as const), index, succeeded: fc.boolean() }),
    fc.record({ kind: fc.constant("rejected" as const), index, reason: fc.string({ unit: "grapheme" }) }),
  );

  test("is the result again, and not when a byte is missing or too many", () => {
    const holds = (made: KvStoreResult) => {
      const encoded = STORE_RESULTS.encode(made);
      expect(STORE_RESULTS.decode(encoded)).toEqual(made);
      expect(() => STORE_RESULTS.decode(encoded.subarray(0, -1))).toThrow(RangeError);
      expect(() => STORE_RESULTS.decode(Uint8Array.of(...encoded, 0))).toThrow(RangeError);
    };
    fc.assert(fc.property(result, holds), { numRuns: 300, seed: 1 });
  });

  test.each<[KvStoreResult, string]>([
    [{ kind: "put", index: 7 }, "00 0700000000000000"],
    [{ kind: "delete", index: 7, existed: true }, "01 0700000000000000 01"],
    [{ kind: "get", index: 7, entry: undefined }, "02 0700000000000000 00"],
    [
      { kind: "get", index: 7, entry: { value: bytes("v"), modIndex: 5 } },
      "02 0700000000000000 01 01000000 76 0500000000000000",
    ],
    [{ kind: "txn", index: 7, succeeded: false }, "03 0700000000000000 00"],
    [{ kind: "rejected", index: 7, reason: "é" }, "04 0700000000000000 02000000 c3a9"],
    [{ kind: "full", index: 7 }, "05 0700000000000000"],
  ])("of %o has these bytes", (made, expected) => {
    expect(Buffer.from(STORE_RESULTS.encode(made)).toString("hex")).toBe(expected.replaceAll(" ", ""));
  });

  test("of no known kind is refused", () => {
    expect(() => STORE_RESULTS.decode(Uint8Array.of(6, ...new Uint8Array(8)))).toThrow(/no known kind/);
  });

  test("of every write fits what is kept for a key", () => {
    const log = new Log();
    const writes: KvCommand[] = [
      { kind: "put", key: "k".repeat(512), value: new Uint8Array(5000) },
      { kind: "delete", key: "k".repeat(512) },
      { kind: "txn", compare: [], then: [{ kind: "put", key: "k", value: new Uint8Array(5000) }] },
    ];
    for (const [number, write] of writes.entries()) {
      const first = log.add(keyed(`key-${number}`, encodeCommand(write)));
      const again = log.add(keyed(`key-${number}`, encodeCommand(write)));
      if (first.kind !== "session" || first.answer.kind !== "applied") throw new Error(first.kind);
      expect(again).toMatchObject({ answer: { ...first.answer, replayed: true } });
    }
    expect(STORE_RESULTS.encode({ kind: "rejected", index: 1, reason: "" }).length).toBeLessThan(
      SESSION_LIMITS.maxKeyBytes,
    );
  });
});

describe("a cluster with a board, whose commands have a limit", () => {
  const limited = encodeLimited({ kind: "put", key: "b", value: bytes("1") }, 1000);

  test("goes on where nothing is kept", () => {
    const log = new Log();
    log.machine = new KvMachine(NO_SESSIONS);
    expect(log.add(limited).kind).toBe("put");
    for (const asked of [keyed("k", put("1")), { kind: "register", time: 1 } as const]) {
      expect(log.add(asked)).toMatchObject({ answer: { kind: "refused" } });
    }
    expect(log.add(limited).kind).toBe("put");
    expect(log.machine.get("a")).toBeUndefined();
  });

  test("is not left to part: a machine that would keep something stops, whichever came first", () => {
    const first = new Log();
    first.add(limited);
    expect(() => first.add(keyed("k", put("1")))).toThrow(KvSessionsError);
    const second = new Log();
    second.add({ kind: "register", time: 1 });
    expect(() => second.add(limited)).toThrow(/with NO_SESSIONS/);
    const third = new Log();
    third.machine.restore(snapshotOf(second.machine));
    expect(() => third.add(limited)).toThrow(KvSessionsError);
  });
});

describe("a log of both sorts", () => {
  test("is applied in its order: a repetition does not undo what came in between", () => {
    const log = new Log();
    expect(log.add(keyed("k", put("1")))).toEqual({
      kind: "session",
      index: 1,
      answer: { kind: "applied", result: { kind: "put", index: 1 }, replayed: false },
    });
    expect(log.add(put("2"))).toEqual({ kind: "put", index: 2 });
    expect(log.add(keyed("k", put("1")))).toEqual({
      kind: "session",
      index: 3,
      answer: { kind: "applied", result: { kind: "put", index: 1 }, replayed: true },
    });
    expect(log.machine.get("a")).toEqual({ value: bytes("2"), modIndex: 2 });
  });

  test("with garbage in an envelope has it rejected once and for all", () => {
    const log = new Log();
    const rejected = { kind: "rejected", index: 1, reason: expect.any(String) };
    expect(log.add(keyed("k", bytes("garbage")))).toMatchObject({ answer: { result: rejected, replayed: false } });
    expect(log.add(keyed("k", bytes("garbage")))).toMatchObject({ answer: { result: rejected, replayed: true } });
  });

  test("has the sessions in its snapshot and its digest", () => {
    const log = new Log();
    const digests = new Set([log.machine.digest()]);
    for (const envelope of [
      { kind: "register", time: 0 } as const,
      { kind: "command", time: 0, session: 1, sequence: 1, lowest: 1, command: put("1") } as const,
      keyed("k", put("1")),
      { kind: "keepAlive", time: 9, session: 1, lowest: 2 } as const,
      { kind: "close", time: 9, session: 1 } as const,
    ]) {
      log.add(envelope);
      digests.add(log.machine.digest());
      const restored = KvMachine.restore(snapshotOf(log.machine));
      expect(restored.digest()).toBe(log.machine.digest());
      expect(restored.logTime).toBe(log.machine.logTime);
    }
    expect(digests.size).toBe(6);
    log.machine = KvMachine.restore(snapshotOf(log.machine));
    expect(log.add(keyed("k", put("1"), 10))).toMatchObject({ answer: { replayed: true, result: { index: 3 } } });
  });
});
