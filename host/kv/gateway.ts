/**
 * Sees to it that what a request asks for is done, by the leader, wherever that is, or here if any node can do it, and
 * brings back what came of it, within a deadline. It is tried again only when it is certain that it did not take effect;
 * a read always, because it has no effect, and so is what has its effect once however often it is done.
 */

import {
  BusyError,
  NotLeaderError,
  NotReadyError,
  OutcomeUnknownError,
  RaftError,
  StoppedError,
  TooLargeError,
  TransferringError,
} from "../errors.js";
import type { RaftNode } from "../node.js";
import type { SocketAddress } from "../transport/address.js";
import { SilentBoardError } from "./boards.js";
import { DEFINITE_HEADER, type ForwardedRequest, type ForwardedResponse, type Forwarder } from "./forwarder.js";
import type { LeaderSignal } from "./leader-signal.js";
import { outcomeUnknown, type RefusalName, tooLarge, unavailable } from "./refusal.js";

/** What is asked of a node to find out who does it. */
export type LedNode = Pick<RaftNode<unknown>, "status" | "isLeader">;

/** ms to wait before trying again: doubles from the first to the second. */
const BACKOFF_MIN_MS = 5;
const BACKOFF_MAX_MS = 100;
/** ms that must be left for another attempt: one that is begun too late ends without a known outcome, and it is better
 * to say that nothing happened. */
const MIN_ATTEMPT_MS = 200;

export interface Work<Result> {
  /** Does it on this node, within `remaining` ms. What it throws and is no RaftError is the request's refusal. */
  act(remaining: number): Promise<Result>;
  /** Has the leader do it, which serves no HTTP, within `remaining` ms; left out where nobody else can be asked. */
  readonly ask?: ((remaining: number) => Promise<Result>) | undefined;
  /** Whether this node can do it although it does not lead. Asked before each attempt: one that joins learns of that later. */
  isDoneHere(): boolean;
  /** What it does if it is done twice: nothing, the same as once, or the same again. */
  readonly effect: "none" | "once" | "again";
  /** What to do when nobody knows whether it was done. */
  readonly wayOut: string;
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
  | {
      readonly kind: "applied";
      readonly result: Result;
      /** Whether an attempt before this one may yet take effect. */
      readonly uncertain: boolean;
    }
  | { readonly kind: "forwarded"; readonly response: ForwardedResponse };

/** Why an attempt brought no outcome. */
interface Retry {
  readonly kind: "retry";
  readonly error: RefusalName;
  readonly reason: string;
  /** Whether it may have taken effect, or may yet. */
  readonly uncertain: boolean;
}

export interface GatewayOptions {
  readonly node: LedNode;
  readonly forwarder: Forwarder;
  readonly leaders: LeaderSignal;
  /** The HTTP address of a node, undefined if none is known. */
  readonly addressOf: (id: number) => SocketAddress | undefined;
  /** Draws the jitter of the backoff, from [0, 1). */
  readonly random: () => number;
}

export class Gateway {
  readonly #options: GatewayOptions;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** @throws {Refusal} when it was not done, or nobody knows whether it was. */
  async run<Result>(work: Work<Result>): Promise<Outcome<Result>> {
    const { leaders, random } = this.#options;
    let uncertain = false;
    // Every round waits, and the deadline ends the last.
    for (let backoff = BACKOFF_MIN_MS; ; backoff = Math.min(2 * backoff, BACKOFF_MAX_MS)) {
      const outcome = await this.#attempt(work, work.deadline - performance.now());
      if (outcome.kind === "forwarded") return outcome;
      uncertain ||= outcome.uncertain;
      if (outcome.kind === "applied") return { ...outcome, uncertain };
      const { error, reason } = outcome;
      const refusal = () => (uncertain ? outcomeUnknown(reason, work.wayOut) : unavailable(error, reason));
      if (uncertain && work.effect === "again") throw refusal();
      if (error === "shutting down" || (work.forwardedBy !== undefined && error !== "busy")) throw refusal();
      await leaders.wait(backoff * (0.5 + random() / 2));
      if (work.signal.aborted || work.deadline - performance.now() < MIN_ATTEMPT_MS) throw refusal();
    }
  }

  #attempt<Result>(work: Work<Result>, remaining: number): Promise<Outcome<Result> | Retry> {
    const isHere = this.#options.node.isLeader || work.isDoneHere();
    return isHere ? this.#act(work.act, work.effect, remaining) : this.#forward(work, remaining);
  }

  async #act<Result>(
    act: Work<Result>["act"],
    effect: Work<Result>["effect"],
    remaining: number,
  ): Promise<Outcome<Result> | Retry> {
    try {
      const result = await withTimeout(act(remaining), remaining);
      return { kind: "applied", result, uncertain: false };
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      if (error instanceof TooLargeError) throw tooLarge("the command", error.limit);
      if (error instanceof StoppedError) return retry("shutting down", "this node is not running: ask another");
      if (error.definite) return retry(refusalName(error), error.message);
      if (effect === "none") return retry("no leader", "the leader could not reach a quorum in time");
      return retry("no leader", error.message, true);
    }
  }

  async #forward<Result>(work: Work<Result>, remaining: number): Promise<Outcome<Result> | Retry> {
    const { addressOf, forwarder, node } = this.#options;
    const { leader } = node.status;
    if (work.forwardedBy !== undefined) {
      const reason = `node ${work.forwardedBy} passed this request on to node ${node.status.id}, which is not the leader`;
      return retry("not leader", reason);
    }
    if (leader === 0) return retry("no leader", "no leader is known: is a quorum up?");
    const address = addressOf(leader);
    if (address === undefined && work.ask !== undefined) return this.#act(work.ask, work.effect, remaining);
    if (address === undefined) {
      const reason = `the HTTP address of node ${leader}, the leader, is not known here: has it one in the configuration?`;
      return retry("unreachable leader", reason);
    }
    const outcome = await forwarder.send(address, work.request, remaining);
    if (outcome.kind === "answer") return this.#answered(work, outcome.response);
    const reason = `node ${leader}, the leader, gave no answer: ${outcome.reason}`;
    return retry("unreachable leader", reason, outcome.kind === "unknown" && work.effect !== "none");
  }

  #answered<Result>({ effect }: Work<Result>, response: ForwardedResponse): Outcome<Result> | Retry {
    const { headers, status } = response;
    const definite = headers[DEFINITE_HEADER] === "true";
    const mayRetry = status === 503 ? definite || effect !== "again" : status === 504 && effect === "once";
    if (!mayRetry) return { kind: "forwarded", response };
    return retry("not leader", "the leader has changed or is stopping", !definite && effect !== "none");
  }
}

function retry(error: RefusalName, reason: string, uncertain = false): Retry {
  return { kind: "retry", error, reason, uncertain };
}

function refusalName(error: RaftError): RefusalName {
  if (error instanceof BusyError) return "busy";
  if (error instanceof SilentBoardError) return "unreachable leader";
  if (error instanceof NotReadyError) return "not ready";
  if (error instanceof TransferringError) return "transferring";
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
