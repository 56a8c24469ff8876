/**
 * Sessions against a reference that keeps everything it ever saw in lists and searches them. Logs are drawn at random:
 * commands that come twice, late, out of order, after their session, with old acknowledgments, at any log time; between
 * the entries the machine is replaced by one that was restored from its snapshot.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SessionAnswer } from "../../host/session/answers.js";
import { type Envelope, encodeEnvelope } from "../../host/session/envelope.js";
import type { SessionLimits } from "../../host/session/limits.js";
import { SessionMachine } from "../../host/session/machine.js";
import { snapshotOf, Tape, TEXT_RESULTS, text } from "./session-tape.js";

/** So small that every one of them is met. */
const TIGHT: SessionLimits = {
  maxSessions: 3,
  sessionLifetime: 40,
  maxResponses: 4,
  maxSessionBytes: 14,
  maxKeys: 3,
  keyLifetime: 60,
  keyPromise: 15,
  maxKeyBytes: 6,
};
/** So large that none is. */
const AMPLE: SessionLimits = {
  maxSessions: 1000,
  sessionLifetime: 1e9,
  maxResponses: 1000,
  maxSessionBytes: 1e6,
  maxKeys: 1000,
  keyLifetime: 1e9,
  keyPromise: 1e9,
  maxKeyBytes: 1000,
};

interface ModelSession {
  readonly id: number;
  used: number;
  usedAt: number;
  lowest: number;
  answers: { readonly sequence: number; readonly answer: string; readonly kept: boolean }[];
}

type Expected = { readonly refusal: string } | { readonly [field: string]: unknown };

/** What an entry should come to, by the rules as they are written down. */
class Reference {
  readonly tape: string[] = [];
  #now = 0;
  #sessions: ModelSession[] = [];
  #keys: { readonly key: string; readonly time: number; readonly command: string; readonly answer: string }[] = [];

  constructor(readonly limits: SessionLimits) {}

  take(envelope: Envelope, index: number): Expected {
    const { limits } = this;
    this.#now = Math.max(this.#now, envelope.time);
    this.#sessions = this.#sessions.filter(({ used }) => this.#now - used < limits.sessionLifetime);
    this.#keys = this.#keys.filter(({ time }) => this.#now - time < limits.keyLifetime);
    if (envelope.kind === "plain") return { kind: "plain", result: this.#apply(envelope.command) };
    if (envelope.kind === "register") return this.#register(index);
    if (envelope.kind === "keyed") return this.#keyed(envelope.key, envelope.command);
    const session = this.#sessions.find(({ id }) => id === envelope.session);
    if (session === undefined) return { refusal: "unknown session" };
    if (envelope.kind === "close") {
      this.#sessions = this.#sessions.filter((other) => other !== session);
      return { kind: "closed", session: session.id };
    }
    session.used = this.#now;
    session.usedAt = index;
    session.lowest = Math.max(session.lowest, envelope.lowest);
    session.answers = session.answers.filter(({ sequence }) => sequence >= session.lowest);
    if (envelope.kind === "keepAlive") return { kind: "alive", session: session.id };
    return this.#command(session, envelope.sequence, envelope.command);
  }

  #apply(command: Uint8Array): string {
    this.tape.push(new TextDecoder().decode(command));
    return `${this.tape.length}:${this.tape.at(-1)}`;
  }

  #register(index: number): Expected {
    this.#sessions.push({ id: index, used: this.#now, usedAt: index, lowest: 1, answers: [] });
    if (this.#sessions.length > this.limits.maxSessions) {
      const oldest = Math.min(...this.#sessions.map(({ usedAt }) => usedAt));
      this.#sessions = this.#sessions.filter(({ usedAt }) => usedAt !== oldest);
    }
    return { kind: "registered", session: index };
  }

