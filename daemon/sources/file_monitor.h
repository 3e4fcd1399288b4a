/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files whose content somebody has read and goes by, looked at every few seconds: resolv.conf,
 * hosts, certificates.
 */
#ifndef WILDSET_DAEMON_SOURCES_FILE_MONITOR_H
#define WILDSET_DAEMON_SOURCES_FILE_MONITOR_H

#include "base/loop.h"

#include <stddef.h>

enum { FILE_MONITOR_MAX = 70 };

struct file_monitor;

int file_monitor_new(struct loop *loop, void (*changed)(void *context, const char *path),
                     void *context, struct file_monitor **out);
void file_monitor_free(struct file_monitor *watched);
/* These from now on, as they are now; FILE_MONITOR_MAX at most, a NULL is passed over. */
void file_monitor_set(struct file_monitor *watched, const char *const *paths, size_t count);

#endif
