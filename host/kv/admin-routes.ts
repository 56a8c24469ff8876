/** The resources of the administration: members, transfers of leadership, snapshots. See admin-body.ts for their JSON. */

import * as v from "valibot";
import {
  BadChangeError,
  BadConfigurationError,
  ChangePendingError,
  NotCaughtUpError,
  NoVoterError,
  type RaftError,
  SnapshotError,
  TransferFailedError,
  UnknownNodeError,
} from "../errors.js";
import { planChange } from "../node/change-plan.js";
import {
  type ChangedBody,
  MEMBERS_PATH,
  memberChangeSchema,
  newMemberSchema,
  SNAPSHOT_PATH,
  type SnapshotTakenBody,
  TRANSFER_PATH,
  type TransferredBody,
  transferSchema,
  wantedMembersSchema,
} from "./admin-body.js";
import { type Edited, exactly, membersBody, withChange, withMember, withoutMember } from "./admin-members.js";
import { type Answer, jsonAnswer } from "./answer.js";
import type { Boards } from "./boards.js";
import type { Gateway } from "./gateway.js";
import { badRequest, Refusal, type RefusalName } from "./refusal.js";
import { type BodyBudget, withBody } from "./request-body.js";
import { expectParameters, memberId } from "./request-target.js";
import type { Exchange, Route } from "./route.js";
import type { AdministeredNode } from "./served-node.js";

/** Longest JSON of a request: all members there can be, with long addresses. */
const MAX_BODY_BYTES = 64 << 10;
const MEMBER_PREFIX = `${MEMBERS_PATH}/`;
const WAY_OUT = `GET ${MEMBERS_PATH} tells`;

interface AdminRoutesOptions {
  readonly node: AdministeredNode;
  readonly gateway: Gateway;
  readonly budget: BodyBudget;
  /** Boards among the members. */
  readonly boards: Boards | undefined;
}

/** What the members are to become. */
type Edit = (members: ReturnType<AdministeredNode["configuration"]>["members"]) => Edited;

export function adminRoutes(options: AdminRoutesOptions): Route[] {
  const routes = new AdminRoutes(options);
  return [
    {
      name: "members",
      path: MEMBERS_PATH,
      methods: {
        GET: (exchange) => routes.members(exchange),
        POST: (exchange) => routes.add(exchange),
        PUT: (exchange) => routes.put(exchange),
      },
    },
    {
      name: "member",
      path: MEMBER_PREFIX,
      methods: {
        PATCH: (exchange) => routes.patch(exchange),
        DELETE: (exchange) => routes.delete(exchange),
      },
    },
    { name: "transfer", path: TRANSFER_PATH, methods: { POST: (exchange) => routes.transfer(exchange) } },
    { name: "snapshot", path: SNAPSHOT_PATH, methods: { POST: (exchange) => routes.snapshot(exchange) } },
  ];
}

class AdminRoutes {
  constructor(private readonly options: AdminRoutesOptions) {}

