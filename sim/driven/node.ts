/**
 * A node whose exports are called by name with words and bytes: what the driven protocol carries. What a call does is left
 * to whoever extends it: another process, or this one with a record of it.
 */

import { Configuration, type CoreExports, Node as Layout, Member, StatusCode } from "../../host/core/abi.js";
import { configurationLength } from "../../host/core/configuration.js";
import { high, low } from "../../host/core/instance.js";
import { CoreError, statusName } from "../../host/core/node.js";
import { describePlanProblem, type Plan } from "../../host/core/plan.js";
import { blankState, readState } from "../core-state.js";
import type { NodeUnderTest, Region } from "../core-under-test.js";

/** An export that takes a node. */
export type ExportName = Exclude<
  keyof CoreExports,
  "memory" | "__heap_base" | "__data_end" | "abiVersion" | "planBytes" | "init"
>;

/** A plan that the core refuses, as an error that names the field. */
export function badPlan(plan: Plan): CoreError {
  return new CoreError(`the capacity plan cannot be used: ${describePlanProblem(plan)}`, StatusCode.BAD_PLAN);
}

export abstract class CalledNode implements NodeUnderTest {
  readonly state = blankState();
  abstract readonly maxPayload: number;

  constructor(readonly plan: Plan) {}

  /** Calls an export with the handle, these words, and where the bytes lie and their length if it takes bytes; keeps the
   * state up to date. At most `maxMessage` bytes. */
  protected abstract call(name: ExportName, words: readonly number[], bytes?: Uint8Array): number;
  /** Takes what the Node says that lies at `node` of the words. */
  protected take(words: Int32Array, node: number): void {
    readState(words, node, this.state);
    this.configurationOffset = words[(node + Layout.configurationOffset) >>> 2] as number;
  }
  /** A copy of a part of the arena. */
  protected abstract peek(from: number, bytes: number): Uint8Array<ArrayBuffer>;
  /** Bytes of the arena. */
  protected abstract readonly size: number;
  /** Where in it the configuration in force lies; read from each Node that a call answers. */
  protected configurationOffset = 0;

  abstract brokenInvariant(): number;
  abstract arenaHash(): string;
  /** A copy of the arena: all there is of this node. */
  abstract arena(): Uint8Array;
  abstract release(): void;

  restoreHardState(term: number, vote: number): void {
    this.#expectOk("restoreHardState", [low(term), high(term), vote]);
  }
  restoreSnapshot(index: number, term: number, configuration: Uint8Array, compacted: number): void {
    const words = [low(index), high(index), low(term), high(term), low(compacted), high(compacted)];
    this.#expectOk("restoreSnapshot", words, configuration);
  }
  restoreEntries(entries: Uint8Array): void {
    this.#expectOk("restoreEntries", [], entries);
  }
  start(now: number): void {
    this.#expectOk("start", [low(now), high(now)]);
  }

  receive(now: number, message: Region, length: number): number {
    if (length > this.plan.maxMessage) return StatusCode.OVERSIZED;
    return this.call("receive", [low(now), high(now)], message.bytes.subarray(0, length));
  }
  timer(now: number, kind: number): number {
    return this.call("timer", [low(now), high(now), kind]);
  }
  propose(command: Uint8Array): number {
    return command.length > this.maxPayload ? StatusCode.TOO_LARGE : this.call("propose", [], command);
  }
  durableUpTo(index: number, term: number): number {
    return this.call("durable", [low(index), high(index), low(term), high(term)]);
  }
  unreachable(peer: number): number {
    return this.call("unreachable", [peer]);
  }
  read(now: number, kind: number): number {
    return this.call("read", [low(now), high(now), kind]);
  }
  reconfigure(configuration: Uint8Array): number {
    if (configuration.length > this.plan.maxMessage) return StatusCode.BAD_CONFIGURATION;
    return this.call("reconfigure", [], configuration);
  }
  transfer(now: number, target: number): number {
    return this.call("transfer", [low(now), high(now), target]);
  }
  snapshot(index: number, term: number, configuration: Uint8Array): number {
    if (configuration.length > this.plan.maxMessage) return StatusCode.BAD_CONFIGURATION;
    return this.call("snapshot", [low(index), high(index), low(term), high(term)], configuration);
  }
  snapshotFailed(): number {
    return this.call("snapshotFailed", []);
  }
  flush(now: number): number {
    return this.call("flush", [low(now), high(now)]);
  }

  configuration(): Uint8Array {
    if (this.state.members === 0) return new Uint8Array(0);
    const most = Configuration.size + this.plan.nodes * (Member.size + this.plan.addressBytes);
    const from = this.configurationOffset;
    const bytes = this.peek(from, Math.min(most, this.size - from));
    return bytes.subarray(0, configurationLength(new DataView(bytes.buffer), 0));
  }

  #expectOk(name: ExportName, words: readonly number[], bytes?: Uint8Array): void {
    if (bytes !== undefined && bytes.length > this.plan.maxMessage) {
      throw new RangeError(`${bytes.length} bytes do not fit the inbox of ${this.plan.maxMessage} bytes`);
    }
    const status = this.call(name, words, bytes);
    if (status !== StatusCode.OK) throw new CoreError(`${name} was refused: ${statusName(status)}`, status);
  }
}
