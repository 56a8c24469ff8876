/** Configurations in wire form that must be refused, each for one reason; see assembly/wire/configuration.ts. */

import { Configuration, ConfigurationFlag, Member, MemberRole } from "../../host/core/abi.js";
import { encodeConfiguration, type MemberInfo } from "../../host/core/configuration.js";
import { setFields, type Values } from "./messages.js";

const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
const { JOINT, AUTO_LEAVE } = ConfigurationFlag;
const THREE: readonly MemberInfo[] = [{ id: 1 }, { id: 2 }, { id: 3 }];

/** Three voters without addresses, with fields set to what they should not be. */
function three(header: Values, first: Values = {}): Uint8Array {
  const bytes = encodeConfiguration(THREE);
  setFields(bytes, Configuration, 0, header);
  setFields(bytes, Member, Configuration.size, first);
  return bytes;
}

function withRoles(roles: number, flags = 0): Uint8Array {
  return encodeConfiguration(
    [{ id: 1, roles }, { id: 2 }, { id: 3, roles: VOTER | (flags === 0 ? 0 : OUTGOING) }],
    flags,
  );
}

function addressed(address: string): Uint8Array {
  return encodeConfiguration([{ id: 1, address }, { id: 2 }]);
}

function dirtyPadding(): Uint8Array {
  const bytes = addressed("abc");
  bytes[Configuration.size + Member.size + 5] = 1;
  return bytes;
}

/**
 * Pairs of a reason and the bytes.
 * @param nodes most members of the plan
 * @param addressBytes longest address of the plan
 */
export function badConfigurations(nodes: number, addressBytes: number): (readonly [string, Uint8Array])[] {
  const many = Array.from({ length: nodes + 1 }, (_, i) => ({ id: i + 1 }));
  const good = encodeConfiguration(THREE);
  return [
    ["shorter than its header", good.slice(0, Configuration.size - 4)],
    ["an unknown flag", three({ flags: 4 })],
    ["automatic leave without a joint configuration", three({ flags: AUTO_LEAVE })],
    ["no members", three({ count: 0 })],
    ["no members and nothing else", new Uint8Array(Configuration.size)],
    ["more members than the plan", encodeConfiguration(many)],
    ["as many members as a word holds", three({ count: 0xffffffff })],
    ["fewer members than follow", three({ count: 2 })],
    ["more members than follow", three({ count: 4 })],
    ["id 0", three({}, { id: 0 })],
    ["an id twice", three({}, { id: 2 })],
    ["ids that do not ascend", three({}, { id: 9 })],
    ["a reserved byte", three({}, { reserved: 1 })],
    ["no role", withRoles(0)],
    ["an unknown role", withRoles(VOTER | 32)],
    ["the highest role there is", withRoles(VOTER | 128)],
    ["a member of the outgoing set outside of a joint configuration", withRoles(VOTER | OUTGOING)],
    ["a witness and nothing else", withRoles(WITNESS)],
    ["a promotion and nothing else", withRoles(PROMOTE)],
    ["a promotion of a witness that does not learn", withRoles(WITNESS | PROMOTE)],
    ["a promotion of a voter", withRoles(VOTER | PROMOTE)],
    ["a promotion of an outgoing voter", withRoles(OUTGOING | PROMOTE, JOINT)],
    ["a learner that votes", withRoles(LEARNER | VOTER)],
    ["no voter", encodeConfiguration([{ id: 1, roles: LEARNER }])],
    ["a joint configuration without an outgoing set", three({ flags: JOINT })],
    ["a joint configuration without an incoming set", encodeConfiguration([{ id: 1, roles: OUTGOING }], JOINT)],
    ["an address longer than the plan's", addressed("a".repeat(addressBytes + 1))],
    ["an address that ends behind the configuration", three({ count: 3 }, { addressLength: addressBytes })],
    ["an address that is cut off", addressed("a".repeat(addressBytes)).slice(0, Configuration.size + Member.size + 8)],
    ["padding that is not zero", dirtyPadding()],
    ["bytes behind the last member", Buffer.concat([good, new Uint8Array(8)])],
    ["half a member", good.slice(0, good.length - 4)],
  ];
}

/** Configurations with something unusual about them that must be taken. */
export function goodConfigurations(nodes: number, addressBytes: number): (readonly [string, Uint8Array])[] {
  const full = Array.from({ length: nodes }, (_, i) => ({ id: 0xffffffff - i, address: "a".repeat(addressBytes) }));
  return [
    ["one voter", encodeConfiguration([{ id: 1 }])],
    ["as many members with addresses as long as the plan allows", encodeConfiguration(full)],
    ["a voter of the outgoing set that is a learner of the incoming one", withRoles(OUTGOING | LEARNER, JOINT)],
    ["a witness of both sets", withRoles(VOTER | OUTGOING | WITNESS, JOINT | AUTO_LEAVE)],
    ["a learner", withRoles(LEARNER)],
    ["a learner to be promoted", withRoles(LEARNER | PROMOTE)],
    ["a witness that learns", withRoles(LEARNER | WITNESS)],
    ["a witness that learns and is to be promoted", withRoles(LEARNER | PROMOTE | WITNESS)],
    ["an outgoing voter that is to be promoted again", withRoles(OUTGOING | LEARNER | PROMOTE, JOINT)],
    ["no voter but a witness", encodeConfiguration([{ id: 1, roles: VOTER | WITNESS }])],
  ];
}
