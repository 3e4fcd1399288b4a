/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole way from frames to messages: each rule of what is learned, and from whom.  Every
 * message that comes out is held against the check that it meets at the daemon.
 */
#include "packet.h"
#include "sniffer/pipeline/pipeline.h"

#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define START (1000 * SECOND)

enum {
    MESSAGES_MAX = 1024,
    PATTERNS_MAX = 8,
    LAN = 0, /* interfaces */
    WAN = 1,
};

static const char *const client = "192.0.2.10";
static const char *const resolver = "192.0.2.53";

/* A plan that a test may change before the pipeline is made, and what comes out of it. */
struct bench {
    struct plan plan;
    struct plan_interface interfaces[2];
    struct plan_resolver resolvers[4];
    struct whitelist_pattern patterns[PATTERNS_MAX];
    uint16_t vlans[2];
    struct pipeline *pipeline;
    uint64_t now_ns;
    bool no_duplicates;
    unsigned message_count, asked, answered, ended, derived;
    struct dname asked_for;
    struct address asker;
    struct message messages[MESSAGES_MAX];
};

static void keep(void *context, const struct message *message)
{
    struct bench *bench = context;

    assert_true(message_is_valid(message, SOURCE_SNIFFER));
    assert_true(bench->message_count < MESSAGES_MAX);
    bench->messages[bench->message_count++] = *message;
}

static void note_asked(void *context, const struct address *asker, const struct dname *question)
{
    struct bench *bench = context;

    bench->asked++;
    bench->asker = *asker;
    bench->asked_for = *question;
}

static void note_answered(void *context)
{
    struct bench *bench = context;

    bench->answered++;
}

static void note_ended(void *context)
{
    struct bench *bench = context;

    bench->ended++;
}

static void note_derived(void *context, const struct derived_name *name)
{
    struct bench *bench = context;

    assert_true(name->expires_ns > bench->now_ns);
    bench->derived++;
}

static void add_pattern(struct bench *bench, uint8_t whitelist, const char *text)
{
    struct whitelist_pattern *pattern = &bench->patterns[bench->plan.pattern_count++];

    pattern->whitelist = whitelist;
    assert_true(pattern_from_text(text, &pattern->pattern));
}

static void add_resolver(struct bench *bench, const char *prefix, const char *interface)
{
    struct plan_resolver *entry = &bench->resolvers[bench->plan.resolver_count++];

    assert_true(prefix_from_text(prefix, &entry->prefix));
    snprintf(entry->interface, sizeof(entry->interface), "%s", interface);
}

/* Whitelist 0: what the first user needs. */
static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    if (!bench)
        return -1;
    snprintf(bench->interfaces[LAN].name, IFNAMSIZ, "lan0");
    snprintf(bench->interfaces[WAN].name, IFNAMSIZ, "wan0");
    bench->plan = (struct plan){
        .interfaces = bench->interfaces,
        .interface_count = 2,
        .resolvers = bench->resolvers,
        .patterns = bench->patterns,
        .vlans = bench->vlans,
        .follow_whitelists = ~UINT64_C(0),
        .require_query = true,
    };
    for (unsigned i = 0; i < WHITELISTS_MAX; i++) {
        bench->plan.ttl_min[i] = 60;
        bench->plan.ttl_max[i] = 86400;
    }
    add_pattern(bench, 0, "live.example");
    add_pattern(bench, 0, "*.live.example");
    add_resolver(bench, "192.0.2.53", "");
    bench->now_ns = START;
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    pipeline_free(bench->pipeline);
    free(bench);
    return 0;
}

static void run(struct bench *bench, const struct datagram_of *of, uint16_t interface)
{
    static const struct pipeline_hooks hooks = {
        .report = keep,
        .asked = note_asked,
        .answered = note_answered,
        .ended = note_ended,
        .derived = note_derived,
    };

    if (!bench->pipeline) {
        struct pipeline_hooks own = hooks;
        own.context = bench;
        own.duplicates = !bench->no_duplicates;
        bench->pipeline = pipeline_new(&bench->plan, &own);
    }
    assert_non_null(bench->pipeline);
    struct bytes bytes = ethernet_of(of);
    struct frame frame = {
        .bytes = bytes.data,
        .captured = (uint32_t)bytes.size,
        .length = (uint32_t)bytes.size,
        .link_type = DLT_EN10MB,
        .interface = interface,
        .captured_ns = 1700000000 * SECOND + bench->now_ns,
    };
    pipeline_frame(bench->pipeline, &frame, bench->now_ns);
    bench->now_ns += MS;
}

static struct datagram_of to_resolver(const struct bytes *payload)
{
    return (struct datagram_of){
        .from = client, .to = resolver, .from_port = 4000, .to_port = 53, .payload = payload};
}

static struct datagram_of to_client(const struct bytes *payload)
{
    return (struct datagram_of){
        .from = resolver, .to = client, .from_port = 53, .to_port = 4000, .payload = payload};
}

static void ask(struct bench *bench, uint16_t id, const char *name, uint16_t type)
{
    struct bytes question = dns(id, FLAGS_QUESTION, name, type);
    struct datagram_of of = to_resolver(&question);

    run(bench, &of, LAN);
}

static void reply(struct bench *bench, const struct bytes *message)
{
    struct datagram_of of = to_client(message);

    run(bench, &of, LAN);
}

static struct bytes simple(uint16_t id, const char *name, const char *address)
{
    struct bytes message = dns(id, FLAGS_ANSWER, name, TYPE_A);

    answer(&message, name, 300, address);
    return message;
}

static void ask_and_reply(struct bench *bench, uint16_t id, const struct bytes *message,
                          const char *name, uint16_t type)
{
    ask(bench, id, name, type);
    reply(bench, message);
}

static uint64_t counter(struct bench *bench, enum counter counter)
{
    return pipeline_counters(bench->pipeline)->value[counter];
}

static uint64_t refused(struct bench *bench, enum reason reason)
{
    return pipeline_counters(bench->pipeline)->refused[reason];
}

static const struct sighting *last(const struct bench *bench, enum message_kind kind)
{
    assert_true(bench->message_count > 0);
    const struct message *message = &bench->messages[bench->message_count - 1];
    assert_int_equal(message->kind, kind);
    return &message->sighting;
}

static void assert_name(const struct dname *name, const char *text)
{
    char buffer[DNAME_TEXT_MAX];

    assert_string_equal(dname_to_text(name, buffer), text);
}

static void assert_address(const struct address *address, const char *text)
{
    char buffer[ADDRESS_TEXT_MAX];

    assert_string_equal(address_to_text(address, buffer), text);
}

static void assert_nothing_learned(struct bench *bench)
{
    assert_int_equal(counter(bench, COUNTER_LEARNED), 0);
    for (unsigned i = 0; i < bench->message_count; i++)
        assert_int_not_equal(bench->messages[i].kind, MESSAGE_ANSWER);
}

/* What waits for its question waits no longer. */
static void settle(struct bench *bench)
{
    bench->now_ns += SECOND;
    pipeline_run(bench->pipeline, bench->now_ns);
}

static void assert_refused(struct bench *bench, enum reason reason)
{
    settle(bench);
    assert_int_equal(refused(bench, reason), 1);
    assert_int_equal(last(bench, MESSAGE_REFUSAL)->reason, reason);
}

