------------------------------ MODULE RaftModel ------------------------------
(* Raft in bounds, for TLC to search to the end.  A turn of a host is one step here: an input, what follows from it   *)
(* by itself, and a flush with every message that may be due then.  Each turn is some steps of Raft one after the     *)
(* other, and what is left out between them changes nothing: what a node remembers is lost in a crash anyway, and a   *)
(* message that has not left is one that is late for ever.                                                            *)
EXTENDS Raft

CONSTANTS
  Campaigns,      \* Campaigns[t]: who may campaign into term t.  There is no term behind the last one.
  MaxLog,         \* Longest log.
  Commands,       \* Who may be asked to append commands, when it leads.
  Changes,        \* Configurations that a leader may be asked to change to.
  Crashes,        \* Crashes[n]: how often n may crash.
  SlowDisks,      \* Whose writes become durable late; the others' at once.
  Snapshots,      \* Who saves snapshots.
  PreVotes,       \* Whether pre-votes are asked for; if not, a node campaigns as if it had got them.
  Refusals        \* Whether what comes from an earlier term is answered with the term.

VARIABLE crashes  \* How often each node has crashed.

all == <<vars, crashes>>

-----------------------------------------------------------------------------
(* Messages that are due to everybody who may need them, as soon as they are true.                                    *)

Others(n, r) == Members(ConfigurationOf(r.log)) \ {n}

Requests(n, r) ==
  CASE r.role = "pre-candidate" -> {VoteRequest("PreVoteRequest", n, p, r.term + 1, r.log) : p \in Others(n, r)}
    [] r.role = "candidate"     -> {VoteRequest("VoteRequest", n, p, r.term, r.log) : p \in Others(n, r)}
    [] OTHER                    -> {}

(* One entry, from where the logs are known to agree; nothing but the commit index if there is none.  What a snapshot *)
(* covers is gone.                                                                                                    *)
AppendsTo(n, r, p) ==
  LET prev == r.match[p] IN IF prev < r.snapshot THEN {} ELSE {AppendMessage(n, p, r, prev, Min(1, Len(r.log) - prev))}
SnapshotTo(n, r, p) ==
  IF r.snapshot > r.match[p] THEN {SnapshotMessage(n, p, r.term, r.snapshot, TermAt(r.log, r.snapshot))} ELSE {}

(* Who holds the whole log may be asked to campaign, where nobody asks for pre-votes otherwise.                       *)
Orders(n, r) ==
  IF PreVotes THEN {Message("TimeoutNow", n, p, r.term) :
                      p \in {one \in FullVoters(ConfigurationOf(r.log)) \ {n} : r.match[one] = Len(r.log)}}
              ELSE {}

MessagesDue(n, r) ==
  Requests(n, r)
  \union (IF r.role = "leader"
            THEN Orders(n, r) \union UNION {AppendsTo(n, r, p) \union SnapshotTo(n, r, p) : p \in Others(n, r)} ELSE {})
  \union (IF r.role = "follower" /\ r.leader # Nobody /\ r.verified > 0
            THEN {Acknowledgement(n, r.leader, r.term, r.verified)} ELSE {})
  \union (IF r.vote \notin {n, Nobody} THEN {VoteReply("VoteReply", n, r.vote, r.term, TRUE)} ELSE {})

-----------------------------------------------------------------------------
(* A turn of a node that remembers r, with disk d, writes w and held messages h, and that has answered `out`.         *)

