/** Takes the steps of a trace again, and writes down what each does to the node that it happens to. */

import { Role, TimerKind } from "../../host/core/abi.js";
import type { CoreState, CoreUnderTest } from "../core-under-test.js";
import { type Envelope, isOfThisVersion } from "../core-world/network.js";
import { nodesOf } from "../core-world/settings.js";
import type { SimNode } from "../core-world/sim-node.js";
import type { World } from "../core-world/world.js";
import type { LogPath, LogTree } from "../log-tree.js";
import { TraceError } from "../trace/json-lines.js";
import { replayTrace } from "../trace/replay.js";
import { type Step, toBytes } from "../trace/step.js";
import type { Trace } from "../trace/trace.js";
import {
  type LogChange,
  SPEC_TRACE_FORMAT,
  type SpecEvent,
  type SpecHeader,
  type SpecLine,
  type SpecMemory,
  type SpecTrace,
} from "./trace.js";
import { type SpecMessage, specConfiguration, specEntry, specMessage } from "./words.js";

/** What a step is called there. The others happen to no node, or a node learns nothing of them yet. */
const EVENTS: Partial<Record<Step["do"], SpecEvent>> = {
  DELIVER: "receive",
  PROPOSE: "propose",
  COMMAND: "propose",
  REGISTER: "propose",
  BEGIN: "propose",
  RETRY: "propose",
  KEEP_ALIVE: "propose",
  CLOSE: "propose",
  ECHO: "propose",
  RECONFIGURE: "reconfigure",
  SNAPSHOT: "save",
  INSTALL: "keep",
  LOSE: "lose",
  TELL: "tell",
  DURABLE: "durable",
  CRASH: "crash",
  LOSE_DISK: "crash",
  RESTART: "restart",
  FLUSH: "other",
  READ: "other",
  TRANSFER: "other",
  UNREACHABLE: "other",
};

/** Events that a node with a stopped core takes part in: it hears nothing any more, but its disk still writes. */
const EVENTS_OF_STOPPED: readonly SpecEvent[] = ["durable", "crash"];
/** Steps that no flush follows, and steps that are one. */
const NEVER_FLUSHED: readonly Step["do"][] = ["SNAPSHOT", "INSTALL"];
const ALWAYS_FLUSHED: readonly Step["do"][] = ["FLUSH", "RESTART"];

const ROLES: Readonly<Record<number, SpecMemory["role"]>> = {
  [Role.FOLLOWER]: "follower",
  [Role.PRE_CANDIDATE]: "pre-candidate",
  [Role.CANDIDATE]: "candidate",
  [Role.LEADER]: "leader",
};

/** What was last told of a node's logs: ids of a LogTree. */
interface Told {
  written: readonly number[];
  durable: readonly number[];
}

/** A step that is being taken. */
interface Begun {
  readonly step: Step;
  readonly event: SpecEvent;
  readonly hold: boolean;
  readonly node: SimNode;
  readonly message: SpecMessage | null;
}

/**
 * Records what a trace does, for TLC.
 * @throws {TraceError} when a step does not apply, or has no place in the specification
 */
export function recordSpecTrace(trace: Trace, core: CoreUnderTest): SpecTrace {
  let recorder: SpecRecorder | undefined;
  replayTrace(trace, core, {
    onOpen: (world) => {
      recorder = new SpecRecorder(world);
    },
    tap: (step, hold) => recorder?.begins(step, hold),
    onTaken: () => recorder?.ends(),
  });
  if (recorder === undefined) throw new Error("a replay opens its world");
  const { settings } = trace;
  const header: SpecHeader = {
    metalraftSpecTrace: SPEC_TRACE_FORMAT,
    core: core.sha256,
    seed: settings.seed,
    nodes: nodesOf(settings),
    bootstrap: recorder.bootstrap,
    synchronous: !settings.faults.includes("durability"),
  };
  return { header, lines: recorder.lines };
}

class SpecRecorder {
  readonly lines: SpecLine[] = [];
  readonly bootstrap;
  readonly #world: World;
  readonly #told = new Map<number, Told>();
  #begun: Begun | null = null;
  #steps = 0;
  /** Number of the newest message that was seen. */
  #serial = 0;

  constructor(world: World) {
    this.#world = world;
    this.bootstrap = specConfiguration(world.node(1).bootstrap);
    this.#serial = newestSerial(world, this.#serial);
  }

