/** What reports of campaigns have in common, whatever their runs are. */

import { tell } from "../output.js";

/** Time between two lines of progress, in ms. */
const PROGRESS_INTERVAL = 2000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Tells how far a campaign is, now and then. @param minutes what it takes */
export function progressTeller(minutes: number): (what: string) => void {
  const start = performance.now();
  let told = start;
  return (what) => {
    const now = performance.now();
    if (now - told < PROGRESS_INTERVAL) return;
    told = now;
    const share = Math.min(100, Math.round(((now - start) * 100) / (minutes * MINUTE)));
    tell(`${share} %, ${Math.round((now - start) / SECOND)} s: ${what}`);
  };
}

/** A result without what its failures' files hold. */
export function withoutTraces<
  Failure extends { readonly trace: string },
  Result extends { readonly failures: readonly Failure[] },
>(result: Result) {
  return { ...result, failures: result.failures.map(({ trace: _, ...failure }) => failure) };
}
