/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases that the next transaction is about.
 */
#include "setsync/writer/queue.h"

#include "setsync/sets/set_state.h"

#include <stdlib.h>

void queue_lease(struct setsync *sync, struct lease *lease)
{
    if (lease->queued || !sync->nft)
        return;
    if (sync->queue_count == sync->queue_room) {
        size_t room = sync->queue_room > 0 ? 2 * sync->queue_room : 256;
        struct lease **queue = reallocarray(sync->queue, room, sizeof(struct lease *));
        if (!queue) {
            set_doubt(lease->set, 0);
            return;
        }
        sync->queue = queue;
        sync->queue_room = room;
    }
    sync->queue[sync->queue_count++] = lease;
    lease->queued = true;
}
