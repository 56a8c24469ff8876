/**
 * The observer trait: numbered events from inside the algorithm (see docs/abi.md), for logs, metrics, traces and reach
 * probes. Events are masked by kind inside the core, so that an unobserved event costs one test.
 */

export interface Observer {
  /** Bit `1 << kind` is set for every kind of event that is wanted. */
  readonly mask: number;
  /** An event of the given kind with its two arguments. */
  event(kind: number, first: number, second: number): void;
}
