/**
 * The limits of the TCP transport, with their defaults and the reason for each.
 */

import { FRAME_OVERHEAD_BYTES } from "./frame.js";
import { TransportError } from "./transport.js";

export interface TcpLimits {
  /** The longest message, in bytes. A longer one is not sent, and a frame that announces a longer one is not read: a
   * length that comes from outside must not decide how much memory is taken. Set it to the core's message size. */
  readonly maxMessageBytes: number;
  /** Messages waiting for one peer. More than a full in-flight window says only what the peer no longer wants to know. */
  readonly maxQueueMessages: number;
  /** Bytes waiting for one peer, framing included: what a slow peer may cost in memory. One more batch (64 KiB or one
   * long message) may be with the socket. */
  readonly maxQueueBytes: number;
  /** Accepted connections. Every peer needs one at most, and one more while it reconnects; the rest is room for strays. */
  readonly maxConnections: number;
  /** ms for an attempt to connect, the peer's hello included; and for a connection that is given up to run empty. */
  readonly connectTimeoutMs: number;
  /** ms in which an accepted connection must have said hello, so that a stray one holds no place for long. */
  readonly helloTimeoutMs: number;
  /** ms between pings, which either side of a connection sends. A peer from which no byte comes for three of them, and which
   * takes no data either, is given up: the kernel alone would retry for a quarter of an hour, and wait two minutes between its
   * last attempts. */
  readonly pingIntervalMs: number;
  /** ms to wait at most before the first new attempt to connect; doubles with every failure. */
  readonly backoffMinMs: number;
  /** ms to wait at most before any attempt: how long a peer that has come back may stay unnoticed. */
  readonly backoffMaxMs: number;
  /** ms between two notices of one kind about one peer, so that a lasting fault does not flood a log. 0 for all. */
  readonly noticeIntervalMs: number;
}

const DEFAULT_LIMITS: TcpLimits = {
  maxMessageBytes: 4 << 20,
  maxQueueMessages: 4096,
  maxQueueBytes: 16 << 20,
  maxConnections: 64,
  connectTimeoutMs: 2000,
  helloTimeoutMs: 2000,
  pingIntervalMs: 1000,
  backoffMinMs: 50,
  backoffMaxMs: 2000,
  noticeIntervalMs: 10_000,
};

/** The largest value of any limit: what a timeout of the host can hold. */
const MAX_LIMIT = 0x7fffffff;

/** The limits asked for, and the defaults of the others. @throws TransportError that names the limit and its range. */
export function resolveLimits(asked: Partial<TcpLimits>): TcpLimits {
  const limits: { -readonly [Name in keyof TcpLimits]: number } = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(limits) as (keyof TcpLimits)[]) {
    const value = asked[name] ?? limits[name];
    const least = name === "noticeIntervalMs" ? 0 : 1;
    if (!Number.isInteger(value) || value < least || value > MAX_LIMIT) {
      throw new TransportError(`${name} is ${value}: give a whole number from ${least} to ${MAX_LIMIT}`);
    }
    limits[name] = value;
  }
  const longest = limits.maxMessageBytes + FRAME_OVERHEAD_BYTES;
  if (limits.maxQueueBytes < longest) {
    const text = `maxQueueBytes is ${limits.maxQueueBytes}, less than one message of maxMessageBytes takes`;
    throw new TransportError(`${text}: give ${longest} or more`);
  }
  if (limits.backoffMaxMs < limits.backoffMinMs) {
    const text = `backoffMaxMs is ${limits.backoffMaxMs}, less than backoffMinMs (${limits.backoffMinMs})`;
    throw new TransportError(`${text}: give that or more`);
  }
  return limits;
}