(* Enough (pre-)votes.  Who has no room for the term's first entry gives up.                                          *)
HasQuorum(r) == IsQuorum(ConfigurationOf(r.log), r.votes)
Promoted(n, r) ==
  LET asking == IF r.role = "pre-candidate" /\ HasQuorum(r) THEN Campaign(r, n) ELSE r
  IN  IF asking.role # "candidate" \/ ~HasQuorum(asking) THEN asking
      ELSE IF Len(asking.log) < MaxLog THEN TakeOffice(asking, n)
      ELSE Follow(asking, asking.term, Nobody)

Committed(n, r) ==
  IF r.role = "leader" /\ \E i \in DOMAIN r.log : MayCommit(r, n, i)
    THEN [r EXCEPT !.commit = CHOOSE i \in DOMAIN r.log : /\ MayCommit(r, n, i)
                                                          /\ \A j \in DOMAIN r.log : MayCommit(r, n, j) => j <= i]
    ELSE r

Turn(n, r, d, w, h, out) ==
  LET input   == Committed(n, Promoted(n, r))
      due     == w \o WritesDue(Latest(d, w), input)
      isSlow  == n \in SlowDisks
      after   == IF isSlow THEN due ELSE <<>>
      whole   == Latest(d, due)
      kept    == IF isSlow THEN d ELSE [d EXCEPT !.term = whole.term, !.vote = whole.vote, !.log = whole.log]
      written == [input EXCEPT !.written = Len(input.log), !.durable = IF isSlow THEN @ ELSE Len(input.log)]
      result  == Committed(n, written)
      waiting == {one.message : one \in h}
      sent    == (out \union MessagesDue(n, result)) \ (network \union waiting)
      late    == IF after = <<>> THEN {} ELSE {m \in sent : MustWait(kept, m)}
  IN  /\ Remembers(n, result)
      /\ disk' = [disk EXCEPT ![n] = kept]
      /\ writes' = [writes EXCEPT ![n] = after]
      /\ held' = [held EXCEPT ![n] = h \union {[after |-> Len(after), message |-> m] : m \in late}]
      /\ network' = network \union (sent \ late)

Input(n, r) == Turn(n, r, disk[n], writes[n], held[n], {}) /\ UNCHANGED crashes
Answer(n, r, m) == Turn(n, r, disk[n], writes[n], held[n], {m}) /\ UNCHANGED crashes

-----------------------------------------------------------------------------

(* A leader steps down before it campaigns again.                                                                     *)
ModelCampaign(n) ==
  LET r == Follow(node[n], node[n].term, Nobody)
  IN  /\ node[n].term < Len(Campaigns) /\ n \in Campaigns[node[n].term + 1]
      /\ MayLead(r, n)
      /\ IF PreVotes THEN node[n].role \notin {"pre-candidate", "leader"} /\ Input(n, PreCampaign(r, n))
                     ELSE Input(n, Campaign(r, n))

ModelPropose(n) ==
  /\ n \in Commands /\ node[n].role = "leader" /\ Len(node[n].log) < MaxLog
  /\ Input(n, Extend(node[n], Command(node[n].term)))

ModelReconfigure(n) ==
  /\ Len(node[n].log) < MaxLog
  /\ \E c \in Changes \ {ConfigurationOf(node[n].log)} :
       MayChange(node[n], c) /\ Input(n, Extend(node[n], Change(node[n].term, c)))

ModelPersist(n) ==
  \E count \in 1 .. Len(writes[n]) :
    LET d    == DiskAfter(n, count, 0)
        left == SubSeq(writes[n], count + 1, Len(writes[n]))
        late == {[h EXCEPT !.after = @ - count] : h \in {one \in held[n] : one.after > count}}
        free == {h.message : h \in {one \in held[n] : one.after <= count}}
    IN  Turn(n, ReportDurable(node[n], d, left), d, left, late, free) /\ UNCHANGED crashes

(* A node that is down for a while is one that restarts late: nothing can be told of it until then.                   *)
ModelCrash(n) ==
  /\ crashes[n] < Crashes[n]
  /\ crashes' = [crashes EXCEPT ![n] = @ + 1]
  /\ \E count \in 0 .. Len(writes[n]) : \E part \in Parts(n, count) :
       LET found == DiskAfter(n, count, part)
           r     == Started(found)
       IN  Turn(n, r, [found EXCEPT !.log = r.log], <<>>, {}, {})

ModelSnapshot(n) ==
  \/ /\ n \in Snapshots
     /\ Min(node[n].commit, node[n].durable) > disk[n].snapshot
     /\ Turn(n, node[n], [disk[n] EXCEPT !.snapshot = Min(node[n].commit, node[n].durable)], writes[n], held[n], {})
     /\ UNCHANGED crashes
  \/ /\ \E index \in node[n].incoming :
           Turn(n, [node[n] EXCEPT !.incoming = @ \ {index}], [disk[n] EXCEPT !.snapshot = Max(@, index)],
                writes[n], held[n], {})
     /\ UNCHANGED crashes
  \/ /\ disk[n].snapshot > node[n].snapshot
     /\ IF disk[n].snapshot <= Min(node[n].commit, node[n].durable)
          THEN Input(n, [node[n] EXCEPT !.snapshot = disk[n].snapshot])
          ELSE node[n].role # "leader" /\ Input(n, Install(node[n], disk[n].snapshot))

(* What comes of a message, where it can make a difference.                                                           *)
Received(n, r) == r # node[n] /\ Input(n, r)
Replied(n, m) == m \notin network /\ (\A h \in held[n] : h.message # m) /\ Answer(n, node[n], m)
ModelReceive(n, m) ==
  LET r == node[n]
  IN  CASE m.kind = "PreVoteRequest" ->
             \E reply \in PreVoteReplies(n, r, m) :
               (reply.granted \/ (Refusals /\ reply.term >= m.term)) /\ Replied(n, reply)
        [] m.kind = "VoteRequest" ->
             IF m.term < r.term THEN Refusals /\ Replied(n, VoteReply("VoteReply", n, m.from, r.term, FALSE))
                                ELSE Received(n, Voted(r, m))
        [] m.kind = "Append" ->
             IF m.term < r.term THEN Refusals /\ Replied(n, Acknowledgement(n, m.from, r.term, 0))
                                ELSE Received(n, TakeAppend(r, m, Len(m.entries)))
        [] m.kind = "Snapshot" -> m.term >= r.term /\ Received(n, TakeChunk(r, m))
        [] OTHER -> (m.kind # "TimeoutNow" \/ (m.term < Len(Campaigns) /\ n \in Campaigns[m.term + 1]))
                    /\ Received(n, Heard(n, r, m))

ModelInit == Init /\ crashes = [n \in Nodes |-> 0]

ModelNext ==
  \E n \in Nodes :
    \/ ModelCampaign(n) \/ ModelPropose(n) \/ ModelReconfigure(n)
    \/ ModelPersist(n) \/ ModelCrash(n) \/ ModelSnapshot(n)
    \/ \E m \in {one \in network : one.to = n} : ModelReceive(n, m)

ModelSpec == ModelInit /\ [][ModelNext]_all
=============================================================================
