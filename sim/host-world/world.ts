/**
 * The host world: whole production nodes (host/node.ts with its write-ahead log, its snapshot store and the key-value
 * machine) in one process, on simulated disks, a simulated network and virtual time. Nothing real is awaited: an event of
 * virtual time happens, then all promises that it settled run to their ends (a tick of the process comes only when no
 * microtask is left), then the rules are asked. The same settings give the same run.
 *
 * Fault model: see faults.ts. What was synced may be destroyed at a minority of the voters at a time, each of which is
 * replaced by a new member before the next may be hit: as long as that holds, nothing acknowledged may be lost. A disaster takes
 * a quorum for good; what is recovered then is another cluster, with nodes, clients and promises of its own (era.ts).
 */

import { EventKind, EventKindName } from "../../host/core/abi.js";
import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { Digest } from "../digest.js";
import { Chaos } from "./chaos.js";
import { Client } from "./clients.js";
import { Era } from "./era.js";
import { EventLabel, EventQueue, type SimEvent } from "./event-queue.js";
import { Faults } from "./faults.js";
import { Host } from "./host.js";
import { Applications } from "./judged-machine.js";
import { Network } from "./network.js";
import { Operator } from "./operator.js";
import type { Script } from "./script.js";
import type { HostSettings } from "./settings.js";
import { Stream } from "./stream.js";

const MICROSECONDS = 1000;
/** Events that a report tells. */
const TOLD = 30;
/** Calls of the disk within one event, beyond which something goes round in circles. */
const MOST_CALLS = 200_000;

/** What came of something that was asked of a node. */
export type Within<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "late" };

/** A rule was broken. */
export interface HostViolation {
  readonly rule: string;
  readonly detail: string;
  /** The last events, oldest first. */
  readonly events: readonly string[];
}

export class HostWorld {
  readonly queue = new EventQueue();
  readonly random: Stream;
  readonly faults: Faults;
  readonly network: Network;
  readonly digest = new Digest();
  /** The clusters that there were, the present one last. */
  readonly eras: Era[];
  readonly operator: Operator;
  readonly clients: readonly Client[];
  readonly hosts: Host[] = [];
  readonly keys: readonly string[];
  violation: HostViolation | undefined;
  /** Events so far. */
  steps = 0;
  /** Leaders that were elected. */
  elections = 0;
  /** Whether clients make new requests. */
  isServing = true;
  /** Whether they wait for as long as it takes. */
  isPatient = false;
  /** Whether there is more to come. */
  isRunning = true;
  readonly probes = new Map<string, number>();
  readonly #events = new Float64Array(EventKind.COUNT);
  readonly #touched = new Set<Host>();
  readonly #told: SimEvent[] = [];

  constructor(
    readonly settings: HostSettings,
    readonly module: CoreModule = shippedCore(),
    script?: Script,
    /** Hears of it after every event. */
    private readonly onStep: (world: HostWorld) => void = () => undefined,
  ) {
    // Logs make identities of what is forked from it.
    this.random = new Stream(settings.seed, false);
    this.faults = new Faults(settings.faults, this.fork(), this.queue, script);
    this.network = new Network(this.queue, this.fork(), this.faults, this.digest);
    const members = Array.from({ length: settings.nodes }, (_, i) => i + 1);
    this.eras = [new Era(0, members, new Applications((rule, detail) => this.judge(rule, detail)))];
    this.operator = new Operator(this);
    this.keys = Array.from({ length: settings.keys }, (_, i) => `k${i}`);
    for (const id of members) this.hosts.push(new Host(this, id, false));
    this.clients = Array.from({ length: settings.clients }, (_, i) => new Client(this, i + 1));
  }

  /** The cluster that clients know. */
  get era(): Era {
    return this.eras.at(-1) as Era;
  }

  get applications(): Applications {
    return this.era.applications;
  }

  get members(): readonly number[] {
    return this.era.members;
  }

  /** Another source of chance, which follows from the seed. */
  fork(): Stream {
    return new Stream(this.random.next());
  }

  get milliseconds(): number {
    return Math.floor(this.queue.now / MICROSECONDS);
  }

  begin(): void {
    for (const host of this.hosts) host.boot();
    for (const client of this.clients) {
      client
        .run()
        .catch((error: unknown) => this.judge("client", error instanceof Error ? `${error.stack}` : `${error}`));
    }
    new Chaos(this).begin();
  }

