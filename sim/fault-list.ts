/**
 * Lists of faults as a command line has them: names with commas between, each perhaps with a factor by which it comes more or
 * less often ("drop:10,crash"), and names of sets that stand for several ("usual,drop:10"). What is named last counts.
 * Which faults there are, and in which sets, is the caller's affair.
 */

/** Largest factor: with more of one fault there is hardly anything else. */
export const MOST_FACTOR = 1000;

/** Which faults a run has, and by what factor each differs from how often it comes by itself. */
export type FaultMix<Fault extends string> = ReadonlyMap<Fault, number>;

/** What may stand in a list. */
export interface FaultWords<Fault extends string> {
  readonly faults: readonly Fault[];
  /** Sets by name, in the order in which they are preferred when a mix is written down. */
  readonly sets: Readonly<Record<string, readonly Fault[]>>;
  /** Says that there is no such fault, and which there are. */
  readonly unknown: (name: string) => string;
  /** Faults that take no factor, as there is no rate of theirs. */
  readonly rateless?: readonly Fault[];
}

/** A list of faults that cannot be read. */
export class FaultListError extends Error {
  override readonly name = "FaultListError";
}

/** Reads a list; an empty one has no faults.
 * @throws {FaultListError} that names what is wrong in it */
export function parseFaultList<Fault extends string>(list: string, words: FaultWords<Fault>): FaultMix<Fault> {
  const mix = new Map<Fault, number>();
  for (const item of list === "" ? [] : list.split(",").map((text) => text.trim())) {
    const set = Object.hasOwn(words.sets, item) ? words.sets[item] : undefined;
    if (set !== undefined) for (const fault of set) mix.set(fault, 1);
    else mix.set(...parseItem(item, words));
  }
  return mix;
}

function parseItem<Fault extends string>(item: string, words: FaultWords<Fault>): [Fault, number] {
  const { faults, rateless = [], sets } = words;
  const colon = item.indexOf(":");
  const name = colon < 0 ? item : item.slice(0, colon);
  const fault = faults.find((known) => known === name);
  if (fault === undefined) {
    if (Object.hasOwn(sets, name)) throw new FaultListError(`"${item}": a factor stands behind the name of one fault`);
    throw new FaultListError(words.unknown(name));
  }
  if (colon < 0) return [fault, 1];
  const text = item.slice(colon + 1).trim();
  const factor = Number(text);
  if (text === "" || !(factor > 0 && factor <= MOST_FACTOR)) {
    throw new FaultListError(`"${item}": a factor is a number above 0 and up to ${MOST_FACTOR}`);
  }
  if (factor !== 1 && rateless.includes(fault)) {
    throw new FaultListError(`"${item}": ${fault} is there or not, and takes no factor`);
  }
  return [fault, factor];
}

/** A mix as `parseFaultList` reads it. */
export function formatFaultList<Fault extends string>(mix: FaultMix<Fault>, { sets }: FaultWords<Fault>): string {
  const whole = Object.entries(sets).find(([, set]) => set.length === mix.size && set.every((fault) => mix.has(fault)));
  const named = [...mix].filter(([, factor]) => whole === undefined || factor !== 1);
  const items = named.map(([fault, factor]) => (factor === 1 ? fault : `${fault}:${factor}`));
  return [...(whole === undefined ? [] : [whole[0]]), ...items].join(",");
}
