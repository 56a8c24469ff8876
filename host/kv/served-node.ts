/** What the HTTP service needs of a node. */

import { MemberRole } from "../core/abi.js";
import type { RaftNode } from "../node.js";
import { parseAddress, type SocketAddress } from "../transport/address.js";
import { TransportError } from "../transport/transport.js";
import { parseMemberAddress } from "./member-address.js";

/** For reads and writes. */
export type ServedNode<Result> = Pick<
  RaftNode<Result>,
  "propose" | "read" | "tryRead" | "staleness" | "configuration" | "status" | "isLeader" | "maxCommandBytes"
>;

/** For the administration. */
export type AdministeredNode = Pick<
  RaftNode<unknown>,
  "configuration" | "report" | "read" | "reconfigure" | "transfer" | "snapshot" | "status" | "isLeader"
>;

type ConfiguredNode = Pick<RaftNode<unknown>, "configuration" | "status">;

/** Where a member serves HTTP; undefined if that is not known, or is nothing to connect to. */
export function httpAddressOf(node: ConfiguredNode, id: number): SocketAddress | undefined {
  const member = node.configuration().members.find((other) => other.id === id);
  const http = member === undefined ? undefined : parseMemberAddress(member.address).http;
  if (http === undefined) return undefined;
  try {
    return parseAddress(http);
  } catch (error) {
    // It comes from the replicated log, where anything may stand.
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}

/** Whether the node has the state machine's state, or will soon: it is a member, and no witness. */
export function keepsState(node: ConfiguredNode): boolean {
  const roles = rolesOf(node);
  return roles !== 0 && (roles & MemberRole.WITNESS) === 0;
}

/** Whether the node never has any state. */
export function isWitness(node: ConfiguredNode): boolean {
  return (rolesOf(node) & MemberRole.WITNESS) !== 0;
}

/** The node's own roles; 0 if it is no member. */
function rolesOf(node: ConfiguredNode): number {
  const { id } = node.status;
  return node.configuration().members.find((member) => member.id === id)?.roles ?? 0;
}
