/**
 * The way to a broken rule, for people. The search keeps worlds under the names that make them canonical and adds at once
 * what nodes can tell each other without changing; here the way is gone once more under one set of names, message by
 * message, and what nobody on the way needs is left out.
 */

import type { Explorer } from "./explorer.js";
import { describeInput, messageOf } from "./input.js";
import type { Change } from "./move-lists.js";
import type { RuleBroken } from "./violation.js";
import { NO_PARENT, type WorldTable } from "./world-table.js";

/** What led to a broken rule. */
export interface Trace {
  readonly rule: string;
  readonly detail: string;
  /** One line a step, the first one first. */
  readonly steps: readonly string[];
}

/** One thing that happens. */
interface Event {
  readonly line: string;
  /** The message that arrives; 0 if none does. */
  readonly takes: number;
  /** The messages that leave. */
  readonly sends: Int32Array;
  /** Whether the node stays as it was. */
  readonly onlyTells: boolean;
}

/** A trace to a broken rule that a change of the world at `place` breaks. */
export function traceTo(explorer: Explorer, worlds: WorldTable, place: number): Trace {
  const way: number[] = [];
  for (let at = place; at !== NO_PARENT; at = worlds.parent(at)) way.unshift(at);
  const walk = new Walk(explorer);
  for (const at of way.slice(1)) walk.follow(worlds.words.slice(at * worlds.width, (at + 1) * worlds.width));
  const broken = walk.breakRule();
  return { rule: broken.rule, detail: broken.detail, steps: needed(walk.events).map(({ line }) => line) };
}

class Walk {
  readonly events: Event[] = [];
  readonly #explorer: Explorer;
  #world: Int32Array;

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    this.#world = explorer.initial();
    this.#tell();
  }

  /** Takes the change that leads to a world, under whatever names. */
  follow(target: Int32Array): void {
    const changes: Change[] = [];
    this.#explorer.expand(this.#world, (next, change) => {
      const variants = this.#explorer.variants.slice(0, this.#explorer.chooseNames(next));
      if (variants.some((variant) => variant.every((word, i) => word === target[i]))) changes.push(change);
    });
    const change = changes[0];
    if (change === undefined) throw new Error("the way to a world cannot be gone again");
    this.#note(change);
    this.#world = this.#explorer.take(this.#world, change);
    this.#tell();
  }

  /** Takes a change that breaks a rule, by itself or by the world that it leads to. */
  breakRule(): RuleBroken {
    const found: (readonly [Change, RuleBroken])[] = [];
    const inChange = this.#explorer.expand(this.#world, (next, change) => {
      const broken = this.#explorer.judge(next);
      if (broken !== null) found.push([change, broken]);
    });
    const first = inChange ?? found[0];
    if (first === undefined) throw new Error("the broken rule is not found again");
    this.#note(first[0]);
    return first[1];
  }

  /** What nodes can tell without changing themselves, one after the other. */
  #tell(): void {
    for (let change = this.#explorer.tell(this.#world); change !== null; change = this.#explorer.tell(this.#world)) {
      this.#note(change);
    }
  }

  #note({ input, outcome, position }: Change): void {
    const line = describeInput(position + 1, input, this.#explorer.messages);
    const asks = outcome.before === 0 ? "" : `; then its election timer fires`;
    this.events.push({
      line: line + asks,
      takes: messageOf(input),
      sends: outcome.sends,
      onlyTells: outcome.next === this.#world[position],
    });
  }
}

/** The events without those that only tell what nobody on the way takes. */
function needed(events: readonly Event[]): Event[] {
  const wanted = new Set<number>();
  const kept: Event[] = [];
  for (const event of [...events].reverse()) {
    if (event.onlyTells && event !== events.at(-1) && !event.sends.some((message) => wanted.has(message))) continue;
    for (const message of event.sends) wanted.delete(message);
    if (event.takes !== 0) wanted.add(event.takes);
    kept.unshift(event);
  }
  return kept;
}
