/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real-time priority for the way of an answer (sched(7), SCHED_FIFO), where the process may take
 * it: started by root, or with LimitRTPRIO in the unit.  The daemon's is the higher one: what a
 * source sends it runs at once, on the same CPU, before the source goes on.  It must not cost
 * others their processor: who has run for 50 ms without sleeping (RLIMIT_RTTIME) is an ordinary
 * process again, for a second.
 */
#ifndef WILDSET_BASE_PRIORITY_H
#define WILDSET_BASE_PRIORITY_H

enum priority {
    PRIORITY_SOURCE = 1, /* the lowest: ahead of every ordinary process, behind the kernel's own */
    PRIORITY_DAEMON = 2,
};

/* Before privileges are dropped: this process and its children may take it again.  0 or -errno. */
int priority_allow(void);

/* 0 or -errno; -EPERM where it was not granted: everything works without. */
int priority_take(enum priority priority);
/* Takes it again after it was lost for a second; call it now and then, it costs next to nothing. */
void priority_regain(void);

#endif
