/** The shipped core behind effects that are falsified: what the simulator has to catch. */

import { Header } from "../../host/core/abi.js";
import type { CoreEffects, CoreUnderTest, NodeUnderTest, Region } from "../../sim/core-under-test.js";
import { V8Core } from "../../sim/v8-core.js";

/** Falsifies the effects of a core. */
export type Falsify = (effects: CoreEffects) => Partial<CoreEffects>;

export class FalsifiedCore implements CoreUnderTest {
  readonly name = "falsified";
  readonly #core = new V8Core();
  constructor(readonly falsify: Falsify) {}

  get sha256(): string {
    return this.#core.sha256;
  }
  create(...[plan, effects, mask]: Parameters<CoreUnderTest["create"]>): NodeUnderTest {
    const falsified: CoreEffects = {
      hardState: (term, vote) => effects.hardState(term, vote),
      truncate: (from) => effects.truncate(from),
      append: (...args) => effects.append(...args),
      compact: (index) => effects.compact(index),
      read: (...args) => effects.read(...args),
      send: (...args) => effects.send(...args),
      arm: (...args) => effects.arm(...args),
      cancel: (kind) => effects.cancel(kind),
      apply: (...args) => effects.apply(...args),
      readSnapshot: (...args) => effects.readSnapshot(...args),
      writeSnapshot: (...args) => effects.writeSnapshot(...args),
      reads: (...args) => effects.reads(...args),
      event: (...args) => effects.event(...args),
    };
    return this.#core.create(plan, Object.assign(falsified, this.falsify(effects)), mask);
  }
}

/** The kind of the message at a place. */
export function kindAt(memory: Region, offset: number): number {
  return memory.bytes[offset + Header.kind] ?? 0;
}

/** Sends messages of a kind without their barrier. */
export function withoutBarrier(kind: number): Falsify {
  return (effects) => ({
    send: (to, memory, offset, length, barrier) =>
      effects.send(to, memory, offset, length, barrier && kindAt(memory, offset) !== kind),
  });
}
