/**
 * Takes the steps of a trace in a new world. A step that makes no sense there, because steps before it were removed or
 * because the core is another one, is an error in an exact trace and passed over in any other.
 */

import type { CoreUnderTest } from "../core-under-test.js";
import { JudgedActions } from "../judged-actions.js";
import { type Envelope, kindOf, type Link } from "../network.js";
import { Random } from "../random.js";
import { type OpenRun, openRun } from "../settings.js";
import { type SimNode, UNARMED } from "../sim-node.js";
import { judge, type Standing, type Verdict } from "../verdict.js";
import type { World } from "../world.js";
import { type Step, type StepName, type Tap, type TraceStep, toBytes } from "./step.js";
import { type Trace, TraceError } from "./trace.js";

type Of<Name extends StepName> = Extract<Step, { do: Name }>;
type MessageStep = Of<"DELIVER" | "DROP" | "DUPLICATE">;

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
        return this.#onMessage(step);
      case "ADVANCE":
        if (step.node !== 0) return false;
        this.world.advanceAll(step.ms);
        return true;
      case "BLOCK":
      case "UNBLOCK":
        return this.#onLink(step);
      case "INJECT":
        this.world.inject(toBytes(step.message));
        return true;
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
    const position = link === null ? -1 : positionOf(link, step);
    if (link === null || position < 0) return false;
    if (step.do === "DELIVER") this.#actions.deliver(link, position);
    else if (step.do === "DROP") this.world.drop(link, position);
    else this.world.duplicate(link, position);
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
      if (node.isUp) return false;
      this.world.restart(node);
      return true;
    }
    return node.isUp && (this.#input(node, step) || this.#operate(node, step));
  }

  /** What happens to a node that runs. */
  #input(node: SimNode, step: Step): boolean {
    const { world } = this;
    switch (step.do) {
      case "TIMER":
        return this.#fire(node, step);
      case "ADVANCE":
        world.advance(node, step.ms);
        return true;
      case "PROPOSE":
        if (!this.run.clients.isIdle(step.client)) return false;
        this.#actions.propose(node, step);
        return true;
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
        this.#actions.stop(node, Math.min(step.keep, node.disk.pending.length), step.torn);
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
        world.reconfigure(node, toBytes(step.configuration));
        return true;
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

/** Where the message that a step names lies on its link: by its number, else by its place among those of its kind. */
function positionOf(link: Link, { at, kind, nth }: MessageStep): number {
  const { messages } = link;
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
