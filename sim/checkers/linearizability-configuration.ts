/**
 * Where a search for a linearization stands: which steps are linearized, and the state they lead to. It can be rewound.
 *
 * The certain steps not linearized yet are in a doubly linked list of their call and return events, in order of time. A
 * step is lifted from the list when it is linearized and put back when that is undone. Only steps called before the first
 * return in the list (the frontier) may come next. Possible steps are grouped by effect.
 *
 * All certain steps that returned before the frontier are linearized, so a configuration is the frontier, the state, and
 * a bit for each step open at the frontier. Steps that are never open together share a bit, which counts modulo two.
 */
import { NONE, type Problem, type Step } from "./linearizability-problem.js";

/** The list's head; events have the numbers from 1 on. */
const HEAD = 0;
/** Words of a record before the bits: the frontier and the state. */
const RECORD_HEADER_WORDS = 2;
/** The first flag of what a configuration has spent. */
const BARE = 1;

/** Possible steps with one and the same effect, in order of invocation. They are taken from the front: once called, they
 * are interchangeable. */
export interface Group {
  readonly members: readonly Step[];
  readonly effect: number;
  /** The first of the members' bits. */
  readonly firstBit: number;
  used: number;
}

/** What {@link Configuration.rewind} returns to. */
export interface Mark {
  readonly trail: number;
  readonly state: number;
  readonly bare: boolean;
  readonly frontier: number;
}

export class Configuration {
  readonly certain: readonly Step[];
  readonly groups: readonly Group[];
  /** Steps with the same number have the same effect. */
  readonly effectOf: Int32Array;
  /** The words of {@link record} that must be equal; the words after them hold flags for what has been spent. */
  readonly exactWords: number;

  // The list, and which step each event belongs to.
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #owner: Int32Array;
  readonly #callOf: Int32Array;
  readonly #returnOf: Int32Array;

  readonly #bitOf: Int32Array;
  readonly #record: Int32Array;
  readonly #askers: Int32Array;
  readonly #producers: Int32Array;
  /** Steps linearized: the index of a certain one, or that of a group plus the number of certain ones. */
  readonly #trail: number[] = [];
  #state: number;
  #bare = false;
  #frontier = HEAD;
  #remaining: number;

