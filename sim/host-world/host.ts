/**
 * A node's place in the host world: its disk, and the processes that run on it, one after the other. It starts them again
 * when they end, and judges how they end: a process may fail because of an error that the disk was made to give, and may
 * refuse to start on a disk that was damaged; nothing else.
 */

import { Node as NodeLayout, Role } from "../../host/core/abi.js";
import { StorageError } from "../../host/storage/storage.js";
import type { Era } from "./era.js";
import { describeError, isSimulated, objectionToMessage } from "./errors.js";
import { EventLabel } from "./event-queue.js";
import { SnapshotRecord } from "./judged-snapshots.js";
import type { Life } from "./life.js";
import { type Finding, LogRecord } from "./log-record.js";
import { FOLDER, makeRunning, type Place, type Running } from "./running.js";
import { Volume } from "./volume.js";
import { Votes } from "./votes.js";
import type { HostWorld } from "./world.js";

/** What passes until a process is started again, in microseconds, at most. */
const RESTART_TIME = 1_500_000;
/** Open files of one node: the segment that is written, those that are read, a snapshot that is read, and two written. */
const MOST_OPEN_FILES = 8;
const PERMILLE = 1000;

/** How a process ends: power fails, or only the process is gone. */
export type Ending = "power" | "kill";

/** The disk holds less than it promised, and nothing on it tells: only the simulation knows. */
class SilentLoss extends Error {}

export class Host implements Place {
  readonly volume: Volume;
  readonly log = new LogRecord();
  readonly snapshots: SnapshotRecord;
  readonly votes: Votes;
  readonly rate: number;
  /** `lost`: its disk is not to be trusted, and another node has to take its place. `retired`: it is no member any more.
   * `halted`: the operator keeps it from running. */
  state: "member" | "lost" | "retired" | "halted" = "member";
  /** The cluster that it belongs to. */
  era: Era;
  /** Highest index that it ever applied. */
  applied = 0;
  #running: Running | undefined;
  #ending: Ending = "power";
  /** Which failure of power ends it. */
  #outage = 0;
  /** How the disk was when the process began: recovery may put another file in the place of a damaged one. */
  #wasDamaged = false;
  #wasEndDamaged = false;

  constructor(
    private readonly world: HostWorld,
    readonly id: number,
    readonly joins: boolean,
  ) {
    const { era, faults, queue, settings } = world;
    const random = world.fork();
    this.era = era;
    this.snapshots = new SnapshotRecord(this.log, joins ? undefined : era.bootstrap);
    this.votes = new Votes(id);
    this.volume = new Volume({ node: id, queue, random, faults, mayDamage: () => world.mayDamage(this) });
    // Two clocks differ by no more than the bound that leases rely on.
    const drift = settings.capacity.leaseDrift / 2 / PERMILLE;
    this.rate = 1 + drift * (2 * (random.next() / 2 ** 32) - 1);
  }

  /** The node, while it is up. */
  get up(): Running | undefined {
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

  /**
   * Ends the process now, or at a call of the disk not far away. Power fails also where no process runs.
   * @param calls until then; negative: so many of those that find a long write that was not synced
   * @param outage the number of the failure of power
   */
  end(ending: Ending, calls = 0, outage = 0): void {
    const life = this.#running?.life;
    if (life?.alive !== true) {
      if (ending === "power") this.volume.powerLoss(outage);
      return;
    }
    this.#ending = ending;
    this.#outage = outage;
    if (calls === 0) this.#end();
    else life.endAfter(calls);
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

  /** Ends it, and keeps it from running. */
  halt(ending: Ending, outage: number): void {
    this.state = "halted";
    this.end(ending, 0, outage);
  }

  /** Lets it run again, as a member of a cluster. */
  release(era: Era): void {
    this.state = "member";
    this.era = era;
    this.boot();
  }

  pause(until: number): void {
    if (this.#running?.life.alive === true) this.#running.life.pausedUntil = until;
  }

  /** Faults stop: what is planned for the process is called off, and the disk is mended. */
  spare(): void {
    const life = this.#running?.life;
    life?.endAfter(Number.POSITIVE_INFINITY);
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
    this.applied = Math.max(this.applied, running.instance.u64(handle + NodeLayout.applied));
    if (running.isUp && running.instance.u32(handle + NodeLayout.role) === Role.LEADER) {
      const term = running.instance.u64(handle + NodeLayout.term);
      this.world.leads(this.id, term, this.era);
      const configuration = running.instance.u64(handle + NodeLayout.configurationIndex);
      running.contacts.leads(term, configuration, this.world.queue.now);
    }
    if (this.volume.openFiles > MOST_OPEN_FILES) {
      this.world.judge("leaks", `node ${this.id} has ${this.volume.openFiles} open files`);
    }
  }

  #make(): Running {
    return makeRunning(this.world, this, {
      onEvent: () => this.world.touched(this),
      onEnd: () => this.#end(),
      onFound: (finding) => this.#found(finding),
      onFailure: (error) => this.#failed(error),
    });
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
    if (this.#ending === "power") {
      if (this.volume.isTearable) this.world.probe("power failed over long writes");
      this.volume.powerLoss(this.#outage);
    } else this.volume.kill();
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
      if (this.#couldFallBack()) {
        this.world.judge("fallback", `node ${this.id} has an older snapshot, and refuses: ${describeError(error)}`);
      }
      this.world.probe("damaged disks refused");
      this.#judgeMessage(error);
      this.#lose();
    } else {
      this.world.judge("start", `node ${this.id} does not start: ${describeError(error)}`);
    }
  }

  /** Whether nothing but the newest snapshot is damaged, which the node took itself, and the one before it is there: the log
   * is kept back to that one. */
  #couldFallBack(): boolean {
    const { snapshots, volume } = this;
    const [newest, older] = volume.snapshots();
    if (newest === undefined || older === undefined || volume.hasBrokenWord || volume.owes) return false;
    const isOnlyOne = volume.damaged().every((name) => name === newest.name);
    return isOnlyOne && volume.damaged().length === 1 && snapshots.own.has(newest.index);
  }

  /** The node stopped by itself. */
  #failed(error: Error): void {
    const { cause } = error;
    if (isSimulated(cause)) this.world.probe("nodes stopped by an error of the disk");
    else if (cause instanceof StorageError && this.#isDamaged) this.world.probe("damage met while running");
    else this.world.judge("node failure", `node ${this.id}: ${describeError(error)}`);
    this.#judgeMessage(cause);
    this.end("kill");
  }

  #judgeMessage(error: unknown): void {
    const objection = objectionToMessage(error, FOLDER);
    if (objection !== undefined) this.world.judge("errors", `node ${this.id}: ${objection}`);
  }

  get #isDamaged(): boolean {
    return this.#wasDamaged || this.volume.isDamaged;
  }

  #lose(): void {
    this.state = "lost";
    this.end("kill");
    if (this.world.members.includes(this.id)) this.world.operator.replaceLost(this);
  }
}
