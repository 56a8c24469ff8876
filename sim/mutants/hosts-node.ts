/** Mutants of the node around the core, of its transport and of sessions. */

import type { HostMutant } from "./mutant.js";

const BARRIER = "host/barrier.ts";
const CORE_NODE = "host/core/node.ts";
const DIALING = "host/node/dialing.ts";
const EFFECTS = "host/node/effects.ts";
const RECOVERY = "host/node/recovery.ts";
const SNAPSHOTS = "host/node/snapshots.ts";
const STOPPED_NODE = "host/stopped-node.ts";
const SESSION_TABLE = "host/session/session-table.ts";

const GUARDS = "tests/host/node/guards.test.ts";
const BARRIER_TESTS = ["tests/host/barrier.test.ts", "tests/host/node/durability.test.ts"];
const CRASH_TESTS = ["tests/host/node/crash.test.ts", "tests/host/node/snapshots.test.ts"];
const NODE_TESTS = ["tests/host/node.test.ts", "tests/host/node/parts.test.ts", "tests/host/node/crash.test.ts"];
const READ_TESTS = ["tests/host/node/reads.test.ts", "tests/host/node/parts.test.ts", "tests/host/node.test.ts"];
const STOPPED_TESTS = ["tests/host/stopped-node.test.ts"];
const SESSION_TESTS = ["tests/host/session.test.ts", "tests/host/session-model.test.ts"];

