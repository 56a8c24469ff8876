/**
 * Clients of a replicated register with several keys, and the state machine that serves them: what makes a random run
 * judgeable by the linearizability checker. Reads and writes both go through the log. Every write has a value of its own.
 *
 * A client hears the answer from the node that it asked. If that node crashes, or the client loses patience, the
 * operation's outcome is unknown to it, and it goes on with another operation. Clients with sessions ask again instead: they
 * are in session-clients.ts.
 */

import { encodePlain } from "../../host/session/envelope.js";
import type { Operation } from "../checkers/history.js";
import type { Region } from "../core-under-test.js";
import type { Random } from "../random.js";
import type { SimMachine } from "./machine.js";
import type { SessionClients } from "./session-clients.js";

/** Registers. */
export const KEYS = 16;
/** Their names in a history. */
const KEY_NAMES: readonly string[] = Array.from({ length: KEYS }, (_, key) => `${key}`);
/** Bytes of a command before what fills it up. */
export const COMMAND_BYTES = 8;
/** Bit of a command's second word that marks a write. */
export const WRITE = 0x100;

const Outcome = { OPEN: 0, OK: 1, FAILED: 2, UNKNOWN: 3 } as const;

/** A request that goes through the log, before it is made. */
export interface ClientRequest {
  readonly client: number;
  readonly key: number;
  /** Else it reads. */
  readonly write: boolean;
  /** Bytes of its command. */
  readonly length: number;
}

/** A read beside the log, before it is asked for. */
export type ClientQuery = Pick<ClientRequest, "client" | "key">;

/** A request that a client waits for. */
export interface WaitingRequest {
  readonly client: number;
  /** The node that was asked. */
  readonly node: number;
  /** Where the request stands in that node's log; below 0 for a read beside the log. */
  readonly index: number;
  readonly term: number;
}

class Request {
  node = 0;
  index = 0;
  term = 0;
  outcome: number = Outcome.OPEN;
  returned = 0;
  /** What a read saw: the id of the request that wrote it, 0 for nothing. */
  result = 0;

  constructor(
    readonly id: number,
    readonly client: number,
    readonly key: number,
    readonly isWrite: boolean,
    readonly invoked: number,
  ) {}
}

/** The open requests of one node, in the order in which it took them. They are as few as the clients, come and go all the
 * time, and the oldest is asked for first: a map would be rebuilt over and over. */
class OpenRequests {
  readonly #requests: Request[] = [];

  /** The oldest one. */
  get first(): Request | undefined {
    return this.#requests[0];
  }
  /** The one that stands at an index. */
  at(index: number): Request | undefined {
    for (const request of this.#requests) if (request.index === index) return request;
    return undefined;
  }
  add(request: Request): void {
    this.#requests.push(request);
  }
  remove(request: Request): void {
    const place = this.#requests.indexOf(request);
    if (place === 0) this.#requests.shift();
    else if (place > 0) this.#requests.splice(place, 1);
  }
}

/** All clients of a run. */
export class Clients {
  /** Those with sessions; null in a run that has none. */
  sessions: SessionClients | null = null;
  readonly #requests: Request[] = [];
  /** Each client's open request. */
  readonly #open: (Request | null)[];
  /** Open requests of each node. */
  readonly #atNode: OpenRequests[] = [];
  readonly #buffer: Uint8Array;
  readonly #view: DataView;
  readonly #random: Random;
  #time = 0;
  #answered = 0;
  #idle: Request | null = null;

  /** @param maxPayload longest command in bytes */
  constructor(clients: number, nodes: number, maxPayload: number, random: Random) {
    this.#open = new Array<Request | null>(clients).fill(null);
    for (let id = 1; id <= nodes; id++) this.#atNode[id] = new OpenRequests();
    this.#buffer = new Uint8Array(maxPayload);
    this.#view = new DataView(this.#buffer.buffer);
    this.#random = random;
  }

