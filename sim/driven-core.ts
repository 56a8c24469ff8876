/**
 * The core in another process, on WAMR: speaks the driven protocol (firmware/include/metalraft/driven.h) over pipes and
 * takes the effects that come back. A drop-in for the core on V8. One process holds all nodes of a world.
 */

import { Node as Layout, NodeFormat, Plan as PlanLayout } from "../host/core/abi.js";
import { type Plan, planFits, writePlan } from "../host/core/plan.js";
import type { CoreEffects, CoreUnderTest } from "./core-under-test.js";
import { Conversation, DrivenFault, type Frame } from "./driven/conversation.js";
import { IMPORTS, type ImportHandler } from "./driven/effects.js";
import { badPlan, CalledNode, type ExportName } from "./driven/node.js";
import type { Command } from "./driven/pipe.js";
import { CREATED_HEADER, FaultKind, FrameFlag, FrameKind, PROTOCOL, REPLY_HEADER } from "./driven/protocol.js";

const SHA256_BYTES = 32;
/** In a HELLO's reply before the sha256. */
const VERSION_BYTES = 8;

/** The two lanes of a digest as sim/digest.ts writes it. */
export function digestAt(words: Int32Array, at: number): string {
  const lane = (place: number) => ((words[place] as number) >>> 0).toString(16).padStart(8, "0");
  return lane(at) + lane(at + 1);
}

export class DrivenNode extends CalledNode {
  readonly maxPayload: number;
  protected readonly size: number;
  readonly #core: DrivenCore;
  readonly #number: number;
  /** FrameFlags for what was asked for once: from then on it comes with every reply. */
  #flags = 0;
  #broken: number | null = null;
  #digest: string | null = null;

  constructor(core: DrivenCore, plan: Plan, effects: CoreEffects, eventMask: number) {
    super(plan);
    this.#core = core;
    this.#number = core.conversation.enter(effects);
    const { memory, offset } = this.#create(eventMask);
    const node = offset + REPLY_HEADER + CREATED_HEADER;
    this.size = memory.words[(node - CREATED_HEADER) >>> 2] as number;
    this.maxPayload = memory.words[(node + Layout.maxPayload) >>> 2] as number;
    this.take(memory.words, node);
  }

  brokenInvariant(): number {
    if (this.#broken === null) this.#ask(FrameFlag.CHECK);
    return this.#broken ?? 0;
  }
  arenaHash(): string {
    if (this.#digest === null) this.#ask(FrameFlag.DIGEST);
    return this.#digest ?? "";
  }
  arena(): Uint8Array {
    return this.peek(0, this.size);
  }
  release(): void {
    this.#core.conversation.release(this.#number);
  }

  protected call(name: ExportName, words: readonly number[], bytes?: Uint8Array): number {
    const kind = (bytes === undefined ? FrameKind.CALL : FrameKind.CALL_BYTES) | this.#flags;
    const call = [this.#core.exportNumber(name), words.length, ...words];
    const { memory, offset } = this.#core.conversation.request(kind, this.#number, call, bytes);
    const at = offset >>> 2;
    this.#broken = this.#flags & FrameFlag.CHECK ? (memory.words[at + 1] as number) : null;
    this.#digest = this.#flags & FrameFlag.DIGEST ? digestAt(memory.words, at + 2) : null;
    this.take(memory.words, offset + REPLY_HEADER);
    return memory.words[at] as number;
  }

  protected peek(from: number, bytes: number): Uint8Array<ArrayBuffer> {
    const { memory, offset } = this.#core.conversation.request(FrameKind.PEEK, this.#number, [from, bytes]);
    return new Uint8Array(memory.bytes.subarray(offset + REPLY_HEADER, offset + REPLY_HEADER + bytes));
  }

  #create(eventMask: number): Frame {
    const { conversation } = this.#core;
    const { plan } = this;
    const bytes = new Uint8Array(PlanLayout.size);
    try {
      if (!planFits(plan)) throw badPlan(plan);
      writePlan(new DataView(bytes.buffer), 0, plan);
      return conversation.request(FrameKind.CREATE, this.#number, [eventMask, 0], bytes);
    } catch (error) {
      conversation.leave(this.#number);
      throw error instanceof DrivenFault && error.kind === FaultKind.PLAN ? badPlan(plan) : error;
    }
  }

  /** Has what costs time told from now on, and once at once. */
  #ask(flag: number): void {
    this.#flags |= flag;
    this.call("status", []);
  }
}

/** The core in a process that speaks the driven protocol. To be closed, which ends the process. */
export class DrivenCore implements CoreUnderTest {
  readonly name: string;
  readonly sha256: string;
  /** WAMR's interpreter: "fast" or "classic". */
  readonly interpreter: string;
  /** Names in the order of their numbers in the process; imports as "module.name". */
  readonly exportNames: readonly string[];
  readonly importNames: readonly string[];
  readonly conversation: Conversation;
  readonly #exports: ReadonlyMap<string, number>;

  /**
   * @throws {DrivenFault} when the process cannot open its core
   * @throws {DrivenProcessError} when there is no such process
   */
  constructor(name: string, command: Command) {
    this.name = name;
    this.conversation = new Conversation(command);
    try {
      const hello = this.conversation.request(FrameKind.HELLO, 0, []);
      const at = hello.offset + REPLY_HEADER;
      checkVersions(hello.memory.words[at >>> 2] as number, hello.memory.words[(at >>> 2) + 1] as number);
      const digest = at + VERSION_BYTES;
      this.sha256 = Buffer.from(hello.memory.bytes.subarray(digest, digest + SHA256_BYTES)).toString("hex");
      const names = Buffer.from(hello.memory.bytes.subarray(digest + SHA256_BYTES, hello.offset + hello.length));
      const [interpreter = "", exports = "", imports = ""] = names.toString("utf8").split("\n");
      this.interpreter = interpreter;
      this.exportNames = exports.trim().split(" ");
      this.importNames = imports.trim().split(" ");
      this.#exports = new Map(this.exportNames.map((found, i) => [found, i]));
      this.conversation.handleWith(this.importNames.map(handlerOf));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  create(plan: Plan, effects: CoreEffects, eventMask: number): DrivenNode {
    return new DrivenNode(this, plan, effects, eventMask);
  }

  /** An export's number in the process. */
  exportNumber(name: ExportName): number {
    const number = this.#exports.get(name);
    if (number === undefined) throw new Error(`the core's process knows no export ${name}`);
    return number;
  }

  /** Releases all nodes: answers whether the process can be used again. */
  reset(): boolean {
    return this.conversation.releaseAll();
  }

  close(): void {
    this.conversation.close();
  }
}

function checkVersions(protocol: number, abi: number): void {
  if (protocol === PROTOCOL && abi === NodeFormat.ABI_VERSION) return;
  throw new Error(
    `the core's process speaks protocol ${protocol} and ABI ${abi}, and this one speaks ${PROTOCOL} and ` +
      `${NodeFormat.ABI_VERSION}: build the firmware again`,
  );
}

function handlerOf(name: string): ImportHandler {
  const handler = IMPORTS[name];
  if (handler === undefined) throw new Error(`the core's process has an import ${name} that this one does not know`);
  return handler;
}
