/** What a server makes of what boards answer: what was done, what may be tried again, and what nobody knows. */

import { describe, expect, it } from "vitest";
import { MemberRole, StatusCode } from "../../../host/core/abi.js";
import { Boards, SilentBoardError } from "../../../host/kv/boards.js";
import type { KvCommand } from "../../../host/kv/command.js";
import { type AskAnswer, AskKind, AskStatus } from "../../../host/transport/udp-ask.js";
import type { AskOptions, AskOutcome } from "../../../host/transport/udp-asker.js";

const LINE = {
  ...{ id: 2, role: "LEADER", term: 5, leader: 2, commit: 9, applied: 9, last: 9, snapshot: 4, keys: 3 },
  ...{ digest: "ab", core: "cd" },
};
const PUT = { kind: "put", key: "k", value: new Uint8Array(1) } as const;
const TIMEOUT = 300;

type Told = Partial<AskAnswer> | Exclude<AskOutcome, { kind: "answered" }>;

/** Node 1, which follows board 2 in term 5; the board says how it is, and then answers with what is given. */
function world(told: Told, { sent = 1, greets = true, text = JSON.stringify(LINE) } = {}) {
  const asked: AskOptions[] = [];
  const status = { id: 1, leader: 2, term: 5 };
  const configuration = { members: [], joint: false, pending: false, index: 0 };
  const answered = (kind: number, fields: Partial<AskAnswer>): AskOutcome => ({
    ...{ kind: "answered", sent },
    answer: {
      ...{ kind, from: 2, term: 5, life: 1, lane: 0, number: 1, status: 0, result: 0, index: 7, leader: 2, text: "" },
      ...fields,
    },
  });
  const boards = new Boards({
    node: {
      maxCommandBytes: 1296,
      status: status as never,
      configuration: () => configuration as never,
    },
    cluster: 77n,
    asker: {
      ask: async (options) => {
        asked.push(options);
        if (options.kind !== AskKind.STATUS) {
          return "kind" in told && typeof told.kind === "string"
            ? (told as AskOutcome)
            : answered(options.kind, told as AskAnswer);
        }
        return greets ? answered(options.kind, { text }) : { kind: "silent", sent: 3 };
      },
      leaderChanged: () => undefined,
      close: () => undefined,
    },
  });
  return { asked, boards, configuration, status };
}

describe("a command that a board proposes", () => {
  it.each<[KvCommand, number, object]>([
    [PUT, 0, { kind: "put", index: 7 }],
    [PUT, 3, { kind: "full", index: 7 }],
    [PUT, 1, { kind: "rejected", index: 7, reason: "the board answers 1 to the command" }],
    [PUT, 5, { kind: "rejected", index: 7, reason: "the board answers 5 to the command" }],
    [{ kind: "delete", key: "k" }, 0, { kind: "delete", index: 7, existed: true }],
    [{ kind: "delete", key: "k" }, 4, { kind: "delete", index: 7, existed: false }],
    [{ kind: "txn", compare: [], then: [] }, 0, { kind: "txn", index: 7, succeeded: true }],
    [{ kind: "txn", compare: [], then: [] }, 2, { kind: "txn", index: 7, succeeded: false }],
  ])("%j that came to %i", async (command, result, expected) => {
    const { asked, boards } = world({ result });
    expect(await boards.propose(new Uint8Array(9), command, TIMEOUT)).toEqual(expected);
    expect(asked.map(({ kind, term, to }) => [kind, term, to])).toEqual([
      [AskKind.STATUS, 0, 2],
      [AskKind.PROPOSE, 5, 2],
    ]);
  });

  it.each<[string, Told, number, boolean]>([
    ["NotLeaderError", { status: StatusCode.NOT_LEADER }, 1, true],
    // Its first copy may have been done before the board lost its memory.
    ["OutcomeUnknownError", { status: StatusCode.NOT_LEADER }, 2, false],
    ["OutcomeUnknownError", { status: AskStatus.UNKNOWN }, 1, false],
    ["OutcomeUnknownError", { kind: "silent", sent: 4 }, 1, false],
    ["BusyError", { kind: "silent", sent: 0 }, 1, true],
    ["BusyError", { kind: "busy" }, 1, true],
    ["BusyError", { status: StatusCode.BUSY }, 3, true],
    ["TooLargeError", { status: StatusCode.TOO_LARGE }, 1, true],
    ["NotReadyError", { status: StatusCode.NOT_READY }, 1, true],
    ["TransferringError", { status: StatusCode.TRANSFERRING }, 1, true],
    ["StoppedError", { status: StatusCode.STOPPED }, 1, true],
  ])("is a %s after %j", async (name, told, sent, definite) => {
    const { boards } = world(told, { sent });
    await expect(boards.propose(new Uint8Array(9), PUT, TIMEOUT)).rejects.toMatchObject({ name, definite });
  });

  it("is not sent to one that does not say how it is", async () => {
    const { asked, boards } = world({}, { greets: false });
    await expect(boards.propose(new Uint8Array(9), PUT, TIMEOUT)).rejects.toThrow(SilentBoardError);
    expect(asked.map(({ kind }) => kind)).toEqual([AskKind.STATUS]);
  });

  it("is not sent where nobody leads, nor to this node", async () => {
    const { asked, boards, status } = world({});
    for (const leader of [0, 1]) {
      status.leader = leader;
      await expect(boards.propose(new Uint8Array(9), PUT, TIMEOUT)).rejects.toMatchObject({ name: "NotLeaderError" });
    }
    expect(asked).toEqual([]);
  });
});

