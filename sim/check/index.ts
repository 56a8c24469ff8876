/** The model checker. */

export { type CheckResult, check, type Ending, type OnProgress } from "./check.js";
export {
  type CheckOptions,
  DEFAULT_OPTIONS,
  MOST_COMMAND,
  MOST_FAULTS,
  MOST_JOBS,
  MOST_LOG,
  MOST_NODES,
  MOST_TERM,
  MOST_UNDER_WAY,
} from "./options.js";
export type { Trace } from "./trace.js";
export { AssumptionBroken } from "./violation.js";
