/** Mutants of storage: the write-ahead log, its recovery, its lock, and snapshots on disk. */

import type { HostMutant } from "./mutant.js";

const WRITER = "host/storage/wal/writer.ts";
const RECOVERY = "host/storage/wal/recovery.ts";
const REPLAY = "host/storage/wal/replay.ts";
const FORMAT = "host/storage/wal/format.ts";
const SNAPSHOT_WRITER = "host/storage/snapshot/writer.ts";

/** Crashes and damage at every place, on a simulated disk. */
const CRASH = "tests/host/storage/wal-crash.test.ts";
const DAMAGE = "tests/host/storage/wal-damage.test.ts";
const FAULTS = "tests/host/storage/wal-faults.test.ts";
const COMMIT = "tests/host/storage/wal-commit.test.ts";
const WAL = [CRASH, DAMAGE, FAULTS, COMMIT];
const SNAPSHOTS = ["tests/host/storage/snapshot-store.test.ts", "tests/host/node/crash.test.ts"];

export const STORAGE_MUTANTS: readonly HostMutant[] = [
  {
    name: "wal-skips-fsync",
    rule: "What is reported durable was synced.",
    file: WRITER,
    text: "    await file.sync();\n",
    instead: "",
    tests: WAL,
  },
  {
    name: "wal-reports-durable-before-the-sync",
    rule: "A batch is reported durable after its sync.",
    file: WRITER,
    text: "    const sequence = this.log.written;\n    try {",
    instead: "    const sequence = this.log.written;\n    this.events.durable(sequence);\n    try {",
    tests: WAL,
  },
  {
    name: "wal-retries-a-failed-sync",
    rule: "A sync that failed is not repeated, and nothing is reported durable after it (fsyncgate).",
    file: WRITER,
    text: "    await file.sync();\n",
    instead: "    await file.sync().catch(() => file.sync());\n",
    tests: WAL,
  },
  {
    name: "wal-ignores-a-failed-write",
    rule: "After a write that failed nothing is reported durable.",
    file: WRITER,
    text: "    } catch (error) {\n      this.fail(error);\n    }",
    instead: "    } catch {\n      this.requested = 0;\n    }",
    tests: WAL,
  },
  {
    name: "wal-segment-named-before-it-is-durable",
    rule: "A segment gets its name when its header is durable.",
    file: "host/storage/wal/segment.ts",
    text: "    await file.sync();\n",
    instead: "",
    tests: WAL,
  },
  {
    name: "wal-folder-not-synced",
    rule: "A segment's name is durable before anything in it is relied upon.",
    file: "host/storage/wal/segment.ts",
    text: "  await fs.syncFolder(folder);\n",
    instead: "",
    tests: WAL,
  },
  {
    name: "wal-ignores-the-checksum",
    rule: "A record whose checksum is wrong is not believed.",
    file: FORMAT,
    text: "return view.getUint32(at + RECORD_CRC, true) === crc32c(bytes.subarray(at + RECORD_LENGTH, at + size));",
    instead: "return size > 0 && bytes.length > 0;",
    tests: WAL,
  },
  {
    name: "wal-ignores-the-header-checksum",
    rule: "A segment whose header's checksum is wrong is not believed.",
    file: FORMAT,
    text: "  if (!sound) throw damage(file, HEADER_CRC, ",
    instead: "  if (!sound && version === 0) throw damage(file, HEADER_CRC, ",
    tests: WAL,
  },
  {
    name: "wal-believes-a-record-of-another-place",
    rule: "A record is believed only in the segment, and at the place, for which it was made.",
    file: FORMAT,
    text: "    view.getUint32(at + RECORD_SALT, true) === salt &&\n    view.getUint32(at + RECORD_OFFSET, true) === offset &&\n",
    instead: "    salt + offset >= 0 &&\n",
    tests: WAL,
  },
  {
    name: "wal-torn-tail-kept",
    rule: "A torn tail is cut off before anything is written behind it.",
    file: RECOVERY,
    text: "    if (torn !== undefined) file.truncate(torn.offset);\n",
    instead: "",
    tests: WAL,
  },
  {
    name: "wal-damage-taken-for-a-torn-tail",
    rule: "Damage to what was durable is refused, and not cut off.",
    file: RECOVERY,
    text: "  if (proof !== undefined) {",
    instead: "  if (proof === -1) {",
    tests: WAL,
  },
  {
    name: "wal-damage-in-an-earlier-segment-ignored",
    rule: "A bad record in a segment that another one follows is damage.",
    file: RECOVERY,
    text: "  if (end < length) throw damage(",
    instead: "  if (end < 0) throw damage(",
    tests: WAL,
  },
  {
    name: "wal-missing-segment-ignored",
    rule: "A log with a segment missing is refused.",
    file: RECOVERY,
    text: "    if (number === expected) return;",
    instead: "    if (number >= expected) return;",
    tests: WAL,
  },
  {
    name: "wal-last-batch-not-written-again",
    rule: "Recovery writes the last batch again: it may have been read from the system's cache alone.",
    file: RECOVERY,
    text: "    await rewrite(file, recovered.batch, last.end);\n",
    instead: "    if (last.end < 0) await rewrite(file, recovered.batch, last.end);\n",
    tests: WAL,
  },
  {
    name: "wal-recovered-log-not-synced",
    rule: "What recovery found is made durable before it is relied upon.",
    file: RECOVERY,
    text: "    await file.sync();\n",
    instead: "",
    tests: WAL,
  },
  {
    name: "wal-forgets-a-truncation",
    rule: "A truncation is replayed when the log is recovered.",
    file: REPLAY,
    text: "      this.truncate(index);\n",
    instead: "",
    tests: WAL,
  },
  {
    name: "wal-forgets-a-vote",
    rule: "Term and vote are recovered together.",
    file: REPLAY,
    text: "window.view.getUint32(body + 8, true));",
    instead: "0);",
    tests: WAL,
  },
  {
    name: "hard-state-in-two-records",
    rule: "Term and vote are one record: after a crash both are there, or neither.",
    file: "host/storage/wal/log.ts",
    text: "    this.index.gathering.addHardState(term, vote);\n",
    instead:
      "    this.index.gathering.addHardState(this.state.term, vote);\n    this.index.gathering.addHardState(term, vote);\n",
    tests: [CRASH],
  },
  {
    name: "wal-loses-entries-unnoticed",
    rule: "A log that lacks entries which its segments speak of is refused.",
    file: REPLAY,
    text: "if (this.missing <= this.state.compacted) return;",
    instead: "if (this.missing >= 0) return;",
    tests: WAL,
  },
  {
    name: "wal-removes-what-is-not-compacted",
    rule: "A segment is removed when all that is in it is compacted durably.",
    file: WRITER,
    text: "      if (oldest.highest > compacted) return;\n",
    instead: "      if (compacted === 0) return;\n",
    tests: WAL,
  },
  {
    name: "lock-ignored",
    rule: "A folder belongs to one living process.",
    file: "host/storage/wal/lock.ts",
    text: "    throw inUse(folder, other, file);",
    instead: "    continue;",
    tests: ["tests/host/storage/lock.test.ts"],
  },
  {
    name: "snapshot-renamed-before-fsync",
    rule: "A snapshot gets its name when it is durable as a whole.",
    file: SNAPSHOT_WRITER,
    text: "      await file.sync();\n",
    instead: "",
    tests: SNAPSHOTS,
  },
  {
    name: "snapshot-name-not-durable",
    rule: "A snapshot's name is durable before it is relied upon.",
    file: SNAPSHOT_WRITER,
    text: "      await this.fs.syncFolder(folder);\n",
    instead: '      if (folder === "") await this.fs.syncFolder(folder);\n',
    tests: SNAPSHOTS,
  },
  {
    name: "damaged-snapshot-accepted",
    rule: "A snapshot with a damaged block is not taken, nor sent.",
    file: "host/storage/snapshot/disk.ts",
    text: "!== blockChecksum(info, block, body)",
    instead: "< 0 * blockChecksum(info, block, body)",
    tests: SNAPSHOTS,
  },
  {
    name: "damaged-snapshot-header-accepted",
    rule: "A snapshot with a damaged header is not taken.",
    file: "host/storage/snapshot/format.ts",
    text: "if (view.getUint32(4, true) !== crc32c(header.subarray(8)))",
    instead: "if (view.getUint32(4, true) < 0)",
    tests: SNAPSHOTS,
  },
];
