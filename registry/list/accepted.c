/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries judged by the whitelist's patterns, each taken once.
 */
#include "registry/list/accepted.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 16384, /* a power of two, twice what both arrays can hold */
    SLOT_ADDRESS = 1 << 16,
};

_Static_assert(SLOTS >= 2 * (ACCEPTED_HOSTS_MAX + ACCEPTED_ADDRESSES_MAX), "slots stay half empty");
_Static_assert(ACCEPTED_HOSTS_MAX < ACCEPTED_UNNAMED, "an index fits");

enum reason fate_reason(enum fate fate)
{
    switch (fate) {
    case FATE_HOST:
    case FATE_ADDRESS:
    case FATE_REPEATED:
        return REASON_NONE;
    case FATE_OUTSIDE:
        return REASON_OUTSIDE_PATTERNS;
    case FATE_WILDCARD:
        return REASON_WILDCARD_ENTRY;
    case FATE_PREFIX:
        return REASON_PREFIX_ENTRY;
    case FATE_LIST_ADDRESS:
        return REASON_LIST_ADDRESS;
    case FATE_MALFORMED:
        return REASON_MALFORMED;
    case FATE_NO_ROOM:
        return REASON_CAPACITY;
    case FATE_COUNT:
        break;
    }
    return REASON_NONE;
}

void accepted_init(struct accepted *accepted, const struct matcher *matcher, unsigned whitelist,
                   bool takes_addresses)
{
    *accepted = (struct accepted){
        .matcher = matcher, .whitelist = whitelist, .takes_addresses = takes_addresses};
}

void accepted_free(struct accepted *accepted)
{
    free(accepted->hosts);
    free(accepted->addresses);
    free(accepted->slots);
    accepted_init(accepted, accepted->matcher, accepted->whitelist, accepted->takes_addresses);
}

size_t accepted_size(const struct accepted *accepted)
{
    return accepted->host_count + accepted->address_count;
}

/* Not keyed: a list that is made to collide costs its own poll some milliseconds. */
static uint32_t hash(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t value = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < size; i++)
        value = (value ^ bytes[i]) * 16777619u;
    return value ^ value >> 15;
}

static bool slot_holds(const struct accepted *accepted, uint32_t slot, const void *bytes,
                       size_t size, uint32_t kind)
{
    size_t index = (slot & (SLOT_ADDRESS - 1)) - 1;

    if ((slot & SLOT_ADDRESS) != kind)
        return false;
    return memcmp(kind ? (const void *)&accepted->addresses[index].address
                       : (const void *)&accepted->hosts[index],
                  bytes, size) == 0;
}

/* The slot that holds it, or the empty one where it belongs.  NULL when out of memory. */
static uint32_t *accepted_slot(struct accepted *accepted, const void *bytes, size_t size,
                               uint32_t kind)
{
    if (!accepted->slots)
        accepted->slots = calloc(SLOTS, sizeof(*accepted->slots));
    if (!accepted->slots) {
        accepted->no_memory = true;
        return NULL;
    }
    for (uint32_t i = hash(bytes, size) % SLOTS;; i = (i + 1) % SLOTS) {
        uint32_t *slot = &accepted->slots[i];

        if (*slot == 0 || slot_holds(accepted, *slot, bytes, size, kind))
            return slot;
    }
}

/* Room for one more; the room is always a power of two. */
static bool array_grow(struct accepted *accepted, void *array, size_t count, size_t size)
{
    void *elements;

    if ((count & (count - 1)) != 0)
        return true;
    memcpy(&elements, array, sizeof(elements));
    elements = reallocarray(elements, count ? 2 * count : 1, size);
    if (!elements) {
        accepted->no_memory = true;
        return false;
    }
    memcpy(array, &elements, sizeof(elements));
    return true;
}

static bool matches(const struct accepted *accepted, const struct dname *name)
{
    return matcher_find(accepted->matcher, name) >> accepted->whitelist & 1;
}

