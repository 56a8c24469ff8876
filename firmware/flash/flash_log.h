/*
 * A node's storage as a log on raw NOR flash: hard state, entries, and one snapshot image, with no file system below.
 *
 * The partition is a ring of sectors. Records are appended to the newest sector; the next one is erased ahead, when
 * there is time. The oldest sector is given back as soon as its live records have been copied to the newest, so that
 * all sectors are erased equally often, whatever is written. Every sector begins with the state as of its first
 * record, so an old hard state never has to be copied. The format is described in flash_format.h.
 *
 * What a function has answered OK for is found again after a loss of power at any byte; what was under way is found
 * whole or not at all, except that of a run of entries a prefix may be found. A record that is damaged later, with
 * others behind it, is reported as damage and never taken for a torn one.
 *
 * Nothing is allocated: all memory is in mr_flash_log. One caller at a time; no function may be called from inside a
 * function of the device.
 */
#ifndef MR_FLASH_LOG_H
#define MR_FLASH_LOG_H

#include <stdint.h>

#include "flash_device.h"

/* Entries held at once. Each costs 4 bytes of RAM: where it lies. */
#ifndef MR_FLASH_ENTRIES
#define MR_FLASH_ENTRIES 512u
#endif
/* Bytes of a snapshot's image in one record; one such piece is gathered in RAM. */
#ifndef MR_FLASH_PIECE
#define MR_FLASH_PIECE 512u
#endif
/* Pieces of the longest image. Each costs 2 * 4 bytes of RAM: two images may be there while one is replaced. */
#ifndef MR_FLASH_PIECES
#define MR_FLASH_PIECES 32u
#endif
/* The longest image: 32 * 512 = 16 KiB. */
#define MR_FLASH_IMAGE_BYTES (MR_FLASH_PIECE * MR_FLASH_PIECES)
/*
 * RAM in all, with the numbers above: 512 * 4 entries + 2 * 32 * 4 pieces + 512 gathering + about 190 of state
 *   = 2048 + 256 + 512 + 190, about 3 KiB; no function takes more than 600 bytes of stack.
 */

/* What the functions answer. */
#define MR_FLASH_OK 0
/* No room for what was asked: nothing was written, and the log goes on. A snapshot and a compaction make room. */
#define MR_FLASH_FULL (-1)
/* The flash no longer takes what is programmed, on more sectors than are spared: the log takes no further writes. */
#define MR_FLASH_WORN (-2)
/* What was durable is damaged: take the node out of the cluster, format its partition, and add it as a new node. */
#define MR_FLASH_DAMAGED (-3)
/* The partition holds something that is no log of this format: format it, if it is not needed. */
#define MR_FLASH_FOREIGN (-4)
/* The partition holds the log of another node or cluster. */
#define MR_FLASH_OTHER_NODE (-5)
/* The partition is too small for the configuration, or its geometry is not the one the log was made with. */
#define MR_FLASH_BAD_GEOMETRY (-6)
/* A mistake of the caller: a gap in the log, bytes that are no entries, an entry above `max_entry`. */
#define MR_FLASH_BAD_ARGUMENT (-7)
/* The entries asked for have been compacted away. */
#define MR_FLASH_COMPACTED (-8)
/* The device failed to read or to make durable. */
#define MR_FLASH_DEVICE (-9)

typedef struct mr_flash_config {
  /* Whose log it is. A log is opened only by the node it belongs to: a vote cast under one id must not be forgotten,
   * nor taken for another's. */
  uint64_t cluster;
  uint32_t node;
  /* The longest entry in wire form, in bytes: the plan's maxMessage is enough. At most half a sector. */
  uint32_t max_entry;
  /* The longest image that room is kept for: at most MR_FLASH_IMAGE_BYTES. */
  uint32_t image_bytes;
} mr_flash_config;

/* What the log amounts to, apart from the entries themselves. */
typedef struct mr_flash_state {
  /* The hard state, 0 and 0 until one is written; `known` says whether one was. */
  uint64_t term;
  uint32_t vote;
  uint32_t known;
  /* Entries up to and including this index are gone. */
  uint64_t compacted;
  /* Index of the last entry, or `compacted` when no entry is held. */
  uint64_t last;
  /* The snapshot: its place in the log, its number (0 when there is none) and its image's length. */
  uint64_t snapshot_index;
  uint64_t snapshot_term;
  uint32_t snapshot_id;
  uint32_t snapshot_length;
} mr_flash_state;

