/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns made ready.  A name's last eight bytes are looked up in a bitmap of the patterns' ends:
 * that says no to nearly all names.  Only then its suffixes are hashed from the right, label by
 * label, and looked up in a table that holds each pattern's name once.
 */
#include "dnsparse/names/matcher.h"

#include "dnsparse/names/suffix_hash.h"

#include <stdlib.h>
#include <string.h>

enum {
    TAIL_SIZE = 8,      /* one load */
    TAIL_BITS_LOG = 12, /* 512 bytes: with 40 patterns one foreign name of 100 goes further */
    TAIL_WORDS = (1 << TAIL_BITS_LOG) / 64,
};

/* The set of patterns with one name. */
struct suffix {
    uint64_t hash;
    whitelist_mask exact, below;
    struct dname name;
};

struct matcher {
    whitelist_mask any;
    uint64_t tail_mask; /* the bytes that the shortest pattern's name has, too */
    uint64_t tails[TAIL_WORDS];
    unsigned labels_most; /* of a pattern: longer suffixes need no look */
    uint32_t slot_mask;
    uint32_t *slots; /* 1 + index into suffixes; 0: empty; never more than half full */
    uint32_t suffix_count;
    struct suffix *suffixes;
};

/*
 * The last bytes of a name as one number.  Setting bit 5 folds the letters and confuses a few other
 * bytes with each other, which a filter may.
 */
static uint64_t tail_read(const uint8_t *wire, size_t size)
{
    uint8_t bytes[TAIL_SIZE] = {0};
    uint64_t tail;

    if (size >= TAIL_SIZE) {
        memcpy(&tail, wire + size - TAIL_SIZE, TAIL_SIZE);
    } else {
        memcpy(bytes + TAIL_SIZE - size, wire, size);
        memcpy(&tail, bytes, TAIL_SIZE);
    }
    return tail | UINT64_C(0x2020202020202020);
}

/* All ones in the last `size` bytes, laid out as tail_read lays them out. */
static uint64_t tail_mask_of(size_t size)
{
    uint8_t bytes[TAIL_SIZE] = {0};
    uint64_t mask;

    if (size > TAIL_SIZE)
        size = TAIL_SIZE;
    memset(bytes + TAIL_SIZE - size, 0xff, size);
    memcpy(&mask, bytes, TAIL_SIZE);
    return mask;
}

static unsigned tail_bit(uint64_t tail)
{
    return (unsigned)(tail * UINT64_C(0x9e3779b97f4a7c15) >> (64 - TAIL_BITS_LOG));
}

static uint32_t hash_slot(const struct matcher *matcher, uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32) & matcher->slot_mask;
}

static struct suffix *suffix_find(const struct matcher *matcher, uint64_t hash, const uint8_t *wire,
                                  size_t size)
{
    for (uint32_t slot = hash_slot(matcher, hash); matcher->slots[slot] != 0;
         slot = (slot + 1) & matcher->slot_mask) {
        struct suffix *suffix = &matcher->suffixes[matcher->slots[slot] - 1];

        if (suffix->hash == hash && dname_is_wire(&suffix->name, wire, size))
            return suffix;
    }
    return NULL;
}

/* Entered where it is new. */
static struct suffix *suffix_for(struct matcher *matcher, const struct dname *name)
{
    uint64_t hash = suffixhash_extend(SUFFIXHASH_START, name->wire, name->length);
    struct suffix *suffix = suffix_find(matcher, hash, name->wire, name->length);

    uint32_t slot = hash_slot(matcher, hash);

    if (suffix != NULL)
        return suffix;
    suffix = &matcher->suffixes[matcher->suffix_count];
    while (matcher->slots[slot] != 0)
        slot = (slot + 1) & matcher->slot_mask;
    *suffix = (struct suffix){.hash = hash, .name = *name};
    matcher->slots[slot] = ++matcher->suffix_count;
    if (dname_labels(name) > matcher->labels_most)
        matcher->labels_most = dname_labels(name);
    matcher->tail_mask &= tail_mask_of(name->length);
    return suffix;
}

