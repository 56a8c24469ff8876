/** The simulator: worlds in which a test decides everything, random runs, and the checkers that judge both. */

export * from "./checkers/history.js";
export * from "./checkers/invariants.js";
export * from "./checkers/linearizability.js";
export type * from "./core-under-test.js";
export { Digest } from "./digest.js";
export { FaultListError, type FaultMix } from "./fault-list.js";
export { formatFaultMix, parseFaultMix, weightsOf } from "./fault-mix.js";
export { FAULTS, type Fault, RARER_FAULTS, USUAL_FAULTS } from "./faults.js";
export { INJECTED_FAULTS, type InjectedCounts, type InjectedFault } from "./injected.js";
export { LogPath, LogTree } from "./log-tree.js";
export { type Applied, RecordingMachine, type SimMachine } from "./machine.js";
export * from "./messages.js";
export type { NodeSetup } from "./node-setup.js";
export { Random } from "./random.js";
export * from "./run.js";
export { type SettingsOptions, settle } from "./settings.js";
export { FailingEffect, SimNode } from "./sim-node.js";
export * from "./timefull/index.js";
export { V8Core } from "./v8-core.js";
export { type Circumstances, InvariantViolation } from "./violation.js";
export { World, type WorldOptions } from "./world.js";
