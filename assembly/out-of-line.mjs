/**
 * A transform of the AssemblyScript compiler: keeps functions out of line that are seldom called from where every commit
 * passes. Inlined there, which the optimizer does with what has one caller or is small, they make the hot functions large
 * and the module larger. What it gains is measured by `metalraft bench` (commit) and `metalraft inspect` (bytes).
 *
 * Named here and not in the sources, because AssemblyScript has no decorator for it. A name that no function has is an
 * error: the list cannot go stale unnoticed.
 */

/** Functions by file in assembly/. */
const OUT_OF_LINE = {
  index: ["check"],
  "raft/append": ["noteEcho", "reject"],
  "raft/change": ["changeByItself"],
  "raft/commit": ["commitTo", "isReady"],
  "raft/election": ["receiveVoteRequest"],
  "raft/events": ["note"],
  "raft/flush": ["applyReadBack"],
  "raft/membership": ["activateLast", "mayLead"],
  "raft/outbox": [
    "sendChunk",
    "sendHeader",
    "sendPreVoteReply",
    "sendReadReply",
    "sendReadRequest",
    "sendSnapshotReply",
    "sendVoteReply",
    "sendVoteRequest",
    "shrinkForWitness",
  ],
  "raft/progress": ["becomeProbe", "beginProgress"],
  "raft/quiescence": ["rest", "wake"],
  "raft/quorum": ["ago", "contactLimit"],
  "raft/read-back": ["countEntries", "readBack"],
  "raft/reads": ["askLeader", "confirmRounds", "refuseReads", "requestRound"],
  "raft/replication": ["scheduleHeartbeat"],
  "raft/role": ["clearDue", "clearDues", "patience", "restartElectionTimer", "setLeader", "setRole"],
  "raft/snapshot": ["dropIncoming", "needsSnapshot"],
  "raft/stop": ["stop"],
  "raft/transfer": ["bestSuccessor", "handOverTo", "isEligible"],
  "state/arena": ["arenaBytes", "configurationCapacity"],
  "state/memory": ["copyWords"],
  "state/peers": ["findPeer", "ownRoles"],
  "state/window": ["entryAt", "hasOtherTerm", "spanFrom"],
  "wire/encode": ["writeHeader"],
  "wire/validate": ["positionIsValid"],
};

const names = new Set(
  Object.entries(OUT_OF_LINE).flatMap(([file, functions]) => functions.map((name) => `assembly/${file}/${name}`)),
);

/** The name of a function as in the list: without the types that a generic one was made for. */
function nameOf(name) {
  const generic = name.indexOf("<");
  return generic < 0 ? name : name.slice(0, generic);
}

// biome-ignore lint/style/noDefaultExport: the compiler takes what a transform exports by default
export default class OutOfLine {
  afterCompile(module) {
    const found = new Set();
    for (let i = 0; i < module.getNumFunctions(); i++) {
      const { name } = this.binaryen.getFunctionInfo(module.getFunctionByIndex(i));
      if (!names.has(nameOf(name))) continue;
      found.add(nameOf(name));
      this.binaryen.setPassArgument("no-inline", name);
      module.runPasses(["no-inline"]);
    }
    this.binaryen.clearPassArguments();
    // A core without one of its rules may have no use for one of them.
    if (process.env.METALRAFT_WITHOUT_A_RULE === "1") return;
    const missing = [...names].filter((name) => !found.has(name));
    if (missing.length > 0) throw new Error(`out-of-line.mjs names what is not there: ${missing.join(", ")}`);
  }
}
