/**
 * One process of the benchmark of many groups: a host with a node in every group. It is asked over the channel to the process
 * that started it, and ends when that is closed.
 */

import { RaftError } from "../../errors.js";
import { GroupHost } from "../../groups/host.js";
import { GroupWal } from "../../groups/wal/wal.js";
import type { StateMachine } from "../../machine/machine.js";
import type { RaftNode } from "../../node.js";
import { parseAddress } from "../../transport/address.js";
import { TcpTransport } from "../../transport/tcp.js";
import type { Answer, Ask, Load, Question, Reply, Status } from "./groups-protocol.js";

/** Room in the queue to a peer, so that none is dropped when all groups speak at once. */
const MESSAGES_PER_GROUP = 16;
/** How long a client waits after a refusal. */
const PAUSE_MS = 10;
/** Waited before memory is measured, so that what starting took is given back. */
const SETTLE_MS = 100;

/** Counts the commands. */
class Counter implements StateMachine<number> {
  #count = 0;

  apply(): number {
    this.#count++;
    return this.#count;
  }
}

class GroupProcess {
  readonly #host: GroupHost<number>;
  readonly #wal: GroupWal;
  readonly #transport: TcpTransport;
  #emptyRssBytes = 0;

  constructor(private readonly options: Extract<Ask, { ask: "start" }>) {
    const { folder, id, members, quiesceRounds } = options;
    const own = members.find((member) => member.id === id);
    if (own === undefined) throw new RangeError(`node ${id} is no member`);
    const { host, port } = parseAddress(own.address);
    const maxQueueMessages = MESSAGES_PER_GROUP * options.groups;
    this.#transport = new TcpTransport({ cluster: 1n, id, host, port, maxQueueMessages });
    this.#wal = new GroupWal({ folder });
    const capacity = { quiesceRounds };
    this.#host = new GroupHost({ cluster: 1n, id, transport: this.#transport, wal: this.#wal, capacity });
  }

  async start(): Promise<void> {
    await this.#host.start();
    await pause(SETTLE_MS);
    this.#emptyRssBytes = process.memoryUsage.rss();
    const { groups, members } = this.options;
    for (let group = 1; group <= groups; group++) {
      // The processes take turns at being the one that should lead.
      const preferred = 1 + (group % members.length);
      const ranked = members.map((member) => ({ ...member, priority: member.id === preferred ? 1 : 0 }));
      await this.#host.add(group, { members: ranked, machine: new Counter() });
    }
  }

  status(): Status {
    const { arenaBytes, memoryPages } = this.#host.stats;
    const nodes = this.#nodes().map(({ status }) => status);
    const { system, user } = process.cpuUsage();
    return {
      leads: nodes.filter(({ role }) => role === "LEADER").length,
      led: nodes.filter(({ leader }) => leader !== 0).length,
      quiet: nodes.filter(({ quiet }) => quiet).length,
      cpuMicroseconds: system + user,
      rssBytes: process.memoryUsage.rss(),
      emptyRssBytes: this.#emptyRssBytes,
      arenaBytes,
      memoryPages,
      syncs: this.#wal.stats.syncs,
      connections: this.#transport.openSockets,
    };
  }

  async load({ groups, milliseconds, outstanding, payload }: Extract<Ask, { ask: "load" }>): Promise<Load> {
    const leaders = this.#nodes().filter((node) => node.isLeader);
    const chosen = groups === "all" ? leaders : leaders.slice(0, 1);
    const command = new Uint8Array(payload).fill(7);
    const end = performance.now() + milliseconds;
    let commits = 0;
    let refused = 0;
    const client = async (node: RaftNode<number>): Promise<void> => {
      while (performance.now() < end) {
        try {
          await node.propose(command);
          if (performance.now() < end) commits++;
        } catch (error) {
          if (!(error instanceof RaftError)) throw error;
          refused++;
          await pause(PAUSE_MS);
        }
      }
    };
    await Promise.all(chosen.flatMap((node) => Array.from({ length: outstanding }, () => client(node))));
    return { commits, refused };
  }

  stop(): Promise<void> {
    return this.#host.stop();
  }

  #nodes(): RaftNode<number>[] {
    return this.#host.groups.map((group) => this.#host.node(group)).filter((node) => node !== undefined);
  }
}

let running: GroupProcess | undefined;

async function answer(ask: Ask): Promise<Answer> {
  if (ask.ask === "start") {
    running = new GroupProcess(ask);
    await running.start();
    return undefined;
  }
  if (running === undefined) throw new Error("asked before it was started");
  if (ask.ask === "status") return running.status();
  if (ask.ask === "load") return running.load(ask);
  await running.stop();
  return undefined;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function reply({ ask, number }: Question): Promise<Reply> {
  try {
    return { number, answer: await answer(ask) };
  } catch (error) {
    return { number, failure: error instanceof Error ? error.message : String(error) };
  }
}

process.on("message", (question: Question) => {
  void reply(question).then((message) => process.send?.(message));
});
process.on("disconnect", () => process.exit());
