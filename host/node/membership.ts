/** Operations on the membership, for administration: each says what it changes, and is one or two changes underneath. */

import { MemberRole, Role } from "../core/abi.js";
import type { ConfigurationInfo, MemberInfo } from "../core/configuration.js";
import { BadChangeError, ChangePendingError, NotCaughtUpError, NotLeaderError, UnknownNodeError } from "../errors.js";
import type { NodeId } from "../transport/transport.js";
import { planChange, withLearners } from "./change-plan.js";
import type { Changes } from "./changes.js";
import type { NodeContext } from "./context.js";
import type { Runtime } from "./runtime.js";

export interface ChangeOptions {
  /** How long the change may take, in ms; the node's `changeTimeout` unless stated. Afterwards its outcome is unknown. */
  readonly timeout?: number;
}

export interface ReconfigureOptions extends ChangeOptions {
  /** "auto", unless stated: by a joint configuration if the voters differ by more than one. "always": by one in any case. */
  readonly joint?: "auto" | "always";
  /** How long to wait for new voters to catch up, in ms; those that are no members yet become learners meanwhile. 0, as it
   * is unless stated: a new voter that has not caught up is refused. */
  readonly catchUp?: number;
}

/** A member to be. */
export interface NewMember {
  readonly id: NodeId;
  readonly address?: string;
  readonly priority?: number;
  /** It keeps terms and no payloads, and never leads. */
  readonly witness?: boolean;
}

export class Membership {
  readonly #context: NodeContext;
  readonly #changes: Changes;
  readonly #timeout: number;
  readonly #runtime: Runtime;

  /** @param timeout of a change, in ms, unless stated with it */
  constructor(context: NodeContext, changes: Changes, timeout: number, runtime: Runtime) {
    this.#context = context;
    this.#changes = changes;
    this.#timeout = timeout;
    this.#runtime = runtime;
  }

  /** From any set of members to any other. */
  async reconfigure(target: readonly MemberInfo[], options: ReconfigureOptions = {}): Promise<void> {
    const { catchUp = 0, joint = "auto", timeout = this.#timeout } = options;
    const deadline = this.#context.now() + catchUp;
    const learners = catchUp > 0 ? withLearners(this.#present(), target) : undefined;
    if (learners !== undefined) await this.#changes.submit({ members: learners, flags: 0 }, timeout);
    for (;;) {
      try {
        await this.#changes.submit(planChange(this.#present(), target, joint), timeout);
        return;
      } catch (error) {
        if (!(error instanceof NotCaughtUpError) || this.#context.now() >= deadline) throw error;
      }
      await this.#pause();
    }
  }

  /** Adds a learner; with `promote`, one that the leader makes a voter once it holds the log, and resolves then. */
  async add(member: NewMember, options: ChangeOptions & { readonly promote?: boolean } = {}): Promise<void> {
    const { members } = this.#present();
    if (members.some(({ id }) => id === member.id)) {
      throw new BadChangeError(`node ${member.id} is a member already: ids are not used twice`);
    }
    const promote = options.promote ?? false;
    const roles = MemberRole.LEARNER | witnessRole(member) | (promote ? MemberRole.PROMOTE : 0);
    const learner = { ...rowOf(member), roles };
    const timeout = options.timeout ?? this.#timeout;
    await this.#changes.submit({ members: [...members, learner], flags: 0 }, timeout, promote ? member.id : undefined);
  }

  /** Removes a member, whatever it is; the leader too, which then steps down. */
  async remove(id: NodeId, options: ChangeOptions = {}): Promise<void> {
    this.#find(id);
    await this.reconfigure(
      this.#present().members.filter((member) => member.id !== id),
      options,
    );
  }

  /** Puts a new voter in the place of one that is dead, or shall go: the new one catches up first, and both change sides in
   * one step, so that the cluster is never a voter short. */
  async replace(
    dead: NodeId,
    by: NewMember,
    options: ChangeOptions & { readonly catchUp?: number } = {},
  ): Promise<void> {
    const { roles } = this.#find(dead);
    const { members } = this.#present();
    if (members.some(({ id }) => id === by.id)) {
      throw new BadChangeError(`node ${by.id} is a member already: promote it, and remove node ${dead}`);
    }
    const kind = roles & ~(MemberRole.WITNESS | MemberRole.PROMOTE);
    const target = members.filter(({ id }) => id !== dead);
    const { catchUp = this.#timeout, ...rest } = options;
    await this.reconfigure([...target, { ...rowOf(by), roles: kind | witnessRole(by) }], { ...rest, catchUp });
  }

  /** Makes a learner a voter: at once, or with `wait` as soon as it holds the log. */
  async promote(id: NodeId, options: ChangeOptions & { readonly wait?: boolean } = {}): Promise<void> {
    const { roles } = this.#find(id);
    if ((roles & MemberRole.LEARNER) === 0) throw new BadChangeError(`node ${id} is no learner`);
    const wait = options.wait ?? false;
    const kind = wait ? MemberRole.LEARNER | MemberRole.PROMOTE : MemberRole.VOTER;
    const members = this.#with(id, { roles: kind | (roles & MemberRole.WITNESS) });
    await this.#changes.submit({ members, flags: 0 }, options.timeout ?? this.#timeout, wait ? id : undefined);
  }

  /** Gives a member another address or priority. */
  async update(
    id: NodeId,
    change: { readonly address?: string; readonly priority?: number },
    options: ChangeOptions = {},
  ): Promise<void> {
    this.#find(id);
    await this.#changes.submit({ members: this.#with(id, change), flags: 0 }, options.timeout ?? this.#timeout);
  }

  /** The configuration in force, from which a leader may change. */
  #present(): ConfigurationInfo {
    const { core } = this.#context;
    if (core.role !== Role.LEADER) throw new NotLeaderError(core.leader);
    const { configuration } = this.#changes;
    if (configuration.joint || this.#changes.isPending) throw new ChangePendingError();
    return configuration;
  }

  #find(id: NodeId): Required<MemberInfo> {
    const member = this.#present().members.find((each) => each.id === id);
    if (member === undefined) throw new UnknownNodeError(`node ${id} is no member`);
    return member;
  }

  #with(id: NodeId, change: Partial<MemberInfo>): MemberInfo[] {
    return this.#present().members.map((member) => (member.id === id ? { ...member, ...change } : member));
  }

  /** A follower's progress is heard of with the next heartbeat. */
  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#runtime.after(this.#context.core.plan.heartbeat, resolve));
  }
}

function witnessRole({ witness }: NewMember): number {
  return witness === true ? MemberRole.WITNESS : 0;
}

function rowOf({ address = "", id, priority = 0 }: NewMember): MemberInfo {
  return { id, address, priority };
}
