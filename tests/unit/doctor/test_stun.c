/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN: the test vectors of RFC 5769, and answers that are none.
 */
#include "doctor/host/stun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct stun_id id = {
    {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae}};

/* RFC 5769, section 2.2 */
static const uint8_t ipv4_response[] = {
    0x01, 0x01, 0x00, 0x3c,                         /* success response, length */
    0x21, 0x12, 0xa4, 0x42,                         /* magic cookie */
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, /* transaction id */
    0xfa, 0x87, 0xdf, 0xae,                         /* */
    0x80, 0x22, 0x00, 0x0b,                         /* SOFTWARE */
    0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, /* */
    0x74, 0x6f, 0x72, 0x20,                         /* */
    0x00, 0x20, 0x00, 0x08,                         /* XOR-MAPPED-ADDRESS */
    0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, /* */
    0x00, 0x08, 0x00, 0x14,                         /* MESSAGE-INTEGRITY */
    0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, /* */
    0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, /* */
    0xf0, 0x6b, 0xe7, 0xd7,                         /* */
    0x80, 0x28, 0x00, 0x04,                         /* FINGERPRINT */
    0xc0, 0x7d, 0x4c, 0x96,
};

/* RFC 5769, section 2.3, without MESSAGE-INTEGRITY and FINGERPRINT */
static const uint8_t ipv6_response[] = {
    0x01, 0x01, 0x00, 0x18,                         /* success response, length */
    0x21, 0x12, 0xa4, 0x42,                         /* magic cookie */
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, /* transaction id */
    0xfa, 0x87, 0xdf, 0xae,                         /* */
    0x00, 0x20, 0x00, 0x14,                         /* XOR-MAPPED-ADDRESS */
    0x00, 0x02, 0xa1, 0x47,                         /* */
    0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, /* */
    0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
};

/* "401 Unauthorized", without a reason phrase */
static const uint8_t error_response[] = {
    0x01, 0x11, 0x00, 0x08,                         /* error response, length */
    0x21, 0x12, 0xa4, 0x42,                         /* magic cookie */
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, /* transaction id */
    0xfa, 0x87, 0xdf, 0xae,                         /* */
    0x00, 0x09, 0x00, 0x04,                         /* ERROR-CODE */
    0x00, 0x00, 0x04, 0x01,
};

static void mapped_is(const struct stun_reply *reply, const char *address, uint16_t port)
{
    char text[ADDRESS_TEXT_MAX];

    assert_int_equal(reply->kind, STUN_SUCCESS);
    assert_string_equal(address_to_text(&reply->mapped, text), address);
    assert_int_equal(reply->mapped_port, port);
}

static void test_a_success_says_how_we_are_seen(void **state)
{
    struct stun_reply reply = stun_read(&id, ipv4_response, sizeof(ipv4_response));

    (void)state;
    mapped_is(&reply, "192.0.2.1", 32853);
    reply = stun_read(&id, ipv6_response, sizeof(ipv6_response));
    mapped_is(&reply, "2001:db8:1234:5678:11:2233:4455:6677", 32853);
}

static void test_an_error_is_an_answer_too(void **state)
{
    struct stun_reply reply = stun_read(&id, error_response, sizeof(error_response));

    (void)state;
    assert_int_equal(reply.kind, STUN_ERROR);
    assert_int_equal(reply.error, 401);
    assert_int_equal(reply.mapped.family, ADDRESS_NONE);
}

/* Each byte of the header, and of what FINGERPRINT covers, decides. */
static void test_a_changed_answer_is_none(void **state)
{
    uint8_t bytes[sizeof(ipv4_response)];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        memcpy(bytes, ipv4_response, sizeof(bytes));
        bytes[i] ^= 0x01;
        struct stun_reply reply = stun_read(&id, bytes, sizeof(bytes));
        /* Types are passed over: a changed one is another attribute, and the checksum is wrong. */
        if (reply.kind != STUN_NONE && (i < 72 || i > 73))
            fail_msg("byte %zu does not matter", i);
    }
    memcpy(bytes, ipv4_response, sizeof(bytes));
    bytes[13] ^= 0x80;
    assert_int_equal(stun_read(&id, bytes, sizeof(bytes)).kind, STUN_NONE);
}

static void test_a_cut_answer_is_none(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(ipv4_response); size++)
        assert_int_equal(stun_read(&id, ipv4_response, size).kind, STUN_NONE);
}

static void test_our_own_request_is_no_answer(void **state)
{
    uint8_t request[STUN_REQUEST_SIZE];

    (void)state;
    stun_request(&id, request);
    assert_int_equal(stun_read(&id, request, sizeof(request)).kind, STUN_NONE);
    /* As an answer it would be a good one: header, length and fingerprint are right. */
    request[0] = 0x01;
    assert_int_equal(stun_read(&id, request, sizeof(request)).kind, STUN_NONE);
    request[0] = 0x00;
    assert_int_equal(request[1], 0x01);
    assert_int_equal(request[3], STUN_REQUEST_SIZE - 20);
    assert_memory_equal(request + 8, id.bytes, sizeof(id.bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_success_says_how_we_are_seen),
        cmocka_unit_test(test_an_error_is_an_answer_too),
        cmocka_unit_test(test_a_changed_answer_is_none),
        cmocka_unit_test(test_a_cut_answer_is_none),
        cmocka_unit_test(test_our_own_request_is_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
