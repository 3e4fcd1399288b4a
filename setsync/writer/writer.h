/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases to elements, one transaction at a time.
 */
#ifndef WILDSET_SETSYNC_WRITER_WRITER_H
#define WILDSET_SETSYNC_WRITER_WRITER_H

#include "setsync/setsync_state.h"

/* Queues it when it has to be written now, else sees to it that it is due in time. */
void writer_consider(struct setsync *sync, struct lease *lease, uint64_t now_ns);
/* When something must be done about this lease next. */
uint64_t writer_due(const struct lease *lease);
/* One transaction for the queue; sets that fail leave it and are looked at again. */
void writer_flush(struct setsync *sync, const struct moment *now);
/* What is in the kernel decides whether a lease needs a write at all. */
void writer_screen(struct lease *lease, const struct nftset_element *element);
/* How far the kernel's side of a lease has come from here on. */
void writer_mark(struct lease *lease, enum lease_write write);

/* Before a lease's end counts: what others made of its element, when the sweep has yet to tell. */
void writer_look(struct setsync *sync, struct lease *lease);
/* How an element of this lease is written now. */
struct nftset_change writer_change(const struct setsync *sync, const struct lease *lease,
                                   uint64_t now_ns);

#endif
