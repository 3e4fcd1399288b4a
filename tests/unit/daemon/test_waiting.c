/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits, who goes on, in which order, and what is counted. */
#include "daemon/hold/waiting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BOUND (250 * NS_PER_MS)
#define AT(ms) (REAL0 + (uint64_t)(ms)*NS_PER_MS)
#define REAL0 (1000 * NS_PER_SECOND)

/* One table, the addresses that are allowed by now, and what went on last. */
struct fixture {
    struct waiting waiting;
    struct address allowed[8];
    unsigned sets[8];
    size_t allowed_count;
    struct waiting_gone gone[WAITING_MAX];
};

static struct fixture fixture;

static void begin(uint64_t least_ns)
{
    memset(&fixture, 0, sizeof(fixture));
    waiting_configure(&fixture.waiting, BOUND, least_ns);
}

static struct address address(const char *text)
{
    struct address out;

    assert_true(address_from_text(text, &out));
    return out;
}

/* The boot-time clock begins at 0, the wall clock elsewhere. */
static struct moment at(unsigned ms)
{
    return (struct moment){.boot_ns = ms * NS_PER_MS, .real_ns = AT(ms)};
}

static void allow(const char *text, unsigned sets)
{
    fixture.allowed[fixture.allowed_count] = address(text);
    fixture.sets[fixture.allowed_count++] = sets;
}

static unsigned sets_of(void *context, const struct address *to)
{
    (void)context;
    for (size_t i = 0; i < fixture.allowed_count; i++)
        if (address_equal(&fixture.allowed[i], to))
            return fixture.sets[i];
    return 0;
}

static enum waiting_outcome comes_from(uint32_t id, const char *from, const char *to, unsigned ms)
{
    struct waiting_packet packet = {
        .id = id, .source = address(from), .destination = address(to), .came = at(ms)};

    packet.sets = sets_of(NULL, &packet.destination);
    return waiting_take(&fixture.waiting, &packet, 1);
}

static enum waiting_outcome comes(uint32_t id, const char *to, unsigned ms)
{
    return comes_from(id, "192.0.2.10", to, ms);
}

static void round_begins(unsigned ms)
{
    assert_true(waiting_wants_round(&fixture.waiting, at(ms).boot_ns));
    waiting_begin_round(&fixture.waiting, at(ms).boot_ns);
    assert_false(waiting_wants_round(&fixture.waiting, at(ms).boot_ns));
}

static size_t round_ends(unsigned ms)
{
    struct moment now = at(ms);

    return waiting_end_round(&fixture.waiting, sets_of, NULL, &now, fixture.gone);
}

static size_t found(unsigned ms)
{
    struct moment now = at(ms);

    return waiting_take_found(&fixture.waiting, sets_of, NULL, &now, fixture.gone);
}

static size_t due(unsigned ms)
{
    struct moment now = at(ms);

    return waiting_take_due(&fixture.waiting, sets_of, NULL, &now, fixture.gone);
}

static void went(size_t index, uint32_t id, enum waiting_outcome outcome)
{
    assert_int_equal(fixture.gone[index].packet.id, id);
    assert_int_equal(fixture.gone[index].outcome, outcome);
}

static uint64_t counted(enum waiting_outcome outcome)
{
    return fixture.waiting.figures.outcome[outcome];
}

static void test_an_allowed_address_goes_on_at_once(void **state)
{
    (void)state;
    begin(0);
    allow("198.51.100.7", 1);
    assert_int_equal(comes(1, "198.51.100.7", 0), WAITING_AT_ONCE);
    assert_false(waiting_wants_round(&fixture.waiting, 0));
    assert_int_equal(waiting_next_ns(&fixture.waiting, 0), UINT64_MAX);
    assert_int_equal(counted(WAITING_AT_ONCE), 1);
}

static void test_what_is_committed_goes_on_in_order(void **state)
{
    (void)state;
    begin(0);
    assert_int_equal(comes(1, "198.51.100.7", 0), WAITING_OUTCOMES);
    assert_int_equal(comes(2, "198.51.100.8", 1), WAITING_OUTCOMES);
    assert_int_equal(comes(3, "198.51.100.7", 2), WAITING_OUTCOMES);
    round_begins(2);
    allow("198.51.100.7", 1);
    assert_int_equal(found(3), 2);
    went(0, 1, WAITING_FOUND);
    went(1, 3, WAITING_FOUND);
    assert_int_equal(round_ends(4), 1);
    went(0, 2, WAITING_WITHOUT);
    assert_int_equal(counted(WAITING_FOUND), 2);
    assert_int_equal(counted(WAITING_WITHOUT), 1);
    assert_int_equal(fixture.waiting.figures.rounds, 1);
    assert_int_equal(fixture.waiting.figures.round_sum_us, 2000);
    assert_int_equal(fixture.waiting.figures.wait_most_us, 3000);
    assert_int_equal(fixture.waiting.figures.wait_sum_us, 3000 + 1000 + 3000);
    assert_int_equal(fixture.waiting.figures.wait_us[7], 1); /* from 640 us on */
    assert_int_equal(fixture.waiting.figures.wait_us[9], 2); /* from 2560 us on */
}

