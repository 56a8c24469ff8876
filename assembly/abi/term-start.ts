/** Where a term begins in the part of the log that has left the window. */

/** A row of the table of terms: the entries from `index` up to the next row's, or up to the window, are of `term`. */
// @ts-ignore: decorator
@final @unmanaged
export class TermStart {
  /** Index of the first entry of the term. */
  index: u64;
  /** The term. */
  term: u64;
}
