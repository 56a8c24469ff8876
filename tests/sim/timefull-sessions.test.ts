/** Clients with sessions on running nodes: what they have to have been through, and that a worse session machine is noticed. */

import { describe, expect, it } from "vitest";
import { KvMachine, type KvResult } from "../../host/kv/machine.js";
import type { SessionRefusal } from "../../host/session/answers.js";
import { decodeEnvelope, encodePlain } from "../../host/session/envelope.js";
import { NO_SESSIONS } from "../../host/session/limits.js";
import type { HostMachine } from "../../sim/host-world/judged-machine.js";
import { missedBy, noSessionCounts } from "../../sim/timefull/counts.js";
import { runTimefull } from "../../sim/timefull/index.js";
import { SessionClient } from "../../sim/timefull/session-client.js";
import { withMachine } from "./host-sabotage.js";

type InEnvelope = Extract<KvResult, { readonly kind: "session" }>;

/** A machine whose results of envelopes are changed. */
function changed(
  change: (result: InEnvelope, applyAgain: () => KvResult) => KvResult,
): (machine: HostMachine) => HostMachine {
  return withMachine((machine) => ({
    apply: (bytes, position) => {
      const result = machine.apply(bytes, position);
      if (result.kind !== "session") return result;
      const envelope = decodeEnvelope(bytes);
      return change(result, () =>
        "command" in envelope ? machine.apply(encodePlain(envelope.command), position) : result,
      );
    },
  }));
}

/** Does not know that it has applied a command, and what it answered. */
const forgetful = changed((result, applyAgain) => {
  if (result.answer.kind !== "applied" || !result.answer.replayed) return result;
  const again = applyAgain();
  if (again.kind === "session") return again;
  return { ...result, answer: { kind: "applied", result: again, replayed: false } };
});

/** Applies what is acknowledged, and refuses it. */
const careless = changed((result, applyAgain) => {
  if (result.answer.kind === "refused" && result.answer.refusal === "already acknowledged") applyAgain();
  return result;
});

/** Answers a put that it applies with what the put before it came to. */
function confused(machine: HostMachine): HostMachine {
  let before: InEnvelope["answer"] | undefined;
  return changed((result) => {
    const { answer } = result;
    if (answer.kind !== "applied" || answer.replayed || answer.result.kind !== "put") return result;
    const last = before ?? answer;
    before = answer;
    return { ...result, answer: last };
  })(machine);
}

/** Cannot go on after some commands. */
function failing(machine: HostMachine): HostMachine {
  let left = 50;
  return changed((result) => {
    if (left-- === 0) throw new Error("it cannot go on");
    return result;
  })(machine);
}

describe("clients with sessions in real time", () => {
  it("ask again, at other nodes too, and are answered again", async () => {
    const result = await runTimefull({ nodes: 3, seconds: 1, seed: 3 });
    expect(result).toMatchObject({ violation: null, explanation: null, recovered: true, keepsSessions: true });
    expect(missedBy(result.sessions, true, 3)).toEqual([]);
  });

  it("are refused over UDP, as where boards are members, unless it is said that there are none", async () => {
    const refused = await runTimefull({ nodes: 3, seconds: 1, seed: 3, transport: "udp" });
    expect(refused).toMatchObject({ violation: null, explanation: null, recovered: true, keepsSessions: false });
    expect(refused.sessions).toMatchObject({ opened: 0, writes: 0, replayed: 0 });
    expect(refused.sessions.refused).toBeGreaterThan(0);
    const kept = await runTimefull({ nodes: 3, seconds: 1, seed: 3, transport: "udp", keepsSessions: true });
    expect(kept).toMatchObject({ violation: null, explanation: null, recovered: true, keepsSessions: true });
  });

  it("have to have been through everything: a run that did not get there fails", async () => {
    const { recovered, violation } = await runTimefull({ nodes: 1, seconds: 0, clients: 0, patience: 1 });
    expect(recovered).toBe(false);
    expect(violation).toMatch(
      /sessions, and never did to: opened, reopened, .*retried, replayed, repeated: not within/,
    );
  });

  it("that are alone with a node have nowhere else to ask", () => {
    const all = Object.fromEntries(Object.keys(noSessionCounts()).map((name) => [name, 1]));
    const counts = { ...noSessionCounts(), ...all };
    expect(missedBy(counts, true, 3)).toEqual([]);
    expect(missedBy({ ...counts, moved: 0 }, true, 3)).toEqual(["moved"]);
    expect(missedBy({ ...counts, moved: 0 }, true, 1)).toEqual([]);
    expect(missedBy({ ...counts, moved: 0, refused: 0 }, false, 3)).toEqual(["refused"]);
  });
});

