/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sniffer/anticipation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define US UINT64_C(1000)
#define MS (1000 * US)
#define SECOND (1000 * MS)

enum { HOURS = 3600 };

static const uint64_t start = 1000 * SECOND;
static const struct address alice = {ADDRESS_IPV4, {192, 0, 2, 1}};
static const struct address bob = {ADDRESS_IPV4, {192, 0, 2, 2}};

static int set_up(void **state)
{
    *state = anticipation_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    anticipation_free(*state);
    return 0;
}

/* Asks, and answers after so long, with this delay when held and that when not. */
static enum anticipation_outcome ask_and_answer(struct anticipation *anticipation, uint64_t at,
                                                uint64_t time, uint64_t held, uint64_t not_held)
{
    enum anticipation_outcome outcome = anticipation_asked(anticipation, &alice, at);
    bool holds = anticipation_until(anticipation, at + time) != 0;

    anticipation_answered(anticipation, holds ? held : not_held, at + time);
    return outcome;
}

static void test_a_question_holds_until_a_bound(void **state)
{
    assert_int_equal(anticipation_until(*state, start), 0);
    assert_int_equal(anticipation_asked(*state, &alice, start), ANTICIPATION_HOLDS);
    assert_int_equal(anticipation_until(*state, start), start + ANTICIPATION_MOST_NS);
    assert_int_equal(anticipation_until(*state, start + ANTICIPATION_MOST_NS), 0);
}

static void test_an_answer_ends_it_soon(void **state)
{
    anticipation_asked(*state, &alice, start);
    anticipation_answered(*state, 5 * US, start + MS);
    assert_true(anticipation_until(*state, start + MS) <= start + MS + MS / 2);
    assert_int_equal(anticipation_until(*state, start + 2 * MS), 0);
}

static void test_it_holds_until_the_last_of_two_answers(void **state)
{
    anticipation_asked(*state, &alice, start);
    anticipation_asked(*state, &alice, start + MS);
    anticipation_answered(*state, 5 * US, start + 2 * MS);
    assert_true(anticipation_until(*state, start + 10 * MS) != 0);
    anticipation_answered(*state, 5 * US, start + 11 * MS);
    assert_int_equal(anticipation_until(*state, start + 12 * MS), 0);
}

/* The bound after many answers that took so long, slowly enough for the budget. */
static uint64_t bound_after(struct anticipation *anticipation, uint64_t *now, uint64_t time)
{
    for (unsigned i = 0; i < 400; i++, *now += SECOND)
        ask_and_answer(anticipation, *now, time, 5 * US, 50 * US);
    if (anticipation_asked(anticipation, &alice, *now) != ANTICIPATION_HOLDS)
        anticipation_asked(anticipation, &alice, *now += SECOND);
    return anticipation_until(anticipation, *now) - *now;
}

static void test_the_bound_follows_the_resolver(void **state)
{
    uint64_t now = start;

    assert_in_range(bound_after(*state, &now, 2 * MS), 2 * MS, 6 * MS);
    assert_in_range(bound_after(*state, &now, 12 * MS), 12 * MS, 20 * MS);
    assert_in_range(bound_after(*state, &now, 100 * US), MS, MS);
}

enum { TRACE_MAX = 4000 };

/* Held or not at each tenth of a millisecond. */
struct trace {
    bool held[TRACE_MAX * 10];
    unsigned begun[TRACE_MAX * 10];
};

static void assert_within_budget(const struct trace *trace, unsigned count)
{
    unsigned held = 0, begun = 0;

    for (unsigned i = 0; i < count; i++) {
        held += trace->held[i];
        begun += trace->begun[i];
        if (i >= 10000) {
            held -= trace->held[i - 10000];
            begun -= trace->begun[i - 10000];
        }
        assert_in_range(held, 0, 1000); /* 100 ms */
        assert_in_range(begun, 0, ANTICIPATION_HOLDS_MAX);
    }
}

static void flood(struct anticipation *anticipation, unsigned clients, unsigned answered_every,
                  struct trace *trace)
{
    unsigned held = 0;

    srandom(1);
    for (unsigned i = 0; i < TRACE_MAX * 10; i++) {
        uint64_t now = start + i * MS / 10;
        struct address client = alice;
        bool before = anticipation_until(anticipation, now) != 0;

        client.bytes[3] = (uint8_t)((unsigned long)random() % clients);
        if (random() % 3 == 0)
            anticipation_asked(anticipation, &client, now);
        trace->held[i] = anticipation_until(anticipation, now) != 0;
        trace->begun[i] = trace->held[i] && !before;
        held += trace->held[i];
        if (answered_every && i % answered_every == 0)
            anticipation_answered(anticipation, UINT64_MAX, now);
    }
    /* It is a budget, not a refusal of everything. */
    assert_true(held > 100);
}

