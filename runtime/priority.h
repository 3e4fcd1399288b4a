/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real-time priority for the way of an answer (sched(7), SCHED_FIFO at 1), where the process may take
 * it: started by root, or with LimitRTPRIO in the unit.  It must not cost others their processor: who
 * has run for 50 ms without sleeping (RLIMIT_RTTIME) is an ordinary process again, for a second.
 */
#ifndef WILDSET_RUNTIME_PRIORITY_H
#define WILDSET_RUNTIME_PRIORITY_H

/* Before privileges are dropped: this process and its children may take it again.  0 or -errno. */
int priority_allow(void);
/* 0 or -errno; -EPERM where it was not granted: everything works without. */
int priority_take(void);
/* Takes it again after it was lost for a second; call it now and then, it costs next to nothing. */
void priority_regain(void);

#endif
