/** The node that messages are tried on, tables of what is tried, and ways to spoil a message. */

import { MessageKind } from "../../host/core/abi.js";
import { Disk } from "./disk.js";
import { entry, noop, type Values } from "./messages.js";
import { TestNode } from "./node-kit.js";

const LOG = [noop(1), entry(1, "one"), noop(2), entry(2, "two"), entry(2, "three")];
/** Where the log ends, for an Append that continues it. */
export const END = { prevIndex: 5, prevTerm: 2 };

/** Node 1 in term 3 with the log above, committed up to 2, that has heard of no leader. */
export function follower(): TestNode {
  const node = new TestNode({ disk: new Disk(2, 0, [...LOG]) });
  node.append({ term: 2 }, { ...END, commit: 2 });
  node.flush();
  node.receive(node.message(MessageKind.APPEND_REPLY, { term: 3 }));
  node.flush();
  return node;
}

/** As above, in another role and the term that goes with it. */
export function inRole(role: number): TestNode {
  return follower().become(role);
}

/** What a message is refused for or taken with, and the fields and entries that make it so. */
type Case = readonly [what: string, header: Values, body: Values, entries: readonly Uint8Array[]];

/** Fills in the fields and entries that are not stated. */
export function cases(
  rows: readonly (readonly [what: string, header?: Values, body?: Values, entries?: readonly Uint8Array[]])[],
): Case[] {
  return rows.map(([what, header = {}, body = {}, entries = []]) => [what, header, body, entries]);
}

/** Bytes behind the message's own, counted in its length. */
export function padded(bytes: Uint8Array, by: number): Uint8Array {
  const longer = Buffer.concat([bytes, new Uint8Array(by)]);
  longer.writeUInt32LE(longer.length, 8);
  return longer;
}

/** Without the message's last bytes, and a length to match. */
export function cut(bytes: Uint8Array, by: number): Uint8Array {
  const shorter = Buffer.from(bytes.subarray(0, bytes.length - by));
  if (shorter.length >= 12) shorter.writeUInt32LE(shorter.length, 8);
  return shorter;
}

/** All flags but those. */
export function otherFlags(...known: readonly number[]): number[] {
  const all = Array.from({ length: 32 }, (_, bit) => 2 ** bit);
  return all.filter((flag) => !known.includes(flag));
}
