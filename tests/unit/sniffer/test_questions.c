/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of questions: what settles one, what is the same again, and what makes room.
 */
#include "sniffer/pipeline/questions.h"

#include "sniffer/pipeline/case_keepers.h"

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

/* What becomes of an answer, as the pipeline asks for it. */
enum outcome {
    COUNTS = SETTLE_COUNTS,
    DUPLICATE = SETTLE_DUPLICATE,
    EXTRA = SETTLE_EXTRA,
    LATE,
    NONE,
};

static enum outcome look(struct questions *questions, const struct question_key *key,
                         uint64_t now_ns)
{
    struct question_found found = questions_find(questions, key);

    if (!found.number)
        return NONE;
    return questions_is_late(questions, found, now_ns) ? LATE : COUNTS;
}

static bool answered(struct questions *questions, const struct question_key *key)
{
    struct question_found found = questions_find(questions, key);

    assert_true(found.number > 0);
    return questions_answered(questions, found);
}

static bool counted(struct questions *questions, const struct question_key *key, uint64_t value)
{
    struct answer_digest digest = digest_of(value);
    struct earlier_answer earlier;

    return questions_compare(questions, questions_find(questions, key), &digest, &earlier) ==
           SETTLE_DUPLICATE;
}

static enum outcome settle(struct questions *questions, const struct question_key *key,
                           uint64_t value, uint64_t now_ns)
{
    enum outcome known = look(questions, key, now_ns);

    if (known != COUNTS)
        return known == LATE && counted(questions, key, value) ? DUPLICATE : known;
    struct answer_digest digest = digest_of(value);
    struct answer_address address = {
        .address = address_from_ipv4((const uint8_t[]){198, 51, 100, (uint8_t)value}),
        .record = RECORD_A,
    };
    struct earlier_answer earlier;
    enum outcome outcome = (enum outcome)questions_settle(questions, questions_find(questions, key),
                                                          &digest, &address, 1, now_ns, &earlier);

    if (outcome == EXTRA) {
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

    assert_int_equal(look(*state, &key, START), NONE);
    assert_int_equal(settle(*state, &key, 1, START), NONE);
    assert_int_equal(questions_ask(*state, &key, START), QUESTION_NEW);
    assert_int_equal(questions_open(*state), 1);
    assert_int_equal(look(*state, &key, START + MS), COUNTS);
    assert_int_equal(settle(*state, &key, 1, START + MS), COUNTS);
}

static void assert_unknown(struct questions *questions, const struct question_key *key)
{
    assert_int_equal(look(questions, key, START), NONE);
}

static void test_every_part_of_the_key_counts(void **state)
{
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
    other = key, other.question = other_type;
    assert_unknown(*state, &other);
    other = key, other.question_size--;
    assert_unknown(*state, &other);
    assert_int_equal(look(*state, &key, START), COUNTS);
}

static const uint8_t capitals[] = "\3eU1\7ExamPle\0\0\1\0\1";
static const uint8_t other_capitals[] = "\3Eu1\7example\0\0\1\0\1";

static struct question_key cased(struct question_key key, const uint8_t *as)
{
    key.question = as;
    return key;
}

/* Some servers write the question in lower case, and every client takes their answers. */
static void test_case_is_nothing_towards_a_server_that_was_not_seen_to_keep_it(void **state)
{
    struct question_key lower = key_of(1, 7), mixed = cased(lower, capitals);
    struct question_key other = cased(lower, other_capitals);

    questions_ask(*state, &mixed, START);
    assert_int_equal(look(*state, &lower, START), COUNTS);
    assert_int_equal(look(*state, &other, START), COUNTS);
    assert_int_equal(settle(*state, &lower, 1, START), COUNTS);
    assert_int_equal(settle(*state, &mixed, 2, START), EXTRA); /* one question: one answer */
    assert_int_equal(settle(*state, &other, 1, START), DUPLICATE);
    /* a question without capitals shows nothing, and neither does an answer in another case */
    lower.id = mixed.id = other.id = 8;
    questions_ask(*state, &lower, START);
    assert_int_equal(settle(*state, &lower, 1, START), COUNTS);
    assert_int_equal(look(*state, &mixed, START), COUNTS);
}

/* Answers in another case do not make it one that does not, as long as it answers as it does. */
static void test_case_counts_towards_a_server_that_was_seen_to_keep_it(void **state)
{
    struct question_key lower = key_of(1, 7), mixed = cased(lower, capitals);
    struct question_key other_server = mixed;

    for (uint16_t id = 7; id < 1000; id++) {
        lower.id = mixed.id = id;
        questions_ask(*state, &mixed, START);
        if (id % CASEKEEPERS_DOUBTS_MAX != 7)
            assert_int_equal(settle(*state, &lower, 2, START), NONE);
        else
            assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
    }
    other_server.resolver.bytes[15] ^= 1;
    questions_ask(*state, &other_server, START);
    lower = other_server, lower.question = question;
    assert_int_equal(settle(*state, &lower, 1, START), COUNTS);
}

/* Forged once, in the case of the question, it would have been for good. */
static void test_a_server_that_was_made_to_look_as_if_it_kept_the_case(void **state)
{
    struct question_key lower = key_of(1, 7), mixed = cased(lower, capitals);
    struct question_key other = cased(lower, other_capitals);

    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
    for (uint16_t id = 8; id < 7 + CASEKEEPERS_DOUBTS_MAX; id++) {
        lower.id = mixed.id = other.id = id;
        questions_ask(*state, &mixed, START);
        for (unsigned again = 0; again < 100; again++) { /* one question is one doubt */
            assert_int_equal(settle(*state, &lower, 1, START), NONE);
            assert_int_equal(settle(*state, &other, 1, START), NONE);
        }
    }
    lower.id = mixed.id = 999;
    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &lower, 1, START), COUNTS);
    lower.id = mixed.id = 1000;
    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &lower, 1, START), COUNTS);
    lower.id = mixed.id = 1001;
    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
    lower.id = mixed.id = 1002;
    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &lower, 1, START), NONE);
}

