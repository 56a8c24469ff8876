/**
 * Breadth-first search, level by level, by any number of workers side by side. The worlds of a level lie one behind the
 * other in the table; workers take them in portions, and the last one to find the level empty begins the next.
 *
 * A world that another one covers is not looked at. If the other one takes more steps to reach, a way found through it may
 * be longer than it has to be; leaving that out, as `shortest` asks for, costs several times as much.
 */

import type { CoreModule } from "../../host/core/module.js";
import { Explorer } from "./explorer.js";
import type { CheckOptions } from "./options.js";
import { MemoryExhausted } from "./shared-table.js";
import type { SharedTables } from "./tables.js";
import type { RuleBroken } from "./violation.js";
import { NO_PARENT, WorldTable } from "./world-table.js";

/** Words of the control buffer. */
export const Control = { FIRST: 0, END: 1, CURSOR: 2, ARRIVED: 3, GENERATION: 4, STOP: 5, DEPTH: 6, JOBS: 7 } as const;

/** Why a search ended before it was complete. */
export const Stop = { NONE: 0, VIOLATION: 1, MEMORY: 2, TIME: 3, ERROR: 4 } as const;
export type Stop = (typeof Stop)[keyof typeof Stop];

/** Worlds taken at a time. */
const PORTION = 64;
/** How long a worker waits for the others before it looks whether the search was stopped, in ms. */
const WAIT = 50;

/** A broken rule and where: the world from which a change broke it, or that breaks it itself. */
export interface Finding {
  readonly world: number;
  readonly rule: string;
  readonly detail: string;
}

/** What one worker has done. */
export interface WorkerResult {
  readonly transitions: number;
  readonly finding: Finding | null;
}

export class SearchWorker {
  readonly #explorer: Explorer;
  readonly #worlds: WorldTable;
  readonly #control: Int32Array;
  readonly #deadline: number;
  #finding: Finding | null = null;

  constructor(
    core: CoreModule,
    options: CheckOptions,
    tables: SharedTables,
    /** When the time is up, as Date.now() counts. */
    deadline: number,
    /** Whether a world is looked at although one that takes more steps to reach covers it. */
    readonly shortest: boolean,
    /** Called now and then with the number of worlds and the depth. */
    readonly onProgress: (states: number, depth: number) => void = () => undefined,
  ) {
    this.#explorer = new Explorer(core, options, tables);
    this.#worlds = new WorldTable(tables.worlds, options.nodes, this.#explorer.width, this.#explorer.sets);
    this.#control = new Int32Array(tables.control);
    this.#deadline = deadline;
  }

  /** Puts the first world in the table. Done once, before any worker runs. */
  begin(): void {
    const first = this.#explorer.initial();
    this.#explorer.close(first);
    this.#worlds.add(this.#explorer.variants, this.#explorer.chooseNames(first), NO_PARENT);
    this.#control[Control.END] = this.#worlds.count;
  }

  /** Searches until everything is found or the search is stopped. */
  run(): WorkerResult {
    try {
      while (this.#level());
    } catch (error) {
      this.#stop(error instanceof MemoryExhausted ? Stop.MEMORY : Stop.ERROR);
      if (!(error instanceof MemoryExhausted)) throw error;
    }
    return { transitions: this.#explorer.transitions, finding: this.#finding };
  }

  /** Works at a level until it is done; answers whether there is another one. */
  #level(): boolean {
    const control = this.#control;
    const end = Atomics.load(control, Control.END);
    const generation = Atomics.load(control, Control.GENERATION);
    if (this.shortest) this.#worlds.levelEnd = end;
    for (;;) {
      const first = Atomics.add(control, Control.CURSOR, PORTION);
      if (first >= end || this.#isStopped()) break;
      for (let place = first; place < Math.min(first + PORTION, end); place++) this.#expand(place);
    }
    return this.#nextLevel(generation);
  }

  #nextLevel(generation: number): boolean {
    const control = this.#control;
    if (Atomics.add(control, Control.ARRIVED, 1) + 1 === (control[Control.JOBS] as number)) {
      const end = Atomics.load(control, Control.END);
      const count = this.#worlds.count;
      Atomics.store(control, Control.FIRST, end);
      Atomics.store(control, Control.CURSOR, end);
      Atomics.store(control, Control.END, count);
      Atomics.store(control, Control.ARRIVED, 0);
      if (count > end) Atomics.add(control, Control.DEPTH, 1);
      Atomics.add(control, Control.GENERATION, 1);
      Atomics.notify(control, Control.GENERATION);
      this.onProgress(count, Atomics.load(control, Control.DEPTH));
    } else {
      while (Atomics.load(control, Control.GENERATION) === generation && !this.#isStopped()) {
        Atomics.wait(control, Control.GENERATION, generation, WAIT);
      }
    }
    return !this.#isStopped() && Atomics.load(control, Control.FIRST) < Atomics.load(control, Control.END);
  }

  #expand(place: number): void {
    if (this.#worlds.isCovered(place)) return;
    const start = place * this.#worlds.width;
    const world = this.#worlds.words.subarray(start, start + this.#worlds.width);
    const broken = this.#explorer.expand(world, (next) => this.#found(next, place));
    if (broken !== null) this.#report(place, broken[1]);
  }

  #found(next: Int32Array, parent: number): void {
    const count = this.#explorer.chooseNames(next);
    const { variants } = this.#explorer;
    if (!this.#worlds.add(variants, count, parent)) return;
    const broken = this.#explorer.judge(variants[0] as Int32Array);
    if (broken !== null) this.#report(parent, broken);
  }

  #report(world: number, { detail, rule }: RuleBroken): void {
    this.#finding ??= { world, rule, detail };
    this.#stop(Stop.VIOLATION);
  }

  #stop(why: Stop): void {
    Atomics.compareExchange(this.#control, Control.STOP, Stop.NONE, why);
    Atomics.notify(this.#control, Control.GENERATION);
  }

  #isStopped(): boolean {
    if (Date.now() > this.#deadline) this.#stop(Stop.TIME);
    return Atomics.load(this.#control, Control.STOP) !== Stop.NONE;
  }
}
