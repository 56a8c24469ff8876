/**
 * Sessions for any state machine: a wrapper that applies each command of a client once, however often it comes to stand
 * in the log, and answers the others as the first (Ongaro's thesis, 6.3).
 *
 * Everything here is decided by the log alone. Time is that of the proposers, carried by the envelopes; the machine
 * keeps the latest it has seen, and reads no clock.
 *
 * A snapshot is a version byte, the log time as a u64, the sessions, the keys, and then the inner machine's snapshot.
 */

import type { EntryPosition, StateMachine } from "../machine/machine.js";
import { refused, type SessionAnswer } from "./answers.js";
import { FieldReader, FieldWriter } from "./bytes.js";
import { decodeEnvelope, type Envelope, EnvelopeError, isEnvelope } from "./envelope.js";
import { KeyTable } from "./key-table.js";
import { SESSION_LIMITS, type SessionLimits } from "./limits.js";
import { type Place, SessionTable } from "./session-table.js";

/** A state machine whose state can be taken along. */
export type InnerMachine<Result> = Required<StateMachine<Result>>;

/** How answers are kept for a client that asks again. */
export interface ResultCodec<Result> {
  encode(result: Result): Uint8Array;
  decode(bytes: Uint8Array): Result;
}

/** Bytes that are no snapshot of a machine with sessions, or not a whole one. */
export class SessionSnapshotError extends Error {
  override readonly name = "SessionSnapshotError";
}

const SNAPSHOT_VERSION = 1;

export class SessionMachine<Result> implements Required<StateMachine<SessionAnswer<Result>>> {
  readonly #inner: InnerMachine<Result>;
  readonly #codec: ResultCodec<Result>;
  readonly #limits: SessionLimits;
  #logTime = 0;
  #sessions: SessionTable;
  #keys: KeyTable;

  /** @param limits the same on all nodes: they decide what commands come to. */
  constructor(inner: InnerMachine<Result>, codec: ResultCodec<Result>, limits = SESSION_LIMITS) {
    this.#inner = inner;
    this.#codec = codec;
    this.#limits = limits;
    this.#sessions = new SessionTable(limits);
    this.#keys = new KeyTable(limits);
  }

  /** The latest time that an entry brought, in ms. */
  get logTime(): number {
    return this.#logTime;
  }

  /** Sessions that are open. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Idempotency keys that are remembered. */
  get keys(): number {
    return this.#keys.size;
  }

  apply(bytes: Uint8Array, position: EntryPosition): SessionAnswer<Result> {
    if (!isEnvelope(bytes)) return { kind: "plain", result: this.#inner.apply(bytes, position) };
    let envelope: Envelope;
    try {
      envelope = decodeEnvelope(bytes);
    } catch (error) {
      if (error instanceof EnvelopeError) return refused("malformed", error.message);
      throw error;
    }
    this.#advance(envelope.time);
    return this.#take(envelope, position);
  }

  /** The state as it is now, in pieces that may be asked for later. */
  snapshot(): Iterable<Uint8Array> {
    const head = new FieldWriter();
    head.u8(SNAPSHOT_VERSION);
    head.u64(this.#logTime);
    const inner = this.#inner.snapshot();
    const innerPieces = inner instanceof Uint8Array ? [inner] : inner;
    return joined([head.finish()], this.#sessions.pieces(), this.#keys.pieces(), innerPieces);
  }

  /**
   * Takes the state of a snapshot in place of its own, the inner machine's included. Nothing changes if it is damaged,
   * as far as the inner machine keeps to that.
   * @throws {SessionSnapshotError} that says what is wrong with the bytes, or what the inner machine throws
   */
  restore(snapshot: Uint8Array): void {
    const reader = new FieldReader(snapshot);
    const version = reader.u8();
    if (version !== SNAPSHOT_VERSION) {
      reader.fail(`it has format ${version}, and this program reads ${SNAPSHOT_VERSION}`);
    }
    const logTime = reader.u64();
    const sessions = new SessionTable(this.#limits);
    const keys = new KeyTable(this.#limits);
    sessions.read(reader, logTime);
    keys.read(reader, logTime);
    const inner = reader.view(reader.left);
    if (reader.fault !== undefined) {
      throw new SessionSnapshotError(`this is no snapshot with sessions: ${reader.fault}; take it from another node`);
    }
    this.#inner.restore(inner);
    this.#logTime = logTime;
    this.#sessions = sessions;
    this.#keys = keys;
  }

  /** Whoever has expired goes before anything else is decided. */
  #advance(time: number): void {
    if (time <= this.#logTime) return;
    this.#logTime = time;
    this.#sessions.expire(time);
    this.#keys.expire(time);
  }

  #take(envelope: Envelope, position: EntryPosition): SessionAnswer<Result> {
    const now = this.#logTime;
    switch (envelope.kind) {
      case "plain":
        return { kind: "plain", result: this.#inner.apply(envelope.command, position) };
      case "register":
        return this.#sessions.register(position.index, now) ?? { kind: "registered", session: position.index };
      case "keepAlive": {
        const { lowest, session } = envelope;
        return this.#sessions.keepAlive(session, lowest, now) ?? { kind: "alive", session };
      }
      case "close":
        return this.#sessions.close(envelope.session) ?? { kind: "closed", session: envelope.session };
      case "command": {
        const { command, lowest, sequence, session } = envelope;
        return this.#once(this.#sessions.place(session, sequence, lowest, now), command, position);
      }
      case "keyed":
        return this.#once(this.#keys.place(envelope.key, envelope.command, now), envelope.command, position);
    }
  }

  #once(place: Place, command: Uint8Array, position: EntryPosition): SessionAnswer<Result> {
    if (place.kind === "refused") return place;
    if (place.kind === "answered") {
      return { kind: "applied", result: this.#codec.decode(place.answer), replayed: true };
    }
    const result = this.#inner.apply(command, position);
    place.keep(this.#codec.encode(result));
    return { kind: "applied", result, replayed: false };
  }
}

function* joined(...parts: readonly Iterable<Uint8Array>[]): Generator<Uint8Array> {
  for (const part of parts) yield* part;
}
