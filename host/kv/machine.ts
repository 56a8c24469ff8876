/**
 * The reference state machine: a key-value store with sessions. A command may stand in the log bare, as one that is
 * nobody's, or in an envelope that has it applied once.
 *
 * A snapshot is that of the sessions, and then that of the store.
 */

import { createHash } from "node:crypto";
import type { EntryPosition, StateMachine } from "../machine/machine.js";
import type { SessionAnswer } from "../session/answers.js";
import { SESSION_LIMITS } from "../session/limits.js";
import { SessionMachine, SessionSnapshotError } from "../session/machine.js";
import { isLimited } from "./command.js";
import { STORE_RESULTS } from "./result.js";
import { type KvEntry, KvSnapshotError, KvStore, type KvStoreResult } from "./store.js";

export { type KvEntry, KvSnapshotError };

/** What an entry came to; `index` is where it stands in the log. */
export type KvResult =
  | KvStoreResult
  /** What a command in an envelope came to. The index in its result is that of the entry that was applied. */
  | {
      readonly kind: "session";
      readonly index: number;
      readonly answer: Exclude<SessionAnswer<KvStoreResult>, { readonly kind: "plain" }>;
    };

/** This machine keeps what the boards among the members do not: their states would part. */
export class KvSessionsError extends Error {
  override readonly name = "KvSessionsError";

  constructor() {
    super(
      "a session or an idempotency key is kept where commands have the limit of a board's store: boards keep none. " +
        "make the machine of every member with NO_SESSIONS, and start it again",
    );
  }
}

export class KvMachine implements Required<StateMachine<KvResult>> {
  readonly #store = new KvStore();
  readonly #machine: SessionMachine<KvStoreResult>;
  /** A command that says how large the store may become was applied: a board is a member. */
  #limited = false;
  /** The digest of the content; undefined when that may have changed since the last one. */
  #digest: string | undefined;

  constructor(limits = SESSION_LIMITS) {
    this.#machine = new SessionMachine(this.#store, STORE_RESULTS, limits);
  }

  /** A machine that has what a snapshot says. @throws as {@link restore} */
  static restore(snapshot: Uint8Array): KvMachine {
    const machine = new KvMachine();
    machine.restore(snapshot);
    return machine;
  }

  /** Number of keys. */
  get size(): number {
    return this.#store.size;
  }

  /** The latest time that an entry brought, in ms. */
  get logTime(): number {
    return this.#machine.logTime;
  }

  /** What this node has for a key: as new as the entries it has applied. */
  get(key: string): KvEntry | undefined {
    return this.#store.get(key);
  }

  /** All keys and what they have, in the order of the keys' bytes. */
  entries(): IterableIterator<[string, KvEntry]> {
    return this.#store.entries();
  }

  apply(bytes: Uint8Array, position: EntryPosition): KvResult {
    const { logTime } = this.#machine;
    const answer = this.#machine.apply(bytes, position);
    this.#checkKept(bytes);
    const isRead = answer.kind === "plain" && answer.result.kind === "get";
    if (!isRead || this.#machine.logTime !== logTime) this.#digest = undefined;
    return answer.kind === "plain" ? answer.result : { kind: "session", index: position.index, answer };
  }

  /** Where a board is a member nothing may be kept for clients. @throws {KvSessionsError} when this machine does */
  #checkKept(bytes: Uint8Array): void {
    this.#limited ||= isLimited(bytes);
    if (this.#limited && (this.#machine.sessions > 0 || this.#machine.keys > 0)) throw new KvSessionsError();
  }

  /** Hex sha256 of the snapshot: equal on two nodes that have applied the same entries. */
  digest(): string {
    if (this.#digest !== undefined) return this.#digest;
    const hash = createHash("sha256");
    for (const piece of this.#machine.snapshot()) hash.update(piece);
    this.#digest = hash.digest("hex");
    return this.#digest;
  }

  /** All the machine has now, for {@link restore}, in pieces that may be asked for later. */
  snapshot(): Iterable<Uint8Array> {
    return this.#machine.snapshot();
  }

  /**
   * Takes what a snapshot says in place of its own content, which stays if the bytes are damaged.
   * @throws {KvSnapshotError} that says what is wrong with the bytes
   */
  restore(snapshot: Uint8Array): void {
    try {
      this.#machine.restore(snapshot);
    } catch (error) {
      if (!(error instanceof SessionSnapshotError)) throw error;
      throw new KvSnapshotError(error.message, { cause: error });
    }
    this.#digest = undefined;
  }
}
