/** What the checks of the wire format decide on their own: configurations and runs of entries (wire/). */

import { Configuration, ConfigurationFlag, Member, MemberRole } from "../abi/configuration";
import { Entry, EntryFrame, EntryKind } from "../abi/entry";
import { Plan } from "../abi/plan";
import { align8 } from "../state/memory";
import { configurationIsValid, firstMember, nextMember } from "../wire/configuration";
import { checkEntry, countEntries } from "../wire/validate";
import { ConfigurationWriter, newPlan } from "./node-kit";

const PLAN: Plan = newPlan();

function isValid(configuration: ConfigurationWriter): bool {
  return configurationIsValid(configuration.place, configuration.length, PLAN);
}

describe("a configuration", () => {
  it("is walked member by member, whatever the lengths of the addresses", () => {
    const configuration = new ConfigurationWriter(0);
    for (let i: u32 = 0; i < 9; i++) configuration.add(i + 1, MemberRole.VOTER, i);
    expect(isValid(configuration)).toBe(true);
    let member = firstMember(configuration.place);
    for (let i: u32 = 0; i < 9; i++) {
      expect(member.id).toBe(i + 1);
      member = nextMember(member);
    }
    expect(changetype<usize>(member)).toBe(configuration.place + configuration.length);
    configuration.free();
  });

  it("is exactly as long as its members: neither a byte more nor any prefix", () => {
    const configuration = new ConfigurationWriter(0).add(1, MemberRole.VOTER, 5).add(2, MemberRole.VOTER);
    for (let length: u32 = 0; length < configuration.length + 32; length++) {
      expect(configurationIsValid(configuration.place, length, PLAN)).toBe(length == configuration.length);
    }
    configuration.free();
  });

  it("allows each set of roles where it makes sense: every combination, joint or not", () => {
    let allowed = 0;
    for (let flags: u32 = 0; flags < 2; flags++) {
      for (let roles: u32 = 0; roles < 64; roles++) {
        const configuration = new ConfigurationWriter(flags)
          .add(1, roles)
          .add(2, flags == 0 ? MemberRole.VOTER : MemberRole.VOTER | MemberRole.OUTGOING);
        const counts = (roles & (MemberRole.VOTER | MemberRole.OUTGOING | MemberRole.LEARNER)) != 0;
        const sensible =
          counts &&
          roles < 32 &&
          !((roles & MemberRole.OUTGOING) != 0 && flags == 0) &&
          !((roles & MemberRole.PROMOTE) != 0 && (roles & MemberRole.LEARNER) == 0) &&
          !((roles & MemberRole.LEARNER) != 0 && (roles & MemberRole.VOTER) != 0);
        expect(isValid(configuration)).toBe(sensible);
        if (sensible) allowed++;
        configuration.free();
      }
    }
    // Alone: VOTER, LEARNER, LEARNER|PROMOTE, each a WITNESS or not. Joint: these with OUTGOING or not, and OUTGOING.
    expect(allowed).toBe(6 + 14);
  });

  it("has no flag but the two, and leaves by itself only what is joint", () => {
    for (let flags: u32 = 0; flags < 16; flags++) {
      const roles = (flags & ConfigurationFlag.JOINT) != 0 ? 3 : MemberRole.VOTER;
      const configuration = new ConfigurationWriter(flags).add(1, roles);
      expect(isValid(configuration)).toBe(flags == 0 || flags == 1 || flags == 3);
      configuration.free();
    }
  });

  it("whose count or address length is anything is read no further than its end", () => {
    const configuration = new ConfigurationWriter(0).add(1, MemberRole.VOTER);
    const header = changetype<Configuration>(configuration.place);
    for (let count: u32 = 0; count < 64; count++) {
      header.count = count;
      expect(isValid(configuration)).toBe(count == 1);
    }
    header.count = 1;
    const member = changetype<Member>(configuration.place + offsetof<Configuration>());
    for (let length: u32 = 0; length < 256; length++) {
      member.addressLength = <u8>length;
      expect(isValid(configuration)).toBe(length == 0);
    }
    configuration.free();
  });
});

/** Writes an entry; answers its size. */
function write(place: usize, term: u64, length: u32, kind: u32 = EntryKind.NORMAL): u32 {
  const size = EntryFrame.HEADER + align8(length);
  memory.fill(place, 0, size);
  const entry = changetype<Entry>(place);
  entry.term = term;
  entry.length = length;
  entry.kind = <u8>kind;
  memory.fill(place + EntryFrame.HEADER, 0x61, length);
  return size;
}

describe("an entry", () => {
  it("has the size of its padded payload, if the bytes are there", () => {
    const place = heap.alloc(256);
    for (let length: u32 = 0; length < 64; length++) {
      const size = write(place, 1, length);
      expect(checkEntry(place, size, PLAN)).toBe(size);
      expect(checkEntry(place, size + 8, PLAN)).toBe(size);
      for (let short: u32 = 0; short < size; short++) expect(checkEntry(place, short, PLAN)).toBe(0);
    }
    heap.free(place);
  });

  it("of a length near the end of 32 bits does not wrap", () => {
    const place = heap.alloc(256);
    write(place, 1, 0);
    for (let length: u32 = 0xffffffe0; length != 0; length++) {
      changetype<Entry>(place).length = length;
      expect(checkEntry(place, 256, PLAN)).toBe(0);
    }
    heap.free(place);
  });

  it("has zeroes in every byte of padding", () => {
    const place = heap.alloc(64);
    for (let length: u32 = 1; length < 8; length++) {
      for (let i = length; i < 8; i++) {
        const size = write(place, 1, length);
        store<u8>(place + EntryFrame.HEADER + i, 1);
        expect(checkEntry(place, size, PLAN)).toBe(0);
      }
    }
    heap.free(place);
  });
});

describe("a run of entries", () => {
  it("has as many entries as it says, and terms that do not fall between its limits", () => {
    const place = heap.alloc(1024);
    for (let code: u32 = 0; code < 125; code++) {
      const terms: u32[] = [1 + (code % 5), 1 + ((code / 5) % 5), 1 + code / 25];
      let length: u32 = 0;
      for (let i = 0; i < 3; i++) length += write(place + length, terms[i], <u32>i * 5);
      const ascending = terms[0] >= 2 && terms[0] <= terms[1] && terms[1] <= terms[2] && terms[2] <= 4;
      expect(countEntries(place, length, 2, 4, PLAN) == 3).toBe(ascending);
    }
    expect(countEntries(place, 0, 1, 1, PLAN)).toBe(0);
    heap.free(place);
  });
});
