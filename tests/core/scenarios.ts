/** For each import, a node whose next flush calls it. */

import { EventKind, MessageKind, ReadKind, Role } from "../../host/core/abi.js";
import type { CoreInstance, Effects } from "../../host/core/instance.js";
import { Disk } from "./disk.js";
import { entry, noop } from "./messages.js";
import { TestNode } from "./node-kit.js";

export type ImportName = keyof Effects;

/** A leader that has to read an entry back for a follower. */
function leaderFarAhead(instance: CoreInstance): TestNode {
  const entries = Array.from({ length: 200 }, () => entry(1, "command"));
  const leader = new TestNode({ instance, disk: new Disk(1, 0, entries) }).become(Role.LEADER);
  const rejection = { rejected: 200, hintIndex: 3, hintTerm: 1, sent: leader.now };
  leader.receive(leader.message(MessageKind.APPEND_REPLY, { term: 2, flags: 4 }, rejection));
  return leader;
}

/** A node that has to read entries back for its state machine. */
export function restartedFarAhead(instance: CoreInstance): TestNode {
  const entries = Array.from({ length: 200 }, () => entry(1, "command"));
  const node = new TestNode({ instance, members: [{ id: 1 }], disk: new Disk(1, 0, entries) });
  node.timeOut();
  return node;
}

function conflictingFollower(instance: CoreInstance): TestNode {
  const follower = new TestNode({ instance, disk: new Disk(2, 0, [noop(1), noop(2)]) });
  follower.append({ term: 3 }, { prevIndex: 1, prevTerm: 1 }, [noop(3)]);
  return follower;
}

function soleLeader(instance: CoreInstance): TestNode {
  const leader = new TestNode({ instance, members: [{ id: 1 }] });
  leader.timeOut();
  leader.node.propose(new TextEncoder().encode("command"));
  return leader;
}

function observed(instance: CoreInstance): TestNode {
  const node = new TestNode({ instance });
  node.node.observe(1 << EventKind.ROLE);
  node.timeOut();
  return node;
}

/** A sole leader whose log has just been compacted. */
function compacted(instance: CoreInstance): TestNode {
  const leader = soleLeader(instance);
  leader.flush();
  leader.snapshot(1, leader.node.term);
  return leader;
}

/** A leader that owes a follower its snapshot. */
function leaderWithSnapshot(instance: CoreInstance): TestNode {
  const entries = Array.from({ length: 200 }, () => entry(1, "command"));
  const leader = new TestNode({ instance, disk: new Disk(1, 0, entries) }).become(Role.LEADER);
  leader.receive(leader.message(MessageKind.APPEND_REPLY, { term: 2 }, { match: 201, sent: leader.now }));
  leader.flush();
  leader.snapshot(200, 1);
  const rejection = { rejected: 200, hintIndex: 3, hintTerm: 1, sent: leader.now };
  leader.receive(leader.message(MessageKind.APPEND_REPLY, { from: 3, term: 2, flags: 4 }, rejection));
  return leader;
}

/** A follower that has been sent the first chunk of a snapshot. */
function receivingFollower(instance: CoreInstance): TestNode {
  const follower = new TestNode({ instance });
  const chunk = { index: 9, term: 1, offset: 0 };
  follower.receive(follower.message(MessageKind.INSTALL_SNAPSHOT, { term: 2 }, chunk, [new Uint8Array(16)]));
  return follower;
}

/** A sole leader that was asked for a read. */
function readLeader(instance: CoreInstance): TestNode {
  const leader = soleLeader(instance);
  leader.flush();
  leader.node.read(leader.now, ReadKind.INDEX);
  return leader;
}

export const SCENARIOS: Readonly<Record<ImportName, (instance: CoreInstance) => TestNode>> = {
  hardState: conflictingFollower,
  truncate: conflictingFollower,
  append: conflictingFollower,
  compact: compacted,
  read: leaderFarAhead,
  send: conflictingFollower,
  arm: soleLeader,
  cancel: soleLeader,
  apply: soleLeader,
  readSnapshot: leaderWithSnapshot,
  writeSnapshot: receivingFollower,
  reads: readLeader,
  event: observed,
};

export const IMPORT_NAMES = Object.keys(SCENARIOS) as ImportName[];

/** Has `intrude` called from inside an import, before the import does its work. Answers how often that was. */
export function intercept(node: TestNode, name: ImportName, intrude: () => void): { readonly calls: number } {
  const { effects } = node;
  const original = effects[name].bind(effects) as (...values: number[]) => number | undefined;
  const counter = { calls: 0 };
  const intercepted = (...values: number[]) => {
    counter.calls++;
    intrude();
    return original(...values);
  };
  Object.defineProperty(effects, name, { value: intercepted });
  return counter;
}
