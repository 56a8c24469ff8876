/*
 * A key-value store of fixed size, the one of the TypeScript hosts (host/kv/store.ts): the same commands in the log, the
 * same state, the same snapshot, byte for byte, and so the same digest.
 *
 * The state is kept as the snapshot's bytes: keys in the order of their bytes, each with its value and the index of the
 * entry that last set it. Finding a key walks over those before it; for a few KiB that costs less than an index would in
 * RAM.
 *
 * What a node with more memory takes, this one may not be able to hold: then it must not go on as if nothing was, because
 * the states would part. FULL and UNSUPPORTED say so; the node has to stop. Neither happens where every member has the
 * limits of one that lives with boards: commands that say how large the store may become, and no sessions.
 */
#ifndef MR_KV_H
#define MR_KV_H

#include <stdint.h>

#include "sha256.h"

/* Bytes of state: of each key, its bytes, its value's, and 14 more. RAM: this and 20. */
#ifndef MR_KV_BYTES
#define MR_KV_BYTES 4096u
#endif
#define MR_KV_KEY_BYTES 512u

/* What a snapshot begins with: version, log time, no sessions, no idempotency keys; then the store's version and its
 * number of keys: 1 + 8 + 4 + 4 + 1 + 4. */
#define MR_KV_HEAD 22u
/* The longest snapshot. */
#define MR_KV_IMAGE_BYTES (MR_KV_HEAD + MR_KV_BYTES)

/* What a command came to. */
#define MR_KV_APPLIED 0
/* The bytes are no command; nothing changed, on no node. */
#define MR_KV_REJECTED 1
/* A transaction whose comparisons do not hold; nothing changed. */
#define MR_KV_UNEQUAL 2
/* The store would have more bytes than the command's limit allows; nothing changed, on no node. */
#define MR_KV_OVER_LIMIT 3
/* A deletion of a key that was not there. */
#define MR_KV_ABSENT 4
/* A command of a client's session, or with an idempotency key: nothing is kept for clients, on no member of a cluster with a
 * board (NO_SESSIONS of host/session/limits.ts). Nothing changed but the log time. */
#define MR_KV_UNKEPT 5
/* The command would need more than MR_KV_BYTES, and has no limit that would have kept it within. */
#define MR_KV_FULL (-1)
/* A snapshot of a store that keeps sessions or idempotency keys: it comes from a cluster of servers alone. */
#define MR_KV_UNSUPPORTED (-2)

typedef struct mr_kv {
  /* Bytes of the snapshot in use, its head included. */
  uint32_t length;
  uint8_t image[MR_KV_IMAGE_BYTES];
} mr_kv;

void mr_kv_init(mr_kv *kv);

/* Applies the command that stands at `index`. */
int mr_kv_apply(mr_kv *kv, uint64_t index, const uint8_t *command, uint32_t length);

/* Looks a key up: 1 if it is there, with its value in place and the index of the entry that set it; else 0. */
int mr_kv_get(const mr_kv *kv, const uint8_t *key, uint32_t key_length, const uint8_t **value, uint32_t *value_length,
              uint64_t *index);

/* Number of keys. */
uint32_t mr_kv_count(const mr_kv *kv);

/* Takes the state of a snapshot. Answers APPLIED, REJECTED if it is none, FULL or UNSUPPORTED; else nothing changes. */
int mr_kv_restore(mr_kv *kv, const uint8_t *image, uint32_t length);

/* SHA-256 of the snapshot: equal on two nodes that have applied the same entries. */
void mr_kv_digest(const mr_kv *kv, uint8_t digest[MR_SHA256_BYTES]);

/* Encodes a command, with MR_KV_BYTES for its limit. Answers its length, or 0 if it does not fit `capacity` or the key is none. */
uint32_t mr_kv_encode_put(uint8_t *into, uint32_t capacity, const char *key, const uint8_t *value, uint32_t length);
uint32_t mr_kv_encode_delete(uint8_t *into, uint32_t capacity, const char *key);

const char *mr_kv_text(int answer);

#endif
