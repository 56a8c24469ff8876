/**
 * A file on a simulated disk: what is read (the system's cache), what is on the disk, and what lies between: writes that
 * were not synced, of which a power failure keeps any part.
 */

import { Content } from "./content.js";
import type { Faults } from "./faults.js";
import type { Place } from "./script.js";
import type { Stream } from "./stream.js";

const SECTOR = 512;
const PAGE = 4096;
/** Of the torn parts of a write, one in so many is garbage. */
const GARBAGE = 8;
/** Of the lost writes at a file's end, one in so many leaves zeros: the size was durable, the bytes were not. */
const ZEROS = 4;

export interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Where it really goes, when it is misdirected. */
  readonly stray: { readonly inode: Inode; readonly at: number } | undefined;
}

type Change = (Write | { readonly size: number }) & {
  /** Counts a file's changes. */
  readonly serial: number;
  /** A sync said that it is durable, and it is not. */
  lied: boolean;
};

/** What a power failure does with the changes to one file, as drawn. */
interface Fates {
  readonly random: Stream;
  readonly faults: Faults;
  /** The node, and which failure of power it is. */
  readonly place: Place;
}

export class Inode {
  readonly cached = new Content();
  readonly durable = new Content();
  /** Something of it was destroyed that had been durable. */
  damaged = false;
  /** So was all that had been synced from some place on to the end, or to the beginning of what was synced last, which tells what
   * it is: with it went every sign that it was there. */
  endDamaged = false;
  /** End of what was said to be durable. */
  #promised = 0;
  /** Where the changes begin that were synced last. */
  #last = 0;
  #pending: Change[] = [];
  /** Writes under way. */
  readonly #started = new Set<Write>();
  #serial = 0;

  /** The newest change. */
  get serial(): number {
    return this.#serial;
  }

  /** Whether a sync lied about changes that are not durable yet. */
  get owes(): boolean {
    return this.#pending.some(({ lied }) => lied);
  }

  /** Whether a write over more than a sector was not synced: it may be torn. */
  get isTearable(): boolean {
    const isLong = (change: Change | Write) => "bytes" in change && change.bytes.length > SECTOR;
    return this.#pending.some(isLong) || [...this.#started].some(isLong);
  }

  /** Begins a write, which has its effect when it is finished; if it never is, a part of it may have. */
  start(write: Write): Write {
    this.#started.add(write);
    return write;
  }

  /** Ends a write of which `length` bytes were done. */
  finish(write: Write, length: number): void {
    this.#started.delete(write);
    const done = { ...write, bytes: write.bytes.subarray(0, length) };
    this.cached.write(done.at, done.bytes);
    this.#pending.push({ ...done, serial: ++this.#serial, lied: false });
  }

  truncate(size: number): void {
    this.cached.resize(size);
    this.#pending.push({ size, serial: ++this.#serial, lied: false });
  }

  /** Makes the changes up to this one durable. */
  sync(serial: number): void {
    const done = this.#pending.filter((change) => change.serial <= serial);
    this.#promise(done);
    for (const change of done) this.#keep(change);
    this.#pending.splice(0, done.length);
  }

  /** Says of the changes up to this one that they are durable. */
  lie(serial: number): void {
    const said = this.#pending.filter((change) => change.serial <= serial);
    this.#promise(said);
    for (const change of said) change.lied = true;
  }

  /** A sync failed: the changes count as written, and are not. What is in the drive's own cache stays there. */
  forget(serial: number): void {
    this.#pending = this.#pending.filter((change) => change.serial > serial || change.lied);
  }

