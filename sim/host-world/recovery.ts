/**
 * How a run ends: faults stop, what is broken is mended, and within a number of election timeouts there has to be a leader,
 * every lost node replaced, every client answered, and the same state on all members. Then all keys are read once more, and
 * everything that clients were answered is judged.
 */

import type { Operation } from "../checkers/history.js";
import { checkLinearizable } from "../checkers/linearizability.js";
import type { Era } from "./era.js";
import type { Host } from "./host.js";
import type { HostWorld } from "./world.js";

/** Election timeouts within which a cluster has to recover; replacing several nodes takes most of it. */
const MOST_TIMEOUTS = 150;
const MICROSECONDS = 1000;
/** Snapshots that a node keeps, once it could take some. */
const MOST_SNAPSHOTS = 2;
/** Segments that a log may have beside what its entries take: the one that is written, and one that it shares with others. */
const MOST_SEGMENTS = 3;
/** Entries beyond those that are kept, and bytes that so many take with their records, each: some are longer, most shorter. */
const SLACK_ENTRIES = 30;
const MOST_ENTRY = 1024;
/** ms in which a write gets everywhere, and what is not needed any more is removed. */
const SETTLING = 1000;
/** ms in which a snapshot is taken. */
const SNAPSHOT_TIME = 10_000;

/** @returns the election timeouts that it took, undefined if a rule was broken */
export async function recover(world: HostWorld): Promise<number | undefined> {
  const timeout = timeoutOf(world);
  const from = world.queue.now;
  world.faults.on = false;
  world.isPatient = true;
  world.isServing = false;
  world.network.heal();
  for (const host of world.hosts) host.spare();
  return (await settles(world)) ? (world.queue.now - from) / timeout : undefined;
}

/** Lets events happen until all is well. False if a rule was broken first: that it takes too long is one. */
async function settles(world: HostWorld): Promise<boolean> {
  const end = world.queue.now + MOST_TIMEOUTS * timeoutOf(world);
  let objection = objectionTo(world);
  while (objection !== undefined) {
    if (world.queue.now > end) {
      world.judge("liveness", `${MOST_TIMEOUTS} election timeouts after faults stopped, ${objection}`);
    }
    if (!(await world.step())) return false;
    objection = objectionTo(world);
  }
  return true;
}

/**
 * Takes two snapshots on every member, with a write before each: these are kept, none before them, and of the log what is
 * behind the older one.
 */
export async function judgeRoom(world: HostWorld): Promise<void> {
  const { capacity, segmentBytes } = world.settings;
  const most = MOST_SEGMENTS * segmentBytes + (capacity.keepEntries + SLACK_ENTRIES) * MOST_ENTRY;
  const lives = new Map(membersOf(world).map((host) => [host, host.up?.life]));
  for (let round = 0; round < 2; round++) {
    const wrote = world.clients[0]?.touch() ?? Promise.resolve();
    if (!(await finish(world, "a write", wrote))) return;
    if (!(await finish(world, "nothing", world.sleep(SETTLING)))) return;
    for (const host of membersOf(world)) if (!(await takesSnapshot(world, host))) return;
    if (!(await finish(world, "nothing", world.sleep(SETTLING)))) return;
  }
  if (!(await settles(world))) return;
  for (const host of membersOf(world)) {
    const { id, volume } = host;
    // Who met damage and began anew, or joined, has not taken both.
    if (host.up === undefined || host.up.life !== lives.get(host)) continue;
    const bytes = volume.bytesOf(/wal-\d+\.log$/);
    const snapshots = volume.count(/snapshot-\d+\.snap$/);
    if (snapshots > MOST_SNAPSHOTS) world.judge("room", `node ${id} keeps ${snapshots} snapshots`);
    if (bytes > most) world.judge("room", `node ${id} has a log of ${bytes} bytes, and ${most} would do`);
  }
}

