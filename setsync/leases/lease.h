/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our record of the grants in force.  A lease is one address in one set; it lives as long as the
 * last of its claims, and a claim is one whitelist's pattern saying why.  Times are CLOCK_BOOTTIME.
 */
#ifndef WILDSET_SETSYNC_LEASES_LEASE_H
#define WILDSET_SETSYNC_LEASES_LEASE_H

#include "base/heap.h"
#include "setsync/leases/names.h"
#include "setsync/leases/quota.h"
#include "setsync/policy/whitelist.h"
#include "source/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LEASE_CLAIMS_MAX = 8,  /* the one nearest to its end makes room */
    LEASE_CLIENTS_MAX = 8, /* the last eight distinct ones */
};

/* Why a lease exists: one pattern of one whitelist, and the last question that it let in. */
struct lease_claim {
    const struct whitelist *whitelist;
    struct pattern pattern;
    struct dname name; /* the matching question; for a derived name the one that matched */
    struct dname owner;
    struct address client; /* who asked: a new lease is counted for it */
    struct address resolver;
    enum source source;
    enum record_type record;
    uint32_t ttl;        /* seconds, as last seen */
    uint64_t granted_ns; /* first seen */
    uint64_t seen_ns;    /* last seen */
    uint64_t expires_ns;
};

/* The same as a lease keeps it: there are a hundred thousand of them, and few names. */
struct kept_claim {
    const struct whitelist *whitelist;
    struct kept_name *name, *owner, *pattern;
    uint64_t granted_ns, seen_ns, expires_ns;
    uint32_t ttl;
    struct address resolver;
    uint8_t pattern_kind; /* enum pattern_kind */
    uint8_t source;       /* enum source */
    uint8_t record;       /* enum record_type */
};

/* How far the kernel's side of a lease has come. */
enum lease_write {
    LEASE_UNWRITTEN, /* believed absent from the set */
    LEASE_WRITTEN,   /* the element is ours, until written_expires_ns */
    LEASE_COVERED,   /* someone else's element is there and lasts until written_expires_ns */
};

struct set;

struct lease {
    struct address address;
    uint8_t claim_count, client_count;
    uint8_t write; /* enum lease_write */
    const struct set_name *set_name;
    uint64_t expires_ns; /* the latest of its claims: extended at once, never shortened */
    struct kept_claim *claims;
    struct address *clients; /* who asked last comes last */
    struct names *names;     /* where its claims' names are kept */
    /* What the kernel was last told; kept by setsync.c. */
    uint64_t written_ns;         /* when; 0: never */
    uint64_t written_expires_ns; /* what the element got then; UINT64_MAX: a permanent one */
    uint64_t retry_ns;           /* the kernel refused its element: not before; 0: it did not */
    bool is_wide;                /* LEASE_COVERED by an interval, into which nothing can be added */
    bool queued;                 /* in the transaction being built */
    uint32_t look;               /* the look at its set that knows of its element */
    bool removed;    /* no lease any more: its element goes, and has to be gone from the kernel */
    bool replaces;   /* the element there is an earlier lease's, with that one's comment */
    uint32_t serial; /* of the answer that touched it last */
    struct set *set; /* the set again, as setsync sees it */
    struct heap_node due;           /* the next moment at which something must be done */
    struct lease *next;             /* in its bucket, or among the removed */
    struct quota_entry *entries;    /* one a whitelist */
    struct quota_entry first_entry; /* most have one of each */
    struct kept_claim first_claim;
};

struct lease_table;

int lease_table_new(struct lease_table **out);
/* Frees the leases in it too. */
void lease_table_free(struct lease_table *table);
size_t lease_table_count(const struct lease_table *table);
struct lease *lease_find(const struct lease_table *table, const struct set_name *set,
                         const struct address *address);
/* A lease without claims, not yet due; `set` is compared by its address.  NULL when out of memory.
 */
struct lease *lease_add(struct lease_table *table, const struct set_name *set,
                        const struct address *address);
/* Puts a lease that is in no table into one, not yet due.  0 or -ENOMEM. */
int lease_enter(struct lease_table *table, struct lease *lease);
/* Out of the table, its heap and its quotas; the caller frees it. */
void lease_remove(struct lease_table *table, struct lease *lease);
void lease_free(struct lease *lease);

/* When something must be done about it next; UINT64_MAX is never.  0 or -ENOMEM. */
int lease_set_due(struct lease_table *table, struct lease *lease, uint64_t due_ns);
/* The lease that is due first, or NULL. */
struct lease *lease_first_due(const struct lease_table *table);

/* All leases, in no order; `each` may remove the lease that it is given, and no other. */
typedef void lease_visit(void *context, struct lease *lease);
void lease_each(const struct lease_table *table, lease_visit *each, void *context);
/* Some leases from *cursor on, which is 0 at the beginning and again at the end; none is left out.
 */
size_t lease_slice(const struct lease_table *table, size_t *cursor, struct lease **out,
                   size_t most);

/* A claim with all that is known of it, but for who asked; `index` is less than claim_count. */
struct lease_claim lease_claim_at(const struct lease *lease, unsigned index);
/* The claim of this whitelist's pattern; false when there is none. */
bool lease_find_claim(const struct lease *lease, const struct whitelist *whitelist,
                      const struct pattern *pattern, struct lease_claim *out);
const struct quota_entry *lease_quota_entry(const struct lease *lease,
                                            const struct whitelist *whitelist);
/*
 * Adds a claim, or renews the one that is there: never shortened.  The claim nearest to its end
 * makes room for a ninth.  0 or -ENOMEM.
 */
int lease_claim(struct lease *lease, const struct lease_claim *claim, struct lease_quota *quota);
/* Drops the claims that `keep` refuses; the lease ends with the last of the others. */
typedef bool lease_keep(const void *context, const struct lease_claim *claim);
void lease_retain(struct lease *lease, lease_keep *keep, const void *context);
void lease_drop_claims(struct lease *lease);
void lease_note_client(struct lease *lease, const struct address *client);
/*
 * For a reload: leaves all quotas, which have been cleared by then, and enters others, one for each
 * claim's whitelist.
 */
void lease_forget_quotas(struct lease *lease);
int lease_enter_quota(struct lease *lease, unsigned claim, struct lease_quota *quota);
/* A claim's end was changed. */
void lease_settle(struct lease *lease);

#endif
