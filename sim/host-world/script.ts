/**
 * The faults of a run, one by one: noted as they are drawn, or injected again as they were noted, some of them left out.
 *
 * A fault that befalls a call, a message or a write is known by its place and by its number among the chances that it had
 * there: the 7th sync of node 2, the 12th message from 1 to 3, the 2nd write that a certain power failure finds. One that
 * chaos brings is known by its time. So a fault keeps its meaning when others are left out, as far as the run stays the same
 * up to there. What it draws (which bytes, how long) it draws again, see stream.ts.
 */

import { type HostFault, isChaos } from "./faults.js";
import type { Stream } from "./stream.js";

/** Where a fault has a chance. */
export interface Place {
  /** The node; 0 for none, or for all. */
  readonly node: number;
  /** The receiver of a message from that node. */
  readonly to?: number;
  /** The failure of power (its number, see Injection.nth) that decides about what was not synced. */
  readonly outage?: number;
}

/** A fault that was injected. */
export interface Injection extends Place {
  readonly fault: HostFault;
  /** When, in microseconds of virtual time. */
  readonly at: number;
  /** Which chance of its kind at its place, from 0 on; of those that chaos brings, which of all of them, from 1 on. */
  readonly nth: number;
  /** Numbers that had been drawn from its stream before. */
  readonly draw: number;
  /** For people. */
  readonly what?: string;
}

/** When faults stop: once so many events have happened and so much time has passed. */
export interface End {
  readonly steps: number;
  /** Microseconds of virtual time. */
  readonly at: number;
}

/** What is injected instead of what would be drawn. */
export interface Plan {
  readonly end: End;
  readonly injections: readonly Injection[];
}

export class Script {
  /** What was injected, in this order. */
  readonly taken: Injection[] = [];
  /** When faults stopped, or a rule was broken before. */
  end: End = { steps: 0, at: 0 };
  readonly #planned = new Map<string, Injection>();
  readonly #chaos: readonly Injection[];
  #nextChaos = 0;
  #brought = 0;
  readonly #chances = new Map<string, number>();

  /** @param plan undefined: faults are drawn, and noted */
  constructor(readonly plan?: Plan) {
    const all = plan?.injections ?? [];
    this.#chaos = all.filter(({ fault }) => isChaos(fault)).sort((a, b) => a.at - b.at || a.nth - b.nth);
    for (const one of all) if (!isChaos(one.fault)) this.#planned.set(`${keyOf(one.fault, one)} ${one.nth}`, one);
  }

  /** Whether a fault happens at a chance that it has: as planned, or as drawn. */
  decide(fault: HostFault, drawn: boolean, stream: Stream, place: Place, now: number): boolean {
    const key = keyOf(fault, place);
    const nth = this.#chances.get(key) ?? 0;
    this.#chances.set(key, nth + 1);
    if (this.plan === undefined) {
      if (drawn) this.taken.push({ fault, at: now, ...place, nth, draw: stream.drawn });
      return drawn;
    }
    const planned = this.#planned.get(`${key} ${nth}`);
    if (planned === undefined) return false;
    stream.moveTo(planned.draw);
    this.taken.push({ fault, at: now, ...place, nth, draw: planned.draw });
    return true;
  }

  /** What chaos brings next; undefined if nothing more is planned. */
  takeChaos(): Injection | undefined {
    return this.#chaos[this.#nextChaos++];
  }

  /** Chaos brings something. @returns it as it is noted, planned or not */
  bring(fault: HostFault, node: number, stream: Stream, now: number, planned: Injection | undefined): Injection {
    if (planned !== undefined) stream.moveTo(planned.draw);
    const nth = planned?.nth ?? ++this.#brought;
    const noted = { fault, at: now, node, nth, draw: planned?.draw ?? stream.drawn };
    this.taken.push(noted);
    return noted;
  }

  /** Says in words what the newest one did. */
  tell(fault: HostFault, what: string): void {
    const last = this.taken.at(-1);
    if (last?.fault === fault && last.what === undefined) this.taken[this.taken.length - 1] = { ...last, what };
  }
}

function keyOf(fault: HostFault, { node, outage = 0, to = 0 }: Place): string {
  return `${fault} ${node} ${to} ${outage}`;
}
