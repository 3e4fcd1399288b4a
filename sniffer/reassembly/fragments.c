/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small table of incomplete datagrams.  It is searched from end to end: 256 keys are four pages,
 * and fragments are rare.
 */
#include "sniffer/reassembly/fragments.h"

#include "base/siphash.h"
#include "sniffer/reassembly/assembly.h"

#include <stdlib.h>
#include <string.h>

enum { PAIRS = 256 }; /* of addresses, by their keyed hash */

enum entry_state {
    ENTRY_FREE,
    ENTRY_WAITING,
    ENTRY_REFUSED, /* kept until its time is up, so that its other fragments are refused too */
    ENTRY_DONE,    /* the same: a mirrored copy of its last fragment is a duplicate */
};

struct entry {
    uint64_t key[2]; /* keyed hash of place, addresses, id and protocol */
    uint8_t pair;    /* of the addresses alone */
    uint64_t seen_ns;
    enum entry_state state;
    uint32_t size; /* of the whole payload; 0 while the last fragment is missing */
    struct assembly payload;
};

struct fragments {
    struct siphash_key hash_key;
    size_t bytes;
    uint64_t forgotten;
    struct assembly whole; /* what the last FRAGMENTS_WHOLE lent out */
    struct entry entries[FRAGMENTS_DATAGRAMS_MAX];
};

struct fragments *fragments_new(void)
{
    struct fragments *fragments = calloc(1, sizeof(*fragments));

    if (fragments && siphash_key_random(&fragments->hash_key) < 0) {
        free(fragments);
        return NULL;
    }
    return fragments;
}

void fragments_free(struct fragments *fragments)
{
    if (!fragments)
        return;
    for (size_t i = 0; i < FRAGMENTS_DATAGRAMS_MAX; i++)
        assembly_clear(&fragments->entries[i].payload);
    assembly_clear(&fragments->whole);
    free(fragments);
}

uint64_t fragments_forgotten(const struct fragments *fragments)
{
    return fragments->forgotten;
}

size_t fragments_bytes(const struct fragments *fragments)
{
    return fragments->bytes;
}

static void fragment_make_key(const struct fragments *fragments, const struct fragment *fragment,
                              uint64_t key[static 2])
{
    struct {
        struct place place;
        struct address source, destination, peer;
        uint8_t protocol;
        uint8_t id[4];
    } fields = {
        .place = fragment->place,
        .source = fragment->source,
        .destination = fragment->destination,
        .peer = fragment->peer,
    };

    _Static_assert(sizeof(fields) == sizeof(struct place) + 3 * sizeof(struct address) + 5,
                   "no padding gets into the hash");

    fields.protocol = fragment->protocol;
    memcpy(fields.id, &fragment->id, sizeof(fields.id));
    siphash128(&fragments->hash_key, &fields, sizeof(fields), key);
}

static void datagram_finish(struct fragments *fragments, struct entry *entry,
                            enum entry_state state)
{
    fragments->bytes -= entry->payload.capacity;
    assembly_clear(&entry->payload);
    entry->state = state;
}

/* It was waiting in vain. */
static void datagram_forget(struct fragments *fragments, struct entry *entry,
                            enum entry_state state)
{
    fragments->forgotten += entry->state == ENTRY_WAITING;
    datagram_finish(fragments, entry, state);
}

/* An identification comes back sooner than its copies may: those of a mirror come at once. */
static bool datagram_is_over(const struct entry *entry, uint64_t now_ns)
{
    uint64_t lifetime =
        entry->state == ENTRY_DONE ? FRAGMENTS_DONE_LIFETIME_NS : FRAGMENTS_LIFETIME_NS;

    return entry->state != ENTRY_FREE && entry->seen_ns + lifetime < now_ns;
}

/*
 * Who has the most datagrams here makes room, by its oldest: a flood costs nobody but itself.  With
 * `spared` only those count that hold bytes, and not that one; NULL when there is none.
 */
static struct entry *oldest_of_most(struct fragments *fragments, const struct entry *spared)
{
    uint16_t counts[PAIRS] = {0}, most = 0;
    struct entry *oldest = NULL;

    for (unsigned i = 0; i < 2 * FRAGMENTS_DATAGRAMS_MAX; i++) {
        struct entry *entry = &fragments->entries[i % FRAGMENTS_DATAGRAMS_MAX];

        if (entry->state == ENTRY_FREE || (spared && (entry == spared || !entry->payload.capacity)))
            continue;
        if (i < FRAGMENTS_DATAGRAMS_MAX)
            most = ++counts[entry->pair] > most ? counts[entry->pair] : most;
        else if (counts[entry->pair] == most && (!oldest || entry->seen_ns < oldest->seen_ns))
            oldest = entry;
    }
    return oldest;
}

