/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A keyed hash of names with a count of references each.
 */
#include "setsync/leases/names.h"

#include "base/siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_FIRST_SIZE = 64 };

struct kept_name {
    struct kept_name *next;
    uint32_t hash; /* its lower half: enough for any table */
    uint32_t references;
    uint8_t length;
    uint8_t wire[];
};

struct names {
    struct siphash_key key;
    struct kept_name **buckets;
    size_t size; /* a power of two */
    size_t count;
};

int names_new(struct names **out)
{
    struct names *names = calloc(1, sizeof(*names));
    if (!names)
        return -ENOMEM;
    names->size = NAMES_FIRST_SIZE;
    names->buckets = calloc(names->size, sizeof(struct kept_name *));
    int result = names->buckets ? siphash_key_random(&names->key) : -ENOMEM;
    if (result < 0) {
        names_free(names);
        return result;
    }
    *out = names;
    return 0;
}

void names_free(struct names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < names->size && names->buckets; i++) {
        for (struct kept_name *kept = names->buckets[i], *next; kept; kept = next) {
            next = kept->next;
            free(kept);
        }
    }
    free(names->buckets);
    free(names);
}

uint64_t names_hash(const struct names *names, const void *bytes, size_t size)
{
    return siphash(&names->key, bytes, size);
}

static struct kept_name **names_bucket(const struct names *names, uint32_t hash)
{
    return &names->buckets[hash & (names->size - 1)];
}

static struct kept_name *names_lookup(const struct names *names, const struct dname *name,
                                      uint32_t hash)
{
    struct kept_name *kept = *names_bucket(names, hash);
    while (kept && (kept->hash != hash || !kept_name_equal(kept, name)))
        kept = kept->next;
    return kept;
}

struct kept_name *names_find(const struct names *names, const struct dname *name)
{
    if (name->length == 0)
        return NULL;
    return names_lookup(names, name, (uint32_t)names_hash(names, name->wire, name->length));
}

/* A table that cannot grow only becomes slower. */
static void names_grow(struct names *names)
{
    struct kept_name **old = names->buckets;
    size_t old_size = names->size;
    struct kept_name **buckets = calloc(2 * old_size, sizeof(struct kept_name *));
    if (!buckets)
        return;
    names->buckets = buckets;
    names->size = 2 * old_size;
    for (size_t i = 0; i < old_size; i++) {
        for (struct kept_name *kept = old[i], *next; kept; kept = next) {
            struct kept_name **bucket = names_bucket(names, kept->hash);
            next = kept->next;
            kept->next = *bucket;
            *bucket = kept;
        }
    }
    free(old);
}

int names_take(struct names *names, const struct dname *name, struct kept_name **out)
{
    *out = NULL;
    if (name->length == 0)
        return 0;
    uint32_t hash = (uint32_t)names_hash(names, name->wire, name->length);
    struct kept_name *kept = names_lookup(names, name, hash);
    if (!kept) {
        kept = malloc(sizeof(*kept) + name->length);
        if (!kept)
            return -ENOMEM;
        if (names->count == names->size)
            names_grow(names);
        struct kept_name **bucket = names_bucket(names, hash);
        *kept = (struct kept_name){.next = *bucket, .hash = hash, .length = name->length};
        memcpy(kept->wire, name->wire, name->length);
        *bucket = kept;
        names->count++;
    }
    *out = names_hold(kept);
    return 0;
}

struct kept_name *names_hold(struct kept_name *kept)
{
    if (kept)
        kept->references++;
    return kept;
}

void names_drop(struct names *names, struct kept_name *kept)
{
    if (!kept || --kept->references > 0)
        return;
    struct kept_name **at = names_bucket(names, kept->hash);
    while (*at != kept)
        at = &(*at)->next;
    *at = kept->next;
    names->count--;
    free(kept);
}

struct dname kept_name_get(const struct kept_name *kept)
{
    struct dname name = {0};
    if (kept) {
        name.length = kept->length;
        memcpy(name.wire, kept->wire, kept->length);
    }
    return name;
}

bool kept_name_equal(const struct kept_name *kept, const struct dname *name)
{
    if (!kept)
        return name->length == 0;
    return kept->length == name->length && memcmp(kept->wire, name->wire, name->length) == 0;
}
