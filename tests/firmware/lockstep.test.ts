/**
 * The same inputs to V8 and to every engine that is built: everything that comes back is alike, and so are the arenas
 * after every flush. Inputs are drawn by the simulator, with every fault, and by a chaos with malformed ones.
 */

import { beforeAll, describe, expect, it } from "vitest";
import { ROOMY_CAPACITY, runSimulation, TINY_CAPACITY } from "../../sim/core-world/run.js";
import { DrivenCore } from "../../sim/driven-core.js";
import { ENGINES, type EngineName, engineCommand, engineIsBuilt } from "../../sim/engines.js";
import { type Numbering, Recorder } from "../../sim/lockstep/recorder.js";
import { compare, type Player } from "../../sim/lockstep/replay.js";
import { Chaos } from "./chaos.js";

/** Inputs of all tapes together, at least. */
const INPUTS = 100_000;

/** Where the low byte of the time lies in the frame of a timer: behind the header, the export and the count. */
const TIME_IN_TIMER = 16;

/** What gives a recorder its inputs. */
interface Source {
  readonly title: string;
  readonly feed: (recorder: Recorder) => void;
}

/** Most with tiny windows, which an emulated board is quicker to hash after every flush. */
const CAPACITIES = [
  { size: "tiny", capacity: TINY_CAPACITY, seeds: [1, 2, 3], inputs: 24_000 },
  { size: "roomy", capacity: ROOMY_CAPACITY, seeds: [4], inputs: 4_000 },
];
const SOURCES: readonly Source[] = CAPACITIES.flatMap(({ size, capacity, seeds, inputs }) =>
  seeds.flatMap((seed) => [
    {
      title: `a simulation with seed ${seed}, ${size}`,
      feed: (recorder: Recorder) => {
        runSimulation({ seed, steps: inputs, core: recorder, capacity, askInvariants: false });
      },
    },
    {
      title: `a chaos with seed ${seed}, ${size}`,
      feed: (recorder: Recorder) => new Chaos(recorder, seed, capacity).run(inputs),
    },
  ]),
);

type Built = Exclude<EngineName, "v8">;
const built = ENGINES.filter((name): name is Built => name !== "v8" && engineIsBuilt(name));

function playerOf(name: Built): Player {
  return { name, command: engineCommand(name) };
}

/** Names' numbers are the same in all engines: they are those of the generated header. */
function numberingOf(name: Built): Numbering {
  const core = new DrivenCore(name, engineCommand(name));
  core.close();
  return core;
}

describe.runIf(built.length > 0)("lock-step", () => {
  let numbering: Numbering;
  beforeAll(() => {
    numbering = numberingOf(built[0] as Built);
  });

  function record(source: Source, watch: number | null = null): Recorder {
    const recorder = new Recorder(numbering, watch);
    source.feed(recorder);
    return recorder;
  }

  const tapes = new Map<Source, Recorder>();
  function tapeOf(source: Source): Recorder {
    const recorder = tapes.get(source) ?? record(source);
    tapes.set(source, recorder);
    return recorder;
  }

  it(`has ${INPUTS} inputs`, () => {
    const inputs = SOURCES.reduce((sum, source) => sum + tapeOf(source).tape.inputs, 0);
    expect(inputs).toBeGreaterThanOrEqual(INPUTS);
  });

  it("finds the first call that differs, and shows it", () => {
    const name = built[0] as Built;
    const source: Source = { title: "", feed: (recorder) => new Chaos(recorder, 5, TINY_CAPACITY).run(3000) };
    const { tape } = record(source);
    const timers = [...Array(tape.calls).keys()].filter((call) => tape.title(call).includes(": timer("));
    const changed = timers[timers.length >>> 1] as number;
    // The engine is told another time than the one that was recorded.
    const frame = tape.frames(changed, changed + 1);
    frame[TIME_IN_TIMER] = (frame[TIME_IN_TIMER] as number) ^ 1;
    const difference = compare(playerOf(name), tape, (watch) => record(source, watch));
    expect(difference?.call).toBe(changed);
    expect(difference?.trace).toContain(`after call ${changed + 1} of ${tape.calls}`);
    expect(difference?.trace).toContain(tape.title(changed));
    expect(difference?.trace).toContain("(now)");
  });

  describe.each(built)("%s", (name) => {
    it.each(SOURCES)("$title", { timeout: 600_000 }, (source) => {
      const { tape } = tapeOf(source);
      const difference = compare(playerOf(name), tape, (watch) => record(source, watch));
      expect(difference?.trace ?? "").toBe("");
    });
  });
});
