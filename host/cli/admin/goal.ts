/**
 * Brings a cluster to a state. A command says what the members should be in the end; this looks at what they are, asks
 * for the next change, and looks again, until nothing is missing. So a leader that changes on the way, an answer that is
 * lost, or a command that was interrupted and is given again do no harm.
 */

import type { MembersBody } from "../../kv/admin-body.js";
import { parseAddress, type SocketAddress } from "../../transport/address.js";
import { TransportError } from "../../transport/transport.js";
import { tell, UsageError } from "../output.js";
import type { AdminClient, AdminReply, AdminRequest } from "./client.js";

/** ms between two looks: doubles from the first to the second. */
const PAUSE_MIN_MS = 10;
const PAUSE_MAX_MS = 500;

/** Refusals that pass if one waits, or looks again. */
const PASSING = [
  ...["change pending", "not ready", "not caught up", "transferring", "busy", "unknown node"],
  ...["no leader", "not leader", "unreachable leader", "shutting down", "outcome unknown"],
];

export type Step =
  | { readonly kind: "done" }
  /** Nothing to be asked for at the moment. */
  | { readonly kind: "wait"; readonly why: string }
  | { readonly kind: "ask"; readonly what: string; readonly request: AdminRequest };

/** What is missing, by the members as they are. @throws {UsageError} when it cannot be had. */
export type Goal = (members: MembersBody) => Step;

export interface Pursued {
  readonly members: MembersBody;
  /** Changes that were asked for and taken. */
  readonly changes: number;
}

/** The members as they are. @throws {UsageError} when no leader tells within `timeout` seconds. */
export async function see(client: AdminClient, timeout: number): Promise<MembersBody> {
  const attempts = new Attempts(timeout);
  for (;;) {
    const found = await look(client, attempts.remaining());
    if (typeof found !== "string") return found;
    await attempts.failed(found);
  }
}

/** @throws {UsageError} when the goal cannot be reached, or was not within `timeout` seconds. */
export async function pursue(client: AdminClient, timeout: number, goal: Goal): Promise<Pursued> {
  const attempts = new Attempts(timeout);
  for (let changes = 0; ; ) {
    const found = await look(client, attempts.remaining());
    if (typeof found === "string") {
      await attempts.failed(found);
      continue;
    }
    const step = goal(found);
    if (step.kind === "wait") await attempts.failed(step.why);
    else if (step.kind === "ask") {
      attempts.begins(step.what);
      const obstacle = await ask(client, step.request, attempts.remaining());
      if (obstacle === undefined) changes += 1;
      else await attempts.failed(obstacle);
    } else if (found.committed && !found.joint) return { members: found, changes };
    else await attempts.failed("waiting for a majority to take the change");
  }
}

/** Tells of what happens, waits between attempts, and ends them when their time is over. */
export class Attempts {
  readonly #deadline: number;
  #obstacle = "no node was asked";
  #told = "";
  #pause = PAUSE_MIN_MS;

  /** @param timeout in seconds. */
  constructor(private readonly timeout: number) {
    this.#deadline = performance.now() + timeout * 1000;
  }

  /** ms that are left. @throws {UsageError} when none are. */
  remaining(): number {
    const left = this.#deadline - performance.now();
    if (left > 0) return left;
    throw new UsageError(
      `not done after ${this.timeout} s: ${this.#obstacle}. What was begun may still happen: see \`metalraft members\`, ` +
        "and give the command again to go on",
    );
  }

  /** Something new is asked for. */
  begins(what: string): void {
    this.#pause = PAUSE_MIN_MS;
    this.#tell(what);
  }

  /** An attempt came to nothing. Resolves when it is time for another. */
  async failed(obstacle: string): Promise<void> {
    this.#obstacle = obstacle;
    this.#tell(obstacle);
    await new Promise((resolve) => setTimeout(resolve, this.#pause));
    this.#pause = Math.min(2 * this.#pause, PAUSE_MAX_MS);
  }

  /** The same thing once in a row. */
  #tell(what: string): void {
    if (what === this.#told) return;
    this.#told = what;
    tell(what);
  }
}

/** The members, or why they are not known at the moment. */
async function look(client: AdminClient, patience: number): Promise<MembersBody | string> {
  const found = await client.members(patience);
  if (!("kind" in found)) {
    client.learn(found.members.flatMap(({ http }) => usable(http)));
    return found;
  }
  return obstacleOf(found);
}

/** Asks for a change. @returns undefined once it is taken, else why it was not. */
async function ask(client: AdminClient, request: AdminRequest, patience: number): Promise<string | undefined> {
  const reply = await client.send(request, Math.max(1, patience));
  return reply.kind === "done" ? undefined : obstacleOf(reply);
}

/** Why a request came to nothing for now. @throws {UsageError} for a refusal that will not pass. */
export function obstacleOf(reply: Exclude<AdminReply, { kind: "done" }>): string {
  if (reply.kind === "silent") return reply.reason;
  const { error, message } = reply.refusal;
  if (PASSING.includes(error)) return message;
  throw new UsageError(message);
}

/** An address from the log may be any text. */
function usable(http: string | null): SocketAddress[] {
  if (http === null) return [];
  try {
    return [parseAddress(http)];
  } catch (error) {
    if (error instanceof TransportError) return [];
    throw error;
  }
}
