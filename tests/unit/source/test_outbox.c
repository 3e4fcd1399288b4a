/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/outbox.h"

#include "base/clock.h"
#include "source/channel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONGEST = 256, MANY = 4000 };

struct bench {
    int reader, writer;
    struct outbox *outbox;
    uint64_t now;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    *state = bench;
    bench->now = 1000 * NS_PER_SECOND;
    if (channel_pair(CHANNEL_ONE_WAY, &bench->reader, &bench->writer) < 0)
        return -1;
    bench->outbox = outbox_new(bench->writer);
    return bench->outbox ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    outbox_free(bench->outbox);
    close(bench->writer);
    if (bench->reader >= 0)
        close(bench->reader);
    free(bench);
    return 0;
}

/* chain_ttl serves as a number to know it by. */
static enum outbox_result put(struct bench *bench, enum message_kind kind, uint32_t number,
                              bool more)
{
    struct message message = {.kind = kind};

    if (kind == MESSAGE_ANSWER || kind == MESSAGE_REFUSAL) {
        message.sighting.chain_ttl = number;
        message.sighting.more = more;
    }
    return outbox_put(bench->outbox, &message, bench->now);
}

/* Until the channel and the room behind it are full. */
static uint32_t fill(struct bench *bench)
{
    uint32_t number = 0;

    while (put(bench, MESSAGE_ANSWER, number, false) == OUTBOX_TAKEN) {
        number++;
        assert_true(number < MANY);
    }
    return number;
}

static void test_a_message_goes_at_once(void **state)
{
    struct bench *bench = *state;
    struct message message;

    assert_int_equal(put(bench, MESSAGE_ANSWER, 7, false), OUTBOX_TAKEN);
    assert_false(outbox_waits(bench->outbox));
    assert_int_equal(channel_receive(bench->reader, &message), 1);
    assert_int_equal(message.sighting.chain_ttl, 7);
}

static void test_what_waits_keeps_its_order(void **state)
{
    struct bench *bench = *state;
    uint32_t count = fill(bench), number = 0;
    struct message message;

    assert_true(outbox_waits(bench->outbox));
    while (number < count) {
        assert_int_equal(outbox_flush(bench->outbox), 0);
        while (channel_receive(bench->reader, &message) == 1)
            assert_int_equal(message.sighting.chain_ttl, number++);
    }
    assert_false(outbox_waits(bench->outbox));
}

static void test_what_finds_no_room_is_told(void **state)
{
    struct bench *bench = *state;

    fill(bench);
    assert_int_equal(put(bench, MESSAGE_ANSWER, 0, false), OUTBOX_LOST);
    assert_int_equal(put(bench, MESSAGE_COUNTERS, 0, false), OUTBOX_LOST);
    assert_int_equal(put(bench, MESSAGE_REFUSAL, 0, false), OUTBOX_SUPPRESSED);
}

/* A hint comes at once or never, and never before what waits. */
static void test_a_hint_does_not_wait(void **state)
{
    struct bench *bench = *state;
    struct message hint = {.kind = MESSAGE_ASKED}, message;

    outbox_hint(bench->outbox, &hint);
    assert_int_equal(channel_receive(bench->reader, &message), 1);
    assert_int_equal(message.kind, MESSAGE_ASKED);
    fill(bench);
    outbox_hint(bench->outbox, &hint);
    while (outbox_waits(bench->outbox)) {
        assert_int_equal(outbox_flush(bench->outbox), 0);
        while (channel_receive(bench->reader, &message) == 1)
            assert_int_equal(message.kind, MESSAGE_ANSWER);
    }
}

/* Reads everything; an answer in several messages must not have holes. */
static unsigned whole_answers(struct bench *bench)
{
    struct message message;
    uint32_t expected = 0;
    unsigned answers = 0;

    do {
        assert_int_equal(outbox_flush(bench->outbox), 0);
        while (channel_receive(bench->reader, &message) == 1) {
            assert_int_equal(message.sighting.chain_ttl, expected);
            expected = message.sighting.more ? expected + 1 : 0;
            answers += !message.sighting.more;
        }
    } while (outbox_waits(bench->outbox));
    assert_int_equal(expected, 0);
    return answers;
}

static void test_a_long_answer_goes_whole_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    unsigned taken = 0, answers = 20;

    for (unsigned i = 0; i < answers; i++) {
        bool whole = true;

        for (uint32_t part = 0; part < LONGEST; part++)
            whole &= put(bench, MESSAGE_ANSWER, part, part + 1 < LONGEST) == OUTBOX_TAKEN;
        taken += whole;
    }
    assert_in_range(taken, 2, answers - 1);
    assert_int_equal(whole_answers(bench), taken);
}

static void test_after_a_lost_answer_the_next_is_taken(void **state)
{
    struct bench *bench = *state;
    struct message message;

    fill(bench);
    assert_int_equal(put(bench, MESSAGE_ANSWER, 0, true), OUTBOX_LOST);
    while (channel_receive(bench->reader, &message) == 1 || outbox_waits(bench->outbox))
        assert_int_equal(outbox_flush(bench->outbox), 0);
    /* There is room by now, but its beginning is lost. */
    assert_int_equal(put(bench, MESSAGE_ANSWER, 1, true), OUTBOX_LOST);
    assert_int_equal(put(bench, MESSAGE_ANSWER, 2, false), OUTBOX_LOST);
    assert_int_equal(put(bench, MESSAGE_ANSWER, 42, false), OUTBOX_TAKEN);
    assert_int_equal(channel_receive(bench->reader, &message), 1);
    assert_int_equal(message.sighting.chain_ttl, 42);
}

static void test_refusals_are_limited_and_answers_are_not(void **state)
{
    struct bench *bench = *state;
    struct message message;
    unsigned taken = 0;

    for (unsigned i = 0; i < 1000; i++) {
        taken += put(bench, MESSAGE_REFUSAL, 0, false) == OUTBOX_TAKEN;
        assert_int_equal(put(bench, MESSAGE_ANSWER, 0, false), OUTBOX_TAKEN);
        while (channel_receive(bench->reader, &message) == 1)
            continue;
    }
    assert_int_equal(taken, 100);
    bench->now += NS_PER_SECOND;
    assert_int_equal(put(bench, MESSAGE_REFUSAL, 0, false), OUTBOX_TAKEN);
}

static void test_a_flood_of_refusals_does_not_hide_an_alarm(void **state)
{
    struct bench *bench = *state;
    struct message message;

    for (unsigned i = 0; i < 1000; i++) {
        put(bench, MESSAGE_REFUSAL, 0, false);
        channel_receive(bench->reader, &message);
    }
    assert_int_equal(put(bench, MESSAGE_ALARM, 0, false), OUTBOX_TAKEN);
}

static void test_a_daemon_that_is_gone_is_noticed(void **state)
{
    struct bench *bench = *state;

    close(bench->reader);
    bench->reader = -1;
    put(bench, MESSAGE_ANSWER, 0, false);
    assert_int_equal(outbox_flush(bench->outbox), -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_message_goes_at_once),
        TEST(test_what_waits_keeps_its_order),
        TEST(test_what_finds_no_room_is_told),
        TEST(test_a_hint_does_not_wait),
        TEST(test_a_long_answer_goes_whole_or_not_at_all),
        TEST(test_after_a_lost_answer_the_next_is_taken),
        TEST(test_refusals_are_limited_and_answers_are_not),
        TEST(test_a_flood_of_refusals_does_not_hide_an_alarm),
        TEST(test_a_daemon_that_is_gone_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
