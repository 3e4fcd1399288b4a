/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phases of a set, one transition at a time: what the kernel's refusals and others' changes
 * make of each.
 */
#include "tests/unit/setsync/fixture.h"

#include "setsync/sets/set_state.h"

#include <errno.h>

#define NOW (1000 * NS_PER_SECOND)

static struct set set_in(enum set_phase phase)
{
    struct set set = {.phase = phase, .check_ns = NEVER, .view = {.size = 10}};
    return set;
}

static void test_what_a_refusal_makes_of_a_set(void **context)
{
    (void)context;
    static const struct {
        enum set_phase before;
        int error;
        unsigned failures;
        enum set_phase after;
        uint64_t check_ns, hold_ns;
    } cases[] = {
        {SET_PHASE_READY, -ENFILE, 1, SET_PHASE_FULL, NEVER, NOW + 2 * NS_PER_SECOND},
        {SET_PHASE_FULL, -ENFILE, 1, SET_PHASE_FULL, NEVER, NOW + 2 * NS_PER_SECOND},
        /* It is filled on with what is there already, and full when that is done. */
        {SET_PHASE_FILLING, -ENFILE, 1, SET_PHASE_FILLING, NEVER, NOW + 2 * NS_PER_SECOND},
        {SET_PHASE_STALE, -ENFILE, 1, SET_PHASE_STALE, NEVER, NOW + 2 * NS_PER_SECOND},
        /* Gone: made again at once, but not again and again. */
        {SET_PHASE_READY, -ENOENT, 1, SET_PHASE_STALE, NOW, 0},
        {SET_PHASE_FULL, -ENOENT, 1, SET_PHASE_STALE, NOW, 0},
        {SET_PHASE_READY, -ENOENT, 2, SET_PHASE_ABSENT, NOW + NS_PER_SECOND, 0},
        {SET_PHASE_READY, -EPERM, 1, SET_PHASE_ABSENT, NOW + NS_PER_SECOND, 0},
        {SET_PHASE_FILLING, -EINVAL, 1, SET_PHASE_ABSENT, NOW + NS_PER_SECOND, 0},
        {SET_PHASE_STALE, -ENOMEM, 1, SET_PHASE_ABSENT, NOW + NS_PER_SECOND, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct set set = set_in(cases[i].before);
        set.failures = cases[i].failures;
        set_failed(&set, cases[i].error, NOW);
        if (set.phase != cases[i].after || set.check_ns != cases[i].check_ns ||
            set.hold_ns != cases[i].hold_ns)
            fail_msg("case %zu: phase %d, check %llu, hold %llu", i, (int)set.phase,
                     (unsigned long long)set.check_ns, (unsigned long long)set.hold_ns);
    }
}

/* The kernel has refused, was left alone, and refuses while it still is: something else is wrong.
 */
static void test_full_once_more_before_its_time_is_a_doubt(void **context)
{
    (void)context;
    struct set set = set_in(SET_PHASE_READY);
    set_failed(&set, -ENFILE, NOW);
    set_failed(&set, -ENFILE, NOW + 1);
    assert_int_equal(set.phase, SET_PHASE_STALE);
    assert_int_equal(set.check_ns, NOW + 1 + NS_PER_SECOND);
    assert_int_equal(set.full, 1);
}

static void test_only_a_set_that_was_right_is_doubted(void **context)
{
    (void)context;
    static const enum set_phase after[] = {
        [SET_PHASE_ABSENT] = SET_PHASE_ABSENT, [SET_PHASE_WRONG] = SET_PHASE_WRONG,
        [SET_PHASE_STALE] = SET_PHASE_STALE,   [SET_PHASE_FILLING] = SET_PHASE_STALE,
        [SET_PHASE_READY] = SET_PHASE_STALE,   [SET_PHASE_FULL] = SET_PHASE_STALE,
    };
    for (unsigned phase = 0; phase < sizeof(after) / sizeof(after[0]); phase++) {
        struct set set = set_in((enum set_phase)phase);
        set_doubt(&set, NOW);
        assert_int_equal(set.phase, after[phase]);
        assert_int_equal(set.check_ns, NOW);
        assert_false(set_is_writable(&set));
    }
}

/* What others are told of each, and the problem, which stays until another is named. */
static void test_what_others_are_told(void **context)
{
    (void)context;
    static const enum set_state told[] = {
        [SET_PHASE_ABSENT] = SET_MISSING, [SET_PHASE_WRONG] = SET_WRONG,
        [SET_PHASE_STALE] = SET_READY,    [SET_PHASE_FILLING] = SET_READY,
        [SET_PHASE_READY] = SET_READY,    [SET_PHASE_FULL] = SET_READY,
    };
    struct set set = set_in(SET_PHASE_READY);
    for (unsigned phase = 0; phase < sizeof(told) / sizeof(told[0]); phase++) {
        set_enter_problem(&set, (enum set_phase)phase, "phase %u", phase);
        assert_int_equal(set_state(&set), told[phase]);
        assert_int_equal(set_is_right(&set), told[phase] == SET_READY);
        set_enter(&set, SET_PHASE_STALE, NULL);
        assert_int_equal(set.problem[6], '0' + (int)phase);
    }
    set_enter(&set, SET_PHASE_READY, "");
    assert_string_equal(set.problem, "");
}

/* What was read of a set counts as long as it is filled, and no longer. */
static void test_what_was_read_is_forgotten_with_the_filling(void **context)
{
    (void)context;
    struct set set = set_in(SET_PHASE_FILLING);
    set.just_read = true;
    set_enter(&set, SET_PHASE_FILLING, "");
    assert_true(set.just_read);
    set_doubt(&set, NOW);
    assert_false(set.just_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_refusal_makes_of_a_set),
        cmocka_unit_test(test_full_once_more_before_its_time_is_a_doubt),
        cmocka_unit_test(test_only_a_set_that_was_right_is_doubted),
        cmocka_unit_test(test_what_others_are_told),
        cmocka_unit_test(test_what_was_read_is_forgotten_with_the_filling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
