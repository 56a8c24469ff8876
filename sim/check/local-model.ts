/**
 * What one node does: from a state and an input to the next state, the messages that leave, and what the rules of the
 * whole cluster have to know. Each step runs the core itself: the state is put into an arena, the input is given, the
 * effects are let out by a flush, and the arena is taken back.
 */

import { Node as Layout, Role, StatusCode, TimerKind } from "../../host/core/abi.js";
import { CoreInstance } from "../../host/core/instance.js";
import type { CoreModule } from "../../host/core/module.js";
import { type CoreNode, statusName } from "../../host/core/node.js";
import type { Plan } from "../../host/core/plan.js";
import { CoreInvariants, Monotonic } from "../checkers/invariants.js";
import { ArenaImage } from "./arena-image.js";
import { encodeRoles, initialRoles } from "./configurations.js";
import { argumentOf, InputKind, interruptedInput, keptOf, kindOf } from "./input.js";
import { LocalEffects } from "./local-effects.js";
import { Local, LocalFormat } from "./local-state.js";
import type { Messages } from "./messages.js";
import { type CheckOptions, mayCampaign } from "./options.js";
import { brokenOutcome, distinct, NOTHING, type Outcome } from "./outcome.js";
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

/** The capacity of the nodes: enough for the bounds, so that neither window is ever full. */
function planFor(id: number, nodes: number): Plan {
  return {
    ...{ cluster: 1n, group: 0, id, nodes, addressBytes: 0 },
    ...{ windowEntries: 16, windowBytes: 4096, maxMessage: 256 },
    ...{ inflightMessages: 1024, inflightBytes: 4096, uncommittedBytes: 4096 },
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
  readonly #mostUnderWay: number;
  /** The payload of every proposal. */
  readonly #command: Uint8Array;

  constructor(
    core: CoreModule,
    readonly options: CheckOptions,
    readonly locals: SharedTable,
    readonly messages: Messages,
    readonly paths: Paths,
    /** Whether nodes that know no leader ask for pre-votes at once. */
    readonly early: boolean,
  ) {
    const { commandBytes, nodes, storage, underWay } = options;
    this.#command = new Uint8Array(commandBytes).fill(1);
    this.#mostUnderWay = underWay === "any" ? Number.POSITIVE_INFINITY : underWay;
    this.#instance = new CoreInstance(core);
    this.#effects = new LocalEffects(this.#instance, messages, paths, storage, nodes);
    this.format = new LocalFormat(nodes + 1);
    const members = Array.from({ length: nodes }, (_, i) => ({ id: i + 1 }));
    const configuration = encodeRoles(initialRoles(options), nodes);
    const counts = options.membership !== "none";
    for (const { id } of members) {
      this.#effects.reset(id);
      const plan = planFor(id, nodes);
      const log = { paths, configuration, counts, forgets: options.reductions };
      const image = new ArenaImage(this.#instance, plan, log, this.#effects, this.format, NOW);
      this.#images[id] = image;
    }
  }

  /** What becomes of a node that starts on an empty disk. */
  initial(id: number): Outcome {
    const image = this.#imageOf(id);
    this.#effects.reset(id);
    image.restart(0, 0, EMPTY);
    this.#flush(image);
    return this.#outcome(image, 0, 0);
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
    try {
      return this.#take(image, words[start + Local.LED] as number, this.format.commit(words, start), input);
    } catch (error) {
      if (error instanceof RuleBroken) return brokenOutcome(error);
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return brokenOutcome(new RuleBroken("no trap", `node ${self} traps: ${error.message}`));
    }
  }

  #take(image: ArenaImage, led: number, commitBefore: number, input: number): Outcome {
    const given = interruptedInput(input);
    if (kindOf(given) === InputKind.CRASH) this.#crash(image, argumentOf(given));
    else this.#give(image, given);
    const committed = this.#judge(image, commitBefore);
    this.#flush(image);
    const committedInFlush = this.#judge(image, commitBefore);
    if (given !== input) {
      this.#interrupt(image, keptOf(input));
      return this.#outcome(image, led, 0);
    }
    return this.#outcome(image, led, Math.max(committed, committedInFlush));
  }

  /** A crash in the middle of the writes of the flush just taken: nothing else of it has happened. */
  #interrupt(image: ArenaImage, kept: number): void {
    this.#effects.interrupt(kept);
    this.#restart(image);
    this.#flush(image);
    this.#judge(image, 0);
  }

  /**
   * Lets the election timer of a node that knows no leader fire at once: what such a node can do, one that asks for
   * pre-votes can too, and the timer may fire at any time. Answers the state before that, 0 if nothing has been done.
   */
  #campaignEarly(image: ArenaImage, led: number): number {
    const { node } = image;
    if (!this.early || node.role !== Role.FOLLOWER || node.leader !== 0) return 0;
    if (!mayCampaign(this.options, node.plan.id, node.term + 1)) return 0;
    const before = this.#store(image, led);
    const kept = image.copy();
    image.setTime(Layout.electionBase, LONG_AGO);
    node.timer(NOW, TimerKind.ELECTION);
    // One that may not campaign stays as it is; one whose own vote is a majority would do more than ask.
    if (asks(node)) {
      this.#flush(image);
      this.#judge(image, node.commit);
      return before;
    }
    image.putBack(kept);
    return 0;
  }

  #imageOf(id: number): ArenaImage {
    const image = this.#images[id];
    if (image === undefined) throw new Error(`there is no node ${id}`);
    return image;
  }

  #crash(image: ArenaImage, kept: number): void {
    this.#effects.crash(kept);
    this.#restart(image);
  }

  #restart(image: ArenaImage): void {
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
        node.propose(this.#command);
        break;
      case InputKind.PERSIST:
        this.#persist(image);
        break;
      case InputKind.RECONFIGURE:
        this.#reconfigure(image, argument);
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

  /** No change of members before the leader has committed an entry of its own term (the bug of 2015). */
  #reconfigure(image: ArenaImage, roles: number): void {
    const { node } = image;
    const { commit, term } = node;
    if (node.reconfigure(encodeRoles(roles, this.options.nodes)) !== StatusCode.OK) return;
    if (this.paths.term(this.paths.upTo(image.takeTip(), commit)) === term) return;
    reportBroken(
      "changes after a commit",
      `node ${node.plan.id} changes members before it has committed in term ${term}`,
    );
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
    // A leader whose removal is committed does not lead any more.
    const leads = node.role === Role.LEADER || this.#effects.leads === node.term;
    return leads && node.commit > commitBefore ? node.commit : 0;
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

  /** Whether a node has come to what the search has no room for, or does not allow. */
  #isOutside(node: CoreNode): boolean {
    const { maxLog, maxTerm } = this.options;
    if (node.last > maxLog || node.term > maxTerm || this.#effects.flushesUnderWay > this.#mostUnderWay) return true;
    return node.role >= Role.CANDIDATE && !mayCampaign(this.options, node.plan.id, node.term);
  }

  #outcome(image: ArenaImage, led: number, commit: number): Outcome {
    const { node } = image;
    const isOutside = this.#isOutside(node);
    const writes = this.#effects.turn.length;
    const committed = commit === 0 ? EMPTY : this.paths.upTo(image.takeTip(), commit);
    const committedTerm = commit === 0 ? 0 : node.term;
    const before = isOutside ? 0 : this.#campaignEarly(image, led);
    const next = isOutside ? 0 : this.#store(image, led);
    const { sends } = this.#effects;
    return {
      ...{ next, before, committed, committedTerm, writes },
      sends: sends.length === 0 ? NOTHING : Int32Array.from(distinct(sends)),
      broken: null,
    };
  }
}

function asks(node: CoreNode): boolean {
  return node.role === Role.PRE_CANDIDATE;
}