export const NODE_MUTANTS: readonly HostMutant[] = [
  {
    name: "barrier-lets-go-early",
    rule: "A message with a barrier leaves when the writes before it are durable.",
    file: BARRIER,
    text: "while (this.#held[0] !== undefined && this.#held[0].sequence <= sequence) {",
    instead: "while (this.#held[0] !== undefined) {",
    tests: BARRIER_TESTS,
  },
  {
    name: "barrier-ignored",
    rule: "A message with a barrier is held while writes are under way.",
    file: EFFECTS,
    text: "if (held && storage.durable < storage.written)",
    instead: "if (held && storage.durable > storage.written)",
    tests: BARRIER_TESTS,
  },
  {
    name: "barrier-reports-what-was-truncated",
    rule: "The durability of entries that were removed is not reported.",
    file: EFFECTS,
    text: "      barrier.truncated(from);\n",
    instead: "",
    tests: BARRIER_TESTS,
  },
  {
    name: "durability-answered-before-it-is",
    rule: "The core is told that a write is durable only if it is.",
    file: EFFECTS,
    text: "return storage.durable === storage.written ? StorageAnswer.DURABLE : StorageAnswer.TAKEN;",
    instead: "return StorageAnswer.DURABLE;",
    tests: NODE_TESTS,
  },
  {
    name: "failed-write-ignored",
    rule: "A node whose storage refuses a write stops.",
    file: EFFECTS,
    text: "    }, StorageAnswer.FAILED);",
    instead: "    }, StorageAnswer.TAKEN);",
    tests: [...NODE_TESTS, ...CRASH_TESTS],
  },
  {
    name: "failed-apply-ignored",
    rule: "A node whose state machine fails stops.",
    file: EFFECTS,
    text: "      }, StatusCode.MACHINE_FAILED),",
    instead: "      }, 0),",
    tests: NODE_TESTS,
  },
  {
    name: "reads-answered-before-they-are-told",
    rule: "A read is answered when the core says so.",
    file: "host/node/reads.ts",
    text: "    const batch = makeBatch(core.readTicket);\n",
    instead: "    const batch = makeBatch(core.readTicket);\n    batch.resolve();\n",
    tests: READ_TESTS,
  },
  {
    name: "refused-reads-answered",
    rule: "A read that the core refuses is not answered.",
    file: "host/node/reads.ts",
    text: "else batch?.reject(new ReadRefusedError());",
    instead: "else batch?.resolve();",
    tests: READ_TESTS,
  },
  {
    name: "reads-join-a-round-that-is-under-way",
    rule: "A read does not join those whose round has begun.",
    file: "host/node/reads.ts",
    text: "  endTurn(): void {\n    this.#indexBatch = undefined;\n",
    instead: "  endTurn(): void {\n",
    tests: READ_TESTS,
  },
  {
    name: "lease-kept-over-inputs",
    rule: "A lease that was found is not relied upon after the next input.",
    file: "host/node/reads.ts",
    text: "  disturb(): void {\n    this.#leaseAt = NEVER;",
    instead: "  disturb(): void {",
    tests: [...READ_TESTS, GUARDS],
  },
  {
    name: "proposal-of-another-term-answered",
    rule: "A proposal is answered only by the entry of its own term.",
    file: "host/pending.ts",
    text: "    if (pending.term !== term) {",
    instead: "    if (pending.term > term) {",
    tests: [...NODE_TESTS, GUARDS],
  },
  {
    name: "log-compacted-to-the-newest-snapshot",
    rule: "The log is kept back to the older of two snapshots, in case that the newest is damaged.",
    file: SNAPSHOTS,
    text: "return Math.min(index, this.#older);",
    instead: "return index;",
    tests: CRASH_TESTS,
  },
  {
    name: "snapshot-with-a-configuration-that-is-not-applied",
    rule: "A snapshot holds the configuration as of its index.",
    file: SNAPSHOTS,
    text: "    if (core.configurationIndex > core.applied) return;\n",
    instead: "",
    tests: [...CRASH_TESTS, "tests/host/node/membership.test.ts"],
  },
  {
    name: "machine-not-restored-from-the-leaders-snapshot",
    rule: "A node that installs a snapshot takes the state machine from it.",
    file: SNAPSHOTS,
    text: "if (!this.#isWitness()) machine.restore?.(snapshot.machine);",
    instead: "if (this.#isWitness()) machine.restore?.(snapshot.machine);",
    tests: CRASH_TESTS,
  },
  {
    name: "machine-restored-from-a-snapshot-that-came-late",
    rule: "A leader's snapshot that the log has passed meanwhile does not take the state machine back.",
    file: SNAPSHOTS,
    text: "status === StatusCode.OK && !isAhead",
    instead: "status === StatusCode.OK && !isAhead && index < 0",
    tests: CRASH_TESTS,
  },
  {
    name: "vote-kept-for-a-later-term",
    rule: "A vote is not carried into the term of a snapshot that reached the disk before the term did.",
    file: RECOVERY,
    text: "const vote = term === savedTerm ? savedVote : 0;",
    instead: "const vote = savedVote;",
    tests: [...CRASH_TESTS, GUARDS],
  },
  {
    name: "log-that-conflicts-with-the-snapshot-kept",
    rule: "A log that does not hold what the snapshot covers is not continued.",
    file: RECOVERY,
    text: "  if (recovered.lastIndex < index) return false;\n",
    instead: "  if (recovered.lastIndex > 0) return true;\n",
    tests: CRASH_TESTS,
  },
  {
    name: "chunks-of-an-incoming-snapshot-mixed",
    rule: "A chunk is written only behind the one before it.",
    file: "host/node/incoming.ts",
    text: "transfer.index !== index || transfer.offset !== offset || ",
    instead: "",
    tests: [...CRASH_TESTS, GUARDS],
  },
  {
    name: "session-duplicate-applied-twice",
    rule: "A command that was applied is answered, and not applied again.",
    file: "host/session/machine.ts",
    text: '    if (place.kind === "answered") {',
    instead: '    if (place.kind === "answered" && position.index === 0) {',
    also: [
      {
        file: "host/session/machine.ts",
        text: "    place.keep(this.#codec.encode(result));",
        instead: '    if (place.kind === "new") place.keep(this.#codec.encode(result));',
      },
    ],
    tests: SESSION_TESTS,
  },
  {
    name: "acknowledged-command-applied-again",
    rule: "A command whose answer was acknowledged is not applied again.",
    file: SESSION_TABLE,
    text: "    if (sequence < session.lowest) {",
    instead: "    if (sequence < 0) {",
    tests: SESSION_TESTS,
  },
  {
    name: "sessions-not-in-the-snapshot",
    rule: "A snapshot holds the sessions.",
    file: "host/session/machine.ts",
    text: "    this.#sessions = sessions;\n",
    instead: "",
    tests: SESSION_TESTS,
  },
  {
    name: "answers-not-in-the-snapshot",
    rule: "A snapshot holds the answers of each session.",
    file: SESSION_TABLE,
    text: "  session.answers.set(sequence, answer);\n",
    instead: "",
    tests: SESSION_TESTS,
  },
  {
    name: "sessions-expire-by-this-nodes-clock",
    rule: "A session expires by the time in the log, which is the same on all nodes.",
    file: "host/session/machine.ts",
    text: "    this.#advance(envelope.time);",
    instead: "    this.#advance(Date.now());",
    tests: SESSION_TESTS,
  },
  {
    name: "corrupted-frames-delivered",
    rule: "A frame whose checksum is wrong is not delivered.",
    file: "host/transport/frame.ts",
    text: "    if (stated !== computed) {",
    instead: "    if (stated < 0) {",
    tests: ["tests/host/transport/frame.test.ts"],
  },
  {
    name: "strangers-messages-delivered",
    rule: "Nothing is believed before the hello.",
    file: "host/transport/connection.ts",
    text: "if (known && kind === FRAME_KIND.message) {",
    instead: "if (kind === FRAME_KIND.message) {",
    tests: ["tests/host/transport/tcp-hostile.test.ts", "tests/host/transport/connection.test.ts"],
  },
  {
    name: "each-keeps-what-it-dialled",
    rule: "Of two connections that crossed, both nodes keep the same.",
    file: "host/transport/survivor.ts",
    text: "return later.dialled === ownIsLower;",
    instead: "return later.dialled;",
    tests: ["tests/host/transport"],
  },
  {
    name: "connections-outlive-their-process",
    rule: "The connection with a new process of a peer replaces that with an earlier one.",
    file: "host/transport/survivor.ts",
    text: "  if (later.peerIncarnation !== current.peerIncarnation) return true;\n",
    instead: "",
    tests: ["tests/host/transport"],
  },
  {
    name: "recovery-behind-a-superseded-log",
    rule: "A recovered configuration stands behind what the node's next start will take over.",
    file: STOPPED_NODE,
    text: "const isLogSuperseded = snapshot !== undefined && !continuesFrom(log, snapshot);",
    instead: "const isLogSuperseded = false as boolean;",
    tests: STOPPED_TESTS,
  },
  {
    name: "recovery-stays-in-its-term",
    rule: "What is recovered begins in a term that nobody has seen.",
    file: STOPPED_NODE,
    text: "const term = Math.max(state.term, state.lastTerm) + TERM_LEAP;",
    instead: "const term = Math.max(state.term, state.lastTerm) + 0 * TERM_LEAP;",
    tests: STOPPED_TESTS,
  },
  {
    name: "recovery-without-a-lock",
    rule: "Nobody else writes to a folder that is recovered.",
    file: STOPPED_NODE,
    text: "return fs.lock(folder);",
    instead: "return { release: () => undefined };",
    tests: STOPPED_TESTS,
  },
  {
    name: "age-forgotten-when-woken",
    rule: "A node that wakes from a rest has not heard of its leader by that.",
    file: CORE_NODE,
    text: "this.#heardBefore === undefined || this.quiet ?",
    instead: "this.#heardBefore === undefined ?",
    tests: ["tests/host/node/staleness.test.ts"],
  },
  {
    name: "newest-snapshot-removed",
    rule: "A snapshot that the log relies on stays, whatever fails.",
    file: SNAPSHOTS,
    text: "index === this.#newest?.index || ",
    instead: "",
    tests: ["tests/host/node/incoming.test.ts"],
  },
  {
    name: "members-let-go-without-a-configuration",
    rule: "Where no configuration is known, nobody is let go.",
    file: DIALING,
    text: "this.#dropsWait = this.#core.members > 0;",
    instead: "this.#dropsWait = true;",
    tests: ["tests/host/node/parts.test.ts"],
  },
];
