/** What the core lets out, and where it goes. Each effect holds only during its call: bytes lie in the core's memory. */

import type { Barrier } from "../barrier.js";
import { EventKind, SnapshotAnswer, StatusCode, StorageAnswer } from "../core/abi.js";
import type { CoreInstance, Effects } from "../core/instance.js";
import type { StateMachine } from "../machine/machine.js";
import type { Observer } from "../observer/observer.js";
import type { PendingProposals } from "../pending.js";
import { READ_FAILED, type Storage } from "../storage/storage.js";
import type { Timers } from "../timer/timer.js";
import type { NodeId, Transport } from "../transport/transport.js";
import type { Reads } from "./reads.js";
import type { Snapshots } from "./snapshots.js";

export interface EffectTargets<Result> {
  readonly instance: CoreInstance;
  readonly storage: Storage;
  readonly transport: Transport;
  readonly timers: Timers;
  readonly machine: StateMachine<Result>;
  readonly observer: Observer | undefined;
  readonly barrier: Barrier;
  readonly pending: PendingProposals<Result>;
  readonly reads: () => Reads;
  readonly snapshots: () => Snapshots;
  /** The leader is another one, 0 for none. */
  readonly leaderChanged: (leader: NodeId, term: number) => void;
  readonly configurationChanged: () => void;
  /** An effect failed, and the core is going to stop; this is why. */
  readonly failed: (cause: unknown) => void;
}

export function makeEffects<Result>(targets: EffectTargets<Result>): Effects {
  const { barrier, failed, instance, machine, observer, pending, storage, timers, transport } = targets;
  const slice = (address: number, length: number) => instance.bytes.subarray(address, address + length);
  /** Does what may throw; then the core stops with this answer. */
  const attempt = (action: () => number, answer: number): number => {
    try {
      return action();
    } catch (error) {
      failed(error);
      return answer;
    }
  };
  /** Does a write and answers whether it is durable already. */
  const write = (action: () => void): number =>
    attempt(() => {
      action();
      return storage.durable === storage.written ? StorageAnswer.DURABLE : StorageAnswer.TAKEN;
    }, StorageAnswer.FAILED);
  return {
    hardState: (term, vote) => write(() => storage.writeHardState({ term, vote })),
    truncate: (from) => {
      barrier.truncated(from);
      return write(() => storage.truncate(from));
    },
    append: (first, count, lastTerm, entries, length) => {
      const answer = write(() => storage.append(first, slice(entries, length)));
      if (answer === StorageAnswer.TAKEN) barrier.appended(storage.written, first + count - 1, lastTerm);
      targets.snapshots().appended(length);
      return answer;
    },
    compact: (index) => write(() => storage.compact(targets.snapshots().compaction(index))),
    read: (index, count, into, capacity) =>
      attempt(() => storage.read(index, count, slice(into, capacity)), READ_FAILED),
    send: (to, message, length, held) => {
      const bytes = slice(message, length);
      if (held && storage.durable < storage.written) barrier.hold(storage.written, to, bytes);
      else transport.send(to, bytes);
    },
    arm: (kind, delay, jitter) => timers.arm(kind, delay, jitter),
    cancel: (kind) => timers.cancel(kind),
    apply: (index, term, command, length) =>
      attempt(() => {
        pending.applied(index, term, machine.apply(slice(command, length), { index, term }));
        return 0;
      }, StatusCode.MACHINE_FAILED),
    readSnapshot: (index, offset, into, capacity, witness) =>
      attempt(
        () => targets.snapshots().readChunk(index, offset, slice(into, capacity), witness),
        SnapshotAnswer.FAILED,
      ),
    writeSnapshot: (index, term, offset, bytes, length, last) =>
      targets.snapshots().writeChunk(index, term, offset, slice(bytes, length), last),
    reads: (ticket, _index, answered) => targets.reads().answer(ticket, answered),
    event: (kind, first, second) => {
      if (kind === EventKind.LEADER) targets.leaderChanged(first, second);
      if (kind === EventKind.CONFIGURATION) targets.configurationChanged();
      if (observer !== undefined && (observer.mask & (1 << kind)) !== 0) observer.event(kind, first, second);
    },
  };
}
