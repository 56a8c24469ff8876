/** A node's process in the host world: a production node on a simulated disk, clock and network, with all that judges it. */

import { EventKind, Header } from "../../host/core/abi.js";
import { CoreInstance } from "../../host/core/instance.js";
import { KvMachine, type KvResult } from "../../host/kv/machine.js";
import { RaftNode } from "../../host/node.js";
import { DiskSnapshotStore } from "../../host/storage/snapshot/disk.js";
import { WalStorage } from "../../host/storage/wal/wal.js";
import { Contacts } from "./contacts.js";
import type { Era } from "./era.js";
import { JudgedMachine } from "./judged-machine.js";
import { JudgedSnapshots, type SnapshotRecord } from "./judged-snapshots.js";
import { JudgedStorage } from "./judged-storage.js";
import { Life } from "./life.js";
import type { Finding, LogRecord } from "./log-record.js";
import { SimTransport } from "./network.js";
import type { Volume } from "./volume.js";
import type { Votes } from "./votes.js";
import type { HostWorld } from "./world.js";

/** Where a node keeps its files. */
export const FOLDER = "/node";
const ALL_EVENTS = 2 ** EventKind.COUNT - 1;

/** An instance that tells where its only node lies. */
class OwnInstance extends CoreInstance {
  handle = 0;

  override allocate(size: number): number {
    this.handle = super.allocate(size);
    return this.handle;
  }
}

/** What there is of a node while its process runs. */
export interface Running {
  readonly life: Life;
  readonly node: RaftNode<KvResult>;
  readonly machine: JudgedMachine;
  readonly instance: OwnInstance;
  readonly contacts: Contacts;
  isUp: boolean;
  /** Index up to which a client saw its state. */
  seen: number;
}

/** What belongs to a node's disk, and outlives its processes. */
export interface Place {
  readonly id: number;
  readonly joins: boolean;
  readonly era: Era;
  /** How fast its clock goes. */
  readonly rate: number;
  readonly volume: Volume;
  readonly log: LogRecord;
  readonly snapshots: SnapshotRecord;
  readonly votes: Votes;
}

/** Who hears of what becomes of a process. */
export interface RunningEvents {
  /** Something is about to happen to it. */
  readonly onEvent: () => void;
  /** It ends here, as the plan of its end says. */
  readonly onEnd: () => void;
  /** The log was opened; an exception keeps the node from starting. */
  readonly onFound: (finding: Finding) => void;
  /** The node stopped by itself. */
  readonly onFailure: (error: Error) => void;
}

function clusterOf(message: Uint8Array): bigint {
  return new DataView(message.buffer, message.byteOffset).getBigUint64(Header.cluster, true);
}

/** Where a process gets its messages, and whoever judges it hears of them. */
function makeTransport(world: HostWorld, { era, votes }: Place, life: Life, contacts: Contacts) {
  return new SimTransport(world.network, life, (message) => {
    if (clusterOf(message) !== era.cluster) {
      world.probe("messages of another cluster");
      return;
    }
    votes.heard(message);
    contacts.heard(message, world.queue.now);
  });
}

/** Makes a process, which begins when its node is started. */
export function makeRunning(world: HostWorld, place: Place, events: RunningEvents): Running {
  const { keys, module, queue, settings } = world;
  const { era, id, joins, log, rate, snapshots, volume, votes } = place;
  const { applications, cluster, founders } = era;
  const { capacity, sabotage, segmentBytes, sessions, snapshotEntries } = settings;
  const random = world.fork();
  const { onEnd, onEvent } = events;
  const isTearable = () => volume.isTearable;
  const life = new Life({ id, queue, random, rate, isTearable, onEvent, onEnd });
  const mounted = volume.mount(life);
  const fileSystem = sabotage.fileSystem?.(mounted) ?? mounted;
  const onNotice = () => world.probe("torn tails cut off");
  const wal = new WalStorage({ folder: FOLDER, segmentBytes, fileSystem, random: () => random.next(), onNotice });
  const kv = new KvMachine(sessions);
  const machine = new JudgedMachine(id, sabotage.machine?.(kv) ?? kv, applications, keys, () => life.alive);
  const instance = new OwnInstance(module);
  sabotage.instance?.(instance);
  const contacts = new Contacts(id);
  const node = new RaftNode<KvResult>({
    cluster,
    id,
    members: founders,
    joins,
    transport: makeTransport(world, place, life, contacts),
    storage: new JudgedStorage(wal, {
      ...{ record: log, votes, process: life, found: events.onFound },
      starts: () => !running.isUp,
      voted: (detail) => world.judge("votes", `node ${id} ${detail}`),
    }),
    snapshots: new JudgedSnapshots(new DiskSnapshotStore({ folder: FOLDER, fileSystem }), {
      ...{ record: snapshots, takes: () => machine.takes(), isAlive: () => life.alive },
      committed: (index, configuration) => applications.configured(id, index, configuration),
      broken: (detail) => world.judge("snapshots", `node ${id} ${detail}`),
    }),
    snapshot: { entries: snapshotEntries, bytes: 0 },
    timers: life.timers,
    machine,
    capacity,
    core: module,
    instance,
    runtime: life,
    observer: { mask: ALL_EVENTS, event: (kind) => world.observed(kind) },
    onNotice: ({ kind }) => {
      if (life.alive) world.probe(`notice: ${kind}`);
    },
    onFailure: (error) => {
      if (life.alive) events.onFailure(error);
    },
  });
  const running: Running = { life, node, machine, instance, contacts, isUp: false, seen: 0 };
  return running;
}
