/** What the parts of a running node share. */

import type { CoreNode } from "../core/node.js";
import type { NodeId } from "../transport/transport.js";
import type { NodeNotice } from "./options.js";

export interface NodeContext {
  readonly id: NodeId;
  readonly core: CoreNode;
  /** Whether inputs are taken. */
  readonly running: boolean;
  /** The time in ms that goes with an input. */
  now(): number;
  /** Gives the core an input: sees to it that a flush follows, and that a broken assertion stops the node.
   * @returns what `take` answered, undefined if the node does not run (any more) */
  input(take: () => number): number | undefined;
  notice(notice: NodeNotice): void;
  /** Stops the node: it cannot go on. */
  fail(message: string, cause: unknown): void;
}
