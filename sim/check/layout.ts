/**
 * Which words of an arena make up a node's state. The layouts come from the generated ABI, and every field counts as live
 * unless it is named here; so a field that a new version of the core brings is live by itself.
 *
 * What is not live is one of three. CONSTANT fields are as init left them, and that is checked after every step. DEAD
 * fields are written before they are read again, or are not read in the node's role; that is tested by filling them with
 * junk (local-model.ts). ABSTRACTED fields do have an influence, of which docs/model-checking.md says why it does no
 * harm to leave it out: they are counters and times, and are 0 or set by the input.
 */

import { Node, Peer } from "../../host/core/abi.js";

type Struct = Readonly<Record<string, number>>;

const NODE = {
  constant: [
    "magic stage failure first snapshotIndex snapshotTerm now compacted readTicket transferTarget quiet",
    "maxPayload inboxOffset peersOffset slotsOffset",
    "bytesOffset outboxOffset baseOffset eventsOffset slotMask termsOffset baseIndex termCount truncateFrom busy",
    "dueToAll timers eventMask eventsPending contactBase transferDeadline idleRounds chunkLength",
    "incomingIndex incomingTerm incomingOffset incomingDone readStrict roundWanted roundConfirmed readAsked",
    "readConfirmed readIndex readRefused readTold savedCompacted",
  ],
  dead: ["electionDelay sharedLength sharedNext"],
  abstracted: ["electionBase lastHeard round"],
  leaders: ["officeIndex termIndex roundLast"],
  candidates: ["handOver"],
  ids: ["vote leader savedVote"],
};

const PEER = {
  constant: ["due replyRejected priority readTicket readRound chunkIndex chunkOffset chunkSent chunkLength"],
  // They count only together with a bit of `due`, which is 0 after every flush.
  dead: ["replyGranted replyHintIndex replyHintTerm replyTerm"],
  abstracted: ["lastAck ackRound sequenceSent sequenceAcked replySequence replyRound replySent"],
  leaders: ["match next commitSent state paused"],
  candidates: ["vote"],
  ids: ["id"],
};

/** The words of a struct by what becomes of them, as offsets in words. */
export interface WordClasses {
  /** First words of the fields that make up the state; the upper words of u64 fields are constant. */
  readonly live: Int32Array;
  readonly constant: Int32Array;
  readonly dead: Int32Array;
  readonly abstracted: Int32Array;
  /** Positions in `live` of the fields that only a leader reads. */
  readonly leaders: Int32Array;
  /** Positions in `live` of the fields that only a candidate reads. */
  readonly candidates: Int32Array;
  /** Positions in `live` of the fields that hold a node's id. */
  readonly ids: Int32Array;
  /** The position in `live` of a field. */
  position(field: string): number;
}

function names(lines: readonly string[]): Set<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}

function classify(struct: Struct, classes: typeof NODE | typeof PEER): WordClasses {
  const fields = Object.entries(struct)
    .filter(([name]) => name !== "size")
    .sort(([, a], [, b]) => a - b);
  const known = new Set(fields.map(([name]) => name));
  for (const name of Object.values(classes).flatMap((lines) => [...names(lines)])) {
    if (!known.has(name)) throw new Error(`the core's layout has no field ${name}: sim/check/layout.ts is stale`);
  }
  const constant = names(classes.constant);
  const words: Record<"live" | "constant" | "dead" | "abstracted", number[]> = {
    live: [],
    constant: [],
    dead: [],
    abstracted: [],
  };
  const liveNames: string[] = [];
  for (const [i, [name, offset]] of fields.entries()) {
    const end = (fields[i + 1]?.[1] ?? (struct["size"] as number)) >> 2;
    const all = Array.from({ length: end - (offset >> 2) }, (_, word) => (offset >> 2) + word);
    if (constant.has(name)) words.constant.push(...all);
    else if (names(classes.dead).has(name)) words.dead.push(...all);
    else if (names(classes.abstracted).has(name)) words.abstracted.push(...all);
    else {
      liveNames.push(name);
      words.live.push(...all.slice(0, 1));
      words.constant.push(...all.slice(1));
    }
  }
  const position = (name: string): number => {
    const found = liveNames.indexOf(name);
    if (found < 0) throw new Error(`${name} is not among the fields that make up a node's state`);
    return found;
  };
  const positions = (lines: readonly string[]) => Int32Array.from([...names(lines)], position);
  return {
    live: Int32Array.from(words.live),
    constant: Int32Array.from(words.constant),
    dead: Int32Array.from(words.dead),
    abstracted: Int32Array.from(words.abstracted),
    leaders: positions(classes.leaders),
    candidates: positions(classes.candidates),
    ids: positions(classes.ids),
    position,
  };
}

export const NODE_WORDS = classify(Node, NODE);
export const PEER_WORDS = classify(Peer, PEER);
/** Words from one Peer record to the next: the size rounded up to a multiple of 8 bytes. */
export const PEER_STRIDE = ((Peer.size + 7) & ~7) >> 2;
