/** Faults at wall-clock pace: each kind comes and goes by itself, so that they overlap as they like. */

import { RaftError } from "../../host/errors.js";
import type { NodeId } from "../../host/transport/transport.js";
import type { Fault } from "../faults.js";
import type { Random } from "../random.js";
import type { KvCluster } from "./clients.js";

/** Those of the simulator's faults that there are in real time. */
export const TIMEFULL_FAULTS = ["crash", "drop", "partition", "transfer"] as const satisfies readonly Fault[];
export type TimefullFault = (typeof TIMEFULL_FAULTS)[number];

/** How long it is quiet between two faults of a kind, and how long one lasts, at most, in ms. */
const LONGEST_QUIET = 900;
const LONGEST_FAULT = 500;
/** The largest share of messages that are lost. */
const MOST_LOST = 40;

/** Injects faults until it is told to end. */
export class Operator {
  /** How often each fault was injected. */
  readonly counts: Record<TimefullFault, number> = { crash: 0, drop: 0, partition: 0, transfer: 0 };
  readonly #cluster: KvCluster;
  readonly #random: Random;
  readonly #waiting = new Set<() => void>();
  #over = false;

  constructor(cluster: KvCluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** Injects faults of these kinds until `end`; when it resolves every node is up and every link works. */
  async run(faults: readonly TimefullFault[]): Promise<void> {
    await Promise.all(faults.map((fault) => this.#go(fault)));
    this.#cluster.heal();
    this.#cluster.links.loss = 0;
  }

  end(): void {
    this.#over = true;
    for (const wake of this.#waiting) wake();
  }

  async #go(fault: TimefullFault): Promise<void> {
    for (;;) {
      await this.#pause(LONGEST_QUIET);
      if (this.#over) return;
      this.counts[fault]++;
      await this.#inject(fault);
    }
  }

  async #inject(fault: TimefullFault): Promise<void> {
    const cluster = this.#cluster;
    switch (fault) {
      case "crash": {
        const id = this.#somebody();
        await cluster.crash(id);
        await this.#pause(LONGEST_FAULT);
        await cluster.restart(id);
        return;
      }
      case "drop":
        cluster.links.loss = this.#random.below(MOST_LOST) / 100;
        await this.#pause(LONGEST_FAULT);
        cluster.links.loss = 0;
        return;
      case "partition":
        this.#cut(this.#somebody());
        await this.#pause(LONGEST_FAULT);
        cluster.heal();
        return;
      case "transfer":
        // What it comes to is the clients' affair: whoever is refused asks somebody else.
        await cluster
          .get(this.#leader())
          ?.node.transfer(this.#random.oneIn(2) ? 0 : this.#somebody())
          .catch((error: unknown) => {
            if (!(error instanceof RaftError)) throw error;
          });
        return;
    }
  }

  /** Cuts a node off: in both directions, or it only hears, or it is only heard. */
  #cut(id: NodeId): void {
    const { ids, links } = this.#cluster;
    const draw = this.#random.below(4);
    if (draw > 1) {
      this.#cluster.isolate(id);
      return;
    }
    for (const other of ids) {
      if (other !== id) links.cut(draw === 0 ? id : other, draw === 0 ? other : id);
    }
  }

  /** Every other time whoever leads, else anybody who is up; a crash is over before the next one begins. */
  #somebody(): NodeId {
    const up = this.#cluster.up();
    return this.#random.oneIn(2) ? this.#leader() : (up[this.#random.below(up.length)] ?? this.#leader());
  }

  #leader(): NodeId {
    return this.#cluster.leader() ?? this.#cluster.up()[0] ?? 0;
  }

  /** Waits for up to so many ms, or until the end. */
  #pause(longest: number): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, 1 + this.#random.below(longest));
      this.#waiting.add(wake);
    });
  }
}