static void test_an_answer_is_learned(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "eu1.live.example", "198.51.100.7");

    ask_and_reply(bench, 7, &message, "eu1.live.example", TYPE_A);
    assert_int_equal(bench->message_count, 1);
    const struct sighting *seen = last(bench, MESSAGE_ANSWER);
    assert_name(&seen->question, "eu1.live.example");
    assert_name(&seen->matched, "eu1.live.example");
    assert_name(&seen->owner, "eu1.live.example");
    assert_address(&seen->resolver, resolver);
    assert_address(&seen->client, client);
    assert_int_equal(seen->resolver_port, 53);
    assert_int_equal(seen->client_port, 4000);
    assert_int_equal(seen->vlan, SIGHTING_NO_VLAN);
    assert_int_equal(seen->transport, TRANSPORT_UDP);
    assert_int_equal(seen->more, 0);
    assert_int_equal(seen->address_count, 1);
    assert_address(&seen->addresses[0].address, "198.51.100.7");
    assert_int_equal(seen->addresses[0].record, RECORD_A);
    assert_int_equal(seen->addresses[0].ttl, 300);
    assert_int_equal(seen->captured_ns, 1700000000 * SECOND + START + MS);
    assert_string_equal(seen->interface, "lan0");
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_MATCHING_ANSWERS), 1);
}

static void test_a_foreign_answer_is_one_counter(void **state)
{
    struct bench *bench = *state;
    struct bytes foreign = simple(7, "notlive.example", "198.51.100.7");
    struct bytes below = simple(7, "live.example.evil.example", "198.51.100.7");

    ask_and_reply(bench, 7, &foreign, "notlive.example", TYPE_A);
    ask_and_reply(bench, 8, &below, "live.example.evil.example", TYPE_A);
    assert_int_equal(bench->message_count, 0);
    assert_int_equal(counter(bench, COUNTER_ANSWERS), 2);
    assert_int_equal(counter(bench, COUNTER_FOREIGN_ANSWERS), 2);
    assert_int_equal(counter(bench, COUNTER_QUESTIONS), 0);
    for (int reason = 0; reason < REASON_COUNT; reason++)
        assert_int_equal(refused(bench, (enum reason)reason), 0);
}

static void test_an_answer_without_a_question(void **state)
{
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    reply(*state, &message);
    assert_refused(*state, REASON_NO_QUESTION);
    assert_nothing_learned(*state);
}

static void test_a_question_in_another_case_is_the_same_where_nobody_keeps_it(void **state)
{
    struct bytes lowered = simple(7, "live.example", "198.51.100.7");

    ask_and_reply(*state, 7, &lowered, "LiVe.ExAmPlE", TYPE_A);
    assert_address(&last(*state, MESSAGE_ANSWER)->addresses[0].address, "198.51.100.7");
}

static void test_a_question_in_another_case_is_another_where_it_is_kept(void **state)
{
    struct bench *bench = *state;
    struct bytes other = simple(8, "live.example", "198.51.100.66");
    struct bytes kept = simple(7, "LiVe.ExAmPlE", "198.51.100.7");
    struct bytes same = simple(8, "LIVE.example", "198.51.100.8");

    ask_and_reply(bench, 7, &kept, "LiVe.ExAmPlE", TYPE_A);
    ask_and_reply(bench, 8, &other, "LIVE.example", TYPE_A);
    assert_refused(bench, REASON_NO_QUESTION);
    reply(bench, &same);
    assert_address(&last(bench, MESSAGE_ANSWER)->addresses[0].address, "198.51.100.8");
    assert_int_equal(counter(bench, COUNTER_LEARNED), 2);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
}

static void test_an_early_answer_in_another_case(void **state)
{
    struct bench *bench = *state;
    struct bytes lowered = simple(7, "live.example", "198.51.100.7");

    reply(bench, &lowered);
    ask(bench, 7, "LiVe.ExAmPlE", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_EARLY_ANSWERS), 1);
}

static void test_another_id_port_or_type_is_another_question(void **state)
{
    struct bench *bench = *state;
    struct bytes other_id = simple(8, "live.example", "198.51.100.66");
    struct bytes message = simple(7, "live.example", "198.51.100.66");
    struct bytes other_type = dns(7, FLAGS_ANSWER, "live.example", TYPE_AAAA);
    struct datagram_of other_port = to_client(&message);

    answer(&other_type, "live.example", 300, "2001:db8::66");
    other_port.to_port = 4001;
    ask_and_reply(bench, 7, &other_id, "live.example", TYPE_A);
    reply(bench, &other_type);
    run(bench, &other_port, LAN);
    settle(bench);
    assert_int_equal(refused(bench, REASON_NO_QUESTION), 3);
    assert_nothing_learned(bench);
}

static void test_a_late_answer(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    ask(bench, 7, "live.example", TYPE_A);
    bench->now_ns = START + 10 * SECOND + 1;
    reply(bench, &message);
    assert_refused(bench, REASON_LATE_ANSWER);
    assert_nothing_learned(bench);
}

static void test_both_sights_of_a_mirror_are_no_alarm(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    ask(bench, 7, "live.example", TYPE_A);
    ask(bench, 7, "live.example", TYPE_A);
    reply(bench, &message);
    reply(bench, &message);
    assert_int_equal(counter(bench, COUNTER_QUESTIONS), 1);
    assert_int_equal(counter(bench, COUNTER_REPEATED_SIGHTS), 1);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
    assert_refused(bench, REASON_DUPLICATE);
    assert_address(&last(bench, MESSAGE_REFUSAL)->addresses[0].address, "198.51.100.7");
}

/* The daemon hears nothing of them: half of all answers are duplicates where both legs are seen. */
static void test_duplicates_are_a_counter_alone(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    bench->no_duplicates = true;
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    reply(bench, &message);
    bench->now_ns += 11 * SECOND; /* late, and counted before all the same */
    reply(bench, &message);
    settle(bench);
    assert_int_equal(refused(bench, REASON_DUPLICATE), 2);
    assert_int_equal(bench->message_count, 1);
}

static void test_the_same_addresses_in_another_order_and_age_are_a_duplicate(void **state)
{
    struct bench *bench = *state;
    struct bytes first = dns(7, FLAGS_ANSWER, "live.example", TYPE_A), second = first;

    answer(&first, "live.example", 300, "198.51.100.7");
    answer(&first, "live.example", 300, "198.51.100.8");
    answer(&second, "live.example", 299, "198.51.100.8");
    answer(&second, "live.example", 299, "198.51.100.7");
    ask_and_reply(bench, 7, &first, "live.example", TYPE_A);
    reply(bench, &second);
    assert_refused(bench, REASON_DUPLICATE);
}

static void test_a_spoofed_second_answer_raises_the_alarm(void **state)
{
    struct bench *bench = *state;
    struct bytes first = simple(7, "live.example", "198.51.100.7");
    struct bytes second = simple(7, "live.example", "203.0.113.66");

    ask_and_reply(bench, 7, &first, "live.example", TYPE_A);
    reply(bench, &second);
    const struct alarm_report *alarm = (const void *)last(bench, MESSAGE_ALARM);
    assert_int_equal(alarm->sighting.reason, REASON_EXTRA_ANSWER);
    assert_int_equal(alarm->sighting.address_count, 1);
    assert_address(&alarm->sighting.addresses[0].address, "203.0.113.66");
    assert_int_equal(alarm->earlier_count, 1);
    assert_address(&alarm->earlier[0], "198.51.100.7");
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(refused(bench, REASON_EXTRA_ANSWER), 1);
}

static void test_no_alarms_while_draining(void **state)
{
    struct bench *bench = *state;
    struct bytes first = simple(7, "live.example", "198.51.100.7");
    struct bytes second = simple(7, "live.example", "203.0.113.66");

    ask(bench, 7, "live.example", TYPE_A);
    pipeline_drain(bench->pipeline);
    reply(bench, &first);
    reply(bench, &second);
    assert_int_equal(bench->message_count, 1);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
}

