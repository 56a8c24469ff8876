------------------------------ MODULE RaftTrace ------------------------------
(* Whether a run that was written down (sim/spec/) is a behaviour of Raft.  Each line of a trace is what happened to  *)
(* one node: an input, what followed from it by itself, and a flush.  So a line is some steps of Raft one after the   *)
(* other, with which the node comes to what the line says of its memory, its disk and its messages.  Nothing but      *)
(* steps of Raft is taken.  A trace is accepted if TLC gets behind its last line.                                     *)
EXTENDS Raft, TLC

CONSTANTS
  Trace,          \* The lines.
  Synchronous     \* Whether writes are durable as soon as they are handed over.

VARIABLES
  line,           \* The line that is being explained.
  phase,          \* What was explained of it: "nothing", "input", "end".
  seen            \* seen[n]: the logs that the last line about n told of: as handed to the disk, and on it.

ASSUME TLCSet(1, 0)

traceVars == <<vars, line, phase, seen>>

L == Trace[line]
Stutter == UNCHANGED vars

-----------------------------------------------------------------------------
(* What a line says.                                                                                                  *)

Changed(log, change) == UpTo(log, change.keep) \o change.add

MemoryIs(r, m) ==
  /\ r.role = m.role /\ r.term = m.term /\ r.vote = m.vote /\ r.leader = m.leader
  /\ r.commit = m.commit /\ r.durable = m.durable /\ r.snapshot = m.snapshot
  /\ Len(r.log) = m.last /\ LastTerm(r.log) = m.lastTerm

DiskIs(d, n) ==
  /\ d.term = L.disk.term /\ d.vote = L.disk.vote /\ d.snapshot = L.disk.snapshot
  /\ d.log = Changed(seen[n].disk, L.disk.log)

Sends == {L.sends[i].message : i \in DOMAIN L.sends}
Waiting == {L.sends[i].message : i \in {j \in DOMAIN L.sends : L.sends[j].waits}}

-----------------------------------------------------------------------------
(* The input.                                                                                                         *)

Receive(n, m) ==
  /\ m \in network /\ m.to = n
  /\ \/ ReceivePreVoteRequest(n, m) \/ ReceiveVoteRequest(n, m) \/ ReceiveSnapshot(n, m) \/ ReceiveAnswer(n, m)
     \/ m.kind = "Append" /\ \E count \in 0 .. Len(m.entries) : ReceiveAppend(n, m, count)
        \* Of a loyal node to a candidate; of any to a former leader.
     \/ m.kind = "VoteRequest" /\ Stutter
     \/ m.kind \in {"Append", "Snapshot"} /\ m.term < node[n].term /\ Stutter

(* The disk comes to what the line says of it, by writes that were under way.                                         *)
DiskMoves(n) ==
  \E count \in 0 .. Len(writes[n]) : \E part \in Parts(n, count) :
    /\ DiskIs(DiskAfter(n, count, part), n)
    /\ IF node[n].up /\ (L.event = "crash" \/ L.end = "died") THEN Crash(n, count, part) ELSE Persist(n, count, part)

Input(n) ==
  CASE L.event = "receive"          -> Receive(n, L.message)
    [] L.event = "election timeout" -> ElectionTimeout(n) \/ Stutter
    [] L.event = "heartbeat"        -> StepDown(n) \/ Stutter
    [] L.event = "propose"          -> Propose(n) \/ Stutter
    [] L.event = "reconfigure"      -> Reconfigure(n, L.configuration) \/ Stutter
    [] L.event = "save"             -> \/ SaveSnapshot(n, L.disk.snapshot)
                                       \/ L.disk.snapshot = disk[n].snapshot /\ Stutter
    [] L.event = "keep"             -> \E index \in node[n].incoming : KeepSnapshot(n, index)
    [] L.event = "lose"             -> LoseSnapshot(n)
    [] L.event = "tell"             -> TellSnapshot(n) \/ (disk[n].snapshot <= node[n].snapshot /\ Stutter)
    [] L.event \in {"durable", "crash"} -> DiskMoves(n)
    [] L.event = "restart"          -> Restart(n)
    [] L.event = "other"            -> Stutter

-----------------------------------------------------------------------------
(* What follows from it.                                                                                              *)

