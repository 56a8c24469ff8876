/**
 * All there is between this node and one peer: the connection in use, the attempt to have one, and the queue of what waits to
 * be sent.
 *
 * Either node may dial, and a node dials only a peer whose address it has and with which it is not connected. So two nodes
 * have one connection, but for moments: when both dial at once, when a peer starts anew before its end was noticed, when its
 * address changes. Both then keep the same one (survivor.ts), and the other runs empty: no message in it is lost.
 *
 * A failed attempt to connect empties the queue: by then its messages are stale, and the core, told that the peer is out
 * of reach, will begin anew. What is sent after that waits for the next attempt.
 */

import { formatAddress, type SocketAddress } from "./address.js";
import { Backoff } from "./backoff.js";
import { Connection, type ConnectionGreeter, type ConnectionOwner, type Ending } from "./connection.js";
import type { TcpContext } from "./context.js";
import { FRAME_KIND } from "./frame.js";
import type { Hello } from "./hello.js";
import type { NoticeGate, NoticeKind } from "./notice.js";
import { type Batch, SendQueue } from "./send-queue.js";
import { crossed, takesOver } from "./survivor.js";
import type { NodeId } from "./transport.js";

export class Link implements ConnectionGreeter, ConnectionOwner {
  readonly #peer: NodeId;
  readonly #context: TcpContext;
  readonly #unused: () => void;
  readonly #gate: NoticeGate;
  readonly #queue: SendQueue;
  readonly #backoff: Backoff;
  /** Where the peer is to be dialled; undefined for one that was never added, or was removed. */
  #address: SocketAddress | undefined;
  /** The connection over which messages leave. */
  #active: Connection | undefined;
  /** The attempt under way. */
  #dialling: Connection | undefined;
  /** Waits for the next attempt. */
  #timer: NodeJS.Timeout | undefined;
  /** The address has changed and nothing was opened since: the peer is dialled although a connection is there. */
  #moved = false;
  #closed = false;
  #everConnected = false;
  #flushScheduled = false;
  /** Messages are being dropped, and the queue has not been empty since. */
  #overflowing = false;
  /** Something for the core to be told outside of `send`. */
  #hint: string | undefined;

  /** @param unused is told when there is neither a connection nor an address to have one */
  constructor(peer: NodeId, context: TcpContext, unused: () => void) {
    const { maxQueueMessages, maxQueueBytes, backoffMinMs, backoffMaxMs } = context.limits;
    this.#peer = peer;
    this.#context = context;
    this.#unused = unused;
    this.#gate = context.newGate();
    this.#queue = new SendQueue(maxQueueMessages, maxQueueBytes);
    this.#backoff = new Backoff(backoffMinMs, backoffMaxMs, context.random);
  }

  get peer(): NodeId {
    return this.#peer;
  }

  /** Whether messages get through at the moment, as far as is known. */
  get isConnected(): boolean {
    return this.#active !== undefined;
  }

  /** States where the peer is to be found. One that had another address is dialled anew, and what is open to it stays until that
   * succeeds. */
  redirect(address: SocketAddress): void {
    this.#moved = this.#address !== undefined && this.#active !== undefined;
    this.#address = address;
    this.#stopDialling();
  }

