/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of leases: a keyed hash from set and address, and a heap of the next moments.  Leases
 * never move in memory, so heaps, quotas and transactions may point at them.
 */
#include "setsync/leases/lease.h"

#include "base/clock.h"
#include "base/siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_FIRST_SIZE = 256 };

/* Seen again after so long: what somebody asks for again and again. */
#define LASTING_NS (10 * NS_PER_SECOND)

struct lease_table {
    struct siphash_key key;
    struct lease **buckets;
    size_t size; /* a power of two */
    size_t count;
    struct heap due;
    struct names *names;
};

int lease_table_new(struct lease_table **out)
{
    struct lease_table *table = calloc(1, sizeof(*table));
    if (!table)
        return -ENOMEM;
    table->size = TABLE_FIRST_SIZE;
    table->buckets = calloc(table->size, sizeof(struct lease *));
    int result = table->buckets ? siphash_key_random(&table->key) : -ENOMEM;
    if (result == 0)
        result = names_new(&table->names);
    if (result < 0) {
        free(table->buckets);
        free(table);
        return result;
    }
    *out = table;
    return 0;
}

void lease_table_free(struct lease_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->size; i++) {
        for (struct lease *lease = table->buckets[i], *next; lease; lease = next) {
            next = lease->next;
            lease_free(lease);
        }
    }
    heap_free(&table->due);
    names_free(table->names);
    free(table->buckets);
    free(table);
}

size_t lease_table_count(const struct lease_table *table)
{
    return table->count;
}

static size_t lease_bucket(const struct lease_table *table, const struct set_name *set,
                           const struct address *address)
{
    uint8_t bytes[sizeof(set) + sizeof(*address)];
    memcpy(bytes, &set, sizeof(set));
    memcpy(bytes + sizeof(set), address, sizeof(*address));
    return siphash(&table->key, bytes, sizeof(bytes)) & (table->size - 1);
}

struct lease *lease_find(const struct lease_table *table, const struct set_name *set,
                         const struct address *address)
{
    struct lease *lease = table->buckets[lease_bucket(table, set, address)];
    while (lease && (lease->set_name != set || !address_equal(&lease->address, address)))
        lease = lease->next;
    return lease;
}

static void lease_link(struct lease_table *table, struct lease *lease)
{
    struct lease **bucket = &table->buckets[lease_bucket(table, lease->set_name, &lease->address)];
    lease->next = *bucket;
    *bucket = lease;
}

/* A table that cannot grow only becomes slower. */
static void lease_table_grow(struct lease_table *table)
{
    struct lease **old = table->buckets;
    size_t old_size = table->size;
    struct lease **buckets = calloc(2 * old_size, sizeof(*buckets));
    if (!buckets)
        return;
    table->buckets = buckets;
    table->size = 2 * old_size;
    for (size_t i = 0; i < old_size; i++) {
        for (struct lease *lease = old[i], *next; lease; lease = next) {
            next = lease->next;
            lease_link(table, lease);
        }
    }
    free(old);
}

int lease_enter(struct lease_table *table, struct lease *lease)
{
    int result = heap_put(&table->due, &lease->due, UINT64_MAX);
    if (result < 0)
        return result;
    if (table->count == table->size)
        lease_table_grow(table);
    lease_link(table, lease);
    table->count++;
    return 0;
}

struct lease *lease_add(struct lease_table *table, const struct set_name *set,
                        const struct address *address)
{
    struct lease *lease = calloc(1, sizeof(*lease));
    if (!lease)
        return NULL;
    lease->address = *address;
    lease->set_name = set;
    lease->names = table->names;
    lease->claims = &lease->first_claim;
    if (lease_enter(table, lease) < 0) {
        free(lease);
        return NULL;
    }
    return lease;
}

static void lease_leave_quota(struct lease *lease, struct quota_entry *entry)
{
    struct quota_entry **at = &lease->entries;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    quota_leave(entry);
    if (entry == &lease->first_entry)
        *entry = (struct quota_entry){0};
    else
        free(entry);
}

