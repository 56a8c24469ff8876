/**
 * The core on this process's own engine, which tapes everything that it is told and answers: each call as the driven
 * protocol would carry it. A drop-in for the core in simulations.
 */

import { type CoreExports, Node as Layout, Plan as PlanLayout, StatusCode } from "../../host/core/abi.js";
import { CoreInstance, type Effects, high, low } from "../../host/core/instance.js";
import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { CoreNode } from "../../host/core/node.js";
import { type Plan, writePlan } from "../../host/core/plan.js";
import type { CoreEffects, CoreUnderTest, NodeUnderTest } from "../core-under-test.js";
import { Digest } from "../digest.js";
import { FrameBuffer } from "../driven/frames.js";
import { CalledNode, type ExportName } from "../driven/node.js";
import { FrameFlag, FrameKind } from "../driven/protocol.js";
import { Tape } from "./tape.js";

/** The numbers of exports and imports: their places in these lists. */
export interface Numbering {
  readonly exportNames: readonly string[];
  readonly importNames: readonly string[];
}

/** One call looked at closely. */
export interface Watched {
  /** The frames that came back, one behind the other. */
  readonly came: Uint8Array;
  /** The node's arena afterwards. */
  readonly arena: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);
/** The exports that are no inputs. */
const NO_INPUTS: ReadonlySet<ExportName> = new Set([
  "restoreHardState",
  "restoreSnapshot",
  "restoreEntries",
  "start",
  "observe",
  "flush",
  "status",
  "invariants",
]);

/** Tapes the effects of a node, and hands them on. */
class TapedEffects implements Effects {
  constructor(
    readonly recorder: Recorder,
    readonly number: number,
    readonly to: CoreEffects,
  ) {}

  hardState(term: number, vote: number): number {
    this.#tell("storage.hardState", [low(term), high(term), vote]);
    return this.#answer(this.to.hardState(term, vote));
  }
  truncate(from: number): number {
    this.#tell("storage.truncate", [low(from), high(from)]);
    return this.#answer(this.to.truncate(from));
  }
  append(first: number, count: number, lastTerm: number, entries: number, length: number): number {
    const words = [low(first), high(first), count, low(lastTerm), high(lastTerm), 0, length];
    this.#tell("storage.append", words, entries, length);
    return this.#answer(this.to.append(first, count, lastTerm, this.recorder.instance, entries, length));
  }
  compact(index: number): number {
    this.#tell("storage.compact", [low(index), high(index)]);
    return this.#answer(this.to.compact(index));
  }
  read(index: number, count: number, into: number, capacity: number): number {
    this.#tell("storage.read", [low(index), high(index), count, 0, capacity]);
    return this.#answer(this.to.read(index, count, this.recorder.instance, into, capacity), into);
  }
  send(to: number, message: number, length: number, barrier: boolean): void {
    this.#tell("transport.send", [to, 0, length, barrier ? 1 : 0], message, length);
    this.to.send(to, this.recorder.instance, message, length, barrier);
  }
  arm(kind: number, delay: number, jitter: number): void {
    this.#tell("timer.arm", [kind, delay, jitter]);
    this.to.arm(kind, delay, jitter);
  }
  cancel(kind: number): void {
    this.#tell("timer.cancel", [kind]);
    this.to.cancel(kind);
  }
  apply(index: number, term: number, command: number, length: number): number {
    this.#tell("machine.apply", [low(index), high(index), low(term), high(term), 0, length], command, length);
    return this.#answer(this.to.apply(index, term, this.recorder.instance, command, length));
  }
  readSnapshot(index: number, place: number, into: number, capacity: number, witness: boolean): number {
    const words = [low(index), high(index), low(place), high(place), 0, capacity, witness ? 1 : 0];
    this.#tell("machine.readSnapshot", words);
    const { instance } = this.recorder;
    return this.#answer(this.to.readSnapshot(index, place, instance, into, capacity, witness), into);
  }
  writeSnapshot(index: number, term: number, place: number, bytes: number, length: number, last: boolean): number {
    const words = [low(index), high(index), low(term), high(term), low(place), high(place), 0, length, last ? 1 : 0];
    this.#tell("machine.writeSnapshot", words, bytes, length);
    return this.#answer(this.to.writeSnapshot(index, term, place, this.recorder.instance, bytes, length, last));
  }
  reads(ticket: number, index: number, answered: boolean): void {
    this.#tell("machine.reads", [low(ticket), high(ticket), low(index), high(index), answered ? 1 : 0]);
    this.to.reads(ticket, index, answered);
  }
  event(kind: number, first: number, second: number): void {
    this.#tell("observer.event", [kind, low(first), high(first), low(second), high(second)]);
    this.to.event(kind, first, second);
  }

  #tell(name: string, words: readonly number[], place = 0, length = 0): void {
    const { came, instance } = this.recorder;
    const bytes = length === 0 ? NO_BYTES : instance.bytes.subarray(place, place + length);
    came.add(FrameKind.EFFECT + this.recorder.importNumber(name), this.number, words, bytes);
  }

  /** Tapes an answer, with the bytes that it says were written at a place. */
  #answer(answer: number, place?: number): number {
    const length = place === undefined ? 0 : Math.max(answer, 0);
    const { tape, instance } = this.recorder;
    tape.answer(this.number, answer, length === 0 ? NO_BYTES : instance.bytes.slice(place, (place ?? 0) + length));
    return answer;
  }
}

class RecordedNode extends CalledNode {
  protected readonly size: number;
  readonly maxPayload: number;
  readonly #recorder: Recorder;
  readonly #number: number;
  readonly #node: CoreNode;

