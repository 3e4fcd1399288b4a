/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exponential back-off.  Chance is of the kernel's; without any the wait is the longest.
 */
#include "base/backoff.h"

#include <sys/random.h>
#include <sys/types.h>

enum {
    MS_PER_SECOND = 1000,
    RETRY_FIRST_SECONDS = 15,
    RETRY_AFTER_MOST_SECONDS = 3600,
    RETRY_SPREAD_PER_CENT = 50,
};

uint32_t backoff_seconds(unsigned failures, uint32_t first, uint32_t most)
{
    uint64_t seconds = first;

    while (failures-- > 1 && seconds < most)
        seconds *= 2;
    return seconds < most ? (uint32_t)seconds : most;
}

uint64_t backoff_spread_ms(uint32_t seconds, unsigned per_cent)
{
    uint64_t ms = (uint64_t)seconds * MS_PER_SECOND, most = ms * per_cent / 100;
    uint64_t random;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return ms;
    return ms - random % (most + 1);
}

uint64_t backoff_retry_ms(unsigned failures, uint32_t interval, uint32_t retry_after)
{
    uint32_t seconds = backoff_seconds(failures, RETRY_FIRST_SECONDS, interval);
    uint32_t longest = interval > RETRY_AFTER_MOST_SECONDS ? interval : RETRY_AFTER_MOST_SECONDS;
    uint64_t ms = backoff_spread_ms(seconds, RETRY_SPREAD_PER_CENT), wished_ms;

    wished_ms = (uint64_t)(retry_after < longest ? retry_after : longest) * MS_PER_SECOND;
    return ms > wished_ms ? ms : wished_ms;
}