/* A reply is about what was there when it was asked for. */
static void test_who_comes_during_a_round_waits_for_the_next(void **state)
{
    (void)state;
    begin(0);
    comes(1, "198.51.100.7", 0);
    round_begins(0);
    comes(2, "198.51.100.8", 1);
    assert_int_equal(round_ends(2), 1);
    went(0, 1, WAITING_WITHOUT);
    assert_int_equal(fixture.waiting.count, 1);
    round_begins(2);
    assert_int_equal(round_ends(3), 1);
    went(0, 2, WAITING_WITHOUT);
    assert_int_equal(round_ends(4), 0); /* nobody had been asked */
}

static void test_a_lost_round_is_asked_again(void **state)
{
    (void)state;
    begin(0);
    comes(1, "198.51.100.7", 0);
    round_begins(0);
    waiting_lose_round(&fixture.waiting);
    round_begins(1);
    assert_int_equal(round_ends(2), 1);
    went(0, 1, WAITING_WITHOUT);
}

static void test_time_is_up_at_the_bound(void **state)
{
    (void)state;
    begin(0);
    comes(1, "198.51.100.7", 10);
    comes(2, "2001:db8::7", 20);
    round_begins(20);
    assert_int_equal(waiting_next_ns(&fixture.waiting, at(20).boot_ns), at(260).boot_ns);
    assert_int_equal(due(259), 0);
    assert_int_equal(due(260), 1);
    went(0, 1, WAITING_TIME_UP);
    assert_int_equal(waiting_next_ns(&fixture.waiting, at(260).boot_ns), at(270).boot_ns);
    allow("2001:db8::7", 1);
    assert_int_equal(due(300), 1);
    went(0, 2, WAITING_FOUND);
}

static void test_one_source_cannot_fill_it(void **state)
{
    (void)state;
    begin(0);
    for (unsigned i = 0; i < WAITING_A_SOURCE_MAX; i++)
        assert_int_equal(comes(i, "198.51.100.7", 0), WAITING_OUTCOMES);
    assert_int_equal(comes(99, "198.51.100.7", 0), WAITING_NO_ROOM);
    assert_int_equal(comes_from(100, "192.0.2.11", "198.51.100.7", 0), WAITING_OUTCOMES);
    assert_int_equal(comes_from(101, "2001:db8::10", "2001:db8::7", 0), WAITING_OUTCOMES);
    assert_int_equal(counted(WAITING_NO_ROOM), 1);
}

static void test_a_source_has_its_whole_prefix(void **state)
{
    char from[ADDRESS_TEXT_MAX];

    (void)state;
    begin(0);
    for (unsigned i = 0; i < WAITING_A_SOURCE_MAX; i++) {
        snprintf(from, sizeof(from), "2001:db8::%x", i);
        assert_int_equal(comes_from(i, from, "2001:db8:5::7", 0), WAITING_OUTCOMES);
    }
    assert_int_equal(comes_from(90, "2001:db8::ff", "2001:db8:5::7", 0), WAITING_NO_ROOM);
    assert_int_equal(comes_from(91, "2001:db8:0:1::1", "2001:db8:5::7", 0), WAITING_OUTCOMES);
    assert_int_equal(comes_from(92, "32.1.13.184", "198.51.100.7", 0), WAITING_OUTCOMES);
}

static void test_more_than_there_is_room_for_go_on(void **state)
{
    char from[ADDRESS_TEXT_MAX];

    (void)state;
    begin(0);
    for (unsigned i = 0; i < WAITING_MAX; i++) {
        snprintf(from, sizeof(from), "192.0.2.%u", i);
        assert_int_equal(comes_from(i, from, "198.51.100.7", 0), WAITING_OUTCOMES);
    }
    assert_int_equal(comes_from(999, "203.0.113.1", "198.51.100.7", 0), WAITING_NO_ROOM);
    round_begins(1);
    assert_int_equal(round_ends(1), WAITING_MAX);
    for (unsigned i = 0; i < WAITING_MAX; i++)
        went(i, i, WAITING_WITHOUT);
}

