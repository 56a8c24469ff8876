/**
 * Three nodes side by side in one instance of the core: what the algorithm and its boundary cost when nothing else is in
 * the way. Storage is memory, durable at once; the host copies every message to its receiver and every appended entry to
 * a log of its own.
 */

import { Role, StatusCode, StorageAnswer, TimerKind } from "../../core/abi.js";
import { encodeConfiguration } from "../../core/configuration.js";
import { CoreInstance, type Effects } from "../../core/instance.js";
import { shippedCore } from "../../core/module.js";
import { CoreNode, statusName } from "../../core/node.js";
import { type Capacity, SERVER_CAPACITY } from "../../core/plan.js";
import { type BenchResult, timed } from "./result.js";

const NODES = 3;
/** Words of the log that each node's storage keeps, as a ring: a benchmark reads nothing back. */
const LOG_WORDS = 1 << 18;
/** Above this many bytes making a view for the engine's bulk copy is cheaper than a loop over words. */
const SHORT_COPY = 512;
const CAPACITY = { ...SERVER_CAPACITY, windowEntries: 4096, windowBytes: 1 << 20, maxMessage: 1 << 16 };
const ELECTION_TIME = CAPACITY.electionTimeout + CAPACITY.electionJitter;

/** The cluster, and counts of what crosses the boundary. */
export class InProcessCluster {
  readonly instance = new CoreInstance(shippedCore());
  readonly nodes: CoreNode[] = [];
  crossings = 0;
  bytesCopied = 0;
  /** Who gets no messages. */
  readonly muted = new Set<number>();
  /** Ticket up to which reads were answered. */
  readsAnswered = 0;
  /** The image of the leader's snapshot, and the bytes of it that a follower has taken. */
  image: Uint8Array = new Uint8Array(0);
  imageTaken = 0;
  imageComplete = false;
  #now = 0;

