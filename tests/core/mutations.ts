/**
 * Structural mutations of messages: each is data, so that a failing case can be shrunk and printed. Places are given as
 * any natural number and taken modulo what the message at hand has.
 */

import fc from "fast-check";
import { Append, Header, MessageFormat, MessageKind } from "../../host/core/abi.js";
import {
  type Addressee,
  entryPlaces,
  type Field,
  fieldsOf,
  fieldsOfMessage,
  kindOf,
  readField,
  setFields,
  writeField,
} from "./messages.js";

/** Values at which something changes its meaning: powers of two, limits of the plan and of numbers, and neighbours. */
const BOUNDARIES: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  4n,
  7n,
  8n,
  15n,
  16n,
  40n,
  48n,
  56n,
  80n,
  88n,
  248n,
  255n,
  256n,
  1399n,
  1400n,
  65535n,
  65536n,
  0x7fffffffn,
  0x80000000n,
  0xfffffff8n,
  0xffffffffn,
  0x100000000n,
  2n ** 53n - 2n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 8n,
  2n ** 64n - 1n,
];

export type Mutation =
  | { readonly kind: "boundary"; readonly field: number; readonly value: number }
  | { readonly kind: "nudge"; readonly field: number; readonly by: number }
  /** Sets a field to a number that the receiver has in its state, or one near it. */
  | { readonly kind: "mirror"; readonly field: number; readonly number: number; readonly by: number }
  /** Takes a field's value from another message. */
  | { readonly kind: "swap"; readonly field: number; readonly other: number }
  | { readonly kind: "cut"; readonly bytes: number }
  | { readonly kind: "extend"; readonly bytes: number; readonly fill: number }
  | { readonly kind: "flip"; readonly bit: number }
  | { readonly kind: "dropEntry"; readonly entry: number }
  | { readonly kind: "repeatEntry"; readonly entry: number }
  /** Puts the entries of another message behind, or in place of, this one's. */
  | { readonly kind: "splice"; readonly other: number; readonly replace: boolean };

const place = fc.nat(0xffff);

export const mutationArbitrary: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("boundary" as const), field: place, value: place }),
  fc.record({ kind: fc.constant("nudge" as const), field: place, by: fc.constantFrom(-8, -1, 1, 8) }),
  fc.record({ kind: fc.constant("mirror" as const), field: place, number: place, by: fc.constantFrom(-1, 0, 0, 1) }),
  fc.record({ kind: fc.constant("swap" as const), field: place, other: place }),
  fc.record({ kind: fc.constant("cut" as const), bytes: place }),
  fc.record({ kind: fc.constant("extend" as const), bytes: fc.integer({ min: 1, max: 64 }), fill: fc.nat(255) }),
  fc.record({ kind: fc.constant("flip" as const), bit: place }),
  fc.record({ kind: fc.constant("dropEntry" as const), entry: place }),
  fc.record({ kind: fc.constant("repeatEntry" as const), entry: place }),
  fc.record({ kind: fc.constant("splice" as const), other: place, replace: fc.boolean() }),
);

/** What a mutation may draw on. */
export interface Material {
  /** Messages of correct nodes. */
  readonly messages: readonly Uint8Array[];
  /** Numbers in the receiver's state. */
  readonly numbers: readonly number[];
}

function at<Item>(items: readonly Item[], i: number): Item | undefined {
  return items[i % items.length];
}

function withoutEntry(message: Uint8Array, starts: readonly number[], i: number): Uint8Array {
  const from = starts[i] ?? message.length;
  const end = Math.min(starts[i + 1] ?? message.length, message.length);
  return Buffer.concat([message.subarray(0, from), message.subarray(end)]);
}

function withEntryTwice(message: Uint8Array, starts: readonly number[], i: number): Uint8Array {
  const from = starts[i] ?? message.length;
  const end = Math.min(starts[i + 1] ?? message.length, message.length);
  return Buffer.concat([message.subarray(0, end), message.subarray(from)]);
}

