/** Mutants of snapshots: what is compacted, installed and kept. */

import type { Mutant } from "./mutant.js";

const SNAPSHOT = "assembly/raft/snapshot.ts";

export const SNAPSHOT_MUTANTS: readonly Mutant[] = [
  {
    name: "snapshot-of-what-is-not-applied",
    rule: "A snapshot of what is not applied here is not this node's own.",
    file: SNAPSHOT,
    text: "if (index > n.applied) return install",
    instead: "if (index > n.last) return install",
  },
  {
    name: "compaction-past-the-snapshot",
    rule: "Only what a durable snapshot covers is removed.",
    file: SNAPSHOT,
    text: "if (index > keep) n.compacted = max(n.compacted, index - keep);",
    instead: "if (index > keep) n.compacted = max(n.compacted, n.commit);",
  },
  {
    name: "kept-entries-compacted",
    rule: "What the plan keeps behind a snapshot is kept.",
    file: SNAPSHOT,
    text: "const keep = <u64>planOf(n).keepEntries;",
    instead: "const keep: u64 = 0;",
  },
  {
    name: "install-drops-what-was-acknowledged",
    rule: "A snapshot of what the log holds leaves the log as it is.",
    file: SNAPSHOT,
    text: "return index <= n.commit || (knowsTerm(n, index) ? termAt(n, index) == term : index <= n.verified);",
    instead: "return index <= n.commit;",
  },
  {
    name: "install-over-the-term-table",
    rule: "What equals the leader's log is held, even where its term is not known any more.",
    file: SNAPSHOT,
    text: " : index <= n.verified);",
    instead: " : false);",
  },
  {
    name: "install-keeps-what-conflicts",
    rule: "A snapshot takes the place of a log that conflicts with it, in storage, too.",
    file: SNAPSHOT,
    text: "  if (n.written > index) n.truncateFrom = index + 1;\n",
    instead: "",
  },
  {
    name: "leader-installs",
    rule: "A leader's log is not replaced by a snapshot that came in before it was one.",
    file: SNAPSHOT,
    text: "  if (n.role == Role.LEADER) return StatusCode.STALE;\n",
    instead: "",
  },
  {
    name: "chunks-out-of-order",
    rule: "A chunk is taken only behind the one before it.",
    file: SNAPSHOT,
    text: "(body.offset == n.incomingOffset) & ",
    instead: "",
  },
  {
    name: "chunks-of-two-snapshots",
    rule: "Chunks of one snapshot are not put behind those of another.",
    file: SNAPSHOT,
    text: "if (index != n.incomingIndex) {",
    instead: "if (n.incomingIndex == 0) {",
  },
  {
    name: "incoming-kept-over-terms",
    rule: "What came in from the leader of one term is not continued by the next one's.",
    file: "assembly/raft/role.ts",
    text: "    dropIncoming(n);\n    clearDues(n);\n    setRole(n, Role.FOLLOWER);",
    instead: "    clearDues(n);\n    setRole(n, Role.FOLLOWER);",
  },
  {
    name: "chunk-counted-before-it-is-taken",
    rule: "A chunk that the host did not take is sent again.",
    file: SNAPSHOT,
    text: "place, bytes, last) != 0) return;",
    instead: "place, bytes, last) < -1000) return;",
  },
  {
    name: "chunk-reply-of-another-snapshot",
    rule: "An answer to a chunk of an older snapshot moves nothing.",
    file: SNAPSHOT,
    text: " | (reply.index != peer.chunkIndex)) return;",
    instead: ") return;",
  },
  {
    name: "late-chunk-reply-believed",
    rule: "A late answer does not move the place from which a snapshot is sent.",
    file: SNAPSHOT,
    text: "  if ((reply.offset != peer.chunkOffset + peer.chunkLength) & (reply.sent < peer.chunkSent)) return;\n",
    instead: "",
  },
  {
    name: "compacted-entries-sent",
    rule: "A follower that needs entries which are compacted is sent the snapshot.",
    file: SNAPSHOT,
    text: "return prev < n.compacted || (prev != n.snapshotIndex && !knowsTerm(n, prev));",
    instead: "return false;",
  },
  {
    name: "follower-told-to-pipeline-before-the-snapshot",
    rule: "Behind a snapshot nothing is sent before it is installed.",
    file: "assembly/raft/replication.ts",
    text: "? match >= peer.chunkIndex :",
    instead: "? match + 1 > 0 :",
  },
  {
    name: "snapshot-waited-for-although-not-needed",
    rule: "A follower that turns out to need no snapshot is sent entries again.",
    file: "assembly/raft/replication.ts",
    text: "(peer.state == PeerState.SNAPSHOT) & needed ?",
    instead: "peer.state == PeerState.SNAPSHOT ?",
  },
];
