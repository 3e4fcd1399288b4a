/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One good message, and each way to spoil it: the daemon believes none of them.
 */
#include "source/message.h"

#include "dnsparse/names/matcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct message good_answer(void)
{
    struct message message = {.kind = MESSAGE_ANSWER};
    struct sighting *sighting = &message.sighting;

    assert_true(dname_from_text("eu1.example.org", &sighting->question));
    sighting->matched = sighting->question;
    assert_true(dname_from_text("lb.example.net", &sighting->owner));
    assert_true(address_from_text("192.0.2.53", &sighting->resolver));
    assert_true(address_from_text("2001:db8::1", &sighting->client));
    sighting->resolver_port = 53;
    sighting->client_port = 40000;
    sighting->vlan = SIGHTING_NO_VLAN;
    sighting->transport = TRANSPORT_UDP;
    sighting->chain_ttl = 300;
    strcpy(sighting->interface, "eth1");
    sighting->address_count = 1;
    assert_true(address_from_text("198.51.100.7", &sighting->addresses[0].address));
    sighting->addresses[0].record = RECORD_A;
    sighting->addresses[0].ttl = 300;
    return message;
}

static void refuse(const struct message *message)
{
    assert_false(message_is_valid(message, SOURCE_SNIFFER));
}

/* Spoils one field of a good answer and wants it refused. */
#define SPOIL(field, value)                                                                        \
    do {                                                                                           \
        struct message spoilt = good_answer();                                                     \
        spoilt.field = (value);                                                                    \
        refuse(&spoilt);                                                                           \
    } while (0)

static void test_a_good_answer_passes(void **state)
{
    struct message message = good_answer();

    (void)state;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.sighting.vlan = 4095;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
}

static void test_kinds_and_enums_are_checked(void **state)
{
    (void)state;
    SPOIL(kind, 0);
    SPOIL(kind, MESSAGE_REGISTRY + 1);
    SPOIL(kind, UINT32_MAX);
    SPOIL(sighting.transport, TRANSPORT_COUNT);
    SPOIL(sighting.encapsulation, ENCAPSULATION_COUNT);
    SPOIL(sighting.reason, REASON_MALFORMED);
    SPOIL(sighting.more, 2);
    SPOIL(sighting.vlan, 4096);
    SPOIL(sighting.vlan, -2);
    SPOIL(sighting.addresses[0].record, RECORD_COUNT);
    SPOIL(sighting.addresses[0].record, RECORD_NONE);
}

static void test_padding_must_be_zero(void **state)
{
    (void)state;
    SPOIL(zero, 1);
    SPOIL(sighting.zero[5], 1);
    SPOIL(sighting.stranger, STRANGER_UNNAMED);
    SPOIL(sighting.addresses[0].zero[1], 1);
    SPOIL(sighting.addresses[1].ttl, 1);
    SPOIL(sighting.addresses[15].address.bytes[15], 1);
    SPOIL(sighting.interface[IFNAMSIZ - 1], 'x');
    SPOIL(sighting.question.wire[DNAME_MAX - 1], 'x');
    SPOIL(sighting.resolver.bytes[15], 1);
    SPOIL(alarm.zero[2], 1);
    SPOIL(sighting.client.family, 5);
}

static void test_names_must_be_canonical(void **state)
{
    (void)state;
    SPOIL(sighting.question.wire[1], 'E');
    SPOIL(sighting.question.wire[0], 64);
    SPOIL(sighting.question.length, 255);
    SPOIL(sighting.owner.length, 0);
    SPOIL(sighting.matched.wire[0], 0xc0);
}

static void test_records_must_fit_their_source_and_family(void **state)
{
    struct message list = good_answer();

    (void)state;
    SPOIL(sighting.addresses[0].record, RECORD_AAAA);
    SPOIL(sighting.addresses[0].record, RECORD_LIST);
    SPOIL(sighting.addresses[0].address.family, 5);
    SPOIL(sighting.addresses[0].ttl, UINT32_C(0x80000000));
    SPOIL(sighting.chain_ttl, UINT32_C(0x80000000));
    list.sighting.addresses[0].record = RECORD_LIST;
    assert_true(message_is_valid(&list, SOURCE_REGISTRY));
}

static void test_counts_are_bounded(void **state)
{
    (void)state;
    SPOIL(sighting.address_count, SIGHTING_ADDRESSES_MAX + 1);
    SPOIL(sighting.address_count, 255);
    SPOIL(sighting.address_count, 2); /* the second is no address */
    SPOIL(sighting.more, 1);          /* only a full message goes on */
}

