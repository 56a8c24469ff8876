/** An instance of the core that knows where the arena of its newest node lies, so that it can be used again. */

import { CoreInstance } from "../core/instance.js";

export interface Arena {
  readonly address: number;
  readonly size: number;
}

export class GroupInstance extends CoreInstance {
  /** What was allocated last. */
  newest: Arena = { address: 0, size: 0 };

  override allocate(size: number): number {
    const address = super.allocate(size);
    this.newest = { address, size };
    return address;
  }
}
