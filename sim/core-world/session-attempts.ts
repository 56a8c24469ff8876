/**
 * What nodes know of clients with sessions: the envelopes that they took, by where those stand in their logs, and the clocks
 * that they stamp them with. A crash takes both.
 */

import { LogClock } from "../../host/session/log-clock.js";
import { SessionRegisterMachine } from "./session-machine.js";
import type { SimNode } from "./sim-node.js";

/** An envelope that a node took. */
export interface Attempt {
  readonly client: number;
  /** 0 of a registration. */
  readonly session: number;
  /** 0 of what is no command. */
  readonly sequence: number;
  readonly term: number;
}

export class SessionAttempts {
  /** Attempts on each node, by the index at which they stand. */
  readonly #atNode: Map<number, Attempt>[] = [];
  /** What each node stamps envelopes with, in its present life. */
  readonly #clocks: (LogClock | undefined)[] = [];

  constructor(nodes: number) {
    for (let id = 1; id <= nodes; id++) this.#atNode[id] = new Map();
  }

  /** A node took an envelope, which stands at an index. */
  taken(node: number, index: number, attempt: Attempt): void {
    this.#mapOf(node).set(index, attempt);
  }

  /** A node applied the entry (index, term): answers the attempt that it was, null if it was none of this node's. */
  applied(node: number, index: number, term: number): Attempt | null {
    const attempt = this.#mapOf(node).get(index);
    if (attempt === undefined) return null;
    this.#mapOf(node).delete(index);
    // Another entry is committed at its place, whose client is on another node: there is no answer.
    return attempt.term === term ? attempt : null;
  }

  /** Those that a node's log holds and that are not applied there yet. */
  *underWay({ around, core, disk, id }: SimNode): Generator<Attempt> {
    for (const [index, attempt] of this.#mapOf(id)) {
      const { applied } = core.state;
      if (index > applied && around.tree.term(disk.written.at(index)) === attempt.term) yield attempt;
    }
  }

  /** The time that a node stamps an envelope with, in ms. */
  now(node: SimNode): number {
    const { machine } = node;
    if (!(machine instanceof SessionRegisterMachine)) throw new TypeError(`node ${node.id} keeps no sessions`);
    const clock =
      this.#clocks[node.id] ??
      new LogClock(
        () => machine.logTime,
        () => node.clock,
      );
    this.#clocks[node.id] = clock;
    return clock.now();
  }

  /** A node crashed: nobody hears from it. */
  crashed(node: number): void {
    this.#mapOf(node).clear();
    this.#clocks[node] = undefined;
  }

  #mapOf(node: number): Map<number, Attempt> {
    const map = this.#atNode[node];
    if (map === undefined) throw new RangeError(`there is no node ${node}`);
    return map;
  }
}