const PUT = { kind: "put", index: 5 } as const;
const APPLIED = { kind: "applied", result: PUT, replayed: false } as const;
const REPLAYED = { ...APPLIED, replayed: true } as const;
const refusedWith = (refusal: SessionRefusal) => ({ kind: "refused", refusal, reason: "because" }) as const;

/** A client that is answered what is written down, one after the other. */
function scripted(isKept: boolean, ...script: readonly (InEnvelope["answer"] | "uncertain" | KvResult)[]) {
  const rest = [...script];
  const broken: string[] = [];
  const insist = async () => {
    const isUncertain = rest[0] === "uncertain";
    if (isUncertain) rest.shift();
    const next = rest.shift();
    if (next === undefined || next === "uncertain") return { kind: "unknown", isUncertain: true } as const;
    const value = "index" in next ? next : ({ kind: "session", index: 3, answer: next } as const);
    return { kind: "ok", value, isUncertain } as const;
  };
  const counts = noSessionCounts();
  const judge = (rule: string) => broken.push(rule);
  return { broken, client: new SessionClient({ id: 1, asker: { insist }, judge, counts, isKept }), counts };
}

describe("a client judges what it is answered", () => {
  const COMMAND = new Uint8Array([1]);
  const REGISTERED = { kind: "registered", session: 3 } as const;

  it.each([
    ["its own session", true, REGISTERED, []],
    ["a session of another index", true, { kind: "registered", session: 2 }, ["sessions"]],
    ["a refusal", true, refusedWith("no sessions"), ["sessions"]],
    ["a refusal where none are kept", false, refusedWith("no sessions"), []],
    ["a session where none are kept", false, REGISTERED, ["sessions"]],
    ["a command's answer", true, APPLIED, ["sessions"]],
    ["the answer to what is nobody's", true, PUT, ["answers"]],
  ] as const)("to a registration: %s", async (_, isKept, answer, rules) => {
    const { broken, client } = scripted(isKept, answer);
    expect(await client.register()).toBe(isKept && rules.length === 0);
    expect(broken).toEqual(rules);
  });

  it.each([
    ["the answer", [APPLIED], "ok", []],
    ["an answer that was kept", ["uncertain", REPLAYED], "ok", []],
    ["an answer that was kept, although it asked once", [REPLAYED], "ok", ["answers"]],
    ["that the session is not there", [refusedWith("unknown session")], "failed", []],
    ["that, and it may have been applied", ["uncertain", refusedWith("unknown session")], "unknown", []],
    ["that it has acknowledged it", [refusedWith("already acknowledged")], "failed", ["sessions"]],
    ["a registration's answer", [REGISTERED], "unknown", ["answers"]],
    ["nothing", [], "unknown", []],
  ] as const)("to a write: %s", async (_, answers, kind, rules) => {
    const { broken, client } = scripted(true, REGISTERED, ...answers);
    await client.register();
    expect((await client.write(COMMAND)).kind).toBe(kind);
    expect(broken).toEqual(rules);
  });

  it.each([
    ["its answer", REPLAYED, []],
    ["that it has acknowledged it", refusedWith("already acknowledged"), []],
    ["that the session is not there", refusedWith("unknown session"), []],
    ["another refusal", refusedWith("answer not kept"), ["exactly once"]],
    ["that it was applied now", APPLIED, ["exactly once"]],
    ["another answer", { ...REPLAYED, result: { ...PUT, index: 4 } }, ["exactly once"]],
  ] as const)("to a write that was answered and comes again: %s", async (_, answer, rules) => {
    const { broken, client, counts } = scripted(true, REGISTERED, APPLIED, answer);
    await client.register();
    await client.write(COMMAND);
    await client.repeat(() => 0);
    expect([broken, counts.repeated]).toEqual([rules, 1]);
  });

  it.each([
    ["that it is closed", { kind: "closed", session: 3 }, []],
    ["that it is not there", refusedWith("unknown session"), []],
    ["that another one is closed", { kind: "closed", session: 2 }, ["sessions"]],
  ] as const)("to the end of its session: %s", async (_, answer, rules) => {
    const { broken, client, counts } = scripted(true, REGISTERED, answer, REGISTERED);
    await client.register();
    await client.close();
    expect([broken, client.isOpen]).toEqual([rules, false]);
    await client.register();
    expect(counts).toMatchObject({ opened: 2, reopened: 1, closed: 1 - rules.length });
  });

  it("to a write under a key: an answer where none are kept, and that there are too many keys", async () => {
    const { broken, client, counts } = scripted(false, refusedWith("too many keys"), APPLIED);
    expect((await client.writeKeyed("a", COMMAND)).kind).toBe("failed");
    expect([broken, counts.refused, counts.keyed]).toEqual([[], 1, 1]);
    await client.writeKeyed("b", COMMAND);
    expect(broken).toEqual(["sessions"]);
  });
});

