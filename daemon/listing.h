/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases as they were at one moment, kept small, and made into JSON one by one as the client
 * reads: nothing of it can hold the daemon up.
 */
#ifndef WILDSET_DAEMON_LISTING_H
#define WILDSET_DAEMON_LISTING_H

#include "runtime/clock.h"

#include <jansson.h>

struct listing;
struct setsync;

/* The leases of one whitelist, of all for NULL.  NULL when memory is out. */
struct listing *listing_new(const struct setsync *sync, const char *whitelist,
                            const struct moment *now);
void listing_free(struct listing *listing);
/*
 * The next lease as an object with the keys of replay's lines, `left` and `expires` as of the
 * moment that listing_new was given.  NULL at the end, or when memory is out.
 */
json_t *listing_next(struct listing *listing);

#endif
