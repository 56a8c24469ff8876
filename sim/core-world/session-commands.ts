/**
 * The commands of clients with sessions. To the linearizability checker each is one operation, from when it was first asked
 * for to its first answer.
 */

import type { Operation } from "../checkers/history.js";

/** Numbers of commands begin here: far above those of clients without sessions. */
const FIRST_ID = 0x40000000;
/** Clients are numbered from here on in a history. */
const FIRST_CLIENT = 1000;

/** A command, from its beginning to its answer. */
export interface Command {
  readonly id: number;
  readonly client: number;
  readonly sequence: number;
  readonly key: number;
  readonly isWrite: boolean;
  readonly invoked: number;
  /** When its client knew what came of it, or stopped asking; null before. */
  returned: number | null;
  /** What it came to; null if that is not known. */
  result: number | null;
}

export class SessionCommands {
  readonly #commands: Command[] = [];

  /** @param tick numbers the events that clients notice */
  constructor(readonly tick: () => number) {}

  begin(call: Pick<Command, "client" | "sequence" | "key" | "isWrite">): Command {
    const id = FIRST_ID + this.#commands.length;
    const command: Command = { id, ...call, invoked: this.tick(), returned: null, result: null };
    this.#commands.push(command);
    return command;
  }

  /** A command's client knows what came of it, or stops to ask: then that is null. */
  end(command: Command, result: number | null): void {
    command.result = result;
    command.returned = this.tick();
  }

  /** What the clients saw, for the linearizability checker. */
  *history(): Generator<Operation> {
    for (const { client, id, invoked, isWrite, key, result, returned } of this.#commands) {
      const call = isWrite ? { kind: "write" as const, argument: `${id}` } : { kind: "read" as const };
      const what = { client: FIRST_CLIENT + client, key: `${key}`, invoked, ...call };
      if (result === null || returned === null) yield { ...what, outcome: "unknown", returned };
      else yield { ...what, outcome: "ok", returned, result: isWrite || result === 0 ? null : `${result}` };
    }
  }
}
