/** Runs as TLC compares them with the specification in docs/spec/. */

export { recordSpecTrace } from "./record.js";
export { formatSpecTrace, type SpecLine, type SpecTrace } from "./trace.js";
