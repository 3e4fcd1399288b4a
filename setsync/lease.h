/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our record of the grants in force.  A lease is one address in one set; it lives as long as the last
 * of its claims, and a claim is one whitelist's pattern saying why.  Times are CLOCK_BOOTTIME.
 */
#ifndef WILDSET_SETSYNC_LEASE_H
#define WILDSET_SETSYNC_LEASE_H

#include "runtime/sighting.h"
#include "setsync/whitelist.h"

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
    struct dname name;  /* the matching question; for a derived name the one that matched */
    struct dname owner;
    struct address resolver;
    enum source source;
    enum record_type record;
    uint32_t ttl;       /* seconds, as last seen */
    uint64_t granted_ns; /* first seen */
    uint64_t seen_ns;    /* last seen */
    uint64_t expires_ns;
};

struct lease {
    struct address address;
    const struct set_name *set;
    uint64_t expires_ns; /* the latest of its claims: extended at once, never shortened */
    unsigned claim_count;
    struct lease_claim *claims;
    unsigned client_count;
    struct address clients[LEASE_CLIENTS_MAX];
    /* What the kernel was last told; kept by setsync.c. */
    uint64_t written_ns;         /* when; 0: never */
    uint64_t written_expires_ns; /* what the element got then */
};

#endif