/* The host's index in *out where it was taken, now or before. */
static enum fate take_host(struct accepted *accepted, const struct dname *name, uint16_t *out)
{
    uint32_t *slot;

    if (!matches(accepted, name))
        return FATE_OUTSIDE;
    slot = accepted_slot(accepted, name, sizeof(*name), 0);
    if (!slot)
        return FATE_NO_ROOM;
    if (*slot) {
        *out = (uint16_t)(*slot - 1);
        return FATE_REPEATED;
    }
    if (accepted->host_count == ACCEPTED_HOSTS_MAX ||
        !array_grow(accepted, &accepted->hosts, accepted->host_count, sizeof(*accepted->hosts)))
        return FATE_NO_ROOM;
    *out = (uint16_t)accepted->host_count;
    accepted->hosts[accepted->host_count++] = *name;
    *slot = (uint32_t)accepted->host_count;
    return FATE_HOST;
}

/* An address of a host that is not listed is that host's, whatever list it stands in. */
static enum fate accepted_take_address(struct accepted *accepted, const struct address *address,
                                       const struct dname *beside)
{
    uint16_t host = ACCEPTED_UNNAMED;
    uint32_t *slot;

    if (beside && !matches(accepted, beside))
        return FATE_OUTSIDE;
    if (!accepted->takes_addresses)
        return FATE_LIST_ADDRESS;
    slot = accepted_slot(accepted, address, sizeof(*address), SLOT_ADDRESS);
    if (!slot)
        return FATE_NO_ROOM;
    if (*slot)
        return FATE_REPEATED;
    if (accepted->address_count == ACCEPTED_ADDRESSES_MAX ||
        !array_grow(accepted, &accepted->addresses, accepted->address_count,
                    sizeof(*accepted->addresses)))
        return FATE_NO_ROOM;
    accepted->addresses[accepted->address_count++] = (struct accepted_address){.address = *address};
    *slot = (uint32_t)accepted->address_count | SLOT_ADDRESS;
    if (beside)
        accepted->fates[take_host(accepted, beside, &host)]++;
    accepted->addresses[accepted->address_count - 1].host = host;
    return FATE_ADDRESS;
}

static enum fate entry_judge(struct accepted *accepted, const struct entry *entry,
                             const struct dname *beside)
{
    uint16_t host;

    switch (entry->kind) {
    case ENTRY_MALFORMED:
        return FATE_MALFORMED;
    case ENTRY_HOST:
        return take_host(accepted, &entry->name, &host);
    case ENTRY_ADDRESS:
        return accepted_take_address(accepted, &entry->address, beside);
    case ENTRY_PREFIX:
        return FATE_PREFIX;
    case ENTRY_WILDCARD:
        return FATE_WILDCARD;
    }
    return FATE_MALFORMED;
}

enum fate accepted_take(struct accepted *accepted, const struct entry *entry,
                        const struct dname *beside)
{
    enum fate fate = entry_judge(accepted, entry, beside);

    accepted->fates[fate]++;
    return fate;
}

/* "*.NAME" on the wire: a label of one byte in front. */
static bool wildcard_of(const struct dname *base, struct dname *out)
{
    if (base->length + 2 > DNAME_MAX)
        return false;
    *out = (struct dname){.length = (uint8_t)(base->length + 2), .wire = {1, '*'}};
    memcpy(out->wire + 2, base->wire, base->length);
    return true;
}

struct dname accepted_unnamed(const struct whitelist_pattern *patterns, size_t count,
                              unsigned whitelist)
{
    struct dname name = {0};

    for (size_t i = 0; i < count; i++) {
        const struct pattern *pattern = &patterns[i].pattern;

        if (patterns[i].whitelist != whitelist)
            continue;
        if (pattern->kind != PATTERN_EXACT && wildcard_of(&pattern->name, &name))
            return name;
        if (pattern->kind == PATTERN_EXACT && name.length == 0)
            name = pattern->name;
    }
    return name;
}