  begins(step: Step, hold: boolean): void {
    this.#steps++;
    this.#begun = null;
    if (step.do === "INJECT" || step.do === "REPORT") {
      throw new TraceError(`step ${this.#steps} (${step.do}) is nothing that a cluster does by itself`);
    }
    const event = eventOf(step);
    if (event === undefined) return;
    const node = this.#world.node(step.do === "DELIVER" ? step.to : "node" in step ? step.node : 0);
    if (node.isUp === (event === "restart")) return;
    if (node.isUp && node.core.state.failure !== 0 && !EVENTS_OF_STOPPED.includes(event)) return;
    const arriving = step.do === "DELIVER" ? this.#arriving(step) : null;
    // Its receiver refuses a message of another version.
    if (arriving !== null && !isOfThisVersion(arriving)) return;
    const isHeld = NEVER_FLUSHED.includes(step.do) || (hold && !ALWAYS_FLUSHED.includes(step.do));
    this.#begun = { step, event, hold: isHeld, node, message: arriving === null ? null : messageIn(arriving) };
  }

  ends(): void {
    const begun = this.#begun;
    this.#begun = null;
    if (begun !== null) this.lines.push(this.#describe(begun));
    this.#serial = newestSerial(this.#world, this.#serial);
  }

  #arriving({ from, nth, to }: Extract<Step, { do: "DELIVER" }>): Envelope {
    const envelope = this.#world.network.link(from, to).messages.find((message) => message.nth === nth);
    if (envelope === undefined) throw new TraceError(`step ${this.#steps} takes a message that is not there`);
    return envelope;
  }

  #describe({ event, hold, message, node, step }: Begun): SpecLine {
    const { disk, id } = node;
    const told = this.#told.get(id) ?? { written: [], durable: [] };
    const written = idsOf(disk.written);
    const durable = idsOf(disk.durable);
    this.#told.set(id, { written, durable });
    const { tree } = this.#world;
    const state = node.isUp ? node.core.state : null;
    return {
      step: this.#steps,
      node: id,
      event,
      ...(message === null ? {} : { message }),
      ...(step.do === "RECONFIGURE" ? { configuration: specConfiguration(toBytes(step.configuration)) } : {}),
      hold,
      end: endOf(event, state),
      sends: this.#sentBy(node),
      memory: state === null ? null : memoryOf(state),
      log: changeOf(tree, told.written, written),
      disk: {
        term: disk.term,
        vote: disk.vote,
        log: changeOf(tree, told.durable, durable),
        snapshot: disk.snapshot?.index ?? 0,
      },
    };
  }

  /** Messages that a node has made since the step before, those that were lost at once left out. */
  #sentBy(node: SimNode): SpecLine["sends"] {
    const { links } = this.#world.network;
    const all = [...node.held, ...links.filter(({ from }) => from === node.id).flatMap(({ messages }) => messages)];
    const isNew = ({ serial }: Envelope) => serial > this.#serial;
    return all.filter(isNew).map((envelope) => ({ message: messageIn(envelope), waits: envelope.barrier }));
  }
}

function eventOf(step: Step): SpecEvent | undefined {
  if (step.do === "TIMER") return step.timer === TimerKind.ELECTION ? "election timeout" : "heartbeat";
  return EVENTS[step.do];
}

function endOf(event: SpecEvent, state: CoreState | null): SpecLine["end"] {
  if (state === null) return event === "crash" ? "works" : "died";
  return state.failure === 0 ? "works" : "stopped";
}

function memoryOf(state: CoreState): SpecMemory {
  const { commit, durable, last, lastTerm, leader, role, snapshotIndex, term, vote } = state;
  const name = ROLES[role];
  if (name === undefined) throw new RangeError(`a node says that its role is ${role}`);
  return { role: name, term, vote, leader, commit, last, lastTerm, durable, snapshot: snapshotIndex };
}

function messageIn({ bytes, length }: Envelope): SpecMessage {
  return specMessage(bytes.subarray(0, length));
}

function newestSerial({ network, nodes }: World, before: number): number {
  const all = [...network.links.flatMap(({ messages }) => messages), ...nodes.flatMap(({ held }) => held)];
  return all.reduce((newest, { serial }) => Math.max(newest, serial), before);
}

function idsOf(path: LogPath): readonly number[] {
  return Array.from({ length: path.last }, (_, i) => path.at(i + 1));
}

function changeOf(tree: LogTree, before: readonly number[], after: readonly number[]): LogChange {
  let keep = 0;
  while (keep < before.length && before[keep] === after[keep]) keep++;
  const add = after.slice(keep).map((id) => specEntry(tree.term(id), tree.kind(id), tree.payload(id)));
  return { keep, add };
}
