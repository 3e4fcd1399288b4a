/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setsync's inside: what its files work on.
 */
#ifndef WILDSET_SETSYNC_SETSYNC_STATE_H
#define WILDSET_SETSYNC_SETSYNC_STATE_H

#include "base/clock.h"
#include "dnsparse/names/address.h"
#include "setsync/kernel/nftset.h"
#include "setsync/leases/lease.h"
#include "setsync/policy/judge.h"
#include "setsync/setsync_types.h"

#include <linux/netfilter/nf_tables.h>

#define NEVER UINT64_MAX
#define SET_CHECK_INTERVAL_NS NS_PER_SECOND
#define PROBE_DELAY_NS (100 * NS_PER_MS) /* so that the timeouts before and after differ */

enum { CAPTURES_MOST = 64 };

/* What a set is to us; set_state.c says how it comes from one to another. */
enum set_phase {
    SET_PHASE_ABSENT,
    SET_PHASE_WRONG,
    SET_PHASE_STALE,
    SET_PHASE_FILLING,
    SET_PHASE_READY,
    SET_PHASE_FULL,
};

struct set {
    struct set_name name;
    enum address_family family;
    bool own; /* in table inet wildset: all timed elements are ours */

    /* What the configuration says. */
    bool wanted; /* some whitelist feeds it */
    bool create;
    uint64_t capacity; /* the sum of max-addresses */

    /* What the kernel has. */
    enum set_phase phase;
    char problem[SET_PROBLEM_MAX];
    struct nftset_view view; /* when it was right last */
    bool table_owned;        /* by another program, when it was looked at last */
    bool adopted;            /* what an earlier run left in it */
    bool may_hold_others;    /* others' elements may be in it: read before writing */
    bool just_read;          /* all that is in it: no need to read again */
    uint32_t epoch;          /* the look at the ruleset, as setsync counts, that it was part of */
    uint64_t check_ns;       /* when to look at it again */
    uint64_t hold_ns;        /* no new elements before: the kernel took no more; 0: it does */
    uint64_t uncertain_ns;   /* until then elements may live that we believe absent */
    uint64_t full;           /* times the kernel took no more */
    uint64_t restored;       /* elements written again, over all refills */

    size_t lease_count;
    size_t covered_count; /* of them: someone else's element is there */
    size_t leaving_count; /* elements that have to go: of leases that are none any more */

    unsigned failures;    /* of transactions in this flush */
    bool has_failed;      /* in the transaction that is being looked into */
    uint32_t look;        /* the last look at all that is in it; see struct lease */
    uint64_t looked_ns;   /* when */
    bool only_unwritten;  /* are written while it is filled: the others are known to be there */
    uint64_t refilled;    /* elements written while it is filled */
    uint32_t stray_round; /* see struct setsync */
};

/* A claim of the state file that is not granted any more: its element has to go. */
struct ungranted {
    struct set *set;
    struct address address;
    uint64_t end_ns;
};

struct pending_event {
    struct event event;
    struct dname name; /* copied: what it came from may be gone by then */
};

struct setsync {
    struct setsync_options options;
    struct setsync_statistics statistics;
    const struct nftset_ops *kernel; /* NULL: replay */
    struct nftset *nft;              /* NULL: replay */
    struct judge judge;
    struct lease_table *leases;
    struct set **sets; /* each of its own: leases point at their names */
    size_t set_count;
    struct set *whitelist_sets[WHITELISTS_MAX][FAMILIES];
    struct lease_quota quotas[WHITELISTS_MAX][FAMILIES];
    uint32_t serial;             /* of the answer being learned */
    struct ungranted *ungranted; /* during the start */
    size_t ungranted_count, ungranted_room;

    uint64_t captures[CAPTURES_MOST]; /* of the answers that the next transaction is about */
    size_t capture_count;
    struct lease **queue; /* what the next transaction is about */
    size_t queue_count, queue_room;
    size_t window_begin, window_end; /* the part of it that is being written */
    struct nftset_change *changes;   /* with room for each of the queue, kept for its memory */
    struct lease **changed;          /* the lease of each change */
    size_t change_room;
    struct lease *removed;       /* out of the tables, needed until events are told */
    struct lease_table *leaving; /* out of `leases`, and the kernel still has their elements */
    struct pending_event *events;
    size_t event_count, event_room;
    uint64_t sweep_ns; /* when to look at more leases; NEVER: not sweeping */
    uint64_t sweep_began_ns;
    size_t sweep_cursor;
    uint64_t refill_ns; /* when to write more leases; NEVER: no set is being refilled */
    size_t refill_cursor;
    bool must_look;                 /* a transaction came too late: sets have become stale */
    uint32_t epoch;                 /* which look at the ruleset transactions are made for */
    uint64_t compare_ns;            /* not to compare all sets again before */
    bool sweep_again;               /* something changed since it began */
    struct nftset_walk *stray_walk; /* through stray_set; NULL: between two */
    struct set *stray_set;
    size_t stray_count;
    uint32_t stray_round; /* the sets that bear its number have been walked through */
    bool stray_walking;   /* the round is not over */
    uint64_t stray_ns;    /* when to go on; NEVER: not walking */
    uint64_t stray_began_ns;
    bool stray_again;
    uint64_t poll_ns;    /* without notifications: when to ask for changes; else NEVER */
    uint32_t generation; /* of the ruleset, when it was asked last */
    uint64_t probe_ns;   /* when to find out how this kernel refreshes */
};

static inline unsigned family_index(enum address_family family)
{
    return family == ADDRESS_IPV4 ? 0 : 1;
}

/* There, and as it has to be, when it was looked at last. */
static inline bool set_is_right(const struct set *set)
{
    return set->phase >= SET_PHASE_STALE;
}

/* And nothing has happened to it since. */
static inline bool set_is_writable(const struct set *set)
{
    return set->phase >= SET_PHASE_FILLING;
}

static inline bool set_is_interval(const struct set *set)
{
    return (set->view.flags & NFT_SET_INTERVAL) != 0;
}

/* ---- setsync.c, for reload.c ---- */

/* What these whitelists need, without using them yet: 0 and a matcher, or -errno and no change. */
int setsync_prepare(struct setsync *sync, const struct whitelist *whitelists, size_t count,
                    struct matcher **out);
/* These whitelists, which were prepared, from now on. */
void setsync_use(struct setsync *sync, struct matcher *matcher, const struct whitelist *whitelists,
                 size_t count);
/* Writes what is queued, mends what failed, then tells. */
void setsync_finish(struct setsync *sync, const struct moment *now);

#endif
