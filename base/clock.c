/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the clocks, and printing the wall clock.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

struct moment clock_now(void)
{
    return (struct moment){.boot_ns = read_ns(CLOCK_BOOTTIME), .real_ns = read_ns(CLOCK_REALTIME)};
}

const char *clock_to_text(uint64_t real_ns, char out[static CLOCK_TEXT_MAX])
{
    /* uint64_t nanoseconds end in the year 2554: the text always fits. */
    time_t seconds = (time_t)(real_ns / NS_PER_SECOND);
    unsigned microseconds = (unsigned)(real_ns % NS_PER_SECOND / NS_PER_US);
    struct tm utc;
    size_t length;

    gmtime_r(&seconds, &utc);
    length = strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + length, CLOCK_TEXT_MAX - length, ".%06uZ", microseconds % 1000000);
    return out;
}
