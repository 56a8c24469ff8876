/**
 * Traces of the host world: noting faults changes nothing, a trace gives the same run, what is left out does not happen,
 * and a run of broken hosts is shrunk to the few faults that break the same rule.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EventQueue } from "../../sim/host-world/event-queue.js";
import { Faults, parseHostFaults } from "../../sim/host-world/faults.js";
import {
  drawHostTrace,
  formatHostTrace,
  type HostTrace,
  parseHostTrace,
  readHostTrace,
  recordHostRun,
  replayHostTrace,
  runHostWorld,
  shrinkHostTrace,
} from "../../sim/host-world/index.js";
import { Inode } from "../../sim/host-world/inode.js";
import { Script } from "../../sim/host-world/script.js";
import type { HostSettings, Sabotage } from "../../sim/host-world/settings.js";
import { Stream } from "../../sim/host-world/stream.js";
import { TraceError } from "../../sim/trace/index.js";
import { temporaryFolder } from "../integration/harness.js";
import { withFiles, withoutSync } from "./host-sabotage.js";

const core = undefined;

/** The first run from some seed on that breaks a rule. */
async function failing(settings: Partial<HostSettings>): Promise<HostTrace> {
  for (let seed = settings.seed ?? 1; ; seed++) {
    const { result, trace } = await recordHostRun({ ...settings, seed });
    if (result.rule !== null) return trace;
  }
}

describe("a trace", () => {
  it.each([2, 3])("of all faults is the run that it was recorded from: seed %i", async (seed) => {
    const settings = { seed, steps: 2500, chaos: 60 };
    const { digest, faults, rule } = await runHostWorld(settings);
    const { result, trace } = await recordHostRun(settings);
    expect([result.digest, result.rule]).toEqual([digest, rule]);
    expect(trace.injections.length).toBeGreaterThan(30);
    const read = parseHostTrace(formatHostTrace(trace), "a trace");
    expect(read).toEqual(trace);
    const again = await replayHostTrace(read);
    expect(again.result).toMatchObject({ digest, faults, rule });
    expect(again.trace).toEqual(trace);
  });

  it("injects what it has and nothing else", async () => {
    const { trace } = await recordHostRun({ seed: 5, steps: 2000, chaos: 60 });
    const none = await replayHostTrace({ ...trace, injections: [] });
    expect(Object.values(none.result.faults).every((count) => count === 0)).toBe(true);
    expect(none.result).toMatchObject({ rule: null, elections: 1 });
    expect(none.trace.injections).toEqual([]);
    const kills = trace.injections.filter(({ fault, what }) => fault === "kill" && what !== undefined);
    // The first, and the last: with fewer faults more happens until then, and faults stop no sooner for that.
    const kept = [...kills.slice(0, 1), ...kills.slice(-1)];
    expect(kept).toHaveLength(2);
    const some = await replayHostTrace({ ...trace, injections: kept });
    expect(some.result.steps).toBeGreaterThan(2 * trace.end.steps);
    // What each does was drawn: it is the same although nothing is drawn before.
    expect(some.trace.injections).toEqual(kept);
    expect(Object.entries(some.result.faults).filter(([, count]) => count > 0)).toEqual([["kill", 2]]);
    expect((await replayHostTrace(some.trace)).result.digest).toBe(some.result.digest);
  });

  it("has a fault do what it did, whatever else is left out", async () => {
    const { trace } = await recordHostRun({
      seed: 4,
      steps: 2000,
      chaos: 60,
      faults: parseHostFaults("slow:10,power,drop"),
    });
    const slow = trace.injections.filter(({ fault }) => fault === "slow");
    const kept = slow.slice(-4);
    expect(slow.length).toBeGreaterThan(10);
    const some = await replayHostTrace({ ...trace, injections: kept });
    expect(some.trace.injections.length).toBeGreaterThan(1);
    const place = ({ draw, fault, node, nth, what }: (typeof kept)[number]) => ({ draw, fault, node, nth, what });
    for (const one of some.trace.injections) expect(kept.map(place)).toContainEqual(place(one));
  });

  it("keeps what disks promise: in order, nothing stays behind what is lost", () => {
    const place = { node: 1, outage: 1 };
    const lost = { fault: "lost", at: 0, ...place, nth: 1, draw: 0 } as const;
    const script = new Script({ end: { steps: 0, at: 0 }, injections: [lost] });
    const faults = new Faults(parseHostFaults("lost"), new Stream(1), new EventQueue(), script);
    const inode = new Inode();
    for (const at of [0, 1, 2, 3]) inode.finish(inode.start({ at, bytes: Uint8Array.of(7), stray: undefined }), 1);
    inode.powerLoss({ faults, random: new Stream(2), place });
    // Zeros are what a size leaves that was durable without the bytes.
    expect([...inode.durable.bytes].filter((byte) => byte !== 0)).toEqual([7]);
    expect(faults.counts.lost).toBe(3);
  });

  it("is drawn, with its faults, and with who is up and leads", async () => {
    const { trace } = await recordHostRun({ seed: 4, steps: 1500, chaos: 60, faults: parseHostFaults("kill,drop") });
    const lines = await drawHostTrace(trace);
    expect(lines[0]).toMatch(/^ms +1 +2 +3$/);
    expect(lines.filter((line) => line.includes("kill: "))).toHaveLength(
      trace.injections.filter(({ fault, what }) => fault === "kill" && what !== undefined).length,
    );
    for (const text of ["is up", "is down", "becomes LEADER", "committed"]) expect(lines.join("\n")).toContain(text);
    expect(lines.at(-1)).toMatch(/^no rule broken, \d+ entries committed, recovered within /);
  });

  it("that cannot be read is refused with the line", async () => {
    const { trace } = await recordHostRun({ seed: 1, steps: 200, faults: parseHostFaults("short") });
    const [header = "", first = ""] = formatHostTrace(trace).split("\n");
    const refused = (text: string, message: string | RegExp) => {
      expect(() => parseHostTrace(text, "x")).toThrow(TraceError);
      expect(() => parseHostTrace(text, "x")).toThrow(message);
    };
    refused(`${header}\n{"fault":`, "x, line 2: this is no JSON");
    refused(`${header}\n${first}\n${first.replace('"short"', '"gremlins"')}`, /^x, line 3: fault: /);
    refused(header.replace('"faults":"short"', '"faults":"gremlins"'), "x, line 1 (the header): settings.faults: ");
    refused(first, "x, line 1 (the header): ");
    expect(() => readHostTrace(join(temporaryFolder(), "none"))).toThrow("cannot be read");
    const file = join(temporaryFolder(), "run.trace");
    writeFileSync(file, formatHostTrace(trace));
    expect(readHostTrace(file)).toEqual(trace);
  });
});

