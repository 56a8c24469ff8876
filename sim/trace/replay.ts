/**
 * Takes the steps of a trace in a new world. A step that makes no sense there, because steps before it were removed or
 * because the core is another one, is an error in an exact trace and passed over in any other.
 */

import { Role } from "../../host/core/abi.js";
import type { CoreUnderTest } from "../core-under-test.js";
import { DAMAGE_NAMES } from "../core-world/damage.js";
import { JudgedActions } from "../core-world/judged-actions.js";
import { keepsMajority, mayLoseDisk } from "../core-world/lost-disks.js";
import { type Envelope, kindOf, type Link } from "../core-world/network.js";
import { type OpenRun, openRun } from "../core-world/settings.js";
import { type SimNode, UNARMED } from "../core-world/sim-node.js";
import { judge, type Standing, type Verdict } from "../core-world/verdict.js";
import type { World } from "../core-world/world.js";
import { Random } from "../random.js";
import { TraceError } from "./json-lines.js";
import { type Step, type StepName, type Tap, type TraceStep, toBytes } from "./step.js";
import type { Trace } from "./trace.js";

type Of<Name extends StepName> = Extract<Step, { do: Name }>;
type MessageStep = Of<"DELIVER" | "DROP" | "DUPLICATE" | "HOLD_UP" | "CORRUPT">;

/** Nodes and clients that a step may name are those of the settings. */
export class Replay {
  readonly run: OpenRun;
  readonly #actions: JudgedActions;

  constructor(trace: Pick<Trace, "settings">, core: CoreUnderTest) {
    const { settings } = trace;
    this.run = openRun(settings, core, new Random(settings.seed));
    this.#actions = new JudgedActions(this.run.world, this.run.clients);
  }

  get world(): World {
    return this.run.world;
  }

  /** Takes a step; false if it does not apply. */
  take({ hold, step }: TraceStep): boolean {
    const { world } = this;
    world.autoFlush = !hold;
    const node = "node" in step && step.node !== 0 ? this.#node(step.node) : null;
    const taken = node === null ? this.#inWorld(step) : this.#onNode(node, step);
    if (taken && node?.isUp === true) this.#actions.judgeFailure(node);
    return taken;
  }

