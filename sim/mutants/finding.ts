/** What a check says of a mutant. */
export interface Finding {
  readonly ms: number;
  /** Undecided: it came to no end, or could not judge. That does not count as caught. */
  readonly outcome: "caught" | "nothing" | "undecided";
  /** The test, or the rule, that noticed; or why it is undecided. Empty for nothing. */
  readonly by: string;
}
