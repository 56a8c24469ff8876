/**
 * The simulated network: an explicit list of messages under way.
 *
 * Fault model. A message is delivered, dropped or duplicated when the test says so; any one on a link may be next, so
 * reordering is a choice among them. It may arrive long after its sender crashed and restarted. A blocked link loses what
 * is sent over it while it is blocked, in that direction only; what was under way before is not touched. A hindered link
 * loses some of what is sent, or messages of some kinds, or what it has no room for, or has its messages say that they
 * are of another version. A message that is held up is on no link until it is let go. Messages arrive unchanged, unless
 * their receiver can tell (damage.ts), and only from the node that they name.
 */

import { Header, MessageFormat } from "../../host/core/abi.js";
import type { Region } from "../core-under-test.js";

/** A message under way, or held back until it may leave. */
export interface Envelope extends Region {
  /** Number in the order of sending. */
  serial: number;
  /** Number in the order in which its link took messages. */
  nth: number;
  from: number;
  to: number;
  length: number;
  barrier: boolean;
  /** The sender's disk writes that have to be durable before it leaves. */
  awaits: number;
  /** Whether it is one that was sent again. */
  isCopy: boolean;
}

/** Buffers come in powers of two from this size on. */
const SMALLEST_BUFFER_BITS = 7;

/** Takes and gives back envelopes, so that a long run makes no garbage. */
export class EnvelopePool {
  readonly #spare: Envelope[][] = [];
  #serial = 0;

  /** An envelope with a copy of the message at a place. */
  fill(from: number, to: number, memory: Region, offset: number, length: number, barrier: boolean): Envelope {
    const bits = Math.max(SMALLEST_BUFFER_BITS, 32 - Math.clz32(length - 1));
    const envelope = this.#spare[bits]?.pop() ?? newEnvelope(1 << bits);
    const start = offset >>> 2;
    for (let i = 0; i < (length + 3) >>> 2; i++) envelope.words[i] = memory.words[start + i] as number;
    envelope.serial = ++this.#serial;
    envelope.from = from;
    envelope.to = to;
    envelope.length = length;
    envelope.barrier = barrier;
    envelope.awaits = 0;
    envelope.nth = 0;
    envelope.isCopy = false;
    return envelope;
  }

  release(envelope: Envelope): void {
    const bits = 31 - Math.clz32(envelope.bytes.length);
    const list = this.#spare[bits];
    if (list === undefined) this.#spare[bits] = [envelope];
    else list.push(envelope);
  }
}

function newEnvelope(size: number): Envelope {
  const bytes = new Uint8Array(size);
  const words = new Int32Array(bytes.buffer);
  return { bytes, words, serial: 0, nth: 0, from: 0, to: 0, length: 0, barrier: false, awaits: 0, isCopy: false };
}

/** The kind of the message in an envelope. */
export function kindOf(envelope: Envelope): number {
  return envelope.bytes[Header.kind] as number;
}

/** The version of the wire format of nodes that speak another one. */
export const OTHER_VERSION = MessageFormat.VERSION + 1;

/** Whether a message is in the version of the wire format that the core speaks. */
export function isOfThisVersion(envelope: Envelope): boolean {
  return envelope.bytes[Header.version] === MessageFormat.VERSION;
}

/** What else than being cut a link may suffer from. */
export interface Hindrance {
  /** A bit for each of the next 32 messages, the lowest first: whether it is lost. */
  readonly losses: number;
  /** A bit for each kind of message that is lost. */
  readonly kinds: number;
  /** Messages that fit the link; 0 if any number does. */
  readonly room: number;
  /** Where there is no room, the oldest message is lost; else the newest. */
  readonly losesOldest: boolean;
  /** Messages say that they are of another version. */
  readonly otherVersion: boolean;
}

/** Nothing. */
export const UNHINDERED: Hindrance = { losses: 0, kinds: 0, room: 0, losesOldest: false, otherVersion: false };

/** The messages under way from one node to another, oldest first. */
export class Link {
  readonly messages: Envelope[] = [];
  blocked = false;
  /** Null most of the time. */
  hindrance: Hindrance | null = null;
  /** Messages that it took so far. */
  taken = 0;
  constructor(
    readonly from: number,
    readonly to: number,
  ) {}
}

