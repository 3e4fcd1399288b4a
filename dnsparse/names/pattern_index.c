/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One open hash of all patterns by kind and name.  A name is looked up once as itself and once for
 * each of its suffixes.
 */
#include "dnsparse/names/pattern_index.h"

#include "dnsparse/names/suffix_hash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NOWHERE = UINT32_MAX };

struct patternindex {
    const struct pattern *patterns;
    uint32_t any; /* the first "*", or NOWHERE */
    uint32_t slot_mask;
    uint32_t *slots; /* 1 + position in the list; 0: empty; never more than half full */
};

/* A suffix of a name: where it starts. */
struct suffix {
    const uint8_t *wire;
    size_t size;
    uint64_t hash;
};

/* The position of the pattern of this kind and name, or NOWHERE; *slot is where it is or would be.
 */
static uint32_t slot_find(const struct patternindex *index, enum pattern_kind kind,
                          const struct suffix *suffix, uint32_t *slot, unsigned *steps)
{
    uint64_t hash = (suffix->hash + kind) * UINT64_C(0x9e3779b97f4a7c15);

    for (*slot = (uint32_t)(hash >> 32) & index->slot_mask; index->slots[*slot] != 0;
         *slot = (*slot + 1) & index->slot_mask) {
        uint32_t position = index->slots[*slot] - 1;
        const struct pattern *pattern = &index->patterns[position];

        ++*steps;
        if (pattern->kind == kind && pattern->name.length == suffix->size &&
            memcmp(pattern->name.wire, suffix->wire, suffix->size) == 0)
            return position;
    }
    return NOWHERE;
}

static struct suffix suffix_whole(const struct dname *name)
{
    return (struct suffix){
        .wire = name->wire,
        .size = name->length,
        .hash = suffixhash_extend(SUFFIXHASH_START, name->wire, name->length),
    };
}

/* Of two that are equal the first one stays. */
static void index_enter(struct patternindex *index, uint32_t position)
{
    const struct pattern *pattern = &index->patterns[position];
    struct suffix suffix = suffix_whole(&pattern->name);
    unsigned steps = 0;
    uint32_t slot;

    if (pattern->kind == PATTERN_ANY) {
        if (index->any == NOWHERE)
            index->any = position;
        return;
    }
    if (slot_find(index, pattern->kind, &suffix, &slot, &steps) == NOWHERE)
        index->slots[slot] = position + 1;
}

struct patternindex *patternindex_new(const struct pattern *patterns, size_t count)
{
    struct patternindex *index;

    if (count > UINT32_MAX / 4)
        return NULL;
    index = calloc(1, sizeof *index);
    if (index == NULL)
        return NULL;
    index->patterns = patterns;
    index->any = NOWHERE;
    index->slot_mask = 1;
    while ((size_t)index->slot_mask + 1 < 2 * count)
        index->slot_mask = 2 * index->slot_mask + 1;
    index->slots = calloc((size_t)index->slot_mask + 1, sizeof *index->slots);
    if (index->slots == NULL) {
        free(index);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        index_enter(index, (uint32_t)i);
    return index;
}

void patternindex_free(struct patternindex *index)
{
    if (index == NULL)
        return;
    free(index->slots);
    free(index);
}

/* From the root's suffix to the whole name; the least position counts. */
static uint32_t position_match(const struct patternindex *index, const struct dname *name,
                               unsigned *steps)
{
    uint8_t starts[DNAME_LABELS_MAX + 1];
    unsigned labels = dname_labels(name), at = 0, end = name->length;
    uint64_t hash = SUFFIXHASH_START;
    uint32_t least = index->any;

    for (unsigned i = 0; i <= labels; at += 1u + name->wire[at], i++)
        starts[i] = (uint8_t)at;
    for (unsigned i = labels + 1; i-- > 0; end = starts[i]) {
        uint32_t slot, position;

        hash = suffixhash_extend(hash, name->wire + starts[i], end - starts[i]);
        struct suffix suffix = {name->wire + starts[i], name->length - starts[i], hash};
        position = slot_find(index, i == 0 ? PATTERN_EXACT : PATTERN_BELOW, &suffix, &slot, steps);
        if (position < least)
            least = position;
    }
    return least;
}

const struct pattern *patternindex_match(const struct patternindex *index, const struct dname *name)
{
    unsigned steps = 0;
    uint32_t position = name->length > 0 ? position_match(index, name, &steps) : NOWHERE;

    return position != NOWHERE ? &index->patterns[position] : NULL;
}

const struct pattern *patternindex_find(const struct patternindex *index,
                                        const struct pattern *pattern)
{
    struct suffix suffix = suffix_whole(&pattern->name);
    unsigned steps = 0;
    uint32_t slot, position;

    if (pattern->kind == PATTERN_ANY)
        position = index->any;
    else
        position = slot_find(index, pattern->kind, &suffix, &slot, &steps);
    return position != NOWHERE ? &index->patterns[position] : NULL;
}

unsigned patternindex_steps(const struct patternindex *index, const struct dname *name)
{
    unsigned steps = 0;

    (void)position_match(index, name, &steps);
    return steps;
}
