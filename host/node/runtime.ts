/**
 * What a running node takes from the program that it runs in, beside its traits: later turns, alarms, and chance. A
 * simulation gives it others, and nothing that a node does depends on the machine any more.
 */

export interface Runtime {
  /** Runs a task in a later turn, never at once. Tasks run in the order in which they were given. */
  nextTurn(task: () => void): void;
  /** Runs a task once, after `ms` ms. @returns what calls it off */
  after(ms: number, task: () => void): () => void;
  /** Draws a number from [0, 1). */
  random(): number;
}

/** The event loop of this process. */
export const EVENT_LOOP: Runtime = {
  nextTurn: (task) => void setImmediate(task),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
