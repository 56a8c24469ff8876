/** The key-value state machine and the bytes of its commands. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeCommand,
  encodeCommand,
  type KvCommand,
  KvCommandError,
  MAX_KEY_BYTES,
} from "../../../host/kv/command.js";
import { KvMachine } from "../../../host/kv/machine.js";

const bytes = (text: string) => new TextEncoder().encode(text);

const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const value = fc.uint8Array({ maxLength: 60 }).map((array) => Uint8Array.from(array));
const operation = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key, value }),
  fc.record({ kind: fc.constant("delete" as const), key }),
);
const compare = fc.oneof(
  fc.record({ kind: fc.constant("value" as const), key, value }),
  fc.record({ kind: fc.constant("absent" as const), key }),
  fc.record({ kind: fc.constant("modIndex" as const), key, modIndex: fc.maxSafeNat() }),
);
const command: fc.Arbitrary<KvCommand> = fc.oneof(
  operation,
  fc.record({ kind: fc.constant("get" as const), key }),
  fc.record({
    kind: fc.constant("txn" as const),
    compare: fc.array(compare, { maxLength: 4 }),
    then: fc.array(operation, { maxLength: 4 }),
  }),
);

class Log {
  readonly machine = new KvMachine();
  #index = 0;

  apply(command: KvCommand) {
    return this.machine.apply(encodeCommand(command), { index: ++this.#index, term: 1 });
  }
}

describe("a command's bytes", () => {
  it("give the command again", () => {
    fc.assert(
      fc.property(command, (made) => {
        expect(decodeCommand(encodeCommand(made))).toEqual(made);
      }),
    );
  });

  it("are refused when one is missing or too many", () => {
    fc.assert(
      fc.property(command, (made) => {
        const encoded = encodeCommand(made);
        for (let length = 0; length < encoded.length; length++) {
          expect(() => decodeCommand(encoded.subarray(0, length))).toThrow(KvCommandError);
        }
        expect(() => decodeCommand(Uint8Array.of(...encoded, 0))).toThrow(KvCommandError);
      }),
      { numRuns: 40 },
    );
  });

  it("that are anything at all never throw in apply, and change nothing unless they are a command", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (any) => {
        const { machine } = new Log();
        const result = machine.apply(any, { index: 1, term: 1 });
        if (result.kind === "rejected") expect(machine.size).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["no key", { kind: "get", key: "" }],
    ["too long a key", { kind: "get", key: "k".repeat(MAX_KEY_BYTES + 1) }],
    ["a key with half a character", { kind: "get", key: "\ud800" }],
  ] as const)("are not made for %s", (_, made) => {
    expect(() => encodeCommand(made)).toThrow(KvCommandError);
  });

  it.each([
    ["another version", [3, 0, 1, 0, 97, 0, 0, 0, 0], /format 3/],
    ["an unknown kind", [1, 9], /no known kind/],
    ["a key that is not UTF-8", [1, 2, 1, 0, 0xff], /not UTF-8/],
    ["a get inside a transaction", [1, 3, 0, 0, 1, 0, 2, 1, 0, 97], /puts and deletes/],
  ])("are refused for %s", (_, encoded, reason) => {
    expect(() => decodeCommand(Uint8Array.from(encoded))).toThrow(reason);
  });
});

describe("the machine", () => {
  it("puts, gets and deletes, and remembers the index of the last change", () => {
    const log = new Log();
    expect(log.apply({ kind: "get", key: "a" })).toEqual({ kind: "get", index: 1, entry: undefined });
    expect(log.apply({ kind: "put", key: "a", value: bytes("x") })).toEqual({ kind: "put", index: 2 });
    expect(log.apply({ kind: "get", key: "a" })).toMatchObject({ entry: { value: bytes("x"), modIndex: 2 } });
    log.apply({ kind: "delete", key: "a" });
    expect(log.machine.get("a")).toBeUndefined();
  });

  it("keeps a copy of a value: the command's bytes are somebody else's", () => {
    const machine = new KvMachine();
    const encoded = encodeCommand({ kind: "put", key: "a", value: bytes("x") });
    machine.apply(encoded, { index: 1, term: 1 });
    encoded.fill(0);
    expect(machine.get("a")?.value).toEqual(bytes("x"));
  });

  it.each([
    ["the value it has", { kind: "value", key: "a", value: bytes("1") }, true],
    ["another value", { kind: "value", key: "a", value: bytes("2") }, false],
    ["a value of a key that is not there", { kind: "value", key: "b", value: bytes("") }, false],
    ["the version it has", { kind: "modIndex", key: "a", modIndex: 1 }, true],
    ["another version", { kind: "modIndex", key: "a", modIndex: 2 }, false],
    ["absence of a key that is not there", { kind: "absent", key: "b" }, true],
    ["absence of a key that is there", { kind: "absent", key: "a" }, false],
  ] as const)("compares with %s", (_, asked, succeeded) => {
    const log = new Log();
    log.apply({ kind: "put", key: "a", value: bytes("1") });
    const result = log.apply({ kind: "txn", compare: [asked], then: [{ kind: "put", key: "c", value: bytes("3") }] });
    expect(result).toMatchObject({ kind: "txn", succeeded });
    expect(log.machine.get("c") !== undefined).toBe(succeeded);
  });

  it("does all of a transaction or nothing, and each put in it has its index", () => {
    const log = new Log();
    const then = [
      { kind: "put", key: "a", value: bytes("1") },
      { kind: "put", key: "b", value: bytes("2") },
      { kind: "delete", key: "a" },
    ] as const;
    log.apply({ kind: "txn", compare: [{ kind: "absent", key: "b" }], then });
    expect(log.machine.get("a")).toBeUndefined();
    expect(log.machine.get("b")).toMatchObject({ modIndex: 1 });
    expect(log.apply({ kind: "txn", compare: [{ kind: "absent", key: "b" }], then })).toMatchObject({
      succeeded: false,
    });
    expect(log.machine.get("b")).toMatchObject({ modIndex: 1 });
  });

  it("has the same digest whatever the order in which its keys came, and another one for every difference", () => {
    const digest = (...commands: KvCommand[]) => {
      const log = new Log();
      for (const made of commands) log.apply(made);
      return log.machine.digest();
    };
    const a = { kind: "txn", compare: [], then: [{ kind: "put", key: "a", value: bytes("1") }] } as const;
    const both = [
      { kind: "put", key: "b", value: bytes("2") },
      { kind: "put", key: "a", value: bytes("1") },
    ] as const;
    expect(digest({ kind: "txn", compare: [], then: both })).toBe(
      digest({ kind: "txn", compare: [], then: [both[1], both[0]] }),
    );
    const digests = [digest(), digest(a), digest(a, a), digest(...both), digest(both[1], { kind: "delete", key: "a" })];
    expect(new Set(digests).size).toBe(digests.length - 1); // an emptied machine is like a new one
  });
});
