/** Rules that show only where two things meet: each of these fails when the rule that it names is removed (sim/mutants). */

import { describe, expect, it } from "vitest";
import {
  ConfigurationFlag,
  Header,
  InstallSnapshot,
  MemberRole,
  MessageFlag,
  MessageFormat,
  MessageKind,
  PlanLimit,
  Role,
  TimerKind,
} from "../../host/core/abi.js";
import { encodeAppend } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, from, OK, Scenario } from "./scenario.js";

const { LEARNER, OUTGOING, PROMOTE, VOTER, WITNESS } = MemberRole;
const { AUTO_LEAVE, JOINT } = ConfigurationFlag;

/** Idle rounds before the rest. */
const ROUNDS = 3;
/** A window that old entries leave soon. */
const SMALL = { windowEntries: 16 };
/** An entry of a term each, so many that the terms of the first ones are not known any more after a restart. */
const LONG_LOG = Array.from({ length: PlanLimit.TERMS + SMALL.windowEntries + 12 }, (_, i) => i + 1);
const LAST = LONG_LOG.length;

/** A snapshot of the first entries of such a log, in one chunk. */
function chunkOf(index: number, configuration: Uint8Array, term: number): Uint8Array {
  const bytes = new Uint8Array(MessageFormat.INSTALL_SNAPSHOT + configuration.length);
  bytes.set(encodeAppend(from(1, 3, term), {}).subarray(0, Header.size));
  const view = new DataView(bytes.buffer);
  view.setUint8(Header.kind, MessageKind.INSTALL_SNAPSHOT);
  view.setUint32(Header.flags, MessageFlag.LAST, true);
  view.setUint32(Header.length, bytes.length, true);
  view.setBigUint64(Header.size + InstallSnapshot.index, BigInt(index), true);
  view.setBigUint64(Header.size + InstallSnapshot.term, BigInt(index), true);
  bytes.set(configuration, MessageFormat.INSTALL_SNAPSHOT);
  return bytes;
}

