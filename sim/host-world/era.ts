/**
 * A cluster as its clients know it, from its founding until its majority is lost for good. What is recovered from a node that
 * is left is another cluster, under another name: it begins with what that node has, and promises nothing of the rest.
 */

import { encodeConfiguration, type MemberInfo } from "../../host/core/configuration.js";
import { History } from "../checkers/history.js";
import type { Applications } from "./judged-machine.js";
import { addressOf } from "./network.js";

/** The id of the first cluster. */
const FIRST_CLUSTER = 0x4d52n;

/** What a cluster begins with. */
export interface Beginning {
  /** Up to this index, what an earlier cluster applied. */
  readonly kept: number;
  /** Index of the last entry that counts as committed: of those behind `kept` nobody was told, or the contrary. */
  readonly last: number;
}

const NOTHING: Beginning = { kept: 0, last: 0 };

export class Era {
  readonly cluster: bigint;
  /** The members that it was founded with. */
  readonly founders: readonly MemberInfo[];
  /** What clients asked for in it, and were answered. */
  readonly history = new History();
  /** The voters that there are, once changes of members are complete. */
  members: readonly number[];
  readonly #leaders = new Map<number, number>();

  /**
   * @param number of the names that were used before its own
   * @param applications what is applied in it, with what it begins with
   */
  constructor(
    readonly number: number,
    members: readonly number[],
    readonly applications: Applications,
    readonly beginning = NOTHING,
  ) {
    this.cluster = FIRST_CLUSTER + BigInt(number);
    this.members = members;
    this.founders = members.map((id) => ({ id, address: addressOf(id) }));
  }

  /** The configuration of the first start, as a snapshot has it, in base64. */
  get bootstrap(): string {
    return Buffer.from(encodeConfiguration(this.founders)).toString("base64");
  }

  /** What a key has when the cluster begins. */
  valueAtFirst(key: string): string | null {
    return this.applications.valueAt(key, this.beginning.last);
  }

  /** A node is the leader of a term. @returns whether it is the first that is, or who was */
  leads(id: number, term: number): "first" | number {
    const known = this.#leaders.get(term);
    if (known !== undefined) return known;
    this.#leaders.set(term, id);
    return "first";
  }
}
