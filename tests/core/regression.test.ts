/** What once went wrong in the core, each as the smallest case that shows it. */

import { describe, expect, it } from "vitest";
import {
  Header,
  MemberRole,
  MessageFlag,
  MessageKind,
  PlanLimit,
  Role,
  StatusCode,
  TimerKind,
} from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { Disk } from "./disk.js";
import { configurationEntry, entry, fieldsOf, kindOf, noop, readField } from "./messages.js";
import { LONG, newInstance, TestNode } from "./node-kit.js";
import { SCENARIOS } from "./scenarios.js";

function termOfMessage(message: Uint8Array): bigint | undefined {
  const field = fieldsOf(Header).find(({ name }) => name === "term");
  return field && readField(message, field);
}

describe("a leader restarted with a log longer than its window", () => {
  it("survives an acknowledgement of an entry that has left the window", () => {
    const entries = Array.from({ length: 200 }, () => entry(1, "command"));
    const leader = new TestNode({ disk: new Disk(1, 0, entries) }).become(Role.LEADER);
    expect(leader.node.first).toBeGreaterThan(51);
    expect(leader.acknowledge(50)).toBe(StatusCode.OK);
    expect(leader.node.commit).toBe(0);
    expect(leader.acknowledge(leader.node.last)).toBe(StatusCode.OK);
    expect(leader.node.commit).toBe(201);
  });
});

describe("an Append whose entries change the configuration", () => {
  const learner = { id: 1, roles: MemberRole.LEARNER };

  it("is answered to the leader when a member before it in the table is new", () => {
    const follower = new TestNode({ plan: { id: 3 }, members: [{ id: 2 }, { id: 3 }] });
    const joined = encodeConfiguration([learner, { id: 2 }, { id: 3 }]);
    expect(follower.append({}, {}, [noop(1), configurationEntry(1, joined)])).toBe(StatusCode.OK);
    expect(follower.sent().map(({ to }) => to)).toEqual([2]);
  });

  it("is answered to the leader when the leader is no longer a member", () => {
    const follower = new TestNode({ plan: { id: 3 } });
    const left = encodeConfiguration([{ id: 1 }, { id: 3 }]);
    expect(follower.append({}, {}, [noop(1), configurationEntry(1, left)])).toBe(StatusCode.OK);
    expect(follower.sent().map(({ to, message }) => [to, kindOf(message)])).toEqual([[2, MessageKind.APPEND_REPLY]]);
  });
});

describe("the configuration in force", () => {
  const CONFIGURATION = encodeConfiguration([{ id: 1 }, { id: 2 }, { id: 3, address: "n3" }]);

  it("lies in the log, not in the message that brought it", () => {
    const follower = new TestNode();
    follower.append({}, {}, [noop(1), configurationEntry(1, CONFIGURATION)]);
    follower.append({}, { prevIndex: 2, prevTerm: 1 }, [entry(1, "x".repeat(200))]);
    expect(follower.node.configurationIndex).toBe(2);
    expect(follower.node.configuration).toEqual(CONFIGURATION);
  });

  it("lies in the log, not where the host restored it from", () => {
    const follower = new TestNode({ disk: new Disk(1, 0, [configurationEntry(1, CONFIGURATION)]) });
    follower.append({}, { prevIndex: 1, prevTerm: 1 }, [entry(1, "x".repeat(200))]);
    expect(follower.node.configuration).toEqual(CONFIGURATION);
  });
});

describe("a leader that is told a made-up place in a snapshot", () => {
  it("does not send a message that nobody takes", () => {
    const leader = SCENARIOS.readSnapshot(newInstance());
    leader.flush();
    const { now, node } = leader;
    const lie = { index: node.snapshotIndex, offset: PlanLimit.NUMBER - 1, sent: now };
    leader.receive(leader.message(MessageKind.SNAPSHOT_REPLY, { from: 3, term: node.term }, lie));
    const inspector = new TestNode({ plan: { id: 3 } });
    for (const { to, message } of leader.sent()) {
      if (to === 3) expect(inspector.receive(message)).toBeGreaterThanOrEqual(StatusCode.OK);
    }
  });
});

describe("entries that were acknowledged", () => {
  it("stay when a snapshot comes late that covers what is too old for its term to be known", () => {
    const entries = Array.from({ length: 200 }, (_, i) => noop(i + 1));
    const follower = new TestNode({ disk: new Disk(200, 0, entries) });
    follower.append({ term: 200 }, { prevIndex: 200, prevTerm: 200 });
    follower.flush();
    const chunk = { index: 10, term: 10, offset: 0 };
    const header = { term: 200, flags: MessageFlag.LAST };
    const image = encodeConfiguration([{ id: 1 }, { id: 2 }, { id: 3 }]);
    follower.receive(follower.message(MessageKind.INSTALL_SNAPSHOT, header, chunk, [image]));
    follower.flush();
    follower.node.snapshot(10, 10, image);
    expect(follower.node.last).toBe(200);
  });
});

describe("a message that a correct node sends", () => {
  it("may deny a pre-vote before the first term", () => {
    const loyal = new TestNode();
    loyal.receive(loyal.message(MessageKind.VOTE_REQUEST, { flags: MessageFlag.PRE_VOTE, term: 1 }));
    const [denial] = loyal.sent();
    if (denial === undefined) throw new Error("there is no answer");
    expect(termOfMessage(denial.message)).toBe(0n);

    const asker = new TestNode({ plan: { id: 2 } });
    asker.timeOut();
    expect(asker.receive(denial.message)).toBe(StatusCode.OK);
  });

  it("of term 0 is nothing but such a denial", () => {
    const { PRE_VOTE, GRANTED } = MessageFlag;
    const asker = new TestNode();
    asker.timeOut();
    for (const flags of [0, GRANTED, PRE_VOTE | GRANTED]) {
      expect(asker.receive(asker.message(MessageKind.VOTE_REPLY, { flags, term: 0 }))).toBe(StatusCode.MALFORMED);
    }
  });

  it("may acknowledge entries to a leader that has stepped down within the term", () => {
    const leader = new TestNode().become(Role.LEADER);
    leader.now += LONG;
    leader.node.timer(leader.now, TimerKind.HEARTBEAT);
    expect(leader.node.role).toBe(Role.FOLLOWER);
    expect(leader.acknowledge(1)).toBe(StatusCode.STALE);
  });
});

describe("a log that ends in the empty entries of many leaders", () => {
  it("leaves room for the next leader's", () => {
    const entries = Array.from({ length: 100 }, (_, i) => noop(i + 1));
    const node = new TestNode({ disk: new Disk(100, 0, entries) }).become(Role.LEADER);
    expect(node.node.last).toBe(101);
  });
});

describe("an index above 2^53 - 1", () => {
  it("is not restored", () => {
    const node = new TestNode({ started: false });
    node.node.restoreHardState(1, 0);
    node.node.restoreSnapshot(PlanLimit.NUMBER - 1, 1, new Uint8Array(0));
    node.node.restoreEntries(noop(1));
    expect(() => node.node.restoreEntries(noop(1))).toThrow("BAD_LOG");
    expect(node.node.last).toBe(PlanLimit.NUMBER);
  });

  it("is not reached by a new leader's empty entry", () => {
    const node = new TestNode({ started: false });
    node.node.restoreHardState(1, 0);
    node.node.restoreSnapshot(PlanLimit.NUMBER, 1, encodeConfiguration([{ id: 1 }]));
    node.node.start(0);
    node.timeOut();
    expect(node.node.role).toBe(Role.FOLLOWER);
    expect(node.node.last).toBe(PlanLimit.NUMBER);
  });
});
