/**
 * Connections in place of sockets, and a network whose every step is taken by hand: a test decides which end hears of what
 * next, so that any order of dials, hellos and ends can be brought about, and is the same each time.
 */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { SocketAddress } from "../../../host/transport/address.js";
import { emptyStats, SocketSet, type TcpContext } from "../../../host/transport/context.js";
import { PROTOCOL_VERSION } from "../../../host/transport/hello.js";
import { resolveLimits } from "../../../host/transport/limits.js";
import { Links } from "../../../host/transport/links.js";
import { NoticeGate } from "../../../host/transport/notice.js";
import type { NodeId } from "../../../host/transport/transport.js";
import { CLUSTER, Recorder, turn } from "./peers.js";

/** Draws numbers in [0, 1) that are the same for the same seed. */
export function drawing(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** One end of a connection. What it writes, and that it ends, waits until the network delivers it. */
class End extends Duplex {
  readonly waiting: (() => void)[] = [];
  other: End | undefined;
  /** Nothing gets through any more, and neither end is told. */
  cut = false;
  /** Whether hello, at least, was said here. */
  hasSpoken = false;

  constructor() {
    super({ allowHalfOpen: false });
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _: string, done: () => void): void {
    const copy = Uint8Array.from(chunk);
    this.hasSpoken = true;
    this.#tell((other) => other.push(copy));
    done();
  }

  override _final(done: () => void): void {
    this.#tell((other) => other.push(null));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished) this.#tell((other) => other.push(null));
    done(error);
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }

  #tell(how: (other: End) => void): void {
    this.waiting.push(() => {
      const { other } = this;
      if (other !== undefined && !other.destroyed && !other.readableEnded && !this.cut) how(other);
    });
  }
}

export interface Host {
  readonly id: NodeId;
  readonly links: Links;
  readonly context: TcpContext;
  readonly recorder: Recorder;
}

export class Network {
  readonly #random: () => number;
  readonly #hosts = new Map<number, Host>();
  readonly #ends: End[] = [];
  /** Pairs "from>to" that cannot be dialled. */
  readonly unreachable = new Set<string>();
  #incarnations = 0n;
  dials = 0;
  readonly #owners = new Map<End, Host>();
  readonly #diallers = new Map<End, NodeId>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Starts a host, whose port is its id. */
  start(id: NodeId): Host {
    const recorder = new Recorder();
    const identity = { version: PROTOCOL_VERSION, sender: id, cluster: CLUSTER, incarnation: ++this.#incarnations };
    let hellos = 0n;
    const context: TcpContext = {
      identity,
      nextHello: () => ({ ...identity, number: ++hellos }),
      connect: (address) => this.#connect(id, address),
      limits: resolveLimits({}),
      stats: emptyStats(),
      events: recorder,
      sockets: new SocketSet(),
      random: this.#random,
      newGate: () =>
        new NoticeGate(
          (notice) => recorder.notice(notice),
          0,
          () => 0,
        ),
    };
    const links = new Links(context, context.newGate());
    links.start();
    const host = { id, links, context, recorder };
    this.#hosts.set(id, host);
    return host;
  }

  /** Ends a host; the others are told of it only if `told`. */
  async crash(host: Host, told: boolean): Promise<void> {
    this.#hosts.delete(host.id);
    if (!told) for (const end of this.#endsOf(host)) this.#cut(end);
    host.links.close();
    await host.context.sockets.destroyAll();
  }

  /** Breaks the connections between two hosts without telling either. */
  breakSilently(one: Host, other: Host): void {
    const there = new Set(this.#endsOf(other));
    for (const end of this.#endsOf(one)) if (end.other !== undefined && there.has(end.other)) this.#cut(end);
  }

  /** Who dialled the connections on which both ends have said hello: all there were, and those that are left. */
  dialledBy(which: "all" | "left"): NodeId[] {
    const dialled = this.#ends.filter(({ hasSpoken, other }) => hasSpoken && other?.hasSpoken === true);
    const wanted = dialled.filter((end) => which === "all" || !end.destroyed);
    return wanted.map((end) => this.#diallers.get(end)).filter((id) => id !== undefined);
  }

  /** Has something that waits happen. @returns whether there was anything */
  async step(): Promise<boolean> {
    const busy = this.#ends.filter(({ waiting }) => waiting.length > 0);
    const end = busy[Math.floor(this.#random() * busy.length)];
    end?.waiting.shift()?.();
    await turn();
    return end !== undefined;
  }

  /** Has all happen that waits. */
  async deliverAll(): Promise<void> {
    while (await this.step());
  }

  #endsOf(host: Host): End[] {
    return [...this.#owners].filter(([, owner]) => owner === host).map(([end]) => end);
  }

  #cut(end: End): void {
    end.cut = true;
    if (end.other !== undefined) end.other.cut = true;
  }

  #connect(from: NodeId, { port }: SocketAddress): Socket {
    const here = new End();
    const dialler = this.#hosts.get(from);
    if (dialler !== undefined) this.#owners.set(here, dialler);
    this.dials += 1;
    this.#ends.push(here);
    this.#diallers.set(here, from);
    here.waiting.push(() => {
      const target = this.#hosts.get(port);
      if (here.destroyed) return;
      if (target === undefined || this.unreachable.has(`${from}>${port}`)) {
        here.destroy(new Error("nobody answers"));
        return;
      }
      const there = new End();
      this.#ends.push(there);
      this.#owners.set(there, target);
      [here.other, there.other] = [there, here];
      target.links.accept(there as unknown as Socket);
      // The dialler hears of it later than who is dialled.
      there.waiting.push(() => {
        if (!here.destroyed) here.emit("connect");
      });
    });
    return here as unknown as Socket;
  }
}
