/**
 * The rules that concern several nodes at once, asked of every state (paper, figure 3): the simulator's, said of a state
 * instead of a run. What has been committed is part of a world's state: the longest log up to which a leader committed,
 * and that leader's term.
 */

import { Role } from "../../host/core/abi.js";
import { describeRoles, initialRoles } from "./configurations.js";
import { Local, type LocalFormat } from "./local-state.js";
import { LogConfigurations } from "./log-configurations.js";
import type { CheckOptions } from "./options.js";
import { PairMap } from "./pair-map.js";
import { EMPTY, type Paths } from "./paths.js";
import type { SharedTable } from "./shared-table.js";
import { RuleBroken, reportBroken } from "./violation.js";

/** What the rules look at in a node's state. */
interface View {
  readonly node: number;
  /** The log in the arena, and the one on the disk. */
  readonly tip: number;
  readonly diskTip: number;
  /** The log up to where the node holds it as committed. */
  readonly committed: number;
  /** The term in which it leads; 0 if it does not. */
  readonly leads: number;
  /** The terms it has led, as bits. */
  readonly led: number;
}

/** How many judged combinations are remembered. */
const REMEMBERED = 1 << 16;

export class Judge {
  readonly nodes: number;
  readonly #configurations: LogConfigurations;
  readonly #views: View[] = [];
  readonly #viewNumbers = new Map<string, number>();
  readonly #ofLocal = new PairMap();
  /** Combinations found to be right, one in each place. */
  readonly #right: Int32Array;
  readonly #width: number;
  readonly #row: Int32Array;

  constructor(
    options: CheckOptions,
    readonly locals: SharedTable,
    readonly format: LocalFormat,
    readonly paths: Paths,
  ) {
    this.nodes = options.nodes;
    this.#configurations = new LogConfigurations(paths, initialRoles(options));
    this.#width = options.nodes + 2;
    this.#right = new Int32Array(REMEMBERED * this.#width);
    this.#row = new Int32Array(this.#width);
  }

  /**
   * Judges a world.
   * @param world the nodes' states are its first words
   * @param committed the log up to which a leader committed, EMPTY if none has
   * @param term that leader's term
   * @returns the broken rule, or null
   */
  judge(world: Int32Array, committed: number, term: number): RuleBroken | null {
    const row = this.#row;
    let hash = Math.imul(committed, 0x9e3779b1) + term;
    for (let i = 0; i < this.nodes; i++) {
      const view = this.#viewOf(world[i] as number);
      row[i] = view;
      hash = Math.imul(hash ^ view, 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    row[this.nodes] = committed;
    row[this.nodes + 1] = term;
    const place = (hash & (REMEMBERED - 1)) * this.#width;
    if (this.#remembers(place)) return null;
    try {
      this.#examine(
        Array.from({ length: this.nodes }, (_, i) => this.#views[row[i] as number] as View),
        committed,
        term,
      );
    } catch (error) {
      if (error instanceof RuleBroken) return error;
      throw error;
    }
    this.#right.set(row, place);
    return null;
  }

  /** What the rules look at in the nodes of a world, as a line. */
  describe(world: Int32Array): string {
    const views = Array.from(world.subarray(0, this.nodes), (local) => this.#views[this.#viewOf(local)] as View);
    const logs = (view: View) => [view.tip, view.diskTip, view.committed].map((tip) => this.paths.describe(tip)).join();
    return views.map((view) => `${view.node}:${logs(view)}:${view.leads}:${view.led}`).join(" ");
  }

  /** Whether the commit of one leader goes together with what was committed before. */
  extends(committed: number, before: number): boolean {
    return this.paths.isPrefix(committed, before) || this.paths.isPrefix(before, committed);
  }

  #remembers(place: number): boolean {
    for (let i = 0; i < this.#width; i++) if (this.#right[place + i] !== this.#row[i]) return false;
    // A row of zeroes is a free place: term 0 and views of 0 would look like it, and are judged anew.
    return this.#row[this.nodes + 1] !== 0 || this.#row[0] !== 0;
  }

  #viewOf(local: number): number {
    const known = this.#ofLocal.get(local, 0);
    if (known >= 0) return known;
    const { words } = this.locals;
    const start = this.locals.start(local);
    const tip = words[start + Local.TIP] as number;
    const view: View = {
      node: words[start + Local.SELF] as number,
      tip,
      diskTip: words[start + Local.DISK_TIP] as number,
      committed: this.paths.upTo(tip, this.format.commit(words, start)),
      leads: this.format.role(words, start) === Role.LEADER ? this.format.term(words, start) : 0,
      led: words[start + Local.LED] as number,
    };
    const key = Object.values(view).join();
    let number = this.#viewNumbers.get(key);
    if (number === undefined) {
      number = this.#views.push(view) - 1;
      this.#viewNumbers.set(key, number);
    }
    this.#ofLocal.set(local, 0, number);
    return number;
  }

  #examine(views: readonly View[], committed: number, term: number): void {
    for (const view of views) {
      this.#judgeCommitted(view, committed);
      this.#judgeLeader(view, committed, term);
      for (const other of views) this.#judgePair(view, other);
    }
    this.#judgeDurable(views, committed);
    this.#judgeChanges(views, committed);
  }

  /** State Machine Safety: what a node holds as committed is what a leader committed. */
  #judgeCommitted({ committed, node }: View, whole: number): void {
    if (this.paths.isPrefix(committed, whole)) return;
    const both = `${this.paths.describe(committed)} as committed, and ${this.paths.describe(whole)} is`;
    reportBroken("state machine safety", `node ${node} holds ${both}`);
  }

  /** Leader Completeness: what was committed in an earlier term is in the leader's log. */
  #judgeLeader({ leads, node, tip }: View, committed: number, term: number): void {
    if (leads <= term || this.paths.isPrefix(committed, tip)) return;
    const logs = `${this.paths.describe(tip)}, and ${this.paths.describe(committed)} was committed in term ${term}`;
    reportBroken("leader completeness", `node ${node}, leader of term ${leads}, has the log ${logs}`);
  }

