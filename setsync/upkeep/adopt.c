/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking over what the kernel still holds from an earlier run: timed elements whose comment is a
 * name that a pattern of this set matches become leases with the time that they have left, and
 * those of leases that the state file brought back are known as ours.
 */
#include "setsync/upkeep/adopt.h"

#include "base/log.h"
#include "setsync/grant.h"
#include "setsync/policy/policy.h"
#include "setsync/upkeep/stray.h"
#include "setsync/writer/leaving.h"
#include "setsync/writer/writer.h"

#include <stdlib.h>
#include <string.h>

/* The state file's times are rounded, and the element was written a little later. */
#define STATE_TOLERANCE_NS (2 * NS_PER_SECOND)

struct adoption {
    struct setsync *sync;
    struct set *set;
    const struct moment *now;
    size_t taken, foreign, strays;
};

static struct lease *adopt_for(const struct adoption *adoption, unsigned index,
                               const struct dname *name, const struct nftset_element *element)
{
    struct setsync *sync = adoption->sync;
    const struct whitelist *whitelist = &sync->options.whitelists[index];
    const struct pattern *pattern = policy_pattern(whitelist, name);
    if (!pattern || policy_judge_address(whitelist, &element->address) != REASON_NONE)
        return NULL;
    struct lease *known = lease_find(sync->leases, &adoption->set->name, &element->address);
    bool holds = known && lease_quota_entry(known, whitelist);
    const struct quota_owner owner = {.name = name};
    if (!holds && !grant_make_room(sync, adoption->set, whitelist, &owner, !known, adoption->now))
        return NULL;
    const uint64_t now_ns = adoption->now->boot_ns;
    const uint64_t end_ns = element->read_ns + element->expires_ms * NS_PER_MS;
    struct lease_claim claim = {
        .whitelist = whitelist,
        .pattern = *pattern,
        .name = *name,
        .source = SOURCE_STATE,
        .record = element->address.family == ADDRESS_IPV4 ? RECORD_A : RECORD_AAAA,
        .granted_ns = now_ns,
        .seen_ns = now_ns,
        .expires_ns = end_ns,
    };
    if (known) /* the state file knows more than the comment */
        (void)lease_find_claim(known, whitelist, pattern, &claim);
    claim.expires_ns = end_ns;
    if (!holds) /* room may have been made with it */
        known = lease_find(sync->leases, &adoption->set->name, &element->address);
    return grant_claim(sync, adoption->set, &element->address, known, &claim);
}

/* Every whitelist that feeds this set and has a pattern for the comment's name. */
static void adopt_for_all(const struct adoption *adoption, const struct nftset_element *element)
{
    struct dname name;
    if (!dname_from_text(element->comment, &name))
        return;
    for (unsigned i = 0; i < adoption->sync->options.whitelist_count; i++)
        if (adoption->sync->whitelist_sets[i][family_index(adoption->set->family)] == adoption->set)
            (void)adopt_for(adoption, i, &name, element);
}

/* The comment's name is not wanted any more, but the lease has gone on since the file was written:
 * in our own table only we can have made its element last longer. */
static void adopt_extend(const struct adoption *adoption, struct lease *lease, uint64_t end_ns)
{
    unsigned last = 0;
    for (unsigned i = 1; i < lease->claim_count; i++)
        if (lease->claims[i].expires_ns > lease->claims[last].expires_ns)
            last = i;
    const struct whitelist *whitelist = lease->claims[last].whitelist;
    const uint64_t most_s = (uint64_t)whitelist->ttl_max + whitelist->grace;
    const uint64_t most_ns = adoption->now->boot_ns + most_s * NS_PER_SECOND;
    struct lease_claim claim = lease_claim_at(lease, last);
    claim.expires_ns = end_ns < most_ns ? end_ns : most_ns;
    (void)grant_claim(adoption->sync, adoption->set, &lease->address, lease, &claim);
}

