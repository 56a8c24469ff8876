/** What a running node is made of, and its limits. */

import type { ConfigurationInfo, MemberInfo } from "../core/configuration.js";
import type { CoreInstance } from "../core/instance.js";
import type { CoreModule } from "../core/module.js";
import type { Capacity } from "../core/plan.js";
import type { NodeFailedError } from "../errors.js";
import type { StateMachine } from "../machine/machine.js";
import type { Observer } from "../observer/observer.js";
import type { SnapshotStore } from "../storage/snapshot/store.js";
import type { Storage } from "../storage/storage.js";
import type { Timers } from "../timer/timer.js";
import type { NodeId, Transport } from "../transport/transport.js";
import type { Runtime } from "./runtime.js";

export interface RaftNodeOptions<Result> {
  /** The cluster's id, not 0. Messages of other clusters are refused. */
  readonly cluster: bigint;
  /** The group within the cluster; 0 unless stated. */
  readonly group?: number;
  /** This node's id: 1 to 4294967295, unique, never used again after the node lost its disk. */
  readonly id: NodeId;
  /** The members that the cluster starts with, this node included, the same on all nodes. Once there is a configuration in
   * the log, that counts; addresses given here are for members that have none there. */
  readonly members: readonly MemberInfo[];
  /** The node is to be added to a running cluster: it starts without a configuration, and `members` only tells where those
   * are that it will have to answer. */
  readonly joins?: boolean;
  readonly transport: Transport;
  readonly storage: Storage;
  readonly timers: Timers;
  readonly machine: StateMachine<Result>;
  /** Where snapshots are kept. Without one, none is taken, and none received. */
  readonly snapshots?: SnapshotStore;
  /** When snapshots are taken by themselves. */
  readonly snapshot?: SnapshotThresholds;
  readonly observer?: Observer;
  /** What differs from SERVER_CAPACITY. */
  readonly capacity?: Partial<Capacity>;
  /** How long `propose` waits for an outcome, in ms; 10,000 unless stated. */
  readonly proposalTimeout?: number;
  /** How long a change of membership may take, in ms; 30,000 unless stated. */
  readonly changeTimeout?: number;
  /** How long `transfer` waits for the next leader, in ms; 10,000 unless stated. */
  readonly transferTimeout?: number;
  /** Later turns, alarms and chance; those of this process unless stated. */
  readonly runtime?: Runtime;
  /** The core to run; the shipped one unless stated. */
  readonly core?: CoreModule;
  /** The instance to live in, side by side with other nodes; one of its own unless stated. */
  readonly instance?: CoreInstance;
  /** The node follows another leader (0: none) or is one itself. */
  readonly onLeader?: (leader: NodeId, term: number) => void;
  /** Another configuration is in force, committed or not. */
  readonly onConfiguration?: (configuration: ConfigurationInfo) => void;
  /** Something happened that the node copes with and its operator should know of. */
  readonly onNotice?: (notice: NodeNotice) => void;
  /** The node cannot go on and has stopped. Unless stated, the error is thrown where nobody can catch it. */
  readonly onFailure?: (error: NodeFailedError) => void;
}

/** A snapshot is taken when either is reached since the one before; 0: not by this measure. While a follower is being sent
 * the one before, twice as much is waited for. */
export interface SnapshotThresholds {
  /** Entries applied; 100,000 unless stated. */
  readonly entries?: number;
  /** Bytes of entries; 64 MiB unless stated. */
  readonly bytes?: number;
}

export interface NodeNotice {
  readonly kind: /** A snapshot on disk was damaged; the one before it, or the log, did instead. */
    | "snapshot-damaged"
    /** A snapshot could not be taken, received or removed; it will be tried again. */
    | "snapshot-failed"
    /** The log did not continue the newest snapshot, which covers it, and was given up for it. */
    | "log-superseded";
  readonly message: string;
}

export const DEFAULT_PROPOSAL_TIMEOUT = 10_000;
export const DEFAULT_CHANGE_TIMEOUT = 30_000;
export const DEFAULT_TRANSFER_TIMEOUT = 10_000;
export const DEFAULT_SNAPSHOT_ENTRIES = 100_000;
export const DEFAULT_SNAPSHOT_BYTES = 64 << 20;