/* Seven answers, the true one among them, each after the question was asked once more. */
static void test_asked_again_each_150_ms_one_answer_counts(void **state)
{
    struct bench *bench = *state;
    char address[ADDRESS_TEXT_MAX];

    for (unsigned i = 1; i <= 7; i++) {
        snprintf(address, sizeof(address), "198.51.100.%u", i);
        struct bytes message = simple(7, "live.example", address);
        ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
        bench->now_ns += 150 * MS;
    }
    assert_int_equal(counter(bench, COUNTER_RETRANSMISSIONS), 6);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 6);
    assert_int_equal(counter(bench, COUNTER_ALARMS_ASKED_AGAIN), 6);
    assert_int_equal(
        ((const struct alarm_report *)(const void *)last(bench, MESSAGE_ALARM))->asked_again, 1);
}

/* What the second one says is learned once it is the first answer to a question of its own. */
static void test_addresses_that_rotate_are_learned_when_asked_for_anew(void **state)
{
    struct bench *bench = *state;
    struct bytes first = simple(7, "live.example", "198.51.100.7");
    struct bytes second = simple(7, "live.example", "198.51.100.8");
    struct bytes anew = simple(8, "live.example", "198.51.100.8");

    ask(bench, 7, "live.example", TYPE_A);
    bench->now_ns += 200 * MS;
    ask_and_reply(bench, 7, &first, "live.example", TYPE_A);
    reply(bench, &second);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    ask_and_reply(bench, 8, &anew, "live.example", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 2);
    assert_address(&last(bench, MESSAGE_ANSWER)->addresses[0].address, "198.51.100.8");
}

/* FORMERR, SERVFAIL, NOTIMP, REFUSED: the client waits for another answer, or asks again. */
static void test_an_error_settles_nothing(void **state)
{
    static const unsigned errors[] = {1, 2, 4, 5};
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    ask(bench, 7, "live.example", TYPE_A);
    for (unsigned i = 0; i < 4; i++) {
        struct bytes error = dns(7, FLAGS_ANSWER | errors[i], "live.example", TYPE_A);
        reply(bench, &error);
    }
    settle(bench);
    assert_int_equal(refused(bench, REASON_NOT_NOERROR), 4);
    reply(bench, &message);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
}

/* Two that say nothing, and say it alike. */
static void answer_with_nothing(struct bench *bench, uint16_t id, uint16_t flags)
{
    struct bytes empty = dns(id, flags, "live.example", TYPE_A);

    ask_and_reply(bench, id, &empty, "live.example", TYPE_A);
    reply(bench, &empty);
}

/*
 * No such name, no such record, or ask again over TCP: whoever asked is done with it, and no honest
 * server says anything else afterwards.
 */
static void test_an_empty_answer_settles_its_question(void **state)
{
    static const uint16_t empty[] = {FLAGS_ANSWER, FLAGS_ANSWER | 3, FLAGS_ANSWER | FLAG_TC};
    struct bench *bench = *state;

    for (uint16_t i = 0; i < 3; i++) {
        struct bytes forged = simple(i, "live.example", "203.0.113.66");

        answer_with_nothing(bench, i, empty[i]);
        assert_int_equal(refused(bench, REASON_DUPLICATE), i + 1);
        assert_int_equal(counter(bench, COUNTER_ALARMS), 2 * i);
        reply(bench, &forged);
        assert_int_equal(counter(bench, COUNTER_ALARMS), 2 * i + 1);
        bench->now_ns += SECOND;
        ask_and_reply(bench, i, &forged, "live.example", TYPE_A);
        assert_int_equal(counter(bench, COUNTER_ALARMS_ASKED_AGAIN), i + 1);
        bench->now_ns += SECOND;
    }
    assert_int_equal(refused(bench, REASON_NOT_NOERROR), 1);
    assert_nothing_learned(bench);
}

static void test_an_empty_answer_is_no_refusal(void **state)
{
    struct bench *bench = *state;
    struct bytes empty = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    ask_and_reply(bench, 7, &empty, "live.example", TYPE_A);
    assert_int_equal(bench->message_count, 0);
}

/* The true answer is that there is nothing; the forged one was first. */
static void test_an_empty_answer_after_another_raises_the_alarm(void **state)
{
    struct bench *bench = *state;
    struct bytes forged = simple(7, "live.example", "203.0.113.66");
    struct bytes absent = dns(7, FLAGS_ANSWER | 3, "live.example", TYPE_A);
    struct bytes empty = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    ask_and_reply(bench, 7, &forged, "live.example", TYPE_A);
    reply(bench, &absent);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    assert_int_equal(last(bench, MESSAGE_ALARM)->address_count, 0);
    reply(bench, &empty);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 2);
    assert_int_equal(refused(bench, REASON_NOT_NOERROR), 0);
}

/* Whoever asked takes it for the answer, though nothing in it can be learned. */
static void test_a_loop_settles_its_question(void **state)
{
    struct bench *bench = *state;
    struct bytes loop = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);
    struct bytes forged = simple(7, "live.example", "203.0.113.66");

    alias(&loop, "live.example", 300, "a.example.net");
    alias(&loop, "a.example.net", 300, "live.example");
    ask_and_reply(bench, 7, &loop, "live.example", TYPE_A);
    reply(bench, &loop);
    assert_int_equal(refused(bench, REASON_LOOP), 1);
    assert_int_equal(refused(bench, REASON_DUPLICATE), 1);
    reply(bench, &forged);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    assert_nothing_learned(bench);
}

/* As systemd-resolved does after "no such name": some servers say that of any question with EDNS.
 */
static void test_a_question_without_edns_is_another(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes absent = dns(7, FLAGS_ANSWER | 3, "live.example", TYPE_A);
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct bytes forged = simple(7, "live.example", "203.0.113.66");
    struct datagram_of of = to_resolver(&question);

    set16(&question, 10, 1);
    put(&question, "\0\0\51\4\320\0\0\0\0\0\0", 11);
    run(bench, &of, LAN);
    run(bench, &of, WAN);
    reply(bench, &absent);
    reply(bench, &absent);
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
    ask_and_reply(bench, 7, &forged, "live.example", TYPE_A);
    reply(bench, &absent);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 2);
}

/* Id and port may be the same: what is asked is not. */
static void test_an_empty_answer_settles_no_other_question(void **state)
{
    struct bench *bench = *state;
    struct bytes empty = dns(7, FLAGS_ANSWER, "live.example", TYPE_AAAA);
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    ask(bench, 7, "live.example", TYPE_A);
    ask_and_reply(bench, 7, &empty, "live.example", TYPE_AAAA);
    reply(bench, &message);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
}

/* The name has come to be: a client with one id and one port for all it asks is not kept waiting
 * for longer than an answer could come. */
static void test_an_empty_answer_is_over_after_its_time(void **state)
{
    struct bench *bench = *state;
    struct bytes empty = dns(7, FLAGS_ANSWER | 3, "live.example", TYPE_A);
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    ask_and_reply(bench, 7, &empty, "live.example", TYPE_A);
    bench->now_ns += 11 * SECOND;
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
}

static void test_a_truncated_answer_counts_like_any(void **state)
{
    struct bench *bench = *state;
    struct bytes part = dns(7, FLAGS_ANSWER | FLAG_TC, "live.example", TYPE_A);
    struct bytes other = part, whole = simple(7, "live.example", "198.51.100.8");

    answer(&part, "live.example", 300, "198.51.100.7");
    answer(&other, "live.example", 300, "198.51.100.9");
    ask_and_reply(bench, 7, &part, "live.example", TYPE_A);
    assert_address(&last(bench, MESSAGE_ANSWER)->addresses[0].address, "198.51.100.7");
    reply(bench, &part);
    assert_refused(bench, REASON_DUPLICATE);
    reply(bench, &other);
    reply(bench, &whole);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 2);
    assert_int_equal(counter(bench, COUNTER_ALARMS_ASKED_AGAIN), 0);
}

