/**
 * Where the compiled core lies: in build/ of the package, whether this file runs from its source or from dist/.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** From host/core/ of the sources, and from dist/host/core/ of the package. */
const PLACES = ["../../build/metalraft.wasm", "../../../build/metalraft.wasm"];

/**
 * The path of the module that is shipped with this package.
 * @throws {Error} that says how to build it when there is none.
 */
export function wasmFile(): string {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`metalraft.wasm is not at ${paths.join(" nor at ")}: run \`npm run build\``);
  return found;
}
