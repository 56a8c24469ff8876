/**
 * By whose voters the rule "commit quorum" judges: those of the configuration by which the leader committed. That need not be
 * the one in force when the simulator looks: a commit can bring about the next one.
 */

import { expect, it } from "vitest";
import { MemberRole } from "../../host/core/abi.js";
import { V8Core } from "../../sim/v8-core.js";
import { OK, Scenario } from "../contract/scenario.js";

const { LEARNER, PROMOTE } = MemberRole;

it("what a leader commits is on the voters before, when it promotes a learner with the same input", () => {
  const nodes = [{}, {}, { isStranger: true }];
  const w = new Scenario(new V8Core(), { nodes, members: [{ id: 1 }, { id: 2 }] });
  w.elect(1);
  w.rounds(1);
  // The leader on its way out looks at each commit what is to follow; node 3 has caught up by then.
  const members = [{ id: 1, roles: LEARNER }, { id: 2 }, { id: 3, roles: LEARNER | PROMOTE }];
  expect(w.reconfigure(1, members)).toBe(OK);
  w.deliverAmong(1, 3);
  w.propose(1, "x");
  w.drop(1, 3);
  w.deliver(1, 2);
  w.drop(2, 1);
  w.deliver(1, 2);
  const { last } = w.state(1);
  w.deliver(2, 1);
  // Committed by node 2 alone, which is no majority of the voters that there are now.
  expect([w.world.committed, w.members(1), w.state(3).last]).toEqual([last, "1L 2 3", last - 1]);
});
