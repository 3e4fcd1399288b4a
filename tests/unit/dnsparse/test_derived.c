/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived names: how long, for whom, and who makes room. */
#include "dnsparse/names/derived.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct derived_name entry_of(const char *name, uint8_t whitelist, uint8_t steps,
                                    uint64_t expires_ns)
{
    struct derived_name entry = {
        .expires_ns = expires_ns,
        .whitelist = whitelist,
        .steps = steps,
    };

    assert_true(dname_from_text(name, &entry.name));
    assert_true(dname_from_text("root.example", &entry.root));
    return entry;
}

static bool add(struct derived *derived, const char *name, uint8_t whitelist, uint8_t steps,
                uint64_t expires_ns, uint64_t now_ns)
{
    struct derived_name entry = entry_of(name, whitelist, steps, expires_ns);

    return derived_add(derived, &entry, now_ns);
}

static whitelist_mask find(struct derived *derived, const char *name, uint64_t now_ns)
{
    struct dname wanted;

    assert_true(dname_from_text(name, &wanted));
    return derived_find(derived, &wanted, now_ns);
}

static const struct derived_name *get(struct derived *derived, const char *name, uint8_t whitelist,
                                      uint64_t now_ns)
{
    struct dname wanted;

    assert_true(dname_from_text(name, &wanted));
    return derived_get(derived, &wanted, whitelist, now_ns);
}

static int setup(void **state)
{
    *state = derived_new();
    return *state == NULL;
}

static int teardown(void **state)
{
    derived_free(*state);
    return 0;
}

static void test_a_name_lives_until_its_end(void **state)
{
    assert_int_equal(find(*state, "cdn.example", 0), 0);
    assert_true(add(*state, "CDN.example", 3, 1, 100, 10));
    assert_int_equal(find(*state, "cdn.example", 10), 1 << 3);
    assert_int_equal(find(*state, "cdn.example", 99), 1 << 3);
    assert_int_equal(find(*state, "cdn.example", 100), 0);
    assert_int_equal(find(*state, "x.cdn.example", 10), 0);
    assert_int_equal(find(*state, "example", 10), 0);
    assert_int_equal(derived_count(*state, 99), 1);
    assert_int_equal(derived_count(*state, 100), 0);
    assert_null(get(*state, "cdn.example", 3, 100));
}

static void test_extended_and_never_shortened(void **state)
{
    assert_true(add(*state, "cdn.example", 0, 1, 100, 10));
    assert_true(add(*state, "cdn.example", 0, 1, 50, 10));
    assert_int_equal(find(*state, "cdn.example", 99), 1);
    assert_true(add(*state, "cdn.example", 0, 1, 200, 20));
    assert_int_equal(find(*state, "cdn.example", 199), 1);
    assert_int_equal(find(*state, "cdn.example", 200), 0);
    assert_int_equal(derived_count(*state, 20), 1);
}

static void test_an_ended_name_starts_anew(void **state)
{
    assert_true(add(*state, "cdn.example", 0, 7, 100, 10));
    assert_true(add(*state, "cdn.example", 0, 2, 300, 250));
    assert_int_equal(get(*state, "cdn.example", 0, 250)->steps, 2);
    assert_int_equal(derived_count(*state, 250), 1);
}

static void test_a_name_is_ended_by_itself_and_by_its_root(void **state)
{
    struct derived_name other = entry_of("c.example", 1, 1, 100);
    struct dname name;

    assert_true(dname_from_text("other.example", &other.root));
    add(*state, "a.example", 0, 1, 100, 0);
    add(*state, "a.example", 1, 1, 100, 0);
    add(*state, "b.example", 0, 1, 100, 0);
    derived_add(*state, &other, 0);
    assert_true(dname_from_text("a.example", &name));
    derived_end(*state, &name);
    assert_int_equal(find(*state, "a.example", 0), 0);
    assert_int_equal(find(*state, "b.example", 0), 1);
    add(*state, "a.example", 0, 1, 90, 0); /* a shorter time than before is one all the same */
    assert_int_equal(find(*state, "a.example", 89), 1);
    assert_true(dname_from_text("root.example", &name));
    derived_end(*state, &name);
    assert_int_equal(derived_count(*state, 0), 1);
    assert_int_equal(find(*state, "c.example", 0), 2);
}

static void test_whitelists_are_apart(void **state)
{
    assert_true(add(*state, "cdn.example", 0, 1, 100, 0));
    assert_true(add(*state, "cdn.example", 63, 2, 200, 0));
    assert_true(find(*state, "cdn.example", 50) == (UINT64_C(1) << 63 | 1));
    assert_true(find(*state, "cdn.example", 150) == UINT64_C(1) << 63);
    assert_int_equal(get(*state, "cdn.example", 63, 0)->steps, 2);
    assert_int_equal(get(*state, "cdn.example", 63, 0)->whitelist, 63);
    assert_null(get(*state, "cdn.example", 1, 0));
}

static void test_too_many_steps_change_nothing(void **state)
{
    assert_true(add(*state, "a.example", 0, DERIVED_STEPS_MAX, 100, 0));
    assert_false(add(*state, "a.example", 0, DERIVED_STEPS_MAX + 1, 200, 0));
    assert_false(add(*state, "b.example", 0, DERIVED_STEPS_MAX + 1, 200, 0));
    assert_int_equal(find(*state, "a.example", 100), 0);
    assert_int_equal(derived_count(*state, 0), 1);
}