  /** Draws the next request. Null if the client drawn is waiting. */
  draw(): ClientRequest | null {
    const random = this.#random;
    const client = random.below(this.#open.length);
    if (this.#open[client] !== null) return null;
    const key = random.below(KEYS);
    const write = !random.oneIn(3);
    // Mostly short commands, sometimes as long as they can be.
    const longest = this.#buffer.length - COMMAND_BYTES;
    const length = COMMAND_BYTES + (random.oneIn(16) ? longest : random.below(Math.min(24, longest + 1)));
    return { client, key, write, length };
  }

  /** The command of a request of a client that does not wait: a view that holds until the next call. */
  command({ client, key, write: isWrite, length }: ClientRequest): Uint8Array {
    const id = this.#requests.length + 1;
    this.#idle = new Request(id, client, key, isWrite, this.tick());
    this.#view.setUint32(0, id, true);
    this.#view.setUint32(4, key | (isWrite ? WRITE : 0), true);
    const command = this.#buffer.subarray(0, length);
    return this.sessions === null ? command : encodePlain(command);
  }

  /** The number of the next event that clients notice. */
  tick(): number {
    return ++this.#time;
  }

  /** Whether there is such a client, and it waits for nothing. */
  isIdle(client: number): boolean {
    return this.#open[client] === null;
  }

  /** The request from `command` was taken by a node and stands at (index, term). */
  taken(node: number, index: number, term: number): void {
    const request = this.#idle;
    if (request === null) throw new Error("no request was drawn");
    request.node = node;
    request.index = index;
    request.term = term;
    this.#requests.push(request);
    this.#open[request.client] = request;
    const open = this.#openAt(node);
    const before = open.at(index);
    // Its entry was removed here, and may still be committed by others.
    if (before !== undefined) this.#end(before, Outcome.UNKNOWN, 0);
    open.add(request);
  }

  /** A node applied the entry (index, term); a read there sees the value written by request `seen`. */
  applied(node: number, index: number, term: number, seen: number): void {
    const request = this.#openAt(node).at(index);
    if (request === undefined) return;
    // Another entry is committed at its place: it never will be.
    if (request.term !== term) this.#end(request, Outcome.FAILED, 0);
    else this.#end(request, Outcome.OK, seen);
  }

  /** Draws a read that does not go through the log. Null if the client drawn is waiting. */
  drawQuery(): ClientQuery | null {
    const client = this.#random.below(this.#open.length);
    return this.#open[client] === null ? { client, key: this.#random.below(KEYS) } : null;
  }

  /** A client that does not wait asks a node for a read that does not go through the log. Answers how to tell the client
   * what came of it: the value's request, or undefined if the read was refused. */
  query(node: number, { client, key }: ClientQuery): (seen: number | undefined) => void {
    const id = this.#requests.length + 1;
    const request = new Request(id, client, key, false, this.tick());
    request.node = node;
    request.index = -id;
    this.#requests.push(request);
    this.#open[client] = request;
    this.#openAt(node).add(request);
    return (seen: number | undefined) => {
      if (request.outcome !== Outcome.OPEN) return;
      this.#end(request, seen === undefined ? Outcome.FAILED : Outcome.OK, seen ?? 0);
    };
  }

  /** Draws the client that loses patience; null if the one drawn waits for nothing. */
  drawImpatient(): number | null {
    const client = this.#random.below(this.#open.length);
    return this.#open[client] === null ? null : client;
  }

  /** A client that waits loses patience. */
  giveUp(client: number): void {
    const request = this.#open[client];
    if (request !== undefined && request !== null) this.#end(request, Outcome.UNKNOWN, 0);
  }

  /** What clients wait for. */
  *waiting(): Generator<WaitingRequest> {
    for (const request of this.#open) if (request !== null) yield request;
  }

  /** A node crashed: its clients never hear from it. */
  crashed(node: number): void {
    const open = this.#openAt(node);
    for (let next = open.first; next !== undefined; next = open.first) this.#end(next, Outcome.UNKNOWN, 0);
    this.sessions?.crashed(node);
  }

  /** Requests that were answered. */
  get answered(): number {
    return this.#answered + (this.sessions?.counts.answered ?? 0);
  }

  /** What the clients saw, for the linearizability checker. */
  *history(): Generator<Operation> {
    for (const request of this.#requests) yield operationOf(request);
    if (this.sessions !== null) yield* this.sessions.history();
  }

  #openAt(node: number): OpenRequests {
    const open = this.#atNode[node];
    if (open === undefined) throw new RangeError(`there is no node ${node}`);
    return open;
  }

  #end(request: Request, outcome: number, result: number): void {
    request.outcome = outcome;
    request.result = result;
    request.returned = this.tick();
    if (outcome === Outcome.OK) this.#answered++;
    this.#open[request.client] = null;
    this.#openAt(request.node).remove(request);
  }
}

/** A request as the checker knows it. Each kind is one literal: a run has tens of thousands of them. */
function operationOf(request: Request): Operation {
  const { client, id, invoked, isWrite, outcome, result: seen, returned } = request;
  const key = KEY_NAMES[request.key] as string;
  if (outcome === Outcome.OK) {
    if (isWrite) {
      return { client, key, invoked, kind: "write", argument: `${id}`, outcome: "ok", returned, result: null };
    }
    return { client, key, invoked, kind: "read", outcome: "ok", returned, result: seen === 0 ? null : `${seen}` };
  }
  const ended = outcome === Outcome.FAILED ? "failed" : "unknown";
  const end = outcome === Outcome.OPEN ? null : returned;
  if (isWrite) return { client, key, invoked, kind: "write", argument: `${id}`, outcome: ended, returned: end };
  return { client, key, invoked, kind: "read", outcome: ended, returned: end };
}

/** One node's registers. */
export class RegisterMachine implements SimMachine {
  readonly #values = new Int32Array(KEYS);

  constructor(
    readonly node: number,
    readonly clients: Clients,
  ) {}

  apply(index: number, term: number, memory: Region, offset: number, _length: number): void {
    const word = offset >>> 2;
    const seen = this.execute(memory.words[word] as number, memory.words[word + 1] as number);
    this.clients.applied(this.node, index, term, seen);
  }
  /** Executes a command of two words; answers the request that wrote the value which its key has then. */
  protected execute(id: number, what: number): number {
    const key = what & (KEYS - 1);
    if ((what & WRITE) !== 0) this.#values[key] = id;
    return this.#values[key] as number;
  }
  save(): Uint8Array {
    return new Uint8Array(this.#values.slice().buffer);
  }
  load(state: Uint8Array): void {
    if (state.length === 0) this.#values.fill(0);
    else this.#values.set(new Int32Array(state.slice().buffer));
  }
  /** The request that wrote the key's value; 0 if none did. */
  value(key: number): number {
    return this.#values[key] as number;
  }
}