describe.each(cores)("guards on $name", ({ make }) => {
  it("a timer that had fired before it was cancelled makes no node that rests campaign", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { quiesceRounds: ROUNDS } });
    w.elect(1);
    for (let i = 0; i < ROUNDS + 3 && !w.rests(1); i++) w.rounds(1);
    expect([1, 2, 3].map((id) => w.rests(id))).toEqual([true, true, true]);
    w.transcript();
    w.forgetLeaders();
    // Longer than any node waits.
    w.advance(2, 10 * CAPACITY.electionTimeout);
    w.node(2).timer(TimerKind.ELECTION);
    w.world.flush(w.node(2));
    expect(w.state(2).role).toBe(Role.FOLLOWER);
    expect(w.rests(2)).toBe(true);
    expect(w.underWay()).toEqual([]);
  });

  it("a joint configuration is not left when the entry before it is committed, only when it is itself", () => {
    const w = new Scenario(make(), { nodes: 5 });
    w.elect(1);
    w.propose(1, "x");
    for (const id of [2, 3, 4, 5]) w.deliver(1, id);
    const members = [1, 2, 3, 4, 5].map((id) => ({ id, roles: id < 4 ? VOTER | OUTGOING : OUTGOING }));
    expect(w.reconfigure(1, members, JOINT | AUTO_LEAVE)).toBe(OK);
    for (const id of [2, 3, 4, 5]) w.drop(1, id);
    for (const id of [2, 3, 4, 5]) w.deliver(id, 1);
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
    expect(w.log(1)).toBe("1:1 2:1 3:1");
    // All of the outgoing majority is needed for it, and only then it is left.
    w.rounds(1, 2);
    expect(w.members(1)).toBe("1 2 3");
    expect(w.describe(1)).toBe("LEADER t1 commit=4");
  });

  it("a new leader promotes no learner before an entry of its own term is committed", () => {
    const members = [1, 2, 3, 4].map((id) => ({ id, roles: id < 4 ? VOTER : LEARNER | PROMOTE }));
    const w = new Scenario(make(), { nodes: 4, members });
    w.isolate(4);
    w.elect(1);
    w.commit(1, "x");
    w.isolate(1);
    w.forgetLeaders();
    w.expire(2);
    w.deliverUntil(() => w.node(2).leads);
    w.drop();
    w.heal();
    w.isolate(1);
    w.isolate(3);
    w.heartbeat(2);
    w.deliverAmong(2, 4);
    expect(w.describe(2)).toBe("LEADER t2 commit=2");
    w.heartbeat(2);
    w.deliverAmong(2, 4);
    expect(w.log(4)).toBe("1:1 2:1 3:2");
    expect(w.members(2)).toBe("1 2 3 4LP");
    w.heal();
    w.rounds(2, 2);
    expect(w.members(2)).toBe("1 2 3 4");
  });

  it("a witness is sent no entry that its leader could still lose, as nobody else has the payload", () => {
    const members = [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }];
    const w = new Scenario(make(), { nodes: [{}, {}, { isWitness: true }], members, slowDisks: true });
    w.elect(1);
    w.isolate(2);
    // Until the other full node is given up, and the witness is needed.
    w.rounds(1, 2 + CAPACITY.electionTimeout / CAPACITY.heartbeat);
    expect(w.propose(1, "x")).toBe(OK);
    w.deliverUntil(() => w.underWay().length === 0);
    expect(w.node(3).disk.written.last).toBe(1);
    w.durable(1);
    w.deliverAll();
    expect(w.node(3).disk.written.last).toBe(2);
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
  });

  describe("a snapshot of entries whose terms are not known any more", () => {
    /** Node 1 leads; its first entry, which tells of no commit, is under way to the others, all of which have the long log. */
    function led(): Scenario {
      const w = new Scenario(make(), { nodes: [1, 2, 3].map(() => ({ terms: LONG_LOG })), capacity: SMALL });
      w.forgetLeaders();
      w.expire(1);
      w.deliverUntil(() => w.node(1).leads);
      w.drop(3, 1);
      return w;
    }

    function chunk(w: Scenario): Uint8Array {
      return chunkOf(5, w.node(3).core.configuration(), LAST + 1);
    }

    it("is not taken by a follower whose log is known to equal the leader's there", () => {
      const w = led();
      w.deliver(1, 3);
      w.deliver(1, 2);
      w.deliver(2, 1);
      w.drop();
      expect(w.describe(1)).toBe(`LEADER t${LAST + 1} commit=${LAST + 1}`);
      const log = w.log(3);
      expect(w.inject(chunk(w))).toBe(OK);
      expect(w.underWay(3, 1)).toEqual([`3 -> 1 APPENDED t${LAST + 1} match=${LAST + 1}`]);
      expect(w.node(3).snapshots.isComplete).toBe(false);
      expect(w.log(3)).toBe(log);
    });

    it("does not take the place of a leader's log, if it was received before that node led", () => {
      const w = led();
      expect(w.inject(chunk(w))).toBe(OK);
      w.deliver(1, 2);
      w.deliver(2, 1);
      expect(w.describe(1)).toBe(`LEADER t${LAST + 1} commit=${LAST + 1}`);
      w.deliver(1, 3);
      w.drop();
      w.crash(1);
      w.forgetLeaders();
      w.expire(3);
      w.deliverUntil(() => w.node(3).leads);
      const log = w.log(3);
      expect(w.node(3).snapshots.isComplete).toBe(true);
      expect(w.install(3)).toBe("STALE");
      expect(w.log(3)).toBe(log);
      w.deliverAll();
      expect(w.describe(3)).toBe(`LEADER t${LAST + 2} commit=${LAST + 2}`);
    });
  });

  describe("while a snapshot is sent", () => {
    /** Leader 1 sends node 3 a snapshot of many commands in chunks. */
    function sending(): Scenario {
      const w = new Scenario(make(), { nodes: 3, capacity: SMALL });
      w.elect(1);
      w.isolate(3);
      w.commitMany(1, 40);
      w.snapshot(1);
      w.heal();
      w.heartbeat(1);
      w.drop(1, 2);
      return w;
    }

    function chunks(w: Scenario): string[] {
      return w.underWay(1, 3).filter((line) => line.includes("CHUNK"));
    }

    it("the answer to a heartbeat in between does not begin it again", () => {
      const w = sending();
      w.advance(1, CAPACITY.heartbeat / 2);
      w.deliver(1, 3);
      w.deliver(3, 1);
      const second = chunks(w);
      expect(second).toHaveLength(1);
      w.heartbeat(1);
      w.deliverOnly(1, 3, "APPEND");
      w.deliver(3, 1);
      expect(chunks(w)).toEqual(second);
    });

    it("an answer about the snapshot before it counts for nothing", () => {
      const w = sending();
      w.deliver(1, 3);
      const [answer] = w.world.network.link(3, 1).messages;
      const old = answer?.bytes.slice(0, answer.length) ?? new Uint8Array();
      w.drop();
      w.isolate(3);
      w.commit(1, "newer");
      w.snapshot(1);
      w.drop();
      w.heal();
      w.heartbeat(1);
      const first = chunks(w);
      expect(first).toHaveLength(1);
      expect(w.inject(old)).toBe(OK);
      expect(chunks(w)).toEqual(first);
      w.deliverAll();
      expect(w.applied(3)).toBe(w.applied(1));
    });
  });
});
