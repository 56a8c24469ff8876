/**
 * Clients of the key-value store. Each has a session and one request at a time: writes, deletions and comparisons in its
 * session, under an idempotency key, or as nobody's; reads through the log, by a round, or by a lease, at any node. What is
 * repeatable it repeats, at other nodes, until it is answered or the client loses patience.
 */

import { isDeepStrictEqual } from "node:util";
import { NotLeaderError, RaftError } from "../../host/errors.js";
import { encodeCommand, type KvCommand } from "../../host/kv/command.js";
import type { KvResult } from "../../host/kv/machine.js";
import type { KvStoreResult } from "../../host/kv/store.js";
import type { SessionRefusal } from "../../host/session/answers.js";
import { ClientSession } from "../../host/session/client.js";
import { encodeEnvelope } from "../../host/session/envelope.js";
import type { Result, Value } from "../checkers/history.js";
import type { Era } from "./era.js";
import type { Host } from "./host.js";
import { readLocally } from "./local-reads.js";
import type { Stream } from "./stream.js";
import { bytesOf, drawValue, textOf } from "./values.js";
import type { HostWorld } from "./world.js";

/** ms that a client waits for one answer, at most, and between two attempts. */
const PATIENCE = 2500;
const BACKOFF = 120;
/** Attempts until a client loses patience. */
const ATTEMPTS = 12;
/** One request in so many is one that was answered before, of the newest ones in the client's session. */
const REPEATS = 12;
const MOST_REPEATABLE = 4;
/** What may become of it: the client has acknowledged it, or its session is gone. */
const REPEAT_REFUSALS: readonly SessionRefusal[] = ["already acknowledged", "unknown session"];

/** A command of a session that was answered. */
interface Answered {
  readonly envelope: Uint8Array;
  readonly result: KvStoreResult;
}

type Manner = "session" | "keyed" | "plain";
const MANNERS: readonly Manner[] = ["session", "session", "session", "keyed", "plain"];
type ReadKind = "log" | "index" | "lease" | "local";
const READS: readonly ReadKind[] = ["log", "index", "index", "lease", "local"];

type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "failed" }
  | { readonly kind: "unknown" };

export class Client {
  /** What it is doing, for reports; undefined if it waits for nothing. */
  doing: string | undefined;
  readonly #random: Stream;
  #session: ClientSession | undefined;
  /** The node that was said to lead. */
  #hint = 0;
  #values = 0;
  #lastSeen: Value = null;
  #answered: Answered[] = [];

  constructor(
    private readonly world: HostWorld,
    readonly id: number,
  ) {
    this.#random = world.fork();
  }

  /** Makes requests until it is told to stop. */
  async run(): Promise<void> {
    while (this.world.isServing) {
      await this.world.sleep(this.#random.below(2 * this.world.settings.thinking) + 1);
      if (!this.world.isServing) break;
      await this.#request();
      this.doing = undefined;
    }
  }

  /** Hears of another cluster: as the documents say, a session of an earlier one is not used any more, and what is under way is
   * given up. Only what that cluster has may still be repeated. */
  meets({ beginning }: Era): void {
    this.#session = undefined;
    this.#answered = this.#answered.filter(({ result }) => result.index <= beginning.kept);
  }

  /** Reads a key linearizably, until it is answered. */
  async look(key: string): Promise<Value | undefined> {
    return this.#read(key, "index", Number.POSITIVE_INFINITY);
  }

  /** Writes something. */
  async touch(): Promise<void> {
    const key = this.world.keys[0] ?? "";
    const value = `${this.id}.${++this.#values}`;
    await this.#write(key, { kind: "write", argument: value }, { kind: "put", key, value: bytesOf(value) }, "keyed");
    this.doing = undefined;
  }

  async #request(): Promise<void> {
    const random = this.#random;
    const { keys } = this.world;
    const answered = random.oneIn(REPEATS) ? this.#answered[random.below(this.#answered.length)] : undefined;
    if (answered !== undefined) return this.#repeat(answered);
    const key = keys[random.below(keys.length)] ?? "";
    if (random.oneIn(3)) {
      const kind = READS[random.below(READS.length)] ?? "log";
      const host = kind === "local" ? this.#target() : undefined;
      if (host !== undefined) readLocally(this.world, host, key);
      if (kind !== "local") await this.#read(key, kind, ATTEMPTS);
      return;
    }
    const manner = MANNERS[random.below(MANNERS.length)] ?? "plain";
    const value = drawValue(`${this.id}.${++this.#values}`, random);
    const kind = random.below(10);
    if (kind < 6)
      await this.#write(key, { kind: "write", argument: value }, { kind: "put", key, value: bytesOf(value) }, manner);
    else if (kind < 8) await this.#write(key, { kind: "delete" }, { kind: "delete", key }, manner);
    else await this.#compareAndSet(key, value, manner);
  }

