/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of questions: what settles one, what is the same again, and what makes room.
 */
#include "sniffer/questions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define START (1000 * UINT64_C(1000000000))

static const uint8_t question[] = "\3eu1\7example\0\0\1\0\1";

static struct question_key key_of(uint32_t client, uint16_t id)
{
    uint8_t bytes[4] = {(uint8_t)(client >> 24), (uint8_t)(client >> 16), (uint8_t)(client >> 8),
                        (uint8_t)client};

    return (struct question_key){
        .client = address_from_ipv4(bytes),
        .resolver = address_from_ipv4((const uint8_t[]){192, 0, 2, 53}),
        .client_port = 4000,
        .resolver_port = 53,
        .id = id,
        .transport = TRANSPORT_UDP,
        .question = question,
        .question_size = sizeof(question) - 1,
    };
}

static struct answer_digest digest_of(uint64_t value)
{
    return (struct answer_digest){.value = {value, 1}};
}

static enum settle_outcome settle(struct questions *questions, const struct question_key *key,
                                  uint64_t value, uint64_t now_ns)
{
    struct answer_digest digest = digest_of(value);
    struct answer_address address = {
        .address = address_from_ipv4((const uint8_t[]){198, 51, 100, (uint8_t)value}),
        .record = RECORD_A,
    };
    struct earlier_answer earlier;
    enum settle_outcome outcome =
        questions_settle(questions, key, &digest, &address, 1, now_ns, &earlier);

    if (outcome == SETTLE_EXTRA) {
        assert_int_equal(earlier.count, 1);
        assert_int_equal(earlier.addresses[0].bytes[3], 1);
    }
    return outcome;
}

static int set_up(void **state)
{
    *state = questions_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    questions_free(*state);
    return 0;
}

static void test_an_answer_settles_its_question(void **state)
{
    struct question_key key = key_of(1, 7);

    assert_int_equal(questions_look(*state, &key, START), SETTLE_NONE);
    assert_int_equal(settle(*state, &key, 1, START), SETTLE_NONE);
    assert_int_equal(questions_ask(*state, &key, START), QUESTION_NEW);
    assert_int_equal(questions_open(*state), 1);
    assert_int_equal(questions_look(*state, &key, START + MS), SETTLE_COUNTS);
    assert_int_equal(settle(*state, &key, 1, START + MS), SETTLE_COUNTS);
}

static void assert_unknown(struct questions *questions, const struct question_key *key)
{
    assert_int_equal(questions_look(questions, key, START), SETTLE_NONE);
}

static void test_every_part_of_the_key_counts(void **state)
{
    static const uint8_t other_case[] = "\3eU1\7example\0\0\1\0\1";
    static const uint8_t other_type[] = "\3eu1\7example\0\0\34\0\1";
    struct question_key key = key_of(1, 7), other = key;

    questions_ask(*state, &key, START);
    other.client.bytes[0] ^= 1;
    assert_unknown(*state, &other);
    other = key, other.resolver.bytes[0] ^= 1;
    assert_unknown(*state, &other);
    other = key, other.client_port++;
    assert_unknown(*state, &other);
    other = key, other.resolver_port++;
    assert_unknown(*state, &other);
    other = key, other.id++;
    assert_unknown(*state, &other);
    other = key, other.transport = TRANSPORT_TCP;
    assert_unknown(*state, &other);
    other = key, other.question = other_case;
    assert_unknown(*state, &other);
    other = key, other.question = other_type;
    assert_unknown(*state, &other);
    other = key, other.question_size--;
    assert_unknown(*state, &other);
    assert_int_equal(questions_look(*state, &key, START), SETTLE_COUNTS);
}

static void test_the_same_answer_again_is_a_duplicate(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(settle(*state, &key, 1, START), SETTLE_COUNTS);
    for (int i = 0; i < 100; i++)
        assert_int_equal(settle(*state, &key, 1, START + MS), SETTLE_DUPLICATE);
}

