/**
 * What one node does: from a state and an input to the next state, the messages that leave, and what the rules of the
 * whole cluster have to know. Each step runs the core itself: the state is put into an arena, the input is given, the
 * effects are let out by a flush, and the arena is taken back.
 */

import { Node as Layout, MessageKind, Role, StatusCode, TimerKind } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { CoreInstance } from "../../host/core/instance.js";
import type { CoreModule } from "../../host/core/module.js";
import { statusName } from "../../host/core/node.js";
import type { Plan } from "../../host/core/plan.js";
import { CoreInvariants, Monotonic } from "../checkers/invariants.js";
import { ArenaImage } from "./arena-image.js";
import { argumentOf, InputKind, kindOf, makeInput } from "./input.js";
import { LocalEffects } from "./local-effects.js";
import { Local, LocalFormat } from "./local-state.js";
import type { Messages } from "./messages.js";
import type { CheckOptions } from "./options.js";
import { EMPTY, type Paths } from "./paths.js";
import type { SharedTable } from "./shared-table.js";
import { RuleBroken, reportBroken } from "./violation.js";

/** Every node's clock, in ms, all the time: how much time passes between inputs is part of the inputs. */
const NOW = 1 << 20;
const ELECTION_TIMEOUT = 1000;
/** When what is an election timeout ago was. */
const LONG_AGO = NOW - ELECTION_TIMEOUT - 1;
/** Most words of a record. */
const RECORD_WORDS = 4096;
/** Flushes after one input: a bound on hanging. */
const FLUSHES = 16;
/** The payload of every proposal. */
const COMMAND = new Uint8Array([1]);

/** The result of a step. */
export interface Outcome {
  /** The next state; 0 if it lies outside of the bounds, or a rule is broken. */
  readonly next: number;
  /** Messages that leave, each once, in ascending order. */
  readonly sends: Int32Array;
  /** The log up to where this node, as leader, has committed it in this step; EMPTY if it has not. */
  readonly committed: number;
  /** The term in which it has. */
  readonly committedTerm: number;
  readonly broken: RuleBroken | null;
}

const NOTHING = new Int32Array(0);

/** The capacity of the nodes: enough for the bounds, so that neither window is ever full. */
function planFor(id: number, nodes: number): Plan {
  return {
    ...{ cluster: 1n, group: 0, id, nodes, addressBytes: 0 },
    ...{ windowEntries: 16, windowBytes: 1024, maxMessage: 256 },
    ...{ inflightMessages: 1024, inflightBytes: 1024, uncommittedBytes: 1024 },
    ...{ electionTimeout: ELECTION_TIMEOUT, electionJitter: 1, heartbeat: 100 },
    ...{ keepEntries: 0, leaseDrift: 0, quiesceRounds: 0 },
  };
}

export class LocalModel {
  readonly format: LocalFormat;
  readonly #instance: CoreInstance;
  readonly #effects: LocalEffects;
  readonly #images: ArenaImage[] = [];
  readonly #record = new Int32Array(RECORD_WORDS);
  readonly #monotonic = new Monotonic(reportBroken);
  readonly #invariants = new CoreInvariants(reportBroken);

