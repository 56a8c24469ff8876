/** Faults at wall-clock pace: each kind comes and goes by itself, so that they overlap as they like. */

import { MemberRole } from "../../host/core/abi.js";
import { RaftError } from "../../host/errors.js";
import type { KvResult } from "../../host/kv/machine.js";
import type { RaftNode } from "../../host/node.js";
import type { NodeId } from "../../host/transport/transport.js";
import type { Fault } from "../core-world/faults.js";
import type { FaultMix } from "../fault-list.js";
import type { Random } from "../random.js";
import type { KvCluster } from "./asker.js";
import { PatienceError } from "./cluster.js";
import { pause } from "./waiting.js";

/** Those of the simulator's faults that there are in real time. */
export const TIMEFULL_FAULTS = [
  "crash",
  "drop",
  "partition",
  "transfer",
  "snapshot",
  "membership",
] as const satisfies readonly Fault[];
export type TimefullFault = (typeof TIMEFULL_FAULTS)[number];

/** How long it is quiet between two faults of a kind, and how long one lasts, at most, in ms. */
const LONGEST_QUIET = 900;
const LONGEST_FAULT = 500;
/** The largest share of messages that are lost. */
const MOST_LOST = 40;
/** Time between two looks at a change of members, in ms, and how long a new member may take to have the log. */
const LOOK = 20;
const CATCH_UP = 500;
/** How long a change may take once the other faults are over, in ms: against hanging. */
const MOST_AFTER = 20_000;

/** Injects faults until it is told to end. */
export class Operator {
  /** How often each fault came to something: transfers and snapshots that were refused are none. */
  readonly counts: Record<TimefullFault, number> = {
    ...{ crash: 0, drop: 0, partition: 0, transfer: 0 },
    ...{ snapshot: 0, membership: 0 },
  };
  readonly #cluster: KvCluster;
  readonly #random: Random;
  readonly #waiting = new Set<() => void>();
  #over = false;
  /** When the other faults were over. */
  #end = Number.POSITIVE_INFINITY;

  constructor(cluster: KvCluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** Injects faults until `end`; when it resolves every node is up, every link works, and no member is being replaced.
   * @throws {PatienceError} when a member cannot be replaced although the other faults are over */
  async run(faults: FaultMix<TimefullFault>): Promise<void> {
    const kinds = [...faults].map(([fault, factor]) => this.#go(fault, LONGEST_QUIET / factor));
    await Promise.all(kinds);
    this.#cluster.heal();
    this.#cluster.links.loss = 0;
  }

  end(): void {
    this.#over = true;
    this.#end = performance.now();
    for (const wake of this.#waiting) wake();
  }

  async #go(fault: TimefullFault, quiet: number): Promise<void> {
    for (;;) {
      await this.#pause(quiet);
      if (this.#over) return;
      if (await this.#inject(fault)) this.counts[fault]++;
    }
  }

  /** Answers whether it came to something. */
  async #inject(fault: TimefullFault): Promise<boolean> {
    const cluster = this.#cluster;
    // All are down for a moment where there are few.
    if (cluster.up().length === 0) return false;
    switch (fault) {
      case "crash": {
        const id = this.#somebody();
        await cluster.crash(id);
        await this.#pause(LONGEST_FAULT);
        await cluster.restart(id);
        return true;
      }
      case "drop":
        cluster.links.loss = this.#random.below(MOST_LOST) / 100;
        await this.#pause(LONGEST_FAULT);
        cluster.links.loss = 0;
        return true;
      case "partition":
        this.#cut(this.#somebody());
        await this.#pause(LONGEST_FAULT);
        cluster.heal();
        return true;
      case "transfer":
        // Clients that are refused meanwhile ask somebody else.
        return succeeds(cluster.get(this.#leader())?.node.transfer(this.#random.oneIn(2) ? 0 : this.#somebody()));
      case "snapshot":
        return succeeds(cluster.get(this.#somebody())?.node.snapshot());
      case "membership":
        return this.#replace(this.#somebody());
    }
  }

  /** Puts a new node in the place of a member, which ends when it is none any more; false if a rule was broken meanwhile. */
  async #replace(old: NodeId): Promise<boolean> {
    const cluster = this.#cluster;
    const by = await cluster.add();
    while (!(await this.#isReplaced(old, by))) {
      if (cluster.isBroken) return false;
      if (performance.now() - this.#end > MOST_AFTER) {
        throw new PatienceError(`node ${old} is not replaced by ${by} within ${MOST_AFTER} ms\n${cluster.describe()}`);
      }
      await pause(LOOK);
    }
    await cluster.until(`node ${old} is up`, () => cluster.get(old));
    await cluster.retire(old);
    return true;
  }

  /** Takes the next step, if somebody leads and no change is under way; whether there is none left. */
  async #isReplaced(old: NodeId, by: NodeId): Promise<boolean> {
    const node = this.#cluster.get(this.#cluster.leader() ?? 0)?.node;
    if (node === undefined) return false;
    const { joint, members, pending } = node.configuration();
    if (pending || joint) return false;
    const isOld = members.some(({ id }) => id === old);
    const roles = members.find(({ id }) => id === by)?.roles;
    if (!isOld && roles === MemberRole.VOTER) return true;
    await succeeds(this.#change(node, old, by, roles));
    return false;
  }

  /** One change towards the goal; which one follows from what became of those before. */
  #change(node: RaftNode<KvResult>, old: NodeId, by: NodeId, roles: number | undefined): Promise<void> {
    const [member] = this.#cluster.named([{ id: by }]);
    if (roles === MemberRole.VOTER) return node.removeMember(old);
    if (roles !== undefined || member === undefined) return node.promoteMember(by, { wait: true });
    if (this.#random.oneIn(2)) return node.addMember(member, { promote: true });
    return node.replaceMember(old, member, { catchUp: CATCH_UP });
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

/** Whether a request is done, and not refused; false if there was nobody to ask. */
async function succeeds(request: Promise<unknown> | undefined): Promise<boolean> {
  try {
    await request;
    return request !== undefined;
  } catch (error) {
    if (error instanceof RaftError) return false;
    throw error;
  }
}
