/**
 * The engines that the contract is tested on. Every scenario runs on each that is built; `npm test` builds them first,
 * and says in its summary if it could not.
 */

import { onTestFinished } from "vitest";
import type { CoreUnderTest } from "../../sim/core-under-test.js";
import { ENGINES, engineIsBuilt, openCore } from "../../sim/engines.js";

export interface Engine {
  readonly name: string;
  /** To be called inside of a test, at whose end the core is closed. */
  readonly make: () => CoreUnderTest;
}

export const cores: readonly Engine[] = ENGINES.filter(engineIsBuilt).map((name) => ({
  name,
  make: () => {
    const core = openCore(name);
    onTestFinished(() => core.close());
    return core;
  },
}));
