/**
 * From a world to the worlds that follow it. Of the nodes' states and the sets of messages only their numbers are handled
 * here (world.ts); what a node does is looked up in Steps.
 */

import { MessageKind, Role } from "../../host/core/abi.js";
import type { CoreModule } from "../../host/core/module.js";
import { Choices } from "./choices.js";
import { initialRoles, renameRoles } from "./configurations.js";
import { isCrash } from "./input.js";
import { Judge } from "./judge.js";
import { LocalModel } from "./local-model.js";
import { Local, type Renaming } from "./local-state.js";
import { MessageSets, Messages } from "./messages.js";
import { type Change, type MoveList, MoveLists } from "./move-lists.js";
import type { CheckOptions } from "./options.js";
import type { Outcome } from "./outcome.js";
import { EMPTY, Paths } from "./paths.js";
import { CRASH_WEIGHT, progressOf } from "./progress.js";
import { SharedTable } from "./shared-table.js";
import { isSpent } from "./standing.js";
import { Steps } from "./steps.js";
import { renamings, Symmetry } from "./symmetry.js";
import type { SharedTables } from "./tables.js";
import { RuleBroken } from "./violation.js";
import {
  committedTerm,
  committedTip,
  crashCost,
  crashesLeft,
  DUPLICATE_COST,
  duplicatesLeft,
  packBudgets,
  packCommitted,
  worldWidth,
} from "./world.js";

export class Explorer {
  readonly messages: Messages;
  readonly paths: Paths;
  readonly sets: MessageSets;
  readonly width: number;
  /** Moves looked at so far. */
  transitions = 0;

  readonly #nodes: number;
  readonly #locals: SharedTable;
  readonly #model: LocalModel;
  readonly #steps: Steps;
  readonly #symmetry: Symmetry;
  readonly #judge: Judge;
  /** Whether a message that has arrived may arrive again, any number of times. */
  readonly #keepsMessages: boolean;
  readonly #lists: MoveLists;
  readonly #progress: number[] = [];
  readonly #next: Int32Array;

