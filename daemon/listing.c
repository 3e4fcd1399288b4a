/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot of the leases: a fixed part a lease, and behind it its names and clients at their true
 * length, about 150 bytes in all.  Whitelists and sets are copied, since a reload may free them.
 */
#include "daemon/listing.h"

#include "setsync/setsync.h"

#include <stdlib.h>
#include <string.h>

enum { SETS_MAX = 2 * WHITELISTS_MAX };

struct entry {
    struct address address;
    struct address resolver;
    uint8_t source;
    uint8_t record;
    uint8_t set;       /* index into sets */
    uint8_t whitelist; /* index into whitelists */
    uint8_t pattern_kind;
    uint8_t name_size, owner_size, pattern_size;
    uint8_t client_count;
    uint32_t ttl;
    uint64_t expires_ns;
};

struct listing {
    struct moment now;
    const char *wanted; /* while collecting */
    bool failed;
    char *bytes;
    size_t used, room, next;
    const struct set_name *set_key[SETS_MAX]; /* compared while collecting, never followed later */
    char set_text[SETS_MAX][SET_TEXT_MAX];
    uint8_t set_count;
    const struct whitelist *whitelist_key[WHITELISTS_MAX];
    char whitelist_name[WHITELISTS_MAX][WHITELIST_NAME_MAX];
    uint8_t whitelist_count;
};

static uint8_t set_index(struct listing *listing, const struct set_name *set)
{
    for (uint8_t i = 0; i < listing->set_count; i++) {
        if (listing->set_key[i] == set)
            return i;
    }
    if (listing->set_count == SETS_MAX)
        return SETS_MAX;
    listing->set_key[listing->set_count] = set;
    set_name_to_text(set, listing->set_text[listing->set_count]);
    return listing->set_count++;
}

static uint8_t whitelist_index(struct listing *listing, const struct whitelist *whitelist)
{
    for (uint8_t i = 0; i < listing->whitelist_count; i++) {
        if (listing->whitelist_key[i] == whitelist)
            return i;
    }
    if (listing->whitelist_count == WHITELISTS_MAX)
        return WHITELISTS_MAX;
    listing->whitelist_key[listing->whitelist_count] = whitelist;
    memcpy(listing->whitelist_name[listing->whitelist_count], whitelist->name,
           sizeof(whitelist->name));
    return listing->whitelist_count++;
}

static void append(struct listing *listing, const void *data, size_t size)
{
    if (listing->room - listing->used < size) {
        size_t room = 2 * listing->room + size + 4096;
        char *bytes = listing->failed ? NULL : realloc(listing->bytes, room);

        if (!bytes) {
            listing->failed = true;
            return;
        }
        listing->bytes = bytes;
        listing->room = room;
    }
    memcpy(listing->bytes + listing->used, data, size);
    listing->used += size;
}

/* Of the wanted whitelist, the claim that lasts longest. */
static const struct lease_claim *claim_choose(const struct lease *lease, const char *wanted)
{
    const struct lease_claim *best = NULL;

    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct lease_claim *claim = &lease->claims[i];

        if (wanted && strcmp(claim->whitelist->name, wanted) != 0)
            continue;
        if (!best || claim->expires_ns > best->expires_ns)
            best = claim;
    }
    return best;
}

static void collect(void *context, const struct lease *lease)
{
    struct listing *listing = context;
    const struct lease_claim *claim = claim_choose(lease, listing->wanted);

    if (!claim)
        return;
    struct entry entry = {
        .address = lease->address,
        .resolver = claim->resolver,
        .source = (uint8_t)claim->source,
        .record = (uint8_t)claim->record,
        .set = set_index(listing, lease->set),
        .whitelist = whitelist_index(listing, claim->whitelist),
        .pattern_kind = claim->pattern.kind,
        .name_size = claim->name.length,
        .owner_size = claim->owner.length,
        .pattern_size = claim->pattern.name.length,
        .client_count = (uint8_t)lease->client_count,
        .ttl = claim->ttl,
        .expires_ns = lease->expires_ns,
    };
    if (entry.set == SETS_MAX || entry.whitelist == WHITELISTS_MAX)
        return;
    append(listing, &entry, sizeof(entry));
    append(listing, claim->name.wire, claim->name.length);
    append(listing, claim->owner.wire, claim->owner.length);
    append(listing, claim->pattern.name.wire, claim->pattern.name.length);
    append(listing, lease->clients, lease->client_count * sizeof(lease->clients[0]));
}

