/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After someone's change: is all still there?  Sentinels find a flush at once.  Then a sweep looks
 * for every lease's element, one slice at a time so that sightings never wait, and at most once a
 * second: it finds the one element that was deleted alone.
 */
#include "setsync/upkeep/sweep.h"

#include "setsync/sets/lease_sample.h"
#include "setsync/sets/set_state.h"
#include "setsync/upkeep/stray.h"
#include "setsync/upkeep/upkeep.h"
#include "setsync/writer/queue.h"
#include "setsync/writer/writer.h"

enum {
    COMPARE_REST =
        4,         /* times as long as a look at all sets took before the next: a fifth of a CPU */
    SENTINELS = 8, /* elements that are looked for at once */
    SLICE = 256,   /* leases looked for in one go: under a millisecond */
    SETTLE_MOST = 512, /* elements read for a quicker way afterwards: 2 ms */
};

/* A lease that ends so soon may be gone from the kernel without anyone's doing. */
#define SENTINEL_LEFT_NS NS_PER_SECOND
#define COMPARE_REST_MOST_NS (50 * NS_PER_MS)
#define SWEEP_INTERVAL_NS NS_PER_SECOND
#define POLL_INTERVAL_NS NS_PER_SECOND

static bool lease_is_sentinel(const struct lease *lease, uint64_t now_ns)
{
    return lease->write != LEASE_UNWRITTEN && lease->expires_ns > now_ns + SENTINEL_LEFT_NS &&
           lease->written_expires_ns > now_ns + SENTINEL_LEFT_NS;
}

static bool set_misses_some(struct setsync *sync, struct set *set, uint64_t now_ns)
{
    struct lease *leases[SENTINELS];
    const struct address *addresses[SENTINELS];
    struct nftset_element elements[SENTINELS];
    size_t count = lease_sample(sync, set, lease_is_sentinel, now_ns, leases, SENTINELS);
    for (size_t i = 0; i < count; i++)
        addresses[i] = &leases[i]->address;
    if (sync->kernel->read(sync->nft, &set->name, set_is_interval(set), addresses, count,
                           elements) < 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (!elements[i].exists)
            return true;
    return false;
}

static void sweep_begin(struct setsync *sync, uint64_t now_ns)
{
    if (lease_table_count(sync->leases) == 0)
        return;
    if (sync->sweep_cursor != 0) {
        sync->sweep_again = true;
        return;
    }
    uint64_t next_ns = sync->sweep_began_ns + SWEEP_INTERVAL_NS;
    sync->sweep_ns = sync->sweep_began_ns == 0 || next_ns < now_ns ? now_ns : next_ns;
}

/* Others wrote something: their elements may be in our sets from here on, too. */
void sweep_compare(struct setsync *sync, const struct moment *now)
{
    const uint64_t began_ns = clock_now().boot_ns;
    (void)sets_mark(sync);
    for (size_t i = 0; i < sync->set_count; i++) {
        struct set *set = sync->sets[i];
        set->may_hold_others = true;
        if (set_is_right(set) && set_misses_some(sync, set, now->boot_ns))
            set_doubt(set, now->boot_ns);
        sets_check(sync, set, now);
    }
    sweep_begin(sync, now->boot_ns);
    stray_look_soon(sync, now->boot_ns);
    const uint64_t done_ns = clock_now().boot_ns;
    const uint64_t rest_ns = COMPARE_REST * (done_ns - began_ns);
    sync->compare_ns = done_ns + (rest_ns < COMPARE_REST_MOST_NS ? rest_ns : COMPARE_REST_MOST_NS);
}

/*
 * Our own changes are counted too: then it looks for nothing, a second later.  Where notifications
 * come, once, since one may have been missed.
 */
void sweep_poll(struct setsync *sync, const struct moment *now)
{
    uint32_t generation;
    if (sync->poll_ns > now->boot_ns)
        return;
    sync->poll_ns = sync->kernel->is_told(sync->nft) ? NEVER : now->boot_ns + POLL_INTERVAL_NS;
    if (sync->kernel->generation(sync->nft, &generation) < 0 || generation == sync->generation)
        return;
    sync->generation = generation;
    sweep_compare(sync, now);
}

static void sweep_count_foreign(void *context, const struct nftset_element *element)
{
    size_t *foreign = context;
    *foreign += element->timeout_ms == 0;
}

/* Small sets of our own that hold nothing of others need no reading before each write any more. */
static void sweep_settle(struct setsync *sync)
{
    for (size_t i = 0; i < sync->set_count; i++) {
        struct set *set = sync->sets[i];
        size_t foreign = 0;
        if (!set->own || !set->may_hold_others || !set_is_right(set) ||
            set->lease_count > SETTLE_MOST || set_is_interval(set))
            continue;
        if (sync->kernel->dump(sync->nft, &set->name, SETTLE_MOST, sweep_count_foreign, &foreign) ==
            0)
            set->may_hold_others = foreign > 0;
    }
}

/* Every set may hold others by now: the writer reads what is queued, and writes only what is
 * missing. */
void sweep_run(struct setsync *sync, const struct moment *now)
{
    struct lease *leases[SLICE];
    if (sync->sweep_ns > now->boot_ns)
        return;
    if (sync->sweep_cursor == 0)
        sync->sweep_began_ns = now->boot_ns;
    size_t count = lease_slice(sync->leases, &sync->sweep_cursor, leases, SLICE);
    for (size_t i = 0; i < count; i++)
        if (leases[i]->write != LEASE_UNWRITTEN)
            queue_lease(sync, leases[i]);
    writer_flush(sync, now);
    if (sync->sweep_cursor != 0)
        return;
    if (!sync->sweep_again)
        sweep_settle(sync);
    sync->sweep_ns = sync->sweep_again ? sync->sweep_began_ns + SWEEP_INTERVAL_NS : NEVER;
    sync->sweep_again = false;
}
