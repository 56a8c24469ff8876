/** Transfers of leadership under way. */

import { Role, StatusCode } from "../core/abi.js";
import { type RaftError, StoppedError, TransferFailedError } from "../errors.js";
import type { NodeId } from "../transport/transport.js";
import type { NodeContext } from "./context.js";
import { refusal } from "./refusal.js";
import type { Runtime } from "./runtime.js";

interface Waiting {
  readonly resolve: (leader: NodeId) => void;
  readonly reject: (error: RaftError) => void;
  /** Calls the time limit off. */
  readonly cancel: () => void;
}

export class Transfers {
  readonly #context: NodeContext;
  /** How long to wait for the next leader, in ms. */
  readonly #timeout: number;
  readonly #runtime: Runtime;
  readonly #waiting = new Set<Waiting>();

  constructor(context: NodeContext, timeout: number, runtime: Runtime) {
    this.#context = context;
    this.#timeout = timeout;
    this.#runtime = runtime;
  }

  /** Hands over to a member, 0 for the one most fit; resolves with the leader that came of it. */
  async transfer(target: NodeId): Promise<NodeId> {
    const { core } = this.#context;
    const status = this.#context.input(() => core.transfer(this.#context.now(), target));
    if (status === undefined) throw new StoppedError();
    if (status !== StatusCode.OK) throw refusal(status, core);
    return new Promise((resolve, reject) => {
      const cancel = this.#runtime.after(this.#timeout, () => {
        this.#fail(waiting, `no other leader was heard of within ${this.#timeout} ms`);
      });
      const waiting: Waiting = { resolve, reject, cancel };
      this.#waiting.add(waiting);
    });
  }

  /** After a flush: tells those whose transfer came to something. */
  settle(): void {
    if (this.#waiting.size === 0) return;
    const { core, id } = this.#context;
    if (core.role === Role.LEADER) {
      if (core.transferTarget !== 0) return;
      for (const waiting of [...this.#waiting]) this.#fail(waiting, "the target did not take over in time");
    } else if (core.leader !== 0 && core.leader !== id) {
      for (const waiting of [...this.#waiting]) {
        this.#end(waiting);
        waiting.resolve(core.leader);
      }
    }
  }

  abandon(error: RaftError): void {
    for (const waiting of [...this.#waiting]) {
      this.#end(waiting);
      waiting.reject(error);
    }
  }

  #fail(waiting: Waiting, reason: string): void {
    this.#end(waiting);
    waiting.reject(new TransferFailedError(`leadership was not handed over: ${reason}`));
  }

  #end(waiting: Waiting): void {
    waiting.cancel();
    this.#waiting.delete(waiting);
  }
}
