/** What came of the actions of a world, as far as nodes and links do not count it themselves. */

export class WorldCounts {
  /** Messages of another version, and damaged ones, that were refused. */
  refused = 0;
  /** Messages of an earlier term than their receiver's that arrived after they were held up. */
  arrivedInLaterTerm = 0;
  /** Nodes lost with their disks. */
  disksLost = 0;
  /** Reads that a leader took although another led in a later term. */
  readsAtDeposedLeaders = 0;
  /** Reads that a lease answered. */
  readsByLease = 0;
  /** Restarts from a snapshot of a later term than the durable one. */
  restartsBehindSnapshot = 0;
  /** Damaged messages that reached a node that runs. */
  damaged = 0;
  /** Messages that were dropped. */
  dropped = 0;
  /** Messages that arrived before older ones of their link. */
  overtakes = 0;
  /** Copies among those that arrived in a later term. */
  copiesInLaterTerm = 0;
  /** Timers that fired before their time. */
  firedEarly = 0;
  /** Clocks that went on at another rate. */
  ratesChanged = 0;
  /** Changes of members that leaders took on. */
  changesTaken = 0;
  /** Transfers that leaders took on. */
  transfersTaken = 0;
}