static void test_a_distinct_answer_is_extra(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(settle(*state, &key, 1, START), SETTLE_COUNTS);
    assert_int_equal(settle(*state, &key, 2, START), SETTLE_EXTRA);
    assert_int_equal(settle(*state, &key, 2, START), SETTLE_EXTRA);
    assert_int_equal(settle(*state, &key, 1, START), SETTLE_DUPLICATE);
}

static void test_a_sight_within_100_ms_allows_nothing(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(questions_ask(*state, &key, START), QUESTION_REPEATED);
    assert_int_equal(questions_ask(*state, &key, START + 100 * MS), QUESTION_REPEATED);
    settle(*state, &key, 1, START + 100 * MS);
    assert_int_equal(settle(*state, &key, 2, START + 100 * MS), SETTLE_EXTRA);
}

static void test_a_retransmission_allows_one_more(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    settle(*state, &key, 1, START);
    assert_int_equal(questions_ask(*state, &key, START + 101 * MS), QUESTION_RETRANSMITTED);
    assert_int_equal(settle(*state, &key, 2, START + 102 * MS), SETTLE_COUNTS);
    assert_int_equal(settle(*state, &key, 3, START + 103 * MS), SETTLE_EXTRA);
    assert_int_equal(settle(*state, &key, 2, START + 103 * MS), SETTLE_DUPLICATE);
}

static void test_at_most_eight_distinct_answers(void **state)
{
    struct question_key key = key_of(1, 7);
    uint64_t now = START;

    for (int i = 0; i < 20; i++, now += 101 * MS)
        questions_ask(*state, &key, now);
    for (uint64_t i = 1; i <= QUESTION_ANSWERS_MAX; i++)
        assert_int_equal(settle(*state, &key, i, now), SETTLE_COUNTS);
    assert_int_equal(settle(*state, &key, 9, now), SETTLE_EXTRA);
}

static void test_late_after_10_s_unless_asked_again(void **state)
{
    struct question_key key = key_of(1, 7), again = key_of(1, 8);

    questions_ask(*state, &key, START);
    questions_ask(*state, &again, START);
    assert_int_equal(questions_ask(*state, &again, START + 9000 * MS), QUESTION_RETRANSMITTED);
    assert_int_equal(settle(*state, &key, 1, START + 10000 * MS + 1), SETTLE_LATE);
    assert_int_equal(questions_look(*state, &key, START + 10000 * MS + 1), SETTLE_LATE);
    assert_int_equal(settle(*state, &again, 1, START + 18000 * MS), SETTLE_COUNTS);
}

static void test_in_time_at_10_s(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(settle(*state, &key, 1, START + 10000 * MS), SETTLE_COUNTS);
}

static void test_a_counted_answer_late_is_a_duplicate(void **state)
{
    struct question_key key = key_of(1, 7);
    struct answer_digest digest = digest_of(1), other = digest_of(2);

    questions_ask(*state, &key, START);
    settle(*state, &key, 1, START);
    assert_int_equal(settle(*state, &key, 1, START + 11000 * MS), SETTLE_DUPLICATE);
    assert_true(questions_counted(*state, &key, &digest));
    assert_false(questions_counted(*state, &key, &other));
}

static void test_asked_after_its_time_is_a_new_question(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    settle(*state, &key, 2, START);
    assert_int_equal(questions_ask(*state, &key, START + 10001 * MS), QUESTION_NEW);
    assert_int_equal(settle(*state, &key, 1, START + 10002 * MS), SETTLE_COUNTS);
    assert_int_equal(settle(*state, &key, 2, START + 10002 * MS), SETTLE_EXTRA);
}

static void test_forgotten_after_20_s(void **state)
{
    struct question_key key = key_of(1, 7), other = key_of(2, 7);

    questions_ask(*state, &key, START);
    questions_ask(*state, &other, START + 20001 * MS);
    assert_int_equal(questions_look(*state, &key, START + 20001 * MS), SETTLE_NONE);
    assert_int_equal(questions_open(*state), 1);
    assert_int_equal(questions_dropped(*state), 0);
}

