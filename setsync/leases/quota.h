/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What max-addresses counts, and who has to make room when it is reached.  Each whitelist has one
 * quota in each of its two sets; a lease's place in it, its share, is also counted for the client
 * that asked for it first and for the name that it was granted for.  Who brings too many makes room
 * with its own; nobody can push out what others have, as long as that is no more than their part.
 */
#ifndef WILDSET_SETSYNC_LEASES_QUOTA_H
#define WILDSET_SETSYNC_LEASES_QUOTA_H

#include "base/heap.h"
#include "dnsparse/names/address.h"
#include "setsync/leases/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lease;
struct whitelist;
struct holder;

enum { QUOTA_KINDS = 2 }; /* of holders: 0 are clients, 1 are names */

struct holders {
    struct holder **buckets;
    size_t size, count;
    struct heap ranks; /* who has most comes first */
};

struct lease_quota {
    struct heap entries; /* those seen once come first, then the end decides */
    struct holders holders[QUOTA_KINDS];
    struct names *names; /* of the leases in it */
};

/* A lease's place in a quota: until the latest end of that whitelist's claims. */
struct quota_entry {
    struct heap_node node; /* see share_end */
    struct lease *lease;
    const struct whitelist *whitelist; /* NULL: unused */
    struct lease_quota *quota;
    struct quota_entry *next; /* of the same lease */
    struct quota_holding {
        struct holder *holder;              /* NULL: of nobody */
        struct quota_entry *before, *after; /* in the holder's ring */
    } holdings[QUOTA_KINDS];
};

/* Whose an address is: unknown ones are NULL, or of no family. */
struct quota_owner {
    const struct address *client;
    const struct dname *name;
};

void quota_free(struct lease_quota *quota);
/* Empty again; no share may be in it any more, or be looked at. */
void quota_clear(struct lease_quota *quota);

/*
 * Enters a share, whose lease, whitelist and quota are set, until `end_ns`.  A holder for which
 * there is no memory is not counted.  0 or -ENOMEM.
 */
int quota_enter(struct quota_entry *entry, const struct quota_owner *owner, uint64_t end_ns);
/* Another end; `is_lasting`: it was seen more than once, some time apart. */
void quota_renew(struct quota_entry *entry, uint64_t end_ns, bool is_lasting);
void quota_leave(struct quota_entry *entry);
uint64_t quota_entry_end(const struct quota_entry *entry);

/*
 * The lease that is nearest to its end and was not touched by the answer `serial`: an answer does
 * not evict itself.  What was seen only once goes before the rest.  NULL when there is none, or too
 * many others stand before it.
 */
struct lease *quota_nearest_end(const struct lease_quota *quota, uint32_t serial);
/*
 * The lease that makes room for one more of this owner in a quota of `limit`: its own when it has
 * its part already, else one of whoever has most above its part; NULL when nobody has too many.
 */
struct lease *quota_too_many(const struct lease_quota *quota, size_t limit,
                             const struct quota_owner *owner, uint32_t serial);

#endif
