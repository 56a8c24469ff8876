-------------------------------- MODULE Raft --------------------------------
(* Raft as MetalRaft has it: what a node remembers, what its disk holds and what is on the way there, the messages,   *)
(* and every step that changes any of it.  Time is left out: a timer may fire whenever it likes, and whether a node   *)
(* is loyal to a live leader is open at each request.  So is everything that serves speed alone: who is sent how much *)
(* when, conflict hints, the in-flight window.  What is left decides what is safe.  docs/spec/README.md says how this *)
(* is read beside assembly/raft/.  Sections in brackets are those of Ongaro's thesis.                                 *)
EXTENDS Naturals, Sequences, FiniteSets, Configurations

CONSTANTS
  Nodes,          \* Ids of the nodes: numbers above 0.
  Bootstrap       \* The configuration at index 0.

VARIABLES
  node,           \* node[n]: what n remembers.
  disk,           \* disk[n]: what a crash of n leaves.
  writes,         \* writes[n]: what disk[n] is going to be, write by write; a crash keeps some of the first.
  held,           \* held[n]: messages that wait until the first so many writes are durable.
  network,        \* Every message that ever left a node: any may arrive at any time, again, or never.
  committed,      \* What leaders have committed so far, and each entry in which term; nobody reads it.
  elections       \* Who took office in which term; nobody reads it.

vars == <<node, disk, writes, held, network, committed, elections>>

Kept(rule) == rule \notin Weakened
Nobody == 0
Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b

-----------------------------------------------------------------------------
(* Logs.  A log is the sequence of all its entries from index 1 on, those that a snapshot covers included.            *)

Entry(term, kind, configuration) == [term |-> term, kind |-> kind, configuration |-> configuration]
Command(term) == Entry(term, "command", NoConfiguration)
Noop(term)    == Entry(term, "noop", NoConfiguration)
Change(term, configuration) == Entry(term, "configuration", configuration)

UpTo(log, index)   == SubSeq(log, 1, index)
TermAt(log, index) == IF index = 0 THEN 0 ELSE log[index].term
LastTerm(log)      == TermAt(log, Len(log))
IsPrefix(a, b)     == Len(a) <= Len(b) /\ a = UpTo(b, Len(a))
IsIn(log, index, term) == index <= Len(log) /\ TermAt(log, index) = term

(* The newest configuration of a log is in force, whether committed or not [4.1].                                     *)
ConfigurationIndex(log) ==
  LET all == {i \in DOMAIN log : log[i].kind = "configuration"}
  IN  IF all = {} THEN 0 ELSE CHOOSE i \in all : \A j \in all : j <= i
ConfigurationOf(log) ==
  LET index == ConfigurationIndex(log) IN IF index = 0 THEN Bootstrap ELSE log[index].configuration

(* At least as up to date as another log [3.6.1].                                                                     *)
IsUpToDate(lastTerm, lastIndex, log) ==
  \/ lastTerm > LastTerm(log)
  \/ lastTerm = LastTerm(log) /\ lastIndex >= Len(log)
  \/ ~Kept("votes go to logs that are up to date")

-----------------------------------------------------------------------------
(* What a node remembers (assembly/abi/node.ts).  The operators of this part make of it what it is after an input.    *)

NoProgress == [p \in Nodes |-> 0]

(* As it starts from what its disk holds.  A snapshot that a leader sent may cover more than the log, or another      *)
(* log: then it is where the log begins (sim/core-world/disk.ts, host/storage/).                                                 *)
Started(d) ==
  LET covered == UpTo(committed, d.snapshot)
      prefix  == [i \in DOMAIN covered |-> covered[i].entry]
      goes    == "a log that parts from a snapshot goes"
      holds   == IF Kept(goes) THEN IsIn(d.log, d.snapshot, TermAt(prefix, d.snapshot)) ELSE d.snapshot <= Len(d.log)
      log     == IF holds THEN d.log ELSE prefix
  IN [ up       |-> TRUE,
       role     |-> "follower",      \* Or "pre-candidate", "candidate", "leader"; "stopped" when an effect has failed.
       term     |-> d.term,
       vote     |-> d.vote,          \* Who got its vote in the term.
       leader   |-> Nobody,          \* Who leads the term, if that is known.
       log      |-> log,
       commit   |-> d.snapshot,      \* Highest index known to be committed.
       verified |-> 0,               \* Up to where the log is known to equal the leader's.
       written  |-> Len(log),        \* Up to where the log was handed to the disk.
       durable  |-> Len(log),        \* Up to where it is known to be durable.
       snapshot |-> d.snapshot,      \* What the newest snapshot that it knows of covers.
       incoming |-> {},              \* What the snapshots cover that came in and are not durable yet.
       votes    |-> {},              \* (Pre-)candidate: who granted.
       match    |-> NoProgress ]     \* Leader: up to where the log is durable on each member.

Down == [Started([term |-> 0, vote |-> Nobody, log |-> <<>>, snapshot |-> 0]) EXCEPT !.up = FALSE]

SetLeader(r, leader) == IF r.leader = leader THEN r ELSE [r EXCEPT !.leader = leader, !.verified = 0]

(* Follows a leader in a term, that of this node or a later one (becomeFollower in assembly/raft/role.ts).            *)
Follow(r, term, leader) ==
  LET later    == [r EXCEPT !.term = term, !.vote = Nobody, !.verified = 0, !.leader = Nobody]
      follower == [(IF term > r.term THEN later ELSE r) EXCEPT
                     !.role = "follower", !.votes = {}, !.match = NoProgress]
  IN  SetLeader(follower, leader)

(* Asks whether it would be elected, without a new term [9.6].                                                        *)
PreCampaign(r, n) == SetLeader([r EXCEPT !.role = "pre-candidate", !.votes = {n}], Nobody)

(* Asks for votes in a new term, and gives its own to itself [3.4].                                                   *)
Campaign(r, n) ==
  SetLeader([r EXCEPT !.role = "candidate", !.term = @ + 1, !.vote = n, !.votes = {n}], Nobody)

(* Appends an entry of its own; of members that a configuration brings nothing is known.                              *)
Extend(r, entry) ==
  LET before == Members(ConfigurationOf(r.log))
      after  == Members(entry.configuration)
      kept   == [p \in Nodes |-> IF p \in before /\ p \in after THEN r.match[p] ELSE 0]
  IN  [r EXCEPT !.log = Append(@, entry), !.match = IF entry.kind = "configuration" THEN kept ELSE @]

(* Takes office, and begins its term with an empty entry [3.4, 6.4].                                                  *)
TakeOffice(r, n) ==
  Extend(SetLeader([r EXCEPT !.role = "leader", !.votes = {}, !.match = NoProgress], n), Noop(r.term))

(* Removes the entries from an index on.                                                                              *)
Truncate(r, from) ==
  [r EXCEPT !.log = UpTo(@, from - 1), !.written = Min(@, from - 1),
            !.durable = Min(@, from - 1), !.verified = Min(@, from - 1)]

(* Takes entries that follow the one at `prev`.  What is there already is left alone, so that a late message does not *)
(* shorten the log; a conflict removes everything from there on [3.5].                                                *)
TakeEntries(r, prev, entries) ==
  LET new      == {i \in 1..Len(entries) : prev + i > Len(r.log)}
      differs  == {i \in 1..Len(entries) : prev + i <= Len(r.log) /\ r.log[prev + i].term # entries[i].term}
      first    == IF Kept("a late append shortens nothing")
                    THEN IF differs # {} THEN CHOOSE i \in differs : \A j \in differs : i <= j ELSE Len(entries) + 1
                    ELSE 1
      shorter  == IF first <= Len(entries) \/ ~Kept("a late append shortens nothing")
                    THEN IF prev + first <= Len(r.log) THEN Truncate(r, prev + first) ELSE r
                    ELSE r
  IN  [shorter EXCEPT !.log = @ \o SubSeq(entries, Len(@) - prev + 1, Len(entries))]

(* Takes an Append of its leader, of which `count` entries fit in the window [3.5].  The commit index only rises to   *)
(* where the log is known to equal the leader's.                                                                      *)
Fits(r, m) == m.prevIndex <= r.commit \/ IsIn(r.log, m.prevIndex, m.prevTerm)
TakeAppend(r, m, count) ==
  LET follower == Follow(r, m.term, m.from)
      taken    == TakeEntries(follower, m.prevIndex, SubSeq(m.entries, 1, count))
      verified == Max(taken.verified, m.prevIndex + count)
      limit    == IF Kept("commit what equals the leader's log") THEN verified ELSE Len(taken.log)
  IN  IF Fits(follower, m)
        THEN [taken EXCEPT !.verified = verified, !.commit = Max(@, Min(m.commit, limit))]
        ELSE follower

(* A snapshot covers what is committed in any case.                                                                   *)
Covers(r, index, term) == index <= r.commit \/ IsIn(r.log, index, term)

(* Hears of a leader's snapshot.  If the log holds what it covers it is not needed [5.1].                             *)
TakeChunk(r, m) ==
  LET follower == Follow(r, m.term, m.from)
  IN  IF Covers(follower, m.index, m.indexTerm)
        THEN [follower EXCEPT !.verified = Max(@, m.index), !.commit = Max(@, m.index)]
        ELSE [follower EXCEPT !.incoming = @ \union {m.index}]

(* Is told that the snapshot of a leader is durable: it takes the place of the log [5.1].                             *)
Install(r, index) ==
  LET covered == UpTo(committed, index)
      prefix  == [i \in DOMAIN covered |-> covered[i].entry]
  IN  IF Covers(r, index, TermAt(prefix, index))
        THEN [r EXCEPT !.commit = Max(@, index)]
        ELSE [r EXCEPT !.log = prefix, !.commit = index, !.verified = index, !.written = index, !.durable = index,
                       !.snapshot = index]

(* Whether it may campaign [4.2.2]: a full voter, or one that loses its vote while that is not committed.             *)
MayLead(r, n) ==
  \/ n \in FullVoters(ConfigurationOf(r.log))
  \/ /\ ConfigurationIndex(r.log) > r.commit
     /\ \/ n \in FullVoters(Bootstrap)
        \/ \E i \in DOMAIN r.log : n \in FullVoters(r.log[i].configuration)

(* Leader: whether an entry of its own term is committed.  Then it knows all that is [6.4].                           *)
IsReady(r) == TermAt(r.log, r.commit) = r.term

(* Leader: who is known to hold the log durably up to an index.  Itself only when its own write is durable.           *)
Holders(r, n, index) ==
  {p \in Nodes : IF p = n THEN (IF Kept("a leader counts itself when durable") THEN r.durable ELSE Len(r.log)) >= index
                          ELSE r.match[p] >= index}

(* Leader: whether it may commit up to an index.  Entries of earlier terms are committed with one of its own, never   *)
(* by counting [3.6.2].                                                                                               *)
MayCommit(r, n, index) ==
  /\ index \in r.commit + 1 .. Len(r.log)
  /\ r.log[index].term = r.term \/ ~Kept("an entry of an earlier term is not counted")
  /\ IsQuorum(ConfigurationOf(r.log), Holders(r, n, index))

-----------------------------------------------------------------------------
(* The disk (sim/core-world/disk.ts; host/storage/wal/).  Term and vote are one record, the log another; writes become durable   *)
(* in the order in which they were handed over.  A snapshot is durable as soon as it is there.                        *)

BlankDisk == [term |-> 0, vote |-> Nobody, log |-> <<>>, snapshot |-> 0]

(* What the disk is to be when all that was handed over is durable.                                                   *)
Latest(d, w) == IF w = <<>> THEN [term |-> d.term, vote |-> d.vote, log |-> d.log] ELSE w[Len(w)]

(* The writes that bring it up to what the node remembers, in the order of assembly/raft/flush.ts: term and vote,     *)
(* then a truncation, then what is appended.                                                                          *)
WritesDue(before, r) ==
  LET hard     == [before EXCEPT !.term = r.term, !.vote = r.vote]
      cut      == [hard EXCEPT !.log = UpTo(@, Min(Len(@), r.written))]
      whole    == [cut EXCEPT !.log = r.log]
      if(b, w) == IF b THEN <<w>> ELSE <<>>
  IN  if(hard # before, hard) \o if(cut # hard, cut) \o if(whole # cut, whole)

WritesOf(n) == WritesDue(Latest(disk[n], writes[n]), node[n])

(* The disk when `count` writes have become durable, and of the next one, if it appends, `part` entries.              *)
DiskAfter(n, count, part) ==
  LET whole == IF count = 0 THEN disk[n]
               ELSE [disk[n] EXCEPT !.term = writes[n][count].term, !.vote = writes[n][count].vote,
                                    !.log = writes[n][count].log]
  IN  IF part = 0 THEN whole ELSE [whole EXCEPT !.log = UpTo(writes[n][count + 1].log, Len(@) + part)]

(* Entries of the write after the first `count` that may be there without the others.                                 *)
Parts(n, count) ==
  IF count = Len(writes[n]) THEN {0}
  ELSE LET before == DiskAfter(n, count, 0).log
           next   == writes[n][count + 1].log
       IN  IF IsPrefix(before, next) THEN 0 .. Max(0, Len(next) - Len(before) - 1) ELSE {0}

(* The node is told how far its log is durable: not what a truncation under way will take, and by index and term, so  *)
(* that a late report of an entry that was overwritten is not believed.                                               *)
ReportDurable(r, d, left) ==
  LET lengths == {Len(d.log)} \union {Len(left[i].log) : i \in DOMAIN left}
      index   == CHOOSE i \in lengths : \A j \in lengths : i <= j
      hasTerm == IsIn(r.log, index, TermAt(d.log, index))
  IN  IF ~Kept("durability is reported with the term")
        THEN [r EXCEPT !.durable = Max(@, Min(Len(d.log), Len(r.log)))]
        ELSE IF index > r.durable /\ index <= r.written /\ hasTerm THEN [r EXCEPT !.durable = index] ELSE r

-----------------------------------------------------------------------------
(* Messages (docs/abi.md).  They are made from the state that a node has when it flushes, so any that is true of it   *)
(* may leave at any time.                                                                                             *)

Message(kind, from, to, term) == [kind |-> kind, from |-> from, to |-> to, term |-> term]
VoteRequest(kind, from, to, term, log) ==
  [kind |-> kind, from |-> from, to |-> to, term |-> term, lastIndex |-> Len(log), lastTerm |-> LastTerm(log)]
VoteReply(kind, from, to, term, granted) ==
  [kind |-> kind, from |-> from, to |-> to, term |-> term, granted |-> granted]
Acknowledgement(from, to, term, match) ==
  [kind |-> "AppendReply", from |-> from, to |-> to, term |-> term, match |-> match]
SnapshotMessage(from, to, term, index, indexTerm) ==
  [kind |-> "Snapshot", from |-> from, to |-> to, term |-> term, index |-> index, indexTerm |-> indexTerm]
AppendMessage(from, to, r, prev, count) ==
  [kind |-> "Append", from |-> from, to |-> to, term |-> r.term, prevIndex |-> prev, prevTerm |-> TermAt(r.log, prev),
   entries |-> SubSeq(r.log, prev + 1, prev + count), commit |-> r.commit]

(* Whether a node that remembers r may send a message.                                                                *)
MaySend(n, r, m) ==
  /\ m.from = n /\ m.to \in Nodes \ {n}
  /\ CASE m.kind = "PreVoteRequest" -> r.role = "pre-candidate" /\ m = VoteRequest(m.kind, n, m.to, r.term + 1, r.log)
       [] m.kind = "VoteRequest"    -> r.role = "candidate" /\ m = VoteRequest(m.kind, n, m.to, r.term, r.log)
          \* What was answered when the request came (ReceivePreVoteRequest), or a refusal that names the term.
       [] m.kind = "PreVoteReply"   -> m \in network \/ (~m.granted /\ m.term = r.term)
       [] m.kind = "VoteReply"      -> m.term = r.term /\ m.granted = (r.vote = m.to)
          \* What a snapshot covers may still be in the window, or on the disk.
       [] m.kind = "Append"         ->
            /\ r.role = "leader"
            /\ m.prevIndex + Len(m.entries) <= Len(r.log)
            /\ m = AppendMessage(n, m.to, r, m.prevIndex, Len(m.entries))
       [] m.kind = "AppendReply"    ->
            m.term = r.term /\ m.match = IF m.to = r.leader THEN r.verified ELSE 0
       [] m.kind = "Snapshot"       ->
            r.role = "leader" /\ r.snapshot > 0
            /\ m = SnapshotMessage(n, m.to, r.term, r.snapshot, TermAt(r.log, r.snapshot))
          \* A leader that has stepped down since may still ask.
       [] m.kind = "TimeoutNow"     -> m.term = r.term /\ [term |-> r.term, leader |-> n] \in elections
       [] m.kind = "ReadRequest"    -> m.term = r.term /\ m.to = r.leader
       [] m.kind = "ReadReply"      -> m.term = r.term /\ r.role = "leader" /\ IsReady(r)

(* Whether a message has to wait for the writes before it: what it says of the sender is durable first.  Pre-votes    *)
(* speak of nothing durable; what only shows a term may go when the term is durable.                                  *)
MustWait(d, m) ==
  CASE m.kind \in {"PreVoteRequest", "PreVoteReply"} -> FALSE
    [] m.kind \in {"VoteRequest", "VoteReply"} -> Kept("a vote is durable before it is given")
    [] m.kind = "AppendReply" -> Kept("what is acknowledged is durable")
    [] m.kind = "ReadRequest" -> TRUE
    [] OTHER -> d.term # m.term

(* A message of a kind that is of a higher term ends a candidacy or a leadership, and nothing more.                   *)
ShowsTerm(m) == m.kind # "PreVoteReply" \/ ~m.granted

-----------------------------------------------------------------------------
(* Steps.  Each changes what one node remembers, or its disk, or sends a message.                                     *)

Init ==
  /\ node      = [n \in Nodes |-> Started(BlankDisk)]
  /\ disk      = [n \in Nodes |-> BlankDisk]
  /\ writes    = [n \in Nodes |-> <<>>]
  /\ held      = [n \in Nodes |-> {}]
  /\ network   = {}
  /\ committed = <<>>
  /\ elections = {}

IsUp(n) == node[n].up /\ node[n].role # "stopped"

(* What leaders have committed when one of them remembers r, and in which term each entry was.                        *)
CommittedWith(r) ==
  IF r.role = "leader" /\ r.commit > Len(committed)
    THEN committed \o [i \in 1 .. r.commit - Len(committed) |->
                         [entry |-> r.log[Len(committed) + i], term |-> r.term]]
    ELSE committed
ElectionsWith(n, r) ==
  IF r.role = "leader" THEN elections \union {[term |-> r.term, leader |-> n]} ELSE elections

(* The node remembers r from now on.                                                                                  *)
Remembers(n, r) ==
  /\ node' = [node EXCEPT ![n] = r]
  /\ committed' = CommittedWith(r)
  /\ elections' = ElectionsWith(n, r)
Quietly == UNCHANGED <<disk, writes, held, network>>

(* The election timer has fired [3.4, 9.6], or the leader asks for it [3.10].                                         *)
ElectionTimeout(n) == /\ IsUp(n) /\ node[n].role # "leader"
                      /\ Remembers(n, IF MayLead(node[n], n) THEN PreCampaign(node[n], n)
                                                             ELSE Follow(node[n], node[n].term, Nobody))
                      /\ Quietly

(* Enough pre-votes [9.6].                                                                                            *)
BecomeCandidate(n) == /\ IsUp(n) /\ node[n].role = "pre-candidate"
                      /\ IsQuorum(ConfigurationOf(node[n].log), node[n].votes)
                      /\ Remembers(n, Campaign(node[n], n))
                      /\ Quietly

(* Enough votes [3.4].                                                                                                *)
BecomeLeader(n) == /\ IsUp(n) /\ node[n].role = "candidate"
                   /\ IsQuorum(ConfigurationOf(node[n].log), node[n].votes)
                   /\ Remembers(n, TakeOffice(node[n], n))
                   /\ Quietly

(* Gives up: too few votes, no quorum heard [6.2], no room for the term's first entry, no voter any more [4.2.2].     *)
StepDown(n) == /\ IsUp(n)
               /\ Remembers(n, Follow(node[n], node[n].term, Nobody))
               /\ Quietly

(* A client's command [3.5].                                                                                          *)
Propose(n) == /\ IsUp(n) /\ node[n].role = "leader"
              /\ Remembers(n, Extend(node[n], Command(node[n].term)))
              /\ Quietly

(* A change of members: one at a time, and none before an entry of the leader's term is committed [4.1, 4.3].  The    *)
(* one that leaves a joint configuration, and the promotion of a learner, are put in the log by the leader itself.    *)
MayChange(r, configuration) ==
  /\ r.role = "leader"
  /\ IsReady(r)
  /\ ConfigurationIndex(r.log) <= r.commit \/ ~Kept("one change at a time")
  /\ MayFollow(ConfigurationOf(r.log), configuration)
Reconfigure(n, configuration) ==
  /\ IsUp(n)
  /\ MayChange(node[n], configuration)
  /\ Remembers(n, Extend(node[n], Change(node[n].term, configuration)))
  /\ Quietly

AdvanceCommit(n, index) ==
  /\ IsUp(n) /\ node[n].role = "leader"
  /\ MayCommit(node[n], n, index)
  /\ Remembers(n, [node[n] EXCEPT !.commit = index])
  /\ Quietly

(* The state machine is saved: what is committed and durable here has been applied [5.1].  The node is told later.    *)
SaveSnapshot(n, index) ==
  /\ IsUp(n)
  /\ index \in disk[n].snapshot + 1 .. Min(node[n].commit, node[n].durable)
  /\ disk' = [disk EXCEPT ![n].snapshot = index]
  /\ UNCHANGED <<node, writes, held, network, committed, elections>>

(* An image that came in is made durable.  One that is older than what the disk has is of no use.                     *)
KeepSnapshot(n, index) ==
  /\ IsUp(n)
  /\ index \in node[n].incoming
  /\ disk' = [disk EXCEPT ![n].snapshot = Max(@, index)]
  /\ Remembers(n, [node[n] EXCEPT !.incoming = @ \ {index}])
  /\ UNCHANGED <<writes, held, network>>

(* What came in is lost.                                                                                              *)
LoseSnapshot(n) ==
  /\ IsUp(n)
  /\ Remembers(n, [node[n] EXCEPT !.incoming = {}])
  /\ Quietly

(* The node is told of the durable snapshot: entries before it may go, or it takes the place of the log.              *)
TellSnapshot(n) ==
  /\ IsUp(n)
  /\ disk[n].snapshot > node[n].snapshot
  /\ \/ /\ disk[n].snapshot <= Min(node[n].commit, node[n].durable)
        /\ Remembers(n, [node[n] EXCEPT !.snapshot = disk[n].snapshot])
     \/ /\ node[n].role # "leader"
        /\ Remembers(n, Install(node[n], disk[n].snapshot))
  /\ Quietly

(* A flush: the writes that are due are handed to the disk, then messages leave, or wait for the writes before them.  *)
(* `waiting` are those that the node wants to be held.                                                                *)
Flush(n, messages, waiting) ==
  LET after == writes[n] \o WritesOf(n)
      r     == [node[n] EXCEPT !.written = Len(node[n].log)]
      late  == IF after = <<>> THEN {} ELSE waiting
  IN  /\ IsUp(n)
      /\ waiting \subseteq messages
      /\ \A m \in messages : MaySend(n, r, m) /\ (MustWait(disk[n], m) => m \in waiting)
      /\ Remembers(n, r)
      /\ writes' = [writes EXCEPT ![n] = after]
      /\ network' = network \union (messages \ late)
      /\ held' = [held EXCEPT ![n] = @ \union {[after |-> Len(after), message |-> m] : m \in late}]
      /\ UNCHANGED disk

(* The oldest writes become durable, the messages that waited for them leave, and the node is told.  Of a write that  *)
(* appends, some entries may be durable before the others.                                                            *)
Persist(n, count, part) ==
  LET d    == DiskAfter(n, count, part)
      left == SubSeq(writes[n], count + 1, Len(writes[n]))
      late == {[h EXCEPT !.after = @ - count] : h \in {one \in held[n] : one.after > count}}
  IN  /\ node[n].up
      /\ count \in 0 .. Len(writes[n]) /\ part \in Parts(n, count)
      /\ disk' = [disk EXCEPT ![n] = d]
      /\ writes' = [writes EXCEPT ![n] = left]
      /\ network' = network \union {h.message : h \in {one \in held[n] : one.after <= count}}
      /\ held' = [held EXCEPT ![n] = late]
      /\ Remembers(n, IF IsUp(n) THEN ReportDurable(node[n], d, left) ELSE node[n])

(* The node stops at once; the disk keeps the oldest writes.                                                          *)
Crash(n, count, part) ==
  /\ node[n].up
  /\ count \in 0 .. Len(writes[n]) /\ part \in Parts(n, count)
  /\ disk' = [disk EXCEPT ![n] = DiskAfter(n, count, part)]
  /\ writes' = [writes EXCEPT ![n] = <<>>]
  /\ held' = [held EXCEPT ![n] = {}]
  /\ Remembers(n, Down)
  /\ UNCHANGED network

Restart(n) ==
  /\ ~node[n].up
  /\ Remembers(n, Started(disk[n]))
  /\ disk' = [disk EXCEPT ![n].log = Started(disk[n]).log]
  /\ UNCHANGED <<writes, held, network>>

(* An effect fails and the node stops by itself, in the middle of a flush: the first so many writes are handed over.  *)
Stop(n, count) ==
  /\ IsUp(n)
  /\ count \in 0 .. Len(WritesOf(n))
  /\ writes' = [writes EXCEPT ![n] = @ \o SubSeq(WritesOf(n), 1, count)]
  /\ Remembers(n, [node[n] EXCEPT !.role = "stopped"])
  /\ UNCHANGED <<disk, held, network>>

-----------------------------------------------------------------------------
(* Messages arrive.                                                                                                   *)

Arrives(n, m, kinds) == IsUp(n) /\ m \in network /\ m.to = n /\ m.kind \in kinds

(* Pre-vote [9.6]: both answers are made at once; a refusal is always true, loyalty to a live leader being open.      *)
PreVoteReplies(n, r, m) ==
  {VoteReply("PreVoteReply", n, m.from, Max(r.term, m.term - 1), FALSE)} \union
  IF m.term > r.term /\ IsUpToDate(m.lastTerm, m.lastIndex, r.log)
    THEN {VoteReply("PreVoteReply", n, m.from, m.term, TRUE)} ELSE {}
ReceivePreVoteRequest(n, m) ==
  /\ Arrives(n, m, {"PreVoteRequest"})
  /\ network' = network \union PreVoteReplies(n, node[n], m)
  /\ UNCHANGED <<node, disk, writes, held, committed, elections>>

(* One vote a term, for a log that is up to date [3.4, 3.6.1].  A node that is loyal to a live leader does not even   *)
(* take over the term [4.2.3]: then this step is not taken.                                                           *)
Voted(r, m) ==
  LET current == IF m.term > r.term THEN Follow(r, m.term, Nobody) ELSE r
      free    == current.vote = Nobody \/ ~Kept("one vote a term")
      grants  == m.term = current.term /\ free /\ current.leader = Nobody /\ IsUpToDate(m.lastTerm, m.lastIndex, r.log)
  IN  IF grants THEN [current EXCEPT !.vote = m.from] ELSE current
ReceiveVoteRequest(n, m) ==
  /\ Arrives(n, m, {"VoteRequest"})
  /\ Remembers(n, Voted(node[n], m))
  /\ Quietly

(* An Append: of a former leader nothing is taken over; of the leader `count` entries, as many as there is room for.  *)
ReceiveAppend(n, m, count) ==
  /\ Arrives(n, m, {"Append"})
  /\ m.term >= node[n].term
  /\ count \in 0 .. Len(m.entries)
  /\ LET r == TakeAppend(node[n], m, count)
     IN  (count < Len(m.entries) => Len(r.log) = m.prevIndex + count) /\ Remembers(n, r)
  /\ Quietly

ReceiveSnapshot(n, m) ==
  /\ Arrives(n, m, {"Snapshot"})
  /\ m.term >= node[n].term
  /\ Remembers(n, TakeChunk(node[n], m))
  /\ Quietly

(* An answer, or a leader's word, of this node's term; of a higher one it ends what this node does, and nothing more. *)
Heard(n, r, m) ==
  CASE m.term > r.term /\ ShowsTerm(m) -> Follow(r, m.term, Nobody)
    [] m.kind = "PreVoteReply" /\ m.granted /\ r.role = "pre-candidate" /\ m.term = r.term + 1 ->
         [r EXCEPT !.votes = @ \union {m.from}]
    [] m.kind = "VoteReply" /\ m.granted /\ r.role = "candidate" /\ m.term = r.term ->
         [r EXCEPT !.votes = @ \union {m.from}]
    [] m.kind = "AppendReply" /\ r.role = "leader" /\ m.term = r.term
                              /\ m.from \in Members(ConfigurationOf(r.log)) ->
         [r EXCEPT !.match[m.from] = Max(@, m.match)]
    [] m.kind = "TimeoutNow" /\ r.role = "follower" /\ m.term = r.term /\ m.from = r.leader /\ MayLead(r, n) ->
         Campaign(r, n)
    [] OTHER -> r
Answers == {"PreVoteReply", "VoteReply", "AppendReply", "TimeoutNow", "ReadRequest", "ReadReply"}
ReceiveAnswer(n, m) ==
  /\ Arrives(n, m, Answers)
  /\ Remembers(n, Heard(n, node[n], m))
  /\ Quietly

(* Every message that a node may ever send now.                                                                       *)
Sendable(n) ==
  LET r == node[n]
      kinds == {"TimeoutNow", "ReadRequest", "ReadReply"}
      candidates(p) ==
        {VoteRequest("PreVoteRequest", n, p, r.term + 1, r.log), VoteRequest("VoteRequest", n, p, r.term, r.log),
         VoteReply("PreVoteReply", n, p, r.term, FALSE), VoteReply("VoteReply", n, p, r.term, r.vote = p),
         Acknowledgement(n, p, r.term, IF p = r.leader THEN r.verified ELSE 0),
         SnapshotMessage(n, p, r.term, r.snapshot, TermAt(r.log, r.snapshot))}
        \union {Message(kind, n, p, r.term) : kind \in kinds}
        \union UNION {{AppendMessage(n, p, r, prev, count) : count \in 0 .. Len(r.log) - prev} :
                         prev \in 0 .. Len(r.log)}
  IN  {m \in UNION {candidates(p) : p \in Nodes \ {n}} : MaySend(n, r, m)}

Next ==
  \E n \in Nodes :
    \/ ElectionTimeout(n) \/ BecomeCandidate(n) \/ BecomeLeader(n) \/ StepDown(n) \/ Propose(n)
    \/ node[n].role = "leader" /\
         \E voters, outgoing, learners, witnesses \in SUBSET Nodes :
           Reconfigure(n, Configuration(voters, outgoing, learners, witnesses))
    \/ \E index \in 1 .. Len(node[n].log) : AdvanceCommit(n, index) \/ SaveSnapshot(n, index)
    \/ \E index \in node[n].incoming : KeepSnapshot(n, index)
    \/ LoseSnapshot(n) \/ TellSnapshot(n)
    \/ \E m \in Sendable(n) : \E waits \in {{}, {m}} : Flush(n, {m}, waits)
    \/ Flush(n, {}, {})
    \/ \E count \in 0 .. Len(writes[n]) : \E part \in Parts(n, count) : Persist(n, count, part) \/ Crash(n, count, part)
    \/ Restart(n)
    \/ \E count \in 0 .. 3 : Stop(n, count)
    \/ \E m \in network :
         \/ ReceivePreVoteRequest(n, m) \/ ReceiveVoteRequest(n, m)
         \/ ReceiveSnapshot(n, m) \/ ReceiveAnswer(n, m)
         \/ \E count \in 0 .. (IF m.kind = "Append" THEN Len(m.entries) ELSE 0) : ReceiveAppend(n, m, count)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* What has to hold (paper figure 3, and the durability contract).                                                    *)

Working == {n \in Nodes : IsUp(n)}

ElectionSafety == \A a, b \in elections : a.term = b.term => a.leader = b.leader

LogsMatch(a, b) ==
  LET same == {i \in 1 .. Min(Len(a), Len(b)) : a[i].term = b[i].term}
      last == CHOOSE i \in same : \A j \in same : j <= i
  IN  same = {} \/ UpTo(a, last) = UpTo(b, last)
LogMatching == \A a, b \in Working : LogsMatch(node[a].log, node[b].log)

LeaderCompleteness ==
  \A n \in Working : node[n].role = "leader" =>
    \A i \in DOMAIN committed : committed[i].term < node[n].term =>
      i <= Len(node[n].log) /\ node[n].log[i] = committed[i].entry

(* What any node holds as committed is what leaders have committed.                                                   *)
StateMachineSafety ==
  \A n \in Working : /\ node[n].commit <= Len(committed)
                     /\ \A i \in 1 .. node[n].commit : node[n].log[i] = committed[i].entry

(* In any log all configurations but the newest are committed, whether that node knows it or not.                     *)
OneChangeAtATime ==
  \A n \in Working :
    Cardinality({i \in Len(committed) + 1 .. Len(node[n].log) : node[n].log[i].kind = "configuration"}) <= 1

(* What a node believes of its own disk, and a leader of the others' until they hear of a later term, is true.        *)
DurableOn(d, log, index) == index <= d.snapshot \/ IsPrefix(UpTo(log, index), d.log)
BeliefsAreTrue ==
  \A n \in Working :
    /\ DurableOn(disk[n], node[n].log, node[n].durable)
    /\ node[n].role = "leader" =>
         \A p \in Nodes \ {n} : disk[p].term > node[n].term \/ DurableOn(disk[p], node[n].log, node[n].match[p])

SnapshotsAreCommitted == \A n \in Nodes : disk[n].snapshot <= Len(committed)

(* What one step may not do.                                                                                          *)
CommittedStays == [][IsPrefix(committed, committed')]_vars
TermsRise == [][\A n \in Nodes : disk'[n].term >= disk[n].term]_vars
VotesStay ==
  [][\A n \in Nodes : disk'[n].term = disk[n].term /\ disk[n].vote # Nobody => disk'[n].vote = disk[n].vote]_vars
MemoryRises ==
  [][\A n \in Nodes : node[n].up /\ node'[n].up =>
       node'[n].term >= node[n].term /\ node'[n].commit >= node[n].commit]_vars
CommitsAreDurable ==
  [][committed' # committed =>
       \E n \in Nodes :
         LET r == node'[n]
         IN  /\ r.commit = Len(committed')
             /\ IsQuorum(ConfigurationOf(r.log), {p \in Nodes : DurableOn(disk'[p], r.log, r.commit)})]_vars
=============================================================================
