/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantiles are interpolated between a bucket's limits.
 */
#include "daemon/control/histogram.h"

#include "source/json.h"

static uint64_t bucket_limit(unsigned bucket)
{
    return (uint64_t)HISTOGRAM_FIRST_US << bucket;
}

static uint64_t count_of(const uint64_t buckets[static HISTOGRAM_BUCKETS])
{
    uint64_t count = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += buckets[i];
    return count;
}

/* In the last bucket, which has no upper limit, the lower one. */
static uint64_t quantile(const uint64_t buckets[static HISTOGRAM_BUCKETS], double share)
{
    double wanted = share * (double)count_of(buckets);
    double below = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        double count = (double)buckets[i];
        double from = i ? (double)bucket_limit(i - 1) : 0;

        if (count > 0 && below + count >= wanted)
            return (uint64_t)(from + ((double)bucket_limit(i) - from) * (wanted - below) / count);
        below += count;
    }
    return bucket_limit(HISTOGRAM_BUCKETS - 2);
}

json_t *histogram_to_json(const uint64_t buckets[static HISTOGRAM_BUCKETS], uint64_t sum_us)
{
    json_t *object = json_object();
    json_t *array = json_array();
    uint64_t count = count_of(buckets);

    put_count(object, "count", count);
    put_count(object, "sum_us", sum_us);
    if (count > 0) {
        put_count(object, "mean_us", sum_us / count);
        put_count(object, "median_us", quantile(buckets, 0.5));
        put_count(object, "p99_us", quantile(buckets, 0.99));
    }
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        json_t *bucket = json_object();

        if (i < HISTOGRAM_BUCKETS - 1)
            put_count(bucket, "below_us", bucket_limit(i));
        put_count(bucket, "count", buckets[i]);
        json_array_append_new(array, bucket);
    }
    json_object_set_new(object, "buckets", array);
    return object;
}
