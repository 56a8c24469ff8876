/** What clients ask for and are told, as the key-value machine has it: calls as commands, its results as theirs. */

import type { KvCommand } from "../../host/kv/command.js";
import type { KvStoreResult } from "../../host/kv/store.js";
import type { Call, Result } from "../checkers/history.js";
import { bytesOf, textOf } from "../host-world/values.js";

export type WriteCall = Exclude<Call, { readonly kind: "read" }>;

export function commandOf(call: Call, key: string): KvCommand {
  switch (call.kind) {
    case "read":
      return { kind: "get", key };
    case "write":
      return { kind: "put", key, value: bytesOf(call.argument) };
    case "delete":
      return { kind: "delete", key };
    case "cas": {
      const { expected, value } = call.argument;
      const compare =
        expected === null
          ? { kind: "absent" as const, key }
          : { kind: "value" as const, key, value: bytesOf(expected) };
      const then =
        value === null ? { kind: "delete" as const, key } : { kind: "put" as const, key, value: bytesOf(value) };
      return { kind: "txn", compare: [compare], then: [then] };
    }
  }
}

const KINDS = { read: "get", write: "put", delete: "delete", cas: "txn" } as const satisfies Record<
  Call["kind"],
  KvStoreResult["kind"]
>;

/** What a result tells a client; undefined if it is that of another kind of command. */
export function toldOf(call: Call, result: KvStoreResult): Result | undefined {
  if (result.kind !== KINDS[call.kind]) return undefined;
  if (result.kind === "get") return textOf(result.entry?.value);
  return result.kind === "txn" ? result.succeeded : null;
}
