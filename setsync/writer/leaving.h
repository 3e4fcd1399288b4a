/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is no lease any more and whose element is still in the kernel.
 */
#ifndef WILDSET_SETSYNC_WRITER_LEAVING_H
#define WILDSET_SETSYNC_WRITER_LEAVING_H

#include "setsync/setsync_state.h"

enum {
    LEAVING_MOST = 65536
}; /* on the books; then nothing new is granted that needs another's place */

/* It is out of the table of leases; the kernel may have to let go of its element. */
void leaving_begin(struct setsync *sync, struct lease *lease, const struct moment *now);
/* An element of ours, until then, without a lease. */
void leaving_add(struct setsync *sync, struct set *set, const struct address *address,
                 uint64_t end_ns, const struct moment *now);
/* A new lease: if the element of one before it has yet to go, it becomes this one's. */
void leaving_inherit(struct setsync *sync, struct lease *lease);
/* A transaction is over: is it gone, and when is it to be tried again? */
void leaving_settle(struct setsync *sync, struct lease *lease, uint64_t now_ns);
/* A set can be written again: what has to go from it is not to wait. */
void leaving_hurry(struct setsync *sync, const struct set *set, const struct moment *now);
uint64_t leaving_due(const struct setsync *sync);
/* Those whose time has come, and no more than so many, go into the next transaction. */
void leaving_run(struct setsync *sync, size_t most, const struct moment *now);

#endif
