/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits double, stay within their bounds, and are not all the same. */
#include "base/backoff.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DRAWS = 2000 };

static void test_it_doubles(void **context)
{
    static const uint32_t expected[] = {15, 15, 30, 60, 120, 240, 480, 600, 600};
    (void)context;

    for (unsigned failures = 0; failures < sizeof(expected) / sizeof(expected[0]); failures++)
        assert_int_equal(backoff_seconds(failures, 15, 600), expected[failures]);
    assert_int_equal(backoff_seconds(UINT_MAX, 15, 600), 600);
    assert_int_equal(backoff_seconds(UINT_MAX, 15, UINT32_MAX), UINT32_MAX);
    assert_int_equal(backoff_seconds(1, 15, 1), 1);
}

/* With 2000 draws of a wide range, the ends of it are near: a tenth is missed once in 10^90. */
static void expect_spread(uint64_t (*draw)(void), uint64_t least, uint64_t most)
{
    uint64_t smallest = UINT64_MAX, largest = 0, tenth = (most - least) / 10;

    for (unsigned i = 0; i < DRAWS; i++) {
        uint64_t ms = draw();

        assert_in_range(ms, least, most);
        smallest = ms < smallest ? ms : smallest;
        largest = ms > largest ? ms : largest;
    }
    assert_in_range(smallest, least, least + tenth);
    assert_in_range(largest, most - tenth, most);
}

static uint64_t poll_of_ten_minutes(void)
{
    return backoff_spread_ms(600, 5);
}

static uint64_t first_retry(void)
{
    return backoff_retry_ms(1, 600, 0);
}

static uint64_t third_retry(void)
{
    return backoff_retry_ms(3, 600, 0);
}

static uint64_t hundredth_retry(void)
{
    return backoff_retry_ms(100, 600, 0);
}

static uint64_t retry_of_an_impatient_poll(void)
{
    return backoff_retry_ms(9, 1, 0);
}

/* The server's 50 s are within what is drawn: never before them. */
static uint64_t retry_with_a_wish(void)
{
    return backoff_retry_ms(3, 600, 50);
}

static void test_the_spread_is_bounded(void **context)
{
    (void)context;
    expect_spread(poll_of_ten_minutes, 570000, 600000);
    expect_spread(first_retry, 7500, 15000);
    expect_spread(third_retry, 30000, 60000);
    expect_spread(hundredth_retry, 300000, 600000);
    expect_spread(retry_of_an_impatient_poll, 500, 1000);
    expect_spread(retry_with_a_wish, 50000, 60000);
    assert_int_equal(backoff_spread_ms(0, 50), 0);
    assert_int_equal(backoff_spread_ms(7, 0), 7000);
    assert_in_range(backoff_spread_ms(UINT32_MAX, 50), UINT32_MAX * 500ULL, UINT32_MAX * 1000ULL);
}

static void test_the_servers_wish_is_bounded(void **context)
{
    (void)context;
    assert_int_equal(backoff_retry_ms(1, 600, 120), 120000);
    assert_int_equal(backoff_retry_ms(1, 600, 3600), 3600000);
    assert_int_equal(backoff_retry_ms(1, 600, UINT32_MAX), 3600000);
    assert_int_equal(backoff_retry_ms(1, 86400, UINT32_MAX), 86400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_doubles),
        cmocka_unit_test(test_the_spread_is_bounded),
        cmocka_unit_test(test_the_servers_wish_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