  constructor({ certain, possible, initial, values }: Problem) {
    const count = certain.length;
    this.certain = certain;
    this.#state = initial;
    this.#remaining = count;
    this.#next = new Int32Array(2 * count + 1);
    this.#previous = new Int32Array(2 * count + 1);
    this.#owner = new Int32Array(2 * count + 1);
    this.#callOf = new Int32Array(count);
    this.#returnOf = new Int32Array(count);
    this.#bitOf = new Int32Array(count);
    const bits = this.#layOut();

    const effects = new Map<string, number>();
    this.effectOf = Int32Array.from(certain, (step) => effectNumber(effects, step));
    this.groups = groupByEffect(possible, effects);
    this.#askers = new Int32Array(values);
    this.#producers = new Int32Array(values);
    for (const step of certain) this.#recount(step, 1);
    for (const { sets } of possible) adjust(this.#producers, sets, 1);
    this.exactWords = RECORD_HEADER_WORDS + Math.ceil(bits / 32);
    this.#record = new Int32Array(this.exactWords + Math.ceil((1 + possible.length) / 32));
  }

  /** The value the steps linearized so far lead to. */
  get state(): number {
    return this.#state;
  }

  /** The state was set by a possible step, and nothing has depended on it yet. */
  get bare(): boolean {
    return this.#bare;
  }

  /** Certain steps not linearized yet. */
  get remaining(): number {
    return this.#remaining;
  }

  /** The certain step that must return first; one always exists while some remain. */
  get urgent(): number {
    return at(this.#owner, this.#frontier);
  }

  /** Certain steps not linearized that require a value. */
  askers(value: number): number {
    return at(this.#askers, value);
  }

  /** Steps not linearized that set a value. */
  producers(value: number): number {
    return at(this.#producers, value);
  }

  /** Orders certain steps by when they must return. */
  returnOrder(index: number): number {
    return at(this.#returnOf, index);
  }

  /** All that tells this configuration from others; valid until the next change. */
  record(): Int32Array {
    this.#record[0] = this.#frontier;
    this.#record[1] = this.#state;
    const flags = at(this.#record, this.exactWords) & ~BARE;
    this.#record[this.exactWords] = this.#bare ? flags | BARE : flags;
    return this.#record;
  }

  /** Linearizes every certain step that may come next, fits and changes nothing; leaves in `open` the others that may
   * come next. */
  observe(open: number[]): void {
    open.length = 0;
    let entry = at(this.#next, HEAD);
    for (; entry !== HEAD; entry = at(this.#next, entry)) {
      const index = at(this.#owner, entry);
      if (at(this.#returnOf, index) === entry) break;
      const step = this.certain[index];
      if (step === undefined || step.sets !== NONE || !this.fits(step)) {
        open.push(index);
      } else {
        this.#lift(index, step);
        this.#bare = false;
      }
    }
    this.#frontier = entry;
  }

  fits({ requires, differs }: Step): boolean {
    return (requires === NONE || requires === this.#state) && differs !== this.#state;
  }

  /** The member of a group that may come next, if there is one. */
  available(group: Group): Step | undefined {
    const step = group.members[group.used];
    const frontier = this.certain[this.urgent];
    return step !== undefined && frontier !== undefined && step.invoked <= frontier.deadline ? step : undefined;
  }

  /** Linearizes a certain step that sets the state. */
  take(index: number): void {
    const step = this.certain[index];
    if (step === undefined) return;
    this.#lift(index, step);
    this.#state = step.sets;
    this.#bare = false;
  }

  /** Linearizes the next step of a group. */
  takePossible(index: number): void {
    const group = this.groups[index];
    const step = group?.members[group.used];
    if (group === undefined || step === undefined) return;
    this.#toggle(this.exactWords, group.firstBit + group.used);
    group.used += 1;
    adjust(this.#producers, step.sets, -1);
    this.#trail.push(this.certain.length + index);
    this.#state = step.sets;
    this.#bare = true;
  }

  mark(): Mark {
    return { trail: this.#trail.length, state: this.#state, bare: this.#bare, frontier: this.#frontier };
  }

  /** Undoes what has been linearized since the mark was made. */
  rewind({ trail, state, bare, frontier }: Mark): void {
    while (this.#trail.length > trail) {
      const index = this.#trail.pop() ?? 0;
      const step = this.certain[index];
      if (step === undefined) this.#putBackPossible(index - this.certain.length);
      else this.#putBack(index, step);
    }
    this.#state = state;
    this.#bare = bare;
    this.#frontier = frontier;
  }

  /** The steps linearized, in order. */
  order(): Step[] {
    const used = this.groups.map(() => 0);
    return this.#trail.flatMap((index) => {
      const group = index - this.certain.length;
      if (group < 0) return this.certain[index] ?? [];
      const member = used[group] ?? 0;
      used[group] = member + 1;
      return this.groups[group]?.members[member] ?? [];
    });
  }

  /** Orders the events, links them, and gives every step a bit that no step open at the same time has.
   * @returns the number of bits */
  #layOut(): number {
    const count = this.certain.length;
    const freeBits: number[] = [];
    let bits = 0;
    for (const [position, event] of eventsInOrder(this.certain).entries()) {
      const entry = position + 1;
      const step = event % count;
      this.#owner[entry] = step;
      this.#next[position] = entry;
      this.#previous[entry] = position;
      if (event < count) {
        this.#callOf[step] = entry;
        const free = freeBits.pop();
        this.#bitOf[step] = free ?? bits;
        if (free === undefined) bits += 1;
      } else {
        this.#returnOf[step] = entry;
        freeBits.push(at(this.#bitOf, step));
      }
    }
    this.#previous[HEAD] = 2 * count;
    return bits;
  }

  #lift(index: number, step: Step): void {
    // The return first: a call whose own return follows at once must link to what comes after both.
    this.#unlink(at(this.#returnOf, index));
    this.#unlink(at(this.#callOf, index));
    this.#toggle(RECORD_HEADER_WORDS, at(this.#bitOf, index));
    this.#recount(step, -1);
    this.#remaining -= 1;
    this.#trail.push(index);
  }

  #putBack(index: number, step: Step): void {
    this.#relink(at(this.#callOf, index));
    this.#relink(at(this.#returnOf, index));
    this.#toggle(RECORD_HEADER_WORDS, at(this.#bitOf, index));
    this.#recount(step, 1);
    this.#remaining += 1;
  }

  #putBackPossible(index: number): void {
    const group = this.groups[index];
    if (group === undefined) return;
    group.used -= 1;
    this.#toggle(this.exactWords, group.firstBit + group.used);
    adjust(this.#producers, group.members[group.used]?.sets ?? NONE, 1);
  }

  #unlink(entry: number): void {
    const next = at(this.#next, entry);
    const previous = at(this.#previous, entry);
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #relink(entry: number): void {
    this.#next[at(this.#previous, entry)] = entry;
    this.#previous[at(this.#next, entry)] = entry;
  }

  #toggle(firstWord: number, bit: number): void {
    const word = firstWord + (bit >>> 5);
    this.#record[word] = at(this.#record, word) ^ (1 << (bit & 31));
  }

  #recount({ requires, sets }: Step, by: number): void {
    adjust(this.#askers, requires, by);
    adjust(this.#producers, sets, by);
  }
}

/** Calls, numbered like their steps, and returns, numbered from the number of steps on, in order of time. */
function eventsInOrder(steps: readonly Step[]): number[] {
  const count = steps.length;
  const time = (event: number) => (event < count ? steps[event]?.invoked : steps[event - count]?.deadline) ?? Infinity;
  // At the same time, a call comes first: then the two steps overlap.
  return Array.from({ length: 2 * count }, (_, event) => event).sort((a, b) => time(a) - time(b) || a - b);
}

function groupByEffect(possible: readonly Step[], effects: Map<string, number>): Group[] {
  const groups = new Map<number, Step[]>();
  for (const step of possible) {
    const effect = effectNumber(effects, step);
    const group = groups.get(effect);
    if (group === undefined) groups.set(effect, [step]);
    else group.push(step);
  }
  let firstBit = 1;
  return Array.from(groups, ([effect, members]) => {
    members.sort((left, right) => left.invoked - right.invoked);
    const group = { members, effect, firstBit, used: 0 };
    firstBit += members.length;
    return group;
  });
}

function effectNumber(effects: Map<string, number>, { requires, differs, sets }: Step): number {
  const effect = `${requires} ${differs} ${sets}`;
  const known = effects.get(effect);
  if (known !== undefined) return known;
  effects.set(effect, effects.size);
  return effects.size - 1;
}

function adjust(counts: Int32Array, value: number, by: number): void {
  if (value !== NONE) counts[value] = at(counts, value) + by;
}

function at(array: Int32Array, index: number): number {
  return array[index] ?? 0;
}
