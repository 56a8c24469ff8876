/** Configurations in wire form (assembly/abi/configuration.ts): who the members are. */

import { Configuration, Member, MemberRole } from "./abi.js";

/** One member of a configuration. */
export interface MemberInfo {
  readonly id: number;
  /** Bits of MemberRole; a voter unless stated. */
  readonly roles?: number;
  /** Where the transport finds it; opaque to the core. */
  readonly address?: string;
}

function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Encodes a configuration. Members may come in any order. */
export function encodeConfiguration(members: readonly MemberInfo[], flags = 0): Uint8Array {
  const encoder = new TextEncoder();
  const rows = [...members]
    .sort((a, b) => a.id - b.id)
    .map((member) => ({ ...member, bytes: encoder.encode(member.address ?? "") }));
  const size = rows.reduce<number>((sum, row) => sum + Member.size + align8(row.bytes.length), Configuration.size);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(Configuration.count, rows.length, true);
  view.setUint32(Configuration.flags, flags, true);
  let offset: number = Configuration.size;
  for (const row of rows) {
    view.setUint32(offset + Member.id, row.id, true);
    view.setUint8(offset + Member.roles, row.roles ?? MemberRole.VOTER);
    view.setUint8(offset + Member.addressLength, row.bytes.length);
    bytes.set(row.bytes, offset + Member.size);
    offset += Member.size + align8(row.bytes.length);
  }
  return bytes;
}

/** Length in bytes of the configuration that begins at `offset`: it says itself how many members it has. */
export function configurationLength(view: DataView, offset: number): number {
  let end = offset + Configuration.size;
  for (let left = view.getUint32(offset + Configuration.count, true); left > 0; left--) {
    end += Member.size + align8(view.getUint8(end + Member.addressLength));
  }
  return end - offset;
}
