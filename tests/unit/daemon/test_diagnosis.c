/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each thing that can be wrong is found, and a good status has no findings.
 */
#include "daemon/control/diagnosis.h"
#include "daemon/control/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GOOD_SOURCE "\"source\":\"sniffer\",\"state\":\"running\""
#define GOOD_COUNTERS "\"counters\":{\"answers\":9,\"matching-answers\":3,\"alarms\":0}"
#define GOOD_SETS                                                                                  \
    "\"sets\":[{\"set\":\"inet w a4\",\"state\":\"ready\",\"leases\":1,\"capacity\":9}]"

struct lines {
    size_t count;
    enum advice_topic topic; /* of the last one */
    bool failure;
    char text[4096];
};

static void line_append(void *context, const struct advice *advice)
{
    struct lines *lines = context;
    size_t used = strlen(lines->text);

    lines->count++;
    lines->topic = advice->topic;
    lines->failure = advice->failure;
    assert_in_range(advice->topic, 0, ADVICE_TOPIC_COUNT - 1);
    assert_null(strchr(advice->text, '\n'));
    assert_null(strchr(advice->advice, '\n'));
    int size = snprintf(lines->text + used, sizeof(lines->text) - used, "%s: %s\n", advice->text,
                        advice->advice);
    assert_true(size > 0 && (size_t)size < sizeof(lines->text) - used);
}

static struct lines advice_for(const char *text)
{
    struct lines lines = {.count = 0};
    json_error_t error;
    json_t *status = json_loads(text, 0, &error);

    if (!status)
        fail_msg("%s: %s", text, error.text);
    size_t count = advice_each(status, line_append, &lines);
    assert_int_equal(count, lines.count);
    assert_int_equal(advice_each(status, NULL, NULL), lines.count);
    json_decref(status);
    return lines;
}

static void test_a_good_status_has_no_findings(void **state)
{
    struct lines lines = advice_for(
        "{\"uptime\":1000,\"sources\":[{" GOOD_SOURCE "," GOOD_COUNTERS ",\"interfaces\":["
        "{\"interface\":\"eth1\",\"state\":\"up\",\"received\":9,\"dropped\":0}]}]," GOOD_SETS
        ",\"transactions\":{\"failed\":0},\"warnings\":[]}");

    (void)state;
    assert_string_equal(lines.text, "");
    assert_int_equal(lines.count, 0);
}

