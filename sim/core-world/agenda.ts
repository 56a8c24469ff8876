/** What a random driver is to do later, by the number of actions taken: faults that end, or go on, by themselves. */

interface Item {
  readonly due: number;
  readonly act: () => void;
}

export class Agenda {
  /** When the next one is due; Infinity if nothing is planned. */
  due = Number.POSITIVE_INFINITY;
  #items: Item[] = [];

  add(due: number, act: () => void): void {
    this.#items.push({ due, act });
    this.due = Math.min(this.due, due);
  }

  /** Does what is due, in the order in which it was planned. What it plans comes at a later call. */
  run(now: number): void {
    const items = this.#items;
    this.#items = [];
    this.due = Number.POSITIVE_INFINITY;
    for (const { act, due } of items) {
      if (due <= now) act();
      else this.add(due, act);
    }
  }
}