static void pattern_enter(struct matcher *matcher, const struct whitelist_pattern *entry)
{
    whitelist_mask bit = (whitelist_mask)1 << entry->whitelist;

    switch ((enum pattern_kind)entry->pattern.kind) {
    case PATTERN_EXACT:
        suffix_for(matcher, &entry->pattern.name)->exact |= bit;
        break;
    case PATTERN_BELOW:
        suffix_for(matcher, &entry->pattern.name)->below |= bit;
        break;
    case PATTERN_ANY:
        matcher->any |= bit;
        break;
    }
}

struct matcher *matcher_new(const struct whitelist_pattern *patterns, size_t count)
{
    struct matcher *matcher;

    if (count > UINT32_MAX / 4)
        return NULL;
    matcher = calloc(1, sizeof *matcher);
    if (matcher == NULL)
        return NULL;
    matcher->tail_mask = UINT64_MAX;
    matcher->slot_mask = 1;
    while ((size_t)matcher->slot_mask + 1 < 2 * count)
        matcher->slot_mask = 2 * matcher->slot_mask + 1;
    matcher->slots = calloc((size_t)matcher->slot_mask + 1, sizeof *matcher->slots);
    matcher->suffixes = calloc(count > 0 ? count : 1, sizeof *matcher->suffixes);
    if (matcher->slots == NULL || matcher->suffixes == NULL) {
        matcher_free(matcher);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (patterns[i].whitelist < WHITELISTS_MAX)
            pattern_enter(matcher, &patterns[i]);
    for (uint32_t i = 0; i < matcher->suffix_count; i++) {
        const struct dname *name = &matcher->suffixes[i].name;
        unsigned bit = tail_bit(tail_read(name->wire, name->length) & matcher->tail_mask);

        matcher->tails[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    return matcher;
}

void matcher_free(struct matcher *matcher)
{
    if (matcher == NULL)
        return;
    free(matcher->suffixes);
    free(matcher->slots);
    free(matcher);
}

/* Where each label starts, the root's last.  Returns how many labels stand before it, or -1. */
static int labels_find(const uint8_t *wire, size_t size,
                       uint8_t starts[static DNAME_LABELS_MAX + 1])
{
    size_t at = 0;
    int labels = 0;

    if (size > DNAME_MAX)
        return -1;
    while (at < size && wire[at] != 0) {
        if (wire[at] > DNAME_LABEL_MAX)
            return -1;
        starts[labels++] = (uint8_t)at;
        at += 1u + wire[at];
    }
    starts[labels] = (uint8_t)at;
    return at + 1 == size ? labels : -1;
}

static whitelist_mask suffixes_match(const struct matcher *matcher, const uint8_t *wire,
                                     size_t size)
{
    uint8_t starts[DNAME_LABELS_MAX + 1];
    int labels = labels_find(wire, size, starts);
    uint64_t hash = SUFFIXHASH_START;
    whitelist_mask found = 0;
    size_t end = size;

    for (int i = labels; i >= 0 && (unsigned)(labels - i) <= matcher->labels_most; i--) {
        const struct suffix *suffix;

        hash = suffixhash_extend(hash, wire + starts[i], end - starts[i]);
        end = starts[i];
        suffix = suffix_find(matcher, hash, wire + end, size - end);
        if (suffix != NULL)
            found |= i == 0 ? suffix->exact : suffix->below;
    }
    return found;
}

whitelist_mask matcher_find_wire(const struct matcher *matcher, const uint8_t *wire, size_t size)
{
    if (size == 0)
        return 0;
    unsigned bit = tail_bit(tail_read(wire, size) & matcher->tail_mask);
    if ((matcher->tails[bit / 64] >> bit % 64 & 1) == 0)
        return matcher->any;
    return matcher->any | suffixes_match(matcher, wire, size);
}

whitelist_mask matcher_find(const struct matcher *matcher, const struct dname *name)
{
    return matcher_find_wire(matcher, name->wire, name->length);
}
