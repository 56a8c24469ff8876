/**
 * One transport for many groups: whatever the number of groups, two hosts are connected as two single nodes are. A node of
 * a group has the id of its host, so a peer is the same in all groups. Messages are told apart by the group that their
 * header names; those of one turn leave together.
 *
 * A host has one address. Groups learn of a new one at different times; the one that was told last is used.
 */

import { Header } from "../core/abi.js";
import type { NodeId, Transport, TransportEvents } from "../transport/transport.js";
import { Outbox } from "./outbox.js";

/** Counts since the transport was made. */
export interface GroupTransportStats {
  /** Messages handed to a group. */
  readonly delivered: number;
  /** Messages too short to name a group, or for one that is not here. */
  readonly dropped: number;
}

/** Whether a group needs to know that a peer cannot be reached. */
export type Concern = (group: number, peer: NodeId) => boolean;

export class GroupTransport {
  readonly #transport: Transport;
  readonly #concerns: Concern;
  readonly #outbox: Outbox;
  readonly #ports = new Map<number, Port>();
  /** The groups that have each peer. */
  readonly #peers = new Map<NodeId, Set<number>>();
  #delivered = 0;
  #dropped = 0;

  /** @param schedule runs a task when all groups have had their turn. Default: the event loop's next round */
  constructor(transport: Transport, concerns: Concern, schedule: (task: () => void) => void = setImmediate) {
    this.#transport = transport;
    this.#concerns = concerns;
    this.#outbox = new Outbox((to, bytes) => transport.send(to, bytes), schedule);
  }

  get stats(): GroupTransportStats {
    return { delivered: this.#delivered, dropped: this.#dropped };
  }

  /** Begins to receive. Rejects as the transport underneath. */
  start(): Promise<void> {
    return this.#transport.start({
      message: (bytes) => this.#message(bytes),
      unreachable: (peer, reason) => this.#unreachable(peer, reason),
    });
  }

  /** What has not left yet is dropped. */
  stop(): Promise<void> {
    this.#outbox.clear();
    return this.#transport.stop();
  }

  /** The transport of a group's node. It is started and stopped by the node. */
  port(group: number): Transport {
    return new Port(this, group);
  }

  /** A port begins to receive. */
  attach(group: number, port: Port): void {
    if (this.#ports.has(group)) throw new Error(`group ${group} has a node on this host already`);
    this.#ports.set(group, port);
  }

  /** A port ends: its peers are let go, unless other groups have them. */
  detach(group: number, port: Port): void {
    if (this.#ports.get(group) === port) this.#ports.delete(group);
    for (const [peer, groups] of [...this.#peers]) if (groups.has(group)) this.removePeer(group, peer);
  }

  addPeer(group: number, peer: NodeId, address: string): void {
    const groups = this.#peers.get(peer);
    if (groups === undefined) this.#peers.set(peer, new Set([group]));
    else groups.add(group);
    this.#transport.addPeer(peer, address);
  }

  removePeer(group: number, peer: NodeId): void {
    const groups = this.#peers.get(peer);
    if (groups === undefined || !groups.delete(group) || groups.size > 0) return;
    this.#peers.delete(peer);
    this.#transport.removePeer(peer);
  }

  send(to: NodeId, bytes: Uint8Array): void {
    this.#outbox.add(to, bytes);
  }

  #message(bytes: Uint8Array): void {
    const port = bytes.length < Header.size ? undefined : this.#ports.get(readGroup(bytes));
    if (port === undefined) {
      this.#dropped++;
      return;
    }
    this.#delivered++;
    port.events?.message(bytes);
  }

  #unreachable(peer: NodeId, reason: string): void {
    for (const group of [...(this.#peers.get(peer) ?? [])]) {
      if (this.#concerns(group, peer)) this.#ports.get(group)?.events?.unreachable(peer, reason);
    }
  }
}

/** A group's way to the transport. */
class Port implements Transport {
  readonly #transport: GroupTransport;
  readonly #group: number;
  events: TransportEvents | undefined;

  constructor(transport: GroupTransport, group: number) {
    this.#transport = transport;
    this.#group = group;
  }

  async start(events: TransportEvents): Promise<void> {
    this.#transport.attach(this.#group, this);
    this.events = events;
  }

  addPeer(peer: NodeId, address: string): void {
    this.#transport.addPeer(this.#group, peer, address);
  }

  removePeer(peer: NodeId): void {
    this.#transport.removePeer(this.#group, peer);
  }

  send(to: NodeId, bytes: Uint8Array): void {
    if (this.events !== undefined) this.#transport.send(to, bytes);
  }

  async stop(): Promise<void> {
    this.events = undefined;
    this.#transport.detach(this.#group, this);
  }
}

function readGroup(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(Header.group, true);
}
