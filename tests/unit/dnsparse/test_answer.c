/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a response teaches: addresses, hints, open ends, and what it must not. */
#include "tests/unit/dnsparse/fixture.h"

#include <stdio.h>

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_SVCB = 64, TYPE_HTTPS = 65 };

/* An HTTPS or SVCB record up to its parameters; rr_close ends it. */
static void https_open(struct message *m, const char *owner, unsigned type, uint32_t ttl,
                       unsigned priority, const char *target)
{
    put_name(m, owner);
    rr_open(m, type, ttl);
    put_u16(m, priority); /* SvcPriority */
    put_name(m, target);  /* TargetName */
}

static void put_ipv4hint(struct message *m, uint32_t address)
{
    put_u16(m, 4); /* key */
    put_u16(m, 4); /* length */
    put_u32(m, address);
}

static void put_ipv6hint(struct message *m, unsigned last)
{
    put_u16(m, 6);  /* key */
    put_u16(m, 16); /* length */
    put_u32(m, 0x20010db8);
    put_u32(m, 0);
    put_u32(m, 0);
    put_u32(m, last);
}

static void test_question_and_header_are_told_on_any_outcome(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_AAAA, 0);
    patch_u16(&f->message, 2, FLAG_RESPONSE | FLAG_TRUNCATED | 3);
    assert_outcome(f, ANSWER_NOT_NOERROR);
    assert_name(&f->answer.question, "eu1.example");
    assert_int_equal(f->answer.question_type, TYPE_AAAA);
    assert_int_equal(f->answer.rcode, 3);
    assert_true(f->answer.truncated);
}

static void test_other_classes_and_question_counts_are_refused(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_A, 0);
    patch_u16(&f->message, f->message.size - 2, 3);
    assert_outcome(f, ANSWER_NOT_CLASS_IN);
    response_start(&f->message, "eu1.example", TYPE_A, 0);
    patch_u16(&f->message, 4, 2);
    assert_outcome(f, ANSWER_QUESTION_COUNT);
    assert_name(&f->answer.question, "eu1.example");
    put_header(&f->message, FLAG_RESPONSE, 0, 0);
    assert_outcome(f, ANSWER_QUESTION_COUNT);
    assert_int_equal(f->answer.question.length, 0);
}

static void test_nothing_is_a_whole_answer_too(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_A, 0);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 0);
    assert_int_equal(f->answer.target_count, 0);
    assert_int_equal(f->answer.stray_count, 0);
    assert_name(answer_owner(&f->answer), "eu1.example");
}

static void test_record_types_need_not_be_the_question_s(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", 255, 4);
    put_a(&f->message, "eu1.example", 60, 0xc6336407);
    put_aaaa(&f->message, "eu1.example", 70, 7);
    https_open(&f->message, "eu1.example", TYPE_HTTPS, 80, 1, ".");
    put_ipv4hint(&f->message, 0xc6336409);
    rr_close(&f->message);
    https_open(&f->message, "eu1.example", TYPE_SVCB, 90, 1, ".");
    put_ipv6hint(&f->message, 9);
    rr_close(&f->message);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 4);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 60);
    assert_address(&f->answer, 1, "2001:db8::7", RECORD_AAAA, 70);
    assert_address(&f->answer, 2, "198.51.100.9", RECORD_HTTPS, 80);
    assert_address(&f->answer, 3, "2001:db8::9", RECORD_SVCB, 90);
}

static void test_ttl_with_the_top_bit_counts_as_zero(void **state)
{
    static const uint32_t ttls[][2] = {
        {0, 0}, {1, 1}, {INT32_MAX, INT32_MAX}, {0x80000000, 0}, {UINT32_MAX, 0}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof ttls / sizeof ttls[0]; i++) {
        response_start(&f->message, "eu1.example", TYPE_A, 1);
        put_a(&f->message, "eu1.example", ttls[i][0], 0xc6336407);
        assert_outcome(f, ANSWER_OK);
        assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, ttls[i][1]);
    }
}

