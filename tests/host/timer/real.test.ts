/**
 * RealTimers on a faked clock: `setTimeout` and `performance.now()` move only when the test says so.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RealTimers } from "../../../host/timer/real.js";

const ELECTION = 0;
const HEARTBEAT = 1;

/** A jitter source that always draws the same. */
const drawing = (value: number) => () => value;

function started(timers: RealTimers): number[] {
  const fired: number[] = [];
  timers.start((kind) => fired.push(kind));
  return fired;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("RealTimers", () => {
  it("tells whole milliseconds that follow the monotonic clock", () => {
    const timers = new RealTimers();
    vi.spyOn(performance, "now").mockReturnValueOnce(1234.9);
    expect(timers.now()).toBe(1234);
    const before = timers.now();
    vi.advanceTimersByTime(250);
    expect(timers.now()).toBe(before + 250);
  });

  it("fires once, after the delay and not before", () => {
    const timers = new RealTimers({ random: drawing(0) });
    const fired = started(timers);
    timers.arm(ELECTION, 100, 50);
    vi.advanceTimersByTime(99);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual([ELECTION]);
    vi.advanceTimersByTime(1000);
    expect(fired).toEqual([ELECTION]);
  });

  it("draws the jitter from 0 to its bound, both included", () => {
    for (const [draw, due] of [
      [0, 100],
      [0.5, 103],
      [0.9999, 105],
    ] as const) {
      const timers = new RealTimers({ random: drawing(draw) });
      const fired = started(timers);
      timers.arm(ELECTION, 100, 5);
      vi.advanceTimersByTime(due - 1);
      expect(fired).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(fired).toEqual([ELECTION]);
    }
  });

  it("sets no new timeout when an armed timer is put off", () => {
    const timers = new RealTimers({ random: drawing(0) });
    const fired = started(timers);
    const sets = vi.spyOn(globalThis, "setTimeout");
    for (let heartbeat = 0; heartbeat < 90; heartbeat++) {
      timers.arm(ELECTION, 100, 0);
      vi.advanceTimersByTime(1);
    }
    expect(sets).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(98);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual([ELECTION]);
    expect(sets).toHaveBeenCalledTimes(2);
  });

  it("fires at the new deadline when that is earlier", () => {
    const timers = new RealTimers({ random: drawing(0) });
    const fired = started(timers);
    timers.arm(ELECTION, 1000, 0);
    timers.arm(ELECTION, 10, 0);
    vi.advanceTimersByTime(10);
    expect(fired).toEqual([ELECTION]);
    vi.advanceTimersByTime(2000);
    expect(fired).toEqual([ELECTION]);
  });

  it("keeps kinds apart, and cancels one of them", () => {
    const timers = new RealTimers({ random: drawing(0) });
    const fired = started(timers);
    timers.arm(ELECTION, 100, 0);
    timers.arm(HEARTBEAT, 50, 0);
    timers.cancel(ELECTION);
    timers.cancel(7);
    vi.advanceTimersByTime(500);
    expect(fired).toEqual([HEARTBEAT]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("can be armed again from inside its own firing", () => {
    const timers = new RealTimers({ random: drawing(0) });
    const fired: number[] = [];
    timers.start((kind) => {
      fired.push(timers.now());
      if (fired.length < 3) timers.arm(kind, 10, 0);
    });
    const origin = timers.now();
    timers.arm(HEARTBEAT, 10, 0);
    vi.advanceTimersByTime(100);
    expect(fired).toEqual([origin + 10, origin + 20, origin + 30]);
  });

  it("goes back to sleep when the host wakes it before the clock says so", () => {
    const timers = new RealTimers({ random: drawing(0) });
    const fired = started(timers);
    timers.arm(ELECTION, 100, 0);
    const due = timers.now() + 100;
    const clock = vi.spyOn(performance, "now").mockReturnValue(due - 0.5);
    vi.advanceTimersByTime(100);
    expect(fired).toEqual([]);
    clock.mockReturnValue(due);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual([ELECTION]);
  });

  it("sleeps through delays longer than a timeout can hold", () => {
    const timers = new RealTimers({ random: drawing(0) });
    const fired = started(timers);
    const sets = vi.spyOn(globalThis, "setTimeout");
    const delay = 2 ** 31 + 5;
    timers.arm(ELECTION, delay, 0);
    vi.advanceTimersByTime(delay - 1);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual([ELECTION]);
    expect(sets.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1, 6]);
  });

  it("fires nothing once stopped, and leaves no timeout behind", () => {
    const timers = new RealTimers();
    const fired = started(timers);
    timers.arm(ELECTION, 10, 0);
    timers.arm(HEARTBEAT, 20, 0);
    timers.stop();
    timers.arm(ELECTION, 10, 0);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(100);
    expect(fired).toEqual([]);
  });

  it("lets the process exit only when told to", () => {
    vi.useRealTimers();
    const sets = vi.spyOn(globalThis, "setTimeout");
    for (const unref of [true, false]) {
      const timers = new RealTimers({ unref });
      timers.start(() => undefined);
      timers.arm(ELECTION, 60_000, 0);
      const timeout = sets.mock.results.at(-1)?.value as NodeJS.Timeout;
      expect(timeout.hasRef()).toBe(!unref);
      timers.stop();
    }
  });
});