/* The rule that queued it may be about the set that it is not in. */
static void test_some_sets_of_several_are_not_enough(void **state)
{
    struct waiting_packet packet = {.id = 1,
                                    .source = address("192.0.2.10"),
                                    .destination = address("198.51.100.7"),
                                    .came = at(0),
                                    .sets = 1};

    (void)state;
    begin(0);
    assert_int_equal(waiting_take(&fixture.waiting, &packet, 2), WAITING_OUTCOMES);
    allow("198.51.100.7", 1);
    assert_int_equal(found(1), 0);
    fixture.sets[0] = 2;
    assert_int_equal(found(2), 1);
    went(0, 1, WAITING_FOUND);
}

static void test_three_times_up_in_a_row_and_none_waits(void **state)
{
    (void)state;
    begin(0);
    comes(1, "198.51.100.7", 0);
    round_begins(0);
    comes(2, "198.51.100.7", 100);
    assert_int_equal(due(250), 1);
    comes(3, "198.51.100.7", 251);
    assert_int_equal(due(350), 1); /* of the same stall */
    assert_int_equal(due(501), 1);
    comes(4, "198.51.100.7", 502);
    assert_int_equal(waiting_paused_until(&fixture.waiting, at(501).boot_ns), 0);
    assert_int_equal(due(752), 1);
    assert_int_equal(fixture.waiting.figures.pauses, 1);
    assert_int_equal(waiting_paused_until(&fixture.waiting, at(752).boot_ns), at(10752).boot_ns);
    assert_int_equal(comes(5, "198.51.100.7", 10751), WAITING_NOT_HELD);
    /* Then it is tried again, and one more is enough. */
    assert_int_equal(comes(6, "198.51.100.7", 10752), WAITING_OUTCOMES);
    assert_int_equal(due(11002), 1);
    assert_int_equal(fixture.waiting.figures.pauses, 2);
    assert_int_equal(comes(7, "198.51.100.7", 11003), WAITING_NOT_HELD);
}

/* It works again: no reason to lose packets for the rest of the pause. */
static void test_a_late_end_of_a_round_ends_the_pause(void **state)
{
    (void)state;
    begin(0);
    comes(1, "198.51.100.7", 0);
    round_begins(0);
    due(250);
    comes(2, "198.51.100.7", 251);
    due(501);
    comes(3, "198.51.100.7", 502);
    due(752);
    assert_int_equal(comes(4, "198.51.100.7", 800), WAITING_NOT_HELD);
    round_ends(900);
    assert_int_equal(comes(5, "198.51.100.7", 901), WAITING_OUTCOMES);
    round_begins(901);
    due(1151); /* late again */
    assert_int_equal(comes(6, "198.51.100.7", 1152), WAITING_NOT_HELD);
    round_ends(1200);
    comes(7, "198.51.100.7", 1201);
    round_begins(1201);
    assert_int_equal(round_ends(1202), 1); /* in time */
    comes(8, "198.51.100.7", 1203);
    round_begins(1203);
    due(1453);
    assert_int_equal(comes(9, "198.51.100.7", 1454), WAITING_OUTCOMES);
}

/* Copies that come late are waited for first, and only then is the sniffer asked. */
static void test_a_least_wait_comes_before_the_round(void **state)
{
    (void)state;
    begin(5 * NS_PER_MS);
    comes(1, "198.51.100.7", 0);
    comes(2, "198.51.100.7", 3);
    assert_false(waiting_wants_round(&fixture.waiting, at(4).boot_ns));
    assert_int_equal(waiting_next_ns(&fixture.waiting, at(4).boot_ns), at(5).boot_ns);
    round_begins(5);
    assert_int_equal(round_ends(6), 1);
    went(0, 1, WAITING_WITHOUT);
    assert_int_equal(waiting_next_ns(&fixture.waiting, at(6).boot_ns), at(8).boot_ns);
    round_begins(8);
    assert_int_equal(round_ends(8), 1);
}

static void learned(const char *text, unsigned captured_ms, bool mirrored, unsigned ms)
{
    struct address to = address(text);
    struct moment now = at(ms);

    waiting_learned(&fixture.waiting, &to, AT(captured_ms), mirrored, &now);
}

