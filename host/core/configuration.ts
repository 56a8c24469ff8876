/** Configurations in wire form (assembly/abi/configuration.ts): who the members are. */

import { Configuration, ConfigurationFlag, Member, MemberRole, PlanLimit } from "./abi.js";

/** One member of a configuration. */
export interface MemberInfo {
  readonly id: number;
  /** Bits of MemberRole; a voter unless stated. */
  readonly roles?: number;
  /** Where the transport finds it; opaque to the core. */
  readonly address?: string;
  /** Election priority, 0 to 255; 0 unless stated. Members below the highest one wait longer before they campaign. */
  readonly priority?: number;
}

/** A configuration: its members, in ascending order of their ids. */
export interface ConfigurationInfo {
  readonly members: readonly Required<MemberInfo>[];
  /** Two majorities are needed, of the voters and of the outgoing ones. */
  readonly joint: boolean;
  /** The leader leaves the joint configuration by itself. */
  readonly autoLeave: boolean;
}

/** Most of a member's priority: it is one byte. */
export const MAX_PRIORITY = 255;

function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Encodes a configuration. Members may come in any order.
 * @throws {RangeError} if a member's fields cannot be encoded; whether the whole makes sense is for the core to say */
export function encodeConfiguration(members: readonly MemberInfo[], flags = 0): Uint8Array {
  const encoder = new TextEncoder();
  const rows = [...members]
    .sort((a, b) => a.id - b.id)
    .map((member) => ({ ...member, bytes: encoder.encode(member.address ?? "") }));
  for (const { bytes, id, priority } of rows) checkMember(id, bytes.length, priority ?? 0);
  const size = rows.reduce<number>((sum, row) => sum + Member.size + align8(row.bytes.length), Configuration.size);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(Configuration.count, rows.length, true);
  view.setUint32(Configuration.flags, flags, true);
  let offset: number = Configuration.size;
  for (const row of rows) {
    view.setUint32(offset + Member.id, row.id, true);
    view.setUint8(offset + Member.roles, row.roles ?? MemberRole.VOTER);
    view.setUint8(offset + Member.priority, row.priority ?? 0);
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

/** Reads a configuration that begins at the bytes' start; what lies behind it is left alone.
 * @throws {RangeError} if it is not whole */
export function decodeConfiguration(bytes: Uint8Array): ConfigurationInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const flags = view.getUint32(Configuration.flags, true);
  const members: Required<MemberInfo>[] = [];
  let offset: number = Configuration.size;
  for (let left = view.getUint32(Configuration.count, true); left > 0; left--) {
    const length = view.getUint8(offset + Member.addressLength);
    const address = offset + Member.size;
    members.push({
      id: view.getUint32(offset + Member.id, true),
      roles: view.getUint8(offset + Member.roles),
      priority: view.getUint8(offset + Member.priority),
      address: decoder.decode(bytes.subarray(address, address + length)),
    });
    offset = address + align8(length);
  }
  if (offset > bytes.length) throw new RangeError(`a configuration of ${offset} bytes in ${bytes.length}`);
  return {
    members,
    joint: (flags & ConfigurationFlag.JOINT) !== 0,
    autoLeave: (flags & ConfigurationFlag.AUTO_LEAVE) !== 0,
  };
}

function checkMember(id: number, addressBytes: number, priority: number): void {
  if (!(id >= 1 && id === id >>> 0)) throw new RangeError(`member id ${id}: give a whole number from 1 to 4294967295`);
  if (addressBytes > PlanLimit.ADDRESS) {
    throw new RangeError(`the address of member ${id} has ${addressBytes} bytes, more than ${PlanLimit.ADDRESS}`);
  }
  if (!(Number.isInteger(priority) && priority >= 0 && priority <= MAX_PRIORITY)) {
    throw new RangeError(`priority ${priority} of member ${id}: give a whole number from 0 to ${MAX_PRIORITY}`);
  }
}
