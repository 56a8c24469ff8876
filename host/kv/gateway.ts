/**
 * Takes a command to the leader, wherever that is, and brings back what came of it, within a deadline. A command is
 * tried again only when it is certain that it did not take effect; a read always, because it has no effect.
 */

import { BusyError, NotLeaderError, OutcomeUnknownError, RaftError, StoppedError, TooLargeError } from "../errors.js";
import type { RaftNode } from "../node.js";
import type { SocketAddress } from "../transport/address.js";
import { DEFINITE_HEADER, type ForwardedRequest, type ForwardedResponse, type Forwarder } from "./forwarder.js";
import type { LeaderSignal } from "./leader-signal.js";
import { outcomeUnknown, type RefusalName, tooLarge, unavailable } from "./refusal.js";

/** What the service needs of a node. */
export type ServedNode<Result> = Pick<RaftNode<Result>, "propose" | "status" | "isLeader" | "maxCommandBytes">;

/** ms to wait before trying again: doubles from the first to the second. */
const BACKOFF_MIN_MS = 5;
const BACKOFF_MAX_MS = 100;
/** ms that must be left for another attempt: one that is begun too late ends without a known outcome, and it is better
 * to say that nothing happened. */
const MIN_ATTEMPT_MS = 200;

export interface Work {
  readonly command: Uint8Array;
  /** Whether the command changes nothing. */
  readonly readOnly: boolean;
  /** The request that asked for it, to be passed on. */
  readonly request: ForwardedRequest;
  /** Id of the node that passed it here; undefined when a client did. */
  readonly forwardedBy: string | undefined;
  /** When the request must have been answered, by `performance.now()`. */
  readonly deadline: number;
  /** The client has gone: nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

export type Outcome<Result> =
  | { readonly kind: "applied"; readonly result: Result }
  | { readonly kind: "forwarded"; readonly response: ForwardedResponse };

/** Why an attempt came to nothing, certainly. */
interface Retry {
  readonly kind: "retry";
  readonly error: RefusalName;
  readonly reason: string;
}

export interface GatewayOptions<Result> {
  readonly node: ServedNode<Result>;
  readonly forwarder: Forwarder;
  readonly leaders: LeaderSignal;
  /** HTTP addresses of the nodes, by id. */
  readonly peers: ReadonlyMap<number, SocketAddress>;
  /** Draws the jitter of the backoff, from [0, 1). */
  readonly random: () => number;
}

export class Gateway<Result> {
  readonly #options: GatewayOptions<Result>;

  constructor(options: GatewayOptions<Result>) {
    this.#options = options;
  }

  /** @throws {Refusal} when the command did not take effect, or nobody knows whether it did. */
  async run(work: Work): Promise<Outcome<Result>> {
    const { leaders, random } = this.#options;
    // Every round waits, and the deadline ends the last.
    for (let backoff = BACKOFF_MIN_MS; ; backoff = Math.min(2 * backoff, BACKOFF_MAX_MS)) {
      const outcome = await this.#attempt(work, work.deadline - performance.now());
      if (outcome.kind !== "retry") return outcome;
      const { error, reason } = outcome;
      if (work.forwardedBy !== undefined && error !== "busy") throw unavailable(error, reason);
      await leaders.wait(backoff * (0.5 + random() / 2));
      if (work.signal.aborted || work.deadline - performance.now() < MIN_ATTEMPT_MS) throw unavailable(error, reason);
    }
  }

  #attempt(work: Work, remaining: number): Promise<Outcome<Result> | Retry> {
    const { node } = this.#options;
    return node.isLeader ? this.#propose(work, remaining) : this.#forward(work, remaining);
  }

  async #propose({ command, readOnly }: Work, remaining: number): Promise<Outcome<Result> | Retry> {
    try {
      const result = await withTimeout(this.#options.node.propose(command), remaining);
      return { kind: "applied", result };
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      if (error instanceof TooLargeError) throw tooLarge("the command", error.limit);
      if (error instanceof StoppedError) throw unavailable("shutting down", "this node is not running: ask another");
      if (error.definite) return { kind: "retry", error: refusalName(error), reason: error.message };
      if (readOnly) return { kind: "retry", error: "no leader", reason: "the leader could not reach a quorum in time" };
      throw outcomeUnknown(error.message);
    }
  }

  async #forward(work: Work, remaining: number): Promise<Outcome<Result> | Retry> {
    const { forwarder, node, peers } = this.#options;
    const { leader } = node.status;
    if (work.forwardedBy !== undefined) {
      const reason = `node ${work.forwardedBy} passed this request on to node ${node.status.id}, which is not the leader`;
      return { kind: "retry", error: "not leader", reason };
    }
    if (leader === 0) return { kind: "retry", error: "no leader", reason: "no leader is known: is a quorum up?" };
    const address = peers.get(leader);
    if (address === undefined) {
      const reason = `the HTTP address of node ${leader}, the leader, is not known here: give it with --member`;
      return { kind: "retry", error: "unreachable leader", reason };
    }
    const outcome = await forwarder.send(address, work.request, remaining);
    if (outcome.kind === "answer") return this.#answered(work, outcome.response);
    const reason = `node ${leader}, the leader, gave no answer: ${outcome.reason}`;
    if (outcome.kind === "unreachable" || work.readOnly) return { kind: "retry", error: "unreachable leader", reason };
    throw outcomeUnknown(reason);
  }

  #answered({ readOnly }: Work, response: ForwardedResponse): Outcome<Result> | Retry {
    const { headers, status } = response;
    const mayRetry = status === 503 && (readOnly || headers[DEFINITE_HEADER] === "true");
    if (!mayRetry) return { kind: "forwarded", response };
    return { kind: "retry", error: "not leader", reason: "the leader has changed or is stopping" };
  }
}

function refusalName(error: RaftError): RefusalName {
  if (error instanceof BusyError) return "busy";
  return error instanceof NotLeaderError ? "not leader" : "no leader";
}

/** The outcome of a proposal, if it is there in time. The proposal itself goes on: it cannot be taken back. */
async function withTimeout<T>(proposal: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const reason = `no outcome within ${Math.ceil(ms)} ms`;
    timer = setTimeout(() => reject(new OutcomeUnknownError(reason)), ms);
  });
  try {
    return await Promise.race([proposal, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
