/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source process: fork and exec with its channel, its plan and nothing else of ours.
 */
#ifndef WILDSET_DAEMON_SOURCES_SPAWN_H
#define WILDSET_DAEMON_SOURCES_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct plan_interface;

struct source_start {
    const char *path; /* of its program */
    int plan;         /* the sealed memfd; lent */
    int cpu_latency;  /* /dev/cpu_dma_latency, or -1; lent */
    bool catches_up;  /* it is asked to: process_start makes what for */
    int catch_up;     /* that eventfd, or -1; lent */
    bool realtime;    /* it begins with the daemon's priority */
    bool net_raw;     /* the one capability that may be passed */
    bool proxy;       /* the environment's proxy variables are passed too */
    const int *extra; /* more descriptors, lent; -1: none in this place */
    size_t extra_count;
    int extra_first;                         /* the number of the first one there */
    const struct plan_interface *interfaces; /* that its plan names */
    size_t interface_count;
};

/*
 * Waits until the program runs (or cannot): 0 with its process and the channel's reading end, or
 * -errno of whatever failed, `stage` saying what ("executing").
 */
int source_start(const struct source_start *start, pid_t *pid, int *reader, const char **stage);

#endif
