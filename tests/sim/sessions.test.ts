/** Clients with sessions: what they ask for several times is applied once, and a table that forgets is found. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeEnvelope } from "../../host/session/envelope.js";
import { SessionTable } from "../../host/session/session-table.js";
import { drawSwarm } from "../../sim/campaign/index.js";
import { ExactlyOnce } from "../../sim/checkers/exactly-once.js";
import { checkLinearizable } from "../../sim/checkers/linearizability.js";
import { type Fault, USUAL_FAULTS } from "../../sim/core-world/faults.js";
import { runSimulation, type SimulationOptions } from "../../sim/core-world/run.js";
import { openRun, settle } from "../../sim/core-world/settings.js";
import { formatTrace, parseTrace, recordRun, replayTrace, shrinkTrace } from "../../sim/trace/index.js";
import { V8Core } from "../../sim/v8-core.js";

const RUN = { nodes: 3, steps: 6000, sessions: true, liveness: true } as const;
/** Longest trace that a person reads with pleasure. */
const READABLE = 60;

afterEach(() => {
  vi.restoreAllMocks();
});

/** The rule that is broken first, by one of some seeds. */
function firstBroken(options: Omit<SimulationOptions, "seed">, seeds = 6): string | null {
  for (let seed = 1; seed <= seeds; seed++) {
    const { rule } = runSimulation({ ...options, seed });
    if (rule !== null) return rule;
  }
  return null;
}

describe("clients with sessions", () => {
  it("ask again, lose sessions, and are answered once for each command", () => {
    const sum: Record<string, number> = {};
    for (let seed = 1; seed <= 6; seed++) {
      const { linearizable, probes, rule } = runSimulation({ ...RUN, seed, nodes: 1 + (seed % 5) });
      expect([rule, linearizable]).toEqual([null, true]);
      for (const [name, count] of Object.entries(probes)) sum[name] = (sum[name] ?? 0) + count;
    }
    const floors = {
      opened: 20,
      lost: 5,
      closed: 5,
      answered: 200,
      replayed: 20,
      tooFarAhead: 5,
      abandoned: 3,
      echoes: 50,
    };
    for (const [name, floor] of Object.entries(floors))
      expect([name, sum[`sessions ${name}`]]).toSatisfy(
        ([, count]: [string, number | undefined]) => (count ?? 0) >= floor,
      );
  });

  it("are part of traces: replayed to the same digest, with the same answers", () => {
    const faults: readonly Fault[] = [...USUAL_FAULTS, "boundary"];
    const { result, trace } = recordRun({ ...RUN, seed: 2, faults });
    const read = parseTrace(formatTrace(trace), "trace");
    expect(read).toEqual(trace);
    expect(new Set(trace.steps.map(({ step }) => step.do))).toContain("ECHO");
    const replayed = replayTrace(read, new V8Core());
    expect(replayed).toMatchObject({ digest: result.digest, steps: result.steps, skipped: 0 });
    expect(replayed.verdict.recovery).toEqual(result.recovery);
    const some = read.steps.filter((_, i) => i % 7 !== 0);
    expect(replayTrace({ ...read, exact: false, steps: some }, new V8Core()).verdict.rule).toBeNull();
  });

  it("are in a run only if it is said, or drawn by a campaign", () => {
    const { probes, sessions } = runSimulation({ seed: 2, steps: 100 });
    expect(sessions).toBe(false);
    expect(Object.keys(probes).filter((name) => name.startsWith("sessions"))).toEqual([]);
    const drawn = Array.from({ length: 60 }, (_, seed) => drawSwarm(seed).sessions === true);
    expect(new Set(drawn)).toEqual(new Set([true, false]));
    const { trace } = recordRun({ seed: 2, steps: 10 });
    const old = formatTrace(trace).replace(',"sessions":false', "");
    expect(parseTrace(old, "trace")).toEqual(trace);
  });
});

describe("it is found when", () => {
  it("the table forgets what it has applied", () => {
    vi.spyOn(SessionTable.prototype, "place").mockReturnValue({ kind: "new", keep: () => undefined });
    expect(firstBroken(RUN)).toBe("exactly once");
  });

  it("a retry is answered, with something else", () => {
    const place = SessionTable.prototype.place;
    vi.spyOn(SessionTable.prototype, "place").mockImplementation(function (this: SessionTable, ...args) {
      const found = place.apply(this, args);
      return found.kind === "answered" ? { kind: "answered", answer: Uint8Array.of(7, 0, 0, 0) } : found;
    });
    expect(firstBroken(RUN)).toBe("exactly once");
  });

  it("snapshots come without the table, and the trace of it shrinks", () => {
    const noSessions = () => [Uint8Array.of(0, 0, 0, 0)];
    vi.spyOn(SessionTable.prototype, "pieces").mockImplementation(noSessions);
    for (let seed = 1; seed <= 20; seed++) {
      const { trace } = recordRun({ ...RUN, seed });
      if (trace.rule !== "exactly once") continue;
      const shrunk = shrinkTrace(trace, new V8Core(), { mostActions: 300_000 }).trace;
      expect(shrunk.rule).toBe("exactly once");
      expect(shrunk.steps.length).toBeLessThan(READABLE);
      return;
    }
    expect.unreachable("no seed shows it");
  });

  it("the table forgets, and only clients tell of it: a retried write counts once", () => {
    vi.spyOn(ExactlyOnce.prototype, "takes").mockReturnValue();
    vi.spyOn(ExactlyOnce.prototype, "acknowledged").mockReturnValue();
    vi.spyOn(SessionTable.prototype, "place").mockReturnValue({ kind: "new", keep: () => undefined });
    expect(firstBroken(RUN)).toBe("linearizability");
  });
});

