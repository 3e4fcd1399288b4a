/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of leases: a keyed hash from set and address, and a heap of the next moments.  Leases
 * never move in memory, so heaps, quotas and transactions may point at them.
 */
#include "setsync/lease.h"

#include "runtime/siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLE_FIRST_SIZE = 256,
    NEAREST_BUDGET =
        256, /* leases looked at to find one to evict: a bound on a large answer's cost */
};

struct lease_table {
    struct siphash_key key;
    struct lease **buckets;
    size_t size; /* a power of two */
    size_t count;
    struct heap due;
};

int lease_table_new(struct lease_table **out)
{
    struct lease_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return -ENOMEM;
    table->size = TABLE_FIRST_SIZE;
    table->buckets = calloc(table->size, sizeof(struct lease *));
    int r = table->buckets != NULL ? siphash_key_random(&table->key) : -ENOMEM;
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
    if (lease_enter(table, lease) < 0) {
        free(lease);
        return NULL;
    }
    return lease;
}

static void leave_quota(struct lease_share *share)
{
    heap_take(&share->quota->shares, &share->node);
    *share = (struct lease_share){0};
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
    for (unsigned i = 0; i < LEASE_CLAIMS_MAX; i++)
        if (lease->shares[i].whitelist != NULL)
            leave_quota(&lease->shares[i]);
}

void lease_free(struct lease *lease)
{
    if (lease == NULL)
        return;
    free(lease->claims);
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

struct lease_claim *lease_find_claim(const struct lease *lease, const struct whitelist *whitelist,
                                     const struct pattern *pattern)
{
    for (unsigned i = 0; i < lease->claim_count; i++) {
        struct lease_claim *claim = &lease->claims[i];
        if (claim->whitelist == whitelist && pattern_equal(&claim->pattern, pattern))
            return claim;
    }
    return NULL;
}

const struct lease_share *lease_find_share(const struct lease *lease,
                                           const struct whitelist *whitelist)
{
    for (unsigned i = 0; i < LEASE_CLAIMS_MAX; i++)
        if (lease->shares[i].whitelist == whitelist)
            return &lease->shares[i];
    return NULL;
}

/* The latest end of a whitelist's claims, 0 without any; of all claims for NULL. */
static uint64_t latest_end(const struct lease *lease, const struct whitelist *whitelist)
{
    uint64_t latest = 0;
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct lease_claim *claim = &lease->claims[i];
        bool counts = whitelist == NULL || claim->whitelist == whitelist;
        if (counts && claim->expires_ns > latest)
            latest = claim->expires_ns;
    }
    return latest;
}

