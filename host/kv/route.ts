/** Routes: which path and method lead to which handler. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./answer.js";
import { methodNotAllowed, Refusal } from "./refusal.js";
import type { Target } from "./request-target.js";

/** A request on its way to an answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly target: Target;
  /** Id of the node that passed it here; undefined when a client did. */
  readonly forwardedBy: string | undefined;
  /** When it must have been answered, by `performance.now()`. */
  readonly deadline: number;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export type Handler = (exchange: Exchange) => Promise<Answer> | Answer;

export interface Route {
  /** The name in metrics: one of few, without anything a client chooses. */
  readonly name: string;
  /** A path, or what all its paths begin with if it ends in a slash. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<string, Handler>>>;
}

/** The route of a path, undefined if there is none. */
export function findRoute(routes: readonly Route[], path: string): Route | undefined {
  return routes.find((route) => (route.path.endsWith("/") ? path.startsWith(route.path) : path === route.path));
}

/** The handler for a method. @throws {Refusal} when there is none. */
export function findHandler(routes: readonly Route[], route: Route | undefined, method: string): Handler {
  if (route === undefined) {
    const known = routes.map(({ path }) => (path.endsWith("/") ? `${path}<key>` : path)).join(", ");
    throw new Refusal(404, "not found", `there is no such resource: there is ${known}`, true);
  }
  const handler = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
  if (handler === undefined) throw methodNotAllowed(method, Object.keys(route.methods));
  return handler;
}
