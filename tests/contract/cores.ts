/**
 * The engines that the contract is tested on. Every scenario runs on each that is built; `npm test` builds them first,
 * and says in its summary if it could not.
 */

import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { compileCore } from "../../host/core/module.js";
import type { CoreUnderTest } from "../../sim/core-under-test.js";
import { DrivenCore } from "../../sim/driven-core.js";
import { ENGINES, type EngineName, engineIsBuilt, openCore } from "../../sim/engines.js";
import { V8Core } from "../../sim/v8-core.js";

export interface Engine {
  readonly name: string;
  /** To be called inside of a test, at whose end the core is closed. */
  readonly make: () => CoreUnderTest;
}

/** Processes whose last test has ended: to start one anew for each test takes longer than most tests. */
const idle = new Map<EngineName, DrivenCore>();

function openFor(name: EngineName): CoreUnderTest {
  const core = idle.get(name) ?? openCore(name);
  idle.delete(name);
  if (core instanceof DrivenCore) onTestFinished(() => putAway(name, core));
  return core;
}

/** Keeps a process for the next test, if it is in order and the only one. */
function putAway(name: EngineName, core: DrivenCore): void {
  if (!core.reset() || idle.has(name)) core.close();
  else idle.set(name, core);
}

/** Path of a module that takes the place of the shipped one, on this process's engine alone: a core with a rule removed. */
const OTHER_MODULE = process.env["METALRAFT_MODULE"];

/** An engine for a module that is not the shipped one. */
function engineFor(path: string): Engine {
  const module = compileCore(new Uint8Array(readFileSync(path)));
  return { name: "v8", make: () => new V8Core(module) };
}

export const cores: readonly Engine[] =
  OTHER_MODULE === undefined
    ? ENGINES.filter(engineIsBuilt).map((name) => ({ name, make: () => openFor(name) }))
    : [engineFor(OTHER_MODULE)];