/** All links between nodes 1 to `nodes`. */
export class Network {
  readonly pool = new EnvelopePool();
  /** Messages that are held up, in the order in which they were taken off their links. */
  readonly heldUp: Envelope[] = [];
  /** What became of messages on links that are cut or hindered, of those that were held up, and copies that were sent. */
  readonly counts = {
    lostAtCuts: 0,
    lostInBursts: 0,
    lostByKind: 0,
    overflows: 0,
    otherVersions: 0,
    heldUp: 0,
    duplicated: 0,
  };
  readonly #links: Link[] = [];
  readonly #byEnds: Link[][] = [];
  #count = 0;

  constructor(nodes: number) {
    for (let from = 1; from <= nodes; from++) {
      const row: Link[] = [];
      this.#byEnds[from] = row;
      for (let to = 1; to <= nodes; to++) {
        const link = new Link(from, to);
        row[to] = link;
        if (from !== to) this.#links.push(link);
      }
    }
  }

  /** Every link, in a fixed order. */
  get links(): readonly Link[] {
    return this.#links;
  }
  /** Messages under way. */
  get count(): number {
    return this.#count;
  }

  link(from: number, to: number): Link {
    const link = this.#byEnds[from]?.[to];
    if (link === undefined) throw new RangeError(`there is no link from ${from} to ${to}`);
    return link;
  }

  /** Puts a message on its link; false if it is lost there. */
  send(envelope: Envelope): boolean {
    const link = this.#byEnds[envelope.from]?.[envelope.to];
    if (link?.blocked === true) this.counts.lostAtCuts++;
    if (link === undefined || link.blocked || (link.hindrance !== null && !this.#passes(link, envelope))) {
      this.pool.release(envelope);
      return false;
    }
    envelope.nth = ++link.taken;
    link.messages.push(envelope);
    this.#count++;
    return true;
  }

  /** Takes the message at a position off its link. The taker releases it. */
  take(link: Link, position: number): Envelope {
    const { messages } = link;
    const taken = position === 0 ? messages.shift() : messages.splice(position, 1)[0];
    if (taken === undefined) throw new RangeError(`no message ${position} from ${link.from} to ${link.to}`);
    this.#count--;
    return taken;
  }

  /** Sends a copy of the message at a position again. */
  duplicate(link: Link, position: number): void {
    const original = link.messages[position];
    if (original === undefined) throw new RangeError(`no message ${position} from ${link.from} to ${link.to}`);
    const { from, to, length, barrier } = original;
    const copy = this.pool.fill(from, to, original, 0, length, barrier);
    copy.isCopy = true;
    if (this.send(copy)) this.counts.duplicated++;
  }

  /** Takes the message at a position off its link until it is let go. */
  holdUp(link: Link, position: number): Envelope {
    const envelope = this.take(link, position);
    this.heldUp.push(envelope);
    this.counts.heldUp++;
    return envelope;
  }

  /** Puts a message that was held up back on its link, behind all others. It was under way before a cut. */
  letGo(position: number): Envelope {
    const [envelope] = this.heldUp.splice(position, 1);
    if (envelope === undefined) throw new RangeError(`no message ${position} is held up`);
    this.link(envelope.from, envelope.to).messages.push(envelope);
    this.#count++;
    return envelope;
  }

  /** All messages under way, in the order of sending. */
  underWay(): Envelope[] {
    const all = [...this.#links.flatMap((link) => link.messages), ...this.heldUp];
    return all.sort((a, b) => a.serial - b.serial);
  }

  /** Whether a hindered link takes a message. */
  #passes(link: Link, envelope: Envelope): boolean {
    const { kinds, losesOldest, losses, otherVersion, room } = link.hindrance ?? UNHINDERED;
    if (losses !== 0) {
      this.#hinder(link, { losses: losses >>> 1 });
      if ((losses & 1) !== 0) return this.#loses("lostInBursts");
    }
    if (((kinds >>> kindOf(envelope)) & 1) !== 0) return this.#loses("lostByKind");
    if (room > 0 && link.messages.length >= room) {
      this.#loses("overflows");
      if (!losesOldest) return false;
      this.pool.release(this.take(link, 0));
    }
    if (otherVersion && isOfThisVersion(envelope)) {
      envelope.bytes[Header.version] = OTHER_VERSION;
      this.counts.otherVersions++;
    }
    return true;
  }

  #hinder(link: Link, changed: Partial<Hindrance>): void {
    link.hindrance = { ...(link.hindrance ?? UNHINDERED), ...changed };
  }

  #loses(why: "lostInBursts" | "lostByKind" | "overflows"): false {
    this.counts[why]++;
    return false;
  }
}
