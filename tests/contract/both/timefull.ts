/**
 * Stories in real time: running nodes, real timers with jitter, a real transport, and over TCP real files too. A wait is
 * bounded by a time far above what anything takes, against hanging: a machine under load must fail no story.
 */

import { RaftError } from "../../../host/errors.js";
import type { MemberInfo } from "../../../host/index.js";
import { TimefullCluster, type TransportName } from "../../../sim/timefull/index.js";
import {
  Driver,
  downView,
  type NodeView,
  newOffer,
  newRequest,
  type Offer,
  type ReadKind,
  type Request,
  type Settled,
} from "./driver.js";
import { type Answer, describeAnswer, StoryMachine } from "./machine.js";
import { membersOf, type Setting, STORY_CAPACITY, strangersOf } from "./story.js";

/** How long a wait may take, in ms. */
const PATIENCE = 20_000;
/** Between two looks, in ms. */
const LOOK_INTERVAL = 2;

/** What the core calls what the host tells as an error. */
const STATUS_OF: Readonly<Record<string, string>> = {
  NotLeaderError: "NOT_LEADER",
  BusyError: "BUSY",
  NotReadyError: "NOT_READY",
  TooLargeError: "TOO_LARGE",
  TransferringError: "TRANSFERRING",
  ChangePendingError: "CHANGE_PENDING",
  NotCaughtUpError: "NOT_CAUGHT_UP",
  NoVoterError: "NO_VOTER",
  UnknownNodeError: "UNKNOWN_NODE",
  BadChangeError: "BAD_CHANGE",
  BadConfigurationError: "BAD_CONFIGURATION",
  TransferFailedError: "GIVEN_UP",
  StoppedError: "STOPPED",
};

export class TimefullDriver extends Driver {
  readonly cluster: TimefullCluster<Answer, StoryMachine>;

  /** @param folder for the nodes' files; they remember in memory without one */
  constructor(transport: TransportName, setting: Setting, folder?: string) {
    super();
    this.cluster = new TimefullCluster<Answer, StoryMachine>({
      transport,
      members: membersOf(setting),
      strangers: strangersOf(setting).map(({ id }) => id),
      machine: () => new StoryMachine(),
      capacity: { ...STORY_CAPACITY, ...setting.capacity },
      patience: PATIENCE,
      node: { proposalTimeout: PATIENCE, changeTimeout: PATIENCE, transferTimeout: PATIENCE },
      ...(folder === undefined ? {} : { folder }),
    });
  }

  get ids(): readonly number[] {
    return this.cluster.ids;
  }

  node(id: number): NodeView {
    const life = this.cluster.get(id);
    if (life === undefined) return downView(id);
    const { applied, changePending, commit, joint, lastIndex, leader, quiet, role, snapshotIndex, term } =
      life.node.status;
    return {
      id,
      isUp: true,
      leads: role === "LEADER",
      term,
      leader,
      commit,
      applied,
      last: lastIndex,
      snapshot: snapshotIndex,
      commands: life.machine.commands,
      members: life.node.members(),
      isJoint: joint,
      isChanging: changePending,
      rests: quiet,
    };
  }

  mute(from: number, ...to: readonly number[]): void {
    for (const other of to) this.cluster.links.cut(from, other);
  }

  loseOneIn(messages: number): void {
    this.cluster.links.loss = 1 / messages;
  }

  protected healLinks(): void {
    this.cluster.links.loss = 0;
    this.cluster.heal();
  }

  protected crashOne(id: number): Promise<void> {
    return this.cluster.crash(id);
  }

  protected restartOne(id: number): Promise<void> {
    return this.cluster.restart(id);
  }

  offer(id: number, command: string | Uint8Array): Offer {
    const offer = newOffer(id, this.node(id).term);
    const bytes = typeof command === "string" ? new TextEncoder().encode(command) : command;
    this.#running(id)
      .propose(bytes)
      .then(
        (answer) => {
          offer.state = "committed";
          offer.answer = describeAnswer(answer);
        },
        (error: unknown) => {
          offer.why = statusOf(error);
          if (!(error instanceof RaftError)) throw error;
          offer.state = error.name === "LostError" ? "lost" : error.definite ? "refused" : "unknown";
        },
      );
    return offer;
  }

  ask(id: number, kind: ReadKind = "index"): Request {
    const { machine } = this.#life(id);
    return this.#follow(id, this.#running(id).read(kind), () => [...machine.commands]);
  }

  reconfigure(id: number, members: readonly MemberInfo[]): Request {
    return this.#follow(id, this.#running(id).reconfigure(this.cluster.named(members)));
  }

  transfer(id: number, target = 0): Request {
    return this.#follow(id, this.#running(id).transfer(target));
  }

  pass(timeouts: number): Promise<void> {
    const { electionJitter, electionTimeout } = STORY_CAPACITY;
    return new Promise((resolve) => setTimeout(resolve, timeouts * (electionTimeout + electionJitter)));
  }

  protected step(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
  }

  protected mark(): number {
    return performance.now();
  }

  protected isTooLong(_steps: number, mark: number): boolean {
    return performance.now() - mark > PATIENCE;
  }

  protected async takeSnapshot(id: number): Promise<boolean> {
    const request = this.#follow(id, this.#running(id).snapshot());
    await this.until(`node ${id} takes a snapshot`, () => request.state !== "waiting");
    return request.state === "done";
  }

  /** Tells what becomes of a promise. */
  #follow(id: number, promise: Promise<unknown>, seen: () => readonly string[] = () => []): Request {
    const request: Settled<Request> = newRequest(id, this.node(id).term);
    promise.then(
      () => {
        request.seen = seen();
        request.state = "done";
      },
      (error: unknown) => {
        if (!(error instanceof RaftError)) throw error;
        request.why = statusOf(error);
        request.state = "refused";
      },
    );
    return request;
  }

  #life(id: number) {
    const life = this.cluster.get(id);
    if (life === undefined) throw new RangeError(`node ${id} is down`);
    return life;
  }

  #running(id: number) {
    return this.#life(id).node;
  }
}

function statusOf(error: unknown): string {
  return error instanceof Error ? (STATUS_OF[error.name] ?? error.name) : String(error);
}
