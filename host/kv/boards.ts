/**
 * The members that serve no HTTP: boards, which are asked over UDP (udp-ask.ts). A node that serves clients has a leading
 * board do what it would pass on to another leader, and looks at what comes of it in its own log.
 */

import * as v from "valibot";
import { MemberRole, StatusCode } from "../core/abi.js";
import { encodeConfiguration, type MemberInfo } from "../core/configuration.js";
import { statusName } from "../core/node.js";
import {
  BadChangeError,
  BadConfigurationError,
  BusyError,
  NotLeaderError,
  OutcomeUnknownError,
  RaftError,
  StoppedError,
  TooLargeError,
  TransferFailedError,
} from "../errors.js";
import { type ChangePlan, rolesOf } from "../node/change-plan.js";
import { plainRefusal } from "../node/refusal.js";
import type { RaftNode } from "../node.js";
import { type AskAnswer, AskKind, AskStatus } from "../transport/udp-ask.js";
import type { AskOptions, UdpAsker } from "../transport/udp-asker.js";
import { MEMBERS_PATH } from "./admin-body.js";
import type { KvCommand } from "./command.js";
import { outcomeUnknown } from "./refusal.js";
import type { KvStoreResult } from "./store.js";

/** ms for a board to say how it is before anything is asked of it: one that is gone must not cost the whole request. */
const GREETING_MS = 600;
const REMOVED_WAY_OUT = `GET ${MEMBERS_PATH} of another node tells, or a board's console`;
/** ms between two looks at this node's log. */
const POLL_MS = 10;
/** What the firmware's store answers to a command that is in the log (firmware/kv/kv.h). */
const Applied = { APPLIED: 0, UNEQUAL: 2, OVER_LIMIT: 3, ABSENT: 4 } as const;
const IS_APPLIED: ReadonlySet<number> = new Set([Applied.APPLIED, Applied.UNEQUAL, Applied.ABSENT]);

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** A board's status line, as far as it is passed on. */
const lineSchema = v.object({
  ...{ id: count, role: v.string(), term: count, leader: count, commit: count, applied: count, last: count },
  ...{ snapshot: count, keys: count, digest: v.string(), core: v.string() },
});

/** What `GET /v1/boards/<id>` answers. */
export interface BoardBody {
  readonly cluster: string;
  readonly id: number;
  readonly role: string;
  readonly term: number;
  /** 0 if not known. */
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  /** Keys that its store holds. */
  readonly keys: number;
  /** Hex sha256 of its store's snapshot. */
  readonly digest: string;
  /** Hex sha256 of the core that runs there. */
  readonly core: string;
}

/** The board does not answer. Nothing was asked of it yet. */
export class SilentBoardError extends RaftError {
  override readonly name = "SilentBoardError";
  readonly definite = true;
  constructor(id: number) {
    super(
      `node ${id} has no HTTP address in the configuration and answers no request over UDP: if it is a server, give it one ` +
        `(metalraft add ${id}=host:port,http=host:port)`,
    );
  }
}

type AskingNode = Pick<RaftNode<unknown>, "configuration" | "maxCommandBytes" | "status">;

export interface BoardsOptions {
  readonly node: AskingNode;
  readonly cluster: bigint;
  readonly asker: Pick<UdpAsker, "ask" | "leaderChanged" | "close">;
}

export class Boards {
  readonly #options: BoardsOptions;
  /** The leadership whose board has answered. */
  #greeted = { leader: 0, term: 0 };

  constructor(options: BoardsOptions) {
    this.#options = options;
  }

  /** Has the leading board propose a command; resolves with what came of it there. */
  async propose(command: Uint8Array, asked: KvCommand, timeout: number): Promise<KvStoreResult> {
    const { index, result } = await this.#ask({ kind: AskKind.PROPOSE, payload: command, timeout });
    if (result === Applied.OVER_LIMIT) return { kind: "full", index };
    if (!IS_APPLIED.has(result))
      return { kind: "rejected", index, reason: `the board answers ${result} to the command` };
    switch (asked.kind) {
      case "put":
        return { kind: "put", index };
      case "delete":
        return { kind: "delete", index, existed: result !== Applied.ABSENT };
      case "txn":
        return { kind: "txn", index, succeeded: result !== Applied.UNEQUAL };
      case "get":
        throw new TypeError("a read is not proposed to a board");
    }
  }

  /** Has the leading board change the members from the configuration at `base`; resolves when this node knows the change, or
   * one after it, to be committed. @throws {RaftError}, and {Refusal} where this node cannot know it */
  async reconfigure({ flags, members }: ChangePlan, base: number, timeout: number): Promise<void> {
    const begun = performance.now();
    const bytes = encodeConfigurationOf(members, flags);
    const payload = new Uint8Array(8 + bytes.length);
    new DataView(payload.buffer).setBigUint64(0, BigInt(base), true);
    payload.set(bytes, 8);
    const { index } = await this.#ask({ kind: AskKind.RECONFIGURE, payload, timeout });
    const { node } = this.#options;
    if (!members.some((member) => member.id === node.status.id && stays(member))) {
      // Told at once: nobody here will know more later.
      throw outcomeUnknown("this node is removed by the change, and hears no more of it", REMOVED_WAY_OUT);
    }
    const isDone = () => {
      const present = node.configuration();
      return present.index >= index && !present.pending && !present.joint;
    };
    if (await until(isDone, timeout - (performance.now() - begun))) return;
    throw new OutcomeUnknownError("the change of membership is not committed yet: it may or may not become so");
  }

