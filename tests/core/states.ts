/**
 * States to fuzz from: nodes of every role as they are right before a message of every kind reaches them, taken from
 * small clusters at work. The logs that the clusters start from hold configurations of all sorts, in the part that all
 * agree on and in the parts where they differ, and are longer than the window in half of the cases. One cluster in four
 * has a witness.
 */

import { ConfigurationFlag, Entry, EntryFrame, EntryKind, MemberRole, MessageKind, Role } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { type Capacity, MICRO_CAPACITY, type Plan } from "../../host/core/plan.js";
import { Disk, isNormal, snapshotOf, termOf } from "./disk.js";
import { configurationEntry, entry, kindOf, noop } from "./messages.js";
import { Random } from "./random.js";
import { type Delivery, SmallCluster } from "./small-cluster.js";

const TIMES = { electionTimeout: 300, electionJitter: 300, heartbeat: 40 };

/** The capacities to fuzz with: a roomy one with leases, and one in which everything is as tight as a plan may be. Groups of
 * both rest when they are idle. */
export const SHAPES: readonly Capacity[] = [
  { ...MICRO_CAPACITY, ...TIMES, keepEntries: 2, leaseDrift: 100, quiesceRounds: 1 },
  {
    ...TIMES,
    nodes: 5,
    windowEntries: 16,
    windowBytes: 576,
    maxMessage: 256,
    inflightMessages: 1,
    inflightBytes: 256,
    uncommittedBytes: 256,
    addressBytes: 8,
    keepEntries: 0,
    leaseDrift: 0,
    quiesceRounds: 2,
  },
];

/** The voters; 1 and 9 come and go as learners, so that records in the table of peers move. */
const VOTERS = [2, 3, 5] as const;
export const STRANGERS = [1, 9, 77] as const;

/** A node, what its storage holds, and a message that is about to reach it. */
export interface State {
  readonly shape: number;
  readonly plan: Plan;
  readonly role: number;
  readonly arena: Uint8Array;
  readonly disk: Disk;
  readonly applied: number;
  readonly now: number;
  readonly message: Uint8Array;
}

export interface Harvest {
  readonly states: readonly State[];
  /** Messages of correct nodes by shape, to whomever. */
  readonly messages: readonly (readonly Uint8Array[])[];
}

/** States kept of one shape, role and kind of message, at rest or not. */
const STATES = 10;
/** Messages kept of one shape and kind. */
const MESSAGES = 40;
/** Clusters of each shape, and steps of each. */
const CLUSTERS = 64;
const STEPS = 1500;

/** Configurations with the same majorities: which of them is in force does not matter to safety. Whether the last voter is a
 * witness is the cluster's. */
function anyConfiguration(random: Random, witness: number): Uint8Array {
  const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
  const { JOINT, AUTO_LEAVE } = ConfigurationFlag;
  const flags = random.pick([0, 0, JOINT, JOINT | AUTO_LEAVE]);
  const roles = flags === 0 ? VOTER : VOTER | OUTGOING;
  const voters = VOTERS.map((id) => ({ id, roles: id === witness ? roles | WITNESS : roles, address: `n${id}` }));
  const learners = [
    { id: 1, roles: random.pick([LEARNER, LEARNER | PROMOTE]), address: "l" },
    { id: 9, roles: LEARNER | WITNESS, address: "w" },
  ].filter(() => random.oneIn(2));
  return encodeConfiguration([...voters, ...learners], flags);
}

/** What a witness has in place of a log. */
function hollow(entries: readonly Uint8Array[]): Uint8Array[] {
  return entries.map((bytes) => (isNormal(bytes) ? entry(termOf(bytes), "", { kind: EntryKind.HOLLOW }) : bytes));
}

function command(random: Random, term: number, most: number): Uint8Array {
  return entry(term, new Uint8Array(random.below(most + 1)).fill(term));
}

function anyEntry(random: Random, term: number, witness: number): Uint8Array {
  if (random.oneIn(6)) return configurationEntry(term, anyConfiguration(random, witness));
  return command(random, term, random.oneIn(8) ? 140 : 24);
}

function committedLog(random: Random, length: number, witness: number): Uint8Array[] {
  return [noop(1), ...Array.from({ length }, () => anyEntry(random, 1, witness))];
}

/** What a leader that failed made and did not commit: little enough for the tightest window. */
function uncommittedLog(random: Random, term: number, witness: number): Uint8Array[] {
  const configuration = configurationEntry(term, anyConfiguration(random, witness));
  const second = random.oneIn(2) ? configuration : command(random, term, 24);
  return [noop(term), second, command(random, term, 24)].slice(0, random.below(4));
}

