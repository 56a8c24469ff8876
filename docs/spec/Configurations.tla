--------------------------- MODULE Configurations ---------------------------
(* Who the members are, what a quorum of them is, and which configuration may follow which (thesis chapter 4).  As in *)
(* assembly/raft/quorum.ts and assembly/raft/change.ts.                                                               *)
EXTENDS Naturals, FiniteSets

CONSTANT Weakened   \* The rules that are left out, by name, to see that they are missed; {} but for that.

(* A configuration.  It is joint while it has outgoing voters.  A witness votes and is in one of the two sets, too.   *)
Configuration(voters, outgoing, learners, witnesses) ==
  [voters |-> voters, outgoing |-> outgoing, learners |-> learners, witnesses |-> witnesses]

(* No configuration at all: what a node knows that is to be added, and what an entry of another kind holds.           *)
NoConfiguration == Configuration({}, {}, {}, {})

IsJoint(c) == c.outgoing # {}
Voters(c)  == c.voters \union c.outgoing
Members(c) == Voters(c) \union c.learners

(* Voters that keep payloads: the others never lead (docs/membership.md, "Witnesses").                                *)
FullVoters(c) == Voters(c) \ c.witnesses

IsMajority(part, whole) == 2 * Cardinality(part \intersect whole) > Cardinality(whole)

(* A majority of the voters, and of a joint configuration's outgoing ones as well (thesis 4.3).                       *)
IsQuorum(c, nodes) ==
  /\ IsMajority(nodes, c.voters)
  /\ IsJoint(c) /\ "joint needs both sets" \notin Weakened => IsMajority(nodes, c.outgoing)

Difference(a, b) == (a \ b) \union (b \ a)

(* Whether a configuration may follow the one in force: from a simple one to another that differs by one voter at     *)
(* most (thesis 4.1), or into a joint one, or out of it.  That new voters have caught up is left out: it keeps a      *)
(* cluster available, and nothing safe.                                                                               *)
MayFollow(current, next) ==
  /\ next.voters \ next.witnesses # {}
  /\ \A n \in Members(current) \intersect Members(next) : n \in current.witnesses <=> n \in next.witnesses
  /\ CASE IsJoint(next)    -> ~IsJoint(current) /\ next.outgoing = current.voters
       [] IsJoint(current) -> next.voters = current.voters
       [] OTHER            -> Cardinality(Difference(current.voters, next.voters)) <= 1
=============================================================================