void lease_remove(struct lease_table *table, struct lease *lease)
{
    struct lease **at = &table->buckets[lease_bucket(table, lease->set_name, &lease->address)];
    while (*at != lease)
        at = &(*at)->next;
    *at = lease->next;
    lease->next = NULL;
    table->count--;
    heap_take(&table->due, &lease->due);
    while (lease->entries)
        lease_leave_quota(lease, lease->entries);
}

void lease_free(struct lease *lease)
{
    if (!lease)
        return;
    lease_drop_claims(lease);
    lease_forget_quotas(lease);
    free(lease->clients);
    free(lease);
}

int lease_set_due(struct lease_table *table, struct lease *lease, uint64_t due_ns)
{
    return heap_put(&table->due, &lease->due, due_ns);
}

struct lease *lease_first_due(const struct lease_table *table)
{
    struct heap_node *node = heap_top(&table->due);
    return node ? heap_entry(node, struct lease, due) : NULL;
}

void lease_each(const struct lease_table *table, lease_visit *each, void *context)
{
    for (size_t i = 0; i < table->size; i++) {
        for (struct lease *lease = table->buckets[i], *next; lease; lease = next) {
            next = lease->next;
            each(context, lease);
        }
    }
}

/* Whole buckets.  When the table grows meanwhile, what moves goes behind the cursor's old end. */
size_t lease_slice(const struct lease_table *table, size_t *cursor, struct lease **out, size_t most)
{
    size_t count = 0;
    for (; *cursor < table->size; (*cursor)++) {
        struct lease *lease = table->buckets[*cursor];
        size_t length = 0;
        for (const struct lease *at = lease; at; at = at->next)
            length++;
        if (count > 0 && count + length > most)
            return count;
        for (; lease && count < most; lease = lease->next)
            out[count++] = lease;
    }
    *cursor = 0;
    return count;
}

/* ---- claims ---- */

static struct kept_claim *claim_find(const struct lease *lease, const struct whitelist *whitelist,
                                     const struct pattern *pattern)
{
    for (unsigned i = 0; i < lease->claim_count; i++) {
        struct kept_claim *claim = &lease->claims[i];
        if (claim->whitelist == whitelist && claim->pattern_kind == pattern->kind &&
            kept_name_equal(claim->pattern, &pattern->name))
            return claim;
    }
    return NULL;
}

struct lease_claim lease_claim_at(const struct lease *lease, unsigned index)
{
    const struct kept_claim *kept = &lease->claims[index];
    return (struct lease_claim){
        .whitelist = kept->whitelist,
        .pattern = {.kind = kept->pattern_kind, .name = kept_name_get(kept->pattern)},
        .name = kept_name_get(kept->name),
        .owner = kept_name_get(kept->owner),
        .resolver = kept->resolver,
        .source = (enum source)kept->source,
        .record = (enum record_type)kept->record,
        .ttl = kept->ttl,
        .granted_ns = kept->granted_ns,
        .seen_ns = kept->seen_ns,
        .expires_ns = kept->expires_ns,
    };
}

bool lease_find_claim(const struct lease *lease, const struct whitelist *whitelist,
                      const struct pattern *pattern, struct lease_claim *out)
{
    const struct kept_claim *kept = claim_find(lease, whitelist, pattern);
    if (!kept)
        return false;
    *out = lease_claim_at(lease, (unsigned)(kept - lease->claims));
    return true;
}

static void claim_free(const struct lease *lease, struct kept_claim *claim)
{
    names_drop(lease->names, claim->name);
    names_drop(lease->names, claim->owner);
    names_drop(lease->names, claim->pattern);
}

