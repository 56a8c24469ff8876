/**
 * A source of chance that knows how much was drawn from it, and can be taken to any place of its row of numbers: a fault
 * that is injected again as it was before draws what it drew then, whatever else was left out.
 */

import { Random } from "../random.js";

export class Stream {
  #random: Random;
  #drawn = 0;

  /** @param goesBack false: no number comes twice, because identities are made of them; then it is only taken ahead */
  constructor(
    private readonly seed: number,
    private readonly goesBack = true,
  ) {
    this.#random = new Random(seed);
  }

  /** Numbers drawn so far. */
  get drawn(): number {
    return this.#drawn;
  }

  /** Takes it to where so many numbers have been drawn. */
  moveTo(drawn: number): void {
    if (drawn < this.#drawn) {
      if (!this.goesBack) return;
      this.#random = new Random(this.seed);
      this.#drawn = 0;
    }
    while (this.#drawn < drawn) this.next();
  }

  /** As those of `Random`. */
  next(): number {
    this.#drawn++;
    return this.#random.next();
  }

  below(bound: number): number {
    this.#drawn++;
    return this.#random.below(bound);
  }

  oneIn(times: number): boolean {
    this.#drawn++;
    return this.#random.oneIn(times);
  }
}
