/** Whole runs, compared line by line: a change of behaviour shows up as a changed transcript. */

import { describe, expect, it } from "vitest";
import { cores } from "./cores.js";
import { Scenario, text } from "./scenario.js";

describe.each(cores)("transcripts on $name", ({ make }) => {
  it("an election, two proposals, and how followers learn of the commit", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    expect(w.transcript()).toBe(
      text(`
           1: PRE_CANDIDATE t0
        1 -> 2 PRE-VOTE? t1 last=0/0
        1 -> 3 PRE-VOTE? t1 last=0/0
        2 -> 1 PRE-VOTE t1 granted
           1: CANDIDATE t1
        3 -> 1 PRE-VOTE t1 granted
        1 -> 2 VOTE? t1 last=0/0
           2: FOLLOWER t1
        1 -> 3 VOTE? t1 last=0/0
           3: FOLLOWER t1
        2 -> 1 VOTE t1 granted
           1: LEADER t1
        3 -> 1 VOTE t1 granted
        1 -> 2 APPEND t1 prev=0/0 entries=1:1(NOOP) commit=0
        1 -> 3 APPEND t1 prev=0/0 entries=1:1(NOOP) commit=0
        2 -> 1 APPENDED t1 match=1
           1: commit 1
        3 -> 1 APPENDED t1 match=1
        1 -> 2 APPEND t1 prev=1/1 commit=1 quiet
           2: commit 1
        1 -> 3 APPEND t1 prev=1/1 commit=1 quiet
           3: commit 1
      `),
    );
    w.propose(1, "x");
    w.propose(1, "y");
    w.deliverAll();
    expect(w.transcript()).toBe(
      text(`
        1 -> 2 APPEND t1 prev=1/1 entries=2:1 commit=1
        1 -> 3 APPEND t1 prev=1/1 entries=2:1 commit=1
        1 -> 2 APPEND t1 prev=2/1 entries=3:1 commit=1
        1 -> 3 APPEND t1 prev=2/1 entries=3:1 commit=1
        2 -> 1 APPENDED t1 match=2
           1: commit 2
        3 -> 1 APPENDED t1 match=2
        2 -> 1 APPENDED t1 match=3
           1: commit 3
        3 -> 1 APPENDED t1 match=3
        1 -> 2 APPEND t1 prev=3/1 commit=2 quiet
           2: commit 2
        1 -> 3 APPEND t1 prev=3/1 commit=2 quiet
           3: commit 2
        1 -> 2 APPEND t1 prev=3/1 commit=3 quiet
           2: commit 3
        1 -> 3 APPEND t1 prev=3/1 commit=3 quiet
           3: commit 3
      `),
    );
    expect(w.applied(3)).toBe("2:x 3:y");
  });

  it("figure 7: a leader of term 8 brings six different logs in line", () => {
    const w = new Scenario(make(), {
      nodes: [
        { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], term: 7 },
        { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6], term: 7 },
        { terms: [1, 1, 1, 4], term: 7 },
        { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], term: 7 },
        { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], term: 7 },
        { terms: [1, 1, 1, 4, 4, 4, 4], term: 7 },
        { terms: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], term: 7 },
      ],
    });
    w.elect(1);
    w.transcript();
    for (const id of [2, 3, 4, 5, 6, 7]) expect(w.log(id)).toBe(w.log(1));
    expect(w.log(1)).toBe("1:1 2:1 3:1 4:4 5:4 6:5 7:5 8:6 9:6 10:6 11:8");
  });

  it("figure 7: how the leader finds where the log of (f) parted", () => {
    const leader = { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], term: 7 };
    const w = new Scenario(make(), { nodes: [leader, leader, { terms: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], term: 7 }] });
    w.mute(1, 3);
    w.elect(1);
    w.heal();
    w.transcript();
    w.heartbeat(1);
    w.drop(1, 2);
    w.deliverAll();
    expect(w.transcript()).toBe(
      text(`
        1 -> 3 APPEND t8 prev=10/6 commit=11
           3: FOLLOWER t8
        3 -> 1 REJECTED t8 prev=10 hint=9/3 match=0
        1 -> 3 APPEND t8 prev=3/1 entries=4:4,5:4,6:5,7:5,8:6,9:6,10:6 commit=11
           3: commit 10
           3: truncate 4..11
        3 -> 1 APPENDED t8 match=10
        1 -> 3 APPEND t8 prev=10/6 entries=11:8(NOOP) commit=11
           3: commit 11
        3 -> 1 APPENDED t8 match=11
      `),
    );
    expect(w.log(3)).toBe(w.log(1));
  });
});