/* Nor one whose question had its answer, or that comes from where none can. */
static void test_only_what_could_be_an_answer_is_a_doubt(void **state)
{
    struct question_key lower = key_of(1, 7), mixed = cased(lower, capitals);

    mixed.place = lower.place = (struct place){.link = 2, .passage = PASSAGE_IN};
    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
    for (uint16_t id = 8; id < 1000; id++) {
        lower.id = mixed.id = id;
        questions_ask(*state, &mixed, START);
        assert_int_equal(settle(*state, &lower, 1, START), NONE);
    }
    assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
    lower.place.passage = PASSAGE_OUT;
    for (uint16_t id = 1000; id < 2000; id++) {
        lower.id = mixed.id = id;
        questions_ask(*state, &mixed, START);
        if (id == 1000) {
            assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
            continue;
        }
        lower.id = 1000;
        assert_int_equal(settle(*state, &lower, 1, START), NONE);
    }
}

/* What could not have been guessed alone shows it: an answer that did not count does not. */
static void test_only_an_answer_that_counts_shows_that_case_is_kept(void **state)
{
    struct question_key lower = key_of(1, 7), mixed = cased(lower, capitals);

    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &lower, 1, START), COUNTS);
    assert_int_equal(settle(*state, &mixed, 1, START), DUPLICATE);
    lower.id = mixed.id = 8;
    questions_ask(*state, &mixed, START);
    assert_int_equal(look(*state, &lower, START), COUNTS);
}

static void test_case_is_nothing_over_tcp(void **state)
{
    struct question_key lower = key_of(1, 7), mixed = cased(lower, capitals);

    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &mixed, 1, START), COUNTS); /* over UDP it is kept */
    lower.transport = mixed.transport = TRANSPORT_TCP;
    questions_ask(*state, &mixed, START);
    assert_int_equal(settle(*state, &lower, 1, START), COUNTS);
    assert_int_equal(questions_ask(*state, &lower, START), QUESTION_REPEATED);
}

/* Types and classes are numbers, of which 65 is no letter: HTTPS and type 97. */
static void test_case_is_of_names_alone(void **state)
{
    static const uint8_t https[] = "\3eu1\7example\0\0\101\0\1";
    static const uint8_t type_97[] = "\3eu1\7example\0\0\141\0\1";
    struct question_key key = cased(key_of(1, 7), https), other = cased(key, type_97);

    questions_ask(*state, &key, START);
    assert_unknown(*state, &other);
}

