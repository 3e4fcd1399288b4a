/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files whose content somebody has read and goes by, looked at every few seconds: resolv.conf,
 * hosts, certificates.
 */
#ifndef WILDSET_DAEMON_SOURCES_FILE_MONITOR_H
#define WILDSET_DAEMON_SOURCES_FILE_MONITOR_H

#include "base/loop.h"

#include <stddef.h>

enum { WATCHED_MAX = 70 };

struct watched;

int watched_new(struct loop *loop, void (*changed)(void *context, const char *path), void *context,
                struct watched **out);
void watched_free(struct watched *watched);
/* These from now on, as they are now; WATCHED_MAX at most, a NULL is passed over. */
void watched_set(struct watched *watched, const char *const *paths, size_t count);

#endif
