/*
 * The core's ABI, as a C host sees it.
 * Generated from assembly/index.ts and assembly/abi/ by `npm run generate`: change those.
 * Structs lie in linear memory, little-endian. Unlike sizeof of the C structs, which may round up, a METALRAFT_x_SIZE
 * is where the last field ends. In the lists of functions, the signatures are those of WAMR's native symbols.
 */
#ifndef METALRAFT_ABI_H
#define METALRAFT_ABI_H

#include <stddef.h>
#include <stdint.h>

/* Fails to compile when a layout differs from the core's. */
#define METALRAFT_ABI_ASSERT(name, condition) typedef char metalraft_abi_##name[(condition) ? 1 : -1]

/* What a configuration begins with. */
typedef struct metalraft_configuration {
  /* Members that follow. */
  uint32_t count;
  /* Bits of ConfigurationFlag. */
  uint32_t flags;
} metalraft_configuration;
#define METALRAFT_CONFIGURATION_SIZE UINT32_C(8)
#define METALRAFT_CONFIGURATION_OFFSET_COUNT UINT32_C(0)
#define METALRAFT_CONFIGURATION_OFFSET_FLAGS UINT32_C(4)
METALRAFT_ABI_ASSERT(metalraft_configuration_count, offsetof(metalraft_configuration, count) == METALRAFT_CONFIGURATION_OFFSET_COUNT);
METALRAFT_ABI_ASSERT(metalraft_configuration_flags, offsetof(metalraft_configuration, flags) == METALRAFT_CONFIGURATION_OFFSET_FLAGS);
METALRAFT_ABI_ASSERT(metalraft_configuration_size, offsetof(metalraft_configuration, flags) + sizeof(uint32_t) == METALRAFT_CONFIGURATION_SIZE);

/* One member, before its address. */
typedef struct metalraft_member {
  /* The member's id; not 0. */
  uint32_t id;
  /* Bits of MemberRole; not 0. */
  uint8_t roles;
  /* Election priority: members below the highest one wait longer before they campaign. A hint; 0 unless set. */
  uint8_t priority;
  /* Bytes of address that follow, padding not counted. */
  uint8_t address_length;
  /* Must be 0. */
  uint8_t reserved;
} metalraft_member;
#define METALRAFT_MEMBER_SIZE UINT32_C(8)
#define METALRAFT_MEMBER_OFFSET_ID UINT32_C(0)
#define METALRAFT_MEMBER_OFFSET_ROLES UINT32_C(4)
#define METALRAFT_MEMBER_OFFSET_PRIORITY UINT32_C(5)
#define METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH UINT32_C(6)
#define METALRAFT_MEMBER_OFFSET_RESERVED UINT32_C(7)
METALRAFT_ABI_ASSERT(metalraft_member_id, offsetof(metalraft_member, id) == METALRAFT_MEMBER_OFFSET_ID);
METALRAFT_ABI_ASSERT(metalraft_member_roles, offsetof(metalraft_member, roles) == METALRAFT_MEMBER_OFFSET_ROLES);
METALRAFT_ABI_ASSERT(metalraft_member_priority, offsetof(metalraft_member, priority) == METALRAFT_MEMBER_OFFSET_PRIORITY);
METALRAFT_ABI_ASSERT(metalraft_member_address_length, offsetof(metalraft_member, address_length) == METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH);
METALRAFT_ABI_ASSERT(metalraft_member_reserved, offsetof(metalraft_member, reserved) == METALRAFT_MEMBER_OFFSET_RESERVED);
METALRAFT_ABI_ASSERT(metalraft_member_size, offsetof(metalraft_member, reserved) + sizeof(uint8_t) == METALRAFT_MEMBER_SIZE);

/* ConfigurationFlag. */
/* Two majorities are needed: of the members with VOTER and of those with OUTGOING (thesis 4.3). */
#define METALRAFT_CONFIGURATION_FLAG_JOINT UINT32_C(1)
/* The leader leaves the joint configuration by itself as soon as it is committed. */
#define METALRAFT_CONFIGURATION_FLAG_AUTO_LEAVE UINT32_C(2)

/* MemberRole. */
/* Votes and counts, in the incoming set of a joint configuration. */
#define METALRAFT_MEMBER_ROLE_VOTER UINT32_C(1)
/* Votes and counts in the outgoing set of a joint configuration. */
#define METALRAFT_MEMBER_ROLE_OUTGOING UINT32_C(2)
/* Receives the log, is never counted, never campaigns. */
#define METALRAFT_MEMBER_ROLE_LEARNER UINT32_C(4)
/* Keeps terms and no payloads, and never leads. Together with any of the others; fixed while the member stays. */
#define METALRAFT_MEMBER_ROLE_WITNESS UINT32_C(8)
/* A learner that the leader makes a voter by itself once it has caught up. Together with LEARNER. */
#define METALRAFT_MEMBER_ROLE_PROMOTE UINT32_C(16)

/* The bytes before an entry's payload. The payload is padded with zeroes to a multiple of 8. */
typedef struct metalraft_entry {
  /* The term in which the entry was made. */
  uint64_t term;
  /* Bytes of payload, padding not counted. */
  uint32_t length;
  /* An EntryKind. */
  uint8_t kind;
  /* Must be 0. */
  uint8_t reserved8;
  /* Must be 0. */
  uint16_t reserved16;
} metalraft_entry;
#define METALRAFT_ENTRY_SIZE UINT32_C(16)
#define METALRAFT_ENTRY_OFFSET_TERM UINT32_C(0)
#define METALRAFT_ENTRY_OFFSET_LENGTH UINT32_C(8)
#define METALRAFT_ENTRY_OFFSET_KIND UINT32_C(12)
#define METALRAFT_ENTRY_OFFSET_RESERVED8 UINT32_C(13)
#define METALRAFT_ENTRY_OFFSET_RESERVED16 UINT32_C(14)
METALRAFT_ABI_ASSERT(metalraft_entry_term, offsetof(metalraft_entry, term) == METALRAFT_ENTRY_OFFSET_TERM);
METALRAFT_ABI_ASSERT(metalraft_entry_length, offsetof(metalraft_entry, length) == METALRAFT_ENTRY_OFFSET_LENGTH);
METALRAFT_ABI_ASSERT(metalraft_entry_kind, offsetof(metalraft_entry, kind) == METALRAFT_ENTRY_OFFSET_KIND);
METALRAFT_ABI_ASSERT(metalraft_entry_reserved8, offsetof(metalraft_entry, reserved8) == METALRAFT_ENTRY_OFFSET_RESERVED8);
METALRAFT_ABI_ASSERT(metalraft_entry_reserved16, offsetof(metalraft_entry, reserved16) == METALRAFT_ENTRY_OFFSET_RESERVED16);
METALRAFT_ABI_ASSERT(metalraft_entry_size, offsetof(metalraft_entry, reserved16) + sizeof(uint16_t) == METALRAFT_ENTRY_SIZE);

/* EntryKind. */
/* A command for the state machine. */
#define METALRAFT_ENTRY_KIND_NORMAL UINT32_C(0)
/* The empty entry by which a new leader commits what earlier leaders left (thesis 6.4). Never applied. */
#define METALRAFT_ENTRY_KIND_NOOP UINT32_C(1)
/* A configuration, in force from the moment it is appended (thesis 4.1). Never applied. */
#define METALRAFT_ENTRY_KIND_CONFIGURATION UINT32_C(2)
/* Stands in a witness's log for a NORMAL entry: no payload. Never applied. */
#define METALRAFT_ENTRY_KIND_HOLLOW UINT32_C(3)

/* EntryFrame. Framing of entries. */
/* Bytes before the payload. */
#define METALRAFT_ENTRY_FRAME_HEADER UINT32_C(16)
/* Entries begin at multiples of this. */
#define METALRAFT_ENTRY_FRAME_ALIGNMENT UINT32_C(8)

/*
 * EventKind. Events for the observer. An event of one kind that happens several times before a flush is told once, with
 * the arguments of the last time: events say that something happened, the node's fields say what is.
 */
/* (role, term) The node's role or term changed. */
#define METALRAFT_EVENT_KIND_ROLE UINT32_C(0)
/* (leader's id or 0, term) The node follows another leader, or none. */
#define METALRAFT_EVENT_KIND_LEADER UINT32_C(1)
/* (index, term of the node) The commit index rose. */
#define METALRAFT_EVENT_KIND_COMMIT UINT32_C(2)
/* (first index removed, last index before) Conflicting entries were removed from the log. */
#define METALRAFT_EVENT_KIND_TRUNCATED UINT32_C(3)
/* (index of its entry or 0, members) Another configuration is in force. */
#define METALRAFT_EVENT_KIND_CONFIGURATION UINT32_C(4)
/* (status code as an unsigned number, message kind or 0) A message was refused. */
#define METALRAFT_EVENT_KIND_REFUSED UINT32_C(5)
/* (follower, index) A follower's log did not fit at this index; the leader probes further back. */
#define METALRAFT_EVENT_KIND_REJECTED UINT32_C(6)
/* (term, time of the last contact with a quorum) A leader stepped down because it heard no quorum. */
#define METALRAFT_EVENT_KIND_QUORUM_LOST UINT32_C(7)
/* (follower, index) Entries that have left the window were read back for a follower. */
#define METALRAFT_EVENT_KIND_READ_BACK UINT32_C(8)
/* (index, term) A durability report of an overwritten entry was not believed. */
#define METALRAFT_EVENT_KIND_STALE_DURABLE UINT32_C(9)
/* (last index, bytes of the entry) The window or the bound on uncommitted bytes refused an entry. */
#define METALRAFT_EVENT_KIND_FULL UINT32_C(10)
/* (candidate, term asked for) A vote or pre-vote was denied because a leader was heard from recently. */
#define METALRAFT_EVENT_KIND_LOYAL UINT32_C(11)
/* (follower, messages under way) Sending paused because the in-flight window is full. */
#define METALRAFT_EVENT_KIND_INFLIGHT_FULL UINT32_C(12)
/* (status code as an unsigned number, 0) The node stopped for good. */
#define METALRAFT_EVENT_KIND_STOPPED UINT32_C(13)
/* (index, 1 if it was installed from a leader, 0 if it is this node's own) The log begins behind another snapshot. */
#define METALRAFT_EVENT_KIND_SNAPSHOT UINT32_C(14)
/* (target or 0, 0) A leadership transfer began; with 0, one was given up. */
#define METALRAFT_EVENT_KIND_TRANSFER UINT32_C(15)
/* (1 or 0, term) The group rests, or is awake again. */
#define METALRAFT_EVENT_KIND_QUIET UINT32_C(16)
/* Number of kinds. */
#define METALRAFT_EVENT_KIND_COUNT UINT32_C(17)

/* What every message begins with. */
typedef struct metalraft_header {
  /* MessageFormat.MAGIC. */
  uint16_t magic;
  /* MessageFormat.VERSION. */
  uint8_t version;
  /* A MessageKind. */
  uint8_t kind;
  /* Bits of MessageFlag. */
  uint32_t flags;
  /* Length of the whole message in bytes. */
  uint32_t length;
  /* The sender. */
  uint32_t from;
  /* The receiver. */
  uint32_t to;
  /* The group within the cluster. */
  uint32_t group;
  /* The cluster's id. */
  uint64_t cluster;
  /*
   * The sender's term. In a pre-vote request and in a granted pre-vote reply: the term that is asked for, one above the
   * candidate's.
   */
  uint64_t term;
} metalraft_header;
#define METALRAFT_HEADER_SIZE UINT32_C(40)
#define METALRAFT_HEADER_OFFSET_MAGIC UINT32_C(0)
#define METALRAFT_HEADER_OFFSET_VERSION UINT32_C(2)
#define METALRAFT_HEADER_OFFSET_KIND UINT32_C(3)
#define METALRAFT_HEADER_OFFSET_FLAGS UINT32_C(4)
#define METALRAFT_HEADER_OFFSET_LENGTH UINT32_C(8)
#define METALRAFT_HEADER_OFFSET_FROM UINT32_C(12)
#define METALRAFT_HEADER_OFFSET_TO UINT32_C(16)
#define METALRAFT_HEADER_OFFSET_GROUP UINT32_C(20)
#define METALRAFT_HEADER_OFFSET_CLUSTER UINT32_C(24)
#define METALRAFT_HEADER_OFFSET_TERM UINT32_C(32)
METALRAFT_ABI_ASSERT(metalraft_header_magic, offsetof(metalraft_header, magic) == METALRAFT_HEADER_OFFSET_MAGIC);
METALRAFT_ABI_ASSERT(metalraft_header_version, offsetof(metalraft_header, version) == METALRAFT_HEADER_OFFSET_VERSION);
METALRAFT_ABI_ASSERT(metalraft_header_kind, offsetof(metalraft_header, kind) == METALRAFT_HEADER_OFFSET_KIND);
METALRAFT_ABI_ASSERT(metalraft_header_flags, offsetof(metalraft_header, flags) == METALRAFT_HEADER_OFFSET_FLAGS);
METALRAFT_ABI_ASSERT(metalraft_header_length, offsetof(metalraft_header, length) == METALRAFT_HEADER_OFFSET_LENGTH);
METALRAFT_ABI_ASSERT(metalraft_header_from, offsetof(metalraft_header, from) == METALRAFT_HEADER_OFFSET_FROM);
METALRAFT_ABI_ASSERT(metalraft_header_to, offsetof(metalraft_header, to) == METALRAFT_HEADER_OFFSET_TO);
METALRAFT_ABI_ASSERT(metalraft_header_group, offsetof(metalraft_header, group) == METALRAFT_HEADER_OFFSET_GROUP);
METALRAFT_ABI_ASSERT(metalraft_header_cluster, offsetof(metalraft_header, cluster) == METALRAFT_HEADER_OFFSET_CLUSTER);
METALRAFT_ABI_ASSERT(metalraft_header_term, offsetof(metalraft_header, term) == METALRAFT_HEADER_OFFSET_TERM);
METALRAFT_ABI_ASSERT(metalraft_header_size, offsetof(metalraft_header, term) + sizeof(uint64_t) == METALRAFT_HEADER_SIZE);

