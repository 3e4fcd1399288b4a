/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The matcher says what the patterns say one by one, for every name, and stays inside the name. */
#include "dnsparse/names/matcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATTERNS_MAX = 4096 };

struct pattern_list {
    size_t count;
    struct whitelist_pattern patterns[PATTERNS_MAX];
};

static void list_add(struct pattern_list *list, const char *text, uint8_t whitelist)
{
    struct whitelist_pattern *entry = &list->patterns[list->count++];

    assert_true(list->count <= PATTERNS_MAX);
    entry->whitelist = whitelist;
    assert_true(pattern_from_text(text, &entry->pattern));
}

static whitelist_mask list_find(const struct pattern_list *list, const struct dname *name)
{
    whitelist_mask found = 0;

    for (size_t i = 0; i < list->count; i++)
        if (pattern_matches(&list->patterns[i].pattern, name))
            found |= (whitelist_mask)1 << list->patterns[i].whitelist;
    return found;
}

static struct pattern_list *list_new(void)
{
    struct pattern_list *list = calloc(1, sizeof *list);

    assert_non_null(list);
    return list;
}

static struct matcher *matcher_of(const struct pattern_list *list)
{
    struct matcher *matcher = matcher_new(list->patterns, list->count);

    assert_non_null(matcher);
    return matcher;
}

static whitelist_mask find_text(const struct matcher *matcher, const char *text)
{
    struct dname name;

    assert_true(dname_from_text(text, &name));
    return matcher_find(matcher, &name);
}

/* The bytes alone in memory of their own, so that the sanitizer sees one too many. */
static whitelist_mask find_bytes(const struct matcher *matcher, const uint8_t *wire, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    whitelist_mask found;

    assert_non_null(copy);
    memcpy(copy, wire, size);
    found = matcher_find_wire(matcher, copy, size);
    free(copy);
    return found;
}

static void test_apex_and_wildcard_are_two_things(void **state)
{
    struct pattern_list *list = list_new();
    struct matcher *matcher;

    (void)state;
    list_add(list, "dormammu.lookback.io", 0);
    list_add(list, "*.dormammu.lookback.io", 1);
    matcher = matcher_of(list);
    assert_int_equal(find_text(matcher, "dormammu.lookback.io"), 1);
    assert_int_equal(find_text(matcher, "eu1.dormammu.lookback.io"), 2);
    assert_int_equal(find_text(matcher, "a.b.eu1.dormammu.lookback.io"), 2);
    assert_int_equal(find_text(matcher, "notdormammu.lookback.io"), 0);
    assert_int_equal(find_text(matcher, "dormammu.lookback.io.evil.example"), 0);
    assert_int_equal(find_text(matcher, "x\\.dormammu.lookback.io"), 0);
    assert_int_equal(find_text(matcher, "lookback.io"), 0);
    assert_int_equal(find_text(matcher, "io"), 0);
    assert_int_equal(find_text(matcher, "."), 0);
    matcher_free(matcher);
    free(list);
}

static void test_case_on_the_wire_does_not_count(void **state)
{
    static const uint8_t wire[] = {
        3, 'e', 'U', '1',                          /* label */
        8, 'D', 'o', 'R', 'm', 'A', 'm', 'M', 'u', /* label */
        8, 'l', 'O', 'o', 'K', 'b', 'A', 'c', 'K', /* label */
        2, 'I', 'o',                               /* label */
        0,                                         /* root */
    };
    struct pattern_list *list = list_new();
    struct matcher *matcher;

    (void)state;
    list_add(list, "*.dormammu.lookback.io", 63);
    matcher = matcher_of(list);
    assert_true(find_bytes(matcher, wire, sizeof wire) == UINT64_C(1) << 63);
    matcher_free(matcher);
    free(list);
}

