/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of bytes with a power of two as its capacity, so that a sequence number may wrap.
 */
#include "sniffer/reassembly/seen_bytes.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_LEAST = 256 };

/* What of `size` bytes from this sequence number on lies in one piece. */
static uint32_t piece(const struct history *history, uint32_t sequence, uint32_t size)
{
    uint32_t left = history->capacity - sequence % history->capacity;

    return size < left ? size : left;
}

static void put(struct history *history, uint32_t sequence, const uint8_t *bytes, uint32_t size)
{
    uint32_t first = piece(history, sequence, size);

    memcpy(history->bytes + sequence % history->capacity, bytes, first);
    memcpy(history->bytes, bytes + first, size - first);
}

/* Room for `size` bytes in all, what is kept moved to where it belongs then. */
static bool reserve(struct history *history, uint32_t next, uint32_t size)
{
    struct history larger = {.capacity = history->capacity ? history->capacity : CAPACITY_LEAST};
    uint32_t start = next - history->size, first;

    if (size <= history->capacity)
        return true;
    while (larger.capacity < size)
        larger.capacity *= 2;
    larger.bytes = malloc(larger.capacity);
    if (!larger.bytes)
        return false;
    if (history->size) {
        first = piece(history, start, history->size);
        put(&larger, start, history->bytes + start % history->capacity, first);
        put(&larger, start + first, history->bytes, history->size - first);
    }
    larger.size = history->size;
    free(history->bytes);
    *history = larger;
    return true;
}

void history_append(struct history *history, uint32_t next, const uint8_t *bytes, size_t size)
{
    uint32_t skipped = size > HISTORY_MAX ? (uint32_t)size - HISTORY_MAX : 0;
    uint32_t added = (uint32_t)size - skipped;
    uint32_t kept = history->size + added < HISTORY_MAX ? history->size + added : HISTORY_MAX;

    if (size == 0)
        return;
    if (!reserve(history, next, kept)) {
        history_clear(history);
        return;
    }
    put(history, next + skipped, bytes + skipped, added);
    history->size = kept;
}

static bool equal(const struct history *history, uint32_t sequence, const uint8_t *bytes,
                  uint32_t size)
{
    uint32_t first = piece(history, sequence, size);

    return memcmp(history->bytes + sequence % history->capacity, bytes, first) == 0 &&
           memcmp(history->bytes, bytes + first, size - first) == 0;
}

bool history_agrees(const struct history *history, uint32_t next, uint32_t sequence,
                    const uint8_t *bytes, size_t size)
{
    uint32_t behind = next - sequence, from = 0, to = (uint32_t)size;

    if (history->size == 0 || (int32_t)behind <= 0)
        return true;
    if (behind > history->size)
        from = behind - history->size;
    if (to > behind)
        to = behind;
    return from >= to || equal(history, sequence + from, bytes + from, to - from);
}

void history_clear(struct history *history)
{
    free(history->bytes);
    *history = (struct history){0};
}
