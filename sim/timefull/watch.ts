/**
 * What has to hold of running nodes at any pace: at most one leader a term (paper 5.2), the same command at the same
 * index on every node (paper 5.4.3), and reads that see what was applied before they were asked for. The simulator's rules
 * need a world that stands still; these are those that need none.
 */

import { crc32c } from "@node-rs/crc32";
import { EventKind, Role } from "../../host/core/abi.js";
import type { EntryPosition, StateMachine } from "../../host/machine/machine.js";
import type { NodeStatus } from "../../host/node.js";
import type { Observer } from "../../host/observer/observer.js";
import type { NodeId } from "../../host/transport/transport.js";

/** Indexes whose commands are remembered. A node that is further behind gets a snapshot, or is not judged on these. */
const REMEMBERED = 1 << 20;

interface Seen {
  readonly term: number;
  readonly checksum: number;
  readonly node: NodeId;
}

export class Watch {
  /** What was broken, in words. */
  readonly broken: string[] = [];
  /** Elections won, and times that each event was told. */
  elections = 0;
  readonly events = new Float64Array(EventKind.COUNT);
  /** Highest index that any node has applied. */
  applied = 0;
  readonly #leaders = new Map<number, NodeId>();
  readonly #seen = new Map<number, Seen>();

  /** A rule is broken, and be it one that somebody else judges. */
  breaks(what: string): void {
    this.broken.push(what);
  }

  /** The observer of one life of a node. */
  observer(id: NodeId): Observer {
    return {
      mask: (1 << EventKind.COUNT) - 1,
      event: (kind, first, second) => {
        this.events[kind] = (this.events[kind] ?? 0) + 1;
        if (kind === EventKind.ROLE && first === Role.LEADER) this.#leads(id, second);
      },
    };
  }

  /** A state machine that is watched. */
  machine<Result>(id: NodeId, inner: StateMachine<Result>): StateMachine<Result> {
    const { restore, snapshot } = inner;
    return {
      apply: (command, position) => {
        this.#applies(id, command, position);
        return inner.apply(command, position);
      },
      ...(snapshot === undefined ? {} : { snapshot: () => snapshot.call(inner) }),
      ...(restore === undefined ? {} : { restore: (bytes: Uint8Array) => restore.call(inner, bytes) }),
    };
  }

  /** A node answers a read that was asked for when `before` was applied somewhere. */
  answers({ applied, id, role, term }: NodeStatus, kind: string, before: number): void {
    if (applied >= before) return;
    const who = `node ${id}, ${role} of term ${term}`;
    this.breaks(`${who}, answers a read by ${kind} as of ${applied}, and ${before} was applied before it was asked`);
  }

  #leads(id: NodeId, term: number): void {
    const other = this.#leaders.get(term);
    if (other === undefined) this.elections++;
    else if (other !== id) this.breaks(`nodes ${other} and ${id} both lead in term ${term}`);
    this.#leaders.set(term, id);
  }

  #applies(id: NodeId, command: Uint8Array, { index, term }: EntryPosition): void {
    const checksum = crc32c(command);
    const seen = this.#seen.get(index);
    if (seen === undefined) {
      this.#seen.set(index, { term, checksum, node: id });
      this.#seen.delete(index - REMEMBERED);
      this.applied = Math.max(this.applied, index);
    } else if (seen.term !== term || seen.checksum !== checksum) {
      const said = `the command of term ${seen.term} at index ${index}`;
      this.breaks(`node ${seen.node} applies ${said}, and node ${id} another, of term ${term}`);
    }
  }
}