static void test_refusals_and_alarms_need_a_reason(void **state)
{
    struct message message = good_answer();

    (void)state;
    message.kind = MESSAGE_REFUSAL;
    refuse(&message);
    message.sighting.reason = REASON_COUNT;
    refuse(&message);
    message.sighting.reason = REASON_NO_QUESTION;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.sighting.stranger = STRANGER_UNNAMED;
    refuse(&message);
    message.sighting.reason = REASON_UNTRUSTED_RESOLVER;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.sighting.stranger = STRANGER_COUNT;
    refuse(&message);
    message.sighting.stranger = STRANGER_UNKNOWN;

    message.sighting.more = 1;
    refuse(&message);
    message.sighting.more = 0;

    message.kind = MESSAGE_ALARM;
    message.sighting.reason = REASON_EXTRA_ANSWER;
    message.alarm.earlier_count = 1;
    refuse(&message);
    assert_true(address_from_text("203.0.113.1", &message.alarm.earlier[0]));
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.alarm.asked_again = 1;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.alarm.asked_again = 2;
    assert_false(message_is_valid(&message, SOURCE_SNIFFER));
    message.alarm.asked_again = 0;
    message.alarm.earlier_count = 0;
    refuse(&message); /* it is behind what is counted */
    message.alarm.earlier_count = SIGHTING_ADDRESSES_MAX + 1;
    refuse(&message);
}

static void test_states_and_counters(void **state)
{
    static const bool go_together[INTERFACE_FILTER_COUNT + 1][FILTER_REASON_COUNT + 1] = {
        [INTERFACE_FILTER_NONE] = {[FILTER_REASON_NONE] = true},
        [INTERFACE_FILTER_NAMES] = {[FILTER_REASON_NONE] = true, [FILTER_REASON_CHAIN] = true},
        [INTERFACE_FILTER_PORT] = {[FILTER_REASON_ANY_NAME] = true,
                                   [FILTER_REASON_MANY_PATTERNS] = true,
                                   [FILTER_REASON_FOLLOWING] = true,
                                   [FILTER_REASON_REFUSED] = true},
        [INTERFACE_FILTER_USERSPACE] =
            {[FILTER_REASON_LINK_TYPE] = true, [FILTER_REASON_REFUSED] = true},
    };
    struct message message = {.kind = MESSAGE_STATE, .state = {.state = STATE_READY}};

    (void)state;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    strcpy(message.state.interface, "eth1");
    refuse(&message);
    message.state.state = STATE_UP;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.state.link_type = -2;
    refuse(&message);
    message.state.link_type = -1;
    message.state.promiscuous = 2;
    refuse(&message);
    message.state.promiscuous = 1;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.state.interface[1] = '\n';
    refuse(&message);
    message.state.interface[1] = 't';
    for (unsigned filter = 0; filter <= INTERFACE_FILTER_COUNT; filter++) {
        for (unsigned reason = 0; reason <= FILTER_REASON_COUNT; reason++) {
            message.state.filter = (uint8_t)filter;
            message.state.filter_reason = (uint8_t)reason;
            assert_int_equal(message_is_valid(&message, SOURCE_SNIFFER),
                             go_together[filter][reason]);
        }
    }

    message = (struct message){.kind = MESSAGE_COUNTERS};
    message.counters.value[0] = UINT64_MAX;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    message.counters.refused[REASON_NONE] = 1;
    refuse(&message);
}

/* It names a question and nothing else, and only the sniffer sees questions. */
static void test_asked(void **state)
{
    struct message message = {.kind = MESSAGE_ASKED};

    (void)state;
    refuse(&message);
    assert_true(dname_from_text("a.example", &message.asked.question));
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    assert_false(message_is_valid(&message, SOURCE_REGISTRY));
    message.asked.question.wire[1] = 'A';
    refuse(&message);
    message.asked.question.wire[1] = 'a';
    message.sighting.address_count = 1;
    refuse(&message);
}

/* It says nothing but itself. */
static void test_caught_up(void **state)
{
    struct message message = {.kind = MESSAGE_CAUGHT_UP};

    (void)state;
    assert_true(message_is_valid(&message, SOURCE_SNIFFER));
    assert_false(message_is_valid(&message, SOURCE_REGISTRY));
    message.sighting.address_count = 1;
    refuse(&message);
}

static void test_reports_of_lists(void **state)
{
    const struct message good = {.kind = MESSAGE_REGISTRY, .registry = {.outcome = REGISTRY_GOOD}};
    struct message spoilt[7] = {good, good, good, good, good, good, good};

    (void)state;
    assert_true(message_is_valid(&good, SOURCE_REGISTRY));
    spoilt[0].registry.outcome = REGISTRY_OUTCOME_COUNT;
    spoilt[1].registry.whitelist = WHITELISTS_MAX;
    spoilt[2].registry.has_list = 2;
    spoilt[3].registry.kept = 2;
    spoilt[4].registry.zeros[3] = 1;
    spoilt[5].registry.unresolved = 1; /* and no name */
    assert_true(dname_from_text("a.example", &spoilt[6].registry.unresolved_name));
    for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++)
        if (message_is_valid(&spoilt[i], SOURCE_REGISTRY))
            fail_msg("report %zu", i);
}

/* One valid message of each kind; states and records are tried one by one below. */
static struct message valid_of_kind(uint32_t kind)
{
    struct message message = {.kind = kind};

