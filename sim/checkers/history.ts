/**
 * Client histories: what the clients of a replicated register asked for, what they were told, and in which order these
 * events happened. A history is recorded by whoever drives the clients and judged by the linearizability checker.
 *
 * Time is the order of events: every event gets the next whole number. An operation without an answer is "unknown": it
 * may take effect at any time after its invocation, or never. "failed" is a promise that it never takes effect.
 * A recorder grows by one record an operation: the run that it records bounds it.
 */
import * as v from "valibot";

/** What a key holds; null when it is absent. */
export type Value = string | null;

/** What a client asks for, on one key. `cas` replaces the value if it is `expected`; either may be null, for absent. */
export type Call =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly argument: string }
  | { readonly kind: "delete" }
  | { readonly kind: "cas"; readonly argument: { readonly expected: Value; readonly value: Value } };

/** What a client is told: a read's value, whether a cas took place, null for a write or a delete. */
export type Result = Value | boolean;

/** How a call ended. `returned` is the event number of the answer; null when none came. */
export type Completion =
  | { readonly outcome: "ok"; readonly returned: number; readonly result: Result }
  | { readonly outcome: "failed" | "unknown"; readonly returned: number | null };

/** One client operation. `invoked` and `returned` are event numbers; `client` only says whose operation it was. */
export type Operation = Call & { readonly client: number; readonly key: string; readonly invoked: number } & Completion;

/** Names an operation that has begun, within its {@link History}. */
export type OperationHandle = number;

/** A history that cannot be one: a damaged file, or an operation that contradicts itself. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
}

/** Records operations as they begin and end, and numbers the events. */
export class History {
  readonly #operations: Operation[] = [];
  readonly #open = new Set<OperationHandle>();
  #events = 0;

  /** The operations in order of invocation; those still open are "unknown" and have not returned. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** A client asks for something. */
  begin(client: number, call: Call & { readonly key: string }): OperationHandle {
    const handle = this.#operations.length;
    this.#operations.push({ ...call, client, invoked: this.#tick(), returned: null, outcome: "unknown" });
    this.#open.add(handle);
    return handle;
  }

  /** The operation took effect, with this result. */
  ok(handle: OperationHandle, result: Result = null): void {
    this.#end(handle, { outcome: "ok", returned: this.#tick(), result });
  }

  /** The operation did not take effect and never will. */
  failed(handle: OperationHandle): void {
    this.#end(handle, { outcome: "failed", returned: this.#tick() });
  }

  /** The client gave up: the operation may have taken effect, may do so later, or never. */
  unknown(handle: OperationHandle): void {
    this.#end(handle, { outcome: "unknown", returned: this.#tick() });
  }

  #tick(): number {
    this.#events += 1;
    return this.#events;
  }

  #end(handle: OperationHandle, completion: Completion): void {
    const operation = this.#operations[handle];
    if (operation === undefined || !this.#open.delete(handle)) {
      throw new HistoryError(`operation ${handle} is not open: it never began, or it has ended already`);
    }
    const ended: Operation = { ...operation, ...completion };
    assertConsistent(ended);
    this.#operations[handle] = ended;
  }
}

/**
 * Refuses an operation that contradicts itself.
 * @throws HistoryError when it returns before it begins, or its result is not one that its kind can have
 */
export function assertConsistent(operation: Operation): void {
  const { invoked, returned } = operation;
  const where = () => `${operation.kind} of client ${operation.client} on key ${JSON.stringify(operation.key)}`;
  if (!Number.isFinite(invoked) || (returned !== null && !(Number.isFinite(returned) && returned >= invoked))) {
    throw new HistoryError(`${where()} is invoked at ${invoked} and returns at ${returned}: not an interval`);
  }
  if (operation.outcome !== "ok") return;
  const { result } = operation;
  const fits =
    operation.kind === "read"
      ? result === null || typeof result === "string"
      : operation.kind === "cas"
        ? typeof result === "boolean"
        : result === null;
  if (!fits) throw new HistoryError(`${where()} cannot have the result ${JSON.stringify(result)}`);
}

const valueSchema = v.nullable(v.string());
const callSchema = v.variant("kind", [
  v.object({ kind: v.literal("read") }),
  v.object({ kind: v.literal("write"), argument: v.string() }),
  v.object({ kind: v.literal("delete") }),
  v.object({ kind: v.literal("cas"), argument: v.object({ expected: valueSchema, value: valueSchema }) }),
]);
const completionSchema = v.variant("outcome", [
  v.object({ outcome: v.literal("ok"), returned: v.number(), result: v.union([valueSchema, v.boolean()]) }),
  v.object({ outcome: v.picklist(["failed", "unknown"]), returned: v.nullable(v.number()) }),
]);
const operationSchema = v.intersect([
  v.object({ client: v.number(), key: v.string(), invoked: v.number() }),
  callSchema,
  completionSchema,
]);

/** One JSON object a line, in the order given; every line ends in a newline. */
export function toJsonLines(operations: Iterable<Operation>): string {
  let text = "";
  for (const operation of operations) text += `${JSON.stringify(operation)}\n`;
  return text;
}

/**
 * Reads what {@link toJsonLines} wrote; empty lines are skipped.
 * @throws HistoryError naming the line that cannot be read
 */
export function fromJsonLines(text: string): Operation[] {
  const operations: Operation[] = [];
  for (const [number, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    operations.push(parseLine(line, number + 1));
  }
  return operations;
}

function parseLine(line: string, number: number): Operation {
  try {
    const operation: Operation = v.parse(operationSchema, JSON.parse(line));
    assertConsistent(operation);
    return operation;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HistoryError(`line ${number} of the history cannot be read: ${reason}`, { cause: error });
  }
}
