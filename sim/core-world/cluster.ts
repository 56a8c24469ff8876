/**
 * The nodes of a world, and what they share: the network, the tree of all logs, the rules, chance, and the digest of all that
 * happens. Nothing happens here by itself; what can be done is in world.ts. Each node is judged whenever it took an
 * input or has flushed.
 */

import { EntryKind, EventKind } from "../../host/core/abi.js";
import { type Capacity, MICRO_CAPACITY } from "../../host/core/plan.js";
import { Rules } from "../checkers/invariants.js";
import type { CoreUnderTest } from "../core-under-test.js";
import { Digest } from "../digest.js";
import { EMPTY_LOG, LogTree } from "../log-tree.js";
import { voterSets } from "../messages.js";
import { Random } from "../random.js";
import { InvariantViolation, type Report } from "../violation.js";
import { type Action, ActionLog } from "./action.js";
import type { Disk } from "./disk.js";
import { RecordingMachine, type SimMachine } from "./machine.js";
import { Network } from "./network.js";
import { NodeJudge } from "./node-judge.js";
import { type NodeSetup, prepareDisk } from "./node-setup.js";
import { OperationCounts } from "./operation-counts.js";
import { SimNode } from "./sim-node.js";
import type { Surroundings } from "./surroundings.js";

export interface WorldOptions {
  readonly core: CoreUnderTest;
  /** The nodes, whose ids are 1, 2, ... */
  readonly nodes: readonly NodeSetup[];
  /** The bootstrap configuration in wire form. */
  readonly configuration: Uint8Array;
  /** Capacity of every node. */
  readonly capacity?: Capacity;
  /** For the jitter of timers, and for reports; null where a test decides everything. */
  readonly seed?: number | null;
  readonly cluster?: bigint;
  /** Whether the core's own invariants are asked for after each call; true unless stated. */
  readonly askInvariants?: boolean;
  /** The state machine of a node; a recording one unless stated. */
  readonly machine?: (id: number) => SimMachine;
  /** Gets what nodes' observers are told. */
  readonly onEvent?: (node: SimNode, kind: number, first: number, second: number) => void;
}

/** Stands in the digest for a death between two effects. */
const DIED = 0x50;

/** The cluster's id unless stated. */
export const DEFAULT_CLUSTER = 0x4d52n;

/** Nodes from 1 on, started. */
export class Cluster implements Surroundings {
  readonly core: CoreUnderTest;
  readonly tree: LogTree;
  readonly network: Network;
  readonly rules: Rules;
  readonly random: Random;
  readonly digest = new Digest();
  /** Whether the core's own invariants are asked for after each call. */
  askInvariants: boolean;
  readonly nodes: readonly SimNode[];
  /** Every input is followed by a flush. A driver that flushes by itself turns it off. */
  autoFlush = true;
  /** Whether clocks keep to the bound that leases rely on: else reads by lease are not judged. */
  leasesHold = true;
  /** What leaders did with their members. */
  readonly operations = new OperationCounts();
  /** Hears of every crash. */
  onCrash: ((node: SimNode) => void) | null = null;
  /** Times that each event was told. */
  readonly events = new Float64Array(EventKind.COUNT);

  readonly #actions = new ActionLog();
  readonly #seed: number | null;
  readonly #onEvent: WorldOptions["onEvent"];
  readonly #byId: SimNode[] = [];
  readonly #bootstrap: Uint8Array;
  readonly #judge: NodeJudge;

  constructor(options: WorldOptions) {
    const { seed = null, cluster = DEFAULT_CLUSTER, capacity = MICRO_CAPACITY } = options;
    this.core = options.core;
    this.askInvariants = options.askInvariants ?? true;
    this.tree = new LogTree(this.report);
    this.network = new Network(options.nodes.length);
    this.rules = new Rules(this.report, this.tree, EntryKind.NORMAL);
    this.random = new Random(seed ?? 0);
    this.#seed = seed;
    this.#onEvent = options.onEvent;
    this.#bootstrap = options.configuration;
    const disks: Disk[] = [];
    const isPartial = voterSets(options.configuration).some((set) => set.some((id) => id > options.nodes.length));
    this.#judge = new NodeJudge(this, this.operations, disks, isPartial);
    const makeMachine = options.machine ?? (() => new RecordingMachine());
    this.nodes = options.nodes.map((setup, i) => {
      const id = i + 1;
      const plan = { ...capacity, ...setup.capacity, cluster, group: 0, id };
      const bootstrap = setup.isStranger === true ? new Uint8Array() : options.configuration;
      const node = new SimNode(id, plan, bootstrap, makeMachine(id), this);
      // Clocks that leases rely on differ in their rates by no more than the bound.
      if (plan.leaseDrift > 0 && seed !== null) node.rate = this.#drawRate(plan.leaseDrift);
      this.#byId[id] = node;
      disks[id] = node.disk;
      prepareDisk(node, setup);
      return node;
    });
    for (const node of this.nodes) {
      node.start();
      node.flush();
    }
  }

  /** Reports a broken rule, with how the world came here. */
  readonly report: Report = (rule, detail) => {
    const actions = this.#actions.describe();
    throw new InvariantViolation(rule, detail, { seed: this.#seed, step: this.#actions.count, actions });
  };

  /** Actions taken. */
  get steps(): number {
    return this.#actions.count;
  }
  /** Elections won. */
  get elections(): number {
    return this.#judge.elections;
  }
  /** Highest index that is committed. */
  get committed(): number {
    return this.rules.committed.last;
  }

  node(id: number): SimNode {
    const node = this.#byId[id];
    if (node === undefined) throw new RangeError(`there is no node ${id}`);
    return node;
  }

  // What actions are made of.

  /** An action begins: what it is goes into the digest, and into what a report shows. */
  begin(action: Action, a: number, b: number): void {
    this.#actions.add(action, a, b);
    this.digest.word(action);
    this.digest.word(a);
    this.digest.word(b);
  }

  /** A node took an input, and answered: it is judged, and flushes unless that is put off. */
  done(node: SimNode, status: number): number {
    this.digest.word(status);
    this.#judge.input(node);
    node.unflushed++;
    if (this.autoFlush) node.flush();
    return status;
  }

  /** A node stops at once; the oldest `keep` writes under way survive, and `torn` entries of the next. */
  stop(node: SimNode, keep: number, torn: number): void {
    node.crash(keep, torn);
    this.onCrash?.(node);
  }

  /** Gives the nodes' memory back: nothing can happen any more. */
  close(): void {
    for (const node of this.nodes) if (node.isUp) node.core.release();
  }

  // Surroundings of the nodes.

  event(node: SimNode, kind: number, first: number, second: number): void {
    this.events[kind] = (this.events[kind] as number) + 1;
    if (kind === EventKind.TRANSFER) this.operations.handsOver(node, first);
    this.#onEvent?.(node, kind, first, second);
  }

  configurationBytes(id: number): Uint8Array {
    return id === EMPTY_LOG ? this.#bootstrap : this.tree.payload(id).slice();
  }

  settled(node: SimNode): void {
    this.#judge.settled(node);
  }

  died(node: SimNode): void {
    this.#judge.died(node);
    const { keep, torn } = node.gate.death;
    this.digest.word(DIED);
    this.digest.word(node.id);
    node.counts.deaths++;
    this.stop(node, Math.min(keep, node.disk.pending.length), torn);
  }

  /** From 1 to what a clock may run ahead of one that goes at 1. */
  #drawRate(drift: number): number {
    const fastest = 1000 / (1000 - drift);
    return 1 + ((fastest - 1) * this.random.below(5)) / 4;
  }
}