/* More servers than there is room for: those that are known stay known. */
static void test_servers_that_keep_the_case_stay_known(void **state)
{
    for (uint32_t i = 0; i < 4000; i++) {
        struct question_key mixed = cased(key_of(1, 7), capitals);
        mixed.resolver = key_of(i, 0).client;
        questions_ask(*state, &mixed, START);
        assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
        mixed.resolver = key_of(0, 0).client;
        mixed.id = (uint16_t)(8 + i);
        questions_ask(*state, &mixed, START);
        assert_int_equal(settle(*state, &mixed, 1, START), COUNTS);
        mixed.question = question;
        assert_int_equal(look(*state, &mixed, START), NONE);
    }
}

static void test_the_same_answer_again_is_a_duplicate(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(settle(*state, &key, 1, START), COUNTS);
    for (int i = 0; i < 100; i++)
        assert_int_equal(settle(*state, &key, 1, START + MS), DUPLICATE);
}

static void test_a_distinct_answer_is_extra(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(settle(*state, &key, 1, START), COUNTS);
    assert_int_equal(settle(*state, &key, 2, START), EXTRA);
    assert_int_equal(settle(*state, &key, 2, START), EXTRA);
    assert_int_equal(settle(*state, &key, 1, START), DUPLICATE);
}

static void test_a_sight_within_100_ms_allows_nothing(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(questions_ask(*state, &key, START), QUESTION_REPEATED);
    assert_int_equal(questions_ask(*state, &key, START + 100 * MS), QUESTION_REPEATED);
    settle(*state, &key, 1, START + 100 * MS);
    assert_int_equal(settle(*state, &key, 2, START + 100 * MS), EXTRA);
}

/* Whoever can forge an answer each time it is asked again would teach one each time. */
static void test_a_retransmission_allows_nothing(void **state)
{
    struct question_key key = key_of(1, 7);
    uint64_t now = START;

    questions_ask(*state, &key, now);
    assert_int_equal(settle(*state, &key, 1, now), COUNTS);
    for (uint64_t i = 2; i < 20; i++) {
        now += 150 * MS;
        assert_int_equal(questions_ask(*state, &key, now), QUESTION_RETRANSMITTED);
        assert_int_equal(settle(*state, &key, i, now), EXTRA);
        assert_int_equal(settle(*state, &key, 1, now), DUPLICATE);
    }
}

static void test_an_alarm_says_that_the_question_was_asked_again(void **state)
{
    struct question_key key = key_of(1, 7);
    struct answer_digest other = digest_of(2);
    struct earlier_answer earlier;

    questions_ask(*state, &key, START);
    settle(*state, &key, 1, START);
    questions_ask(*state, &key, START + 50 * MS);
    struct question_found found = questions_find(*state, &key);
    questions_settle(*state, found, &other, NULL, 0, START + 50 * MS, &earlier);
    assert_false(earlier.asked_again);
    questions_ask(*state, &key, START + 200 * MS);
    questions_settle(*state, found, &other, NULL, 0, START + 200 * MS, &earlier);
    assert_true(earlier.asked_again);
}

/* A stub with one port and one id asks for ever. */
static void test_10_s_after_its_answer_it_is_a_new_question(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    settle(*state, &key, 1, START);
    assert_int_equal(questions_ask(*state, &key, START + 6000 * MS), QUESTION_RETRANSMITTED);
    assert_int_equal(settle(*state, &key, 2, START + 6001 * MS), EXTRA);
    assert_int_equal(questions_ask(*state, &key, START + 12000 * MS), QUESTION_NEW);
    assert_int_equal(settle(*state, &key, 2, START + 12001 * MS), COUNTS);
}

/* A connection that is kept open may ask with one id each time. */
static void test_over_tcp_asked_again_is_a_new_question(void **state)
{
    struct question_key key = key_of(1, 7);

    key.transport = TRANSPORT_TCP;
    questions_ask(*state, &key, START);
    assert_int_equal(settle(*state, &key, 1, START), COUNTS);
    assert_int_equal(settle(*state, &key, 2, START), EXTRA);
    assert_int_equal(questions_ask(*state, &key, START + 50 * MS), QUESTION_REPEATED);
    assert_int_equal(settle(*state, &key, 2, START + 50 * MS), EXTRA);
    assert_int_equal(questions_ask(*state, &key, START + 200 * MS), QUESTION_NEW);
    assert_int_equal(settle(*state, &key, 2, START + 201 * MS), COUNTS);
}

