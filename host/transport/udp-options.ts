/** What the UDP transport is told, with its limits and their defaults, and what it counts. */

import { Header } from "../core/abi.js";
import type { Notice } from "./notice.js";
import { type NodeId, TransportError } from "./transport.js";
import { MAX_UDP_MESSAGE_BYTES } from "./udp-frame.js";

export interface UdpTransportOptions {
  /** This node's id, 1 to 4294967295. */
  readonly id: NodeId;
  /** The cluster's id, an unsigned 64-bit number; messages of another cluster are dropped. */
  readonly cluster: bigint;
  /** Name or address of the interface to listen on, an IPv6 address without brackets. "0.0.0.0" or "::" for all. */
  readonly host: string;
  /** Port to listen on, 0 to 65535; at 0 the system chooses one, see {@link UdpTransport.address}. */
  readonly port: number;
  /** The longest message sent or taken, in bytes. Set it to the core's message size. Default: what a datagram holds. */
  readonly maxMessageBytes?: number;
  /** Bytes that may wait for the network: more says only what the peers no longer want to know. Default 1 MiB. */
  readonly maxQueueBytes?: number;
  /** ms between two notices of one kind about one peer, so that a flood does not become one of the log. 0 for all. */
  readonly noticeIntervalMs?: number;
  /** ms before a name that could not be found is looked up again. Default 2000. */
  readonly lookupIntervalMs?: number;
  /** Hears what an operator should know. May be called from inside `send` and must not throw. */
  readonly onNotice?: (notice: Notice) => void;
}

/** Counts since the transport was made. They only rise. */
export interface UdpStats {
  /** Messages handed to the node. */
  messagesIn: number;
  /** Messages handed to the socket. */
  messagesOut: number;
  /** Bytes of datagrams received, those dropped included. */
  bytesIn: number;
  /** Bytes of datagrams handed to the socket. */
  bytesOut: number;
  /** Messages not sent: peer's name not found, too long, too many waiting, refused by the system. */
  dropped: number;
  /** Datagrams dropped because they are no frame, damaged, or too long. */
  badFrames: number;
  /** Messages dropped because they are of another cluster or for another node. */
  refused: number;
}

export function emptyUdpStats(): UdpStats {
  return { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, dropped: 0, badFrames: 0, refused: 0 };
}

/** The options with their defaults. */
export type UdpLimits = Required<Omit<UdpTransportOptions, "onNotice">>;

const MAX_NODE_ID = 0xffffffff;
const MAX_CLUSTER_ID = 0xffffffffffffffffn;
const MAX_PORT = 65535;
const DEFAULTS = {
  maxMessageBytes: MAX_UDP_MESSAGE_BYTES,
  maxQueueBytes: 1 << 20,
  noticeIntervalMs: 10_000,
  lookupIntervalMs: 2000,
};

/** The options asked for, and the defaults of the others. @throws TransportError that names an option out of its range. */
export function resolveUdpOptions({ onNotice: _, ...asked }: UdpTransportOptions): UdpLimits {
  const options = { ...DEFAULTS, ...asked };
  const { cluster, host } = options;
  const ranges = [
    ["id", 1, MAX_NODE_ID],
    ["port", 0, MAX_PORT],
    ["maxMessageBytes", Header.size, MAX_UDP_MESSAGE_BYTES],
    ["maxQueueBytes", 1, 0x7fffffff],
    ["noticeIntervalMs", 0, 0x7fffffff],
    ["lookupIntervalMs", 1, 0x7fffffff],
  ] as const;
  for (const [name, least, most] of ranges) {
    const value = options[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new TransportError(`${name} is ${value}: give a whole number from ${least} to ${most}`);
    }
  }
  if (cluster < 0n || cluster > MAX_CLUSTER_ID) {
    throw new TransportError(`cluster id ${cluster}: give a whole number from 0 to ${MAX_CLUSTER_ID}`);
  }
  if (host === "") throw new TransportError("the host to listen on is empty: give 0.0.0.0 or :: for all interfaces");
  return options;
}
