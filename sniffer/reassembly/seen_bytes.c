/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of bytes with a power of two as its capacity, so that a sequence number may wrap.
 */
#include "sniffer/reassembly/seen_bytes.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_LEAST = 256 };

/* What of `size` bytes from this sequence number on lies in one piece. */
static uint32_t piece(const struct seen_bytes *seen, uint32_t sequence, uint32_t size)
{
    uint32_t left = seen->capacity - sequence % seen->capacity;

    return size < left ? size : left;
}

static void seen_bytes_put(struct seen_bytes *seen, uint32_t sequence, const uint8_t *bytes,
                           uint32_t size)
{
    uint32_t first = piece(seen, sequence, size);

    memcpy(seen->bytes + sequence % seen->capacity, bytes, first);
    memcpy(seen->bytes, bytes + first, size - first);
}

/* Room for `size` bytes in all, what is kept moved to where it belongs then. */
static bool seen_bytes_reserve(struct seen_bytes *seen, uint32_t next, uint32_t size)
{
    struct seen_bytes larger = {.capacity = seen->capacity ? seen->capacity : CAPACITY_LEAST};
    uint32_t start = next - seen->size, first;

    if (size <= seen->capacity)
        return true;
    while (larger.capacity < size)
        larger.capacity *= 2;
    larger.bytes = malloc(larger.capacity);
    if (!larger.bytes)
        return false;
    if (seen->size) {
        first = piece(seen, start, seen->size);
        seen_bytes_put(&larger, start, seen->bytes + start % seen->capacity, first);
        seen_bytes_put(&larger, start + first, seen->bytes, seen->size - first);
    }
    larger.size = seen->size;
    free(seen->bytes);
    *seen = larger;
    return true;
}

void seen_bytes_append(struct seen_bytes *seen, uint32_t next, const uint8_t *bytes, size_t size)
{
    uint32_t skipped = size > SEEN_BYTES_MAX ? (uint32_t)size - SEEN_BYTES_MAX : 0;
    uint32_t added = (uint32_t)size - skipped;
    uint32_t kept = seen->size + added < SEEN_BYTES_MAX ? seen->size + added : SEEN_BYTES_MAX;

    if (size == 0)
        return;
    if (!seen_bytes_reserve(seen, next, kept)) {
        seen_bytes_clear(seen);
        return;
    }
    seen_bytes_put(seen, next + skipped, bytes + skipped, added);
    seen->size = kept;
}

bool seen_bytes_agrees(const struct seen_bytes *seen, uint32_t next, uint32_t sequence,
                       const uint8_t *bytes, size_t size)
{
    uint32_t behind = next - sequence, from = 0, to = (uint32_t)size, first;

    if (seen->size == 0 || (int32_t)behind <= 0)
        return true;
    if (behind > seen->size)
        from = behind - seen->size;
    if (to > behind)
        to = behind;
    if (from >= to)
        return true;
    first = piece(seen, sequence + from, to - from);
    return memcmp(seen->bytes + (sequence + from) % seen->capacity, bytes + from, first) == 0 &&
           memcmp(seen->bytes, bytes + from + first, to - from - first) == 0;
}

void seen_bytes_clear(struct seen_bytes *seen)
{
    free(seen->bytes);
    *seen = (struct seen_bytes){0};
}