/** A disk whose log has been compacted behind a snapshot of some of what is committed, with the newest configuration in there. */
function compactedDisk(disk: Disk, covered: number, configuration: Uint8Array): Disk {
  if (covered === 0) return disk;
  const newest = disk.entries.slice(0, covered).findLast((bytes) => bytes[Entry.kind] === EntryKind.CONFIGURATION);
  disk.snapshot = snapshotOf(covered, disk.termAt(covered), newest?.slice(EntryFrame.HEADER) ?? configuration);
  disk.compact(covered);
  return disk;
}

/**
 * Storage of the voters after two leaders failed: all have the first one's entries, one voter also some that it made as
 * the leader of term 2, another some that it made in term 3. These two may have compacted what the third one lacks.
 */
function anyDisks(random: Random, configuration: Uint8Array, witness: number): Disk[] {
  const common = committedLog(random, random.oneIn(2) ? 40 + random.below(80) : random.below(12), witness);
  const short = common.slice(0, common.length - random.below(common.length + 1));
  const covered = random.oneIn(2) ? 0 : random.below(common.length + 1);
  return [
    compactedDisk(new Disk(2, VOTERS[0], [...common, ...uncommittedLog(random, 2, witness)]), covered, configuration),
    compactedDisk(new Disk(3, VOTERS[1], [...common, ...uncommittedLog(random, 3, witness)]), covered, configuration),
    new Disk(3, VOTERS[1], witness === 0 ? short : hollow(short)),
  ];
}

/** Keeps at most `most` items a key, each one seen with the same chance. */
class Sample<Item> {
  readonly #kept = new Map<string, { seen: number; items: Item[] }>();

  constructor(
    readonly most: number,
    readonly random: Random,
  ) {}

  offer(key: string, make: () => Item): void {
    const kept = this.#kept.get(key) ?? { seen: 0, items: [] };
    this.#kept.set(key, kept);
    const place = this.random.below(++kept.seen);
    if (kept.items.length < this.most) kept.items.push(make());
    else if (place < this.most) kept.items[place] = make();
  }

  get items(): Item[] {
    return [...this.#kept.values()].flatMap(({ items }) => items);
  }
}

function stateAt(shape: number, { member, message, now }: Delivery): State {
  const { node, effects, plan } = member;
  const { role, arena } = node;
  return { shape, plan, role, arena, disk: effects.disk.clone(), applied: effects.applied, now, message };
}

/** The messages that reached each member of a cluster, the latest of each kind: they may come once more. */
class Earlier {
  readonly #latest = new Map<string, Uint8Array>();

  constructor(readonly random: Random) {}

  note({ member, message }: Delivery): void {
    this.#latest.set(`${member.id}/${kindOf(message)}`, message);
  }

  /** A delivery of an earlier message in place of this one: some kinds hardly ever reach some roles otherwise. */
  inPlaceOf(delivery: Delivery): Delivery | undefined {
    const kind = this.random.pick(Object.values(MessageKind));
    const message = this.#latest.get(`${delivery.member.id}/${kind}`);
    return message && { ...delivery, message };
  }
}

/** Runs clusters of every shape and keeps what they came through. */
export function harvest(instance: CoreInstance, seed: number): Harvest {
  const random = new Random(seed);
  const states = new Sample<State>(STATES, random);
  const messages = SHAPES.map((capacity, shape) => {
    const sample = new Sample<Uint8Array>(MESSAGES, random);
    const plans = VOTERS.map((id) => ({ ...capacity, cluster: 0x1122334455667788n, group: 3, id }));
    const offer = (delivery: Delivery) => {
      const { role, quiet } = delivery.member.node;
      const key = `${shape}/${role}/${quiet}/${kindOf(delivery.message)}`;
      states.offer(key, () => stateAt(shape, delivery));
    };
    for (let i = 0; i < CLUSTERS; i++) {
      const witness = i % 4 === 3 ? VOTERS[2] : 0;
      const earlier = new Earlier(random);
      const onDelivery = (delivery: Delivery) => {
        offer(delivery);
        sample.offer(`${kindOf(delivery.message)}`, () => delivery.message);
        const again = earlier.inPlaceOf(delivery);
        if (again !== undefined) offer(again);
        earlier.note(delivery);
      };
      const anotherConfiguration = () => anyConfiguration(random, witness);
      const configuration = anotherConfiguration();
      const disks = i === 0 ? [] : anyDisks(random, configuration, witness);
      const network = random.pick([30, 60, 200]);
      const options = { instance, plans, configuration, disks, random, network, onDelivery, anotherConfiguration };
      const cluster = new SmallCluster(options);
      for (let step = 0; step < STEPS; step++) cluster.step();
      cluster.release();
    }
    return sample.items;
  });
  return { states: states.items, messages };
}

/** All pairs of a role and a kind of message, as the harvest's keys name them. */
export const SITUATIONS = Object.values(Role).flatMap((role) =>
  Object.values(MessageKind).map((kind) => `${role}/${kind}`),
);