static void test_a_clock_that_goes_back_a_little(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(questions_ask(*state, &key, START - 500 * MS), QUESTION_REPEATED);
    assert_int_equal(settle(*state, &key, 1, START - MS), SETTLE_COUNTS);
}

static void test_64_wait_for_a_client_and_its_own_oldest_goes(void **state)
{
    struct question_key other = key_of(2, 1);

    questions_ask(*state, &other, START - MS);
    for (uint16_t id = 0; id < QUESTIONS_PER_CLIENT + 1; id++) {
        struct question_key key = key_of(1, id);
        questions_ask(*state, &key, START + id);
    }
    struct question_key first = key_of(1, 0), second = key_of(1, 1);
    assert_int_equal(questions_look(*state, &first, START), SETTLE_NONE);
    assert_int_equal(questions_look(*state, &second, START), SETTLE_COUNTS);
    assert_int_equal(questions_look(*state, &other, START), SETTLE_COUNTS);
    assert_int_equal(questions_open(*state), QUESTIONS_PER_CLIENT + 1);
    assert_int_equal(questions_dropped(*state), 1);
}

static void test_what_nobody_waits_for_makes_room_uncounted(void **state)
{
    for (uint16_t id = 0; id < QUESTIONS_PER_CLIENT; id++) {
        struct question_key key = key_of(1, id);
        questions_ask(*state, &key, START);
    }
    struct question_key key = key_of(1, QUESTIONS_PER_CLIENT);
    questions_ask(*state, &key, START + 10001 * MS);
    assert_int_equal(questions_open(*state), QUESTIONS_PER_CLIENT);
    assert_int_equal(questions_dropped(*state), 0);
}

/* A forwarder is one client with many answered questions. */
static void test_answered_questions_do_not_push_out_waiting_ones(void **state)
{
    struct question_key waiting = key_of(1, 60000);

    questions_ask(*state, &waiting, START);
    for (uint16_t id = 0; id < 10 * QUESTIONS_PER_CLIENT; id++) {
        struct question_key key = key_of(1, id);
        questions_ask(*state, &key, START + id);
        assert_int_equal(settle(*state, &key, 1, START + id), SETTLE_COUNTS);
        assert_true(questions_answered(*state, &key));
    }
    assert_int_equal(questions_look(*state, &waiting, START + MS), SETTLE_COUNTS);
    assert_int_equal(questions_open(*state), 1);
    assert_int_equal(questions_dropped(*state), 0);
    struct question_key last = key_of(1, 10 * QUESTIONS_PER_CLIENT - 1);
    struct question_key kept = key_of(1, 9 * QUESTIONS_PER_CLIENT);
    struct question_key gone = key_of(1, 9 * QUESTIONS_PER_CLIENT - 1);
    assert_int_equal(settle(*state, &last, 1, START + MS), SETTLE_DUPLICATE);
    assert_int_equal(settle(*state, &kept, 1, START + MS), SETTLE_DUPLICATE);
    assert_int_equal(settle(*state, &gone, 1, START + MS), SETTLE_NONE);
}

static void test_the_first_answer_is_told_once_each_time_it_is_asked(void **state)
{
    struct question_key key = key_of(1, 7);

    assert_false(questions_answered(*state, &key));
    questions_ask(*state, &key, START);
    assert_true(questions_answered(*state, &key));
    assert_false(questions_answered(*state, &key));
    questions_ask(*state, &key, START + 101 * MS);
    assert_true(questions_answered(*state, &key));
    assert_false(questions_answered(*state, &key));
}

