/**
 * A simulated node's snapshots: its own, and the one that a leader is sending. A snapshot that is kept is durable at
 * once; whether the core is told, and when, is decided by the World. What is being received is lost in a crash.
 *
 * An image is the configuration as of its index in wire form, and the state machine's bytes.
 */

import { StatusCode } from "../../host/core/abi.js";
import { configurationLength } from "../../host/core/configuration.js";
import { EMPTY_LOG } from "../log-tree.js";
import type { SimNode } from "./sim-node.js";

/** Where a node's log begins at a start. */
export interface Base {
  readonly index: number;
  readonly term: number;
  readonly configuration: Uint8Array;
  /** The state machine's bytes; empty for the empty state. */
  readonly state: Uint8Array;
}

/** A chunk as it comes in. */
export interface Chunk {
  readonly index: number;
  readonly term: number;
  /** Where in the image it begins. */
  readonly place: number;
  readonly last: boolean;
}

interface Incoming {
  readonly index: number;
  readonly term: number;
  /** The node's term when its first chunk came. */
  readonly begun: number;
  image: Uint8Array;
  complete: boolean;
}

/** The configuration in an image, and what is behind it. */
function split(image: Uint8Array): readonly [configuration: Uint8Array, state: Uint8Array] {
  const length = configurationLength(new DataView(image.buffer, image.byteOffset, image.byteLength), 0);
  return [image.subarray(0, length), image.subarray(length)];
}

export class NodeSnapshots {
  /** Chunks are not taken for now. */
  busy = false;
  #incoming: Incoming | null = null;
  /** A durable snapshot of which the core was not told yet. */
  #untold = false;

  constructor(readonly node: SimNode) {}

  /** Whether an image came in whole and waits to be made durable. */
  get isComplete(): boolean {
    return this.#incoming?.complete === true;
  }
  /** Whether a durable snapshot waits for the core to be told. */
  get isUntold(): boolean {
    return this.#untold;
  }

  /** What a start finds on the disk. */
  found(): Base {
    const { snapshot } = this.node.disk;
    if (snapshot === null) return { index: 0, term: 0, configuration: this.node.bootstrap, state: new Uint8Array() };
    const [configuration, state] = split(snapshot.image);
    return { index: snapshot.index, term: snapshot.term, configuration, state };
  }

  /** Saves the state machine as of what is applied. False while that is not possible: nothing new is applied, or the
   * configuration in force is newer. */
  save(): boolean {
    const { node } = this;
    const { core, disk, around } = node;
    const { applied, configurationIndex, members } = core.state;
    if (applied <= (disk.snapshot?.index ?? 0) || configurationIndex > applied || members === 0) return false;
    const id = disk.written.at(applied);
    const configuration = core.configuration();
    const state = node.isWitness ? new Uint8Array() : node.machine.save();
    const expected = around.tree.configuration(id);
    if (expected !== EMPTY_LOG && Buffer.compare(configuration, around.configurationBytes(expected)) !== 0) {
      around.report(
        "snapshots agree",
        `node ${node.id} has another configuration in force than its log as of ${applied}`,
      );
    }
    const image = new Uint8Array(configuration.length + state.length);
    image.set(configuration);
    image.set(state, configuration.length);
    if (!node.isWitness) around.rules.snapshots.takes(node.id, applied, image);
    disk.snapshot = { index: applied, term: around.tree.term(id), id, image };
    this.#untold = true;
    node.counts.snapshots++;
    return true;
  }

  /** Makes the image that came in durable. */
  keepIncoming(): void {
    const incoming = this.#incoming;
    if (incoming === null || !incoming.complete) throw new Error(`node ${this.node.id} has no whole image`);
    const { around, disk } = this.node;
    this.#incoming = null;
    if (!this.node.isWitness) around.rules.snapshots.takes(this.node.id, incoming.index, incoming.image);
    else if (split(incoming.image)[1].length > 0) around.report("witnesses", `node ${this.node.id} gets a whole image`);
    // An older one than this node has taken meanwhile is of no use.
    if (incoming.index <= (disk.snapshot?.index ?? 0)) return;
    const id = around.tree.find(incoming.index, incoming.term);
    if (around.rules.committed.path.at(incoming.index) !== id) {
      around.report("state machine safety", `node ${this.node.id} gets a snapshot of what is not committed`);
    }
    disk.snapshot = { index: incoming.index, term: incoming.term, id, image: incoming.image };
    this.#untold = true;
  }

  /** Tells the core of the durable snapshot; the state machine follows if the core takes it in place of the log. */
  tell(): number {
    const { node } = this;
    const { snapshot } = node.disk;
    if (snapshot === null) throw new Error(`node ${node.id} has no snapshot`);
    this.#untold = false;
    const [configuration, state] = split(snapshot.image);
    const isInstall = snapshot.index > node.core.state.applied;
    const status = node.core.snapshot(snapshot.index, snapshot.term, configuration);
    if (!isInstall || status !== StatusCode.OK) return status;
    node.counts.installs++;
    node.machine.load(state);
    node.around.rules.compaction.installs(node.id, snapshot.index);
    node.around.rules.applies.restarts(node.id, snapshot.index);
    return status;
  }

  /** The image that is being received is lost. What is durable stays, and the core is still to be told of it. */
  lost(): void {
    this.#incoming = null;
  }

  /** See CoreEffects.readSnapshot. */
  read(index: number, place: number, into: Uint8Array, witness: boolean): number {
    const { around, disk, id } = this.node;
    if (disk.snapshot === null || disk.snapshot.index < index) {
      return around.report("compaction", `node ${id} reads a snapshot of ${index}, which it does not have`);
    }
    // A newer one is durable, of which the core was not told yet.
    if (disk.snapshot.index > index) return -1;
    const image = witness ? split(disk.snapshot.image)[0] : disk.snapshot.image;
    const piece = image.subarray(place, place + into.length);
    into.set(piece);
    return piece.length;
  }

  /** See CoreEffects.writeSnapshot. */
  write(chunk: Chunk, bytes: Uint8Array): number {
    if (this.busy) return -1;
    const { core, around, id } = this.node;
    const { term } = core.state;
    if (chunk.place === 0) {
      const image = bytes.slice();
      this.#incoming = { index: chunk.index, term: chunk.term, begun: term, image, complete: chunk.last };
      return 0;
    }
    const incoming = this.#incoming;
    if (incoming === null || incoming.image.length !== chunk.place || incoming.index !== chunk.index) {
      return around.report("chunks", `node ${id} is handed a chunk at ${chunk.place} out of order`);
    }
    around.rules.chunks.continues(id, incoming.begun, term);
    const image = new Uint8Array(chunk.place + bytes.length);
    image.set(incoming.image);
    image.set(bytes, chunk.place);
    incoming.image = image;
    incoming.complete = chunk.last;
    return 0;
  }
}
