/**
 * Datagrams of the UDP transport: one core message each, the same as the firmware's (firmware/frame/frame.h).
 * Little-endian.
 *
 *   offset 0   u32  magic, the bytes "MRU" and 0x01
 *          4   u16  version of the format, 1
 *          6   u16  bytes of the message
 *          8   u32  CRC32C of the bytes 4 to 7 and of the message
 *         12        the message
 *
 * A datagram is taken whole or dropped: nothing in it can lead to another one being lost.
 */

import { crc32c } from "@node-rs/crc32";

export const UDP_FRAME_HEADER_BYTES = 12;
/** Longest message: what a datagram over IPv4 can carry, 65507 bytes, without the header. */
export const MAX_UDP_MESSAGE_BYTES = 65507 - UDP_FRAME_HEADER_BYTES;

const MAGIC = 0x0155524d;
const VERSION = 1;
const VERSION_OFFSET = 4;
const LENGTH_OFFSET = 6;
const CRC_OFFSET = 8;

/** The datagram of a message of at most MAX_UDP_MESSAGE_BYTES, in bytes of its own. */
export function encodeDatagram(message: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(UDP_FRAME_HEADER_BYTES + message.length);
  const view = new DataView(datagram.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(VERSION_OFFSET, VERSION, true);
  view.setUint16(LENGTH_OFFSET, message.length, true);
  datagram.set(message, UDP_FRAME_HEADER_BYTES);
  view.setUint32(CRC_OFFSET, checksum(datagram), true);
  return datagram;
}

/** The message in a datagram, in place and never as a Buffer, whose `slice` would not copy; or what is wrong with it. */
export function decodeDatagram(datagram: Uint8Array, maxMessageBytes: number): Uint8Array | string {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  if (datagram.length < UDP_FRAME_HEADER_BYTES) return `${datagram.length} bytes are no frame`;
  if (view.getUint32(0, true) !== MAGIC) return "it does not begin as a frame does: it is not from a node";
  const version = view.getUint16(VERSION_OFFSET, true);
  if (version !== VERSION) return `its frame has version ${version}, this node reads ${VERSION}: run the same release`;
  const length = view.getUint16(LENGTH_OFFSET, true);
  const held = datagram.length - UDP_FRAME_HEADER_BYTES;
  if (length !== held) return `it announces ${length} message bytes and has ${held}: it was cut on its way`;
  if (length > maxMessageBytes) {
    return `its message has ${length} bytes; at most ${maxMessageBytes} are taken: plan the same maxMessage on all members`;
  }
  if (view.getUint32(CRC_OFFSET, true) !== checksum(datagram)) return "its checksum is wrong: damaged on its way";
  return new Uint8Array(datagram.buffer, datagram.byteOffset + UDP_FRAME_HEADER_BYTES, length);
}

function checksum(datagram: Uint8Array): number {
  const head = crc32c(datagram.subarray(VERSION_OFFSET, CRC_OFFSET));
  return crc32c(datagram.subarray(UDP_FRAME_HEADER_BYTES), head);
}
