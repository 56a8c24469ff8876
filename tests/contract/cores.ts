/** The engines that the contract is tested on. Every scenario runs on each. */

import type { CoreUnderTest } from "../../sim/core-under-test.js";
import { V8Core } from "../../sim/v8-core.js";

export interface Engine {
  readonly name: string;
  readonly make: () => CoreUnderTest;
}

export const cores: readonly Engine[] = [{ name: "v8", make: () => new V8Core() }];
