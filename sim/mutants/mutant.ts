/**
 * A mutant: the sources with one rule removed. It is pieces of text that stand in a file exactly once, and what is put in
 * their places; so it fails loudly, and not silently, when the sources move on.
 */

/** One piece of text and what takes its place. */
export interface Edit {
  /** Path from the root. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly instead: string;
}

/** A rule that is removed. */
export interface Mutant extends Edit {
  /** Lower case words with dashes between; no two mutants share one. */
  readonly name: string;
  /** What holds while the rule is there, in one sentence. */
  readonly rule: string;
  /** Further places that keep the rule, or what they need to be compiled. */
  readonly also?: readonly Edit[];
}

/** A rule of a host that is removed. */
export interface HostMutant extends Mutant {
  /** The test files that are to notice what no world does, paths from the root. */
  readonly tests: readonly string[];
}

/** A mutant that does not fit the sources any more. */
export class PatchError extends Error {
  override readonly name = "PatchError";
}

/**
 * Removes the rule, edit by edit.
 * @param edit changes the content of the file at a path from the root
 * @throws {PatchError} when a text is not in its file exactly once
 */
export function applyMutant(mutant: Mutant, edit: (file: string, change: (source: string) => string) => void): void {
  for (const { file, instead, text } of [mutant, ...(mutant.also ?? [])]) {
    edit(file, (source) => {
      const count = source.split(text).length - 1;
      if (count === 1 && text !== instead) return source.replace(text, () => instead);
      throw new PatchError(`mutant ${mutant.name}: its text is in ${file} ${count} times, and must be once: change it`);
    });
  }
}