static void test_no_flood_gets_past_the_budget(void **state)
{
    static const unsigned clients[] = {1, 2, 250}, answers[] = {0, 3, 50};
    struct trace *trace = calloc(1, sizeof(*trace));

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        struct anticipation *anticipation = anticipation_new();

        flood(anticipation, clients[i / 3], answers[i % 3], trace);
        assert_within_budget(trace, TRACE_MAX * 10);
        anticipation_free(anticipation);
    }
    free(trace);
}

static void test_a_greedy_client_leaves_some_for_others(void **state)
{
    uint64_t now = start;
    unsigned refused = 0, held_for_bob = 0;

    for (unsigned i = 0; i < 20000; i++, now += MS / 5) {
        refused += anticipation_asked(*state, &alice, now) == ANTICIPATION_REFUSED;
        /* While it is held for another anyway, it costs nothing. */
        if (i % 1000 == 0 && anticipation_until(*state, now) == 0)
            held_for_bob += anticipation_asked(*state, &bob, now) == ANTICIPATION_HOLDS;
    }
    assert_true(refused > 1000);
    assert_true(held_for_bob >= 10);
}

static void test_some_are_not_held_for_to_compare(void **state)
{
    unsigned sampled = 0;
    uint64_t now = start;

    for (unsigned i = 0; i < 160; i++, now += 100 * MS)
        sampled += ask_and_answer(*state, now, MS, 6 * US, 56 * US) == ANTICIPATION_SAMPLED;
    assert_int_equal(sampled, 10);
}

static unsigned paused_of(struct anticipation *anticipation, unsigned questions, uint64_t *now,
                          uint64_t held, uint64_t not_held)
{
    unsigned paused = 0;

    for (unsigned i = 0; i < questions; i++, *now += 100 * MS)
        paused += ask_and_answer(anticipation, *now, MS, held, not_held) == ANTICIPATION_PAUSED;
    return paused;
}

static void test_it_goes_on_where_it_helps(void **state)
{
    uint64_t now = start;

    assert_int_equal(paused_of(*state, 2000, &now, 6 * US, 56 * US), 0);
}

static void test_it_stops_where_it_does_not_help_and_tries_again(void **state)
{
    uint64_t now = start;

    /* Ten questions a second, and 96 of them until there is something to compare. */
    assert_true(paused_of(*state, 200, &now, 6 * US, 7 * US) > 50);
    now += SECOND * HOURS;
    assert_int_equal(anticipation_asked(*state, &alice, now), ANTICIPATION_HOLDS);
    anticipation_answered(*state, 6 * US, now + MS);
    /* Where it helps by then, it goes on. */
    assert_int_equal(paused_of(*state, 500, &now, 6 * US, 56 * US), 0);
}

static void test_the_pauses_become_longer(void **state)
{
    uint64_t now = start;
    unsigned first = paused_of(*state, 1000, &now, 6 * US, 6 * US);
    unsigned later = paused_of(*state, 1000, &now, 6 * US, 6 * US);

    assert_true(first > 0 && later > first);
}

static void test_answers_that_come_too_late_are_not_waited_for(void **state)
{
    uint64_t now = start;
    unsigned paused = 0;

    for (unsigned i = 0; i < 100; i++, now += 100 * MS)
        paused += ask_and_answer(*state, now, 60 * MS, 6 * US, 56 * US) == ANTICIPATION_PAUSED;
    assert_true(paused > 30);
}

static void test_unanswered_questions_do_not_stop_it(void **state)
{
    uint64_t now = start;

    for (unsigned i = 0; i < 1000; i++, now += 200 * MS)
        assert_int_not_equal(anticipation_asked(*state, &alice, now), ANTICIPATION_PAUSED);
}

static void test_delays_that_cannot_be_are_not_counted(void **state)
{
    uint64_t now = start;

    /* A clock that was set would make "not held" look good or bad. */
    assert_int_equal(paused_of(*state, 300, &now, UINT64_MAX, UINT64_MAX), 0);
    assert_int_equal(paused_of(*state, 300, &now, SECOND, 5 * US), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_question_holds_until_a_bound),
        TEST(test_an_answer_ends_it_soon),
        TEST(test_it_holds_until_the_last_of_two_answers),
        TEST(test_the_bound_follows_the_resolver),
        TEST(test_no_flood_gets_past_the_budget),
        TEST(test_a_greedy_client_leaves_some_for_others),
        TEST(test_some_are_not_held_for_to_compare),
        TEST(test_it_goes_on_where_it_helps),
        TEST(test_it_stops_where_it_does_not_help_and_tries_again),
        TEST(test_the_pauses_become_longer),
        TEST(test_answers_that_come_too_late_are_not_waited_for),
        TEST(test_unanswered_questions_do_not_stop_it),
        TEST(test_delays_that_cannot_be_are_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
