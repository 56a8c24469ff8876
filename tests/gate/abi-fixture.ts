/**
 * A small core, as far as the generator of the ABI looks at it: every form that it understands occurs.
 */

export const INDEX = `
import { Plan } from "./abi/plan";

/**
 * How many bytes a plan takes.
 * @param plan where the plan lies
 * @returns bytes, or a StatusCode
 */
export function planBytes(plan: Plan): i32 { return <i32>plan.small; }

/** Sets the {@link Plan} of a node, which takes two numbers of sixty-four bits, in a list of parameters that is too long. */
export function configure(
  handle: usize, identifier: u64, electionTimeout: i64, heartbeatInterval: u32, enabled: bool,
): void {}

function notExported(): void {}

export { __heap_base, __data_end };
`;

export const PLAN = `/**
 * The plan of a node.
 */

import { StatusCode } from "./status";

/** Every size there is | and a bar. */
// @ts-ignore: decorator
@final @unmanaged
export class Plan {
  /** One byte. */
  small: u8;
  /** Two bytes. */
  medium: u16;
  /** Yes or no. */
  flag: bool;
  /** Eight bytes. */
  large: u64;
  /** Four bytes. */
  word: i32;
  /** An address. */
  address: usize;
  /** Ends the struct off an eight-byte boundary. */
  tailByte: i8;

  // @ts-ignore: decorator
  @inline get twice(): u32 { return 2 * this.word; }
}

/** Of nobody's interest. @internal */
// @ts-ignore: decorator
@final @unmanaged
export class Hidden {
  /** One. */
  one: u8;
}

const BASE: u32 = 40;

/** Limits. */
export namespace Limit {
  /** From a constant of the file. */
  // @ts-ignore: decorator
  @inline export const NODES: u32 = BASE + 2;
  /** A shift. */
  // @ts-ignore: decorator
  @inline export const WINDOW: u32 = 1 << 3;
  /** Of another group. */
  // @ts-ignore: decorator
  @inline export const WORST: i32 = StatusCode.REFUSED * 2;
  /** Of this group. */
  // @ts-ignore: decorator
  @inline export const BOTH: u32 = (NODES | 0x100) & ~WINDOW;
  /** The same value again. */
  // @ts-ignore: decorator
  @inline export const AGAIN: u32 = 8;
  /** A layout. */
  // @ts-ignore: decorator
  @inline export const PLAN_BYTES: u32 = <u32>offsetof<Plan>() + (offsetof<Plan>("word") as u32) - sizeof<u64>();
  /** Exact in a double. */
  // @ts-ignore: decorator
  @inline export const NUMBER: u64 = 0x1f_ffff_ffff_ffff;
  /** Not exact in a double. */
  // @ts-ignore: decorator
  @inline export const ALL: u64 = ~0;
  /** The lowest. */
  // @ts-ignore: decorator
  @inline export const LOWEST: i32 = -2147483648;
  /** Wraps as the compiler does. */
  // @ts-ignore: decorator
  @inline export const TOP: i32 = 1 << 31;
}
`;

export const STATUS = `/** What an export answers. */
export namespace StatusCode {
  /** Done. */
  // @ts-ignore: decorator
  @inline export const OK: i32 = 0;
  /** Not done. */
  // @ts-ignore: decorator
  @inline export const REFUSED: i32 = -0x10;
}

export function isRefusal(code: i32): bool { return code < StatusCode.OK; }
`;

export const STORAGE = `/** The storage trait. */

/**
 * Appends.
 * @param first index of the first entry
 * @param entries where they lie
 * @returns a StatusCode
 */
// @ts-ignore: decorator
@external("storage", "append")
export declare function appendEntries(first: u64, entries: usize): i32;
`;

/** Text by path. */
export const FIXTURE: ReadonlyMap<string, string> = new Map([
  ["assembly/index.ts", INDEX],
  ["assembly/abi/plan.ts", PLAN],
  ["assembly/abi/status.ts", STATUS],
  ["assembly/abi/imports/storage.ts", STORAGE],
]);
