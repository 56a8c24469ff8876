/**
 * A quorum is lost for good, and the operator does what docs/operations.md says: stops every node that is left, takes the
 * folder that has the most, recovers it, and starts it as a cluster under another name. The tool runs on the simulated disk
 * of that node as the node does: calls fail, power fails between any two of them, and the operator begins again. Later the
 * nodes that were lost may come back all the same, on their old disks and as members of the old cluster, and must not be heard.
 */

import type { MemberInfo } from "../../host/core/configuration.js";
import { StoppedNode, type StoppedState } from "../../host/stopped-node.js";
import type { FileSystem, FolderLock } from "../../host/storage/wal/file-system.js";
import { WalStorage } from "../../host/storage/wal/wal.js";
import { shuffled } from "../random.js";
import { Era } from "./era.js";
import { describeError, isSimulated, objectionToMessage } from "./errors.js";
import { EventLabel } from "./event-queue.js";
import type { Host } from "./host.js";
import { JudgedStorage } from "./judged-storage.js";
import { Life } from "./life.js";
import { addressOf } from "./network.js";
import { FOLDER } from "./running.js";
import type { Stream } from "./stream.js";
import type { HostWorld } from "./world.js";

/** ms between two attempts of the operator. */
const PAUSE = 200;
/** Calls of the disk after which power fails under the tool, at most. */
const MOST_CALLS = 60;
/** When lost nodes come back, and for how long, in microseconds, at most. */
const MOST_ABSENCE = 3_000_000;
const MOST_PRESENCE = 6_000_000;

/** Power failed under the tool. */
class Interrupted extends Error {}

/** A node that is left, and what its folder has. */
interface Survivor {
  readonly host: Host;
  readonly state: StoppedState;
}

export class Disaster {
  readonly #random: Stream;
  #lost: readonly Host[] = [];
  /** The log that the tool found when it was to write, and its last index. */
  #found: { readonly last: number; readonly termAt: (index: number) => number | "snapshot" | undefined } | undefined;
  #left: readonly Host[] = [];

  /** @param outage the number of the failures of power that come with it */
  constructor(
    private readonly world: HostWorld,
    private readonly outage: number,
  ) {
    this.#random = world.fork();
  }

  /** A quorum is lost, and the others are stopped. There are two members or more, and none that a change brings or takes. */
  strike(): void {
    const { outage, world } = this;
    const random = this.#random;
    const members = shuffled(
      world.hosts.filter(({ id }) => world.members.includes(id)),
      random,
    );
    // Those that are left are no quorum.
    const least = members.length - Math.floor(members.length / 2);
    const lost = least + random.below(members.length - least);
    this.#lost = members.slice(0, lost);
    this.#left = members.slice(lost);
    const ids = (hosts: readonly Host[]) => hosts.map(({ id }) => id).join(" ");
    world.faults.count("disaster", () => `${ids(this.#lost)} are lost for good, ${ids(this.#left)} left`);
    for (const host of world.hosts) {
      if (host.state === "member" && host.era === world.era) host.halt(random.oneIn(2) ? "power" : "kill", outage);
    }
  }

