/**
 * What a host hands over from its disk, damaged in every way: logs for `restoreEntries`, and bytes that may be a
 * configuration. Whether a configuration is taken is compared with a second reading of the rules in docs/abi.md.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Configuration, ConfigurationFlag, Entry, Member, MemberRole, Role, StatusCode } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { Disk } from "./disk.js";
import { configurationEntry, entry, type Field, fieldsOf, noop, writeField } from "./messages.js";
import { PLAN, TestNode } from "./node-kit.js";

const SEED = 20261125;
const LOGS = 20_000;
const CONFIGURATIONS = 20_000;
/** In ms: a bound on hanging. */
const TIMEOUT = 240_000;

const { BAD_CONFIGURATION, BAD_LOG, OK } = StatusCode;
const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
const { JOINT, AUTO_LEAVE } = ConfigurationFlag;

/** A node that waits to be restored, in term 7; `reset` makes it one again. */
const test = new TestNode({ started: false, members: [{ id: 1 }] });
const { node } = test;
const { instance } = node;
node.restoreHardState(7, 0);
const fresh = node.arena;

function reset(): void {
  instance.bytes.set(fresh, node.handle);
  test.effects.reset(new Disk(), 0);
}

/** Room for what is handed over: beside the arena, as logs may be longer than the inbox. */
const place = instance.allocate(1 << 16);

function hand(bytes: Uint8Array): number {
  instance.bytes.set(bytes, place);
  return place;
}

/** Damage: where, as any number, and what is written there. */
interface Damage {
  readonly what: "field" | "bit" | "cut" | "append" | "none";
  readonly at: number;
  readonly value: number;
}

const damageArbitrary: fc.Arbitrary<Damage> = fc.record({
  what: fc.constantFrom(
    "field" as const,
    "field" as const,
    "bit" as const,
    "cut" as const,
    "append" as const,
    "none" as const,
  ),
  at: fc.nat(0xffff),
  value: fc.constantFrom(0, 1, 2, 3, 4, 7, 8, 16, 24, 100, 255, 0xfff8, 0x7fffffff, 0xfffffff9, 0xffffffff, 2 ** 53),
});

function damaged(bytes: Uint8Array, fields: readonly Field[], { what, at, value }: Damage): Uint8Array {
  const field = fields[at % Math.max(fields.length, 1)];
  const copy = new Uint8Array(bytes);
  if (what === "field" && field !== undefined) writeField(copy, field, BigInt(value));
  if (what === "bit") copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << (value % 8));
  if (what === "cut") return copy.slice(0, at % (copy.length + 1));
  if (what === "append") return Buffer.concat([copy, new Uint8Array((at % 4) * 8 + 4).fill(value)]);
  return copy;
}

const memberArbitrary = fc.record({
  id: fc.integer({ min: 1, max: 6 }),
  roles: fc.constantFrom(
    VOTER,
    VOTER,
    VOTER | OUTGOING,
    OUTGOING,
    LEARNER,
    OUTGOING | LEARNER,
    VOTER | WITNESS,
    LEARNER | WITNESS,
    LEARNER | PROMOTE,
    VOTER | PROMOTE,
  ),
  address: fc.nat(PLAN.addressBytes).map((length) => "n".repeat(length)),
});
const configurationArbitrary = fc
  .record({
    members: fc.array(memberArbitrary, { minLength: 1, maxLength: PLAN.nodes + 1 }),
    flags: fc.constantFrom(JOINT, JOINT, JOINT | AUTO_LEAVE, 0),
    distinct: fc.nat(7).map((draw) => draw !== 0),
  })
  .map(({ members, flags, distinct }) => {
    const unique = [...new Map(members.map((member) => [member.id, member])).values()];
    return encodeConfiguration(distinct ? unique : members, flags);
  });

function memberPlaces(bytes: Uint8Array): number[] {
  const places: number[] = [];
  for (let at: number = Configuration.size; at + Member.size <= bytes.length; ) {
    places.push(at);
    at += Member.size + Math.ceil((bytes[at + Member.addressLength] ?? 0) / 8) * 8;
  }
  return places;
}

/** Whether the rules allow one member. */
function memberIsSound(member: DataView, flags: number, lastId: number): boolean {
  const bits = member.getUint8(Member.roles);
  const length = member.getUint8(Member.addressLength);
  const padded = Math.ceil(length / 8) * 8;
  if (member.getUint32(Member.id, true) <= lastId || member.getUint8(Member.reserved) !== 0) return false;
  if (bits === 0 || bits > 31 || ((bits & OUTGOING) !== 0 && (flags & JOINT) === 0)) return false;
  if ((bits & WITNESS) !== 0 && (bits & (VOTER | OUTGOING | LEARNER)) === 0) return false;
  if ((bits & PROMOTE) !== 0 && (bits & LEARNER) === 0) return false;
  if ((bits & LEARNER) !== 0 && (bits & VOTER) !== 0) return false;
  if (length > PLAN.addressBytes || Member.size + padded > member.byteLength) return false;
  for (let i = length; i < padded; i++) if (member.getUint8(Member.size + i) !== 0) return false;
  return true;
}

