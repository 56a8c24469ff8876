/**
 * What the transport tests share: a recorder of all that a transport reports, nodes that are stopped after each test, and
 * bare sockets that speak as much of the protocol as a test wants them to.
 */

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { vi } from "vitest";
import { encodeFrame, FRAME_KIND, FrameDecoder } from "../../../host/transport/frame.js";
import { encodeHello, type Hello, PROTOCOL_VERSION } from "../../../host/transport/hello.js";
import type { Notice, NoticeKind } from "../../../host/transport/notice.js";
import { TcpTransport, type TcpTransportOptions } from "../../../host/transport/tcp.js";
import type { NodeId, TransportEvents } from "../../../host/transport/transport.js";

export const CLUSTER = 42n;
const HOST = "127.0.0.1";
const NOTHING = new Uint8Array(0);
const cleanups: (() => Promise<void>)[] = [];

/** Stops every node and closes every bare socket made since the last call. */
export async function cleanUp(): Promise<void> {
  await Promise.all(cleanups.splice(0).map((stop) => stop()));
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Lets a test wait for a condition, looked at whenever something has happened. */
class Happenings {
  readonly #waiting = new Set<() => void>();

  happened(): void {
    for (const look of [...this.#waiting]) look();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** Writes down what a transport reports. */
export class Recorder extends Happenings implements TransportEvents {
  readonly messages: string[] = [];
  readonly hints: { peer: NodeId; reason: string }[] = [];
  readonly notices: Notice[] = [];

  message(bytes: Uint8Array): void {
    this.messages.push(new TextDecoder().decode(bytes));
    this.happened();
  }

  unreachable(peer: NodeId, reason: string): void {
    this.hints.push({ peer, reason });
    this.happened();
  }

  notice(notice: Notice): void {
    this.notices.push(notice);
    this.happened();
  }

  of(kind: NoticeKind): string[] {
    return this.notices.filter((notice) => notice.kind === kind).map(({ message }) => message);
  }

  /** Resolves when `count` notices of a kind have come, with the text of the last. */
  async heard(kind: NoticeKind, count = 1): Promise<string> {
    await this.until(() => this.of(kind).length >= count);
    return this.of(kind)[count - 1] ?? "";
  }

  /** Resolves when `count` messages have come. */
  received(count: number): Promise<void> {
    return this.until(() => this.messages.length >= count);
  }
}

export interface TestNode {
  readonly transport: TcpTransport;
  readonly recorder: Recorder;
}

/** A transport with short waits that is not started yet. */
export function newNode(id: NodeId, options: Partial<TcpTransportOptions> = {}): TestNode {
  const recorder = new Recorder();
  const transport = new TcpTransport({
    id,
    cluster: CLUSTER,
    host: HOST,
    port: 0,
    backoffMinMs: 1,
    backoffMaxMs: 4,
    noticeIntervalMs: 0,
    onNotice: (notice) => recorder.notice(notice),
    ...options,
  });
  cleanups.push(() => transport.stop());
  return { transport, recorder };
}

export async function startNode(id: NodeId, options: Partial<TcpTransportOptions> = {}): Promise<TestNode> {
  const node = newNode(id, options);
  await node.transport.start(node.recorder);
  return node;
}

/** Tells `from` where `to` is, and waits until messages can flow. */
export async function link(from: TestNode, to: NodeId, address: string): Promise<void> {
  from.transport.addPeer(to, address);
  await from.recorder.until(() => from.transport.connected.includes(to));
}

/** Lets turns pass until something holds that no event of a test tells of. */
export async function untilHolds(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Lets what has been sent in this turn be handed over, or reported. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));

export function helloFrame(sender: NodeId, changes: Partial<Hello> = {}): Uint8Array {
  return encodeFrame(
    FRAME_KIND.hello,
    encodeHello({ version: PROTOCOL_VERSION, cluster: CLUSTER, sender, incarnation: 1n, number: 1n, ...changes }),
  );
}

export const messageFrame = (text: string): Uint8Array => encodeFrame(FRAME_KIND.message, bytesOf(text));

/** A bare connection to or from a transport: writes what it is told and records the frames that come. */
export class BareSocket extends Happenings {
  readonly frames: { kind: number; payload: Uint8Array }[] = [];
  closed = false;
  readonly #socket: Socket;

  constructor(socket: Socket, answersPings = false) {
    super();
    this.#socket = socket;
    const decoder = new FrameDecoder(8 << 20, (kind, payload) => {
      this.frames.push({ kind, payload: payload.slice() });
      if (answersPings && kind === FRAME_KIND.ping) socket.write(encodeFrame(FRAME_KIND.pong, NOTHING));
    });
    socket.on("data", (chunk: Buffer) => {
      decoder.push(chunk);
      this.happened();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.happened();
    });
    cleanups.push(async () => void socket.destroy());
  }

  static dial(address: string): BareSocket {
    return new BareSocket(connect({ host: HOST, port: portOf(address), noDelay: true }));
  }

  write(...frames: Uint8Array[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  ofKind(kind: number): Uint8Array[] {
    return this.frames.filter((frame) => frame.kind === kind).map(({ payload }) => payload);
  }

  messages(): string[] {
    return this.ofKind(FRAME_KIND.message).map((payload) => new TextDecoder().decode(payload));
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closed);
  }
}

/** A bare listening socket in the place of a peer. */
export class BareServer extends Happenings {
  readonly accepted: BareSocket[] = [];
  readonly #server: Server;

  private constructor(answersPings: boolean) {
    super();
    this.#server = createServer((socket) => {
      this.accepted.push(new BareSocket(socket, answersPings));
      this.happened();
    });
    cleanups.push(() => this.close());
  }

  static async listen(answersPings = false): Promise<BareServer> {
    const server = new BareServer(answersPings);
    await new Promise<void>((resolve) => server.#server.listen(0, HOST, resolve));
    return server;
  }

  get address(): string {
    return `${HOST}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves with the connection accepted as number `count`. */
  async connection(count = 1): Promise<BareSocket> {
    await this.until(() => this.accepted.length >= count);
    const socket = this.accepted[count - 1];
    if (socket === undefined) throw new Error(`no connection ${count}`);
    return socket;
  }

  /** Stops listening and closes the connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.accepted) socket.destroy();
    });
  }
}

/** An address on which nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = await BareServer.listen();
  const { address } = server;
  await server.close();
  return address;
}

/** The timers set from now on that have neither fired nor been cleared; until `vi.restoreAllMocks()`. */
export function trackTimers(): Set<unknown> {
  const active = new Set<unknown>();
  const { setTimeout: set, setInterval: repeat, clearTimeout: clear } = globalThis;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((task: () => void, ms: number) => {
    const timer = set(() => {
      active.delete(timer);
      task();
    }, ms);
    active.add(timer);
    return timer;
  }) as typeof setTimeout);
  vi.spyOn(globalThis, "setInterval").mockImplementation(((task: () => void, ms: number) => {
    const timer = repeat(task, ms);
    active.add(timer);
    return timer;
  }) as typeof setInterval);
  vi.spyOn(globalThis, "clearTimeout").mockImplementation((timer) => {
    active.delete(timer);
    clear(timer);
  });
  return active;
}