static void test_late_after_10_s_unless_asked_again(void **state)
{
    struct question_key key = key_of(1, 7), again = key_of(1, 8);

    questions_ask(*state, &key, START);
    questions_ask(*state, &again, START);
    assert_int_equal(questions_ask(*state, &again, START + 9000 * MS), QUESTION_RETRANSMITTED);
    assert_int_equal(settle(*state, &key, 1, START + 10000 * MS + 1), LATE);
    assert_int_equal(look(*state, &key, START + 10000 * MS + 1), LATE);
    assert_int_equal(settle(*state, &again, 1, START + 18000 * MS), COUNTS);
}

static void test_in_time_at_10_s(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(settle(*state, &key, 1, START + 10000 * MS), COUNTS);
}

static void test_a_counted_answer_late_is_a_duplicate(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    settle(*state, &key, 1, START);
    assert_int_equal(settle(*state, &key, 1, START + 11000 * MS), DUPLICATE);
    assert_true(counted(*state, &key, 1));
    assert_false(counted(*state, &key, 2));
}

static void test_asked_after_its_time_is_a_new_question(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    settle(*state, &key, 2, START);
    assert_int_equal(questions_ask(*state, &key, START + 10001 * MS), QUESTION_NEW);
    assert_int_equal(settle(*state, &key, 1, START + 10002 * MS), COUNTS);
    assert_int_equal(settle(*state, &key, 2, START + 10002 * MS), EXTRA);
}

static void test_forgotten_after_20_s(void **state)
{
    struct question_key key = key_of(1, 7), other = key_of(2, 7);

    questions_ask(*state, &key, START);
    questions_ask(*state, &other, START + 20001 * MS);
    assert_int_equal(look(*state, &key, START + 20001 * MS), NONE);
    assert_int_equal(questions_open(*state), 1);
    assert_int_equal(questions_dropped(*state), 0);
}

static void test_a_clock_that_goes_back_a_little(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_int_equal(questions_ask(*state, &key, START - 500 * MS), QUESTION_REPEATED);
    assert_int_equal(settle(*state, &key, 1, START - MS), COUNTS);
}

static void ask_many(struct questions *questions, uint32_t client, uint16_t port, uint32_t count,
                     uint64_t now_ns)
{
    for (uint32_t id = 0; id < count; id++) {
        struct question_key key = key_of(client, (uint16_t)id);
        key.client_port = port;
        questions_ask(questions, &key, now_ns + id);
    }
}

/* How many of these wait for their answers still. */
static uint32_t still_open(struct questions *questions, uint32_t client, uint16_t port,
                           uint32_t count, uint64_t now_ns)
{
    uint32_t open = 0;

    for (uint32_t id = 0; id < count; id++) {
        struct question_key key = key_of(client, (uint16_t)id);
        key.client_port = port;
        open += look(questions, &key, now_ns) == COUNTS;
    }
    return open;
}

/* A forwarder, or a network behind one address. */
static void test_a_client_may_have_any_number_while_there_is_room(void **state)
{
    ask_many(*state, 1, 4000, QUESTIONS_MAX, START);
    assert_int_equal(questions_open(*state), QUESTIONS_MAX);
    assert_int_equal(questions_dropped(*state), 0);
    assert_int_equal(still_open(*state, 1, 4000, QUESTIONS_MAX, START), QUESTIONS_MAX);
}

