/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns: exact, below, any. */
#include "dnsparse/names/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct pattern pattern_of(const char *text)
{
    struct pattern pattern;

    assert_true(pattern_from_text(text, &pattern));
    return pattern;
}

static void test_text_comes_back_with_its_kind(void **state)
{
    static const struct {
        const char *text, *printed;
        enum pattern_kind kind;
    } cases[] = {
        {"Dormammu.Lookback.io", "dormammu.lookback.io", PATTERN_EXACT},
        {"*.dormammu.lookback.io.", "*.dormammu.lookback.io", PATTERN_BELOW},
        {"*.io", "*.io", PATTERN_BELOW},
        {"*", "*", PATTERN_ANY},
        {"a\\.b.io", "a\\046b.io", PATTERN_EXACT},
        /* A label of 42 bytes, the asterisk's code: no asterisk in it. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.io",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.io", PATTERN_EXACT},
    };
    char text[PATTERN_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pattern pattern = pattern_of(cases[i].text), again;

        assert_int_equal(pattern.kind, cases[i].kind);
        assert_string_equal(pattern_to_text(&pattern, text), cases[i].printed);
        assert_true(pattern_from_text(text, &again));
        assert_true(pattern_equal(&pattern, &again));
    }
}

static void test_bad_patterns_are_refused_and_leave_out_alone(void **state)
{
    static const char *const texts[] = {
        "",       "*.",     "*..",      "**",    "*a.io", "a*.io",   "a.*.io",        "*.*.io",
        "a.io.*", "\\*.io", "\\042.io", "* .io", ".io",   "*.a..io", "bücher.example"};
    struct pattern pattern = {.kind = 77};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(pattern_from_text(texts[i], &pattern));
        assert_int_equal(pattern.kind, 77);
    }
}

static void test_matches(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        {"dormammu.lookback.io", "DORMAMMU.lookback.io", true},
        {"dormammu.lookback.io", "eu1.dormammu.lookback.io", false},
        {"*.dormammu.lookback.io", "dormammu.lookback.io", false},
        {"*.dormammu.lookback.io", "eu1.dormammu.lookback.io", true},
        {"*.dormammu.lookback.io", "a.eu1.dormammu.lookback.io", true},
        {"*.dormammu.lookback.io", "notdormammu.lookback.io", false},
        {"*.dormammu.lookback.io", "dormammu.lookback.io.evil.example", false},
        {"*.dormammu.lookback.io", "x\\.dormammu.lookback.io", false},
        {"*", "anything.example", true},
        {"*", ".", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pattern pattern = pattern_of(cases[i].pattern);
        struct dname name;

        assert_true(dname_from_text(cases[i].name, &name));
        assert_int_equal(pattern_matches(&pattern, &name), cases[i].matches);
    }
}

static void test_nothing_matches_no_name(void **state)
{
    static const char *const texts[] = {"*", "*.io", "io"};
    struct dname none = {0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct pattern pattern = pattern_of(texts[i]);

        assert_false(pattern_matches(&pattern, &none));
    }
}

static void test_kind_and_name_make_equality(void **state)
{
    struct pattern exact = pattern_of("a.io"), below = pattern_of("*.a.io"),
                   other = pattern_of("b.io");

    (void)state;
    assert_true(pattern_equal(&exact, &exact));
    assert_false(pattern_equal(&exact, &below));
    assert_false(pattern_equal(&exact, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_comes_back_with_its_kind),
        cmocka_unit_test(test_bad_patterns_are_refused_and_leave_out_alone),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_nothing_matches_no_name),
        cmocka_unit_test(test_kind_and_name_make_equality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
