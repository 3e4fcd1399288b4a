/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking grants back: on purpose (forget), and when the whitelists change.  A reload takes away
 * only what a removed pattern, whitelist or set alone had granted.
 */
#include "setsync/setsync.h"

#include "base/log.h"
#include "setsync/grant.h"
#include "setsync/policy/policy.h"
#include "setsync/sets/sets.h"
#include "setsync/setsync_state.h"
#include "setsync/upkeep/upkeep.h"
#include "setsync/writer/writer.h"

#include <stdlib.h>
#include <string.h>

/* ---- forget ---- */

/* What is granted as before, in a set of another name. */
struct moved_claim {
    struct address address;
    struct lease_claim claim;
};

struct taking {
    struct setsync *sync;
    const struct moment *now;
    const struct address *address;
    const struct dname *name;
    const struct whitelist *whitelists; /* the new ones */
    size_t whitelist_count;
    size_t taken;
    struct moved_claim *moved; /* to grant again when the new whitelists are in force */
    size_t moved_count, moved_room;
};

static void lease_forget_by_address(void *context, struct lease *lease)
{
    struct taking *taking = context;
    if (!address_equal(&lease->address, taking->address))
        return;
    grant_remove(taking->sync, lease, EVENT_FORGOTTEN, NULL, taking->now);
    taking->taken++;
}

size_t setsync_forget_address(struct setsync *sync, const struct address *address,
                              const struct moment *now)
{
    struct taking taking = {.sync = sync, .now = now, .address = address};
    lease_each(sync->leases, lease_forget_by_address, &taking);
    setsync_finish(sync, now);
    return taking.taken;
}

static bool claim_is_of_other_name(const void *context, const struct lease_claim *claim)
{
    return !dname_equal(&claim->name, context);
}

static unsigned lease_count_kept(const struct lease *lease, lease_keep *keep, const void *context)
{
    unsigned count = 0;
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct lease_claim claim = lease_claim_at(lease, i);
        count += keep(context, &claim);
    }
    return count;
}

/* Takes the claims that `keep` refuses; true when there were any. */
static bool lease_take_claims(const struct taking *taking, struct lease *lease, lease_keep *keep,
                              const void *context)
{
    unsigned kept = lease_count_kept(lease, keep, context);
    if (kept == lease->claim_count)
        return false;
    if (kept == 0) {
        grant_remove(taking->sync, lease, EVENT_FORGOTTEN, NULL, taking->now);
        return true;
    }
    lease_retain(lease, keep, context);
    writer_consider(taking->sync, lease, taking->now->boot_ns);
    return true;
}

static void lease_forget_by_name(void *context, struct lease *lease)
{
    struct taking *taking = context;
    taking->taken += lease_take_claims(taking, lease, claim_is_of_other_name, taking->name);
}

size_t setsync_forget_name(struct setsync *sync, const struct dname *name, const struct moment *now)
{
    struct taking taking = {.sync = sync, .now = now, .name = name};
    lease_each(sync->leases, lease_forget_by_name, &taking);
    derived_end(sync->judge.derived, name);
    setsync_finish(sync, now);
    return taking.taken;
}

/* ---- reload ---- */

static const struct whitelist *reload_whitelist(const struct taking *taking, const char *name)
{
    for (size_t i = 0; i < taking->whitelist_count; i++)
        if (strcmp(taking->whitelists[i].name, name) == 0)
            return &taking->whitelists[i];
    return NULL;
}

/* A lease and the question whether a claim on it is still backed. */
struct backing {
    const struct taking *taking;
    const struct lease *lease;
};

/* The new whitelist that grants the same, in whichever set; NULL when none does. */
static const struct whitelist *claim_whitelist(const struct backing *backing,
                                               const struct lease_claim *claim)
{
    const struct whitelist *whitelist = reload_whitelist(backing->taking, claim->whitelist->name);
    if (!whitelist || !policy_has_pattern(whitelist, &claim->pattern) ||
        policy_judge_address(whitelist, &backing->lease->address) != REASON_NONE ||
        (claim->record == RECORD_LIST && !whitelist->registry_addresses))
        return NULL;
    return whitelist;
}

static const struct set_name *whitelist_set(const struct whitelist *whitelist,
                                            const struct address *address)
{
    return address->family == ADDRESS_IPV4 ? &whitelist->set4 : &whitelist->set6;
}

static bool claim_is_backed(const void *context, const struct lease_claim *claim)
{
    const struct backing *backing = context;
    const struct whitelist *whitelist = claim_whitelist(backing, claim);
    return whitelist && set_name_equal(whitelist_set(whitelist, &backing->lease->address),
                                       backing->lease->set_name);
}

static void moved_note(struct taking *taking, const struct address *address,
                       const struct lease_claim *claim)
{
    if (taking->moved_count == taking->moved_room) {
        size_t room = taking->moved_room ? 2 * taking->moved_room : 64;
        struct moved_claim *moved = reallocarray(taking->moved, room, sizeof(*moved));
        if (!moved)
            return; /* it is learned again with the next answer */
        taking->moved = moved;
        taking->moved_room = room;
    }
    taking->moved[taking->moved_count++] = (struct moved_claim){*address, *claim};
}

/* The set has another name now: its addresses go with the name. */
static void lease_note_moved(struct taking *taking, const struct lease *lease)
{
    const struct backing backing = {.taking = taking, .lease = lease};
    for (unsigned i = 0; i < lease->claim_count; i++) {
        struct lease_claim claim = lease_claim_at(lease, i);
        const struct whitelist *whitelist = claim_whitelist(&backing, &claim);
        if (!whitelist || claim_is_backed(&backing, &claim) ||
            set_name_is_none(whitelist_set(whitelist, &lease->address)))
            continue;
        claim.whitelist = whitelist;
        moved_note(taking, &lease->address, &claim);
    }
}

