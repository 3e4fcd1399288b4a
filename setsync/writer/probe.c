/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds out, off the hot path and once, whether this kernel refreshes elements in place (6.12 and
 * later) or only by replacing them.
 */
#include "setsync/writer/probe.h"

#include "base/log.h"
#include "setsync/sets/lease_sample.h"
#include "setsync/sets/set_state.h"
#include "setsync/writer/writer.h"

#include <errno.h>

#define PROBE_TOLERANCE_MS 20 /* timeouts are rounded to jiffies, 10 ms at most */
#define RETRY_NS NS_PER_SECOND

static uint64_t probe_distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static bool lease_can_probe(const struct lease *lease, uint64_t now_ns)
{
    return lease->write == LEASE_WRITTEN && set_is_right(lease->set) && lease->set->hold_ns == 0 &&
           lease->written_expires_ns == lease->expires_ns &&
           lease->written_ns + PROBE_DELAY_NS <= now_ns &&
           lease->expires_ns > now_ns + 4 * NS_PER_SECOND;
}

static struct lease *probe_find(const struct setsync *sync, uint64_t now_ns)
{
    struct lease *lease = NULL;
    for (size_t i = 0; i < sync->set_count; i++)
        if (lease_sample(sync, sync->sets[i], lease_can_probe, now_ns, &lease, 1) > 0)
            return lease;
    return NULL;
}

/* 1: in place, 0: not, or -errno; -EAGAIN when this element cannot tell. */
static int probe_try(struct setsync *sync, struct lease *lease, uint64_t now_ns)
{
    const struct address *address = &lease->address;
    struct nftset_element before, after;
    const bool is_interval = set_is_interval(lease->set);
    int result = sync->kernel->read(sync->nft, lease->set_name, is_interval, &address, 1, &before);
    if (result < 0)
        return result;
    struct nftset_change change = writer_change(sync, lease, now_ns);
    change.action = NFTSET_UPDATE;
    if (!before.exists || before.is_wide || before.timeout_ms == 0 ||
        probe_distance(before.timeout_ms, change.timeout_ms) <= 2 * PROBE_TOLERANCE_MS)
        return -EAGAIN;
    result = sync->kernel->commit(sync->nft, &change, 1);
    if (result == 0)
        result = sync->kernel->read(sync->nft, lease->set_name, is_interval, &address, 1, &after);
    if (result < 0)
        return result;
    if (!after.exists)
        return -EAGAIN;
    return probe_distance(after.timeout_ms, change.timeout_ms) <= PROBE_TOLERANCE_MS;
}

struct considering {
    struct setsync *sync;
    uint64_t now_ns;
};

static void probe_consider(void *context, struct lease *lease)
{
    const struct considering *considering = context;
    writer_consider(considering->sync, lease, considering->now_ns);
}

/* What was put off until half its time has passed, as on an old kernel, is written now. */
static void probe_catch_up(struct setsync *sync, uint64_t now_ns)
{
    struct considering considering = {.sync = sync, .now_ns = now_ns};
    if (sync->statistics.updates_in_place)
        lease_each(sync->leases, probe_consider, &considering);
}

void probe_run(struct setsync *sync, const struct moment *now)
{
    if (sync->probe_ns > now->boot_ns)
        return;
    sync->probe_ns = NEVER; /* the next transaction asks again */
    struct lease *lease = probe_find(sync, now->boot_ns);
    if (!lease)
        return;
    sets_look(sync, lease->set, now->boot_ns);
    int result = set_is_writable(lease->set) ? probe_try(sync, lease, now->boot_ns) : -EAGAIN;
    if (result == -ERESTART)
        (void)sets_mark(sync);
    if (result < 0) {
        sync->probe_ns = now->boot_ns + RETRY_NS;
        return;
    }
    sync->statistics.updates_probed = true;
    sync->statistics.updates_in_place = result == 1;
    log_info("kernel %s",
             result == 1 ? "updates element timeouts in place"
                         : "cannot update element timeouts in place; replacing elements instead");
    probe_catch_up(sync, now->boot_ns);
}
