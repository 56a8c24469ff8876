/**
 * ManualTimers: time that moves only when told, in an order that can be told again.
 */

import { describe, expect, it } from "vitest";
import { ManualTimers, type ManualTimersOptions } from "../../../host/timer/manual.js";

interface Firing {
  readonly kind: number;
  readonly at: number;
}

function started(options: ManualTimersOptions = {}): { timers: ManualTimers; fired: Firing[] } {
  const timers = new ManualTimers(options);
  const fired: Firing[] = [];
  timers.start((kind) => fired.push({ kind, at: timers.now() }));
  return { timers, fired };
}

describe("ManualTimers", () => {
  it("fires what falls due, each at its own deadline, in order", () => {
    const { timers, fired } = started({ origin: 1000 });
    timers.arm(1, 30, 0);
    timers.arm(2, 10, 0);
    timers.arm(3, 31, 0);
    timers.advance(30);
    expect(fired).toEqual([
      { kind: 2, at: 1010 },
      { kind: 1, at: 1030 },
    ]);
    expect(timers.now()).toBe(1030);
    expect(timers.armed()).toEqual([{ kind: 3, deadline: 1031 }]);
  });

  it("fires timers with one deadline in the order of their arming", () => {
    const { timers, fired } = started();
    for (const kind of [3, 1, 2, 3]) timers.arm(kind, 10, 0);
    expect(timers.armed().map(({ kind }) => kind)).toEqual([1, 2, 3]);
    timers.advance(10);
    expect(fired.map(({ kind }) => kind)).toEqual([1, 2, 3]);
  });

  it("fires timers armed on the way", () => {
    const timers = new ManualTimers();
    const at: number[] = [];
    timers.start((kind) => {
      at.push(timers.now());
      timers.arm(kind, 20, 0);
    });
    timers.arm(1, 20, 0);
    timers.advanceTo(70);
    expect(at).toEqual([20, 40, 60]);
    expect(timers.now()).toBe(70);
  });

  it("never turns time back", () => {
    const { timers, fired } = started({ origin: 50 });
    timers.arm(1, 0, 0);
    timers.advanceTo(10);
    expect(timers.now()).toBe(50);
    expect(fired).toEqual([{ kind: 1, at: 50 }]);
  });

  it("notices a timer that stops time by re-arming itself without delay", () => {
    const timers = new ManualTimers();
    timers.start((kind) => timers.arm(kind, 0, 0));
    timers.arm(1, 0, 0);
    expect(() => timers.advance(1)).toThrow(/re-arms itself without delay/);
  });

  it("replaces an arming, cancels, and stops", () => {
    const { timers, fired } = started();
    timers.arm(1, 10, 0);
    timers.arm(1, 90, 0);
    timers.arm(2, 10, 0);
    timers.cancel(2);
    timers.advance(50);
    expect(fired).toEqual([]);
    timers.stop();
    timers.arm(1, 1, 0);
    expect(timers.armed()).toEqual([]);
    timers.advance(100);
    timers.fire(1);
    expect(fired).toEqual([]);
  });

  it("fires a kind at will: early, and when it is not armed", () => {
    const { timers, fired } = started();
    timers.arm(1, 10, 0);
    expect(timers.fire(1)).toBe(true);
    expect(timers.fire(1)).toBe(false);
    timers.advance(10);
    expect(fired).toEqual([
      { kind: 1, at: 0 },
      { kind: 1, at: 0 },
    ]);
  });

  it("draws the same jitter from the same seed, over the whole range", () => {
    const draws = (seed: number): number[] => {
      const { timers } = started({ seed });
      return Array.from({ length: 400 }, () => {
        timers.arm(1, 100, 3);
        return timers.armed()[0]?.deadline ?? 0;
      });
    };
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
    for (const seed of [0, 1, 0xffffffff]) expect(new Set(draws(seed))).toEqual(new Set([100, 101, 102, 103]));
  });
});
