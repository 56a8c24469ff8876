/**
 * The firmware's key-value store against the one of this host: the same commands come to the same digest after each, or
 * the firmware says that it cannot follow. Needs a C compiler, as the tests of the firmware do.
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeCommand, type KvCommand } from "../../../host/kv/command.js";
import { KvMachine } from "../../../host/kv/machine.js";
import { encodeEnvelope } from "../../../host/session/envelope.js";

const FIRMWARE = fileURLToPath(new URL("../../../firmware/", import.meta.url));

let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-kv-"));
  program = join(folder, "kv_replay");
  const base = readdirSync(join(FIRMWARE, "base")).filter((name) => name.endsWith(".c") && !name.includes("test"));
  const sources = [
    ...base.map((name) => join(FIRMWARE, "base", name)),
    ...["kv.c", "kv_reader.c", "kv_replay.c"].map((name) => join(FIRMWARE, "kv", name)),
  ];
  const flags = ["-std=c99", "-O1", `-I${join(FIRMWARE, "base")}`, `-I${join(FIRMWARE, "kv")}`];
  execFileSync("cc", [...flags, ...sources, "-o", program]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the firmware answers, and its digest, after each of the commands. */
function replay(commands: readonly Uint8Array[]): { answer: number; digest: string }[] {
  const pieces = commands.flatMap((command) => {
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, command.length, true);
    return [head, command];
  });
  const lines = execFileSync(program, { input: Buffer.concat(pieces), encoding: "utf8" })
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const [answer = "", digest = ""] = line.split(" ");
    return { answer: Number(answer), digest };
  });
}

/** The digest of the machine's snapshot. */
function digestOf(machine: KvMachine): string {
  const hash = createHash("sha256");
  for (const piece of machine.snapshot()) hash.update(piece);
  return hash.digest("hex");
}

const key = fc.oneof(
  fc.constantFrom("a", "b", "ab", "é", "€", "𝄞", "\ufeff", "z".repeat(512)),
  fc.string({ minLength: 1, maxLength: 3, unit: "binary" }),
);
const value = fc.uint8Array({ maxLength: 12 });
const operation = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key, value }),
  fc.record({ kind: fc.constant("delete" as const), key }),
);
const compare = fc.oneof(
  fc.record({ kind: fc.constant("value" as const), key, value }),
  fc.record({ kind: fc.constant("absent" as const), key }),
  fc.record({ kind: fc.constant("modIndex" as const), key, modIndex: fc.nat(30) }),
);
const command: fc.Arbitrary<KvCommand> = fc.oneof(
  { weight: 4, arbitrary: operation },
  fc.record({ kind: fc.constant("get" as const), key }),
  fc.record({
    kind: fc.constant("txn" as const),
    compare: fc.array(compare, { maxLength: 2 }),
    then: fc.array(operation, { maxLength: 3 }),
  }),
);
const wellFormed = command.map(encodeCommand);
const damaged = fc.tuple(wellFormed, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
  const copy = bytes.slice();
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ flip;
  return copy;
});
const enveloped = fc
  .tuple(wellFormed, fc.nat(1000))
  .map(([bytes, time]) => encodeEnvelope({ kind: "plain", time, command: bytes }));
const entry = fc.oneof(
  { weight: 6, arbitrary: wellFormed },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: enveloped },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
);

it("comes to the same state, command by command", () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 40 }), (commands) => {
      const machine = new KvMachine();
      for (const [number, found] of replay(commands).entries()) {
        const bytes = commands[number] ?? new Uint8Array(0);
        // It cannot follow from here: sessions, or more than it has room for.
        if (found.answer < 0) return;
        const result = machine.apply(bytes, { index: number + 1, term: 1 });
        expect(found.digest).toBe(digestOf(machine));
        if (result.kind !== "session") expect(found.answer === 1).toBe(result.kind === "rejected");
      }
    }),
    { numRuns: 150, seed: 11 },
  );
});

it("says that it cannot keep a client's session", () => {
  const register = encodeEnvelope({ kind: "register", time: 1 });
  expect(replay([register]).map(({ answer }) => answer)).toEqual([-2]);
});
