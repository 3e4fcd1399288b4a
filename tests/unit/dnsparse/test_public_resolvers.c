/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shipped list: every row is read, none is twice, none is an address that a stranger's network
 * could have too.
 */
#include "dnsparse/names/public_resolvers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ROWS_MOST = 256 };

static size_t read_all(struct address out[static ROWS_MOST], unsigned services[static ROWS_MOST])
{
    size_t count = 0;

    while (count < ROWS_MOST && publicresolvers_get(count, &out[count], &services[count]))
        count++;
    return count;
}

static bool is_listed(const char *text, unsigned service)
{
    struct address all[ROWS_MOST], wanted;
    unsigned services[ROWS_MOST];
    size_t count = read_all(all, services);

    assert_true(address_from_text(text, &wanted));
    for (size_t i = 0; i < count; i++) {
        if (address_equal(&all[i], &wanted))
            return services[i] & service;
    }
    return false;
}

static void test_each_row_is_an_address_of_its_own(void **state)
{
    struct address all[ROWS_MOST];
    unsigned services[ROWS_MOST];
    size_t count = read_all(all, services), dns = 0;

    (void)state;
    assert_in_range(count, 100, ROWS_MOST - 1);
    for (size_t i = 0; i < count; i++) {
        assert_true(address_is_canonical(&all[i]));
        assert_in_range(services[i], 1, PUBLIC_DNS | PUBLIC_HTTPS);
        dns += services[i] & PUBLIC_DNS;
        for (size_t j = 0; j < i; j++)
            assert_false(address_equal(&all[i], &all[j]));
    }
    /* Two rows that cannot be read would end the list early. */
    assert_int_equal(dns, publicresolvers_count(PUBLIC_DNS));
}

static void test_none_is_local_or_for_documentation(void **state)
{
    static const char *const never[] = {
        "0.0.0.0/8",       "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",    "169.254.0.0/16",
        "172.16.0.0/12",   "192.0.0.0/24",   "192.0.2.0/24",  "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",   "::/8",           "2001::/32",
        "2001:db8::/32",   "2002::/16",      "fc00::/7",      "fe80::/9",       "ff00::/8",
    };
    struct address all[ROWS_MOST];
    unsigned services[ROWS_MOST];
    size_t count = read_all(all, services);

    (void)state;
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        struct prefix prefix;

        assert_true(prefix_from_text(never[i], &prefix));
        for (size_t j = 0; j < count; j++)
            assert_false(prefix_contains(&prefix, &all[j]));
    }
}

static void test_the_usual_ones_are_there(void **state)
{
    static const char *const usual[] = {
        "8.8.8.8",
        "8.8.4.4",
        "1.1.1.1",
        "1.0.0.1",
        "1.1.1.2",
        "1.1.1.3",
        "9.9.9.9",
        "9.9.9.10",
        "9.9.9.11",
        "149.112.112.112",
        "4.2.2.2",
        "86.54.11.1",
        "94.140.14.14",
        "208.67.222.222",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2620:fe::fe",
        "2620:119:35::35",
        "2a10:50c0::ad1:ff",
        "2a13:1001::86:54:11:100",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        assert_true(is_listed(usual[i], PUBLIC_DNS));
    assert_true(is_listed("1.1.1.1", PUBLIC_HTTPS));
    assert_false(is_listed("192.0.2.53", PUBLIC_DNS));
    /* Who serves only DNS over HTTPS there is not believed on port 53. */
    assert_false(is_listed("162.159.61.3", PUBLIC_DNS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row_is_an_address_of_its_own),
        cmocka_unit_test(test_none_is_local_or_for_documentation),
        cmocka_unit_test(test_the_usual_ones_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
