/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking over what the kernel still holds from an earlier run: timed elements whose comment is a
 * name that a pattern of this set matches become leases with the time that they have left.
 */
#include "setsync/keeper.h"
#include "setsync/policy.h"

#include "runtime/log.h"

#include <string.h>

struct takeover {
    struct setsync *sync;
    struct keeper_set *set;
    const struct moment *now;
    size_t taken, foreign;
};

static struct lease *claim_element(const struct takeover *takeover, unsigned index,
                                   const struct dname *name, const struct nftset_element *element)
{
    struct setsync *sync = takeover->sync;
    const struct whitelist *whitelist = &sync->options.whitelists[index];
    const struct pattern *pattern = policy_pattern(whitelist, name);
    if (pattern == NULL || policy_judge_address(whitelist, &element->address) != REASON_NONE)
        return NULL;
    struct lease *known = lease_find(sync->leases, &takeover->set->name, &element->address);
    bool holds = known != NULL && lease_find_share(known, whitelist) != NULL;
    if (!holds && !grant_make_room(sync, takeover->set, whitelist, known == NULL, takeover->now))
        return NULL;
    const uint64_t now_ns = takeover->now->boot_ns;
    struct lease_claim claim = {
        .whitelist = whitelist,
        .pattern = *pattern,
        .name = *name,
        .source = SOURCE_STATE,
        .record = element->address.family == ADDRESS_IPV4 ? RECORD_A : RECORD_AAAA,
        .granted_ns = now_ns,
        .seen_ns = now_ns,
        .expires_ns = element->read_ns + element->expires_ms * NS_PER_MS,
    };
    return grant_claim(sync, takeover->set, &element->address, &claim);
}

static void take_element(void *context, const struct nftset_element *element)
{
    struct takeover *takeover = context;
    struct dname name;
    if (element->timeout_ms == 0) {
        takeover->foreign++;
        return;
    }
    if (element->expires_ms == 0 || element->address.family != takeover->set->family ||
        !dname_from_text(element->comment, &name))
        return;
    struct lease *lease = NULL;
    for (unsigned i = 0; i < takeover->sync->options.whitelist_count; i++) {
        if (takeover->sync->homes[i][family_index(element->address.family)] != takeover->set)
            continue;
        struct lease *claimed = claim_element(takeover, i, &name, element);
        if (claimed != NULL)
            lease = claimed;
    }
    if (lease == NULL || lease->write != LEASE_UNWRITTEN)
        return;
    const uint64_t given_ms =
        element->timeout_ms > element->expires_ms ? element->timeout_ms : element->expires_ms;
    const uint64_t age_ns = (given_ms - element->expires_ms) * NS_PER_MS;
    lease->write = LEASE_WRITTEN;
    lease->written_ns = element->read_ns > age_ns ? element->read_ns - age_ns : 0;
    lease->written_expires_ns = element->read_ns + element->expires_ms * NS_PER_MS;
    writer_consider(takeover->sync, lease, takeover->now->boot_ns);
    takeover->taken++;
}

void takeover_read(struct setsync *sync, struct keeper_set *set, const struct moment *now)
{
    struct takeover takeover = {.sync = sync, .set = set, .now = now};
    char text[SET_TEXT_MAX];
    int r = nftset_dump(sync->nft, &set->name, SIZE_MAX, take_element, &takeover);
    set->taken_over = true;
    if (r < 0 || takeover.foreign > 0)
        set->careful = true;
    if (r < 0)
        log_warning("%s: reading what it holds: %s; going on with what the wire says",
                    set_name_to_text(&set->name, text), strerror(-r));
    else if (takeover.taken > 0)
        log_notice("%s: took over %zu addresses", set_name_to_text(&set->name, text),
                   takeover.taken);
}
