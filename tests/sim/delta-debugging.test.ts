/** Delta debugging on traces that are words: what it says of the one that is left. */

import { describe, expect, it } from "vitest";
import { answer, DeltaDebugging, type Search } from "../../sim/delta-debugging.js";

interface Word {
  readonly letters: string;
  readonly rule: string | null;
}

/** Leaves letters out, then writes all of them small, and leaves letters out again if it is to. */
class Words extends DeltaDebugging<Word, string> {
  constructor(
    letters: string,
    private readonly isAgain: boolean,
    mostCost = 100,
  ) {
    super({ letters, rule: "a rule" }, { mostCost, mostPaired: 0 });
  }

  *search(): Search<Word> {
    yield* this.leaveOutPieces();
    yield* this.accepts({ ...this.trace, letters: this.trace.letters.toLowerCase() });
    if (this.isAgain) yield* this.leaveOutNeedless();
  }

  protected partsOf({ letters }: Word): readonly string[] {
    return [...letters];
  }

  protected withParts(letters: readonly string[]): Word {
    return { ...this.trace, letters: letters.join("") };
  }
}

/** What is left where these break the rule. */
function shrunk(words: Words, breaks: (letters: string) => boolean) {
  answer(words.search(), ({ letters }) => ({
    trace: { letters, rule: breaks(letters) ? "a rule" : null },
    cost: 1,
  }));
  return words.result;
}

/** Both letters are needed as long as they are capitals. */
const pair = (letters: string) => letters.includes("AB") || letters.includes("a");
/** Whatever else there is. */
const capital = (letters: string) => letters.includes("A");

describe("delta debugging", () => {
  it("does not say that no part can be left out where it has only changed some", () => {
    expect(shrunk(new Words("xABx", false), pair)).toMatchObject({ trace: { letters: "ab" }, isMinimal: false });
  });

  it("leaves out what a change has made needless, and says that this was all", () => {
    expect(shrunk(new Words("xABx", true), pair)).toMatchObject({ trace: { letters: "a" }, isMinimal: true });
  });

  it("tries nothing twice where nothing has changed", () => {
    const once = shrunk(new Words("xxAx", false), capital);
    expect(once).toMatchObject({ trace: { letters: "A" }, isMinimal: true });
    expect(shrunk(new Words("xxAx", true), capital)).toEqual(once);
  });

  it("does not say so when its bound was met before", () => {
    expect(shrunk(new Words("xxxxAxxx", true, 2), capital).isMinimal).toBe(false);
  });
});
