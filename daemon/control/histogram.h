/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times in buckets, each twice as wide as the one before, as JSON: count, sum_us, mean_us,
 * median_us, p99_us and buckets of {below_us, count}; the last one has no limit.
 */
#ifndef WILDSET_DAEMON_CONTROL_HISTOGRAM_H
#define WILDSET_DAEMON_CONTROL_HISTOGRAM_H

#include <jansson.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 16, HISTOGRAM_FIRST_US = 10 };

/* A new reference. */
json_t *histogram_to_json(const uint64_t buckets[static HISTOGRAM_BUCKETS], uint64_t sum_us);

#endif
