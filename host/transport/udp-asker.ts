/**
 * Asks boards, and repeats each ask as it was until it is answered: a board does it once and answers alike each time. On a
 * lane there is one ask at a time, so a board need keep no more than the newest. Asks that find no lane wait, in order.
 */

import { ASK_LANES, type AskAnswer, type AskKind, AskStatus, decodeAnswer, encodeAsk } from "./udp-ask.js";

/** ms after which an ask is repeated: some commits on flash and a Wi-Fi's round. */
const REPEAT_MS = 150;
/** Asks that may wait for a lane of one board: more than it does in a request's time. */
const MOST_WAITING = 128;
/** ms that an ask to a leader which has been replaced still has: it may know what became of it. */
const GRACE_MS = 500;
const MOST_NUMBER = 0xffffffff;

export interface UdpAskerOptions {
  readonly id: number;
  readonly cluster: bigint;
  /** Sends a datagram's message, or drops it. */
  readonly send: (to: number, message: Uint8Array) => void;
  /** Higher than in every life of this node before, as far as the host can say. */
  readonly life: number;
}

export interface AskOptions {
  readonly to: number;
  readonly kind: AskKind;
  readonly term: number;
  readonly payload?: Uint8Array;
  /** ms to wait for an answer. */
  readonly timeout: number;
}

/** What came of an ask. */
export type AskOutcome =
  | { readonly kind: "answered"; readonly answer: AskAnswer /** How often it was sent. */; readonly sent: number }
  /** Nothing was sent: too many wait. */
  | { readonly kind: "busy" }
  /** No answer in time. */
  | { readonly kind: "silent" /** Whether anything was sent. */; readonly sent: number };

interface Waiting {
  readonly asked: AskOptions;
  readonly settle: (outcome: AskOutcome) => void;
  /** -1 while it waits for one. */
  lane: number;
  life: number;
  number: number;
  sent: number;
  timer: NodeJS.Timeout;
  repeat: NodeJS.Timeout | undefined;
}

export class UdpAsker {
  readonly #options: UdpAskerOptions;
  readonly #asks = new Set<Waiting>();
  #life: number;
  #number = 0;

  constructor(options: UdpAskerOptions) {
    this.#options = options;
    this.#life = options.life;
  }

  /** Never rejects. */
  ask(asked: AskOptions): Promise<AskOutcome> {
    const others = [...this.#asks].filter(({ asked: { to } }) => to === asked.to).length;
    if (others >= ASK_LANES + MOST_WAITING) return Promise.resolve({ kind: "busy" });
    return new Promise((resolve) => {
      const ask: Waiting = {
        asked,
        settle: (outcome) => {
          this.#end(ask);
          resolve(outcome);
        },
        ...{ lane: -1, life: 0, number: 0, sent: 0, repeat: undefined },
        timer: setTimeout(() => ask.settle({ kind: "silent", sent: ask.sent }), asked.timeout),
      };
      this.#asks.add(ask);
      this.#begin(ask);
    });
  }

  /** Takes a message of {@link isAsk}. */
  received(message: Uint8Array): void {
    const answer = decodeAnswer(message);
    if (answer === undefined) return;
    for (const ask of this.#asks) {
      const isIts = ask.asked.to === answer.from && ask.lane === answer.lane && ask.number === answer.number;
      if (!isIts || ask.asked.kind !== answer.kind || ask.life !== answer.life) continue;
      if (answer.status === AskStatus.OLD_LIFE) this.#renew(ask, answer.index);
      else ask.settle({ kind: "answered", answer, sent: ask.sent });
      return;
    }
  }

  /** Another leader is known: what was asked of earlier ones is not waited for much longer. */
  leaderChanged(term: number): void {
    for (const ask of this.#asks) {
      if (ask.asked.term === 0 || ask.asked.term >= term) continue;
      clearTimeout(ask.timer);
      ask.timer = setTimeout(() => ask.settle({ kind: "silent", sent: ask.sent }), GRACE_MS);
    }
  }

  /** Ends all that is under way as unanswered. */
  close(): void {
    for (const ask of [...this.#asks]) ask.settle({ kind: "silent", sent: ask.sent });
  }

  /** On a lane of the board that is free; if none is, later. */
  #begin(ask: Waiting): void {
    const taken = new Set([...this.#asks].filter(({ asked }) => asked.to === ask.asked.to).map(({ lane }) => lane));
    let lane = 0;
    while (taken.has(lane)) lane += 1;
    if (lane >= ASK_LANES) return;
    ask.lane = lane;
    if (this.#number === MOST_NUMBER) {
      this.#life += 1;
      this.#number = 0;
    }
    ask.life = this.#life;
    ask.number = ++this.#number;
    ask.repeat = setInterval(() => this.#send(ask), REPEAT_MS);
    this.#send(ask);
  }

  #send(ask: Waiting): void {
    const { id: from, cluster, send } = this.#options;
    const { kind, payload = new Uint8Array(0), term, to } = ask.asked;
    const { lane, life, number } = ask;
    ask.sent += 1;
    send(to, encodeAsk({ kind, cluster, from, to, term, life, lane, number, payload }));
  }

  /** The clock was set back between this node's lives. Nothing came of the ask yet: it is asked in a life above the one that
   * was heard of. Others under way stay in theirs, in which they may have been done. */
  #renew(ask: Waiting, known: number): void {
    this.#life = Math.max(this.#life, known + 1);
    ask.life = this.#life;
    this.#send(ask);
  }

  #end(ask: Waiting): void {
    clearTimeout(ask.timer);
    clearInterval(ask.repeat);
    this.#asks.delete(ask);
    if (ask.lane < 0) return;
    for (const next of this.#asks) {
      if (next.lane >= 0 || next.asked.to !== ask.asked.to) continue;
      this.#begin(next);
      return;
    }
  }
}
