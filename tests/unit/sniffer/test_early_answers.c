/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers that wait for their questions: which are found, for how long, and what has no room.
 */
#include "packet.h"
#include "sniffer/pipeline/early_answers.h"

#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define START UINT64_C(1000000000)

static const struct place here;

static int open_table(void **state)
{
    *state = early_answers_new();
    return *state ? 0 : -1;
}

static int close_table(void **state)
{
    early_answers_free(*state);
    return 0;
}

static struct segment answer_to(const char *client, const struct bytes *message)
{
    return (struct segment){
        .source = address_of("192.0.2.53"),
        .destination = address_of(client),
        .source_port = 53,
        .destination_port = 4000,
        .transport = TRANSPORT_UDP,
        .payload = message->data,
        .payload_size = message->size,
    };
}

static struct question_key key_of(const struct segment *answer, const struct bytes *message)
{
    return (struct question_key){
        .client = answer->destination,
        .resolver = answer->source,
        .client_port = answer->destination_port,
        .resolver_port = answer->source_port,
        .transport = answer->transport,
        .id = (uint16_t)(message->data[0] << 8 | message->data[1]),
        .question = message->data + 12,
        .question_size = message->size - 12,
    };
}

static void test_an_answer_is_found_by_its_question_once(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A), kept = message;
    struct segment segment = answer_to("192.0.2.10", &message);
    struct question_key key = key_of(&segment, &kept);

    assert_int_equal(early_answers_due(*state), UINT64_MAX);
    assert_null(early_answers_take(*state, &key));
    assert_true(early_answers_hold(*state, &segment, &here, START));
    assert_int_equal(early_answers_due(*state), START + EARLY_ANSWERS_NS);
    memset(message.data, 0, message.size); /* the ring goes on: it was copied */
    const struct segment *found = early_answers_take(*state, &key);
    assert_non_null(found);
    assert_int_equal(found->payload_size, kept.size);
    assert_memory_equal(found->payload, kept.data, kept.size);
    assert_true(found->checked);
    assert_null(early_answers_take(*state, &key));
    assert_int_equal(early_answers_due(*state), UINT64_MAX);
}

static void test_another_question_does_not_find_it(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct bytes name = dns(7, FLAGS_QUESTION, "livf.example", TYPE_A);
    struct segment segment = answer_to("192.0.2.10", &message);
    struct question_key keys[7];

    for (unsigned i = 0; i < 7; i++)
        keys[i] = key_of(&segment, &message);
    keys[0].id++;
    keys[1].client_port++;
    keys[2].resolver_port++;
    keys[3].client.bytes[3]++;
    keys[4].resolver.bytes[3]++;
    keys[5].transport = TRANSPORT_TCP;
    keys[6].question = name.data + 12;
    assert_true(early_answers_hold(*state, &segment, &here, START));
    for (unsigned i = 0; i < 7; i++)
        assert_null(early_answers_take(*state, &keys[i]));
    keys[0].id--;
    assert_non_null(early_answers_take(*state, &keys[0]));
}

static void test_the_first_that_came_is_the_first(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct segment segment = answer_to("192.0.2.10", &message);
    struct question_key key = key_of(&segment, &message);

    for (unsigned turn = 0; turn < 3; turn++) {
        for (uint64_t i = 1; i <= 3; i++) {
            segment.captured_ns = i;
            assert_true(early_answers_hold(*state, &segment, &here, START));
        }
        for (uint64_t i = 1; i <= 3; i++)
            assert_int_equal(early_answers_take(*state, &key)->captured_ns, i);
    }
}

static void test_each_is_due_in_its_time(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct segment segment = answer_to("192.0.2.10", &message);

    assert_true(early_answers_hold(*state, &segment, &here, START));
    assert_true(early_answers_hold(*state, &segment, &here, START + 5));
    assert_null(early_answers_take_due(*state, START + EARLY_ANSWERS_NS - 1));
    assert_non_null(early_answers_take_due(*state, START + EARLY_ANSWERS_NS));
    assert_null(early_answers_take_due(*state, START + EARLY_ANSWERS_NS));
    assert_int_equal(early_answers_due(*state), START + EARLY_ANSWERS_NS + 5);
    assert_non_null(early_answers_take_due(*state, UINT64_MAX));
    assert_null(early_answers_take_due(*state, UINT64_MAX));
}

static void test_a_flood_pushes_out_nobody(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct segment segment = answer_to("192.0.2.10", &message);
    struct question_key key = key_of(&segment, &message);
    unsigned held = 0;

    assert_true(early_answers_hold(*state, &segment, &here, START));
    for (unsigned i = 1; i <= 1000; i++) {
        struct segment forged = answer_to("203.0.113.1", &message);
        forged.destination.bytes[2] = (uint8_t)(i / 20);
        held += early_answers_hold(*state, &forged, &here, START + i);
    }
    assert_int_equal(held, EARLY_ANSWERS_MAX - 1);
    assert_non_null(early_answers_take(*state, &key));
}

static void test_one_client_has_its_share(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct segment one = answer_to("192.0.2.10", &message);
    struct segment other = answer_to("192.0.2.11", &message);

    for (unsigned i = 0; i < EARLY_ANSWERS_PER_CLIENT; i++)
        assert_true(early_answers_hold(*state, &one, &here, START));
    assert_false(early_answers_hold(*state, &one, &here, START));
    assert_true(early_answers_hold(*state, &other, &here, START));
}

/* Answers forged to eight clients fill the table: a ninth client has its place all the same. */
static void test_a_flood_to_some_clients_makes_room_for_others(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct segment segment = answer_to("192.0.2.10", &message);
    struct segment forged = answer_to("203.0.113.0", &message);

    assert_null(early_answers_take_surplus(*state, &segment.destination));
    for (unsigned i = 0; i < EARLY_ANSWERS_MAX; i++) {
        forged.destination.bytes[3] = (uint8_t)(i / EARLY_ANSWERS_PER_CLIENT);
        assert_true(early_answers_hold(*state, &forged, &here, START));
    }
    assert_null(early_answers_take_surplus(*state, &forged.destination));
    assert_false(early_answers_hold(*state, &segment, &here, START));
    for (unsigned i = 0; i < 7; i++) {
        const struct segment *surplus = early_answers_take_surplus(*state, &segment.destination);
        assert_non_null(surplus);
        assert_int_equal(surplus->destination.bytes[0], 203);
        assert_true(early_answers_hold(*state, &segment, &here, START));
    }
}

static void test_what_is_too_long_does_not_wait(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct segment segment = answer_to("192.0.2.10", &message);

    segment.payload_size = EARLY_ANSWERS_BYTES_MAX + 1;
    assert_false(early_answers_hold(*state, &segment, &here, START));
    segment.payload_size = EARLY_ANSWERS_BYTES_MAX;
    assert_true(early_answers_hold(*state, &segment, &here, START));
}

#define IN_TABLE(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TABLE(test_an_answer_is_found_by_its_question_once),
        IN_TABLE(test_another_question_does_not_find_it),
        IN_TABLE(test_the_first_that_came_is_the_first),
        IN_TABLE(test_each_is_due_in_its_time),
        IN_TABLE(test_a_flood_pushes_out_nobody),
        IN_TABLE(test_one_client_has_its_share),
        IN_TABLE(test_a_flood_to_some_clients_makes_room_for_others),
        IN_TABLE(test_what_is_too_long_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