  /** Resolves when there is a cluster again: another one. */
  async recover(): Promise<void> {
    const { world } = this;
    const { host, state } = await this.#choose();
    const others = this.#random.oneIn(3) ? [world.addHost(), world.addHost()] : [];
    const members = [host, ...others].map(({ id }) => id);
    const infos = members.map((id) => ({ id, address: addressOf(id) }));
    await this.#write(host, state, infos);
    this.#begin(host, members);
    for (const one of others) one.release(world.era);
    if (others.length > 0) world.probe("recoveries of several members");
    const gone = [...this.#lost, ...this.#left].filter((one) => one !== host);
    // Together they may well elect a leader.
    if (this.#random.oneIn(2)) this.#comeBack(gone);
    else for (const one of gone) if (this.#random.oneIn(2)) this.#comeBack([one]);
  }

  /** The node with the highest term of its last entry and, of those, with the highest last entry. */
  async #choose(): Promise<Survivor> {
    let best: Survivor | undefined;
    for (const host of this.#left) {
      const state = await this.#atLast(host, (node) => node.read());
      const isBetter =
        best === undefined ||
        state.lastTerm > best.state.lastTerm ||
        (state.lastTerm === best.state.lastTerm && state.lastIndex > best.state.lastIndex);
      if (isBetter) best = { host, state };
    }
    if (best === undefined) throw new Error("a disaster left nobody");
    return best;
  }

  async #write(host: Host, state: StoppedState, members: readonly MemberInfo[]): Promise<void> {
    if (state.isLogSuperseded) this.world.probe("recoveries from a leader's snapshot");
    // An attempt that was interrupted may have changed what is there.
    const now = await this.#atLast(host, async (node) => {
      const read = await node.read();
      await node.write(members);
      return read;
    });
    this.#judgeRead(host, now);
    if (!now.isLogSuperseded) this.#judgeWritten(host);
  }

  /** What the tool says of a folder is what is there. */
  #judgeRead({ id }: Host, { isLogSuperseded, lastIndex, lastTerm }: StoppedState): void {
    const found = this.#found;
    if (found === undefined || isLogSuperseded) return;
    const term = found.termAt(lastIndex);
    if (found.last === lastIndex && (term === lastTerm || term === "snapshot" || lastIndex === 0)) return;
    const said = `node ${id} is said to end with entry ${lastIndex} of term ${lastTerm}`;
    this.world.judge("recovery", `${said}, and ends with ${found.last} of term ${found.termAt(found.last)}`);
  }

  /** Every entry that the tool found stands, and right behind them the one that it wrote. */
  #judgeWritten({ id, log }: Host): void {
    const found = this.#found;
    if (found === undefined) return;
    const termAt = log.terms();
    for (let index = 1; index <= found.last; index++) {
      if (termAt(index) === found.termAt(index)) continue;
      this.world.judge("recovery", `the recovery of node ${id} changes entry ${index}`);
    }
    if (log.last !== found.last + 1) {
      this.world.judge("recovery", `the recovery of node ${id} takes its log from ${found.last} to ${log.last}`);
    }
  }

  /** Another cluster takes the place of the one that was. */
  #begin(host: Host, members: readonly number[]): void {
    const { world } = this;
    const { applications, number } = world.era;
    const next = world.settings.sabotage.keepsName === true ? number : number + 1;
    const termAt = host.log.terms();
    const lost = applications.firstLost(termAt);
    // A node applies nothing before it is durable there.
    if (lost !== undefined && host.applied >= lost) {
      world.judge("recovery", `node ${host.id} had applied index ${host.applied}, and is recovered without ${lost}`);
    }
    if (lost !== undefined) world.probe("recoveries that lost writes");
    let last = host.applied;
    while (termAt(last + 1) !== undefined) last++;
    const end = lost ?? applications.last + 1;
    if (last > host.applied + 1) world.probe("recoveries that committed more");
    world.begins(new Era(next, members, applications.upTo(end), { kept: end - 1, last }));
    world.probe("clusters recovered");
    host.release(world.era);
  }

  /** Nodes that are not to run any more are started all the same, for a while. */
  #comeBack(hosts: readonly Host[]): void {
    const { queue } = this.world;
    const from = queue.now + this.#random.below(MOST_ABSENCE);
    const to = from + this.#random.below(MOST_PRESENCE);
    for (const host of hosts) {
      const { era } = host;
      queue.at(from, EventLabel.OPERATOR, host.id, () => host.release(era));
      queue.at(to, EventLabel.OPERATOR, host.id, () => host.retire());
    }
  }

  /** Has the tool do something with a folder, as often as it takes. */
  async #atLast<T>(host: Host, act: (node: StoppedNode) => Promise<T>): Promise<T> {
    for (;;) {
      await this.world.sleep(PAUSE);
      try {
        return await this.#once(host, act);
      } catch (error) {
        if (error instanceof Interrupted) this.world.probe("recoveries interrupted");
        else this.#judgeError(host, error);
      }
    }
  }

  /** The tool may fail because of an error that the disk was made to give, and says what helps. */
  #judgeError({ id }: Host, error: unknown): void {
    const objection = objectionToMessage(error, FOLDER);
    if (!isSimulated(error)) this.world.judge("recovery", `node ${id} is refused: ${describeError(error)}`);
    else if (objection !== undefined) this.world.judge("errors", `recovery of node ${id}: ${objection}`);
    else this.world.probe("recoveries that met an error of the disk");
  }

  /** Has the tool do something with a folder. @throws {Interrupted} if power fails under it */
  #once<T>(host: Host, act: (node: StoppedNode) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const life = this.#process(host, () => {
        life.alive = false;
        host.volume.powerLoss(this.outage);
        reject(new Interrupted());
      });
      const ends = () => {
        life.alive = false;
        host.volume.kill();
      };
      this.#use(host, life, act).then(
        (value) => {
          ends();
          resolve(value);
        },
        (error: unknown) => {
          // Of one that power has ended nothing is heard any more.
          if (!life.alive) return;
          ends();
          reject(error);
        },
      );
    });
  }

  #process({ id, rate, volume }: Host, onEnd: () => void): Life {
    const { faults, queue } = this.world;
    const random = this.world.fork();
    const isTearable = () => volume.isTearable;
    const life = new Life({ id, queue, random, rate, isTearable, onEvent: () => undefined, onEnd });
    if (faults.on && this.#random.oneIn(2)) life.endAfter(1 + this.#random.below(MOST_CALLS));
    return life;
  }

  async #use<T>(host: Host, life: Life, act: (node: StoppedNode) => Promise<T>): Promise<T> {
    const { id, volume } = host;
    const { sabotage } = this.world.settings;
    const mounted = volume.mount(life);
    const fileSystem = sabotage.fileSystem?.(mounted) ?? mounted;
    const storage = (lock: FolderLock) => this.#storage(host, life, fileSystem, lock);
    const node = new StoppedNode({ id, folder: FOLDER, fileSystem, storage });
    try {
      return await act(node);
    } finally {
      node.release();
      if (life.alive && volume.openFiles > 0) {
        this.world.judge("leaks", `the recovery of node ${id} leaves ${volume.openFiles} files open`);
      }
    }
  }

  /** The storage that the tool writes to, judged as that of the node. */
  #storage(host: Host, life: Life, fileSystem: FileSystem, lock: FolderLock): JudgedStorage {
    const { world } = this;
    const { id, log, votes } = host;
    const random = this.#random;
    const { segmentBytes } = world.settings;
    const wal = new WalStorage({ folder: FOLDER, fileSystem, lock, segmentBytes, random: () => random.next() });
    return new JudgedStorage(wal, {
      ...{ record: log, votes, process: life, starts: () => true },
      found: ({ detail, kind }) => {
        if (kind !== "whole") world.judge("durability", `recovery of node ${id}: ${detail}`);
      },
      adopted: () => {
        this.#found = { last: log.last, termAt: log.terms() };
      },
      voted: (detail) => world.judge("votes", `node ${id} ${detail}`),
    });
  }
}
