/** What can happen at a node in a state with a set of messages under way to it: one list for each such pair, made once. */

import { MessageKind } from "../../host/core/abi.js";
import type { MessageSets, Messages } from "./messages.js";
import type { Outcome } from "./outcome.js";
import { PairMap } from "./pair-map.js";
import type { Move, Steps } from "./steps.js";

/** Most lists of moves that a worker remembers. */
const MOST_LISTS = 1 << 20;

/** One change of a world. */
export interface Change {
  /** Position of the node, from 0 on. */
  readonly position: number;
  readonly input: number;
  readonly outcome: Outcome;
  /** The message that is no longer under way then; 0 if all still are. */
  readonly taken: number;
  /** Whether a message arrives and is still under way, of which the run has a budget. */
  readonly isDuplicate: boolean;
}

/** What can happen at a node, without what changes nothing. */
export interface MoveList {
  readonly changes: readonly Change[];
  /** What moves that leave the node as it is send: for each position, a set of messages. */
  readonly told: Int32Array;
  /** The acknowledgements among them. */
  readonly acknowledgements: Int32Array;
  /** Moves there are, with those that change nothing. */
  readonly all: number;
}

export class MoveLists {
  readonly #lists: MoveList[] = [];
  #numbers = new PairMap();

  constructor(
    readonly nodes: number,
    readonly steps: Steps,
    readonly sets: MessageSets,
    readonly messages: Messages,
    /** Whether a message that has arrived may arrive again, any number of times. */
    readonly keepsMessages: boolean,
  ) {}

  /** The list of a node, by the numbers of its state and of the set. */
  of(position: number, local: number, set: number): MoveList {
    const known = this.#numbers.get(local, set);
    if (known >= 0) return this.#lists[known] as MoveList;
    if (this.#lists.length === MOST_LISTS) {
      this.#lists.length = 0;
      this.#numbers = new PairMap();
    }
    const list = this.#make(position, local, this.steps.moves(local, set));
    this.#numbers.set(local, set, this.#lists.push(list) - 1);
    return list;
  }

  #make(position: number, local: number, moves: readonly Move[]): MoveList {
    const changes = moves.flatMap((move) => this.#changesOf(position, local, move));
    const tells = moves.filter(({ outcome }) => this.keepsMessages && outcome.next === local);
    const messages = new Set(tells.flatMap(({ outcome }) => [...outcome.sends]));
    const told = new Int32Array(this.nodes).fill(this.sets.empty);
    for (const message of messages) {
      const to = this.messages.to(message) - 1;
      told[to] = this.sets.add(told[to] as number, message);
    }
    const isReply = (message: number) => this.messages.kind(message) === MessageKind.APPEND_REPLY;
    return { changes, told, acknowledgements: Int32Array.from([...messages].filter(isReply)), all: moves.length };
  }

  #changesOf(position: number, local: number, { input, message, outcome }: Move): Change[] {
    if (outcome.next === 0 && outcome.broken === null) return [];
    const change = { position, input, outcome, taken: 0, isDuplicate: false };
    // What only tells the others something is done when a world is closed.
    if (this.keepsMessages) return outcome.next === local ? [] : [change];
    // Without an effect a message is only lost, and it may as well be late for ever.
    if (outcome.next === local && outcome.sends.length === 0) return [];
    if (message === 0) return [change];
    return [
      { ...change, taken: message },
      { ...change, isDuplicate: true },
    ];
  }
}