/* Asks for a vote, or with MessageFlag.PRE_VOTE whether a vote would be given (paper figure 2, thesis 9.6). */
typedef struct metalraft_vote_request {
  /* Index of the candidate's last entry. */
  uint64_t last_index;
  /* Term of the candidate's last entry. */
  uint64_t last_term;
} metalraft_vote_request;
#define METALRAFT_VOTE_REQUEST_SIZE UINT32_C(16)
#define METALRAFT_VOTE_REQUEST_OFFSET_LAST_INDEX UINT32_C(0)
#define METALRAFT_VOTE_REQUEST_OFFSET_LAST_TERM UINT32_C(8)
METALRAFT_ABI_ASSERT(metalraft_vote_request_last_index, offsetof(metalraft_vote_request, last_index) == METALRAFT_VOTE_REQUEST_OFFSET_LAST_INDEX);
METALRAFT_ABI_ASSERT(metalraft_vote_request_last_term, offsetof(metalraft_vote_request, last_term) == METALRAFT_VOTE_REQUEST_OFFSET_LAST_TERM);
METALRAFT_ABI_ASSERT(metalraft_vote_request_size, offsetof(metalraft_vote_request, last_term) + sizeof(uint64_t) == METALRAFT_VOTE_REQUEST_SIZE);

/* AppendEntries (paper figure 2); also the heartbeat and the probe, then without entries. Whole entries follow. */
typedef struct metalraft_append {
  /* Index of the entry before the first one carried. */
  uint64_t prev_index;
  /* Its term. */
  uint64_t prev_term;
  /* The leader's commit index. */
  uint64_t commit;
  /* Number of the leader's heartbeat round, echoed: what a batch of ReadIndex requests waits for. */
  uint64_t round;
  /* The leader's clock when it sent this, in ms, echoed: contact and leases are counted from it. */
  uint64_t sent;
  /* Number of this message among those with entries to this follower, echoed: frees places in the in-flight window. */
  uint32_t sequence;
  /* Entries carried. */
  uint32_t count;
} metalraft_append;
#define METALRAFT_APPEND_SIZE UINT32_C(48)
#define METALRAFT_APPEND_OFFSET_PREV_INDEX UINT32_C(0)
#define METALRAFT_APPEND_OFFSET_PREV_TERM UINT32_C(8)
#define METALRAFT_APPEND_OFFSET_COMMIT UINT32_C(16)
#define METALRAFT_APPEND_OFFSET_ROUND UINT32_C(24)
#define METALRAFT_APPEND_OFFSET_SENT UINT32_C(32)
#define METALRAFT_APPEND_OFFSET_SEQUENCE UINT32_C(40)
#define METALRAFT_APPEND_OFFSET_COUNT UINT32_C(44)
METALRAFT_ABI_ASSERT(metalraft_append_prev_index, offsetof(metalraft_append, prev_index) == METALRAFT_APPEND_OFFSET_PREV_INDEX);
METALRAFT_ABI_ASSERT(metalraft_append_prev_term, offsetof(metalraft_append, prev_term) == METALRAFT_APPEND_OFFSET_PREV_TERM);
METALRAFT_ABI_ASSERT(metalraft_append_commit, offsetof(metalraft_append, commit) == METALRAFT_APPEND_OFFSET_COMMIT);
METALRAFT_ABI_ASSERT(metalraft_append_round, offsetof(metalraft_append, round) == METALRAFT_APPEND_OFFSET_ROUND);
METALRAFT_ABI_ASSERT(metalraft_append_sent, offsetof(metalraft_append, sent) == METALRAFT_APPEND_OFFSET_SENT);
METALRAFT_ABI_ASSERT(metalraft_append_sequence, offsetof(metalraft_append, sequence) == METALRAFT_APPEND_OFFSET_SEQUENCE);
METALRAFT_ABI_ASSERT(metalraft_append_count, offsetof(metalraft_append, count) == METALRAFT_APPEND_OFFSET_COUNT);
METALRAFT_ABI_ASSERT(metalraft_append_size, offsetof(metalraft_append, count) + sizeof(uint32_t) == METALRAFT_APPEND_SIZE);

/*
 * Answers an Append. Carries what the follower holds, so that a later reply makes up for a lost one. The fields from
 * `rejected` on are there only with MessageFlag.REJECTED.
 */
typedef struct metalraft_append_reply {
  /* Highest index up to which the follower's log is known to equal the leader's and is durable; 0 if none is yet. */
  uint64_t match;
  /* `round` of the newest Append seen. */
  uint64_t round;
  /* `sent` of the newest Append seen. */
  uint64_t sent;
  /* `sequence` of the newest Append seen. */
  uint32_t sequence;
  /* Must be 0. */
  uint32_t reserved;
  /* `prevIndex` of the Append that did not fit. */
  uint64_t rejected;
  /* An index at which the logs may agree, for the next probe. */
  uint64_t hint_index;
  /* The follower's term at `hintIndex`. */
  uint64_t hint_term;
} metalraft_append_reply;
#define METALRAFT_APPEND_REPLY_SIZE UINT32_C(56)
#define METALRAFT_APPEND_REPLY_OFFSET_MATCH UINT32_C(0)
#define METALRAFT_APPEND_REPLY_OFFSET_ROUND UINT32_C(8)
#define METALRAFT_APPEND_REPLY_OFFSET_SENT UINT32_C(16)
#define METALRAFT_APPEND_REPLY_OFFSET_SEQUENCE UINT32_C(24)
#define METALRAFT_APPEND_REPLY_OFFSET_RESERVED UINT32_C(28)
#define METALRAFT_APPEND_REPLY_OFFSET_REJECTED UINT32_C(32)
#define METALRAFT_APPEND_REPLY_OFFSET_HINT_INDEX UINT32_C(40)
#define METALRAFT_APPEND_REPLY_OFFSET_HINT_TERM UINT32_C(48)
METALRAFT_ABI_ASSERT(metalraft_append_reply_match, offsetof(metalraft_append_reply, match) == METALRAFT_APPEND_REPLY_OFFSET_MATCH);
METALRAFT_ABI_ASSERT(metalraft_append_reply_round, offsetof(metalraft_append_reply, round) == METALRAFT_APPEND_REPLY_OFFSET_ROUND);
METALRAFT_ABI_ASSERT(metalraft_append_reply_sent, offsetof(metalraft_append_reply, sent) == METALRAFT_APPEND_REPLY_OFFSET_SENT);
METALRAFT_ABI_ASSERT(metalraft_append_reply_sequence, offsetof(metalraft_append_reply, sequence) == METALRAFT_APPEND_REPLY_OFFSET_SEQUENCE);
METALRAFT_ABI_ASSERT(metalraft_append_reply_reserved, offsetof(metalraft_append_reply, reserved) == METALRAFT_APPEND_REPLY_OFFSET_RESERVED);
METALRAFT_ABI_ASSERT(metalraft_append_reply_rejected, offsetof(metalraft_append_reply, rejected) == METALRAFT_APPEND_REPLY_OFFSET_REJECTED);
METALRAFT_ABI_ASSERT(metalraft_append_reply_hint_index, offsetof(metalraft_append_reply, hint_index) == METALRAFT_APPEND_REPLY_OFFSET_HINT_INDEX);
METALRAFT_ABI_ASSERT(metalraft_append_reply_hint_term, offsetof(metalraft_append_reply, hint_term) == METALRAFT_APPEND_REPLY_OFFSET_HINT_TERM);
METALRAFT_ABI_ASSERT(metalraft_append_reply_size, offsetof(metalraft_append_reply, hint_term) + sizeof(uint64_t) == METALRAFT_APPEND_REPLY_SIZE);

/*
 * InstallSnapshot (thesis 5.1, figure 5.3), one chunk of the image. Its bytes follow; with MessageFlag.LAST the image
 * ends with them. The image begins with the configuration as of its index, in wire form.
 */
typedef struct metalraft_install_snapshot {
  /* Last index that the snapshot covers. */
  uint64_t index;
  /* Its term. */
  uint64_t term;
  /* Where in the image the chunk begins. */
  uint64_t offset;
  /* As in Append. */
  uint64_t round;
  /* As in Append. */
  uint64_t sent;
} metalraft_install_snapshot;
#define METALRAFT_INSTALL_SNAPSHOT_SIZE UINT32_C(40)
#define METALRAFT_INSTALL_SNAPSHOT_OFFSET_INDEX UINT32_C(0)
#define METALRAFT_INSTALL_SNAPSHOT_OFFSET_TERM UINT32_C(8)
#define METALRAFT_INSTALL_SNAPSHOT_OFFSET_OFFSET UINT32_C(16)
#define METALRAFT_INSTALL_SNAPSHOT_OFFSET_ROUND UINT32_C(24)
#define METALRAFT_INSTALL_SNAPSHOT_OFFSET_SENT UINT32_C(32)
METALRAFT_ABI_ASSERT(metalraft_install_snapshot_index, offsetof(metalraft_install_snapshot, index) == METALRAFT_INSTALL_SNAPSHOT_OFFSET_INDEX);
METALRAFT_ABI_ASSERT(metalraft_install_snapshot_term, offsetof(metalraft_install_snapshot, term) == METALRAFT_INSTALL_SNAPSHOT_OFFSET_TERM);
METALRAFT_ABI_ASSERT(metalraft_install_snapshot_offset, offsetof(metalraft_install_snapshot, offset) == METALRAFT_INSTALL_SNAPSHOT_OFFSET_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_install_snapshot_round, offsetof(metalraft_install_snapshot, round) == METALRAFT_INSTALL_SNAPSHOT_OFFSET_ROUND);
METALRAFT_ABI_ASSERT(metalraft_install_snapshot_sent, offsetof(metalraft_install_snapshot, sent) == METALRAFT_INSTALL_SNAPSHOT_OFFSET_SENT);
METALRAFT_ABI_ASSERT(metalraft_install_snapshot_size, offsetof(metalraft_install_snapshot, sent) + sizeof(uint64_t) == METALRAFT_INSTALL_SNAPSHOT_SIZE);