  /** The process ended: the system finishes what was under way. */
  kill(): void {
    for (const write of [...this.#started]) this.finish(write, write.bytes.length);
  }

  /** Power fails. @returns whether something is lost that a sync had said was durable */
  powerLoss(fates: Fates): boolean {
    const { faults, place, random } = fates;
    const underWay = [...this.#started].map((write) => ({ ...write, serial: ++this.#serial, lied: false }));
    const changes: Change[] = [...this.#pending, ...underWay];
    this.#pending = [];
    this.#started.clear();
    const isReordered = changes.length > 1 && faults.chance("reorder");
    const anyOrder = faults.befalls("reorder", isReordered, random, place);
    const reached = random.below(changes.length + 1);
    let lost = 0;
    let brokeWord = false;
    for (const [i, change] of changes.entries()) {
      // In order, nothing is kept behind what is lost.
      const isBehind = !anyOrder && lost > 0;
      const isDrawn = anyOrder ? !random.oneIn(2) : i >= reached && !isBehind;
      const isLost = faults.befalls("lost", isDrawn, random, place) || isBehind;
      const unit = tornBy(isLost && !isBehind, fates);
      if (!isLost) {
        if (lost > 0) faults.count("reorder");
        this.#keep(change);
        continue;
      }
      const before = this.durable.bytes.slice();
      if (unit > 0) this.#keepPart(change, unit, fates);
      else this.#lose(change, fates);
      lost++;
      if (change.lied && !holds(this.durable, change, before)) brokeWord = true;
    }
    this.cached.become(this.durable);
    return brokeWord;
  }

  /** Bits flip at rest. @returns whether there was something to rot */
  rot(random: Stream): boolean {
    if (this.durable.length === 0) return false;
    const at = random.below(this.durable.length);
    if (random.oneIn(4)) {
      const from = at - (at % SECTOR);
      this.#spoil(from, new Uint8Array(Math.min(SECTOR, this.durable.length - from)));
    } else {
      const byte = this.durable.bytes[at] ?? 0;
      this.#spoil(at, Uint8Array.of(byte ^ (1 << random.below(8))));
    }
    this.damaged = true;
    return true;
  }

  #spoil(at: number, bytes: Uint8Array): void {
    this.durable.write(at, bytes);
    const end = at + bytes.length;
    if (end >= this.#promised || (at <= this.#last && end > this.#last)) this.endDamaged = true;
    if (at + bytes.length <= this.cached.length) this.cached.write(at, bytes);
  }

  #promise(changes: readonly Change[]): void {
    let first = Number.POSITIVE_INFINITY;
    for (const change of changes) {
      this.#promised = "size" in change ? change.size : Math.max(this.#promised, change.at + change.bytes.length);
      if ("bytes" in change) first = Math.min(first, change.at);
    }
    if (Number.isFinite(first)) this.#last = first;
  }

  #keep(change: Change): void {
    if ("size" in change) this.durable.resize(change.size);
    else if (change.stray === undefined) this.durable.write(change.at, change.bytes);
    else change.stray.inode.durable.write(change.stray.at, change.bytes);
  }

  #lose(change: Change, { faults, random }: Fates): void {
    faults.count("lost", () => `${describe(change)} is lost`);
    if ("size" in change || change.stray !== undefined || !random.oneIn(ZEROS)) return;
    const end = change.at + change.bytes.length;
    if (end > this.durable.length) this.durable.resize(end);
  }

  /** @param unit what the disk writes as a whole, in bytes */
  #keepPart(change: Change, unit: number, fates: Fates): void {
    const { faults, random } = fates;
    if ("size" in change || change.stray !== undefined) {
      this.#lose(change, fates);
      return;
    }
    const inOrder = !faults.has("reorder");
    const parts = [...partsOf(change, unit)];
    const reached = random.below(parts.length + 1);
    let kept = 0;
    let garbage = 0;
    for (const [i, part] of parts.entries()) {
      if (inOrder ? i < reached : random.oneIn(2)) {
        this.durable.write(part.at, part.bytes);
        kept++;
      } else if (unit === SECTOR && random.oneIn(GARBAGE)) {
        this.#garble(part, random);
        garbage++;
      }
    }
    if (kept === parts.length) return;
    const fault = kept + garbage === 0 ? "lost" : unit === PAGE ? "torn-page" : "torn-sector";
    faults.count(
      fault,
      () => `of ${describe(change)} ${kept} of ${parts.length} parts are kept, ${garbage} are garbage`,
    );
  }

  /** A sector that is written with the bytes it has keeps them: every log that goes on in a half-full sector relies on it. */
  #garble({ at, bytes }: Part, random: Stream): void {
    const before = this.durable.bytes.subarray(at, at + bytes.length);
    if (before.length === bytes.length && Buffer.compare(before, bytes) === 0) return;
    this.durable.write(
      at,
      bytes.map(() => random.below(256)),
    );
  }
}

/** The unit in which a change that is lost is kept in part; 0 if it is not. */
function tornBy(isLost: boolean, { faults, place, random }: Fates): number {
  const isPage = faults.befalls("torn-page", isLost && faults.chance("torn-page"), random, place);
  const isSector = faults.befalls("torn-sector", isLost && !isPage && faults.chance("torn-sector"), random, place);
  if (!isLost) return 0;
  return isPage ? PAGE : isSector ? SECTOR : 0;
}

function describe(change: Change): string {
  if ("size" in change) return `a truncation to ${change.size} bytes`;
  return `a write of ${change.bytes.length} bytes at ${change.at}${change.stray === undefined ? "" : ", elsewhere"}`;
}

interface Part {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The parts of a write, one a unit of the disk. */
function* partsOf({ at, bytes }: Part, unit: number): Generator<Part> {
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + unit - ((at + from) % unit));
    yield { at: at + from, bytes: bytes.subarray(from, to) };
    from = to;
  }
}

/** Whether a change is there, or changes nothing. */
function holds(content: Content, change: Change, before: Uint8Array): boolean {
  if ("size" in change) return before.length === change.size;
  if (change.stray !== undefined) return false;
  return Buffer.compare(content.bytes.subarray(change.at, change.at + change.bytes.length), change.bytes) === 0;
}
