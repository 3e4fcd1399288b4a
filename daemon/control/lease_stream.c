/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slice of the leases: a fixed part a lease, and behind it its names and clients at their true
 * length, in room for the longest.  Everything is copied, since leases end and a reload may free
 * the rest before the client has read it.
 */
#include "daemon/control/lease_stream.h"

#include "base/clock.h"
#include "daemon/control/protocol.h"
#include "setsync/setsync.h"
#include "source/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_A_TURN = 1024 }; /* leases looked at for one that is wanted: about 0.1 ms */

struct entry {
    struct address address;
    struct address resolver;
    uint8_t source;
    uint8_t record;
    uint8_t pattern_kind;
    uint8_t name_size, owner_size, pattern_size;
    uint8_t client_count;
    bool is_covered; /* another program's element is there */
    bool is_leaving; /* no lease any more, and the kernel has yet to let go of its element */
    uint32_t ttl;
    uint64_t expires_ns;
    struct set_name set;
    char whitelist[WHITELIST_NAME_MAX];
};

enum {
    ENTRY_MAX = sizeof(struct entry) + 3 * DNAME_MAX + LEASE_CLIENTS_MAX * sizeof(struct address),
};

struct listing {
    char wanted[WHITELIST_NAME_MAX]; /* "": all */
    bool as_rows;
    size_t cursor;     /* of setsync_slice */
    bool ended;        /* there is no other slice */
    struct moment now; /* of the slice */
    size_t used, next;
    uint8_t bytes[SETSYNC_SLICE * ENTRY_MAX];
};

static void append(struct listing *listing, const void *data, size_t size)
{
    if (size > 0)
        memcpy(listing->bytes + listing->used, data, size);
    listing->used += size;
}

/* Of the wanted whitelist, the claim that lasts longest: its place, or -1. */
static int claim_choose(const struct lease *lease, const char *wanted)
{
    int best = -1;

    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct kept_claim *claim = &lease->claims[i];

        if (*wanted && strcmp(claim->whitelist->name, wanted) != 0)
            continue;
        if (best < 0 || claim->expires_ns > lease->claims[best].expires_ns)
            best = (int)i;
    }
    return best;
}

static void collect(void *context, const struct lease *lease)
{
    struct listing *listing = context;
    struct lease_claim value = {.source = SOURCE_COUNT}, *claim = &value;
    int index = claim_choose(lease, listing->wanted);

    if (index < 0 && (!lease->removed || *listing->wanted))
        return;
    if (index >= 0)
        value = lease_claim_at(lease, (unsigned)index);
    struct entry entry = {
        .address = lease->address,
        .resolver = claim->resolver,
        .source = (uint8_t)claim->source,
        .record = (uint8_t)claim->record,
        .pattern_kind = claim->pattern.kind,
        .name_size = claim->name.length,
        .owner_size = claim->owner.length,
        .pattern_size = claim->pattern.name.length,
        .client_count = (uint8_t)lease->client_count,
        .is_covered = lease->write == LEASE_COVERED,
        .is_leaving = lease->removed,
        .ttl = claim->ttl,
        .expires_ns = lease->expires_ns,
        .set = *lease->set_name,
    };
    if (claim->whitelist)
        memcpy(entry.whitelist, claim->whitelist->name, sizeof(entry.whitelist));
    append(listing, &entry, sizeof(entry));
    append(listing, claim->name.wire, claim->name.length);
    append(listing, claim->owner.wire, claim->owner.length);
    append(listing, claim->pattern.name.wire, claim->pattern.name.length);
    append(listing, lease->clients, lease->client_count * sizeof(lease->clients[0]));
}

struct listing *listing_new(const char *whitelist, bool as_rows)
{
    struct listing *listing = calloc(1, sizeof(*listing));

    if (listing)
        listing->as_rows = as_rows;
    if (listing && whitelist)
        memcpy(listing->wanted, whitelist, strnlen(whitelist, sizeof(listing->wanted) - 1));
    return listing;
}

