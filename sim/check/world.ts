/**
 * The words of a world: for each node the number of its state; what is committed; for each node the number of the set of
 * messages under way to it; and what is left of the budgets.
 */

/** What is committed: the number of a log and above it, in the low bits, the term whose leader committed it. */
const TERM_BITS = 4;

/** Budgets have four bits each: duplicates first, then the crashes of each node. */
const BUDGET_BITS = 4;
const BUDGET_MASK = (1 << BUDGET_BITS) - 1;
/** One of duplicates and one for each of five nodes. */
const ALL_BUDGETS = 6;

/** Words of a world. */
export function worldWidth(nodes: number): number {
  return 2 * nodes + 2;
}

export function packCommitted(tip: number, term: number): number {
  return (tip << TERM_BITS) | term;
}
export function committedTip(word: number): number {
  return word >> TERM_BITS;
}
export function committedTerm(word: number): number {
  return word & ((1 << TERM_BITS) - 1);
}

/** The budgets at the beginning. */
export function packBudgets(duplicates: number, crashes: number, nodes: number): number {
  let word = duplicates;
  for (let position = 0; position < nodes; position++) word |= crashes << crashShift(position);
  return word;
}
export function duplicatesLeft(word: number): number {
  return word & BUDGET_MASK;
}
export function crashesLeft(word: number, position: number): number {
  return (word >> crashShift(position)) & BUDGET_MASK;
}
/** What a crash of the node at a position takes from the budgets. */
export function crashCost(position: number): number {
  return 1 << crashShift(position);
}
/** What a duplicate takes from the budgets. */
export const DUPLICATE_COST = 1;

function crashShift(position: number): number {
  return BUDGET_BITS * (position + 1);
}

/** Whether at least as much is left of every budget in `word` as in `other`. */
export function coversBudget(word: number, other: number): boolean {
  if (word === other) return true;
  for (let shift = 0; shift < ALL_BUDGETS * BUDGET_BITS; shift += BUDGET_BITS) {
    if (((word >> shift) & BUDGET_MASK) < ((other >> shift) & BUDGET_MASK)) return false;
  }
  return true;
}

/** The budgets with the nodes in another order: `sources[i]` is the position of the node that comes to `i`. */
export function reorderBudgets(word: number, sources: Int32Array): number {
  let result = duplicatesLeft(word);
  for (let i = 0; i < sources.length; i++) result |= crashesLeft(word, sources[i] as number) << crashShift(i);
  return result;
}
