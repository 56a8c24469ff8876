/** What a node tells of itself: its status, its metrics, whether it lives and whether it is of use. Never passed on. */

import { RaftError } from "../errors.js";
import type { NodeStatus } from "../node.js";
import type { WalStats } from "../storage/wal/wal.js";
import type { TcpStats } from "../transport/context.js";
import type { UdpStats } from "../transport/udp-options.js";
import type { MemberBody } from "./admin-body.js";
import { membersBody } from "./admin-members.js";
import { type Answer, jsonAnswer, textAnswer } from "./answer.js";
import { type Boards, SilentBoardError } from "./boards.js";
import type { Metrics } from "./metrics.js";
import { Refusal } from "./refusal.js";
import { expectParameters, memberId } from "./request-target.js";
import type { Exchange, Handler, Route } from "./route.js";
import type { AdministeredNode } from "./served-node.js";

/** Committed entries that a ready node may still have to apply: a moment's work. */
const MAX_READY_LAG = 1024;

/** What a transport counts; without connections it counts less. */
export type TransportStats = Readonly<TcpStats> | Readonly<UdpStats>;

/** Where the numbers come from. */
export interface NodeSources {
  status(): NodeStatus;
  transport(): TransportStats;
  storage(): WalStats;
}

interface NodeRoutesOptions extends NodeSources {
  /** Keys that the state machine holds. */
  readonly keys: () => number;
  readonly node: AdministeredNode;
  readonly cluster: bigint;
  readonly metrics: Metrics;
  /** Boards among the members. */
  readonly boards: Boards | undefined;
}

const BOARD_PREFIX = "/v1/boards/";

/** What `GET /v1/status` answers. */
export interface StatusBody extends NodeStatus {
  /** 16 hexadecimal digits after 0x. */
  readonly cluster: string;
  /** As this node knows them. */
  readonly members: readonly MemberBody[];
  /** Keys that this node's state machine holds. */
  readonly keys: number;
  readonly transport: TransportStats;
  readonly storage: WalStats;
}

export function nodeRoutes(options: NodeRoutesOptions): Route[] {
  const { boards, metrics } = options;
  return [
    ...(boards === undefined ? [] : [boardRoute(boards)]),
    { name: "status", path: "/v1/status", methods: { GET: plain(() => jsonAnswer(200, statusBody(options))) } },
    {
      name: "metrics",
      path: "/metrics",
      methods: { GET: plain(async () => textAnswer(200, await metrics.text(), metrics.contentType)) },
    },
    { name: "healthz", path: "/healthz", methods: { GET: plain(() => textAnswer(200, "ok\n")) } },
    { name: "readyz", path: "/readyz", methods: { GET: plain(() => readiness(options.status())) } },
  ];
}

/** What a board, which serves no HTTP, says of itself when it is asked. */
function boardRoute(boards: Boards): Route {
  const ask = async ({ deadline, target }: Exchange): Promise<Answer> => {
    expectParameters(target.query, []);
    const id = memberId(target.path.slice(BOARD_PREFIX.length));
    try {
      return jsonAnswer(200, await boards.status(id, deadline - performance.now()));
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      const message = error instanceof SilentBoardError ? `node ${id} answers no request over UDP` : error.message;
      throw new Refusal(504, "unreachable board", message, true);
    }
  };
  return { name: "board", path: BOARD_PREFIX, methods: { GET: ask } };
}

/** A handler of a resource without parameters. */
function plain(answer: () => Promise<Answer> | Answer): Handler {
  return ({ target }) => {
    expectParameters(target.query, []);
    return answer();
  };
}

function statusBody({ cluster, keys, node, status, storage, transport }: NodeRoutesOptions): StatusBody {
  return {
    ...status(),
    cluster: `0x${cluster.toString(16).padStart(16, "0")}`,
    members: membersBody(node).members,
    keys: keys(),
    transport: transport(),
    storage: storage(),
  };
}

/** Ready: the node knows a leader and has applied nearly all that it knows to be committed. */
function readiness({ applied, commit, leader }: NodeStatus): Answer {
  if (leader === 0) return textAnswer(503, "no leader is known\n");
  const lag = commit - applied;
  if (lag > MAX_READY_LAG) return textAnswer(503, `${lag} committed entries are still to be applied\n`);
  return textAnswer(200, "ready\n");
}
