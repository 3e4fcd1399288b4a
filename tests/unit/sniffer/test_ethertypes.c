/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sniffer/decode/ethertypes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_the_most_frequent_is_told(void **state)
{
    struct ethertypes types = {0};

    (void)state;
    assert_int_equal(ethertypes_most(&types).type, 0);
    ethertypes_count(&types, 0x22f3);
    ethertypes_count(&types, 0x88e5);
    ethertypes_count(&types, 0x88e5);
    assert_int_equal(ethertypes_most(&types).type, 0x88e5);
    assert_int_equal(ethertypes_most(&types).frames, 2);
}

static void test_what_carries_no_packet_is_left_out(void **state)
{
    struct ethertypes types = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        ethertypes_count(&types, 0x0806);
        ethertypes_count(&types, 0x88cc);
    }
    assert_int_equal(ethertypes_most(&types).frames, 0);
}

/* However many others there are: one in four is found. */
static void test_a_flood_of_others_does_not_hide_it(void **state)
{
    struct ethertypes types = {0};

    (void)state;
    for (unsigned i = 0; i < 40000; i++)
        ethertypes_count(&types, i % 4 == 0 ? 0x22f3 : (uint16_t)(0x9500 + i));
    assert_int_equal(ethertypes_most(&types).type, 0x22f3);
    assert_true(ethertypes_most(&types).frames >= 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_most_frequent_is_told),
        cmocka_unit_test(test_what_carries_no_packet_is_left_out),
        cmocka_unit_test(test_a_flood_of_others_does_not_hide_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
