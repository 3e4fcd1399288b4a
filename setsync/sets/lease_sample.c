/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Some of the leases of a set, spread over all of them.
 */
#include "setsync/sets/lease_sample.h"

static struct lease *quota_first_wanted(const struct lease_quota *quota, size_t from, size_t to,
                                        lease_test *wanted, uint64_t now_ns)
{
    for (size_t i = from; i < to; i++) {
        struct lease *lease = heap_entry(quota->entries.nodes[i], struct quota_entry, node)->lease;
        if (wanted(lease, now_ns))
            return lease;
    }
    return NULL;
}

/* One from each stretch of a quota's heap. */
static size_t quota_sample(const struct lease_quota *quota, lease_test *wanted, uint64_t now_ns,
                           struct lease **out, size_t count)
{
    size_t found = 0;
    size_t stretch = (quota->entries.count + count - 1) / count;
    for (size_t from = 0; from < quota->entries.count && found < count; from += stretch) {
        size_t to = from + stretch < quota->entries.count ? from + stretch : quota->entries.count;
        struct lease *lease = quota_first_wanted(quota, from, to, wanted, now_ns);
        if (lease)
            out[found++] = lease;
    }
    return found;
}

size_t lease_sample(const struct setsync *sync, const struct set *set, lease_test *wanted,
                    uint64_t now_ns, struct lease **out, size_t count)
{
    size_t found = 0;
    const unsigned family = family_index(set->family);
    for (size_t i = 0; i < sync->options.whitelist_count && found < count; i++)
        if (sync->whitelist_sets[i][family] == set)
            found +=
                quota_sample(&sync->quotas[i][family], wanted, now_ns, out + found, count - found);
    return found;
}
