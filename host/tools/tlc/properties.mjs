/** What has to hold of the specification, whether it is searched within bounds or held against a run. */

/** Of every state. */
export const INVARIANTS = [
  "ElectionSafety",
  "LogMatching",
  "LeaderCompleteness",
  "StateMachineSafety",
  "OneChangeAtATime",
  "BeliefsAreTrue",
  "SnapshotsAreCommitted",
];
/** Of every step. */
export const PROPERTIES = ["CommittedStays", "TermsRise", "VotesStay", "CommitsAreDurable"];
