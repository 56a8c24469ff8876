/** Snapshots: compaction, and how a follower that needs what is compacted gets the leader's snapshot (thesis chapter 5). */

import { describe, expect, it } from "vitest";
import { cores } from "./cores.js";
import { OK, Scenario } from "./scenario.js";

describe.each(cores)("snapshots on $name", ({ make }) => {
  /** A leader with a snapshot of ten commands, and a follower that missed all of them. */
  function leaderAhead(): Scenario {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(3);
    w.drop();
    for (let i = 0; i < 10; i++) {
      w.propose(1, `${i}`);
      w.deliverAll();
    }
    return w;
  }

  it("a follower whose entries are compacted is sent the snapshot, and then the entries behind it", () => {
    const w = leaderAhead();
    expect(w.snapshot(1)).toBe(OK);
    w.propose(1, "behind");
    w.deliverAll();
    w.crash(1);
    w.restart(1);
    w.elect(2);
    w.snapshot(2);
    w.crash(2);
    w.restart(2);
    w.elect(1);
    w.heal();
    w.heartbeat(1);
    w.deliverAll();
    w.propose(1, "last");
    w.deliverAll();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
    expect(w.state(3).snapshotIndex).toBeGreaterThan(0);
  });
});