  constructor(capacity: Capacity = CAPACITY) {
    const configuration = encodeConfiguration(Array.from({ length: NODES }, (_, i) => ({ id: i + 1 })));
    for (let id = 1; id <= NODES; id++) {
      const node = new CoreNode(this.instance, { ...capacity, cluster: 1n, group: 0, id }, this.#effects());
      node.restoreSnapshot(0, 0, configuration);
      node.start(this.#now);
      this.nodes.push(node);
    }
    this.#elect();
  }

  get leader(): CoreNode {
    return this.#node(1);
  }

  get now(): number {
    return this.#now;
  }

  /** Time passes and the leader's next heartbeat is due. */
  heartbeat(): void {
    this.#now += CAPACITY.heartbeat;
    this.leader.timer(this.#now, TimerKind.HEARTBEAT);
  }

  /** Flushes every node once, the leader first: what it sends is received at once, and so are the answers. */
  turn(): void {
    this.crossings += NODES;
    for (let i = 0; i < NODES; i++) (this.nodes[i] as CoreNode).flush(this.#now);
  }

  #elect(): void {
    this.#now += ELECTION_TIME;
    this.leader.timer(this.#now, TimerKind.ELECTION);
    // Pre-vote, vote, probe and the first commit take a round each.
    for (let round = 0; round < 8; round++) this.turn();
    if (this.leader.role !== Role.LEADER) throw new Error("the benchmark's cluster elected no leader");
  }

  #node(id: number): CoreNode {
    return this.nodes[id - 1] as CoreNode;
  }

  #effects(): Effects {
    const log = new Int32Array(LOG_WORDS);
    const sink = new Uint8Array(SERVER_CAPACITY.maxMessage);
    let end = 0;
    const store = (address: number, length: number): void => {
      const from = this.instance.words;
      let first = address >>> 2;
      let words = length >>> 2;
      for (; words > LOG_WORDS; first += LOG_WORDS, words -= LOG_WORDS)
        log.set(from.subarray(first, first + LOG_WORDS));
      if (end + words > LOG_WORDS) end = 0;
      if (length > SHORT_COPY) log.set(from.subarray(first, first + words), end);
      else for (let i = 0; i < words; i++) log[end + i] = from[first + i] as number;
      end += words;
      this.bytesCopied += length;
    };
    return {
      hardState: () => this.#durable(),
      truncate: () => this.#durable(),
      append: (_first, _count, _term, entries, length) => {
        store(entries, length);
        return this.#durable();
      },
      compact: () => this.#durable(),
      read: () => StorageAnswer.FAILED,
      send: (to, message, length) => {
        this.crossings += 2;
        if (this.muted.has(to)) return;
        const receiver = this.#node(to);
        this.#copy(receiver.inbox, message, length);
        this.bytesCopied += length;
        const status = receiver.receiveInbox(this.#now, length);
        if (status < 0) throw new Error(`node ${to} refused a message: ${statusName(status)}`);
      },
      // The benchmark decides when time passes.
      arm: () => undefined,
      cancel: () => undefined,
      apply: () => {
        this.crossings++;
        return 0;
      },
      readSnapshot: (_index, offset, into, capacity) => {
        const piece = this.image.subarray(offset, offset + capacity);
        this.instance.bytes.set(piece, into);
        return piece.length;
      },
      writeSnapshot: (_index, _term, offset, bytes, length, last) => {
        sink.set(this.instance.bytes.subarray(bytes, bytes + length));
        this.imageTaken = offset + length;
        this.imageComplete = last;
        return 0;
      },
      reads: (ticket, _index, answered) => {
        if (answered) this.readsAnswered = ticket;
      },
      event: () => undefined,
    };
  }

  /** Copies a message; lengths and places are multiples of 4. */
  #copy(to: number, from: number, length: number): void {
    const { bytes, words } = this.instance;
    if (length > SHORT_COPY) {
      bytes.copyWithin(to, from, from + length);
      return;
    }
    const target = to >>> 2;
    const source = from >>> 2;
    for (let i = 0; i < length >>> 2; i++) words[target + i] = words[source + i] as number;
  }

  #durable(): number {
    this.crossings++;
    return StorageAnswer.DURABLE;
  }
}

/** Commits `total` commands of `payload` bytes, `batch` of them a flush. */
export function runCommits(cluster: InProcessCluster, payload: number, batch: number, total: number): BenchResult {
  const { instance, leader } = cluster;
  const command = instance.allocate(payload);
  instance.bytes.fill(7, command, command + payload);
  const first = leader.commit;
  const crossings = cluster.crossings;
  const bytesCopied = cluster.bytesCopied;
  const begun = process.hrtime.bigint();
  for (let done = 0; done < total; done += batch) {
    for (let i = 0; i < batch; i++) {
      const status = instance.exports.propose(leader.handle, command, payload);
      if (status !== StatusCode.OK) throw new Error(`the leader refused a proposal: ${statusName(status)}`);
    }
    cluster.turn();
  }
  cluster.turn();
  const nanoseconds = Number(process.hrtime.bigint() - begun);
  if (leader.commit - first !== total) throw new Error(`${leader.commit - first} of ${total} commands were committed`);
  for (const node of cluster.nodes) {
    if (node.brokenInvariant() !== 0) throw new Error(`node ${node.plan.id} broke invariant ${node.brokenInvariant()}`);
  }
  return timed(
    {
      name: "commit, 3 nodes in process",
      payload,
      batch,
      crossingsPerOp: (cluster.crossings - crossings) / total + 1,
      bytesCopiedPerOp: (cluster.bytesCopied - bytesCopied) / total,
    },
    total,
    nanoseconds,
  );
}

/** What one call into the core and back costs: the unit to compare the others with. */
export function runCrossings(total: number): BenchResult {
  const instance = new CoreInstance(shippedCore());
  const begun = process.hrtime.bigint();
  for (let i = 0; i < total; i++) instance.exports.status(0);
  const nanoseconds = Number(process.hrtime.bigint() - begun);
  return timed(
    { name: "crossing, host to core and back", payload: 0, batch: 1, crossingsPerOp: 1, bytesCopiedPerOp: 0 },
    total,
    nanoseconds,
  );
}
