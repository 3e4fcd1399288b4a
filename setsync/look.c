/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases as others may look at them: a slice at a time, so that a look at sixty thousand of
 * them never keeps an answer waiting, or those of one address; and what the kernel has of one.
 */
#include "setsync/keeper.h"

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
        if (lease == NULL)
            lease = lease_find(sync->leaving, &sync->sets[i]->name, address);
        if (lease != NULL && lease->expires_ns > now->boot_ns)
            out[count++] = lease;
    }
    return count;
}

int setsync_read(const struct setsync *sync, const struct lease *lease, struct setsync_element *out)
{
    const struct address *address = &lease->address;
    struct nftset_element element;
    if (sync->nft == NULL)
        return -ENOTCONN;
    int r = nftset_read(sync->nft, lease->set, set_is_interval(lease->home), &address, 1, &element);
    if (r < 0)
        return r;
    *out = (struct setsync_element){.exists = element.exists,
                                    .timeout_ms = element.timeout_ms,
                                    .expires_ms = element.expires_ms};
    return 0;
}