static void test_what_cannot_be_entered_is_refused(void **state)
{
    struct derived_name entry = entry_of("a.example", 0, 1, 100);

    assert_false(add(*state, "a.example", WHITELISTS_MAX, 1, 100, 0));
    entry.name = (struct dname){0};
    assert_false(derived_add(*state, &entry, 0));
    assert_int_equal(derived_count(*state, 0), 0);
}

/* The path that vouches for the end is the one whose steps count, so a circle runs out. */
static void test_two_names_that_point_at_each_other_run_out(void **state)
{
    uint64_t now = 0;
    uint8_t steps = 1;

    while (add(*state, steps % 2 ? "a.example" : "b.example", 0, steps, now + 100, now)) {
        const struct derived_name *held =
            get(*state, steps % 2 ? "a.example" : "b.example", 0, now);

        now += 50;
        steps = (uint8_t)(held->steps + 1);
        assert_true(now < 50 * 100);
    }
    assert_int_equal(steps, DERIVED_STEPS_MAX + 1);
    assert_int_equal(derived_count(*state, now + 100), 0);
}

static void test_the_same_end_by_fewer_steps_wins(void **state)
{
    assert_true(add(*state, "a.example", 0, 9, 100, 0));
    assert_true(add(*state, "a.example", 0, 2, 100, 0));
    assert_int_equal(get(*state, "a.example", 0, 0)->steps, 2);
    assert_true(add(*state, "a.example", 0, 5, 100, 0));
    assert_int_equal(get(*state, "a.example", 0, 0)->steps, 2);
}

static void test_the_nearest_to_its_end_makes_room(void **state)
{
    char name[32];

    for (unsigned i = 0; i < DERIVED_PER_WHITELIST; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        assert_true(add(*state, name, 0, 1, i == 40 ? 500 : 1000 + i, 0));
    }
    assert_true(add(*state, "other.example", 1, 1, 400, 0));
    assert_int_equal(derived_count(*state, 0), DERIVED_PER_WHITELIST + 1);
    assert_true(add(*state, "new.example", 0, 1, 2000, 0));
    assert_int_equal(derived_count(*state, 0), DERIVED_PER_WHITELIST + 1);
    assert_int_equal(find(*state, "n40.example", 0), 0);
    assert_int_equal(find(*state, "new.example", 0), 1);
    assert_int_equal(find(*state, "other.example", 0), 2);
    for (unsigned i = 0; i < DERIVED_PER_WHITELIST; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        assert_int_equal(find(*state, name, 0), i != 40);
    }
}

static void test_a_name_that_is_over_makes_nobody_go(void **state)
{
    char name[32];

    for (unsigned i = 0; i < DERIVED_PER_WHITELIST; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        assert_true(add(*state, name, 0, 1, 1000, 0));
    }
    assert_true(add(*state, "late.example", 0, 1, 10, 10));
    assert_int_equal(derived_count(*state, 10), DERIVED_PER_WHITELIST);
}

static void test_all_places_are_found_again(void **state)
{
    char name[32];

    for (unsigned i = 0; i < 3 * WHITELISTS_MAX * DERIVED_PER_WHITELIST; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        assert_true(add(*state, name, (uint8_t)(i % WHITELISTS_MAX), 1, 1000 + i, 0));
    }
    assert_int_equal(derived_count(*state, 0), WHITELISTS_MAX * DERIVED_PER_WHITELIST);
    for (unsigned i = 0; i < 3 * WHITELISTS_MAX * DERIVED_PER_WHITELIST; i++) {
        whitelist_mask wanted = (whitelist_mask)1 << i % WHITELISTS_MAX;

        snprintf(name, sizeof name, "n%u.example", i);
        if (i < 2 * WHITELISTS_MAX * DERIVED_PER_WHITELIST)
            wanted = 0;
        assert_true(find(*state, name, 0) == wanted);
    }
}

static void test_wire_in_any_case_is_found(void **state)
{
    static const uint8_t wire[] = {
        9, 'c', 'D', 'n', 'C', 'd', 'N', '-', '0', '1', /* label */
        7, 'E', 'x', 'A', 'm', 'P', 'l', 'E',           /* label */
        0,                                              /* root */
    };
    static const uint8_t almost[] = {
        9, 'c', 'd', 'n', 'c', 'd', 'n', '\r', '0', '1', /* '\r' | 0x20 is '-' */
        7, 'e', 'x', 'a', 'm', 'p', 'l', 'e',            /* label */
        0,                                               /* root */
    };

    assert_true(add(*state, "cdncdn-01.example", 0, 1, 100, 0));
    assert_int_equal(derived_find_wire(*state, wire, sizeof wire, 0), 1);
    assert_int_equal(derived_find_wire(*state, almost, sizeof almost, 0), 0);
    for (size_t size = 0; size < sizeof wire; size++)
        assert_int_equal(derived_find_wire(*state, wire, size, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_name_lives_until_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extended_and_never_shortened, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_ended_name_starts_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_is_ended_by_itself_and_by_its_root, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_whitelists_are_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_steps_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_entered_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_names_that_point_at_each_other_run_out, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_same_end_by_fewer_steps_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_nearest_to_its_end_makes_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_that_is_over_makes_nobody_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_places_are_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wire_in_any_case_is_found, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
