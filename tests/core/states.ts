/**
 * States to fuzz from: nodes of every role as they are right before a message of every kind reaches them, taken from
 * small clusters at work. The logs that the clusters start from hold configurations of all sorts, in the part that all
 * agree on and in the parts where they differ, and are longer than the window in half of the cases.
 */

import { ConfigurationFlag, MemberRole, MessageKind, Role } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { type Capacity, MICRO_CAPACITY, type Plan } from "../../host/core/plan.js";
import { Disk } from "./disk.js";
import { configurationEntry, entry, kindOf, noop } from "./messages.js";
import { Random } from "./random.js";
import { type Delivery, SmallCluster } from "./small-cluster.js";

const TIMES = { electionTimeout: 300, electionJitter: 300, heartbeat: 40 };

/** The capacities to fuzz with: a roomy one, and one in which everything is as tight as a plan may be. */
export const SHAPES: readonly Capacity[] = [
  { ...MICRO_CAPACITY, ...TIMES },
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
    quiesceRounds: 0,
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

/** States kept of one shape, role and kind of message. */
const STATES = 10;
/** Messages kept of one shape and kind. */
const MESSAGES = 40;
/** Clusters of each shape, and steps of each. */
const CLUSTERS = 24;
const STEPS = 1500;

/** Configurations with the same majorities: which of them is in force does not matter to safety. */
function anyConfiguration(random: Random): Uint8Array {
  const flags = random.pick([
    0,
    0,
    ConfigurationFlag.JOINT,
    ConfigurationFlag.JOINT | ConfigurationFlag.AUTO_LEAVE,
  ] as const);
  const roles = flags === 0 ? MemberRole.VOTER : MemberRole.VOTER | MemberRole.OUTGOING;
  const learners = [1, 9].filter(() => random.oneIn(2)).map((id) => ({ id, roles: MemberRole.LEARNER, address: "l" }));
  return encodeConfiguration([...VOTERS.map((id) => ({ id, roles, address: `n${id}` })), ...learners], flags);
}

function command(random: Random, term: number, most: number): Uint8Array {
  return entry(term, new Uint8Array(random.below(most + 1)).fill(term));
}

function anyEntry(random: Random, term: number): Uint8Array {
  if (random.oneIn(6)) return configurationEntry(term, anyConfiguration(random));
  return command(random, term, random.oneIn(8) ? 140 : 24);
}

function committedLog(random: Random, length: number): Uint8Array[] {
  return [noop(1), ...Array.from({ length }, () => anyEntry(random, 1))];
}

/** What a leader that failed made and did not commit: little enough for the tightest window. */
function uncommittedLog(random: Random, term: number): Uint8Array[] {
  const configuration = configurationEntry(term, anyConfiguration(random));
  const second = random.oneIn(2) ? configuration : command(random, term, 24);
  return [noop(term), second, command(random, term, 24)].slice(0, random.below(4));
}

/**
 * Storage of the voters after two leaders failed: all have the first one's entries, one voter also some that it made as
 * the leader of term 2, another some that it made in term 3.
 */
function anyDisks(random: Random): Disk[] {
  const common = committedLog(random, random.oneIn(2) ? 40 + random.below(80) : random.below(12));
  return [
    new Disk(2, VOTERS[0], [...common, ...uncommittedLog(random, 2)]),
    new Disk(3, VOTERS[1], [...common, ...uncommittedLog(random, 3)]),
    new Disk(3, VOTERS[1], common.slice(0, common.length - random.below(common.length + 1))),
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

/** Runs clusters of every shape and keeps what they came through. */
export function harvest(instance: CoreInstance, seed: number): Harvest {
  const random = new Random(seed);
  const states = new Sample<State>(STATES, random);
  const messages = SHAPES.map((capacity, shape) => {
    const sample = new Sample<Uint8Array>(MESSAGES, random);
    const plans = VOTERS.map((id) => ({ ...capacity, cluster: 0x1122334455667788n, group: 3, id }));
    for (let i = 0; i < CLUSTERS; i++) {
      const appends = new Map<number, Uint8Array>();
      const offer = (delivery: Delivery) => {
        const key = `${shape}/${delivery.member.node.role}/${kindOf(delivery.message)}`;
        states.offer(key, () => stateAt(shape, delivery));
      };
      const onDelivery = (delivery: Delivery) => {
        const { member, message } = delivery;
        offer(delivery);
        sample.offer(`${kindOf(message)}`, () => message);
        // A leader hardly ever gets an Append: let an earlier one come once more.
        const late = appends.get(member.id);
        if (member.node.role === Role.LEADER && late !== undefined) offer({ ...delivery, message: late });
        if (kindOf(message) === MessageKind.APPEND) appends.set(member.id, message);
      };
      const disks = i === 0 ? [] : anyDisks(random);
      const configuration = anyConfiguration(random);
      const network = random.pick([30, 60, 200]);
      const cluster = new SmallCluster({ instance, plans, configuration, disks, random, network, onDelivery });
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