  constructor(
    core: CoreModule,
    readonly options: CheckOptions,
    tables: SharedTables,
    /** Whether steps are taken one by one, so that a way to a broken rule is counted right (local-model.ts). */
    readonly oneByOne: boolean,
  ) {
    const { nodes, selfCheck, symmetry } = options;
    this.#nodes = nodes;
    this.width = worldWidth(nodes);
    this.#keepsMessages = options.duplicates === "any";
    this.#locals = new SharedTable(tables.locals, "states of nodes");
    this.messages = new Messages(new SharedTable(tables.messages, "messages"));
    this.paths = new Paths(new SharedTable(tables.entries, "entries"));
    this.sets = new MessageSets(new SharedTable(tables.sets, "sets of messages"), this.messages);
    const all = symmetry ? renamings(nodes) : renamings(nodes).slice(0, 1);
    const roles = initialRoles(options);
    const campaigns = options.campaigns ?? [];
    const isSame = (renaming: Renaming) =>
      renameRoles(roles, renaming) === roles && campaigns.every((node) => renaming[node] === node);
    const names = all.filter(isSame);
    const early = options.reductions && !oneByOne;
    this.#model = new LocalModel(core, options, this.#locals, this.messages, this.paths, early);
    const choices = new Choices(options, this.#locals, this.#model.format, this.messages, this.paths);
    this.#steps = new Steps(this.#model, choices, this.#locals, this.messages, this.sets, names, selfCheck);
    this.#lists = new MoveLists(nodes, this.#steps, this.sets, this.messages, this.#keepsMessages);
    this.#symmetry = new Symmetry(nodes, names, this.#steps, this.sets);
    this.#judge = new Judge(options, this.#locals, this.#model.format, this.paths);
    this.#next = new Int32Array(this.width);
  }

  /** The world in which every node has just started on an empty disk. */
  initial(): Int32Array {
    const { crashes, duplicates } = this.options;
    const world = new Int32Array(this.width);
    for (let position = 0; position < this.#nodes; position++) {
      world[position] = this.#steps.initial(position + 1);
      world[this.#nodes + 1 + position] = this.sets.empty;
    }
    world[this.width - 1] = packBudgets(duplicates === "any" ? 0 : duplicates, crashes, this.#nodes);
    return world;
  }

  /** A world under the names that are chosen for it: `variants`, as many as answered. */
  chooseNames(world: Int32Array): number {
    return this.#symmetry.choose(world);
  }
  get variants(): readonly Int32Array[] {
    return this.#symmetry.variants;
  }

  /**
   * Goes through all changes of a world.
   * @param found takes each world that follows, in its own names; the array is used again
   * @returns a change that breaks a rule, and the rule; null if none does
   */
  expand(world: Int32Array, found: (next: Int32Array, change: Change) => void): readonly [Change, RuleBroken] | null {
    for (let position = 0; position < this.#nodes; position++) {
      const list = this.#listAt(world, position);
      this.transitions += list.all;
      for (const change of list.changes) {
        if (!this.#isAfforded(world, change)) continue;
        const broken = this.#apply(world, change) ?? this.close(this.#next, world);
        if (broken !== null) return [change, broken];
        found(this.#next, change);
      }
    }
    return null;
  }

  /** The world behind a change that breaks no rule, without what `close` adds. */
  take(world: Int32Array, change: Change): Int32Array {
    this.#apply(world, change);
    return this.#next.slice();
  }

  /**
   * Adds to a world all messages that nodes can send without changing their own state. While messages stay under way, a
   * world with more of them can do all that one with fewer can: only the former is kept.
   * @param before a world that this was done to, from which `world` comes by one change
   * @returns a rule that one of these messages breaks, or null
   */
  close(world: Int32Array, before: Int32Array | null = null): RuleBroken | null {
    if (!this.#keepsMessages) return null;
    // Nodes that are as in a world where all is told have nothing more to tell.
    let changed = 0;
    for (let position = 0; position < this.#nodes; position++) {
      const set = this.#nodes + 1 + position;
      const isSame = before !== null && before[position] === world[position] && before[set] === world[set];
      if (!isSame) changed |= 1 << position;
    }
    while (changed !== 0) {
      const position = 31 - Math.clz32(changed);
      changed ^= 1 << position;
      const { acknowledgements, told } = this.#listAt(world, position);
      for (let to = 0; to < this.#nodes; to++) {
        if (told[to] !== this.sets.empty && this.#unite(world, to, told[to] as number)) changed |= 1 << to;
      }
      const broken = this.#acknowledge(world, position, acknowledgements);
      if (broken !== null) return broken;
    }
    return null;
  }

  /** Does to a world one of the things that `close` does; answers it, or null if none is left. */
  tell(world: Int32Array): Change | null {
    for (let position = 0; this.#keepsMessages && position < this.#nodes; position++) {
      const local = world[position] as number;
      for (const { input, outcome } of this.#steps.moves(local, world[this.#nodes + 1 + position] as number)) {
        if (outcome.next !== local || outcome.sends.length === 0) continue;
        const change = { position, input, outcome, taken: 0, isDuplicate: false };
        const next = this.take(world, change);
        if (next.every((word, i) => word === world[i])) continue;
        world.set(next);
        return change;
      }
    }
    return null;
  }

  /** How far a world has come: its place in the order of the search. */
  progress(world: Int32Array): number {
    let sum = 0;
    for (let position = 0; position < this.#nodes; position++) {
      const crashes = this.options.crashes - crashesLeft(world[this.width - 1] as number, position);
      sum += this.#progressAt(world[position] as number) + CRASH_WEIGHT * crashes;
    }
    return sum;
  }

  #progressAt(local: number): number {
    let progress = this.#progress[local];
    if (progress === undefined) {
      progress = progressOf(this.#locals.words, this.#locals.start(local), this.#model.format, this.paths);
      this.#progress[local] = progress;
    }
    return progress;
  }

  /** The tests that have to wait for the end of a search, or one worker's part of them. */
  audit(worker: number): void {
    this.#steps.audit(worker, this.options.jobs);
  }

  /** Judges a world by the rules over several nodes. */
  judge(world: Int32Array): RuleBroken | null {
    const committed = world[this.#nodes] as number;
    return this.#judge.judge(world, committedTip(committed), committedTerm(committed));
  }

  /** What the rules over several nodes look at in a world, as a line; of two worlds the same exactly if they see the same. */
  describeJudged(world: Int32Array): string {
    const committed = world[this.#nodes] as number;
    const log = this.paths.describe(committedTip(committed));
    return `${this.#judge.describe(world)} committed ${log} in ${committedTerm(committed)}`;
  }

  #isAfforded(world: Int32Array, { input, isDuplicate, position }: Change): boolean {
    const budgets = world[this.width - 1] as number;
    if (isDuplicate) return duplicatesLeft(budgets) > 0;
    return !isCrash(input) || crashesLeft(budgets, position) > 0;
  }

  /** Makes the next world of a change in `#next`; answers the rule that it breaks. */
  #apply(world: Int32Array, { input, isDuplicate, outcome, position, taken }: Change): RuleBroken | null {
    if (outcome.broken !== null) return outcome.broken;
    const next = this.#next;
    for (let i = 0; i < this.width; i++) next[i] = world[i] as number;
    if (isDuplicate) (next[this.width - 1] as number) -= DUPLICATE_COST;
    if (isCrash(input)) (next[this.width - 1] as number) -= crashCost(position);
    const set = this.#nodes + 1 + position;
    if (taken !== 0) next[set] = this.sets.remove(next[set] as number, taken);
    next[position] = outcome.next;
    // When a node's standing has changed, some of the messages to it can never have an effect again.
    const standing = this.#steps.standing(outcome.next);
    if (standing !== this.#steps.standing(world[position] as number)) {
      next[set] = this.sets.prune(next[set] as number, standing);
    }
    const { sends } = outcome;
    for (let i = 0; i < sends.length; i++) this.#send(next, sends[i] as number);
    if (outcome.committed !== EMPTY) {
      const broken = this.#commit(next, outcome, position);
      if (broken !== null) return broken;
    }
    return this.#acknowledge(next, position, sends);
  }

  #send(next: Int32Array, message: number): void {
    const to = this.messages.to(message) - 1;
    if (isSpent(this.messages, message, this.#steps.standing(next[to] as number))) return;
    const set = this.#nodes + 1 + to;
    next[set] = this.sets.add(next[set] as number, message);
  }

  /** Adds a set of messages to those under way to a node; answers whether that changes anything. */
  #unite(world: Int32Array, to: number, told: number): boolean {
    const set = this.#nodes + 1 + to;
    const before = world[set] as number;
    world[set] = this.sets.prune(this.sets.union(before, told), this.#steps.standing(world[to] as number));
    return world[set] !== before;
  }

  #commit(next: Int32Array, { committed, committedTerm: term }: Outcome, position: number): RuleBroken | null {
    const before = committedTip(next[this.#nodes] as number);
    if (!this.#judge.extends(committed, before)) {
      const both = `${this.paths.describe(committed)}, and ${this.paths.describe(before)} was committed before`;
      return new RuleBroken("state machine safety", `node ${position + 1} commits ${both}`);
    }
    if (this.paths.index(committed) > this.paths.index(before)) next[this.#nodes] = packCommitted(committed, term);
    return null;
  }

  /** What a node acknowledges to a leader is the leader's own log. */
  #acknowledge(next: Int32Array, position: number, sends: Int32Array): RuleBroken | null {
    const { format } = this.#model;
    const { words } = this.#locals;
    for (let i = 0; i < sends.length; i++) {
      const message = sends[i] as number;
      if (this.messages.kind(message) !== MessageKind.APPEND_REPLY) continue;
      const leader = this.#locals.start(next[this.messages.to(message) - 1] as number);
      if (format.role(words, leader) !== Role.LEADER) continue;
      if (format.term(words, leader) !== this.messages.term(message)) continue;
      const match = this.messages.match(message);
      const own = words[this.#locals.start(next[position] as number) + Local.DISK_TIP] as number;
      const leaders = words[leader + Local.TIP] as number;
      if (this.paths.upTo(own, match) === this.paths.upTo(leaders, match)) continue;
      const logs = `${this.paths.describe(own)}, and the leader's log is ${this.paths.describe(leaders)}`;
      return new RuleBroken("acknowledged matches", `node ${position + 1} acknowledges ${match} of ${logs}`);
    }
    return null;
  }

  #listAt(world: Int32Array, position: number): MoveList {
    return this.#lists.of(position, world[position] as number, world[this.#nodes + 1 + position] as number);
  }
}
