/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After a suspend: leases have gone on ending by the boot-time clock, the kernel's elements have
 * stood still, and last longer by as much as the machine has slept.  They are brought back.
 */
#include "setsync/setsync_state.h"

struct resumption {
    struct setsync *sync;
    uint64_t slept_ns;
    uint64_t now_ns;
};

static uint64_t time_later(uint64_t time_ns, uint64_t by_ns)
{
    return time_ns < NEVER - by_ns ? time_ns + by_ns : NEVER;
}

static void lease_shift(void *context, struct lease *lease)
{
    const struct resumption *resumption = context;
    if (lease->write == LEASE_UNWRITTEN)
        return;
    lease->written_ns = time_later(lease->written_ns, resumption->slept_ns);
    lease->written_expires_ns = time_later(lease->written_expires_ns, resumption->slept_ns);
    writer_consider(resumption->sync, lease, resumption->now_ns);
}

void setsync_resumed(struct setsync *sync, uint64_t slept_ns, const struct moment *now)
{
    struct resumption resumption = {.sync = sync, .slept_ns = slept_ns, .now_ns = now->boot_ns};
    lease_each(sync->leases, lease_shift, &resumption);
    setsync_run(sync, now);
}
