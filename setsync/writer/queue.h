/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases that the next transaction is about.
 */
#ifndef WILDSET_SETSYNC_WRITER_QUEUE_H
#define WILDSET_SETSYNC_WRITER_QUEUE_H

#include "setsync/setsync_state.h"

/* Puts a lease into the next transaction. */
void queue_lease(struct setsync *sync, struct lease *lease);

#endif