/* Answers an InstallSnapshot. Begins as an AppendReply does. */
typedef struct metalraft_snapshot_reply {
  /* As in AppendReply. */
  uint64_t match;
  /* As in AppendReply. */
  uint64_t round;
  /* As in AppendReply. */
  uint64_t sent;
  /* As in AppendReply. */
  uint32_t sequence;
  /* Must be 0. */
  uint32_t reserved;
  /* The snapshot that is being received. */
  uint64_t index;
  /* Bytes of its image that have been taken: where the next chunk begins. */
  uint64_t offset;
} metalraft_snapshot_reply;
#define METALRAFT_SNAPSHOT_REPLY_SIZE UINT32_C(48)
#define METALRAFT_SNAPSHOT_REPLY_OFFSET_MATCH UINT32_C(0)
#define METALRAFT_SNAPSHOT_REPLY_OFFSET_ROUND UINT32_C(8)
#define METALRAFT_SNAPSHOT_REPLY_OFFSET_SENT UINT32_C(16)
#define METALRAFT_SNAPSHOT_REPLY_OFFSET_SEQUENCE UINT32_C(24)
#define METALRAFT_SNAPSHOT_REPLY_OFFSET_RESERVED UINT32_C(28)
#define METALRAFT_SNAPSHOT_REPLY_OFFSET_INDEX UINT32_C(32)
#define METALRAFT_SNAPSHOT_REPLY_OFFSET_OFFSET UINT32_C(40)
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_match, offsetof(metalraft_snapshot_reply, match) == METALRAFT_SNAPSHOT_REPLY_OFFSET_MATCH);
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_round, offsetof(metalraft_snapshot_reply, round) == METALRAFT_SNAPSHOT_REPLY_OFFSET_ROUND);
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_sent, offsetof(metalraft_snapshot_reply, sent) == METALRAFT_SNAPSHOT_REPLY_OFFSET_SENT);
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_sequence, offsetof(metalraft_snapshot_reply, sequence) == METALRAFT_SNAPSHOT_REPLY_OFFSET_SEQUENCE);
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_reserved, offsetof(metalraft_snapshot_reply, reserved) == METALRAFT_SNAPSHOT_REPLY_OFFSET_RESERVED);
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_index, offsetof(metalraft_snapshot_reply, index) == METALRAFT_SNAPSHOT_REPLY_OFFSET_INDEX);
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_offset, offsetof(metalraft_snapshot_reply, offset) == METALRAFT_SNAPSHOT_REPLY_OFFSET_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_snapshot_reply_size, offsetof(metalraft_snapshot_reply, offset) + sizeof(uint64_t) == METALRAFT_SNAPSHOT_REPLY_SIZE);

/* A follower asks its leader up to where it has to apply before it may answer its reads (thesis 6.4). */
typedef struct metalraft_read_request {
  /* The follower's newest ticket, echoed. */
  uint64_t ticket;
} metalraft_read_request;
#define METALRAFT_READ_REQUEST_SIZE UINT32_C(8)
#define METALRAFT_READ_REQUEST_OFFSET_TICKET UINT32_C(0)
METALRAFT_ABI_ASSERT(metalraft_read_request_ticket, offsetof(metalraft_read_request, ticket) == METALRAFT_READ_REQUEST_OFFSET_TICKET);
METALRAFT_ABI_ASSERT(metalraft_read_request_size, offsetof(metalraft_read_request, ticket) + sizeof(uint64_t) == METALRAFT_READ_REQUEST_SIZE);

/* Answers a ReadRequest once the leader is confirmed. */
typedef struct metalraft_read_reply {
  /* Reads up to this ticket are answered. */
  uint64_t ticket;
  /* What has to be applied first. */
  uint64_t index;
} metalraft_read_reply;
#define METALRAFT_READ_REPLY_SIZE UINT32_C(16)
#define METALRAFT_READ_REPLY_OFFSET_TICKET UINT32_C(0)
#define METALRAFT_READ_REPLY_OFFSET_INDEX UINT32_C(8)
METALRAFT_ABI_ASSERT(metalraft_read_reply_ticket, offsetof(metalraft_read_reply, ticket) == METALRAFT_READ_REPLY_OFFSET_TICKET);
METALRAFT_ABI_ASSERT(metalraft_read_reply_index, offsetof(metalraft_read_reply, index) == METALRAFT_READ_REPLY_OFFSET_INDEX);
METALRAFT_ABI_ASSERT(metalraft_read_reply_size, offsetof(metalraft_read_reply, index) + sizeof(uint64_t) == METALRAFT_READ_REPLY_SIZE);

/* MessageKind. */
/* A VoteRequest follows the header. */
#define METALRAFT_MESSAGE_KIND_VOTE_REQUEST UINT32_C(1)
/* Nothing follows the header. */
#define METALRAFT_MESSAGE_KIND_VOTE_REPLY UINT32_C(2)
/* An Append and its entries follow the header. */
#define METALRAFT_MESSAGE_KIND_APPEND UINT32_C(3)
/* An AppendReply follows the header. */
#define METALRAFT_MESSAGE_KIND_APPEND_REPLY UINT32_C(4)
/* An InstallSnapshot and bytes of the image follow the header. */
#define METALRAFT_MESSAGE_KIND_INSTALL_SNAPSHOT UINT32_C(5)
/* A SnapshotReply follows the header. */
#define METALRAFT_MESSAGE_KIND_SNAPSHOT_REPLY UINT32_C(6)
/* Nothing follows the header: the leader asks the receiver to campaign at once (thesis 3.10). */
#define METALRAFT_MESSAGE_KIND_TIMEOUT_NOW UINT32_C(7)
/* A ReadRequest follows the header. */
#define METALRAFT_MESSAGE_KIND_READ_REQUEST UINT32_C(8)
/* A ReadReply follows the header. */
#define METALRAFT_MESSAGE_KIND_READ_REPLY UINT32_C(9)

/* MessageFlag. */
/* Vote request or reply: about a pre-vote. */
#define METALRAFT_MESSAGE_FLAG_PRE_VOTE UINT32_C(1)
/* Vote reply: granted. */
#define METALRAFT_MESSAGE_FLAG_GRANTED UINT32_C(2)
/* Append reply: the Append did not fit. */
#define METALRAFT_MESSAGE_FLAG_REJECTED UINT32_C(4)
/* Append without entries: it only tells the commit index, and wants no reply if it fits. */
#define METALRAFT_MESSAGE_FLAG_QUIET UINT32_C(8)
/* Vote request: on behalf of the leader, which hands over; loyalty to it does not stand against it. */
#define METALRAFT_MESSAGE_FLAG_TRANSFER UINT32_C(16)
/* Append without entries: the leader rests, no more heartbeats come. Wants no reply if the follower can rest too. */
#define METALRAFT_MESSAGE_FLAG_REST UINT32_C(32)
/* InstallSnapshot: the image ends here. */
#define METALRAFT_MESSAGE_FLAG_LAST UINT32_C(64)
/* Read request: a lease of the leader's will do. */
#define METALRAFT_MESSAGE_FLAG_LEASE UINT32_C(128)

/* MessageFormat. */
/* First two bytes of every message: "MR". */
#define METALRAFT_MESSAGE_FORMAT_MAGIC UINT32_C(0x524d)
/* Version of the wire format. */
#define METALRAFT_MESSAGE_FORMAT_VERSION UINT32_C(1)
/* Bytes of the header. */
#define METALRAFT_MESSAGE_FORMAT_HEADER UINT32_C(40)
/* Bytes of an Append before its entries, header included. */
#define METALRAFT_MESSAGE_FORMAT_APPEND UINT32_C(88)
/* Bytes of a vote request. */
#define METALRAFT_MESSAGE_FORMAT_VOTE_REQUEST UINT32_C(56)
/* Bytes of an append reply that rejects nothing. */
#define METALRAFT_MESSAGE_FORMAT_APPEND_REPLY UINT32_C(72)
/* Bytes of an append reply with MessageFlag.REJECTED. */
#define METALRAFT_MESSAGE_FORMAT_REJECTION UINT32_C(96)
/* Bytes of an InstallSnapshot before the image's bytes, header included. */
#define METALRAFT_MESSAGE_FORMAT_INSTALL_SNAPSHOT UINT32_C(80)
/* Bytes of a snapshot reply. */
#define METALRAFT_MESSAGE_FORMAT_SNAPSHOT_REPLY UINT32_C(88)
/* Bytes of a read request. */
#define METALRAFT_MESSAGE_FORMAT_READ_REQUEST UINT32_C(48)
/* Bytes of a read reply. */
#define METALRAFT_MESSAGE_FORMAT_READ_REPLY UINT32_C(56)

/*
 * A node's fixed part. A host may read any field between two calls, and must not write any. The fields up to
 * `inboxOffset` keep their meaning within an ABI version; those behind it are the algorithm's own.
 */