  /** As the leader has them, or as this node does. */
  members(exchange: Exchange): Promise<Answer> | Answer {
    const { query } = exchange.target;
    expectParameters(query, ["consistency"]);
    const consistency = query.get("consistency") ?? "leader";
    if (consistency === "local") return jsonAnswer(200, membersBody(this.options.node));
    if (consistency !== "leader") {
      throw badRequest(
        `consistency=${JSON.stringify(consistency)} is not known here: use leader (the default) or local`,
      );
    }
    const act = async () => membersBody(this.options.node);
    return this.#lead(exchange, "none", undefined, act, async () => {
      await this.options.node.read("index");
      return act();
    });
  }

  add(exchange: Exchange): Promise<Answer> {
    return this.#withJson(exchange, newMemberSchema, (wanted, body) =>
      this.#change(exchange, body, (members) => withMember(members, wanted)),
    );
  }

  put(exchange: Exchange): Promise<Answer> {
    return this.#withJson(exchange, wantedMembersSchema, (wanted, body) =>
      this.#change(exchange, body, (members) => exactly(members, wanted.members)),
    );
  }

  patch(exchange: Exchange): Promise<Answer> {
    const id = memberId(exchange.target.path.slice(MEMBER_PREFIX.length));
    return this.#withJson(exchange, memberChangeSchema, (change, body) =>
      this.#change(exchange, body, (members) => withChange(members, id, change)),
    );
  }

  delete(exchange: Exchange): Promise<Answer> {
    const id = memberId(exchange.target.path.slice(MEMBER_PREFIX.length));
    return this.#change(exchange, undefined, (members) => withoutMember(members, id));
  }

  transfer(exchange: Exchange): Promise<Answer> {
    return this.#withJson(exchange, transferSchema, ({ to }, body) =>
      this.#lead(
        exchange,
        "again",
        body,
        () => this.#transfer(to),
        (remaining, boards) => refusing(() => boards.transfer(to ?? 0, remaining)),
      ),
    );
  }

  /** On this node, whatever it is. */
  snapshot(exchange: Exchange): Promise<Answer> {
    return this.#withJson(exchange, v.strictObject({}), async () => {
      const { node } = this.options;
      const { index, term } = await refusing(() => node.snapshot());
      return jsonAnswer(200, { id: node.status.id, index, term } satisfies SnapshotTakenBody);
    });
  }

  async #transfer(to: number | undefined): Promise<TransferredBody> {
    const { node } = this.options;
    const leader = to === node.status.id ? to : await refusing(() => node.transfer(to));
    return { leader, term: node.status.term };
  }

  /** Done twice it does what it does once: what is as it should be is left alone. */
  #change(exchange: Exchange, body: Buffer | undefined, edit: Edit): Promise<Answer> {
    const { node } = this.options;
    const change = (submit: (target: NonNullable<Edited>) => Promise<void>) => async (): Promise<ChangedBody> => {
      const { joint, members, pending } = node.configuration();
      // What is not committed may yet roll back: nothing can be said of it, and nothing may follow it.
      if (joint || pending) throw new ChangePendingError();
      const edited = edit(members);
      if (edited !== undefined) await submit(edited);
      return { index: node.configuration().index };
    };
    const act = (timeout: number) => refusing(change((target) => node.reconfigure(target, { timeout })));
    return this.#lead(exchange, "once", body, act, async (timeout, boards) => {
      const deadline = performance.now() + timeout;
      // From then on this node's configuration is as new as the leader's, as far as that is committed.
      await node.read("index");
      return refusing(change((target) => this.#askChange(target, boards, deadline - performance.now())));
    });
  }

  #askChange(target: NonNullable<Edited>, boards: Boards, timeout: number): Promise<void> {
    const { index, ...present } = this.options.node.configuration();
    return boards.reconfigure(planChange(present, target, "auto"), index, timeout);
  }

  /** Has the leader do it. */
  async #lead(
    { deadline, forwardedBy, method, signal, target, url }: Exchange,
    effect: "none" | "once" | "again",
    body: Uint8Array | undefined,
    act: (remaining: number) => Promise<unknown>,
    ask: (remaining: number, boards: Boards) => Promise<unknown>,
  ): Promise<Answer> {
    if (method !== "GET") expectParameters(target.query, []);
    const request = { method, target: url, body: body ?? new Uint8Array(0), idempotencyKey: undefined };
    const { boards, gateway } = this.options;
    const outcome = await gateway.run({
      act,
      ask: boards === undefined ? undefined : (remaining) => ask(remaining, boards),
      ...{ isDoneHere: () => false, effect, wayOut: WAY_OUT, request, forwardedBy, deadline, signal },
    });
    return outcome.kind === "forwarded" ? outcome.response : jsonAnswer(200, outcome.result);
  }

  #withJson<Output>(
    { request, response }: Exchange,
    schema: v.GenericSchema<unknown, Output>,
    use: (value: Output, body: Buffer) => Promise<Answer>,
  ): Promise<Answer> {
    const limits = { what: "the JSON", maxBytes: MAX_BODY_BYTES };
    return withBody(request, response, limits, this.options.budget, async (body) => use(parse(schema, body), body));
  }
}

function parse<Output>(schema: v.GenericSchema<unknown, Output>, body: Buffer): Output {
  let json: unknown;
  try {
    json = JSON.parse(body.length === 0 ? "{}" : body.toString("utf8"));
  } catch (error) {
    throw badRequest(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  throw badRequest(`${place === null ? "the body" : place}: ${issue.message}`);
}

/** How a refusal of the node is answered; those that are not here are waited for, see gateway.ts. */
const REFUSALS: readonly (readonly [new (...args: never[]) => RaftError, number, RefusalName])[] = [
  [ChangePendingError, 409, "change pending"],
  [NotCaughtUpError, 409, "not caught up"],
  [TransferFailedError, 409, "transfer failed"],
  [UnknownNodeError, 404, "unknown node"],
  [NoVoterError, 422, "no voter"],
  [BadChangeError, 422, "bad change"],
  [BadConfigurationError, 422, "bad change"],
  [SnapshotError, 409, "snapshot failed"],
];

/** Turns what the node refuses for good into a refusal of the request. */
async function refusing<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    for (const [kind, status, name] of REFUSALS) {
      if (error instanceof kind) throw new Refusal(status, name, error.message, true);
    }
    throw error;
  }
}