  async #compareAndSet(key: string, value: string, manner: Manner): Promise<void> {
    const expected = this.#lastSeen;
    const compare =
      expected === null
        ? ({ kind: "absent", key } as const)
        : ({ kind: "value", key, value: bytesOf(expected) } as const);
    const command: KvCommand = { kind: "txn", compare: [compare], then: [{ kind: "put", key, value: bytesOf(value) }] };
    await this.#write(key, { kind: "cas", argument: { expected, value } }, command, manner);
  }

  async #write(
    key: string,
    call:
      | { kind: "write"; argument: string }
      | { kind: "delete" }
      | { kind: "cas"; argument: { expected: Value; value: Value } },
    command: KvCommand,
    manner: Manner,
  ): Promise<void> {
    if (manner === "session" && !(await this.#register())) return;
    this.doing = `${call.kind} of ${key}, ${manner}`;
    const { history } = this.world.era;
    const handle = history.begin(this.id, { key, ...call });
    const outcome = await this.#once(encodeCommand(command), manner);
    if (outcome.kind === "failed") history.failed(handle);
    else if (outcome.kind === "unknown") history.unknown(handle);
    else history.ok(handle, this.#resultOf(outcome.value));
    this.world.probe(`${manner} writes ${outcome.kind}`);
  }

  #resultOf(result: KvStoreResult): Result {
    if (result.kind === "txn") return result.succeeded;
    if (result.kind === "put" || result.kind === "delete") return null;
    this.world.judge("answers", `client ${this.id} was answered "${result.kind}" to a write`);
    return null;
  }

  /** Proposes a command in one manner. */
  async #once(command: Uint8Array, manner: Manner): Promise<Outcome<KvStoreResult>> {
    if (manner === "plain") {
      const outcome = await this.#propose(command, false, ATTEMPTS);
      if (outcome.kind !== "ok") return outcome;
      if (outcome.value.kind === "session") return this.#contradicted(outcome.value);
      this.world.applications.acknowledged(outcome.value.index, command);
      return { kind: "ok", value: outcome.value };
    }
    const time = this.world.milliseconds;
    if (manner === "keyed") {
      const envelope = encodeEnvelope({ kind: "keyed", time, key: `${this.id}-${this.#values}-${time}`, command });
      return this.#answer(await this.#propose(envelope, true, ATTEMPTS), envelope);
    }
    const session = this.#session;
    if (session === undefined) return { kind: "failed" };
    const sequence = session.begin();
    const envelope = session.encode(sequence, command, time);
    const outcome = await this.#propose(envelope, true, ATTEMPTS);
    session.end(sequence);
    const answer = this.#answer(outcome, envelope);
    if (answer.kind === "ok") this.#answered.push({ envelope, result: answer.value });
    if (this.#answered.length > MOST_REPEATABLE) this.#answered.shift();
    return answer;
  }

  /** Asks once more for what was answered, as messages that were long under way do: nothing may come of it but the same answer,
   * or the refusal of what is acknowledged or belongs to no session any more. */
  async #repeat({ envelope, result }: Answered): Promise<void> {
    this.doing = "a command that was answered before";
    const outcome = await this.#propose(envelope, true, ATTEMPTS);
    if (outcome.kind !== "ok") return;
    const { value } = outcome;
    const answer = value.kind === "session" ? value.answer : undefined;
    const isRefused = answer?.kind === "refused" && REPEAT_REFUSALS.includes(answer.refusal);
    const isSame = answer?.kind === "applied" && answer.replayed && isDeepStrictEqual(answer.result, result);
    if (isRefused) this.world.probe(`repeated: ${answer.refusal}`);
    else if (!isSame) {
      const what = `client ${this.id} had its command of index ${result.index} answered again, at index ${value.index}`;
      this.world.judge("exactly once", `${what}: ${JSON.stringify(answer)}`);
    }
  }

  /** What the session machine's answer means to the client. */
  #answer(outcome: Outcome<KvResult> & { readonly uncertain?: boolean }, envelope: Uint8Array): Outcome<KvStoreResult> {
    if (outcome.kind !== "ok") return outcome;
    if (outcome.value.kind !== "session") return this.#contradicted(outcome.value);
    const { answer } = outcome.value;
    if (answer.kind === "applied") {
      if (answer.replayed) this.world.probe("answers given again");
      this.world.applications.acknowledged(answer.result.index, envelope);
      return { kind: "ok", value: answer.result };
    }
    if (answer.kind !== "refused") return this.#contradicted(outcome.value);
    this.world.probe(`refused: ${answer.refusal}`);
    if (answer.refusal === "unknown session") this.#session = undefined;
    else if (answer.refusal !== "too many keys") {
      this.world.judge("sessions", `client ${this.id}: ${answer.refusal}: ${answer.reason}`);
    }
    return { kind: outcome.uncertain === true ? "unknown" : "failed" };
  }

  #contradicted(result: KvResult): Outcome<never> {
    this.world.judge("answers", `client ${this.id} was answered as somebody else: ${result.kind}`);
    return { kind: "unknown" };
  }

  /** Opens a session, if there is none. */
  async #register(): Promise<boolean> {
    if (this.#session !== undefined) return true;
    this.doing = "a registration";
    const envelope = encodeEnvelope({ kind: "register", time: this.world.milliseconds });
    const outcome = await this.#propose(envelope, true, ATTEMPTS);
    if (outcome.kind !== "ok" || outcome.value.kind !== "session") return false;
    const { answer } = outcome.value;
    if (answer.kind === "registered") this.#session = new ClientSession(answer.session);
    return answer.kind === "registered";
  }

  async #read(key: string, kind: Exclude<ReadKind, "local">, attempts: number): Promise<Value | undefined> {
    this.doing = `a read of ${key}, ${kind}`;
    const { history } = this.world.era;
    const handle = history.begin(this.id, { key, kind: "read" });
    const outcome = kind === "log" ? await this.#readLog(key, attempts) : await this.#readBeside(key, kind, attempts);
    this.world.probe(`${kind} reads ${outcome.kind}`);
    if (outcome.kind !== "ok") {
      history.failed(handle);
      return undefined;
    }
    this.#lastSeen = outcome.value;
    history.ok(handle, outcome.value);
    return outcome.value;
  }

  async #readLog(key: string, attempts: number): Promise<Outcome<Value>> {
    const outcome = await this.#propose(encodeCommand({ kind: "get", key }), true, attempts);
    if (outcome.kind !== "ok") return outcome;
    if (outcome.value.kind !== "get") return this.#contradicted(outcome.value);
    return { kind: "ok", value: textOf(outcome.value.entry?.value) };
  }

  #readBeside(key: string, kind: "index" | "lease", attempts: number): Promise<Outcome<Value>> {
    return this.#attempt(true, attempts, async (host) => {
      const up = host.up;
      if (up === undefined) throw new NotLeaderError(0);
      if (kind === "lease" && up.node.tryRead("lease")) this.world.probe("reads within a lease");
      else await up.node.read(kind);
      return textOf(up.machine.inner.get(key)?.value);
    });
  }

  #propose(
    command: Uint8Array,
    repeatable: boolean,
    attempts: number,
  ): Promise<Outcome<KvResult> & { readonly uncertain?: boolean }> {
    return this.#attempt(repeatable, attempts, async (host) => {
      const node = host.up?.node;
      if (node === undefined) throw new NotLeaderError(0);
      return node.propose(command);
    });
  }

  /** Asks one node after the other, as long as there is the cluster that it began with. */
  async #attempt<T>(
    repeatable: boolean,
    attempts: number,
    ask: (host: Host) => Promise<T>,
  ): Promise<Outcome<T> & { readonly uncertain?: boolean }> {
    let uncertain = false;
    const { era } = this.world;
    for (let attempt = 0; attempt < attempts || this.world.isPatient; attempt++) {
      const host = this.#target();
      if (host !== undefined) {
        const outcome = await this.world.within(PATIENCE, () => ask(host));
        if (outcome.kind === "ok") return { ...outcome, uncertain };
        if (this.world.era !== era) return { kind: "unknown" };
        this.#hint = 0;
        if (outcome.kind === "error" && outcome.error instanceof NotLeaderError) this.#hint = outcome.error.leader;
        const isKnown = outcome.kind === "error" && outcome.error instanceof RaftError && outcome.error.definite;
        if (!isKnown) uncertain = true;
        if (uncertain && !repeatable) break;
      }
      await this.world.sleep(1 + this.#random.below(BACKOFF));
      if (this.world.era !== era) return { kind: "unknown" };
    }
    return { kind: uncertain ? "unknown" : "failed" };
  }

  #target(): Host | undefined {
    const { era, hosts } = this.world;
    const up = hosts.filter((host) => host.up !== undefined && host.era === era);
    const hinted = up.find(({ id }) => id === this.#hint);
    if (hinted !== undefined) return hinted;
    return up[this.#random.below(Math.max(1, up.length))];
  }
}
