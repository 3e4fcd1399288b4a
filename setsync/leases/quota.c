/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A heap by end, and for each client and each name a ring of its shares, in the order in which they
 * were seen last.  All steps take constant or logarithmic time.
 */
#include "setsync/leases/quota.h"

#include "setsync/leases/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOLDERS_FIRST_SIZE = 16,
    NEAREST_BUDGET =
        256,          /* leases looked at to find one to evict: a bound on a large answer's cost */
    PARTS_MOST = 256, /* a part is never less than this fraction of a quota */
};

/* In a heap's key, above every time. */
#define LASTING (UINT64_C(1) << 63)

enum { SEEN_ONCE, LASTING_ONES, RINGS };

struct holder {
    struct holder *next; /* in its bucket */
    struct heap_node rank;
    struct kept_name *name; /* or NULL, and it is a client */
    struct address client;
    uint32_t count;
    struct quota_entry *newest[RINGS]; /* `after` it comes the oldest */
};

/* ---- holders ---- */

static struct holder **holder_bucket(const struct lease_quota *quota, const struct holders *holders,
                                     const struct address *client, const struct kept_name *name)
{
    uint64_t hash = name ? names_hash(quota->names, &name, sizeof(name))
                         : names_hash(quota->names, client, sizeof(*client));
    return &holders->buckets[hash & (holders->size - 1)];
}

static struct holder *holder_find(const struct lease_quota *quota, const struct holders *holders,
                                  const struct address *client, const struct kept_name *name)
{
    if (holders->size == 0)
        return NULL;
    struct holder *holder = *holder_bucket(quota, holders, client, name);
    while (holder && (holder->name != name || (!name && !address_equal(&holder->client, client))))
        holder = holder->next;
    return holder;
}

static int holders_grow(const struct lease_quota *quota, struct holders *holders)
{
    struct holders grown = *holders;
    grown.size = holders->size > 0 ? 2 * holders->size : HOLDERS_FIRST_SIZE;
    grown.buckets = calloc(grown.size, sizeof(struct holder *));
    if (!grown.buckets)
        return holders->size > 0 ? 0 : -ENOMEM; /* one that cannot grow only becomes slower */
    for (size_t i = 0; i < holders->size; i++) {
        for (struct holder *holder = holders->buckets[i], *next; holder; holder = next) {
            struct holder **bucket = holder_bucket(quota, &grown, &holder->client, holder->name);
            next = holder->next;
            holder->next = *bucket;
            *bucket = holder;
        }
    }
    free(holders->buckets);
    *holders = grown;
    return 0;
}

static struct holder *holder_make(const struct lease_quota *quota, struct holders *holders,
                                  const struct address *client, struct kept_name *name)
{
    if (holders->count == holders->size && holders_grow(quota, holders) < 0)
        return NULL;
    struct holder *holder = calloc(1, sizeof(*holder));
    if (!holder)
        return NULL;
    if (heap_put(&holders->ranks, &holder->rank, UINT64_MAX) < 0) {
        free(holder);
        return NULL;
    }
    if (!name)
        holder->client = *client;
    holder->name = names_hold(name);
    struct holder **bucket = holder_bucket(quota, holders, client, name);
    holder->next = *bucket;
    *bucket = holder;
    holders->count++;
    return holder;
}

static void holder_end(const struct lease_quota *quota, struct holders *holders,
                       struct holder *holder)
{
    struct holder **at = holder_bucket(quota, holders, &holder->client, holder->name);
    while (*at != holder)
        at = &(*at)->next;
    *at = holder->next;
    heap_take(&holders->ranks, &holder->rank);
    holders->count--;
    names_drop(quota->names, holder->name);
    free(holder);
}

static void holders_clear(const struct lease_quota *quota, struct holders *holders)
{
    for (size_t i = 0; i < holders->size; i++) {
        for (struct holder *holder = holders->buckets[i], *next; holder; holder = next) {
            next = holder->next;
            names_drop(quota->names, holder->name);
            free(holder);
        }
    }
    free(holders->buckets);
    heap_free(&holders->ranks);
    *holders = (struct holders){0};
}

