/**
 * The transport trait: datagrams between nodes. The core tolerates loss, duplication and reordering; a transport need
 * only keep messages whole and must never block or throw on send. What a transport cannot deliver it drops.
 *
 * Barriers are not the transport's business: the node holds a message back until the storage effects before it are
 * durable, and only then hands it to `send`.
 */

/** A member's id: 1 to 4294967295. */
export type NodeId = number;

/** Where a transport reports. Neither is ever called from inside `send` (the core is in the middle of its flush then),
 * nor once `stop` has been called. */
export interface TransportEvents {
  /** A whole message arrived. `bytes` is valid only during the call. */
  message(bytes: Uint8Array): void;
  /** A peer cannot be reached at the moment, or messages to it were dropped: a hint for the core, given at most once a
   * connection attempt or burst. */
  unreachable(peer: NodeId, reason: string): void;
}

export interface Transport {
  /** Begins to receive. Rejects with a {@link TransportError} that names the way out, e.g. when a port is taken. */
  start(events: TransportEvents): Promise<void>;
  /** Where a peer is to be found; called again when its address changes, and before `start` too. The form of an address
   * is the transport's. One that it cannot use leaves the peer out of reach and is no exception: addresses come from
   * the replicated log, where a mistyped one must not stop every node that applies it. */
  addPeer(peer: NodeId, address: string): void;
  /** Forgets a peer and closes what leads to it. */
  removePeer(peer: NodeId): void;
  /** Sends a whole message. `bytes` is valid only during the call. A peer that was never added is answered the way its own
   * messages came, as far as the transport can; others are ignored. */
  send(to: NodeId, bytes: Uint8Array): void;
  /** Stops receiving and sending; resolves when everything is released. */
  stop(): Promise<void>;
}

export class TransportError extends Error {
  override readonly name = "TransportError";
}
