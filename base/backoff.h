/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long to wait before something is tried again: doubled with each failure, and spread by
 * chance, so that what failed together is not tried together again.
 */
#ifndef WILDSET_BASE_BACKOFF_H
#define WILDSET_BASE_BACKOFF_H

#include <stdint.h>

/* `first` for one failure, twice as long for each more in a row, never longer than `most`. */
uint32_t backoff_seconds(unsigned failures, uint32_t first, uint32_t most);

/* Milliseconds: all of `seconds`, or up to `per_cent` of it less. */
uint64_t backoff_spread_ms(uint32_t seconds, unsigned per_cent);

/*
 * Milliseconds until a list is fetched again that is polled every `interval` seconds: backed off
 * from 15 s up to the interval and spread, but not before `retry_after` seconds, as the server
 * wished (RFC 9110 section 10.2.3; 0: it did not).  That is heard up to an hour, or the interval
 * where it is longer.
 */
uint64_t backoff_retry_ms(unsigned failures, uint32_t interval, uint32_t retry_after);

#endif
