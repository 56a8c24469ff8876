/**
 * Which configuration may follow which, and which one follows by itself (raft/change.ts): every step between small
 * configurations against the rules of thesis chapter 4, written down once more.
 */

import { Configuration, ConfigurationFlag, MemberRole } from "../abi/configuration";
import { Node, Role } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { changeByItself, reconfigure } from "../raft/change";
import { arenaBytes, at, planOf } from "../state/arena";
import { findPeer } from "../state/peers";
import { configurationIsValid, firstMember, nextMember } from "../wire/configuration";
import { ConfigurationWriter, freeNode, newNode, newPlan, setUp } from "./node-kit";

/** Members of the small configurations; node 1 leads. */
const MEMBERS: u32 = 3;
/** Last index at the latest heartbeat: who holds that has caught up. */
const ROUND_LAST: u64 = 5;
const JOINT: u32 = ConfigurationFlag.JOINT;

const V: u32 = MemberRole.VOTER;
const O: u32 = MemberRole.OUTGOING;
const L: u32 = MemberRole.LEARNER;
const W: u32 = MemberRole.WITNESS;
const P: u32 = MemberRole.PROMOTE;
/** Not a role: marks a member that has caught up. */
const UP: u32 = 128;

/** What a member may be in a simple configuration, and in a joint one. 0: it is no member. */
const SIMPLE: StaticArray<u32> = [0, V, L, V | W, L | W];
const IN_JOINT: StaticArray<u32> = [0, V, O, V | O, L, O | L, V | O | W];
const SIMPLE_UP: StaticArray<u32> = [0, V, L, L | UP, V | W, L | W, L | W | UP];
const IN_JOINT_UP: StaticArray<u32> = [0, V, O, V | O, L | UP, O | L];

/** The i-th choice of roles for all members. */
function choose(from: StaticArray<u32>, i: u32): StaticArray<u32> {
  const roles = new StaticArray<u32>(MEMBERS);
  for (let member: u32 = 0; member < MEMBERS; member++) {
    roles[member] = from[i % from.length];
    i /= from.length;
  }
  return roles;
}

function choices(from: StaticArray<u32>): u32 {
  return from.length ** MEMBERS;
}

/** The configuration with these roles; addresses of several lengths, so that members are not all of one size. */
function written(roles: StaticArray<u32>, flags: u32): ConfigurationWriter {
  const configuration = new ConfigurationWriter(flags);
  for (let i: u32 = 0; i < MEMBERS; i++) if (roles[i] != 0) configuration.add(i + 1, roles[i] & ~UP, i * 3);
  return configuration;
}

/** Members that have all of those roles, as bits. */
function having(roles: StaticArray<u32>, role: u32): u32 {
  let members: u32 = 0;
  for (let i: u32 = 0; i < MEMBERS; i++) if ((roles[i] & role) == role) members |= 1 << i;
  return members;
}

/** Node 1 as a leader with this configuration in force and committed; null if it is none. */
function leaderOf(roles: StaticArray<u32>, flags: u32): Node | null {
  const configuration = written(roles, flags);
  const n = newNode(newPlan());
  const valid = configurationIsValid(configuration.place, configuration.length, planOf(n));
  if (valid) setUp(n, configuration);
  configuration.free();
  if (!valid) {
    freeNode(n);
    return null;
  }
  n.role = Role.LEADER;
  n.leader = n.vote = 1;
  n.term = n.savedTerm = 1;
  n.roundLast = ROUND_LAST;
  for (let i: u32 = 0; i < MEMBERS; i++) {
    const peer = findPeer(n, i + 1);
    if (peer !== null) peer.match = (roles[i] & UP) != 0 ? ROUND_LAST : ROUND_LAST - 1;
  }
  return n;
}

/** Whether the voters of the step are those that the thesis allows (4.2.1: one differs; 4.3: the old ones, joined). */
function votersFit(from: StaticArray<u32>, fromFlags: u32, to: StaticArray<u32>, toFlags: u32): bool {
  if (fromFlags != 0) return toFlags == 0 && having(to, V) == having(from, V);
  if (toFlags != 0) return having(to, O) == having(from, V);
  return popcnt(having(from, V) ^ having(to, V)) <= 1;
}

