/**
 * Hunts the mutants (docs/testing.md): node host/tools/mutants.mjs [options]. Builds what is stale first.
 */

import { buildOrThrow } from "./build.mjs";
import { install } from "./install.mjs";

await install();
await buildOrThrow();
const { main } = await import(new URL("../../dist/sim/mutants/run.js", import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
