/** What the key-value machine has, as a whole: its snapshot, its digest, and the order of its keys. */

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCommand, type KvCommand } from "../../../host/kv/command.js";
import { KvMachine, KvSnapshotError } from "../../../host/kv/machine.js";
import { snapshotOf } from "../session-tape.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const put = (key: string, value: string): KvCommand => ({ kind: "put", key, value: bytes(value) });
const remove = (key: string): KvCommand => ({ kind: "delete", key });

/** What stands before the store: the version, the log time, and no sessions and no idempotency keys. */
const NO_SESSIONS = "01 0000000000000000 00000000 00000000";

function machineAfter(...commands: KvCommand[]): KvMachine {
  const machine = new KvMachine();
  for (const [index, command] of commands.entries())
    machine.apply(encodeCommand(command), { index: index + 1, term: 1 });
  return machine;
}

const key = fc.constantFrom("a", "ab", "b", "é", "\uffee", "\u{10000}", "\ufeffa");
const command: fc.Arbitrary<KvCommand> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("put" as const), key, value: fc.uint8Array({ maxLength: 9 }) }),
  },
  { weight: 1, arbitrary: key.map(remove) },
);
const commands = fc.array(command, { maxLength: 30 });

describe("a snapshot", () => {
  test("holds all that the machine has", () => {
    const restores = (log: KvCommand[]) => {
      const machine = machineAfter(...log);
      const restored = KvMachine.restore(snapshotOf(machine));
      expect([...restored.entries()]).toEqual([...machine.entries()]);
      expect(snapshotOf(restored)).toEqual(snapshotOf(machine));
      expect(restored.digest()).toBe(machine.digest());
    };
    fc.assert(fc.property(commands, restores), { numRuns: 300, seed: 1 });
  });

  test("is where a log may be cut: what follows leads to the same", () => {
    const cut = (log: KvCommand[], at: number) => {
      const whole = machineAfter(...log);
      const restored = KvMachine.restore(snapshotOf(machineAfter(...log.slice(0, at))));
      for (const [offset, made] of log.slice(at).entries()) {
        restored.apply(encodeCommand(made), { index: at + offset + 1, term: 1 });
      }
      expect(restored.digest()).toBe(whole.digest());
    };
    fc.assert(fc.property(commands, fc.nat({ max: 30 }), cut), { numRuns: 300, seed: 2 });
  });

  test("has this format", () => {
    const machine = machineAfter(put("b", "y"), put("a", "xx"));
    const store = "01 02000000 0100 61 02000000 7878 0200000000000000 0100 62 01000000 79 0100000000000000";
    expect(Buffer.from(snapshotOf(machine)).toString("hex")).toBe(`${NO_SESSIONS}${store}`.replaceAll(" ", ""));
  });

  test("comes in pieces of some size, and shows the state as it was when it was asked for", () => {
    const commands = Array.from({ length: 500 }, (_, n) => put(`key-${n}`, "x".repeat(1000)));
    const machine = machineAfter(...commands);
    const expected = snapshotOf(machine);
    const pieces: Uint8Array[] = [];
    for (const piece of machine.snapshot()) {
      pieces.push(piece);
      for (const key of ["key-499", "key-9", "new"]) {
        machine.apply(encodeCommand(put(key, `${pieces.length}`)), { index: 500 + pieces.length, term: 1 });
        machine.apply(encodeCommand(remove("key-250")), { index: 500 + pieces.length, term: 1 });
      }
    }
    expect(Buffer.compare(Buffer.concat(pieces), expected)).toBe(0);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.length).toBeLessThan(20);
  });

  test("does not change when the machine does, nor the machine with it", () => {
    const machine = machineAfter(put("a", "1"));
    const snapshot = snapshotOf(machine);
    const restored = KvMachine.restore(snapshot);
    machine.apply(encodeCommand(put("a", "2")), { index: 2, term: 1 });
    expect(KvMachine.restore(snapshot).get("a")).toEqual({ value: bytes("1"), modIndex: 1 });
    snapshot.fill(0);
    expect(restored.get("a")).toEqual({ value: bytes("1"), modIndex: 1 });
  });

  test("is refused when anything is missing or follows", () => {
    const snapshot = snapshotOf(machineAfter(put("a", "1"), put("b", "2")));
    for (let length = 0; length < snapshot.length; length += 1) {
      expect(() => KvMachine.restore(snapshot.subarray(0, length))).toThrow(KvSnapshotError);
    }
    expect(() => KvMachine.restore(Uint8Array.of(...snapshot, 0))).toThrow(/1 bytes follow the end/);
  });

  const entry = (name: string) => `0100 ${name} 00000000 0100000000000000`;
  test.each([
    ["of a store of another version", "02 00000000", /format 2/],
    ["with keys out of order", `01 02000000 ${entry("62")} ${entry("61")}`, /key number 1 is not above/],
    ["with a key twice", `01 02000000 ${entry("61")} ${entry("61")}`, /key number 1 is not above/],
    ["with a key that is not UTF-8", `01 01000000 ${entry("ff")}`, /not UTF-8/],
    ["of fewer keys than it says", `01 ffffffff ${entry("61")}`, /end too early/],
    ["with an index that is not exact", "01 01000000 0100 61 00000000 ffffffffffffffff", /2\^53/],
  ])("%s is refused", (_, text, reason) => {
    const snapshot = Buffer.from(`${NO_SESSIONS}${text}`.replaceAll(" ", ""), "hex");
    expect(() => KvMachine.restore(snapshot)).toThrow(KvSnapshotError);
    expect(() => KvMachine.restore(snapshot)).toThrow(reason);
  });
});

