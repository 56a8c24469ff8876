/**
 * The clients of a run in real time. What all of them saw becomes a history for the linearizability checker; what each is told
 * of a command is held against the log at once.
 */

import { SESSION_LIMITS, type SessionLimits } from "../../host/session/limits.js";
import { History } from "../checkers/history.js";
import type { Applications, Judge } from "../host-world/judged-machine.js";
import type { Random } from "../random.js";
import { type KvCluster, MOST_INSISTENCE } from "./asker.js";
import { KvClient } from "./client.js";
import { PatienceError } from "./cluster.js";
import { type ClientCounts, noSessionCounts, type SessionCounts } from "./counts.js";
import { pause } from "./waiting.js";

/** Keys that are in use at a time. */
const KEYS = 8;
/** Operations after which other keys take their place: what the checker has to search for one key stays small. */
const OPERATIONS_OF_A_GENERATION = 4000;
/** Longest pause of a client between two requests, in ms. */
const LONGEST_PAUSE = 6;
/** How often a key is read in the end until somebody answers, and ms between two attempts. */
const MOST_LOOKS = 500;
const LOOK_INTERVAL = 10;

/** Sessions as short as to end now and then while nobody leads, and so few idempotency keys that old ones make room. A key has
 * to outlive its client's insistence: one that is forgotten before may be applied twice. */
export const TIMEFULL_SESSIONS: SessionLimits = {
  ...SESSION_LIMITS,
  sessionLifetime: 1000,
  maxKeys: 2048,
  keyPromise: 2 * MOST_INSISTENCE,
};

export interface KvClientsOptions {
  readonly clients: number;
  readonly cluster: KvCluster;
  readonly random: Random;
  readonly applications: Applications;
  readonly judge: Judge;
  /** Whether the machines keep sessions and idempotency keys. */
  readonly isKept: boolean;
  /** Where the keys are noted that are in use, and those before them, which may still be written. */
  readonly keys: string[];
}

export class KvClients {
  readonly history = new History();
  readonly counts: ClientCounts = { answered: 0, failed: 0, unknown: 0 };
  readonly sessions: SessionCounts = noSessionCounts();
  readonly #options: KvClientsOptions;
  readonly #clients: readonly KvClient[];
  #generation: readonly string[] = [];
  #begun = 0;
  #over = false;

  constructor(options: KvClientsOptions) {
    const { counts, history, sessions } = this;
    const crowd = { ...options, counts, history, sessions, key: () => this.#key() };
    this.#options = options;
    this.#clients = Array.from({ length: options.clients }, (_, id) => new KvClient(crowd, id));
  }

  /** Each asks for one thing after another until `end`. */
  async run(): Promise<void> {
    await Promise.all(this.#clients.map((client) => this.#one(client)));
  }

  /** Nothing more is asked for. */
  end(): void {
    this.#over = true;
  }

  /** One of them reads what came of everything, so that a write which was answered and got lost since shows.
   * @throws {PatienceError} when nobody answers */
  async look(): Promise<void> {
    for (const key of this.#options.keys) {
      for (let looks = 0; !(await this.#clients[0]?.look(key)); looks++) {
        if (looks === MOST_LOOKS) throw new PatienceError(`nobody reads ${key}\n${this.#options.cluster.describe()}`);
        await pause(LOOK_INTERVAL);
      }
    }
  }

  async #one(client: KvClient): Promise<void> {
    while (!this.#over) {
      await pause(this.#options.random.below(LONGEST_PAUSE));
      await client.request();
    }
  }

  #key(): string {
    if (this.#begun % OPERATIONS_OF_A_GENERATION === 0) this.#renew();
    this.#begun++;
    return this.#generation[this.#options.random.below(KEYS)] ?? "";
  }

  /** Other keys take the place of those in use. */
  #renew(): void {
    const { keys } = this.#options;
    const number = this.#begun / OPERATIONS_OF_A_GENERATION;
    const next = Array.from({ length: KEYS }, (_, key) => `${number}.${key}`);
    keys.splice(0, keys.length, ...this.#generation, ...next);
    this.#generation = next;
  }
}
