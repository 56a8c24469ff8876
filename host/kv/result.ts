/**
 * The results of the store as bytes, in which they are kept for clients that ask again: a kind byte, the u64 index, and
 * then by kind
 *
 *   put         nothing
 *   delete      u8 whether the key existed
 *   get         u8 whether there is an entry, and if so its value and its u64 modIndex
 *   txn         u8 whether it succeeded
 *   rejected    the reason, as a value in UTF-8
 *   full        nothing
 */

import type { ResultCodec } from "../session/machine.js";
import { ByteReader, ByteWriter } from "./bytes.js";
import type { KvStoreResult } from "./store.js";

const KINDS = ["put", "delete", "get", "txn", "rejected", "full"] as const;

export const STORE_RESULTS: ResultCodec<KvStoreResult> = { encode, decode };

function encode(result: KvStoreResult): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(KINDS.indexOf(result.kind));
  writer.u64(result.index);
  switch (result.kind) {
    case "delete":
      writer.u8(Number(result.existed));
      break;
    case "txn":
      writer.u8(Number(result.succeeded));
      break;
    case "get":
      writer.u8(Number(result.entry !== undefined));
      if (result.entry !== undefined) {
        writer.value(result.entry.value);
        writer.u64(result.entry.modIndex);
      }
      break;
    case "rejected":
      writer.value(new TextEncoder().encode(result.reason));
      break;
  }
  return writer.finish();
}

/** @throws {RangeError} for bytes that no result is encoded as */
function decode(bytes: Uint8Array): KvStoreResult {
  const reader = new ByteReader(bytes);
  const kind = KINDS[reader.u8()];
  const index = reader.u64();
  const result = readBody(reader, kind, index);
  reader.end();
  if (reader.fault !== undefined) throw new RangeError(`a kept answer cannot be read: ${reader.fault}`);
  return result;
}

function readBody(reader: ByteReader, kind: KvStoreResult["kind"] | undefined, index: number): KvStoreResult {
  switch (kind) {
    case "put":
    case "full":
      return { kind, index };
    case "delete":
      return { kind, index, existed: reader.u8() === 1 };
    case "txn":
      return { kind, index, succeeded: reader.u8() === 1 };
    case "get": {
      const found = reader.u8() === 1;
      return { kind, index, entry: found ? { value: reader.value(), modIndex: reader.u64() } : undefined };
    }
    case "rejected":
      return { kind, index, reason: new TextDecoder().decode(reader.value()) };
    default:
      reader.fail("it is of no known kind");
      return { kind: "put", index };
  }
}
