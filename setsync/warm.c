/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going an answer's way before there is one.  Code and data that were last used minutes ago are far
 * from the CPU: the first transaction after a pause takes several times as long as the next one. So
 * a lease of an address that is never granted is made and dropped again; what would have been sent
 * of it stays here, and the kernel gets a question and an empty transaction, which change nothing.
 */
#include "setsync/setsync.h"

#include "setsync/setsync_state.h"

static struct lease_claim warm_claim(const struct whitelist *whitelist,
                                     const struct verdict *verdict, uint64_t now_ns)
{
    return (struct lease_claim){
        .whitelist = whitelist,
        .pattern = *verdict->pattern,
        .name = verdict->name,
        .owner = verdict->name,
        .granted_ns = now_ns,
        .seen_ns = now_ns,
        .expires_ns = now_ns + NS_PER_SECOND,
    };
}

static void warm_kernel(struct setsync *sync, const struct lease *lease)
{
    struct nftset_change change = {
        .set = lease->set_name,
        .address = &lease->address,
        .name = lease->claims[0].name,
        .timeout_ms = 1,
        .action = NFTSET_ADD,
        .is_interval = set_is_interval(lease->set),
    };

    if (sync->nft && set_is_right(lease->set))
        sync->kernel->warm(sync->nft, &change);
}

/* 0.0.0.0 is among the addresses that policy never grants; should a lease of it have been taken
 * over, this is another one. */
static void warm_set(struct setsync *sync, const struct verdict *verdict, uint64_t now_ns)
{
    static const uint8_t nobody[4];
    const struct address address = address_from_ipv4(nobody);
    const unsigned family = family_index(ADDRESS_IPV4);
    struct set *set = sync->whitelist_sets[verdict->whitelist][family];
    if (!set)
        return;
    struct lease_claim claim =
        warm_claim(&sync->options.whitelists[verdict->whitelist], verdict, now_ns);
    struct lease *lease = lease_add(sync->leases, &set->name, &address);

    if (!lease)
        return;
    lease->set = set;
    if (lease_claim(lease, &claim, &sync->quotas[verdict->whitelist][family]) == 0)
        warm_kernel(sync, lease);
    lease_remove(sync->leases, lease);
    lease_free(lease);
}

void setsync_warm(struct setsync *sync, const struct dname *name, const struct moment *now)
{
    struct verdict verdicts[WHITELISTS_MAX];
    const struct sighting sighting = {.question = *name, .matched = *name, .owner = *name};

    if (judge_sighting(&sync->judge, &sighting, now->boot_ns, verdicts) > 0)
        warm_set(sync, &verdicts[0], now->boot_ns);
}
