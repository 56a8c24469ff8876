/** `metalraft sim --spec-trace`: a run for TLC, which holds it against the specification in docs/spec/. */

import { writeFileSync } from "node:fs";
import type { CoreUnderTest } from "../../../sim/index.js";
import { formatSpecTrace, recordSpecTrace } from "../../../sim/spec/index.js";
import type { Trace } from "../../../sim/trace/index.js";
import { tell } from "../output.js";

export function writeSpecTrace(file: string, trace: Trace, core: CoreUnderTest): void {
  const recorded = recordSpecTrace(trace, core);
  writeFileSync(file, formatSpecTrace(recorded));
  tell(`${recorded.lines.length} lines written: node host/tools/tlc.mjs --trace ${file}`);
}
