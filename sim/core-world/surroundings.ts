/** What a simulated node sees of its world. */

import type { Rules } from "../checkers/invariants.js";
import type { CoreUnderTest } from "../core-under-test.js";
import type { Digest } from "../digest.js";
import type { LogTree } from "../log-tree.js";
import type { Random } from "../random.js";
import type { Report } from "../violation.js";
import type { Network } from "./network.js";
import type { SimNode } from "./sim-node.js";

/** What all nodes of a world share. */
export interface Surroundings {
  readonly core: CoreUnderTest;
  readonly tree: LogTree;
  readonly network: Network;
  readonly rules: Rules;
  readonly random: Random;
  readonly digest: Digest;
  readonly report: Report;
  /** Whether the core's invariants are asked for after each call. */
  readonly askInvariants: boolean;
  /** The node with this id. */
  node(id: number): SimNode;
  /** The node's state is as it will be until its next input: judge it. */
  settled(node: SimNode): void;
  /** The node came to the effect behind which it dies: judge what it let out, and crash it. */
  died(node: SimNode): void;
  /** The node's observer told something. */
  event(node: SimNode, kind: number, first: number, second: number): void;
  /** Configuration in wire form as of an entry of the tree. */
  configurationBytes(id: number): Uint8Array;
  /** Highest index that is committed. */
  readonly committed: number;
  /** Whether clocks keep to the bound that leases rely on. */
  readonly leasesHold: boolean;
}
