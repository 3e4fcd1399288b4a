/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel carries whole messages one way, and says so when it does not.
 */
#include "source/channel.h"

#include "source/message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct ends {
    int reader, writer;
};

static int open_channel(void **state)
{
    static struct ends ends;

    *state = &ends;
    return channel_pair(CHANNEL_ONE_WAY, &ends.reader, &ends.writer);
}

static int close_channel(void **state)
{
    struct ends *ends = *state;

    if (ends->reader >= 0)
        close(ends->reader);
    if (ends->writer >= 0)
        close(ends->writer);
    return 0;
}

static void test_a_message_arrives_as_it_was(void **state)
{
    struct ends *ends = *state;
    struct message sent = {.kind = MESSAGE_COUNTERS}, got;

    sent.counters.value[COUNTER_FRAMES] = 42;
    assert_int_equal(channel_receive(ends->reader, &got), -EAGAIN);
    assert_int_equal(channel_send(ends->writer, &sent), 0);
    assert_int_equal(channel_receive(ends->reader, &got), 1);
    assert_memory_equal(&sent, &got, sizeof(sent));
}

static void test_a_wrong_size_is_refused(void **state)
{
    struct ends *ends = *state;
    struct message got;
    uint8_t bytes[sizeof(struct message) + 1] = {0};

    send(ends->writer, bytes, sizeof(bytes), 0);
    send(ends->writer, bytes, sizeof(bytes) - 2, 0);
    send(ends->writer, bytes, 1, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(channel_receive(ends->reader, &got), -EBADMSG);
}

static void test_the_daemon_cannot_write_to_a_source(void **state)
{
    struct ends *ends = *state;

    assert_int_equal(send(ends->reader, "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
}

static void test_the_end_is_seen_on_both_sides(void **state)
{
    struct ends *ends = *state;
    struct message message = {.kind = MESSAGE_COUNTERS};

    close(ends->writer);
    ends->writer = -1;
    assert_int_equal(channel_receive(ends->reader, &message), 0);

    assert_int_equal(channel_pair(CHANNEL_ONE_WAY, &ends->reader, &ends->writer), 0);
    close(ends->reader);
    ends->reader = -1;
    assert_int_equal(channel_send(ends->writer, &message), -EPIPE);
}

static void test_what_waits_comes_together(void **state)
{
    struct ends *ends = *state;
    static struct message out[CHANNEL_TOGETHER];
    struct message message = {.kind = MESSAGE_COUNTERS};
    int stopped;

    assert_int_equal(channel_receive_waiting(ends->reader, out, CHANNEL_TOGETHER, &stopped), 0);
    assert_int_equal(stopped, -EAGAIN);
    for (unsigned i = 0; i < 5; i++) {
        message.counters.value[0] = i;
        assert_int_equal(channel_send(ends->writer, &message), 0);
    }
    assert_int_equal(channel_receive_waiting(ends->reader, out, 1, &stopped), 1);
    assert_int_equal(stopped, 1);
    assert_int_equal(out[0].counters.value[0], 0);
    assert_int_equal(channel_receive_waiting(ends->reader, out, CHANNEL_TOGETHER, &stopped), 4);
    assert_int_equal(stopped, 1);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(out[i].counters.value[0], i + 1);
    /* What stands before a wrong one counts, and the wrong one is told. */
    assert_int_equal(channel_send(ends->writer, &message), 0);
    assert_int_equal(send(ends->writer, &message, sizeof(message) - 1, 0), sizeof(message) - 1);
    assert_int_equal(channel_receive_waiting(ends->reader, out, CHANNEL_TOGETHER, &stopped), 1);
    assert_int_equal(stopped, -EBADMSG);
    close(ends->writer);
    ends->writer = -1;
    assert_int_equal(channel_receive_waiting(ends->reader, out, CHANNEL_TOGETHER, &stopped), 0);
    assert_int_equal(stopped, 0);
}

static void test_a_full_channel_says_so(void **state)
{
    struct ends *ends = *state;
    struct message message = {.kind = MESSAGE_COUNTERS};
    int r = 0;

    for (unsigned i = 0; i < 100000 && r == 0; i++)
        r = channel_send(ends->writer, &message);
    assert_int_equal(r, -EAGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_message_arrives_as_it_was, open_channel,
                                        close_channel),
        cmocka_unit_test_setup_teardown(test_a_wrong_size_is_refused, open_channel, close_channel),
        cmocka_unit_test_setup_teardown(test_the_daemon_cannot_write_to_a_source, open_channel,
                                        close_channel),
        cmocka_unit_test_setup_teardown(test_the_end_is_seen_on_both_sides, open_channel,
                                        close_channel),
        cmocka_unit_test_setup_teardown(test_what_waits_comes_together, open_channel,
                                        close_channel),
        cmocka_unit_test_setup_teardown(test_a_full_channel_says_so, open_channel, close_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
