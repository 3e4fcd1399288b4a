/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was said of the kernel's side last, so that each change is logged once.
 */
#ifndef WILDSET_DAEMON_TOLD_H
#define WILDSET_DAEMON_TOLD_H

#include "setsync/setsync.h"

#include <stdint.h>

struct told {
    enum set_state sets[2 * WHITELISTS_MAX]; /* in setsync_set's order; SET_STATE_COUNT: nothing */
    uint64_t failures, failures_ns;
};

/* Other sets from now on. */
void told_forget(struct told *told);
/* Logs what has changed. */
void told_update(struct told *told, const struct setsync *sync);

#endif
