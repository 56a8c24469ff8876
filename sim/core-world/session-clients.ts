/**
 * Clients with sessions (thesis 6.3): each opens a session, gives its commands sequences, and asks again, on any node, until
 * it has an answer. So the log holds a command several times, behind each other and under several leaders, and it has to
 * be applied once. A session is lost when it expires by log time, or when others take its place: then the outcome of
 * what was open is unknown to the client, and it opens another one.
 *
 * To the linearizability checker a command is one operation, from when it was first asked for to its first answer.
 */

import type { SessionAnswer } from "../../host/session/answers.js";
import { ClientSession } from "../../host/session/client.js";
import { encodeEnvelope } from "../../host/session/envelope.js";
import { LogClock } from "../../host/session/log-clock.js";
import { ExactlyOnce } from "../checkers/exactly-once.js";
import type { Operation } from "../checkers/history.js";
import type { Random } from "../random.js";
import type { Step } from "../trace/step.js";
import type { Report } from "../violation.js";
import { COMMAND_BYTES, KEYS, WRITE } from "./clients.js";
import { SessionRegisterMachine } from "./session-machine.js";
import type { SimNode } from "./sim-node.js";

/** Clients of a run: more than there can be sessions. */
const CLIENTS = 8;
/** Commands without an answer that a client has at the most. */
const MOST_OPEN = 3;
/** Envelopes of a client that may come to a node again, as late copies of a request do. */
const MOST_RECENT = 4;
/** Numbers of commands begin here: far above those of clients without sessions. */
const FIRST_ID = 0x40000000;
/** Clients are numbered from here on in a history. */
const FIRST_CLIENT = 1000;

/** What a client does, and on which node. */
export type SessionStep = Extract<Step, { do: "REGISTER" | "BEGIN" | "RETRY" | "KEEP_ALIVE" | "CLOSE" | "ECHO" }>;

/** A command, from its beginning to its answer. */
interface Command {
  readonly id: number;
  readonly client: number;
  readonly sequence: number;
  readonly key: number;
  readonly isWrite: boolean;
  readonly invoked: number;
  /** When its client knew what came of it, or stopped asking; null before. */
  returned: number | null;
  /** What it came to; null if that is not known. */
  result: number | null;
}

interface Client {
  session: ClientSession | null;
  /** By sequence. */
  readonly open: Map<number, Command>;
  /** What it handed to nodes last, newest first. */
  readonly recent: Asked[];
}

/** An envelope that a node took. */
interface Attempt {
  readonly client: number;
  /** 0 of a registration. */
  readonly session: number;
  /** 0 of what is no command. */
  readonly sequence: number;
  readonly term: number;
}

/** What a client hands to a node. */
interface Asked {
  readonly envelope: Uint8Array;
  readonly attempt: Attempt;
}

export class SessionClients {
  readonly once: ExactlyOnce;
  /** What came of sessions so far. */
  readonly counts = {
    opened: 0,
    lost: 0,
    closed: 0,
    begun: 0,
    asked: 0,
    answered: 0,
    /** Answers that were kept from an earlier application. */
    replayed: 0,
    notKept: 0,
    tooFarAhead: 0,
    abandoned: 0,
    /** Envelopes that arrived again. */
    echoes: 0,
  };
  readonly #clients: readonly Client[];
  readonly #commands: Command[] = [];
  /** Attempts on each node, by the index at which they stand. */
  readonly #atNode: Map<number, Attempt>[] = [];
  /** What each node stamps envelopes with, in its present life. */
  readonly #clocks: (LogClock | undefined)[] = [];
  readonly #random: Random;
  readonly #tick: () => number;
  readonly #report: Report;

  /** @param tick numbers the events that clients notice */
  constructor(nodes: number, random: Random, tick: () => number, report: Report) {
    this.#clients = Array.from({ length: CLIENTS }, () => ({ session: null, open: new Map(), recent: [] }));
    for (let id = 1; id <= nodes; id++) this.#atNode[id] = new Map();
    this.#random = random;
    this.#tick = tick;
    this.#report = report;
    this.once = new ExactlyOnce(report);
  }

