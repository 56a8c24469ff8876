/**
 * Runs of the simulator are behaviours of the specification in docs/spec/, and one that was tampered with is not. TLC has to
 * be there: the part "spec" of `npm test` fetches it, or says how to get it.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canRun } from "../../host/tools/tlc/setup.mjs";
import { checkTrace } from "../../host/tools/tlc/trace.mjs";
import type { SimulationOptions } from "../../sim/index.js";
import { formatSpecTrace, recordSpecTrace, type SpecLine, type SpecTrace } from "../../sim/spec/index.js";
import { recordRun } from "../../sim/trace/index.js";
import { V8Core } from "../../sim/v8-core.js";
import { runCli, temporaryFolder } from "../integration/harness.js";

/** For one run of TLC, in ms: a bound on hanging, not on speed. */
const TIMEOUT = 300_000;

const tlcIsThere = await canRun();

function specTraceOf(options: SimulationOptions): SpecTrace {
  const { trace } = recordRun(options);
  return recordSpecTrace(trace, new V8Core());
}

function events(lines: readonly SpecLine[]): ReadonlySet<string> {
  return new Set(lines.map(({ event }) => event));
}

/** The trace with one line changed: the first one that fits. */
function tampered(trace: SpecTrace, fits: (line: SpecLine) => boolean, tamper: (line: SpecLine) => SpecLine) {
  const at = trace.lines.findIndex(fits);
  expect(at).toBeGreaterThan(0);
  const lines = trace.lines.map((line, i) => (i === at ? tamper(line) : line)).slice(0, at + 20);
  return { at, text: formatSpecTrace({ ...trace, lines }) };
}

describe("a run of the simulator", () => {
  const seed7 = { seed: 7, nodes: 3, steps: 250 } as const;

  it("tells of every kind of event, of what is durable, and of each change of a log once", () => {
    const { header, lines } = specTraceOf({ seed: 21, nodes: 3, steps: 3000 });
    expect(header).toMatchObject({ metalraftSpecTrace: 1, nodes: 3, synchronous: false });
    const kinds = ["receive", "election timeout", "heartbeat", "propose", "reconfigure", "other", "save", "tell"];
    expect([...events(lines)]).toEqual(expect.arrayContaining([...kinds, "durable", "crash", "restart"]));
    for (const id of [1, 2, 3]) {
      let length = 0;
      for (const { disk } of lines.filter(({ node }) => node === id)) {
        expect(disk.log.keep).toBeLessThanOrEqual(length);
        length = disk.log.keep + disk.log.add.length;
      }
      expect(length).toBeGreaterThan(0);
    }
  });

  it.skipIf(!tlcIsThere).each([
    ["with every usual fault", { ...seed7 }],
    ["with changes of members, snapshots and crashes", { seed: 22, nodes: 4, steps: 250 }],
    [
      "with deaths in the middle of a flush, on disks that are quick",
      { seed: 37, nodes: 3, steps: 200, faults: ["drop", "reorder", "crash", "boundary", "snapshot", "membership"] },
    ],
  ] satisfies [string, SimulationOptions][])(
    "%s is a behaviour of the specification",
    async (name, options) => {
      const trace = specTraceOf(options);
      const { explained, lines, problem } = await checkTrace(formatSpecTrace(trace), name);
      expect(problem).toBeUndefined();
      expect([lines, explained]).toEqual([trace.lines.length, trace.lines.length]);
    },
    TIMEOUT,
  );

  it.skipIf(!tlcIsThere)(
    "is none if an acknowledgement does not wait for the disk, and the line is named",
    async () => {
      const acknowledges = ({ sends }: SpecLine) => sends.some(({ message }) => message.kind === "AppendReply");
      const { at, text } = tampered(specTraceOf(seed7), acknowledges, (line) => ({
        ...line,
        sends: line.sends.map((one) => ({ ...one, waits: false })),
      }));
      const { explained, problem } = await checkTrace(text, "tampered");
      expect(explained).toBe(at);
      expect(problem).toMatch(
        new RegExp(`^tampered, line ${at + 2}: no step of the specification explains \\{"step":`),
      );
    },
    TIMEOUT,
  );

  it.skipIf(!tlcIsThere)(
    "is none if a node holds more as committed than it was told",
    async () => {
      const follows = ({ memory }: SpecLine) =>
        memory !== null && memory.role === "follower" && memory.commit > 0 && memory.commit < memory.last;
      const { at, text } = tampered(specTraceOf(seed7), follows, (line) =>
        line.memory === null ? line : { ...line, memory: { ...line.memory, commit: line.memory.commit + 1 } },
      );
      const { explained } = await checkTrace(text, "tampered");
      expect(explained).toBe(at);
    },
    TIMEOUT,
  );
});

describe("metalraft sim --spec-trace", () => {
  it("writes what the simulator does, and the same of a recorded run", async () => {
    const folder = temporaryFolder();
    const [file, again, recorded] = [join(folder, "a.jsonl"), join(folder, "b.jsonl"), join(folder, "run.trace")];
    const faults = ["drop", "crash", "durability", "batch"] as const;
    const run = ["sim", "--seed", "7", "--nodes", "3", "--steps", "60", "--faults", faults.join(",")];
    const { code, stderr } = await runCli([...run, "--record", recorded, "--spec-trace", file]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`node host/tools/tlc.mjs --trace ${file}`);
    const text = readFileSync(file, "utf8");
    expect(text).toBe(formatSpecTrace(specTraceOf({ seed: 7, nodes: 3, steps: 60, faults })));
    expect((await runCli(["sim", "--trace", recorded, "--spec-trace", again])).code).toBe(0);
    expect(readFileSync(again, "utf8")).toBe(text);
  });
});

describe("what is no trace", () => {
  it("is refused with what is wrong", async () => {
    await expect(checkTrace("{\n", "x")).rejects.toThrow("x, line 1: this is no JSON: {");
    await expect(checkTrace("{}\n{}\n", "x")).rejects.toThrow("metalraft sim --spec-trace FILE writes one");
    await expect(checkTrace('{"metalraftSpecTrace":1}\n', "x")).rejects.toThrow("has 0 lines behind the header");
  });
});
