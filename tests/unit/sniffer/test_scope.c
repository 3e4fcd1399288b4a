/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sniffer/filter/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

enum { MANY = SCOPE_PACKETS_CALM + 1 };

static const uint64_t start = 1000 * SECOND;

/* The name with this number, for so many seconds. */
static bool derive(struct scope *scope, unsigned number, uint64_t now, unsigned seconds)
{
    struct derived_name derived = {.expires_ns = now + seconds * SECOND};
    char label[8];

    snprintf(label, sizeof(label), "%07u", number);
    derived.name.length = 9;
    derived.name.wire[0] = 7;
    for (unsigned i = 0; i < 7; i++)
        derived.name.wire[1 + i] = (uint8_t)label[i];
    return scope_derived(scope, &derived, now);
}

static void end(struct scope *scope, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        scope_ended(scope);
}

/* The names alone pass from `start` on. */
static struct scope calm(void)
{
    struct scope scope = scope_start(true);

    end(&scope, SCOPE_CALM_ANSWERS);
    assert_true(scope_second(&scope, MANY, start));
    assert_false(scope.wide);
    return scope;
}

static void test_nothing_is_followed_when_no_whitelist_wants_it(void **state)
{
    struct scope scope = scope_start(false);

    (void)state;
    assert_false(scope.wide);
    assert_false(scope_second(&scope, 0, start));
    assert_false(scope.wide);
}

static void test_it_is_wide_until_chains_have_ended_at_addresses(void **state)
{
    struct scope scope = scope_start(true);

    (void)state;
    assert_true(scope.wide);
    end(&scope, SCOPE_CALM_ANSWERS - 1);
    assert_false(scope_second(&scope, MANY, start + 9999 * SECOND));
    end(&scope, 1);
    assert_true(scope_second(&scope, MANY, start + 10000 * SECOND));
    assert_false(scope.wide);
}

static void test_it_stays_wide_where_few_packets_pass(void **state)
{
    struct scope scope = scope_start(true);

    (void)state;
    end(&scope, SCOPE_CALM_ANSWERS);
    assert_false(scope_second(&scope, SCOPE_PACKETS_CALM, start));
    assert_true(scope.wide);
    assert_false(scope_costs_too_much(&scope, SCOPE_PACKETS_CALM, start));
    assert_true(scope_costs_too_much(&scope, MANY, start));
    assert_true(scope_second(&scope, MANY, start));
    /* What passes a narrow filter costs nothing; and it may have become less. */
    assert_false(scope_costs_too_much(&scope, MANY, start));
    assert_true(scope_second(&scope, 0, start + SCOPE_REST_NS));
    assert_true(scope.wide);
}

static void test_a_name_of_before_the_start_passes(void **state)
{
    const struct derived_name derived = {.name = {.length = 1}, .expires_ns = start};
    struct scope scope = scope_start(true);
    struct dname names[SCOPE_NAMES_MAX];

    (void)state;
    scope_inherit(&scope, &derived);
    assert_int_equal(scope_names(&scope, names), 1);
    end(&scope, SCOPE_CALM_ANSWERS);
    assert_false(scope_derived(&scope, &derived, start));
    assert_true(scope_second(&scope, MANY, start)); /* it was no news */
}

static void test_a_new_name_widens_at_once_and_for_a_while(void **state)
{
    struct scope scope = calm();
    struct dname names[SCOPE_NAMES_MAX];

    (void)state;
    assert_true(derive(&scope, 1, start, 60));
    assert_true(scope.wide);
    assert_false(derive(&scope, 2, start, 60)); /* it is already */
    end(&scope, 2 * SCOPE_CALM_ANSWERS);
    assert_false(scope_second(&scope, MANY, start + SCOPE_REST_NS - 1));
    assert_true(scope_second(&scope, MANY, start + SCOPE_REST_NS));
    assert_false(scope.wide);
    assert_int_equal(scope_names(&scope, names), 2);
    assert_int_equal(names[0].wire[7], '1');
}

static void test_a_name_met_before_changes_nothing(void **state)
{
    struct scope scope = calm();

    (void)state;
    derive(&scope, 1, start, 60);
    end(&scope, SCOPE_CALM_ANSWERS);
    assert_true(scope_second(&scope, MANY, start + SCOPE_REST_NS));
    assert_false(derive(&scope, 1, start + 2 * SCOPE_REST_NS, 60));
    assert_false(scope.wide);
}

static void test_too_many_names_stay_wide_while_they_live(void **state)
{
    struct scope scope = calm();
    uint64_t late = start + SCOPE_REST_NS;

    (void)state;
    for (unsigned i = 0; i < SCOPE_NAMES_MAX; i++)
        derive(&scope, i, start, 86400);
    derive(&scope, SCOPE_NAMES_MAX, start, 90000);
    end(&scope, SCOPE_CALM_ANSWERS);
    /* Whatever it costs. */
    assert_false(scope_second(&scope, 10 * SCOPE_PACKETS_KNOWN, late));
    assert_true(scope.wide);
    assert_true(scope_second(&scope, MANY, start + 86400 * SECOND));
    assert_false(scope.wide);
}

static void test_what_costs_too_much_is_given_up(void **state)
{
    struct scope scope = scope_start(true);

    (void)state;
    assert_false(scope_second(&scope, SCOPE_PACKETS_UNKNOWN, start));
    assert_true(scope_second(&scope, SCOPE_PACKETS_UNKNOWN + 1, start));
    assert_false(scope.wide);
    /* Few packets pass a narrow filter: that says nothing. */
    assert_false(scope_second(&scope, 0, start + SCOPE_REST_NS - 1));
    assert_true(scope_second(&scope, 0, start + SCOPE_REST_NS));
    assert_true(scope.wide);
}

static void test_it_may_cost_more_where_it_is_needed(void **state)
{
    struct scope scope = calm();

    (void)state;
    derive(&scope, 1, start, 60);
    assert_false(scope_second(&scope, SCOPE_PACKETS_KNOWN, start));
    assert_true(scope_second(&scope, SCOPE_PACKETS_KNOWN + 1, start));
    /* A new name comes first all the same. */
    assert_true(derive(&scope, 2, start + SECOND, 60));
    assert_true(scope.wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_followed_when_no_whitelist_wants_it),
        cmocka_unit_test(test_it_is_wide_until_chains_have_ended_at_addresses),
        cmocka_unit_test(test_it_stays_wide_where_few_packets_pass),
        cmocka_unit_test(test_a_name_of_before_the_start_passes),
        cmocka_unit_test(test_a_new_name_widens_at_once_and_for_a_while),
        cmocka_unit_test(test_a_name_met_before_changes_nothing),
        cmocka_unit_test(test_too_many_names_stay_wide_while_they_live),
        cmocka_unit_test(test_what_costs_too_much_is_given_up),
        cmocka_unit_test(test_it_may_cost_more_where_it_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