static void test_no_address_and_record_type_twice(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_HTTPS, 4);
    put_a(&f->message, "eu1.example", 60, 0xc6336407);
    put_a(&f->message, "EU1.example", 50, 0xc6336407);
    for (unsigned priority = 1; priority <= 2; priority++) {
        https_open(&f->message, "eu1.example", TYPE_HTTPS, 10 * priority, priority, ".");
        put_ipv4hint(&f->message, 0xc6336407);
        rr_close(&f->message);
    }
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 2);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 50);
    assert_address(&f->answer, 1, "198.51.100.7", RECORD_HTTPS, 10);
}

static void test_as_many_addresses_as_a_message_holds(void **state)
{
    struct fixture *f = *state;
    unsigned count = 0;

    response_start(&f->message, "e.example", TYPE_A, 0);
    for (; f->message.size + 16 <= sizeof f->message.bytes; count++) {
        put_pointer(&f->message, QUESTION_AT);
        rr_open(&f->message, TYPE_A, 60);
        put_u32(&f->message, 0x0a000000 + count);
        rr_close(&f->message);
    }
    patch_u16(&f->message, 6, count);
    assert_true(count > 4000);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(f->answer.addresses[i].address.bytes[3], i & 0xff);
}

/* Hints need no header each: a message could hold 16 000. */
static void test_more_hints_than_addresses_fit_are_malformed(void **state)
{
    struct fixture *f = *state;

    for (unsigned extra = 0; extra < 2; extra++) {
        unsigned count = ANSWER_ADDRESSES_MAX + extra;

        response_start(&f->message, "e.example", TYPE_HTTPS, 1);
        https_open(&f->message, "e.example", TYPE_HTTPS, 60, 1, ".");
        put_u16(&f->message, 4);
        put_u16(&f->message, 4 * count);
        for (unsigned i = 0; i < count; i++)
            put_u32(&f->message, 0x0a000000 + i);
        rr_close(&f->message);
        assert_outcome(f, extra ? ANSWER_MALFORMED : ANSWER_OK);
    }
}

static void test_strays_are_told_and_never_learned(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_A, 6);
    put_alias(&f->message, "eu1.example", TYPE_CNAME, 60, "lb.example");
    put_a(&f->message, "lb.example", 60, 0xc6336407);
    put_a(&f->message, "eu1.example", 60, 0xc6336408);     /* beside a CNAME */
    put_a(&f->message, "evil.example", 30, 0xc6336409);    /* off the chain */
    put_aaaa(&f->message, "x.lb.example", 0xffffffff, 10); /* below it */
    https_open(&f->message, "evil.example", TYPE_HTTPS, 60, 1, "more.evil.example");
    put_ipv4hint(&f->message, 0xc633640b);
    rr_close(&f->message);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 2);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 60);
    assert_address(&f->answer, 1, "198.51.100.8", RECORD_A, 60);
    assert_int_equal(f->answer.target_count, 0);
    assert_int_equal(f->answer.stray_count, 2);
    assert_name(&f->answer.strays[0].owner, "evil.example");
    assert_int_equal(f->answer.strays[0].address.address.bytes[3], 9);
    assert_int_equal(f->answer.strays[0].address.ttl, 30);
    assert_int_equal(f->answer.strays[1].address.record, RECORD_AAAA);
    assert_int_equal(f->answer.strays[1].address.ttl, 0);
}

/* One label "a.example" is not the two labels "a" and "example". */
static void test_a_dot_inside_a_label_is_another_owner(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", TYPE_A, 1);
    put_a(&f->message, "a\\.example", 60, 0xc6336407);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 0);
    assert_int_equal(f->answer.stray_count, 1);
    assert_name(&f->answer.strays[0].owner, "a\\046example");
}

static void test_strays_are_bounded(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_A, 100);
    for (unsigned i = 0; i < 100; i++)
        put_a(&f->message, "evil.example", 60, 0xc6336400 + i);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.stray_count, ANSWER_STRAYS_MAX);
}

static void test_other_classes_in_the_answer_are_skipped(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_A, 2);
    put_alias(&f->message, "eu1.example", TYPE_CNAME, 60, "lb.example");
    patch_u16(&f->message, f->message.rdata - 8, 3); /* CH */
    put_a(&f->message, "eu1.example", 60, 0xc6336407);
    patch_u16(&f->message, f->message.rdata - 8, 254); /* NONE */
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 0);
    assert_int_equal(f->answer.address_count, 0);
    assert_int_equal(f->answer.stray_count, 0);
}

