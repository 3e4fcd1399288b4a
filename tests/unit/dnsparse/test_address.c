/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes: what is read, what is refused, what is printed. */
#include "dnsparse/names/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(address_from_text(text, &address));
    return address;
}

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;

    assert_true(prefix_from_text(text, &prefix));
    return prefix;
}

static void test_text_comes_back_in_its_one_form(void **state)
{
    static const char *const texts[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::", "::"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address address = address_of(texts[i][0]);

        assert_string_equal(address_to_text(&address, text), texts[i][1]);
        assert_true(address_is_canonical(&address));
    }
}

static void test_what_is_no_address_is_refused_and_leaves_out_alone(void **state)
{
    static const char *const texts[] = {"",           "192.0.2",      "192.0.2.256",
                                        "192.0.2.1 ", "0x7f.1",       "fe80::1%1",
                                        "1::2::3",    "192.0.2.1/32", "localhost"};
    struct address address = {.family = 77};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(address_from_text(texts[i], &address));
        assert_int_equal(address.family, 77);
    }
}

static void test_unknown_address_prints_as_nothing(void **state)
{
    struct address none = {0};
    char text[ADDRESS_TEXT_MAX] = "x";

    (void)state;
    assert_string_equal(address_to_text(&none, text), "");
    assert_int_equal(address_size(&none), 0);
    assert_false(address_is_canonical(&none));
}

static void test_ipv4_with_bytes_behind_is_not_canonical(void **state)
{
    struct address address = address_of("192.0.2.1");

    (void)state;
    for (size_t i = 4; i < 16; i++) {
        address.bytes[i] = 1;
        assert_false(address_is_canonical(&address));
        address.bytes[i] = 0;
    }
    assert_true(address_is_canonical(&address));
    address.family = 5;
    assert_false(address_is_canonical(&address));
}

static void test_order_is_family_then_value(void **state)
{
    struct address a = address_of("192.0.2.1"), b = address_of("192.0.2.2"), c = address_of("::");

    (void)state;
    assert_true(address_compare(&a, &b) < 0);
    assert_true(address_compare(&b, &a) > 0);
    assert_true(address_compare(&b, &c) < 0);
    assert_int_equal(address_compare(&a, &a), 0);
    assert_true(address_equal(&a, &a));
    assert_false(address_equal(&a, &b));
}

static void test_prefixes_come_back(void **state)
{
    static const char *const texts[] = {"0.0.0.0/0", "10.0.0.0/8",   "192.0.2.1",  "::/0",
                                        "fc00::/7",  "64:ff9b::/96", "2001:db8::1"};
    char text[PREFIX_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct prefix prefix = prefix_of(texts[i]);

        assert_string_equal(prefix_to_text(&prefix, text), texts[i]);
    }
}

static void test_what_is_no_prefix_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0.0/08",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/8 ",
        "10.0.0.0/+8",
        "fc00::1/7",
        "10.0.0.0/8/8",
        "::1/0000128",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/8"};
    struct prefix prefix = {.length = 77};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(prefix_from_text(texts[i], &prefix));
        assert_int_equal(prefix.length, 77);
    }
}

static void test_prefix_contains_to_the_bit(void **state)
{
    static const struct {
        const char *prefix, *address;
        bool inside;
    } cases[] = {
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::", false},
        {"::/0", "0.0.0.0", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"fc00::/7", "fdff::1", true},
        {"fc00::/7", "fe00::", false},
        {"100.64.0.0/10", "100.127.255.255", true},
        {"100.64.0.0/10", "100.128.0.0", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct prefix prefix = prefix_of(cases[i].prefix);
        struct address address = address_of(cases[i].address);

        assert_int_equal(prefix_contains(&prefix, &address), cases[i].inside);
    }
}

static void test_prefix_contains_no_unknown_address(void **state)
{
    struct prefix none = {0};
    struct address address = {0};

    (void)state;
    assert_false(prefix_contains(&none, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_comes_back_in_its_one_form),
        cmocka_unit_test(test_what_is_no_address_is_refused_and_leaves_out_alone),
        cmocka_unit_test(test_unknown_address_prints_as_nothing),
        cmocka_unit_test(test_ipv4_with_bytes_behind_is_not_canonical),
        cmocka_unit_test(test_order_is_family_then_value),
        cmocka_unit_test(test_prefixes_come_back),
        cmocka_unit_test(test_what_is_no_prefix_is_refused),
        cmocka_unit_test(test_prefix_contains_to_the_bit),
        cmocka_unit_test(test_prefix_contains_no_unknown_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