static void test_a_truncated_answer_is_no_way_around_the_alarm(void **state)
{
    struct bench *bench = *state;
    struct bytes first = simple(7, "live.example", "198.51.100.7");
    struct bytes spoof = dns(7, FLAGS_ANSWER | FLAG_TC, "live.example", TYPE_A);

    answer(&spoof, "live.example", 300, "203.0.113.66");
    ask_and_reply(bench, 7, &first, "live.example", TYPE_A);
    reply(bench, &spoof);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_an_open_chain_is_no_way_around_the_alarm(void **state)
{
    struct bench *bench = *state;
    struct bytes first = simple(7, "live.example", "198.51.100.7");
    struct bytes spoof = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    alias(&spoof, "live.example", 300, "evil.example.net");
    ask_and_reply(bench, 7, &first, "live.example", TYPE_A);
    reply(bench, &spoof);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), 0);
}

/* The true addresses, and a target whose address would be granted when it is asked for. */
static void test_a_forged_target_beside_true_addresses_raises_the_alarm(void **state)
{
    struct bench *bench = *state;
    struct bytes forged = dns(7, FLAGS_ANSWER, "live.example", TYPE_HTTPS), honest = forged;

    https(&honest, "live.example", 300, "", "198.51.100.7");
    https(&forged, "live.example", 300, "", "198.51.100.7");
    https(&forged, "live.example", 300, "evil.example.net", "198.51.100.7");
    ask_and_reply(bench, 7, &honest, "live.example", TYPE_HTTPS);
    reply(bench, &forged);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), 0);
    set16(&forged, 0, 8);
    set16(&honest, 0, 8);
    ask_and_reply(bench, 8, &forged, "live.example", TYPE_HTTPS);
    reply(bench, &honest);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 2);
    assert_int_equal(refused(bench, REASON_DUPLICATE), 0);
}

/* An alias that another whitelist takes would grant it the addresses too. */
static void test_a_forged_alias_before_true_addresses_raises_the_alarm(void **state)
{
    struct bench *bench = *state;
    struct bytes honest = dns(7, FLAGS_ANSWER, "live.example", TYPE_A), forged = honest,
                 same = honest;

    add_pattern(bench, 1, "*.cdn.example");
    bench->plan.chain_whitelists = UINT64_C(1) << 1;
    alias(&honest, "live.example", 300, "host.example.net");
    answer(&honest, "host.example.net", 300, "198.51.100.7");
    alias(&same, "live.example", 300, "other.example.net"); /* nobody's pattern */
    answer(&same, "other.example.net", 300, "198.51.100.7");
    alias(&forged, "live.example", 300, "a.cdn.example");
    answer(&forged, "a.cdn.example", 300, "198.51.100.7");
    ask_and_reply(bench, 7, &honest, "live.example", TYPE_A);
    reply(bench, &same);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
    assert_int_equal(refused(bench, REASON_DUPLICATE), 1);
    reply(bench, &forged);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_refused_by_what_the_message_is(void **state)
{
    struct bench *bench = *state;
    struct bytes two = simple(7, "live.example", "198.51.100.7");
    struct bytes chaos = two, cut = two, loop = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    set16(&two, 4, 2);
    reply(bench, &two);
    assert_refused(bench, REASON_QUESTION_COUNT);
    ask(bench, 7, "live.example", TYPE_A);
    set16(&chaos, 12 + 14 + 2, 3);
    reply(bench, &chaos);
    assert_refused(bench, REASON_NOT_CLASS_IN);
    cut.size -= 2;
    reply(bench, &cut);
    assert_refused(bench, REASON_MALFORMED);
    assert_nothing_learned(bench);
    struct bytes good = simple(7, "live.example", "198.51.100.7");
    reply(bench, &good);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    set16(&loop, 0, 8);
    alias(&loop, "live.example", 300, "a.example.net");
    alias(&loop, "a.example.net", 300, "live.example");
    ask_and_reply(bench, 8, &loop, "live.example", TYPE_A);
    assert_refused(bench, REASON_LOOP);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_a_message_without_a_header_is_counted(void **state)
{
    struct bench *bench = *state;
    struct bytes stump = {.size = 5, .data = "\0\7\x81\x80\0"};

    reply(bench, &stump);
    assert_int_equal(refused(bench, REASON_MALFORMED), 1);
    assert_int_equal(bench->message_count, 0);
}

static struct bytes through_a_cdn(uint16_t id)
{
    struct bytes message = dns(id, FLAGS_ANSWER, "www.example.org", TYPE_A);

    alias(&message, "www.example.org", 300, "edge.cdn.example");
    alias(&message, "edge.cdn.example", 200, "host.example.net");
    answer(&message, "host.example.net", 100, "198.51.100.7");
    return message;
}

static void test_other_opcodes_are_not_read(void **state)
{
    struct bench *bench = *state;
    struct bytes notify = simple(7, "live.example", "198.51.100.7"), chain = through_a_cdn(8);

    add_pattern(bench, 1, "*.cdn.example");
    bench->plan.chain_whitelists = UINT64_C(1) << 1;
    ask(bench, 7, "live.example", TYPE_A);
    notify.data[2] |= 4 << 3;
    reply(bench, &notify);
    chain.data[2] |= 4 << 3;
    ask_and_reply(bench, 8, &chain, "www.example.org", TYPE_A);
    assert_int_equal(bench->message_count, 0);
    assert_int_equal(counter(bench, COUNTER_FOREIGN_ANSWERS), 2);
}

static void test_questions_that_nobody_would_answer_open_nothing(void **state)
{
    struct bench *bench = *state;
    struct bytes chaos = dns(7, FLAGS_QUESTION, "live.example", TYPE_A), two = chaos;
    struct bytes update = chaos;
    struct datagram_of first = to_resolver(&chaos), second = to_resolver(&two);
    struct datagram_of third = to_resolver(&update);

    set16(&chaos, chaos.size - 2, 3);
    set16(&two, 4, 2);
    update.data[2] |= 5 << 3;
    run(bench, &first, LAN);
    run(bench, &second, LAN);
    run(bench, &third, LAN);
    assert_int_equal(counter(bench, COUNTER_QUESTIONS), 0);
}

static void test_a_stranger_is_not_believed(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    asks.to = answers.from = "203.0.113.53";
    run(bench, &asks, LAN);
    run(bench, &answers, LAN);
    assert_int_equal(counter(bench, COUNTER_QUESTIONS), 1);
    assert_refused(bench, REASON_UNTRUSTED_RESOLVER);
    assert_nothing_learned(bench);
    assert_int_equal(bench->asked, 0); /* nothing is to be got ready for */
}

static void exchange_at(struct bench *bench, uint16_t id, const char *server, uint16_t port)
{
    struct bytes question = dns(id, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes message = simple(id, "live.example", "198.51.100.7");
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    asks.to = answers.from = server;
    asks.to_port = answers.from_port = port;
    run(bench, &asks, LAN);
    run(bench, &answers, LAN);
}

/* Trusted at the port that is named for it, and nowhere else. */
static void test_a_resolver_at_another_port(void **state)
{
    struct bench *bench = *state;

    add_resolver(bench, "192.0.2.54", "");
    bench->resolvers[1].port = 5335;
    exchange_at(bench, 7, "192.0.2.54", 5335);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    assert_int_equal(last(bench, MESSAGE_ANSWER)->resolver_port, 5335);
    exchange_at(bench, 8, "192.0.2.54", 53);
    assert_int_equal(refused(bench, REASON_UNTRUSTED_RESOLVER), 1);
    exchange_at(bench, 9, "192.0.2.53", 5335);
    exchange_at(bench, 10, "203.0.113.53", 5335);
    assert_int_equal(refused(bench, REASON_UNTRUSTED_RESOLVER), 3);
    assert_int_equal(counter(bench, COUNTER_QUESTIONS), 2); /* the second to a stranger, at 53 */
    exchange_at(bench, 11, "192.0.2.54", 5336);
    assert_int_equal(counter(bench, COUNTER_OTHER_PORT), 1);
    exchange_at(bench, 12, "192.0.2.53", 53);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 2);
}

/* The client's own port may be one of those. */
static void test_a_client_with_a_resolvers_port(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    add_resolver(bench, "192.0.2.54", "");
    bench->resolvers[1].port = 5335;
    asks.from_port = answers.to_port = 5335;
    run(bench, &asks, LAN);
    run(bench, &answers, LAN);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static enum stranger stranger_of_the_last(struct bench *bench)
{
    const struct sighting *seen = last(bench, MESSAGE_REFUSAL);

    assert_int_equal(seen->reason, REASON_UNTRUSTED_RESOLVER);
    return (enum stranger)seen->stranger;
}

/* Whom clients really ask is worth a word; what fits no question is anybody's, and worth none. */
static void test_a_stranger_that_was_asked_is_told_once_a_question(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes message = simple(7, "live.example", "198.51.100.7"), other = message;
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    asks.to = answers.from = "203.0.113.53";
    run(bench, &answers, LAN);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNKNOWN);
    run(bench, &asks, LAN);
    answers.payload = &other;
    set16(&other, 0, 8);
    run(bench, &answers, LAN);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNKNOWN);
    answers.payload = &message;
    answers.sum = SUM_BAD;
    run(bench, &answers, LAN);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNKNOWN);
    answers.sum = SUM_GOOD;
    run(bench, &answers, LAN);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNNAMED);
    run(bench, &answers, WAN); /* the other leg */
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNKNOWN);
    bench->now_ns += SECOND;
    run(bench, &asks, LAN);
    run(bench, &answers, LAN);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNNAMED);
    bench->now_ns += 11 * SECOND;
    run(bench, &answers, LAN);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNKNOWN);
    assert_nothing_learned(bench);
}

