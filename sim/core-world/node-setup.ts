/** What a simulated node starts with. */

import type { Capacity } from "../../host/core/plan.js";
import { EMPTY_LOG } from "../log-tree.js";
import type { SimNode } from "./sim-node.js";

/** What one node starts with; nothing unless stated. */
export interface NodeSetup {
  readonly term?: number;
  readonly vote?: number;
  /** The durable log, whole entries in wire form. */
  readonly entries?: Uint8Array;
  /** What differs from the world's capacity. */
  readonly capacity?: Partial<Capacity>;
  /** Every storage effect is durable when it returns. */
  readonly synchronous?: boolean;
  /** The node keeps terms and no payloads. */
  readonly isWitness?: boolean;
  /** The node knows no configuration yet: it is to be added. */
  readonly isStranger?: boolean;
}

/** Puts on a disk what its node starts with. */
export function prepareDisk(node: SimNode, setup: NodeSetup): void {
  const { disk, around } = node;
  node.synchronous = setup.synchronous ?? false;
  node.isWitness = setup.isWitness ?? false;
  if (setup.term !== undefined || setup.vote !== undefined) disk.hardState(setup.term ?? 0, setup.vote ?? 0);
  if (setup.entries !== undefined && setup.entries.length > 0) {
    const bytes = setup.entries.slice();
    const memory = { bytes, words: new Int32Array(bytes.buffer) };
    const ids: number[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const id = around.tree.add(ids.at(-1) ?? EMPTY_LOG, memory, offset);
      ids.push(id);
      offset += around.tree.bytesOf(id);
    }
    disk.append(Int32Array.from(ids), ids.length);
  }
  while (disk.pending.length > 0) disk.completeOne();
}