  /** Begins an attempt to connect, if there is a reason for one. */
  dial(): void {
    const address = this.#address;
    this.#timer = undefined;
    if (address === undefined || this.#dialling !== undefined || !this.#lacksConnection) return;
    const remote = formatAddress(address.host, address.port);
    this.#dialling = new Connection(this.#context.connect(address), remote, true, this.#context, this);
  }

  /** The peer is no longer wanted: this node does not dial it any more. A connection that the peer has dialled stays, for the
   * peer may yet have to be told that it was removed. */
  forget(): void {
    this.#address = undefined;
    this.#moved = false;
    this.#stopDialling();
    if (this.#active?.dialled === true) {
      this.#active.leave();
      this.#active = undefined;
    }
    this.#redial();
  }

  /** Ends all at once: nothing is sent or reported any more. */
  close(): void {
    this.#closed = true;
    this.#stopDialling();
    this.#active?.close();
    this.#active = undefined;
    this.#discard();
  }

  /** Queues a message; all of a turn's messages are written together at its end. */
  send(bytes: Uint8Array): void {
    const { maxMessageBytes } = this.#context.limits;
    if (bytes.length > maxMessageBytes) {
      const text = `a message of ${bytes.length} bytes is longer than maxMessageBytes (${maxMessageBytes})`;
      this.#context.stats.dropped += 1;
      this.#report("oversized", `${text}: raise that limit on every node`);
    } else {
      const dropped = this.#queue.push(FRAME_KIND.message, bytes);
      if (dropped > 0) this.#overflow(dropped);
    }
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#endOfTurn);
  }

  greeted(hello: Hello): ConnectionOwner | string {
    if (hello.sender === this.#peer) return this;
    return `node ${hello.sender} answers there: check the addresses of the peers`;
  }

  opened(connection: Connection): void {
    const { identity } = this.#context;
    if (this.#dialling === connection) this.#dialling = undefined;
    const current = this.#active;
    if (current !== undefined && !takesOver(connection, current, identity.sender < this.#peer)) {
      connection.leave();
      return;
    }
    this.#active = connection;
    this.#moved = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Once hello has been said the peer may keep that connection: which one stays is decided when its hello comes.
    if (this.#dialling?.saidHello === false) this.#stopDialling();
    current?.leave();
    if (current === undefined || !crossed(connection, current)) this.#connected(connection, current);
    this.#flush();
  }

  /** Only now, so that a peer which opens connections and ends them is dialled ever more slowly. */
  alive(): void {
    this.#backoff.reset();
  }

  written(batch: Batch): void {
    this.#queue.recycle(batch);
    this.#flush();
  }

  left(connection: Connection): void {
    if (this.#active !== connection) return;
    this.#active = undefined;
    this.#redial();
  }

  ended(connection: Connection, ending: Ending | undefined): void {
    if (this.#dialling === connection) {
      this.#dialling = undefined;
      if (this.#active === undefined) this.#discard();
    } else if (this.#active === connection) {
      this.#active = undefined;
    } else {
      return;
    }
    this.#redial();
    if (ending === undefined) return;
    this.#gate.tell(ending.kind, `${this.#name(connection)}: ${ending.reason}`, this.#peer);
    if (this.#active === undefined) this.#tellUnreachable(ending.reason);
  }

  /** A connection is there that was not there before, or is with another process of the peer, or the peer has given up the one
   * that was there. */
  #connected(connection: Connection, current: Connection | undefined): void {
    const { stats } = this.#context;
    stats.connects += 1;
    if (this.#everConnected) stats.reconnects += 1;
    this.#everConnected = true;
    if (current !== undefined && !connection.dialled && current.peerIncarnation !== connection.peerIncarnation) {
      const text = `node ${this.#peer} connected from ${connection.remote} in place of ${current.remote}`;
      this.#gate.tell("replaced", `${text}: if this goes on, two nodes have the same id`, this.#peer);
    }
    const text = connection.dialled ? `connected to ${this.#name(connection)}` : `${this.#name(connection)} is open`;
    this.#gate.tell("connected", text, this.#peer);
    // What was sent over the one before may be lost, and whatever the peer was doing it may have to be asked again.
    if (current !== undefined) this.#tellUnreachable("connected anew");
  }

  get #lacksConnection(): boolean {
    return this.#active === undefined || this.#moved;
  }

  /** Sees to it that a connection is dialled after a while, if one is wanted. */
  #redial(): void {
    if (this.#closed || this.#dialling !== undefined || this.#timer !== undefined || !this.#lacksConnection) return;
    if (this.#address === undefined) {
      this.#discard();
      this.#unused();
    } else {
      this.#timer = setTimeout(() => this.dial(), this.#backoff.next());
    }
  }

  #stopDialling(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dialling?.close();
    this.#dialling = undefined;
  }

  readonly #endOfTurn = (): void => {
    this.#flushScheduled = false;
    if (this.#closed) return;
    const hint = this.#hint;
    this.#hint = undefined;
    this.#flush();
    if (hint !== undefined) this.#context.events.unreachable(this.#peer, hint);
  };

  #flush(): void {
    if (this.#active?.isReady !== true) return;
    const batch = this.#queue.take();
    if (batch === undefined) {
      this.#overflowing = false;
      return;
    }
    this.#context.stats.writes += 1;
    this.#context.stats.messagesOut += batch.messages;
    this.#context.stats.bytesOut += batch.bytes.length;
    this.#active.send(batch);
  }

  #overflow(dropped: number): void {
    this.#context.stats.dropped += dropped;
    if (this.#overflowing) return;
    this.#overflowing = true;
    const waiting = `${this.#queue.messages} messages (${this.#queue.bytes} bytes) wait`;
    this.#report("queue-full", `the send queue is full: ${waiting}, the oldest are dropped`);
  }

  #discard(): void {
    this.#context.stats.dropped += this.#queue.clear();
    this.#overflowing = false;
  }

  /** Tells of messages dropped: the operator now, the core when the turn ends, because `send` is called by the core. */
  #report(kind: NoticeKind, reason: string): void {
    this.#hint = reason;
    this.#gate.tell(kind, `${this.#name(this.#active)}: ${reason}`, this.#peer);
  }

  /** For the core, if it has the peer. */
  #tellUnreachable(reason: string): void {
    if (this.#address !== undefined) this.#context.events.unreachable(this.#peer, reason);
  }

  #name(connection: Connection | undefined): string {
    if (connection?.dialled === false) return `connection from node ${this.#peer} (${connection.remote})`;
    const address = this.#address;
    const remote = connection?.remote ?? (address && formatAddress(address.host, address.port));
    return remote === undefined ? `node ${this.#peer}` : `node ${this.#peer} at ${remote}`;
  }
}
