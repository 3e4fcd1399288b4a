/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases as others may look at them: a slice at a time, so that a look at sixty thousand of
 * them never keeps an answer waiting, or those of one address; and what the kernel has of one.
 */
#include "setsync/setsync_state.h"

#include <errno.h>

/* A cursor's value from which on it is one of those that have yet to go. */
#define LEAVING_FIRST (SIZE_MAX / 2 + 1)

void setsync_slice(const struct setsync *sync, size_t *cursor, setsync_each_lease *each,
                   void *context)
{
    struct lease *leases[SETSYNC_SLICE];
    bool is_leaving = *cursor >= LEAVING_FIRST;
    size_t at = is_leaving ? *cursor - LEAVING_FIRST : *cursor;
    size_t count =
        lease_slice(is_leaving ? sync->leaving : sync->leases, &at, leases, SETSYNC_SLICE);
    for (size_t i = 0; i < count; i++)
        each(context, leases[i]);
    if (at != 0)
        *cursor = is_leaving ? LEAVING_FIRST + at : at;
    else
        *cursor = is_leaving || lease_table_count(sync->leaving) == 0 ? 0 : LEAVING_FIRST;
}

size_t setsync_leaving(const struct setsync *sync)
{
    return lease_table_count(sync->leaving);
}

size_t setsync_find(const struct setsync *sync, const struct address *address,
                    const struct moment *now, const struct lease **out, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < sync->set_count && count < most; i++) {
        const struct lease *lease = lease_find(sync->leases, &sync->sets[i]->name, address);
        if (!lease)
            lease = lease_find(sync->leaving, &sync->sets[i]->name, address);
        if (lease && lease->expires_ns > now->boot_ns)
            out[count++] = lease;
    }
    return count;
}

static int set_read_element(const struct setsync *sync, const struct set *set,
                            const struct address *address, struct setsync_element *out)
{
    struct nftset_element element;
    int result =
        sync->kernel->read(sync->nft, &set->name, set_is_interval(set), &address, 1, &element);
    if (result == 0)
        *out = (struct setsync_element){.exists = element.exists,
                                        .is_wide = element.is_wide,
                                        .timeout_ms = element.timeout_ms,
                                        .expires_ms = element.expires_ms};
    return result;
}

void setsync_each_foreign(const struct setsync *sync, const struct address *address,
                          setsync_each_element *each, void *context)
{
    for (size_t i = 0; i < sync->set_count && sync->nft; i++) {
        const struct set *set = sync->sets[i];
        struct setsync_element element;
        if (set->state == SET_READY && set->family == (enum address_family)address->family &&
            !lease_find(sync->leases, &set->name, address) &&
            !lease_find(sync->leaving, &set->name, address) &&
            set_read_element(sync, set, address, &element) == 0 && element.exists)
            each(context, &set->name, &element);
    }
}

int setsync_read(const struct setsync *sync, const struct lease *lease, struct setsync_element *out)
{
    return sync->nft ? set_read_element(sync, lease->set, &lease->address, out) : -ENOTCONN;
}
