/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The priority is taken where it may be, and given back when the process does not sleep.
 */
#include "base/priority.h"

#include "base/clock.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static void run_until(uint64_t end_ns)
{
    while (clock_now().boot_ns < end_ns)
        ;
}

static void test_it_is_lost_without_sleep_and_comes_back(void **state)
{
    uint64_t start = clock_now().boot_ns;

    (void)state;
    assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
    while (sched_getscheduler(0) == SCHED_FIFO && clock_now().boot_ns < start + 2 * NS_PER_SECOND)
        ;
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    priority_regain();
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    run_until(clock_now().boot_ns + 11 * NS_PER_SECOND / 10);
    priority_regain();
    assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
}

static void test_sleeping_keeps_it(void **state)
{
    uint64_t start = clock_now().boot_ns;

    (void)state;
    while (clock_now().boot_ns < start + NS_PER_SECOND / 2) {
        run_until(clock_now().boot_ns + 5 * NS_PER_MS);
        usleep(1000);
    }
    assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleeping_keeps_it),
        cmocka_unit_test(test_it_is_lost_without_sleep_and_comes_back),
    };
    int r;

    (void)priority_allow();
    r = priority_take(PRIORITY_DAEMON);
    if (r == -EPERM) {
        puts("no real-time priority without privileges (RLIMIT_RTPRIO is 0): nothing to test");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
