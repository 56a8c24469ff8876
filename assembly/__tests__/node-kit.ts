/** What the white-box tests build nodes from: plans, arenas, configurations in wire form, and a small generator. */

import { Configuration, Member } from "../abi/configuration";
import { Node, Stage } from "../abi/node";
import { Plan } from "../abi/plan";
import { StatusCode } from "../abi/status-code";
import { activate } from "../raft/membership";
import { arenaBytes, at, checkPlan, layOut, planOf } from "../state/arena";
import { align8 } from "../state/memory";

/** A linear congruential generator (Numerical Recipes): the same numbers in every run. */
export class Random {
  constructor(private state: u32) {}

  /** A number from 0 to `bound - 1`. */
  below(bound: u32): u32 {
    this.state = this.state * 1664525 + 1013904223;
    return <u32>((<u64>this.state * <u64>bound) >> 32);
  }
}

/** Plans that the tests do not need any more are few and small: they are not freed. */
export function newPlan(): Plan {
  const plan = changetype<Plan>(heap.alloc(offsetof<Plan>()));
  memory.fill(changetype<usize>(plan), 0, offsetof<Plan>());
  plan.cluster = 1;
  plan.id = 1;
  plan.nodes = 9;
  plan.windowEntries = 32;
  plan.windowBytes = 2048;
  plan.maxMessage = 512;
  plan.inflightMessages = 4;
  plan.inflightBytes = 2048;
  plan.uncommittedBytes = 2048;
  plan.addressBytes = 8;
  plan.electionTimeout = 100;
  plan.electionJitter = 100;
  plan.heartbeat = 10;
  return plan;
}

/** A node as `init` leaves it, but running. */
export function newNode(plan: Plan): Node {
  assert(checkPlan(plan) == StatusCode.OK);
  const n = layOut(heap.alloc(arenaBytes(plan)), plan);
  n.stage = Stage.RUNNING;
  n.first = 1;
  n.termCount = 1;
  return n;
}

export function freeNode(n: Node): void {
  heap.free(changetype<usize>(n));
}

/** Everything is durable; the entries up to `index` are committed and applied. */
export function settle(n: Node, index: u64): void {
  n.written = n.last;
  n.durable = n.last;
  n.commit = index;
  n.applied = index;
}

/** Writes a configuration of members without addresses: ids in ascending order, each with its roles. */
export class ConfigurationWriter {
  /** Where it lies. */
  place: usize;
  length: u32 = <u32>offsetof<Configuration>();

  constructor(flags: u32) {
    this.place = heap.alloc(2048);
    memory.fill(this.place, 0, 2048);
    changetype<Configuration>(this.place).flags = flags;
  }

  add(id: u32, roles: u32, addressLength: u32 = 0): ConfigurationWriter {
    const member = changetype<Member>(this.place + this.length);
    member.id = id;
    member.roles = <u8>roles;
    member.addressLength = <u8>addressLength;
    memory.fill(changetype<usize>(member) + offsetof<Member>(), 0x61, addressLength);
    changetype<Configuration>(this.place).count++;
    this.length += <u32>offsetof<Member>() + align8(addressLength);
    return this;
  }

  free(): void {
    heap.free(this.place);
  }
}

/** Puts a configuration in force as the one that the node was set up with. */
export function setUp(n: Node, configuration: ConfigurationWriter): void {
  assert(configuration.length <= 8 + planOf(n).nodes * 16);
  memory.copy(at(n, n.baseOffset), configuration.place, configuration.length);
  activate(n, at(n, n.baseOffset), 0);
}
