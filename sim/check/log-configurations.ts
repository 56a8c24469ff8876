/** Which configurations logs hold, and what is a majority by the one in force at the end of a log. */

import { Configuration, Entry, EntryKind, Member, MemberRole } from "../../host/core/abi.js";
import { idsWith, isJoint, withRole } from "./configurations.js";
import { EMPTY, type Paths } from "./paths.js";

/** Of the word with a member's roles, the byte that has them. */
const ROLE_BYTE = 0xff;

export class LogConfigurations {
  constructor(
    readonly paths: Paths,
    readonly initial: number,
  ) {}

  /** Changes in a log that somebody asked for: all configurations but those that leave a joint one. */
  changes(tip: number): number {
    let count = 0;
    for (let at = tip; at !== EMPTY; at = this.paths.parent(at)) {
      if (this.paths.kind(at) === EntryKind.CONFIGURATION && !this.#leaves(at)) count++;
    }
    return count;
  }

  /** The configuration in force at the end of a log. */
  inForce(tip: number): number {
    for (let at = tip; at !== EMPTY; at = this.paths.parent(at)) {
      if (this.paths.kind(at) === EntryKind.CONFIGURATION) return this.#decode(at);
    }
    return this.initial;
  }

  /** The configurations in a log behind which there is another one, and the logs that end with them. */
  replaced(tip: number): (readonly [number, number])[] {
    const found: (readonly [number, number])[] = [];
    for (let at = tip; at !== EMPTY; at = this.paths.parent(at)) {
      if (this.paths.kind(at) === EntryKind.CONFIGURATION) found.push([at, this.#decode(at)]);
    }
    return found.slice(1);
  }

  /** Whether nodes are a majority of each set of voters. */
  isQuorum(roles: number, holds: (id: number) => boolean, nodes: number): boolean {
    return [MemberRole.VOTER, MemberRole.OUTGOING].every((role) => {
      const ids = idsWith(roles, nodes, role);
      return ids.length === 0 || ids.filter(holds).length * 2 > ids.length;
    });
  }

  #leaves(tip: number): boolean {
    return !isJoint(this.#decode(tip)) && isJoint(this.inForce(this.paths.parent(tip)));
  }

  #decode(tip: number): number {
    const { words } = this.paths;
    const start = this.paths.wireStart(tip) + (Entry.size >> 2);
    let roles = 0;
    for (let i = 0; i < (words[start + (Configuration.count >> 2)] as number); i++) {
      const member = start + ((Configuration.size + i * Member.size) >> 2);
      roles = withRole(
        roles,
        words[member + (Member.id >> 2)] as number,
        (words[member + (Member.roles >> 2)] as number) & ROLE_BYTE,
      );
    }
    return roles;
  }
}