/* Its own oldest: the others' stay, also a forwarder's that have been waiting for longer. */
static void test_who_asks_most_makes_room(void **state)
{
    enum { FORWARDER = 1, SMALL = 2, FLOOD = 3 };

    ask_many(*state, FORWARDER, 4000, 1000, START);
    ask_many(*state, SMALL, 4000, 3, START);
    for (uint16_t port = 1; port <= 20; port++)
        ask_many(*state, FLOOD, port, 50000, START + port * MS);
    assert_int_equal(still_open(*state, FORWARDER, 4000, 1000, START), 1000);
    assert_int_equal(still_open(*state, SMALL, 4000, 3, START), 3);
    assert_int_equal(questions_open(*state), QUESTIONS_MAX);
    assert_int_equal(questions_dropped(*state), 20 * 50000 + 1003 - QUESTIONS_MAX);
    /* and when they ask on, it is the flood's that go */
    ask_many(*state, FORWARDER, 4001, 500, START + 100 * MS);
    assert_int_equal(still_open(*state, FORWARDER, 4000, 1000, START), 1000);
    assert_int_equal(still_open(*state, FORWARDER, 4001, 500, START), 500);
}

/* Millions from forged clients, each of which has its share: who has less keeps what he has. */
static void test_a_flood_from_many_clients_takes_from_itself(void **state)
{
    enum { CLIENTS = 700, A_TURN = 1000 };
#ifdef WILDSET_SANITIZED
    enum { TURNS = 1 };
#else
    enum { TURNS = 5 };
#endif
    uint64_t now = START;

    ask_many(*state, 1, 4000, QUESTIONS_SHARE, START);
    for (uint16_t turn = 0; turn < TURNS; turn++) {
        for (uint32_t i = 0; i < CLIENTS; i++, now += 1000)
            ask_many(*state, 1000 + i, turn, A_TURN, now);
    }
    assert_int_equal(still_open(*state, 1, 4000, QUESTIONS_SHARE, now), QUESTIONS_SHARE);
}

/* Of whom has most what is answered goes first: nobody waits for it. */
static void test_what_is_answered_makes_room_first(void **state)
{
    struct question_key first = key_of(1, 0), second = key_of(1, 1), other = key_of(2, 0);

    ask_many(*state, 1, 4000, QUESTIONS_MAX, START);
    assert_int_equal(settle(*state, &second, 1, START), COUNTS);
    assert_true(answered(*state, &second));
    questions_ask(*state, &other, START);
    assert_int_equal(look(*state, &second, START), NONE);
    assert_int_equal(look(*state, &first, START), COUNTS);
    assert_int_equal(questions_dropped(*state), 0);
    questions_ask(*state, &(struct question_key){.question = question}, START);
    assert_int_equal(look(*state, &first, START), NONE);
    assert_int_equal(questions_dropped(*state), 1);
}

static void test_what_nobody_waits_for_makes_room_uncounted(void **state)
{
    struct question_key other = key_of(2, 1);

    ask_many(*state, 1, 4000, QUESTIONS_MAX, START);
    questions_ask(*state, &other, START + 15000 * MS);
    assert_int_equal(questions_open(*state), QUESTIONS_MAX);
    assert_int_equal(questions_dropped(*state), 0);
}

/* A forwarder is one client with many answered questions. */
static void test_answered_questions_do_not_push_out_waiting_ones(void **state)
{
    struct question_key waiting = key_of(1, 60000);

    questions_ask(*state, &waiting, START);
    for (uint16_t id = 0; id < 10 * QUESTIONS_SHARE; id++) {
        struct question_key key = key_of(1, id);
        questions_ask(*state, &key, START + id);
        assert_int_equal(settle(*state, &key, 1, START + id), COUNTS);
        assert_true(answered(*state, &key));
    }
    assert_int_equal(look(*state, &waiting, START + MS), COUNTS);
    assert_int_equal(questions_open(*state), 1);
    assert_int_equal(questions_dropped(*state), 0);
    for (uint16_t id = 0; id < 10 * QUESTIONS_SHARE; id++) {
        struct question_key key = key_of(1, id);
        assert_int_equal(settle(*state, &key, 1, START + MS), DUPLICATE);
    }
}