  #command(session: ModelSession, sequence: number, command: Uint8Array): Expected {
    const known = session.answers.find((answer) => answer.sequence === sequence);
    if (known !== undefined) {
      return known.kept ? { kind: "applied", result: known.answer, replayed: true } : { refusal: "answer not kept" };
    }
    if (sequence < session.lowest) return { refusal: "already acknowledged" };
    if (sequence >= session.lowest + this.limits.maxResponses) return { refusal: "too far ahead" };
    const answer = this.#apply(command);
    const held = session.answers.filter(({ kept }) => kept).reduce((sum, kept) => sum + kept.answer.length, 0);
    session.answers.push({ sequence, answer, kept: held + answer.length <= this.limits.maxSessionBytes });
    return { kind: "applied", result: answer, replayed: false };
  }

  #keyed(key: string, bytes: Uint8Array): Expected {
    const { keyPromise, maxKeyBytes, maxKeys } = this.limits;
    const command = new TextDecoder().decode(bytes);
    const known = this.#keys.find((other) => other.key === key);
    if (known !== undefined) {
      if (known.command !== command) return { refusal: "key reused" };
      if (known.answer.length > maxKeyBytes) return { refusal: "answer not kept" };
      return { kind: "applied", result: known.answer, replayed: true };
    }
    if (this.#keys.length === maxKeys) {
      if (this.#now - (this.#keys[0]?.time ?? 0) < keyPromise) return { refusal: "too many keys" };
      this.#keys.shift();
    }
    const answer = this.#apply(bytes);
    this.#keys.push({ key, time: this.#now, command, answer });
    return { kind: "applied", result: answer, replayed: false };
  }
}

/** One step of a log: what is drawn is looked up in what there is by then. */
interface Step {
  readonly what: "register" | "command" | "keepAlive" | "close" | "keyed" | "plain" | "again";
  readonly later: number;
  readonly pick: number;
  readonly sequence: number;
  readonly lowest: number;
  readonly restore: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 1, arbitrary: fc.constant("register" as const) },
    { weight: 10, arbitrary: fc.constant("command" as const) },
    { weight: 1, arbitrary: fc.constantFrom("keepAlive" as const, "close" as const, "plain" as const) },
    { weight: 5, arbitrary: fc.constant("keyed" as const) },
    { weight: 8, arbitrary: fc.constant("again" as const) },
  ),
  later: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -6, max: 6 }) }, { weight: 1, arbitrary: fc.constant(30) }),
  pick: fc.nat({ max: 1000 }),
  sequence: fc.integer({ min: 1, max: 8 }),
  lowest: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }) }),
  restore: fc.nat({ max: 5 }).map((drawn) => drawn === 0),
});
// Of any length up to that: unless stated, most would be too short for anything to happen.
const steps = fc.array(step, { maxLength: 80, size: "max" });

/** The log that the steps mean. Commands are named after their client, so that equal ones are the same request. */
function logOf(drawn: readonly Step[]): Envelope[] {
  const log: Envelope[] = [];
  const registered: number[] = [];
  let time = 100;
  for (const { later, lowest, pick, sequence, what } of drawn) {
    time = Math.max(0, time + later);
    // Mostly one of the newest; now and then an older one, or one that never was.
    const session = pick % 8 === 0 ? (registered[pick % 5] ?? 9999) : (registered.at(-1 - (pick % 3)) ?? 9999);
    const below = Math.min(lowest, sequence);
    const earlier = log[pick % Math.max(1, log.length)];
    const long = pick % 5 === 0 ? "!".repeat(8) : "";
    if (what === "register") registered.push(log.length + 1);
    if (what === "again" && earlier !== undefined) log.push(pick % 2 === 0 ? earlier : { ...earlier, time });
    else if (what === "register" || what === "again") log.push({ kind: "register", time });
    else if (what === "keepAlive") log.push({ kind: what, time, session, lowest });
    else if (what === "close") log.push({ kind: what, time, session });
    else if (what === "plain") log.push({ kind: what, time, command: text("nobody's") });
    else if (what === "keyed") log.push({ kind: what, time, key: `k${pick % 6}`, command: text(`${pick % 2}${long}`) });
    else
      log.push({ kind: what, time, session, sequence, lowest: below, command: text(`${session}/${sequence}${long}`) });
  }
  return log;
}

function expectedOf(answer: SessionAnswer<string>): Expected {
  return answer.kind === "refused" ? { refusal: answer.refusal } : answer;
}

function newMachine(limits: SessionLimits) {
  const tape = new Tape();
  return { tape, machine: new SessionMachine(tape, TEXT_RESULTS, limits) };
}