/* ---- rings ---- */

static unsigned entry_ring(const struct quota_entry *entry)
{
    return entry->node.key >= LASTING ? LASTING_ONES : SEEN_ONCE;
}

static void ring_append(struct holder *holder, unsigned ring, unsigned kind,
                        struct quota_entry *entry)
{
    struct quota_entry *newest = holder->newest[ring];
    struct quota_holding *holding = &entry->holdings[kind];
    holding->before = newest ? newest : entry;
    holding->after = newest ? newest->holdings[kind].after : entry;
    holding->before->holdings[kind].after = entry;
    holding->after->holdings[kind].before = entry;
    holder->newest[ring] = entry;
}

static void ring_take(struct holder *holder, unsigned ring, unsigned kind,
                      struct quota_entry *entry)
{
    struct quota_holding *holding = &entry->holdings[kind];
    holding->before->holdings[kind].after = holding->after;
    holding->after->holdings[kind].before = holding->before;
    if (holder->newest[ring] == entry)
        holder->newest[ring] = holding->before != entry ? holding->before : NULL;
}

static void holder_recount(struct holders *holders, struct holder *holder, uint32_t count)
{
    holder->count = count;
    (void)heap_put(&holders->ranks, &holder->rank, UINT64_MAX - count); /* it is in: cannot fail */
}

static void entry_hold(struct quota_entry *entry, unsigned kind, const struct address *client,
                       struct kept_name *name)
{
    struct lease_quota *quota = entry->quota;
    struct holders *holders = &quota->holders[kind];
    struct holder *holder = holder_find(quota, holders, client, name);
    if (!holder)
        holder = holder_make(quota, holders, client, name);
    if (!holder)
        return;
    entry->holdings[kind].holder = holder;
    ring_append(holder, entry_ring(entry), kind, entry);
    holder_recount(holders, holder, holder->count + 1);
}

/* ---- shares ---- */

void quota_clear(struct lease_quota *quota)
{
    for (unsigned kind = 0; kind < QUOTA_KINDS; kind++)
        holders_clear(quota, &quota->holders[kind]);
    quota->entries.count = 0;
}

void quota_free(struct lease_quota *quota)
{
    quota_clear(quota);
    heap_free(&quota->entries);
}

int quota_enter(struct quota_entry *entry, const struct quota_owner *owner, uint64_t end_ns)
{
    struct lease_quota *quota = entry->quota;
    struct kept_name *name;
    int result = heap_put(&quota->entries, &entry->node, end_ns);
    if (result < 0)
        return result;
    quota->names = entry->lease->names;
    if (owner->client && owner->client->family != ADDRESS_NONE)
        entry_hold(entry, 0, owner->client, NULL);
    if (!owner->name || names_take(quota->names, owner->name, &name) < 0 || !name)
        return 0;
    entry_hold(entry, 1, NULL, name);
    names_drop(quota->names, name);
    return 0;
}

void quota_renew(struct quota_entry *entry, uint64_t end_ns, bool is_lasting)
{
    const unsigned before = entry_ring(entry);
    is_lasting |= before == LASTING_ONES;
    (void)heap_put(&entry->quota->entries, &entry->node, end_ns | (is_lasting ? LASTING : 0));
    for (unsigned kind = 0; kind < QUOTA_KINDS; kind++) {
        struct holder *holder = entry->holdings[kind].holder;
        if (!holder)
            continue;
        ring_take(holder, before, kind, entry);
        ring_append(holder, entry_ring(entry), kind, entry);
    }
}

void quota_leave(struct quota_entry *entry)
{
    struct lease_quota *quota = entry->quota;
    for (unsigned kind = 0; kind < QUOTA_KINDS; kind++) {
        struct holder *holder = entry->holdings[kind].holder;
        if (!holder)
            continue;
        ring_take(holder, entry_ring(entry), kind, entry);
        holder_recount(&quota->holders[kind], holder, holder->count - 1);
        if (holder->count == 0)
            holder_end(quota, &quota->holders[kind], holder);
    }
    heap_take(&quota->entries, &entry->node);
}

