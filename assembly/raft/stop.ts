/** A node that cannot go on stops for good: it sends nothing more, and says why. */

import { EventKind } from "../abi/event";
import { Node } from "../abi/node";
import { note } from "./events";

/** Stops the node. The reason is a status code. */
export function stop(n: Node, reason: i32): i32 {
  n.failure = reason;
  note(n, EventKind.STOPPED, <u32>reason, 0);
  return reason;
}