  constructor(
    core: CoreModule,
    readonly options: CheckOptions,
    readonly locals: SharedTable,
    readonly messages: Messages,
    readonly paths: Paths,
  ) {
    const { nodes, storage } = options;
    this.#instance = new CoreInstance(core);
    this.#effects = new LocalEffects(this.#instance, messages, paths, storage);
    this.format = new LocalFormat(nodes + 1);
    const members = Array.from({ length: nodes }, (_, i) => ({ id: i + 1 }));
    const configuration = encodeConfiguration(members);
    for (const { id } of members) {
      this.#effects.reset(id);
      const plan = planFor(id, nodes);
      const image = new ArenaImage(this.#instance, plan, configuration, this.#effects, this.format, paths, NOW);
      this.#images[id] = image;
    }
  }

  /** The state of a node that has started on an empty disk. */
  initial(id: number): number {
    const image = this.#imageOf(id);
    this.#effects.reset(id);
    image.restart(0, 0, EMPTY);
    this.#flush(image);
    return this.#store(image, 0);
  }

  /** The inputs that a state can take besides messages. */
  inputs(local: number): number[] {
    const { crashes, maxLog, maxTerm, nodes, unreachable } = this.options;
    const { words } = this.locals;
    const start = this.locals.start(local);
    const inputs: number[] = [];
    if (this.format.role(words, start) === Role.LEADER) {
      inputs.push(makeInput(InputKind.HEARTBEAT));
      if (nodes > 1) inputs.push(makeInput(InputKind.QUORUM_LOST));
      if (this.paths.index(words[start + Local.TIP] as number) < maxLog) inputs.push(makeInput(InputKind.PROPOSE));
      for (let peer = 1; unreachable && peer <= nodes; peer++) {
        if (peer !== words[start + Local.SELF]) inputs.push(makeInput(InputKind.UNREACHABLE, peer));
      }
    } else if (this.format.term(words, start) < maxTerm) {
      inputs.push(makeInput(InputKind.ELECTION));
    }
    const writes = words[start + Local.WRITES] as number;
    if (writes > 0) inputs.push(makeInput(InputKind.PERSIST));
    if (crashes > 0) {
      for (let kept = 0; kept <= writes; kept++) inputs.push(makeInput(InputKind.CRASH, kept));
    }
    return inputs;
  }

  /** The ways in which a message can arrive at a state: a request for a vote soon or long after a leader was heard. */
  arrivals(message: number): number[] {
    const inputs = [makeInput(InputKind.DELIVER, message)];
    if (this.messages.kind(message) === MessageKind.VOTE_REQUEST)
      inputs.push(makeInput(InputKind.DELIVER_LATE, message));
    return inputs;
  }

  /** Takes a step. With `junk`, what is dead in the state is filled with it before. */
  step(local: number, input: number, junk = false): Outcome {
    const { words } = this.locals;
    const start = this.locals.start(local);
    const self = words[start + Local.SELF] as number;
    const image = this.#imageOf(self);
    this.#effects.load(words, start, this.format);
    this.#effects.leads = this.format.role(words, start) === Role.LEADER ? this.format.term(words, start) : 0;
    image.load(words, start, junk);
    this.#monotonic.restarts(self, this.format.term(words, start));
    this.#observe(image);
    const led = words[start + Local.LED] as number;
    const commitBefore = this.format.commit(words, start);
    try {
      if (kindOf(input) === InputKind.CRASH) this.#crash(image, argumentOf(input));
      else this.#give(image, input);
      const committed = this.#judge(image, commitBefore);
      this.#flush(image);
      const committedInFlush = this.#judge(image, commitBefore);
      const isOutside = image.node.last > this.options.maxLog;
      const next = isOutside ? 0 : this.#store(image, led);
      return this.#outcome(image, next, Math.max(committed, committedInFlush));
    } catch (error) {
      if (error instanceof RuleBroken) return brokenOutcome(error);
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return brokenOutcome(new RuleBroken("no trap", `node ${self} traps: ${error.message}`));
    }
  }

  #imageOf(id: number): ArenaImage {
    const image = this.#images[id];
    if (image === undefined) throw new Error(`there is no node ${id}`);
    return image;
  }

