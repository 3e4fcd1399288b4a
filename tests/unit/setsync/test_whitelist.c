/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Set names as text. */
#include "tests/unit/setsync/fixture.h"

#include <linux/netfilter.h>

static void test_names_are_read_and_printed(void **context)
{
    (void)context;
    static const struct {
        const char *text, *printed;
        uint8_t family;
    } cases[] = {
        {"inet wildset lookback4", "inet wildset lookback4", NFPROTO_INET},
        {"  ip\tfilter   _set ", "ip filter _set", NFPROTO_IPV4},
        {"ip6 a b-c.d/e_9", "ip6 a b-c.d/e_9", NFPROTO_IPV6},
        {"bridge t s", "bridge t s", NFPROTO_BRIDGE},
        {"netdev t s", "netdev t s", NFPROTO_NETDEV},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct set_name name;
        char text[SET_TEXT_MAX];
        assert_true(set_name_from_text(cases[i].text, &name));
        assert_int_equal(name.family, cases[i].family);
        assert_string_equal(set_name_to_text(&name, text), cases[i].printed);
    }
}

static void test_other_texts_are_refused_and_change_nothing(void **context)
{
    (void)context;
    static const char *const cases[] = {
        "",
        " ",
        "inet",
        "inet wildset",
        "inet wildset a b",
        "arp t s",
        "INET t s",
        "inet 9t s",
        "inet t -s",
        "inet t s;flush",
        "inet t \"s\"",
        "inet t s\n",
        "inet t {s}",
        "inetinetinet t s",
        "inet t s\xc3\xa4",
    };
    struct set_name before, after;
    assert_true(set_name_from_text("ip keep me", &before));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        after = before;
        assert_false(set_name_from_text(cases[i], &after));
        assert_memory_equal(&before, &after, sizeof(before));
    }
}

static void test_the_longest_identifier_fits_and_a_longer_one_does_not(void **context)
{
    (void)context;
    char text[SET_TEXT_MAX + 16];
    struct set_name name;
    char set[SET_IDENTIFIER_MAX + 1];
    memset(set, 's', sizeof(set));
    set[SET_IDENTIFIER_MAX] = '\0';
    snprintf(text, sizeof(text), "inet t %s", set);
    assert_false(set_name_from_text(text, &name));
    set[SET_IDENTIFIER_MAX - 1] = '\0';
    snprintf(text, sizeof(text), "inet t %s", set);
    assert_true(set_name_from_text(text, &name));
    assert_int_equal(strlen(name.set), SET_IDENTIFIER_MAX - 1);
}

static void test_names_differ_in_each_part(void **context)
{
    (void)context;
    static const char *const others[] = {"ip wildset a", "inet other a", "inet wildset b"};
    struct set_name name, other;
    assert_true(set_name_from_text("inet wildset a", &name));
    assert_true(set_name_from_text("inet  wildset  a", &other));
    assert_true(set_name_equal(&name, &other));
    for (size_t i = 0; i < 3; i++) {
        assert_true(set_name_from_text(others[i], &other));
        assert_false(set_name_equal(&name, &other));
    }
    assert_null(set_family_name(99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_read_and_printed),
        cmocka_unit_test(test_other_texts_are_refused_and_change_nothing),
        cmocka_unit_test(test_the_longest_identifier_fits_and_a_longer_one_does_not),
        cmocka_unit_test(test_names_differ_in_each_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
