/**
 * The state machine of a node, with everything that it is told held against what the others were told: the same command at
 * every index, the same snapshot at every index, and every value set once (its modIndex never changes: a command that is
 * applied twice sets it twice).
 */

import { createHash } from "node:crypto";
import type { KvEntry, KvMachine, KvResult } from "../../host/kv/machine.js";
import type { EntryPosition, StateMachine } from "../../host/machine/machine.js";

/** Reports a broken rule. The world stops when the event is over. */
export type Judge = (rule: string, detail: string) => void;

interface Applied {
  readonly term: number;
  readonly command: string;
  /** Index of the command before; 0 at the beginning. */
  readonly before: number;
}

/** What all machines of a world have in common. */
export class Applications {
  /** What is applied at each index. */
  readonly #chain = new Map<number, Applied>();
  /** Which index set a value, and of which key. */
  readonly #setAt = new Map<string, { readonly key: string; readonly index: number }>();
  /** What each key had from some index on, in their order. */
  readonly #values = new Map<string, { readonly index: number; readonly value: string | null }[]>();
  /** Digests of snapshots, and the indexes of the last commands in each: commands that read change nothing. */
  readonly #snapshots = new Map<string, Set<number>>();
  /** The configuration in the snapshot of each index, in base64. */
  readonly #configurations = new Map<number, string>();
  /** Highest index applied anywhere. */
  last = 0;

  constructor(private readonly judge: Judge) {}

