/** The state machine of all stories: it remembers every command, behind sessions. */

import { type EntryPosition, SESSION_LIMITS, SessionMachine } from "../../../host/index.js";
import type { SessionAnswer } from "../../../host/session/answers.js";
import type { Region } from "../../../sim/core-under-test.js";
import type { SimMachine } from "../../../sim/core-world/machine.js";
import { Tape, TEXT_RESULTS } from "../../host/session-tape.js";

export type Answer = SessionAnswer<string>;

export class StoryMachine extends SessionMachine<string> {
  readonly #tape: Tape;

  constructor(tape = new Tape()) {
    super(tape, TEXT_RESULTS, SESSION_LIMITS);
    this.#tape = tape;
  }

  get commands(): readonly string[] {
    return this.#tape.applied;
  }
}

/** What the state machine answered, as text. */
export function describeAnswer(answer: Answer): string {
  switch (answer.kind) {
    case "plain":
      return answer.result;
    case "applied":
      return answer.replayed ? `${answer.result} again` : answer.result;
    case "refused":
      return `refused: ${answer.refusal}`;
    default:
      return `${answer.session}`;
  }
}

/** The same machine in a simulated node; it remembers what it answered. */
export class HostedMachine implements SimMachine {
  inner = new StoryMachine();
  /** Answers of this life, by index. */
  readonly #answers = new Map<number, { readonly term: number; readonly answer: Answer }>();

  apply(index: number, term: number, memory: Region, offset: number, length: number): void {
    const position: EntryPosition = { index, term };
    const answer = this.inner.apply(memory.bytes.slice(offset, offset + length), position);
    this.#answers.set(index, { term, answer });
  }

  /** The answer to the command of this term at an index; undefined if another one, or none, was applied there. */
  answer(index: number, term: number): Answer | undefined {
    const found = this.#answers.get(index);
    return found?.term === term ? found.answer : undefined;
  }

  save(): Uint8Array {
    return Buffer.concat([...this.inner.snapshot()]);
  }

  load(state: Uint8Array): void {
    this.#answers.clear();
    this.inner = new StoryMachine();
    if (state.length > 0) this.inner.restore(state);
  }
}