/** The bytes behind the fixed part of an Append. */
function entriesOf(message: Uint8Array | undefined): Uint8Array {
  if (message === undefined || kindOf(message) !== MessageKind.APPEND) return new Uint8Array(0);
  return message.subarray(MessageFormat.APPEND);
}

function setField(message: Uint8Array, field: Field | undefined, value: bigint | undefined): Uint8Array {
  const changed = new Uint8Array(message);
  if (field !== undefined && value !== undefined) writeField(changed, field, value);
  return changed;
}

function flipped(message: Uint8Array, bit: number): Uint8Array {
  const changed = new Uint8Array(message);
  const byte = Math.floor(bit / 8) % message.length;
  changed[byte] = (changed[byte] ?? 0) ^ (1 << (bit % 8));
  return changed;
}

/** The message with one mutation. The message given is left alone. */
export function mutate(message: Uint8Array, mutation: Mutation, material: Material): Uint8Array {
  const starts = entryPlaces(message);
  const fields = fieldsOfMessage(message);
  switch (mutation.kind) {
    case "boundary":
      return setField(message, at(fields, mutation.field), at(BOUNDARIES, mutation.value));
    case "nudge": {
      const field = at(fields, mutation.field);
      return setField(message, field, field && readField(message, field) + BigInt(mutation.by));
    }
    case "mirror":
      return setField(
        message,
        at(fields, mutation.field),
        BigInt((at(material.numbers, mutation.number) ?? 0) + mutation.by),
      );
    case "swap": {
      const field = at(fields, mutation.field);
      const other = at(material.messages, mutation.other);
      const fits = field !== undefined && other !== undefined && field.offset + field.bytes <= other.length;
      return setField(message, field, fits ? readField(other, field) : undefined);
    }
    case "cut":
      return message.slice(0, message.length - (mutation.bytes % (message.length + 1)));
    case "extend":
      return Buffer.concat([message, new Uint8Array(mutation.bytes).fill(mutation.fill)]);
    case "flip":
      return message.length === 0 ? message : flipped(message, mutation.bit);
    case "dropEntry":
      return withoutEntry(message, starts, mutation.entry % Math.max(starts.length, 1));
    case "repeatEntry":
      return withEntryTwice(message, starts, mutation.entry % Math.max(starts.length, 1));
    case "splice": {
      const kept = mutation.replace ? message.subarray(0, MessageFormat.APPEND) : message;
      return Buffer.concat([kept, entriesOf(at(material.messages, mutation.other))]);
    }
  }
}

/** What is put right again after the mutations, so that more of the message is looked at than its first wrong field. */
export interface Repair {
  readonly address: boolean;
  readonly length: boolean;
  readonly count: boolean;
}

export const repairArbitrary: fc.Arbitrary<Repair> = fc.record({
  address: fc.nat(15).map((draw) => draw !== 15),
  length: fc.nat(7).map((draw) => draw !== 7),
  count: fc.nat(3).map((draw) => draw !== 3),
});

/** Sets what the repair names to what a correct sender of these bytes would have written. */
export function repaired(message: Uint8Array, repair: Repair, to: Addressee): Uint8Array {
  const changed = new Uint8Array(message);
  if (changed.length < MessageFormat.HEADER) return changed;
  const { MAGIC: magic, VERSION: version } = MessageFormat;
  if (repair.address) {
    setFields(changed, Header, 0, { magic, version, to: to.id, group: to.group, cluster: to.cluster });
    const from = fieldsOf(Header).find(({ name }) => name === "from");
    if (from !== undefined && readField(changed, from) === BigInt(to.id)) writeField(changed, from, BigInt(to.id + 1));
  }
  if (repair.length) setFields(changed, Header, 0, { length: changed.length });
  if (repair.count && kindOf(changed) === MessageKind.APPEND && changed.length >= MessageFormat.APPEND) {
    setFields(changed, Append, MessageFormat.HEADER, { count: entryPlaces(changed).length });
  }
  return changed;
}
