/**
 * What is not a commit, in process as the commits are: linearizable reads on a leader, and how fast a follower that has
 * nothing catches up, by entries and by a snapshot.
 */

import { ReadKind, StatusCode } from "../../core/abi.js";
import { statusName } from "../../core/node.js";
import { SERVER_CAPACITY } from "../../core/plan.js";
import { InProcessCluster } from "./in-process.js";
import { type BenchResult, timed } from "./result.js";

/** Reads asked for before each flush. */
const READ_BATCH = 64;
const LEASE_DRIFT = 100;
/** Entries that the follower lacks, and bytes of each one's command. */
const MISSED = 100_000;
const MISSED_PAYLOAD = 128;
/** The window holds them all: what is measured is replication, not a disk. */
const CATCH_UP_CAPACITY = {
  ...SERVER_CAPACITY,
  windowEntries: 1 << 17,
  windowBytes: 32 << 20,
  uncommittedBytes: 32 << 20,
  inflightBytes: 32 << 20,
  maxMessage: 1 << 16,
};
/** Bytes of the snapshot's image, and of a chunk with its header. */
const IMAGE_BYTES = 256 << 20;
const CHUNK_CAPACITY = { ...SERVER_CAPACITY, windowEntries: 1024, keepEntries: 0 };
/** Turns after which a follower that has not caught up never will. */
const TURNS = 1_000_000;
/** The follower that falls behind. */
const BEHIND = 3;

function uncounted(name: string, payload: number, batch: number) {
  return { name, payload, batch, crossingsPerOp: null, bytesCopiedPerOp: null };
}

/** Linearizable reads, each with a call into the core of its own; a batch shares a round of heartbeats. */
export function runReadIndex(cluster: InProcessCluster, total: number): BenchResult {
  const { instance, leader, now } = cluster;
  const begun = process.hrtime.bigint();
  for (let done = 0; done < total; done += READ_BATCH) {
    for (let i = 0; i < READ_BATCH; i++) {
      const status = instance.exports.read(leader.handle, now, 0, ReadKind.INDEX);
      if (status !== StatusCode.OK) throw new Error(`the leader refused a read: ${statusName(status)}`);
    }
    const ticket = leader.readTicket;
    // The round goes out, the followers answer, the leader tells.
    for (let i = 0; cluster.readsAnswered < ticket; i++) {
      if (i === TURNS) throw new Error("a read is not answered");
      cluster.turn();
    }
  }
  const nanoseconds = Number(process.hrtime.bigint() - begun);
  return timed(uncounted("read by a round (ReadIndex), leader of 3", 0, READ_BATCH), total, nanoseconds);
}

/** Reads by a lease, with a heartbeat in time. */
export function runLeaseReads(total: number): BenchResult {
  const cluster = new InProcessCluster({ ...SERVER_CAPACITY, leaseDrift: LEASE_DRIFT });
  cluster.heartbeat();
  for (let i = 0; i < 4; i++) cluster.turn();
  const { instance, leader, now } = cluster;
  const begun = process.hrtime.bigint();
  for (let i = 0; i < total; i++) {
    const status = instance.exports.read(leader.handle, now, 0, ReadKind.LEASE);
    if (status !== StatusCode.READY) throw new Error(`the lease does not hold: ${statusName(status)}`);
  }
  return timed(uncounted("read by a lease, leader of 3", 0, 1), total, Number(process.hrtime.bigint() - begun));
}

/** A follower with an empty log gets all entries. */
export function runCatchUp(): BenchResult {
  const cluster = new InProcessCluster(CATCH_UP_CAPACITY);
  const { instance, leader } = cluster;
  const follower = cluster.nodes[BEHIND - 1];
  if (follower === undefined) throw new Error("the cluster is too small");
  const command = instance.allocate(MISSED_PAYLOAD);
  cluster.muted.add(BEHIND);
  for (let i = 0; i < MISSED; i++) {
    instance.exports.propose(leader.handle, command, MISSED_PAYLOAD);
    if (i % READ_BATCH === 0) cluster.turn();
  }
  cluster.turn();
  const missed = leader.last - follower.last;
  cluster.muted.delete(BEHIND);
  cluster.heartbeat();
  const begun = process.hrtime.bigint();
  for (let i = 0; follower.last < leader.last; i++) {
    if (i === TURNS) throw new Error("the follower does not catch up");
    cluster.turn();
  }
  const nanoseconds = Number(process.hrtime.bigint() - begun);
  return timed(uncounted("catch-up of a follower by an entry", MISSED_PAYLOAD, MISSED), missed, nanoseconds);
}

/** A follower whose entries are compacted away gets the image; an operation is a byte of it. */
export function runSnapshotChunks(): BenchResult {
  const cluster = new InProcessCluster(CHUNK_CAPACITY);
  const { instance, leader } = cluster;
  const command = instance.allocate(MISSED_PAYLOAD);
  cluster.muted.add(BEHIND);
  for (let i = 0; i < 2 * CHUNK_CAPACITY.windowEntries; i++) {
    instance.exports.propose(leader.handle, command, MISSED_PAYLOAD);
    cluster.turn();
  }
  cluster.turn();
  cluster.image = new Uint8Array(IMAGE_BYTES);
  leader.snapshot(leader.applied, leader.term, leader.configuration);
  cluster.muted.delete(BEHIND);
  cluster.heartbeat();
  const begun = process.hrtime.bigint();
  for (let i = 0; !cluster.imageComplete; i++) {
    if (i === TURNS) throw new Error("the snapshot does not arrive");
    cluster.turn();
  }
  const nanoseconds = Number(process.hrtime.bigint() - begun);
  const row = uncounted("byte of a snapshot sent in chunks", IMAGE_BYTES, 1);
  return timed(
    { ...row, extra: { gigabytesPerSecond: (cluster.imageTaken / nanoseconds).toFixed(2) } },
    IMAGE_BYTES,
    nanoseconds,
  );
}
