/** Parts of the running node by themselves. */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole } from "../../../host/core/abi.js";
import { decodeConfiguration, encodeConfiguration } from "../../../host/core/configuration.js";
import type { Effects } from "../../../host/core/instance.js";
import { CoreInstance } from "../../../host/core/instance.js";
import { shippedCore } from "../../../host/core/module.js";
import { CoreNode } from "../../../host/core/node.js";
import { SERVER_CAPACITY } from "../../../host/core/plan.js";
import { OutcomeUnknownError } from "../../../host/errors.js";
import { planChange, withLearners } from "../../../host/node/change-plan.js";
import { Changes } from "../../../host/node/changes.js";
import { Dialing } from "../../../host/node/dialing.js";
import { Incoming } from "../../../host/node/incoming.js";
import { PendingProposals } from "../../../host/pending.js";
import { splitImage } from "../../../host/storage/snapshot/image.js";
import { MemorySnapshotStore } from "../../../host/storage/snapshot/memory.js";

const { LEARNER, OUTGOING, PROMOTE, VOTER, WITNESS } = MemberRole;

/** A configuration of voters. */
function of(...ids: number[]) {
  const members = ids.map((id) => ({ id, roles: VOTER as number, address: "", priority: 0 }));
  return { members, joint: false, autoLeave: false };
}

describe("configurations", () => {
  const members = [
    { id: 1, roles: VOTER | OUTGOING, address: "localhost:7001", priority: 255 },
    { id: 9, roles: LEARNER | PROMOTE, address: "", priority: 0 },
    { id: 4294967295, roles: VOTER | WITNESS, address: "[::1]:1", priority: 3 },
  ];

  it("come back as they were encoded, in ascending order of ids", () => {
    const flags = ConfigurationFlag.JOINT | ConfigurationFlag.AUTO_LEAVE;
    const bytes = encodeConfiguration([...members].reverse(), flags);
    expect(decodeConfiguration(bytes)).toEqual({ members, joint: true, autoLeave: true });
    expect(decodeConfiguration(encodeConfiguration([{ id: 5 }]))).toEqual(of(5));
  });

  it("are refused in every part, and an image that begins with a part of one too", () => {
    const bytes = encodeConfiguration(members);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeConfiguration(bytes.slice(0, length))).toThrow(RangeError);
      expect(splitImage(bytes.slice(0, length))).toBeUndefined();
    }
    const image = splitImage(Uint8Array.of(...bytes, 1, 2, 3));
    expect(image?.configuration).toEqual(bytes);
    expect(image?.machine).toEqual(Uint8Array.of(1, 2, 3));
    expect(image?.members.members).toEqual(members);
  });
});

describe("a planned change", () => {
  it("is made in one step where the voters differ by one at most", () => {
    const target = [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }];
    for (const present of [of(1, 2), of(1, 2, 3), of(1)]) {
      expect(planChange(present, target, "auto")).toEqual({ members: target, flags: 0 });
    }
  });

  it("goes through a joint configuration otherwise, in which nobody who votes is left out", () => {
    const present = of(1, 2, 3);
    present.members.push({ id: 4, roles: LEARNER, address: "", priority: 0 });
    const target = [{ id: 2 }, { id: 3, roles: LEARNER }, { id: 5 }];
    const { flags, members } = planChange(present, target, "auto");
    expect(flags).toBe(ConfigurationFlag.JOINT | ConfigurationFlag.AUTO_LEAVE);
    expect(Object.fromEntries(members.map(({ id, roles }) => [id, roles]))).toEqual({
      1: OUTGOING,
      2: VOTER | OUTGOING,
      3: LEARNER | OUTGOING,
      5: VOTER,
    });
    expect(planChange(of(1), [{ id: 1 }], "always").flags).toBe(flags);
  });

  it("begins with learners where new voters are no members yet", () => {
    expect(withLearners(of(1, 2), [{ id: 2 }, { id: 3, roles: LEARNER }])).toBeUndefined();
    const added = withLearners(of(1), [{ id: 1 }, { id: 2, address: "b", roles: VOTER | WITNESS }]);
    expect(added).toEqual([...of(1).members, { id: 2, address: "b", roles: LEARNER | WITNESS }]);
  });
});

