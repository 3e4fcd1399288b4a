/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time as text.
 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_text_has_microseconds_and_is_utc(void **state)
{
    char text[CLOCK_TEXT_MAX];

    (void)state;
    assert_string_equal(clock_to_text(UINT64_C(1767323045678901234), text),
                        "2026-01-02T03:04:05.678901Z");
    assert_string_equal(clock_to_text(0, text), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(clock_to_text(UINT64_MAX, text), "2554-07-21T23:34:33.709551Z");
}

static void test_time_goes_on(void **state)
{
    struct moment a = clock_now(), b = clock_now();

    (void)state;
    assert_true(a.boot_ns > 0 && a.boot_ns <= b.boot_ns);
    assert_true(a.real_ns > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_has_microseconds_and_is_utc),
        cmocka_unit_test(test_time_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