/* As long as they would have lasted. */
static void moved_grant(struct taking *taking)
{
    const struct quota_owner nobody = {.client = NULL};
    struct setsync *sync = taking->sync;
    for (size_t i = 0; i < taking->moved_count; i++) {
        const struct moved_claim *moved = &taking->moved[i];
        const struct whitelist *whitelist = moved->claim.whitelist;
        const unsigned family = family_index((enum address_family)moved->address.family);
        struct set *set = sync->whitelist_sets[whitelist - taking->whitelists][family];
        bool is_new = !lease_find(sync->leases, &set->name, &moved->address);
        if (!grant_make_room(sync, set, whitelist, &nobody, is_new, taking->now))
            continue;
        struct lease *lease = lease_find(sync->leases, &set->name, &moved->address);
        lease = grant_claim(sync, set, &moved->address, lease, &moved->claim);
        if (lease)
            writer_consider(sync, lease, taking->now->boot_ns);
    }
    free(taking->moved);
}

static void lease_take_unbacked(void *context, struct lease *lease)
{
    struct taking *taking = context;
    struct backing backing = {.taking = taking, .lease = lease};
    lease_note_moved(taking, lease);
    taking->taken += lease_take_claims(taking, lease, claim_is_backed, &backing);
}

/* Claims point at the new whitelists; quotas are entered anew, in their order. */
static void lease_rebase(void *context, struct lease *lease)
{
    struct taking *taking = context;
    struct setsync *sync = taking->sync;
    lease_forget_quotas(lease);
    for (unsigned i = 0; i < lease->claim_count; i++) {
        struct kept_claim *claim = &lease->claims[i];
        claim->whitelist = reload_whitelist(taking, claim->whitelist->name);
        const uint64_t most_s = (uint64_t)claim->whitelist->ttl_max + claim->whitelist->grace;
        const uint64_t most_ns = taking->now->boot_ns + most_s * NS_PER_SECOND;
        if (claim->expires_ns > most_ns)
            claim->expires_ns = most_ns; /* nothing lasts longer than what is learned now */
    }
    const unsigned family = family_index((enum address_family)lease->address.family);
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct whitelist *whitelist = lease->claims[i].whitelist;
        size_t index = (size_t)(whitelist - taking->whitelists);
        if (lease_enter_quota(lease, i, &sync->quotas[index][family]) < 0)
            log_error("out of memory: an address escapes max-addresses until it expires");
    }
    lease_settle(lease);
    writer_consider(sync, lease, taking->now->boot_ns);
}

/* Derived names know their whitelist by its number, which may be another one now. */
static bool derived_translate(const struct setsync *sync, const struct taking *taking,
                              struct derived_name *name)
{
    if (name->whitelist >= sync->options.whitelist_count)
        return false;
    const struct whitelist *whitelist =
        reload_whitelist(taking, sync->options.whitelists[name->whitelist].name);
    if (!whitelist || whitelist->follow != FOLLOW_ACROSS || !policy_pattern(whitelist, &name->root))
        return false;
    name->whitelist = (uint8_t)(whitelist - taking->whitelists);
    return true;
}

size_t setsync_derived(const struct setsync *sync, const struct whitelist *whitelists, size_t count,
                       const struct moment *now, struct derived_name out[static DERIVED_MAX])
{
    struct taking taking = {.whitelists = whitelists, .whitelist_count = count};
    size_t found = derived_list(sync->judge.derived, now->boot_ns, out, DERIVED_MAX), kept = 0;
    for (size_t i = 0; i < found; i++)
        if (derived_translate(sync, &taking, &out[i]))
            out[kept++] = out[i];
    return kept;
}

/* When out of memory they stay as they are: their roots are matched again at each use. */
static void derived_renew(struct setsync *sync, const struct taking *taking)
{
    struct derived *renewed = derived_new();
    struct derived_name *names = calloc(DERIVED_MAX, sizeof(*names));
    if (!renewed || !names) {
        derived_free(renewed);
        free(names);
        return;
    }
    size_t count =
        setsync_derived(sync, taking->whitelists, taking->whitelist_count, taking->now, names);
    for (size_t i = 0; i < count; i++)
        (void)derived_add(renewed, &names[i], taking->now->boot_ns);
    free(names);
    derived_free(sync->judge.derived);
    sync->judge.derived = renewed;
}

int setsync_reload(struct setsync *sync, const struct whitelist *whitelists, size_t count,
                   const struct moment *now)
{
    struct matcher *matcher;
    int result = setsync_prepare(sync, whitelists, count, &matcher);
    if (result < 0)
        return result;
    struct taking taking = {
        .sync = sync, .now = now, .whitelists = whitelists, .whitelist_count = count};
    lease_each(sync->leases, lease_take_unbacked, &taking);
    setsync_finish(sync, now); /* while the old whitelists are still there to be told of */
    for (size_t i = 0; i < WHITELISTS_MAX; i++)
        for (unsigned family = 0; family < FAMILIES; family++)
            quota_clear(&sync->quotas[i][family]);
    derived_renew(sync, &taking);
    lease_each(sync->leases, lease_rebase, &taking);
    setsync_use(sync, matcher, whitelists, count);
    for (size_t i = 0; i < count; i++)
        grant_trim(sync, &whitelists[i], now);
    moved_grant(&taking);
    setsync_finish(sync, now);
    sets_drop_unwanted(sync);
    sets_run(sync, now);
    grant_tell(sync);
    return 0;
}
