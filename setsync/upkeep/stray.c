/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements that look like ours and that no lease stands for: what a saved ruleset brings back a day
 * later.  After others' changes each set is walked through, a little at a time and with pauses, and
 * what nothing grants any more is taken out: what `explain` says and what the set does never differ
 * for long.
 */
#include "setsync/upkeep/stray.h"

#include "base/log.h"
#include "setsync/policy/policy.h"
#include "setsync/writer/leaving.h"

#include <inttypes.h>

#define WALK_INTERVAL_NS NS_PER_SECOND /* from the beginning of one walk to the next */
#define SOON_OVER_MS 1000              /* what ends so soon may be of a lease that has just ended */

enum { PAUSE = 9 }; /* times as long as a step took: a tenth of a CPU */

bool stray_is_ours(const struct setsync *sync, const struct set *set,
                   const struct nftset_element *element)
{
    struct dname name;
    if (set->own)
        return (set->view.flags & NFT_SET_EVAL) == 0 || element->comment[0] != '\0';
    if (!dname_from_text(element->comment, &name))
        return false;
    for (size_t i = 0; i < sync->options.whitelist_count; i++)
        if (sync->whitelist_sets[i][family_index(set->family)] == set &&
            policy_pattern(&sync->options.whitelists[i], &name))
            return true;
    return false;
}

void stray_look_soon(struct setsync *sync, uint64_t now_ns)
{
    if (sync->stray_walking) {
        sync->stray_again = true;
        return;
    }
    uint64_t next_ns = sync->stray_began_ns + WALK_INTERVAL_NS;
    sync->stray_ns = sync->stray_began_ns == 0 || next_ns < now_ns ? now_ns : next_ns;
}

struct looking {
    struct setsync *sync;
    struct set *set;
    const struct moment *now;
};

static void stray_look_at(void *context, const struct nftset_element *element)
{
    const struct looking *looking = context;
    struct setsync *sync = looking->sync;
    struct set *set = looking->set;
    if (element->timeout_ms == 0 || element->expires_ms <= SOON_OVER_MS ||
        element->address.family != set->family ||
        lease_find(sync->leases, &set->name, &element->address) ||
        lease_find(sync->leaving, &set->name, &element->address) ||
        !stray_is_ours(sync, set, element))
        return;
    const uint64_t end_ns = element->read_ns + element->expires_ms * NS_PER_MS;
    leaving_add(sync, set, &element->address, end_ns, looking->now);
    sync->stray_count += !set_is_interval(set); /* a wide one is not ours: the writer will see */
}

static void stray_end_set(struct setsync *sync, const struct set *set)
{
    char text[SET_TEXT_MAX];
    if (sync->stray_count > 0)
        log_notice("%s: removing %zu elements with a timeout that nothing grants; permanent "
                   "elements of your own need no timeout",
                   set_name_to_text(&set->name, text), sync->stray_count);
    sync->stray_count = 0;
    sync->kernel->walk_close(sync->stray_walk);
    sync->stray_walk = NULL;
    sync->stray_set = NULL;
}

static void stray_end(struct setsync *sync, uint64_t now_ns)
{
    bool again = sync->stray_again;
    sync->stray_again = false;
    sync->stray_ns = NEVER;
    sync->stray_walking = false;
    if (again)
        stray_look_soon(sync, now_ns);
}

/* The next set that can be walked; false when there is none. */
static bool stray_begin_set(struct setsync *sync)
{
    for (size_t i = 0; i < sync->set_count; i++) {
        struct set *set = sync->sets[i];
        if (set->stray_round == sync->stray_round)
            continue;
        set->stray_round = sync->stray_round;
        sync->stray_set = set;
        if (set_is_right(set) && set->wanted &&
            sync->kernel->walk_open(sync->nft, &set->name, &sync->stray_walk) == 0)
            return true;
    }
    sync->stray_set = NULL;
    return false;
}

void stray_run(struct setsync *sync, const struct moment *now)
{
    if (sync->stray_ns > now->boot_ns)
        return;
    if (!sync->stray_walking) {
        sync->stray_walking = true;
        sync->stray_began_ns = now->boot_ns;
        sync->stray_round++;
    }
    if (!sync->stray_walk && !stray_begin_set(sync)) {
        stray_end(sync, now->boot_ns);
        return;
    }
    const uint64_t began_ns = clock_now().boot_ns;
    struct set *set = sync->stray_set;
    struct looking looking = {.sync = sync, .set = set, .now = now};
    if (!set->wanted ||
        sync->kernel->walk_step(sync->nft, sync->stray_walk, stray_look_at, &looking) != 1)
        stray_end_set(sync, set);
    sync->stray_ns = now->boot_ns + PAUSE * (clock_now().boot_ns - began_ns);
}

void stray_stop(struct setsync *sync)
{
    if (sync->stray_walk)
        sync->kernel->walk_close(sync->stray_walk);
    sync->stray_walk = NULL;
    sync->stray_set = NULL;
    sync->stray_count = 0;
}
