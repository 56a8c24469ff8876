/**
 * A node that is to be added knows nobody: it is told of by the leader, and answers it, but not before it knows where the
 * leader is. So it asks the nodes that it was started with who the members are, again and again, until it has a
 * configuration of its own.
 */

import type { Logger } from "pino";
import { MEMBERS_PATH, membersSchema } from "../kv/admin-body.js";
import { formatAddress, type SocketAddress } from "../transport/address.js";
import type { Transport } from "../transport/transport.js";
import { askNode, parseBody } from "./admin/client.js";
import { UsageError } from "./output.js";

/** ms from one round of questions to the next. */
const PAUSE_MS = 250;
const PATIENCE_MS = 2000;

export interface JoiningOptions {
  readonly nodes: readonly SocketAddress[];
  readonly transport: Pick<Transport, "addPeer">;
  readonly log: Logger;
  /** Whether the node has a configuration by now. */
  readonly isMember: () => boolean;
}

export class Joining {
  readonly #options: JoiningOptions;
  readonly #end = new AbortController();
  #told = false;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  /** Resolves when the node is a member, or it was stopped. */
  async run(): Promise<void> {
    const { isMember, log, nodes } = this.#options;
    if (isMember()) return;
    log.info({ nodes: nodes.map(({ host, port }) => formatAddress(host, port)) }, "waiting to be added to the cluster");
    while (!this.#end.signal.aborted && !isMember()) {
      for (const node of nodes) await this.#ask(node);
      await this.#pause();
    }
    if (!this.#end.signal.aborted) log.info("this node has been added to the cluster");
  }

  stop(): void {
    this.#end.abort();
  }

  async #ask(node: SocketAddress): Promise<void> {
    const { log, transport } = this.#options;
    const request = { method: "GET", path: `${MEMBERS_PATH}?consistency=local` } as const;
    const reply = await askNode(node, request, PATIENCE_MS);
    if (this.#end.signal.aborted) return;
    try {
      if (reply.kind !== "done") throw new UsageError(reply.kind === "silent" ? reply.reason : reply.refusal.message);
      const { members } = parseBody(membersSchema, reply.body);
      for (const { id, raft } of members) transport.addPeer(id, raft);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (!this.#told)
        log.warn({ node: formatAddress(node.host, node.port) }, `cannot learn the members: ${error.message}`);
      this.#told = true;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#end.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, PAUSE_MS);
      this.#end.signal.addEventListener("abort", done);
    });
  }
}