/* Brings the lease's end and its places in the quotas up to date; no share is new here. */
static void settle(struct lease *lease)
{
    lease->expires_ns = latest_end(lease, NULL);
    for (unsigned i = 0; i < LEASE_CLAIMS_MAX; i++) {
        struct lease_share *share = &lease->shares[i];
        if (share->whitelist == NULL)
            continue;
        uint64_t end = latest_end(lease, share->whitelist);
        if (end == 0)
            leave_quota(share);
        else
            heap_put(&share->quota->shares, &share->node, end);
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
    lease->claim_count--;
    memmove(&lease->claims[index], &lease->claims[index + 1],
            (lease->claim_count - index) * sizeof(lease->claims[0]));
}

/* Room grows 1, 2, 4, 8: most addresses have one reason to be there. */
static int make_claim_room(struct lease *lease)
{
    if (lease->claim_count == LEASE_CLAIMS_MAX) {
        drop_claim(lease, nearest_claim(lease));
        settle(lease);
        return 0;
    }
    unsigned count = lease->claim_count;
    if (count > 0 && (count & (count - 1)) != 0)
        return 0;
    unsigned room = count > 0 ? 2 * count : 1;
    struct lease_claim *claims = reallocarray(lease->claims, room, sizeof(*claims));
    if (claims == NULL)
        return -ENOMEM;
    lease->claims = claims;
    return 0;
}

int lease_enter_quota(struct lease *lease, const struct whitelist *whitelist,
                      struct lease_quota *quota)
{
    if (lease_find_share(lease, whitelist) != NULL)
        return 0;
    for (unsigned i = 0; i < LEASE_CLAIMS_MAX; i++) {
        struct lease_share *share = &lease->shares[i];
        if (share->whitelist != NULL)
            continue;
        *share = (struct lease_share){.lease = lease, .whitelist = whitelist, .quota = quota};
        int r = heap_put(&quota->shares, &share->node, latest_end(lease, whitelist));
        if (r < 0)
            *share = (struct lease_share){0};
        return r;
    }
    return -ENOMEM; /* not reached: a share for each claim, and at most as many claims */
}

static void renew(struct lease_claim *claim, const struct lease_claim *with)
{
    uint64_t granted_ns = claim->granted_ns;
    uint64_t expires_ns = claim->expires_ns;
    *claim = *with;
    claim->granted_ns = granted_ns;
    if (expires_ns > claim->expires_ns)
        claim->expires_ns = expires_ns;
}

int lease_claim(struct lease *lease, const struct lease_claim *claim, struct lease_quota *quota)
{
    struct lease_claim *known = lease_find_claim(lease, claim->whitelist, &claim->pattern);
    if (known != NULL) {
        renew(known, claim);
        settle(lease);
        return 0;
    }
    if (make_claim_room(lease) < 0)
        return -ENOMEM;
    lease->claims[lease->claim_count++] = *claim;
    int r = lease_enter_quota(lease, claim->whitelist, quota);
    if (r < 0)
        lease->claim_count--;
    settle(lease);
    return r;
}

void lease_retain(struct lease *lease, lease_keep *keep, const void *context)
{
    for (unsigned i = 0; i < lease->claim_count;) {
        if (keep(context, &lease->claims[i]))
            i++;
        else
            drop_claim(lease, i);
    }
    settle(lease);
}

/* It is in no quota any more. */
void lease_drop_claims(struct lease *lease)
{
    free(lease->claims);
    lease->claims = NULL;
    lease->claim_count = 0;
}

void lease_note_client(struct lease *lease, const struct address *client)
{
    if (client->family == ADDRESS_NONE)
        return;
    for (unsigned i = 0; i < lease->client_count; i++)
        if (address_equal(&lease->clients[i], client))
            return;
    if (lease->client_count == LEASE_CLIENTS_MAX) {
        lease->client_count--;
        memmove(lease->clients, lease->clients + 1, lease->client_count * sizeof(*client));
    }
    lease->clients[lease->client_count++] = *client;
}

void lease_forget_shares(struct lease *lease)
{
    memset(lease->shares, 0, sizeof(lease->shares));
}

/* The better of two nodes; either may be NULL. */
static struct heap_node *nearer(struct heap_node *a, struct heap_node *b)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    return a->key <= b->key ? a : b;
}

/* A heap's subtree holds nothing nearer than its top: only below those passed over is more to see.
 */
static struct heap_node *nearest_below(const struct heap *heap, size_t index, uint32_t serial,
                                       unsigned *budget)
{
    if (index >= heap->count || *budget == 0)
        return NULL;
    (*budget)--;
    struct heap_node *node = heap->nodes[index];
    if (heap_entry(node, struct lease_share, node)->lease->serial != serial)
        return node;
    return nearer(nearest_below(heap, 2 * index + 1, serial, budget),
                  nearest_below(heap, 2 * index + 2, serial, budget));
}

struct lease *lease_nearest_end(const struct lease_quota *quota, uint32_t serial)
{
    unsigned budget = NEAREST_BUDGET;
    struct heap_node *node = nearest_below(&quota->shares, 0, serial, &budget);
    return node != NULL ? heap_entry(node, struct lease_share, node)->lease : NULL;
}