/* A recursive resolver asks authoritative servers, and they are nobody's resolvers. */
static void test_a_stranger_asked_without_recursion_is_not_told(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, 0, "live.example", TYPE_A);
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    set16(&message, 2, 0x8400);
    asks.to = answers.from = "203.0.113.53";
    run(bench, &asks, LAN);
    run(bench, &answers, LAN);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_UNKNOWN);
}

/* However many questions go to strangers, none costs one to a resolver its place. */
static void test_questions_to_strangers_drive_out_no_others(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes message = simple(9, "live.example", "198.51.100.7");
    struct datagram_of asks = to_resolver(&question);

    asks.to = "203.0.113.53";
    ask(bench, 9, "live.example", TYPE_A);
    for (unsigned i = 0; i < 70000; i++) {
        set16(&question, 0, (uint16_t)i);
        asks.from_port = (uint16_t)(1024 + i / 65536);
        run(bench, &asks, LAN);
        bench->now_ns -= MS;
    }
    reply(bench, &message);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_an_answer_from_another_port_is_not_believed(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of of = to_client(&message);

    of.from_port = 5300;
    of.to_port = 53;
    ask(bench, 7, "live.example", TYPE_A);
    run(bench, &of, LAN);
    assert_refused(bench, REASON_UNTRUSTED_RESOLVER);
}

/* An empty list by accident must not believe anybody; whoever means that says so. */
static void test_no_resolvers_means_nobody(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    bench->plan.resolver_count = 0;
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_refused(bench, REASON_UNTRUSTED_RESOLVER);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 0);
}

static void test_every_address_is_any_on_purpose(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    bench->plan.resolver_count = 0;
    add_resolver(bench, "0.0.0.0/0", "");
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void bind_resolver_to_wan(struct bench *bench)
{
    bench->plan.resolver_count = 0;
    add_resolver(bench, "192.0.2.0/24", "wan0");
}

static void test_the_second_leg_of_a_firewall_is_a_duplicate(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of of = to_client(&message);

    bind_resolver_to_wan(bench);
    ask(bench, 7, "live.example", TYPE_A); /* on the LAN first */
    run(bench, &of, WAN);
    assert_string_equal(last(bench, MESSAGE_ANSWER)->interface, "wan0");
    run(bench, &of, LAN);
    assert_refused(bench, REASON_DUPLICATE);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
}

static void test_a_resolver_on_the_wrong_interface_is_not_believed(void **state)
{
    struct bench *bench = *state;
    struct bytes spoof = simple(7, "live.example", "203.0.113.66");
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of wrong = to_client(&spoof), right = to_client(&message);

    bind_resolver_to_wan(bench);
    ask(bench, 7, "live.example", TYPE_A);
    run(bench, &wrong, LAN);
    assert_refused(bench, REASON_UNTRUSTED_RESOLVER);
    assert_int_equal(stranger_of_the_last(bench), STRANGER_ELSEWHERE);
    assert_nothing_learned(bench);
    run(bench, &right, WAN);
    assert_address(&last(bench, MESSAGE_ANSWER)->addresses[0].address, "198.51.100.7");
    run(bench, &wrong, LAN);
    assert_int_equal(refused(bench, REASON_UNTRUSTED_RESOLVER), 2);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 0);
}

