/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which servers have answered questions for names of the whitelists: what an administrator needs to
 * fill in `resolvers`.  A small table: when it is full, whoever taught least makes room.  Pure.
 */
#ifndef WILDSET_DAEMON_RESOLVERS_H
#define WILDSET_DAEMON_RESOLVERS_H

#include "runtime/sighting.h"

#include <stddef.h>
#include <stdint.h>

enum { RESOLVERS_SEEN_MAX = 64 };

struct resolver_seen {
    struct address address;
    char interface[IFNAMSIZ]; /* where last; all zero when unknown */
    uint64_t answers;         /* learned */
    uint64_t untrusted;       /* refused: not in `resolvers`, or not on its interface */
    uint64_t refused;         /* for other reasons; duplicates do not count */
    uint64_t alarms;          /* answers that contradicted another one */
    uint64_t seen_ns;         /* CLOCK_BOOTTIME, the last time */
};

struct resolvers {
    struct resolver_seen seen[RESOLVERS_SEEN_MAX]; /* in no order */
    size_t count;
};

/* A sighting that was learned, with REASON_NONE, or refused, with its reason. */
void resolvers_note(struct resolvers *resolvers, const struct sighting *sighting,
                    enum reason reason, uint64_t now_ns);

#endif
