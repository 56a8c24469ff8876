/**
 * The hello: the first frame either side of a connection sends. It keeps nodes of different clusters, and nodes that
 * do not speak the same protocol, from ever exchanging a message. It authenticates nobody: the cluster's id is no secret.
 *
 *   offset 0   u32  protocol version; at this offset in every version, what follows may change with it
 *          4   u32  id of the sender
 *          8   u64  id of the cluster
 *         16   u64  incarnation: a number that the sender drew when it started
 *         24   u64  number of this hello among all that this incarnation has sent, from 1 on
 *
 * The last two put the connections between two nodes in order (survivor.ts).
 */

import type { NodeId } from "./transport.js";

/** The version of all that follows the hello: frame kinds and the order in which they come. */
export const PROTOCOL_VERSION = 3;
/** The longest hello payload read, with room for those of later versions: enough to say which version they are. */
export const MAX_HELLO_BYTES = 64;

const HELLO_BYTES = 32;

/** What a node says of itself in every hello. */
export interface Identity {
  readonly version: number;
  readonly sender: NodeId;
  /** An unsigned 64-bit number. */
  readonly cluster: bigint;
  /** An unsigned 64-bit number. */
  readonly incarnation: bigint;
}

export interface Hello extends Identity {
  /** An unsigned 64-bit number. */
  readonly number: bigint;
}

export function encodeHello(hello: Hello): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, hello.version, true);
  view.setUint32(4, hello.sender, true);
  view.setBigUint64(8, hello.cluster, true);
  view.setBigUint64(16, hello.incarnation, true);
  view.setBigUint64(24, hello.number, true);
  return bytes;
}

/** Reads a hello and holds it against one's own. @returns the hello, or why nothing may be exchanged with its sender. */
export function checkHello(own: Identity, payload: Uint8Array): Hello | string {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (payload.length < 4) return `sent a hello of ${payload.length} bytes`;
  const version = view.getUint32(0, true);
  if (version !== own.version) {
    return `speaks protocol version ${version}, this node version ${own.version}: run the same release on both`;
  }
  if (payload.length !== HELLO_BYTES) return `sent a hello of ${payload.length} bytes instead of ${HELLO_BYTES}`;
  const sender = view.getUint32(4, true);
  const cluster = view.getBigUint64(8, true);
  if (cluster !== own.cluster) {
    return `belongs to cluster ${cluster}, this node to cluster ${own.cluster}: check the addresses of the peers`;
  }
  if (sender === 0) return "says it is node 0; ids begin at 1";
  if (sender === own.sender) return `says it is node ${sender}, as this node does: an id belongs to one node only`;
  return { version, sender, cluster, incarnation: view.getBigUint64(16, true), number: view.getBigUint64(24, true) };
}