/** The second reading of what assembly/wire/configuration.ts decides. */
function isSound(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < Configuration.size) return false;
  const flags = view.getUint32(Configuration.flags, true);
  const count = view.getUint32(Configuration.count, true);
  const places = memberPlaces(bytes);
  if (flags > 3 || flags === AUTO_LEAVE || count === 0 || count > PLAN.nodes || places.length !== count) return false;
  let seen = 0;
  let lastId = 0;
  let end: number = Configuration.size;
  for (const at of places) {
    const member = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    if (!memberIsSound(member, flags, lastId)) return false;
    lastId = member.getUint32(Member.id, true);
    seen |= member.getUint8(Member.roles);
    end = at + Member.size + Math.ceil(member.getUint8(Member.addressLength) / 8) * 8;
  }
  return end === bytes.length && (seen & VOTER) !== 0 && ((flags & JOINT) === 0 || (seen & OUTGOING) !== 0);
}

describe("a configuration", () => {
  it(
    "is taken if and only if the rules allow it",
    () => {
      let sound = 0;
      fc.assert(
        fc.property(configurationArbitrary, damageArbitrary, (bytes, damage) => {
          const fields = [...fieldsOf(Configuration), ...memberPlaces(bytes).flatMap((at) => fieldsOf(Member, at))];
          const given = damaged(bytes, fields, damage);
          // No bytes at all stand for no configuration.
          const expected = given.length === 0 || isSound(given);
          if (expected) sound++;
          reset();
          const status = instance.exports.restoreSnapshot(node.handle, 3, 0, 2, 0, 3, 0, hand(given), given.length);
          expect(status).toBe(expected ? OK : BAD_CONFIGURATION);
          expect(node.brokenInvariant()).toBe(0);
        }),
        { seed: SEED, numRuns: CONFIGURATIONS },
      );
      expect(sound).toBeGreaterThan(CONFIGURATIONS / 20);
      expect(sound).toBeLessThan(CONFIGURATIONS);
    },
    TIMEOUT,
  );
});

const logArbitrary = fc.array(
  fc.record({
    rise: fc.constantFrom(0, 0, 0, 1),
    kind: fc.nat(5),
    length: fc.oneof(fc.nat(40), fc.nat(1296)),
    configuration: fc.nat(0xffff),
  }),
  { minLength: 1, maxLength: 40 },
);

const CONFIGURATION_POOL = fc.sample(configurationArbitrary, { seed: SEED, numRuns: 200 }).filter(isSound);

/** The entries of a log whose terms rise from 1, though not above 7. */
function logOf(rows: readonly { rise: number; kind: number; length: number; configuration: number }[]): Uint8Array[] {
  let term = 1;
  return rows.map((row) => {
    term = Math.min(term + row.rise, 7);
    if (row.kind === 0) return noop(term);
    const configuration = CONFIGURATION_POOL[row.configuration % CONFIGURATION_POOL.length];
    if (row.kind === 1 && configuration !== undefined) return configurationEntry(term, configuration);
    return entry(term, new Uint8Array(row.length).fill(row.kind));
  });
}

describe("a log", () => {
  it(
    "is refused as a whole, or restored to a node that works",
    () => {
      let taken = 0;
      fc.assert(
        fc.property(logArbitrary, damageArbitrary, (rows, damage) => {
          const entries = logOf(rows);
          const whole = Buffer.concat(entries);
          let at = 0;
          const fields = entries.flatMap((bytes) => {
            at += bytes.length;
            return fieldsOf(Entry, at - bytes.length);
          });
          const given = damaged(whole, fields, damage);
          reset();
          const address = hand(given);
          const status = instance.exports.restoreEntries(node.handle, address, given.length);
          expect(node.brokenInvariant()).toBe(0);
          if (status !== OK) {
            expect(status).toBe(BAD_LOG);
            expect(Buffer.compare(fresh, node.arena)).toBe(0);
            return;
          }
          taken++;
          node.start(0);
          expect(node.brokenInvariant()).toBe(0);
          expect(node.timer(5000, 0)).toBe(OK);
          expect(node.brokenInvariant()).toBe(0);
          expect([Role.FOLLOWER, Role.PRE_CANDIDATE, Role.LEADER]).toContain(node.role);
        }),
        { seed: SEED, numRuns: LOGS },
      );
      expect(taken).toBeGreaterThan(LOGS / 10);
      expect(taken).toBeLessThan(LOGS);
    },
    TIMEOUT,
  );
});
