/**
 * Worlds that differ only in the names of the nodes are the same: of all names those are chosen under which the nodes'
 * states come first, in an order of no meaning. Where nodes are in the same state several choices are as good; then all
 * of them are looked at.
 */

import type { Renaming } from "./local-state.js";
import type { MessageSets } from "./messages.js";
import type { Steps } from "./steps.js";
import { committedTerm, committedTip, packCommitted, reorderBudgets, worldWidth } from "./world.js";

/** All ways to name the nodes 1 to `nodes`, the one that changes nothing first. */
export function renamings(nodes: number): Renaming[] {
  let partial: number[][] = [[0]];
  for (let position = 1; position <= nodes; position++) {
    const names = Array.from({ length: nodes }, (_, i) => i + 1);
    partial = partial.flatMap((taken) => names.filter((id) => !taken.includes(id)).map((id) => [...taken, id]));
  }
  return partial.map((names) => Int32Array.from(names));
}

export class Symmetry {
  /** The worlds found by `choose`, as many as it answers. */
  readonly variants: readonly Int32Array[];
  readonly #nodes: number;
  readonly #width: number;
  /** For each renaming, the position of the node that comes to each position. */
  readonly #sources: readonly Int32Array[];

  constructor(
    nodes: number,
    readonly renamings: readonly Renaming[],
    readonly steps: Steps,
    readonly sets: MessageSets,
  ) {
    this.#nodes = nodes;
    this.#width = worldWidth(nodes);
    this.#sources = renamings.map((renaming) => sourcesOf(renaming, nodes));
    this.variants = renamings.map(() => new Int32Array(this.#width));
  }

  /** Puts a world under the chosen names into `variants`; answers how many there are. */
  choose(world: Int32Array): number {
    let best = 0;
    let count = 0;
    for (let which = 0; which < this.renamings.length; which++) {
      const difference = which === 0 ? 0 : this.#compare(world, which, best);
      if (difference > 0) continue;
      if (difference < 0) count = 0;
      best = which;
      this.#put(world, which, this.variants[count++] as Int32Array);
    }
    return count;
  }

  #put(world: Int32Array, which: number, into: Int32Array): void {
    const sources = this.#sources[which] as Int32Array;
    const sets = this.#nodes + 1;
    for (let position = 0; position < this.#nodes; position++) {
      const source = sources[position] as number;
      into[position] = this.steps.rename(world[source] as number, which);
      into[sets + position] = this.#renameSet(world[sets + source] as number, which);
    }
    into[this.#nodes] = this.#renameCommitted(world[this.#nodes] as number, which);
    into[this.#width - 1] = reorderBudgets(world[this.#width - 1] as number, sources);
  }

  /** Compares the nodes' states under two renamings: below 0 if they come first under `one`. */
  #compare(world: Int32Array, one: number, other: number): number {
    const ones = this.#sources[one] as Int32Array;
    const others = this.#sources[other] as Int32Array;
    for (let position = 0; position < this.#nodes; position++) {
      const local = this.steps.rename(world[ones[position] as number] as number, one);
      const difference = local - this.steps.rename(world[others[position] as number] as number, other);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #renameCommitted(word: number, which: number): number {
    return packCommitted(this.steps.renameLog(committedTip(word), which), committedTerm(word));
  }

  #renameSet(set: number, which: number): number {
    return which === 0 ? set : this.sets.rename(set, this.renamings[which] as Renaming, which);
  }
}

function sourcesOf(renaming: Renaming, nodes: number): Int32Array {
  const sources = new Int32Array(nodes);
  for (let id = 1; id <= nodes; id++) sources[(renaming[id] as number) - 1] = id - 1;
  return sources;
}
