/** How a node is to be served: as one of the first members, as the first of all, or as one that is added later. */

import { formatMemberAddress } from "../kv/member-address.js";
import { formatAddress, parseAddress, type SocketAddress } from "../transport/address.js";
import { type MemberFlag, member } from "./flags.js";
import type { NodeIdentity } from "./node-folder.js";
import { UsageError } from "./output.js";

/** Hosts that stand for all interfaces: nobody can be told to connect to them. */
const ALL_INTERFACES = ["0.0.0.0", "::"];

export interface ServeAddressFlags {
  readonly id: number;
  readonly member?: readonly MemberFlag[];
  readonly bootstrap?: boolean;
  /** Empty where whoever adds the node is answered as it came. */
  readonly join?: readonly SocketAddress[];
  readonly listen?: SocketAddress;
  readonly http?: SocketAddress;
  readonly advertise?: string;
  readonly priority?: number;
}

export interface ServePlan {
  readonly origin: NodeIdentity["origin"];
  /** The members that the cluster starts with; none for a node that is added later. */
  readonly members: readonly MemberFlag[];
  /** HTTP addresses of members, for a node that does not know any yet. */
  readonly join: readonly SocketAddress[];
  readonly listen: SocketAddress;
  readonly http: SocketAddress;
}

/** @throws {UsageError} when the flags do not go together. */
export function planServe(flags: ServeAddressFlags): ServePlan {
  const { bootstrap = false, join = [], member: members = [] } = flags;
  const joins = flags.join !== undefined;
  const ways = Number(members.length > 0) + Number(bootstrap) + Number(joins);
  if (ways !== 1) {
    throw new UsageError(
      `${ways === 0 ? "nothing says" : "these flags contradict each other about"} which cluster this is: give --member for ` +
        "each of the first members, or --bootstrap for a first node alone, or --join for one that will be added " +
        "(metalraft add)",
    );
  }
  if (members.length > 0) return planMember(flags, members);
  const { http, listen } = flags;
  if (listen === undefined || http === undefined) {
    throw new UsageError(
      `with --${bootstrap ? "bootstrap" : "join"}, --listen and --http say where this node is: give both`,
    );
  }
  if (!bootstrap) return { origin: "joined", members: [], join, listen, http };
  return { origin: "first", members: [founder(flags, listen, http)], join: [], listen, http };
}

function planMember({ http, id, listen }: ServeAddressFlags, members: readonly MemberFlag[]): ServePlan {
  const own = members.find((one) => one.id === id);
  if (own === undefined) {
    throw new UsageError(`no --member is node ${id}: give one for this node too, as on the other nodes`);
  }
  if (members.every(({ witness }) => witness)) {
    throw new UsageError("all members are witnesses: none of them could lead, so leave ,witness out for some");
  }
  const service = http ?? (own.http === undefined ? undefined : parseAddress(own.http));
  if (service === undefined) throw new UsageError(`node ${id} is this one, and no board: give it ,http=host:port`);
  return { origin: "first", members, join: [], listen: listen ?? parseAddress(own.raft), http: service };
}

/** The only member of a new cluster. */
function founder({ advertise, id, priority = 0 }: ServeAddressFlags, listen: SocketAddress, http: SocketAddress) {
  if (advertise === undefined && [listen, http].some(({ host }) => ALL_INTERFACES.includes(host))) {
    throw new UsageError("other nodes cannot connect to all interfaces: say where they find this one with --advertise");
  }
  const address = {
    raft: formatAddress(listen.host, listen.port),
    http: formatAddress(http.host, http.port),
  };
  const [own] = member(`${id}=${advertise ?? formatMemberAddress(address)}`);
  if (own === undefined) throw new Error("a member was read and is not there");
  return { ...own, priority };
}
