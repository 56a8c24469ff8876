/** The flags that all commands against a running cluster share. */

import type { Command } from "commander";
import type { SocketAddress } from "../../transport/address.js";
import { address, wholeNumber } from "../flags.js";

/** Where the first node of `metalraft cluster` serves HTTP. */
const DEFAULT_NODE = "127.0.0.1:8101";
const DEFAULT_TIMEOUT_S = 60;
const MAX_TIMEOUT_S = 86_400;

export interface AdminFlags {
  readonly node?: readonly SocketAddress[];
  /** In seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

export function addAdminFlags(command: Command): Command {
  return command
    .option(
      "--node <host:port>",
      `the HTTP address of a node, any of them; may be given again, for when one is down (default: ${DEFAULT_NODE})`,
      (text: string, earlier: readonly SocketAddress[] = []) => [...earlier, address(text)],
    )
    .option("--timeout <seconds>", "give up after this", wholeNumber(1, MAX_TIMEOUT_S), DEFAULT_TIMEOUT_S)
    .option("--json", "end with one JSON object on standard output");
}

/** The nodes to ask. */
export function nodesOf({ node }: AdminFlags): SocketAddress[] {
  return [...(node ?? [address(DEFAULT_NODE)])];
}