static void test_a_chain_without_address_is_an_open_end(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_A, 2);
    put_alias(&f->message, "eu1.example", TYPE_CNAME, 60, "a.example");
    put_alias(&f->message, "a.example", TYPE_CNAME, 30, "lb.example.net");
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 0);
    assert_int_equal(f->answer.target_count, 1);
    assert_target(&f->answer, 0, "lb.example.net", 30);
}

static void test_a_moved_https_question_leaves_its_end_open(void **state)
{
    struct fixture *f = *state;

    for (unsigned type = TYPE_SVCB; type <= TYPE_HTTPS; type++) {
        response_start(&f->message, "eu1.example", type, 3);
        put_alias(&f->message, "eu1.example", TYPE_CNAME, 60, "lb.example");
        put_a(&f->message, "lb.example", 60, 0xc6336407);
        https_open(&f->message, "lb.example", type, 300, 1, ".");
        put_ipv4hint(&f->message, 0xc6336408);
        rr_close(&f->message);
        assert_outcome(f, ANSWER_OK);
        assert_int_equal(f->answer.address_count, 2);
        assert_int_equal(f->answer.target_count, 1);
        assert_target(&f->answer, 0, "lb.example", 60);
    }
}

static void test_service_mode_gives_hints_and_target(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_HTTPS, 1);
    https_open(&f->message, "eu1.example", TYPE_HTTPS, 300, 1, "Pool.Example.NET");
    put_ipv4hint(&f->message, 0xc6336407);
    put_ipv6hint(&f->message, 7);
    rr_close(&f->message);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 2);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_HTTPS, 300);
    assert_address(&f->answer, 1, "2001:db8::7", RECORD_HTTPS, 300);
    assert_int_equal(f->answer.target_count, 1);
    assert_target(&f->answer, 0, "pool.example.net", 300);
}

static void test_the_question_s_own_name_is_no_target(void **state)
{
    static const char *const targets[] = {".", "eu1.example"};
    struct fixture *f = *state;

    for (unsigned priority = 0; priority < 2; priority++)
        for (size_t i = 0; i < 2; i++) {
            response_start(&f->message, "eu1.example", TYPE_HTTPS, 1);
            https_open(&f->message, "eu1.example", TYPE_HTTPS, 300, priority, targets[i]);
            rr_close(&f->message);
            assert_outcome(f, ANSWER_OK);
            assert_int_equal(f->answer.target_count, 0);
        }
}

static void test_alias_mode_gives_a_target_and_no_hints(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_HTTPS, 2);
    put_alias(&f->message, "eu1.example", TYPE_CNAME, 60, "a.example");
    https_open(&f->message, "a.example", TYPE_HTTPS, 300, 0, "pool.example.net");
    put_ipv4hint(&f->message, 0xc6336407);
    rr_close(&f->message);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 0);
    assert_int_equal(f->answer.target_count, 2);
    assert_target(&f->answer, 0, "a.example", 60);
    assert_target(&f->answer, 1, "pool.example.net", 60);
}

static void test_a_target_named_twice_is_one_with_the_longer_life(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_HTTPS, 2);
    https_open(&f->message, "eu1.example", TYPE_HTTPS, 30, 1, "pool.example");
    rr_close(&f->message);
    https_open(&f->message, "eu1.example", TYPE_HTTPS, 300, 2, "POOL.example");
    rr_close(&f->message);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.target_count, 1);
    assert_target(&f->answer, 0, "pool.example", 300);
}

static void test_targets_are_bounded_and_the_chain_s_end_comes_first(void **state)
{
    struct fixture *f = *state;
    char target[32];

    response_start(&f->message, "eu1.example", TYPE_HTTPS, 41);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(target, sizeof target, "t%u.example", i);
        https_open(&f->message, "lb.example", TYPE_HTTPS, 300, 1, target);
        rr_close(&f->message);
    }
    put_alias(&f->message, "eu1.example", TYPE_CNAME, 60, "lb.example");
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.target_count, ANSWER_TARGETS_MAX);
    assert_target(&f->answer, 0, "lb.example", 60);
    assert_target(&f->answer, 15, "t14.example", 60);
}

