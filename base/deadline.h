/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of what may be waited for, on the monotonic clock.
 */
#ifndef WILDSET_BASE_DEADLINE_H
#define WILDSET_BASE_DEADLINE_H

#include <stdint.h>
#include <time.h>

static inline uint64_t deadline_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static inline uint64_t deadline_in_ms(unsigned ms)
{
    return deadline_now_ns() + (uint64_t)ms * UINT64_C(1000000);
}

/* For poll(2): rounded up, so that it is over when poll says so. */
static inline int deadline_left_ms(uint64_t deadline_ns)
{
    uint64_t now_ns = deadline_now_ns();

    return deadline_ns > now_ns ? (int)((deadline_ns - now_ns + 999999) / 1000000) : 0;
}

#endif