(* A joint configuration is left, or a learner promoted, by the leader itself (assembly/raft/change.ts).              *)
Successors(c) ==
  IF IsJoint(c)
    THEN {Configuration(c.voters, {}, c.learners, c.witnesses \intersect (c.voters \union c.learners))}
    ELSE {Configuration(c.voters \union {n}, {}, c.learners \ {n}, c.witnesses) : n \in c.learners}

(* As far as a leader may commit: it goes there at once.                                                              *)
HighestCommit(n) ==
  LET all == {index \in DOMAIN node[n].log : MayCommit(node[n], n, index)}
  IN  IF all = {} THEN 0 ELSE CHOOSE i \in all : \A j \in all : j <= i

FollowsByItself(n) ==
  \/ BecomeCandidate(n) \/ BecomeLeader(n)
  \/ node[n].role # "follower" /\ StepDown(n)
  \/ AdvanceCommit(n, HighestCommit(n))
  \/ \E c \in Successors(ConfigurationOf(node[n].log)) : Reconfigure(n, c)
  \/ Synchronous /\ WritesOf(n) # <<>> /\ Flush(n, {}, {})
  \/ Synchronous /\ writes[n] # <<>> /\ Persist(n, Len(writes[n]), 0)

-----------------------------------------------------------------------------
(* The end of a line.                                                                                                 *)

LogIs(log) == log = Changed(seen[L.node].log, L.log)

(* The node works on, and has let out all that is due.                                                                *)
Works(n) ==
  /\ L.end = "works"
  /\ IF L.hold \/ L.event = "crash" THEN Stutter ELSE Flush(n, Sends, Waiting)
  /\ L.event # "crash" =>
       /\ MemoryIs(node'[n], L.memory)
       /\ ~L.hold => LogIs(node'[n].log)
       /\ Synchronous => writes'[n] = <<>>
  /\ DiskIs(disk'[n], n)

(* An effect failed, or the node died: a flush is broken off, among the writes or behind them.                        *)
BreaksOff(n) ==
  /\ L.end # "works" /\ IsUp(n)
  /\ IF Sends = {} THEN \E count \in 0 .. Len(WritesOf(n)) : Stop(n, count) ELSE Flush(n, Sends, Waiting)

(* What is left of it.                                                                                                *)
Remains(n) ==
  CASE L.end = "died"    -> DiskMoves(n)
    [] L.end = "stopped" -> /\ IF IsUp(n) THEN Stop(n, 0) ELSE Stutter
                            /\ node[n].term = L.memory.term /\ node[n].commit = L.memory.commit
                            /\ LogIs(Latest(disk[n], writes[n]).log)
                            /\ DiskIs(disk'[n], n)

NextLine ==
  /\ line' = line + 1 /\ phase' = "nothing"
  /\ seen' = [seen EXCEPT ![L.node] = [log |-> Changed(@.log, L.log), disk |-> Changed(@.disk, L.disk.log)]]
  /\ IF line > TLCGet(1) THEN TLCSet(1, line) /\ PrintT(<<"explained", line>>) ELSE TRUE

Stays(next) == line' = line /\ phase' = next /\ seen' = seen

TraceInit ==
  /\ Init
  /\ line = 1 /\ phase = "nothing"
  /\ seen = [n \in Nodes |-> [log |-> <<>>, disk |-> <<>>]]

TraceNext ==
  /\ line <= Len(Trace)
  /\ LET n == L.node
     IN  \/ phase = "nothing" /\ Input(n) /\ Stays("input")
         \/ phase = "input" /\ IsUp(n) /\ FollowsByItself(n) /\ Stays("input")
         \/ phase = "input" /\ Works(n) /\ NextLine
         \/ phase = "input" /\ BreaksOff(n) /\ Stays("end")
         \/ phase = "end" /\ Synchronous /\ writes[n] # <<>> /\ Persist(n, Len(writes[n]), 0) /\ Stays("end")
         \/ phase = "end" /\ Remains(n) /\ NextLine
         \/ phase = "input" /\ node[n].role = "stopped" /\ Remains(n) /\ NextLine

TraceSpec == TraceInit /\ [][TraceNext]_traceVars
=============================================================================
