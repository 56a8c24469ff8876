/**
 * The simulator's only source of chance: sfc32 (Chris Doty-Humphrey's Small Fast Counting generator), on 32-bit words, so
 * that a seed gives the same numbers on every machine.
 */

/** Rounds after seeding until the state is well mixed. */
const WARM_UP = 15;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed a whole number of up to 53 bits */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = (seed / 2 ** 32) | 0;
    this.#c = 0x2545f491;
    for (let i = 0; i < WARM_UP; i++) this.next();
  }

  /** 32 random bits, as an unsigned number. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
    this.#c |= 0;
    return result >>> 0;
  }

  /** A number from 0 to `bound` - 1. The bias is below bound / 2^32. */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 2 ** 32);
  }

  /** True once in `times` on average. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}

/** Values in a random order (Fisher and Yates). */
export function shuffled<T>(values: readonly T[], random: Pick<Random, "below">): T[] {
  const order = [...values];
  for (let i = order.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [order[i], order[other]] = [order[other] as T, order[i] as T];
  }
  return order;
}
