/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first look: header and question, cut and bent in every way. */
#include "dnsparse/answers/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t good[] = {
    0x12, 0x34,           /* id */
    0x87, 0x83,           /* QR, AA, TC, RD, RA, rcode 3 */
    0x00, 0x01,           /* QDCOUNT */
    0x00, 0x02,           /* ANCOUNT */
    0x00, 0x00,           /* NSCOUNT */
    0x00, 0x00,           /* ARCOUNT */
    0x03, 'E',  'u', '1', /* label */
    0x02, 'i',  'o',      /* label */
    0x00,                 /* root */
    0x00, 0x1c,           /* QTYPE AAAA */
    0x00, 0x03,           /* QCLASS CH */
    0xff,                 /* what follows is not looked at */
};
enum { QUESTION_END = sizeof good - 1 };

/* At the very end of its own memory, so that the sanitizer sees one byte too many. */
static bool read_cut(const uint8_t *bytes, size_t size, struct wire_message *out)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    bool ok;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    ok = wire_read(copy, size, out);
    free(copy);
    return ok;
}

static void test_every_field_is_read(void **state)
{
    struct wire_message message;

    (void)state;
    assert_true(wire_read(good, sizeof good, &message));
    assert_ptr_equal(message.bytes, good);
    assert_int_equal(message.size, sizeof good);
    assert_int_equal(message.id, 0x1234);
    assert_true(message.response);
    assert_int_equal(message.opcode, 0);
    assert_true(message.truncated);
    assert_int_equal(message.rcode, 3);
    assert_int_equal(message.question_count, 1);
    assert_int_equal(message.answer_count, 2);
    assert_int_equal(message.name_size, 8);
    assert_int_equal(message.question_type, 28);
    assert_int_equal(message.question_class, 3);
    assert_memory_equal(wire_question(&message), "\3Eu1\2io\0\0\34\0\3", 12);
}

static void test_opcode_is_four_bits_and_nothing_else(void **state)
{
    uint8_t bytes[sizeof good];
    struct wire_message message;

    (void)state;
    memcpy(bytes, good, sizeof good);
    bytes[2] = 0x28; /* UPDATE, no QR */
    assert_true(wire_read(bytes, sizeof bytes, &message));
    assert_int_equal(message.opcode, 5);
    assert_false(message.response);
    assert_false(message.truncated);
    bytes[2] = 0xff;
    assert_true(wire_read(bytes, sizeof bytes, &message));
    assert_int_equal(message.opcode, 15);
}

static void test_cut_before_the_question_ends_fails(void **state)
{
    struct wire_message message = {.id = 77};

    (void)state;
    for (size_t size = 0; size < QUESTION_END; size++) {
        assert_false(read_cut(good, size, &message));
        assert_int_equal(message.id, 77);
    }
    assert_true(read_cut(good, QUESTION_END, &message));
}

static void test_without_a_question_the_header_is_enough(void **state)
{
    uint8_t bytes[WIRE_HEADER_SIZE] = {0xab, 0xcd, 0x80};
    struct wire_message message;

    (void)state;
    assert_true(read_cut(bytes, sizeof bytes, &message));
    assert_int_equal(message.id, 0xabcd);
    assert_int_equal(message.question_count, 0);
    assert_int_equal(message.name_size, 0);
}

/* Zeroes follow, so that the byte taken for a length would lead to a root. */
static void test_what_is_no_label_length_fails(void **state)
{
    uint8_t bytes[400] = {0, 0, 0x80, 0, 0, 1};
    struct wire_message message;

    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        bytes[WIRE_HEADER_SIZE] = (uint8_t)first;
        assert_int_equal(wire_read(bytes, sizeof bytes, &message), first <= 63);
    }
}

static void test_a_name_past_255_bytes_fails(void **state)
{
    uint8_t bytes[400] = {0, 0, 0x80, 0, 0, 1};
    struct wire_message message;

    (void)state;
    for (size_t i = 0; i < 254; i += 2)
        bytes[12 + i] = 1;
    assert_true(wire_read(bytes, sizeof bytes, &message));
    assert_int_equal(message.name_size, 255);
    bytes[12 + 254] = 1;
    assert_false(wire_read(bytes, sizeof bytes, &message));
}

static size_t end_of(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size);
    struct wire_message message;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    size_t end = wire_read(copy, size, &message) ? wire_end(&message) : 0;
    free(copy);
    return end;
}

static void test_where_a_message_ends(void **state)
{
    static const uint8_t message[] = {
        0,    1,   0x81, 0x80, 0, 1, 0, 1, 0, 1, 0, 1,             /* one of each */
        1,    'a', 0,    0,    1, 0, 1,                            /* question */
        0xc0, 12,  0,    1,    0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4, /* owner: a pointer */
        1,    'b', 0xc0, 12,   0, 2, 0, 1, 0, 0, 0, 9, 0, 0, /* a label and a pointer, no data */
        0,    0,   41,   4,    0, 0, 0, 0, 0, 0, 3, 9, 9, 9, /* OPT: the root */
        0,    7,   1,                                        /* what follows */
    };
    enum { END = sizeof(message) - 3 };
    uint8_t other[sizeof(message)];

    (void)state;
    assert_int_equal(end_of(message, sizeof(message)), END);
    assert_int_equal(end_of(message, END), END);
    for (size_t cut = 1; cut < END; cut++)
        assert_int_equal(end_of(message, cut), 0);
    memcpy(other, message, sizeof(message));
    other[11] = 2; /* a record more than there is */
    assert_int_equal(end_of(other, sizeof(other)), 0);
    memcpy(other, message, sizeof(message));
    other[19] = 0x80; /* no label, no pointer */
    assert_int_equal(end_of(other, sizeof(other)), 0);
    memcpy(other, message, sizeof(message));
    other[5] = 2; /* the second question is what was a record */
    assert_int_equal(end_of(other, sizeof(other)), 0);
    memset(other, 0, sizeof(other));
    assert_int_equal(end_of(other, sizeof(other)), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_is_read),
        cmocka_unit_test(test_opcode_is_four_bits_and_nothing_else),
        cmocka_unit_test(test_cut_before_the_question_ends_fails),
        cmocka_unit_test(test_without_a_question_the_header_is_enough),
        cmocka_unit_test(test_what_is_no_label_length_fails),
        cmocka_unit_test(test_a_name_past_255_bytes_fails),
        cmocka_unit_test(test_where_a_message_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
