/**
 * One client of the key-value machine: it waits for an answer before it asks for the next thing. It reads through the log, by
 * a round or by a lease; it writes in its session, under an idempotency key, or as nobody.
 *
 * Reads, and what is nobody's, it asks for once: an error that says so is the promise that nothing happened, and any other
 * leaves the outcome unknown. What is in a session or under a key it asks for again, until it is answered.
 */

import { encodeCommand } from "../../host/kv/command.js";
import type { KvStoreResult } from "../../host/kv/store.js";
import type { ReadConsistency } from "../../host/node.js";
import type { Call, History, Result, Value } from "../checkers/history.js";
import type { Applications, Judge, JudgedMachine } from "../host-world/judged-machine.js";
import { textOf } from "../host-world/values.js";
import type { Random } from "../random.js";
import { Asker, type KvCluster, type KvLife, type Outcome } from "./asker.js";
import { commandOf, toldOf, type WriteCall } from "./calls.js";
import type { ClientCounts, SessionCounts } from "./counts.js";
import { SessionClient } from "./session-client.js";

/** What the clients of a run have in common. */
export interface Crowd {
  readonly cluster: KvCluster;
  readonly random: Random;
  readonly history: History;
  readonly applications: Applications;
  readonly judge: Judge;
  readonly counts: ClientCounts;
  readonly sessions: SessionCounts;
  /** Whether the machines keep sessions and idempotency keys. */
  readonly isKept: boolean;
  /** Draws a key for an operation that begins. */
  readonly key: () => string;
}

/** One request in so many is a write of the session that was answered before. */
const REPEATS = 12;
/** One request in so many closes the session. */
const CLOSES = 25;

type Manner = "session" | "keyed" | "plain";
const MANNERS_WHERE_KEPT: readonly Manner[] = ["session", "session", "session", "keyed", "plain"];
const MANNERS_WHERE_REFUSED: readonly Manner[] = ["session", "keyed", "plain", "plain", "plain", "plain"];

export class KvClient {
  readonly #crowd: Crowd;
  readonly #id: number;
  readonly #asker: Asker;
  readonly #session: SessionClient;
  #writes = 0;

  constructor(crowd: Crowd, id: number) {
    const { cluster, isKept, judge, random, sessions: counts } = crowd;
    this.#crowd = crowd;
    this.#id = id;
    this.#asker = new Asker(cluster, random, counts);
    this.#session = new SessionClient({ id, asker: this.#asker, judge, counts, isKept });
  }

  /** Asks for one thing, if anybody is up who could be asked. */
  async request(): Promise<void> {
    const { isKept, key, random } = this.#crowd;
    if (random.oneIn(REPEATS)) return this.#session.repeat((bound) => random.below(bound));
    if (this.#session.isOpen && random.oneIn(CLOSES)) return this.#session.close();
    const life = this.#asker.target();
    if (life === undefined) return;
    if (random.below(5) < 2) return this.#read(key(), life);
    const manners = isKept ? MANNERS_WHERE_KEPT : MANNERS_WHERE_REFUSED;
    const manner = manners[random.below(manners.length)] ?? "plain";
    if (manner === "session" && !this.#session.isOpen && !(await this.#session.register())) return;
    await this.#write(key(), manner, life);
  }

  /** Reads a key by a round. @returns whether it was answered */
  async look(key: string): Promise<boolean> {
    const life = this.#asker.target();
    return life !== undefined && this.#operate({ kind: "read" }, key, () => this.#readBeside("index", key, life));
  }

  async #read(key: string, life: KvLife): Promise<void> {
    const call = { kind: "read" } as const;
    const draw = this.#crowd.random.below(3);
    await this.#operate(call, key, () =>
      draw === 0 ? this.#once(call, key, life) : this.#readBeside(draw === 1 ? "index" : "lease", key, life),
    );
  }

  async #write(key: string, manner: Manner, life: KvLife): Promise<void> {
    const call = this.#draw(key, life.machine);
    const command = encodeCommand(commandOf(call, key));
    await this.#operate(call, key, async () => {
      if (manner === "plain") return this.#once(call, key, life);
      const name = `${this.#id}-${this.#writes}`;
      const outcome = await (manner === "session"
        ? this.#session.write(command)
        : this.#session.writeKeyed(name, command));
      return outcome.kind === "ok" ? this.#told(call, outcome.value, outcome.envelope) : outcome;
    });
  }

  #draw(key: string, machine: JudgedMachine): WriteCall {
    const value = `${this.#id}.${++this.#writes}`;
    const draw = this.#crowd.random.below(6);
    if (draw < 3) return { kind: "write", argument: value };
    if (draw < 4) return { kind: "delete" };
    // What some node has is a good guess, and often a wrong one.
    return { kind: "cas", argument: { expected: valueAt(machine, key), value } };
  }

  /** An operation, from its beginning to its end in the history. @returns whether it was answered */
  async #operate(call: Call, key: string, ask: () => Promise<Outcome<Result>>): Promise<boolean> {
    const { counts, history } = this.#crowd;
    const handle = history.begin(this.#id, { ...call, key });
    const outcome = await ask();
    if (outcome.kind === "ok") history.ok(handle, outcome.value);
    else history[outcome.kind](handle);
    counts[outcome.kind === "ok" ? "answered" : outcome.kind]++;
    return outcome.kind === "ok";
  }

  /** A read beside the log: what was applied anywhere before it was asked for was committed, and has to show. */
  async #readBeside(kind: ReadConsistency, key: string, { machine, node }: KvLife): Promise<Outcome<Value>> {
    const { watch } = this.#crowd.cluster;
    const before = watch.applied;
    const outcome = await this.#asker.once(node.read(kind));
    if (outcome.kind !== "ok") return outcome;
    watch.answers(node.status, kind, before);
    return { kind: "ok", value: valueAt(machine, key) };
  }

  /** A command that is nobody's. */
  async #once(call: Call, key: string, { node }: KvLife): Promise<Outcome<Result>> {
    const command = encodeCommand(commandOf(call, key));
    const outcome = await this.#asker.once(node.propose(command));
    if (outcome.kind !== "ok") return outcome;
    const { value } = outcome;
    return value.kind === "session" ? this.#contradicted(call, value.kind) : this.#told(call, value, command);
  }

  /** The answer to a command: it has to be that of what stands where this is said to have been applied. */
  #told(call: Call, result: KvStoreResult, command: Uint8Array): Outcome<Result> {
    const value = toldOf(call, result);
    if (value === undefined) return this.#contradicted(call, result.kind);
    this.#crowd.applications.acknowledged(result.index, command);
    return { kind: "ok", value };
  }

  #contradicted(call: Call, kind: string): Outcome<never> {
    this.#crowd.judge("answers", `client ${this.#id} asked for a ${call.kind}, and is answered "${kind}"`);
    return { kind: "unknown" };
  }
}

function valueAt(machine: JudgedMachine, key: string): Value {
  return textOf(machine.inner.get(key)?.value);
}
