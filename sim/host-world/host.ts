/**
 * A node's place in the host world: its disk, and the processes that run on it, one after the other. It starts them again
 * when they end, and judges how they end: a process may fail because of an error that the disk was made to give, and may
 * refuse to start on a disk that was damaged; nothing else.
 */

import { EventKind, Node as NodeLayout, Role } from "../../host/core/abi.js";
import { CoreInstance } from "../../host/core/instance.js";
import { KvMachine, type KvResult } from "../../host/kv/machine.js";
import { RaftNode } from "../../host/node.js";
import { DiskSnapshotStore } from "../../host/storage/snapshot/disk.js";
import { StorageError } from "../../host/storage/storage.js";
import { WalStorage } from "../../host/storage/wal/wal.js";
import { EventLabel } from "./event-queue.js";
import { JudgedMachine } from "./judged-machine.js";
import { JudgedStorage } from "./judged-storage.js";
import { Life } from "./life.js";
import { type Finding, LogRecord } from "./log-record.js";
import { DiskError } from "./mount.js";
import { addressOf, SimTransport } from "./network.js";
import { Volume } from "./volume.js";
import type { HostWorld } from "./world.js";

const FOLDER = "/node";
/** What passes until a process is started again, in microseconds, at most. */
const RESTART_TIME = 1_500_000;
/** Open files of one node: the segment that is written, those that are read, a snapshot that is read, and two written. */
const MOST_OPEN_FILES = 8;
const ALL_EVENTS = 2 ** EventKind.COUNT - 1;
const PERMILLE = 1000;

/** How a process ends: power fails, or only the process is gone. */
export type Ending = "power" | "kill";

/** The disk holds less than it promised, and nothing on it tells: only the simulation knows. */
class SilentLoss extends Error {}

/** An instance that tells where its only node lies. */
class OwnInstance extends CoreInstance {
  handle = 0;

  override allocate(size: number): number {
    this.handle = super.allocate(size);
    return this.handle;
  }
}

/** What there is of a node while its process runs. */
interface Running {
  readonly life: Life;
  readonly node: RaftNode<KvResult>;
  readonly machine: JudgedMachine;
  readonly instance: OwnInstance;
  isUp: boolean;
}

export class Host {
  readonly volume: Volume;
  /** `lost`: its disk is not to be trusted, and another node has to take its place. `retired`: it is no member any more. */
  state: "member" | "lost" | "retired" = "member";
  #running: Running | undefined;
  readonly #record = new LogRecord();
  readonly #rate: number;
  #ending: Ending = "power";
  /** How the disk was when the process began: recovery may put another file in the place of a damaged one. */
  #wasDamaged = false;
  #wasEndDamaged = false;

  constructor(
    private readonly world: HostWorld,
    readonly id: number,
    private readonly joins: boolean,
  ) {
    const { faults, queue, settings } = world;
    const random = world.fork();
    this.volume = new Volume({ node: id, queue, random, faults, mayDamage: () => world.mayDamage(this) });
    // Two clocks differ by no more than the bound that leases rely on.
    const drift = settings.capacity.leaseDrift / 2 / PERMILLE;
    this.#rate = 1 + drift * (2 * (random.next() / 2 ** 32) - 1);
  }

  /** The node, while it is up. */
  get up(): { readonly node: RaftNode<KvResult>; readonly machine: JudgedMachine; readonly life: Life } | undefined {
    return this.#running?.isUp === true && this.#running.life.alive ? this.#running : undefined;
  }

