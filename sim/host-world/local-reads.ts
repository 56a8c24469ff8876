/**
 * Reads of what one node has, without asking anybody (`consistency=local`): as old as it may be, but what the key had at the
 * index that the node says its state is of, never older than what the same process showed before, and no older than it says.
 */

import type { Host } from "./host.js";
import { textOf } from "./values.js";
import type { HostWorld } from "./world.js";

/** ms by which the age may be understated: clocks count whole ones. */
const ROUNDING = 2;

/** Reads a key, and judges what is seen. */
export function readLocally(world: HostWorld, host: Host, key: string): void {
  const { up } = host;
  if (up === undefined) return;
  const { machine, node } = up;
  const { applied } = node.status;
  const value = textOf(machine.inner.get(key)?.value);
  const expected = world.applications.valueAt(key, applied);
  world.probe("local reads");
  if (value !== expected) {
    world.judge("local reads", `node ${host.id} has ${value} for ${key} at index ${applied}, where it is ${expected}`);
  }
  if (applied < up.seen) world.judge("local reads", `node ${host.id} went back from index ${up.seen} to ${applied}`);
  up.seen = applied;
  judgeAge(world, host);
}

/**
 * What a node says of its age is never less than the time for which it has really heard of nobody: while its group rests, too,
 * and when others than its leader wake it.
 */
export function judgeAge(world: HostWorld, { id, rate, up }: Host): void {
  if (up === undefined) return;
  const { contacts, node } = up;
  const { now } = world.queue;
  const said = node.staleness();
  const isLeader = node.status.role === "LEADER";
  const silence = isLeader ? contacts.sinceMajority(now, node.configuration()) : contacts.sinceLeader(now);
  if (said + ROUNDING >= silence * rate) return;
  world.judge("staleness", `node ${id} says its state is ${said} ms old, and has heard of nobody for ${silence} ms`);
}
