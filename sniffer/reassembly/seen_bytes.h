/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last bytes of a stream that have been delivered: a retransmission is held against them, also
 * when it is cut otherwise than what came first.  A byte lies where its sequence number says,
 * modulo the capacity.
 */
#ifndef WILDSET_SNIFFER_REASSEMBLY_SEEN_BYTES_H
#define WILDSET_SNIFFER_REASSEMBLY_SEEN_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_BYTES_MAX = 4096 }; /* bytes; a power of two, as the capacity always is */

/* All zero is an empty history. */
struct seen_bytes {
    uint8_t *bytes;    /* owned; NULL while nothing is kept */
    uint32_t capacity; /* allocated bytes: what the owner's budget counts */
    uint32_t size;     /* bytes kept: those in front of the stream's next one */
};

/* `next` is the sequence number of the first new byte.  Without memory the past is forgotten. */
void seen_bytes_append(struct seen_bytes *seen, uint32_t next, const uint8_t *bytes, size_t size);
/*
 * False when a byte that is kept was another one; `sequence` is of the first of `bytes`, `next` of
 * the one behind the last that is kept.
 */
bool seen_bytes_agrees(const struct seen_bytes *seen, uint32_t next, uint32_t sequence,
                       const uint8_t *bytes, size_t size);
/* Empty again, memory given back. */
void seen_bytes_clear(struct seen_bytes *seen);

#endif