uint64_t quota_entry_end(const struct quota_entry *entry)
{
    return entry->node.key & ~LASTING;
}

/* ---- who makes room ---- */

/* A heap's subtree holds nothing nearer than its top: only below those passed over is more to see.
 */
static struct heap_node *entry_nearest_below(const struct heap *heap, size_t index, uint32_t serial,
                                             unsigned *budget)
{
    if (index >= heap->count || *budget == 0)
        return NULL;
    (*budget)--;
    struct heap_node *node = heap->nodes[index];
    if (heap_entry(node, struct quota_entry, node)->lease->serial != serial)
        return node;
    struct heap_node *left = entry_nearest_below(heap, 2 * index + 1, serial, budget);
    struct heap_node *right = entry_nearest_below(heap, 2 * index + 2, serial, budget);
    return left && (!right || left->key <= right->key) ? left : right;
}

struct lease *quota_nearest_end(const struct lease_quota *quota, uint32_t serial)
{
    unsigned budget = NEAREST_BUDGET;
    struct heap_node *node = entry_nearest_below(&quota->entries, 0, serial, &budget);
    return node ? heap_entry(node, struct quota_entry, node)->lease : NULL;
}

/* The one of a ring that was seen longest ago. */
static struct lease *holder_oldest(const struct holder *holder, unsigned ring, unsigned kind,
                                   uint32_t serial)
{
    struct quota_entry *entry = holder->newest[ring];
    for (unsigned i = 0; entry && i < NEAREST_BUDGET; i++) {
        entry = entry->holdings[kind].after;
        if (entry->lease->serial != serial)
            return entry->lease;
        if (entry == holder->newest[ring])
            return NULL;
    }
    return NULL;
}

/* What each holder may have: with one alone this says nothing. */
static size_t holders_part(const struct holders *holders, size_t limit)
{
    size_t parts = holders->count < PARTS_MOST ? holders->count : PARTS_MOST;
    if (parts < 2)
        return SIZE_MAX;
    return limit / parts > 0 ? limit / parts : 1;
}

static struct lease *holder_own_excess(const struct lease_quota *quota, unsigned kind, size_t limit,
                                       const struct holder *own, uint32_t serial)
{
    struct lease *lease = NULL;
    if (!own || own->count < holders_part(&quota->holders[kind], limit))
        return NULL;
    for (unsigned ring = 0; ring < RINGS && !lease; ring++)
        lease = holder_oldest(own, ring, kind, serial);
    return lease;
}

/* Only what was seen once: who has much that is asked for again and again is no flood. */
static struct lease *holders_most_excess(const struct lease_quota *quota, unsigned kind,
                                         size_t limit, uint32_t serial)
{
    const struct holders *holders = &quota->holders[kind];
    struct heap_node *top = heap_top(&holders->ranks);
    if (!top)
        return NULL;
    const struct holder *most = heap_entry(top, struct holder, rank);
    return most->count > holders_part(holders, limit) ? holder_oldest(most, SEEN_ONCE, kind, serial)
                                                      : NULL;
}

struct lease *quota_too_many(const struct lease_quota *quota, size_t limit,
                             const struct quota_owner *owner, uint32_t serial)
{
    struct lease *lease = NULL;
    if (!quota->names)
        return NULL;
    const struct kept_name *name = owner->name ? names_find(quota->names, owner->name) : NULL;
    const struct holder *own[QUOTA_KINDS] = {NULL, NULL};
    if (owner->client && owner->client->family != ADDRESS_NONE)
        own[0] = holder_find(quota, &quota->holders[0], owner->client, NULL);
    if (name)
        own[1] = holder_find(quota, &quota->holders[1], NULL, name);
    for (unsigned kind = 0; kind < QUOTA_KINDS && !lease; kind++)
        lease = holder_own_excess(quota, kind, limit, own[kind], serial);
    for (unsigned kind = 0; kind < QUOTA_KINDS && !lease; kind++)
        lease = holders_most_excess(quota, kind, limit, serial);
    return lease;
}