static void test_a_bad_https_record_spoils_the_message(void **state)
{
    static const char *const owners[] = {"eu1.example", "other.example"};
    struct fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        response_start(&f->message, "eu1.example", TYPE_HTTPS, 2);
        put_a(&f->message, "eu1.example", 60, 0xc6336407);
        https_open(&f->message, owners[i], TYPE_HTTPS, 300, 1, ".");
        put_u16(&f->message, 4); /* ipv4hint */
        put_u16(&f->message, 3); /* of three bytes */
        put_bytes(&f->message, "abc", 3);
        rr_close(&f->message);
        assert_outcome(f, ANSWER_MALFORMED);
    }
}

static void test_a_compressed_https_target_is_malformed(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", TYPE_HTTPS, 1);
    put_pointer(&f->message, QUESTION_AT);
    rr_open(&f->message, TYPE_HTTPS, 60);
    put_u16(&f->message, 1);
    put_pointer(&f->message, QUESTION_AT);
    rr_close(&f->message);
    assert_outcome(f, ANSWER_MALFORMED);
}

static void test_nothing_is_left_from_the_answer_before(void **state)
{
    struct fixture *f = *state;

    test_strays_are_told_and_never_learned(state);
    test_alias_mode_gives_a_target_and_no_hints(state);
    response_start(&f->message, "eu1.example", TYPE_A, 0);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 0);
    assert_int_equal(f->answer.chain_ttl, UINT32_MAX);
    assert_int_equal(f->answer.address_count, 0);
    assert_int_equal(f->answer.target_count, 0);
    assert_int_equal(f->answer.stray_count, 0);
}

enum { TYPE_MX = 15, TYPE_SRV = 33, TYPE_NAPTR = 35 };

/* All that stands before the target's name. */
static void target_open(struct message *m, const char *owner, unsigned type, uint32_t ttl)
{
    put_name(m, owner);
    rr_open(m, type, ttl);
    put_u16(m, 10); /* priority, preference or order */
    if (type == TYPE_MX)
        return;
    put_u16(m, 20); /* weight or preference */
    if (type == TYPE_SRV)
        put_u16(m, 19305); /* port */
    else
        put_bytes(m, "\1s\7SIP+D2U\0", 11); /* flags, services, expression */
}

static void test_other_records_name_where_to_ask(void **state)
{
    static const unsigned types[] = {TYPE_MX, TYPE_SRV, TYPE_NAPTR};
    struct fixture *f = *state;

    for (size_t i = 0; i < 3; i++) {
        response_start(&f->message, "_x._udp.example", types[i], 4);
        target_open(&f->message, "_x._udp.example", types[i], 50);
        put_bytes(&f->message, "\2S7", 3);
        put_pointer(&f->message, QUESTION_AT + 8); /* compressed, as some servers do */
        rr_close(&f->message);
        target_open(&f->message, "_X._udp.example", types[i], 60);
        put_name(&f->message, "s8.example");
        rr_close(&f->message);
        target_open(&f->message, "_x._udp.example", types[i], 60);
        put_name(&f->message, "."); /* no such service */
        rr_close(&f->message);
        target_open(&f->message, "other.example", types[i], 60);
        put_name(&f->message, "s9.example");
        rr_close(&f->message);
        assert_outcome(f, ANSWER_OK);
        assert_int_equal(f->answer.address_count, 0);
        assert_int_equal(f->answer.target_count, 2);
        assert_target(&f->answer, 0, "s7.example", 50);
        assert_target(&f->answer, 1, "s8.example", 60);
    }
}

/* The prefix is cut, the name ends before the rdata does, or does not end in it. */
static void test_targets_that_do_not_fit_are_malformed(void **state)
{
    static const unsigned types[] = {TYPE_MX, TYPE_SRV, TYPE_NAPTR};
    struct fixture *f = *state;
    size_t full;

    for (size_t i = 0; i < 3; i++)
        for (unsigned length = 0; length < 60; length++) {
            response_start(&f->message, "_x._udp.example", types[i], 1);
            target_open(&f->message, "_x._udp.example", types[i], 50);
            put_name(&f->message, "s7.example");
            full = f->message.size - f->message.rdata;
            for (unsigned k = 0; k < 40; k++)
                put_u8(&f->message, 0);
            patch_u16(&f->message, f->message.rdata - 2, length);
            assert_outcome(f, length == full ? ANSWER_OK : ANSWER_MALFORMED);
        }
}

