/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How late a mirror port delivers its copies, as far as packets show it that came before the copy
 * of the answer which allows their address.  Pure.
 */
#ifndef WILDSET_DAEMON_HOLD_LATENESS_H
#define WILDSET_DAEMON_HOLD_LATENESS_H

#include <stdint.h>

enum {
    LATENESS_MOST_MS = 25, /* no switch delays a copy longer: the client knew the address before */
    LATENESS_KEPT = 8,
};

struct lateness {
    struct {
        uint64_t seen_ns, by_ns; /* CLOCK_BOOTTIME; by 0: none */
    } kept[LATENESS_KEPT];
    unsigned next;
    uint64_t count, most_ns;
};

void lateness_note(struct lateness *lateness, uint64_t by_ns, uint64_t now_ns);
/*
 * So long a packet has to wait for a copy to be there: a little more than the second latest of the
 * last ten minutes, as one may be chance; 0 where copies are in time.
 */
uint64_t lateness_wait_ns(const struct lateness *lateness, uint64_t now_ns);

#endif
