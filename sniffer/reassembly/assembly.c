/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sorted array of ranges over one buffer.
 */
#include "sniffer/reassembly/assembly.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_LEAST = 512 };

/* The ranges that touch or overlap start..end: `first` inclusive, `last` exclusive. */
struct span {
    uint32_t first, last;
};

static bool assembly_reserve(struct assembly *assembly, uint32_t size, uint32_t limit)
{
    uint32_t capacity = assembly->capacity ? assembly->capacity : CAPACITY_LEAST;
    uint32_t count = assembly->range_count, end = count ? assembly->ranges[count - 1].end : 0;
    uint8_t *bytes;

    /*
     * Moved to the front only when as much has been consumed as may have to be moved: who sends
     * small messages in front of a large piece that waits must not make each of them cost that
     * piece's size.
     */
    if (assembly->front + size > assembly->capacity && assembly->front != 0 &&
        assembly->front >= assembly->capacity / 2) {
        memmove(assembly->bytes, assembly->bytes + assembly->front, end);
        assembly->front = 0;
    }
    if (assembly->front + size <= assembly->capacity)
        return true;
    while (capacity < assembly->front + size)
        capacity *= 2;
    if (assembly->front == 0 && capacity > limit)
        capacity = limit;
    bytes = realloc(assembly->bytes, capacity);
    if (!bytes)
        return false;
    assembly->bytes = bytes;
    assembly->capacity = capacity;
    return true;
}

/* What there was already of the new piece: bytes known, and whether they are the same. */
struct comparison {
    size_t known;
    bool same;
};

static struct comparison span_compare(const struct assembly *assembly, struct span span,
                                      uint32_t start, uint32_t end, const uint8_t *bytes)
{
    struct comparison result = {.same = true};

    for (uint32_t i = span.first; i < span.last; i++) {
        const struct assembly_range *range = &assembly->ranges[i];
        uint32_t from = range->start > start ? range->start : start;
        uint32_t to = range->end < end ? range->end : end;

        if (from >= to)
            continue;
        result.known += to - from;
        if (memcmp(assembly_bytes(assembly) + from, bytes + (from - start), to - from) != 0)
            result.same = false;
    }
    return result;
}

static void fill_holes(struct assembly *assembly, struct span span, uint32_t start, uint32_t end,
                       const uint8_t *bytes)
{
    uint8_t *out = assembly->bytes + assembly->front;
    uint32_t at = start;

    for (uint32_t i = span.first; i < span.last && at < end; i++) {
        const struct assembly_range *range = &assembly->ranges[i];
        uint32_t to = range->start < end ? range->start : end;

        if (to > at)
            memcpy(out + at, bytes + (at - start), to - at);
        if (range->end > at)
            at = range->end;
    }
    if (at < end)
        memcpy(out + at, bytes + (at - start), end - at);
}

static void merge(struct assembly *assembly, struct span span, uint32_t start, uint32_t end)
{
    struct assembly_range *ranges = assembly->ranges;
    struct assembly_range merged = {start, end};

    if (span.first < span.last) {
        if (ranges[span.first].start < start)
            merged.start = ranges[span.first].start;
        if (ranges[span.last - 1].end > end)
            merged.end = ranges[span.last - 1].end;
    }
    memmove(ranges + span.first + 1, ranges + span.last,
            (assembly->range_count - span.last) * sizeof(*ranges));
    ranges[span.first] = merged;
    assembly->range_count = assembly->range_count - (span.last - span.first) + 1;
}

enum assembly_outcome assembly_add(struct assembly *assembly, uint32_t offset, const uint8_t *bytes,
                                   size_t size, uint32_t limit)
{
    struct comparison before;
    struct span span = {0};
    uint32_t end;

    if (offset > limit || size > limit - offset)
        return ASSEMBLY_FULL;
    end = offset + (uint32_t)size;
    while (span.first < assembly->range_count && assembly->ranges[span.first].end < offset)
        span.first++;
    span.last = span.first;
    while (span.last < assembly->range_count && assembly->ranges[span.last].start <= end)
        span.last++;
    if (span.first == span.last && assembly->range_count == ASSEMBLY_RANGES_MAX)
        return ASSEMBLY_FULL;
    if (!assembly_reserve(assembly, end, limit))
        return ASSEMBLY_FULL;
    before = span_compare(assembly, span, offset, end, bytes);
    fill_holes(assembly, span, offset, end, bytes);
    merge(assembly, span, offset, end);
    if (!before.same)
        return ASSEMBLY_DIFFERS;
    if (before.known == size)
        return ASSEMBLY_KNOWN;
    return before.known ? ASSEMBLY_OVERLAPS : ASSEMBLY_ADDED;
}

uint32_t assembly_ready(const struct assembly *assembly)
{
    return assembly->range_count && assembly->ranges[0].start == 0 ? assembly->ranges[0].end : 0;
}

void assembly_consume(struct assembly *assembly, uint32_t size)
{
    uint32_t kept = 0;

    assembly->front += size;
    for (uint32_t i = 0; i < assembly->range_count; i++) {
        struct assembly_range range = assembly->ranges[i];

        range.start = range.start > size ? range.start - size : 0;
        range.end -= size;
        if (range.end > range.start)
            assembly->ranges[kept++] = range;
    }
    assembly->range_count = kept;
    if (kept == 0)
        assembly_clear(assembly);
}

void assembly_clear(struct assembly *assembly)
{
    free(assembly->bytes);
    *assembly = (struct assembly){0};
}
