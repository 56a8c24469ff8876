/**
 * The JSON of the administration over HTTP: what is asked and what is answered, for the service and for its clients.
 *
 *   GET    /v1/members        the members, from the leader; ?consistency=local from the node asked
 *   POST   /v1/members        {"id", "raft", "http", "role": "voter" | "learner", "witness", "priority"}: adds a member
 *   PUT    /v1/members        {"members": [...]}: exactly these from now on, through a joint configuration if need be
 *   PATCH  /v1/members/<id>   {"role": "voter", "raft", "http", "priority"}: changes a member, each part optional
 *   DELETE /v1/members/<id>   removes it
 *   POST   /v1/transfer       {"to": id}: hands leadership over, to the best member without "to"
 *   POST   /v1/snapshot       takes a snapshot on the node asked
 */

import * as v from "valibot";
import { parseAddress } from "../transport/address.js";
import { TransportError } from "../transport/transport.js";

const MAX_ID = 0xffffffff;
const MAX_PRIORITY = 255;

export const MEMBERS_PATH = "/v1/members";
export const TRANSFER_PATH = "/v1/transfer";
export const SNAPSHOT_PATH = "/v1/snapshot";

const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const id = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, `an id is a whole number from 1 to ${MAX_ID}`),
  v.maxValue(MAX_ID, `an id is a whole number from 1 to ${MAX_ID}`),
);
const priority = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0, `a priority is a whole number from 0 to ${MAX_PRIORITY}`),
  v.maxValue(MAX_PRIORITY, `a priority is a whole number from 0 to ${MAX_PRIORITY}`),
);
const address = v.pipe(v.string(), v.check(isAddress, "an address is host:port, or [host]:port for IPv6"));

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch (error) {
    if (error instanceof TransportError) return false;
    throw error;
  }
}

/** A member that is to be there. */
export const newMemberSchema = v.strictObject({
  id,
  raft: address,
  http: v.optional(address),
  /** A voter begins as a learner that the leader promotes once it has caught up. */
  role: v.optional(v.picklist(["voter", "learner"]), "voter"),
  witness: v.optional(v.boolean(), false),
  priority: v.optional(priority, 0),
});
export type NewMember = v.InferOutput<typeof newMemberSchema>;

/** What changes about a member. */
export const memberChangeSchema = v.strictObject({
  role: v.optional(v.literal("voter")),
  raft: v.optional(address),
  http: v.optional(address),
  priority: v.optional(priority),
});
export type MemberChange = v.InferOutput<typeof memberChangeSchema>;

/** A member of a configuration that is asked for as a whole; what is left out stays as it is. */
const wantedMemberSchema = v.strictObject({
  id,
  raft: v.optional(address),
  http: v.optional(address),
  role: v.optional(v.picklist(["voter", "learner"])),
  priority: v.optional(priority),
});
export type WantedMember = v.InferOutput<typeof wantedMemberSchema>;

export const wantedMembersSchema = v.strictObject({ members: v.pipe(v.array(wantedMemberSchema), v.minLength(1)) });

export const transferSchema = v.strictObject({ to: v.optional(id) });

/** A member as the configuration has it. */
const memberSchema = v.object({
  id,
  /** "outgoing": votes until a joint configuration is left. */
  role: v.picklist(["voter", "learner", "outgoing"]),
  /** Keeps terms and no payloads, and never leads. */
  witness: v.boolean(),
  /** A learner that becomes a voter by itself once it has caught up. */
  promote: v.boolean(),
  priority,
  raft: v.string(),
  http: v.nullable(v.string()),
  /** How far its log is known to agree with the leader's; null where that is not known. */
  match: v.nullable(index),
});
export type MemberBody = v.InferOutput<typeof memberSchema>;

/** What `GET /v1/members` answers. */
export const membersSchema = v.object({
  /** Where in the log the configuration stands. */
  index,
  /** Whether it is committed, so that another change may follow. */
  committed: v.boolean(),
  /** Whether two majorities are needed at present. */
  joint: v.boolean(),
  /** 0 if not known. */
  leader: v.pipe(v.number(), v.integer(), v.minValue(0)),
  term: index,
  members: v.array(memberSchema),
});
export type MembersBody = v.InferOutput<typeof membersSchema>;

/** What a change of members is answered with, once it is committed. */
export interface ChangedBody {
  readonly index: number;
}

/** What `POST /v1/transfer` is answered with, once another node leads. */
export const transferredSchema = v.object({ leader: id, term: index });
export type TransferredBody = v.InferOutput<typeof transferredSchema>;

/** What `POST /v1/snapshot` is answered with, once it is durable. */
export const snapshotTakenSchema = v.object({ id, index, term: index });
export type SnapshotTakenBody = v.InferOutput<typeof snapshotTakenSchema>;

/** The body of a refusal; see refusal.ts. */
export const refusalSchema = v.object({ error: v.string(), message: v.string(), definite: v.boolean() });
export type RefusalBody = v.InferOutput<typeof refusalSchema>;
