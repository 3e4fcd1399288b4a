/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that the registry process reads before its sandbox, and cannot read again: resolv.conf,
 * hosts, certificates.  Looked at every few seconds.
 */
#ifndef WILDSET_DAEMON_WATCHED_H
#define WILDSET_DAEMON_WATCHED_H

#include "registry/pollplan.h"
#include "runtime/loop.h"

struct watched;

int watched_new(struct loop *loop, void (*changed)(void *context, const char *path), void *context,
                struct watched **out);
void watched_free(struct watched *watched);
/* What this plan reads, as it is now; NULL: nothing. */
void watched_set(struct watched *watched, const struct poll_plan *plan);

#endif
