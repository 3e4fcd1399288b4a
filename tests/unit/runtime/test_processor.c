/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Staying on a CPU and being free again, with what the caller may use kept.
 */
#include "runtime/processor.h"

#include "runtime/priority.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static cpu_set_t at_first;

static cpu_set_t allowed(void)
{
    cpu_set_t set;

    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    return set;
}

static uint32_t last_of(const cpu_set_t *set)
{
    uint32_t cpu = PROCESSOR_MAX - 1;

    while (!CPU_ISSET(cpu, set))
        cpu--;
    return cpu;
}

static uint32_t first_of(const cpu_set_t *set)
{
    uint32_t cpu = 0;

    while (!CPU_ISSET(cpu, set))
        cpu++;
    return cpu;
}

static void assert_only(uint32_t cpu)
{
    cpu_set_t set = allowed();

    assert_int_equal(CPU_COUNT(&set), 1);
    assert_true(CPU_ISSET(cpu, &set));
    assert_int_equal(processor_here(), cpu);
}

static void assert_free(void)
{
    cpu_set_t set = allowed();

    assert_true(CPU_EQUAL(&set, &at_first));
}

static void test_stays_and_roams(void **state)
{
    (void)state;
    processor_stay_on(first_of(&at_first));
    assert_only(first_of(&at_first));
    processor_stay_on(last_of(&at_first));
    assert_only(last_of(&at_first));
    processor_roam();
    assert_free();
    processor_roam();
    assert_free();
}

static void test_nowhere_else_than_allowed(void **state)
{
    cpu_set_t one;

    (void)state;
    processor_stay_on(PROCESSOR_MAX);
    processor_stay_on(UINT32_MAX);
    assert_free();
    processor_stay_on(PROCESSOR_MAX - 1); /* does not exist, or is one of many */
    processor_roam();
    assert_free();
    if (CPU_COUNT(&at_first) < 2)
        return;
    CPU_ZERO(&one);
    CPU_SET(first_of(&at_first), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    processor_stay_on(last_of(&at_first));
    assert_only(first_of(&at_first));
    processor_roam();
    assert_only(first_of(&at_first));
    assert_int_equal(sched_setaffinity(0, sizeof(at_first), &at_first), 0);
}

static void test_not_without_a_priority(void **state)
{
    (void)state;
    assert_false(priority_is_held());
    processor_stay_on(first_of(&at_first));
    assert_free();
}

int main(void)
{
    const struct CMUnitTest without[] = {cmocka_unit_test(test_not_without_a_priority)};
    const struct CMUnitTest with[] = {
        cmocka_unit_test(test_stays_and_roams),
        cmocka_unit_test(test_nowhere_else_than_allowed),
    };
    int failed;

    at_first = allowed();
    failed = cmocka_run_group_tests(without, NULL, NULL);
    (void)priority_allow();
    if (priority_take(PRIORITY_SOURCE) == -EPERM) {
        puts("no real-time priority without privileges (RLIMIT_RTPRIO is 0): the rest is not "
             "tested");
        return failed;
    }
    failed += cmocka_run_group_tests(with, NULL, NULL);
    /* A leak check at exit takes longer without sleep than a priority is lent for. */
    sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
    return failed;
}