typedef struct metalraft_node {
  /* NodeFormat.MAGIC: marks a node, and names the version of this layout. */
  uint32_t magic;
  /* A Stage. */
  uint32_t stage;
  /* While the node works, 0; afterwards the status code that says why it stopped. */
  int32_t failure;
  /* A Role. */
  uint32_t role;
  /* The latest term seen. */
  uint64_t term;
  /* Who got this node's vote in `term`; 0 if nobody. */
  uint32_t vote;
  /* The leader of `term`; 0 if not known. */
  uint32_t leader;
  /* Highest index known to be committed. `snapshotIndex <= commit <= last`. */
  uint64_t commit;
  /* Highest index handed to the state machine. `applied <= commit` and `applied <= durable`. */
  uint64_t applied;
  /* Index of the last entry; `first - 1` if the window is empty. */
  uint64_t last;
  /* Term of the last entry. */
  uint64_t last_term;
  /* Highest index known to be durable here. `durable <= written`. */
  uint64_t durable;
  /* Index of the oldest entry in the window. `first <= last + 1`. */
  uint64_t first;
  /* Members of the configuration in force. */
  uint32_t members;
  /* Bits of ConfigurationFlag of the configuration in force. */
  uint32_t configuration_flags;
  /* The newest time that came with an input, in ms. */
  uint64_t now;
  /* Index of the entry whose configuration is in force; at most `snapshotIndex` if it came with the snapshot. */
  uint64_t configuration_index;
  /* Bits of Due that are due to every member. */
  uint32_t due_to_all;
  /* Bits of TimerAction that the next flush lets out. */
  uint32_t timers;
  /* Rows of terms that have left the window; at least 1. */
  uint32_t term_count;
  /* Where the next entry goes, as an offset into the window's bytes. */
  uint32_t head;
  /* The offsets of the window's entries, u32 each, at `index & (windowEntries - 1)`. */
  uint32_t slots_offset;
  /* The message being made. */
  uint32_t outbox_offset;
  /* Last index covered by the snapshot that the log starts from; 0 without one. */
  uint64_t snapshot_index;
  /* Term of the entry at `snapshotIndex`. */
  uint64_t snapshot_term;
  /* Entries up to here may be gone from storage. `compacted <= snapshotIndex`. */
  uint64_t compacted;
  /* The newest ticket given to a read. */
  uint64_t read_ticket;
  /* When this node last heard from a leader of its term, or started: it denies votes for an election timeout. */
  uint64_t last_heard;
  /* Leader: whom it hands over to; 0 if to nobody. */
  uint32_t transfer_target;
  /* 0; 1 while the group rests: no timer runs, any input wakes it; 2 if the next flush wakes it. */
  uint32_t quiet;
  /* Where the configuration in force lies, in wire form. */
  uint32_t configuration_offset;
  /* The Peer records: one for each member, then unused ones, then the one for a node that is no member. */
  uint32_t peers_offset;
  /* Longest payload of a proposal, in bytes. */
  uint32_t max_payload;
  /* Where the host puts bytes that go into an input (`maxMessage` of them); free between two calls. */
  uint32_t inbox_offset;
  /* The window's bytes. */
  uint32_t bytes_offset;
  /* The configuration as of `first - 1`, in wire form. */
  uint32_t base_offset;
  /* Pending events' arguments, two u64 each. */
  uint32_t events_offset;
  /* `windowEntries - 1`: which slot an index has. */
  uint32_t slot_mask;
  /* The rows of terms that have left the window, TermStart each. */
  uint32_t terms_offset;
  /* Index of the entry that the configuration at `baseOffset` came from. `baseIndex < first`. */
  uint64_t base_index;
  /* Highest index handed to storage. `written <= last`. */
  uint64_t written;
  /* Smallest index from which storage has to remove entries at the next flush; 0 if none. */
  uint64_t truncate_from;
  /* Highest index up to which this log is known to equal the current leader's; 0 after each change of leader. */
  uint64_t verified;
  /* Term in the last hard state written. `savedTerm <= term`. */
  uint64_t saved_term;
  /* Vote in the last hard state written. */
  uint32_t saved_vote;
  /* Nonzero while `flush` runs. */
  uint32_t busy;
  /* From when the election timeout counts. */
  uint64_t election_base;
  /* Delay of the election timer that is due to be armed. */
  uint64_t election_delay;
  /* Kinds of events wanted. */
  uint32_t event_mask;
  /* Kinds of events pending. */
  uint32_t events_pending;
  /* Length of the Append in the outbox that other followers at the same place can share; 0 if none. */
  uint32_t shared_length;
  /* `next` of the followers that can share it. */
  uint64_t shared_next;
  /* Leader: 0; if elected by its own vote alone, the first index of its term: once that is durable, so is the term. */
  uint64_t office_index;
  /*
   * Number of the latest heartbeat round, and of the latest ticket for reads. Begins at the incarnation; never falls.
   */
  uint64_t round;
  /* Leader: the first index of its term. Once that is committed it may change members and answer reads. */
  uint64_t term_index;
  /* Leader: last index when the latest heartbeat was due: who holds that has caught up. */
  uint64_t round_last;
  /* Leader: contact with a quorum is taken for granted for an election timeout from here: when the group woke. */
  uint64_t contact_base;
  /* Leader: when the transfer is given up. */
  uint64_t transfer_deadline;
  /*
   * Not 0 if the configuration in force, once committed, asks something of its leader: to leave a joint configuration,
   * or to step down because it is no voter in it.
   */
  uint32_t unsettled;
  /*
   * Leader: 1 from when it asked a member to campaign; its lease may be broken from there. Candidate: 1 if it was
   * asked.
   */
  uint32_t hand_over;
  /* 1 if another member has a higher election priority. */
  uint32_t outranked;
  /* 1 if this node was a full voter before the configuration in force, or before ones in a row, took its vote. */
  uint32_t former_voter;
  /* Leader: idle heartbeat rounds so far. */
  uint32_t idle_rounds;
  /* Length of the InstallSnapshot that waits in the outbox for the next flush; 0 if none. */
  uint32_t chunk_length;
  /* Its index; 0 if none is. */
  uint64_t incoming_index;
  /* Its term. */
  uint64_t incoming_term;
  /* Bytes of its image taken so far. */
  uint64_t incoming_offset;
  /* 1 once the image is complete: the host makes it durable. */
  uint32_t incoming_done;
  /* Follower: 1 if one of the reads that wait must not rely on a lease. */
  uint32_t read_strict;
  /* Leader: the newest round that a read waits for, its own or a follower's. */
  uint64_t round_wanted;
  /* Leader: the newest round that a quorum has acknowledged. */
  uint64_t round_confirmed;
  /* Follower: ticket in the latest request to the leader. */
  uint64_t read_asked;
  /* Reads up to this ticket may be answered once `readIndex` is applied. `readTold <= readConfirmed <= readTicket`. */
  uint64_t read_confirmed;
  /* See `readConfirmed`. */
  uint64_t read_index;
  /* Reads up to this ticket are refused. */
  uint64_t read_refused;
  /* Up to which ticket the host was told. */
  uint64_t read_told;
  /* `compacted` as last handed to storage. */
  uint64_t saved_compacted;
} metalraft_node;
#define METALRAFT_NODE_SIZE UINT32_C(472)
#define METALRAFT_NODE_OFFSET_MAGIC UINT32_C(0)
#define METALRAFT_NODE_OFFSET_STAGE UINT32_C(4)
#define METALRAFT_NODE_OFFSET_FAILURE UINT32_C(8)
#define METALRAFT_NODE_OFFSET_ROLE UINT32_C(12)
#define METALRAFT_NODE_OFFSET_TERM UINT32_C(16)
#define METALRAFT_NODE_OFFSET_VOTE UINT32_C(24)
#define METALRAFT_NODE_OFFSET_LEADER UINT32_C(28)
#define METALRAFT_NODE_OFFSET_COMMIT UINT32_C(32)
#define METALRAFT_NODE_OFFSET_APPLIED UINT32_C(40)
#define METALRAFT_NODE_OFFSET_LAST UINT32_C(48)
#define METALRAFT_NODE_OFFSET_LAST_TERM UINT32_C(56)
#define METALRAFT_NODE_OFFSET_DURABLE UINT32_C(64)
#define METALRAFT_NODE_OFFSET_FIRST UINT32_C(72)
#define METALRAFT_NODE_OFFSET_MEMBERS UINT32_C(80)
#define METALRAFT_NODE_OFFSET_CONFIGURATION_FLAGS UINT32_C(84)
#define METALRAFT_NODE_OFFSET_NOW UINT32_C(88)
#define METALRAFT_NODE_OFFSET_CONFIGURATION_INDEX UINT32_C(96)
#define METALRAFT_NODE_OFFSET_DUE_TO_ALL UINT32_C(104)
#define METALRAFT_NODE_OFFSET_TIMERS UINT32_C(108)
#define METALRAFT_NODE_OFFSET_TERM_COUNT UINT32_C(112)
#define METALRAFT_NODE_OFFSET_HEAD UINT32_C(116)
#define METALRAFT_NODE_OFFSET_SLOTS_OFFSET UINT32_C(120)
#define METALRAFT_NODE_OFFSET_OUTBOX_OFFSET UINT32_C(124)
#define METALRAFT_NODE_OFFSET_SNAPSHOT_INDEX UINT32_C(128)
#define METALRAFT_NODE_OFFSET_SNAPSHOT_TERM UINT32_C(136)
#define METALRAFT_NODE_OFFSET_COMPACTED UINT32_C(144)
#define METALRAFT_NODE_OFFSET_READ_TICKET UINT32_C(152)
#define METALRAFT_NODE_OFFSET_LAST_HEARD UINT32_C(160)
#define METALRAFT_NODE_OFFSET_TRANSFER_TARGET UINT32_C(168)
#define METALRAFT_NODE_OFFSET_QUIET UINT32_C(172)
#define METALRAFT_NODE_OFFSET_CONFIGURATION_OFFSET UINT32_C(176)
#define METALRAFT_NODE_OFFSET_PEERS_OFFSET UINT32_C(180)
#define METALRAFT_NODE_OFFSET_MAX_PAYLOAD UINT32_C(184)
#define METALRAFT_NODE_OFFSET_INBOX_OFFSET UINT32_C(188)
#define METALRAFT_NODE_OFFSET_BYTES_OFFSET UINT32_C(192)
#define METALRAFT_NODE_OFFSET_BASE_OFFSET UINT32_C(196)
#define METALRAFT_NODE_OFFSET_EVENTS_OFFSET UINT32_C(200)
#define METALRAFT_NODE_OFFSET_SLOT_MASK UINT32_C(204)
#define METALRAFT_NODE_OFFSET_TERMS_OFFSET UINT32_C(208)
#define METALRAFT_NODE_OFFSET_BASE_INDEX UINT32_C(216)
#define METALRAFT_NODE_OFFSET_WRITTEN UINT32_C(224)
#define METALRAFT_NODE_OFFSET_TRUNCATE_FROM UINT32_C(232)
#define METALRAFT_NODE_OFFSET_VERIFIED UINT32_C(240)
#define METALRAFT_NODE_OFFSET_SAVED_TERM UINT32_C(248)
#define METALRAFT_NODE_OFFSET_SAVED_VOTE UINT32_C(256)
#define METALRAFT_NODE_OFFSET_BUSY UINT32_C(260)
#define METALRAFT_NODE_OFFSET_ELECTION_BASE UINT32_C(264)
#define METALRAFT_NODE_OFFSET_ELECTION_DELAY UINT32_C(272)
#define METALRAFT_NODE_OFFSET_EVENT_MASK UINT32_C(280)
#define METALRAFT_NODE_OFFSET_EVENTS_PENDING UINT32_C(284)
#define METALRAFT_NODE_OFFSET_SHARED_LENGTH UINT32_C(288)
#define METALRAFT_NODE_OFFSET_SHARED_NEXT UINT32_C(296)
#define METALRAFT_NODE_OFFSET_OFFICE_INDEX UINT32_C(304)
#define METALRAFT_NODE_OFFSET_ROUND UINT32_C(312)
#define METALRAFT_NODE_OFFSET_TERM_INDEX UINT32_C(320)
#define METALRAFT_NODE_OFFSET_ROUND_LAST UINT32_C(328)
#define METALRAFT_NODE_OFFSET_CONTACT_BASE UINT32_C(336)
#define METALRAFT_NODE_OFFSET_TRANSFER_DEADLINE UINT32_C(344)
#define METALRAFT_NODE_OFFSET_UNSETTLED UINT32_C(352)
#define METALRAFT_NODE_OFFSET_HAND_OVER UINT32_C(356)
#define METALRAFT_NODE_OFFSET_OUTRANKED UINT32_C(360)
#define METALRAFT_NODE_OFFSET_FORMER_VOTER UINT32_C(364)
#define METALRAFT_NODE_OFFSET_IDLE_ROUNDS UINT32_C(368)
#define METALRAFT_NODE_OFFSET_CHUNK_LENGTH UINT32_C(372)
#define METALRAFT_NODE_OFFSET_INCOMING_INDEX UINT32_C(376)
#define METALRAFT_NODE_OFFSET_INCOMING_TERM UINT32_C(384)
#define METALRAFT_NODE_OFFSET_INCOMING_OFFSET UINT32_C(392)
#define METALRAFT_NODE_OFFSET_INCOMING_DONE UINT32_C(400)
#define METALRAFT_NODE_OFFSET_READ_STRICT UINT32_C(404)
#define METALRAFT_NODE_OFFSET_ROUND_WANTED UINT32_C(408)
#define METALRAFT_NODE_OFFSET_ROUND_CONFIRMED UINT32_C(416)
#define METALRAFT_NODE_OFFSET_READ_ASKED UINT32_C(424)
#define METALRAFT_NODE_OFFSET_READ_CONFIRMED UINT32_C(432)
#define METALRAFT_NODE_OFFSET_READ_INDEX UINT32_C(440)
#define METALRAFT_NODE_OFFSET_READ_REFUSED UINT32_C(448)
#define METALRAFT_NODE_OFFSET_READ_TOLD UINT32_C(456)
#define METALRAFT_NODE_OFFSET_SAVED_COMPACTED UINT32_C(464)
METALRAFT_ABI_ASSERT(metalraft_node_magic, offsetof(metalraft_node, magic) == METALRAFT_NODE_OFFSET_MAGIC);
METALRAFT_ABI_ASSERT(metalraft_node_stage, offsetof(metalraft_node, stage) == METALRAFT_NODE_OFFSET_STAGE);
METALRAFT_ABI_ASSERT(metalraft_node_failure, offsetof(metalraft_node, failure) == METALRAFT_NODE_OFFSET_FAILURE);
METALRAFT_ABI_ASSERT(metalraft_node_role, offsetof(metalraft_node, role) == METALRAFT_NODE_OFFSET_ROLE);
METALRAFT_ABI_ASSERT(metalraft_node_term, offsetof(metalraft_node, term) == METALRAFT_NODE_OFFSET_TERM);
METALRAFT_ABI_ASSERT(metalraft_node_vote, offsetof(metalraft_node, vote) == METALRAFT_NODE_OFFSET_VOTE);
METALRAFT_ABI_ASSERT(metalraft_node_leader, offsetof(metalraft_node, leader) == METALRAFT_NODE_OFFSET_LEADER);
METALRAFT_ABI_ASSERT(metalraft_node_commit, offsetof(metalraft_node, commit) == METALRAFT_NODE_OFFSET_COMMIT);
METALRAFT_ABI_ASSERT(metalraft_node_applied, offsetof(metalraft_node, applied) == METALRAFT_NODE_OFFSET_APPLIED);
METALRAFT_ABI_ASSERT(metalraft_node_last, offsetof(metalraft_node, last) == METALRAFT_NODE_OFFSET_LAST);
METALRAFT_ABI_ASSERT(metalraft_node_last_term, offsetof(metalraft_node, last_term) == METALRAFT_NODE_OFFSET_LAST_TERM);
METALRAFT_ABI_ASSERT(metalraft_node_durable, offsetof(metalraft_node, durable) == METALRAFT_NODE_OFFSET_DURABLE);
METALRAFT_ABI_ASSERT(metalraft_node_first, offsetof(metalraft_node, first) == METALRAFT_NODE_OFFSET_FIRST);
METALRAFT_ABI_ASSERT(metalraft_node_members, offsetof(metalraft_node, members) == METALRAFT_NODE_OFFSET_MEMBERS);
METALRAFT_ABI_ASSERT(metalraft_node_configuration_flags, offsetof(metalraft_node, configuration_flags) == METALRAFT_NODE_OFFSET_CONFIGURATION_FLAGS);
METALRAFT_ABI_ASSERT(metalraft_node_now, offsetof(metalraft_node, now) == METALRAFT_NODE_OFFSET_NOW);
METALRAFT_ABI_ASSERT(metalraft_node_configuration_index, offsetof(metalraft_node, configuration_index) == METALRAFT_NODE_OFFSET_CONFIGURATION_INDEX);
METALRAFT_ABI_ASSERT(metalraft_node_due_to_all, offsetof(metalraft_node, due_to_all) == METALRAFT_NODE_OFFSET_DUE_TO_ALL);
METALRAFT_ABI_ASSERT(metalraft_node_timers, offsetof(metalraft_node, timers) == METALRAFT_NODE_OFFSET_TIMERS);
METALRAFT_ABI_ASSERT(metalraft_node_term_count, offsetof(metalraft_node, term_count) == METALRAFT_NODE_OFFSET_TERM_COUNT);
METALRAFT_ABI_ASSERT(metalraft_node_head, offsetof(metalraft_node, head) == METALRAFT_NODE_OFFSET_HEAD);
METALRAFT_ABI_ASSERT(metalraft_node_slots_offset, offsetof(metalraft_node, slots_offset) == METALRAFT_NODE_OFFSET_SLOTS_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_outbox_offset, offsetof(metalraft_node, outbox_offset) == METALRAFT_NODE_OFFSET_OUTBOX_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_snapshot_index, offsetof(metalraft_node, snapshot_index) == METALRAFT_NODE_OFFSET_SNAPSHOT_INDEX);
METALRAFT_ABI_ASSERT(metalraft_node_snapshot_term, offsetof(metalraft_node, snapshot_term) == METALRAFT_NODE_OFFSET_SNAPSHOT_TERM);
METALRAFT_ABI_ASSERT(metalraft_node_compacted, offsetof(metalraft_node, compacted) == METALRAFT_NODE_OFFSET_COMPACTED);
METALRAFT_ABI_ASSERT(metalraft_node_read_ticket, offsetof(metalraft_node, read_ticket) == METALRAFT_NODE_OFFSET_READ_TICKET);
METALRAFT_ABI_ASSERT(metalraft_node_last_heard, offsetof(metalraft_node, last_heard) == METALRAFT_NODE_OFFSET_LAST_HEARD);
METALRAFT_ABI_ASSERT(metalraft_node_transfer_target, offsetof(metalraft_node, transfer_target) == METALRAFT_NODE_OFFSET_TRANSFER_TARGET);
METALRAFT_ABI_ASSERT(metalraft_node_quiet, offsetof(metalraft_node, quiet) == METALRAFT_NODE_OFFSET_QUIET);
METALRAFT_ABI_ASSERT(metalraft_node_configuration_offset, offsetof(metalraft_node, configuration_offset) == METALRAFT_NODE_OFFSET_CONFIGURATION_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_peers_offset, offsetof(metalraft_node, peers_offset) == METALRAFT_NODE_OFFSET_PEERS_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_max_payload, offsetof(metalraft_node, max_payload) == METALRAFT_NODE_OFFSET_MAX_PAYLOAD);
METALRAFT_ABI_ASSERT(metalraft_node_inbox_offset, offsetof(metalraft_node, inbox_offset) == METALRAFT_NODE_OFFSET_INBOX_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_bytes_offset, offsetof(metalraft_node, bytes_offset) == METALRAFT_NODE_OFFSET_BYTES_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_base_offset, offsetof(metalraft_node, base_offset) == METALRAFT_NODE_OFFSET_BASE_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_events_offset, offsetof(metalraft_node, events_offset) == METALRAFT_NODE_OFFSET_EVENTS_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_slot_mask, offsetof(metalraft_node, slot_mask) == METALRAFT_NODE_OFFSET_SLOT_MASK);
METALRAFT_ABI_ASSERT(metalraft_node_terms_offset, offsetof(metalraft_node, terms_offset) == METALRAFT_NODE_OFFSET_TERMS_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_base_index, offsetof(metalraft_node, base_index) == METALRAFT_NODE_OFFSET_BASE_INDEX);
METALRAFT_ABI_ASSERT(metalraft_node_written, offsetof(metalraft_node, written) == METALRAFT_NODE_OFFSET_WRITTEN);
METALRAFT_ABI_ASSERT(metalraft_node_truncate_from, offsetof(metalraft_node, truncate_from) == METALRAFT_NODE_OFFSET_TRUNCATE_FROM);
METALRAFT_ABI_ASSERT(metalraft_node_verified, offsetof(metalraft_node, verified) == METALRAFT_NODE_OFFSET_VERIFIED);
METALRAFT_ABI_ASSERT(metalraft_node_saved_term, offsetof(metalraft_node, saved_term) == METALRAFT_NODE_OFFSET_SAVED_TERM);
METALRAFT_ABI_ASSERT(metalraft_node_saved_vote, offsetof(metalraft_node, saved_vote) == METALRAFT_NODE_OFFSET_SAVED_VOTE);
METALRAFT_ABI_ASSERT(metalraft_node_busy, offsetof(metalraft_node, busy) == METALRAFT_NODE_OFFSET_BUSY);
METALRAFT_ABI_ASSERT(metalraft_node_election_base, offsetof(metalraft_node, election_base) == METALRAFT_NODE_OFFSET_ELECTION_BASE);
METALRAFT_ABI_ASSERT(metalraft_node_election_delay, offsetof(metalraft_node, election_delay) == METALRAFT_NODE_OFFSET_ELECTION_DELAY);
METALRAFT_ABI_ASSERT(metalraft_node_event_mask, offsetof(metalraft_node, event_mask) == METALRAFT_NODE_OFFSET_EVENT_MASK);
METALRAFT_ABI_ASSERT(metalraft_node_events_pending, offsetof(metalraft_node, events_pending) == METALRAFT_NODE_OFFSET_EVENTS_PENDING);
METALRAFT_ABI_ASSERT(metalraft_node_shared_length, offsetof(metalraft_node, shared_length) == METALRAFT_NODE_OFFSET_SHARED_LENGTH);
METALRAFT_ABI_ASSERT(metalraft_node_shared_next, offsetof(metalraft_node, shared_next) == METALRAFT_NODE_OFFSET_SHARED_NEXT);
METALRAFT_ABI_ASSERT(metalraft_node_office_index, offsetof(metalraft_node, office_index) == METALRAFT_NODE_OFFSET_OFFICE_INDEX);
METALRAFT_ABI_ASSERT(metalraft_node_round, offsetof(metalraft_node, round) == METALRAFT_NODE_OFFSET_ROUND);
METALRAFT_ABI_ASSERT(metalraft_node_term_index, offsetof(metalraft_node, term_index) == METALRAFT_NODE_OFFSET_TERM_INDEX);
METALRAFT_ABI_ASSERT(metalraft_node_round_last, offsetof(metalraft_node, round_last) == METALRAFT_NODE_OFFSET_ROUND_LAST);
METALRAFT_ABI_ASSERT(metalraft_node_contact_base, offsetof(metalraft_node, contact_base) == METALRAFT_NODE_OFFSET_CONTACT_BASE);
METALRAFT_ABI_ASSERT(metalraft_node_transfer_deadline, offsetof(metalraft_node, transfer_deadline) == METALRAFT_NODE_OFFSET_TRANSFER_DEADLINE);
METALRAFT_ABI_ASSERT(metalraft_node_unsettled, offsetof(metalraft_node, unsettled) == METALRAFT_NODE_OFFSET_UNSETTLED);
METALRAFT_ABI_ASSERT(metalraft_node_hand_over, offsetof(metalraft_node, hand_over) == METALRAFT_NODE_OFFSET_HAND_OVER);
METALRAFT_ABI_ASSERT(metalraft_node_outranked, offsetof(metalraft_node, outranked) == METALRAFT_NODE_OFFSET_OUTRANKED);
METALRAFT_ABI_ASSERT(metalraft_node_former_voter, offsetof(metalraft_node, former_voter) == METALRAFT_NODE_OFFSET_FORMER_VOTER);
METALRAFT_ABI_ASSERT(metalraft_node_idle_rounds, offsetof(metalraft_node, idle_rounds) == METALRAFT_NODE_OFFSET_IDLE_ROUNDS);
METALRAFT_ABI_ASSERT(metalraft_node_chunk_length, offsetof(metalraft_node, chunk_length) == METALRAFT_NODE_OFFSET_CHUNK_LENGTH);
METALRAFT_ABI_ASSERT(metalraft_node_incoming_index, offsetof(metalraft_node, incoming_index) == METALRAFT_NODE_OFFSET_INCOMING_INDEX);
METALRAFT_ABI_ASSERT(metalraft_node_incoming_term, offsetof(metalraft_node, incoming_term) == METALRAFT_NODE_OFFSET_INCOMING_TERM);
METALRAFT_ABI_ASSERT(metalraft_node_incoming_offset, offsetof(metalraft_node, incoming_offset) == METALRAFT_NODE_OFFSET_INCOMING_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_node_incoming_done, offsetof(metalraft_node, incoming_done) == METALRAFT_NODE_OFFSET_INCOMING_DONE);
METALRAFT_ABI_ASSERT(metalraft_node_read_strict, offsetof(metalraft_node, read_strict) == METALRAFT_NODE_OFFSET_READ_STRICT);
METALRAFT_ABI_ASSERT(metalraft_node_round_wanted, offsetof(metalraft_node, round_wanted) == METALRAFT_NODE_OFFSET_ROUND_WANTED);
METALRAFT_ABI_ASSERT(metalraft_node_round_confirmed, offsetof(metalraft_node, round_confirmed) == METALRAFT_NODE_OFFSET_ROUND_CONFIRMED);
METALRAFT_ABI_ASSERT(metalraft_node_read_asked, offsetof(metalraft_node, read_asked) == METALRAFT_NODE_OFFSET_READ_ASKED);
METALRAFT_ABI_ASSERT(metalraft_node_read_confirmed, offsetof(metalraft_node, read_confirmed) == METALRAFT_NODE_OFFSET_READ_CONFIRMED);
METALRAFT_ABI_ASSERT(metalraft_node_read_index, offsetof(metalraft_node, read_index) == METALRAFT_NODE_OFFSET_READ_INDEX);
METALRAFT_ABI_ASSERT(metalraft_node_read_refused, offsetof(metalraft_node, read_refused) == METALRAFT_NODE_OFFSET_READ_REFUSED);
METALRAFT_ABI_ASSERT(metalraft_node_read_told, offsetof(metalraft_node, read_told) == METALRAFT_NODE_OFFSET_READ_TOLD);
METALRAFT_ABI_ASSERT(metalraft_node_saved_compacted, offsetof(metalraft_node, saved_compacted) == METALRAFT_NODE_OFFSET_SAVED_COMPACTED);
METALRAFT_ABI_ASSERT(metalraft_node_size, offsetof(metalraft_node, saved_compacted) + sizeof(uint64_t) == METALRAFT_NODE_SIZE);

