/** Calls that do only a part of what was asked of them are asked again for the rest. */

import { describe, expect, it } from "vitest";
import { readWhole, writeWhole } from "../../../host/storage/wal/whole.js";

describe("what is read in parts", () => {
  it("is read to the length that was asked for, or to the end", () => {
    const asked: number[] = [];
    const upTo = (end: number) => (from: number) => {
      asked.push(from);
      return Math.min(3, end - from);
    };
    expect(readWhole(8, upTo(8))).toBe(8);
    expect(asked).toEqual([0, 3, 6]);
    expect(readWhole(8, upTo(5))).toBe(5);
    expect(readWhole(0, upTo(5))).toBe(0);
  });
});

describe("what is written in parts", () => {
  it("is written to its end, each part behind the one before", async () => {
    const asked: number[] = [];
    await writeWhole(8, async (from) => {
      asked.push(from);
      return Math.min(3, 8 - from);
    });
    expect(asked).toEqual([0, 3, 6]);
  });

  it("is given up when a part fails", async () => {
    const writeSome = async (from: number) => {
      if (from > 0) throw new Error("ENOSPC");
      return 4;
    };
    await expect(writeWhole(8, writeSome)).rejects.toThrow("ENOSPC");
  });
});
