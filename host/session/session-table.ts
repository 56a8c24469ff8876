/**
 * The sessions of a state machine (Ongaro's thesis, 6.3): for each the answers of the commands whose client has not said
 * that it has them. Sessions stand in the order of their last use; because log time never goes back, those that expire
 * first stand first.
 */

import { type Refused, refused } from "./answers.js";
import { type FieldReader, FieldWriter } from "./bytes.js";
import type { SessionLimits } from "./limits.js";
import { inPieces } from "./pieces.js";

interface Session {
  readonly id: number;
  /** Log time of the last use. */
  used: number;
  /** Sequences below are acknowledged; those from here up to `maxResponses` further on can be applied. Never goes back. */
  lowest: number;
  /** Encoded answers of what was applied from `lowest` on, by sequence, in the order of application; null for one that
   * was too long to be kept. */
  readonly answers: Map<number, Uint8Array | null>;
  /** Bytes of the answers that are kept; at most `maxSessionBytes`. */
  bytes: number;
}

/** A command's place in a session. */
export type Place =
  /** It was applied before: its answer. */
  | { readonly kind: "answered"; readonly answer: Uint8Array }
  /** It is to be applied now, and its encoded answer to be handed over. */
  | { readonly kind: "new"; readonly keep: (answer: Uint8Array) => void }
  | Refused;

export class SessionTable {
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<number, Session>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Removes the sessions that were not used for their lifetime. */
  expire(now: number): void {
    for (const { id, used } of this.#sessions.values()) {
      if (now - used < this.#limits.sessionLifetime) return;
      this.#sessions.delete(id);
    }
  }

  /** Opens a session, at the cost of those used least recently if there are too many. */
  register(id: number, now: number): Refused | undefined {
    if (this.#limits.maxSessions === 0)
      return refused("no sessions", "this cluster keeps no sessions: send commands bare");
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < this.#limits.maxSessions) break;
      this.#sessions.delete(oldest);
    }
    this.#sessions.set(id, { id, used: now, lowest: 1, answers: new Map(), bytes: 0 });
    return undefined;
  }

  /** Counts as a use, and discards the answers below `lowest`. */
  keepAlive(id: number, lowest: number, now: number): Refused | undefined {
    const session = this.#use(id, lowest, now);
    return session === undefined ? unknownSession(id) : undefined;
  }

  close(id: number): Refused | undefined {
    return this.#sessions.delete(id) ? undefined : unknownSession(id);
  }

  /** Finds out what is to be done with a command. */
  place(id: number, sequence: number, lowest: number, now: number): Place {
    const session = this.#use(id, lowest, now);
    if (session === undefined) return unknownSession(id);
    const known = session.answers.get(sequence);
    if (known !== undefined) return known === null ? answerNotKept() : { kind: "answered", answer: known };
    if (sequence < session.lowest) {
      return refused("already acknowledged", `session ${id} has acknowledged all below ${session.lowest}`);
    }
    const end = session.lowest + this.#limits.maxResponses;
    if (sequence >= end) {
      const waiting = `session ${id} has acknowledged none from ${session.lowest} on`;
      return refused("too far ahead", `${waiting}, and may go up to ${end - 1}: acknowledge answers first`);
    }
    return { kind: "new", keep: (answer) => this.#keep(session, sequence, answer) };
  }

  /** The sessions as they are now, for `read`, in pieces that may be asked for later. */
  pieces(): Iterable<Uint8Array> {
    const all = Array.from(this.#sessions.values(), (session) => ({ ...session, answers: [...session.answers] }));
    return inPieces(() => new FieldWriter(), all, writeSession);
  }

  /** Reads what `pieces` gave into a table that is empty. */
  read(reader: FieldReader, now: number): void {
    const count = reader.u32();
    for (let number = 0, last = 0; number < count && reader.fault === undefined; number++) {
      const session: Session = {
        id: reader.u64(),
        used: reader.u64(),
        lowest: reader.u64(),
        answers: new Map(),
        bytes: 0,
      };
      if (session.lowest < 1) reader.fail(`session ${session.id} counts from 0`);
      if (this.#sessions.has(session.id)) reader.fail(`session ${session.id} is there twice`);
      if (session.used < last || session.used > now)
        reader.fail(`session ${session.id} is not in the order of its use`);
      const answers = reader.u32();
      for (let read = 0; read < answers && reader.fault === undefined; read++) readInto(session, reader);
      this.#sessions.set(session.id, session);
      last = session.used;
    }
  }

  #use(id: number, lowest: number, now: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    // Behind all others: the map is in the order of use.
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    session.used = now;
    if (lowest > session.lowest) acknowledge(session, lowest);
    return session;
  }

  #keep(session: Session, sequence: number, answer: Uint8Array): void {
    const fits = session.bytes + answer.length <= this.#limits.maxSessionBytes;
    session.answers.set(sequence, fits ? answer : null);
    if (fits) session.bytes += answer.length;
  }
}

function acknowledge(session: Session, lowest: number): void {
  session.lowest = lowest;
  for (const [sequence, answer] of session.answers) {
    if (sequence >= lowest) continue;
    session.answers.delete(sequence);
    session.bytes -= answer?.length ?? 0;
  }
}

/** A session that does not change any more. */
type FrozenSession = Readonly<Omit<Session, "answers">> & { readonly answers: readonly [number, Uint8Array | null][] };

function writeSession(writer: FieldWriter, { answers, id, lowest, used }: FrozenSession): void {
  writer.u64(id);
  writer.u64(used);
  writer.u64(lowest);
  writer.u32(answers.length);
  for (const [sequence, answer] of answers) {
    writer.u64(sequence);
    writeAnswer(writer, answer);
  }
}

function readInto(session: Session, reader: FieldReader): void {
  const sequence = reader.u64();
  if (sequence < session.lowest || session.answers.has(sequence)) {
    reader.fail(`session ${session.id} has an answer to sequence ${sequence} that it cannot have`);
  }
  const answer = readAnswer(reader);
  session.answers.set(sequence, answer);
  session.bytes += answer?.length ?? 0;
}

/** Whether it was kept, and what was. */
export function writeAnswer(writer: FieldWriter, answer: Uint8Array | null): void {
  writer.u8(answer === null ? 0 : 1);
  if (answer !== null) writer.value(answer);
}

export function readAnswer(reader: FieldReader): Uint8Array | null {
  const kept = reader.u8();
  if (kept > 1) reader.fail("an answer is neither kept nor not");
  return kept === 1 ? reader.value() : null;
}

export function answerNotKept(): Refused {
  return refused("answer not kept", "the command was applied, and its answer was too long to be kept");
}

function unknownSession(id: number): Refused {
  return refused("unknown session", `there is no session ${id}, or no more: register another`);
}
