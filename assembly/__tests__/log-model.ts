/**
 * The plainest model of a log, a list of entries, and what the window (state/window.ts) has to answer by it. Where the
 * window ends is the window's own affair: the model takes it as it is.
 */

import { MemberRole } from "../abi/configuration";
import { EntryFrame, EntryKind } from "../abi/entry";
import { Node } from "../abi/node";
import { PlanLimit } from "../abi/plan";
import { activate, rollBack } from "../raft/membership";
import { arenaBytes, at, entryCapacity, planOf } from "../state/arena";
import { lowestKnown } from "../state/terms";
import {
  entryAt,
  entrySize,
  knowsTerm,
  lastUpToTerm,
  offsetOf,
  payloadOf,
  push,
  removeFrom,
  runEnd,
  sizeOf,
  spanFrom,
  termAt,
} from "../state/window";
import { ConfigurationWriter, newNode, newPlan } from "./node-kit";

/** An entry, and what its payload is made from: a mark for a command, members as bits for a configuration. */
@final
class Row {
  constructor(
    public term: u64,
    public kind: u32,
    public length: u32,
    public mark: u32,
  ) {}
}

/** A configuration of voters: bit i stands for id i + 1. */
export function votersOf(ids: u32): ConfigurationWriter {
  const configuration = new ConfigurationWriter(0);
  for (let i: u32 = 0; i < 9; i++) if ((ids & (1 << i)) != 0) configuration.add(i + 1, MemberRole.VOTER);
  return configuration;
}

/** A node's log, and the list it has to equal. Index i is at place i; place 0 is what the node was set up with. */
export class LogModel {
  private rows: Row[] = [];
  private marks: u32 = 0;
  /** Lowest index whose term has to be known. */
  private lowest: u64 = 0;
  private payload: usize;
  private copy: usize;

  constructor(
    public n: Node,
    voters: u32,
  ) {
    this.payload = heap.alloc(entryCapacity(planOf(n)));
    this.copy = heap.alloc(arenaBytes(planOf(n)));
    const configuration = votersOf(voters);
    this.rows.push(new Row(0, EntryKind.CONFIGURATION, configuration.length, voters));
    memory.copy(at(n, n.baseOffset), configuration.place, configuration.length);
    activate(n, at(n, n.baseOffset), 0);
    configuration.free();
  }

  free(): void {
    heap.free(this.payload);
    heap.free(this.copy);
    heap.free(changetype<usize>(this.n));
  }

  get last(): u64 {
    return this.rows.length - 1;
  }

  /** Index of the newest configuration below `index`. */
  configurationBelow(index: u64): u64 {
    let i = <i32>index - 1;
    while (this.rows[i].kind != EntryKind.CONFIGURATION) i--;
    return i;
  }

  /** Appends a command of `length` bytes; an empty one stands for a new leader's entry. False if it was refused. */
  add(term: u64, length: u32, until: u64): bool {
    return this.append(new Row(term, length == 0 ? EntryKind.NOOP : EntryKind.NORMAL, length, ++this.marks), until);
  }

  /** Appends a configuration. False if it was refused. */
  addConfiguration(term: u64, voters: u32, until: u64): bool {
    const configuration = votersOf(voters);
    const length = configuration.length;
    configuration.free();
    return this.append(new Row(term, EntryKind.CONFIGURATION, length, voters), until);
  }

  private append(row: Row, until: u64): bool {
    const n = this.n;
    const first = n.first;
    const bytes = arenaBytes(planOf(n));
    this.writePayload(row);
    n.term = max(n.term, row.term);
    memory.copy(this.copy, changetype<usize>(n), bytes);
    if (!push(n, row.term, row.kind, this.payload, row.length, until)) {
      assert(memory.compare(this.copy, changetype<usize>(n), bytes) == 0);
      this.assertRefusalIsDue(entrySize(row.length), until);
      return false;
    }
    assert(n.first <= max(first, until + 1));
    this.rows.push(row);
    if (row.kind == EntryKind.CONFIGURATION) activate(n, payloadOf(entryAt(n, n.last)), n.last);
    this.noteLowest();
    return true;
  }

  /** What has to stay leaves no slot, or less than twice the size: of two free pieces one is at least half of them. */
  private assertRefusalIsDue(size: u32, until: u64): void {
    const n = this.n;
    const oldest = max(until + 1, n.first);
    const entries = n.last + 1 - oldest;
    const free = planOf(n).windowBytes - spanFrom(n, oldest);
    assert(entries == <u64>planOf(n).windowEntries || (entries > 0 && free < 2 * size));
  }

