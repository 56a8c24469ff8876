/**
 * The words in which a story is told, whether time stands still or runs. A story says what is done to a cluster and what has
 * to come of it; which message arrives first, and which timer fires, is the world's affair.
 *
 * `ClusterDriver` is what stories see. `Driver` has what both realizations share: it only ever looks, asks, and lets the world
 * go on a little. Time is never measured: what does not come is found out by the realization's bound.
 */

import { MemberRole } from "../../../host/core/abi.js";
import type { MemberInfo } from "../../../host/core/configuration.js";
import { withLearners } from "../../../host/node/change-plan.js";

/** A node as a story sees it. Of one that is down only `id` and `isUp` mean something. */
export interface NodeView {
  readonly id: number;
  readonly isUp: boolean;
  readonly leads: boolean;
  readonly term: number;
  /** Whom it follows; 0 if nobody. */
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly last: number;
  /** Index of its newest snapshot; 0 without one. */
  readonly snapshot: number;
  /** The commands in its state machine, in order. */
  readonly commands: readonly string[];
  /** The configuration in force. */
  readonly members: readonly MemberInfo[];
  readonly isJoint: boolean;
  /** Whether the configuration in force is not committed yet. */
  readonly isChanging: boolean;
  /** No timer runs. */
  readonly rests: boolean;
}

/** Whom something was asked of, and in which term. */
interface Asked {
  readonly node: number;
  readonly term: number;
}

/** A command that was offered to a node. "refused": it is in no log; `why` is a status code's name. "lost": another entry is
 * in its place. "unknown": nobody can tell. */
export interface Offer extends Asked {
  readonly state: "waiting" | "committed" | "refused" | "lost" | "unknown";
  readonly why: string;
  /** What the state machine answered. */
  readonly answer: string;
}

/** A read, a change or a transfer that was asked for. */
export interface Request extends Asked {
  readonly state: "waiting" | "done" | "refused";
  /** A status code's name. */
  readonly why: string;
  /** A read: the commands that it saw. */
  readonly seen: readonly string[];
}

export type ReadKind = "index" | "lease";

export interface ClusterDriver {
  /** All nodes, members or not. */
  readonly ids: readonly number[];
  node(id: number): NodeView;
  /** The first of the nodes that is not this one. */
  otherThan(id: number): number;

  // What happens.

  /** Cuts nodes off from all others; among themselves they go on. */
  isolate(...ids: readonly number[]): void;
  /** Cuts the links from one node to others, in this direction. */
  mute(from: number, ...to: readonly number[]): void;
  /** Every link works again, and loses nothing. */
  heal(): void;
  /** Every link loses about one message in so many. */
  loseOneIn(messages: number): void;
  crash(...ids: readonly number[]): Promise<void>;
  restart(...ids: readonly number[]): Promise<void>;

  // What is asked for, without waiting.

  offer(id: number, command: string | Uint8Array): Offer;
  /** Asks for a linearizable read. */
  ask(id: number, kind?: ReadKind): Request;
  /** Asks for a change to other members, in one step or through a joint configuration. */
  reconfigure(id: number, members: readonly MemberInfo[]): Request;
  /** Asks a leader to hand over, to the best if `target` is 0. */
  transfer(id: number, target?: number): Request;

  // What is waited for.

  /** Lets the world go on until something holds. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Asks whoever leads until something holds; what is refused is asked for again. */
  insist(what: string, ask: (leader: number) => Request, holds: (leader: number) => boolean): Promise<void>;
  /** Why whoever leads refuses something; what only has to wait is asked for again. */
  refusal(ask: (leader: number) => Request): Promise<string>;
  /** What became of an offer; "unknown" once there is a later leader, of whom the node that was asked may never hear. */
  outcome(offer: Offer): Promise<Offer["state"]>;
  /** Lets so many election timeouts pass. */
  pass(timeouts: number): Promise<void>;
  /** The leader, once there is one: of some nodes, or of all that are not isolated. */
  leader(...among: readonly number[]): Promise<number>;
  /** Commands are committed one after the other, by whoever leads. */
  commit(...commands: readonly string[]): Promise<void>;
  /** Reads at a node until it is answered; at whoever leads if none is named. Gives the commands that it saw. */
  read(id?: number, kind?: ReadKind): Promise<readonly string[]>;
  /** Everything that these nodes hold is the same: applied, and committed. All that are up and not isolated unless named. */
  agree(...ids: readonly number[]): Promise<void>;
  /** The members are these, and that is committed. */
  become(...members: readonly (number | MemberInfo)[]): Promise<void>;
  /** Leadership goes to a node. */
  handOver(target: number): Promise<void>;
  /** A node takes a snapshot of what it has applied. */
  snapshot(id: number): Promise<void>;
}

