/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a set's leases again, whatever of them is there: when it was made, became right, was
 * flushed or reloaded, and when a full one may have room.
 */
#include "setsync/upkeep/refill.h"

#include "base/log.h"
#include "setsync/sets/lease_sample.h"
#include "setsync/sets/set_state.h"
#include "setsync/writer/leaving.h"
#include "setsync/writer/queue.h"
#include "setsync/writer/writer.h"

#include <inttypes.h>

enum {
    LOOK_MOST = 4096, /* elements read at once, some 10 ms: to see how much of a set is left */
    HELD_AT_ONCE = 256,
    AT_ONCE = 8192,         /* leases written before others get a turn: some 20 ms */
    LOOKED_AT_ONCE = 65536, /* and looked at, when few of them need it */
    SLICE = 256,
};

#define HELD_AGAIN_NS (10 * NS_PER_MS)

struct look {
    struct setsync *sync;
    const struct set *set;
};

static void refill_look_at(void *context, const struct nftset_element *element)
{
    const struct look *look = context;
    struct lease *lease = lease_find(look->sync->leases, &look->set->name, &element->address);
    if (!lease)
        return;
    lease->look = look->set->look;
    writer_screen(lease, element);
}

/*
 * After a flush or a reload a set holds little: reading all of it tells which of the leases are
 * there.  A set that still holds much is read lease by lease instead, by the writer.
 */
static void refill_look_into(struct setsync *sync, struct set *set)
{
    struct look look = {.sync = sync, .set = set};
    set->look++;
    set->uncertain_ns = 0;
    if (set_is_interval(set))
        return; /* what covers an address need not begin at it */
    set->just_read =
        sync->kernel->dump(sync->nft, &set->name, LOOK_MOST, refill_look_at, &look) == 0;
    if (!set->just_read)
        set->may_hold_others = true;
}

/* What the look has not seen is not there, as long as nobody has changed anything since. */
static void refill_consider(struct setsync *sync, struct lease *lease)
{
    const struct set *set = lease->set;
    if (set->just_read && lease->look != set->look && lease->written_ns < set->looked_ns) {
        writer_mark(lease, LEASE_UNWRITTEN);
        lease->look = set->look;
    }
    if (!set->only_unwritten || lease->write == LEASE_UNWRITTEN)
        queue_lease(sync, lease);
}

/* Each lease of a set; one that several whitelists hold comes several times. */
static void refill_consider_all(struct setsync *sync, const struct set *set)
{
    const unsigned family = family_index(set->family);
    for (size_t i = 0; i < sync->options.whitelist_count; i++) {
        const struct heap *entries = &sync->quotas[i][family].entries;
        for (size_t k = 0; sync->whitelist_sets[i][family] == set && k < entries->count; k++)
            refill_consider(sync, heap_entry(entries->nodes[k], struct quota_entry, node)->lease);
    }
}

static void refill_end(struct set *set)
{
    char text[SET_TEXT_MAX];
    if (set->phase != SET_PHASE_FILLING)
        return;
    set_enter(set, set->hold_ns != 0 ? SET_PHASE_FULL : SET_PHASE_READY, NULL);
    set->restored += set->refilled;
    if (set->refilled > 0)
        log_notice("%s: %" PRIu64 " address%s restored", set_name_to_text(&set->name, text),
                   set->refilled, set->refilled == 1 ? "" : "es");
}

void refill_all(struct setsync *sync, struct set *set, bool is_fresh, const struct moment *now)
{
    set->refilled = 0;
    set->looked_ns = now->boot_ns;
    if (!is_fresh)
        refill_look_into(sync, set);
    leaving_hurry(sync, set, now);
    set->only_unwritten = is_fresh && !set_is_interval(set);
    if (set->lease_count > AT_ONCE) {
        sync->refill_cursor = 0; /* others that are on their way begin again: what is there stays */
        sync->refill_ns = now->boot_ns;
        refill_run(sync, now);
        return;
    }
    uint64_t written = sync->statistics.elements_written;
    refill_consider_all(sync, set);
    writer_flush(sync, now);
    set->refilled = sync->statistics.elements_written - written;
    refill_end(set);
}

/* Up to AT_ONCE leases of the sets that are being refilled into the queue. */
static void refill_queue(struct setsync *sync)
{
    struct lease *leases[SLICE];
    for (size_t looked = 0; looked < LOOKED_AT_ONCE && sync->queue_count < AT_ONCE;) {
        size_t count = lease_slice(sync->leases, &sync->refill_cursor, leases, SLICE);
        for (size_t i = 0; i < count; i++)
            if (leases[i]->set->phase == SET_PHASE_FILLING)
                refill_consider(sync, leases[i]);
        looked += count;
        if (sync->refill_cursor == 0) {
            sync->refill_ns = NEVER;
            return;
        }
    }
}

void refill_run(struct setsync *sync, const struct moment *now)
{
    if (sync->refill_ns > now->boot_ns)
        return;
    sync->refill_ns = now->boot_ns;
    refill_queue(sync);
    uint64_t written = sync->statistics.elements_written;
    writer_flush(sync, now);
    written = sync->statistics.elements_written - written;
    for (size_t i = 0; i < sync->set_count; i++) {
        struct set *set = sync->sets[i];
        if (set->phase != SET_PHASE_FILLING)
            continue;
        set->refilled += written;
        if (sync->refill_ns == NEVER)
            refill_end(set);
    }
}

/* ---- a full set ---- */

static bool lease_is_held(const struct lease *lease, uint64_t now_ns)
{
    return lease->write == LEASE_UNWRITTEN && lease->expires_ns > now_ns &&
           lease->retry_ns <= now_ns; /* one that is refused by itself comes by itself, too */
}

/*
 * One, two, four...: what fits goes in, and at most one transaction fails.  What has met others'
 * changes at each try is held back a little longer: the set is full until nothing is.
 */
void refill_held(struct setsync *sync, struct set *set, const struct moment *now)
{
    struct lease *leases[HELD_AT_ONCE];
    for (size_t many = 1; set->hold_ns <= now->boot_ns;
         many = many < HELD_AT_ONCE ? 2 * many : HELD_AT_ONCE) {
        size_t count = lease_sample(sync, set, lease_is_held, now->boot_ns, leases, many);
        if (count == 0) {
            set->hold_ns = 0;
            set_enter(set, SET_PHASE_READY, "");
            return;
        }
        for (size_t i = 0; i < count; i++)
            queue_lease(sync, leases[i]);
        writer_flush(sync, now);
        if (!set_is_writable(set))
            return;
        if (leases[0]->write == LEASE_UNWRITTEN && set->hold_ns <= now->boot_ns)
            set->hold_ns = now->boot_ns + HELD_AGAIN_NS;
    }
}
