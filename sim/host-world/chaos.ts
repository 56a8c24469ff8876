/** Brings what goes wrong at a moment of its own: power failures, kills, pauses, partitions, rot, full disks, operators. */

import { EventLabel } from "./event-queue.js";
import { type ChaosFault, isChaos } from "./faults.js";
import type { Host } from "./host.js";
import type { Injection } from "./script.js";
import type { HostWorld } from "./world.js";

const MICROSECONDS = 1000;
/** Longest pause of a process, partition and shortage of room, in microseconds. */
const MOST_PAUSE = 1_500_000;
const MOST_PARTITION = 3_000_000;
const MOST_SHORTAGE = 3_000_000;
/** Bytes that a full disk still takes, at most. */
const LAST_ROOM = 600;
/** Calls of the disk after which a process ends that is to end between two of them, at most; and of those that find a long
 * write that was not synced. */
const MOST_CALLS = 40;
const MOST_TEARABLE_CALLS = 3;

/** What befalls one node. */
const OF_A_NODE: readonly ChaosFault[] = ["power", "kill", "pause", "bit-rot", "enospc", "snapshot"];

export class Chaos {
  constructor(private readonly world: HostWorld) {}

  begin(): void {
    const { faults, queue, random, settings } = this.world;
    const pause = 2 * random.below(settings.chaos * MICROSECONDS);
    const planned = faults.script?.takeChaos();
    queue.at(planned?.at ?? queue.now + pause, EventLabel.CHAOS, 0, () => {
      if (planned === undefined) this.#draw();
      else if (faults.on && isChaos(planned.fault)) this.#bring(planned.fault, planned);
    });
  }

  /** Brings what chance has chosen; nothing where all is planned. */
  #draw(): void {
    const { faults, hosts, random } = this.world;
    const fault = faults.script?.plan === undefined ? faults.drawChaos() : undefined;
    if (fault === undefined) return;
    const members = membersOf(hosts);
    // Where a drive owes what it said was done, power fails before it is done more often than chance would have it.
    const liars = fault === "power" && random.oneIn(2) ? members.filter(({ volume }) => volume.owes) : [];
    const among = liars.length > 0 ? liars : members;
    const host = among[random.below(among.length)];
    this.#bring(fault, undefined, host?.id);
  }

  #bring(fault: ChaosFault, planned: Injection | undefined, chosen = planned?.node ?? 0): void {
    const { faults, hosts, queue, random } = this.world;
    const node = OF_A_NODE.includes(fault) ? chosen : 0;
    const { nth } = faults.script?.bring(fault, node, random, queue.now, planned) ?? { nth: 0 };
    const host = membersOf(hosts).find(({ id }) => id === node);
    if (host !== undefined) this.#befall(host, fault, nth);
    else if (node === 0 && membersOf(hosts).length > 0) this.#befallAll(fault, nth);
    this.begin();
  }

  #befall(host: Host, fault: ChaosFault, nth: number): void {
    const { faults, operator, queue, random } = this.world;
    switch (fault) {
      case "power":
      case "kill":
        this.#end(host, fault, nth);
        return;
      case "pause": {
        const pause = random.below(MOST_PAUSE);
        faults.count(fault, () => `stands still for ${Math.round(pause / MICROSECONDS)} ms`);
        host.pause(queue.now + pause);
        return;
      }
      case "bit-rot":
        if (!host.volume.isDamaged && this.world.mayDamage(host) && host.volume.rot()) faults.count(fault);
        return;
      case "enospc":
        this.#fill(host);
        return;
      case "snapshot":
        operator.snapshot(host);
    }
  }

  #befallAll(fault: ChaosFault, nth: number): void {
    const { faults, hosts, operator, random } = this.world;
    switch (fault) {
      case "blackout":
        faults.count(fault);
        for (const each of membersOf(hosts)) each.end("power", random.oneIn(2) ? 0 : 1 + random.below(3), nth);
        return;
      case "partition":
        this.#partition();
        return;
      case "transfer":
        operator.transfer();
        return;
      case "membership":
        operator.replaceAny();
        return;
      case "disaster":
        void operator.meetDisaster(nth);
    }
  }

  #end(host: Host, fault: "power" | "kill", nth: number): void {
    const { faults, random } = this.world;
    if (host.up === undefined && (fault === "kill" || random.oneIn(2))) return;
    if (fault === "kill" && random.oneIn(3)) {
      faults.count(fault, () => "is stopped in good order");
      host.stop();
      return;
    }
    // Most writes lie within a sector, and cannot be torn.
    const isTearing = fault === "power" && host.up !== undefined && random.oneIn(2);
    const most = isTearing ? MOST_TEARABLE_CALLS : MOST_CALLS;
    const count = !isTearing && random.oneIn(3) ? 0 : 1 + random.below(most);
    const calls = isTearing ? -count : count;
    const when = count === 0 ? "" : ` after ${count} calls of the disk${isTearing ? " over a long write" : ""}`;
    faults.count(fault, () => `${fault === "power" ? "power fails" : "the process is killed"}${when}`);
    host.end(fault, calls, nth);
  }

  #partition(): void {
    const { faults, hosts, network, queue, random } = this.world;
    if (!network.isWhole) return;
    const isOneWay = random.oneIn(3);
    const side = new Map(hosts.map(({ id }) => [id, random.oneIn(2)]));
    for (const { id: from } of hosts) {
      for (const { id: to } of hosts) {
        if (side.get(from) === true && side.get(to) === false) network.cut(from, to);
        if (!isOneWay && side.get(from) === false && side.get(to) === true) network.cut(from, to);
      }
    }
    const pause = random.below(MOST_PARTITION);
    faults.count("partition", () => describeSides(side, isOneWay, pause));
    queue.at(queue.now + pause, EventLabel.CHAOS, 0, () => network.heal());
  }

  #fill({ id, volume }: Host): void {
    const { faults, queue, random } = this.world;
    volume.room = random.below(LAST_ROOM);
    const pause = random.below(MOST_SHORTAGE);
    const what = `${volume.room} bytes are left on the disk for ${Math.round(pause / MICROSECONDS)} ms`;
    faults.script?.tell("enospc", what);
    queue.at(queue.now + pause, EventLabel.CHAOS, id, () => {
      volume.room = Number.POSITIVE_INFINITY;
    });
  }
}

function membersOf(hosts: readonly Host[]): readonly Host[] {
  return hosts.filter(({ state }) => state === "member");
}

function describeSides(side: ReadonlyMap<number, boolean>, isOneWay: boolean, pause: number): string {
  const ids = (which: boolean) => [...side].filter(([, is]) => is === which).map(([id]) => id);
  const arrow = isOneWay ? "not to" : "and";
  return `${ids(true).join(" ")} ${arrow} ${ids(false).join(" ")} are cut off for ${Math.round(pause / MICROSECONDS)} ms`;
}
