/**
 * How vitest runs the tests of what is shipped: the hosts, the simulator and the compiled core. Each file has a process
 * of its own, because tests open ports, start processes and read `process` at large.
 */

import { defineConfig } from "vitest/config";

/** For one test or hook, in ms. A bound on hanging, not on speed: a loaded machine must not fail a test. */
const TIMEOUT = 30_000;

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: ["tests/bench/**"],
    pool: "forks",
    testTimeout: TIMEOUT,
    hookTimeout: TIMEOUT,
  },
});
