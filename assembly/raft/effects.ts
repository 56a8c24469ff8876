/**
 * The sink of effects. `flush` is generic over it, and is compiled once for the imports and, in the white-box tests,
 * once for a recorder: static dispatch, because a table of functions is not to be had (DESIGN: the gate on the binary).
 */

import * as machine from "../abi/imports/machine";
import * as observer from "../abi/imports/observer";
import * as storage from "../abi/imports/storage";
import * as timer from "../abi/imports/timer";
import * as transport from "../abi/imports/transport";
import { Node } from "../abi/node";
import { high, low } from "../state/memory";

/** What flush lets out. The methods mirror the five traits; see abi/imports. */
// @ts-ignore: decorator
@unmanaged
export abstract class Effects {
  abstract hardState(n: Node, term: u64, vote: u32): i32;
  abstract truncate(n: Node, from: u64): i32;
  abstract append(n: Node, first: u64, count: u32, term: u64, entries: usize, length: u32): i32;
  abstract compact(n: Node, index: u64): i32;
  abstract read(n: Node, index: u64, count: u32, into: usize, capacity: u32): i32;
  abstract send(n: Node, to: u32, message: usize, length: u32, barrier: bool): void;
  abstract arm(n: Node, kind: u32, delay: u32, jitter: u32): void;
  abstract cancel(n: Node, kind: u32): void;
  abstract apply(n: Node, index: u64, term: u64, command: usize, length: u32): i32;
  abstract readSnapshot(n: Node, index: u64, offset: u64, into: usize, capacity: u32, witness: bool): i32;
  abstract writeSnapshot(n: Node, index: u64, term: u64, offset: u64, bytes: usize, length: u32, last: bool): i32;
  abstract reads(n: Node, ticket: u64, index: u64, answered: bool): void;
  abstract event(n: Node, kind: u32, first: u64, second: u64): void;
}

/** The module's imports. Has no state: methods are called on a null `this`. */
// @ts-ignore: decorator
@final @unmanaged
export class HostEffects extends Effects {
  // @ts-ignore: decorator
  @inline hardState(n: Node, term: u64, vote: u32): i32 {
    return storage.hardState(changetype<usize>(n), low(term), high(term), vote);
  }

  // @ts-ignore: decorator
  @inline truncate(n: Node, from: u64): i32 {
    return storage.truncate(changetype<usize>(n), low(from), high(from));
  }

  // @ts-ignore: decorator
  @inline append(n: Node, first: u64, count: u32, term: u64, entries: usize, length: u32): i32 {
    return storage.append(changetype<usize>(n), low(first), high(first), count, low(term), high(term), entries, length);
  }

  // @ts-ignore: decorator
  @inline compact(n: Node, index: u64): i32 {
    return storage.compact(changetype<usize>(n), low(index), high(index));
  }

  // @ts-ignore: decorator
  @inline read(n: Node, index: u64, count: u32, into: usize, capacity: u32): i32 {
    return storage.read(changetype<usize>(n), low(index), high(index), count, into, capacity);
  }

  // @ts-ignore: decorator
  @inline send(n: Node, to: u32, message: usize, length: u32, barrier: bool): void {
    transport.send(changetype<usize>(n), to, message, length, <u32>barrier);
  }

  // @ts-ignore: decorator
  @inline arm(n: Node, kind: u32, delay: u32, jitter: u32): void {
    timer.arm(changetype<usize>(n), kind, delay, jitter);
  }

  // @ts-ignore: decorator
  @inline cancel(n: Node, kind: u32): void {
    timer.cancel(changetype<usize>(n), kind);
  }

  // @ts-ignore: decorator
  @inline apply(n: Node, index: u64, term: u64, command: usize, length: u32): i32 {
    return machine.apply(changetype<usize>(n), low(index), high(index), low(term), high(term), command, length);
  }

  // @ts-ignore: decorator
  @inline readSnapshot(n: Node, index: u64, offset: u64, into: usize, capacity: u32, witness: bool): i32 {
    const node = changetype<usize>(n);
    return machine.readSnapshot(node, low(index), high(index), low(offset), high(offset), into, capacity, <u32>witness);
  }

  // @ts-ignore: decorator
  @inline writeSnapshot(n: Node, index: u64, term: u64, offset: u64, bytes: usize, length: u32, last: bool): i32 {
    const node = changetype<usize>(n);
    return machine.writeSnapshot(
      node,
      low(index),
      high(index),
      low(term),
      high(term),
      low(offset),
      high(offset),
      bytes,
      length,
      <u32>last,
    );
  }

  // @ts-ignore: decorator
  @inline reads(n: Node, ticket: u64, index: u64, answered: bool): void {
    machine.reads(changetype<usize>(n), low(ticket), high(ticket), low(index), high(index), <u32>answered);
  }

  // @ts-ignore: decorator
  @inline event(n: Node, kind: u32, first: u64, second: u64): void {
    observer.event(changetype<usize>(n), kind, low(first), high(first), low(second), high(second));
  }
}
