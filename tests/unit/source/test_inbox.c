/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One source's messages: whole answers come out, anything else ends the sender. */
#include "source/inbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct inbox inbox;
    struct inbox_delivery delivery;
};

static struct fixture begin(void)
{
    struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    inbox_init(&fixture.inbox, SOURCE_SNIFFER);
    return fixture;
}

static struct dname name_of(const char *text)
{
    struct dname name;
    memset(&name, 0, sizeof(name));
    assert_true(dname_from_text(text, &name));
    return name;
}

static struct message empty_message(enum message_kind kind)
{
    struct message message;
    memset(&message, 0, sizeof(message));
    message.kind = kind;
    return message;
}

/* `count` addresses from 198.51.100.1 on. */
static struct message answer(const char *name, unsigned count, bool more)
{
    struct message message = empty_message(MESSAGE_ANSWER);
    message.sighting.question = name_of(name);
    message.sighting.matched = name_of(name);
    message.sighting.owner = name_of(name);
    message.sighting.vlan = SIGHTING_NO_VLAN;
    message.sighting.more = more;
    message.sighting.address_count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t bytes[4] = {198, 51, 100, (uint8_t)(1 + i)};
        message.sighting.addresses[i].address = address_from_ipv4(bytes);
        message.sighting.addresses[i].record = RECORD_A;
        message.sighting.addresses[i].ttl = 60;
    }
    return message;
}

static enum inbox_outcome take(struct fixture *fixture, struct message message)
{
    return inbox_take(&fixture->inbox, &message, &fixture->delivery);
}

static void test_an_answer_of_one_part_comes_out_at_once(void **state)
{
    struct fixture fixture = begin();
    struct message message = answer("a.example", 2, false);

    (void)state;
    assert_int_equal(inbox_take(&fixture.inbox, &message, &fixture.delivery), INBOX_ANSWER);
    assert_int_equal(fixture.delivery.count, 1);
    assert_ptr_equal(fixture.delivery.parts, &message.sighting); /* not copied */
    inbox_free(&fixture.inbox);
}

static void test_parts_come_out_together_at_the_last(void **state)
{
    struct fixture fixture = begin();

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 9; i++)
            assert_int_equal(take(&fixture, answer("a.example", 16, true)), INBOX_PART);
        assert_int_equal(take(&fixture, answer("a.example", 3, false)), INBOX_ANSWER);
        assert_int_equal(fixture.delivery.count, 10);
        assert_int_equal(fixture.delivery.parts[8].address_count, 16);
        assert_int_equal(fixture.delivery.parts[9].address_count, 3);
    }
    inbox_free(&fixture.inbox);
}

static void test_a_sequence_has_at_most_256_parts(void **state)
{
    struct fixture fixture = begin();

    (void)state;
    for (unsigned i = 0; i < INBOX_PARTS_MAX; i++)
        assert_int_equal(take(&fixture, answer("a.example", 16, true)), INBOX_PART);
    assert_int_equal(take(&fixture, answer("a.example", 16, true)), INBOX_VIOLATION);
    assert_string_equal(fixture.delivery.why, "too many parts in one answer");
    inbox_free(&fixture.inbox);
}

static void test_another_kind_in_the_middle_is_a_violation(void **state)
{
    struct fixture fixture = begin();

    (void)state;
    assert_int_equal(take(&fixture, answer("a.example", 16, true)), INBOX_PART);
    assert_int_equal(take(&fixture, empty_message(MESSAGE_COUNTERS)), INBOX_VIOLATION);
    assert_string_equal(fixture.delivery.why, "truncated answer");
    inbox_free(&fixture.inbox);
}