static void test_65536_in_all_and_the_oldest_goes(void **state)
{
    enum { MORE = 100 };

    for (uint32_t i = 0; i < QUESTIONS_MAX + MORE; i++) {
        struct question_key key = key_of(i / 32, (uint16_t)(i % 32));
        assert_int_equal(questions_ask(*state, &key, START + i), QUESTION_NEW);
    }
    assert_int_equal(questions_open(*state), QUESTIONS_MAX);
    assert_int_equal(questions_dropped(*state), MORE);
    for (uint32_t i = 0; i < QUESTIONS_MAX + MORE; i++) {
        struct question_key key = key_of(i / 32, (uint16_t)(i % 32));
        assert_int_equal(questions_look(*state, &key, START + i),
                         i < MORE ? SETTLE_NONE : SETTLE_COUNTS);
    }
}

/* Fewer than those that wait: the one settled first is forgotten whole, the others are not. */
static void test_16384_are_settled_and_the_first_goes(void **state)
{
    enum { PER_CLIENT = 32 };
    struct question_key first = key_of(0, 0);

    for (uint32_t i = 0; i < QUESTIONS_SETTLED_MAX; i++) {
        struct question_key key = key_of(i / PER_CLIENT, (uint16_t)(i % PER_CLIENT));
        questions_ask(*state, &key, START);
        assert_int_equal(settle(*state, &key, 1, START), SETTLE_COUNTS);
        questions_answered(*state, &key);
    }
    assert_int_equal(settle(*state, &first, 2, START), SETTLE_EXTRA);
    struct question_key another = key_of(QUESTIONS_SETTLED_MAX, 0);
    questions_ask(*state, &another, START);
    assert_int_equal(settle(*state, &another, 1, START), SETTLE_COUNTS);
    assert_int_equal(questions_look(*state, &first, START), SETTLE_NONE);
    for (uint32_t i = 1; i < QUESTIONS_SETTLED_MAX; i++) {
        struct question_key key = key_of(i / PER_CLIENT, (uint16_t)(i % PER_CLIENT));
        assert_int_equal(settle(*state, &key, 1, START), SETTLE_DUPLICATE);
    }
    assert_int_equal(questions_ask(*state, &first, START), QUESTION_NEW);
    assert_int_equal(settle(*state, &first, 2, START), SETTLE_COUNTS);
    assert_int_equal(questions_dropped(*state), 0);
}

/* Against a plain model: nothing is lost, found twice or mixed up over many turns of the table. */
static void test_the_table_stays_whole_over_many_turns(void **state)
{
    for (uint32_t turn = 0; turn < 6; turn++) {
        uint64_t now = START + turn * 21000 * MS;
        for (uint32_t i = 0; i < 3000; i++) {
            struct question_key key = key_of(i / 50, (uint16_t)i);
            assert_int_equal(questions_ask(*state, &key, now), QUESTION_NEW);
            if (i % 3 == 0)
                assert_int_equal(settle(*state, &key, 1, now + MS), SETTLE_COUNTS);
            if (i % 3 != 2)
                assert_true(questions_answered(*state, &key));
        }
        for (uint32_t i = 0; i < 3000; i++) {
            struct question_key key = key_of(i / 50, (uint16_t)i);
            assert_int_equal(settle(*state, &key, 1, now + 2 * MS),
                             i % 3 == 0 ? SETTLE_DUPLICATE : SETTLE_COUNTS);
        }
        assert_int_equal(questions_dropped(*state), 0);
    }
}

static void test_a_truncated_answer_settles_nothing(void **state)
{
    struct question_key key = key_of(1, 7);
    struct answer_digest part = digest_of(5), other = digest_of(6);
    struct earlier_answer earlier;

    questions_ask(*state, &key, START);
    assert_int_equal(questions_teach(*state, &key, &part, START, &earlier), SETTLE_COUNTS);
    assert_int_equal(questions_teach(*state, &key, &part, START, &earlier), SETTLE_DUPLICATE);
    assert_int_equal(settle(*state, &key, 1, START), SETTLE_COUNTS);
    assert_int_equal(questions_teach(*state, &key, &part, START, &earlier), SETTLE_DUPLICATE);
    assert_int_equal(questions_teach(*state, &key, &other, START, &earlier), SETTLE_EXTRA);
    assert_int_equal(earlier.count, 1);
}

