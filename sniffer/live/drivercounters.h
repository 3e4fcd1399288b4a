/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that an interface or its driver dropped before anybody could capture them, and frames
 * that passed it, as sysfs counts them.  libpcap reads the same files, but opens them each time: a
 * sandboxed process cannot.
 */
#ifndef WILDSET_SNIFFER_LIVE_DRIVERCOUNTERS_H
#define WILDSET_SNIFFER_LIVE_DRIVERCOUNTERS_H

#include <stdint.h>

enum { DRIVERCOUNTERS_FILES = 2 };

/* Some of the files, added up. */
struct drivercounter {
    int files[DRIVERCOUNTERS_FILES]; /* -1 where there is none */
    uint64_t before;                 /* what they said when they were opened */
};

struct drivercounters {
    struct drivercounter dropped, frames;
};

/* Counts nothing until it is opened. */
void drivercounters_init(struct drivercounters *counters);
void drivercounters_open(struct drivercounters *counters, const char *interface);
void drivercounters_close(struct drivercounters *counters);
/* Packets dropped since the opening. */
uint64_t drivercounters_dropped(const struct drivercounters *counters);
/* Frames that came in or went out since then. */
uint64_t drivercounters_frames(const struct drivercounters *counters);

#endif