/* NodeFormat. */
/* First word of an arena that holds a node: "MRN" and the version of the ABI. */
#define METALRAFT_NODE_FORMAT_MAGIC UINT32_C(0x24e524d)
/* Version of the ABI: exports, imports, struct layouts. */
#define METALRAFT_NODE_FORMAT_ABI_VERSION 2

/* Stage. What a node may be asked to do. */
/* Initialized: takes what was recovered from storage. */
#define METALRAFT_STAGE_RESTORING UINT32_C(0)
/* Started: takes inputs. */
#define METALRAFT_STAGE_RUNNING UINT32_C(1)

/* Role. */
#define METALRAFT_ROLE_FOLLOWER UINT32_C(0)
/* Asks whether it would be elected, without a new term (thesis 9.6). */
#define METALRAFT_ROLE_PRE_CANDIDATE UINT32_C(1)
#define METALRAFT_ROLE_CANDIDATE UINT32_C(2)
#define METALRAFT_ROLE_LEADER UINT32_C(3)

/* ReadKind. How a read is made linearizable. */
/* By a round of heartbeats (ReadIndex, thesis 6.4). */
#define METALRAFT_READ_KIND_INDEX UINT32_C(0)
/* By a lease, if the plan has leases and one holds; else as INDEX (thesis 6.4.1). */
#define METALRAFT_READ_KIND_LEASE UINT32_C(1)

/* TimerKind. */
/* A follower or candidate has waited for an election timeout. */
#define METALRAFT_TIMER_KIND_ELECTION UINT32_C(0)
/* A leader's next heartbeat is due. */
#define METALRAFT_TIMER_KIND_HEARTBEAT UINT32_C(1)

