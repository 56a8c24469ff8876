/**
 * Who looks after the cluster: puts new nodes in the place of lost ones, as the documents say (the member is removed, and
 * another one comes under a new id), asks for snapshots and for transfers of leadership, now and then replaces a sound
 * machine, and recovers the cluster when a quorum is lost for good.
 */

import { MemberRole } from "../../host/core/abi.js";
import type { KvResult } from "../../host/kv/machine.js";
import type { RaftNode } from "../../host/node.js";
import { Disaster } from "./disaster.js";
import { EventLabel } from "./event-queue.js";
import type { Host } from "./host.js";
import { addressOf } from "./network.js";
import type { HostWorld } from "./world.js";

/** ms between two looks at a change that is under way. */
const PAUSE = 150;
/** Looks at whether a disaster may come, before it does not. */
const MOST_LOOKS = 20;
/** ms that a change may take before it is looked at again. */
const PATIENCE = 4000;
/** How long a member that was removed is left alone, in microseconds, at most. */
const LEFT_ALONE = 3_000_000;

export class Operator {
  /** Hosts that are to be replaced, the first of which is under way. */
  readonly #leaving: Host[] = [];
  #busy = false;
  #awaitsDisaster = false;

  constructor(private readonly world: HostWorld) {}

  /** Whether members are changing, or have to. */
  get isBusy(): boolean {
    return this.#busy;
  }

  replaceLost(host: Host): void {
    this.#leaving.push(host);
    if (!this.#busy) void this.#work();
  }

  /** Replaces a sound node, if nothing else is to be done and no disk is in doubt. */
  replaceAny(): boolean {
    const { world } = this;
    const { faults, random } = world;
    if (!this.#isCalm) return false;
    const host = world.hosts[random.below(world.hosts.length)];
    if (host?.state !== "member" || !world.members.includes(host.id)) return false;
    faults.count("membership");
    this.replaceLost(host);
    return true;
  }

  /** A quorum is lost for good, as soon as it may be. @param outage its number */
  async meetDisaster(outage: number): Promise<void> {
    if (this.#awaitsDisaster) return;
    this.#awaitsDisaster = true;
    for (let looks = 0; looks < MOST_LOOKS && !this.#mayLoseAll; looks++) await this.world.sleep(PAUSE);
    this.#awaitsDisaster = false;
    if (!this.#mayLoseAll) return;
    this.#busy = true;
    const { length } = this.world.members;
    const disaster = new Disaster(this.world, outage);
    disaster.strike();
    await disaster.recover();
    await this.#grow(length);
  }

  /** Whether any quorum may be lost: no disk of those that are left is in doubt, and each has something to go on from. */
  get #mayLoseAll(): boolean {
    const { faults, hosts, members } = this.world;
    const haveBegun = hosts.every(({ applied, id }) => applied > 0 || !members.includes(id));
    return faults.on && this.#isCalm && haveBegun && members.length > 1;
  }

  /** Whether nothing is to be done and no disk is in doubt. */
  get #isCalm(): boolean {
    const { hosts } = this.world;
    return !this.#busy && !hosts.some(({ volume, state }) => state === "member" && volume.isDamaged);
  }

  snapshot(host: Host): void {
    const node = host.up?.node;
    if (node === undefined) return;
    this.world.faults.count("snapshot");
    node.snapshot().then(
      () => this.world.probe("snapshots on demand"),
      () => this.world.probe("snapshots refused"),
    );
  }

  transfer(): void {
    const { hosts, random } = this.world;
    const node = this.world.leader()?.node;
    if (node === undefined) return;
    const target = random.oneIn(2) ? 0 : (hosts[random.below(hosts.length)]?.id ?? 0);
    this.world.faults.count("transfer");
    node.transfer(target).then(
      () => this.world.probe("transfers"),
      () => this.world.probe("transfers refused"),
    );
  }

  /** After a disaster: waits until all that was recovered is on every member, and brings as many as there were. */
  async #grow(members: number): Promise<void> {
    const { world } = this;
    const lacks = ({ applied, id }: Host) => world.members.includes(id) && applied < world.era.beginning.last;
    while (world.isRunning && world.hosts.some(lacks)) await world.sleep(PAUSE);
    while (world.isRunning && world.members.length < members) await this.#bring(undefined);
    await this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let host = this.#leaving[0]; host !== undefined; host = this.#leaving[0]) {
      await this.#bring(host);
      this.#leaving.shift();
    }
    this.#busy = false;
  }

  /** Brings another member, in the place of one if there is one to go. */
  async #bring(old: Host | undefined): Promise<void> {
    const { world } = this;
    const by = world.addHost();
    by.boot();
    // Ends when the change is made; the end of a run sees to it that it can be.
    while (world.isRunning) {
      await world.sleep(PAUSE);
      const leader = world.leader();
      if (leader === undefined) continue;
      const { members, pending, joint } = leader.node.configuration();
      if (pending || joint) continue;
      const isOld = members.some(({ id }) => id === old?.id);
      const roles = members.find(({ id }) => id === by.id)?.roles;
      if (!isOld && roles === MemberRole.VOTER) break;
      // Whatever came of it shows at the next look.
      await world.within(PATIENCE, () => this.#step(leader.node, isOld ? old?.id : undefined, by.id, roles));
    }
    world.replaced(old, by);
    if (old !== undefined) this.#dismiss(old);
  }

  /** A member was removed. */
  #dismiss(old: Host): void {
    const { world } = this;
    const { queue, random } = world;
    world.probe(old.state === "lost" ? "lost nodes replaced" : "sound nodes replaced");
    if (old.state === "lost") old.retire();
    // Nobody tells a member that was removed: it goes on for as long as it is left alone.
    else queue.at(queue.now + random.below(LEFT_ALONE), EventLabel.OPERATOR, old.id, () => old.retire());
  }

  /** One change towards the goal. @param old who has to go and is still there @param roles those of who has to come */
  #step(node: RaftNode<KvResult>, old: number | undefined, by: number, roles: number | undefined): Promise<void> {
    const { random } = this.world;
    const member = { id: by, address: addressOf(by) };
    if (roles === MemberRole.VOTER && old !== undefined) return node.removeMember(old);
    if (roles !== undefined) return node.promoteMember(by, { wait: true });
    if (old === undefined) return node.addMember(member, { promote: true });
    if (random.oneIn(3)) return node.addMember(member, { promote: true });
    return random.oneIn(3) && node.members().length > 1
      ? node.removeMember(old)
      : node.replaceMember(old, member, { catchUp: PATIENCE });
  }
}