describe("a change of members", () => {
  const plan = { members: [{ id: 1 }, { id: 2 }], flags: 0 };

  it("is done when this node knows it to be committed", async () => {
    const { asked, boards, configuration } = world({ index: 11 });
    const done = boards.reconfigure(plan, 10, 5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    Object.assign(configuration, { index: 11, pending: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
    Object.assign(configuration, { pending: false });
    await done;
    const payload = asked.at(-1)?.payload ?? new Uint8Array(8);
    expect(new DataView(payload.buffer).getBigUint64(0, true)).toBe(10n);
  });

  it.each<[string, Told, number[]]>([
    ["OutcomeUnknownError", { index: 11 }, [1, 2]],
    // Node 1 would not hear of it.
    ["Refusal", { index: 11 }, [2]],
    ["ChangePendingError", { status: StatusCode.CHANGE_PENDING }, [1, 2]],
    ["NotCaughtUpError", { status: StatusCode.NOT_CAUGHT_UP }, [1, 2]],
    ["NoVoterError", { status: StatusCode.NO_VOTER }, [1, 2]],
    ["BadChangeError", { status: StatusCode.BAD_CHANGE }, [1, 2]],
    ["BadConfigurationError", { status: StatusCode.BAD_CONFIGURATION }, [1, 2]],
    ["BadConfigurationError", {}, [0]],
  ])("is a %s after %j, to members %j", async (name, told, ids) => {
    const { boards } = world(told);
    const members = ids.map((id) => ({ id }));
    await expect(boards.reconfigure({ members, flags: 0 }, 10, 50)).rejects.toMatchObject({ name });
  });
});

it("a change that node 1 leaves through a joint configuration is one that it does not hear of", async () => {
  const members = [{ id: 1, roles: MemberRole.OUTGOING }, { id: 2 }];
  const { boards } = world({ index: 11 });
  await expect(boards.reconfigure({ members, flags: 3 }, 10, 5000)).rejects.toMatchObject({
    name: "Refusal",
    status: 504,
  });
});

describe("a transfer", () => {
  it("is done when this node knows another leader", async () => {
    const { boards, status } = world({});
    const done = boards.transfer(3, 5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    Object.assign(status, { leader: 0, term: 6 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    Object.assign(status, { leader: 3, term: 6 });
    expect(await done).toEqual({ leader: 3, term: 6 });
  });

  it("has failed when the leader stays, or knows no such member", async () => {
    await expect(world({}).boards.transfer(3, 50)).rejects.toMatchObject({ name: "TransferFailedError" });
    const unknown = world({ status: StatusCode.UNKNOWN_NODE });
    await expect(unknown.boards.transfer(3, 50)).rejects.toMatchObject({ name: "UnknownNodeError" });
  });
});

it("a board's status is passed on", async () => {
  const { last: lastIndex, snapshot: snapshotIndex, ...rest } = LINE;
  const expected = { cluster: "0x000000000000004d", ...rest, lastIndex, snapshotIndex };
  expect(await world({}).boards.status(2, TIMEOUT)).toEqual(expected);
  await expect(world({}, { greets: false }).boards.status(2, TIMEOUT)).rejects.toThrow("answers no request over UDP");
});

it.each(["", "{", "[]", '{"id":2}'])("a status line that is none, %j, is nothing to go on with", async (text) => {
  await expect(world({}, { text }).boards.status(2, TIMEOUT)).rejects.toThrow("run the same release on all");
  await expect(world({}, { text }).boards.propose(new Uint8Array(9), PUT, TIMEOUT)).rejects.toMatchObject({
    definite: true,
  });
});
