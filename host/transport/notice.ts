/**
 * Notices: what an operator should hear about, in words, without the transport knowing any logging library. A fault that
 * repeats (a peer that is down, a port scanner) must not flood a log, so notices of one kind come at most once an
 * interval; the next one says how many were withheld.
 */

import type { NodeId } from "./transport.js";

export type NoticeKind =
  /** A connection with a peer is open, whoever dialled: messages flow. */
  | "connected"
  /** An open connection to a peer ended. */
  | "disconnected"
  /** An attempt to connect to a peer failed. */
  | "connect-failed"
  /** A foreign cluster, another protocol version or the wrong node at the other end. */
  | "refused"
  /** Bytes that are no frame, a damaged frame, one too long or out of place: the connection was closed. */
  | "bad-frame"
  /** A peer started anew while the connection with its earlier process was still there: a broken network, or two nodes with
   * one id. */
  | "replaced"
  /** A peer takes messages more slowly than they are sent: the oldest are dropped. */
  | "queue-full"
  /** A message longer than the limit was not sent. */
  | "oversized"
  /** A peer's address cannot be read. */
  | "bad-address"
  /** An accepted connection did not say hello in time. */
  | "silent"
  /** More connections came in than are accepted. */
  | "too-many-connections"
  /** The listening socket reported an error. */
  | "listen-failed";

export interface Notice {
  readonly kind: NoticeKind;
  /** The peer concerned, as far as it is known. */
  readonly peer?: NodeId;
  readonly message: string;
}

export class NoticeGate {
  readonly #onNotice: ((notice: Notice) => void) | undefined;
  readonly #intervalMs: number;
  readonly #now: () => number;
  /** By kind, so its size is bounded: when the last one was let through, and how many were withheld since. */
  readonly #told = new Map<NoticeKind, { at: number; withheld: number }>();

  /** `now` is a monotonic clock in ms. */
  constructor(onNotice: ((notice: Notice) => void) | undefined, intervalMs: number, now: () => number) {
    this.#onNotice = onNotice;
    this.#intervalMs = intervalMs;
    this.#now = now;
  }

  tell(kind: NoticeKind, message: string, peer?: NodeId): void {
    if (this.#onNotice === undefined) return;
    const now = this.#now();
    const last = this.#told.get(kind);
    if (last !== undefined && now - last.at < this.#intervalMs) {
      last.withheld += 1;
      return;
    }
    this.#told.set(kind, { at: now, withheld: 0 });
    const more = last !== undefined && last.withheld > 0 ? ` (${last.withheld} more of this kind since the last)` : "";
    this.#onNotice({ kind, message: message + more, ...(peer === undefined ? {} : { peer }) });
  }
}
