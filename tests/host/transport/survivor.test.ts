/**
 * Which of two connections stays: both nodes have to come to the same answer, whatever the order of hellos.
 */

import { describe, expect, it } from "vitest";
import { crossed, type Ranked, takesOver } from "../../../host/transport/survivor.js";

/** A connection as one of its nodes sees it: the numbers of its own hello and of the peer's. */
const seen = (dialled: boolean, ownNumber: number, peerNumber: number, incarnation = 1): Ranked => ({
  dialled,
  ownNumber: BigInt(ownNumber),
  peerNumber: BigInt(peerNumber),
  peerIncarnation: BigInt(incarnation),
});

/** The same connection as the other node sees it. */
const fromThere = ({ dialled, ownNumber, peerNumber, peerIncarnation }: Ranked): Ranked => ({
  dialled: !dialled,
  ownNumber: peerNumber,
  peerNumber: ownNumber,
  peerIncarnation,
});

describe("of two connections between two nodes", () => {
  it("both nodes keep the same, whichever they see first", () => {
    const numbers = [1, 2, 3];
    const all = [true, false].flatMap((dialled) =>
      numbers.flatMap((own) => numbers.map((peer) => seen(dialled, own, peer))),
    );
    let pairs = 0;
    for (const one of all) {
      for (const other of all) {
        if (one.ownNumber === other.ownNumber || one.peerNumber === other.peerNumber) continue;
        for (const lower of [true, false]) {
          const stays = takesOver(one, other, lower) ? one : other;
          expect(takesOver(other, one, lower) ? other : one).toBe(stays);
          const there = takesOver(fromThere(one), fromThere(other), !lower);
          expect(there ? one : other).toBe(stays);
        }
        pairs++;
      }
    }
    expect(pairs).toBe(144);
  });

  it("that of the lower id stays when both dialled at once", () => {
    const [own, theirs] = [seen(true, 1, 2), seen(false, 2, 1)];
    expect(crossed(own, theirs)).toBe(true);
    expect([takesOver(own, theirs, true), takesOver(theirs, own, true)]).toEqual([true, false]);
    expect([takesOver(own, theirs, false), takesOver(theirs, own, false)]).toEqual([false, true]);
  });

  it.each([true, false])("the later one stays when the earlier had been given up, lower id: %s", (lower) => {
    for (const dialled of [true, false]) {
      const [earlier, later] = [seen(dialled, 1, 1), seen(!dialled, 2, 2)];
      expect(crossed(later, earlier)).toBe(false);
      expect(takesOver(later, earlier, lower)).toBe(true);
      expect(takesOver(earlier, later, lower)).toBe(false);
    }
  });

  it.each([true, false])(
    "the later one of a node's own stays, though it was heard in another order, lower id: %s",
    (lower) => {
      expect(takesOver(seen(true, 2, 1), seen(true, 1, 2), lower)).toBe(true);
      expect(takesOver(seen(false, 1, 2), seen(false, 2, 1), lower)).toBe(true);
    },
  );

  it.each([true, false])("that with a new process of the peer stays, lower id: %s", (lower) => {
    for (const dialled of [true, false]) {
      for (const before of [true, false]) {
        expect(takesOver(seen(dialled, 9, 1, 2), seen(before, 8, 100, 1), lower)).toBe(true);
      }
    }
  });
});