static void reply_with_sum(struct bench *bench, uint16_t id, int question_sum, int answer_sum)
{
    struct bytes question = dns(id, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes message = simple(id, "live.example", "198.51.100.7");
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    asks.sum = question_sum;
    answers.sum = answer_sum;
    run(bench, &asks, LAN);
    run(bench, &answers, LAN);
}

static void test_a_bad_checksum_neither_teaches_nor_settles(void **state)
{
    struct bench *bench = *state;
    struct bytes good = simple(7, "live.example", "198.51.100.8");

    reply_with_sum(bench, 7, SUM_GOOD, SUM_BAD);
    assert_refused(bench, REASON_BAD_CHECKSUM);
    assert_nothing_learned(bench);
    reply(bench, &good);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    reply_with_sum(bench, 8, SUM_BAD, SUM_GOOD);
    assert_refused(bench, REASON_NO_QUESTION);
    reply_with_sum(bench, 9, SUM_GOOD, SUM_BAD_IP);
    assert_int_equal(refused(bench, REASON_BAD_CHECKSUM), 3);
}

/* A machine's own resolver among many forwarded answers, one virtual machine on a mirrored host. */
static void test_a_bare_checksum_is_accepted_however_rare(void **state)
{
    static const int bare[] = {SUM_BARE, SUM_BARE_IP, SUM_BARE_BOTH};
    struct bench *bench = *state;

    for (uint16_t id = 0; id < 200; id++)
        reply_with_sum(bench, id, SUM_GOOD, SUM_GOOD);
    for (uint16_t i = 0; i < 3; i++) {
        reply_with_sum(bench, 200 + i, SUM_GOOD, bare[i]);
        reply_with_sum(bench, 300 + i, bare[i], SUM_GOOD);
    }
    assert_int_equal(counter(bench, COUNTER_LEARNED), 206);
    assert_int_equal(counter(bench, COUNTER_BARE_CHECKSUMS), 6);
    assert_int_equal(refused(bench, REASON_BAD_CHECKSUM), 0);
}

static void test_a_bare_answer_needs_its_question(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of of = to_client(&message);

    of.sum = SUM_BARE_BOTH;
    run(bench, &of, LAN);
    assert_refused(bench, REASON_NO_QUESTION);
    assert_nothing_learned(bench);
}

static void test_verify_takes_no_bare_checksum_and_ignore_any(void **state)
{
    struct bench *bench = *state;

    bench->plan.checksums = CHECKSUMS_VERIFY;
    reply_with_sum(bench, 7, SUM_GOOD, SUM_BARE);
    assert_refused(bench, REASON_BAD_CHECKSUM);
    reply_with_sum(bench, 8, SUM_GOOD, SUM_BARE_IP);
    assert_int_equal(refused(bench, REASON_BAD_CHECKSUM), 2);
    assert_int_equal(counter(bench, COUNTER_BARE_CHECKSUMS_REFUSED), 2);
    assert_int_equal(counter(bench, COUNTER_BARE_CHECKSUMS), 0);
    assert_nothing_learned(bench);
    bench->plan.checksums = CHECKSUMS_IGNORE;
    reply_with_sum(bench, 9, SUM_BAD, SUM_BAD);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_addresses_come_16_a_message(void **state)
{
    struct bench *bench = *state;
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    for (int i = 1; i <= 40; i++) {
        char text[32];
        snprintf(text, sizeof(text), "198.51.100.%d", i);
        answer(&message, "live.example", 300, text);
    }
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(bench->message_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(bench->messages[i].sighting.address_count, i < 2 ? 16 : 8);
        assert_int_equal(bench->messages[i].sighting.more, i < 2);
    }
    assert_address(&bench->messages[2].sighting.addresses[7].address, "198.51.100.40");
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_exactly_16_addresses_are_one_message(void **state)
{
    struct bench *bench = *state;
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    for (int i = 1; i <= 16; i++) {
        char text[32];
        snprintf(text, sizeof(text), "198.51.100.%d", i);
        answer(&message, "live.example", 300, text);
    }
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(bench->message_count, 1);
    assert_int_equal(last(bench, MESSAGE_ANSWER)->more, 0);
}

static void test_a_chain_is_followed_to_its_owner(void **state)
{
    struct bytes message = dns(7, FLAGS_ANSWER, "eu1.live.example", TYPE_A);

    answer(&message, "lb.example.net", 300, "198.51.100.7");
    alias(&message, "eu1.live.example", 30, "lb.example.net");
    ask_and_reply(*state, 7, &message, "eu1.live.example", TYPE_A);
    const struct sighting *seen = last(*state, MESSAGE_ANSWER);
    assert_name(&seen->owner, "lb.example.net");
    assert_name(&seen->matched, "eu1.live.example");
    assert_int_equal(seen->chain_ttl, 30);
    assert_int_equal(seen->addresses[0].ttl, 30);
}

static void test_an_owner_off_the_chain_is_refused(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    answer(&message, "bank.example.net", 300, "203.0.113.66");
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(bench->message_count, 2);
    const struct sighting *stray = last(bench, MESSAGE_REFUSAL);
    assert_int_equal(stray->reason, REASON_OWNER_OFF_CHAIN);
    assert_name(&stray->owner, "bank.example.net");
    assert_address(&stray->addresses[0].address, "203.0.113.66");
    assert_int_equal(refused(bench, REASON_OWNER_OFF_CHAIN), 1);
}

static void test_https_hints_are_learned_and_the_target_is_open(void **state)
{
    struct bench *bench = *state;
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_HTTPS);

    https(&message, "live.example", 300, "svc.example.net", "198.51.100.7");
    ask_and_reply(bench, 7, &message, "live.example", TYPE_HTTPS);
    assert_int_equal(bench->message_count, 2);
    const struct sighting *hints = &bench->messages[0].sighting;
    assert_int_equal(hints->address_count, 1);
    assert_int_equal(hints->addresses[0].record, RECORD_HTTPS);
    const struct sighting *open = last(bench, MESSAGE_ANSWER);
    assert_int_equal(open->address_count, 0);
    assert_name(&open->owner, "svc.example.net");
    assert_name(&open->matched, "live.example");
    assert_int_equal(open->chain_ttl, 300);
}

/* live.example is an alias of `target`, and nothing else is said. */
static void open_chain(struct bench *bench, uint16_t id, const char *name, const char *target,
                       uint32_t ttl)
{
    struct bytes message = dns(id, FLAGS_ANSWER, name, TYPE_A);

    alias(&message, name, ttl, target);
    ask_and_reply(bench, id, &message, name, TYPE_A);
}

static void test_a_derived_name_is_learned_until_it_expires(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(8, "lb.example.net", "198.51.100.7");
    struct bytes later = simple(9, "lb.example.net", "198.51.100.8");

    open_chain(bench, 7, "live.example", "lb.example.net", 120);
    assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), 1);
    const struct sighting *open = last(bench, MESSAGE_ANSWER);
    assert_int_equal(open->address_count, 0);
    assert_name(&open->owner, "lb.example.net");
    bench->now_ns = START + 119 * SECOND;
    ask_and_reply(bench, 8, &message, "lb.example.net", TYPE_A);
    const struct sighting *seen = last(bench, MESSAGE_ANSWER);
    assert_name(&seen->question, "lb.example.net");
    assert_name(&seen->matched, "lb.example.net");
    assert_address(&seen->addresses[0].address, "198.51.100.7");
    bench->now_ns = START + 121 * SECOND;
    unsigned before = bench->message_count;
    ask_and_reply(bench, 9, &later, "lb.example.net", TYPE_A);
    assert_int_equal(bench->message_count, before);
    assert_int_equal(counter(bench, COUNTER_FOREIGN_ANSWERS), 1);
}

static void test_a_derived_name_lives_for_ttl_min_at_least(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(8, "lb.example.net", "198.51.100.7");

    open_chain(bench, 7, "live.example", "lb.example.net", 0);
    bench->now_ns = START + 59 * SECOND;
    ask_and_reply(bench, 8, &message, "lb.example.net", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 2);
}

/* What the kernel's filter is widened for, and narrowed again. */
static void test_it_is_told_where_chains_end(void **state)
{
    struct bench *bench = *state;
    struct bytes whole = simple(8, "lb.example.net", "198.51.100.7");
    struct bytes negative = dns(9, FLAGS_ANSWER, "live.example", TYPE_AAAA);

    open_chain(bench, 7, "live.example", "lb.example.net", 120);
    open_chain(bench, 10, "live.example", "lb.example.net", 120);
    assert_int_equal(bench->derived, 2);
    assert_int_equal(bench->ended, 0);
    ask_and_reply(bench, 8, &whole, "lb.example.net", TYPE_A);
    assert_int_equal(bench->ended, 1);
    /* There is no such record at its end: nobody asks on. */
    alias(&negative, "live.example", 120, "other.example.net");
    soa(&negative, "example.net", 120);
    ask_and_reply(bench, 9, &negative, "live.example", TYPE_AAAA);
    assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), 2);
    assert_int_equal(bench->derived, 2);
    assert_int_equal(bench->ended, 1);
}