static void test_the_first_answer_is_told_once_each_time_it_is_asked(void **state)
{
    struct question_key key = key_of(1, 7);

    questions_ask(*state, &key, START);
    assert_true(answered(*state, &key));
    assert_false(answered(*state, &key));
    questions_ask(*state, &key, START + 101 * MS);
    assert_true(answered(*state, &key));
    assert_false(answered(*state, &key));
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
        assert_int_equal(look(*state, &key, START + i), i < MORE ? NONE : COUNTS);
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
        assert_int_equal(settle(*state, &key, 1, START), COUNTS);
        answered(*state, &key);
    }
    assert_int_equal(settle(*state, &first, 2, START), EXTRA);
    struct question_key another = key_of(QUESTIONS_SETTLED_MAX, 0);
    questions_ask(*state, &another, START);
    assert_int_equal(settle(*state, &another, 1, START), COUNTS);
    assert_int_equal(look(*state, &first, START), NONE);
    for (uint32_t i = 1; i < QUESTIONS_SETTLED_MAX; i++) {
        struct question_key key = key_of(i / PER_CLIENT, (uint16_t)(i % PER_CLIENT));
        assert_int_equal(settle(*state, &key, 1, START), DUPLICATE);
    }
    assert_int_equal(questions_ask(*state, &first, START), QUESTION_NEW);
    assert_int_equal(settle(*state, &first, 2, START), COUNTS);
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
                assert_int_equal(settle(*state, &key, 1, now + MS), COUNTS);
            if (i % 3 != 2)
                assert_true(answered(*state, &key));
        }
        for (uint32_t i = 0; i < 3000; i++) {
            struct question_key key = key_of(i / 50, (uint16_t)i);
            assert_int_equal(settle(*state, &key, 1, now + 2 * MS),
                             i % 3 == 0 ? DUPLICATE : COUNTS);
        }
        assert_int_equal(questions_dropped(*state), 0);
    }
}

static struct answer_digest digest_of_texts(struct questions *questions, const char *const *texts)
{
    struct answer_digest digest = {{0, 0}};

    for (; *texts; texts++)
        questions_digest(questions, &digest, *texts, strlen(*texts));
    return digest;
}

static void test_a_digest_minds_what_and_not_in_which_order(void **state)
{
    struct answer_digest abc = digest_of_texts(*state, (const char *const[]){"a", "b", "c", NULL});
    struct answer_digest cab = digest_of_texts(*state, (const char *const[]){"c", "a", "b", NULL});
    struct answer_digest ab = digest_of_texts(*state, (const char *const[]){"a", "b", NULL});
    struct answer_digest a_b = digest_of_texts(*state, (const char *const[]){"ab", NULL});

    assert_memory_equal(&abc, &cab, sizeof(abc));
    assert_memory_not_equal(&abc, &ab, sizeof(abc));
    assert_memory_not_equal(&ab, &a_b, sizeof(ab));
}

static struct question_key seen(struct question_key key, uint32_t link, enum passage passage)
{
    key.place = (struct place){.link = link, .vlan = -1, .passage = (uint8_t)passage};
    return key;
}

static bool pairs(struct questions *questions, const struct question_key *key, uint32_t link,
                  enum passage passage)
{
    struct question_key answer = seen(*key, link, passage);

    return questions_pairs(questions, questions_find(questions, &answer), &answer);
}

static void ask_at(struct questions *questions, const struct question_key *key, uint32_t link,
                   enum passage passage)
{
    struct question_key at = seen(*key, link, passage);

    questions_ask(questions, &at, START);
}

/* A firewall's two legs: either does, neither for the other. */
static void test_the_answer_goes_the_other_way(void **state)
{
    struct question_key key = key_of(1, 7);

    ask_at(*state, &key, 1, PASSAGE_IN);
    assert_true(pairs(*state, &key, 1, PASSAGE_OUT));
    assert_false(pairs(*state, &key, 2, PASSAGE_IN));
    ask_at(*state, &key, 2, PASSAGE_OUT);
    assert_true(pairs(*state, &key, 1, PASSAGE_OUT));
    assert_true(pairs(*state, &key, 2, PASSAGE_IN));
    assert_false(pairs(*state, &key, 1, PASSAGE_IN));
    assert_false(pairs(*state, &key, 2, PASSAGE_OUT));
    assert_false(pairs(*state, &key, 0, PASSAGE_MIRROR));
    assert_false(pairs(*state, &key, 1, PASSAGE_UNKNOWN));
}