  #node(id: number): SimNode | null {
    return id <= this.world.nodes.length ? this.world.node(id) : null;
  }

  #link(from: number, to: number): Link | null {
    const { length } = this.world.nodes;
    return from !== to && from <= length && to <= length ? this.world.network.link(from, to) : null;
  }

  #inWorld(step: Step): boolean {
    const { clients } = this.run;
    switch (step.do) {
      case "DELIVER":
      case "DROP":
      case "DUPLICATE":
      case "HOLD_UP":
      case "CORRUPT":
        return this.#onMessage(step);
      case "LET_GO":
        return this.#letGo(step);
      case "ADVANCE":
        if (step.node !== 0) return false;
        this.world.advanceAll(step.ms);
        return true;
      case "BLOCK":
      case "UNBLOCK":
        return this.#onLink(step);
      case "HINDER":
      case "RELIEVE":
        return this.#hinder(step);
      case "INJECT":
        this.world.inject(toBytes(step.message));
        return true;
      case "ABANDON":
        return this.#actions.abandon(step.client, step.sequence);
      case "GIVE_UP":
        if (clients.isIdle(step.client)) return false;
        this.#actions.giveUp(step.client);
        return true;
      default:
        return false;
    }
  }

  #onMessage(step: MessageStep): boolean {
    const link = this.#link(step.from, step.to);
    const position = link === null ? -1 : positionOf(link.messages, step);
    if (link === null || position < 0) return false;
    if (step.do === "DELIVER") this.#actions.deliver(link, position);
    else if (step.do === "DROP") this.world.drop(link, position);
    else if (step.do === "DUPLICATE") this.world.duplicate(link, position);
    else if (step.do === "HOLD_UP") this.world.holdUp(link, position);
    else if (step.way < DAMAGE_NAMES.length) this.world.corrupt(link, position, step.way, step.draw);
    else return false;
    return true;
  }

  #letGo(step: Of<"LET_GO">): boolean {
    const { heldUp } = this.world.network;
    const alike = heldUp.filter(({ from, to }) => from === step.from && to === step.to);
    const envelope = alike[positionOf(alike, step)];
    if (envelope === undefined) return false;
    this.world.letGo(heldUp.indexOf(envelope));
    return true;
  }

  #hinder(step: Of<"HINDER" | "RELIEVE">): boolean {
    const link = this.#link(step.from, step.to);
    if (link === null || (step.do === "RELIEVE" && link.hindrance === null)) return false;
    if (step.do === "RELIEVE") this.world.hinder(link, null);
    else {
      const { kinds, losesOldest, losses, otherVersion, room } = step;
      this.world.hinder(link, { losses, kinds, room, losesOldest, otherVersion });
    }
    return true;
  }

  #onLink(step: Of<"BLOCK" | "UNBLOCK">): boolean {
    const link = this.#link(step.from, step.to);
    const blocks = step.do === "BLOCK";
    if (link === null || link.blocked === blocks) return false;
    if (blocks) this.world.block(link);
    else this.world.unblock(link);
    return true;
  }

  #onNode(node: SimNode, step: Step): boolean {
    if (step.do === "RESTART") {
      if (node.isUp || node.isLost) return false;
      this.world.restart(node);
      return true;
    }
    if (step.do === "RATE" || step.do === "LOSE_DISK") return this.#befall(node, step);
    // The flush of a restart has boundaries, too.
    if (step.do === "BOUNDARY") {
      this.world.dieAfter(node, step.effects, step.keep, step.torn);
      return true;
    }
    return node.isUp && (this.#input(node, step) || this.#operate(node, step));
  }

  /** What happens to a node, whether it runs or not; clocks keep within the bound unless the run is one without it. */
  #befall(node: SimNode, step: Of<"RATE" | "LOSE_DISK">): boolean {
    const { world } = this;
    if (step.do === "LOSE_DISK") {
      if (!mayLoseDisk(world, node)) return false;
      world.loseDisk(node);
    } else {
      if (world.leasesHold) return false;
      world.setRate(node, step.rate);
    }
    return true;
  }

  /** What happens to a node that runs. */
  #input(node: SimNode, step: Step): boolean {
    const { world } = this;
    switch (step.do) {
      case "TIMER":
        return this.#fire(node, step);
      case "ADVANCE":
        return this.#advance(node, step);
      case "PROPOSE":
        if (!this.run.clients.isIdle(step.client)) return false;
        this.#actions.propose(node, step);
        return true;
      case "REGISTER":
      case "BEGIN":
      case "RETRY":
      case "KEEP_ALIVE":
      case "CLOSE":
      case "ECHO":
        return this.#actions.session(node, step);
      case "COMMAND":
        world.propose(node, toBytes(step.payload));
        return true;
      case "READ":
        return this.#read(node, step);
      case "FLUSH":
        world.flush(node);
        return true;
      case "DURABLE":
        if (node.disk.pending.length === 0) return false;
        world.makeDurable(node, Math.min(step.count, node.disk.pending.length));
        return true;
      case "REPORT":
        world.reportDurable(node, step.index, step.term);
        return true;
      case "CRASH":
        world.crash(node, Math.min(step.keep, node.disk.pending.length), step.torn);
        return true;
      case "UNREACHABLE":
        world.unreachable(node, step.peer);
        return true;
      default:
        return false;
    }
  }

  /** What an operator, a disk or a host does to a node that runs. */
  #operate(node: SimNode, step: Step): boolean {
    const { world } = this;
    const { snapshots } = node;
    const works = node.core.state.failure === 0;
    switch (step.do) {
      case "FAIL":
        if (works) world.failNext(node, step.effect as Parameters<World["failNext"]>[1], step.kept);
        return works;
      case "RECONFIGURE":
        return this.#reconfigure(node, toBytes(step.configuration));
      case "TRANSFER":
        world.transfer(node, step.target);
        return true;
      case "SNAPSHOT":
        return works && !snapshots.isComplete && !snapshots.isUntold && this.#snapshot(node);
      case "TELL":
        if (works && snapshots.isUntold) world.tellSnapshot(node);
        else return false;
        return true;
      case "INSTALL":
        if (works && snapshots.isComplete) world.keepSnapshot(node);
        else return false;
        return true;
      case "LOSE":
        if (works) world.loseSnapshot(node);
        return works;
      case "DEFER_READS":
        world.deferReads(node, step.on);
        return true;
      case "REFUSE_CHUNKS":
        world.refuseChunks(node, step.on);
        return true;
      default:
        return false;
    }
  }

  /** See RandomOperator: none that would have to do without a majority because of nodes that are lost. */
  #reconfigure(node: SimNode, configuration: Uint8Array): boolean {
    const { nodes } = this.world;
    if (nodes.some(({ isLost }) => isLost) && !keepsMajority(nodes, configuration)) return false;
    this.world.reconfigure(node, configuration);
    return true;
  }

  #snapshot(node: SimNode): boolean {
    this.world.takeSnapshot(node);
    return true;
  }

  /** A timer fires early only where clocks may differ in any way: leases rely on them. */
  #fire(node: SimNode, { timer }: Of<"TIMER">): boolean {
    const deadline = node.deadlines[timer] ?? UNARMED;
    if (deadline === UNARMED || (node.plan.leaseDrift > 0 && deadline > node.clock)) return false;
    this.world.fire(node, timer as 0 | 1);
    return true;
  }

  /** A clock jumps alone where nobody relies on it: a leader's lease ends with its own. */
  #advance(node: SimNode, { ms }: Of<"ADVANCE">): boolean {
    const isReliedOn = node.plan.leaseDrift > 0 && this.world.leasesHold;
    if (isReliedOn && node.core.state.role !== Role.LEADER) return false;
    this.world.advance(node, ms);
    return true;
  }

  #read(node: SimNode, { client, key, kind }: Of<"READ">): boolean {
    if (client === undefined || key === undefined) {
      this.world.read(node, kind);
      return true;
    }
    if (node.isWitness || node.core.state.failure !== 0 || !this.run.clients.isIdle(client)) return false;
    this.#actions.query(node, { client, key }, kind);
    return true;
  }
}