/* The finding, in a status in which all else is good. */
static void test_each_finding(void **state)
{
    static const struct {
        const char *status;
        const char *says;
    } cases[] = {
        {"{\"sources\":[]}", "no source runs"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"counters\":{\"answers\":9,\"matching-answers\":3,"
         "\"answers-lost\":2}}]," GOOD_SETS "}",
         "2 messages with answers of the sniffer were lost"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"counters\":{\"answers\":9,\"matching-answers\":3,"
         "\"questions-dropped\":7}}]}",
         "7 pending questions were evicted"},
        {"{\"sources\":[{\"source\":\"sniffer\",\"state\":\"waiting\",\"problem\":\"killed\"}]}",
         "the sniffer is not running and will be restarted shortly (killed)"},
        {"{\"sources\":[{\"source\":\"sniffer\",\"state\":\"starting\"}]}", "not ready yet"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"violations\":2}]}", "sent 2 messages that it may not"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"counters\":{\"answers\":9,\"matching-answers\":3,"
         "\"alarms\":4}}]}",
         "4 answers, or TCP segments, contradicted"},
        {"{\"uptime\":61,\"sources\":[{" GOOD_SOURCE ",\"counters\":{\"answers\":0}}]}",
         "no DNS answer has been seen yet: do the clients'"},
        {"{\"uptime\":61,\"sources\":[{" GOOD_SOURCE
         ",\"counters\":{\"answers\":0},\"interfaces\":[{\"interface\":\"eth1\",\"state\":\"up\","
         "\"filter\":\"names\"}]}]}",
         "no DNS answer for a name of the whitelists has been seen yet; others are not"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"interfaces\":[{\"interface\":\"eth1\",\"state\":\"up\","
         "\"filter\":\"port 53\",\"filter_reason\":\"refused\"}]}]}",
         "eth1: the kernel took no filter for the names, only one for \"port 53\""},
        {"{\"uptime\":61,\"sources\":[{" GOOD_SOURCE
         ",\"counters\":{\"answers\":5,\"matching-answers\":0}}]}",
         "none for a name of the whitelists"},
        {"{\"sources\":[{" GOOD_SOURCE
         ",\"interfaces\":[{\"interface\":\"eth1\",\"state\":\"down\"}]}]}",
         "eth1 is down, or has no link: where `ip link show eth1` says NO-CARRIER"},
        {"{\"sources\":[{" GOOD_SOURCE
         ",\"interfaces\":[{\"interface\":\"eth1\",\"state\":\"waiting\"}]}]}",
         "there is no interface eth1"},
        {"{\"require_query\":true,\"sources\":[{" GOOD_SOURCE
         ",\"counters\":{\"questions\":0,\"answers\":9,\"matching-answers\":9}}]}",
         "set require-query = false"},
        {"{\"uptime\":61,\"sources\":[{" GOOD_SOURCE
         ",\"counters\":{\"questions\":9,\"answers\":0,\"matching-answers\":0}}]}",
         "9 questions but no answers were seen for names of the whitelists"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"interfaces\":[{\"interface\":\"eth1\",\"state\":\"up\","
         "\"received\":100,\"dropped\":7}]}]}",
         "the kernel dropped 7 of 100 packets"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"interfaces\":[{\"interface\":\"eth1\",\"state\":\"up\","
         "\"interface_dropped\":3}]}]}",
         "ethtool -G eth1"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"interfaces\":[{\"interface\":\"eth1\",\"state\":\"up\","
         "\"merged\":3,\"cut\":2}]}]}",
         "eth1: 2 packets were longer than the 64 KiB"},
        {"{\"sources\":[{" GOOD_SOURCE ",\"counters\":{\"cut-before\":5,\"questions\":1,"
         "\"answers\":5,\"matching-answers\":5}}]}",
         "turn truncation (packet slicing) off"},
        {"{\"sources\":[{" GOOD_SOURCE
         "}],\"sets\":[{\"set\":\"inet w a4\",\"state\":\"missing\"}]}",
         "inet w a4: there is no such set: `nft 'add set inet w a4 { type "},
        {"{\"sources\":[{" GOOD_SOURCE
         "}],\"sets\":[{\"set\":\"inet w a4\",\"state\":\"missing\",\"create\":true}]}",
         "inet w a4: there is no such set: wildset retries every second"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"sets\":[{\"set\":\"inet w a4\",\"state\":\"wrong\","
         "\"problem\":\"its table belongs\",\"table_owned\":true,\"create\":true}]}",
         "inet w a4: its table belongs: name a set in another table"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"sets\":[{\"set\":\"inet w a4\",\"state\":\"wrong\","
         "\"problem\":\"is a map\",\"type\":\"ipv4_addr\"}]}",
         "inet w a4 is a map: make another one, `{ type ipv4_addr; flags timeout; }`"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"sets\":[{\"set\":\"inet w a4\",\"state\":\"wrong\","
         "\"problem\":\"holds ipv6_addr, expected ipv4_addr\",\"create\":true}]}",
         "inet w a4 holds ipv6_addr, expected ipv4_addr: name another set of that table"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"sets\":[{\"set\":\"inet w a4\",\"state\":\"ready\","
         "\"leases\":9,\"capacity\":9}]}",
         "raise max-addresses"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"sets\":[{\"set\":\"inet w a4\",\"state\":\"ready\","
         "\"full\":2}]}",
         "the kernel said 2 times that the set is full"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"transactions\":{\"failed\":1,\"count\":8}}",
         "1 of 8 transactions"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"resolvers\":[{\"resolver\":\"192.0.2.1\","
         "\"finding\":\"unnamed\",\"name\":\"x.example\",\"untrusted\":3,\"clients\":1,"
         "\"client\":\"192.0.2.10\"},{\"resolver\":\"192.0.2.2\",\"answers\":3}]}",
         "answers for x.example from 192.0.2.1 are not trusted: 3 answers, 1 client asked (first "
         "192.0.2.10): only if it is your resolver, add to capture { }: `resolvers += { "
         "\"192.0.2.1\" }`"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"resolvers\":[{\"resolver\":\"192.0.2.1\","
         "\"finding\":\"elsewhere\",\"name\":\"x.example\",\"untrusted\":1,\"clients\":16,"
         "\"more_clients\":true,\"client\":\"192.0.2.10\",\"interface\":\"lan0\"}]}",
         "from 192.0.2.1 are not trusted on lan0: 1 answer, more than 16 clients asked (first "
         "192.0.2.10): capture.resolvers names another interface for that server"},
        {"{\"sources\":[{" GOOD_SOURCE "}],\"warnings\":[\"::/0 trusts nearly any server\"]}",
         "::/0 trusts nearly any server"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lines lines = advice_for(cases[i].status);

        if (!strstr(lines.text, cases[i].says))
            fail_msg("%s: \"%s\" is missing in \"%s\"", cases[i].status, cases[i].says, lines.text);
        assert_int_equal(lines.count, 1);
    }
}

static struct lines advice_for_refused(const char *of_source, const char *of_daemon,
                                       unsigned learned)
{
    char status[1024];

    snprintf(status, sizeof(status),
             "{\"sources\":[{" GOOD_SOURCE
             ",\"counters\":{\"answers\":900,\"matching-answers\":900,"
             "\"questions\":900,\"learned\":%u},\"refused\":{%s}}],\"refused\":{%s}}",
             learned, of_source, of_daemon);
    return advice_for(status);
}

/* Whatever the reason, as soon as it is more than noise beside what is learned. */
static void test_refusals_that_cost_addresses_are_findings(void **state)
{
    char refused[64];

    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        const char *advice = refusals_advice((enum reason)i);

        snprintf(refused, sizeof(refused), "\"%s\":23", reason_name((enum reason)i));
        struct lines source = advice_for_refused(refused, "", 177);
        struct lines daemon = advice_for_refused("", refused, 177);
        assert_int_equal(source.count, advice != NULL);
        assert_int_equal(daemon.count, advice != NULL);
        if (!advice)
            continue;
        assert_false(source.failure);
        assert_int_equal(source.topic, ADVICE_DNS);
        assert_non_null(strstr(source.text, reason_text((enum reason)i)));
        assert_non_null(strstr(daemon.text, advice));
        assert_null(strstr(advice, "require-query")); /* no way to trust more */
        assert_null(strstr(advice, "resolvers"));
        assert_null(strstr(advice, "ignore"));
        assert_null(strstr(advice, "private-addresses"));
    }
}

