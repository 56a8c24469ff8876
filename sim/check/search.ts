/**
 * The search, by any number of workers side by side: they take worlds from one agenda until nothing is left.
 *
 * In what order does not matter for what is found, and much for how long it takes. Worlds in which less has happened come
 * first (progress.ts): when it is a world's turn, all ways there have been gone, and only those are left to look at that no
 * other one covers. With `shortest`, worlds that are reached in fewer changes come first, by one worker: then the way told
 * is a shortest one, which takes many times as long.
 */

import type { CoreModule } from "../../host/core/module.js";
import { Agenda } from "./agenda.js";
import { Explorer } from "./explorer.js";
import type { CheckOptions } from "./options.js";
import { MemoryExhausted } from "./shared-table.js";
import type { SharedTables } from "./tables.js";
import type { RuleBroken } from "./violation.js";
import { NO_PARENT, WorldTable } from "./world-table.js";

/** Words of the control buffer. */
export const Control = { STOP: 0, DEPTH: 1 } as const;

/** Why a search ended before it was complete. */
export const Stop = { NONE: 0, VIOLATION: 1, MEMORY: 2, TIME: 3, ERROR: 4 } as const;
export type Stop = (typeof Stop)[keyof typeof Stop];

/** Worlds between two looks at the clock, and between two reports of progress. */
const PORTION = 64;
const REPORT = 16_384;
/** How long a worker waits for others to find something, in ms. */
const WAIT = 1;

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
  readonly #agenda: Agenda;
  readonly #control: Int32Array;
  readonly #deadline: number;
  #finding: Finding | null = null;

  constructor(
    core: CoreModule,
    options: CheckOptions,
    tables: SharedTables,
    /** When the time is up, as Date.now() counts. */
    deadline: number,
    /** Whether a shortest way to a broken rule is looked for. */
    readonly shortest: boolean,
    /** Called now and then with the number of worlds and the depth. */
    readonly onProgress: (states: number, depth: number) => void = () => undefined,
    /** Which worker this is, from 0 on. */
    readonly number = 0,
  ) {
    this.#explorer = new Explorer(core, options, tables, shortest);
    this.#worlds = new WorldTable(tables.worlds, options.nodes, this.#explorer.width, this.#explorer.sets);
    this.#agenda = new Agenda(tables.agenda);
    this.#control = new Int32Array(tables.control);
    this.#deadline = deadline;
  }

  /** Puts the first world in the table. Done once, before any worker runs. */
  begin(): void {
    const first = this.#explorer.initial();
    this.#explorer.close(first);
    const place = this.#worlds.add(this.#explorer.variants, this.#explorer.chooseNames(first), NO_PARENT);
    this.#agenda.put(place, 0);
  }

  /** Searches until everything is found or the search is stopped. */
  run(): WorkerResult {
    try {
      this.#search();
      if (this.#control[Control.STOP] === Stop.NONE) this.#explorer.audit(this.number);
    } catch (error) {
      this.#stop(error instanceof MemoryExhausted ? Stop.MEMORY : Stop.ERROR);
      if (!(error instanceof MemoryExhausted)) throw error;
    }
    return { transitions: this.#explorer.transitions, finding: this.#finding };
  }

  #search(): void {
    for (let looked = 0; !this.#agenda.isDone; ) {
      const place = this.#agenda.take();
      if (place < 0 || looked % PORTION === 0) {
        if (this.#isStopped()) return;
        // Others are at worlds from which more may come.
        if (place < 0) Atomics.wait(this.#control, Control.STOP, Stop.NONE, WAIT);
      }
      if (place < 0) continue;
      if (looked % REPORT === 0) this.onProgress(this.#worlds.count, this.#control[Control.DEPTH] as number);
      looked++;
      this.#expand(place);
      this.#agenda.done();
    }
  }

  #expand(place: number): void {
    if (this.#worlds.isCovered(place, this.shortest)) return;
    const start = place * this.#worlds.width;
    const world = this.#worlds.words.subarray(start, start + this.#worlds.width);
    const broken = this.#explorer.expand(world, (next) => this.#found(next, place));
    if (broken !== null) this.#report(place, broken[1]);
  }

  #found(next: Int32Array, parent: number): void {
    const count = this.#explorer.chooseNames(next);
    const { variants } = this.#explorer;
    const world = variants[0] as Int32Array;
    const place = this.#worlds.add(variants, count, parent);
    if (place < 0) return;
    const depth = this.#worlds.depth(place);
    if (depth > (this.#control[Control.DEPTH] as number)) Atomics.store(this.#control, Control.DEPTH, depth);
    this.#agenda.put(place, this.shortest ? depth : this.#explorer.progress(world));
    const broken = this.#explorer.judge(world);
    if (broken !== null) this.#report(parent, broken);
  }

  #report(world: number, { detail, rule }: RuleBroken): void {
    this.#finding ??= { world, rule, detail };
    this.#stop(Stop.VIOLATION);
  }

  #stop(why: Stop): void {
    Atomics.compareExchange(this.#control, Control.STOP, Stop.NONE, why);
    Atomics.notify(this.#control, Control.STOP);
  }

  #isStopped(): boolean {
    if (Date.now() > this.#deadline) this.#stop(Stop.TIME);
    return Atomics.load(this.#control, Control.STOP) !== Stop.NONE;
  }
}