/* The filter takes '@' and '`', '[' and '{' for the same: the comparison behind it must not. */
static void test_bytes_that_only_look_folded_do_not_match(void **state)
{
    struct pattern_list *list = list_new();
    struct matcher *matcher;

    (void)state;
    list_add(list, "*.a@[]^b.io", 0);
    matcher = matcher_of(list);
    assert_int_equal(find_text(matcher, "x.a@[]^b.io"), 1);
    assert_int_equal(find_text(matcher, "x.a`{}~b.io"), 0);
    assert_int_equal(find_text(matcher, "x.\\001@[]^b.io"), 0);
    matcher_free(matcher);
    free(list);
}

static void test_any_matches_beside_others(void **state)
{
    struct pattern_list *list = list_new();
    struct matcher *matcher;

    (void)state;
    list_add(list, "*", 5);
    list_add(list, "*.io", 6);
    list_add(list, ".", 7);
    matcher = matcher_of(list);
    assert_int_equal(find_text(matcher, "www.example"), 1 << 5);
    assert_int_equal(find_text(matcher, "www.io"), 1 << 5 | 1 << 6);
    assert_int_equal(find_text(matcher, "."), 1 << 5 | 1 << 7);
    assert_int_equal(matcher_find_wire(matcher, NULL, 0), 0);
    matcher_free(matcher);
    free(list);
}

static void test_one_name_feeds_every_whitelist_that_it_matches(void **state)
{
    struct pattern_list *list = list_new();
    struct matcher *matcher;

    (void)state;
    list_add(list, "*.io", 0);
    list_add(list, "*.lookback.io", 1);
    list_add(list, "*.lookback.io", 2);
    list_add(list, "eu1.lookback.io", 3);
    list_add(list, "*.eu1.lookback.io", 4);
    matcher = matcher_of(list);
    assert_int_equal(find_text(matcher, "eu1.lookback.io"), 1 | 2 | 4 | 8);
    assert_int_equal(find_text(matcher, "x.eu1.lookback.io"), 1 | 2 | 4 | 16);
    matcher_free(matcher);
    free(list);
}

static void test_no_patterns_match_nothing(void **state)
{
    struct matcher *matcher = matcher_new(NULL, 0);

    (void)state;
    assert_non_null(matcher);
    assert_int_equal(find_text(matcher, "www.example"), 0);
    assert_int_equal(find_text(matcher, "."), 0);
    matcher_free(matcher);
    matcher_free(NULL);
}

static void test_a_whitelist_that_has_no_bit_is_left_out(void **state)
{
    struct pattern_list *list = list_new();
    struct matcher *matcher;

    (void)state;
    list_add(list, "a.example", 64);
    list_add(list, "a.example", 255);
    matcher = matcher_of(list);
    assert_int_equal(find_text(matcher, "a.example"), 0);
    matcher_free(matcher);
    free(list);
}

static void test_bytes_that_are_no_name_match_nothing_and_stay_inside(void **state)
{
    static const uint8_t lies[][12] = {
        {63, 'a', 2, 'i', 'o', 0},                /* a label past the end */
        {0xc0, 12, 2, 'i', 'o', 0},               /* a pointer */
        {1, 'a', 2, 'i', 'o', 0, 2, 'i', 'o', 0}, /* bytes behind the root */
        {1, 'a', 2, 'i', 'o'},                    /* no root */
        {0, 1, 'a', 2, 'i', 'o', 0},              /* the root first */
    };
    static const size_t sizes[] = {6, 6, 10, 5, 7};
    uint8_t longest[512];
    struct pattern_list *list = list_new();
    struct matcher *matcher;

    (void)state;
    list_add(list, "*.io", 0);
    list_add(list, "io", 1);
    list_add(list, ".", 2);
    matcher = matcher_of(list);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_int_equal(find_bytes(matcher, lies[i], sizes[i]), 0);
    for (size_t i = 0; i < sizeof longest - 5; i++)
        longest[i] = 1;
    memcpy(longest + sizeof longest - 4, "\2io", 4);
    for (size_t size = 1; size <= sizeof longest; size++)
        find_bytes(matcher, longest + sizeof longest - size, size);
    assert_int_equal(find_bytes(matcher, longest, sizeof longest), 0);
    matcher_free(matcher);
    free(list);
}