  /** Has the leading board hand over; resolves when this node knows another leader. */
  async transfer(to: number, timeout: number): Promise<{ readonly leader: number; readonly term: number }> {
    const begun = performance.now();
    const { node } = this.#options;
    const before = { ...node.status };
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, to, true);
    await this.#ask({ kind: AskKind.TRANSFER, payload, timeout });
    const isDone = () => node.status.term > before.term && node.status.leader !== 0;
    if (!(await until(isDone, timeout - (performance.now() - begun)))) {
      throw new TransferFailedError(
        `leadership was not handed over: node ${before.leader} still leads, as far as is known`,
      );
    }
    const { leader, term } = node.status;
    return { leader, term };
  }

  /** What a board says of itself. @throws {SilentBoardError | StoppedError} */
  async status(id: number, timeout: number): Promise<BoardBody> {
    const { asker, cluster } = this.#options;
    const outcome = await asker.ask({ to: id, kind: AskKind.STATUS, term: 0, timeout: Math.min(timeout, GREETING_MS) });
    if (outcome.kind !== "answered") throw new SilentBoardError(id);
    const { last: lastIndex, snapshot: snapshotIndex, ...rest } = readLine(id, outcome.answer.text);
    return { cluster: `0x${cluster.toString(16).padStart(16, "0")}`, ...rest, lastIndex, snapshotIndex };
  }

  /** To be called when the node follows another leader. */
  leaderChanged(): void {
    const { asker, node } = this.#options;
    if (node.status.leader !== 0) asker.leaderChanged(node.status.term);
  }

  close(): void {
    this.#options.asker.close();
  }

  /** Asks the leader; resolves with its answer if it did what was asked. */
  async #ask(asked: Pick<AskOptions, "kind" | "payload" | "timeout">): Promise<AskAnswer> {
    const { asker, node } = this.#options;
    const { leader, term } = node.status;
    if (leader === 0 || leader === node.status.id) throw new NotLeaderError(leader);
    const begun = performance.now();
    if (this.#greeted.leader !== leader || this.#greeted.term !== term) {
      await this.status(leader, asked.timeout);
      this.#greeted = { leader, term };
    }
    const timeout = Math.max(1, asked.timeout - (performance.now() - begun));
    const outcome = await asker.ask({ ...asked, to: leader, term, timeout });
    if (outcome.kind === "busy" || (outcome.kind === "silent" && outcome.sent === 0)) throw new BusyError();
    if (outcome.kind === "silent") throw new OutcomeUnknownError(`node ${leader}, a board, gave no answer in time`);
    const { answer, sent } = outcome;
    if (answer.status !== StatusCode.OK) throw this.#refusal(answer, sent, asked.payload?.length ?? 0);
    return answer;
  }

  #refusal({ from, leader, status }: AskAnswer, sent: number, length: number): RaftError {
    switch (status) {
      case AskStatus.UNKNOWN:
        return new OutcomeUnknownError(`leadership changed before node ${from}, a board, knew what became of it`);
      case StatusCode.NOT_LEADER:
        // A board that has lost its memory may have done what came first.
        return sent === 1
          ? new NotLeaderError(leader)
          : new OutcomeUnknownError(`node ${from}, a board, leads no longer and does not know what became of it`);
      case StatusCode.TOO_LARGE:
        return new TooLargeError(length, this.#options.node.maxCommandBytes);
      case StatusCode.BAD_CHANGE:
        return new BadChangeError("the configuration cannot follow the one in force");
      case StatusCode.BAD_CONFIGURATION:
        return new BadConfigurationError(
          `the configuration does not fit the plan of node ${from}, a board: too many members, or an address that is too long`,
        );
      default:
        return (
          plainRefusal(status) ?? new StoppedError(`node ${from}, a board, takes no request: ${statusName(status)}`)
        );
    }
  }
}

/** Whether it is a member behind the change, too, and not only until a joint configuration is left. */
function stays(member: MemberInfo): boolean {
  return (rolesOf(member) & (MemberRole.VOTER | MemberRole.LEARNER)) !== 0;
}

/** Reads a board's status line. @throws {StoppedError} when it is of another form */
function readLine(id: number, text: string): v.InferOutput<typeof lineSchema> {
  try {
    return v.parse(lineSchema, JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoppedError(
      `what node ${id}, a board, says of itself cannot be read (${reason}): run the same release on all`,
    );
  }
}

function encodeConfigurationOf(members: readonly MemberInfo[], flags: number): Uint8Array {
  try {
    return encodeConfiguration(members, flags);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadConfigurationError(error.message);
  }
}

/** Whether it comes to hold within `timeout` ms. */
async function until(holds: () => boolean, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout;
  while (!holds()) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}