static void test_names_derive_names_for_16_steps(void **state)
{
    struct bench *bench = *state;
    char from[32] = "live.example", to[32];

    for (int step = 1; step <= 16; step++) {
        snprintf(to, sizeof(to), "s%d.example.net", step);
        open_chain(bench, (uint16_t)step, from, to, 120);
        assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), step);
        memcpy(from, to, sizeof(from));
    }
    unsigned before = bench->message_count;
    open_chain(bench, 17, from, "s17.example.net", 120);
    assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), 16);
    assert_int_equal(bench->message_count, before);
}

static void test_follow_answer_derives_nothing(void **state)
{
    struct bench *bench = *state;

    bench->plan.follow_whitelists = 0;
    open_chain(bench, 7, "live.example", "lb.example.net", 120);
    assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), 0);
    assert_int_equal(bench->message_count, 0);
}

static void test_an_open_end_inside_the_patterns_needs_no_entry(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(8, "eu1.live.example", "198.51.100.7");

    open_chain(bench, 7, "live.example", "eu1.live.example", 120);
    assert_int_equal(counter(bench, COUNTER_DERIVED_NAMES), 0);
    ask_and_reply(bench, 8, &message, "eu1.live.example", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_match_chain_takes_an_alias_on_the_way(void **state)
{
    struct bench *bench = *state;
    struct bytes message = through_a_cdn(7);

    add_pattern(bench, 1, "*.cdn.example");
    bench->plan.chain_whitelists = UINT64_C(1) << 1;
    ask_and_reply(bench, 7, &message, "www.example.org", TYPE_A);
    assert_int_equal(bench->message_count, 1);
    const struct sighting *seen = last(bench, MESSAGE_ANSWER);
    assert_name(&seen->question, "www.example.org");
    assert_name(&seen->matched, "edge.cdn.example");
    assert_name(&seen->owner, "host.example.net");
    assert_int_equal(bench->asked, 0); /* nobody can know it from the question */
    assert_int_equal(bench->answered, 0);
    reply(bench, &message);
    assert_refused(bench, REASON_DUPLICATE);
}

static void test_match_question_takes_no_alias(void **state)
{
    struct bench *bench = *state;
    struct bytes message = through_a_cdn(7);

    add_pattern(bench, 1, "*.cdn.example");
    ask_and_reply(bench, 7, &message, "www.example.org", TYPE_A);
    assert_int_equal(bench->message_count, 0);
    assert_int_equal(counter(bench, COUNTER_FOREIGN_ANSWERS), 1);
}

static void test_match_chain_leaves_other_answers_foreign(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "www.example.org", "198.51.100.7");
    struct bytes nobody_asked = through_a_cdn(8);

    add_pattern(bench, 1, "*.cdn.example");
    bench->plan.chain_whitelists = UINT64_C(1) << 1;
    ask_and_reply(bench, 7, &message, "www.example.org", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_FOREIGN_ANSWERS), 1);
    assert_int_equal(bench->message_count, 0);
    reply(bench, &nobody_asked);
    assert_refused(bench, REASON_NO_QUESTION);
}

static void test_question_and_alias_feed_their_own_whitelists(void **state)
{
    struct bench *bench = *state;
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    add_pattern(bench, 1, "*.cdn.example");
    bench->plan.chain_whitelists = UINT64_C(1) << 1;
    alias(&message, "live.example", 300, "edge.cdn.example");
    answer(&message, "edge.cdn.example", 300, "198.51.100.7");
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(bench->message_count, 2);
    assert_name(&bench->messages[0].sighting.matched, "live.example");
    assert_name(&bench->messages[1].sighting.matched, "edge.cdn.example");
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_a_whitelist_is_fed_once_though_an_alias_matches_too(void **state)
{
    struct bench *bench = *state;
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_A);

    bench->plan.chain_whitelists = 1;
    alias(&message, "live.example", 300, "eu1.live.example");
    answer(&message, "eu1.live.example", 300, "198.51.100.7");
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(bench->message_count, 1);
    assert_name(&bench->messages[0].sighting.matched, "live.example");
}

static void test_without_questions_answers_are_learned(void **state)
{
    struct bench *bench = *state;
    struct bytes first = simple(7, "live.example", "198.51.100.7");
    struct bytes second = simple(7, "live.example", "203.0.113.66");

    bench->plan.require_query = false;
    reply(bench, &first);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
    reply(bench, &first);
    assert_refused(bench, REASON_DUPLICATE);
    reply(bench, &second);
    assert_int_equal(counter(bench, COUNTER_ALARMS), 1);
    bench->now_ns += 11 * SECOND;
    reply(bench, &second);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 2);
}

static void test_without_questions_trust_still_counts(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of of = to_client(&message);

    bench->plan.require_query = false;
    of.from = "203.0.113.53";
    run(bench, &of, LAN);
    assert_refused(bench, REASON_UNTRUSTED_RESOLVER);
}

static void test_one_direction_is_recognised(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "www.example.org", "198.51.100.7");

    for (int i = 0; i < 7; i++) {
        reply(bench, &message);
        assert_false(pipeline_sees_one_direction(bench->pipeline));
    }
    bench->now_ns += 5 * SECOND;
    reply(bench, &message);
    assert_true(pipeline_sees_one_direction(bench->pipeline));
    ask(bench, 7, "www.example.org", TYPE_A);
    assert_false(pipeline_sees_one_direction(bench->pipeline));
}

static void test_a_few_answers_are_no_one_direction(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "www.example.org", "198.51.100.7");

    for (int i = 0; i < 5; i++) {
        reply(bench, &message);
        bench->now_ns += 2 * SECOND;
    }
    assert_false(pipeline_sees_one_direction(bench->pipeline));
}

static void test_asked_and_answered_come_in_pairs(void **state)
{
    struct bench *bench = *state;
    struct dname live;
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct bytes empty = dns(8, FLAGS_ANSWER, "live.example", TYPE_AAAA);
    struct bytes stranger = simple(9, "live.example", "198.51.100.7");

    assert_true(dname_from_text("live.example", &live));
    ask(bench, 7, "live.example", TYPE_A);
    pipeline_rehearse(bench->pipeline, &live);
    assert_int_equal(bench->asked, 1);
    assert_true(dname_equal(&bench->asked_for, &live));
    assert_address(&bench->asker, client);
    ask(bench, 7, "live.example", TYPE_A);
    ask(bench, 8, "live.example", TYPE_AAAA);
    assert_int_equal(bench->asked, 2);
    reply(bench, &stranger);
    assert_int_equal(bench->answered, 0);
    reply(bench, &message);
    reply(bench, &message);
    assert_int_equal(bench->answered, 1);
    reply(bench, &empty);
    reply(bench, &empty);
    assert_int_equal(bench->answered, 2);
    ask(bench, 10, "live.example", TYPE_TXT);
    assert_int_equal(bench->asked, 2);
}

/* A forwarder, or a network behind one address. */
static void test_hundreds_of_questions_in_flight(void **state)
{
    enum { IN_FLIGHT = 500 };
    struct bench *bench = *state;

    for (uint16_t id = 0; id < IN_FLIGHT; id++)
        ask(bench, id, "live.example", TYPE_A);
    for (uint16_t id = 0; id < IN_FLIGHT; id++) {
        struct bytes message = simple(id, "live.example", "198.51.100.7");
        reply(bench, &message);
    }
    assert_int_equal(counter(bench, COUNTER_LEARNED), IN_FLIGHT);
    assert_int_equal(counter(bench, COUNTER_QUESTIONS_DROPPED), 0);
}

static void test_only_wanted_tags(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");

    bench->vlans[0] = 100;
    bench->plan.vlan_count = 1;
    ask_and_reply(bench, 7, &message, "live.example", TYPE_A);
    assert_int_equal(counter(bench, COUNTER_OTHER_VLAN), 2);
    assert_int_equal(bench->message_count, 0);
}

