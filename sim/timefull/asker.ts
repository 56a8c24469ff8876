/** How a client asks: of whom, for how long, how often, and what it knows when nobody has answered. */

import { NotLeaderError, RaftError } from "../../host/errors.js";
import type { KvResult } from "../../host/kv/machine.js";
import type { NodeId } from "../../host/transport/transport.js";
import type { JudgedMachine } from "../host-world/judged-machine.js";
import type { Random } from "../random.js";
import type { Life, TimefullCluster } from "./cluster.js";
import type { SessionCounts } from "./counts.js";
import { pause, within } from "./waiting.js";

export type KvCluster = TimefullCluster<KvResult, JudgedMachine>;
export type KvLife = Life<KvResult, JudgedMachine>;

/** How long a client goes on proposing the same thing, in ms: through an election or two. */
export const MOST_INSISTENCE = 4000;
/** How long it waits for one answer meanwhile, in ms: two of the longest election timeouts. */
const PATIENCE = 250;
/** One attempt in so many is not waited for at all. */
const IMPATIENCE = 5;
/** One time in so many anybody is asked, and not whoever leads: at first, and when it may have been applied already. */
const ELSEWHERE = { first: 4, again: 2 } as const;
/** Longest pause between two attempts, in ms. */
const LONGEST_BACKOFF = 20;

/** What came of something that was asked for. */
export type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  /** Nothing came of it, and nothing will; or nobody knows. */
  | { readonly kind: "failed" | "unknown" };

/** What came of something that was asked for until it was answered. */
export type Insisted<T> = Outcome<T> & {
  /** An attempt before the last one may have had an effect. */
  readonly isUncertain: boolean;
};

export class Asker {
  readonly #cluster: KvCluster;
  readonly #random: Random;
  readonly #counts: SessionCounts;
  /** The node that was said to lead. */
  #hint: NodeId = 0;

  constructor(cluster: KvCluster, random: Random, counts: SessionCounts) {
    this.#cluster = cluster;
    this.#random = random;
    this.#counts = counts;
  }

  /** A node to ask; undefined while none is up. */
  target(): KvLife | undefined {
    return this.#cluster.get(this.#whom(ELSEWHERE.first) ?? 0);
  }

  /** Waits for what was asked for once, as long as the node does. */
  async once<T>(work: Promise<T>): Promise<Outcome<T>> {
    const attempt = await within(Number.POSITIVE_INFINITY, work);
    return attempt.kind === "ok" ? attempt : { kind: this.#unanswered(attempt) };
  }

  /** Proposes what may stand in the log twice at one node after the other, until it is answered or patience is lost. */
  async insist(command: Uint8Array): Promise<Insisted<KvResult>> {
    const end = performance.now() + MOST_INSISTENCE;
    const isPatient = () => performance.now() < end && !this.#cluster.isBroken;
    let isUncertain = false;
    for (let last = 0; isPatient(); await pause(this.#random.below(LONGEST_BACKOFF))) {
      const id = this.#whom(isUncertain ? ELSEWHERE.again : ELSEWHERE.first) ?? 0;
      const node = this.#cluster.get(id)?.node;
      if (node === undefined) continue;
      if (isUncertain) this.#counts.retried++;
      if (isUncertain && id !== last) this.#counts.moved++;
      last = id;
      const attempt = await within(this.#random.oneIn(IMPATIENCE) ? 0 : PATIENCE, node.propose(command));
      if (attempt.kind === "ok") return { ...attempt, isUncertain };
      if (this.#unanswered(attempt) === "unknown") isUncertain = true;
    }
    return { kind: isUncertain ? "unknown" : "failed", isUncertain };
  }

  /** What is known of an attempt that was not answered, and who is said to lead. */
  #unanswered(attempt: { readonly kind: "late" } | { readonly kind: "error"; readonly error: unknown }) {
    if (attempt.kind === "late") return "unknown";
    const { error } = attempt;
    if (!(error instanceof RaftError)) throw error;
    if (error instanceof NotLeaderError) this.#hint = error.leader;
    return error.definite ? "failed" : "unknown";
  }

  /** Who was said to lead just now; else whoever leads, and one time in so many anybody. */
  #whom(elsewhere: number): NodeId | undefined {
    const hint = this.#hint;
    this.#hint = 0;
    if (this.#cluster.get(hint) !== undefined) return hint;
    const up = this.#cluster.up();
    const anybody = up[this.#random.below(up.length)];
    return this.#random.oneIn(elsewhere) ? anybody : (this.#cluster.leader() ?? anybody);
  }
}
