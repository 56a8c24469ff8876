/** Clusters in real time: a harness for anybody's state machine, and random runs of the reference one. */

export * from "./cluster.js";
export { TIMEFULL_FAULTS, type TimefullFault } from "./faults.js";
export { Links } from "./links.js";
export * from "./run.js";
export { TRANSPORTS, type TransportName } from "./transports.js";
export { Watch } from "./watch.js";