/* One member's progress and what is due to it. */
typedef struct metalraft_peer {
  /* The member's id; 0 in an unused record. */
  uint32_t id;
  /* Bits of MemberRole; 0 for a node that is no member. */
  uint32_t roles;
  /* Leader: highest index known to be durable on the follower. `match < next`. Only rises within a term. */
  uint64_t match;
  /* Leader: index of the next entry to send. `match < next <= last + 1`. */
  uint64_t next;
  /* Leader: newest `sent` that the follower echoed: it had contact then. */
  uint64_t last_ack;
  /* Leader: newest `round` that the follower echoed. */
  uint64_t ack_round;
  /* Leader: highest commit index that the follower was told while it could use it. */
  uint64_t commit_sent;
  /* Leader: `readRound`'s ticket, as the follower gave it. */
  uint64_t read_ticket;
  /* Leader: the heartbeat round that the follower's reads wait for; 0 if none do. */
  uint64_t read_round;
  /* Sending a snapshot: its index. */
  uint64_t chunk_index;
  /* Sending a snapshot: bytes of the image that the follower has taken. */
  uint64_t chunk_offset;
  /* Sending a snapshot: when the chunk behind them was sent, in ms. */
  uint64_t chunk_sent;
  /* Sending a snapshot: bytes of that chunk. */
  uint32_t chunk_length;
  /* Election priority. */
  uint32_t priority;
  /* A PeerState. */
  uint32_t state;
  /* 1 once the probe, or a chunk of a snapshot, is out, until it is answered or repeated. */
  uint32_t paused;
  /* Leader: number of Appends with entries sent so far. */
  uint32_t sequence_sent;
  /* Leader: newest number acknowledged. `sequenceSent - sequenceAcked` are under way. */
  uint32_t sequence_acked;
  /* Candidate: 0 unknown, 1 granted, 2 denied. */
  uint32_t vote;
  /* Bits of Due. */
  uint32_t due;
  /* Reply due: `sequence` to echo. */
  uint32_t reply_sequence;
  /* Pre-vote reply due: 1 if granted. */
  uint32_t reply_granted;
  /* Append reply due: `round` to echo. */
  uint64_t reply_round;
  /* Append reply due: `sent` to echo. */
  uint64_t reply_sent;
  /* Append reply due: index of the Append that did not fit; 0 if all did. */
  uint64_t reply_rejected;
  /* Append reply due: index of the hint. */
  uint64_t reply_hint_index;
  /* Append reply due: term of the hint. */
  uint64_t reply_hint_term;
  /* Pre-vote reply due: the term that was asked for. */
  uint64_t reply_term;
} metalraft_peer;
#define METALRAFT_PEER_SIZE UINT32_C(176)
#define METALRAFT_PEER_OFFSET_ID UINT32_C(0)
#define METALRAFT_PEER_OFFSET_ROLES UINT32_C(4)
#define METALRAFT_PEER_OFFSET_MATCH UINT32_C(8)
#define METALRAFT_PEER_OFFSET_NEXT UINT32_C(16)
#define METALRAFT_PEER_OFFSET_LAST_ACK UINT32_C(24)
#define METALRAFT_PEER_OFFSET_ACK_ROUND UINT32_C(32)
#define METALRAFT_PEER_OFFSET_COMMIT_SENT UINT32_C(40)
#define METALRAFT_PEER_OFFSET_READ_TICKET UINT32_C(48)
#define METALRAFT_PEER_OFFSET_READ_ROUND UINT32_C(56)
#define METALRAFT_PEER_OFFSET_CHUNK_INDEX UINT32_C(64)
#define METALRAFT_PEER_OFFSET_CHUNK_OFFSET UINT32_C(72)
#define METALRAFT_PEER_OFFSET_CHUNK_SENT UINT32_C(80)
#define METALRAFT_PEER_OFFSET_CHUNK_LENGTH UINT32_C(88)
#define METALRAFT_PEER_OFFSET_PRIORITY UINT32_C(92)
#define METALRAFT_PEER_OFFSET_STATE UINT32_C(96)
#define METALRAFT_PEER_OFFSET_PAUSED UINT32_C(100)
#define METALRAFT_PEER_OFFSET_SEQUENCE_SENT UINT32_C(104)
#define METALRAFT_PEER_OFFSET_SEQUENCE_ACKED UINT32_C(108)
#define METALRAFT_PEER_OFFSET_VOTE UINT32_C(112)
#define METALRAFT_PEER_OFFSET_DUE UINT32_C(116)
#define METALRAFT_PEER_OFFSET_REPLY_SEQUENCE UINT32_C(120)
#define METALRAFT_PEER_OFFSET_REPLY_GRANTED UINT32_C(124)
#define METALRAFT_PEER_OFFSET_REPLY_ROUND UINT32_C(128)
#define METALRAFT_PEER_OFFSET_REPLY_SENT UINT32_C(136)
#define METALRAFT_PEER_OFFSET_REPLY_REJECTED UINT32_C(144)
#define METALRAFT_PEER_OFFSET_REPLY_HINT_INDEX UINT32_C(152)
#define METALRAFT_PEER_OFFSET_REPLY_HINT_TERM UINT32_C(160)
#define METALRAFT_PEER_OFFSET_REPLY_TERM UINT32_C(168)
METALRAFT_ABI_ASSERT(metalraft_peer_id, offsetof(metalraft_peer, id) == METALRAFT_PEER_OFFSET_ID);
METALRAFT_ABI_ASSERT(metalraft_peer_roles, offsetof(metalraft_peer, roles) == METALRAFT_PEER_OFFSET_ROLES);
METALRAFT_ABI_ASSERT(metalraft_peer_match, offsetof(metalraft_peer, match) == METALRAFT_PEER_OFFSET_MATCH);
METALRAFT_ABI_ASSERT(metalraft_peer_next, offsetof(metalraft_peer, next) == METALRAFT_PEER_OFFSET_NEXT);
METALRAFT_ABI_ASSERT(metalraft_peer_last_ack, offsetof(metalraft_peer, last_ack) == METALRAFT_PEER_OFFSET_LAST_ACK);
METALRAFT_ABI_ASSERT(metalraft_peer_ack_round, offsetof(metalraft_peer, ack_round) == METALRAFT_PEER_OFFSET_ACK_ROUND);
METALRAFT_ABI_ASSERT(metalraft_peer_commit_sent, offsetof(metalraft_peer, commit_sent) == METALRAFT_PEER_OFFSET_COMMIT_SENT);
METALRAFT_ABI_ASSERT(metalraft_peer_read_ticket, offsetof(metalraft_peer, read_ticket) == METALRAFT_PEER_OFFSET_READ_TICKET);
METALRAFT_ABI_ASSERT(metalraft_peer_read_round, offsetof(metalraft_peer, read_round) == METALRAFT_PEER_OFFSET_READ_ROUND);
METALRAFT_ABI_ASSERT(metalraft_peer_chunk_index, offsetof(metalraft_peer, chunk_index) == METALRAFT_PEER_OFFSET_CHUNK_INDEX);
METALRAFT_ABI_ASSERT(metalraft_peer_chunk_offset, offsetof(metalraft_peer, chunk_offset) == METALRAFT_PEER_OFFSET_CHUNK_OFFSET);
METALRAFT_ABI_ASSERT(metalraft_peer_chunk_sent, offsetof(metalraft_peer, chunk_sent) == METALRAFT_PEER_OFFSET_CHUNK_SENT);
METALRAFT_ABI_ASSERT(metalraft_peer_chunk_length, offsetof(metalraft_peer, chunk_length) == METALRAFT_PEER_OFFSET_CHUNK_LENGTH);
METALRAFT_ABI_ASSERT(metalraft_peer_priority, offsetof(metalraft_peer, priority) == METALRAFT_PEER_OFFSET_PRIORITY);
METALRAFT_ABI_ASSERT(metalraft_peer_state, offsetof(metalraft_peer, state) == METALRAFT_PEER_OFFSET_STATE);
METALRAFT_ABI_ASSERT(metalraft_peer_paused, offsetof(metalraft_peer, paused) == METALRAFT_PEER_OFFSET_PAUSED);
METALRAFT_ABI_ASSERT(metalraft_peer_sequence_sent, offsetof(metalraft_peer, sequence_sent) == METALRAFT_PEER_OFFSET_SEQUENCE_SENT);
METALRAFT_ABI_ASSERT(metalraft_peer_sequence_acked, offsetof(metalraft_peer, sequence_acked) == METALRAFT_PEER_OFFSET_SEQUENCE_ACKED);
METALRAFT_ABI_ASSERT(metalraft_peer_vote, offsetof(metalraft_peer, vote) == METALRAFT_PEER_OFFSET_VOTE);
METALRAFT_ABI_ASSERT(metalraft_peer_due, offsetof(metalraft_peer, due) == METALRAFT_PEER_OFFSET_DUE);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_sequence, offsetof(metalraft_peer, reply_sequence) == METALRAFT_PEER_OFFSET_REPLY_SEQUENCE);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_granted, offsetof(metalraft_peer, reply_granted) == METALRAFT_PEER_OFFSET_REPLY_GRANTED);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_round, offsetof(metalraft_peer, reply_round) == METALRAFT_PEER_OFFSET_REPLY_ROUND);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_sent, offsetof(metalraft_peer, reply_sent) == METALRAFT_PEER_OFFSET_REPLY_SENT);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_rejected, offsetof(metalraft_peer, reply_rejected) == METALRAFT_PEER_OFFSET_REPLY_REJECTED);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_hint_index, offsetof(metalraft_peer, reply_hint_index) == METALRAFT_PEER_OFFSET_REPLY_HINT_INDEX);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_hint_term, offsetof(metalraft_peer, reply_hint_term) == METALRAFT_PEER_OFFSET_REPLY_HINT_TERM);
METALRAFT_ABI_ASSERT(metalraft_peer_reply_term, offsetof(metalraft_peer, reply_term) == METALRAFT_PEER_OFFSET_REPLY_TERM);
METALRAFT_ABI_ASSERT(metalraft_peer_size, offsetof(metalraft_peer, reply_term) + sizeof(uint64_t) == METALRAFT_PEER_SIZE);

/* PeerState. */
/* The place where the logs agree is being looked for: one message at a time. */
#define METALRAFT_PEER_STATE_PROBE UINT32_C(0)
/* Entries are sent ahead of their acknowledgements, within the in-flight window. */
#define METALRAFT_PEER_STATE_PIPELINE UINT32_C(1)
/* What the follower needs is compacted: the snapshot is sent, one chunk at a time. */
#define METALRAFT_PEER_STATE_SNAPSHOT UINT32_C(2)

/*
 * Capacities, times and identity of a node. All fields are little-endian; sizes are in bytes, times in milliseconds.
 * Nodes of one cluster may have different plans, but `maxMessage` should be the same on all: a node refuses messages
 * above its own.
 */
