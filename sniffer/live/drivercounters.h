/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that an interface or its driver dropped before anybody could capture them, and frames
 * that passed it, as sysfs counts them.  libpcap reads the same files, but opens them each time: a
 * sandboxed process cannot.
 */
#ifndef WILDSET_SNIFFER_LIVE_DRIVERCOUNTERS_H
#define WILDSET_SNIFFER_LIVE_DRIVERCOUNTERS_H

#include <stdint.h>

enum drivercounter {
    DRIVERCOUNTER_DROPPED, /* packets */
    DRIVERCOUNTER_FRAMES,  /* that came in or went out */
    DRIVERCOUNTERS,
};

enum { DRIVERCOUNTER_FILES = 2 }; /* added up */

struct drivercounters {
    int files[DRIVERCOUNTERS][DRIVERCOUNTER_FILES]; /* -1 where there is none */
    uint64_t before[DRIVERCOUNTERS];                /* what they said when they were opened */
};

/* Counts nothing until it is opened. */
void drivercounters_init(struct drivercounters *counters);
void drivercounters_open(struct drivercounters *counters, const char *interface);
void drivercounters_close(struct drivercounters *counters);
/* How many since the opening. */
uint64_t drivercounters_read(const struct drivercounters *counters, enum drivercounter which);

#endif
