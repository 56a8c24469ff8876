/** A node as `metalraft serve` runs it: Raft over TCP, the log on disk, the key-value store over HTTP. */

import type { Logger } from "pino";
import { KvMachine, type KvResult } from "../kv/machine.js";
import { KvService } from "../kv/service.js";
import { type NodeStatus, RaftNode } from "../node.js";
import { WalStorage } from "../storage/wal/wal.js";
import { RealTimers } from "../timer/real.js";
import type { SocketAddress } from "../transport/address.js";
import type { Notice } from "../transport/notice.js";
import { TcpTransport } from "../transport/tcp.js";
import type { MemberFlag } from "./flags.js";

export interface ServingNodeOptions {
  readonly id: number;
  readonly cluster: bigint;
  /** The folder of the log. */
  readonly data: string;
  readonly members: readonly MemberFlag[];
  readonly listen: SocketAddress;
  readonly http: SocketAddress;
  /** Times in ms. */
  readonly electionTimeout: number;
  readonly electionJitter: number;
  readonly heartbeat: number;
  readonly requestTimeout: number;
  readonly log: Logger;
  readonly onLeader: (leader: number, term: number) => void;
}

export class ServingNode {
  /** Resolves when the node cannot go on; the reason has been logged. */
  readonly failed: Promise<void>;
  readonly #options: ServingNodeOptions;
  readonly #node: RaftNode<KvResult>;
  readonly #service: KvService;
  #fail: () => void = () => undefined;

  constructor(options: ServingNodeOptions) {
    this.#options = options;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    const { cluster, data, electionJitter, electionTimeout, heartbeat, id, listen, log, members, requestTimeout } =
      options;
    const transport = new TcpTransport({ id, cluster, ...listen, onNotice: (notice) => logNotice(log, notice) });
    const storage = new WalStorage({
      folder: data,
      onNotice: (torn) => log.warn(torn, "cut off a torn tail of the log: writes under way when the node last stopped"),
    });
    const machine = new KvMachine();
    this.#node = new RaftNode({
      cluster,
      id,
      members: members.map((member) => ({ id: member.id, address: member.raft })),
      transport,
      storage,
      timers: new RealTimers(),
      machine,
      capacity: { electionTimeout, electionJitter, heartbeat },
      proposalTimeout: requestTimeout,
      onLeader: (leader, term) => this.#leaderChanged(leader, term),
      onFailure: (error) => {
        log.fatal({ err: error }, "the node cannot go on; remove the cause and start it again on the same data");
        this.#fail();
      },
    });
    this.#service = new KvService({
      node: this.#node,
      machine,
      cluster,
      members,
      requestTimeout,
      transport: () => transport.stats,
      storage: () => storage.stats,
      onError: (error) => log.error({ err: error }, "a request failed"),
    });
  }

  get status(): NodeStatus {
    return this.#node.status;
  }

  /** Rejects, with everything closed again, when an address or the data folder cannot be used. */
  async start(): Promise<void> {
    const { data, http, log, listen } = this.#options;
    // HTTP first: while a long log is recovered, the process already says that it lives.
    await this.#service.listen(http);
    try {
      await this.#node.start();
    } catch (error) {
      await this.#service.close();
      throw error;
    }
    const { abiVersion, core, lastIndex, term } = this.status;
    log.info({ core, abiVersion, data, listen, http, term, lastIndex }, "serving");
  }

  /** Finishes the requests under way, then stops the node. */
  async stop(): Promise<void> {
    await this.#service.close();
    await this.#node.stop();
  }

  #leaderChanged(leader: number, term: number): void {
    const { log, onLeader } = this.#options;
    if (leader === 0) log.info({ term }, "no leader");
    else log.info({ leader, term }, leader === this.#options.id ? "this node leads" : "following a leader");
    this.#service.leaderChanged();
    onLeader(leader, term);
  }
}

function logNotice(log: Logger, { kind, message, peer }: Notice): void {
  log[kind === "connected" ? "info" : "warn"]({ kind, peer }, message);
}
