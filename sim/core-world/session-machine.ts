/**
 * The registers of a node behind the sessions that hosts have (host/session): what comes of every entry is told to the
 * clients, and to the rule that each command is applied once.
 */

import type { EntryPosition } from "../../host/machine/machine.js";
import { decodeEnvelope, type Envelope, isEnvelope } from "../../host/session/envelope.js";
import { SESSION_LIMITS, type SessionLimits } from "../../host/session/limits.js";
import { type InnerMachine, type ResultCodec, SessionMachine } from "../../host/session/machine.js";
import type { CommandName } from "../checkers/exactly-once.js";
import type { Region } from "../core-under-test.js";
import { type Clients, RegisterMachine } from "./clients.js";
import type { SessionClients } from "./session-clients.js";

/** Bytes of an answer: a request's number. */
const ANSWER_BYTES = 4;
/** So tight that every limit is met: sessions for all clients and a few that nobody uses, and of a window of answers the
 * last one is not kept. */
export const TIGHT_LIMITS: SessionLimits = {
  ...SESSION_LIMITS,
  maxSessions: 10,
  sessionLifetime: 1000,
  maxResponses: 4,
  maxSessionBytes: 2 * ANSWER_BYTES,
};

const CODEC: ResultCodec<number> = {
  encode: (result) => new Uint8Array(Int32Array.of(result).buffer),
  decode: (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(0, true),
};

export class SessionRegisterMachine extends RegisterMachine {
  readonly #sessions: SessionClients;
  #machine = this.#create();
  /** Whether the entry that is applied came to the registers. */
  #executed = false;

  constructor(node: number, clients: Clients, sessions: SessionClients) {
    super(node, clients);
    this.#sessions = sessions;
  }

  /** The latest time that an entry brought, in ms. */
  get logTime(): number {
    return this.#machine.logTime;
  }

  override apply(index: number, term: number, memory: Region, offset: number, length: number): void {
    const bytes = memory.bytes.subarray(offset, offset + length);
    const command = commandIn(bytes);
    this.#executed = false;
    const answer = this.#machine.apply(bytes, { index, term });
    if (command !== null) this.#sessions.once.takes(this.node, index, command, this.#executed, answer);
    if (answer.kind === "plain") this.clients.applied(this.node, index, term, answer.result);
    else this.#sessions.applied(this.node, index, term, answer);
  }
  override save(): Uint8Array {
    return Buffer.concat([...this.#machine.snapshot()]);
  }
  override load(state: Uint8Array): void {
    if (state.length > 0) {
      this.#machine.restore(state);
      return;
    }
    super.load(state);
    this.#machine = this.#create();
  }

  #create(): SessionMachine<number> {
    const registers: InnerMachine<number> = {
      apply: (command: Uint8Array, _position: EntryPosition) => {
        this.#executed = true;
        const view = new DataView(command.buffer, command.byteOffset, command.length);
        return this.execute(view.getInt32(0, true), view.getInt32(4, true));
      },
      snapshot: () => super.save(),
      restore: (bytes) => super.load(bytes),
    };
    return new SessionMachine(registers, CODEC, TIGHT_LIMITS);
  }
}

/** Which command of which session an entry holds; null if it holds none. */
function commandIn(bytes: Uint8Array): CommandName | null {
  const envelope: Envelope | null = isEnvelope(bytes) ? decodeEnvelope(bytes) : null;
  return envelope?.kind === "command" ? { session: envelope.session, sequence: envelope.sequence } : null;
}
