/**
 * A configuration in its wire form: the payload of a CONFIGURATION entry, the metadata of a snapshot, and what a host
 * hands over at bootstrap. A header, then the members in ascending order of their ids, each followed by its address,
 * padded with zeroes to a multiple of 8.
 */

/** What a configuration begins with. */
// @ts-ignore: decorator
@final @unmanaged
export class Configuration {
  /** Members that follow. */
  count: u32;
  /** Bits of ConfigurationFlag. */
  flags: u32;
}

/** One member, before its address. */
// @ts-ignore: decorator
@final @unmanaged
export class Member {
  /** The member's id; not 0. */
  id: u32;
  /** Bits of MemberRole; not 0. */
  roles: u8;
  /** Election priority: members below the highest one wait longer before they campaign. A hint; 0 unless set. */
  priority: u8;
  /** Bytes of address that follow, padding not counted. */
  addressLength: u8;
  /** Must be 0. */
  reserved: u8;
}

export namespace ConfigurationFlag {
  /** Two majorities are needed: of the members with VOTER and of those with OUTGOING (thesis 4.3). */
  // @ts-ignore: decorator
  @inline export const JOINT: u32 = 1;
  /** The leader leaves the joint configuration by itself as soon as it is committed. */
  // @ts-ignore: decorator
  @inline export const AUTO_LEAVE: u32 = 2;
}

export namespace MemberRole {
  /** Votes and counts, in the incoming set of a joint configuration. */
  // @ts-ignore: decorator
  @inline export const VOTER: u32 = 1;
  /** Votes and counts in the outgoing set of a joint configuration. */
  // @ts-ignore: decorator
  @inline export const OUTGOING: u32 = 2;
  /** Receives the log, is never counted, never campaigns. */
  // @ts-ignore: decorator
  @inline export const LEARNER: u32 = 4;
  /** Keeps terms and no payloads, and never leads. Together with any of the others; fixed while the member stays. */
  // @ts-ignore: decorator
  @inline export const WITNESS: u32 = 8;
  /** A learner that the leader makes a voter by itself once it has caught up. Together with LEARNER. */
  // @ts-ignore: decorator
  @inline export const PROMOTE: u32 = 16;
}
