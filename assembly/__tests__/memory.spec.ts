/** Words, alignment and copies (state/memory.ts), and what the layouts promise. */

import { Entry, EntryFrame } from "../abi/entry";
import { Append, AppendReply, Header, MessageFormat, VoteRequest } from "../abi/message";
import { Node } from "../abi/node";
import { Peer } from "../abi/peer";
import { Plan } from "../abi/plan";
import { align8, copyWords, high, isNumber, isPadded, join, low } from "../state/memory";
import { peerStride } from "../state/arena";
import { formatIsSound } from "../wire/encode";

describe("a u64 that crosses the boundary", () => {
  it("is the same behind it", () => {
    const values: u64[] = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x1fffffffffffff, u64.MAX_VALUE];
    for (let i = 0; i < values.length; i++) expect(join(low(values[i]), high(values[i]))).toBe(values[i]);
    expect(join(1, 2)).toBe(0x200000001);
  });

  it("is a number as long as a double holds it", () => {
    expect(isNumber(0)).toBe(true);
    expect(isNumber(0x1fffffffffffff)).toBe(true);
    expect(isNumber(0x20000000000000)).toBe(false);
    expect(isNumber(u64.MAX_VALUE)).toBe(false);
  });
});

describe("align8", () => {
  it("rounds up to a multiple of 8", () => {
    expect(align8(0)).toBe(0);
    for (let bytes: u32 = 1; bytes <= 8; bytes++) expect(align8(bytes)).toBe(8);
    expect(align8(9)).toBe(16);
    expect(align8(0xfffffff8)).toBe(0xfffffff8);
  });
});

describe("copyWords", () => {
  it("copies every multiple of 8 up to well above its own short cut, and not a byte more", () => {
    const from = heap.alloc(640);
    const to = heap.alloc(640);
    for (let i = 0; i < 640; i++) store<u8>(from + i, <u8>(i * 31 + 1));
    for (let bytes: u32 = 0; bytes <= 600; bytes += 8) {
      memory.fill(to, 0xa5, 640);
      copyWords(to + 16, from + 8, bytes);
      expect(memory.compare(to + 16, from + 8, bytes)).toBe(0);
      expect(load<u8>(to + 15)).toBe(0xa5);
      expect(load<u8>(to + 16 + bytes)).toBe(0xa5);
    }
    heap.free(from);
    heap.free(to);
  });
});

describe("isPadded", () => {
  it("sees a single bit anywhere in the padding, and nothing outside", () => {
    const place = heap.alloc(64);
    memory.fill(place, 0, 64);
    for (let length: u32 = 0; length <= 48; length++) {
      expect(isPadded(place, length)).toBe(true);
      for (let i: u32 = 0; i < 64; i++) {
        store<u8>(place + i, i % 2 == 0 ? 0x80 : 0x01);
        expect(isPadded(place, length)).toBe((i < length) | (i >= align8(length)));
        store<u8>(place + i, 0);
      }
    }
    heap.free(place);
  });
});

describe("the layouts", () => {
  it("have the lengths that the wire format names", () => {
    expect(formatIsSound()).toBe(true);
    expect(offsetof<Entry>()).toBe(EntryFrame.HEADER);
    // Magic, version and kind of a header, and kind and reserved bytes of an entry, are written as one word each.
    expect(offsetof<Header>("magic")).toBe(0);
    expect(offsetof<Header>("version")).toBe(2);
    expect(offsetof<Header>("kind")).toBe(3);
    expect(offsetof<Entry>("kind") + 4).toBe(EntryFrame.HEADER);
  });

  it("keep what follows a header, a body or an entry's header aligned", () => {
    expect(offsetof<Header>() % 8).toBe(0);
    expect(offsetof<VoteRequest>() % 8).toBe(0);
    expect(offsetof<Append>() % 8).toBe(0);
    expect(offsetof<AppendReply>() % 8).toBe(0);
    expect(offsetof<Entry>() % EntryFrame.ALIGNMENT).toBe(0);
  });

  it("leave no byte of a message without a field", () => {
    // What is not written could tell what was in the outbox before.
    expect(offsetof<Header>("term") + 8).toBe(MessageFormat.HEADER);
    expect(offsetof<Header>("cluster")).toBe(2 + 1 + 1 + 5 * 4);
    expect(offsetof<Append>("count")).toBe(5 * 8 + 4);
    expect(offsetof<AppendReply>("reserved")).toBe(3 * 8 + 4);
    expect(offsetof<AppendReply>("hintTerm") + 8).toBe(MessageFormat.REJECTION - MessageFormat.HEADER);
  });

  it("lie in memory field by field, little-endian", () => {
    const address = heap.alloc(offsetof<Plan>());
    changetype<Plan>(address).cluster = 0x0102030405060708;
    expect(load<u8>(address + offsetof<Plan>("cluster"))).toBe(8);
    expect(load<u8>(address + offsetof<Plan>("cluster") + 7)).toBe(1);
    heap.free(address);
  });

  it("keep every u64 of an arena at a multiple of 8", () => {
    expect(peerStride() % 8).toBe(0);
    expect(peerStride()).toBeGreaterThanOrEqual(<u32>offsetof<Peer>());
    expect(offsetof<Node>("term") % 8).toBe(0);
    expect(offsetof<Node>("round") % 8).toBe(0);
  });
});
