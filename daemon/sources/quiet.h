/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an interface has fallen silent, by its own usual rate: the longest time between two of
 * its packets so far.  A mirror that somebody has turned off looks like a quiet hour; one of four
 * times the longest there ever was does not.  Pure.
 */
#ifndef WILDSET_DAEMON_SOURCES_QUIET_H
#define WILDSET_DAEMON_SOURCES_QUIET_H

#include <stdbool.h>
#include <stdint.h>

struct quiet {
    uint64_t received;      /* as last reported */
    uint64_t since_ns;      /* when that grew last, or it began; 0: not watched */
    uint64_t week_ns;       /* when `longest_ns[0]` began */
    uint64_t longest_ns[2]; /* between two packets, in this week and the last */
    bool spoke;             /* ever */
};

/* A report, about each second; `up`: packets may come at all. */
void quiet_note(struct quiet *quiet, uint64_t received, bool up, uint64_t now_ns);
/* For how many seconds nothing has come, where that is unusual; 0 otherwise. */
uint64_t quiet_seconds(const struct quiet *quiet, uint64_t now_ns);
/* The longest time between two packets so far, in seconds. */
uint64_t quiet_usual(const struct quiet *quiet);

#endif
