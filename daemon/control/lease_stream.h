/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases, read a slice at a time as the client takes them and made into JSON one by one:
 * however many there are, nothing of it can hold the daemon up.
 */
#ifndef WILDSET_DAEMON_CONTROL_LEASE_STREAM_H
#define WILDSET_DAEMON_CONTROL_LEASE_STREAM_H

#include <jansson.h>
#include <stdbool.h>

struct listing;
struct setsync;

/* The leases of one whitelist, of all for NULL.  NULL when out of memory. */
struct listing *listing_new(const char *whitelist, bool as_rows);
void listing_free(struct listing *listing);
/*
 * The next lease as an object with the keys of replay's lines; in no order, and one may come twice.
 * As rows some leases at once: {"protocol":1,"rows":TEXT} with a line each, set, address, name,
 * seconds left, source, whitelist and element, by tabs.  NULL when this turn's share of leases held
 * none that is wanted, and, with *end, after the last.
 */
json_t *listing_next(struct listing *listing, const struct setsync *sync, bool *end);

#endif
