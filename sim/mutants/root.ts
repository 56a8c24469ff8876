/** Where the sources lie: a mutant is made of them. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** From sim/mutants/ of the sources, and from dist/sim/mutants/. */
const PLACES = ["../../", "../../../"];

/**
 * The folder of a checkout.
 * @throws {Error} in an installed package, which has no sources
 */
export function rootOfSources(): string {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = paths.find((path) => existsSync(join(path, "assembly/index.ts")));
  if (found === undefined) throw new Error(`no sources at ${paths.join(" nor at ")}: mutants need a checkout`);
  return found;
}
