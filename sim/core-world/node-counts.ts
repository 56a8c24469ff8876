/** What a simulated node's effects came to since the beginning, and what befell them. */

export class NodeCounts {
  // Storage effects.
  reads = 0;
  truncations = 0;
  appends = 0;
  hardStates = 0;
  compactions = 0;
  chunksRead = 0;
  chunksWritten = 0;
  /** Snapshots that it took, and such as took the place of its log. */
  snapshots = 0;
  installs = 0;
  /** Reads beside the log. */
  readsAnswered = 0;
  readsRefused = 0;
  /** Deaths between two effects. */
  deaths = 0;
  /** Effects that failed. */
  effectsFailed = 0;
  /** Writes that were not durable when they returned. */
  writesLater = 0;
  /** Reads of the disk that were answered later. */
  readsLater = 0;
  /** Flushes that came after several inputs. */
  batches = 0;
}
