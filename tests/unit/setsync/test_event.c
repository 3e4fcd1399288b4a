/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as JSON. */
#include "tests/unit/setsync/fixture.h"

static void expect_json(const struct event *event, const char *wanted)
{
    json_t *json = event_to_json(event);
    assert_non_null(json);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(json);
}

/* 2026-01-02T03:04:05.678901Z */
#define WHEN_NS UINT64_C(1767323045678901000)

static void test_a_grant_has_the_keys_of_the_design(void **context)
{
    (void)context;
    struct pattern patterns[1];
    struct whitelist whitelist =
        whitelist_of("lookback", patterns, (const char *const[]){"*.dormammu.lookback.io", NULL});
    struct sighting sighting = sighting_of("eu1.dormammu.lookback.io");
    memcpy(sighting.interface, "eth1", 4);
    sighting.vlan = 0;
    struct dname owner = name_of("lb.example.net");
    struct address address = address_of("198.51.100.7");
    struct event event = {
        .kind = EVENT_GRANTED,
        .source = SOURCE_SNIFFER,
        .real_ns = WHEN_NS,
        .whitelist = &whitelist,
        .set = &whitelist.set4,
        .name = &sighting.question,
        .owner = &owner,
        .pattern = &patterns[0],
        .address = &address,
        .record = RECORD_A,
        .ttl = 300,
        .lifetime = 900,
        .expires_real_ns = WHEN_NS + 900 * NS_PER_SECOND,
        .sighting = &sighting,
    };
    expect_json(&event,
                "{\"time\":\"2026-01-02T03:04:05.678901Z\",\"verdict\":\"granted\","
                "\"whitelist\":\"lookback\",\"set\":\"inet wildset lookback4\","
                "\"name\":\"eu1.dormammu.lookback.io\",\"owner\":\"lb.example.net\","
                "\"pattern\":\"*.dormammu.lookback.io\",\"record\":\"A\","
                "\"address\":\"198.51.100.7\",\"ttl\":300,\"lifetime\":900,"
                "\"expires\":\"2026-01-02T03:19:05.678901Z\",\"source\":\"sniffer\","
                "\"resolver\":\"192.0.2.53\",\"client\":\"192.0.2.10\",\"interface\":\"eth1\","
                "\"vlan\":0,\"transport\":\"udp\"}");
}

static void test_what_is_unknown_is_absent(void **context)
{
    (void)context;
    struct dname empty = {0};
    struct address none = {0};
    struct sighting sighting = {.vlan = SIGHTING_NO_VLAN};
    struct event event = {
        .kind = EVENT_REFUSED,
        .reason = REASON_MALFORMED,
        .name = &empty,
        .address = &none,
        .ttl = 17, /* says nothing without a lifetime */
        .sighting = &sighting,
    };
    expect_json(&event,
                "{\"verdict\":\"refused\",\"reason\":\"malformed\",\"source\":\"sniffer\"}");
    event.kind = EVENT_EXPIRED;
    event.reason = REASON_NONE;
    expect_json(&event, "{\"source\":\"sniffer\"}"); /* no verdict: watch has `event` for it */
}

static void test_a_ttl_of_zero_is_a_ttl(void **context)
{
    (void)context;
    struct event event = {.kind = EVENT_EXTENDED, .lifetime = 660};
    expect_json(&event,
                "{\"verdict\":\"extended\",\"ttl\":0,\"lifetime\":660,\"source\":\"sniffer\"}");
}

static void test_untrusted_bytes_are_escaped(void **context)
{
    (void)context;
    struct dname name = name_of("a\\\"b\\000\\.c.example.net");
    struct sighting sighting = {.vlan = SIGHTING_NO_VLAN};
    memset(sighting.interface, 'i', sizeof(sighting.interface)); /* without a NUL */
    struct event event = {
        .kind = EVENT_REFUSED, .reason = REASON_LOOP, .name = &name, .sighting = &sighting};
    expect_json(&event, "{\"verdict\":\"refused\",\"reason\":\"loop\","
                        "\"name\":\"a\\\\034b\\\\000\\\\046c.example.net\",\"source\":\"sniffer\","
                        "\"interface\":\"iiiiiiiiiiiiiiii\"}");
}

static void test_an_alarm_has_both_lists(void **context)
{
    (void)context;
    struct alarm_report alarm = {.sighting = sighting_of("a.example.net"), .earlier_count = 1};
    see(&alarm.sighting, "198.51.100.66", 300);
    alarm.earlier[0] = address_of("198.51.100.7");
    struct event event = {.kind = EVENT_ALARM, .reason = REASON_EXTRA_ANSWER, .alarm = &alarm};
    expect_json(&event, "{\"reason\":\"extra-answer\",\"source\":\"sniffer\","
                        "\"addresses\":[\"198.51.100.66\"],\"earlier\":[\"198.51.100.7\"]}");
}

static void test_each_kind_has_a_name(void **context)
{
    (void)context;
    for (unsigned i = 0; i < EVENT_COUNT; i++)
        assert_true(strlen(event_kind_name((enum event_kind)i)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_grant_has_the_keys_of_the_design),
        cmocka_unit_test(test_what_is_unknown_is_absent),
        cmocka_unit_test(test_a_ttl_of_zero_is_a_ttl),
        cmocka_unit_test(test_untrusted_bytes_are_escaped),
        cmocka_unit_test(test_an_alarm_has_both_lists),
        cmocka_unit_test(test_each_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