/* Owners of 255 bytes, by a pointer: so many that reading on would cost too much. */
static void test_the_work_for_an_answer_is_bounded(void **state)
{
    struct fixture *f = *state;
    char name[DNAME_TEXT_MAX];
    unsigned count = 0;

    memset(name, 'a', sizeof name);
    for (unsigned at = 1; at < 253; at += 2)
        name[at] = '.';
    name[253] = '\0';
    response_start(&f->message, name, TYPE_A, 0);
    for (; f->message.size + 16 <= sizeof f->message.bytes; count++) {
        put_pointer(&f->message, QUESTION_AT);
        rr_open(&f->message, TYPE_A, 60);
        put_u32(&f->message, 0x0a000000 + count);
        rr_close(&f->message);
        if (count == 1000) {
            patch_u16(&f->message, 6, count + 1);
            assert_outcome(f, ANSWER_OK);
            assert_in_range(f->answer.work, 2 * 255 * count, 3 * 255 * count);
        }
    }
    patch_u16(&f->message, 6, count);
    assert_outcome(f, ANSWER_MALFORMED);
    assert_in_range(f->answer.work, 0, ANSWER_WORK_MAX + 1000);
}

/* What an honest answer costs is a small part of what is allowed. */
static void test_the_work_for_an_honest_answer_is_small(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.dormammu.lookback.example", TYPE_A, 42);
    put_alias(&f->message, "eu1.dormammu.lookback.example", TYPE_CNAME, 60, "a.example");
    put_alias(&f->message, "a.example", TYPE_CNAME, 60, "lb.example.net");
    for (unsigned i = 0; i < 40; i++)
        put_a(&f->message, "lb.example.net", 60, 0xc6336400 + i);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 40);
    assert_in_range(f->answer.work, 1, ANSWER_WORK_MAX / 200);
}

static void test_record_types_have_names(void **state)
{
    static const char *const names[] = {"", "A", "AAAA", "HTTPS", "SVCB", "LIST", ""};

    (void)state;
    for (unsigned type = RECORD_NONE; type <= RECORD_COUNT; type++)
        assert_string_equal(record_type_name(type), names[type]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_question_and_header_are_told_on_any_outcome),
        fixture_test(test_other_classes_and_question_counts_are_refused),
        fixture_test(test_nothing_is_a_whole_answer_too),
        fixture_test(test_record_types_need_not_be_the_question_s),
        fixture_test(test_ttl_with_the_top_bit_counts_as_zero),
        fixture_test(test_no_address_and_record_type_twice),
        fixture_test(test_as_many_addresses_as_a_message_holds),
        fixture_test(test_more_hints_than_addresses_fit_are_malformed),
        fixture_test(test_strays_are_told_and_never_learned),
        fixture_test(test_a_dot_inside_a_label_is_another_owner),
        fixture_test(test_strays_are_bounded),
        fixture_test(test_other_classes_in_the_answer_are_skipped),
        fixture_test(test_a_chain_without_address_is_an_open_end),
        fixture_test(test_a_moved_https_question_leaves_its_end_open),
        fixture_test(test_service_mode_gives_hints_and_target),
        fixture_test(test_the_question_s_own_name_is_no_target),
        fixture_test(test_alias_mode_gives_a_target_and_no_hints),
        fixture_test(test_a_target_named_twice_is_one_with_the_longer_life),
        fixture_test(test_targets_are_bounded_and_the_chain_s_end_comes_first),
        fixture_test(test_a_bad_https_record_spoils_the_message),
        fixture_test(test_a_compressed_https_target_is_malformed),
        fixture_test(test_nothing_is_left_from_the_answer_before),
        fixture_test(test_other_records_name_where_to_ask),
        fixture_test(test_targets_that_do_not_fit_are_malformed),
        fixture_test(test_the_work_for_an_answer_is_bounded),
        fixture_test(test_the_work_for_an_honest_answer_is_small),
        fixture_test(test_record_types_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
