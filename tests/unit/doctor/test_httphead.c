/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heads of HTTP responses: whole, unfinished, and none.
 */
#include "doctor/host/httphead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\n"
                              "Upgrade: websocket\r\n"
                              "connection: keep-alive, Upgrade\r\n"
                              "Sec-WebSocket-Accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n"
                              "Server: nginx\r\n"
                              "\r\nand what follows it";

static enum http_outcome read_text(const char *text, struct http_head *head)
{
    return http_head_read(text, strlen(text), head);
}

static void test_an_upgrade_is_read(void **state)
{
    struct http_head head;

    (void)state;
    assert_int_equal(read_text(upgrade, &head), HTTP_WHOLE);
    assert_int_equal(head.status, 101);
    assert_true(head.upgrade);
    assert_true(head.connection_upgrade);
    assert_false(head.extension);
    assert_string_equal(head.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_string_equal(head.server, "nginx");
    assert_string_equal(head.via, "");
}

static void test_each_beginning_is_unfinished(void **state)
{
    size_t whole = (size_t)(strstr(upgrade, "\r\n\r\n") - upgrade) + 4;
    struct http_head head;

    (void)state;
    for (size_t size = 0; size < whole; size++)
        assert_int_equal(http_head_read(upgrade, size, &head), HTTP_UNFINISHED);
    assert_int_equal(http_head_read(upgrade, whole, &head), HTTP_WHOLE);
}

static void test_what_is_none(void **state)
{
    static const char *const heads[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2 101 x\r\n\r\n",
        "HTTP/1.1 99 x\r\n\r\n",
        "HTTP/1.1 600 x\r\n\r\n",
        "HTTP/1.1 1O1 x\r\n\r\n",
        "HTTP/1.1 1011 x\r\n\r\n",
        "HTTP/1.1  101 x\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade : websocket\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: web\r\n socket\r\n\r\n",
        "HTTP/1.1 101 x\r\nno colon\r\n\r\n",
        "HTTP/1.1 101 x\r\n: no name\r\n\r\n",
    };
    struct http_head head;

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (read_text(heads[i], &head) != HTTP_NONE)
            fail_msg("taken for a response: %s", heads[i]);
    }
}

static void test_odd_and_right(void **state)
{
    struct http_head head;

    (void)state;
    assert_int_equal(read_text("HTTP/1.0 200\n\n", &head), HTTP_WHOLE);
    assert_int_equal(head.status, 200);
    assert_false(head.upgrade);
    /* Words, not parts of words. */
    assert_int_equal(read_text("HTTP/1.1 101 x\r\nUpgrade: websockets\r\n"
                               "Connection: no-upgrade\r\n\r\n",
                               &head),
                     HTTP_WHOLE);
    assert_false(head.upgrade);
    assert_false(head.connection_upgrade);
    /* Two accept keys are none. */
    assert_int_equal(read_text("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: a\r\n"
                               "Sec-WebSocket-Accept: b\r\n\r\n",
                               &head),
                     HTTP_WHOLE);
    assert_string_equal(head.accept, "");
    /* What goes to the terminal is printable. */
    assert_int_equal(read_text("HTTP/1.1 403 x\r\nVia: 1.1 \033[31mproxy\r\n\r\n", &head),
                     HTTP_WHOLE);
    assert_string_equal(head.via, "1.1 ?[31mproxy");
}

static void test_an_endless_head_is_none(void **state)
{
    const size_t size = HTTP_HEAD_MAX + 10;
    char *bytes = malloc(size);
    struct http_head head;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'a', size);
    memcpy(bytes, "HTTP/1.1 200 x\r\nA: ", 19);
    assert_int_equal(http_head_read(bytes, HTTP_HEAD_MAX - 1, &head), HTTP_UNFINISHED);
    assert_int_equal(http_head_read(bytes, HTTP_HEAD_MAX, &head), HTTP_NONE);
    assert_int_equal(http_head_read(bytes, size, &head), HTTP_NONE);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_upgrade_is_read),
        cmocka_unit_test(test_each_beginning_is_unfinished),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_odd_and_right),
        cmocka_unit_test(test_an_endless_head_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