describe("a change under way", () => {
  /** A core in which a change stands at index 5 of term 2. */
  function made(termAt: (index: number) => number | undefined = () => undefined) {
    const core = { configurationIndex: 5, term: 2, commit: 4, configuration: encodeConfiguration([{ id: 1 }]) };
    const context = { core: { ...core, reconfigure: () => 0 }, input: (take: () => number) => take() };
    const changes = new Changes(context as never, termAt);
    const outcome = changes.submit({ members: [{ id: 1 }], flags: 0 }, 60_000).then(
      () => "done",
      (error: Error) => error.name,
    );
    return { core: context.core, changes, outcome };
  }

  it("is done when it is committed in its own term", async () => {
    const { changes, core, outcome } = made();
    changes.settle();
    core.commit = 5;
    changes.settle();
    expect(await outcome).toBe("done");
  });

  it("is lost when it was truncated, or another entry is committed in its place", async () => {
    const truncated = made();
    truncated.core.configurationIndex = 3;
    truncated.changes.settle();
    expect(await truncated.outcome).toBe("LostError");
    const replaced = made(() => 3);
    Object.assign(replaced.core, { term: 3, commit: 5 });
    replaced.changes.settle();
    expect(await replaced.outcome).toBe("LostError");
  });

  it("is done when a later leader has committed it", async () => {
    const { changes, core, outcome } = made(() => 2);
    Object.assign(core, { term: 3, commit: 6 });
    changes.settle();
    expect(await outcome).toBe("done");
  });

  it("waits for what the leader does by itself", async () => {
    const { changes, core, outcome } = made();
    core.commit = 5;
    core.configuration = encodeConfiguration([{ id: 1, roles: VOTER | OUTGOING }], ConfigurationFlag.JOINT);
    changes.settle();
    Object.assign(core, { configurationIndex: 6, configuration: encodeConfiguration([{ id: 1 }]) });
    changes.settle();
    expect(await Promise.race([outcome, Promise.resolve("waiting")])).toBe("waiting");
    core.commit = 6;
    changes.settle();
    expect(await outcome).toBe("done");
  });
});

describe("pending proposals", () => {
  it("that a snapshot takes the place of have an unknown outcome, the others wait on", async () => {
    const pending = new PendingProposals<string>();
    const outcomes = [5, 6, 7].map((index) => pending.add(index, 2, 60_000).catch((error: unknown) => error));
    pending.covered(6);
    expect(await outcomes[0]).toBeInstanceOf(OutcomeUnknownError);
    expect(await outcomes[1]).toBeInstanceOf(OutcomeUnknownError);
    expect(pending.size).toBe(1);
    pending.applied(7, 2, "done");
    expect(await outcomes[2]).toBe("done");
  });
});

describe("dialing", () => {
  it("follows the configuration in force, and lets nobody go before that is committed", () => {
    const configuration: Uint8Array = new Uint8Array(0);
    const state = { members: 0, configurationIndex: 0, commit: 0, configuration, plan: { id: 1 } };
    const calls: string[] = [];
    const transport = {
      addPeer: (id: number, address: string) => void calls.push(`+${id} ${address}`),
      removePeer: (id: number) => void calls.push(`-${id}`),
    };
    const given = [
      { id: 2, address: "given:2" },
      { id: 3, address: "given:3" },
      { id: 1, address: "self" },
    ];
    const dialing = new Dialing(state as never, transport as never, given, undefined);
    const inForce = (index: number, members: Parameters<typeof encodeConfiguration>[0]) => {
      Object.assign(state, { configurationIndex: index, members: members.length });
      state.configuration = encodeConfiguration(members);
      dialing.refresh();
      return calls.splice(0);
    };
    dialing.begin();
    expect(calls.splice(0)).toEqual(["+2 given:2", "+3 given:3"]);
    // Nothing is committed yet: 3 stays.
    expect(
      inForce(4, [
        { id: 1, address: "self" },
        { id: 2, address: "new:2" },
      ]),
    ).toEqual(["+2 new:2"]);
    // It rolls back, and another comes to stand at its place.
    expect(inForce(3, [{ id: 1 }, { id: 2 }, { id: 3 }])).toEqual(["+2 given:2"]);
    expect(inForce(4, [{ id: 1 }, { id: 2 }])).toEqual([]);
    state.configuration = encodeConfiguration([{ id: 1 }, { id: 4, address: "a:4" }]);
    dialing.configurationChanged();
    dialing.refresh();
    expect(calls.splice(0)).toEqual(["+4 a:4"]);
    state.commit = 4;
    dialing.refresh();
    expect(calls.splice(0).sort()).toEqual(["-2", "-3"]);
    dialing.refresh();
    expect(calls).toEqual([]);
  });

  it("stay as they are when the only configuration of a node that joins is removed again", () => {
    const calls: string[] = [];
    const transport = {
      addPeer: (id: number) => calls.push(`+${id}`),
      removePeer: (id: number) => calls.push(`-${id}`),
    };
    const none = { plan: { id: 4 }, commit: 0, configurationIndex: 0, members: 0, configuration: new Uint8Array(0) };
    const state = { ...none };
    const dialing = new Dialing(state as never, transport as never, [{ id: 1, address: "given:1" }], undefined);
    dialing.begin();
    const configuration = encodeConfiguration([{ id: 1 }, { id: 2, address: "a:2" }, { id: 4 }]);
    Object.assign(state, { configurationIndex: 5, members: 3, configuration });
    dialing.refresh();
    Object.assign(state, none);
    dialing.refresh();
    expect(calls).toEqual(["+1", "+2"]);
  });
});