  /** The table of terms forgets for good what is older than the newest PlanLimit.TERMS outside the window. */
  private noteLowest(): void {
    let i = <i32>this.n.first - 1;
    for (let terms: u32 = 1; i > 0; i--) {
      if (this.rows[i].term != this.rows[i - 1].term && terms++ == PlanLimit.TERMS) break;
    }
    this.lowest = max(this.lowest, <u64>i);
  }

  /** Removes the entries from `from` on, as a follower does. */
  removeFrom(from: u64): void {
    rollBack(this.n, from);
    removeFrom(this.n, from);
    this.rows.length = <i32>from;
  }

  /** Writes the payload of an entry as it has to be, padded. Answers its padded length. */
  private writePayload(row: Row): u32 {
    const padded = entrySize(row.length) - EntryFrame.HEADER;
    memory.fill(this.payload, 0, padded);
    if (row.kind == EntryKind.CONFIGURATION) {
      const configuration = votersOf(row.mark);
      memory.copy(this.payload, configuration.place, row.length);
      configuration.free();
    } else {
      for (let i: u32 = 0; i < row.length; i++) store<u8>(this.payload + i, <u8>(row.mark * 7 + i + 1));
    }
    return padded;
  }

  /** Every entry in the window is the one that was appended. */
  assertEntries(): void {
    const n = this.n;
    assert(n.last == this.last);
    for (let index = n.first; index <= n.last; index++) {
      const entry = entryAt(n, index);
      const row = this.rows[<i32>index];
      assert(entry.term == row.term && entry.kind == row.kind && entry.length == row.length);
      assert(memory.compare(payloadOf(entry), this.payload, this.writePayload(row)) == 0);
    }
  }

  /** Every term that has to be known is, and no other. */
  assertTerms(): void {
    const n = this.n;
    assert(lowestKnown(n) == this.lowest);
    for (let index: u64 = 0; index <= n.last + 2; index++) {
      const known = index >= this.lowest && index <= this.last;
      assert(knowsTerm(n, index) == known);
      if (known) assert(termAt(n, index) == this.rows[<i32>index].term);
    }
    assert(n.lastTerm == this.rows[<i32>this.last].term);
  }

  /** What may be asked of an `index` in the log, a `floor` and a term. */
  assertLastUpToTerm(index: u64, floor: u64, term: u64): void {
    let found = index;
    while (found > floor && found >= this.lowest && this.rows[<i32>found].term > term) found--;
    assert(lastUpToTerm(this.n, index, floor, term) == max(found, floor));
  }

  /** Spans and runs are those found entry by entry. */
  assertPlaces(): void {
    const n = this.n;
    let span: u32 = 0;
    let end = n.last;
    for (let index = n.last; index >= n.first; index--) {
      const behind = offsetOf(n, index) + sizeOf(entryAt(n, index));
      if (index < n.last && offsetOf(n, index + 1) != behind) {
        // The ring wraps here: nothing is split, and what is left at the end is skipped.
        assert(offsetOf(n, index + 1) == 0);
        span += planOf(n).windowBytes - behind;
        end = index;
      }
      span += sizeOf(entryAt(n, index));
      assert(spanFrom(n, index) == span);
      assert(runEnd(n, index) == end);
    }
    assert(span <= planOf(n).windowBytes);
    assert(spanFrom(n, 0) == span);
    assert(spanFrom(n, n.last + 1) == 0);
  }

  /** The configuration in force is the newest one, and the one kept aside the newest that has left the window. */
  assertConfiguration(): void {
    const n = this.n;
    assert(n.configurationIndex == this.configurationBelow(n.last + 1));
    assert(n.baseIndex == this.configurationBelow(n.first));
    const base = this.rows[<i32>n.baseIndex];
    assert(memory.compare(at(n, n.baseOffset), this.payload, this.writePayload(base)) == 0);
    const inForce = this.rows[<i32>n.configurationIndex];
    assert(n.members == <u32>popcnt(inForce.mark));
  }
}

/** A log in a window of 256 slots and room for more bytes than the tests append. */
export function roomyLog(): LogModel {
  const plan = newPlan();
  plan.windowEntries = 256;
  plan.windowBytes = 16384;
  return new LogModel(newNode(plan), 1);
}

/** Fills every slot with entries of term 1. */
export function fillSlots(log: LogModel): void {
  while (log.n.last < <u64>planOf(log.n).windowEntries) assert(log.add(1, 8, 0));
  assert(log.n.first == 1);
}
