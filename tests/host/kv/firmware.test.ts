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
import { encodeCommand, encodeLimited, type KvCommand, type KvOperation } from "../../../host/kv/command.js";
import { KvMachine } from "../../../host/kv/machine.js";
import { type Envelope, encodeEnvelope } from "../../../host/session/envelope.js";
import { NO_SESSIONS } from "../../../host/session/limits.js";

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
/** A limit that a few commands reach. */
const limited = fc.tuple(command, fc.nat(120)).map(([asked, limit]) => encodeLimited(asked, limit));
const wellFormed = fc.oneof(
  command.map((asked) => encodeCommand(asked)),
  limited,
);
const damaged = fc.tuple(wellFormed, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
  const copy = bytes.slice();
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ flip;
  return copy;
});
/** MR_KV_REJECTED and MR_KV_UNKEPT of firmware/kv/kv.h. */
const REJECTED = 1;
const UNKEPT = 5;

const session = fc.nat(9);
const time = fc.nat(1000);
/** What clients ask to be kept; sequences below the lowest, and from 0, are none. */
const kept = fc
  .oneof(
    fc.record({ kind: fc.constant("register" as const), time }),
    fc.record({
      kind: fc.constant("command" as const),
      time,
      session,
      sequence: fc.integer({ min: 4, max: 9 }),
      lowest: fc.integer({ min: 1, max: 4 }),
      command: wellFormed,
    }),
    fc.record({ kind: fc.constant("keepAlive" as const), time, session, lowest: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant("close" as const), time, session }),
    fc.record({
      kind: fc.constant("keyed" as const),
      time,
      key: fc.constantFrom("a", "~".repeat(255)),
      command: wellFormed,
    }),
  )
  .map(encodeEnvelope);
const damagedKept = fc.tuple(kept, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
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
  { weight: 2, arbitrary: kept },
  { weight: 2, arbitrary: damagedKept },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
);

it("comes to the same state, command by command", () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 40 }), (commands) => {
      const machine = new KvMachine(NO_SESSIONS);
      for (const [number, found] of replay(commands).entries()) {
        const bytes = commands[number] ?? new Uint8Array(0);
        // It cannot follow from here: more than it has room for.
        if (found.answer < 0) return;
        const result = machine.apply(bytes, { index: number + 1, term: 1 });
        expect(found.digest).toBe(digestOf(machine));
        if (result.kind === "session") {
          const isMalformed = result.answer.kind === "refused" && result.answer.refusal === "malformed";
          expect(found.answer).toBe(isMalformed ? REJECTED : UNKEPT);
          continue;
        }
        expect(found.answer === 1).toBe(result.kind === "rejected");
        expect(found.answer === 3).toBe(result.kind === "full");
      }
    }),
    { numRuns: 150, seed: 11 },
  );
});

it("refuses alike what would go over a command's limit", () => {
  const put = (key: string, length: number) => ({ kind: "put", key, value: new Uint8Array(length) }) as const;
  const txn = (...then: KvOperation[]) => ({ kind: "txn", compare: [], then }) as const;
  const asked: [KvCommand, number][] = [
    [put("a", 26), 40],
    [put("a", 25), 40],
    [put("b", 0), 55],
    [put("b", 0), 54],
    [put("b", 1), 55],
    [{ kind: "delete", key: "b" }, 0],
    [put("b", 9), 1000],
    // What is deleted on the way makes no room, what is put twice counts twice.
    [txn({ kind: "delete", key: "a" }, put("c", 10)), 60],
    [txn(put("a", 26), put("a", 26)), 65],
    [txn(put("a", 26), put("a", 26)), 66],
  ];
  const commands = asked.map(([command, limit]) => encodeLimited(command, limit));
  const machine = new KvMachine();
  const kinds = commands.map((bytes, at) => machine.apply(bytes, { index: at + 1, term: 1 }).kind);
  expect(kinds).toEqual(["full", "put", "put", "put", "full", "delete", "put", "full", "full", "txn"]);
  expect(replay(commands).map(({ answer }) => answer)).toEqual([3, 0, 0, 0, 3, 0, 0, 3, 3, 0]);
});

it("refuses what clients ask to be kept, as members do that keep nothing", () => {
  const command = encodeCommand({ kind: "put", key: "a", value: new Uint8Array(1) });
  const envelopes: Envelope[] = [
    { kind: "register", time: 5 },
    { kind: "command", time: 6, session: 1, sequence: 1, lowest: 1, command },
    { kind: "keepAlive", time: 7, session: 1, lowest: 1 },
    { kind: "close", time: 4, session: 1 },
    { kind: "keyed", time: 9, key: "once", command },
    { kind: "keyed", time: 9, key: "once", command },
    { kind: "plain", time: 9, command },
  ];
  const commands = envelopes.map(encodeEnvelope);
  const machine = new KvMachine(NO_SESSIONS);
  const results = commands.map((bytes, at) => {
    const result = machine.apply(bytes, { index: at + 1, term: 1 });
    return [result.kind === "session" ? result.answer.kind : result.kind, digestOf(machine)];
  });
  expect(results.map(([kind]) => kind)).toEqual([...Array(6).fill("refused"), "put"]);
  const found = replay(commands);
  expect(found.map(({ answer }) => answer)).toEqual([...Array(6).fill(UNKEPT), 0]);
  expect(found.map(({ digest }) => digest)).toEqual(results.map(([, digest]) => digest));
});
