/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One feed and its file.  A change is written at most each two seconds, by a child, so that no
 * answer waits for a disk.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_OUTLET_H
#define WILDSET_DAEMON_OUTPUTS_OUTLET_H

#include "base/background_write.h"
#include "base/clock.h"
#include "daemon/outputs/feed.h"
#include "setsync/policy/event.h"

struct setsync;

/* One file, and what belongs in it. */
struct outlet {
    struct outlet *next;
    char whitelist[WHITELIST_NAME_MAX];
    char path[WHITELIST_FEED_MAX];
    struct set_name set4, set6;
    struct feed *feed;
    struct background_write write;
    uint64_t writing; /* what the child writes, as feed_changes counts */
    uint64_t written; /* UINT64_MAX: nothing yet */
    uint64_t not_before_ns;
    uint64_t written_real_ns;
    int error;
    bool retired; /* in no configuration any more: to be emptied, then forgotten */
};

/* A feed with this whitelist's limits, and nothing in it; NULL when out of memory. */
struct outlet *outlet_new(const char *path, const struct whitelist *whitelist);
void outlet_free(struct outlet *outlet);
/* Writes what was not written yet, waits for it, and frees. */
void outlet_end(struct outlet *outlet);

/* The whitelist as it is now, with its leases.  0 or -ENOMEM. */
int outlet_configure(struct outlet *outlet, const struct whitelist *whitelist,
                     const struct setsync *sync, const struct moment *now);
/* Empty from now on. */
void outlet_retire(struct outlet *outlet);
void outlet_event(struct outlet *outlet, const struct event *event, uint64_t boot_ns);

/* When outlet_run has work next: CLOCK_BOOTTIME, UINT64_MAX for never. */
uint64_t outlet_due(const struct outlet *outlet);
void outlet_run(struct outlet *outlet, uint64_t now_ns);
/* A child has ended; perhaps this one's. */
void outlet_reap(struct outlet *outlet);
/* Whether the file is not yet what it should be. */
bool outlet_is_dirty(const struct outlet *outlet);

#endif
