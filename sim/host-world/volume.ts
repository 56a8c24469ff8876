/**
 * The disk of one node: files and their names, as they are read and as they would be found after a power failure. It
 * outlives the processes that use it, and knows what no process can know: whether what it said was durable still is.
 */

import { snapshotIndex } from "../../host/storage/snapshot/format.js";
import type { FileSystem } from "../../host/storage/wal/file-system.js";
import { EventLabel, type EventQueue } from "./event-queue.js";
import type { Faults } from "./faults.js";
import type { Inode } from "./inode.js";
import { Mount, type Process } from "./mount.js";
import { applyName, type NameChange } from "./names.js";
import type { Place } from "./script.js";
import type { Stream } from "./stream.js";

/** How long a drive that lied keeps what it owes in its cache, at most, in microseconds. */
const MOST_OWED = 3_000_000;
/** Bytes on a disk below which nothing rots, and in a file: damage is only worth what it takes along. */
const LEAST_ROT = 2048;
const LEAST_FILE = 128;

/** One that is not durable yet. */
type PendingName = NameChange<Inode> & {
  readonly serial: number;
  lied: boolean;
};

export interface VolumeOptions {
  /** The node's id. */
  readonly node: number;
  readonly queue: EventQueue;
  readonly random: Stream;
  readonly faults: Faults;
  /** Whether something durable on this disk may be destroyed now: the others can do without it. */
  readonly mayDamage: () => boolean;
}

export class Volume {
  /** The files, as they are read. */
  names = new Map<string, Inode>();
  /** Something is gone that a sync had said was durable, and nothing has shown since whether it matters. */
  brokeWord = false;
  /** Something of that kind was ever gone. */
  hasBrokenWord = false;
  /** Bytes that fit beside what is there; Infinity unless the disk is full. */
  room = Number.POSITIVE_INFINITY;
  /** Open files. */
  openFiles = 0;
  /** Counts calls of all processes. */
  calls = 0;
  /** Who holds the lock. */
  owner: Process | undefined;
  #durableNames = new Map<string, Inode>();
  #pendingNames: PendingName[] = [];
  #serial = 0;
  /** Counts power failures. */
  #epoch = 0;

  /** Where its faults have their chances. */
  readonly place: Place;

  constructor(readonly options: VolumeOptions) {
    this.place = { node: options.node };
  }

  /** The disk as a process sees it, until that ends. */
  mount(process: Process): FileSystem {
    this.openFiles = 0;
    return new Mount(this, process);
  }

