/** A node as `metalraft serve` runs it: Raft over TCP, or UDP, log and snapshots on disk, the key-value store over HTTP. */

import type { Logger } from "pino";
import { MemberRole } from "../core/abi.js";
import type { MemberInfo } from "../core/configuration.js";
import { Boards } from "../kv/boards.js";
import { KvMachine, type KvResult } from "../kv/machine.js";
import { formatMemberAddress, MAX_ADDRESS_BYTES, MemberTransport, MemberUdpTransport } from "../kv/member-address.js";
import { KvService } from "../kv/service.js";
import { type NodeStatus, RaftNode } from "../node.js";
import { NO_SESSIONS, SESSION_LIMITS } from "../session/limits.js";
import { DiskSnapshotStore } from "../storage/snapshot/disk.js";
import { WalStorage } from "../storage/wal/wal.js";
import { RealTimers } from "../timer/real.js";
import type { SocketAddress } from "../transport/address.js";
import type { Notice } from "../transport/notice.js";
import { UdpAsker } from "../transport/udp-asker.js";
import type { MemberFlag } from "./flags.js";
import { Joining } from "./joining.js";
import type { NodeFlags } from "./node-flags.js";
import { checkFolder, type NodeIdentity, writeIdentity } from "./node-folder.js";
import type { BoardPlan } from "./serve-boards.js";

export interface ServingNodeOptions extends Omit<NodeFlags, "logLevel"> {
  readonly id: number;
  readonly cluster: bigint;
  /** The folder of log and snapshots. */
  readonly data: string;
  readonly origin: NodeIdentity["origin"];
  /** The first members; none for a node that is added later. */
  readonly members: readonly MemberFlag[];
  /** HTTP addresses of members, for a node that is added later. */
  readonly join: readonly SocketAddress[];
  readonly listen: SocketAddress;
  readonly http: SocketAddress;
  /** For a cluster with boards in it; undefined for one of servers, over TCP. */
  readonly boards: BoardPlan | undefined;
  readonly log: Logger;
  readonly onLeader: (leader: number, term: number) => void;
}

export class ServingNode {
  /** Resolves when the node cannot go on; the reason has been logged. */
  readonly failed: Promise<void>;
  readonly #options: ServingNodeOptions;
  readonly #node: RaftNode<KvResult>;
  readonly #service: KvService;
  readonly #joining: Joining;
  #fail: () => void = () => undefined;