/** Bounds on hanging, in seconds. A run ends as soon as it notices: how soon is up to chance, and to the machine. */
const MOST_SECONDS = 300;
const MOST_TO_END = 60;

describe("a run in real time notices", () => {
  it.each([
    ["a machine that forgets what it answered", /^exactly once/, { sabotage: forgetful }],
    ["a machine that applies what is acknowledged", /^exactly once: node \d: \S+ was set/, { sabotage: careless }],
    [
      "a machine that gives a put another one's answer",
      /^answers: a client was answered for index/,
      { sabotage: confused },
    ],
    [
      "a machine that keeps sessions where none are to be",
      /^sessions/,
      { sabotage: () => new KvMachine(), keepsSessions: false },
    ],
    ["a machine that refuses sessions", /^sessions/, { sabotage: () => new KvMachine(NO_SESSIONS) }],
    ["a machine that fails", /it cannot go on/, { sabotage: failing }],
  ])(
    "%s",
    async (_, rule, options) => {
      const faults = new Map([["drop", 1] as const]);
      const patience = MOST_SECONDS * 1000;
      const run = { nodes: 3, seconds: MOST_SECONDS, patience, seed: 1, faults, ...options };
      const { recovered, violation } = await runTimefull(run);
      expect(violation).toMatch(rule);
      expect(recovered).toBeNull();
    },
    (MOST_SECONDS + MOST_TO_END) * 1000,
  );

  it("reads that do not show what was written", async () => {
    const sabotage = withMachine(() => ({ get: () => undefined }));
    const { explanation, linearizable } = await runTimefull({ nodes: 3, seconds: 0, faults: new Map(), sabotage });
    expect(linearizable).toBe(false);
    expect(explanation).toMatch(/read/);
  });

  it("states that differ in the end", async () => {
    let made = 0;
    const sabotage = withMachine(() => ({ digest: () => `${made++}` }));
    const { recovered, violation } = await runTimefull({ nodes: 3, seconds: 0, faults: new Map(), sabotage });
    expect(violation).toMatch(/^the states of nodes 1 and 2 differ at index \d+$/);
    expect(recovered).toBe(false);
  });
});