/** What there is to see of a node that is down. */
export function downView(id: number): NodeView {
  const none = { term: 0, leader: 0, commit: 0, applied: 0, last: 0, snapshot: 0, commands: [], members: [] };
  return { id, isUp: false, leads: false, isJoint: false, isChanging: false, rests: false, ...none };
}

/** A request that its realization settles. */
export type Settled<T> = { -readonly [Field in keyof T]: T[Field] };

export function newOffer(node: number, term: number): Settled<Offer> {
  return { node, term, state: "waiting", why: "", answer: "" };
}
export function newRequest(node: number, term: number): Settled<Request> {
  return { node, term, state: "waiting", why: "", seen: [] };
}

const REFUSED: Request = { ...newRequest(0, 0), state: "refused" };
/** What a leader refuses only for now. */
const PASSING: readonly string[] = ["NOT_READY", "CHANGE_PENDING", "TRANSFERRING"];

/** What both realizations share. */
export abstract class Driver implements ClusterDriver {
  /** Cut off from the others by `isolate`. */
  readonly #isolated = new Set<number>();

  abstract readonly ids: readonly number[];
  abstract node(id: number): NodeView;
  abstract mute(from: number, ...to: readonly number[]): void;
  abstract loseOneIn(messages: number): void;
  abstract offer(id: number, command: string | Uint8Array): Offer;
  abstract ask(id: number, kind?: ReadKind): Request;
  abstract reconfigure(id: number, members: readonly MemberInfo[]): Request;
  abstract transfer(id: number, target?: number): Request;
  abstract pass(timeouts: number): Promise<void>;

  protected abstract crashOne(id: number): Promise<void>;
  protected abstract restartOne(id: number): Promise<void>;
  protected abstract healLinks(): void;
  protected abstract takeSnapshot(id: number): Promise<boolean>;
  /** The world goes on a little. */
  protected abstract step(): Promise<void>;
  /** Whether a wait that took so many steps, since a moment that `mark` told, has been going on for too long. */
  protected abstract isTooLong(steps: number, mark: number): boolean;
  protected abstract mark(): number;

  otherThan(id: number): number {
    const other = this.ids.find((one) => one !== id);
    if (other === undefined) throw new RangeError(`there is no node besides ${id}`);
    return other;
  }