describe.each([
  ["tight", TIGHT],
  ["ample", AMPLE],
])("with %s limits", (_, limits) => {
  test("every entry comes to what the rules say, and so does the state", () => {
    const seen = new Set<string>();
    const holds = (drawn: Step[]) => {
      let { machine, tape } = newMachine(limits);
      const reference = new Reference(limits);
      for (const [at, envelope] of logOf(drawn).entries()) {
        const answer = expectedOf(machine.apply(encodeEnvelope(envelope), { index: at + 1, term: 1 }));
        expect(answer).toEqual(reference.take(envelope, at + 1));
        const what = "refusal" in answer ? answer["refusal"] : `${answer["kind"]} ${answer["replayed"] ?? ""}`;
        seen.add(`${envelope.kind}: ${what}`);
        expect(machine.sessions).toBeLessThanOrEqual(limits.maxSessions);
        expect(machine.keys).toBeLessThanOrEqual(limits.maxKeys);
        if (drawn[at]?.restore !== true) continue;
        const restored = newMachine(limits);
        restored.machine.restore(snapshotOf(machine));
        expect(Buffer.compare(snapshotOf(restored.machine), snapshotOf(machine))).toBe(0);
        ({ machine, tape } = restored);
      }
      expect(tape.applied.join()).toBe(reference.tape.join());
    };
    fc.assert(fc.property(steps, holds), { numRuns: 200, seed: 3 });
    // All that can happen did: this test is not about nothing.
    const always = [
      ...["command: applied false", "command: applied true", "keyed: applied false", "keyed: applied true"],
      ...["command: unknown session", "command: already acknowledged", "keyed: key reused"],
    ];
    expect([...seen]).toEqual(expect.arrayContaining(always));
    const onlyTight = [
      "command: too far ahead",
      "command: answer not kept",
      "keyed: answer not kept",
      "keyed: too many keys",
    ];
    expect(onlyTight.filter((what) => seen.has(what))).toEqual(limits === TIGHT ? onlyTight : []);
  });

  test("nothing is applied twice while its session lives, nor without one", () => {
    const holds = (drawn: Step[]) => {
      const { machine } = newMachine(limits);
      const first = new Map<string, string>();
      const open = new Set<number>();
      for (const [at, envelope] of logOf(drawn).entries()) {
        const answer = machine.apply(encodeEnvelope(envelope), { index: at + 1, term: 1 });
        if (answer.kind === "registered") open.add(answer.session);
        if (envelope.kind !== "command" || answer.kind !== "applied") continue;
        const name = `${envelope.session}/${envelope.sequence}`;
        expect(open).toContain(envelope.session);
        expect(answer.replayed).toBe(first.has(name));
        expect(first.get(name) ?? answer.result).toBe(answer.result);
        first.set(name, answer.result);
      }
    };
    fc.assert(fc.property(steps, holds), { numRuns: 200, seed: 4 });
  });
});

test("without limits the state is that of the log with everything but the first of each request struck out", () => {
  const holds = (drawn: Step[]) => {
    const { machine, tape } = newMachine(AMPLE);
    const once = new Tape();
    const seen = new Set<string>();
    const registered = new Set<number>();
    const closed = new Set<number>();
    const acknowledged = new Map<number, number>();
    for (const [at, envelope] of logOf(drawn).entries()) {
      machine.apply(encodeEnvelope(envelope), { index: at + 1, term: 1 });
      if (envelope.kind === "register") registered.add(at + 1);
      if (envelope.kind === "close") closed.add(envelope.session);
      if ("lowest" in envelope && registered.has(envelope.session)) {
        acknowledged.set(envelope.session, Math.max(envelope.lowest, acknowledged.get(envelope.session) ?? 1));
      }
      if (!("command" in envelope)) continue;
      const isCommand = envelope.kind === "command";
      if (isCommand && (!registered.has(envelope.session) || closed.has(envelope.session))) continue;
      if (isCommand && envelope.sequence < (acknowledged.get(envelope.session) ?? 1)) continue;
      const name = isCommand
        ? `${envelope.session}/${envelope.sequence}`
        : envelope.kind === "keyed"
          ? envelope.key
          : at;
      if (seen.has(`${envelope.kind} ${name}`)) continue;
      seen.add(`${envelope.kind} ${name}`);
      once.apply(envelope.command, { index: at + 1, term: 1 });
    }
    expect(tape.applied).toEqual(once.applied);
  };
  fc.assert(fc.property(steps, holds), { numRuns: 200, seed: 5 });
});