  #crash(image: ArenaImage, kept: number): void {
    this.#effects.crash(kept);
    const { diskTerm, diskTip, diskVote, self } = this.#effects;
    image.restart(diskTerm, diskVote, diskTip);
    this.#monotonic.restarts(self, diskTerm);
  }

  #give(image: ArenaImage, input: number): void {
    const { node } = image;
    const argument = argumentOf(input);
    switch (kindOf(input)) {
      case InputKind.DELIVER:
        image.setTime(Layout.lastHeard, NOW);
        this.#receive(image, argument);
        break;
      case InputKind.DELIVER_LATE:
        image.setTime(Layout.lastHeard, LONG_AGO);
        this.#receive(image, argument);
        break;
      case InputKind.ELECTION:
        image.setTime(Layout.electionBase, LONG_AGO);
        node.timer(NOW, TimerKind.ELECTION);
        break;
      case InputKind.HEARTBEAT:
        image.setContact(NOW);
        node.timer(NOW, TimerKind.HEARTBEAT);
        break;
      case InputKind.QUORUM_LOST:
        image.setContact(LONG_AGO);
        node.timer(NOW, TimerKind.HEARTBEAT);
        break;
      case InputKind.PROPOSE:
        node.propose(COMMAND);
        break;
      case InputKind.PERSIST:
        this.#persist(image);
        break;
      default:
        node.unreachable(argument);
    }
  }

  #receive(image: ArenaImage, message: number): void {
    const { node } = image;
    const start = this.messages.start(message);
    const length = this.messages.length(message);
    const memory = this.#instance.words;
    for (let i = 0; i < length; i++) memory[(node.inbox >> 2) + i] = this.messages.words[start + i] as number;
    const status = node.receiveInbox(NOW, length * 4);
    if (status >= 0 || node.failure !== 0) return;
    const what = this.messages.describe(message);
    reportBroken("messages are taken", `node ${node.plan.id} refuses ${what}: ${statusName(status)}`);
  }

  #persist(image: ArenaImage): void {
    const index = this.#effects.persist();
    if (index <= image.node.durable) return;
    image.node.durableUpTo(index, this.paths.term(this.paths.upTo(this.#effects.diskTip, index)));
  }

  #flush(image: ArenaImage): void {
    const { node } = image;
    this.#effects.leads = node.role === Role.LEADER && this.#effects.leads === node.term ? node.term : 0;
    let status: number = StatusCode.MORE;
    for (let i = 0; status === StatusCode.MORE; i++) {
      if (i === FLUSHES) reportBroken("termination", `node ${node.plan.id} has more to flush after ${i} flushes`);
      this.#effects.beginFlush();
      status = node.flush(NOW);
    }
    this.#effects.endFlush();
  }

  /** Judges a node after a call; answers the commit index if it is a leader that has raised it, else 0. */
  #judge(image: ArenaImage, commitBefore: number): number {
    const { node } = image;
    if (node.failure !== 0) reportBroken("nodes go on", `node ${node.plan.id} stops: ${statusName(node.failure)}`);
    this.#invariants.holds(node.plan.id, node.brokenInvariant());
    this.#observe(image);
    return node.role === Role.LEADER && node.commit > commitBefore ? node.commit : 0;
  }

  #observe({ node }: ArenaImage): void {
    this.#monotonic.observes(node.plan.id, node.term, node.commit, node.applied);
  }

  /** The number of the state that the node is in. */
  #store(image: ArenaImage, led: number): number {
    const { diskTerm, diskTip, diskVote, self, writes, written } = this.#effects;
    const record = this.#record;
    const { node } = image;
    image.store(record);
    if (record[Local.TIP] !== written) {
      const both = `${this.paths.describe(record[Local.TIP] as number)} is, and ${this.paths.describe(written)} was`;
      reportBroken("append order", `the log of node ${self} ${both} handed over`);
    }
    record[Local.SELF] = self;
    record[Local.LED] = node.role === Role.LEADER ? led | (1 << node.term) : led;
    record[Local.DISK_TERM] = diskTerm;
    record[Local.DISK_VOTE] = diskVote;
    record[Local.DISK_TIP] = diskTip;
    for (const write of writes) write.held = distinct(write.held);
    return this.locals.intern(record, this.format.putWrites(record, writes));
  }

  #outcome(image: ArenaImage, next: number, commit: number): Outcome {
    const { sends } = this.#effects;
    return {
      next,
      sends: sends.length === 0 ? NOTHING : Int32Array.from(distinct(sends)),
      committed: commit === 0 ? EMPTY : this.paths.upTo(image.takeTip(), commit),
      committedTerm: commit === 0 ? 0 : image.node.term,
      broken: null,
    };
  }
}

function brokenOutcome(broken: RuleBroken): Outcome {
  return { next: 0, sends: NOTHING, committed: EMPTY, committedTerm: 0, broken };
}

function distinct(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