typedef struct metalraft_plan {
  /* The cluster's id: messages of any other are refused. Not 0. */
  uint64_t cluster;
  /* The group within the cluster, for hosts that run many Raft groups over one connection. */
  uint32_t group;
  /* This node's id. Not 0, unique in the cluster, never used again after the node was removed or lost its disk. */
  uint32_t id;
  /* Members that a configuration can hold, learners included: 1 to 64. */
  uint32_t nodes;
  /* Entries in the log window: a power of two, 16 to 2^22. */
  uint32_t window_entries;
  /* Bytes in the log window, entry headers included: a multiple of 8, at least twice `maxMessage`, up to 2^30. */
  uint32_t window_bytes;
  /* Longest message: a multiple of 8, 256 to 2^24, and long enough for a configuration of `nodes` members. */
  uint32_t max_message;
  /* Messages with entries that may be under way to one follower: 1 to 1024. */
  uint32_t inflight_messages;
  /*
   * Bytes of entries that may be under way to one follower: at least `maxMessage`, up to 2^30. Above what the smallest
   * follower's window takes, entries are sent in vain and again.
   */
  uint32_t inflight_bytes;
  /* Bytes of uncommitted entries at which a leader refuses proposals: at least `maxMessage`, up to 2^30. */
  uint32_t uncommitted_bytes;
  /* Longest address of a member: a multiple of 8, 0 to 248. */
  uint32_t address_bytes;
  /*
   * Minimum election timeout: 2 to 3,600,000. Also the time a follower stays loyal to a leader it heard from, and
   * within which a leader must hear from a quorum.
   */
  uint32_t election_timeout;
  /* The host draws from [0, electionJitter] and adds it to each election timeout: 1 to 3,600,000. */
  uint32_t election_jitter;
  /* Time between heartbeats: at least 1, at most half of `electionTimeout`. */
  uint32_t heartbeat;
  /* Entries that stay in storage behind a snapshot of this node's own, for slow followers. */
  uint32_t keep_entries;
  /*
   * Leader leases: 0 turns them off; else how far two clocks may drift apart, in thousandths, 1 to 500. A lease lasts
   * for the election timeout less that share, so all nodes must have the same election timeout and keep to the bound.
   */
  uint32_t lease_drift;
  /* Idle heartbeat rounds after which a group rests; 0: never. */
  uint32_t quiesce_rounds;
  /*
   * A number up to 2^52 that the host draws anew at each start: tickets of reads begin there, so that an answer to a
   * read from before a restart is not taken for one to a read after it.
   */
  uint64_t incarnation;
  /* Must be 0, as the one behind it. */
  uint64_t reserved;
  /* Must be 0. */
  uint64_t reserved1;
} metalraft_plan;
#define METALRAFT_PLAN_SIZE UINT32_C(96)
#define METALRAFT_PLAN_OFFSET_CLUSTER UINT32_C(0)
#define METALRAFT_PLAN_OFFSET_GROUP UINT32_C(8)
#define METALRAFT_PLAN_OFFSET_ID UINT32_C(12)
#define METALRAFT_PLAN_OFFSET_NODES UINT32_C(16)
#define METALRAFT_PLAN_OFFSET_WINDOW_ENTRIES UINT32_C(20)
#define METALRAFT_PLAN_OFFSET_WINDOW_BYTES UINT32_C(24)
#define METALRAFT_PLAN_OFFSET_MAX_MESSAGE UINT32_C(28)
#define METALRAFT_PLAN_OFFSET_INFLIGHT_MESSAGES UINT32_C(32)
#define METALRAFT_PLAN_OFFSET_INFLIGHT_BYTES UINT32_C(36)
#define METALRAFT_PLAN_OFFSET_UNCOMMITTED_BYTES UINT32_C(40)
#define METALRAFT_PLAN_OFFSET_ADDRESS_BYTES UINT32_C(44)
#define METALRAFT_PLAN_OFFSET_ELECTION_TIMEOUT UINT32_C(48)
#define METALRAFT_PLAN_OFFSET_ELECTION_JITTER UINT32_C(52)
#define METALRAFT_PLAN_OFFSET_HEARTBEAT UINT32_C(56)
#define METALRAFT_PLAN_OFFSET_KEEP_ENTRIES UINT32_C(60)
#define METALRAFT_PLAN_OFFSET_LEASE_DRIFT UINT32_C(64)
#define METALRAFT_PLAN_OFFSET_QUIESCE_ROUNDS UINT32_C(68)
#define METALRAFT_PLAN_OFFSET_INCARNATION UINT32_C(72)
#define METALRAFT_PLAN_OFFSET_RESERVED UINT32_C(80)
#define METALRAFT_PLAN_OFFSET_RESERVED1 UINT32_C(88)
METALRAFT_ABI_ASSERT(metalraft_plan_cluster, offsetof(metalraft_plan, cluster) == METALRAFT_PLAN_OFFSET_CLUSTER);
METALRAFT_ABI_ASSERT(metalraft_plan_group, offsetof(metalraft_plan, group) == METALRAFT_PLAN_OFFSET_GROUP);
METALRAFT_ABI_ASSERT(metalraft_plan_id, offsetof(metalraft_plan, id) == METALRAFT_PLAN_OFFSET_ID);
METALRAFT_ABI_ASSERT(metalraft_plan_nodes, offsetof(metalraft_plan, nodes) == METALRAFT_PLAN_OFFSET_NODES);
METALRAFT_ABI_ASSERT(metalraft_plan_window_entries, offsetof(metalraft_plan, window_entries) == METALRAFT_PLAN_OFFSET_WINDOW_ENTRIES);
METALRAFT_ABI_ASSERT(metalraft_plan_window_bytes, offsetof(metalraft_plan, window_bytes) == METALRAFT_PLAN_OFFSET_WINDOW_BYTES);
METALRAFT_ABI_ASSERT(metalraft_plan_max_message, offsetof(metalraft_plan, max_message) == METALRAFT_PLAN_OFFSET_MAX_MESSAGE);
METALRAFT_ABI_ASSERT(metalraft_plan_inflight_messages, offsetof(metalraft_plan, inflight_messages) == METALRAFT_PLAN_OFFSET_INFLIGHT_MESSAGES);
METALRAFT_ABI_ASSERT(metalraft_plan_inflight_bytes, offsetof(metalraft_plan, inflight_bytes) == METALRAFT_PLAN_OFFSET_INFLIGHT_BYTES);
METALRAFT_ABI_ASSERT(metalraft_plan_uncommitted_bytes, offsetof(metalraft_plan, uncommitted_bytes) == METALRAFT_PLAN_OFFSET_UNCOMMITTED_BYTES);
METALRAFT_ABI_ASSERT(metalraft_plan_address_bytes, offsetof(metalraft_plan, address_bytes) == METALRAFT_PLAN_OFFSET_ADDRESS_BYTES);
METALRAFT_ABI_ASSERT(metalraft_plan_election_timeout, offsetof(metalraft_plan, election_timeout) == METALRAFT_PLAN_OFFSET_ELECTION_TIMEOUT);
METALRAFT_ABI_ASSERT(metalraft_plan_election_jitter, offsetof(metalraft_plan, election_jitter) == METALRAFT_PLAN_OFFSET_ELECTION_JITTER);
METALRAFT_ABI_ASSERT(metalraft_plan_heartbeat, offsetof(metalraft_plan, heartbeat) == METALRAFT_PLAN_OFFSET_HEARTBEAT);
METALRAFT_ABI_ASSERT(metalraft_plan_keep_entries, offsetof(metalraft_plan, keep_entries) == METALRAFT_PLAN_OFFSET_KEEP_ENTRIES);
METALRAFT_ABI_ASSERT(metalraft_plan_lease_drift, offsetof(metalraft_plan, lease_drift) == METALRAFT_PLAN_OFFSET_LEASE_DRIFT);
METALRAFT_ABI_ASSERT(metalraft_plan_quiesce_rounds, offsetof(metalraft_plan, quiesce_rounds) == METALRAFT_PLAN_OFFSET_QUIESCE_ROUNDS);
METALRAFT_ABI_ASSERT(metalraft_plan_incarnation, offsetof(metalraft_plan, incarnation) == METALRAFT_PLAN_OFFSET_INCARNATION);
METALRAFT_ABI_ASSERT(metalraft_plan_reserved, offsetof(metalraft_plan, reserved) == METALRAFT_PLAN_OFFSET_RESERVED);
METALRAFT_ABI_ASSERT(metalraft_plan_reserved1, offsetof(metalraft_plan, reserved1) == METALRAFT_PLAN_OFFSET_RESERVED1);
METALRAFT_ABI_ASSERT(metalraft_plan_size, offsetof(metalraft_plan, reserved1) + sizeof(uint64_t) == METALRAFT_PLAN_SIZE);

/* PlanLimit. The limits of a plan's fields. */
/* Most members of a configuration: quorums are counted by comparing all pairs. */
#define METALRAFT_PLAN_LIMIT_NODES UINT32_C(64)
/* Fewest entries in a window: so that some can be under way while others are written. */
#define METALRAFT_PLAN_LIMIT_WINDOW_ENTRIES_MIN UINT32_C(16)
/* Most entries in a window: bounds every loop over the window. */
#define METALRAFT_PLAN_LIMIT_WINDOW_ENTRIES UINT32_C(4194304)
/* Most bytes in a window; offsets stay well inside 32 bits. */
#define METALRAFT_PLAN_LIMIT_WINDOW_BYTES UINT32_C(1073741824)
/* Shortest `maxMessage`: the longest fixed part of a message and some payload. */
#define METALRAFT_PLAN_LIMIT_MESSAGE_MIN UINT32_C(256)
/* Longest `maxMessage`. */
#define METALRAFT_PLAN_LIMIT_MESSAGE UINT32_C(16777216)
/* Most messages under way to one follower. */
#define METALRAFT_PLAN_LIMIT_INFLIGHT UINT32_C(1024)
/* Most bytes of an address: its length is one byte in a configuration. */
#define METALRAFT_PLAN_LIMIT_ADDRESS UINT32_C(248)
/*
 * Terms that are remembered of the entries that have left the window, the newest ones: a log that parts from the
 * leader's further back has to be larger than any that leaders can leave behind who commit nothing.
 */
#define METALRAFT_PLAN_LIMIT_TERMS UINT32_C(32)
/* Largest drift of clocks that a lease can be shortened by, in thousandths. */
#define METALRAFT_PLAN_LIMIT_DRIFT UINT32_C(500)
/* Longest of the times: an hour. */
#define METALRAFT_PLAN_LIMIT_TIME UINT32_C(3600000)
/* Largest term, index or time: 2^53 - 1, so that hosts may hold them in doubles. */
#define METALRAFT_PLAN_LIMIT_NUMBER UINT64_C(0x1fffffffffffff)

/*
 * SnapshotAnswer. What `readSnapshot` answers besides a number of bytes. Anything below LATER is a failure: the node
 * stops.
 */
/* Not at hand now: ask again at a later flush. */
#define METALRAFT_SNAPSHOT_ANSWER_LATER (-1)
/* Failed: the node stops. */
#define METALRAFT_SNAPSHOT_ANSWER_FAILED (-2)

/* StatusCode. What an export answers. Zero and above: taken. Below zero: refused, and the node is unchanged. */
/* Taken. */
#define METALRAFT_STATUS_OK 0
/* Taken, and more is due than one flush lets out: call `flush` again. */
#define METALRAFT_STATUS_MORE 1
/* Well-formed but without effect: it speaks of a state that is past (an old term, an overwritten entry). */
#define METALRAFT_STATUS_STALE 2
/* A read may be answered at once from the state machine. */
#define METALRAFT_STATUS_READY 3
/* No node lies at this address: the magic word is missing, or the address is not a multiple of 8. */
#define METALRAFT_STATUS_BAD_HANDLE (-1)
/* The export was called from inside an import of the same node's `flush`, or that flush never returned. */
#define METALRAFT_STATUS_REENTERED (-2)
/* The export does not fit the node's stage: an input before `start`, or a restore after it. */
#define METALRAFT_STATUS_BAD_STAGE (-3)
/* The node has stopped for good; the field `failure` says why. It goes on only through a restart from storage. */
#define METALRAFT_STATUS_STOPPED (-4)
/* A field of the plan is outside its documented limits. */
#define METALRAFT_STATUS_BAD_PLAN (-5)
/* The arena is shorter than the plan needs, or not aligned to 8 bytes. */
#define METALRAFT_STATUS_BAD_ARENA (-6)
/* An argument is out of range: an unknown timer kind or peer, a number above 2^53 - 1. */
#define METALRAFT_STATUS_BAD_ARGUMENT (-7)
/* What was restored is not a log: damaged entries, a gap, terms that fall, or an entry above the hard state's term. */
#define METALRAFT_STATUS_BAD_LOG (-8)
/* The configuration cannot be read, has too many members for the plan, or has no voter. */
#define METALRAFT_STATUS_BAD_CONFIGURATION (-9)
/* The message's bytes do not form a message. */
#define METALRAFT_STATUS_MALFORMED (-16)
/* The message is of a version of the wire format that this module does not speak. */
#define METALRAFT_STATUS_BAD_VERSION (-17)
/* The message is of another cluster or group, or meant for another node. */
#define METALRAFT_STATUS_FOREIGN (-18)
/* The message is longer than the plan's `maxMessage`. */
#define METALRAFT_STATUS_OVERSIZED (-19)
/*
 * No correct node can have sent this message: it would change a committed entry, names a second leader of a term, or
 * acknowledges what was never sent.
 */