static void adopt_element(void *context, const struct nftset_element *element)
{
    struct adoption *adoption = context;
    if (element->timeout_ms == 0) {
        adoption->foreign++;
        return;
    }
    if (element->expires_ms == 0 || element->address.family != adoption->set->family)
        return;
    adopt_for_all(adoption, element);
    struct lease *lease =
        lease_find(adoption->sync->leases, &adoption->set->name, &element->address);
    const uint64_t end_ns = element->read_ns + element->expires_ms * NS_PER_MS;
    /* Nothing grants it any more. */
    if (!lease && stray_is_ours(adoption->sync, adoption->set, element)) {
        leaving_add(adoption->sync, adoption->set, &element->address, end_ns, adoption->now);
        adoption->strays++;
    }
    if (!lease || lease->write != LEASE_UNWRITTEN)
        return;
    /*
     * Is it ours?  In our table each timed one is.  Elsewhere the comment has just extended the
     * lease, or the state file names it: others' last longer than we wanted it.
     */
    if (!adoption->set->own && end_ns > lease->expires_ns + STATE_TOLERANCE_NS)
        return;
    if (adoption->set->own && lease->claim_count > 0 && end_ns > lease->expires_ns)
        adopt_extend(adoption, lease, end_ns);
    const uint64_t given_ms =
        element->timeout_ms > element->expires_ms ? element->timeout_ms : element->expires_ms;
    const uint64_t age_ns = (given_ms - element->expires_ms) * NS_PER_MS;
    writer_mark(lease, LEASE_WRITTEN);
    lease->written_ns = element->read_ns > age_ns ? element->read_ns - age_ns : 0;
    lease->written_expires_ns = end_ns;
    writer_consider(adoption->sync, lease, adoption->now->boot_ns);
    adoption->taken++;
}

void adopt_set(struct setsync *sync, struct set *set, const struct moment *now)
{
    struct adoption adoption = {.sync = sync, .set = set, .now = now};
    char text[SET_TEXT_MAX];
    int result = sync->kernel->dump(sync->nft, &set->name, SIZE_MAX, adopt_element, &adoption);
    set->adopted = true;
    if (result < 0 || adoption.foreign > 0)
        set->may_hold_others = true;
    if (result < 0)
        log_warning("%s: cannot read its elements: %s; continuing with observed answers only",
                    set_name_to_text(&set->name, text), strerror(-result));
    else if (adoption.taken > 0)
        log_notice("%s: took over %zu addresses", set_name_to_text(&set->name, text),
                   adoption.taken);
    if (adoption.strays > 0)
        log_notice("%s: removed %zu earlier elements that are no longer configured",
                   set_name_to_text(&set->name, text), adoption.strays);
}

/* ---- what the state file names ---- */

void adopt_note(struct setsync *sync, struct set *set, const struct address *address,
                uint64_t end_ns)
{
    if (!sync->nft || !set)
        return;
    if (sync->ungranted_count == sync->ungranted_room) {
        size_t room = sync->ungranted_room > 0 ? 2 * sync->ungranted_room : 64;
        struct ungranted *more = reallocarray(sync->ungranted, room, sizeof(*more));
        if (!more)
            return;
        sync->ungranted = more;
        sync->ungranted_room = room;
    }
    sync->ungranted[sync->ungranted_count++] =
        (struct ungranted){.set = set, .address = *address, .end_ns = end_ns};
}

/* Somebody else's element is permanent, wide, or lasts longer than ours did. */
static void adopt_end_one(struct setsync *sync, const struct ungranted *ungranted,
                          const struct moment *now)
{
    struct set *set = ungranted->set;
    const struct address *address = &ungranted->address;
    struct nftset_element element;
    if (!set_is_right(set) || lease_find(sync->leases, &set->name, address) ||
        sync->kernel->read(sync->nft, &set->name, set_is_interval(set), &address, 1, &element) <
            0 ||
        !element.exists || element.is_wide || element.timeout_ms == 0)
        return;
    const uint64_t end_ns = element.read_ns + element.expires_ms * NS_PER_MS;
    if (end_ns <= ungranted->end_ns + STATE_TOLERANCE_NS)
        leaving_add(sync, set, address, end_ns, now);
}

void adopt_end(struct setsync *sync, const struct moment *now)
{
    for (size_t i = 0; i < sync->ungranted_count; i++)
        adopt_end_one(sync, &sync->ungranted[i], now);
    free(sync->ungranted);
    sync->ungranted = NULL;
    sync->ungranted_count = sync->ungranted_room = 0;
}