  /** Draws what a client asks a node for. */
  draw(node: number): SessionStep {
    const random = this.#random;
    const client = random.below(CLIENTS);
    const { open, recent, session } = this.#client(client);
    if (random.oneIn(6) && recent.length > 0) return { do: "ECHO", node, client, back: random.below(recent.length) };
    if (session === null) return { do: "REGISTER", node, client };
    const asked = random.below(open.size + 1);
    const sequence = [...open.keys()][asked];
    if (sequence !== undefined && (open.size === MOST_OPEN || random.oneIn(2))) {
      return { do: "RETRY", node, client, sequence };
    }
    if (random.oneIn(16)) return { do: open.size === 0 && random.oneIn(2) ? "CLOSE" : "KEEP_ALIVE", node, client };
    if (open.size === MOST_OPEN) return { do: "KEEP_ALIVE", node, client };
    return { do: "BEGIN", node, client, key: random.below(KEYS), write: !random.oneIn(3) };
  }

  /** Draws a command that its client stops to ask for; null if the client drawn waits for nothing. */
  drawAbandoned(): { readonly client: number; readonly sequence: number } | null {
    const client = this.#random.below(CLIENTS);
    const [sequence] = this.#client(client).open.keys();
    return sequence === undefined ? null : { client, sequence };
  }

  /** What a client hands to a node; null if what it is to do makes no sense now. Whether the node takes it changes nothing
   * for the client: it may ask again. */
  ask(node: SimNode, step: SessionStep): Asked | null {
    const client = this.#clients[step.client];
    if (client === undefined) return null;
    if (step.do === "ECHO") {
      const echo = client.recent[step.back] ?? null;
      if (echo !== null) this.counts.echoes++;
      return echo;
    }
    const asked = this.#ask(client, step, this.#clock(node).now());
    if (asked !== null) client.recent.unshift(asked);
    client.recent.splice(MOST_RECENT);
    return asked;
  }

