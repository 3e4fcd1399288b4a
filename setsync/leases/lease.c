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
    if (table == NULL)
        return -ENOMEM;
    table->size = TABLE_FIRST_SIZE;
    table->buckets = calloc(table->size, sizeof(struct lease *));
    int r = table->buckets != NULL ? siphash_key_random(&table->key) : -ENOMEM;
    if (r == 0)
        r = names_new(&table->names);
    if (r < 0) {
        free(table->buckets);
        free(table);
        return r;
    }
    *out = table;
    return 0;
}

void lease_table_free(struct lease_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->size; i++) {
        for (struct lease *lease = table->buckets[i], *next; lease != NULL; lease = next) {
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

static size_t bucket_of(const struct lease_table *table, const struct set_name *set,
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
    struct lease *lease = table->buckets[bucket_of(table, set, address)];
    while (lease != NULL && (lease->set != set || !address_equal(&lease->address, address)))
        lease = lease->next;
    return lease;
}

static void link_lease(struct lease_table *table, struct lease *lease)
{
    struct lease **bucket = &table->buckets[bucket_of(table, lease->set, &lease->address)];
    lease->next = *bucket;
    *bucket = lease;
}

/* A table that cannot grow only becomes slower. */
static void grow(struct lease_table *table)
{
    struct lease **old = table->buckets;
    size_t old_size = table->size;
    struct lease **buckets = calloc(2 * old_size, sizeof(*buckets));
    if (buckets == NULL)
        return;
    table->buckets = buckets;
    table->size = 2 * old_size;
    for (size_t i = 0; i < old_size; i++) {
        for (struct lease *lease = old[i], *next; lease != NULL; lease = next) {
            next = lease->next;
            link_lease(table, lease);
        }
    }
    free(old);
}

int lease_enter(struct lease_table *table, struct lease *lease)
{
    int r = heap_put(&table->due, &lease->due, UINT64_MAX);
    if (r < 0)
        return r;
    if (table->count == table->size)
        grow(table);
    link_lease(table, lease);
    table->count++;
    return 0;
}

struct lease *lease_add(struct lease_table *table, const struct set_name *set,
                        const struct address *address)
{
    struct lease *lease = calloc(1, sizeof(*lease));
    if (lease == NULL)
        return NULL;
    lease->address = *address;
    lease->set = set;
    lease->names = table->names;
    lease->claims = &lease->first_claim;
    if (lease_enter(table, lease) < 0) {
        free(lease);
        return NULL;
    }
    return lease;
}

static void leave_quota(struct lease *lease, struct lease_share *share)
{
    struct lease_share **at = &lease->shares;
    while (*at != share)
        at = &(*at)->next;
    *at = share->next;
    quota_leave(share);
    if (share == &lease->first_share)
        *share = (struct lease_share){0};
    else
        free(share);
}

void lease_remove(struct lease_table *table, struct lease *lease)
{
    struct lease **at = &table->buckets[bucket_of(table, lease->set, &lease->address)];
    while (*at != lease)
        at = &(*at)->next;
    *at = lease->next;
    lease->next = NULL;
    table->count--;
    heap_take(&table->due, &lease->due);
    while (lease->shares != NULL)
        leave_quota(lease, lease->shares);
}

void lease_free(struct lease *lease)
{
    if (lease == NULL)
        return;
    lease_drop_claims(lease);
    lease_forget_shares(lease);
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
    return node != NULL ? heap_entry(node, struct lease, due) : NULL;
}

void lease_each(const struct lease_table *table, lease_visit *each, void *context)
{
    for (size_t i = 0; i < table->size; i++) {
        for (struct lease *lease = table->buckets[i], *next; lease != NULL; lease = next) {
            next = lease->next;
            each(context, lease);
        }
    }
}

static size_t bucket_length(const struct lease *lease)
{
    size_t length = 0;
    for (; lease != NULL; lease = lease->next)
        length++;
    return length;
}

/* Whole buckets.  When the table grows meanwhile, what moves goes behind the cursor's old end. */
size_t lease_slice(const struct lease_table *table, size_t *cursor, struct lease **out, size_t most)
{
    size_t count = 0;
    for (; *cursor < table->size; (*cursor)++) {
        struct lease *lease = table->buckets[*cursor];
        if (count > 0 && count + bucket_length(lease) > most)
            return count;
        for (; lease != NULL && count < most; lease = lease->next)
            out[count++] = lease;
    }
    *cursor = 0;
    return count;
}

/* ---- claims ---- */

static bool is_claim_of(const struct kept_claim *claim, const struct whitelist *whitelist,
                        const struct pattern *pattern)
{
    return claim->whitelist == whitelist && claim->pattern_kind == pattern->kind &&
           kept_name_equal(claim->pattern, &pattern->name);
}

static struct kept_claim *find_claim(const struct lease *lease, const struct whitelist *whitelist,
                                     const struct pattern *pattern)
{
    for (unsigned i = 0; i < lease->claim_count; i++)
        if (is_claim_of(&lease->claims[i], whitelist, pattern))
            return &lease->claims[i];
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
    const struct kept_claim *kept = find_claim(lease, whitelist, pattern);
    if (kept == NULL)
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
    int r = names_take(lease->names, &claim->name, &kept.name);
    if (r == 0)
        r = names_take(lease->names, &claim->owner, &kept.owner);
    if (r == 0)
        r = names_take(lease->names, &claim->pattern.name, &kept.pattern);
    if (r == 0)
        *out = kept;
    else
        claim_free(lease, &kept);
    return r;
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
static uint64_t latest_end(const struct lease *lease, const struct whitelist *whitelist)
{
    uint64_t latest = 0;
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct kept_claim *claim = &lease->claims[i];
        bool counts = whitelist == NULL || claim->whitelist == whitelist;
        if (counts && claim->expires_ns > latest)
            latest = claim->expires_ns;
    }
    return latest;
}

static bool is_lasting(const struct lease *lease, const struct whitelist *whitelist)
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
    lease->expires_ns = latest_end(lease, NULL);
    for (struct lease_share *share = lease->shares, *next; share != NULL; share = next) {
        uint64_t end_ns = latest_end(lease, share->whitelist);
        next = share->next;
        if (end_ns == 0)
            leave_quota(lease, share);
        else
            quota_renew(share, end_ns, is_lasting(lease, share->whitelist));
    }
}

static unsigned nearest_claim(const struct lease *lease)
{
    unsigned nearest = 0;
    for (unsigned i = 1; i < lease->claim_count; i++)
        if (lease->claims[i].expires_ns < lease->claims[nearest].expires_ns)
            nearest = i;
    return nearest;
}

static void drop_claim(struct lease *lease, unsigned index)
{
    claim_free(lease, &lease->claims[index]);
    lease->claim_count--;
    memmove(&lease->claims[index], &lease->claims[index + 1],
            (lease->claim_count - index) * sizeof(lease->claims[0]));
}

/* Room grows 1, 2, 4, 8: most addresses have one reason to be there. */
static int make_claim_room(struct lease *lease)
{
    if (lease->claim_count == LEASE_CLAIMS_MAX) {
        drop_claim(lease, nearest_claim(lease));
        lease_settle(lease);
        return 0;
    }
    unsigned count = lease->claim_count;
    if (count == 0 || (count & (count - 1)) != 0)
        return 0;
    bool is_first = lease->claims == &lease->first_claim;
    struct kept_claim *claims =
        reallocarray(is_first ? NULL : lease->claims, 2 * (size_t)count, sizeof(*claims));
    if (claims == NULL)
        return -ENOMEM;
    if (is_first)
        claims[0] = lease->first_claim;
    lease->claims = claims;
    return 0;
}

/* ---- quotas ---- */

const struct lease_share *lease_find_share(const struct lease *lease,
                                           const struct whitelist *whitelist)
{
    const struct lease_share *share = lease->shares;
    while (share != NULL && share->whitelist != whitelist)
        share = share->next;
    return share;
}

static int enter_quota(struct lease *lease, const struct whitelist *whitelist,
                       const struct quota_owner *owner, struct lease_quota *quota)
{
    bool is_first = lease->first_share.whitelist == NULL;
    struct lease_share *share = is_first ? &lease->first_share : malloc(sizeof(*share));
    if (share == NULL)
        return -ENOMEM;
    *share = (struct lease_share){
        .lease = lease, .whitelist = whitelist, .quota = quota, .next = lease->shares};
    int r = quota_enter(share, owner, latest_end(lease, whitelist));
    if (r == 0)
        lease->shares = share;
    else if (is_first)
        *share = (struct lease_share){0};
    else
        free(share);
    return r;
}

int lease_enter_quota(struct lease *lease, unsigned claim, struct lease_quota *quota)
{
    const struct whitelist *whitelist = lease->claims[claim].whitelist;
    struct dname name = kept_name_get(lease->claims[claim].name);
    struct quota_owner owner = {.client = lease->client_count > 0 ? &lease->clients[0] : NULL,
                                .name = &name};
    if (lease_find_share(lease, whitelist) != NULL)
        return 0;
    return enter_quota(lease, whitelist, &owner, quota);
}

void lease_forget_shares(struct lease *lease)
{
    for (struct lease_share *share = lease->shares, *next; share != NULL; share = next) {
        next = share->next;
        if (share != &lease->first_share)
            free(share);
    }
    lease->shares = NULL;
    lease->first_share = (struct lease_share){0};
}

static int renew(struct lease *lease, struct kept_claim *claim, const struct lease_claim *with)
{
    struct kept_claim renewed;
    int r = claim_keep(lease, with, &renewed);
    if (r < 0)
        return r;
    renewed.granted_ns = claim->granted_ns;
    if (claim->expires_ns > renewed.expires_ns)
        renewed.expires_ns = claim->expires_ns;
    claim_free(lease, claim);
    *claim = renewed;
    return 0;
}

static int add_claim(struct lease *lease, const struct lease_claim *claim,
                     struct lease_quota *quota)
{
    struct kept_claim kept;
    const struct quota_owner owner = {.client = &claim->client, .name = &claim->name};
    if (make_claim_room(lease) < 0 || claim_keep(lease, claim, &kept) < 0)
        return -ENOMEM;
    lease->claims[lease->claim_count++] = kept;
    if (lease_find_share(lease, claim->whitelist) != NULL ||
        enter_quota(lease, claim->whitelist, &owner, quota) == 0)
        return 0;
    claim_free(lease, &kept);
    lease->claim_count--;
    return -ENOMEM;
}

int lease_claim(struct lease *lease, const struct lease_claim *claim, struct lease_quota *quota)
{
    struct kept_claim *known = find_claim(lease, claim->whitelist, &claim->pattern);
    int r = known != NULL ? renew(lease, known, claim) : add_claim(lease, claim, quota);
    lease_settle(lease);
    return r;
}

void lease_retain(struct lease *lease, lease_keep *keep, const void *context)
{
    for (unsigned i = 0; i < lease->claim_count;) {
        const struct lease_claim claim = lease_claim_at(lease, i);
        if (keep(context, &claim))
            i++;
        else
            drop_claim(lease, i);
    }
    lease_settle(lease);
}

/* ---- clients ---- */

/* Room grows 1, 2, 4, 8. */
static bool make_client_room(struct lease *lease)
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
    if (clients == NULL)
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
    if (make_client_room(lease))
        lease->clients[lease->client_count++] = *client;
}
