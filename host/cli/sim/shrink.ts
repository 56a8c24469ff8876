/** `metalraft sim --shrink`: the shortest trace that breaks the same rule. */

import type { CoreUnderTest } from "../../../sim/index.js";
import { drawTrace, shrinkTrace, type Trace, writeTrace } from "../../../sim/trace/index.js";
import { tell } from "../output.js";

/** Time between two lines of progress, in ms. */
const PROGRESS_INTERVAL = 2000;

/** Tells that there is nothing to shrink. */
export function tellSound(file: string): void {
  tell(`no rule is broken: nothing is written to ${file}`);
}

export function writeShrunk(file: string, trace: Trace, core: CoreUnderTest): void {
  let told = performance.now();
  const {
    isMinimal,
    replays,
    trace: shrunk,
  } = shrinkTrace(trace, core, {
    onProgress: (steps) => {
      if (performance.now() - told < PROGRESS_INTERVAL) return;
      told = performance.now();
      tell(`shrinking: ${steps} steps left`);
    },
  });
  writeTrace(file, shrunk);
  const much = isMinimal ? "none of them can be left out" : "the search was ended before it was done";
  tell(`${trace.steps.length} steps shrunk to ${shrunk.steps.length} in ${replays} replays, ${much}`);
  tell(`to see it: metalraft sim --trace ${file} --diagram`);
  for (const line of drawTrace(shrunk, core)) tell(line);
}
