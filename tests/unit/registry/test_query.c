/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question, and which messages answer it. */
#include "registry/resolve/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { A = 1, FLAGS = 2, RCODE = 3, NAME = 12 };

static struct query query;
static uint8_t reply[QUERY_SIZE_MAX];
static struct wire_message message;

static int set_up(void **context)
{
    uint8_t random[QUERY_RANDOM_SIZE];
    struct dname name;
    (void)context;

    memset(random, 0x55, sizeof(random));
    assert_true(dname_from_text("eu1.example.net", &name));
    query_make(&query, &name, A, random, true);
    memcpy(reply, query.bytes, query.size);
    reply[FLAGS] |= 0x80;
    return 0;
}

static enum query_verdict check(bool any_case)
{
    return query_check(&query, reply, query.size, any_case, &message);
}

static void test_the_question(void **context)
{
    static const uint8_t wire[] = "\x55\x55\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
                                  "\x03"
                                  "eU1\x07"
                                  "eXaMpLe\x03"
                                  "NeT\x00\x00\x01\x00\x01"
                                  "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00";
    struct wire_message own;
    (void)context;

    assert_true(wire_read(query.bytes, query.size, &own));
    assert_int_equal(query.size, sizeof(wire) - 1);
    assert_int_equal(own.question_type, A);
    assert_int_equal(own.id, 0x5555);
    assert_memory_equal(query.bytes + query.size - 11, wire + sizeof(wire) - 12, 11);
    assert_memory_not_equal(query.bytes + NAME,
                            "\x03"
                            "eu1\x07"
                            "example\x03"
                            "net",
                            16);
}

static void test_an_answer(void **context)
{
    (void)context;
    assert_int_equal(check(false), QUERY_ANSWERED);
    reply[RCODE] = 3;
    assert_int_equal(check(false), QUERY_ANSWERED);
    reply[FLAGS] |= 0x02;
    assert_int_equal(check(false), QUERY_TRUNCATED);
}

static void test_an_error(void **context)
{
    (void)context;
    for (uint8_t rcode = 1; rcode < 16; rcode++) {
        reply[RCODE] = rcode;
        assert_int_equal(check(false), rcode == 3 ? QUERY_ANSWERED : QUERY_REFUSED);
    }
    reply[5] = 0; /* FORMERR without a question */
    reply[RCODE] = 1;
    assert_int_equal(query_check(&query, reply, 12, false, &message), QUERY_REFUSED);
    reply[RCODE] = 0;
    assert_int_equal(query_check(&query, reply, 12, false, &message), QUERY_MISMATCH);
}

/* Whatever is otherwise in header and question, it is no answer to ours. */
static void test_what_does_not_fit(void **context)
{
    static const struct {
        size_t at;
        uint8_t flip;
    } changes[] = {{0, 1},        {1, 1},           {FLAGS, 0x80},  {FLAGS, 0x08}, {5, 3},
                   {NAME + 1, 1}, {NAME + 1, 0x20}, {NAME + 18, 1}, {NAME + 20, 2}};
    (void)context;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        reply[changes[i].at] ^= changes[i].flip;
        if (check(false) != QUERY_MISMATCH)
            fail_msg("byte %zu ^ %u", changes[i].at, changes[i].flip);
        reply[changes[i].at] ^= changes[i].flip;
    }
    for (size_t size = 0; size < 12u + query.question_size; size++)
        assert_int_equal(query_check(&query, reply, size, false, &message), QUERY_MISMATCH);
}

static void test_the_case_is_forgiven_over_tcp(void **context)
{
    (void)context;
    reply[NAME + 1] ^= 0x20;
    assert_int_equal(check(true), QUERY_ANSWERED);
    reply[NAME + 1] ^= 1;
    assert_int_equal(check(true), QUERY_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_question, set_up),
        cmocka_unit_test_setup(test_an_answer, set_up),
        cmocka_unit_test_setup(test_an_error, set_up),
        cmocka_unit_test_setup(test_what_does_not_fit, set_up),
        cmocka_unit_test_setup(test_the_case_is_forgiven_over_tcp, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
