/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets are looked at when that is due, made where they are missing, taken over and filled.  A set
 * that is missing or wrong is waited for and looked at each second; the leases go on meanwhile and
 * are all written as soon as it is right.  Nothing here ever flushes or deletes a set or a table.
 */
#include "setsync/upkeep/upkeep.h"

#include "setsync/policy/policy.h"
#include "setsync/sets/set_state.h"
#include "setsync/upkeep/adopt.h"
#include "setsync/upkeep/refill.h"

#include <errno.h>
#include <string.h>

/* ---- looking ---- */

/* Makes a set that is missing; looks again afterwards, since someone may have been faster. */
static int set_make(struct setsync *sync, struct set *set, struct nftset_view *view)
{
    int result = sync->kernel->create(sync->nft, &set->name, set->family,
                                      policy_set_size(set->capacity), view->table_exists);
    if (result < 0 && result != -EEXIST)
        return result;
    if (result == 0 && set->own)
        sync->statistics.sets_made++;
    set->may_hold_others = !set->own;
    set->adopted = true; /* there is nothing in it */
    return sync->kernel->inspect(sync->nft, &set->name, view);
}

static int set_inspect(struct setsync *sync, struct set *set, struct nftset_view *view)
{
    int result = sync->kernel->inspect(sync->nft, &set->name, view);
    if (result < 0) {
        set_enter_problem(set, SET_PHASE_ABSENT, "cannot be read: %s", strerror(-result));
        return result;
    }
    if (view->exists || view->table_owned || !set->create)
        return 0;
    result = set_make(sync, set, view);
    if (result < 0)
        set_enter_problem(set, SET_PHASE_ABSENT, "cannot be created: %s", strerror(-result));
    return result;
}

void sets_check(struct setsync *sync, struct set *set, const struct moment *now)
{
    struct nftset_view view;
    char problem[SET_PROBLEM_MAX];
    set->check_ns = now->boot_ns + SET_CHECK_INTERVAL_NS;
    set->epoch = sync->epoch;
    if (set_inspect(sync, set, &view) < 0)
        return;
    if (!view.exists && !set->wanted) {
        set_enter(set, SET_PHASE_ABSENT, NULL);
        set->check_ns = NEVER;
        return;
    }
    set->table_owned = view.table_owned;
    if (!view.exists && !view.table_owned) {
        set_enter(set, SET_PHASE_ABSENT, "does not exist and create is false; waiting for it");
        return;
    }
    if (set_find_problem(set, &view, problem)) {
        set_enter(set, SET_PHASE_WRONG, problem);
        return;
    }
    bool is_other = !set_view_is_same(&view, &set->view);
    bool must_fill = is_other || !set_is_writable(set);
    if (is_other && set->view.exists)
        sync->statistics.sets_made++;
    bool is_fresh = !set->adopted;
    set->view = view;
    set->check_ns = NEVER;
    if (!must_fill)
        return;
    set->hold_ns = 0;
    set->may_hold_others |= set_is_interval(set);
    set_enter(set, SET_PHASE_FILLING, "");
    if (is_fresh && (set->wanted || set->own))
        adopt_set(sync, set, now);
    refill_all(sync, set, is_fresh, now);
}

/* ---- time ---- */

uint64_t sets_due(const struct setsync *sync)
{
    uint64_t due_ns = NEVER;
    for (size_t i = 0; i < sync->set_count && sync->nft; i++) {
        const struct set *set = sync->sets[i];
        if (set->check_ns < due_ns)
            due_ns = set->check_ns;
        if (set->phase == SET_PHASE_FULL && set->hold_ns < due_ns)
            due_ns = set->hold_ns;
    }
    return due_ns;
}

void sets_run(struct setsync *sync, const struct moment *now)
{
    for (size_t i = 0; i < sync->set_count && sync->nft; i++) {
        struct set *set = sync->sets[i];
        if (set->check_ns <= now->boot_ns)
            sets_check(sync, set, now);
        if (set->phase == SET_PHASE_FULL && set->hold_ns <= now->boot_ns)
            refill_held(sync, set, now);
    }
}
