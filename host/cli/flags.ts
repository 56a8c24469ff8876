/**
 * The values of flags: each parser takes the text of the command line and throws an error that says what to write.
 */

import { createHash } from "node:crypto";
import { InvalidArgumentError } from "commander";
import * as v from "valibot";
import { formatMemberAddress, MAX_ADDRESS_BYTES } from "../kv/member-address.js";
import { parseAddress, type SocketAddress } from "../transport/address.js";
import { TransportError } from "../transport/transport.js";

/** A member as the command line tells of it. */
export interface MemberFlag {
  readonly id: number;
  /** Where the other nodes find it, host:port. */
  readonly raft: string;
  /** Where its HTTP service is, host:port; undefined for a board, which has none. */
  readonly http: string | undefined;
  /** Keeps terms and no payloads, and never leads. */
  readonly witness: boolean;
  /** The higher, the sooner it campaigns. */
  readonly priority: number;
}

const MAX_ID = 0xffffffff;
const MAX_PORT = 65535;
/** Longest cluster name: names are for people. */
const MAX_NAME_LENGTH = 128;
const HEX_CLUSTER = /^0x[0-9a-f]{1,16}$/i;
const MEMBER = /^(\d+)=([^,]+)(?:,http=([^,]+)|(,board))(,witness)?(?:,priority=([^,]*))?$/;
const MAX_PRIORITY = 255;

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  const message = `Give a whole number from ${least} to ${most}.`;
  const schema = v.pipe(
    v.string(),
    v.regex(/^\d{1,16}$/, message),
    v.transform(Number),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
  return (text) => parsed(schema, text);
}

/** A parser of numbers above 0 and up to `most`, which may be fractions. */
export function positiveNumber(most: number): (text: string) => number {
  const message = `Give a number above 0 and up to ${most}.`;
  const schema = v.pipe(
    v.string(),
    v.regex(/^\d{1,16}(\.\d{1,16})?$/, message),
    v.transform(Number),
    v.gtValue(0, message),
    v.maxValue(most, message),
  );
  return (text) => parsed(schema, text);
}

/** A node's id. */
export const nodeId = wholeNumber(1, MAX_ID);
/** An election priority: the higher, the sooner a node campaigns. */
export const priority = wholeNumber(0, MAX_PRIORITY);
/** A port; 0 is no address that anyone could be told. */
export const port = wholeNumber(1, MAX_PORT);

/** "host:port". */
export function address(text: string): SocketAddress {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new InvalidArgumentError(`Write host:port, for example 127.0.0.1:8201, or [::1]:8201 for IPv6.`);
  }
}

/** A cluster's id: a number after 0x is taken as it is, any other name is hashed. */
export function clusterId(text: string): bigint {
  if (text.startsWith("0x")) {
    const id = HEX_CLUSTER.test(text) ? BigInt(text) : 0n;
    if (id === 0n) throw new InvalidArgumentError("After 0x, give 1 to 16 hexadecimal digits, not all of them 0.");
    return id;
  }
  if (text === "" || text.length > MAX_NAME_LENGTH) {
    throw new InvalidArgumentError(`Give a name of 1 to ${MAX_NAME_LENGTH} characters, the same on all nodes.`);
  }
  const id = createHash("sha256").update(text, "utf8").digest().readBigUInt64LE();
  return id === 0n ? 1n : id;
}

/** "ID=host:port,http=host:port", or "ID=host:port,board" for one that serves no HTTP, and perhaps ",witness" and
 * ",priority=N"; gathers members over repeated flags. */
export function member(text: string, earlier: readonly MemberFlag[] = []): MemberFlag[] {
  const [, id, raft, http, board, witness, priorityText] = MEMBER.exec(text) ?? [];
  if (id === undefined || raft === undefined || (http === undefined && board === undefined)) {
    throw new InvalidArgumentError(
      "Write ID=host:port,http=host:port, e.g. 1=127.0.0.1:8201,http=127.0.0.1:8101, and behind it ,witness or " +
        ",priority=N if need be; for a board, ID=host:port,board.",
    );
  }
  const found = { id: nodeId(id), raft, http, witness: witness !== undefined, priority: priority(priorityText ?? "0") };
  address(raft);
  if (http !== undefined) address(http);
  if (Buffer.byteLength(formatMemberAddress(found)) > MAX_ADDRESS_BYTES) {
    throw new InvalidArgumentError(`The addresses of node ${found.id} are longer than ${MAX_ADDRESS_BYTES} bytes.`);
  }
  if (raft === http) throw new InvalidArgumentError(`Node ${found.id} needs a port for Raft and another for HTTP.`);
  for (const other of earlier) {
    if (other.id === found.id) throw new InvalidArgumentError(`Node ${found.id} is there twice.`);
    const taken = [other.raft, other.http];
    if (taken.includes(raft) || (http !== undefined && taken.includes(http))) {
      throw new InvalidArgumentError(`Node ${found.id} has an address that node ${other.id} has.`);
    }
  }
  return [...earlier, found];
}

/** Members with commas between them. */
export function memberList(text: string): MemberFlag[] {
  return text.split(/,(?=\d+=)/).reduce<MemberFlag[]>((earlier, one) => member(one, earlier), []);
}

/** A parser of one of a few names. */
export function choice<const Name extends string>(names: readonly Name[]): (text: string) => Name {
  const schema = v.picklist(names, `Choose one of ${names.join(", ")}.`);
  return (text) => parsed(schema, text);
}

/** How talkative the log is. */
export const logLevel = choice(LOG_LEVELS);

function parsed<Output>(schema: v.GenericSchema<unknown, Output>, text: string): Output {
  const result = v.safeParse(schema, text);
  if (result.success) return result.output;
  throw new InvalidArgumentError(result.issues[0].message);
}