  #ask(known: Client, step: Exclude<SessionStep, { do: "ECHO" }>, time: number): Asked | null {
    const { client } = step;
    const { open, session } = known;
    const attempt = { client, session: session?.id ?? 0, sequence: 0, term: 0 };
    if (step.do === "REGISTER") {
      return session === null ? { envelope: encodeEnvelope({ kind: "register", time }), attempt } : null;
    }
    if (session === null) return null;
    switch (step.do) {
      case "BEGIN":
        return open.size < MOST_OPEN ? this.#again(this.#begin(known, session, step), session, time) : null;
      case "RETRY": {
        const command = open.get(step.sequence);
        return command === undefined ? null : this.#again(command, session, time);
      }
      case "KEEP_ALIVE":
        return { envelope: session.keepAlive(time), attempt };
      case "CLOSE":
        if (open.size > 0) return null;
        // It does not wait for the answer: whoever closes a session has no use for it.
        known.session = null;
        this.counts.closed++;
        return { envelope: session.close(time), attempt };
    }
  }

  /** A node took an envelope, which stands at (index, term). */
  taken(node: number, index: number, term: number, attempt: Attempt): void {
    this.#mapOf(node).set(index, { ...attempt, term });
  }

  /** A node applied the entry (index, term), and answers. */
  applied(node: number, index: number, term: number, answer: Exclude<SessionAnswer<number>, { kind: "plain" }>): void {
    const attempt = this.#mapOf(node).get(index);
    if (attempt === undefined) return;
    this.#mapOf(node).delete(index);
    // Another entry is committed at its place, whose client is on another node: there is no answer.
    if (attempt.term === term) this.#hears(attempt, answer);
  }

  /** A node crashed: nobody hears from it. */
  crashed(node: number): void {
    this.#mapOf(node).clear();
    this.#clocks[node] = undefined;
  }

  /** Whether there is such a client, and it waits for this command. */
  isOpen(client: number, sequence: number): boolean {
    return this.#clients[client]?.open.has(sequence) === true;
  }

  /** A client stops to ask for a command that it waits for. */
  abandon(client: number, sequence: number): void {
    const known = this.#client(client);
    const command = known.open.get(sequence);
    if (command === undefined) throw new RangeError(`client ${client} does not wait for ${sequence}`);
    this.#end(known, command, null);
    this.counts.abandoned++;
  }

  /** What is to be asked for again on a node so that every command is answered: those that its log holds are under way. */
  *unasked({ around, core, disk, id: node }: SimNode): Generator<Extract<Step, { do: "RETRY" }>> {
    const underWay = new Set<string>();
    for (const [index, { client, sequence, term }] of this.#mapOf(node)) {
      if (index <= core.state.applied || around.tree.term(disk.written.at(index)) !== term) continue;
      underWay.add(`${client}/${sequence}`);
    }
    for (const [client, { open }] of this.#clients.entries()) {
      for (const sequence of open.keys()) {
        if (!underWay.has(`${client}/${sequence}`)) yield { do: "RETRY", node, client, sequence };
      }
    }
  }

  /** Commands without an answer. */
  get open(): number {
    return this.#clients.reduce((sum, { open }) => sum + open.size, 0);
  }

  /** What the clients saw, for the linearizability checker. */
  *history(): Generator<Operation> {
    for (const { client, id, invoked, isWrite, key, result, returned } of this.#commands) {
      const call = isWrite ? { kind: "write" as const, argument: `${id}` } : { kind: "read" as const };
      const what = { client: FIRST_CLIENT + client, key: `${key}`, invoked, ...call };
      if (result === null || returned === null) yield { ...what, outcome: "unknown", returned };
      else yield { ...what, outcome: "ok", returned, result: isWrite || result === 0 ? null : `${result}` };
    }
  }

  #begin(
    client: Client,
    session: ClientSession,
    { client: number, key, write }: Extract<Step, { do: "BEGIN" }>,
  ): Command {
    const call = {
      id: FIRST_ID + this.#commands.length,
      client: number,
      sequence: session.begin(),
      key,
      isWrite: write,
    };
    const command: Command = { ...call, invoked: this.#tick(), returned: null, result: null };
    this.#commands.push(command);
    client.open.set(command.sequence, command);
    this.counts.begun++;
    return command;
  }

  #again({ client, id, isWrite, key, sequence }: Command, session: ClientSession, time: number): Asked {
    this.counts.asked++;
    const bytes = new Uint8Array(COMMAND_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, id, true);
    view.setUint32(4, key | (isWrite ? WRITE : 0), true);
    const attempt: Attempt = { client, session: session.id, sequence, term: 0 };
    return { envelope: session.encode(sequence, bytes, time), attempt };
  }

  #hears({ client, sequence, session }: Attempt, answer: Exclude<SessionAnswer<number>, { kind: "plain" }>): void {
    const known = this.#client(client);
    if (answer.kind === "registered") {
      // An answer to a registration that was asked for twice leaves a session that nobody uses.
      if (known.session !== null) return;
      known.session = new ClientSession(answer.session);
      this.counts.opened++;
      return;
    }
    if (answer.kind === "applied") {
      if (answer.replayed) this.counts.replayed++;
      this.once.acknowledged({ session, sequence }, answer.result);
    }
    if (known.session?.id !== session) return;
    if (answer.kind === "refused" && answer.refusal === "unknown session") this.#loses(known);
    const command = known.open.get(sequence);
    if (command === undefined) return;
    if (answer.kind === "applied") {
      this.#end(known, command, answer.result);
      this.counts.answered++;
    } else if (answer.kind === "refused") {
      this.#isRefused(known, command, answer.refusal);
    }
  }

  #isRefused(client: Client, command: Command, refusal: string): void {
    if (refusal === "too far ahead") this.counts.tooFarAhead++;
    else if (refusal === "answer not kept") {
      // A write came to what it always comes to.
      this.#end(client, command, command.isWrite ? command.id : null);
      this.counts.notKept++;
    } else {
      this.#report("sessions", `client ${command.client} waits for ${command.sequence}, and is refused: ${refusal}`);
    }
  }

  #loses(client: Client): void {
    for (const command of [...client.open.values()]) this.#end(client, command, null);
    client.session = null;
    this.counts.lost++;
  }

  #end(client: Client, command: Command, result: number | null): void {
    command.result = result;
    command.returned = this.#tick();
    client.open.delete(command.sequence);
    client.session?.end(command.sequence);
  }

  #client(client: number): Client {
    const known = this.#clients[client];
    if (known === undefined) throw new RangeError(`there is no client ${client}`);
    return known;
  }

  #clock(node: SimNode): LogClock {
    const { machine } = node;
    if (!(machine instanceof SessionRegisterMachine)) throw new TypeError(`node ${node.id} keeps no sessions`);
    const clock =
      this.#clocks[node.id] ??
      new LogClock(
        () => machine.logTime,
        () => node.clock,
      );
    this.#clocks[node.id] = clock;
    return clock;
  }

  #mapOf(node: number): Map<number, Attempt> {
    const map = this.#atNode[node];
    if (map === undefined) throw new RangeError(`there is no node ${node}`);
    return map;
  }
}
