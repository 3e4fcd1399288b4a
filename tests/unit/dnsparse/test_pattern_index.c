/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index says what walking the list says, for every name, and in few steps. */
#include "dnsparse/names/pattern_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pattern pattern_of(const char *text)
{
    struct pattern pattern;

    assert_true(pattern_from_text(text, &pattern));
    return pattern;
}

static struct dname name_of(const char *text)
{
    struct dname name;

    assert_true(dname_from_text(text, &name));
    return name;
}

static const struct pattern *list_match(const struct pattern *patterns, size_t count,
                                        const struct dname *name)
{
    for (size_t i = 0; i < count; i++)
        if (pattern_matches(&patterns[i], name))
            return &patterns[i];
    return NULL;
}

static void assert_match(const struct patternindex *index, const char *name,
                         const struct pattern *expected)
{
    struct dname asked = name_of(name);

    assert_ptr_equal(patternindex_match(index, &asked), expected);
}

static void test_the_first_in_order_is_told(void **state)
{
    const struct pattern patterns[] = {
        pattern_of("*.b.example"), pattern_of("a.b.example"), pattern_of("*.example"),
        pattern_of("*.b.example"), pattern_of("example"),     pattern_of("."),
    };
    struct patternindex *index = patternindex_new(patterns, 6);
    const struct dname none = {0};

    (void)state;
    assert_non_null(index);
    assert_match(index, "a.b.example", &patterns[0]);
    assert_match(index, "A.B.Example", &patterns[0]);
    assert_match(index, "x.y.b.example", &patterns[0]);
    assert_match(index, "b.example", &patterns[2]);
    assert_match(index, "example", &patterns[4]);
    assert_match(index, ".", &patterns[5]);
    assert_match(index, "notexample", NULL);
    assert_match(index, "a\\046b.example", &patterns[2]);
    assert_match(index, "a\\046example", NULL);
    assert_match(index, "example.evil", NULL);
    assert_null(patternindex_match(index, &none));
    patternindex_free(index);
}

static void test_every_name_matches_any(void **state)
{
    const struct pattern patterns[] = {pattern_of("a.example"), pattern_of("*"), pattern_of("*"),
                                       pattern_of("*.example")};
    struct patternindex *index = patternindex_new(patterns, 4);

    (void)state;
    assert_non_null(index);
    assert_match(index, "a.example", &patterns[0]);
    assert_match(index, "b.example", &patterns[1]);
    assert_match(index, ".", &patterns[1]);
    assert_ptr_equal(patternindex_find(index, &patterns[2]), &patterns[1]);
    patternindex_free(index);
}

static void test_an_equal_one_is_found(void **state)
{
    const struct pattern patterns[] = {pattern_of("a.example"), pattern_of("*.a.example")};
    const struct pattern others[] = {pattern_of("*.example"), pattern_of("example"),
                                     pattern_of("*"), pattern_of("b.a.example")};
    struct patternindex *index = patternindex_new(patterns, 2);

    (void)state;
    assert_non_null(index);
    for (size_t i = 0; i < 2; i++)
        assert_ptr_equal(patternindex_find(index, &patterns[i]), &patterns[i]);
    for (size_t i = 0; i < 4; i++)
        assert_null(patternindex_find(index, &others[i]));
    patternindex_free(index);
}

static void test_an_empty_list_matches_nothing(void **state)
{
    struct patternindex *index = patternindex_new(NULL, 0);

    (void)state;
    assert_non_null(index);
    assert_match(index, "a.example", NULL);
    patternindex_free(index);
    patternindex_free(NULL);
}

/* Short labels of few letters, so that much matches. */
static const char *random_text(unsigned *seed, char out[static 64])
{
    static const char *const labels[] = {"a", "b", "ab", "B", "c"};
    unsigned count = 1 + (unsigned)rand_r(seed) % 4;
    int used = 0;

    for (unsigned i = 0; i < count; i++)
        used += snprintf(out + used, 64 - (size_t)used, "%s%s", i ? "." : "",
                         labels[(unsigned)rand_r(seed) % 5]);
    return out;
}

static void test_it_says_what_the_list_says(void **state)
{
    enum { PATTERNS = 60, NAMES = 300, ROUNDS = 50 };
    unsigned seed = 7;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct pattern patterns[PATTERNS];
        char name[64], text[80];

        for (unsigned i = 0; i < PATTERNS; i++) {
            snprintf(text, sizeof text, "%s%s", rand_r(&seed) % 2 ? "*." : "",
                     random_text(&seed, name));
            patterns[i] = pattern_of(rand_r(&seed) % 200 == 0 ? "*" : text);
        }
        struct patternindex *index = patternindex_new(patterns, PATTERNS);
        assert_non_null(index);
        for (unsigned i = 0; i < NAMES; i++) {
            struct dname asked = name_of(random_text(&seed, name));

            assert_ptr_equal(patternindex_match(index, &asked),
                             list_match(patterns, PATTERNS, &asked));
        }
        patternindex_free(index);
    }
}

/* Of 50 000 patterns a few are compared, also for the longest of names. */
static void test_a_long_list_takes_few_steps(void **state)
{
    enum { PATTERNS = 50000 };
    struct pattern *patterns = calloc(PATTERNS, sizeof *patterns);
    char text[DNAME_TEXT_MAX];
    unsigned long steps = 0;

    (void)state;
    assert_non_null(patterns);
    for (unsigned i = 0; i < PATTERNS; i++) {
        snprintf(text, sizeof text, "%sn%u.z%u.example", i % 2 ? "*." : "", i, i % 100);
        patterns[i] = pattern_of(text);
    }
    struct patternindex *index = patternindex_new(patterns, PATTERNS);
    assert_non_null(index);
    for (unsigned i = 0; i < PATTERNS; i++) {
        snprintf(text, sizeof text, "%sn%u.z%u.example", i % 2 ? "x.y." : "", i, i % 100);
        struct dname name = name_of(text);

        assert_ptr_equal(patternindex_match(index, &name), &patterns[i]);
        assert_in_range(patternindex_steps(index, &name), 1, 100);
        steps += patternindex_steps(index, &name);
    }
    assert_true(steps < 8 * PATTERNS);
    for (unsigned at = 0; at < 253; at += 2) {
        text[at] = 'a';
        text[at + 1] = '.';
    }
    text[253] = '\0';
    struct dname longest = name_of(text);
    assert_null(patternindex_match(index, &longest));
    assert_in_range(patternindex_steps(index, &longest), 0, 1000);
    patternindex_free(index);
    free(patterns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_in_order_is_told),
        cmocka_unit_test(test_every_name_matches_any),
        cmocka_unit_test(test_an_equal_one_is_found),
        cmocka_unit_test(test_an_empty_list_matches_nothing),
        cmocka_unit_test(test_it_says_what_the_list_says),
        cmocka_unit_test(test_a_long_list_takes_few_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
