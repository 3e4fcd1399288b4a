/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dnstap/hearsay.h"

#include "dnsparse/names/matcher.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

#define NOW_NS (UINT64_C(1790000000) * NS_PER_SECOND)

/* www.dormammu.lookback.io A 198.51.100.7, TTL 300 */
static const uint8_t dns[] = {
    0,   7,   0x81, 0x80, 0,   1,   0,   1,   0,   0,   0,  0,   3,    'w', 'w',
    'w', 8,   'd',  'o',  'r', 'm', 'a', 'm', 'm', 'u', 8,  'l', 'o',  'o', 'k',
    'b', 'a', 'c',  'k',  2,   'i', 'o', 0,   0,   1,   0,  1,   0xc0, 12,  0,
    1,   0,   1,    0,    0,   1,   44,  0,   4,   198, 51, 100, 7,
};

static struct whitelist_pattern pattern;
static struct plan plan = {.patterns = &pattern, .pattern_count = 1, .ttl_max = {3600}};
static struct message told;
static unsigned told_count;
static struct hearsay *hearsay;

static void on_told(void *context, const struct message *message)
{
    (void)context;
    told = *message;
    told_count++;
}

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t used = 0;

    for (; value > 127; value >>= 7)
        out[used++] = (uint8_t)(value | 128);
    out[used++] = (uint8_t)value;
    return used;
}

static size_t put_number(uint8_t *out, unsigned field, uint64_t value)
{
    size_t used = put_varint(out, field << 3);

    return used + put_varint(out + used, value);
}

static size_t put_bytes(uint8_t *out, unsigned field, const void *bytes, size_t size)
{
    size_t used = put_varint(out, field << 3 | 2);

    used += put_varint(out + used, size);
    memcpy(out + used, bytes, size);
    return used + size;
}

/* A CLIENT_RESPONSE, or another kind, of so long ago. */
static size_t frame(uint8_t *out, uint64_t kind, uint64_t age_seconds)
{
    static const uint8_t client[4] = {192, 0, 2, 10};
    uint8_t message[512];
    size_t used = put_number(message, 1, kind);

    used += put_number(message + used, 2, 1);
    used += put_number(message + used, 3, 3);
    used += put_bytes(message + used, 4, client, sizeof(client));
    used += put_number(message + used, 6, 4321);
    used += put_number(message + used, 12, NOW_NS / NS_PER_SECOND - age_seconds);
    used += put_bytes(message + used, 14, dns, sizeof(dns));
    size_t size = put_bytes(out, 14, message, used);
    return size + put_number(out + size, 15, 1);
}

static int begin(void **state)
{
    (void)state;
    pattern_from_text("*.dormammu.lookback.io", &pattern.pattern);
    hearsay = hearsay_new(&plan, on_told, NULL);
    return hearsay ? 0 : -1;
}

static int each(void **state)
{
    (void)state;
    told_count = 0;
    return 0;
}

static uint64_t counted(enum counter counter)
{
    static struct counters counters;

    hearsay_counters(hearsay, &counters);
    return counters.value[counter];
}

static void hear(uint64_t kind, uint64_t age_seconds)
{
    const struct moment now = {.boot_ns = NS_PER_SECOND, .real_ns = NOW_NS};
    uint8_t bytes[1024];

    hearsay_frame(hearsay, bytes, frame(bytes, kind, age_seconds), &now);
}

static void test_an_answer_to_a_client_is_told(void **state)
{
    (void)state;
    hear(6, 0);
    assert_int_equal(told_count, 1);
    assert_int_equal(told.kind, MESSAGE_ANSWER);
    assert_int_equal(told.sighting.transport, TRANSPORT_TLS);
    assert_int_equal(told.sighting.client_port, 4321);
    assert_int_equal(told.sighting.addresses[0].ttl, 300);
    assert_true(message_is_valid(&told, SOURCE_DNSTAP));
}

/* The same client may ask again with the same number and port: over HTTPS it is always 0. */
static void test_the_same_question_again_is_told_again(void **state)
{
    (void)state;
    hear(6, 0);
    hear(6, 0);
    assert_int_equal(told_count, 2);
    assert_int_equal(told.kind, MESSAGE_ANSWER);
}

static void test_what_came_late_lives_less(void **state)
{
    (void)state;
    hear(6, 120);
    assert_int_equal(told.sighting.addresses[0].ttl, 180);
    assert_int_equal(told.sighting.chain_ttl, 180);
    assert_int_equal(told.sighting.captured_ns, NOW_NS - 120 * NS_PER_SECOND);
    hear(6, 500);
    assert_int_equal(told.sighting.addresses[0].ttl, 0);
}

static void test_what_is_very_old_teaches_nothing(void **state)
{
    uint64_t before = counted(COUNTER_DNSTAP_STALE);

    (void)state;
    hear(6, 601);
    assert_int_equal(told_count, 0);
    assert_int_equal(counted(COUNTER_DNSTAP_STALE), before + 1);
}

static void test_only_answers_to_clients_teach(void **state)
{
    (void)state;
    for (uint64_t kind = 0; kind < 16; kind++)
        if (kind != 6)
            hear(kind, 0);
    assert_int_equal(told_count, 0);
    assert_int_equal(counted(COUNTER_DNSTAP_OTHER_KIND), 15);
}

/* Cut anywhere, or with any byte another one: refused or taken, and never read past the end. */
static void test_a_frame_that_is_cut_is_malformed(void **state)
{
    const struct moment now = {.boot_ns = NS_PER_SECOND, .real_ns = NOW_NS};
    uint64_t before = counted(COUNTER_DNSTAP_MALFORMED);
    uint8_t bytes[1024];
    size_t size = frame(bytes, 6, 0), message = size - 2;

    (void)state;
    for (size_t cut = 1; cut < message; cut++)
        hearsay_frame(hearsay, bytes, cut, &now);
    assert_int_equal(told_count, 0);
    assert_int_equal(counted(COUNTER_DNSTAP_MALFORMED), before + message - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_an_answer_to_a_client_is_told, each),
        cmocka_unit_test_setup(test_the_same_question_again_is_told_again, each),
        cmocka_unit_test_setup(test_what_came_late_lives_less, each),
        cmocka_unit_test_setup(test_what_is_very_old_teaches_nothing, each),
        cmocka_unit_test_setup(test_only_answers_to_clients_teach, each),
        cmocka_unit_test_setup(test_a_frame_that_is_cut_is_malformed, each),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