#define METALRAFT_STATUS_CONTRADICTION (-20)
/* The node is not the leader; the field `leader` says who is, if known. */
#define METALRAFT_STATUS_NOT_LEADER (-32)
/* The window or the bound on uncommitted bytes is full: try again when entries have been committed. */
#define METALRAFT_STATUS_BUSY (-33)
/* The proposal is longer than the plan's messages can carry; the field `maxPayload` is the limit. */
#define METALRAFT_STATUS_TOO_LARGE (-34)
/* Another configuration is in the log and not committed yet. */
#define METALRAFT_STATUS_CHANGE_PENDING (-35)
/* The leader has not committed an entry of its own term yet: try again when it has (thesis 4.1, 6.4). */
#define METALRAFT_STATUS_NOT_READY (-36)
/* A new voter has to be a learner first, and hold all that the log held at the last heartbeat. */
#define METALRAFT_STATUS_NOT_CAUGHT_UP (-37)
/* No member that can lead has this id. */
#define METALRAFT_STATUS_UNKNOWN_NODE (-38)
/* The configuration would leave no voter that can lead. */
#define METALRAFT_STATUS_NO_VOTER (-39)
/*
 * The configuration is neither one voter away from the one in force, nor a joint one that begins with its voters, nor
 * the one that a joint configuration leads to; or it turns a member into a witness, or a witness into something else.
 */
#define METALRAFT_STATUS_BAD_CHANGE (-40)
/* The leader is handing over: proposals are taken again when that has failed. */
#define METALRAFT_STATUS_TRANSFERRING (-41)
/* Reason of a stop: a storage effect was refused by the host. */
#define METALRAFT_STATUS_STORAGE_FAILED (-48)
/* Reason of a stop: the state machine refused a committed entry. */
#define METALRAFT_STATUS_MACHINE_FAILED (-49)
/*
 * Reason of a stop: the log conflicts with the leader's at an entry that has left the window and of which not enough is
 * known any more: its term is older than the newest PlanLimit.TERMS, or a configuration lies between. Restart the node
 * with a larger window.
 */
#define METALRAFT_STATUS_WINDOW_TOO_SMALL (-50)

/* StorageAnswer. What a storage effect answers. Any negative number is a failure. */
/* Taken; it is not durable yet. */
#define METALRAFT_STORAGE_ANSWER_TAKEN 0
/* Taken, and durable together with all effects before it. */
#define METALRAFT_STORAGE_ANSWER_DURABLE 1
/* Failed: the node stops. */
#define METALRAFT_STORAGE_ANSWER_FAILED (-1)

/* A row of the table of terms: the entries from `index` up to the next row's, or up to the window, are of `term`. */
typedef struct metalraft_term_start {
  /* Index of the first entry of the term. */
  uint64_t index;
  /* The term. */
  uint64_t term;
} metalraft_term_start;
#define METALRAFT_TERM_START_SIZE UINT32_C(16)
#define METALRAFT_TERM_START_OFFSET_INDEX UINT32_C(0)
#define METALRAFT_TERM_START_OFFSET_TERM UINT32_C(8)
METALRAFT_ABI_ASSERT(metalraft_term_start_index, offsetof(metalraft_term_start, index) == METALRAFT_TERM_START_OFFSET_INDEX);
METALRAFT_ABI_ASSERT(metalraft_term_start_term, offsetof(metalraft_term_start, term) == METALRAFT_TERM_START_OFFSET_TERM);
METALRAFT_ABI_ASSERT(metalraft_term_start_size, offsetof(metalraft_term_start, term) + sizeof(uint64_t) == METALRAFT_TERM_START_SIZE);

/* Imports from the module "transport". The transport trait, as the core sees it. */

/*
 * void send(uint32_t node, uint32_t to, uint32_t message, uint32_t length, uint32_t barrier);
 * Sends a message to a member. The bytes are valid only during the call.
 */
#define METALRAFT_IMPORTS_TRANSPORT(X) \
  X(send, "(iiiii)")

/*
 * Imports from the module "storage". The storage trait, as the core sees it. Effects come in the order in which they
 * have to become durable. Each answers a StorageAnswer; any failure stops the node before a message that relies on the
 * effect is made.
 */

/*
 * int32_t hardState(uint32_t node, uint32_t term_low, uint32_t term_high, uint32_t vote);
 * Replaces the hard state: term and vote, one record.
 */
/*
 * int32_t truncate(uint32_t node, uint32_t from_low, uint32_t from_high);
 * Removes the entries from an index on. A host must not report entries as durable that were written before a truncation
 * reached them, even when equal entries are appended again later.
 */
/*
 * int32_t append(uint32_t node, uint32_t first_low, uint32_t first_high, uint32_t count, uint32_t term_low, uint32_t
 * term_high, uint32_t entries, uint32_t length);
 * Appends a run of whole entries in wire form. The bytes are valid only during the call.
 */
/*
 * int32_t compact(uint32_t node, uint32_t index_low, uint32_t index_high);
 * Entries up to an index are covered by a durable snapshot and may be removed. If the log ends before that index, it is
 * empty afterwards, and the next append is at index + 1.
 */
/*
 * int32_t read(uint32_t node, uint32_t index_low, uint32_t index_high, uint32_t count, uint32_t into, uint32_t
 * capacity);
 * Reads back entries that have left the window.
 */
#define METALRAFT_IMPORTS_STORAGE(X) \
  X(hardState, "(iiii)i") \
  X(truncate, "(iii)i") \
  X(append, "(iiiiiiii)i") \
  X(compact, "(iii)i") \
  X(read, "(iiiiii)i")

/*
 * Imports from the module "timer". The timer trait, as the core sees it. One timer a kind; late, early and repeated
 * firing is harmless.
 */

/*
 * void arm(uint32_t node, uint32_t kind, uint32_t delay, uint32_t jitter);
 * Arms the timer of a kind, in place of any earlier arming of it.
 */
/*
 * void cancel(uint32_t node, uint32_t kind);
 * Disarms the timer of a kind.
 */
#define METALRAFT_IMPORTS_TIMER(X) \
  X(arm, "(iiii)") \
  X(cancel, "(ii)")

/* Imports from the module "machine". The machine trait, as the core sees it: the application's state machine. */

/*
 * int32_t apply(uint32_t node, uint32_t index_low, uint32_t index_high, uint32_t term_low, uint32_t term_high, uint32_t
 * command, uint32_t length);
 * Applies a committed and locally durable command; called once for each index in ascending order since the restart.
 */
/*
 * int32_t readSnapshot(uint32_t node, uint32_t index_low, uint32_t index_high, uint32_t offset_low, uint32_t
 * offset_high, uint32_t into, uint32_t capacity, uint32_t witness);
 * Reads a piece of the image of this node's newest snapshot: the configuration as of its index in wire form, then the
 * state machine's bytes.
 */
/*
 * int32_t writeSnapshot(uint32_t node, uint32_t index_low, uint32_t index_high, uint32_t term_low, uint32_t term_high,
 * uint32_t offset_low, uint32_t offset_high, uint32_t bytes, uint32_t length, uint32_t last);
 * Takes a chunk of the image of a snapshot that a leader sends. A chunk at offset 0 begins a new image; whatever was
 * received before is given up. When the last one is taken, the host makes the image durable and calls `snapshot`.
 */
/*
 * void reads(uint32_t node, uint32_t ticket_low, uint32_t ticket_high, uint32_t index_low, uint32_t index_high,
 * uint32_t answered);
 * Reads may now be answered, or are refused: those with tickets up to this one, of which the host was not told yet.
 */
#define METALRAFT_IMPORTS_MACHINE(X) \
  X(apply, "(iiiiiii)i") \
  X(readSnapshot, "(iiiiiiii)i") \
  X(writeSnapshot, "(iiiiiiiiii)i") \
  X(reads, "(iiiiii)")

/* Imports from the module "observer". The observer trait, as the core sees it. */

/*
 * void event(uint32_t node, uint32_t kind, uint32_t first_low, uint32_t first_high, uint32_t second_low, uint32_t
 * second_high);
 * Tells an event.
 */
#define METALRAFT_IMPORTS_OBSERVER(X) \
  X(event, "(iiiiii)")

/* The core's exports. */

/*
 * int32_t abiVersion(void);
 * Version of this ABI: a host refuses a module of another one.
 */
/*
 * int32_t planBytes(uint32_t plan);
 * How many bytes of arena a plan takes.
 */
/*
 * int32_t init(uint32_t arena, uint32_t length, uint32_t plan);
 * Makes a node in an arena; its handle is the arena's address. The node then takes what is restored, in this order:
 * hard state, snapshot, entries; each may be left out.
 */
/*
 * int32_t restoreHardState(uint32_t node, uint32_t term_low, uint32_t term_high, uint32_t vote);
 * Restores term and vote.
 */
/*
 * int32_t restoreSnapshot(uint32_t node, uint32_t index_low, uint32_t index_high, uint32_t term_low, uint32_t
 * term_high, uint32_t compacted_low, uint32_t compacted_high, uint32_t configuration, uint32_t length);
 * Restores where the log begins. At bootstrap: index 0, term 0 and the first configuration; a node that will be added
 * to a running cluster has none.
 */
/*
 * int32_t restoreEntries(uint32_t node, uint32_t entries, uint32_t length);
 * Restores the log behind the snapshot, in as many calls as the host likes. The window keeps the newest entries.
 */
/*
 * int32_t start(uint32_t node, uint32_t now_low, uint32_t now_high);
 * Starts the node: from here on it takes inputs.
 */
/*
 * int32_t receive(uint32_t node, uint32_t now_low, uint32_t now_high, uint32_t message, uint32_t length);
 * Input: a message arrived.
 */
/*
 * int32_t timer(uint32_t node, uint32_t now_low, uint32_t now_high, uint32_t kind);
 * Input: a timer fired.
 */
/*
 * int32_t propose(uint32_t node, uint32_t command, uint32_t length);
 * Input: a command for the state machine. If taken, it stands at index `last` in term `term`; it is committed when it
 * is applied there, and lost when an entry of another term is.
 */
/*
 * int32_t read(uint32_t node, uint32_t now_low, uint32_t now_high, uint32_t kind);
 * Input: a linearizable read. Its answer is told through `machine.reads`, by a ticket.
 */
/*
 * int32_t reconfigure(uint32_t node, uint32_t configuration, uint32_t length);
 * Input: another configuration. If taken, it stands at index `last` and is in force; it is committed when an entry
 * there is, of the same term.
 */
/*
 * int32_t transfer(uint32_t node, uint32_t now_low, uint32_t now_high, uint32_t target);
 * Input: hand over leadership. Proposals are refused until the node steps down, or an election timeout has passed.
 */
/*
 * int32_t snapshot(uint32_t node, uint32_t index_low, uint32_t index_high, uint32_t term_low, uint32_t term_high,
 * uint32_t configuration, uint32_t length);
 * Input: a snapshot is durable. Of what is applied: it is this node's own, and the log may be compacted behind it. Of
 * more: it is the one whose image the leader sent.
 */
/*
 * int32_t snapshotFailed(uint32_t node);
 * Input: the image that was being received could not be kept: its chunks begin again.
 */
/*
 * int32_t durable(uint32_t node, uint32_t index_low, uint32_t index_high, uint32_t term_low, uint32_t term_high);
 * Input: the log is durable up to the entry (index, term).
 */
/*
 * int32_t unreachable(uint32_t node, uint32_t peer);
 * Input: messages to a member could not be delivered.
 */
/*
 * int32_t observe(uint32_t node, uint32_t mask);
 * Chooses the events that the observer gets. May be called in any stage.
 */
/*
 * int32_t flush(uint32_t node, uint32_t now_low, uint32_t now_high);
 * Lets out all effects that are due, through the imports: hard state, truncation, append, messages, timers, applies,
 * events, in this order.
 */
/*
 * int32_t status(uint32_t node);
 * Whether the node works.
 */
/*
 * int32_t invariants(uint32_t node);
 * Checks what must always be true of a node (raft/invariants.ts).
 */
#define METALRAFT_EXPORTS(X) \
  X(abiVersion, "()i") \
  X(planBytes, "(i)i") \
  X(init, "(iii)i") \
  X(restoreHardState, "(iiii)i") \
  X(restoreSnapshot, "(iiiiiiiii)i") \
  X(restoreEntries, "(iii)i") \
  X(start, "(iii)i") \
  X(receive, "(iiiii)i") \
  X(timer, "(iiii)i") \
  X(propose, "(iii)i") \
  X(read, "(iiii)i") \
  X(reconfigure, "(iii)i") \
  X(transfer, "(iiii)i") \
  X(snapshot, "(iiiiiii)i") \
  X(snapshotFailed, "(i)i") \
  X(durable, "(iiiii)i") \
  X(unreachable, "(ii)i") \
  X(observe, "(ii)i") \
  X(flush, "(iii)i") \
  X(status, "(i)i") \
  X(invariants, "(i)i")

#endif
