/**
 * What the configuration says of where a member is: a text that is opaque to the core, "host:port" of its transport and,
 * behind a comma, "http=host:port" of its HTTP service, so that every node knows where to pass a request on to. A
 * member that serves no HTTP has the first part alone.
 */

import { PlanLimit } from "../core/abi.js";
import { TcpTransport } from "../transport/tcp.js";
import type { NodeId } from "../transport/transport.js";
import { UdpTransport } from "../transport/udp.js";

/** Longest address in bytes, both parts together; the most that a configuration can hold. */
export const MAX_ADDRESS_BYTES = PlanLimit.ADDRESS;
const SEPARATOR = ",http=";

/** Both addresses of a member, each host:port. */
export interface MemberAddress {
  /** Where its transport listens. */
  readonly raft: string;
  /** Where its HTTP service listens; undefined if it has none, or none is known. */
  readonly http: string | undefined;
}

export function formatMemberAddress({ http, raft }: MemberAddress): string {
  return http === undefined ? raft : `${raft}${SEPARATOR}${http}`;
}

/** Takes any text: what is not of this form is an address of a transport, which may not be able to use it. */
export function parseMemberAddress(text: string): MemberAddress {
  const at = text.indexOf(SEPARATOR);
  if (at < 0) return { raft: text, http: undefined };
  return { raft: text.slice(0, at), http: text.slice(at + SEPARATOR.length) };
}

/** The TCP transport of a node whose members have such addresses. */
export class MemberTransport extends TcpTransport {
  override addPeer(peer: NodeId, address: string): void {
    super.addPeer(peer, parseMemberAddress(address).raft);
  }
}

/** And the UDP transport of one in a cluster with boards. */
export class MemberUdpTransport extends UdpTransport {
  override addPeer(peer: NodeId, address: string): void {
    super.addPeer(peer, parseMemberAddress(address).raft);
  }
}
