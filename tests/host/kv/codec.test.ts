/** The bytes of commands, to the last one: what a log holds must be read the same by every later version. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeCommand,
  encodeCommand,
  type KvCommand,
  KvCommandError,
  type KvCompare,
  type KvOperation,
  MAX_KEY_BYTES,
  MAX_TXN_PARTS,
} from "../../../host/kv/command.js";
import { KvMachine } from "../../../host/kv/machine.js";
import { snapshotOf } from "../session-tape.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

function transaction(compare: readonly KvCompare[], operations: readonly KvOperation[]): KvCommand {
  return { kind: "txn", compare, then: operations };
}

describe("the format", () => {
  const everything = transaction(
    [
      { kind: "value", key: "a", value: bytes("x") },
      { kind: "absent", key: "b" },
      { kind: "modIndex", key: "c", modIndex: 2 ** 32 + 7 },
    ],
    [
      { kind: "put", key: "a", value: bytes("yz") },
      { kind: "delete", key: "b" },
    ],
  );
  test.each<[string, KvCommand, string]>([
    ["a put", { kind: "put", key: "key", value: bytes("value") }, "0100 0300 6b6579 05000000 76616c7565"],
    ["a put of nothing", { kind: "put", key: "k", value: bytes("") }, "0100 0100 6b 00000000"],
    ["a delete", { kind: "delete", key: "é" }, "0101 0200 c3a9"],
    ["a get", { kind: "get", key: "k" }, "0102 0100 6b"],
    ["an empty transaction", transaction([], []), "0103 0000 0000"],
    [
      "a transaction",
      everything,
      `0103 0300 00 0100 61 01000000 78 01 0100 62 02 0100 63 0700000001000000
       0200 00 0100 61 02000000 797a 01 0100 62`,
    ],
  ])("of %s", (_, command, expected) => {
    const encoded = encodeCommand(command);
    expect(hex(encoded)).toBe(expected.replaceAll(/\s/g, ""));
    expect(decodeCommand(encoded)).toEqual(command);
  });

  test("takes keys, values, indices and transactions up to their limits", () => {
    const limits: KvCommand[] = [
      { kind: "get", key: "k".repeat(MAX_KEY_BYTES) },
      { kind: "get", key: "é".repeat(MAX_KEY_BYTES / 2) },
      { kind: "put", key: "k", value: new Uint8Array(5_000).fill(7) },
      transaction([{ kind: "modIndex", key: "k", modIndex: Number.MAX_SAFE_INTEGER }], []),
      transaction(
        [],
        Array.from({ length: MAX_TXN_PARTS }, () => ({ kind: "delete", key: "k" })),
      ),
    ];
    for (const command of limits) expect(decodeCommand(encodeCommand(command))).toEqual(command);
  });

  test("keeps a byte order mark: it makes another key", () => {
    const command: KvCommand = { kind: "get", key: "\ufeffk" };
    expect(decodeCommand(encodeCommand(command))).toEqual(command);
  });

  // A Buffer's slice is no copy, unlike that of any other Uint8Array.
  test.each([new Uint8Array(100), Buffer.alloc(100)])("is read where it lies, and values are copied", (memory) => {
    const encoded = encodeCommand({ kind: "put", key: "k", value: bytes("v") });
    memory.fill(0xff);
    memory.set(encoded, 13);
    const command = decodeCommand(memory.subarray(13, 13 + encoded.length));
    memory.fill(0);
    expect(command).toEqual({ kind: "put", key: "k", value: bytes("v") });
  });
});

describe("no command is made", () => {
  const comparing = (modIndex: number) => transaction([{ kind: "modIndex", key: "k", modIndex }], []);
  const absent = Array.from({ length: MAX_TXN_PARTS + 1 }, () => ({ kind: "absent", key: "k" }) as const);
  const removal = absent.map(({ key }) => ({ kind: "delete", key }) as const);
  test.each<[string, KvCommand, RegExp]>([
    ["of too long a key, counted in bytes", { kind: "get", key: "é".repeat(MAX_KEY_BYTES / 2 + 1) }, /514 bytes/],
    ["of half a character within a key", { kind: "delete", key: "a\udc00b" }, /surrogate/],
    ["of a bad key within a transaction", transaction([{ kind: "absent", key: "" }], []), /0 bytes/],
    ["of a negative index", comparing(-1), /a number is -1/],
    ["of half an index", comparing(1.5), /a number is 1.5/],
    ["of an index that is not exact", comparing(2 ** 53), /a number is/],
    ["of too many comparisons", transaction(absent, []), /1025 parts/],
    ["of too many operations", transaction([], removal), /1025 parts/],
  ])("%s", (_, command, reason) => {
    expect(() => encodeCommand(command)).toThrow(KvCommandError);
    expect(() => encodeCommand(command)).toThrow(reason);
  });
});

describe("what is no command is rejected with the reason", () => {
  test.each([
    ["nothing", "", /end too early/],
    ["version 0", "0002 0100 6b", /format 0/],
    ["a key of no bytes", "0102 0000", /0 bytes/],
    ["a key that is too long", `0102 0102 ${"6b".repeat(513)}`, /513 bytes/],
    ["a key that ends too early", "0102 0500 6b", /end too early/],
    ["a key in overlong UTF-8", "0102 0200 c080", /not UTF-8/],
    ["a key of half a surrogate pair", "0102 0300 eda080", /not UTF-8/],
    ["a value that ends too early", "0100 0100 6b 02000000 76", /end too early/],
    ["a value as long as can be said", "0100 0100 6b ffffffff 76", /end too early/],
    ["something after the end", "0102 0100 6b 00", /1 bytes follow the end/],
    ["more parts than may be", "0103 0104 0000", /1025 parts/],
    ["parts that are missing", "0103 0004", /end too early/],
    ["an unknown comparison", "0103 0100 03 0100 6b 0000", /a comparison is of no known kind/],
    ["a transaction within a transaction", "0103 0000 0100 03 0000 0000", /puts and deletes/],
    ["an index that is not exact", "0103 0100 02 0100 6b 0000000000002000 0000", /2\^53/],
  ])("%s", (_, text, reason) => {
    const encoded = Buffer.from(text.replaceAll(" ", ""), "hex");
    expect(() => decodeCommand(encoded)).toThrow(KvCommandError);
    const machine = new KvMachine();
    const result = machine.apply(encoded, { index: 9, term: 1 });
    expect(result).toMatchObject({ kind: "rejected", index: 9, reason: expect.stringMatching(reason) });
    expect(machine.size).toBe(0);
  });

  const key = fc.constantFrom("a", "b", "é", "\u{1f600}");
  const value = fc.uint8Array({ maxLength: 8 });
  const operation = fc.oneof(
    fc.record({ kind: fc.constant("put" as const), key, value }),
    fc.record({ kind: fc.constant("delete" as const), key }),
  );
  const compare = fc.oneof(
    fc.record({ kind: fc.constant("absent" as const), key }),
    fc.record({ kind: fc.constant("modIndex" as const), key, modIndex: fc.maxSafeNat() }),
  );
  const command = fc.oneof(
    operation,
    fc.tuple(fc.array(compare), fc.array(operation)).map((parts) => transaction(...parts)),
  );

  test("a command with bits turned over never throws, and changes nothing if it is rejected", () => {
    let rejected = 0;
    const damage = (made: KvCommand, places: readonly number[]) => {
      const encoded = encodeCommand(made);
      for (const place of places) {
        const bit = place % (encoded.length * 8);
        encoded[bit >>> 3] = (encoded[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      }
      const machine = new KvMachine();
      for (const name of ["a", "b"]) {
        machine.apply(encodeCommand({ kind: "put", key: name, value: bytes("v") }), { index: 1, term: 1 });
      }
      const before = snapshotOf(machine);
      const result = machine.apply(encoded, { index: 2, term: 1 });
      if (result.kind !== "rejected") return;
      rejected += 1;
      expect(snapshotOf(machine)).toEqual(before);
    };
    const places = fc.array(fc.nat(), { minLength: 1, maxLength: 3 });
    fc.assert(fc.property(command, places, damage), { numRuns: 2000, seed: 1 });
    expect(rejected).toBeGreaterThan(500);
  });

  test("any bytes after a good start never throw", () => {
    const apply = (start: readonly number[], rest: Uint8Array) => {
      const result = new KvMachine().apply(Uint8Array.of(...start, ...rest), { index: 1, term: 1 });
      expect(result.index).toBe(1);
    };
    const start = fc.tuple(fc.constant(1), fc.nat({ max: 4 }), fc.nat({ max: 3 }), fc.constant(0));
    fc.assert(fc.property(start, fc.uint8Array({ maxLength: 60 }), apply), { numRuns: 3000, seed: 2 });
  });
});