static void frame_of(struct bench *bench, struct bytes *bytes, uint32_t captured, int link_type)
{
    struct frame frame = {
        .bytes = bytes->data,
        .captured = captured,
        .length = (uint32_t)bytes->size,
        .link_type = link_type,
    };

    pipeline_frame(bench->pipeline, &frame, bench->now_ns);
}

static void test_frames_are_counted_by_what_became_of_them(void **state)
{
    struct bench *bench = *state;
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of of = to_client(&message);

    ask(bench, 7, "live.example", TYPE_A);
    struct bytes good = ethernet_of(&of);
    frame_of(bench, &good, (uint32_t)good.size - 1, DLT_EN10MB);
    assert_int_equal(counter(bench, COUNTER_CUT_BY_SNAPLEN), 1);
    of.length_lie = 1;
    struct bytes lie = ethernet_of(&of);
    frame_of(bench, &lie, (uint32_t)lie.size, DLT_EN10MB);
    assert_int_equal(counter(bench, COUNTER_BAD_FRAMES), 1);
    of.length_lie = 0;
    of.fragment = 0x2000;
    struct bytes fragment = ethernet_of(&of);
    frame_of(bench, &fragment, (uint32_t)fragment.size, DLT_EN10MB);
    assert_int_equal(counter(bench, COUNTER_FRAGMENTS), 1);
    frame_of(bench, &good, (uint32_t)good.size, DLT_USB_LINUX);
    assert_int_equal(counter(bench, COUNTER_NOT_DNS), 1);
    assert_nothing_learned(bench);
    frame_of(bench, &good, (uint32_t)good.size, DLT_EN10MB);
    assert_int_equal(counter(bench, COUNTER_FRAMES), 6);
    assert_int_equal(counter(bench, COUNTER_LEARNED), 1);
}

static void test_an_interface_that_the_plan_does_not_name(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, FLAGS_QUESTION, "live.example", TYPE_A);
    struct bytes message = simple(7, "live.example", "198.51.100.7");
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    bind_resolver_to_wan(bench);
    run(bench, &asks, 999);
    run(bench, &answers, 999);
    assert_string_equal(last(bench, MESSAGE_ANSWER)->interface, "");
}

static void test_ipv6_all_the_way(void **state)
{
    struct bench *bench = *state;
    struct bytes question = dns(7, FLAGS_QUESTION, "live.example", TYPE_AAAA);
    struct bytes message = dns(7, FLAGS_ANSWER, "live.example", TYPE_AAAA);
    struct datagram_of asks = to_resolver(&question), answers = to_client(&message);

    add_resolver(bench, "2001:db8::53", "");
    answer(&message, "live.example", 300, "2001:db8:1::7");
    asks.from = answers.to = "2001:db8::10";
    asks.to = answers.from = "2001:db8::53";
    run(bench, &asks, LAN);
    run(bench, &answers, LAN);
    const struct sighting *seen = last(bench, MESSAGE_ANSWER);
    assert_address(&seen->resolver, "2001:db8::53");
    assert_address(&seen->addresses[0].address, "2001:db8:1::7");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_is_learned),
        TEST(test_a_foreign_answer_is_one_counter),
        TEST(test_an_answer_without_a_question),
        TEST(test_a_question_in_another_case_is_the_same_where_nobody_keeps_it),
        TEST(test_a_question_in_another_case_is_another_where_it_is_kept),
        TEST(test_an_early_answer_in_another_case),
        TEST(test_another_id_port_or_type_is_another_question),
        TEST(test_a_late_answer),
        TEST(test_both_sights_of_a_mirror_are_no_alarm),
        TEST(test_duplicates_are_a_counter_alone),
        TEST(test_the_same_addresses_in_another_order_and_age_are_a_duplicate),
        TEST(test_a_spoofed_second_answer_raises_the_alarm),
        TEST(test_no_alarms_while_draining),
        TEST(test_asked_again_each_150_ms_one_answer_counts),
        TEST(test_addresses_that_rotate_are_learned_when_asked_for_anew),
        TEST(test_an_error_settles_nothing),
        TEST(test_an_empty_answer_settles_its_question),
        TEST(test_an_empty_answer_is_no_refusal),
        TEST(test_an_empty_answer_after_another_raises_the_alarm),
        TEST(test_a_loop_settles_its_question),
        TEST(test_a_question_without_edns_is_another),
        TEST(test_an_empty_answer_settles_no_other_question),
        TEST(test_an_empty_answer_is_over_after_its_time),
        TEST(test_a_truncated_answer_counts_like_any),
        TEST(test_a_truncated_answer_is_no_way_around_the_alarm),
        TEST(test_an_open_chain_is_no_way_around_the_alarm),
        TEST(test_a_forged_target_beside_true_addresses_raises_the_alarm),
        TEST(test_a_forged_alias_before_true_addresses_raises_the_alarm),
        TEST(test_refused_by_what_the_message_is),
        TEST(test_a_message_without_a_header_is_counted),
        TEST(test_other_opcodes_are_not_read),
        TEST(test_questions_that_nobody_would_answer_open_nothing),
        TEST(test_a_resolver_at_another_port),
        TEST(test_a_client_with_a_resolvers_port),
        TEST(test_a_stranger_is_not_believed),
        TEST(test_a_stranger_that_was_asked_is_told_once_a_question),
        TEST(test_a_stranger_asked_without_recursion_is_not_told),
        TEST(test_questions_to_strangers_drive_out_no_others),
        TEST(test_an_answer_from_another_port_is_not_believed),
        TEST(test_no_resolvers_means_nobody),
        TEST(test_every_address_is_any_on_purpose),
        TEST(test_the_second_leg_of_a_firewall_is_a_duplicate),
        TEST(test_a_resolver_on_the_wrong_interface_is_not_believed),
        TEST(test_a_bad_checksum_neither_teaches_nor_settles),
        TEST(test_a_bare_checksum_is_accepted_however_rare),
        TEST(test_a_bare_answer_needs_its_question),
        TEST(test_verify_takes_no_bare_checksum_and_ignore_any),
        TEST(test_addresses_come_16_a_message),
        TEST(test_exactly_16_addresses_are_one_message),
        TEST(test_a_chain_is_followed_to_its_owner),
        TEST(test_an_owner_off_the_chain_is_refused),
        TEST(test_https_hints_are_learned_and_the_target_is_open),
        TEST(test_a_derived_name_is_learned_until_it_expires),
        TEST(test_a_derived_name_lives_for_ttl_min_at_least),
        TEST(test_it_is_told_where_chains_end),
        TEST(test_names_derive_names_for_16_steps),
        TEST(test_follow_answer_derives_nothing),
        TEST(test_an_open_end_inside_the_patterns_needs_no_entry),
        TEST(test_match_chain_takes_an_alias_on_the_way),
        TEST(test_match_question_takes_no_alias),
        TEST(test_match_chain_leaves_other_answers_foreign),
        TEST(test_question_and_alias_feed_their_own_whitelists),
        TEST(test_a_whitelist_is_fed_once_though_an_alias_matches_too),
        TEST(test_without_questions_answers_are_learned),
        TEST(test_without_questions_trust_still_counts),
        TEST(test_one_direction_is_recognised),
        TEST(test_a_few_answers_are_no_one_direction),
        TEST(test_asked_and_answered_come_in_pairs),
        TEST(test_hundreds_of_questions_in_flight),
        TEST(test_only_wanted_tags),
        TEST(test_frames_are_counted_by_what_became_of_them),
        TEST(test_an_interface_that_the_plan_does_not_name),
        TEST(test_ipv6_all_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
