/** Where two runs part, and how a trace is drawn. */

import { describe, expect, it } from "vitest";
import { MessageKind } from "../../host/core/abi.js";
import { drawTrace, findParting, recordRun, shrinkTrace } from "../../sim/trace/index.js";
import { V8Core } from "../../sim/v8-core.js";
import { FalsifiedCore, withoutBarrier } from "./falsified-core.js";

describe("the step at which two runs part", () => {
  const { trace } = recordRun({ seed: 4, nodes: 3, steps: 3000 });
  const core = new V8Core();

  it("is none if they are the same", () => {
    expect(findParting({ trace, core }, { trace, core: new V8Core() })).toBeNull();
  });

  it.each([0, 1, 777, 2998])("is where a step was left out: %i", (place) => {
    const at = trace.steps.findIndex(({ step }, i) => i >= place && step.do === "TIMER");
    const other = {
      ...trace,
      exact: false,
      steps: trace.steps.with(at, { step: { do: "GIVE_UP", client: 0 }, hold: false }),
    };
    const parting = findParting({ trace, core }, { trace: other, core });
    expect(parting?.at).toBe(at);
    expect(parting?.differences.join()).toContain("all effects so far");
  });

  it("is found when only a core's memory differs", () => {
    // Election timers fire a little later: no effect tells of it before one does.
    const late = new FalsifiedCore((effects) => ({
      arm: (kind, delay, jitter) => effects.arm(kind, jitter > 0 ? delay + 1 : delay, jitter),
    }));
    const parting = findParting({ trace: { ...trace, exact: false }, core }, { trace, core: late });
    expect(parting).not.toBeNull();
    expect(parting?.at).toBeGreaterThan(0);
  });

  it("is where the shorter one of two traces ends", () => {
    const shorter = { ...trace, steps: trace.steps.slice(0, 100) };
    expect(findParting({ trace, core }, { trace: shorter, core })).toMatchObject({
      at: 100,
      differences: expect.arrayContaining(["how it goes on: on and its trace ends"]),
    });
  });
});

describe("a diagram", () => {
  it("shows who told whom what, and what came of it", () => {
    const core = new FalsifiedCore(withoutBarrier(MessageKind.VOTE_REPLY));
    const { trace } = recordRun({ seed: 7, nodes: 3, steps: 5000, core, membership: "voters" });
    const lines = drawTrace(shrinkTrace(trace, core).trace, core);
    expect(lines[0]).toBe("       1      2      3");
    const text = lines.join("\n");
    expect(text).toMatch(/\n\d+ +.*election timer fires\n/);
    expect(text).toMatch(/[o#:|*]<?-{5,}>?[o#:|*] .*PRE-VOTE\? t1/);
    expect(text).toMatch(/becomes CANDIDATE, has term 1/);
    expect(lines.at(-1)).toMatch(/^durable before sent: /);
  });
});