  /** Whether it holds less than was promised, or may do so after a power failure: whoever runs on it may not be counted. */
  get isDamaged(): boolean {
    return this.brokeWord || this.owes || [...this.#inodes()].some(({ damaged }) => damaged);
  }

  /** Whether a sync said that something is durable which is not yet. */
  get owes(): boolean {
    return this.#pendingNames.some(({ lied }) => lied) || [...this.#inodes()].some(({ owes }) => owes);
  }

  /** Whether a write over more than a sector was not synced. */
  get isTearable(): boolean {
    return [...this.names.values()].some(({ isTearable }) => isTearable);
  }

  /** Names of files of which something is destroyed that had been durable. */
  damaged(): string[] {
    return [...this.names].filter(([, { damaged }]) => damaged).map(([name]) => name);
  }

  /** The snapshots, newest first. */
  snapshots(): { readonly name: string; readonly index: number }[] {
    const found = [...this.names.keys()].map((name) => ({
      name,
      index: snapshotIndex(name.replace(/^.*\//, "")) ?? 0,
    }));
    return found.filter(({ index }) => index > 0).sort((a, b) => b.index - a.index);
  }

  /** How many files have such a name. */
  count(pattern: RegExp): number {
    return [...this.names.keys()].filter((name) => pattern.test(name)).length;
  }

  /** Bytes in files with such a name. */
  bytesOf(pattern: RegExp): number {
    const files = [...this.names].filter(([name]) => pattern.test(name));
    return files.reduce((sum, [, { cached }]) => sum + cached.length, 0);
  }

  /** Whether the end of a file was destroyed, with every sign that it was there. */
  get isEndDamaged(): boolean {
    return [...this.#inodes()].some(({ endDamaged }) => endDamaged);
  }

  changeName(
    change: { readonly remove: string } | { readonly name: string; readonly inode: Inode; readonly from?: string },
  ): void {
    const noted = { ...change, serial: ++this.#serial, lied: false };
    applyName(this.names, noted);
    this.#pendingNames.push(noted);
  }

  /** The newest change of a name. */
  get nameSerial(): number {
    return this.#serial;
  }

  syncNames(serial: number): void {
    const done = this.#pendingNames.filter((change) => change.serial <= serial);
    for (const change of done) applyName(this.#durableNames, change);
    this.#pendingNames.splice(0, done.length);
  }

  lieAboutNames(serial: number): void {
    for (const change of this.#pendingNames) if (change.serial <= serial) change.lied = true;
  }

  /** Does later what a sync said was done, unless power fails before. */
  owe(settle: () => void): void {
    const { queue, random, node } = this.options;
    const epoch = this.#epoch;
    queue.at(queue.now + random.below(MOST_OWED), EventLabel.FLUSH, node, () => {
      if (epoch === this.#epoch) settle();
    });
  }

  /** Makes everything durable, as time does. */
  settle(): void {
    this.syncNames(this.#serial);
    for (const inode of this.#inodes()) inode.sync(inode.serial);
  }

  /** Power fails: what was not synced is kept in part, as drawn. @param outage its number */
  powerLoss(outage: number): void {
    const { faults, random } = this.options;
    const place = { ...this.place, outage };
    this.#epoch++;
    const changes = this.#pendingNames;
    this.#pendingNames = [];
    const anyOrder = faults.has("reorder");
    const reached = random.below(changes.length + 1);
    for (const [i, change] of changes.entries()) {
      const kept = anyOrder ? random.oneIn(2) : i < reached;
      if (!faults.befalls("names", !kept && faults.chance("names"), random, place)) {
        applyName(this.#durableNames, change);
      } else {
        faults.count("names", () => `${describeName(change)} is lost`);
        if (change.lied) this.#breakWord();
      }
    }
    this.names = new Map(this.#durableNames);
    for (const inode of new Set(this.names.values())) if (inode.powerLoss({ random, faults, place })) this.#breakWord();
  }

  /** The process ends, the system goes on. */
  kill(): void {
    for (const inode of this.#inodes()) inode.kill();
  }

  /** Something at rest rots, once there is enough of it. @returns whether there was */
  rot(): boolean {
    const { random } = this.options;
    const files = [...this.#durableNames.values()];
    const large = files.filter(({ durable }) => durable.length >= LEAST_FILE);
    if (files.reduce((sum, { durable }) => sum + durable.length, 0) < LEAST_ROT) return false;
    return large[random.below(Math.max(1, large.length))]?.rot(random) ?? false;
  }

  /** Where a write may end up by mistake; undefined if it goes where it should. */
  stray(own: Inode, at: number): { readonly inode: Inode; readonly at: number } | undefined {
    const { faults, mayDamage, random } = this.options;
    if (!faults.draws("misdirect", random, this.place) || !mayDamage()) return undefined;
    const files = [...this.names.values()];
    const inode = files[random.below(Math.max(1, files.length))];
    if (inode === undefined) return undefined;
    const elsewhere = random.below(inode.durable.length + 1);
    if (inode === own && elsewhere === at) return undefined;
    faults.count(
      "misdirect",
      () => `a write at ${at} ends up at ${elsewhere}${inode === own ? "" : " of another file"}`,
    );
    inode.damaged = true;
    own.damaged = true;
    // The end is not where it should be, and may lie on what came before it.
    if (inode === own) own.endDamaged = true;
    return { inode, at: elsewhere };
  }

  #breakWord(): void {
    this.brokeWord = true;
    this.hasBrokenWord = true;
  }

  /** All files that have a name, now or after a power failure. */
  #inodes(): Set<Inode> {
    return new Set([...this.names.values(), ...this.#durableNames.values()]);
  }
}

function describeName(change: NameChange<Inode>): string {
  if ("remove" in change) return `the removal of ${change.remove}`;
  return change.from === undefined ? `the creation of ${change.name}` : `the renaming to ${change.name}`;
}
