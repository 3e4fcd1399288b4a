/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names at which chains from matching questions ended.  Each whitelist has 64 places of its own, so
 * that one whitelist's names cannot push out another's; one hash over all of them finds a name. The
 * whole table is one allocation made at the start, and its untouched pages cost nothing.
 */
#include "dnsparse/names/derived.h"

#include <stdlib.h>
#include <string.h>

enum {
    PLACES = DERIVED_MAX,
    BUCKETS = PLACES, /* about one name a bucket when all is full */
};

struct entry {
    struct derived_name derived;
    uint32_t hash;
    uint16_t next; /* 1 + index of the next entry in the bucket; 0: the last */
};

struct derived {
    uint64_t last_end_ns; /* nothing is alive from here on: the quick no */
    uint8_t used[WHITELISTS_MAX];
    uint16_t buckets[BUCKETS];
    struct entry entries[PLACES]; /* whitelist N's are N * 64 and on */
};

/*
 * Eight bytes a step; setting bit 5 folds the letters (and confuses a few bytes, which costs a
 * comparison).  Not keyed: a bucket holds at most 64 names of any one whitelist, whoever chose
 * them.
 */
static uint32_t name_hash(const uint8_t *wire, size_t size)
{
    const uint64_t fold = UINT64_C(0x2020202020202020), factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = size, word;

    for (; size >= sizeof word; wire += sizeof word, size -= sizeof word) {
        memcpy(&word, wire, sizeof word);
        hash = (hash ^ (word | fold)) * factor;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, wire, size);
    hash = (hash ^ (word | fold)) * factor;
    return (uint32_t)(hash >> 32);
}

struct derived *derived_new(void)
{
    return calloc(1, sizeof(struct derived));
}

void derived_free(struct derived *derived)
{
    free(derived);
}

static uint16_t *derived_bucket(struct derived *derived, uint32_t hash)
{
    return &derived->buckets[hash % BUCKETS];
}

static struct entry *entry_find(struct derived *derived, const struct dname *name,
                                uint8_t whitelist)
{
    uint32_t hash = name_hash(name->wire, name->length);

    for (uint16_t at = *derived_bucket(derived, hash); at != 0;
         at = derived->entries[at - 1].next) {
        struct entry *entry = &derived->entries[at - 1];

        if (entry->hash == hash && entry->derived.whitelist == whitelist &&
            dname_equal(&entry->derived.name, name))
            return entry;
    }
    return NULL;
}

/* A place in the whitelist's own part: a free one, or that of the name nearest to its end. */
static struct entry *entry_make_room(struct derived *derived, uint8_t whitelist)
{
    struct entry *part = &derived->entries[whitelist * DERIVED_PER_WHITELIST], *nearest = part;

    if (derived->used[whitelist] < DERIVED_PER_WHITELIST)
        return &part[derived->used[whitelist]++];
    for (unsigned i = 1; i < DERIVED_PER_WHITELIST; i++)
        if (part[i].derived.expires_ns < nearest->derived.expires_ns)
            nearest = &part[i];
    uint16_t place = (uint16_t)(nearest - derived->entries + 1);
    uint16_t *link = derived_bucket(derived, nearest->hash);
    while (*link != place)
        link = &derived->entries[*link - 1].next;
    *link = nearest->next;
    return nearest;
}

bool derived_add(struct derived *derived, const struct derived_name *name, uint64_t now_ns)
{
    struct entry *entry;

    if (name->steps > DERIVED_STEPS_MAX || name->whitelist >= WHITELISTS_MAX ||
        name->name.length == 0)
        return false;
    if (name->expires_ns <= now_ns)
        return true; /* over before it begins: nobody has to make room for it */
    entry = entry_find(derived, &name->name, name->whitelist);
    if (entry == NULL) {
        entry = entry_make_room(derived, name->whitelist);
        *entry = (struct entry){
            .derived = *name,
            .hash = name_hash(name->name.wire, name->name.length),
        };
        uint16_t *bucket = derived_bucket(derived, entry->hash);
        entry->next = *bucket;
        *bucket = (uint16_t)(entry - derived->entries + 1);
    }
    /*
     * Whoever gives the name the longer life answers for it: with the end come its root and its
     * steps.  Keeping the fewest steps instead would let two names that point at each other live
     * for ever.
     */
    const struct derived_name *held = &entry->derived;
    if (name->expires_ns > held->expires_ns ||
        (name->expires_ns == held->expires_ns && name->steps < held->steps))
        entry->derived = *name;
    if (name->expires_ns > derived->last_end_ns)
        derived->last_end_ns = name->expires_ns;
    return true;
}

/* The places stay taken: what is over makes room first. */
void derived_end(struct derived *derived, const struct dname *name)
{
    for (unsigned whitelist = 0; whitelist < WHITELISTS_MAX; whitelist++) {
        struct entry *part = &derived->entries[whitelist * DERIVED_PER_WHITELIST];

        for (unsigned i = 0; i < derived->used[whitelist]; i++)
            if (dname_equal(&part[i].derived.name, name) ||
                dname_equal(&part[i].derived.root, name))
                part[i].derived.expires_ns = 0;
    }
}

whitelist_mask derived_find_wire(const struct derived *derived, const uint8_t *wire, size_t size,
                                 uint64_t now_ns)
{
    whitelist_mask found = 0;
    uint32_t hash;

    if (now_ns >= derived->last_end_ns || size > DNAME_MAX)
        return 0;
    hash = name_hash(wire, size);
    for (uint16_t at = derived->buckets[hash % BUCKETS]; at != 0;
         at = derived->entries[at - 1].next) {
        const struct entry *entry = &derived->entries[at - 1];

        if (entry->hash == hash && entry->derived.expires_ns > now_ns &&
            dname_is_wire(&entry->derived.name, wire, size))
            found |= (whitelist_mask)1 << entry->derived.whitelist;
    }
    return found;
}

whitelist_mask derived_find(struct derived *derived, const struct dname *name, uint64_t now_ns)
{
    return derived_find_wire(derived, name->wire, name->length, now_ns);
}

const struct derived_name *derived_get(struct derived *derived, const struct dname *name,
                                       uint8_t whitelist, uint64_t now_ns)
{
    const struct entry *entry = entry_find(derived, name, whitelist);

    return entry != NULL && entry->derived.expires_ns > now_ns ? &entry->derived : NULL;
}

size_t derived_list(const struct derived *derived, uint64_t now_ns, struct derived_name *out,
                    size_t most)
{
    size_t count = 0;

    for (unsigned whitelist = 0; whitelist < WHITELISTS_MAX; whitelist++) {
        const struct entry *part = &derived->entries[whitelist * DERIVED_PER_WHITELIST];

        for (unsigned i = 0; i < derived->used[whitelist] && count < most; i++)
            if (part[i].derived.expires_ns > now_ns)
                out[count++] = part[i].derived;
    }
    return count;
}

unsigned derived_count(const struct derived *derived, uint64_t now_ns)
{
    unsigned count = 0;

    for (unsigned whitelist = 0; whitelist < WHITELISTS_MAX; whitelist++)
        for (unsigned i = 0; i < derived->used[whitelist]; i++)
            if (derived->entries[whitelist * DERIVED_PER_WHITELIST + i].derived.expires_ns > now_ns)
                count++;
    return count;
}