  /** Lets the next event happen, and judges what came of it. False if nothing will ever happen, or a rule is broken. */
  async step(): Promise<boolean> {
    const event = this.queue.next();
    if (event?.task === undefined) return false;
    this.steps++;
    this.#note(event);
    const calls = this.#calls();
    event.task();
    await settled();
    if (this.#calls() - calls > MOST_CALLS) this.judge("progress", `more than ${MOST_CALLS} calls of the disk at once`);
    for (const host of this.#touched) host.look();
    this.#touched.clear();
    this.onStep(this);
    return this.violation === undefined;
  }

  /** A rule is broken; the first one is what the run ends with. */
  judge(rule: string, detail: string): void {
    if (this.violation !== undefined) return;
    this.violation = { rule, detail, events: this.#told.map(describeEvent) };
  }

  touched(host: Host): void {
    this.#touched.add(host);
  }

  /** A rare path was reached. */
  probe(name: string): void {
    this.probes.set(name, (this.probes.get(name) ?? 0) + 1);
  }

  /** The core told an observer. */
  observed(kind: number): void {
    this.#events[kind] = (this.#events[kind] ?? 0) + 1;
  }

  /** Times that each event of the core was told, by name. */
  events(): Record<string, number> {
    return Object.fromEntries([...this.#events].map((count, kind) => [EventKindName[kind] ?? `${kind}`, count]));
  }

  /** A node is the leader of a term of its cluster. */
  leads(id: number, term: number, era = this.era): void {
    const leader = era.leads(id, term);
    if (leader === "first") this.elections++;
    else if (leader !== id) this.judge("election safety", `nodes ${leader} and ${id} both lead in term ${term}`);
  }

  /** A node that leads, as far as it knows: the one of the latest term. */
  leader() {
    let newest: NonNullable<Host["up"]> | undefined;
    for (const { era, up } of this.hosts) {
      if (up?.node.isLeader !== true || era !== this.era) continue;
      if (newest === undefined || up.node.status.term > newest.node.status.term) newest = up;
    }
    return newest;
  }

  /** Whether something that a host's disk promised may be destroyed: if a quorum of the voters can do without. */
  mayDamage(host: Host): boolean {
    if (!this.faults.on || host.state !== "member") return false;
    if (host.volume.isDamaged) return true;
    if (this.operator.isBusy || !this.members.includes(host.id)) return false;
    const others = this.hosts.filter(({ id, volume }) => this.members.includes(id) && volume.isDamaged);
    return others.length + 1 <= Math.floor((this.members.length - 1) / 2);
  }

  /** A node that is to join. */
  addHost(): Host {
    const host = new Host(this, this.hosts.length + 1, true);
    this.hosts.push(host);
    return host;
  }

  /** A member has come, in the place of another one if there is one to go. */
  replaced(old: Host | undefined, by: Host): void {
    this.era.members = [...this.members.filter((id) => id !== old?.id), by.id];
  }

  /** Another cluster takes the place of the one that there was. */
  begins(era: Era): void {
    this.eras.push(era);
    for (const client of this.clients) client.meets(era);
  }

  /** Resolves when so many ms have passed. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.queue.at(this.queue.now + ms * MICROSECONDS, EventLabel.CLIENT, 0, resolve);
    });
  }

  /** Asks for something and waits so many ms for the outcome; never rejects. */
  within<T>(ms: number, ask: () => Promise<T>): Promise<Within<T>> {
    return new Promise((resolve) => {
      const alarm = this.queue.at(this.queue.now + ms * MICROSECONDS, EventLabel.CLIENT, 0, () =>
        resolve({ kind: "late" }),
      );
      const end = (outcome: Within<T>) => {
        alarm.task = undefined;
        resolve(outcome);
      };
      // What throws at once is an outcome, too.
      Promise.resolve()
        .then(ask)
        .then(
          (value) => end({ kind: "ok", value }),
          (error: unknown) => end({ kind: "error", error }),
        );
    });
  }

  #calls(): number {
    return this.hosts.reduce((sum, { volume }) => sum + volume.calls, 0);
  }

  #note(event: SimEvent): void {
    this.digest.number(event.time);
    this.digest.word(event.label);
    this.digest.word(event.node);
    this.#told.push(event);
    if (this.#told.length > TOLD) this.#told.shift();
  }
}

/** Resolves when no microtask is left: a tick comes after all of them. To be called from a microtask. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

const NAMES = Object.entries(EventLabel);

function describeEvent({ label, node, time }: SimEvent): string {
  const name = NAMES.find(([, number]) => number === label)?.[0] ?? `${label}`;
  return `${(time / MICROSECONDS).toFixed(3)} ms: ${name}${node === 0 ? "" : ` of node ${node}`}`;
}