describe("an image on its way in", () => {
  /** A core that only takes note of what it is told. */
  function made() {
    const told: string[] = [];
    const notices: string[] = [];
    const core = new CoreNode(
      new CoreInstance(shippedCore()),
      { ...SERVER_CAPACITY, cluster: 1n, group: 0, id: 1 },
      {} as Effects,
    );
    core.snapshotFailed = () => {
      told.push("failed");
      return 0;
    };
    const context = {
      id: 1,
      core,
      running: true,
      now: () => 0,
      input: (take: () => number) => take(),
      notice: ({ message }: { message: string }) => void notices.push(message),
      fail: () => undefined,
    };
    const installed: number[] = [];
    const store = new MemorySnapshotStore();
    const incoming = new Incoming(context, store, {
      install: ({ index, machine }) => {
        installed.push(index, machine.length);
        return 0;
      },
      discard: (index) => store.remove(index),
    });
    return { told, notices, installed, store, incoming };
  }

  const image = Uint8Array.of(...encodeConfiguration([{ id: 1 }]), 1, 2, 3, 4);
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("is taken over when all chunks are there", async () => {
    const { incoming, installed, store } = made();
    expect(incoming.write(9, 2, 0, image.subarray(0, 10), false)).toBe(0);
    expect(incoming.write(9, 2, 10, image.subarray(10), true)).toBe(0);
    await settled();
    expect(installed).toEqual([9, 4]);
    expect((await store.load(9)).image).toEqual(image);
  });

  it("begins again at offset 0, whatever was there before", async () => {
    const { incoming, installed, store } = made();
    incoming.write(9, 2, 0, image.subarray(0, 10), false);
    incoming.write(12, 3, 0, image.subarray(0, 4), false);
    incoming.write(12, 3, 0, image, true);
    await settled();
    expect(installed).toEqual([12, 4]);
    expect(await store.open()).toEqual([12]);
  });

  it("is asked for from the beginning when a chunk does not continue it", async () => {
    const { incoming, installed, told } = made();
    incoming.write(9, 2, 0, image.subarray(0, 10), false);
    expect(incoming.write(9, 2, 11, image.subarray(11), true)).not.toBe(0);
    expect(told).toEqual([]);
    incoming.settle();
    incoming.settle();
    expect(told).toEqual(["failed"]);
    await settled();
    expect(installed).toEqual([]);
  });

  it("is asked for again when it makes no sense, or cannot be kept", async () => {
    const { incoming, installed, notices, store, told } = made();
    incoming.write(9, 2, 0, image.subarray(0, 9), true);
    await settled();
    expect([installed, told]).toEqual([[], ["failed"]]);
    expect(notices[0]).toContain("does not begin with a configuration");
    expect(await store.open()).toEqual([]);
    const { begin } = store;
    store.begin = (position) => ({
      ...begin.call(store, position),
      write: () => Promise.reject(new Error("the disk is full")),
      abort: () => Promise.resolve(),
    });
    incoming.write(10, 2, 0, image.subarray(0, 9), false);
    await settled();
    expect(told).toEqual(["failed", "failed"]);
    expect(notices[1]).toContain("the disk is full");
  });
});
