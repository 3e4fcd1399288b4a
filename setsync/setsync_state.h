/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setsync's inside, shared by the files of this folder that make it up: judge.c (what a sighting
 * may claim), grant.c (grants to leases), writer.c (leases to elements), sets.c (the sets
 * themselves), takeover.c, reload.c and setsync.c, its face.
 */
#ifndef WILDSET_SETSYNC_SETSYNC_STATE_H
#define WILDSET_SETSYNC_SETSYNC_STATE_H

#include "dnsparse/names/derived.h"
#include "dnsparse/names/matcher.h"
#include "setsync/kernel/nftset.h"
#include "setsync/setsync.h"

#include <linux/netfilter/nf_tables.h>

#define NEVER UINT64_MAX
#define SET_CHECK_INTERVAL_NS NS_PER_SECOND

enum { CAPTURES_MOST = 64 };
enum { FAMILIES = 2 }; /* of a whitelist's two sets: 0 is IPv4 */

struct set {
    struct set_name name;
    enum address_family family;
    bool wanted; /* some whitelist feeds it */
    bool create;
    bool own;         /* in table inet wildset: all timed elements are ours */
    bool careful;     /* others' elements may be in it: read before writing */
    bool dirty;       /* a transaction was lost: write all again at the next check */
    bool table_owned; /* by another program, when it was looked at last */
    bool adopted;
    bool screened; /* what it holds has just been read: no need to read again */
    enum set_state state;
    char problem[SET_PROBLEM_MAX];
    struct nftset_view view;
    uint64_t capacity; /* the sum of max-addresses */
    size_t lease_count;
    size_t covered_count;  /* of them: someone else's element is there */
    size_t leaving_count;  /* elements that have to go: of leases that are none any more */
    uint32_t epoch;        /* the look at the ruleset, as setsync counts, that it was part of */
    uint64_t check_ns;     /* when to look at it again */
    uint64_t hold_ns;      /* full: no new elements before; 0: not full */
    uint64_t uncertain_ns; /* until then elements may live that we believe absent */
    uint64_t full;
    unsigned failures; /* in the transaction being made */
    uint32_t look;     /* the last look at all that is in it; see struct lease */
    uint64_t looked_ns;
    bool refilling;    /* its leases are gone through, a little at a time */
    bool is_known;     /* of what it holds: only what is not written is */
    uint64_t refilled; /* elements written meanwhile */
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
    struct matcher *matcher;
    whitelist_mask chain_whitelists;
    struct derived *derived;
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
    bool must_look;                 /* a transaction came too late: sets have become dirty */
    uint32_t epoch;                 /* which look at the ruleset transactions are made for */
    uint64_t compare_ns;            /* not to compare all sets again before */
    bool sweep_again;               /* something changed since it began */
    struct nftset_walk *stray_walk; /* through the set `stray_at`; NULL: between two */
    size_t stray_at, stray_count;
    uint64_t stray_ns; /* when to go on; NEVER: not walking */
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

static inline bool set_is_interval(const struct set *set)
{
    return (set->view.flags & NFT_SET_INTERVAL) != 0;
}

/* ---- setsync.c ---- */

/* What these whitelists need, without using them yet: 0 and a matcher, or -errno and no change. */
int setsync_prepare(struct setsync *sync, const struct whitelist *whitelists, size_t count,
                    struct matcher **out);
/* These whitelists, which were prepared, from now on. */
void setsync_use(struct setsync *sync, struct matcher *matcher, const struct whitelist *whitelists,
                 size_t count);
/* Writes what is queued, mends what failed, then tells. */
void setsync_finish(struct setsync *sync, const struct moment *now);

/* ---- judge.c ---- */

/* One whitelist that a sighting feeds, and why. */
struct verdict {
    unsigned whitelist;
    unsigned steps; /* answers between the pattern and the question: 0 is the question */
    const struct pattern *pattern;
    struct dname name; /* what the pattern matched */
};
unsigned judge_sighting(struct setsync *sync, const struct sighting *sighting, uint64_t now_ns,
                        struct verdict out[static WHITELISTS_MAX]);

/* ---- grant.c ---- */

void grant_sighting(struct setsync *sync, enum source source, const struct sighting *sighting,
                    const struct moment *now);
/* Takes a lease out of the table and notes why; its element goes with the next transaction. */
void grant_remove(struct setsync *sync, struct lease *lease, enum event_kind kind,
                  const struct whitelist *whitelist, const struct moment *now);
/* Room for one more in a whitelist's quota and, for a new lease, in the set: true when there is. */
bool grant_make_room(struct setsync *sync, struct set *set, const struct whitelist *whitelist,
                     const struct quota_owner *owner, bool is_new, const struct moment *now);
/* Brings a whitelist's quota down to its limit, which may have become lower. */
void grant_trim(struct setsync *sync, const struct whitelist *whitelist, const struct moment *now);
/* A lease with this claim, new or known, NULL when memory is out. */
struct lease *grant_claim(struct setsync *sync, struct set *set, const struct address *address,
                          const struct lease_claim *claim);
/* Tells what happened and lets go of what was removed: after the transaction. */
void grant_tell(struct setsync *sync);

/* ---- leaving.c ---- */

enum {
    LEAVING_MOST = 65536
}; /* on the books; then nothing new is granted that needs another's place */

/* It is out of the table of leases; the kernel may have to let go of its element. */
void leaving_begin(struct setsync *sync, struct lease *lease, const struct moment *now);
/* An element of ours, until then, without a lease. */
void leaving_add(struct setsync *sync, struct set *set, const struct address *address,
                 uint64_t end_ns, const struct moment *now);
/* A new lease: if the element of one before it has yet to go, it becomes this one's. */
void leaving_inherit(struct setsync *sync, struct lease *lease);
/* A transaction is over: is it gone, and when is it to be tried again? */
void leaving_settle(struct setsync *sync, struct lease *lease, uint64_t now_ns);
/* A set can be written again: what has to go from it is not to wait. */
void leaving_hurry(struct setsync *sync, const struct set *set, const struct moment *now);
uint64_t leaving_due(const struct setsync *sync);
/* Those whose time has come, and no more than so many, go into the next transaction. */
void leaving_run(struct setsync *sync, size_t most, const struct moment *now);

/* ---- writer.c ---- */

/* Puts a lease into the next transaction. */
void writer_queue(struct setsync *sync, struct lease *lease);
/* Queues it when it has to be written now, else sees to it that it is due in time. */
void writer_consider(struct setsync *sync, struct lease *lease, uint64_t now_ns);
/* When something must be done about this lease next. */
uint64_t writer_due(const struct lease *lease);
/* One transaction for the queue; sets that fail leave it and are looked at again. */
void writer_flush(struct setsync *sync, const struct moment *now);
/* What is in the kernel decides whether a lease needs a write at all. */
void writer_screen(struct lease *lease, const struct nftset_element *element);
/* How far the kernel's side of a lease has come from here on. */
void writer_mark(struct lease *lease, enum lease_write write);
/* Finds out, off the hot path, whether this kernel refreshes in place. */
void writer_probe(struct setsync *sync, const struct moment *now);

/* One change is in the kernel. */
void writer_note(struct setsync *sync, const struct nftset_change *change, struct lease *lease,
                 uint64_t now_ns);

/* ---- retry.c ---- */

/*
 * The first `count` changes again, as far as they are this set's: one at a time.  False when the
 * set itself is at fault.
 */
bool retry_singly(struct setsync *sync, struct set *set, size_t count, uint64_t now_ns);

/* ---- sets.c ---- */

/* Adds the sets of these whitelists that are not in the list yet.  0 or -ENOMEM. */
int sets_prepare(struct setsync *sync, const struct whitelist *whitelists, size_t count);
/* Which sets of the list the whitelists feed; sets that stay keep their leases and state. */
void sets_build(struct setsync *sync);
/* Lets go of the sets that no whitelist feeds any more; they have no leases left. */
void sets_drop_unwanted(struct setsync *sync);
/* One that no whitelist feeds, and that something of ours may still be in; NULL without memory. */
struct set *sets_add_unwanted(struct setsync *sync, const struct set_name *name,
                              enum address_family family);
/* Sets in table inet wildset that bear the names of a whitelist that is none any more. */
void sets_find_left(struct setsync *sync);
void sets_free(struct setsync *sync);
/* Looks at a set now, makes it if that is wanted, and writes all leases when it became right. */
void sets_check(struct setsync *sync, struct set *set, const struct moment *now);
/* Someone changed the ruleset: each set is looked at before it is written again.  0 or -errno. */
int sets_mark(struct setsync *sync);
/* Looks at a set unless that was done since the mark: one that is not what it was is dirty. */
void sets_look(struct setsync *sync, struct set *set, uint64_t now_ns);
/* Looks at each set whose time has come. */
void sets_run(struct setsync *sync, const struct moment *now);
uint64_t sets_due(const struct setsync *sync);
/* The kernel refused a set's part of a transaction. */
void sets_failed(struct set *set, int error, uint64_t now_ns);
/* Says it once, when it changes; an empty text is no problem. */
void sets_enter_state(struct set *set, enum set_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- refill.c ---- */

/* Up to `count` leases spread over a set that `wanted` accepts. */
typedef bool lease_test(const struct lease *lease, uint64_t now_ns);
size_t refill_sample(const struct setsync *sync, const struct set *set, lease_test *wanted,
                     uint64_t now_ns, struct lease **out, size_t count);
/*
 * All leases of a set that need it, after a take-over only what is new: at once, and of a large set
 * a little at a time from then on.
 */
void refill_all(struct setsync *sync, struct set *set, bool is_fresh, const struct moment *now);
/* A little more of the large ones. */
void refill_run(struct setsync *sync, const struct moment *now);
/* What a full set did not take: as much of it as fits by now. */
void refill_held(struct setsync *sync, struct set *set, const struct moment *now);

/* ---- sweep.c ---- */

/* Someone changed the ruleset: is all still there?  What is not is written again. */
void sweep_compare(struct setsync *sync, const struct moment *now);
/* Without notifications: has the ruleset changed since it was asked last? */
void sweep_poll(struct setsync *sync, const struct moment *now);
/* Before a lease's end counts: what others made of its element, when the sweep has yet to tell. */
void sweep_look(struct setsync *sync, struct lease *lease);
/* A slice of the look at every lease's element that follows, when one is due. */
void sweep_run(struct setsync *sync, const struct moment *now);

/* ---- stray.c ---- */

/* An element without a lease: would it be one of ours, by its set, or by the name in its comment?
 */
bool stray_is_ours(const struct setsync *sync, const struct set *set,
                   const struct nftset_element *element);
/* Others changed something: the sets are to be walked through. */
void stray_look_soon(struct setsync *sync, uint64_t now_ns);
/* A step of that walk, when one is due. */
void stray_run(struct setsync *sync, const struct moment *now);
/* The list of sets is about to change, or to end. */
void stray_stop(struct setsync *sync);

/* ---- takeover.c ---- */

/* Reads a set's elements once and makes leases of those that are ours. */
void adopt_set(struct setsync *sync, struct set *set, const struct moment *now);
/* The state file names an element whose grant is none any more. */
void adopt_note(struct setsync *sync, struct set *set, const struct address *address,
                uint64_t end_ns);
/* When all sets have been read: those elements go, as far as they are still ours. */
void adopt_end(struct setsync *sync, const struct moment *now);

/* ---- statefile.c ---- */

/* Before the sets are looked at; a file that is not good is set aside, and that is said. */
void statefile_load(struct setsync *sync, const char *path, const struct moment *now);

#endif
