/**
 * The messages of a simulated node on their way to the network: those that wait until the disk writes before them are
 * durable, and what is asked of each as it leaves.
 */

import type { Region } from "../core-under-test.js";
import { judgeLeaving } from "./leaving.js";
import type { Envelope } from "./network.js";
import type { SimNode } from "./sim-node.js";

export class Outbox {
  /** Messages that wait for writes to become durable, oldest first. */
  readonly held: Envelope[] = [];
  /** Inputs that were flushed while messages waited. */
  heldInputs = 0;
  /** Messages that the last flush let out, whether they had to wait or not. */
  sent = 0;

  constructor(readonly node: SimNode) {}

  /** A flush begins, after so many inputs. */
  begins(inputs: number): void {
    this.heldInputs = this.held.length === 0 ? 0 : this.heldInputs + inputs;
    this.sent = 0;
  }

  /** The node crashed: what waited is gone. */
  lost(): void {
    const { pool } = this.node.around.network;
    for (const envelope of this.held) pool.release(envelope);
    this.held.length = 0;
    this.heldInputs = 0;
  }

  /** Sends a message; behind a barrier once all that is written is durable. */
  send(to: number, memory: Region, offset: number, length: number, barrier: boolean): void {
    const { around, disk, id } = this.node;
    this.sent++;
    const envelope = around.network.pool.fill(id, to, memory, offset, length, barrier);
    if (barrier && disk.done < disk.issued) {
      envelope.awaits = disk.issued;
      this.held.push(envelope);
    } else {
      this.#leave(envelope);
    }
  }

  /** Sends what waited only for writes that are durable now. */
  letGo(): void {
    const { disk } = this.node;
    while (this.held.length > 0) {
      const envelope = this.held[0] as Envelope;
      if (envelope.awaits > disk.done) return;
      this.held.shift();
      this.#leave(envelope);
    }
  }

  #leave(envelope: Envelope): void {
    judgeLeaving(this.node, envelope);
    this.node.around.network.send(envelope);
  }
}
