/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live sniffer: captures, pipeline, anticipation and outbox, and the loop that drives them.
 * Opened with CAP_NET_RAW, run without any; after live_open it opens nothing.
 */
#ifndef WILDSET_SNIFFER_LIVE_LIVE_H
#define WILDSET_SNIFFER_LIVE_LIVE_H

#include "sniffer/plan.h"

#include <stdbool.h>

struct live;

/* What signal handlers tell the loop; the signals are blocked but while it waits. */
struct live_signals {
    volatile bool drain; /* SIGTERM */
    volatile bool end;   /* SIGINT */
};

/*
 * Opens the plan's interfaces; one that is missing or down is reported and left out.  The plan is
 * borrowed; a descriptor that is not there is -1.  0, -EPERM without CAP_NET_RAW, or another
 * -errno.
 */
int live_open(const struct plan *plan, int channel, int catch_up, int cpu_latency,
              struct live **out);
/* Reports ready, then works until drained, ended or left alone.  0, or -errno when it has to fail.
 */
int live_run(struct live *live, const struct live_signals *signals);

#endif
