/** What can happen to a node in some state, within the bounds of a search. */

import { MessageKind, Role } from "../../host/core/abi.js";
import { initialRoles, targets } from "./configurations.js";
import { InputKind, makeInput } from "./input.js";
import { Local, type LocalFormat } from "./local-state.js";
import { LogConfigurations } from "./log-configurations.js";
import type { Messages } from "./messages.js";
import { type CheckOptions, mayCampaign } from "./options.js";
import type { Paths } from "./paths.js";
import type { SharedTable } from "./shared-table.js";

export class Choices {
  readonly #configurations: LogConfigurations;

  constructor(
    readonly options: CheckOptions,
    readonly locals: SharedTable,
    readonly format: LocalFormat,
    readonly messages: Messages,
    readonly paths: Paths,
  ) {
    this.#configurations = new LogConfigurations(paths, initialRoles(options));
  }

  /** The inputs that a state can take besides messages. */
  inputs(local: number): number[] {
    const { crashes } = this.options;
    const { words } = this.locals;
    const start = this.locals.start(local);
    const inputs: number[] = [];
    if (this.format.role(words, start) === Role.LEADER) inputs.push(...this.#leaderInputs(words, start));
    else if (this.#mayCampaign(words, start)) inputs.push(makeInput(InputKind.ELECTION));
    const writes = words[start + Local.WRITES] as number;
    if (writes > 0) inputs.push(makeInput(InputKind.PERSIST));
    if (crashes > 0) {
      for (let kept = 0; kept <= writes; kept++) inputs.push(makeInput(InputKind.CRASH, kept));
    }
    return inputs;
  }

  /** The ways in which a message can arrive at a state: a request for a vote soon or long after a leader was heard. */
  arrivals(message: number): number[] {
    const inputs = [makeInput(InputKind.DELIVER, message)];
    if (this.messages.kind(message) === MessageKind.VOTE_REQUEST)
      inputs.push(makeInput(InputKind.DELIVER_LATE, message));
    return inputs;
  }

  #mayCampaign(words: Int32Array, start: number): boolean {
    return mayCampaign(this.options, words[start + Local.SELF] as number, this.format.term(words, start) + 1);
  }

  #leaderInputs(words: Int32Array, start: number): number[] {
    const { changes, maxLog, nodes, unreachable } = this.options;
    const tip = words[start + Local.TIP] as number;
    const inputs = [makeInput(InputKind.HEARTBEAT)];
    if (nodes > 1) inputs.push(makeInput(InputKind.QUORUM_LOST));
    for (let peer = 1; unreachable && peer <= nodes; peer++) {
      if (peer !== words[start + Local.SELF]) inputs.push(makeInput(InputKind.UNREACHABLE, peer));
    }
    if (this.paths.index(tip) === maxLog) return inputs;
    inputs.push(makeInput(InputKind.PROPOSE));
    if (this.#configurations.changes(tip) === changes) return inputs;
    for (const target of targets(this.#configurations.inForce(tip), this.options)) {
      inputs.push(makeInput(InputKind.RECONFIGURE, target));
    }
    return inputs;
  }
}