describe("a run of broken hosts is shrunk", () => {
  const failedSync = withFiles((file) => ({ sync: () => file.sync().catch(() => undefined) }));
  const cases: readonly (readonly [string, Sabotage, Partial<HostSettings>, readonly string[], number])[] = [
    [
      "a log that does not sync",
      { fileSystem: withoutSync },
      { faults: parseHostFaults("lost,reorder,power,kill,drop,delay,partition,short,slow") },
      ["lost"],
      4,
    ],
    [
      "a log that goes on when a sync has failed",
      { fileSystem: failedSync },
      { faults: parseHostFaults("fsync-fail:100,lost,power,blackout,kill,drop,pause") },
      ["fsync-fail"],
      4,
    ],
  ];
  it.each(cases)("%s", async (_, sabotage, settings, needed, most) => {
    const trace = await failing({ seed: 5, steps: 2000, chaos: 100, ...settings, sabotage });
    const shrunk = await shrinkHostTrace(trace, core, { sabotage });
    expect(shrunk.isMinimal).toBe(true);
    const { digest, injections, rule } = shrunk.trace;
    expect(injections.length).toBeLessThan(trace.injections.length);
    expect(injections.length).toBeLessThanOrEqual(most);
    for (const fault of needed) expect(injections.map((one) => one.fault)).toContain(fault);
    expect(rule).toBe(trace.rule);
    const read = parseHostTrace(formatHostTrace(shrunk.trace), "shrunk");
    for (let time = 0; time < 2; time++) {
      expect((await replayHostTrace(read, core, { sabotage })).result).toMatchObject({ digest, rule });
    }
    // Sound hosts keep the rule under the same faults.
    expect((await replayHostTrace(read)).result.rule).toBeNull();
  });

  it("within a bound, in the same way each time", async () => {
    const sabotage = { fileSystem: withoutSync };
    const trace = await failing({
      seed: 5,
      steps: 2000,
      chaos: 100,
      faults: parseHostFaults("lost,power,drop"),
      sabotage,
    });
    const options = { sabotage, mostEvents: 8000 };
    const one = await shrinkHostTrace(trace, core, options);
    expect(one).toMatchObject({ isMinimal: false, trace: { rule: trace.rule } });
    expect(await shrinkHostTrace(trace, core, options)).toEqual(one);
  });

  it("if there is something to shrink", async () => {
    const { trace } = await recordHostRun({ seed: 1, steps: 300 });
    await expect(shrinkHostTrace(trace)).rejects.toThrow("breaks no rule with this core");
  });
});

describe("a stream", () => {
  const next = (stream: Stream) => [stream.next(), stream.below(1000), stream.oneIn(2)];

  it("is taken to any place of its row", () => {
    const stream = new Stream(7);
    const first = next(stream);
    const second = next(stream);
    expect(stream.drawn).toBe(6);
    stream.moveTo(0);
    expect(next(stream)).toEqual(first);
    stream.moveTo(0);
    stream.moveTo(3);
    expect(next(stream)).toEqual(second);
  });

  it("of identities gives no number twice", () => {
    const stream = new Stream(7, false);
    const numbers = [stream.next(), stream.next()];
    stream.moveTo(0);
    expect(numbers).not.toContain(stream.next());
    stream.moveTo(5);
    expect(stream.drawn).toBe(5);
  });
});
