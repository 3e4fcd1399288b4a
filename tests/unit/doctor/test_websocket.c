/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handshake of RFC 6455, and what answers to it mean.
 */
#include "doctor/host/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 6455, section 1.3: the nonce is "the sample nonce". */
static struct websocket_key sample_key(void)
{
    uint8_t nonce[WEBSOCKET_NONCE_SIZE];

    memcpy(nonce, "the sample nonce", sizeof(nonce));
    return websocket_key_of(nonce);
}

static void test_the_key_of_the_rfc(void **state)
{
    struct websocket_key key = sample_key();
    char accept[WEBSOCKET_ACCEPT_MAX];

    (void)state;
    assert_string_equal(key.text, "dGhlIHNhbXBsZSBub25jZQ==");
    websocket_accept(&key, accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void test_the_request(void **state)
{
    struct websocket_key key = sample_key();
    char request[WEBSOCKET_REQUEST_MAX], path[WEBSOCKET_REQUEST_MAX];

    (void)state;
    size_t size = websocket_request("example.net", "/chat", &key, request);
    assert_int_equal(size, strlen(request));
    assert_memory_equal(request, "GET /chat HTTP/1.1\r\nHost: example.net\r\n", 39);
    assert_non_null(strstr(request, "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    assert_string_equal(request + size - 4, "\r\n\r\n");

    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(websocket_request("example.net", path, &key, request), 0);
}

static void test_verdicts(void **state)
{
#define ACCEPTED .upgrade = true, .connection_upgrade = true
#define KEY .accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    static const struct {
        struct http_head head;
        enum websocket_verdict verdict;
    } cases[] = {
        {{.status = 101, ACCEPTED, KEY}, WEBSOCKET_OPEN},
        {{.status = 101, ACCEPTED, .accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo"}, WEBSOCKET_WRONG_KEY},
        {{.status = 101, ACCEPTED, KEY, .extension = true}, WEBSOCKET_WRONG_KEY},
        {{.status = 101, .connection_upgrade = true, KEY}, WEBSOCKET_HALF},
        {{.status = 101, .upgrade = true, KEY}, WEBSOCKET_HALF},
        {{.status = 101, ACCEPTED}, WEBSOCKET_HALF},
        {{.status = 200}, WEBSOCKET_PLAIN},
        {{.status = 204}, WEBSOCKET_PLAIN},
        {{.status = 200, ACCEPTED, KEY}, WEBSOCKET_PLAIN},
        {{.status = 302}, WEBSOCKET_REDIRECT},
        {{.status = 400}, WEBSOCKET_BAD_REQUEST},
        {{.status = 401}, WEBSOCKET_FORBIDDEN},
        {{.status = 403}, WEBSOCKET_FORBIDDEN},
        {{.status = 404}, WEBSOCKET_NO_PATH},
        {{.status = 407}, WEBSOCKET_PROXY},
        {{.status = 426}, WEBSOCKET_STRIPPED},
        {{.status = 503}, WEBSOCKET_PROXY},
        {{.status = 511}, WEBSOCKET_PROXY},
        {{.status = 402}, WEBSOCKET_OTHER},
        {{.status = 500}, WEBSOCKET_OTHER},
        {{.status = 100}, WEBSOCKET_OTHER},
    };
    struct websocket_key key = sample_key();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum websocket_verdict verdict = websocket_judge(&cases[i].head, &key);
        if (verdict != cases[i].verdict)
            fail_msg("case %zu, status %u: %d", i, cases[i].head.status, (int)verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_of_the_rfc),
        cmocka_unit_test(test_the_request),
        cmocka_unit_test(test_verdicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
