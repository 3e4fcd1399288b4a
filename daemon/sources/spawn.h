/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source process: fork and exec with its channel, its plan and nothing else of ours.
 */
#ifndef WILDSET_DAEMON_SOURCES_SPAWN_H
#define WILDSET_DAEMON_SOURCES_SPAWN_H

#include "source/fds.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct plan_interface;

struct source_start {
    const char *path;          /* of its program */
    int plan;                  /* the sealed memfd; lent */
    bool realtime;             /* it begins with the daemon's priority */
    bool requests;             /* it can be written to as well */
    bool net_raw;              /* the one capability that may be passed */
    bool proxy;                /* the environment's proxy variables are passed too */
    int lent[SOURCE_LENT_MAX]; /* there from SOURCE_LENT_FD on; -1: none in this place */
    size_t lent_count;
    int catch_up_fd; /* the number there of the eventfd among them that process_start makes; 0: it
                        is never asked to catch up */
    const struct plan_interface *interfaces; /* that its plan names */
    size_t interface_count;
};

/*
 * Waits until the program runs (or cannot): 0 with its process and the channel's reading end, or
 * -errno of whatever failed, `stage` saying what ("executing").
 */
int source_start(const struct source_start *start, pid_t *pid, int *reader, const char **stage);

#endif
