/** Traces of runs: recorded, replayed, shrunk, drawn and compared. */

export { drawTrace } from "./diagram.js";
export { TraceError } from "./json-lines.js";
export { findParting, type Parting, type Side } from "./part.js";
export { recordRun, rerecord } from "./record.js";
export { Replay, type Replayed, type ReplayOptions, replayTrace } from "./replay.js";
export { type ShrinkOptions, type Shrunk, shrinkTrace } from "./shrink.js";
export type { Step, StepName, Tap, TraceStep } from "./step.js";
export { formatTrace, parseTrace, readTrace, type Trace, writeTrace } from "./trace.js";
export { describeStep } from "./words.js";
