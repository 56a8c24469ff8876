/** The simulator: worlds in which a test decides everything, random runs, and the checkers that judge both. */

export * from "./checkers/conduct.js";
export * from "./checkers/history.js";
export * from "./checkers/invariants.js";
export * from "./checkers/linearizability.js";
export type * from "./core-under-test.js";
export { formatFaultMix, parseFaultMix, weightsOf } from "./core-world/fault-mix.js";
export { FAULTS, type Fault, RARER_FAULTS, USUAL_FAULTS } from "./core-world/faults.js";
export { INJECTED_FAULTS, type InjectedCounts, type InjectedFault } from "./core-world/injected.js";
export { type Applied, RecordingMachine, type SimMachine } from "./core-world/machine.js";
export type { NodeSetup } from "./core-world/node-setup.js";
export * from "./core-world/run.js";
export { type SettingsOptions, settle } from "./core-world/settings.js";
export { FailingEffect, SimNode } from "./core-world/sim-node.js";
export { World, type WorldOptions } from "./core-world/world.js";
export { Digest } from "./digest.js";
export { FaultListError, type FaultMix } from "./fault-list.js";
export { LogPath, LogTree } from "./log-tree.js";
export * from "./messages.js";
export { Random } from "./random.js";
export * from "./timefull/index.js";
export { V8Core } from "./v8-core.js";
export { type Circumstances, InvariantViolation } from "./violation.js";
