/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Silence, by what is usual where it is. */
#include "daemon/sources/quiet.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START (1000 * NS_PER_SECOND)
enum { HOUR = 3600, DAY = 24 * HOUR };

/* One packet each `every` seconds, from `from` to `to`; a report each second. */
static uint64_t talk(struct quiet *quiet, uint64_t received, unsigned from, unsigned to,
                     unsigned every)
{
    for (unsigned second = from; second < to; second++) {
        received += every > 0 && second % every == 0;
        quiet_note(quiet, received, true, START + second * NS_PER_SECOND);
    }
    return received;
}

static uint64_t at(const struct quiet *quiet, unsigned second)
{
    return quiet_seconds(quiet, START + second * NS_PER_SECOND);
}

static void test_a_mirror_that_fell_silent_after_its_first_answer(void **state)
{
    struct quiet quiet = {0};

    (void)state;
    quiet_note(&quiet, 0, true, START);
    quiet_note(&quiet, 2, true, START + 5 * NS_PER_SECOND);
    talk(&quiet, 2, 6, 200, 0);
    assert_int_equal(at(&quiet, 60), 0);
    assert_int_equal(at(&quiet, 70), 65);
    assert_true(quiet.spoke);
}

static void test_one_that_never_spoke(void **state)
{
    struct quiet quiet = {0};

    (void)state;
    talk(&quiet, 0, 0, 100, 0);
    assert_int_equal(at(&quiet, 100), 100);
    assert_false(quiet.spoke);
}

/* A packet in ten minutes is what it has: half an hour is nothing there. */
static void test_a_small_network_is_not_silent(void **state)
{
    struct quiet quiet = {0};
    uint64_t received;

    (void)state;
    received = talk(&quiet, 0, 0, 2 * HOUR, 600);
    assert_int_equal(at(&quiet, 2 * HOUR + 1800), 0);
    talk(&quiet, received, 2 * HOUR, 2 * HOUR + 2500, 0);
    assert_true(at(&quiet, 2 * HOUR + 2500) > 2400);
}

static void test_a_busy_one_is_found_within_a_minute(void **state)
{
    struct quiet quiet = {0};

    (void)state;
    talk(&quiet, 0, 0, HOUR, 1);
    assert_int_equal(at(&quiet, HOUR + 50), 0);
    assert_true(at(&quiet, HOUR + 65) > 60);
    assert_int_equal(quiet_usual(&quiet), 1);
}

static void test_what_is_down_is_not_silent(void **state)
{
    struct quiet quiet = {0};

    (void)state;
    talk(&quiet, 0, 0, 100, 1);
    quiet_note(&quiet, 100, false, START + 1000 * NS_PER_SECOND);
    assert_int_equal(at(&quiet, 1030), 0);
    assert_int_equal(quiet_usual(&quiet), 1);
}

/* Its counts begin anew, and are no sign of life by themselves. */
static void test_another_sniffer(void **state)
{
    struct quiet quiet = {0};

    (void)state;
    talk(&quiet, 0, 0, 100, 1);
    quiet_note(&quiet, 0, true, START + 130 * NS_PER_SECOND);
    assert_true(at(&quiet, 170) > 60);
    quiet_note(&quiet, 1, true, START + 171 * NS_PER_SECOND);
    assert_int_equal(at(&quiet, 172), 0);
}

static void test_an_odd_pause_is_forgotten(void **state)
{
    struct quiet quiet = {0};
    uint64_t received;

    (void)state;
    received = talk(&quiet, 0, 0, 10, 1);
    received = talk(&quiet, received, DAY, 15 * DAY + 10, 5);
    assert_int_equal(quiet_usual(&quiet), 5);
    assert_true(at(&quiet, 15 * DAY + 10 + 100) > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mirror_that_fell_silent_after_its_first_answer),
        cmocka_unit_test(test_one_that_never_spoke),
        cmocka_unit_test(test_a_small_network_is_not_silent),
        cmocka_unit_test(test_a_busy_one_is_found_within_a_minute),
        cmocka_unit_test(test_what_is_down_is_not_silent),
        cmocka_unit_test(test_another_sniffer),
        cmocka_unit_test(test_an_odd_pause_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
