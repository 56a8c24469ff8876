/** What the white-box tests rely on: the layout of unmanaged classes, and imports that throw when they are reached. */

import { cancel } from "../abi/imports/timer";
import { Plan } from "../abi/plan";

describe("an unmanaged class", () => {
  it("lies in memory field by field", () => {
    const address = heap.alloc(offsetof<Plan>());
    const plan = changetype<Plan>(address);
    plan.cluster = 0x0102030405060708;
    expect<u8>(load<u8>(address + offsetof<Plan>("cluster"))).toBe(8, "little-endian");
    heap.free(address);
  });
});

describe("an import", () => {
  throws("is not called unnoticed", () => {
    cancel(0, 0);
  });
});