  /** What is kept of it up to an index, that one not included: all that a cluster knows which begins with so much. */
  upTo(end: number): Applications {
    const kept = new Applications(this.judge);
    for (const [index, applied] of this.#chain) {
      if (index >= end) continue;
      kept.#chain.set(index, applied);
      kept.last = Math.max(kept.last, index);
    }
    for (const [value, set] of this.#setAt) if (set.index < end) kept.#setAt.set(value, set);
    for (const [key, values] of this.#values) {
      const older = values.filter(({ index }) => index < end);
      kept.#values.set(key, older);
    }
    for (const [digest, indexes] of this.#snapshots) {
      const older = [...indexes].filter((index) => index < end);
      if (older.length > 0) kept.#snapshots.set(digest, new Set(older));
    }
    for (const [index, configuration] of this.#configurations) {
      if (index < end) kept.#configurations.set(index, configuration);
    }
    return kept;
  }

  /** The first index whose command is not in a log; undefined if all of them are. @param termAt the term of an entry of the log;
   * undefined if it has none there, "snapshot" if that is covered */
  firstLost(termAt: (index: number) => number | "snapshot" | undefined): number | undefined {
    const indexes = [...this.#chain.keys()].sort((a, b) => a - b);
    for (const index of indexes) {
      const term = termAt(index);
      if (term !== "snapshot" && term !== this.#chain.get(index)?.term) return index;
    }
    return undefined;
  }

  /** @param behind indexes, one of which is that of the command before. @returns whether it is the first of this index */
  apply(node: number, { index, term }: EntryPosition, behind: ReadonlySet<number>, command: Uint8Array): boolean {
    const text = Buffer.from(command).toString("base64");
    const known = this.#chain.get(index);
    if (known === undefined) {
      this.#chain.set(index, { term, command: text, before: Math.max(...behind) });
      this.last = Math.max(this.last, index);
      return true;
    }
    if (known.term !== term || known.command !== text || !behind.has(known.before)) {
      const was = `term ${known.term} behind ${known.before}`;
      const detail = `node ${node} applies at index ${index} of term ${term} behind ${[...behind].join(" or ")}; another did of ${was}`;
      this.judge("state machine safety", known.command === text ? detail : `${detail}, another command`);
    }
    return false;
  }

  set(node: number, key: string, value: string, modIndex: number): void {
    const known = this.#setAt.get(value);
    if (known === undefined) this.#setAt.set(value, { key, index: modIndex });
    else if (known.index !== modIndex || known.key !== key) {
      const was = `of ${known.key} by index ${known.index}`;
      this.judge("exactly once", `node ${node}: ${value} was set ${was}, and again of ${key} by index ${modIndex}`);
    }
  }

  /** A key has this value from an index on: the newest that is applied anywhere. */
  becomes(key: string, value: string | null, index: number): void {
    const known = this.#values.get(key) ?? [];
    if (known.length === 0) this.#values.set(key, known);
    if ((known.at(-1)?.value ?? null) !== value) known.push({ index, value });
  }

  /** What a key has as of an index. */
  valueAt(key: string, index: number): string | null {
    return this.#values.get(key)?.findLast((one) => one.index <= index)?.value ?? null;
  }

  /** The command that a client was answered for stands at this index. */
  acknowledged(index: number, command: Uint8Array): void {
    const known = this.#chain.get(index)?.command;
    if (known === Buffer.from(command).toString("base64")) return;
    this.judge(
      "answers",
      `a client was answered for index ${index}, where ${known === undefined ? "nothing" : "another command"} is`,
    );
  }

  saved(digest: string, last: number): void {
    const known = this.#snapshots.get(digest);
    if (known === undefined) this.#snapshots.set(digest, new Set([last]));
    else known.add(last);
  }

  /** A node has a snapshot of an index with a configuration. */
  configured(node: number, index: number, configuration: string): void {
    const known = this.#configurations.get(index);
    if (known === undefined) this.#configurations.set(index, configuration);
    else if (known !== configuration) {
      this.judge(
        "snapshots",
        `node ${node} has another configuration in its snapshot of index ${index} than another node`,
      );
    }
  }

  /** @returns indexes, one of which is that of the last command in a snapshot */
  restored(node: number, digest: string): ReadonlySet<number> {
    const known = this.#snapshots.get(digest);
    if (known === undefined) this.judge("snapshots", `node ${node} restores a snapshot that no node ever made`);
    return known ?? new Set([0]);
  }
}

export type HostMachine = Pick<KvMachine, "apply" | "digest" | "get" | "restore" | "snapshot">;

export class JudgedMachine implements StateMachine<KvResult> {
  /** Indexes, one of which is that of the last command applied. */
  #behind: ReadonlySet<number> = new Set([0]);
  #takes = false;
  /** What was last seen of each key. */
  readonly #looked = new Map<string, KvEntry | undefined>();

  constructor(
    private readonly node: number,
    readonly inner: HostMachine,
    private readonly applications: Applications,
    /** Keys that clients use. */
    private readonly keys: readonly string[],
    private readonly isAlive: () => boolean,
  ) {}

  /** Index of the last command applied, at the most. */
  get last(): number {
    return Math.max(...this.#behind);
  }

  apply(command: Uint8Array, position: EntryPosition): KvResult {
    const isFirst = this.isAlive() && this.applications.apply(this.node, position, this.#behind, command);
    this.#behind = new Set([position.index]);
    const result = this.inner.apply(command, position);
    if (this.isAlive()) this.#look(isFirst ? position.index : undefined);
    return result;
  }

  /** Whether the node was just given the state for a snapshot. Asked once for each. */
  takes(): boolean {
    const takes = this.#takes;
    this.#takes = false;
    return takes;
  }

  snapshot(): Iterable<Uint8Array> {
    this.#takes = true;
    const pieces = [...this.inner.snapshot()];
    const hash = createHash("sha256");
    for (const piece of pieces) hash.update(piece);
    if (this.isAlive()) this.applications.saved(hash.digest("hex"), this.last);
    return pieces;
  }

  restore(snapshot: Uint8Array): void {
    const digest = createHash("sha256").update(snapshot).digest("hex");
    if (this.isAlive()) this.#behind = this.applications.restored(this.node, digest);
    this.inner.restore(snapshot);
    this.#look();
  }

  /** @param first the index that this node is the first to apply */
  #look(first?: number): void {
    for (const key of this.keys) {
      const entry = this.inner.get(key);
      if (entry === this.#looked.get(key)) continue;
      this.#looked.set(key, entry);
      const value = entry === undefined ? null : Buffer.from(entry.value).toString();
      if (entry !== undefined && value !== null) this.applications.set(this.node, key, value, entry.modIndex);
      if (first !== undefined) this.applications.becomes(key, value, first);
    }
  }
}
