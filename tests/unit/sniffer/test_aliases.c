/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The quick look for aliases: it may be wrong in one direction only.
 */
#include "packet.h"
#include "sniffer/pipeline/aliases.h"

#include <setjmp.h>

#include <cmocka.h>

static bool possible(const struct bytes *message, size_t size)
{
    struct wire_message wire;

    assert_true(wire_read(message->data, size, &wire));
    return aliases_are_possible(&wire);
}

static void test_addresses_alone_are_no_alias(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "www.example", TYPE_A);

    (void)state;
    assert_false(possible(&message, message.size));
    answer(&message, "www.example", 300, "198.51.100.7");
    answer(&message, "www.example", 300, "2001:db8::7");
    assert_false(possible(&message, message.size));
}

static void test_an_alias_is_found_wherever_it_stands(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "www.example", TYPE_A), dname = message;

    (void)state;
    answer(&message, "www.example", 300, "198.51.100.7");
    alias(&message, "www.example", 300, "edge.example");
    assert_true(possible(&message, message.size));
    record(&dname, "example", 39, 300);
    put16(&dname, 1);
    put8(&dname, 0);
    assert_true(possible(&dname, dname.size));
}

static void test_compressed_owners_are_walked(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "www.example", TYPE_A);

    (void)state;
    set16(&message, 6, 2);
    put(&message, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
    put(&message, "\1a\xc0\x0c\0\1\0\1\0\0\0\1\0\0", 14);
    assert_false(possible(&message, message.size));
    message.data[message.size - 9] = 5;
    assert_true(possible(&message, message.size));
}

static void test_what_cannot_be_walked_is_left_to_the_parser(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "www.example", TYPE_A);
    size_t question = message.size;

    (void)state;
    answer(&message, "www.example", 300, "198.51.100.7");
    for (size_t size = question; size < message.size; size++)
        assert_true(possible(&message, size));
    message.data[question] = 0x80;
    assert_true(possible(&message, message.size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_alone_are_no_alias),
        cmocka_unit_test(test_an_alias_is_found_wherever_it_stands),
        cmocka_unit_test(test_compressed_owners_are_walked),
        cmocka_unit_test(test_what_cannot_be_walked_is_left_to_the_parser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