void listing_free(struct listing *listing)
{
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

/* The last eight distinct clients; "client" is the one that asked last. */
static void put_clients(json_t *object, struct listing *listing, const struct entry *entry)
{
    struct address client = {.family = ADDRESS_NONE};

    if (entry->client_count == 0)
        return;
    json_t *clients = json_array();
    for (unsigned i = 0; i < entry->client_count; i++) {
        take(listing, &client, sizeof(client));
        append_address(clients, &client);
    }
    put_address(object, "client", &client);
    if (entry->client_count > 1)
        json_object_set(object, "clients", clients);
    json_decref(clients);
}

/* What is wanted of the next leases; false when this turn has had its share, or there are no more.
 */
static bool listing_fill(struct listing *listing, const struct setsync *sync)
{
    for (unsigned looked = 0; listing->next == listing->used; looked += SETSYNC_SLICE) {
        if (listing->ended || looked >= LOOK_A_TURN)
            return false;
        listing->next = listing->used = 0;
        listing->now = clock_now();
        setsync_slice(sync, &listing->cursor, collect, listing);
        listing->ended = listing->cursor == 0;
    }
    return true;
}

static json_t *entry_take(struct listing *listing)
{
    struct entry entry;
    char text[PATTERN_TEXT_MAX], set[SET_TEXT_MAX];

    take(listing, &entry, sizeof(entry));
    struct dname name = take_name(listing, entry.name_size);
    struct dname owner = take_name(listing, entry.owner_size);
    struct pattern pattern = {.kind = entry.pattern_kind,
                              .name = take_name(listing, entry.pattern_size)};

    uint64_t left_ns =
        entry.expires_ns > listing->now.boot_ns ? entry.expires_ns - listing->now.boot_ns : 0;
    json_t *object = json_object();
    put_address(object, "address", &entry.address);
    put_text(object, "set", set_name_to_text(&entry.set, set));
    put_text(object, "whitelist", entry.whitelist);
    put_name(object, "name", &name);
    put_name(object, "owner", &owner);
    if (entry.pattern_size)
        put_text(object, "pattern", pattern_to_text(&pattern, text));
    if (entry.record != RECORD_NONE)
        put_text(object, "record", record_type_name((enum record_type)entry.record));
    if (!entry.is_leaving)
        put_count(object, "ttl", entry.ttl);
    put_time(object, "expires", listing->now.real_ns + left_ns);
    put_count(object, "left", left_ns / NS_PER_SECOND);
    put_text(object, "source", source_name((enum source)entry.source));
    put_address(object, "resolver", &entry.resolver);
    put_clients(object, listing, &entry);
    if (entry.is_covered)
        put_text(object, "element", "foreign");
    if (entry.is_leaving)
        put_text(object, "element", "leaving");
    return object;
}

/* ---- rows ---- */

enum {
    ROWS_SIZE = 4096, /* some 45 leases: an answer waits for no more */
    ROW_MAX = SET_TEXT_MAX + ADDRESS_TEXT_MAX + DNAME_TEXT_MAX + WHITELIST_NAME_MAX + 64,
};

static size_t row_take(struct listing *listing, char out[static ROW_MAX])
{
    struct entry entry;
    char set[SET_TEXT_MAX], address[ADDRESS_TEXT_MAX], text[DNAME_TEXT_MAX];

    take(listing, &entry, sizeof(entry));
    struct dname name = take_name(listing, entry.name_size);
    listing->next +=
        (size_t)entry.owner_size + entry.pattern_size + entry.client_count * sizeof(struct address);
    uint64_t left_ns =
        entry.expires_ns > listing->now.boot_ns ? entry.expires_ns - listing->now.boot_ns : 0;
    const char *element = entry.is_covered ? "foreign" : "";
    if (entry.is_leaving)
        element = "leaving";
    return (size_t)snprintf(
        out, ROW_MAX, "%s\t%s\t%s\t%" PRIu64 "\t%s\t%s\t%s\n", set_name_to_text(&entry.set, set),
        address_to_text(&entry.address, address), dname_to_text(&name, text),
        left_ns / NS_PER_SECOND, source_name((enum source)entry.source), entry.whitelist, element);
}

json_t *listing_next(struct listing *listing, const struct setsync *sync, bool *end)
{
    char rows[ROWS_SIZE + ROW_MAX];
    size_t used = 0;

    if (!listing->as_rows && listing_fill(listing, sync))
        return entry_take(listing);
    while (listing->as_rows && used < ROWS_SIZE && listing_fill(listing, sync))
        used += row_take(listing, rows + used);
    if (used > 0)
        return json_pack("{s:i, s:s%}", "protocol", CONTROL_PROTOCOL, "rows", rows, used);
    *end = listing->ended;
    return NULL;
}
