/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests go to a source whose channel has that direction, and to no other.
 */
#include "source/request.h"

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

static struct source_request resolve_request(void)
{
    struct source_request request;

    memset(&request, 0, sizeof(request));
    request.kind = SOURCE_REQUEST_RESOLVE;
    assert_true(dname_from_text("a.dormammu.lookback.io", &request.name));
    return request;
}

static void test_a_request_arrives_beside_messages(void **state)
{
    const struct source_request sent = resolve_request();
    struct message message = {.kind = MESSAGE_COUNTERS}, got_message;
    struct source_request got;
    int reader, writer;

    (void)state;
    assert_int_equal(channel_pair(CHANNEL_BOTH_WAYS, &reader, &writer), 0);
    assert_int_equal(request_receive(writer, &got), -EAGAIN);
    assert_int_equal(request_send(reader, &sent), 0);
    assert_int_equal(channel_send(writer, &message), 0);
    assert_int_equal(request_receive(writer, &got), 1);
    assert_memory_equal(&sent, &got, sizeof(sent));
    assert_int_equal(request_receive(writer, &got), -EAGAIN);
    assert_int_equal(channel_receive(reader, &got_message), 1);
    close(reader);
    assert_int_equal(request_receive(writer, &got), 0);
    close(writer);
}

static void test_a_one_way_channel_takes_none(void **state)
{
    const struct source_request request = resolve_request();
    struct source_request got;
    int reader, writer;

    (void)state;
    assert_int_equal(channel_pair(CHANNEL_ONE_WAY, &reader, &writer), 0);
    assert_int_equal(request_send(reader, &request), -EPIPE);
    assert_int_equal(request_receive(writer, &got), 0);
    close(reader);
    close(writer);
}

static void test_a_wrong_size_is_refused(void **state)
{
    uint8_t bytes[sizeof(struct source_request) + 1] = {0};
    struct source_request got;
    int reader, writer;

    (void)state;
    assert_int_equal(channel_pair(CHANNEL_BOTH_WAYS, &reader, &writer), 0);
    send(reader, bytes, sizeof(bytes), 0);
    send(reader, bytes, sizeof(bytes) - 2, 0);
    assert_int_equal(request_receive(writer, &got), -EBADMSG);
    assert_int_equal(request_receive(writer, &got), -EBADMSG);
    close(reader);
    close(writer);
}

static void test_a_source_that_does_not_read_makes_nobody_wait(void **state)
{
    const struct source_request request = resolve_request();
    int reader, writer, result = 0;

    (void)state;
    assert_int_equal(channel_pair(CHANNEL_BOTH_WAYS, &reader, &writer), 0);
    for (unsigned i = 0; i < 100000 && result == 0; i++)
        result = request_send(reader, &request);
    assert_int_equal(result, -EAGAIN);
    close(reader);
    close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_arrives_beside_messages),
        cmocka_unit_test(test_a_one_way_channel_takes_none),
        cmocka_unit_test(test_a_wrong_size_is_refused),
        cmocka_unit_test(test_a_source_that_does_not_read_makes_nobody_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