static void test_every_cut_of_a_matching_name_stays_inside(void **state)
{
    struct pattern_list *list = list_new();
    struct matcher *matcher;
    struct dname name;

    (void)state;
    list_add(list, "*.dormammu.lookback.io", 0);
    list_add(list, "dormammu.lookback.io", 0);
    matcher = matcher_of(list);
    assert_true(dname_from_text("eu1.dormammu.lookback.io", &name));
    for (size_t size = 0; size < name.length; size++)
        assert_int_equal(find_bytes(matcher, name.wire, size), 0);
    for (size_t from = 1; from < name.length; from++)
        assert_int_equal(find_bytes(matcher, name.wire + from, name.length - from), from == 4);
    matcher_free(matcher);
    free(list);
}

static void test_longest_names_match(void **state)
{
    struct pattern_list *list = list_new();
    struct matcher *matcher;
    struct dname name = {.length = 255};

    (void)state;
    list_add(list, "*.a.a.a", 0);
    list_add(list, "b.b", 1);
    for (size_t i = 0; i < 254; i += 2) {
        name.wire[i] = 1;
        name.wire[i + 1] = 'a';
    }
    list->patterns[1].pattern.name = name; /* 127 labels, exact */
    matcher = matcher_of(list);
    assert_int_equal(matcher_find(matcher, &name), 3);
    matcher_free(matcher);
    free(list);
}

/* Names over a tiny alphabet, so that all the near misses happen. */
static void random_text(char *out, unsigned labels)
{
    for (unsigned label = 0; label < labels; label++) {
        unsigned length = 1 + (unsigned)rand() % 3;

        if (label > 0)
            *out++ = '.';
        while (length-- > 0)
            *out++ = "abAB"[rand() % 4];
    }
    *out = '\0';
}

static void random_list(struct pattern_list *list, unsigned count)
{
    char text[64];

    for (unsigned i = 0; i < count; i++) {
        bool below = rand() % 2;

        memcpy(text, "*.", 2);
        random_text(text + 2, 1 + (unsigned)rand() % 4);
        list_add(list, below ? text : text + 2, (uint8_t)(rand() % WHITELISTS_MAX));
    }
}

static void test_agrees_with_the_patterns_one_by_one(void **state)
{
    static const unsigned counts[] = {1, 2, 10, 100, 2000};
    unsigned matched = 0, rounds = 0;

    (void)state;
    srand(1);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct pattern_list *list = list_new();
        struct matcher *matcher;

        random_list(list, counts[i]);
        matcher = matcher_of(list);
        for (unsigned round = 0; round < 2000; round++) {
            struct dname name;
            char text[64];

            random_text(text, 1 + (unsigned)rand() % 5);
            assert_true(dname_from_text(text, &name));
            assert_true(matcher_find(matcher, &name) == list_find(list, &name));
            matched += matcher_find(matcher, &name) != 0;
            rounds++;
        }
        matcher_free(matcher);
        free(list);
    }
    assert_in_range(matched, rounds / 10, rounds - rounds / 10); /* both happened */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apex_and_wildcard_are_two_things),
        cmocka_unit_test(test_case_on_the_wire_does_not_count),
        cmocka_unit_test(test_bytes_that_only_look_folded_do_not_match),
        cmocka_unit_test(test_any_matches_beside_others),
        cmocka_unit_test(test_one_name_feeds_every_whitelist_that_it_matches),
        cmocka_unit_test(test_no_patterns_match_nothing),
        cmocka_unit_test(test_a_whitelist_that_has_no_bit_is_left_out),
        cmocka_unit_test(test_bytes_that_are_no_name_match_nothing_and_stay_inside),
        cmocka_unit_test(test_every_cut_of_a_matching_name_stays_inside),
        cmocka_unit_test(test_longest_names_match),
        cmocka_unit_test(test_agrees_with_the_patterns_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
