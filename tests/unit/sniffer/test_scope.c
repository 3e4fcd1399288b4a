/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sniffer/filter/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

enum { MANY = FOLLOWING_PACKETS_CALM + 1 };

static const uint64_t start = 1000 * SECOND;

/* The name with this number, for so many seconds. */
static bool derive(struct following *following, unsigned number, uint64_t now, unsigned seconds)
{
    struct derived_name derived = {.expires_ns = now + seconds * SECOND};
    char label[8];

    snprintf(label, sizeof(label), "%07u", number);
    derived.name.length = 9;
    derived.name.wire[0] = 7;
    for (unsigned i = 0; i < 7; i++)
        derived.name.wire[1 + i] = (uint8_t)label[i];
    return following_derived(following, &derived, now);
}

static void end(struct following *following, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        following_ended(following);
}

/* The names alone pass from `start` on. */
static struct following calm(void)
{
    struct following following = following_start(true);

    end(&following, FOLLOWING_CALM_ANSWERS);
    assert_true(following_second(&following, MANY, start));
    assert_false(following.wide);
    return following;
}

static void test_nothing_is_followed_when_no_whitelist_wants_it(void **state)
{
    struct following following = following_start(false);

    (void)state;
    assert_false(following.wide);
    assert_false(following_second(&following, 0, start));
    assert_false(following.wide);
}

static void test_it_is_wide_until_chains_have_ended_at_addresses(void **state)
{
    struct following following = following_start(true);

    (void)state;
    assert_true(following.wide);
    end(&following, FOLLOWING_CALM_ANSWERS - 1);
    assert_false(following_second(&following, MANY, start + 9999 * SECOND));
    end(&following, 1);
    assert_true(following_second(&following, MANY, start + 10000 * SECOND));
    assert_false(following.wide);
}

static void test_it_stays_wide_where_few_packets_pass(void **state)
{
    struct following following = following_start(true);

    (void)state;
    end(&following, FOLLOWING_CALM_ANSWERS);
    assert_false(following_second(&following, FOLLOWING_PACKETS_CALM, start));
    assert_true(following.wide);
    assert_false(following_costs_too_much(&following, FOLLOWING_PACKETS_CALM, start));
    assert_true(following_costs_too_much(&following, MANY, start));
    assert_true(following_second(&following, MANY, start));
    /* What passes a narrow filter costs nothing; and it may have become less. */
    assert_false(following_costs_too_much(&following, MANY, start));
    assert_true(following_second(&following, 0, start + FOLLOWING_REST_NS));
    assert_true(following.wide);
}

static void test_a_name_of_before_the_start_passes(void **state)
{
    const struct derived_name derived = {.name = {.length = 1}, .expires_ns = start};
    struct following following = following_start(true);
    struct dname names[FOLLOWING_NAMES_MAX];

    (void)state;
    following_inherit(&following, &derived);
    assert_int_equal(following_names(&following, names), 1);
    end(&following, FOLLOWING_CALM_ANSWERS);
    assert_false(following_derived(&following, &derived, start));
    assert_true(following_second(&following, MANY, start)); /* it was no news */
}

static void test_a_new_name_widens_at_once_and_for_a_while(void **state)
{
    struct following following = calm();
    struct dname names[FOLLOWING_NAMES_MAX];

    (void)state;
    assert_true(derive(&following, 1, start, 60));
    assert_true(following.wide);
    assert_false(derive(&following, 2, start, 60)); /* it is already */
    end(&following, 2 * FOLLOWING_CALM_ANSWERS);
    assert_false(following_second(&following, MANY, start + FOLLOWING_REST_NS - 1));
    assert_true(following_second(&following, MANY, start + FOLLOWING_REST_NS));
    assert_false(following.wide);
    assert_int_equal(following_names(&following, names), 2);
    assert_int_equal(names[0].wire[7], '1');
}

static void test_a_name_met_before_changes_nothing(void **state)
{
    struct following following = calm();

    (void)state;
    derive(&following, 1, start, 60);
    end(&following, FOLLOWING_CALM_ANSWERS);
    assert_true(following_second(&following, MANY, start + FOLLOWING_REST_NS));
    assert_false(derive(&following, 1, start + 2 * FOLLOWING_REST_NS, 60));
    assert_false(following.wide);
}

static void test_too_many_names_stay_wide_while_they_live(void **state)
{
    struct following following = calm();
    uint64_t late = start + FOLLOWING_REST_NS;

    (void)state;
    for (unsigned i = 0; i < FOLLOWING_NAMES_MAX; i++)
        derive(&following, i, start, 86400);
    derive(&following, FOLLOWING_NAMES_MAX, start, 90000);
    end(&following, FOLLOWING_CALM_ANSWERS);
    /* Whatever it costs. */
    assert_false(following_second(&following, 10 * FOLLOWING_PACKETS_KNOWN, late));
    assert_true(following.wide);
    assert_true(following_second(&following, MANY, start + 86400 * SECOND));
    assert_false(following.wide);
}

static void test_what_costs_too_much_is_given_up(void **state)
{
    struct following following = following_start(true);

    (void)state;
    assert_false(following_second(&following, FOLLOWING_PACKETS_UNKNOWN, start));
    assert_true(following_second(&following, FOLLOWING_PACKETS_UNKNOWN + 1, start));
    assert_false(following.wide);
    /* Few packets pass a narrow filter: that says nothing. */
    assert_false(following_second(&following, 0, start + FOLLOWING_REST_NS - 1));
    assert_true(following_second(&following, 0, start + FOLLOWING_REST_NS));
    assert_true(following.wide);
}

static void test_it_may_cost_more_where_it_is_needed(void **state)
{
    struct following following = calm();

    (void)state;
    derive(&following, 1, start, 60);
    assert_false(following_second(&following, FOLLOWING_PACKETS_KNOWN, start));
    assert_true(following_second(&following, FOLLOWING_PACKETS_KNOWN + 1, start));
    /* A new name comes first all the same. */
    assert_true(derive(&following, 2, start + SECOND, 60));
    assert_true(following.wide);
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