static void test_parts_of_two_answers_are_a_violation(void **state)
{
    struct fixture fixture = begin();
    struct message other_client = answer("a.example", 16, false);

    (void)state;
    assert_int_equal(take(&fixture, answer("a.example", 16, true)), INBOX_PART);
    assert_int_equal(take(&fixture, answer("b.example", 1, false)), INBOX_VIOLATION);
    inbox_free(&fixture.inbox);

    for (unsigned field = 0; field < 5; field++) {
        struct message other = answer("a.example", 1, false);
        struct dname *const names[] = {&other.sighting.question, &other.sighting.matched,
                                       &other.sighting.owner};
        struct address *const addresses[] = {&other.sighting.resolver, &other.sighting.client};

        if (field < 3)
            *names[field] = name_of("b.example");
        else
            *addresses[field - 3] = other.sighting.addresses[0].address;
        fixture = begin();
        assert_int_equal(take(&fixture, answer("a.example", 16, true)), INBOX_PART);
        if (take(&fixture, other) != INBOX_VIOLATION)
            fail_msg("field %u may differ", field);
        inbox_free(&fixture.inbox);
    }

    fixture = begin();
    other_client.sighting.client = other_client.sighting.addresses[0].address;
    assert_int_equal(take(&fixture, answer("a.example", 16, true)), INBOX_PART);
    assert_int_equal(take(&fixture, other_client), INBOX_VIOLATION);
    inbox_free(&fixture.inbox);
}

static void test_each_kind_is_told(void **state)
{
    struct fixture fixture = begin();
    struct message refusal = answer("a.example", 1, false);
    struct message alarm = empty_message(MESSAGE_ALARM);
    struct message ready = empty_message(MESSAGE_STATE);
    struct message asked = empty_message(MESSAGE_ASKED);

    (void)state;
    refusal.kind = MESSAGE_REFUSAL;
    refusal.sighting.reason = REASON_LATE_ANSWER;
    assert_int_equal(take(&fixture, refusal), INBOX_REFUSAL);
    alarm.alarm.sighting = refusal.sighting;
    alarm.alarm.sighting.reason = REASON_EXTRA_ANSWER;
    assert_int_equal(take(&fixture, alarm), INBOX_ALARM);
    assert_int_equal(take(&fixture, empty_message(MESSAGE_COUNTERS)), INBOX_COUNTERS);
    ready.state.state = STATE_READY;
    ready.state.link_type = -1;
    assert_int_equal(take(&fixture, ready), INBOX_STATE);
    asked.asked.question = name_of("a.example");
    assert_int_equal(take(&fixture, asked), INBOX_ASKED);
    assert_int_equal(take(&fixture, empty_message(MESSAGE_CAUGHT_UP)), INBOX_CAUGHT_UP);
    inbox_free(&fixture.inbox);
}

static void test_what_is_not_valid_is_a_violation(void **state)
{
    struct fixture fixture = begin();
    struct message list = answer("a.example", 1, false);

    (void)state;
    assert_int_equal(take(&fixture, empty_message((enum message_kind)0)), INBOX_VIOLATION);
    assert_int_equal(take(&fixture, empty_message((enum message_kind)99)), INBOX_VIOLATION);
    /* A list entry is the registry's to send. */
    list.sighting.addresses[0].record = RECORD_LIST;
    assert_int_equal(take(&fixture, list), INBOX_VIOLATION);
    assert_string_equal(fixture.delivery.why, "invalid field");
    inbox_init(&fixture.inbox, SOURCE_REGISTRY);
    assert_int_equal(take(&fixture, list), INBOX_ANSWER);
    inbox_free(&fixture.inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_of_one_part_comes_out_at_once),
        cmocka_unit_test(test_parts_come_out_together_at_the_last),
        cmocka_unit_test(test_a_sequence_has_at_most_256_parts),
        cmocka_unit_test(test_another_kind_in_the_middle_is_a_violation),
        cmocka_unit_test(test_parts_of_two_answers_are_a_violation),
        cmocka_unit_test(test_each_kind_is_told),
        cmocka_unit_test(test_what_is_not_valid_is_a_violation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
