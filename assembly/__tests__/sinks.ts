/**
 * Sinks of effects for the white-box tests. A sink has no state of its own, as it is called on a null `this`: what comes
 * out of it lies in `Recorded`.
 */

import { Node } from "../abi/node";
import { StorageAnswer } from "../abi/storage-answer";
import { Effects } from "../raft/effects";

export class Recorded {
  /** A line an effect. */
  static lines: string[] = [];
  /** What storage effects answer. */
  static answer: i32 = StorageAnswer.DURABLE;
  /** The last message to node 1. */
  static message: usize = heap.alloc(512);
  static messageLength: u32 = 0;
}

/** Writes every effect down. */
// @ts-ignore: decorator
@final @unmanaged
export class RecordingEffects extends Effects {
  hardState(_n: Node, term: u64, vote: u32): i32 {
    Recorded.lines.push(`hardState ${term} ${vote}`);
    return Recorded.answer;
  }

  truncate(_n: Node, from: u64): i32 {
    Recorded.lines.push(`truncate ${from}`);
    return Recorded.answer;
  }

  append(_n: Node, first: u64, count: u32, term: u64, _entries: usize, length: u32): i32 {
    Recorded.lines.push(`append ${first} ${count} ${term} ${length}`);
    return Recorded.answer;
  }

  compact(_n: Node, index: u64): i32 {
    Recorded.lines.push(`compact ${index}`);
    return Recorded.answer;
  }

  read(_n: Node, index: u64, count: u32, _into: usize, _capacity: u32): i32 {
    Recorded.lines.push(`read ${index} ${count}`);
    return 0;
  }

  send(_n: Node, to: u32, message: usize, length: u32, barrier: bool): void {
    Recorded.lines.push(`send ${to}${barrier ? " behind the barrier" : ""}`);
    if (to != 1) return;
    memory.copy(Recorded.message, message, length);
    Recorded.messageLength = length;
  }

  arm(_n: Node, kind: u32, delay: u32, jitter: u32): void {
    Recorded.lines.push(`arm ${kind} ${delay} ${jitter}`);
  }

  cancel(_n: Node, kind: u32): void {
    Recorded.lines.push(`cancel ${kind}`);
  }

  apply(_n: Node, index: u64, term: u64, _command: usize, length: u32): i32 {
    Recorded.lines.push(`apply ${index} ${term} ${length}`);
    return 0;
  }

  readSnapshot(_n: Node, index: u64, offset: u64, _into: usize, _capacity: u32, _witness: bool): i32 {
    Recorded.lines.push(`readSnapshot ${index} ${offset}`);
    return 0;
  }

  writeSnapshot(_n: Node, index: u64, term: u64, offset: u64, _bytes: usize, length: u32, last: bool): i32 {
    Recorded.lines.push(`writeSnapshot ${index} ${term} ${offset} ${length}${last ? " last" : ""}`);
    return 0;
  }

  reads(_n: Node, ticket: u64, index: u64, answered: bool): void {
    Recorded.lines.push(`reads ${ticket} ${answered ? `at ${index}` : "refused"}`);
  }

  event(_n: Node, kind: u32, first: u64, _second: u64): void {
    Recorded.lines.push(`event ${kind} ${first}`);
  }
}

/** Every storage effect fails; anything else is written down. */
// @ts-ignore: decorator
@final @unmanaged
export class BrokenDisk extends Effects {
  hardState(_n: Node, _term: u64, _vote: u32): i32 {
    return StorageAnswer.FAILED;
  }

  truncate(_n: Node, _from: u64): i32 {
    return StorageAnswer.FAILED;
  }

  append(_n: Node, _first: u64, _count: u32, _term: u64, _entries: usize, _length: u32): i32 {
    return StorageAnswer.FAILED;
  }

  compact(_n: Node, _index: u64): i32 {
    return StorageAnswer.FAILED;
  }

  read(_n: Node, _index: u64, _count: u32, _into: usize, _capacity: u32): i32 {
    return StorageAnswer.FAILED;
  }

  send(_n: Node, to: u32, _message: usize, _length: u32, _barrier: bool): void {
    Recorded.lines.push(`send ${to}`);
  }

  arm(_n: Node, kind: u32, _delay: u32, _jitter: u32): void {
    Recorded.lines.push(`arm ${kind}`);
  }

  cancel(_n: Node, kind: u32): void {
    Recorded.lines.push(`cancel ${kind}`);
  }

  apply(_n: Node, index: u64, _term: u64, _command: usize, _length: u32): i32 {
    Recorded.lines.push(`apply ${index}`);
    return 0;
  }

  readSnapshot(_n: Node, index: u64, offset: u64, _into: usize, _capacity: u32, _witness: bool): i32 {
    Recorded.lines.push(`readSnapshot ${index} ${offset}`);
    return 0;
  }

  writeSnapshot(_n: Node, index: u64, term: u64, offset: u64, _bytes: usize, length: u32, last: bool): i32 {
    Recorded.lines.push(`writeSnapshot ${index} ${term} ${offset} ${length}${last ? " last" : ""}`);
    return 0;
  }

  reads(_n: Node, ticket: u64, index: u64, answered: bool): void {
    Recorded.lines.push(`reads ${ticket} ${answered ? `at ${index}` : "refused"}`);
  }

  event(_n: Node, kind: u32, first: u64, _second: u64): void {
    Recorded.lines.push(`event ${kind} ${first}`);
  }
}
