/** What a story is: a cluster to begin with, and what happens to it. */

import { MemberRole } from "../../../host/core/abi.js";
import type { MemberInfo } from "../../../host/core/configuration.js";
import type { Capacity } from "../../../host/core/plan.js";
import type { ClusterDriver } from "./driver.js";

/** What a story begins with. */
export interface Setting {
  /** How many voters, with ids from 1 on, or the members themselves. */
  readonly members: number | readonly MemberInfo[];
  /** How many nodes, with the ids behind the members', run and are no members yet, or what they are to become. */
  readonly strangers?: number | readonly MemberInfo[];
  /** What differs from STORY_CAPACITY. */
  readonly capacity?: Partial<Capacity>;
}

export interface Story {
  readonly title: string;
  readonly setting: Setting;
  /** Titles of the scenarios whose outcome it states; they stand in the files beside this folder. */
  readonly states: readonly string[];
  readonly tell: (c: ClusterDriver) => Promise<void>;
}

/** A window and messages so small that their limits are met, and times for many round trips. */
export const STORY_CAPACITY: Capacity = {
  nodes: 9,
  windowEntries: 16,
  windowBytes: 8192,
  maxMessage: 1024,
  inflightMessages: 8,
  inflightBytes: 4096,
  uncommittedBytes: 4096,
  addressBytes: 16,
  electionTimeout: 100,
  electionJitter: 100,
  heartbeat: 20,
  keepEntries: 0,
  leaseDrift: 0,
  quiesceRounds: 0,
};

/** The members that a story begins with. */
export function membersOf({ members }: Setting): readonly MemberInfo[] {
  return typeof members === "number" ? Array.from({ length: members }, (_, i) => ({ id: i + 1 })) : members;
}

/** The nodes that are no members yet, as what they are to become. */
export function strangersOf(setting: Setting): readonly MemberInfo[] {
  const { strangers = 0 } = setting;
  if (typeof strangers !== "number") return strangers;
  const last = Math.max(...membersOf(setting).map(({ id }) => id));
  return Array.from({ length: strangers }, (_, i) => ({ id: last + 1 + i }));
}

export function learner(id: number): MemberInfo {
  return { id, roles: MemberRole.LEARNER };
}
/** A learner that becomes a voter by itself. */
export function candidate(id: number): MemberInfo {
  return { id, roles: MemberRole.LEARNER | MemberRole.PROMOTE };
}
export function witness(id: number): MemberInfo {
  return { id, roles: MemberRole.VOTER | MemberRole.WITNESS };
}

/** "c1", "c2", ...: the first so many of a kind. */
export function many(count: number, kind = "c"): string[] {
  return Array.from({ length: count }, (_, i) => `${kind}${i + 1}`);
}