  /** Starts a process, unless one runs or none shall. */
  boot(): void {
    if (this.#running?.life.alive === true || this.state !== "member") return;
    const running = this.#make();
    this.#running = running;
    this.#wasDamaged = this.volume.isDamaged;
    this.#wasEndDamaged = this.volume.isEndDamaged;
    const { life, node } = running;
    node.start().then(
      () => {
        if (!life.alive) return;
        running.isUp = true;
        this.volume.brokeWord = false;
        this.world.probe("starts");
      },
      (error: unknown) => {
        if (life.alive) this.#refused(error);
      },
    );
  }

  /** Ends the process now, or at a call of the disk not far away. Power fails also where no process runs. */
  end(ending: Ending, calls = 0): void {
    const life = this.#running?.life;
    if (life?.alive !== true) {
      if (ending === "power") this.volume.powerLoss();
      return;
    }
    this.#ending = ending;
    if (calls > 0) life.callsLeft = calls;
    else this.#end();
  }

  /** Stops the process as an operator does, and starts it again later. */
  stop(): void {
    const running = this.#running;
    if (running?.isUp !== true || !running.life.alive) return;
    running.isUp = false;
    running.node.stop().then(
      () => this.#stopped(running.life),
      (error: unknown) => {
        if (running.life.alive) this.#failed(new Error("the node did not stop", { cause: error }));
      },
    );
  }

  pause(until: number): void {
    if (this.#running?.life.alive === true) this.#running.life.pausedUntil = until;
  }

  /** Faults stop: what is planned for the process is called off, and the disk is mended. */
  spare(): void {
    const life = this.#running?.life;
    if (life !== undefined) life.callsLeft = Number.POSITIVE_INFINITY;
    this.volume.room = Number.POSITIVE_INFINITY;
    this.volume.settle();
  }

  /** Ends it for good. */
  retire(): void {
    this.state = "retired";
    this.end("kill");
  }

  /** Judges the node after an event. */
  look(): void {
    const running = this.#running;
    if (running?.life.alive !== true) return;
    const { handle, exports } = running.instance;
    const broken = exports.invariants(handle);
    if (broken !== 0) this.world.judge("core invariant", `node ${this.id} breaks invariant ${broken} of the core`);
    if (running.isUp && running.instance.u32(handle + NodeLayout.role) === Role.LEADER) {
      this.world.leads(this.id, running.instance.u64(handle + NodeLayout.term));
    }
    if (this.volume.openFiles > MOST_OPEN_FILES) {
      this.world.judge("leaks", `node ${this.id} has ${this.volume.openFiles} open files`);
    }
  }

  #make(): Running {
    const { applications, keys, module, network, queue, settings } = this.world;
    const { capacity, sabotage, segmentBytes, sessions, snapshotEntries } = settings;
    const random = this.world.fork();
    const life = new Life({
      id: this.id,
      queue,
      random,
      rate: this.#rate,
      onEvent: () => this.world.touched(this),
      onEnd: () => this.#end(),
    });
    const mounted = this.volume.mount(life);
    const fileSystem = sabotage.fileSystem?.(mounted) ?? mounted;
    const wal = new WalStorage({
      folder: FOLDER,
      segmentBytes,
      fileSystem,
      random: () => random.next(),
      onNotice: () => this.world.probe("torn tails cut off"),
    });
    const kv = new KvMachine(sessions);
    const machine = new JudgedMachine(this.id, sabotage.machine?.(kv) ?? kv, applications, keys, () => life.alive);
    const instance = new OwnInstance(module);
    sabotage.instance?.(instance);
    const node = new RaftNode<KvResult>({
      cluster: 0x4d52n,
      id: this.id,
      members: this.world.members.map((id) => ({ id, address: addressOf(id) })),
      joins: this.joins,
      transport: new SimTransport(network, life),
      storage: new JudgedStorage(wal, this.#record, life, (finding) => this.#found(finding)),
      snapshots: new DiskSnapshotStore({ folder: FOLDER, fileSystem }),
      snapshot: { entries: snapshotEntries, bytes: 0 },
      timers: life.timers,
      machine,
      capacity,
      core: module,
      instance,
      runtime: life,
      observer: { mask: ALL_EVENTS, event: (kind) => this.world.observed(kind) },
      onNotice: ({ kind }) => {
        if (life.alive) this.world.probe(`notice: ${kind}`);
      },
      onFailure: (error) => {
        if (life.alive) this.#failed(error);
      },
    });
    return { life, node, machine, instance, isUp: false };
  }

  /** The node was stopped in good order. */
  #stopped(life: Life): void {
    if (!life.alive) return;
    if (this.volume.openFiles > 0 || this.volume.owner !== undefined) {
      this.world.judge("leaks", `node ${this.id} was stopped and holds ${this.volume.openFiles} files or the lock`);
    }
    this.world.probe("stops");
    this.end("kill");
  }

  #end(): void {
    const running = this.#running;
    if (running === undefined) return;
    running.life.alive = false;
    this.world.network.detach(running.life);
    if (this.#ending === "power") this.volume.powerLoss();
    else this.volume.kill();
    this.#ending = "power";
    this.#bootLater();
  }

  #bootLater(): void {
    const { queue, random } = this.world;
    queue.at(queue.now + random.below(RESTART_TIME), EventLabel.SUPERVISOR, this.id, () => this.boot());
  }

  /** The log was opened. */
  #found({ detail, kind }: Finding): void {
    if (kind === "whole") return;
    const { world, volume } = this;
    const what = `node ${this.id}: ${detail}`;
    if (!this.#isDamaged) {
      world.judge("durability", `${what}, and its disk kept all that was synced`);
      return;
    }
    // What the last sync covered cannot be told from a torn tail when the mark behind it is gone, too (R11); nor can what a
    // sector held in which the log ends.
    if (!volume.brokeWord && kind !== "short" && !(kind === "old" && this.#wasEndDamaged)) {
      world.judge("damage goes unnoticed", what);
      return;
    }
    world.probe(volume.brokeWord ? "silent losses by lying syncs" : "silent losses at the tail");
    if (world.settings.sabotage.trustsLiars === true) return;
    throw new SilentLoss(what);
  }

  /** The node did not start. */
  #refused(error: unknown): void {
    if (error instanceof SilentLoss) {
      this.#lose();
    } else if (isSimulated(error)) {
      this.world.probe("starts that met an error of the disk");
      this.#judgeMessage(error);
      this.end("kill");
    } else if (error instanceof StorageError && this.#isDamaged) {
      this.world.probe("damaged disks refused");
      this.#judgeMessage(error);
      this.#lose();
    } else {
      this.world.judge("start", `node ${this.id} does not start: ${describe(error)}`);
    }
  }

  /** The node stopped by itself. */
  #failed(error: Error): void {
    const { cause } = error;
    if (isSimulated(cause)) this.world.probe("nodes stopped by an error of the disk");
    else if (cause instanceof StorageError && this.#isDamaged) this.world.probe("damage met while running");
    else this.world.judge("node failure", `node ${this.id}: ${describe(error)}`);
    this.#judgeMessage(cause);
    this.end("kill");
  }

  /** An error has to name the file or the folder, and the way out. */
  #judgeMessage(error: unknown): void {
    if (!(error instanceof StorageError)) {
      this.world.judge("errors", `node ${this.id}: not a StorageError: ${describe(error)}`);
    } else if (!error.message.includes(FOLDER) || !/\. [A-Z].*\.$/s.test(error.message)) {
      this.world.judge("errors", `node ${this.id}: names no file, or no way out: ${error.message}`);
    }
  }

  get #isDamaged(): boolean {
    return this.#wasDamaged || this.volume.isDamaged;
  }

  #lose(): void {
    this.state = "lost";
    this.end("kill");
    this.world.operator.replaceLost(this);
  }
}

/** Whether an error of the disk, made by the simulation, is behind this. */
function isSimulated(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    if (cause instanceof DiskError) return true;
  }
  return false;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
