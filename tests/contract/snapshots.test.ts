/** Snapshots: compaction, and how a follower that needs what is compacted gets the leader's snapshot (thesis chapter 5). */

import { describe, expect, it } from "vitest";
import { Header, InstallSnapshot, MemberRole } from "../../host/core/abi.js";
import { FailingEffect } from "../../sim/core-world/sim-node.js";
import { encodeAppend, encodeVoteRequest } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, from, OK, Scenario, type ScenarioOptions, text } from "./scenario.js";

const { LEARNER } = MemberRole;

/** A window that old entries leave soon: what is compacted is then gone. */
const SMALL = { windowEntries: 16 };
/** Commands that do not fit such a window. */
const MANY = 40;
/** Index of the last of them. */
const LAST = MANY + 1;
/** Snapshots of a few commands go in one message. */
const WHOLE = { ...SMALL, maxMessage: 2048, windowBytes: 8192, inflightBytes: 2048, uncommittedBytes: 2048 };

describe.each(cores)("snapshots on $name", ({ make }) => {
  /** Leader 1 has a snapshot of many commands, which have left its window; node 3 missed all of them. */
  function leaderAhead(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = new Scenario(make(), { nodes: 3, ...options, capacity: { ...SMALL, ...options.capacity } });
    w.elect(1);
    w.isolate(3);
    w.commitMany(1, MANY);
    w.snapshot(1);
    w.transcript();
    return w;
  }

  /** The links work again, and the leader's first chunk to node 3 is under way. */
  function sending(w: Scenario): Scenario {
    w.heal();
    w.heartbeat(1);
    w.drop(1, 2);
    w.transcript();
    expect(chunks(w, 1)).toHaveLength(1);
    return w;
  }

  /** The chunks under way to node 3. */
  function chunks(w: Scenario, leader: number): string[] {
    return w.underWay(leader, 3).filter((line) => line.includes("CHUNK"));
  }

  /** Delivers the chunk under way to node 3, and the answer. */
  function exchange(w: Scenario): void {
    w.deliver(1, 3);
    w.deliver(3, 1);
  }

  function chunksTaken(w: Scenario): number {
    return w.node(3).counts.chunksWritten;
  }

  it("a follower whose entries are compacted is sent the snapshot, and then the entries behind it", () => {
    const w = leaderAhead();
    w.commit(1, "behind");
    w.heal();
    w.rounds(1);
    expect(w.node(3).counts.installs).toBe(1);
    expect(w.state(3).snapshotIndex).toBe(LAST);
    expect(w.log(3)).toBe(w.log(1));
    expect(w.applied(3)).toBe(w.applied(1));
  });

  // The empty chunk asks whether the image is durable by now.
  it("an image goes in chunks, each one sent when the one before it is acknowledged", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { ...SMALL, maxMessage: 512, inflightBytes: 512 } });
    w.elect(1);
    w.isolate(3);
    w.commitMany(1, 20);
    w.snapshot(1);
    w.heal();
    w.heartbeat(1);
    w.drop(1, 2);
    w.transcript();
    w.deliverAll();
    expect(w.transcript()).toBe(
      text(`
        1 -> 3 CHUNK t1 snapshot=21/1 bytes=0..432
        3 -> 1 CHUNK OK t1 snapshot=21 next=432
        1 -> 3 CHUNK t1 snapshot=21/1 bytes=432..776 last
        3 -> 1 CHUNK OK t1 snapshot=21 next=776
        3 -> 1 APPENDED t1 match=21
        1 -> 3 CHUNK t1 snapshot=21/1 bytes=776..776 last
        1 -> 3 APPEND t1 prev=21/1 commit=21 quiet
        3 -> 1 APPENDED t1 match=21
      `),
    );
  });

  // Scenario 19.
  it("a snapshot that ends at the leader's last entry leaves the follower in the pipeline, without a new entry", () => {
    const w = leaderAhead();
    expect(w.state(1).last).toBe(LAST);
    sending(w);
    w.deliverAll();
    expect(w.state(3).last).toBe(LAST);
    w.propose(1, "x");
    w.propose(1, "y");
    expect(w.underWay(1, 3)).toEqual([
      `1 -> 3 APPEND t1 prev=${LAST}/1 entries=${LAST + 1}:1 commit=${LAST}`,
      `1 -> 3 APPEND t1 prev=${LAST + 1}/1 entries=${LAST + 2}:1 commit=${LAST}`,
    ]);
  });

  // Scenario 20.
  it("what is appended while chunks arrive is not applied before the snapshot, and follows it", () => {
    const w = sending(leaderAhead());
    exchange(w);
    w.propose(1, "new");
    w.deliver(1, 2);
    w.deliver(2, 1);
    expect(w.state(1).commit).toBe(LAST + 1);
    expect(chunks(w, 1)).toHaveLength(1);
    expect(w.underWay(1, 3)).toHaveLength(1);
    const entries = [{ term: 1, payload: "new" }];
    w.inject(encodeAppend(from(1, 3, 1), { prevIndex: LAST, prevTerm: 1, commit: LAST + 1, entries }));
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=1");
    expect(w.log(3)).toBe("1:1");
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a heartbeat between two chunks tells a commit index, and the follower does not believe it of its own log", () => {
    const w = new Scenario(make(), {
      nodes: [{ terms: [1, 3] }, { terms: [1, 3] }, { terms: [1, 2, 2, 2] }],
      capacity: SMALL,
    });
    w.isolate(3);
    w.elect(1);
    w.commitMany(1, MANY);
    w.snapshot(1);
    w.heal();
    w.heartbeat(1);
    w.deliverUntil(() => chunksTaken(w) > 0);
    const { commit } = w.state(1);
    w.inject(encodeAppend(from(1, 3, 4), { commit }));
    expect(w.describe(3)).toBe("FOLLOWER t4 commit=0");
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  // Scenario 21.
  it("a chunk that is lost is sent again by the next heartbeat, from the same place", () => {
    const w = sending(leaderAhead());
    exchange(w);
    const [second] = chunks(w, 1);
    w.drop(1, 3);
    w.heartbeat(1);
    expect(chunks(w, 1)).toEqual([second]);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("an acknowledgement that is lost costs a repetition, and the chunk is taken once", () => {
    const w = sending(leaderAhead());
    w.deliver(1, 3);
    w.drop(3, 1);
    w.heartbeat(1);
    expect(chunksTaken(w)).toBe(1);
    w.deliver(1, 3);
    expect(chunksTaken(w)).toBe(1);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
    expect(w.node(3).counts.installs).toBe(1);
  });

  it("chunks that arrive twice, and answers that arrive late, neither spoil the image nor take it back", () => {
    const w = sending(leaderAhead());
    const toFollower = w.world.network.link(1, 3);
    const toLeader = w.world.network.link(3, 1);
    w.world.duplicate(toFollower, 0);
    w.deliver(1, 3);
    w.world.duplicate(toLeader, 0);
    w.deliver(3, 1);
    // Now under way: the first chunk again and the second; the first answer again.
    w.deliverAt(1, 3, 1);
    w.deliverAt(3, 1, 1);
    w.deliver(3, 1);
    w.deliver(1, 3);
    expect(chunksTaken(w)).toBe(2);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("an answer to an earlier chunk that comes late does not take the leader back to it", () => {
    const w = sending(leaderAhead());
    w.deliver(1, 3);
    const [answer] = w.world.network.link(3, 1).messages;
    const late = answer?.bytes.slice(0, answer.length) ?? new Uint8Array();
    for (let i = 0; i < 2; i++) {
      w.advance(1, 1);
      w.deliver(3, 1);
      w.deliver(1, 3);
    }
    w.advance(1, 1);
    w.deliver(3, 1);
    const fourth = chunks(w, 1);
    expect(w.inject(late)).toBe(OK);
    expect(chunks(w, 1)).toEqual(fourth);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a chunk that the host does not take is sent again until it does", () => {
    const w = sending(leaderAhead());
    w.node(3).snapshots.busy = true;
    const [first] = chunks(w, 1);
    exchange(w);
    expect(w.underWay(1, 3)).toEqual([]);
    w.heartbeat(1);
    expect(chunks(w, 1)).toEqual([first]);
    w.node(3).snapshots.busy = false;
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("an image that the host loses begins again, and is installed once", () => {
    const w = sending(leaderAhead());
    exchange(w);
    exchange(w);
    w.world.loseSnapshot(w.node(3));
    w.deliver(1, 3);
    w.deliver(3, 1);
    expect(chunks(w, 1)).toEqual([expect.stringContaining("bytes=0..")]);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
    expect(w.node(3).counts.installs).toBe(1);
  });

  it("a snapshot that the leader's host has not at hand is asked for again, and nobody else waits for it", () => {
    const w = leaderAhead();
    w.node(1).readsDeferred = true;
    w.heal();
    w.rounds(1);
    w.commit(1, "x");
    expect(w.describe(2)).toBe(`FOLLOWER t1 commit=${LAST + 1}`);
    expect(chunksTaken(w)).toBe(0);
    w.node(1).readsDeferred = false;
    w.rounds(1);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a snapshot that cannot be read stops the leader, and the others go on", () => {
    const w = leaderAhead();
    w.fail(1, FailingEffect.READ);
    w.heal();
    w.heartbeat(1);
    expect(w.describe(1)).toBe(`LEADER t1 commit=${LAST} stopped by STORAGE_FAILED`);
    expect(w.underWay(1, 3)).toEqual([]);
    w.drop();
    w.elect(2);
    w.rounds(2);
    expect(w.applied(3)).toBe(w.applied(2));
  });

  // Scenario 20.
  it("a new term aborts an install: the old leader's chunks are refused, and its image is never installed", () => {
    const w = sending(leaderAhead());
    exchange(w);
    exchange(w);
    const taken = chunksTaken(w);
    expect(chunks(w, 1)).toHaveLength(1);
    w.forgetLeaders();
    w.expire(2);
    // Pre-vote, vote, and the first append of the new term.
    for (const [sender, to] of [
      [2, 3],
      [3, 2],
      [2, 3],
      [3, 2],
      [2, 3],
    ] as const)
      w.deliver(sender, to);
    expect(w.state(3).term).toBe(2);
    expect(w.deliver(1, 3)).toBe("STALE");
    expect(chunksTaken(w)).toBe(taken);
    w.deliverAll();
    w.rounds(2);
    expect(w.node(3).counts.installs).toBe(0);
    expect(w.applied(3)).toBe(w.applied(2));
  });

  it("a new leader that sends the same snapshot begins it anew", () => {
    const w = leaderAhead();
    w.snapshot(2);
    sending(w);
    exchange(w);
    exchange(w);
    w.crash(1);
    w.drop();
    w.transcript();
    w.elect(2);
    const steps = w.transcript().split("\n");
    const [first, answer] = steps.filter((line) => line.includes("CHUNK"));
    expect(first).toContain(`2 -> 3 CHUNK t2 snapshot=${LAST}/1 bytes=0..`);
    expect(answer).toBe(`3 -> 2 CHUNK OK t2 snapshot=${LAST} next=${first?.split("..")[1]}`);
    expect(w.applied(3)).toBe(w.applied(2));
  });

  it("a newer snapshot takes the place of the one that is sent, and what comes late of the old one is not taken", () => {
    const w = sending(leaderAhead());
    exchange(w);
    exchange(w);
    const [late] = w.world.network.link(1, 3).messages;
    const old = late?.bytes.slice(0, late.length) ?? new Uint8Array();
    w.drop(1, 3);
    w.mute(3);
    w.commit(1, "newer");
    w.snapshot(1);
    w.drop();
    w.heal();
    w.heartbeat(1);
    expect(chunks(w, 1)).toEqual([expect.stringContaining(`snapshot=${LAST + 1}/1 bytes=0..`)]);
    exchange(w);
    expect(w.inject(old)).toBe("STALE");
    w.deliverAll();
    expect(w.state(3).snapshotIndex).toBe(LAST + 1);
    expect(w.node(3).counts.installs).toBe(1);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a leader whose newer snapshot is durable sends nothing of it before its core knows", () => {
    const w = sending(leaderAhead());
    w.drop();
    w.mute(1, 3);
    w.commit(1, "newer");
    expect(w.world.takeSnapshot(w.node(1))).toBe(true);
    w.heal();
    w.heartbeat(1);
    expect(chunks(w, 1)).toEqual([]);
    w.tell(1);
    w.rounds(1);
    expect(w.state(3).snapshotIndex).toBe(LAST + 1);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  // Scenario 22.
  it("a follower that crashes in the middle of an install has its old state whole, and the install starts over", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: SMALL });
    w.elect(1);
    w.commit(1, "a", "b");
    w.snapshot(3);
    w.commit(1, "c");
    const before = [w.log(3), w.applied(3)];
    w.isolate(3);
    w.commitMany(1, MANY);
    w.snapshot(1);
    sending(w);
    exchange(w);
    exchange(w);
    w.crash(3);
    w.restart(3);
    expect([w.log(3), w.applied(3)]).toEqual([before[0], "2:a 3:b"]);
    w.drop();
    w.heartbeat(1);
    w.deliver(1, 3);
    expect(w.underWay(3, 1)).toEqual([`3 -> 1 CHUNK OK t1 snapshot=${LAST + 3} next=0`]);
    w.deliver(3, 1);
    expect(chunks(w, 1)).toEqual([expect.stringContaining("bytes=0..")]);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a follower that crashes when the image is durable, and its core does not know, starts from the image", () => {
    const w = sending(leaderAhead());
    while (!w.node(3).snapshots.isComplete) {
      w.deliver(1, 3);
      if (w.underWay(3, 1).length > 0) w.deliver(3, 1);
    }
    w.world.keepSnapshot(w.node(3));
    expect(w.log(3)).toBe("1:1");
    w.crash(3);
    w.restart(3);
    expect(w.state(3).snapshotIndex).toBe(LAST);
    expect(w.applied(3)).toBe(w.applied(1));
    w.drop();
    w.commit(1, "x");
    w.rounds(1);
    expect(w.node(3).counts.installs).toBe(0);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a node that crashes when its own snapshot is durable, and its core does not know, keeps what is behind it", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.commit(1, "a", "b");
    expect(w.world.takeSnapshot(w.node(2))).toBe(true);
    w.commit(1, "c");
    w.crash(2);
    w.restart(2);
    expect(w.state(2).snapshotIndex).toBe(3);
    expect(w.log(2)).toBe(w.log(1));
    expect(w.applied(2)).toBe("2:a 3:b");
    w.rounds(1);
    expect(w.applied(2)).toBe("2:a 3:b 4:c");
  });

  /** Node 3 holds entries up to 20 in its log, of which it knows 16 to be committed, or they are still under way to it; a
   * snapshot of 17 is under way behind them. */
  function lateSnapshot(): Scenario {
    const w = new Scenario(make(), {
      nodes: 3,
      capacity: { ...WHOLE, inflightMessages: 32, inflightBytes: 8192 },
    });
    w.elect(1);
    const exchangeWith2 = () => {
      while (w.underWay(1, 2).length > 0) w.deliver(1, 2);
      while (w.underWay(2, 1).length > 0) w.deliver(2, 1);
    };
    for (let i = 2; i <= 16; i++) {
      w.propose(1, `c${i}`);
      exchangeWith2();
    }
    for (let i = 17; i <= 20; i++) w.propose(1, `c${i}`);
    w.deliver(1, 2);
    w.deliver(1, 2);
    while (w.underWay(2, 1).length > 0) w.deliver(2, 1);
    expect(w.state(1).commit).toBe(17);
    w.snapshot(1);
    w.mute(1, 3);
    for (let i = 21; i <= 60; i++) {
      w.propose(1, `c${i}`);
      exchangeWith2();
    }
    w.heal();
    w.world.unreachable(w.node(1), 3);
    w.heartbeat(1);
    w.drop(1, 2);
    expect(chunks(w, 1)).toEqual([expect.stringMatching(/snapshot=17.1 bytes=0.*last/)]);
    expect(w.underWay(1, 3)).toHaveLength(20);
    return w;
  }

  it("a snapshot of what the log already holds is not taken: the log stays, and with it what is behind", () => {
    const w = lateSnapshot();
    while (w.underWay(1, 3).length > 0) w.deliver(1, 3);
    expect(chunksTaken(w)).toBe(0);
    expect(w.state(3).last).toBe(20);
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=17");
    w.deliverAll();
    w.rounds(1);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("entries that came while the image was made durable stay, as they were acknowledged", () => {
    const w = lateSnapshot();
    w.deliverAt(1, 3, 19);
    expect(w.node(3).snapshots.isComplete).toBe(true);
    while (w.underWay(1, 3).length > 0) w.deliver(1, 3);
    expect(w.underWay(3, 1).some((line) => line.includes("match=20"))).toBe(true);
    expect(w.install(3)).toBe("STALE");
    expect(w.state(3).last).toBe(20);
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=17");
    w.crash(3);
    w.restart(3);
    expect(w.state(3).last).toBe(20);
    w.deliverAll();
    w.rounds(1);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a snapshot takes the place of a conflicting log, however long that is", () => {
    const stray = [1, ...new Array<number>(60).fill(2)];
    const w = new Scenario(make(), {
      nodes: [{ terms: [1, 3] }, { terms: [1, 3] }, { terms: stray }],
      capacity: SMALL,
    });
    w.isolate(3);
    w.elect(1);
    w.commitMany(1, MANY);
    w.snapshot(1);
    w.heal();
    w.rounds(1, 3);
    expect(w.node(3).counts.installs).toBe(1);
    // Storage is told to drop what lies behind the snapshot and does not continue it.
    expect(w.state(3).snapshotIndex).toBeLessThan(stray.length);
    expect(w.node(3).counts.truncations).toBe(1);
    expect(w.log(3)).toBe(w.log(1));
    expect(w.applied(3)).toBe(w.applied(1));
    w.crash(3);
    w.restart(3);
    expect(w.log(3)).toBe(w.log(1));
  });

  it("a late chunk of a snapshot that is behind the commit index is only acknowledged", () => {
    const w = sending(leaderAhead());
    w.world.duplicate(w.world.network.link(1, 3), 0);
    const [copy] = w.world.network.link(1, 3).messages;
    const late = copy?.bytes.slice(0, copy.length) ?? new Uint8Array();
    w.deliverAll();
    w.commit(1, "x");
    const taken = chunksTaken(w);
    expect(w.inject(late)).toBe(OK);
    expect(w.underWay(3, 1)).toEqual([`3 -> 1 APPENDED t1 match=${LAST + 1}`]);
    expect(chunksTaken(w)).toBe(taken);
  });

  it("a chunk that contradicts what is committed is refused", () => {
    const w = sending(leaderAhead());
    const [copy] = w.world.network.link(1, 3).messages;
    const chunk = copy?.bytes.slice(0, copy.length) ?? new Uint8Array();
    w.deliverAll();
    w.crash(1);
    w.elect(2);
    w.drop();
    const view = new DataView(chunk.buffer);
    view.setUint32(Header.from, 2, true);
    view.setUint32(Header.term, 2, true);
    view.setUint32(Header.size + InstallSnapshot.term, 2, true);
    expect(w.inject(chunk)).toBe("CONTRADICTION");
  });

  it("what the leader keeps behind its snapshot serves a slow follower, and only a slower one gets the snapshot", () => {
    const w = new Scenario(make(), { nodes: 5, capacity: { ...SMALL, keepEntries: 30 } });
    w.elect(1);
    w.isolate(4);
    w.commitMany(1, 15);
    w.isolate(3);
    w.commitMany(1, MANY - 15);
    w.snapshot(1);
    expect(w.node(1).disk.compacted).toBe(LAST - 30);
    w.heal();
    w.isolate(4);
    w.rounds(1);
    expect(chunksTaken(w)).toBe(0);
    expect(w.applied(3)).toBe(w.applied(1));
    w.heal();
    w.rounds(1);
    expect(w.node(4).counts.installs).toBe(1);
    expect(w.applied(4)).toBe(w.applied(1));
  });

  it.each([
    ["from the window", 32, 31],
    ["from storage", 16, 25],
  ])(
    "a follower whose late acknowledgement shows that it needs no snapshot is sent entries again %s",
    (_, windowEntries, more) => {
      const w = new Scenario(make(), { nodes: 3, capacity: { windowEntries, keepEntries: more + 1 } });
      w.elect(1);
      w.isolate(3);
      w.commitMany(1, 10);
      w.heal();
      w.heartbeat(1);
      // Node 3 holds them, and its acknowledgement is under way for long.
      w.deliverUntil(() => w.state(3).last === w.state(1).last);
      w.deliverAmong(1, 2);
      w.unreachable(1, 3);
      for (let i = 0; i < more; i++) {
        w.propose(1, `d${i}`);
        w.deliverAmong(1, 2);
      }
      w.snapshot(1);
      expect(w.node(1).disk.compacted).toBe(10);
      w.heartbeat(1);
      expect(w.underWay(1, 3).join()).toContain("CHUNK");
      w.drop(1, 3);
      w.deliverAll();
      w.rounds(1, 2);
      expect([w.log(3), w.applied(3)]).toEqual([w.log(1), w.applied(1)]);
      expect(w.node(3).counts.installs).toBe(0);
    },
  );

  it("what is kept behind a snapshot is kept across a restart too", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { ...SMALL, keepEntries: 30 } });
    w.elect(1);
    w.commitMany(1, 15);
    w.isolate(3);
    w.commitMany(1, MANY - 15);
    w.snapshot(1);
    w.crash(1);
    w.restart(1);
    w.elect(1);
    w.heal();
    w.rounds(1, 2);
    expect(w.node(1).counts.chunksRead).toBe(0);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("compaction under a full window loses nothing: what is uncommitted stays, and goes on", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { ...SMALL, uncommittedBytes: 4096 } });
    w.elect(1);
    w.commitMany(1, 8);
    w.isolate(1);
    let taken = 0;
    while (w.propose(1, `u${taken}`) === OK) taken++;
    expect(taken).toBeGreaterThan(8);
    const log = w.log(1);
    expect(w.snapshot(1)).toBe(OK);
    expect(w.state(1).snapshotIndex).toBe(9);
    expect(w.log(1)).toBe(log);
    expect(w.propose(1, "more")).toBe("BUSY");
    w.crash(1);
    w.restart(1);
    expect(w.log(1)).toBe(log);
    w.heal();
    w.elect(1);
    expect(w.applied(1).split(" ")).toHaveLength(8 + taken);
    expect(w.applied(2)).toBe(w.applied(1));
  });

  it("followers compact by themselves, and one that wins without its log's beginning serves the others by snapshot", () => {
    const w = leaderAhead();
    w.snapshot(2);
    expect(w.node(2).disk.compacted).toBe(LAST);
    w.crash(1);
    w.heal();
    w.elect(2);
    w.rounds(2, 2);
    expect(w.node(3).counts.installs).toBe(1);
    expect(w.applied(3)).toBe(w.applied(2));
    w.restart(1);
    w.rounds(2, 2);
    expect(w.applied(1)).toBe(w.applied(2));
  });

  it("two followers get the snapshot side by side, each at its own place", () => {
    const w = new Scenario(make(), { nodes: 5, capacity: SMALL });
    w.elect(1);
    w.isolate(4, 5);
    w.commitMany(1, MANY);
    w.snapshot(1);
    w.heal();
    w.heartbeat(1);
    w.deliver(1, 4);
    w.deliver(4, 1);
    w.deliver(1, 4);
    w.deliver(4, 1);
    w.deliverAll();
    expect([w.applied(4), w.applied(5)]).toEqual([w.applied(1), w.applied(1)]);
    expect(w.node(4).counts.installs + w.node(5).counts.installs).toBe(2);
  });

  it("a follower that takes chunks keeps its leader in office, and stays loyal to it", () => {
    const w = sending(leaderAhead());
    w.node(3).snapshots.busy = true;
    w.isolate(2);
    w.drop();
    const rounds = (2 * CAPACITY.electionTimeout) / CAPACITY.heartbeat;
    for (let i = 0; i < rounds; i++) {
      w.advance(3, CAPACITY.heartbeat);
      w.heartbeat(1);
      w.deliverAll();
    }
    expect(w.describe(1)).toBe(`LEADER t1 commit=${LAST}`);
    w.inject(encodeVoteRequest(from(2, 3, 5), { lastIndex: LAST, lastTerm: 1 }));
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=1");
    expect(chunksTaken(w)).toBeGreaterThanOrEqual(rounds);
  });

  // Paper 5.4.1: what a snapshot covers counts as the log that it took the place of.
  it("a node whose log is a snapshot denies its vote to whoever lacks what it covers, also after a restart", () => {
    const w = sending(leaderAhead());
    w.deliverAll();
    w.crash(3);
    w.restart(3);
    w.forgetLeaders();
    w.inject(encodeVoteRequest(from(2, 3, 2), { lastIndex: LAST - 1, lastTerm: 1 }));
    w.inject(encodeVoteRequest(from(2, 3, 3), { lastIndex: LAST, lastTerm: 1 }));
    expect(w.underWay(3, 2)).toEqual(["3 -> 2 VOTE t2 denied", "3 -> 2 VOTE t3 granted"]);
  });

  it("a node whose log is a snapshot can be elected, and probes with the snapshot's term", () => {
    const w = sending(leaderAhead());
    w.deliverAll();
    w.crash(1);
    w.elect(3);
    expect(w.log(2)).toBe(w.log(3));
    expect(w.describe(3)).toBe(`LEADER t2 commit=${LAST + 1}`);
    expect(w.transcript()).toContain(`3 -> 2 APPEND t2 prev=${LAST}/1 entries=${LAST + 1}:2(NOOP) commit=${LAST}`);
  });

  it("an image is whole only behind the barrier: a slow disk acknowledges an install when it is durable", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: WHOLE, slowDisks: true });
    w.elect(1);
    w.isolate(3);
    w.commitMany(1, MANY);
    w.snapshot(1);
    w.heal();
    w.heartbeat(1);
    w.drop(1, 2);
    w.durable(1);
    while (!w.node(3).snapshots.isComplete) exchange(w);
    w.drop();
    w.install(3);
    expect(w.underWay(3, 1)).toEqual([]);
    expect(w.held(3)).toEqual([`3 -> 1 APPENDED t1 match=${LAST}`]);
    w.durable(3);
    expect(w.underWay(3, 1)).toEqual([`3 -> 1 APPENDED t1 match=${LAST}`]);
    w.deliverAll();
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("a crash before the log is compacted behind an installed snapshot finds the snapshot, and the log behind it", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: WHOLE, slowDisks: true });
    w.elect(1);
    w.isolate(3);
    w.commitMany(1, MANY);
    w.snapshot(1);
    w.heal();
    w.heartbeat(1);
    w.durable(1);
    while (!w.node(3).snapshots.isComplete) exchange(w);
    w.install(3);
    w.crash(3);
    w.restart(3);
    expect(w.state(3).snapshotIndex).toBe(LAST);
    w.commit(1, "x");
    w.rounds(1);
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it.each([0, 1, 2])(
    "a crash after %i writes of an install over a longer log leaves the snapshot whole, and no stray entry",
    (keep) => {
      const stray = [1, ...new Array<number>(60).fill(2)];
      const nodes = [{ terms: [1, 3] }, { terms: [1, 3] }, { terms: stray }];
      const w = new Scenario(make(), { nodes, capacity: WHOLE, slowDisks: true });
      w.isolate(3);
      w.elect(1);
      w.commitMany(1, MANY);
      w.snapshot(1);
      w.heal();
      w.heartbeat(1);
      while (!w.node(3).snapshots.isComplete) {
        w.durable(3);
        if (w.underWay(3, 1).length > 0) w.deliver(3, 1);
        else w.deliver(1, 3);
      }
      w.durable(3);
      w.install(3);
      w.crash(3, keep);
      w.restart(3);
      const { snapshotIndex, last } = w.state(3);
      expect([snapshotIndex, last]).toEqual([w.state(1).snapshotIndex, snapshotIndex]);
      w.drop();
      w.rounds(1, 2);
      expect(w.log(3)).toBe(w.log(1));
      expect(w.applied(3)).toBe(w.applied(1));
    },
  );

  it("a compaction that the disk refuses stops the node; nothing leaves, and a restart has everything", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.commit(1, "a", "b");
    w.fail(1, FailingEffect.COMPACT);
    expect(w.snapshot(1)).toBe(OK);
    expect(w.describe(1)).toBe("LEADER t1 commit=3 stopped by STORAGE_FAILED");
    expect(w.underWay()).toEqual([]);
    w.crash(1);
    w.restart(1);
    w.elect(1);
    expect(w.applied(1)).toBe("2:a 3:b");
    expect(w.log(1)).toBe("1:1 2:1 3:1 4:2");
  });

  // Thesis 4.1, 5.1: the configuration as of the snapshot is part of it.
  it("a change of members that only the snapshot tells of is in force after a restart from it", () => {
    const w = new Scenario(make(), { nodes: 4, members: [{ id: 1 }, { id: 2 }, { id: 3 }] });
    w.elect(1);
    w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4, roles: LEARNER }]);
    w.deliverAll();
    w.commit(1, "x");
    w.snapshot(2);
    expect(w.node(2).disk.compacted).toBe(w.state(2).last);
    w.crash(2);
    w.restart(2);
    expect(w.members(2)).toBe("1 2 3 4L");
  });

  it("a node that joins by a snapshot learns the members from it", () => {
    const w = new Scenario(make(), {
      nodes: [{}, {}, {}, { isStranger: true }],
      members: [{ id: 1 }, { id: 2 }, { id: 3 }],
      capacity: SMALL,
    });
    w.elect(1);
    w.commitMany(1, MANY);
    w.snapshot(1);
    expect(w.members(4)).toBe("");
    w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3, priority: 2 }, { id: 4, roles: LEARNER }]);
    w.commitMany(1, MANY);
    w.mute(1, 4);
    w.snapshot(1);
    w.drop(1, 4);
    w.heal();
    w.rounds(1, 2);
    expect(w.node(4).counts.installs).toBeGreaterThan(0);
    expect(w.members(4)).toBe("1 2 3 4L");
    expect(w.applied(4)).toBe(w.applied(1));
  });

  it("no snapshot is taken while the configuration in force is not applied, and one is as soon as it is", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.commit(1, "x");
    w.isolate(1);
    expect(w.reconfigure(1, [{ id: 1 }, { id: 2 }])).toBe(OK);
    expect(w.members(1)).toBe("1 2");
    expect(w.world.takeSnapshot(w.node(1))).toBe(false);
    w.heal();
    w.rounds(1, 2);
    expect(w.snapshot(1)).toBe(OK);
    w.crash(1);
    w.restart(1);
    expect(w.members(1)).toBe("1 2");
  });

  it("a conflict behind a snapshot rolls a configuration back to the one in the snapshot", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.commit(1, "x");
    w.snapshot(1);
    w.isolate(1);
    w.reconfigure(1, [{ id: 1 }, { id: 2 }]);
    w.crash(1);
    w.restart(1);
    expect(w.members(1)).toBe("1 2");
    w.elect(2);
    w.heal();
    w.rounds(2, 2);
    expect(w.members(1)).toBe("1 2 3");
    expect(w.log(1)).toBe(w.log(2));
  });
});