test("a snapshot of another version is refused, and leaves the machine as it is", () => {
  const machine = machineAfter(put("a", "1"));
  const digest = machine.digest();
  for (const damaged of [Uint8Array.of(2), snapshotOf(machine).fill(7, 17), snapshotOf(machine).subarray(0, -1)]) {
    expect(() => machine.restore(damaged)).toThrow(KvSnapshotError);
    expect(machine.digest()).toBe(digest);
    expect(createHash("sha256").update(snapshotOf(machine)).digest("hex")).toBe(digest);
  }
});

describe("the digest", () => {
  test("is the sha256 of the snapshot, also after every change", () => {
    const machine = new KvMachine();
    const seen = new Set<string>();
    for (const [index, made] of [put("a", "1"), put("b", "1"), put("a", "2"), remove("b"), put("a", "2")].entries()) {
      machine.apply(encodeCommand(made), { index: index + 1, term: 1 });
      const digest = machine.digest();
      expect(digest).toBe(createHash("sha256").update(snapshotOf(machine)).digest("hex"));
      expect(machine.digest()).toBe(digest);
      seen.add(digest);
    }
    // The last put leaves the same value, at another index.
    expect(seen.size).toBe(5);
  });

  test("does not depend on the term, nor on how the content came about", () => {
    const direct = new KvMachine();
    direct.apply(encodeCommand(put("b", "2")), { index: 3, term: 9 });
    direct.apply(encodeCommand(put("a", "1")), { index: 4, term: 9 });
    expect(machineAfter(put("a", "0"), remove("a"), put("b", "2"), put("a", "1")).digest()).toBe(direct.digest());
  });
});

describe("keys and results", () => {
  test("keys come in the order of their bytes, not of their UTF-16 units", () => {
    const machine = machineAfter(put("\u{10000}", ""), put("\uffee", ""), put("b", ""), put("ab", ""), put("a", ""));
    expect(Array.from(machine.entries(), ([name]) => name)).toEqual(["a", "ab", "b", "\uffee", "\u{10000}"]);
    expect(machine.size).toBe(5);
  });

  test("a deletion says whether there was something to delete", () => {
    const machine = machineAfter(put("a", "1"));
    const deletion = encodeCommand(remove("a"));
    expect(machine.apply(deletion, { index: 2, term: 1 })).toEqual({ kind: "delete", index: 2, existed: true });
    expect(machine.apply(deletion, { index: 3, term: 1 })).toEqual({ kind: "delete", index: 3, existed: false });
  });

  test("a result keeps what was read, whatever comes after it", () => {
    const machine = machineAfter(put("a", "1"));
    const result = machine.apply(encodeCommand({ kind: "get", key: "a" }), { index: 2, term: 1 });
    machine.apply(encodeCommand(put("a", "2")), { index: 3, term: 1 });
    expect(result).toEqual({ kind: "get", index: 2, entry: { value: bytes("1"), modIndex: 1 } });
  });
});