describe("the rule that a command is applied once", () => {
  const NAME = { session: 3, sequence: 1 };
  const applied = (result: number, replayed: boolean) => ({ kind: "applied", result, replayed }) as const;

  function makeRule(): ExactlyOnce {
    return new ExactlyOnce((rule, detail) => {
      throw new Error(`${rule}: ${detail}`);
    });
  }

  it("takes the same place on other nodes, and retries that are answered as at first", () => {
    const rule = makeRule();
    rule.takes(1, 5, NAME, true, applied(9, false));
    rule.takes(2, 5, NAME, true, applied(9, false));
    rule.takes(1, 6, NAME, false, applied(9, true));
    rule.takes(2, 7, NAME, false, { kind: "refused", refusal: "unknown session", reason: "" });
    rule.acknowledged(NAME, 9);
  });

  it.each([
    ["another place", "applies sequence 1 of session 3 at 6", 6, true, applied(9, false)],
    ["another answer to a retry", "with 8 again, and it came to 9 at 5", 6, false, applied(8, true)],
    ["another outcome at the place", "does not apply the command", 5, false, applied(9, true)],
    ["an application that is refused", "and answers already ack", 6, true, refusal("already acknowledged")],
  ] as const)("does not take %s", (_, detail, index, executed, answer) => {
    const rule = makeRule();
    rule.takes(1, 5, NAME, true, applied(9, false));
    expect(() => rule.takes(2, index, NAME, executed, answer)).toThrow(detail);
  });

  it("does not take answers that nobody gave", () => {
    const rule = makeRule();
    expect(() => rule.takes(1, 5, NAME, false, applied(9, true))).toThrow("it was never applied");
    expect(() => makeRule().acknowledged(NAME, 9)).toThrow("nobody applied it");
    rule.takes(1, 6, { session: 3, sequence: 2 }, true, applied(9, false));
    expect(() => rule.acknowledged({ session: 3, sequence: 2 }, 8)).toThrow("it came to 9");
  });
});

describe("a client with a session", () => {
  it("asks again under the same sequence, with what it knows by then", () => {
    const { random, settings } = settle({
      seed: 1,
      nodes: 1,
      steps: 1,
      faults: [],
      membership: "voters",
      sessions: true,
    });
    const { clients, world } = openRun(settings, new V8Core(), random);
    const { sessions } = clients;
    if (sessions === null) throw new Error("the run has no sessions");
    const node = world.node(1);
    const client = 0;
    expect(sessions.ask(node, { do: "RETRY", node: 1, client, sequence: 1 })).toBeNull();
    expect(sessions.ask(node, { do: "ECHO", node: 1, client, back: 0 })).toBeNull();
    const registration = sessions.ask(node, { do: "REGISTER", node: 1, client });
    if (registration === null) throw new Error("the client does not register");
    sessions.taken(1, 8, 1, registration.attempt);
    sessions.applied(1, 8, 1, { kind: "registered", session: 8 });
    const begun = sessions.ask(node, { do: "BEGIN", node: 1, client, key: 3, write: true });
    const again = sessions.ask(node, { do: "RETRY", node: 1, client, sequence: 1 });
    if (begun === null || again === null) throw new Error("the client does not ask");
    expect(decodeEnvelope(again.envelope)).toEqual(decodeEnvelope(begun.envelope));
    expect(decodeEnvelope(again.envelope)).toMatchObject({ kind: "command", session: 8, sequence: 1, lowest: 1 });
    expect(sessions.open).toBe(1);
    // An entry of another term stands at its place: no answer.
    sessions.taken(1, 9, 1, again.attempt);
    sessions.applied(1, 9, 2, { kind: "applied", result: 5, replayed: false });
    expect(sessions.open).toBe(1);
    sessions.abandon(client, 1);
    expect(sessions.open).toBe(0);
    expect(checkLinearizable(clients.history()).verdict).toBe("linearizable");
    world.close();
  });
});

function refusal(what: "already acknowledged") {
  return { kind: "refused", refusal: what, reason: "" } as const;
}
