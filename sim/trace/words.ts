/** Steps in words. */

import { MemberRole, MessageKindName, ReadKindName, TimerKindName } from "../../host/core/abi.js";
import { DAMAGE_NAMES } from "../core-world/damage.js";
import type { Hindrance } from "../core-world/network.js";
import { FailingEffect } from "../core-world/sim-node.js";
import { membersOf } from "../messages.js";
import { type Step, toBytes } from "./step.js";

const EFFECTS = Object.keys(FailingEffect);

/** What a step is, in words. */
export function describeStep(step: Step): string {
  switch (step.do) {
    case "DELIVER":
    case "DROP":
    case "DUPLICATE":
    case "HOLD_UP":
    case "LET_GO":
      return `${step.do.toLowerCase().replace("_", " ")} ${step.from} -> ${step.to} ${MessageKindName[step.kind] ?? step.kind} no. ${step.nth}`;
    case "CORRUPT":
      return `deliver ${step.from} -> ${step.to} ${MessageKindName[step.kind] ?? step.kind} no. ${step.nth} with ${DAMAGE_NAMES[step.way] ?? "damage"}`;
    case "HINDER":
      return `${step.from} -> ${step.to} ${describeHindrance(step)}`;
    case "RELIEVE":
      return `${step.from} -> ${step.to} is well again`;
    case "BLOCK":
    case "UNBLOCK":
      return `${step.do === "BLOCK" ? "cut" : "heal"} ${step.from} -> ${step.to}`;
    case "INJECT":
      return "a message that nobody sent arrives";
    case "ABANDON":
      return `session client ${step.client} asks no more for its command ${step.sequence}`;
    case "GIVE_UP":
      return `client ${step.client} loses patience`;
    case "ADVANCE":
      return `${step.ms} ms pass${step.node === 0 ? "" : ` on ${step.node}`}`;
    default:
      return `${step.node}: ${describeOnNode(step)}`;
  }
}

type OnNode = Extract<Step, { node: number }>;

function describeOnNode(step: OnNode): string {
  switch (step.do) {
    case "TIMER":
      return `${(TimerKindName[step.timer] ?? "").toLowerCase()} timer fires`;
    case "PROPOSE":
      return `client ${step.client} ${step.write ? "writes" : "reads"} key ${step.key} through the log (${step.length} bytes)`;
    case "BEGIN":
      return `session client ${step.client} ${step.write ? "writes" : "reads"} key ${step.key}`;
    case "RETRY":
      return `session client ${step.client} asks for its command ${step.sequence} again`;
    case "ECHO":
      return `a copy of what session client ${step.client} asked for ${step.back + 1} requests ago arrives`;
    case "REGISTER":
    case "KEEP_ALIVE":
    case "CLOSE":
      return `session client ${step.client} ${SESSION_WORDS[step.do]}`;
    case "READ":
      return `${(ReadKindName[step.kind] ?? "").toLowerCase()} read${step.client === undefined ? "" : ` of key ${step.key} by client ${step.client}`}`;
    case "RATE":
      return `its clock runs at ${step.rate / 1000}`;
    case "DURABLE":
      return `${step.count} writes become durable`;
    case "REPORT":
      return `the log is reported durable up to ${step.index}/${step.term}`;
    case "CRASH":
      return `crashes, keeping ${step.keep} writes${step.torn === 0 ? "" : ` and ${step.torn} entries of the next`}`;
    case "BOUNDARY":
      return `dies after ${step.effects} more effects, keeping ${step.keep} writes${step.torn === 0 ? "" : ` and ${step.torn} entries of the next`}`;
    case "FAIL":
      return `the next ${EFFECTS[step.effect]} fails${step.kept ? " although it is done" : ""}`;
    case "UNREACHABLE":
      return `hears that ${step.peer} is unreachable`;
    case "RECONFIGURE":
      return `is asked for the configuration ${describeConfiguration(toBytes(step.configuration))}`;
    case "TRANSFER":
      return `is asked to hand over to ${step.target === 0 ? "the best" : step.target}`;
    case "DEFER_READS":
      return step.on ? "its storage answers later" : "its storage answers at once";
    case "REFUSE_CHUNKS":
      return step.on ? "its host takes no chunks" : "its host takes chunks";
    default:
      return SIMPLE[step.do] ?? step.do.toLowerCase();
  }
}

const SESSION_WORDS = {
  REGISTER: "opens a session",
  KEEP_ALIVE: "keeps its session alive",
  CLOSE: "closes its session",
} as const;

const SIMPLE: Readonly<Record<string, string>> = {
  COMMAND: "a proposal of no client",
  FLUSH: "is flushed",
  RESTART: "restarts",
  LOSE_DISK: "is lost with its disk",
  SNAPSHOT: "takes a snapshot",
  TELL: "its core is told of the snapshot",
  INSTALL: "makes the snapshot that came in durable",
  LOSE: "loses the snapshot that comes in",
};

function describeHindrance(hindrance: Hindrance): string {
  const { kinds, losesOldest, losses, otherVersion, room } = hindrance;
  const names = Object.entries(MessageKindName).filter(([kind]) => ((kinds >>> Number(kind)) & 1) !== 0);
  const parts: string[] = [];
  if (losses !== 0) parts.push(`loses of its next messages those in 0b${losses.toString(2)}`);
  if (kinds !== 0) parts.push(`loses every ${names.map(([, name]) => name).join(" and ")}`);
  if (room !== 0) parts.push(`has room for ${room}, and then loses the ${losesOldest ? "oldest" : "newest"}`);
  if (otherVersion) parts.push("is of another version");
  return parts.length === 0 ? "is well" : parts.join(", ");
}

/** "1:voter 2:learner". */
export function describeConfiguration(configuration: Uint8Array): string {
  return membersOf(configuration)
    .map(({ id, roles }) => `${id}:${describeRoles(roles)}`)
    .join(" ");
}

function describeRoles(roles: number): string {
  const names = Object.entries(MemberRole).filter(([, bit]) => (roles & bit) !== 0);
  return names.map(([name]) => name.toLowerCase()).join("+");
}
