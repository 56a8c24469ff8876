/** The durability contract on the host's side: what leaves when, and what the core is told. */

import { describe, expect, it } from "vitest";
import { Barrier } from "../../host/barrier.js";

function collect(barrier: Barrier, sequence: number): string[] {
  const seen: string[] = [];
  barrier.durable(
    sequence,
    (index, term) => seen.push(`durable ${index}/${term}`),
    (to, bytes) => seen.push(`send ${to}: ${bytes.join(" ")}`),
  );
  return seen;
}

describe("a barrier", () => {
  it("holds a message until the writes before it are durable, and keeps its bytes", () => {
    const barrier = new Barrier();
    const bytes = Uint8Array.of(1, 2);
    barrier.hold(3, 9, bytes);
    bytes.fill(0);
    expect(collect(barrier, 2)).toEqual([]);
    expect(collect(barrier, 3)).toEqual(["send 9: 1 2"]);
    expect(collect(barrier, 4)).toEqual([]);
  });

  it("reports the newest entry that is durable before it lets messages go", () => {
    const barrier = new Barrier();
    barrier.appended(1, 10, 2);
    barrier.appended(2, 12, 2);
    barrier.hold(2, 1, Uint8Array.of(5));
    barrier.appended(3, 15, 3);
    expect(collect(barrier, 2)).toEqual(["durable 12/2", "send 1: 5"]);
    expect(collect(barrier, 3)).toEqual(["durable 15/3"]);
  });

  it("never reports entries that a truncation reached, even if equal ones are appended again", () => {
    const barrier = new Barrier();
    barrier.appended(1, 4, 2);
    barrier.appended(2, 5, 2);
    barrier.truncated(5); // write 3
    barrier.appended(4, 5, 3);
    barrier.truncated(5); // write 5
    barrier.appended(6, 5, 2);
    expect(collect(barrier, 2)).toEqual(["durable 4/2"]);
    expect(collect(barrier, 5)).toEqual([]);
    expect(collect(barrier, 6)).toEqual(["durable 5/2"]);
  });
});
