/** Who does what a client asks for: this node, or the leader. */

import { expect, test } from "vitest";
import { Gateway, type GatewayOptions } from "../../../host/kv/gateway.js";

const request = { method: "GET", target: "/", body: new Uint8Array(0), idempotencyKey: undefined };

test("a node that learns only now that it is a member reads by itself, and needs no address of the leader", async () => {
  let looks = 0;
  const gateway = new Gateway({
    node: { status: { id: 4, leader: 2 }, isLeader: false } as GatewayOptions["node"],
    forwarder: {} as GatewayOptions["forwarder"],
    leaders: { wait: () => Promise.resolve() } as unknown as GatewayOptions["leaders"],
    addressOf: () => undefined,
    random: () => 0,
  });
  const outcome = await gateway.run({
    act: () => Promise.resolve("read"),
    isDoneHere: () => ++looks > 2,
    ...{ effect: "none", wayOut: "", request, forwardedBy: undefined },
    ...{ deadline: performance.now() + 60_000, signal: new AbortController().signal },
  });
  expect(outcome).toMatchObject({ kind: "applied", result: "read" });
  expect(looks).toBe(3);
});
