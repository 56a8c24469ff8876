/**
 * What a client does in its session and under idempotency keys. It asks until it is answered, at whichever node; the machine
 * has to apply it once, and to answer with what came of that. What it answers is judged here.
 */

import { isDeepStrictEqual } from "node:util";
import type { KvResult } from "../../host/kv/machine.js";
import type { KvStoreResult } from "../../host/kv/store.js";
import { ClientSession } from "../../host/session/client.js";
import { encodeEnvelope } from "../../host/session/envelope.js";
import type { Judge } from "../host-world/judged-machine.js";
import type { Asker, Insisted, Outcome } from "./asker.js";
import type { SessionCounts } from "./counts.js";

/** How many of the newest commands of its session a client can repeat. */
const MOST_REPEATABLE = 4;

export interface SessionClientOptions {
  /** Whose it is, for reports. */
  readonly id: number;
  readonly asker: Pick<Asker, "insist">;
  readonly judge: Judge;
  readonly counts: SessionCounts;
  /** Whether the machines keep anything: if not, all has to be refused. */
  readonly isKept: boolean;
}

type InEnvelope = Extract<KvResult, { readonly kind: "session" }>;
type Refusal = Extract<InEnvelope["answer"], { readonly kind: "refused" }>;

/** What came of a command in an envelope. */
export type Enveloped = Outcome<KvStoreResult> & { readonly envelope: Uint8Array };

/** A command that was answered. */
interface Answered {
  readonly envelope: Uint8Array;
  readonly result: KvStoreResult;
}

export class SessionClient {
  readonly #options: SessionClientOptions;
  #session: ClientSession | undefined;
  #registrations = 0;
  readonly #answered: Answered[] = [];

  constructor(options: SessionClientOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#session !== undefined;
  }

  /** Opens a session. @returns whether there is one now */
  async register(): Promise<boolean> {
    const { counts, isKept } = this.#options;
    const outcome = await this.#insist(encodeEnvelope({ kind: "register", time: now() }));
    if (outcome.kind !== "ok") return false;
    const { answer, index } = outcome.value;
    if (isKept && answer.kind === "registered" && answer.session === index) {
      this.#session = new ClientSession(index);
      counts.opened++;
      if (++this.#registrations > 1) counts.reopened++;
    } else if (!isKept && answer.kind === "refused" && answer.refusal === "no sessions") counts.refused++;
    else this.#judge("sessions", `registers at index ${index}, and is answered ${JSON.stringify(answer)}`);
    return this.isOpen;
  }

  /** Ends the session; what was answered in it may still come again. */
  async close(): Promise<void> {
    const session = this.#open();
    this.#session = undefined;
    const outcome = await this.#insist(session.close(now()));
    if (outcome.kind !== "ok") return;
    const { answer } = outcome.value;
    // It may have expired, or been closed by an attempt before.
    const isGone = answer.kind === "refused" && answer.refusal === "unknown session";
    if (isGone || (answer.kind === "closed" && answer.session === session.id)) this.#options.counts.closed++;
    else this.#judge("sessions", `closes session ${session.id}, and is answered ${JSON.stringify(answer)}`);
  }

  /** A command in the session. */
  async write(command: Uint8Array): Promise<Enveloped> {
    this.#options.counts.writes++;
    const session = this.#open();
    const sequence = session.begin();
    const envelope = session.encode(sequence, command, now());
    const outcome = this.#resultOf(await this.#insist(envelope));
    session.end(sequence);
    if (outcome.kind === "ok") this.#answered.push({ envelope, result: outcome.value });
    if (this.#answered.length > MOST_REPEATABLE) this.#answered.shift();
    return { ...outcome, envelope };
  }

  /** A command under an idempotency key, which no other command has. */
  async writeKeyed(key: string, command: Uint8Array): Promise<Enveloped> {
    this.#options.counts.keyed++;
    const envelope = encodeEnvelope({ kind: "keyed", time: now(), key, command });
    return { ...this.#resultOf(await this.#insist(envelope)), envelope };
  }

  /**
   * One of the newest commands that were answered comes again, as a message does that was long under way: nothing may come of
   * it but the same answer, or the refusal of what is acknowledged or belongs to no session any more.
   * @param draw takes one of so many
   */
  async repeat(draw: (bound: number) => number): Promise<void> {
    const answered = this.#answered[draw(this.#answered.length)];
    if (answered === undefined) return;
    const { envelope, result } = answered;
    const outcome = await this.#insist(envelope);
    if (outcome.kind !== "ok") return;
    this.#options.counts.repeated++;
    const { answer, index: at } = outcome.value;
    const isRefused = answer.kind === "refused" && ["already acknowledged", "unknown session"].includes(answer.refusal);
    const isSame = answer.kind === "applied" && answer.replayed && isDeepStrictEqual(answer.result, result);
    if (!isRefused && !isSame) {
      const what = `has its command of index ${result.index} come again at ${at}, and is answered ${JSON.stringify(answer)}`;
      this.#judge("exactly once", what);
    }
  }

  /** What a command was answered. */
  #resultOf(outcome: Insisted<InEnvelope>): Outcome<KvStoreResult> {
    if (outcome.kind !== "ok") return outcome;
    const { isUncertain, value } = outcome;
    const { answer } = value;
    if (answer.kind === "refused") {
      this.#refused(answer);
      return { kind: isUncertain ? "unknown" : "failed" };
    }
    if (answer.kind !== "applied") return this.#contradicted(answer.kind);
    const { counts, isKept } = this.#options;
    if (!isKept) this.#judge("sessions", "has an answer kept, where none are");
    if (answer.replayed) counts.replayed++;
    if (answer.replayed && !isUncertain) this.#judge("answers", "asked once, and is answered as if it had before");
    return { kind: "ok", value: answer.result };
  }

  /** A session that expired is not there any more; a table that is full has room again with time. */
  #refused({ reason, refusal }: Refusal): void {
    this.#options.counts.refused++;
    if (refusal === "unknown session") this.#session = undefined;
    else if (refusal !== "too many keys") this.#judge("sessions", `is refused: ${refusal}: ${reason}`);
  }

  async #insist(envelope: Uint8Array): Promise<Insisted<InEnvelope>> {
    const outcome = await this.#options.asker.insist(envelope);
    if (outcome.kind !== "ok") return outcome;
    const { isUncertain, value } = outcome;
    return value.kind === "session" ? { kind: "ok", value, isUncertain } : this.#contradicted(value.kind);
  }

  #contradicted(kind: string): Insisted<never> {
    this.#judge("answers", `sent an envelope, and is answered "${kind}"`);
    return { kind: "unknown", isUncertain: true };
  }

  #open(): ClientSession {
    if (this.#session === undefined) throw new Error(`client ${this.#options.id} has no session: register() opens one`);
    return this.#session;
  }

  #judge(rule: string, detail: string): void {
    this.#options.judge(rule, `client ${this.#options.id} ${detail}`);
  }
}

/** What envelopes are stamped with, in ms: all clients read the same clock. */
function now(): number {
  return Math.floor(performance.now());
}
