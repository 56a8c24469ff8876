/**
 * Whom a process has heard of, and when: what it says of the age of its state (`RaftNode.staleness`) is held against that.
 */

import { Header, MemberRole, MessageKind } from "../../host/core/abi.js";
import type { ConfigurationInfo } from "../../host/core/configuration.js";

const FROM_LEADERS: readonly number[] = [MessageKind.APPEND, MessageKind.INSTALL_SNAPSHOT];
const MICROSECONDS = 1000;

export class Contacts {
  /** When a leader's message came last, or it was elected itself, in microseconds of virtual time. */
  #leader = Number.NEGATIVE_INFINITY;
  /** As what it led last: in which term, with which configuration; and since when. */
  #led = { term: 0, configuration: 0, since: Number.NEGATIVE_INFINITY };
  /** When anything came last, by sender. */
  readonly #heard = new Map<number, number>();

  constructor(private readonly id: number) {}

  heard(message: Uint8Array, now: number): void {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    if (FROM_LEADERS.includes(view.getUint8(Header.kind))) this.#leader = now;
    this.#heard.set(view.getUint32(Header.from, true), now);
  }

  /** It leads: a majority has just voted for it, if it has not led in this term before. It counts anew from each change of the
   * members, given by the index of the configuration. */
  leads(term: number, configuration: number, now: number): void {
    const before = this.#led;
    if (term === before.term && configuration === before.configuration) return;
    if (term !== before.term) this.#leader = now;
    this.#led = { term, configuration, since: now };
  }

  /** ms since a leader's message came, or it was elected; Infinity if it never was. */
  sinceLeader(now: number): number {
    return (now - this.#leader) / MICROSECONDS;
  }

  /** Of a leader: ms within which a majority of the voters was heard of, this node being one, or it began to lead them. */
  sinceMajority(now: number, { members }: ConfigurationInfo): number {
    const voters = members.filter(({ roles }) => (roles & MemberRole.VOTER) !== 0);
    const silences = voters
      .map(({ id }) => (id === this.id ? 0 : (now - (this.#heard.get(id) ?? Number.NEGATIVE_INFINITY)) / MICROSECONDS))
      .sort((a, b) => a - b);
    return Math.min(silences[Math.floor(silences.length / 2)] ?? 0, (now - this.#led.since) / MICROSECONDS);
  }
}