static void goes_without(const char *to, unsigned ms)
{
    comes(1, to, ms);
    round_begins(ms);
    assert_int_equal(round_ends(ms), 1);
    went(0, 1, WAITING_WITHOUT);
}

static void test_late_copies_make_packets_wait(void **state)
{
    (void)state;
    begin(0);
    goes_without("198.51.100.7", 0);
    learned("198.51.100.7", 3, true, 3);
    assert_int_equal(waiting_least_ns(&fixture.waiting, at(4).boot_ns), 0); /* may be chance */
    goes_without("198.51.100.8", 10);
    learned("198.51.100.8", 14, true, 14);
    assert_int_equal(waiting_least_ns(&fixture.waiting, at(15).boot_ns), 4 * NS_PER_MS);
    assert_int_equal(fixture.waiting.lateness.count, 2);
    assert_int_equal(fixture.waiting.lateness.most_ns, 4 * NS_PER_MS);
    assert_int_equal(fixture.waiting.figures.missed, 0);
    assert_int_equal(waiting_least_ns(&fixture.waiting, at(700000).boot_ns), 0); /* long ago */
    /* One that is still there when its copy comes tells it as well. */
    comes(3, "198.51.100.9", 20);
    learned("198.51.100.9", 26, true, 26);
    assert_int_equal(waiting_least_ns(&fixture.waiting, at(27).boot_ns), 5 * NS_PER_MS);
}

static void test_what_says_nothing_about_copies(void **state)
{
    (void)state;
    begin(0);
    for (unsigned i = 0; i < 4; i++) {
        goes_without("198.51.100.7", 100 * i);
        learned("198.51.100.7", 100 * i + 3, false, 100 * i + 3); /* on no mirror port */
        goes_without("198.51.100.8", 100 * i);
        learned("198.51.100.8", 100 * i + 26, true, 100 * i + 26); /* it knew it before */
        learned("198.51.100.9", 100 * i, true, 100 * i);           /* nobody wanted it */
    }
    assert_int_equal(waiting_least_ns(&fixture.waiting, at(500).boot_ns), 0);
}

/* The answer was there when the packet came, and it went on all the same. */
static void test_missed_packets_are_counted_once(void **state)
{
    (void)state;
    begin(0);
    comes(1, "198.51.100.7", 10);
    round_begins(10);
    assert_int_equal(due(260), 1);
    learned("198.51.100.7", 9, false, 300);
    assert_int_equal(fixture.waiting.figures.missed, 1);
    learned("198.51.100.7", 9, false, 301);
    assert_int_equal(fixture.waiting.figures.missed, 1);
    round_ends(350);
    goes_without("198.51.100.8", 400);
    learned("198.51.100.8", 399, false, 1500); /* too long ago to be about it */
    assert_int_equal(fixture.waiting.figures.missed, 1);
}

static void test_all_go_when_nobody_is_there(void **state)
{
    struct moment now = at(3);

    (void)state;
    begin(0);
    comes(1, "198.51.100.7", 0);
    comes(2, "198.51.100.8", 1);
    assert_int_equal(waiting_take_all(&fixture.waiting, &now, fixture.gone), 2);
    went(0, 1, WAITING_NOT_HELD);
    went(1, 2, WAITING_NOT_HELD);
    assert_int_equal(counted(WAITING_NOT_HELD), 2);
    assert_false(waiting_wants_round(&fixture.waiting, now.boot_ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_allowed_address_goes_on_at_once),
        cmocka_unit_test(test_what_is_committed_goes_on_in_order),
        cmocka_unit_test(test_who_comes_during_a_round_waits_for_the_next),
        cmocka_unit_test(test_a_lost_round_is_asked_again),
        cmocka_unit_test(test_time_is_up_at_the_bound),
        cmocka_unit_test(test_one_source_cannot_fill_it),
        cmocka_unit_test(test_a_source_has_its_whole_prefix),
        cmocka_unit_test(test_more_than_there_is_room_for_go_on),
        cmocka_unit_test(test_some_sets_of_several_are_not_enough),
        cmocka_unit_test(test_three_times_up_in_a_row_and_none_waits),
        cmocka_unit_test(test_a_late_end_of_a_round_ends_the_pause),
        cmocka_unit_test(test_a_least_wait_comes_before_the_round),
        cmocka_unit_test(test_late_copies_make_packets_wait),
        cmocka_unit_test(test_what_says_nothing_about_copies),
        cmocka_unit_test(test_missed_packets_are_counted_once),
        cmocka_unit_test(test_all_go_when_nobody_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
