/** The actions of a world: their names, and a short memory of the last ones for reports. */

import { TimerKindName } from "../../host/core/abi.js";

export const Action = {
  DELIVER: 0,
  DROP: 1,
  DUPLICATE: 2,
  TIMER: 3,
  ADVANCE: 4,
  PROPOSE: 5,
  FLUSH: 6,
  DURABLE: 7,
  CRASH: 8,
  RESTART: 9,
  FAIL: 10,
  UNREACHABLE: 11,
  BLOCK: 12,
  UNBLOCK: 13,
  REPORT: 14,
  READ: 15,
  RECONFIGURE: 16,
  TRANSFER: 17,
  SNAPSHOT: 18,
  TELL: 19,
  INSTALL: 20,
  LOSE: 21,
  BOUNDARY: 22,
  HINDER: 23,
  RELIEVE: 24,
  HOLD_UP: 25,
  LET_GO: 26,
  CORRUPT: 27,
  RATE: 28,
  LOSE_DISK: 29,
} as const;
export type Action = (typeof Action)[keyof typeof Action];

/** Actions that a report shows. */
const REMEMBERED = 24;

const WORDS: Readonly<Record<Action, (a: number, b: number) => string>> = {
  [Action.DELIVER]: (serial, to) => `deliver message ${serial} to ${to}`,
  [Action.DROP]: (serial, to) => `drop message ${serial} to ${to}`,
  [Action.DUPLICATE]: (serial, to) => `duplicate message ${serial} to ${to}`,
  [Action.TIMER]: (node, kind) => `fire the ${TimerKindName[kind]} timer of ${node}`,
  [Action.ADVANCE]: (node, ms) => `advance ${node === 0 ? "all clocks" : `the clock of ${node}`} by ${ms} ms`,
  [Action.PROPOSE]: (node, length) => `propose ${length} bytes on ${node}`,
  [Action.FLUSH]: (node) => `flush ${node}`,
  [Action.DURABLE]: (node, count) => `make ${count} writes of ${node} durable`,
  [Action.CRASH]: (node, keep) => `crash ${node}, keeping ${keep} writes under way`,
  [Action.RESTART]: (node) => `restart ${node}`,
  [Action.FAIL]: (node, effect) => `let effect ${effect} of ${node} fail`,
  [Action.UNREACHABLE]: (node, peer) => `tell ${node} that ${peer} is unreachable`,
  [Action.BLOCK]: (from, to) => `block ${from} -> ${to}`,
  [Action.UNBLOCK]: (from, to) => `unblock ${from} -> ${to}`,
  [Action.REPORT]: (node, index) => `report ${index} as durable to ${node}`,
  [Action.READ]: (node, kind) => `ask ${node} for a read of kind ${kind}`,
  [Action.RECONFIGURE]: (node, length) => `propose a configuration of ${length} bytes on ${node}`,
  [Action.TRANSFER]: (node, target) => `let ${node} hand over to ${target === 0 ? "the best" : target}`,
  [Action.SNAPSHOT]: (node) => `take a snapshot on ${node}`,
  [Action.TELL]: (node) => `tell ${node} that its snapshot is durable`,
  [Action.INSTALL]: (node) => `make the snapshot that ${node} received durable`,
  [Action.LOSE]: (node) => `lose the snapshot that ${node} receives`,
  [Action.HINDER]: (from, to) => `hinder ${from} -> ${to}`,
  [Action.RELIEVE]: (from, to) => `hinder ${from} -> ${to} no more`,
  [Action.HOLD_UP]: (serial, to) => `hold up message ${serial} to ${to}`,
  [Action.LET_GO]: (serial, to) => `let go message ${serial} to ${to}`,
  [Action.CORRUPT]: (serial, to) => `deliver message ${serial} to ${to}, damaged`,
  [Action.RATE]: (node, rate) => `let the clock of ${node} run at ${rate} thousandths`,
  [Action.LOSE_DISK]: (node) => `lose ${node} with its disk`,
  [Action.BOUNDARY]: (node, effects) => `let ${node} die after ${effects} more effects`,
};

/** A ring of the last actions. */
export class ActionLog {
  readonly #rows = new Int32Array(3 * REMEMBERED);
  #count = 0;

  /** Actions taken. */
  get count(): number {
    return this.#count;
  }

  add(action: Action, a: number, b: number): void {
    const row = (this.#count++ % REMEMBERED) * 3;
    this.#rows[row] = action;
    this.#rows[row + 1] = a;
    this.#rows[row + 2] = b;
  }

  /** The last actions in words, oldest first. */
  describe(): string[] {
    const lines: string[] = [];
    for (let step = Math.max(0, this.#count - REMEMBERED); step < this.#count; step++) {
      const [action, a, b] = this.#rows.subarray((step % REMEMBERED) * 3);
      lines.push(`${step + 1}. ${WORDS[action as Action](a as number, b as number)}`);
    }
    return lines;
  }
}
