/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transaction failed, and the kernel named a set: its changes again, one at a time, so that what
 * is refused takes nothing else with it.  A failing transaction blocks for 8 to 28 ms: there are
 * few of them, and what a full set refuses waits until its garbage has been collected.
 */
#include "setsync/setsync_state.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

enum {
    REFUSED_MOST = 3,    /* more than that, and it is the set that is at fault */
    CHANGES_MOST = 4096, /* 20 ms */
};

struct retrying {
    struct setsync *sync;
    struct set *set;
    uint64_t now_ns;
    unsigned refused;
};

/* One more place in the set: not to be had in a full one before its garbage has been collected. */
static bool lease_takes_a_place(const struct lease *lease)
{
    return !lease->removed && lease->write == LEASE_UNWRITTEN;
}

static void retry_note_refusal(struct retrying *retrying, struct lease *lease, int error)
{
    char set[SET_TEXT_MAX], address[ADDRESS_TEXT_MAX];
    if (lease->retry_ns == 0)
        log_warning("%s: %s cannot be written: %s; trying again each second",
                    set_name_to_text(&retrying->set->name, set),
                    address_to_text(&lease->address, address), strerror(-error));
    lease->retry_ns = retrying->now_ns + NS_PER_SECOND;
    retrying->refused++;
}

static void retry_one(struct retrying *retrying, struct nftset_change *change, struct lease *lease)
{
    struct setsync *sync = retrying->sync;
    if (lease_takes_a_place(lease) && retrying->set->hold_ns > retrying->now_ns)
        return;
    sets_look(sync, retrying->set, retrying->now_ns);
    if (retrying->set->dirty)
        return;
    int result = sync->kernel->commit(sync->nft, change, 1);
    if (result == -ERESTART && sets_mark(sync) == 0)
        return; /* it takes part in the next transaction */
    sync->statistics.transactions++;
    if (result == 0) {
        writer_note(sync, change, lease, retrying->now_ns);
        return;
    }
    sync->statistics.transactions_failed++;
    if (result == -ENFILE)
        sets_failed(retrying->set, result, retrying->now_ns);
    else
        retry_note_refusal(retrying, lease, result);
}

/* Those that make room, or those that may need it. */
static void retry_some(struct retrying *retrying, size_t count, bool deletions)
{
    struct setsync *sync = retrying->sync;
    for (size_t i = 0; i < count && retrying->refused < REFUSED_MOST; i++)
        if (sync->changed[i]->set == retrying->set &&
            (sync->changes[i].action == NFTSET_DELETE) == deletions)
            retry_one(retrying, &sync->changes[i], sync->changed[i]);
}

bool retry_singly(struct setsync *sync, struct set *set, size_t count, uint64_t now_ns)
{
    struct retrying retrying = {.sync = sync, .set = set, .now_ns = now_ns};
    if (count > CHANGES_MOST)
        return false;
    retry_some(&retrying, count, true);
    retry_some(&retrying, count, false);
    return retrying.refused < REFUSED_MOST;
}
