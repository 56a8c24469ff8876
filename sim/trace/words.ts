/** Steps in words. */

import { MemberRole, MessageKindName, ReadKindName, TimerKindName } from "../../host/core/abi.js";
import { membersOf } from "../messages.js";
import { FailingEffect } from "../sim-node.js";
import { type Step, toBytes } from "./step.js";

const EFFECTS = Object.keys(FailingEffect);

/** What a step is, in words. */
export function describeStep(step: Step): string {
  switch (step.do) {
    case "DELIVER":
    case "DROP":
    case "DUPLICATE":
      return `${step.do.toLowerCase()} ${step.from} -> ${step.to} ${MessageKindName[step.kind] ?? step.kind} no. ${step.nth}`;
    case "BLOCK":
    case "UNBLOCK":
      return `${step.do === "BLOCK" ? "cut" : "heal"} ${step.from} -> ${step.to}`;
    case "INJECT":
      return "a message that nobody sent arrives";
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
    case "READ":
      return `${(ReadKindName[step.kind] ?? "").toLowerCase()} read${step.client === undefined ? "" : ` of key ${step.key} by client ${step.client}`}`;
    case "DURABLE":
      return `${step.count} writes become durable`;
    case "REPORT":
      return `the log is reported durable up to ${step.index}/${step.term}`;
    case "CRASH":
      return `crashes, keeping ${step.keep} writes${step.torn === 0 ? "" : ` and ${step.torn} entries of the next`}`;
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

const SIMPLE: Readonly<Record<string, string>> = {
  COMMAND: "a proposal of no client",
  FLUSH: "is flushed",
  RESTART: "restarts",
  SNAPSHOT: "takes a snapshot",
  TELL: "its core is told of the snapshot",
  INSTALL: "makes the snapshot that came in durable",
  LOSE: "loses the snapshot that comes in",
};

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
