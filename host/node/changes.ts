/**
 * Changes of membership under way: hands configurations to the core, and tells when they are complete. A change is complete
 * when it is committed; one that goes through a joint configuration, or asks for a promotion, when the configuration
 * behind that is.
 */

import { StatusCode } from "../core/abi.js";
import {
  type ConfigurationInfo,
  decodeConfiguration,
  encodeConfiguration,
  type MemberInfo,
} from "../core/configuration.js";
import { BadConfigurationError, LostError, OutcomeUnknownError, type RaftError, StoppedError } from "../errors.js";
import { type ChangePlan, isVoter } from "./change-plan.js";
import type { NodeContext } from "./context.js";
import { refusal } from "./refusal.js";
import { EVENT_LOOP, type Runtime } from "./runtime.js";

/** What completes a change besides its own commit. */
type Completion = (configuration: ConfigurationInfo) => boolean;

interface Waiting {
  /** Where the change stands in the log. */
  readonly index: number;
  readonly term: number;
  readonly isComplete: Completion;
  /** Its entry is known to be committed. */
  committed: boolean;
  readonly resolve: () => void;
  readonly reject: (error: RaftError) => void;
  /** Calls the time limit off. */
  readonly cancel: () => void;
}

export class Changes {
  readonly #context: NodeContext;
  /** Term of the entry at an index of the log, undefined if that cannot be told now. */
  readonly #termAt: (index: number) => number | undefined;
  readonly #runtime: Runtime;
  readonly #waiting = new Set<Waiting>();

  constructor(context: NodeContext, termAt: (index: number) => number | undefined, runtime: Runtime = EVENT_LOOP) {
    this.#context = context;
    this.#termAt = termAt;
    this.#runtime = runtime;
  }

  /** The configuration in force. */
  get configuration(): ConfigurationInfo {
    const { configuration } = this.#context.core;
    return configuration.length === 0
      ? { members: [], joint: false, autoLeave: false }
      : decodeConfiguration(configuration);
  }

  /** Whether the configuration in force is not committed yet. */
  get isPending(): boolean {
    const { core } = this.#context;
    return core.configurationIndex > core.commit;
  }

  /** Puts a configuration in the log; resolves when it is committed and complete. */
  async submit({ flags, members }: ChangePlan, timeout: number, promoted?: number): Promise<void> {
    const configuration = encode(members, flags);
    const { core } = this.#context;
    const status = this.#context.input(() => core.reconfigure(configuration));
    if (status === undefined) throw new StoppedError();
    if (status !== StatusCode.OK) throw refusal(status, core);
    await this.#completion(timeout, promoted === undefined ? () => true : (info) => hasPromoted(info, promoted));
  }

  /** After a flush: tells those whose change came to something. */
  settle(): void {
    if (this.#waiting.size === 0) return;
    for (const waiting of [...this.#waiting]) this.#look(waiting);
  }

  abandon(error: RaftError): void {
    for (const waiting of [...this.#waiting]) this.#reject(waiting, error);
  }

  #completion(timeout: number, isComplete: Completion): Promise<void> {
    const { configurationIndex: index, term } = this.#context.core;
    return new Promise((resolve, reject) => {
      const cancel = this.#runtime.after(timeout, () => {
        const reason = `the change of membership was not complete within ${timeout} ms: it may or may not become so`;
        this.#reject(waiting, new OutcomeUnknownError(reason));
      });
      const waiting: Waiting = { index, term, isComplete, committed: false, resolve, reject, cancel };
      this.#waiting.add(waiting);
    });
  }

  #look(waiting: Waiting): void {
    const { core } = this.#context;
    // A configuration is in force from its append on: with an earlier one in force, it was truncated.
    if (core.configurationIndex < waiting.index) {
      this.#reject(waiting, new LostError());
      return;
    }
    if (core.commit < waiting.index) return;
    if (!waiting.committed) {
      // Within a term nothing of a leader's is ever overwritten.
      const term = core.term === waiting.term ? waiting.term : this.#termAt(waiting.index);
      if (term === undefined) return;
      if (term !== waiting.term) {
        this.#reject(waiting, new LostError());
        return;
      }
      waiting.committed = true;
    }
    const { configuration } = this;
    if (configuration.joint || this.isPending || !waiting.isComplete(configuration)) return;
    this.#end(waiting);
    waiting.resolve();
  }

  #reject(waiting: Waiting, error: RaftError): void {
    this.#end(waiting);
    waiting.reject(error);
  }

  #end(waiting: Waiting): void {
    waiting.cancel();
    this.#waiting.delete(waiting);
  }
}

/** Whether a learner became a voter. One that is gone never will: there is nothing to wait for either. */
function hasPromoted({ members }: ConfigurationInfo, id: number): boolean {
  const member = members.find((each) => each.id === id);
  return member === undefined || isVoter(member);
}

function encode(members: readonly MemberInfo[], flags: number): Uint8Array {
  try {
    return encodeConfiguration(members, flags);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadConfigurationError(error.message);
  }
}