  #judgePair(one: View, other: View): void {
    if (one.node < other.node && (one.led & other.led) !== 0) {
      const term = 31 - Math.clz32(one.led & other.led);
      reportBroken("election safety", `nodes ${one.node} and ${other.node} both lead in term ${term}`);
    }
    if (this.paths.match(one.tip, other.tip) && this.paths.match(one.tip, other.diskTip)) return;
    const logs = [one.tip, other.tip, other.diskTip].map((tip) => this.paths.describe(tip));
    reportBroken("log matching", `the logs of nodes ${one.node} and ${other.node} do not match: ${logs.join("; ")}`);
  }

  /**
   * Nothing acknowledged is lost: what is committed is on the disks of a majority, of the configuration that was in force
   * when it was committed. That one is at the end of what is committed, or behind that in somebody's log.
   */
  #judgeDurable(views: readonly View[], committed: number): void {
    if (committed === EMPTY) return;
    const holds = (id: number) => this.paths.isPrefix(committed, (views[id - 1] as View).diskTip);
    const logs = [committed, ...views.flatMap(({ diskTip, tip }) => [diskTip, tip])];
    for (const log of logs) {
      if (!this.paths.isPrefix(committed, log)) continue;
      for (let at = log; ; at = this.paths.parent(at)) {
        if (this.#configurations.isQuorum(this.#configurations.inForce(at), holds, this.nodes)) return;
        if (at === committed) break;
      }
    }
    const holders = views.filter(({ node }) => holds(node)).length;
    const what = `${this.paths.describe(committed)} is committed`;
    reportBroken("nothing acknowledged is lost", `${what}, and is durable on ${holders} of ${views.length} nodes`);
  }

  /** One change at a time: a configuration that was followed by another one had been committed before, by its own majority. */
  #judgeChanges(views: readonly View[], committed: number): void {
    for (const [at, roles] of this.#configurations.replaced(committed)) {
      const holds = (id: number) => this.paths.isPrefix(at, (views[id - 1] as View).diskTip);
      if (this.#configurations.isQuorum(roles, holds, this.nodes)) continue;
      const what = `the configuration ${describeRoles(roles)} at ${this.paths.index(at)}`;
      reportBroken("one change at a time", `${what} was replaced, and is not durable on a majority of its voters`);
    }
  }
}
