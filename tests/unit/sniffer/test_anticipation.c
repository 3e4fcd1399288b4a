/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sniffer/live/anticipation.h"

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

/* Asks, and answers after so long. */
static enum anticipation_outcome ask_and_answer(struct anticipation *anticipation, uint64_t at,
                                                uint64_t time)
{
    enum anticipation_outcome outcome = anticipation_asked(anticipation, &alice, at);

    anticipation_answered(anticipation, at + time);
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
    anticipation_answered(*state, start + MS);
    assert_true(anticipation_until(*state, start + MS) <= start + MS + MS / 2);
    assert_int_equal(anticipation_until(*state, start + 2 * MS), 0);
}

static void test_it_holds_until_the_last_of_two_answers(void **state)
{
    anticipation_asked(*state, &alice, start);
    anticipation_asked(*state, &alice, start + MS);
    anticipation_answered(*state, start + 2 * MS);
    assert_true(anticipation_until(*state, start + 10 * MS) != 0);
    anticipation_answered(*state, start + 11 * MS);
    assert_int_equal(anticipation_until(*state, start + 12 * MS), 0);
}

static void test_an_answer_at_hand_is_looked_for(void **state)
{
    assert_int_equal(anticipation_look_until(*state, start), 0);
    anticipation_asked(*state, &alice, start);
    assert_int_equal(anticipation_look_until(*state, start), start + ANTICIPATION_LOOK_NS);
    assert_int_equal(anticipation_look_until(*state, start + ANTICIPATION_LOOK_NS), 0);
    assert_true(anticipation_until(*state, start + ANTICIPATION_LOOK_NS) != 0);
}

static void test_looking_ends_with_the_hold(void **state)
{
    anticipation_asked(*state, &alice, start);
    anticipation_answered(*state, start + MS / 10);
    assert_int_equal(anticipation_look_until(*state, start + MS / 10),
                     anticipation_until(*state, start + MS / 10));
    assert_int_equal(anticipation_look_until(*state, start + MS / 2), 0);
}

/* The longest stretch without a sleep when somebody asks without end. */
static void test_a_flood_lets_it_sleep_between(void **state)
{
    uint64_t began = 0, longest = 0;

    for (uint64_t now = start; now < start + SECOND; now += MS / 10) {
        anticipation_asked(*state, &alice, now);
        if (!anticipation_look_until(*state, now + MS / 10)) {
            began = 0;
            continue;
        }
        if (!began)
            began = now;
        if (now + MS / 10 - began > longest)
            longest = now + MS / 10 - began;
    }
    assert_true(longest > ANTICIPATION_LOOK_NS && longest <= ANTICIPATION_LOOK_MOST_NS);
}

/* The bound after many answers that took so long, slowly enough for the budget. */
static uint64_t bound_after(struct anticipation *anticipation, uint64_t *now, uint64_t time)
{
    for (unsigned i = 0; i < 400; i++, *now += SECOND)
        ask_and_answer(anticipation, *now, time);
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
            anticipation_answered(anticipation, now);
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

static unsigned paused_of(struct anticipation *anticipation, unsigned questions, uint64_t *now,
                          uint64_t time)
{
    unsigned paused = 0;

    for (unsigned i = 0; i < questions; i++, *now += 100 * MS)
        paused += ask_and_answer(anticipation, *now, time) == ANTICIPATION_PAUSED;
    return paused;
}

static void test_every_question_is_held_for(void **state)
{
    uint64_t now = start;

    for (unsigned i = 0; i < 2000; i++, now += 100 * MS)
        assert_int_equal(ask_and_answer(*state, now, MS), ANTICIPATION_HOLDS);
}

static void test_it_tries_again_after_a_pause(void **state)
{
    uint64_t now = start;

    assert_true(paused_of(*state, 200, &now, 60 * MS) > 50);
    now += SECOND * HOURS;
    assert_int_equal(paused_of(*state, 500, &now, MS), 0);
}

static void test_the_pauses_become_longer(void **state)
{
    uint64_t now = start;
    unsigned first = paused_of(*state, 1000, &now, 60 * MS);
    unsigned later = paused_of(*state, 1000, &now, 60 * MS);

    assert_true(first > 0 && later > first);
}

static void test_answers_that_come_too_late_are_not_waited_for(void **state)
{
    uint64_t now = start;
    unsigned paused = 0;

    for (unsigned i = 0; i < 100; i++, now += 100 * MS)
        paused += ask_and_answer(*state, now, 60 * MS) == ANTICIPATION_PAUSED;
    assert_true(paused > 30);
}

static void test_unanswered_questions_do_not_stop_it(void **state)
{
    uint64_t now = start;

    for (unsigned i = 0; i < 1000; i++, now += 200 * MS)
        assert_int_not_equal(anticipation_asked(*state, &alice, now), ANTICIPATION_PAUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_question_holds_until_a_bound),
        TEST(test_an_answer_ends_it_soon),
        TEST(test_it_holds_until_the_last_of_two_answers),
        TEST(test_an_answer_at_hand_is_looked_for),
        TEST(test_looking_ends_with_the_hold),
        TEST(test_a_flood_lets_it_sleep_between),
        TEST(test_the_bound_follows_the_resolver),
        TEST(test_no_flood_gets_past_the_budget),
        TEST(test_a_greedy_client_leaves_some_for_others),
        TEST(test_every_question_is_held_for),
        TEST(test_it_tries_again_after_a_pause),
        TEST(test_the_pauses_become_longer),
        TEST(test_answers_that_come_too_late_are_not_waited_for),
        TEST(test_unanswered_questions_do_not_stop_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
