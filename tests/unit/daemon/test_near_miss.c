/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How names miss patterns.
 */
#include "daemon/control/near_miss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *pattern, *name;
    enum nearness nearness;
} cases[] = {
    {"*.a.example", "a.example", NEARNESS_APEX},
    {"a.example", "x.a.example", NEARNESS_BELOW},
    {"a.example", "y.x.a.example", NEARNESS_BELOW},
    {"a.example", "nota.example", NEARNESS_LOOKALIKE},
    {"*.a.example", "nota.example", NEARNESS_LOOKALIKE},
    {"*.a.example", "x.nota.example", NEARNESS_LOOKALIKE},
    {"a.example", "a.nota.example", NEARNESS_LOOKALIKE},
    {"a.example", "not.example", NEARNESS_NONE},
    {"aa.example", "a.example", NEARNESS_NONE},
    {"example", "notexample", NEARNESS_NONE}, /* one label says nothing */
    {"a.example", "a.example.evil", NEARNESS_INSIDE},
    {"*.a.example", "x.a.example.evil.test", NEARNESS_INSIDE},
    {"a.example", "a.examples.evil", NEARNESS_NONE},
    {"a.example", "\\001a\\007example.evil", NEARNESS_NONE}, /* bytes that look like labels */
    {"example", "example.evil", NEARNESS_NONE},
    {"a.b.example", "b.example", NEARNESS_ABOVE},
    {"*.a.b.example", "example", NEARNESS_ABOVE},
    {"a.b.example", "c.b.example", NEARNESS_SIBLING},
    {"*.a.b.example", "y.c.b.example", NEARNESS_SIBLING},
    {"a.example", "b.example", NEARNESS_NONE},
    {"a.b.example", "c.d.example", NEARNESS_NONE},
    {"a.b.example", ".", NEARNESS_NONE},
    {"*.a.example", "a.example.a.example.test", NEARNESS_INSIDE},
};

static void test_nearness(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pattern pattern;
        struct dname name;

        assert_true(pattern_from_text(cases[i].pattern, &pattern));
        assert_true(dname_from_text(cases[i].name, &name));
        assert_false(pattern_matches(&pattern, &name));
        enum nearness nearness = nearness_judge(&pattern, &name);
        if (nearness != cases[i].nearness)
            fail_msg("%s and %s: \"%s\", wanted \"%s\"", cases[i].pattern, cases[i].name,
                     nearness_name(nearness), nearness_name(cases[i].nearness));
    }
}

/* The longest names there are, with one byte labels: nothing is read past them. */
static void test_longest_names(void **state)
{
    struct dname longest = {.length = 0};
    struct pattern pattern = {.kind = PATTERN_EXACT};

    (void)state;
    for (unsigned i = 0; i < DNAME_LABELS_MAX; i++) {
        longest.wire[longest.length++] = 1;
        longest.wire[longest.length++] = 'a';
    }
    longest.length++;
    assert_true(dname_is_canonical(&longest));
    pattern.name = longest;
    struct dname other = longest;
    other.wire[1] = 'b';
    assert_int_equal(nearness_judge(&pattern, &other), NEARNESS_SIBLING);
    other.wire[1] = 'a';
    other.wire[253] = 'b';
    assert_int_equal(nearness_judge(&pattern, &other), NEARNESS_NONE);
}

static void test_every_nearness_has_its_word(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NEARNESS_COUNT; i++)
        assert_int_equal(*nearness_name((enum nearness)i) == '\0', i == NEARNESS_NONE);
    assert_string_equal(nearness_name(NEARNESS_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearness),
        cmocka_unit_test(test_longest_names),
        cmocka_unit_test(test_every_nearness_has_its_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