static int claim_keep(const struct lease *lease, const struct lease_claim *claim,
                      struct kept_claim *out)
{
    struct kept_claim kept = {
        .whitelist = claim->whitelist,
        .granted_ns = claim->granted_ns,
        .seen_ns = claim->seen_ns,
        .expires_ns = claim->expires_ns,
        .ttl = claim->ttl,
        .resolver = claim->resolver,
        .pattern_kind = claim->pattern.kind,
        .source = (uint8_t)claim->source,
        .record = (uint8_t)claim->record,
    };
    int result = names_take(lease->names, &claim->name, &kept.name);
    if (result == 0)
        result = names_take(lease->names, &claim->owner, &kept.owner);
    if (result == 0)
        result = names_take(lease->names, &claim->pattern.name, &kept.pattern);
    if (result == 0)
        *out = kept;
    else
        claim_free(lease, &kept);
    return result;
}

/* It is in no quota any more. */
void lease_drop_claims(struct lease *lease)
{
    for (unsigned i = 0; i < lease->claim_count; i++)
        claim_free(lease, &lease->claims[i]);
    if (lease->claims != &lease->first_claim)
        free(lease->claims);
    lease->claims = &lease->first_claim;
    lease->claim_count = 0;
}

/* The latest end of a whitelist's claims, 0 without any; of all claims for NULL. */
static uint64_t lease_latest_end(const struct lease *lease, const struct whitelist *whitelist)
{
    uint64_t latest = 0;
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct kept_claim *claim = &lease->claims[i];
        bool counts = !whitelist || claim->whitelist == whitelist;
        if (counts && claim->expires_ns > latest)
            latest = claim->expires_ns;
    }
    return latest;
}

static bool lease_is_lasting(const struct lease *lease, const struct whitelist *whitelist)
{
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct kept_claim *claim = &lease->claims[i];
        if (claim->whitelist == whitelist && claim->seen_ns >= claim->granted_ns + LASTING_NS)
            return true;
    }
    return false;
}

/* Brings the lease's end and its places in the quotas up to date; no share is new here. */
void lease_settle(struct lease *lease)
{
    lease->expires_ns = lease_latest_end(lease, NULL);
    for (struct quota_entry *entry = lease->entries, *next; entry; entry = next) {
        uint64_t end_ns = lease_latest_end(lease, entry->whitelist);
        next = entry->next;
        if (end_ns == 0)
            lease_leave_quota(lease, entry);
        else
            quota_renew(entry, end_ns, lease_is_lasting(lease, entry->whitelist));
    }
}

static void claim_drop(struct lease *lease, unsigned index)
{
    claim_free(lease, &lease->claims[index]);
    lease->claim_count--;
    memmove(&lease->claims[index], &lease->claims[index + 1],
            (lease->claim_count - index) * sizeof(lease->claims[0]));
}

/* Room grows 1, 2, 4, 8: most addresses have one reason to be there. */
static int claim_make_room(struct lease *lease)
{
    unsigned count = lease->claim_count;
    if (count == LEASE_CLAIMS_MAX) {
        unsigned nearest = 0; /* to its end */
        for (unsigned i = 1; i < count; i++)
            if (lease->claims[i].expires_ns < lease->claims[nearest].expires_ns)
                nearest = i;
        claim_drop(lease, nearest);
        lease_settle(lease);
        return 0;
    }
    if (count == 0 || (count & (count - 1)) != 0)
        return 0;
    bool is_first = lease->claims == &lease->first_claim;
    struct kept_claim *claims =
        reallocarray(is_first ? NULL : lease->claims, 2 * (size_t)count, sizeof(*claims));
    if (!claims)
        return -ENOMEM;
    if (is_first)
        claims[0] = lease->first_claim;
    lease->claims = claims;
    return 0;
}

/* ---- quotas ---- */

const struct quota_entry *lease_quota_entry(const struct lease *lease,
                                            const struct whitelist *whitelist)
{
    const struct quota_entry *entry = lease->entries;
    while (entry && entry->whitelist != whitelist)
        entry = entry->next;
    return entry;
}

