/** The real transports that a cluster in one process can use: in memory, and over the loopback by TCP or UDP. */

import { MemoryNetwork, MemoryTransport } from "../../host/transport/memory.js";
import { TcpTransport } from "../../host/transport/tcp.js";
import type { NodeId } from "../../host/transport/transport.js";
import { UdpTransport } from "../../host/transport/udp.js";
import { Directory, LinkedTransport, type Links, nameOf } from "./links.js";

export const TRANSPORTS = ["memory", "tcp", "udp"] as const;
export type TransportName = (typeof TRANSPORTS)[number];

const LOOPBACK = "127.0.0.1";
/** How long a TCP node waits before it dials again, in ms: nodes come back within a few election timeouts here. */
const BACKOFF = { backoffMinMs: 2, backoffMaxMs: 40 };

/** What makes the transports of a cluster. */
export class Transports {
  readonly #name: TransportName;
  readonly #cluster: bigint;
  readonly #maxMessage: number;
  readonly #links: Links;
  readonly #network = new MemoryNetwork();
  readonly #directory = new Directory();

  /** @param maxMessage of the nodes' capacity plan, in bytes */
  constructor(name: TransportName, cluster: bigint, maxMessage: number, links: Links) {
    this.#name = name;
    this.#cluster = cluster;
    this.#maxMessage = maxMessage;
    this.#links = links;
  }

  /** A transport for one life of a node. */
  open(id: NodeId): LinkedTransport {
    const socket = { id, cluster: this.#cluster, host: LOOPBACK, port: 0, maxMessageBytes: this.#maxMessage };
    switch (this.#name) {
      case "memory":
        return this.#linked(id, new MemoryTransport(this.#network, id), () => nameOf(id));
      case "tcp": {
        const transport = new TcpTransport({ ...socket, ...BACKOFF });
        return this.#linked(id, transport, () => transport.address);
      }
      case "udp": {
        const transport = new UdpTransport(socket);
        return this.#linked(id, transport, () => transport.address);
      }
    }
  }

  #linked(id: NodeId, inner: ConstructorParameters<typeof LinkedTransport>[1], place: () => string): LinkedTransport {
    return new LinkedTransport(id, inner, place, this.#links, this.#directory);
  }
}
