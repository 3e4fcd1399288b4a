/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that arrive in pieces and out of order, put together from offset 0: what fragments of a
 * datagram and segments of a stream have in common.  The first copy of a byte stays.  Bounded in
 * bytes and in holes.
 */
#ifndef WILDSET_SNIFFER_REASSEMBLY_ASSEMBLY_H
#define WILDSET_SNIFFER_REASSEMBLY_ASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

enum {
    ASSEMBLY_RANGES_MAX = 32
}; /* pieces apart from each other; more is an attack or a bad day */

struct assembly_range {
    uint32_t start, end; /* bytes start..end-1 are there */
};

/* All zero is an empty assembly. */
struct assembly {
    uint8_t *bytes;    /* owned; NULL while nothing is kept */
    uint32_t capacity; /* allocated bytes: what the owner's budget counts */
    uint32_t front;    /* where offset 0 is: what was consumed is moved over now and then only */
    uint32_t range_count;
    struct assembly_range ranges[ASSEMBLY_RANGES_MAX]; /* in order, never touching */
};

enum assembly_outcome {
    ASSEMBLY_ADDED,    /* all of it was new */
    ASSEMBLY_KNOWN,    /* all of it was there, byte for byte */
    ASSEMBLY_OVERLAPS, /* some of it was there, the same; the rest is added */
    ASSEMBLY_DIFFERS,  /* some of it was there with other bytes, which stay; the rest is added */
    ASSEMBLY_FULL,     /* past `limit`, too many holes, or out of memory: nothing changed */
};

/*
 * Adds `size` > 0 bytes at `offset`; offset + size may not pass `limit`.  No more is allocated than
 * that, or twice that once something has been consumed.
 */
enum assembly_outcome assembly_add(struct assembly *assembly, uint32_t offset, const uint8_t *bytes,
                                   size_t size, uint32_t limit);
/* How many bytes there are from offset 0 without a hole. */
uint32_t assembly_ready(const struct assembly *assembly);
/* The byte at offset 0; only when there is any. */
static inline const uint8_t *assembly_bytes(const struct assembly *assembly)
{
    return assembly->bytes + assembly->front;
}
/* Takes `size` <= assembly_ready() bytes off the front: offsets count from there now. */
void assembly_consume(struct assembly *assembly, uint32_t size);
/* Empty again, memory given back. */
void assembly_clear(struct assembly *assembly);

#endif