/** Where the message that a step names lies among those of its link: by its number, else by its place among those of its kind. */
function positionOf(messages: readonly Envelope[], { at, kind, nth }: MessageStep | Of<"LET_GO">): number {
  const exact = messages.findIndex((message) => message.nth === nth && kindOf(message) === kind);
  if (exact >= 0) return exact;
  let left = at;
  return messages.findIndex((message: Envelope) => kindOf(message) === kind && left-- === 0);
}

/** What came of a replay. */
export interface Replayed extends Standing {
  readonly verdict: Verdict;
  /** Steps that did not apply. */
  readonly skipped: number;
  readonly world: World;
}

export interface ReplayOptions {
  /** Gets the world before the first step. */
  readonly onOpen?: (world: World) => void;
  /** Hears of every step before it is taken. */
  readonly tap?: Tap;
  /** Called when a step was taken. */
  readonly onTaken?: (world: World) => void;
}

/**
 * Replays a trace and judges it.
 * @throws {TraceError} when a step of an exact trace does not apply
 */
export function replayTrace(trace: Trace, core: CoreUnderTest, { onOpen, onTaken, tap }: ReplayOptions = {}): Replayed {
  const replay = new Replay(trace, core);
  const { world } = replay;
  if (tap !== undefined) world.tap = tap;
  onOpen?.(world);
  let skipped = 0;
  const { before, verdict } = judge(replay.run, trace.settings, () => {
    for (const [i, step] of trace.steps.entries()) {
      if (replay.take(step)) onTaken?.(world);
      else if (trace.exact) throw doesNotApply(trace, core, step, i);
      else skipped++;
    }
  });
  return { ...before, verdict, skipped, world };
}

function doesNotApply(trace: Trace, core: CoreUnderTest, { step }: TraceStep, at: number): TraceError {
  const why =
    trace.core === core.sha256
      ? "the trace is damaged, or of another version of the simulator"
      : `the trace was made with the core ${trace.core.slice(0, 12)}, and this is ${core.sha256.slice(0, 12)}: --against finds where they part`;
  return new TraceError(`line ${at + 2} does not apply (${JSON.stringify(step)}): ${why}`);
}