/** Has a member take a snapshot. False if a rule was broken. One that meets damage there, which was done before, may stop. */
async function takesSnapshot(world: HostWorld, host: Host): Promise<boolean> {
  const { up } = host;
  if (up === undefined) return true;
  const taken = world.within(SNAPSHOT_TIME, () => up.node.snapshot());
  if (!(await finish(world, `a snapshot of node ${host.id}`, taken))) return false;
  const { kind } = await taken;
  if (kind !== "ok" && up.life.alive) world.judge("snapshots", `node ${host.id} takes none although nothing is wrong`);
  return world.violation === undefined;
}

/** Lets events happen until something is done. False if a rule was broken first: that it takes too long is one. */
async function finish(world: HostWorld, what: string, work: Promise<unknown>): Promise<boolean> {
  const end = world.queue.now + MOST_TIMEOUTS * timeoutOf(world);
  let isDone = false;
  void work.then(() => {
    isDone = true;
  });
  while (!isDone) {
    if (world.queue.now > end) world.judge("liveness", `after ${MOST_TIMEOUTS} election timeouts, ${what} is not done`);
    if (!(await world.step())) return false;
  }
  return true;
}

/** Longest election timeout, in microseconds. */
function timeoutOf(world: HostWorld): number {
  const { electionJitter, electionTimeout } = world.settings.capacity;
  return (electionTimeout + electionJitter) * MICROSECONDS;
}

function membersOf(world: HostWorld): readonly Host[] {
  return world.hosts.filter(({ id }) => world.members.includes(id));
}

/** Reads all keys, and judges what clients were answered. */
export async function judgeHistory(world: HostWorld): Promise<void> {
  const client = world.clients[0];
  const looks = world.keys.map((key) => client?.look(key));
  if (!(await finish(world, "a read of all keys", Promise.all(looks)))) return;
  for (const era of world.eras) judgeEra(world, era);
}

/** Judges what clients of one cluster were answered. What it began with counts as written before all they asked for. */
function judgeEra(world: HostWorld, era: Era): void {
  const written = world.keys.map((key) => ({ key, value: era.valueAtFirst(key) }));
  const before: Operation[] = written.flatMap(({ key, value }) =>
    value === null
      ? []
      : [{ client: 0, key, kind: "write", argument: value, invoked: 0, returned: 0, outcome: "ok", result: null }],
  );
  const result = checkLinearizable([...before, ...era.history.operations]);
  if (result.verdict === "not linearizable") {
    world.judge(
      "linearizability",
      `no order of the operations explains the answers:\n${JSON.stringify(result.explanation, null, 1)}`,
    );
  } else if (result.verdict === "unknown") {
    world.judge(
      "linearizability",
      `the search met a bound on keys ${result.undecided.map(({ key }) => key).join(", ")}`,
    );
  }
}

/** What keeps the cluster from having recovered. */
function objectionTo(world: HostWorld): string | undefined {
  if (world.operator.isBusy) return "a node is still being replaced";
  const waiting = world.clients.find(({ doing }) => doing !== undefined);
  if (waiting !== undefined) return `client ${waiting.id} waits for ${waiting.doing}`;
  const members = membersOf(world);
  const down = members.find(({ up }) => up === undefined);
  if (down !== undefined) return `node ${down.id} is not up`;
  if (world.leader() === undefined) return "nobody leads";
  return objectionToState(world, members);
}

function objectionToState(world: HostWorld, members: readonly Host[]): string | undefined {
  const first = members[0]?.up;
  if (first === undefined) return "there are no members";
  const { applied } = first.node.status;
  for (const { id, up } of members) {
    if (up === undefined) return `node ${id} is not up`;
    const { status } = up.node;
    if (status.applied !== applied || status.lastIndex !== applied) {
      return `node ${id} has applied ${status.applied} of ${status.lastIndex}, and another node ${applied}`;
    }
    if (up.machine.last < world.applications.last) {
      return `node ${id} has applied up to ${up.machine.last}, and ${world.applications.last} was applied somewhere`;
    }
    if (up.machine.inner.digest() !== first.machine.inner.digest()) {
      world.judge("convergence", `the states of nodes ${members[0]?.id} and ${id} differ at index ${applied}`);
    }
  }
  return undefined;
}
