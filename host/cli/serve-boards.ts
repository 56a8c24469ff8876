/**
 * What a node in a cluster with boards is to be: datagrams, a plan and a store that boards can follow. What boards are built
 * with stands in firmware/ (node/node.h, kv/kv.h and the ports' plans); tests/host/cli/serve-boards.test.ts compares.
 */

import type { Command } from "commander";
import { Configuration, EntryFrame, Member, MessageFormat } from "../core/abi.js";
import { type Capacity, MICRO_CAPACITY } from "../core/plan.js";
import { formatMemberAddress } from "../kv/member-address.js";
import { MAX_UDP_MESSAGE_BYTES, UDP_FRAME_HEADER_BYTES } from "../transport/udp-frame.js";
import { choice, type MemberFlag, wholeNumber } from "./flags.js";
import type { NodeFlags } from "./node-flags.js";
import { UsageError } from "./output.js";

export const TRANSPORTS = ["tcp", "udp"] as const;

/** The plan of boards, but for the times and for what stays behind a snapshot. */
export const BOARD_CAPACITY = { ...MICRO_CAPACITY, addressBytes: 64 };
/** Bytes of a board's store. */
export const BOARD_STORE_BYTES = 4096;
/** Its longest datagram. */
export const BOARD_DATAGRAM_BYTES = UDP_FRAME_HEADER_BYTES + BOARD_CAPACITY.maxMessage;
/** A plan's messages are whole words. */
const WORD_BYTES = 8;
const MAX_STORE_BYTES = 0xfffffffe;
/** An Append that carries a configuration of as many members as the plan holds. */
const LEAST_MESSAGE_BYTES =
  MessageFormat.APPEND +
  EntryFrame.HEADER +
  Configuration.size +
  BOARD_CAPACITY.nodes * (Member.size + BOARD_CAPACITY.addressBytes);

export interface TransportFlags {
  readonly transport: (typeof TRANSPORTS)[number];
  /** Undefined unless given, as they mean nothing over TCP. */
  readonly maxDatagram?: number;
  readonly storeBytes?: number;
}

/** What differs for a node among boards. */
export interface BoardPlan {
  readonly capacity: Capacity;
  /** Most bytes of the store. */
  readonly storeBytes: number;
}

/** Adds the flags to a command. */
export function addTransportFlags(command: Command): Command {
  return command
    .option(
      "--transport <name>",
      "tcp, or udp for a cluster with boards in it: their datagrams, their plan, and a store no larger than theirs",
      choice(TRANSPORTS),
      "tcp",
    )
    .option(
      "--max-datagram <bytes>",
      `with --transport udp: longest datagram, the same on all members (default: ${BOARD_DATAGRAM_BYTES}, the boards')`,
      wholeNumber(1, MAX_UDP_MESSAGE_BYTES + UDP_FRAME_HEADER_BYTES),
    )
    .option(
      "--store-bytes <n>",
      `with --transport udp: what the store may grow to (default: ${BOARD_STORE_BYTES}, what a board holds)`,
      wholeNumber(1, MAX_STORE_BYTES),
    );
}

type PlannedFlags = TransportFlags &
  Pick<NodeFlags, "leaseDrift" | "quiesceRounds" | "electionTimeout" | "electionJitter" | "heartbeat">;

/** Undefined for a cluster of servers. @throws {UsageError} when flags, members and boards do not go together. */
export function planBoards(flags: PlannedFlags, members: readonly MemberFlag[]): BoardPlan | undefined {
  const { maxDatagram, storeBytes = BOARD_STORE_BYTES, transport } = flags;
  if (transport === "tcp") {
    checkServers(flags, members);
    return undefined;
  }
  for (const [name, value] of [
    ["--lease-drift", flags.leaseDrift],
    ["--quiesce-rounds", flags.quiesceRounds],
  ] as const) {
    if (value !== 0)
      throw new UsageError(`${name} is nothing that boards take part in: leave it out with --transport udp`);
  }
  checkGroup(members);
  return { capacity: { ...BOARD_CAPACITY, maxMessage: messageBytes(maxDatagram) }, storeBytes };
}

function checkServers({ maxDatagram, storeBytes }: TransportFlags, members: readonly MemberFlag[]): void {
  const given = maxDatagram !== undefined ? "--max-datagram" : storeBytes !== undefined ? "--store-bytes" : undefined;
  if (given !== undefined) throw new UsageError(`${given} is for clusters with boards: give --transport udp, too`);
  const board = members.find(({ http }) => http === undefined);
  if (board === undefined) return;
  throw new UsageError(`node ${board.id} is a board, which speaks UDP: give --transport udp`);
}

/** Whether the members fit the plan that boards are built with. */
function checkGroup(members: readonly MemberFlag[]): void {
  const { addressBytes, nodes } = BOARD_CAPACITY;
  if (members.length > nodes) {
    throw new UsageError(
      `${members.length} members are too many: boards are built for ${nodes}. Leave some out, or build the boards for more`,
    );
  }
  for (const member of members) {
    const length = Buffer.byteLength(formatMemberAddress(member));
    if (length <= addressBytes) continue;
    throw new UsageError(
      `the addresses of node ${member.id} have ${length} bytes, and boards keep ${addressBytes} of a member: use IP addresses`,
    );
  }
}

/** The longest message for a datagram. */
function messageBytes(maxDatagram = BOARD_DATAGRAM_BYTES): number {
  const most = Math.floor((maxDatagram - UDP_FRAME_HEADER_BYTES) / WORD_BYTES) * WORD_BYTES;
  const { inflightBytes, uncommittedBytes, windowBytes } = BOARD_CAPACITY;
  const largest = Math.min(inflightBytes, uncommittedBytes, windowBytes / 2);
  if (most > largest) {
    throw new UsageError(
      `--max-datagram ${maxDatagram} is more than a board's window holds: give at most ${largest + UDP_FRAME_HEADER_BYTES}`,
    );
  }
  if (most >= LEAST_MESSAGE_BYTES) return most;
  throw new UsageError(
    `--max-datagram ${maxDatagram} is too small for a configuration of ${BOARD_CAPACITY.nodes} members: give ` +
      `${LEAST_MESSAGE_BYTES + UDP_FRAME_HEADER_BYTES} or more`,
  );
}
