/** The typed errors for what a core refused. */

import { StatusCode } from "../core/abi.js";
import { type CoreNode, statusName } from "../core/node.js";
import {
  BadChangeError,
  BadConfigurationError,
  BusyError,
  ChangePendingError,
  NotCaughtUpError,
  NotLeaderError,
  NotReadyError,
  NoVoterError,
  type RaftError,
  StoppedError,
  TransferringError,
  UnknownNodeError,
} from "../errors.js";

/** Those that say the same whichever core refused; undefined for the others. */
export function plainRefusal(status: number): RaftError | undefined {
  switch (status) {
    case StatusCode.BUSY:
      return new BusyError();
    case StatusCode.NOT_READY:
      return new NotReadyError();
    case StatusCode.TRANSFERRING:
      return new TransferringError();
    case StatusCode.CHANGE_PENDING:
      return new ChangePendingError();
    case StatusCode.NOT_CAUGHT_UP:
      return new NotCaughtUpError();
    case StatusCode.NO_VOTER:
      return new NoVoterError();
    case StatusCode.UNKNOWN_NODE:
      return new UnknownNodeError("there is no such member that could lead");
    default:
      return undefined;
  }
}

/** What this node's core refused. */
export function refusal(status: number, core: CoreNode): RaftError {
  switch (status) {
    case StatusCode.NOT_LEADER:
      return new NotLeaderError(core.leader);
    case StatusCode.BAD_CHANGE:
      return new BadChangeError(
        "the configuration cannot follow the one in force: a member that is there cannot become a witness, nor stop being " +
          "one; remove it and add another",
      );
    case StatusCode.BAD_CONFIGURATION: {
      const { addressBytes, nodes } = core.plan;
      return new BadConfigurationError(
        `the configuration makes no sense or does not fit the capacity plan: it has one voter or more, at most ${nodes} ` +
          `members with an id each, and addresses of at most ${addressBytes} bytes`,
      );
    }
    default:
      return plainRefusal(status) ?? new StoppedError(`the node takes no input: ${statusName(status)}`);
  }
}
