/**
 * The frame codec against streams cut, damaged and made up at random.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeFrame,
  FRAME_HEADER_BYTES,
  FRAME_OVERHEAD_BYTES,
  FrameDecoder,
  writeFrame,
} from "../../../host/transport/frame.js";

const MAX_PAYLOAD = 10_000;
/** The same cases in every run. */
const RUNS = { seed: 20261123, numRuns: 300 };

interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

const frame = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  payload: fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 5000, maxLength: MAX_PAYLOAD }) },
  ),
});
const frames = fc.array(frame, { minLength: 1, maxLength: 8 });

function streamOf(list: readonly Frame[]): Uint8Array {
  return Buffer.concat(list.map(({ kind, payload }) => encodeFrame(kind, payload)));
}

/** A frame as a string: quicker to compare than as an array. */
const label = ({ kind, payload }: Frame) => `${kind}:${Buffer.from(payload).toString("latin1")}`;

/** Cuts a stream at the given places, taken modulo its length. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(places.map((place) => place % stream.length))].sort((a, b) => a - b);
  const ends = [...cuts, stream.length];
  return ends.map((end, index) => new Uint8Array(stream).slice(index === 0 ? 0 : ends[index - 1], end));
}

function decode(
  chunks: readonly Uint8Array[],
  maxPayload = MAX_PAYLOAD,
): { got: Frame[]; refusal: string | undefined } {
  const got: Frame[] = [];
  const decoder = new FrameDecoder(maxPayload, (kind, payload) => got.push({ kind, payload: payload.slice() }));
  let refusal: string | undefined;
  for (const chunk of chunks) refusal = decoder.push(chunk);
  return { got, refusal };
}

describe("frame codec", () => {
  it("has the documented layout, with the CRC32C of the standard's check value", () => {
    const bytes = encodeFrame(0x31, Buffer.from("23456789"));
    expect(Buffer.from(bytes).toString("hex")).toBe(
      `${Buffer.from("MRF1").toString("hex")}09000000839206e3${Buffer.from("123456789").toString("hex")}`,
    );
    expect(bytes.length).toBe(FRAME_OVERHEAD_BYTES + 8);
  });

  it("writes behind what is there already", () => {
    const target = new Uint8Array(3 + FRAME_OVERHEAD_BYTES + 1).fill(7);
    expect(writeFrame(target, 3, 2, Uint8Array.of(9))).toBe(target.length);
    expect(target.subarray(0, 3)).toEqual(Uint8Array.of(7, 7, 7));
    expect(decode([target.subarray(3)]).got).toEqual([{ kind: 2, payload: Uint8Array.of(9) }]);
  });

  it("finds all frames of a stream cut anywhere", () => {
    const property = fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), (list, places) => {
      const { got, refusal } = decode(cut(streamOf(list), places));
      expect(refusal).toBeUndefined();
      expect(got.map(label)).toEqual(list.map(label));
    });
    fc.assert(property, RUNS);
  });

  it("finds all frames of a stream that comes byte by byte", () => {
    const list = [1, 0, 300].map((length, kind) => ({ kind, payload: new Uint8Array(length).fill(length) }));
    const stream = streamOf(list);
    expect(decode(cut(stream, [...stream.keys()])).got).toEqual(list);
  });

  it("hands over frames that lie whole in a chunk without copying them", () => {
    const chunk = streamOf([1, 2, 3].map((kind) => ({ kind, payload: new Uint8Array(kind) })));
    const buffers: ArrayBufferLike[] = [];
    new FrameDecoder(MAX_PAYLOAD, (_, payload) => buffers.push(payload.buffer)).push(chunk);
    expect(buffers.length).toBe(3);
    for (const buffer of buffers) expect(buffer).toBe(chunk.buffer);
  });

  it("hands over payloads that can be copied with slice, though they come in a Buffer", () => {
    const chunk = Buffer.from(encodeFrame(2, Uint8Array.of(7)));
    const payloads: Uint8Array[] = [];
    new FrameDecoder(MAX_PAYLOAD, (_, payload) => payloads.push(payload.slice())).push(chunk);
    chunk.fill(0);
    expect(payloads).toEqual([Uint8Array.of(7)]);
  });

  it("delivers the whole frames of a stream that breaks off, and nothing else", () => {
    const property = fc.property(frames, fc.nat(), (list, place) => {
      const stream = streamOf(list);
      const end = place % stream.length;
      const { got, refusal } = decode([stream.subarray(0, end)]);
      expect(refusal).toBeUndefined();
      expect(got.map(label)).toEqual(list.slice(0, got.length).map(label));
      expect(streamOf(list.slice(0, got.length + 1)).length).toBeGreaterThan(end);
    });
    fc.assert(property, RUNS);
  });

  it("never lets a damaged frame through", () => {
    const damage = fc.array(fc.record({ place: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    const property = fc.property(frames, damage, fc.array(fc.nat(), { maxLength: 5 }), (list, flips, places) => {
      const intact = streamOf(list);
      const stream = new Uint8Array(intact);
      for (const { place, flip } of flips) stream[place % stream.length] = (stream[place % stream.length] ?? 0) ^ flip;
      const { got } = decode(cut(stream, places));
      expect(got.map(label)).toEqual(list.slice(0, got.length).map(label));
      if (Buffer.compare(stream, intact) !== 0) expect(got.length).toBeLessThan(list.length);
    });
    fc.assert(property, RUNS);
  });

  it("takes any bytes without throwing", () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (chunks) => {
      const long = chunks.reduce((sum, chunk) => sum + chunk.length, 0) >= FRAME_HEADER_BYTES;
      const { got, refusal } = decode(chunks);
      expect(got).toEqual([]);
      expect(refusal !== undefined).toBe(long);
    });
    fc.assert(property, { ...RUNS, examples: [[[Buffer.from("GET / HTTP/1.1\r\n")]]] });
  });

  it("refuses a frame as soon as its header announces too much, and takes the longest allowed", () => {
    const fits = encodeFrame(2, new Uint8Array(100));
    expect(decode([fits], 100)).toEqual({ got: [{ kind: 2, payload: new Uint8Array(100) }], refusal: undefined });
    const { refusal } = decode([encodeFrame(2, new Uint8Array(101)).subarray(0, 12)], 100);
    expect(refusal).toBe("a frame of 101 payload bytes; at most 100 are accepted");
  });

  it("refuses a frame without a kind", () => {
    const empty = encodeFrame(0, new Uint8Array(0)).slice(0, 12);
    empty.fill(0, 4);
    expect(decode([empty]).refusal).toBe("a frame without a kind");
  });

  it("stays refused", () => {
    const decoder = new FrameDecoder(MAX_PAYLOAD, () => expect.unreachable());
    const refusal = decoder.push(new Uint8Array(20));
    expect(refusal).toContain("0x00000000 where a frame must begin with 0x3146524d");
    expect(decoder.push(encodeFrame(1, new Uint8Array(1)))).toBe(refusal);
  });

  it("delivers nothing after stop, though more lies in the chunk", () => {
    const kinds: number[] = [];
    const decoder = new FrameDecoder(MAX_PAYLOAD, (kind) => {
      kinds.push(kind);
      decoder.stop();
    });
    decoder.push(streamOf([1, 2].map((kind) => ({ kind, payload: new Uint8Array(1) }))));
    decoder.push(encodeFrame(3, new Uint8Array(1)));
    expect(kinds).toEqual([1]);
  });
});