  async crash(...ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.crashOne(id)));
  }

  async restart(...ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.restartOne(id)));
  }

  isolate(...ids: readonly number[]): void {
    for (const id of ids) {
      this.#isolated.add(id);
      const others = this.ids.filter((other) => !ids.includes(other));
      this.mute(id, ...others);
      for (const other of others) this.mute(other, id);
    }
  }

  heal(): void {
    this.#isolated.clear();
    this.healLinks();
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const mark = this.mark();
    for (let steps = 0; !holds(); steps++) {
      if (this.isTooLong(steps, mark)) throw new Error(`it does not come: ${what}\n${this.#describe()}`);
      await this.step();
    }
  }

  async leader(...among: readonly number[]): Promise<number> {
    let found = 0;
    await this.until(`a leader among ${among.length === 0 ? "those that are connected" : among}`, () => {
      found = this.#leaderAmong(among.length === 0 ? this.#connected() : among);
      return found !== 0;
    });
    return found;
  }

  async commit(...commands: readonly string[]): Promise<void> {
    for (const command of commands) await this.#commitOne(command);
  }

  async read(id?: number, kind: ReadKind = "index"): Promise<readonly string[]> {
    for (;;) {
      const request = this.ask(id ?? (await this.leader()), kind);
      await this.#settled(`a read by ${kind} of node ${id ?? "that leads"}`, request);
      if (request.state === "done") return request.seen;
      await this.step();
    }
  }

  async agree(...ids: readonly number[]): Promise<void> {
    const nodes = ids.length === 0 ? this.#connected() : ids;
    await this.until(`nodes ${nodes} agree`, () => {
      const [first, ...others] = nodes.map((id) => this.node(id)).filter(({ isUp }) => isUp);
      if (first === undefined) return true;
      const isDone = ({ applied, commit, last }: NodeView) => applied === last && commit === last;
      return isDone(first) && others.every((node) => isDone(node) && node.applied === first.applied);
    });
  }

  async insist(what: string, ask: (leader: number) => Request, holds: (leader: number) => boolean): Promise<void> {
    const mark = this.mark();
    for (let steps = 0; ; steps++) {
      const leader = await this.leader();
      if (holds(leader)) return;
      if (this.isTooLong(steps, mark)) throw new Error(`it does not come: ${what}\n${this.#describe()}`);
      await this.#settled(what, ask(leader));
      await this.step();
    }
  }

  async refusal(ask: (leader: number) => Request): Promise<string> {
    for (;;) {
      const request = ask(await this.leader());
      await this.#settled("it is refused", request);
      if (request.state === "done") throw new Error("it was not refused");
      if (!PASSING.includes(request.why)) return request.why;
      await this.step();
    }
  }

  become(...members: readonly (number | MemberInfo)[]): Promise<void> {
    const target = members.map((member) => (typeof member === "number" ? { id: member } : member));
    const holds = (leader: number) => {
      const { isChanging, isJoint, members: present } = this.node(leader);
      return !isChanging && !isJoint && describeMembers(present) === describeMembers(target);
    };
    const ask = (leader: number) => {
      const { isChanging, isJoint, members: present } = this.node(leader);
      // One change at a time: what goes on comes to its end first.
      if (isChanging || isJoint) return REFUSED;
      const learners = withLearners({ members: completed(present), joint: false, autoLeave: false }, target);
      return this.reconfigure(leader, learners ?? target);
    };
    return this.insist(`the members are ${describeMembers(target)}`, ask, holds);
  }

  handOver(target: number): Promise<void> {
    const holds = (leader: number) => leader === target;
    return this.insist(`node ${target} leads`, (leader) => this.transfer(leader, target), holds);
  }

  async snapshot(id: number): Promise<void> {
    const mark = this.mark();
    for (let steps = 0; !(await this.takeSnapshot(id)); steps++) {
      if (this.isTooLong(steps, mark)) throw new Error(`node ${id} takes no snapshot\n${this.#describe()}`);
      await this.step();
    }
  }

  async outcome(offer: Offer): Promise<Offer["state"]> {
    await this.until("an offer has an outcome", () => offer.state !== "waiting" || this.#isOvertaken(offer));
    return offer.state === "waiting" ? "unknown" : offer.state;
  }

  /** One command, once. What a later leader does not have once it answers reads is never committed. */
  async #commitOne(command: string): Promise<void> {
    for (;;) {
      const outcome = await this.outcome(this.offer(await this.leader(), command));
      if (outcome === "committed") return;
      if (outcome === "unknown" && (await this.read()).includes(command)) return;
      await this.step();
    }
  }

  /** Waits for the answer, or until there is a later leader: one that was removed may never hear of its own changes. */
  async #settled(what: string, request: Request): Promise<void> {
    await this.until(what, () => request.state !== "waiting" || this.#isOvertaken(request));
  }

  #isOvertaken({ node, term }: Asked): boolean {
    const leader = this.#leaderAmong(this.#connected());
    return leader !== 0 && leader !== node && this.node(leader).term > term;
  }

  #connected(): number[] {
    return this.ids.filter((id) => !this.#isolated.has(id) && this.node(id).isUp);
  }

  #leaderAmong(ids: readonly number[]): number {
    let found = 0;
    let highest = 0;
    for (const id of ids) {
      const { isUp, leads, term } = this.node(id);
      if (!isUp || !leads || term <= highest) continue;
      found = id;
      highest = term;
    }
    return found;
  }

  #describe(): string {
    return this.ids
      .map((id) => {
        const { applied, commands, commit, isUp, last, leader, leads, members, snapshot, term } = this.node(id);
        if (!isUp) return `node ${id} is down`;
        const log = `log ${last}, commit ${commit}, applied ${applied}, snapshot ${snapshot}`;
        const who = `${leads ? "leads" : `follows ${leader}`} in term ${term}`;
        return `node ${id} ${who}, ${log}, ${commands.length} commands, members ${describeMembers(members)}`;
      })
      .join("\n");
  }
}

/** "1 2 3L 4W": by id; L learns, LP is to be promoted, W is a witness, O votes in the outgoing set, B in both. */
export function describeMembers(members: readonly MemberInfo[]): string {
  const { LEARNER, OUTGOING, PROMOTE, VOTER, WITNESS } = MemberRole;
  return [...members]
    .sort((a, b) => a.id - b.id)
    .map(({ id, priority = 0, roles = VOTER }) => {
      const both = (roles & (VOTER | OUTGOING)) === (VOTER | OUTGOING);
      const voter = both ? "B" : (roles & OUTGOING) !== 0 ? "O" : "";
      const learner = (roles & LEARNER) !== 0 ? "L" : "";
      const kind = `${voter}${learner}${(roles & PROMOTE) !== 0 ? "P" : ""}${(roles & WITNESS) !== 0 ? "W" : ""}`;
      return `${id}${kind}${priority > 0 ? `^${priority}` : ""}`;
    })
    .join(" ");
}

function completed(members: readonly MemberInfo[]): Required<MemberInfo>[] {
  return members.map((member) => ({ roles: MemberRole.VOTER, address: "", priority: 0, ...member }));
}