  constructor(options: ServingNodeOptions) {
    this.#options = options;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    const { boards, cluster, data, id, join, log, requestTimeout } = options;
    const { asker, transport } = makeTransport(options);
    const storage = new WalStorage({
      folder: data,
      onNotice: (torn) => log.warn(torn, "cut off a torn tail of the log: writes under way when the node last stopped"),
    });
    // Over TCP there is no board: by the transport all members agree on what they keep.
    const machine = new KvMachine(boards === undefined ? SESSION_LIMITS : NO_SESSIONS);
    this.#node = new RaftNode({
      ...this.#plan(),
      ...{ cluster, id, transport, storage, machine },
      snapshots: new DiskSnapshotStore({ folder: data }),
      timers: new RealTimers(),
      onLeader: (leader, term) => this.#leaderChanged(leader, term),
      onConfiguration: ({ joint, members }) => log.info({ members: members.map((one) => one.id), joint }, "members"),
      onNotice: ({ kind, message }) => log.warn({ kind }, message),
      onFailure: (error) => {
        log.fatal({ err: error }, "the node cannot go on; remove the cause and start it again on the same data");
        this.#fail();
      },
    });
    this.#service = new KvService({
      ...{ node: this.#node, machine, cluster, requestTimeout },
      ...(asker === undefined ? {} : { boards: new Boards({ node: this.#node, cluster, asker }) }),
      ...(boards === undefined ? {} : { storeBytes: boards.storeBytes }),
      transport: () => transport.stats,
      storage: () => storage.stats,
      onError: (error) => log.error({ err: error }, "a request failed"),
    });
    this.#joining = new Joining({ nodes: join, transport, log, isMember: () => this.#node.members().length > 0 });
  }

  get status(): NodeStatus {
    return this.#node.status;
  }

  /** Rejects, with everything closed again, when an address or the data folder cannot be used. */
  async start(): Promise<void> {
    const { boards, cluster, data, http, id, log, listen, origin } = this.#options;
    const transport = boards === undefined ? "tcp" : "udp";
    const identity = { cluster: `0x${cluster.toString(16)}`, id, origin, transport } as const;
    checkFolder(data, identity);
    // HTTP first: while a long log is recovered, the process already says that it lives.
    await this.#service.listen(http);
    try {
      await this.#node.start();
    } catch (error) {
      await this.#service.close();
      throw error;
    }
    writeIdentity(data, identity);
    const { abiVersion, core, lastIndex, term } = this.status;
    log.info({ core, abiVersion, data, transport, listen, http, term, lastIndex }, "serving");
    this.#joining.run().catch((error: unknown) => log.error({ err: error }, "joining failed"));
  }

  /** Finishes the requests under way, then stops the node. A leader hands over first, so that clients hardly notice. */
  async stop({ handOver }: { readonly handOver: boolean }): Promise<void> {
    this.#joining.stop();
    if (handOver && this.#node.isLeader && this.#node.members().length > 1) await this.#handOver();
    await this.#service.close();
    await this.#node.stop();
  }

  async #handOver(): Promise<void> {
    const { log } = this.#options;
    const begun = performance.now();
    try {
      const leader = await this.#node.transfer();
      log.info({ leader, ms: Math.round(performance.now() - begun) }, "handed over leadership");
    } catch (error) {
      log.warn({ err: error }, "could not hand over leadership: the others will elect a leader");
    }
  }

  /** What the flags say of the node. */
  #plan() {
    const { electionJitter, electionTimeout, heartbeat, keepEntries, leaseDrift, quiesceRounds } = this.#options;
    const { boards, members, origin, requestTimeout, snapshotBytes, snapshotEntries } = this.#options;
    const own = { addressBytes: MAX_ADDRESS_BYTES, ...boards?.capacity };
    const times = { electionTimeout, electionJitter, heartbeat };
    return {
      members: members.map(memberInfo),
      joins: origin === "joined",
      capacity: { ...own, ...times, keepEntries, leaseDrift, quiesceRounds },
      snapshot: { entries: snapshotEntries, bytes: snapshotBytes },
      proposalTimeout: requestTimeout,
      // By then the core has given up, or the next leader been elected.
      transferTimeout: 2 * electionTimeout,
    };
  }

  #leaderChanged(leader: number, term: number): void {
    const { log, onLeader } = this.#options;
    if (leader === 0) log.info({ term }, "no leader");
    else log.info({ leader, term }, leader === this.#options.id ? "this node leads" : "following a leader");
    this.#service.leaderChanged();
    onLeader(leader, term);
  }
}

/** The transport, and over UDP what asks boards through it. */
function makeTransport({ boards, cluster, id, listen, log }: ServingNodeOptions) {
  const common = { id, cluster, ...listen, onNotice: (notice: Notice) => logNotice(log, notice) };
  const maxMessageBytes = boards?.capacity.maxMessage;
  if (maxMessageBytes === undefined) return { transport: new MemberTransport(common), asker: undefined };
  const transport = new MemberUdpTransport({ ...common, maxMessageBytes });
  const asker = new UdpAsker({ id, cluster, life: Date.now(), send: (to, message) => transport.send(to, message) });
  transport.onAsk((message) => asker.received(message));
  return { transport, asker };
}

function memberInfo(member: MemberFlag): MemberInfo {
  const { id, priority, witness } = member;
  const roles = witness ? MemberRole.VOTER | MemberRole.WITNESS : MemberRole.VOTER;
  return { id, roles, priority, address: formatMemberAddress(member) };
}

function logNotice(log: Logger, { kind, message, peer }: Notice): void {
  log[kind === "connected" ? "info" : "warn"]({ kind, peer }, message);
}
