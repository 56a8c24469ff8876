/**
 * One node in an instance of the core: the inputs as methods, the state as getters. Answers are the core's status codes;
 * nothing here decides anything about Raft.
 */

import { Node as Layout, Plan as PlanLayout, StatusCode, StatusCodeName } from "./abi.js";
import { configurationLength } from "./configuration.js";
import { type CoreInstance, type Effects, high, low } from "./instance.js";
import { describePlanProblem, type Plan, planFits, writePlan } from "./plan.js";

/** The core refused something that the host got wrong. */
export class CoreError extends Error {
  override readonly name = "CoreError";
  constructor(
    message: string,
    /** The status code. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** A status code's name, for messages. */
export function statusName(status: number): string {
  return StatusCodeName[status] ?? `status ${status}`;
}

/** Bytes of arena that a plan takes.
 * @throws {CoreError} that says which field is wrong */
export function planBytes(instance: CoreInstance, plan: Plan): number {
  if (!planFits(plan)) throw badPlan(plan, StatusCode.BAD_PLAN);
  const scratch = instance.allocate(PlanLayout.size);
  writePlan(instance.view, scratch, plan);
  const bytes = instance.exports.planBytes(scratch);
  instance.release(scratch, PlanLayout.size);
  if (bytes < 0) throw badPlan(plan, bytes);
  return bytes;
}

function badPlan(plan: Plan, status: number): CoreError {
  return new CoreError(`the capacity plan cannot be used: ${describePlanProblem(plan)}`, status);
}

export class CoreNode {
  /** The arena's address. */
  readonly handle: number;
  /** The arena's size in bytes. */
  readonly size: number;
  /** Address of the place for bytes that go into an input; `maxMessage` bytes. */
  readonly inbox: number;
  /** Longest payload of a proposal, in bytes. */
  readonly maxPayload: number;
  /** Of a node that rests, or has not heard from a leader since it woke: when it last had. */
  #heardBefore: number | undefined;

  constructor(
    readonly instance: CoreInstance,
    readonly plan: Plan,
    readonly effects: Effects,
  ) {
    this.size = planBytes(instance, plan);
    this.handle = instance.allocate(this.size);
    writePlan(instance.view, this.handle, plan);
    this.#expectOk("init", instance.exports.init(this.handle, this.size, this.handle));
    this.inbox = this.handle + instance.u32(this.handle + Layout.inboxOffset);
    this.maxPayload = instance.u32(this.handle + Layout.maxPayload);
  }

  /** Gives the arena back. The node must not be used afterwards. */
  release(): void {
    this.instance.release(this.handle, this.size);
  }

  restoreHardState(term: number, vote: number): void {
    this.#expectOk("restoreHardState", this.#exports.restoreHardState(this.handle, low(term), high(term), vote));
  }

  /** Restores where the log begins; `configuration` is in wire form, empty if none is known. Storage holds the entries
   * behind `compacted`, so that a slow follower need not be sent the snapshot. */
  restoreSnapshot(index: number, term: number, configuration: Uint8Array, compacted = index): void {
    const place = this.#toInbox(configuration);
    const { handle } = this;
    this.#expectOk(
      "restoreSnapshot",
      this.#exports.restoreSnapshot(
        handle,
        low(index),
        high(index),
        low(term),
        high(term),
        low(compacted),
        high(compacted),
        place,
        configuration.length,
      ),
    );
  }

  /** Restores whole entries, at most `maxMessage` bytes at a time. */
  restoreEntries(entries: Uint8Array): void {
    const place = this.#toInbox(entries);
    this.#expectOk("restoreEntries", this.#exports.restoreEntries(this.handle, place, entries.length));
  }

  start(now: number): void {
    this.#expectOk("start", this.#exports.start(this.handle, low(now), high(now)));
  }

  /** Input: a message. Too long a one is refused here, as it does not fit the inbox. */
  receive(now: number, message: Uint8Array): number {
    if (message.length > this.plan.maxMessage) return StatusCode.OVERSIZED;
    this.instance.bytes.set(message, this.inbox);
    return this.receiveInbox(now, message.length);
  }

