/** The stories without time, on every engine. */

import { describe, it } from "vitest";
import { cores } from "../cores.js";
import { STORIES } from "./stories/index.js";
import { TimelessDriver } from "./timeless.js";

describe.each(cores)("stories without time on $name", ({ make }) => {
  for (const [subject, stories] of Object.entries(STORIES)) {
    describe(subject, () => {
      for (const { setting, tell, title } of stories) {
        it(title, async () => {
          const c = new TimelessDriver(make(), setting);
          await tell(c);
          c.world.close();
        });
      }
    });
  }
});
