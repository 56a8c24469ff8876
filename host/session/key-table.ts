/**
 * Idempotency keys: each is a session that registers itself and has one command. A client needs no state for it but the
 * key; in turn nobody can tell a key that was forgotten from one that is new. So keys are never forgotten early: when the
 * table is full, new ones are refused until the oldest has been there for as long as was promised.
 */

import { createHash } from "node:crypto";
import { refused } from "./answers.js";
import { type FieldReader, FieldWriter } from "./bytes.js";
import { idempotencyKeyProblem, readKey } from "./envelope.js";
import type { SessionLimits } from "./limits.js";
import { inPieces } from "./pieces.js";
import { answerNotKept, type Place, readAnswer, writeAnswer } from "./session-table.js";

/** Bytes of the command's sha256 that are kept: enough for no two commands ever to be taken for the same. */
const FINGERPRINT_BYTES = 16;
const encoder = new TextEncoder();

interface Keyed {
  readonly key: string;
  /** Log time of the application. */
  readonly time: number;
  readonly fingerprint: Uint8Array;
  /** Encoded; null if it was too long to be kept. */
  readonly answer: Uint8Array | null;
  /** The one applied after it. */
  next: Keyed | undefined;
}

export class KeyTable {
  readonly #limits: SessionLimits;
  readonly #keys = new Map<string, Keyed>();
  /** The ends of the list of all, in the order of application and so of `time`. A map would be in this order as well, but
   * to find its first element takes the longer the more were removed before it. */
  #oldest: Keyed | undefined;
  #newest: Keyed | undefined;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Removes the keys whose lifetime is over. */
  expire(now: number): void {
    while (this.#oldest !== undefined && now - this.#oldest.time >= this.#limits.keyLifetime)
      this.#forget(this.#oldest);
  }

  /** Finds out what is to be done with a command. */
  place(key: string, command: Uint8Array, now: number): Place {
    const fingerprint = fingerprintOf(command);
    const known = this.#keys.get(key);
    if (known !== undefined) return replay(known, fingerprint);
    if (!this.#makeRoom(now)) {
      const reason = `${this.#limits.maxKeys} idempotency keys have come within ${this.#limits.keyPromise} ms`;
      return refused("too many keys", `${reason}, as many as are kept: try again later`);
    }
    const keep = (answer: Uint8Array) => {
      const kept = answer.length <= this.#limits.maxKeyBytes ? answer : null;
      this.#add({ key, time: now, fingerprint, answer: kept, next: undefined });
    };
    return { kind: "new", keep };
  }

  /** The keys as they are now, for `read`, in pieces that may be asked for later. */
  pieces(): Iterable<Uint8Array> {
    const all: Keyed[] = [];
    for (let keyed = this.#oldest; keyed !== undefined; keyed = keyed.next) all.push(keyed);
    return inPieces(() => new FieldWriter(), all, writeKeyed);
  }

  /** Reads what `pieces` gave into a table that is empty. */
  read(reader: FieldReader, now: number): void {
    const count = reader.u32();
    for (let number = 0, last = 0; number < count && reader.fault === undefined; number++) {
      const key = readKey(reader);
      const time = reader.u64();
      const fingerprint = new Uint8Array(reader.view(FINGERPRINT_BYTES));
      const problem = idempotencyKeyProblem(key);
      if (problem !== undefined) reader.fail(problem);
      if (this.#keys.has(key)) reader.fail(`the idempotency key ${key} is there twice`);
      if (time < last || time > now) reader.fail(`the idempotency key ${key} is not in the order of application`);
      this.#add({ key, time, fingerprint, answer: readAnswer(reader), next: undefined });
      last = time;
    }
  }

  /** Forgets what may be forgotten, as far as that is necessary. */
  #makeRoom(now: number): boolean {
    const { keyPromise, maxKeys } = this.#limits;
    while (this.#oldest !== undefined && this.#keys.size >= maxKeys) {
      if (now - this.#oldest.time < keyPromise) return false;
      this.#forget(this.#oldest);
    }
    return this.#keys.size < maxKeys;
  }

  #add(keyed: Keyed): void {
    this.#keys.set(keyed.key, keyed);
    if (this.#newest === undefined) this.#oldest = keyed;
    else this.#newest.next = keyed;
    this.#newest = keyed;
  }

  /** Removes the oldest. */
  #forget({ key, next }: Keyed): void {
    this.#keys.delete(key);
    this.#oldest = next;
    if (next === undefined) this.#newest = undefined;
  }
}

function writeKeyed(writer: FieldWriter, { answer, fingerprint, key, time }: Keyed): void {
  writer.u8(key.length);
  writer.bytes(encoder.encode(key));
  writer.u64(time);
  writer.bytes(fingerprint);
  writeAnswer(writer, answer);
}

function replay({ answer, fingerprint }: Keyed, asked: Uint8Array): Place {
  if (Buffer.compare(fingerprint, asked) !== 0) {
    return refused("key reused", "the idempotency key was used for another command: take a new key for each command");
  }
  return answer === null ? answerNotKept() : { kind: "answered", answer };
}

function fingerprintOf(command: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(command).digest().subarray(0, FINGERPRINT_BYTES));
}