static void test_a_question_that_turned_back_has_no_side(void **state)
{
    struct question_key key = key_of(1, 7);

    ask_at(*state, &key, 1, PASSAGE_IN);
    ask_at(*state, &key, 1, PASSAGE_OUT);
    assert_false(pairs(*state, &key, 1, PASSAGE_IN));
    assert_false(pairs(*state, &key, 1, PASSAGE_OUT));
    ask_at(*state, &key, 2, PASSAGE_OUT); /* and goes on */
    assert_true(pairs(*state, &key, 2, PASSAGE_IN));
}

static void test_a_doubted_place_does_not_pair(void **state)
{
    struct question_key key = key_of(1, 7), answer = seen(key, 1, PASSAGE_IN);

    ask_at(*state, &key, 1, PASSAGE_IN);
    ask_at(*state, &key, 2, PASSAGE_OUT);
    questions_doubt(*state, questions_find(*state, &answer), &answer);
    assert_false(pairs(*state, &key, 1, PASSAGE_OUT));
    assert_true(pairs(*state, &key, 2, PASSAGE_IN));
    answer = seen(key, 3, PASSAGE_IN); /* where no question was */
    questions_doubt(*state, questions_find(*state, &answer), &answer);
    assert_true(pairs(*state, &key, 2, PASSAGE_IN));
}

static void test_too_many_places_are_none(void **state)
{
    struct question_key key = key_of(1, 7);

    for (uint32_t link = 1; link <= QUESTION_PLACES_MAX; link++)
        ask_at(*state, &key, link, PASSAGE_IN);
    assert_true(pairs(*state, &key, 1, PASSAGE_OUT));
    assert_true(pairs(*state, &key, QUESTION_PLACES_MAX, PASSAGE_OUT));
    ask_at(*state, &key, QUESTION_PLACES_MAX + 1, PASSAGE_IN);
    assert_false(pairs(*state, &key, 1, PASSAGE_OUT));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_answer_goes_the_other_way),
        TEST(test_a_question_that_turned_back_has_no_side),
        TEST(test_a_doubted_place_does_not_pair),
        TEST(test_too_many_places_are_none),
        TEST(test_an_answer_settles_its_question),
        TEST(test_every_part_of_the_key_counts),
        TEST(test_case_is_nothing_towards_a_server_that_was_not_seen_to_keep_it),
        TEST(test_case_counts_towards_a_server_that_was_seen_to_keep_it),
        TEST(test_a_server_that_was_made_to_look_as_if_it_kept_the_case),
        TEST(test_only_what_could_be_an_answer_is_a_doubt),
        TEST(test_only_an_answer_that_counts_shows_that_case_is_kept),
        TEST(test_case_is_nothing_over_tcp),
        TEST(test_case_is_of_names_alone),
        TEST(test_servers_that_keep_the_case_stay_known),
        TEST(test_the_same_answer_again_is_a_duplicate),
        TEST(test_a_distinct_answer_is_extra),
        TEST(test_a_sight_within_100_ms_allows_nothing),
        TEST(test_a_retransmission_allows_nothing),
        TEST(test_an_alarm_says_that_the_question_was_asked_again),
        TEST(test_late_after_10_s_unless_asked_again),
        TEST(test_in_time_at_10_s),
        TEST(test_a_counted_answer_late_is_a_duplicate),
        TEST(test_asked_after_its_time_is_a_new_question),
        TEST(test_forgotten_after_20_s),
        TEST(test_a_clock_that_goes_back_a_little),
        TEST(test_a_client_may_have_any_number_while_there_is_room),
        TEST(test_who_asks_most_makes_room),
        TEST(test_a_flood_from_many_clients_takes_from_itself),
        TEST(test_what_is_answered_makes_room_first),
        TEST(test_what_nobody_waits_for_makes_room_uncounted),
        TEST(test_answered_questions_do_not_push_out_waiting_ones),
        TEST(test_the_first_answer_is_told_once_each_time_it_is_asked),
        TEST(test_65536_in_all_and_the_oldest_goes),
        TEST(test_16384_are_settled_and_the_first_goes),
        TEST(test_the_table_stays_whole_over_many_turns),
        TEST(test_10_s_after_its_answer_it_is_a_new_question),
        TEST(test_over_tcp_asked_again_is_a_new_question),
        TEST(test_a_digest_minds_what_and_not_in_which_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
