/** Words, alignment and copies. Everything in an arena is aligned to 8 bytes, so that copies can go by words. */

/** Bits of the largest number, PlanLimit.NUMBER. */
const NUMBER_BITS: u64 = 53;
/** Up to this many bytes a loop over words beats the engine's bulk copy, which is a call out of the module. */
const SHORT_COPY: u32 = 256;

/** The u64 that crossed the boundary as two words. */
// @ts-ignore: decorator
@inline
export function join(low: u32, high: u32): u64 {
  return ((<u64>high) << 32) | <u64>low;
}

/** The low word of a u64 that crosses the boundary. */
// @ts-ignore: decorator
@inline
export function low(value: u64): u32 {
  return <u32>value;
}

/** The high word of a u64 that crosses the boundary. */
// @ts-ignore: decorator
@inline
export function high(value: u64): u32 {
  return <u32>(value >> 32);
}

/** Whether a term, index or time is one that hosts can hold exactly. */
// @ts-ignore: decorator
@inline
export function isNumber(value: u64): bool {
  return value >> NUMBER_BITS == 0;
}

/** Rounds up to a multiple of 8. */
// @ts-ignore: decorator
@inline
export function align8(bytes: u32): u32 {
  return (bytes + 7) & ~7;
}

/** Copies `bytes`, a multiple of 8, between places that do not overlap. */
export function copyWords(to: usize, from: usize, bytes: u32): void {
  if (bytes > SHORT_COPY) {
    memory.copy(to, from, bytes);
    return;
  }
  for (let end = from + bytes; from < end; from += 8, to += 8) store<u64>(to, load<u64>(from));
}

/** Whether `length` bytes are padded with zeroes to a multiple of 8. */
// @ts-ignore: decorator
@inline
export function isPadded(from: usize, length: u32): bool {
  const rest = length & 7;
  return rest == 0 || load<u64>(from + (length & ~7)) >> (rest << 3) == 0;
}
