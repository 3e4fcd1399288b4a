/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sweep: after someone's change every lease's element is looked for, one slice at a time so
 * that sightings never wait, and at most once a second.  Sentinels find a flush at once; this finds
 * the one element that was deleted alone.
 */
#include "setsync/keeper.h"

enum { SLICE = 256 }; /* leases: under a millisecond */
#define SWEEP_INTERVAL_NS NS_PER_SECOND

void sweep_begin(struct setsync *sync, uint64_t now_ns)
{
    if (lease_table_count(sync->leases) == 0)
        return;
    if (sync->sweep_cursor != 0) {
        sync->sweep_again = true;
        return;
    }
    uint64_t next_ns = sync->sweep_began_ns + SWEEP_INTERVAL_NS;
    sync->sweep_ns = sync->sweep_began_ns == 0 || next_ns < now_ns ? now_ns : next_ns;
}

static void end(struct setsync *sync)
{
    sync->sweep_ns = sync->sweep_again ? sync->sweep_began_ns + SWEEP_INTERVAL_NS : NEVER;
    sync->sweep_again = false;
}

/* Every set is careful by now: the writer reads what is queued, and writes only what is missing. */
void sweep_run(struct setsync *sync, const struct moment *now)
{
    struct lease *leases[SLICE];
    if (sync->sweep_ns > now->boot_ns)
        return;
    if (sync->sweep_cursor == 0)
        sync->sweep_began_ns = now->boot_ns;
    size_t count = lease_slice(sync->leases, &sync->sweep_cursor, leases, SLICE);
    for (size_t i = 0; i < count; i++)
        if (leases[i]->write != LEASE_UNWRITTEN)
            writer_queue(sync, leases[i]);
    writer_flush(sync, now);
    if (sync->sweep_cursor == 0)
        end(sync);
}