static struct answer *answer_of(const uint8_t *last_bytes, unsigned count)
{
    struct answer *answer = calloc(1, sizeof(*answer));

    assert_non_null(answer);
    for (unsigned i = 0; i < count; i++) {
        answer->addresses[i].address =
            address_from_ipv4((const uint8_t[]){198, 51, 100, last_bytes[i]});
        answer->addresses[i].record = RECORD_A;
        answer->addresses[i].ttl = 100 + i;
    }
    answer->address_count = count;
    return answer;
}

static bool same_digest(struct questions *questions, struct answer *a, struct answer *b)
{
    struct answer_digest first, second;

    questions_digest(questions, a, &first);
    questions_digest(questions, b, &second);
    free(a);
    free(b);
    return memcmp(&first, &second, sizeof(first)) == 0;
}

static void test_a_digest_minds_addresses_and_rcode_only(void **state)
{
    struct answer *servfail = answer_of((const uint8_t[]){1}, 1);

    servfail->rcode = 2;
    assert_true(same_digest(*state, answer_of((const uint8_t[]){1, 2, 3}, 3),
                            answer_of((const uint8_t[]){3, 1, 2}, 3)));
    assert_false(same_digest(*state, answer_of((const uint8_t[]){1, 2, 3}, 3),
                             answer_of((const uint8_t[]){1, 2}, 2)));
    assert_false(same_digest(*state, answer_of((const uint8_t[]){1, 4}, 2),
                             answer_of((const uint8_t[]){2, 3}, 2)));
    assert_false(same_digest(*state, answer_of((const uint8_t[]){1}, 1), servfail));
}

static void test_a_digest_of_open_names(void **state)
{
    struct answer *a = answer_of(NULL, 0), *b = answer_of(NULL, 0);

    dname_from_text("a.example", &a->targets[0].name);
    dname_from_text("b.example", &b->targets[0].name);
    a->target_count = b->target_count = 1;
    assert_false(same_digest(*state, a, b));
    a = answer_of((const uint8_t[]){1}, 1), b = answer_of((const uint8_t[]){1}, 1);
    dname_from_text("a.example", &a->targets[0].name);
    a->target_count = 1;
    assert_true(same_digest(*state, a, b)); /* addresses decide where there are any */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_settles_its_question),
        TEST(test_every_part_of_the_key_counts),
        TEST(test_the_same_answer_again_is_a_duplicate),
        TEST(test_a_distinct_answer_is_extra),
        TEST(test_a_sight_within_100_ms_allows_nothing),
        TEST(test_a_retransmission_allows_one_more),
        TEST(test_at_most_eight_distinct_answers),
        TEST(test_late_after_10_s_unless_asked_again),
        TEST(test_in_time_at_10_s),
        TEST(test_a_counted_answer_late_is_a_duplicate),
        TEST(test_asked_after_its_time_is_a_new_question),
        TEST(test_forgotten_after_20_s),
        TEST(test_a_clock_that_goes_back_a_little),
        TEST(test_64_wait_for_a_client_and_its_own_oldest_goes),
        TEST(test_what_nobody_waits_for_makes_room_uncounted),
        TEST(test_answered_questions_do_not_push_out_waiting_ones),
        TEST(test_the_first_answer_is_told_once_each_time_it_is_asked),
        TEST(test_65536_in_all_and_the_oldest_goes),
        TEST(test_16384_are_settled_and_the_first_goes),
        TEST(test_the_table_stays_whole_over_many_turns),
        TEST(test_a_truncated_answer_settles_nothing),
        TEST(test_a_digest_minds_addresses_and_rcode_only),
        TEST(test_a_digest_of_open_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
