/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is no lease any more and whose element is still in the kernel: it stays on the books until
 * the kernel has let go of it.  Others may change the ruleset under every try; then it is tried
 * again soon, and meanwhile it is told as what it is.
 */
#include "setsync/writer/leaving.h"

#include "setsync/writer/queue.h"

#include <stdlib.h>

#define RETRY_SOON_NS (10 * NS_PER_MS) /* others changed something under each try */
#define RETRY_LATER_NS NS_PER_SECOND   /* the set cannot be written for now */

static bool leaving_has(const struct lease *lease)
{
    return lease->due.place != 0;
}

/* Freed when the events that speak of it have been told. */
static void leaving_end(struct setsync *sync, struct lease *lease)
{
    if (leaving_has(lease)) {
        lease_remove(sync->leaving, lease);
        lease->set->leaving_count--;
    }
    lease->next = sync->removed;
    sync->removed = lease;
}

void leaving_begin(struct setsync *sync, struct lease *lease, const struct moment *now)
{
    lease->removed = true;
    if (lease->write != LEASE_WRITTEN) {
        leaving_end(sync, lease);
        return;
    }
    lease_drop_claims(lease);
    lease->client_count = 0;
    lease->expires_ns = lease->written_expires_ns;
    lease->retry_ns = 0;
    if (lease_enter(sync->leaving, lease) == 0) {
        lease->set->leaving_count++;
        (void)lease_set_due(sync->leaving, lease, now->boot_ns);
    }
    queue_lease(sync, lease);
    if (!leaving_has(lease)) /* out of memory: it has one try */
        leaving_end(sync, lease);
}

void leaving_add(struct setsync *sync, struct set *set, const struct address *address,
                 uint64_t end_ns, const struct moment *now)
{
    if (lease_find(sync->leaving, &set->name, address))
        return;
    struct lease *lease = calloc(1, sizeof(*lease));
    if (!lease)
        return;
    lease->address = *address;
    lease->set_name = &set->name;
    lease->set = set;
    lease->write = LEASE_WRITTEN;
    lease->written_ns = now->boot_ns;
    lease->written_expires_ns = end_ns;
    leaving_begin(sync, lease, now);
}

/* The element stays; its time is the new lease's, and so has its comment to be. */
void leaving_inherit(struct setsync *sync, struct lease *lease)
{
    struct lease *old = lease_table_count(sync->leaving) == 0
                            ? NULL
                            : lease_find(sync->leaving, lease->set_name, &lease->address);
    if (!old)
        return;
    lease->write = LEASE_WRITTEN;
    lease->written_ns = old->written_ns;
    lease->written_expires_ns = old->written_expires_ns;
    lease->replaces = true;
    old->write = LEASE_UNWRITTEN;
    if (!old->queued)
        leaving_end(sync, old);
}

/* What has gone with its set is gone: nobody waits for a set that is not wanted. */
static bool leaving_is_gone(const struct lease *lease, uint64_t now_ns)
{
    return lease->write != LEASE_WRITTEN || lease->written_expires_ns <= now_ns ||
           (!lease->set->wanted && !set_is_right(lease->set));
}

void leaving_settle(struct setsync *sync, struct lease *lease, uint64_t now_ns)
{
    if (!leaving_has(lease))
        return;
    if (leaving_is_gone(lease, now_ns)) {
        leaving_end(sync, lease);
        return;
    }
    const struct set *set = lease->set;
    bool soon = set_is_writable(set) && lease->retry_ns <= now_ns;
    (void)lease_set_due(sync->leaving, lease, now_ns + (soon ? RETRY_SOON_NS : RETRY_LATER_NS));
}

struct hurrying {
    struct setsync *sync;
    const struct set *set;
    uint64_t now_ns;
};

static void leaving_hurry_one(void *context, struct lease *lease)
{
    const struct hurrying *hurrying = context;
    if (lease->set == hurrying->set)
        (void)lease_set_due(hurrying->sync->leaving, lease, hurrying->now_ns);
}

void leaving_hurry(struct setsync *sync, const struct set *set, const struct moment *now)
{
    struct hurrying hurrying = {.sync = sync, .set = set, .now_ns = now->boot_ns};
    if (set->leaving_count > 0)
        lease_each(sync->leaving, leaving_hurry_one, &hurrying);
}

uint64_t leaving_due(const struct setsync *sync)
{
    const struct lease *lease = lease_first_due(sync->leaving);
    return lease ? lease->due.key : NEVER;
}

void leaving_run(struct setsync *sync, size_t most, const struct moment *now)
{
    for (size_t i = 0; i < most; i++) {
        struct lease *lease = lease_first_due(sync->leaving);
        if (!lease || lease->due.key > now->boot_ns)
            return;
        (void)lease_set_due(sync->leaving, lease, now->boot_ns + RETRY_LATER_NS);
        queue_lease(sync, lease);
    }
}