struct listing *listing_new(const struct setsync *sync, const char *whitelist,
                            const struct moment *now)
{
    struct listing *listing = calloc(1, sizeof(*listing));

    if (!listing)
        return NULL;
    listing->now = *now;
    listing->wanted = whitelist;
    setsync_leases(sync, whitelist, collect, listing);
    listing->wanted = NULL;
    if (!listing->failed)
        return listing;
    listing_free(listing);
    return NULL;
}

void listing_free(struct listing *listing)
{
    if (!listing)
        return;
    free(listing->bytes);
    free(listing);
}

static void take(struct listing *listing, void *out, size_t size)
{
    if (size > 0)
        memcpy(out, listing->bytes + listing->next, size);
    listing->next += size;
}

static struct dname take_name(struct listing *listing, uint8_t size)
{
    struct dname name = {.length = size};

    take(listing, name.wire, size);
    return name;
}

static void put_text(json_t *object, const char *key, const char *text)
{
    if (*text)
        json_object_set_new(object, key, json_string(text));
}

static void put_address(json_t *object, const char *key, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    put_text(object, key, address_to_text(address, text));
}

static void put_times(json_t *object, const struct listing *listing, const struct entry *entry)
{
    char text[CLOCK_TEXT_MAX];
    uint64_t left_ns =
        entry->expires_ns > listing->now.boot_ns ? entry->expires_ns - listing->now.boot_ns : 0;

    json_object_set_new(object, "ttl", json_integer(entry->ttl));
    put_text(object, "expires", clock_to_text(listing->now.real_ns + left_ns, text));
    json_object_set_new(object, "left", json_integer((json_int_t)(left_ns / NS_PER_SECOND)));
}

/* The last eight distinct clients; "client" is the one that asked last. */
static void put_clients(json_t *object, struct listing *listing, const struct entry *entry)
{
    char text[ADDRESS_TEXT_MAX];
    struct address client = {.family = ADDRESS_NONE};

    if (entry->client_count == 0)
        return;
    json_t *clients = json_array();
    for (unsigned i = 0; i < entry->client_count; i++) {
        take(listing, &client, sizeof(client));
        json_array_append_new(clients, json_string(address_to_text(&client, text)));
    }
    put_address(object, "client", &client);
    if (entry->client_count > 1)
        json_object_set(object, "clients", clients);
    json_decref(clients);
}

json_t *listing_next(struct listing *listing)
{
    struct entry entry;
    char text[PATTERN_TEXT_MAX];

    if (listing->used - listing->next < sizeof(entry))
        return NULL;
    take(listing, &entry, sizeof(entry));
    struct dname name = take_name(listing, entry.name_size);
    struct dname owner = take_name(listing, entry.owner_size);
    struct pattern pattern = {.kind = entry.pattern_kind,
                              .name = take_name(listing, entry.pattern_size)};

    json_t *object = json_object();
    put_address(object, "address", &entry.address);
    put_text(object, "set", listing->set_text[entry.set]);
    put_text(object, "whitelist", listing->whitelist_name[entry.whitelist]);
    put_text(object, "name", dname_to_text(&name, text));
    put_text(object, "owner", dname_to_text(&owner, text));
    if (entry.pattern_size)
        put_text(object, "pattern", pattern_to_text(&pattern, text));
    if (entry.record != RECORD_NONE)
        put_text(object, "record", record_type_name((enum record_type)entry.record));
    put_times(object, listing, &entry);
    put_text(object, "source", source_name((enum source)entry.source));
    put_address(object, "resolver", &entry.resolver);
    put_clients(object, listing, &entry);
    return object;
}
