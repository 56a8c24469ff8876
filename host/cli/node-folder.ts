/**
 * node.json in a node's data folder: whose data these are. A node is never started on another's log, as one of another
 * cluster, or as the founder of a second cluster in place of a member of the first.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { UsageError } from "./output.js";

const FILE = "node.json";
const MAX_ID = 0xffffffff;

const identitySchema = v.object({
  /** 0x and hexadecimal digits. */
  cluster: v.pipe(v.string(), v.regex(/^0x[0-9a-f]{1,16}$/)),
  id: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ID)),
  /** How it was started the first time: as one of the first members, or to be added to them later. */
  origin: v.picklist(["first", "joined"]),
  /** What its cluster speaks; boards can follow what a log over UDP holds, and may not be able to follow another. */
  transport: v.optional(v.picklist(["tcp", "udp"]), "tcp"),
});

/** Whose folder it is. */
export type NodeIdentity = v.InferOutput<typeof identitySchema>;

/** Undefined when the folder does not say, or is not there. @throws {UsageError} when the file cannot be read. */
export function readIdentity(folder: string): NodeIdentity | undefined {
  const file = join(folder, FILE);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return undefined;
    }
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    return v.parse(identitySchema, JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${file} cannot be read (${reason}). It holds {"cluster": "0x...", "id": ..., "origin": "first" or "joined"}: ` +
        "restore it, or write it anew",
    );
  }
}

/** In two steps, so that a crash leaves the old file or the new one. */
export function writeIdentity(folder: string, identity: NodeIdentity): void {
  const file = join(folder, FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(identity, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** @throws {UsageError} when the folder is another node's. */
export function checkFolder(folder: string, own: NodeIdentity): void {
  const found = readIdentity(folder);
  if (found === undefined) return;
  if (found.id !== own.id) {
    throw new UsageError(
      `${folder} holds the data of node ${found.id}: start it as --id ${found.id}, or give another --data`,
    );
  }
  if (BigInt(found.cluster) !== BigInt(own.cluster)) {
    throw new UsageError(
      `${folder} holds a node of cluster ${found.cluster}, and this is cluster ${own.cluster}: correct --cluster, or give ` +
        "another --data",
    );
  }
  if (found.transport !== own.transport) {
    throw new UsageError(
      `node ${own.id} in ${folder} is of a cluster over ${found.transport.toUpperCase()}: start it with --transport ${found.transport}`,
    );
  }
  if (found.origin === own.origin) return;
  throw new UsageError(
    found.origin === "joined"
      ? `node ${own.id} in ${folder} was started with --join: start it so again. What founds a cluster would split it in two`
      : `node ${own.id} in ${folder} is one of the first members of its cluster: start it as the first time, without --join`,
  );
}