/* To be read: `state`, `entry_bytes`, `entry_limit`, `erases`, `worn`. The rest is the log's own. */
typedef struct mr_flash_log {
  const mr_flash_device *device;
  mr_flash_config config;
  mr_flash_state state;
  /* The answer that all further writes get; 0 while the log works. */
  int failure;
  /* Numbers of the oldest sector that holds anything live, of the newest ever opened, and of the one written to (0 if
   * none). Sector number n lies at place n modulo the count. */
  uint32_t tail;
  uint32_t newest;
  uint32_t current;
  /* The newest sector that holds nothing but copies which power was lost over, and that is not needed: to be erased before
   * anything is written. Not above `newest` if there is none. */
  uint32_t stale;
  /* The oldest sector according to what is durable: those before it may be erased. */
  uint32_t durable_tail;
  /* Where the next record goes in the current sector. */
  uint32_t position;
  /* Number of the next record. */
  uint64_t sequence;
  /* Whether the sector after the newest is erased and marked so. */
  uint32_t ready;
  /* Bytes of records that the live entries take, and may take. */
  uint32_t entry_bytes;
  uint32_t entry_limit;
  /* Erases, and sectors or places skipped because they did not take what was programmed, since the log was opened. */
  uint32_t erases;
  uint32_t worn;
  /* The image being received: its number (0 if none), place and length so far. */
  uint64_t incoming_index;
  uint64_t incoming_term;
  uint32_t incoming_id;
  uint32_t incoming_length;
  /* Addresses of records: of entry i at [i % MR_FLASH_ENTRIES], of the pieces of the two images. 0 if unknown. */
  uint32_t entries[MR_FLASH_ENTRIES];
  uint32_t pieces[MR_FLASH_PIECES];
  uint32_t incoming[MR_FLASH_PIECES];
  uint8_t gathering[MR_FLASH_PIECE];
} mr_flash_log;

/* Opens a partition: recovers what it holds, which may be nothing. Writes nothing. `device` stays in use. */
int mr_flash_log_open(mr_flash_log *log, const mr_flash_device *device, const mr_flash_config *config);

/* Erases a partition, whatever it holds. Only for a node that was never part of a cluster, or never will be again. */
int mr_flash_log_format(const mr_flash_device *device);

/* Replaces the hard state. Never FULL: there is always room for it. */
int mr_flash_log_hard_state(mr_flash_log *log, uint64_t term, uint32_t vote);

/* Appends `length` bytes of whole entries in wire form; `first` is one above the last index. FULL: nothing was written. */
int mr_flash_log_append(mr_flash_log *log, uint64_t first, const uint8_t *entries, uint32_t length);

/* Removes the entries from `from` on, as far as there are any. Never FULL. */
int mr_flash_log_truncate(mr_flash_log *log, uint64_t from);

/* Removes the entries up to `index`; above the last index, the log is empty and goes on at `index` + 1. Never FULL. */
int mr_flash_log_compact(mr_flash_log *log, uint64_t index);

/* Copies up to `count` whole entries from `index` on, as many as fit. Answers the bytes copied, or a refusal. */
int mr_flash_log_read(mr_flash_log *log, uint64_t index, uint32_t count, uint8_t *into, uint32_t capacity);

/* Tells the term of the entry at `index`, which may be the snapshot's. */
int mr_flash_log_term(mr_flash_log *log, uint64_t index, uint64_t *term);

/*
 * A new image, in order: begin, write from offset 0 on, finish. The present one stays until finish has made the new one
 * durable. Beginning again, or a loss of power, drops what was received. FULL: the image is longer than `image_bytes`.
 * If the log does not reach `index`, or has an entry of another term there, finishing empties it in the same instant:
 * the entries behind a snapshot of another history are not a log.
 */
int mr_flash_log_image_begin(mr_flash_log *log, uint64_t index, uint64_t term);
int mr_flash_log_image_write(mr_flash_log *log, uint32_t offset, const uint8_t *bytes, uint32_t length);
int mr_flash_log_image_finish(mr_flash_log *log);

/* Copies bytes of the durable image from `offset` on. Answers how many: fewer than `capacity` at its end. */
int mr_flash_log_image_read(mr_flash_log *log, uint32_t offset, uint8_t *into, uint32_t capacity);

/* To be called when there is time: erases the next sector, unless that is done. A write otherwise waits for it. */
int mr_flash_log_ahead(mr_flash_log *log);

/* What an answer means, and the way out. */
const char *mr_flash_text(int answer);

#endif
