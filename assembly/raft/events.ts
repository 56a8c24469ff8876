/** Events for the observer: noted while inputs are taken, let out at the end of flush. */

import { EventKind } from "../abi/event";
import { Node } from "../abi/node";
import { eventsOf } from "../state/arena";
import { Effects } from "./effects";

// @ts-ignore: decorator
@inline
function argumentsOf(n: Node, kind: u32): usize {
  return eventsOf(n) + <usize>kind * 16;
}

/** Notes an event. Unobserved, it costs one test. */
export function note(n: Node, kind: u32, first: u64, second: u64): void {
  if ((n.eventMask & (1 << kind)) == 0) return;
  store<u64>(argumentsOf(n, kind), first);
  store<u64>(argumentsOf(n, kind), second, 8);
  n.eventsPending |= 1 << kind;
}

/** Lets the pending events out. */
export function flushEvents<Sink extends Effects>(n: Node): void {
  const pending = n.eventsPending;
  if (pending == 0) return;
  n.eventsPending = 0;
  for (let kind: u32 = 0; kind < EventKind.COUNT; kind++) {
    if ((pending & (1 << kind)) == 0) continue;
    const place = argumentsOf(n, kind);
    changetype<Sink>(0).event(n, kind, load<u64>(place), load<u64>(place, 8));
  }
}