/* The entry with this key, or one made new for it. */
static struct entry *find_or_make(struct fragments *fragments, const struct fragment *fragment,
                                  uint64_t now_ns)
{
    const struct address pair[] = {fragment->source, fragment->destination};
    struct entry *room = NULL;
    uint64_t key[2];

    fragment_make_key(fragments, fragment, key);
    for (size_t i = 0; i < FRAGMENTS_DATAGRAMS_MAX; i++) {
        struct entry *entry = &fragments->entries[i];

        if (datagram_is_over(entry, now_ns))
            datagram_forget(fragments, entry, ENTRY_FREE);
        if (entry->state != ENTRY_FREE && memcmp(entry->key, key, sizeof(entry->key)) == 0)
            return entry;
        if (entry->state == ENTRY_FREE)
            room = entry;
    }
    if (!room)
        room = oldest_of_most(fragments, NULL);
    datagram_forget(fragments, room, ENTRY_WAITING);
    memcpy(room->key, key, sizeof(room->key));
    room->pair = (uint8_t)(siphash(&fragments->hash_key, pair, sizeof(pair)) % PAIRS);
    room->seen_ns = now_ns;
    room->size = 0;
    return room;
}

/*
 * Offsets count in eights, only the last piece may have another size, and the end cannot move, nor
 * be before what is already there.
 */
static bool fits(const struct entry *entry, const struct fragment *fragment)
{
    const struct assembly *payload = &entry->payload;
    uint32_t known = payload->range_count ? payload->ranges[payload->range_count - 1].end : 0;
    uint64_t end = (uint64_t)fragment->offset + fragment->size;

    if (fragment->size == 0 || end > FRAGMENTS_DATAGRAM_MAX || fragment->offset % 8 != 0)
        return false;
    if (fragment->more)
        return fragment->size % 8 == 0 && (entry->size == 0 || end <= entry->size);
    return known <= end && (entry->size == 0 || entry->size == end);
}

static enum fragments_outcome datagram_add_piece(struct fragments *fragments, struct entry *entry,
                                                 const struct fragment *fragment)
{
    enum assembly_outcome outcome;

    fragments->bytes -= entry->payload.capacity;
    outcome = assembly_add(&entry->payload, fragment->offset, fragment->bytes, fragment->size,
                           FRAGMENTS_DATAGRAM_MAX);
    fragments->bytes += entry->payload.capacity;
    switch (outcome) {
    case ASSEMBLY_ADDED:
        return FRAGMENTS_WAITING;
    case ASSEMBLY_KNOWN:
        return FRAGMENTS_DUPLICATE;
    case ASSEMBLY_OVERLAPS:
    case ASSEMBLY_DIFFERS:
    case ASSEMBLY_FULL:
        break;
    }
    return FRAGMENTS_REFUSED;
}

enum fragments_outcome fragments_add(struct fragments *fragments, const struct fragment *fragment,
                                     uint64_t now_ns, struct datagram *whole)
{
    enum fragments_outcome outcome;
    struct entry *entry = find_or_make(fragments, fragment, now_ns);

    if (entry->state == ENTRY_REFUSED)
        return FRAGMENTS_REFUSED;
    if (entry->state == ENTRY_DONE)
        return FRAGMENTS_DUPLICATE;
    outcome =
        fits(entry, fragment) ? datagram_add_piece(fragments, entry, fragment) : FRAGMENTS_REFUSED;
    if (outcome == FRAGMENTS_REFUSED) {
        datagram_finish(fragments, entry, ENTRY_REFUSED);
        return outcome;
    }
    if (!fragment->more)
        entry->size = fragment->offset + (uint32_t)fragment->size;
    if (entry->size && assembly_ready(&entry->payload) == entry->size) {
        /* The payload moves from the entry to what is lent, whose former bytes are given back. */
        assembly_clear(&fragments->whole);
        fragments->bytes -= entry->payload.capacity;
        fragments->whole = entry->payload;
        entry->payload = (struct assembly){0};
        entry->state = ENTRY_DONE;
        *whole = (struct datagram){.bytes = fragments->whole.bytes, .size = entry->size};
        return FRAGMENTS_WHOLE;
    }
    /* Incomplete datagrams make room until all fit into the budget again. */
    while (fragments->bytes > FRAGMENTS_BYTES_MAX) {
        struct entry *oldest = oldest_of_most(fragments, entry);

        if (!oldest)
            break;
        datagram_forget(fragments, oldest, ENTRY_REFUSED);
    }
    return outcome;
}

void fragments_expire(struct fragments *fragments, uint64_t now_ns)
{
    for (size_t i = 0; i < FRAGMENTS_DATAGRAMS_MAX; i++) {
        if (datagram_is_over(&fragments->entries[i], now_ns))
            datagram_forget(fragments, &fragments->entries[i], ENTRY_FREE);
    }
}