static void test_a_few_refusals_are_noise(void **state)
{
    (void)state;
    assert_int_equal(advice_for_refused("\"bad-checksum\":4", "", 0).count, 0);
    assert_int_equal(advice_for_refused("\"bad-checksum\":5", "", 0).count, 1);
    assert_int_equal(advice_for_refused("\"malformed\":19", "\"malformed\":1", 1000).count, 1);
    assert_int_equal(advice_for_refused("\"malformed\":19", "", 1000).count, 0);
}

/* That is one finding already, and says more. */
static void test_no_question_is_not_said_twice(void **state)
{
    struct lines lines = advice_for(
        "{\"require_query\":true,\"sources\":[{" GOOD_SOURCE ",\"counters\":{\"answers\":900,"
        "\"matching-answers\":900,\"questions\":0},\"refused\":{\"no-question\":900}}]}");

    (void)state;
    assert_int_equal(lines.count, 1);
    assert_non_null(strstr(lines.text, "only one direction is captured"));
}

static struct lines advice_for_hold(const char *hold)
{
    static char status[2048];

    snprintf(status, sizeof(status),
             "{\"sources\":[{" GOOD_SOURCE "," GOOD_COUNTERS "}]," GOOD_SETS ",\"hold\":{%s}}",
             hold);
    return advice_for(status);
}

static void hold_is_wrong(const char *hold, bool failure, const char *text)
{
    struct lines lines = advice_for_hold(hold);

    assert_int_equal(lines.count, 1);
    assert_int_equal(lines.topic, ADVICE_HOLD);
    assert_int_equal(lines.failure, failure);
    if (!strstr(lines.text, text))
        fail_msg("%s, wanted %s", lines.text, text);
}

static void test_packets_that_do_not_wait_as_they_should(void **state)
{
    (void)state;
    hold_is_wrong("\"state\":\"unbound\",\"queue\":5757,\"problem\":\"taken\"", true,
                  "queue 5757 cannot be used (taken)");
    hold_is_wrong("\"state\":\"ready\",\"problem\":\"Operation not permitted\",\"packets\":1", true,
                  "could not be let go: Operation not permitted");
    hold_is_wrong("\"state\":\"paused\",\"packets\":1", false, "too slow three times in a row");
    hold_is_wrong("\"state\":\"ready\",\"queue\":5757,\"packets\":0,\"ready_for\":600,"
                  "\"granted_since\":200",
                  false, "no packet has come to queue 5757 while 200 addresses");
    hold_is_wrong("\"state\":\"ready\",\"packets\":250,\"most_us\":250000,"
                  "\"outcomes\":{\"time_up\":5},\"waits\":{\"count\":250}",
                  false, "5 of 250 packets that waited went on after 250 ms");
}

static void test_packets_that_wait_as_they_should(void **state)
{
    static const char *const good[] = {
        "\"state\":\"off\"",
        "\"state\":\"ready\",\"packets\":0,\"ready_for\":599,\"granted_since\":20000",
        "\"state\":\"ready\",\"packets\":0,\"ready_for\":60000,\"granted_since\":199",
        "\"state\":\"ready\",\"packets\":1,\"ready_for\":60000,\"granted_since\":2000",
        "\"state\":\"ready\",\"packets\":9,\"outcomes\":{\"time_up\":4},\"waits\":{\"count\":4}",
        "\"state\":\"ready\",\"packets\":9,\"outcomes\":{\"time_up\":5},\"waits\":{\"count\":251}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(advice_for_hold(good[i]).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets_that_do_not_wait_as_they_should),
        cmocka_unit_test(test_packets_that_wait_as_they_should),
        cmocka_unit_test(test_a_good_status_has_no_findings),
        cmocka_unit_test(test_each_finding),
        cmocka_unit_test(test_refusals_that_cost_addresses_are_findings),
        cmocka_unit_test(test_a_few_refusals_are_noise),
        cmocka_unit_test(test_no_question_is_not_said_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