function kindsStay(from: StaticArray<u32>, to: StaticArray<u32>): bool {
  for (let i: u32 = 0; i < MEMBERS; i++) {
    if (from[i] != 0 && to[i] != 0 && ((from[i] ^ to[i]) & W) != 0) return false;
  }
  return true;
}

/** Whether each new voter has caught up. */
function votersAreReady(from: StaticArray<u32>, to: StaticArray<u32>): bool {
  const ready = having(from, V) | having(from, O) | having(from, UP);
  return (having(to, V) & ~ready) == 0;
}

function someoneLeads(to: StaticArray<u32>): bool {
  return (having(to, V) & ~having(to, W)) != 0;
}

/** Tries every step between two sorts of configurations. Answers how many are allowed. */
function trySteps(fromRoles: StaticArray<u32>, fromFlags: u32, toRoles: StaticArray<u32>, toFlags: u32): u32 {
  let allowed: u32 = 0;
  for (let i: u32 = 0; i < choices(fromRoles); i++) {
    const from = choose(fromRoles, i);
    const n = leaderOf(from, fromFlags);
    if (n === null) continue;
    const bytes = arenaBytes(planOf(n));
    const before = heap.alloc(bytes);
    memory.copy(before, changetype<usize>(n), bytes);
    for (let k: u32 = 0; k < choices(toRoles); k++) {
      const to = choose(toRoles, k);
      const configuration = written(to, toFlags);
      const valid = configurationIsValid(configuration.place, configuration.length, planOf(n));
      const status = reconfigure(n, configuration.place, configuration.length);
      configuration.free();
      const fits = votersFit(from, fromFlags, to, toFlags) && kindsStay(from, to);
      const ready = votersAreReady(from, to);
      const leads = someoneLeads(to);
      if (status == StatusCode.OK) {
        assert(valid && fits && ready && leads);
        assert(n.last == 1 && n.configurationIndex == 1 && n.configurationFlags == toFlags);
        allowed++;
        memory.copy(changetype<usize>(n), before, bytes);
        continue;
      }
      assert(memory.compare(changetype<usize>(n), before, bytes) == 0);
      if (status == StatusCode.BAD_CONFIGURATION) assert(!valid);
      else if (status == StatusCode.BAD_CHANGE) assert(!fits);
      else if (status == StatusCode.NOT_CAUGHT_UP) assert(!ready);
      else assert(status == StatusCode.NO_VOTER && !leads);
    }
    heap.free(before);
    freeNode(n);
  }
  return allowed;
}

describe("a step", () => {
  it("between simple configurations changes one voter at most", () => {
    expect(trySteps(SIMPLE_UP, 0, SIMPLE, 0)).toBeGreaterThan(500);
  });

  it("into a joint configuration begins with the voters there are", () => {
    expect(trySteps(SIMPLE_UP, 0, IN_JOINT, JOINT)).toBeGreaterThan(500);
  });

  it("out of a joint configuration ends with its incoming voters", () => {
    expect(trySteps(IN_JOINT_UP, JOINT, SIMPLE, 0)).toBeGreaterThan(500);
  });

  it("from one joint configuration to another is never allowed", () => {
    expect(trySteps(IN_JOINT_UP, JOINT, IN_JOINT, JOINT)).toBe(0);
  });
});

/** The roles of all members of the configuration in force, as bytes of a word. */
function rolesInForce(n: Node): u32 {
  const place = at(n, n.configurationOffset);
  let packed: u32 = 0;
  let member = firstMember(place);
  for (let i: u32 = 0; i < changetype<Configuration>(place).count; i++) {
    const length = (member.id - 1) * 3;
    assert(member.addressLength == length);
    for (let k: u32 = 0; k < length; k++) assert(load<u8>(changetype<usize>(member) + 8 + k) == 0x61);
    packed |= (<u32>member.roles) << (8 * (member.id - 1));
    member = nextMember(member);
  }
  return packed;
}