  constructor(recorder: Recorder, number: number, plan: Plan, effects: CoreEffects, eventMask: number) {
    super(plan);
    this.#recorder = recorder;
    this.#number = number;
    const node = new CoreNode(recorder.instance, plan, new TapedEffects(recorder, number, effects));
    this.#node = node;
    this.size = node.size;
    this.maxPayload = node.maxPayload;
    const bytes = new Uint8Array(PlanLayout.size);
    writePlan(new DataView(bytes.buffer), 0, plan);
    recorder.tape.request(FrameKind.CREATE, number, [eventMask, 0], bytes);
    node.observe(eventMask);
    this.#reply(`node ${plan.id}: create`, [StatusCode.OK, 0, 0, 0, this.size, 0], false);
  }

  brokenInvariant(): number {
    return this.#node.brokenInvariant();
  }
  arenaHash(): string {
    return this.#hash().hex();
  }
  arena(): Uint8Array {
    return this.#node.arena;
  }
  release(): void {
    const { tape, came } = this.#recorder;
    this.#node.release();
    tape.request(FrameKind.RELEASE, this.#number, [], NO_BYTES);
    came.clear();
    came.add(FrameKind.REPLY, this.#number, [StatusCode.OK, 0, 0, 0], NO_BYTES);
    tape.end(`node ${this.plan.id}: release`, came, false);
    this.#recorder.leave(this.#number);
  }

  protected call(name: ExportName, words: readonly number[], bytes?: Uint8Array): number {
    const recorder = this.#recorder;
    const { tape } = recorder;
    const flag = name === "flush" ? FrameFlag.DIGEST : 0;
    const kind = (bytes === undefined ? FrameKind.CALL : FrameKind.CALL_BYTES) | flag;
    tape.request(kind, this.#number, [recorder.exportNumber(name), words.length, ...words], bytes ?? NO_BYTES);
    try {
      const status = this.#run(name, words, bytes);
      const lanes = flag === 0 ? [0, 0] : lanesOf(this.#hash().hex());
      this.#reply(`node ${this.plan.id}: ${name}(${words.join(", ")})`, [status, 0, ...lanes], !NO_INPUTS.has(name));
      return status;
    } catch (error) {
      tape.cut();
      throw error;
    }
  }

  protected peek(from: number, bytes: number): Uint8Array<ArrayBuffer> {
    const start = this.#node.handle + from;
    return new Uint8Array(this.#recorder.instance.bytes.subarray(start, start + bytes));
  }

  #run(name: ExportName, words: readonly number[], bytes: Uint8Array | undefined): number {
    const { instance, came } = this.#recorder;
    const { handle, inbox, effects } = this.#node;
    came.clear();
    const place = bytes === undefined ? [] : [inbox, bytes.length];
    if (bytes !== undefined) instance.bytes.set(bytes, inbox);
    const call: (...words: number[]) => number = instance.exports[name];
    const outer = instance.current;
    if (name === "flush") instance.current = effects;
    try {
      return call(handle, ...words, ...place);
    } finally {
      instance.current = outer;
    }
  }

  /** Ends a request: its reply is a header and the Node. */
  #reply(title: string, header: readonly number[], isInput: boolean): void {
    const recorder = this.#recorder;
    const { came, instance, tape } = recorder;
    const { handle } = this.#node;
    came.add(FrameKind.REPLY, this.#number, header, instance.bytes.subarray(handle, handle + Layout.size));
    tape.end(title, came, isInput);
    this.take(instance.words, handle);
    recorder.settled(() => this.arena());
  }

  #hash(): Digest {
    const digest = new Digest();
    digest.words(this.#recorder.instance.words, this.#node.handle >>> 2, this.size >>> 2);
    return digest;
  }
}

/** A digest's two lanes as words. */
function lanesOf(hex: string): number[] {
  return [Number.parseInt(hex.slice(0, 8), 16) | 0, Number.parseInt(hex.slice(8), 16) | 0];
}

export class Recorder implements CoreUnderTest {
  readonly name = "v8";
  readonly sha256: string;
  readonly tape = new Tape();
  readonly instance: CoreInstance;
  /** What came back from the call that runs. */
  readonly came = new FrameBuffer();
  /** The call that was to be watched, once it has been made. */
  watched: Watched | null = null;

  readonly #exports: ReadonlyMap<string, number>;
  readonly #imports: ReadonlyMap<string, number>;
  readonly #taken = new Set<number>();

  /** `watch` is the number of a call to look at closely. */
  constructor(
    numbering: Numbering,
    readonly watch: number | null = null,
    module: CoreModule = shippedCore(),
  ) {
    this.sha256 = module.sha256;
    this.instance = new CoreInstance(module);
    this.#exports = new Map(numbering.exportNames.map((name, i) => [name, i]));
    this.#imports = new Map(numbering.importNames.map((name, i) => [name, i]));
  }

  create(plan: Plan, effects: CoreEffects, eventMask: number): NodeUnderTest {
    let number = 0;
    while (this.#taken.has(number)) number++;
    this.came.clear();
    const node = new RecordedNode(this, number, plan, effects, eventMask);
    this.#taken.add(number);
    return node;
  }
  leave(number: number): void {
    this.#taken.delete(number);
  }

  exportNumber(name: keyof CoreExports): number {
    return this.#exports.get(name) ?? unknownName(name);
  }
  importNumber(name: string): number {
    return this.#imports.get(name) ?? unknownName(name);
  }

  /** A call has ended; `arena` makes a copy of its node's. */
  settled(arena: () => Uint8Array): void {
    if (this.tape.calls - 1 !== this.watch) return;
    this.watched = { came: this.came.frames.slice(), arena: arena() };
  }
}

function unknownName(name: string): never {
  throw new Error(`the engines have no number for ${name}: build the firmware again`);
}
