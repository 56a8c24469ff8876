/** Brings what goes wrong at a moment of its own: power failures, kills, pauses, partitions, rot, full disks, operators. */

import { EventLabel } from "./event-queue.js";
import type { ChaosFault } from "./faults.js";
import type { Host } from "./host.js";
import type { HostWorld } from "./world.js";

const MICROSECONDS = 1000;
/** Longest pause of a process, partition and shortage of room, in microseconds. */
const MOST_PAUSE = 1_500_000;
const MOST_PARTITION = 3_000_000;
const MOST_SHORTAGE = 3_000_000;
/** Bytes that a full disk still takes, at most. */
const LAST_ROOM = 600;
/** Calls of the disk after which a process ends that is to end between two of them, at most. */
const MOST_CALLS = 40;

export class Chaos {
  constructor(private readonly world: HostWorld) {}

  begin(): void {
    const { queue, random, settings } = this.world;
    const pause = 2 * random.below(settings.chaos * MICROSECONDS);
    queue.at(queue.now + pause, EventLabel.CHAOS, 0, () => {
      const fault = this.world.faults.drawChaos();
      if (fault === undefined) return;
      this.#bring(fault);
      this.begin();
    });
  }

  #bring(fault: ChaosFault): void {
    const { faults, hosts, operator, random } = this.world;
    const members = hosts.filter(({ state }) => state === "member");
    // Where a drive owes what it said was done, power fails before it is done more often than chance would have it.
    const liars = fault === "power" && random.oneIn(2) ? members.filter(({ volume }) => volume.owes) : [];
    const among = liars.length > 0 ? liars : members;
    const host = among[random.below(among.length)];
    if (host === undefined) return;
    switch (fault) {
      case "power":
      case "kill":
        this.#end(host, fault);
        return;
      case "blackout":
        faults.count(fault);
        for (const each of members) each.end("power", random.oneIn(2) ? 0 : 1 + random.below(3));
        return;
      case "pause":
        faults.count(fault);
        host.pause(this.world.queue.now + random.below(MOST_PAUSE));
        return;
      case "partition":
        this.#partition();
        return;
      case "bit-rot":
        if (!host.volume.isDamaged && this.world.mayDamage(host) && host.volume.rot()) faults.count(fault);
        return;
      case "enospc":
        this.#fill(host);
        return;
      case "snapshot":
        operator.snapshot(host);
        return;
      case "transfer":
        operator.transfer();
        return;
      case "membership":
        operator.replaceAny();
    }
  }

  #end(host: Host, fault: "power" | "kill"): void {
    const { faults, random } = this.world;
    if (host.up === undefined && (fault === "kill" || random.oneIn(2))) return;
    faults.count(fault);
    if (fault === "kill" && random.oneIn(3)) host.stop();
    else host.end(fault, random.oneIn(3) ? 0 : 1 + random.below(MOST_CALLS));
  }

  #partition(): void {
    const { faults, hosts, network, queue, random } = this.world;
    if (!network.isWhole) return;
    faults.count("partition");
    const isOneWay = random.oneIn(3);
    const side = new Map(hosts.map(({ id }) => [id, random.oneIn(2)]));
    for (const { id: from } of hosts) {
      for (const { id: to } of hosts) {
        if (side.get(from) === true && side.get(to) === false) network.cut(from, to);
        if (!isOneWay && side.get(from) === false && side.get(to) === true) network.cut(from, to);
      }
    }
    queue.at(queue.now + random.below(MOST_PARTITION), EventLabel.CHAOS, 0, () => network.heal());
  }

  #fill({ id, volume }: Host): void {
    const { queue, random } = this.world;
    volume.room = random.below(LAST_ROOM);
    queue.at(queue.now + random.below(MOST_SHORTAGE), EventLabel.CHAOS, id, () => {
      volume.room = Number.POSITIVE_INFINITY;
    });
  }
}