function packed(roles: StaticArray<u32>): u32 {
  let word: u32 = 0;
  for (let i: u32 = 0; i < MEMBERS; i++) word |= (roles[i] & ~UP) << (8 * i);
  return word;
}

/** What follows by itself: of a joint configuration that says so the incoming set, else one more voter. */
function successorOf(from: StaticArray<u32>, flags: u32): StaticArray<u32> {
  const to = StaticArray.fromArray<u32>([from[0], from[1], from[2]]);
  let changed = false;
  for (let i: u32 = 0; i < MEMBERS; i++) {
    if (flags != 0) {
      to[i] = from[i] & ~O;
      if ((to[i] & (V | L)) == 0) to[i] = 0;
    } else if (!changed && (from[i] & P) != 0 && (from[i] & UP) != 0) {
      to[i] = (from[i] & ~(P | L)) | V;
      changed = true;
    }
  }
  return to;
}

const SIMPLE_PROMOTE: StaticArray<u32> = [0, V, L | UP, L | P, L | P | UP, V | W, L | P | W | UP];
const JOINT_PROMOTE: StaticArray<u32> = [0, V, O, V | O, L | UP, O | L, O | W, L | P | UP, O | L | P];

describe("what follows by itself", () => {
  it("is one promotion of a learner that has caught up, else nothing", () => {
    let promotions = 0;
    for (let i: u32 = 0; i < choices(SIMPLE_PROMOTE); i++) {
      const from = choose(SIMPLE_PROMOTE, i);
      const n = leaderOf(from, 0);
      if (n === null) continue;
      changeByItself(n);
      const to = successorOf(from, 0);
      const changes = packed(to) != packed(from);
      assert(rolesInForce(n) == packed(to));
      assert(n.last == (changes ? 1 : 0));
      // Who is no voter any more leads no longer.
      assert(n.role == (changes || (from[0] & V) != 0 ? Role.LEADER : Role.FOLLOWER));
      if (changes) promotions++;
      freeNode(n);
    }
    expect(promotions).toBeGreaterThan(50);
  });

  it("is the incoming set of a joint configuration that says so", () => {
    let left = 0;
    for (let i: u32 = 0; i < choices(JOINT_PROMOTE); i++) {
      const from = choose(JOINT_PROMOTE, i);
      const n = leaderOf(from, JOINT | ConfigurationFlag.AUTO_LEAVE);
      if (n === null) continue;
      changeByItself(n);
      assert(n.last == 1 && n.configurationFlags == 0 && n.role == Role.LEADER);
      assert(rolesInForce(n) == packed(successorOf(from, JOINT)));
      assert(configurationIsValid(at(n, n.configurationOffset), writtenLength(n), planOf(n)));
      left++;
      freeNode(n);
    }
    expect(left).toBeGreaterThan(100);
  });

  it("is nothing in a joint configuration that does not say so, nor before it is committed or the leader is ready", () => {
    const roles = StaticArray.fromArray<u32>([V | O, V | O, O]);
    const told = leaderOf(roles, JOINT)!;
    changeByItself(told);
    expect(told.last).toBe(0);
    freeNode(told);
    const pending = leaderOf(roles, JOINT | ConfigurationFlag.AUTO_LEAVE)!;
    pending.configurationIndex = 1;
    changeByItself(pending);
    expect(pending.last).toBe(0);
    pending.configurationIndex = 0;
    pending.termIndex = 1;
    changeByItself(pending);
    expect(pending.last).toBe(0);
    freeNode(pending);
  });
});

/** Length of the configuration in force. */
function writtenLength(n: Node): u32 {
  const place = at(n, n.configurationOffset);
  let member = firstMember(place);
  for (let i: u32 = 0; i < changetype<Configuration>(place).count; i++) member = nextMember(member);
  return <u32>(changetype<usize>(member) - place);
}