  /** Input: a message that lies in the inbox already. */
  receiveInbox(now: number, length: number): number {
    // Of one that woke from a rest and has not heard from its leader; most never rest, and this is a hot path.
    const wokenClock = this.#heardBefore === undefined || this.quiet ? undefined : this.#electionClock;
    const status = this.#exports.receive(this.handle, low(now), high(now), this.inbox, length);
    // A follower rests at its leader's word. It wakes at anybody's, and the clock is set then as well.
    if (this.quiet) this.#heardBefore = this.#electionClock;
    else if (wokenClock !== undefined && this.#electionClock !== wokenClock) this.#heardBefore = undefined;
    return status;
  }

  /** Input: a timer fired. */
  timer(now: number, kind: number): number {
    return this.#exports.timer(this.handle, low(now), high(now), kind);
  }

  /** Input: a command. If taken, it stands at index `last` in term `term`. */
  propose(command: Uint8Array): number {
    if (command.length > this.maxPayload) return StatusCode.TOO_LARGE;
    this.instance.bytes.set(command, this.inbox);
    return this.#exports.propose(this.handle, this.inbox, command.length);
  }

  /** Input: the log is durable up to (index, term). */
  durableUpTo(index: number, term: number): number {
    return this.#exports.durable(this.handle, low(index), high(index), low(term), high(term));
  }

  /** Input: a member could not be reached. */
  unreachable(peer: number): number {
    return this.#exports.unreachable(this.handle, peer);
  }

  /** Input: a linearizable read. OK: its ticket is `readTicket`; READY: it may be answered at once. */
  read(now: number, kind: number): number {
    return this.#exports.read(this.handle, low(now), high(now), kind);
  }

  /** Input: another configuration, in wire form. If taken, it stands at index `last`. */
  reconfigure(configuration: Uint8Array): number {
    const { handle, plan } = this;
    if (configuration.length > plan.maxMessage) return StatusCode.BAD_CONFIGURATION;
    return this.#exports.reconfigure(handle, this.#toInbox(configuration), configuration.length);
  }

  /** Input: hand over leadership, to the best member if `target` is 0. */
  transfer(now: number, target: number): number {
    return this.#exports.transfer(this.handle, low(now), high(now), target);
  }

  /** Input: a snapshot is durable; `configuration` is in wire form. OK for one that a leader sent: the log begins behind
   * it, and the state machine is to be restored from it before the next flush. */
  snapshot(index: number, term: number, configuration: Uint8Array): number {
    if (configuration.length > this.plan.maxMessage) return StatusCode.BAD_CONFIGURATION;
    const place = this.#toInbox(configuration);
    const { handle } = this;
    return this.#exports.snapshot(handle, low(index), high(index), low(term), high(term), place, configuration.length);
  }

  /** Input: the image that was being received is lost. */
  snapshotFailed(): number {
    return this.#exports.snapshotFailed(this.handle);
  }

  /** Chooses the events for the observer. */
  observe(mask: number): void {
    this.#expectOk("observe", this.#exports.observe(this.handle, mask));
  }

  /** Lets out what is due. */
  flush(now: number): number {
    const { instance } = this;
    const outer = instance.current;
    instance.current = this.effects;
    try {
      return this.#exports.flush(this.handle, low(now), high(now));
    } finally {
      instance.current = outer;
    }
  }

  /** Number of the broken invariant, 0 if all hold. */
  brokenInvariant(): number {
    return this.#exports.invariants(this.handle);
  }

  get role(): number {
    return this.instance.u32(this.handle + Layout.role);
  }
  get term(): number {
    return this.instance.u64(this.handle + Layout.term);
  }
  get vote(): number {
    return this.instance.u32(this.handle + Layout.vote);
  }
  /** Id of the leader, 0 if not known. */
  get leader(): number {
    return this.instance.u32(this.handle + Layout.leader);
  }
  get commit(): number {
    return this.instance.u64(this.handle + Layout.commit);
  }
  get applied(): number {
    return this.instance.u64(this.handle + Layout.applied);
  }
  get first(): number {
    return this.instance.u64(this.handle + Layout.first);
  }
  get last(): number {
    return this.instance.u64(this.handle + Layout.last);
  }
  get lastTerm(): number {
    return this.instance.u64(this.handle + Layout.lastTerm);
  }
  get durable(): number {
    return this.instance.u64(this.handle + Layout.durable);
  }
  /** Index of the newest snapshot, 0 without one. */
  get snapshotIndex(): number {
    return this.instance.u64(this.handle + Layout.snapshotIndex);
  }
  /** Term of the entry at `snapshotIndex`. */
  get snapshotTerm(): number {
    return this.instance.u64(this.handle + Layout.snapshotTerm);
  }
  /** Index of the entry whose configuration is in force. */
  get configurationIndex(): number {
    return this.instance.u64(this.handle + Layout.configurationIndex);
  }
  /** Bits of ConfigurationFlag of the configuration in force. */
  get configurationFlags(): number {
    return this.instance.u32(this.handle + Layout.configurationFlags);
  }
  /** Members of the configuration in force; 0 if none is known. */
  get members(): number {
    return this.instance.u32(this.handle + Layout.members);
  }
  /** A copy of the configuration in force, in wire form; empty if none is known. */
  get configuration(): Uint8Array {
    if (this.members === 0) return new Uint8Array(0);
    const start = this.handle + this.instance.u32(this.handle + Layout.configurationOffset);
    return this.instance.bytes.slice(start, start + configurationLength(this.instance.view, start));
  }
  /** The newest ticket given to a read. */
  get readTicket(): number {
    return this.instance.u64(this.handle + Layout.readTicket);
  }
  /** When this node last heard from a leader, or started, in ms; never later. Of a node that its leader woke from a rest it is
   * the time before that rest, until the next message. */
  get lastHeard(): number {
    return this.#heardBefore ?? this.#electionClock;
  }
  /** Whom this leader hands over to; 0 if to nobody. */
  get transferTarget(): number {
    return this.instance.u32(this.handle + Layout.transferTarget);
  }
  /** Whether the group rests: no timer runs. */
  get quiet(): boolean {
    return this.instance.u32(this.handle + Layout.quiet) !== 0;
  }
  /** 0 while the node works, else the status code that says why it stopped. */
  get failure(): number {
    return this.instance.view.getInt32(this.handle + Layout.failure, true);
  }
  /** A copy of the arena: all there is of this node. */
  get arena(): Uint8Array {
    return this.instance.bytes.slice(this.handle, this.handle + this.size);
  }

  /** From when on the core waits for its leader, in ms: since it heard from it, started, or woke. */
  get #electionClock(): number {
    return this.instance.u64(this.handle + Layout.lastHeard);
  }

  get #exports() {
    return this.instance.exports;
  }

  #toInbox(bytes: Uint8Array): number {
    if (bytes.length > this.plan.maxMessage) {
      throw new RangeError(`${bytes.length} bytes do not fit the inbox of ${this.plan.maxMessage} bytes`);
    }
    this.instance.bytes.set(bytes, this.inbox);
    return this.inbox;
  }

  #expectOk(what: string, status: number): void {
    if (status !== StatusCode.OK) throw new CoreError(`${what} was refused: ${statusName(status)}`, status);
  }
}