    switch ((enum message_kind)kind) {
    case MESSAGE_ANSWER:
        return good_answer();
    case MESSAGE_REFUSAL:
    case MESSAGE_ALARM:
        message = good_answer();
        message.kind = kind;
        message.sighting.reason = REASON_EXTRA_ANSWER;
        return message;
    case MESSAGE_STATE:
        message.state = (struct state_report){.state = STATE_READY, .link_type = -1};
        return message;
    case MESSAGE_ASKED:
        assert_true(dname_from_text("a.example", &message.asked.question));
        return message;
    case MESSAGE_REGISTRY:
        message.registry.outcome = REGISTRY_GOOD;
        return message;
    case MESSAGE_COUNTERS:
    case MESSAGE_CAUGHT_UP:
        return message;
    }
    return message;
}

enum { BEYOND = SOURCE_COUNT + 3 }; /* sources that there may be one day */

/* Nobody may send what is not written down for him: the rows of sources that are none are empty. */
static void test_each_source_sends_what_it_may_and_nothing_else(void **state)
{
    static const bool may[BEYOND][MESSAGE_CAUGHT_UP + 2] = {
        [SOURCE_SNIFFER] = {[MESSAGE_ANSWER] = true,
                            [MESSAGE_REFUSAL] = true,
                            [MESSAGE_ALARM] = true,
                            [MESSAGE_COUNTERS] = true,
                            [MESSAGE_STATE] = true,
                            [MESSAGE_ASKED] = true,
                            [MESSAGE_CAUGHT_UP] = true},
        [SOURCE_REGISTRY] = {[MESSAGE_ANSWER] = true,
                             [MESSAGE_REFUSAL] = true,
                             [MESSAGE_STATE] = true,
                             [MESSAGE_REGISTRY] = true},
        [SOURCE_DNSTAP] = {[MESSAGE_ANSWER] = true,
                           [MESSAGE_REFUSAL] = true,
                           [MESSAGE_COUNTERS] = true,
                           [MESSAGE_STATE] = true},
    };

    (void)state;
    for (unsigned source = 0; source < BEYOND; source++) {
        for (uint32_t kind = 0; kind < MESSAGE_CAUGHT_UP + 2; kind++) {
            struct message message = valid_of_kind(kind);

            if (message_is_valid(&message, (enum source)source) != may[source][kind])
                fail_msg("source %u, kind %u", source, kind);
        }
    }
}

static void test_each_source_says_its_own_states(void **state)
{
    static const bool may[BEYOND][STATE_COUNT + 1] = {
        [SOURCE_SNIFFER] = {[STATE_READY] = true,
                            [STATE_UP] = true,
                            [STATE_DOWN] = true,
                            [STATE_WAITING] = true,
                            [STATE_ONE_DIRECTION] = true},
        [SOURCE_REGISTRY] = {[STATE_READY] = true},
        [SOURCE_DNSTAP] = {[STATE_READY] = true},
    };

    (void)state;
    for (unsigned source = 0; source < BEYOND; source++) {
        for (unsigned said = 0; said <= STATE_COUNT; said++) {
            struct message message = valid_of_kind(MESSAGE_STATE);

            message.state.state = (uint8_t)said;
            if (said != STATE_READY && said != STATE_ONE_DIRECTION)
                strcpy(message.state.interface, "eth1");
            if (message_is_valid(&message, (enum source)source) != may[source][said])
                fail_msg("source %u, state %u", source, said);
        }
    }
}

static void test_each_source_claims_its_own_records(void **state)
{
    static const bool may[BEYOND][RECORD_COUNT + 1] = {
        [SOURCE_SNIFFER] = {[RECORD_A] = true, [RECORD_HTTPS] = true, [RECORD_SVCB] = true},
        [SOURCE_REGISTRY] =
            {[RECORD_A] = true, [RECORD_HTTPS] = true, [RECORD_SVCB] = true, [RECORD_LIST] = true},
        [SOURCE_DNSTAP] = {[RECORD_A] = true, [RECORD_HTTPS] = true, [RECORD_SVCB] = true},
    };

    (void)state;
    for (unsigned source = 0; source < BEYOND; source++) {
        for (unsigned record = 0; record <= RECORD_COUNT; record++) {
            struct message message = good_answer();

            message.sighting.addresses[0].record = (uint8_t)record;
            if (message_is_valid(&message, (enum source)source) != may[source][record])
                fail_msg("source %u, record %u", source, record);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_answer_passes),
        cmocka_unit_test(test_kinds_and_enums_are_checked),
        cmocka_unit_test(test_padding_must_be_zero),
        cmocka_unit_test(test_names_must_be_canonical),
        cmocka_unit_test(test_records_must_fit_their_source_and_family),
        cmocka_unit_test(test_counts_are_bounded),
        cmocka_unit_test(test_refusals_and_alarms_need_a_reason),
        cmocka_unit_test(test_states_and_counters),
        cmocka_unit_test(test_asked),
        cmocka_unit_test(test_caught_up),
        cmocka_unit_test(test_reports_of_lists),
        cmocka_unit_test(test_each_source_sends_what_it_may_and_nothing_else),
        cmocka_unit_test(test_each_source_says_its_own_states),
        cmocka_unit_test(test_each_source_claims_its_own_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
