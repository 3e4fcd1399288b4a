/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of one whitelist for firewalls that fetch them: each as long as its lease, and a
 * linger beyond, so that a reader which comes by now and then does not take away what is still
 * used. Pure: times are CLOCK_BOOTTIME, nothing is read or written here.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_FEED_H
#define WILDSET_DAEMON_OUTPUTS_FEED_H

#include "dnsparse/names/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct feed;

/* What linger makes of the past is bounded: so many addresses, then the one that would leave next
 * makes room. */
struct feed_limits {
    uint64_t linger_ns;
    size_t most; /* at least 1 */
};

/* NULL when out of memory. */
struct feed *feed_new(const struct feed_limits *limits);
void feed_free(struct feed *feed);
/* Leased until then: in the feed until `linger` after that.  Never shortened.  0 or -ENOMEM. */
int feed_hold(struct feed *feed, const struct address *address, uint64_t end_ns);
/* Taken back: leaves at once. */
void feed_drop(struct feed *feed, const struct address *address);
void feed_clear(struct feed *feed);
/* When the next address leaves, UINT64_MAX for never. */
uint64_t feed_due(const struct feed *feed);
/* Lets those go whose time is over. */
void feed_run(struct feed *feed, uint64_t now_ns);

/*
 * Against the leases themselves: between the two calls each one is held again; what then was not,
 * and has no end in the past to linger from, was taken back in the meantime.
 */
int feed_compare_begin(struct feed *feed, const struct feed_limits *limits);
void feed_compare_end(struct feed *feed, uint64_t now_ns);

size_t feed_count(const struct feed *feed);
/* Grows with each address that comes or goes. */
uint64_t feed_changes(const struct feed *feed);
/* One address a line, IPv4 first, each family by value. */
void feed_print(const struct feed *feed, FILE *out);

#endif
