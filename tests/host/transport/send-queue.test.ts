/**
 * The send queue against a model: a list of messages from whose front one is dropped when a bound is passed.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FRAME_OVERHEAD_BYTES, FrameDecoder } from "../../../host/transport/frame.js";
import { SendQueue } from "../../../host/transport/send-queue.js";

const KIND = 2;
const RUNS = { seed: 20261123, numRuns: 100 };

/** A message whose bytes all tell its number. */
const numbered = (number: number, length = 1) => new Uint8Array(length).fill(number);

/** What a message is known by: its bytes are all the same. */
function label(message: Uint8Array): string {
  expect(message.every((byte) => byte === message[0])).toBe(true);
  return `${message[0]} x ${message.length}`;
}

function messagesIn(bytes: Uint8Array): string[] {
  const got: string[] = [];
  const decoder = new FrameDecoder(1 << 20, (_, payload) => got.push(label(payload)));
  expect(decoder.push(bytes)).toBeUndefined();
  return got;
}

function drain(queue: SendQueue): string[] {
  const got: string[] = [];
  for (let batch = queue.take(); batch !== undefined; batch = queue.take()) {
    const messages = messagesIn(batch.bytes);
    expect(messages.length).toBe(batch.messages);
    got.push(...messages);
    queue.recycle(batch);
  }
  return got;
}

describe("SendQueue", () => {
  it("drops the oldest messages when there are too many", () => {
    const queue = new SendQueue(3, 1 << 20);
    const dropped = [1, 2, 3, 4, 5].map((number) => queue.push(KIND, numbered(number)));
    expect(dropped).toEqual([0, 0, 0, 1, 1]);
    expect(drain(queue)).toEqual(["3 x 1", "4 x 1", "5 x 1"]);
  });

  it("drops as many of the oldest messages as a long one needs", () => {
    const room = 4 * (FRAME_OVERHEAD_BYTES + 10);
    const queue = new SendQueue(100, room);
    for (const number of [1, 2, 3, 4]) queue.push(KIND, numbered(number, 10));
    expect(queue.bytes).toBe(room);
    expect(queue.push(KIND, numbered(5, 11))).toBe(2);
    expect(drain(queue)).toEqual(["3 x 10", "4 x 10", "5 x 11"]);
  });

  it("drops a message that is longer than the queue, and nothing else", () => {
    const queue = new SendQueue(10, 100);
    queue.push(KIND, numbered(1));
    expect(queue.push(KIND, numbered(2, 100))).toBe(1);
    expect(drain(queue)).toEqual(["1 x 1"]);
  });

  it("puts many small messages into one batch", () => {
    const queue = new SendQueue(1000, 1 << 20);
    for (let number = 0; number < 1000; number++) queue.push(KIND, numbered(number, 20));
    expect(queue.take()?.messages).toBe(1000);
    expect(queue.messages).toBe(0);
  });

  it("copies: neither the message nor a recycled batch shows through", () => {
    const queue = new SendQueue(10, 1 << 20);
    const message = numbered(1, 5);
    queue.push(KIND, message);
    message.fill(9);
    const batch = queue.take();
    expect(batch && messagesIn(batch.bytes)).toEqual(["1 x 5"]);
    if (batch !== undefined) queue.recycle(batch);
    queue.push(KIND, numbered(2, 3));
    queue.push(KIND, numbered(3, 4));
    expect(drain(queue)).toEqual(["2 x 3", "3 x 4"]);
  });

  it("leaves a batch that was not given back alone", () => {
    const queue = new SendQueue(10, 1 << 20);
    queue.push(KIND, numbered(1, 5));
    const batch = queue.take();
    for (const number of [2, 3]) queue.push(KIND, numbered(number, 5));
    expect(batch && messagesIn(batch.bytes)).toEqual(["1 x 5"]);
  });

  it("agrees with the model on any sequence of calls", () => {
    const maxMessages = 6;
    const maxBytes = 150_000;
    const call = fc.oneof(
      { weight: 6, arbitrary: fc.record({ call: fc.constant("push" as const), length: fc.nat({ max: 60 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({ call: fc.constant("push" as const), length: fc.constantFrom(30_000, 65_000, 80_000) }),
      },
      { weight: 2, arbitrary: fc.constant({ call: "take" as const, length: 0 }) },
      { weight: 1, arbitrary: fc.constant({ call: "clear" as const, length: 0 }) },
    );
    const property = fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
      const queue = new SendQueue(maxMessages, maxBytes);
      let model: Uint8Array[] = [];
      const bytes = () => model.reduce((sum, message) => sum + FRAME_OVERHEAD_BYTES + message.length, 0);
      for (const [number, { call, length }] of calls.entries()) {
        if (call === "push") {
          model.push(numbered(number, length));
          let dropped = 0;
          for (; model.length > maxMessages || bytes() > maxBytes; dropped++) model.shift();
          expect(queue.push(KIND, numbered(number, length))).toBe(dropped);
        } else if (call === "take") {
          const batch = queue.take();
          const taken = batch === undefined ? [] : messagesIn(batch.bytes);
          expect(taken).toEqual(model.splice(0, taken.length).map(label));
          if (batch !== undefined) queue.recycle(batch);
        } else {
          expect(queue.clear()).toBe(model.length);
          model = [];
        }
        expect([queue.messages, queue.bytes]).toEqual([model.length, bytes()]);
      }
      expect(drain(queue)).toEqual(model.map(label));
    });
    fc.assert(property, RUNS);
  });
});