static int lease_join_quota(struct lease *lease, const struct whitelist *whitelist,
                            const struct quota_owner *owner, struct lease_quota *quota)
{
    bool is_first = !lease->first_entry.whitelist;
    struct quota_entry *entry = is_first ? &lease->first_entry : malloc(sizeof(*entry));
    if (!entry)
        return -ENOMEM;
    *entry = (struct quota_entry){
        .lease = lease, .whitelist = whitelist, .quota = quota, .next = lease->entries};
    int result = quota_enter(entry, owner, lease_latest_end(lease, whitelist));
    if (result == 0)
        lease->entries = entry;
    else if (is_first)
        *entry = (struct quota_entry){0};
    else
        free(entry);
    return result;
}

int lease_enter_quota(struct lease *lease, unsigned claim, struct lease_quota *quota)
{
    const struct whitelist *whitelist = lease->claims[claim].whitelist;
    struct dname name = kept_name_get(lease->claims[claim].name);
    struct quota_owner owner = {.client = lease->client_count > 0 ? &lease->clients[0] : NULL,
                                .name = &name};
    if (lease_quota_entry(lease, whitelist))
        return 0;
    return lease_join_quota(lease, whitelist, &owner, quota);
}

void lease_forget_quotas(struct lease *lease)
{
    for (struct quota_entry *entry = lease->entries, *next; entry; entry = next) {
        next = entry->next;
        if (entry != &lease->first_entry)
            free(entry);
    }
    lease->entries = NULL;
    lease->first_entry = (struct quota_entry){0};
}

static int claim_renew(struct lease *lease, struct kept_claim *claim,
                       const struct lease_claim *with)
{
    struct kept_claim renewed;
    int result = claim_keep(lease, with, &renewed);
    if (result < 0)
        return result;
    renewed.granted_ns = claim->granted_ns;
    if (claim->expires_ns > renewed.expires_ns)
        renewed.expires_ns = claim->expires_ns;
    claim_free(lease, claim);
    *claim = renewed;
    return 0;
}

static int claim_add(struct lease *lease, const struct lease_claim *claim,
                     struct lease_quota *quota)
{
    struct kept_claim kept;
    const struct quota_owner owner = {.client = &claim->client, .name = &claim->name};
    if (claim_make_room(lease) < 0 || claim_keep(lease, claim, &kept) < 0)
        return -ENOMEM;
    lease->claims[lease->claim_count++] = kept;
    if (lease_quota_entry(lease, claim->whitelist) ||
        lease_join_quota(lease, claim->whitelist, &owner, quota) == 0)
        return 0;
    claim_free(lease, &kept);
    lease->claim_count--;
    return -ENOMEM;
}

int lease_claim(struct lease *lease, const struct lease_claim *claim, struct lease_quota *quota)
{
    struct kept_claim *known = claim_find(lease, claim->whitelist, &claim->pattern);
    int result = known ? claim_renew(lease, known, claim) : claim_add(lease, claim, quota);
    lease_settle(lease);
    return result;
}

void lease_retain(struct lease *lease, lease_keep *keep, const void *context)
{
    for (unsigned i = 0; i < lease->claim_count;) {
        const struct lease_claim claim = lease_claim_at(lease, i);
        if (keep(context, &claim))
            i++;
        else
            claim_drop(lease, i);
    }
    lease_settle(lease);
}

/* ---- clients ---- */

/* Room grows 1, 2, 4, 8. */
static bool client_make_room(struct lease *lease)
{
    unsigned count = lease->client_count;
    if (count == LEASE_CLIENTS_MAX) {
        lease->client_count--;
        memmove(lease->clients, lease->clients + 1,
                lease->client_count * sizeof(lease->clients[0]));
        return true;
    }
    if (count > 0 && (count & (count - 1)) != 0)
        return true;
    struct address *clients =
        reallocarray(lease->clients, count > 0 ? 2 * (size_t)count : 1, sizeof(*clients));
    if (!clients)
        return false;
    lease->clients = clients;
    return true;
}

void lease_note_client(struct lease *lease, const struct address *client)
{
    if (client->family == ADDRESS_NONE)
        return;
    for (unsigned i = 0; i < lease->client_count; i++)
        if (address_equal(&lease->clients[i], client))
            return;
    if (client_make_room(lease))
        lease->clients[lease->client_count++] = *client;
}
