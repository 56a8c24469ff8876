/**
 * Exactly once (thesis 6.3): a command of a session is applied at one place of the log, however often it stands there, and
 * each time it is answered as it was the first time. Judged from what state machines do: whether a command came to the
 * machine behind the sessions, and what was answered, for every entry on every node.
 *
 * A node that restarts applies the same places again; what it comes to there must be what everybody came to. So a node
 * that has lost its sessions, be it over a snapshot, is found when it applies what others know.
 */

import type { SessionAnswer } from "../../host/session/answers.js";
import type { Report } from "../violation.js";

const RULE = "exactly once";

/** A command as its client counts it. */
export interface CommandName {
  readonly session: number;
  readonly sequence: number;
}

/** What an entry came to. */
interface Outcome {
  readonly executed: boolean;
  readonly answer: string;
}

/** The one place at which a command was applied. */
interface Execution {
  readonly index: number;
  readonly result: number;
}

export class ExactlyOnce {
  /** Of the entries with a command of a session, by index. */
  readonly #outcomes = new Map<number, Outcome>();
  readonly #executions = new Map<string, Execution>();

  constructor(readonly report: Report) {}

  /** A node came to an entry with a command; `executed` tells whether the machine behind the sessions got it. */
  takes(node: number, index: number, command: CommandName, executed: boolean, answer: SessionAnswer<number>): void {
    const told = describe(answer);
    const known = this.#outcomes.get(index);
    if (known === undefined) this.#outcomes.set(index, { executed, answer: told });
    else if (known.executed !== executed || known.answer !== told) {
      const others = `others ${describeOutcome(known)}`;
      this.report(RULE, `node ${node} ${describeOutcome({ executed, answer: told })} at ${index}, and ${others}`);
    }
    if (executed) this.#executes(node, index, command, answer);
    else if (answer.kind === "applied") this.#repeats(node, command, answer.result);
  }

  /** A client was told a result. */
  acknowledged(command: CommandName, result: number): void {
    const execution = this.#executions.get(nameOf(command));
    if (execution?.result === result) return;
    const was = execution === undefined ? "nobody applied it" : `it came to ${execution.result}`;
    this.report(RULE, `${describeCommand(command)} is answered with ${result}, and ${was}`);
  }

  #executes(node: number, index: number, command: CommandName, answer: SessionAnswer<number>): void {
    if (answer.kind !== "applied" || answer.replayed) {
      this.report(RULE, `node ${node} applies ${describeCommand(command)} and answers ${describe(answer)}`);
    }
    const name = nameOf(command);
    const known = this.#executions.get(name);
    if (known === undefined) this.#executions.set(name, { index, result: answer.result });
    else if (known.index !== index) {
      this.report(RULE, `node ${node} applies ${describeCommand(command)} at ${index}, and it was at ${known.index}`);
    }
  }

  #repeats(node: number, command: CommandName, result: number): void {
    const known = this.#executions.get(nameOf(command));
    if (known?.result === result) return;
    const was = known === undefined ? "it was never applied" : `it came to ${known.result} at ${known.index}`;
    this.report(RULE, `node ${node} answers ${describeCommand(command)} with ${result} again, and ${was}`);
  }
}

function nameOf({ sequence, session }: CommandName): string {
  return `${session}/${sequence}`;
}

function describeCommand({ sequence, session }: CommandName): string {
  return `sequence ${sequence} of session ${session}`;
}

function describe(answer: SessionAnswer<number>): string {
  if (answer.kind === "refused") return answer.refusal;
  return "result" in answer ? `${answer.result}` : answer.kind;
}

function describeOutcome({ answer, executed }: Outcome): string {
  return `${executed ? "applies the command" : "does not apply the command"} and answers ${answer}`;
}
