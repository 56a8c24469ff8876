/**
 * Clients with sessions (thesis 6.3): each opens a session, gives its commands sequences, and asks again, on any node, until
 * it has an answer. So the log holds a command several times, behind each other and under several leaders, and it has to
 * be applied once. A session is lost when it expires by log time, or when others take its place: then the outcome of
 * what was open is unknown to the client, and it opens another one.
 */

import type { SessionAnswer } from "../../host/session/answers.js";
import { ClientSession } from "../../host/session/client.js";
import { encodeEnvelope } from "../../host/session/envelope.js";
import { ExactlyOnce } from "../checkers/exactly-once.js";
import type { Operation } from "../checkers/history.js";
import type { Random } from "../random.js";
import type { Step } from "../trace/step.js";
import type { Report } from "../violation.js";
import { COMMAND_BYTES, KEYS, WRITE } from "./clients.js";
import { type Attempt, SessionAttempts } from "./session-attempts.js";
import { type Command, SessionCommands } from "./session-commands.js";
import type { SimNode } from "./sim-node.js";

/** Clients of a run: more than there can be sessions. */
const CLIENTS = 8;
/** Commands without an answer that a client has at the most. */
const MOST_OPEN = 3;
/** Envelopes of a client that may come to a node again, as late copies of a request do. */
const MOST_RECENT = 4;

/** What a client does, and on which node. */
export type SessionStep = Extract<Step, { do: "REGISTER" | "BEGIN" | "RETRY" | "KEEP_ALIVE" | "CLOSE" | "ECHO" }>;

interface Client {
  session: ClientSession | null;
  /** By sequence. */
  readonly open: Map<number, Command>;
  /** What it handed to nodes last, newest first. */
  readonly recent: Asked[];
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
  readonly #commands: SessionCommands;
  readonly #attempts: SessionAttempts;
  readonly #random: Random;
  readonly #report: Report;

  /** @param tick numbers the events that clients notice */
  constructor(nodes: number, random: Random, tick: () => number, report: Report) {
    this.#clients = Array.from({ length: CLIENTS }, () => ({ session: null, open: new Map(), recent: [] }));
    this.#commands = new SessionCommands(tick);
    this.#attempts = new SessionAttempts(nodes);
    this.#random = random;
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
    const asked = this.#ask(client, step, this.#attempts.now(node));
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
    this.#attempts.taken(node, index, { ...attempt, term });
  }

  /** A node applied the entry (index, term), and answers. */
  applied(node: number, index: number, term: number, answer: Exclude<SessionAnswer<number>, { kind: "plain" }>): void {
    const attempt = this.#attempts.applied(node, index, term);
    if (attempt !== null) this.#hears(attempt, answer);
  }

  /** A node crashed: nobody hears from it. */
  crashed(node: number): void {
    this.#attempts.crashed(node);
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
  *unasked(node: SimNode): Generator<Extract<Step, { do: "RETRY" }>> {
    const underWay = new Set<string>();
    for (const { client, sequence } of this.#attempts.underWay(node)) underWay.add(`${client}/${sequence}`);
    for (const [client, { open }] of this.#clients.entries()) {
      for (const sequence of open.keys()) {
        if (!underWay.has(`${client}/${sequence}`)) yield { do: "RETRY", node: node.id, client, sequence };
      }
    }
  }

  /** Commands without an answer. */
  get open(): number {
    return this.#clients.reduce((sum, { open }) => sum + open.size, 0);
  }

  /** What the clients saw, for the linearizability checker. */
  history(): Generator<Operation> {
    return this.#commands.history();
  }

  #begin(
    client: Client,
    session: ClientSession,
    { client: number, key, write }: Extract<Step, { do: "BEGIN" }>,
  ): Command {
    const call = { client: number, sequence: session.begin(), key, isWrite: write };
    const command = this.#commands.begin(call);
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
    this.#commands.end(command, result);
    client.open.delete(command.sequence);
    client.session?.end(command.sequence);
  }

  #client(client: number): Client {
    const known = this.#clients[client];
    if (known === undefined) throw new RangeError(`there is no client ${client}`);
    return known;
  }
}
