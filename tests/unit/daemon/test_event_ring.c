/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that are kept: what is told later is what was told then, and who is slow learns how much
 * it missed.
 */
#include "daemon/control/event_ring.h"
#include "setsync/policy/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/netfilter.h>

enum { ROOM = 8 };

/* An event and all that it borrows. */
struct whole {
    struct event event;
    struct whitelist whitelist;
    struct set_name set;
    struct dname name, owner;
    struct pattern pattern;
    struct address address;
    struct alarm_report alarm;
};

static void fill(struct whole *whole, enum event_kind kind)
{
    memset(whole, 0, sizeof(*whole));
    strcpy(whole->whitelist.name, "lookback");
    assert_true(set_name_from_text("inet wildset lookback4", &whole->set));
    assert_true(dname_from_text("eu1.dormammu.lookback.io", &whole->name));
    assert_true(dname_from_text("lb.example.net", &whole->owner));
    assert_true(pattern_from_text("*.dormammu.lookback.io", &whole->pattern));
    assert_true(address_from_text("198.51.100.7", &whole->address));
    struct sighting *sighting = &whole->alarm.sighting;
    assert_true(address_from_text("192.0.2.53", &sighting->resolver));
    assert_true(address_from_text("2001:db8::10", &sighting->client));
    sighting->vlan = 12;
    sighting->transport = TRANSPORT_TCP;
    memset(sighting->interface, 'i', IFNAMSIZ);
    whole->event = (struct event){
        .kind = kind,
        .reason = kind == EVENT_REFUSED ? REASON_CAPACITY : REASON_NONE,
        .source = SOURCE_REGISTRY,
        .real_ns = UINT64_C(1767322984678901000),
        .whitelist = &whole->whitelist,
        .set = &whole->set,
        .name = &whole->name,
        .owner = &whole->owner,
        .pattern = &whole->pattern,
        .address = &whole->address,
        .record = RECORD_A,
        .ttl = 300,
        .lifetime = 900,
        .expires_real_ns = UINT64_C(1767323884678901000),
        .sighting = sighting,
    };
}

static void fill_alarm(struct whole *whole)
{
    fill(whole, EVENT_ALARM);
    whole->event.address = NULL;
    whole->event.alarm = &whole->alarm;
    whole->alarm.sighting.address_count = SIGHTING_ADDRESSES_MAX;
    whole->alarm.earlier_count = 2;
    for (unsigned i = 0; i < SIGHTING_ADDRESSES_MAX; i++)
        whole->alarm.sighting.addresses[i].address =
            address_from_ipv4((uint8_t[]){203, 0, 113, (uint8_t)i});
    whole->alarm.earlier[0] = address_from_ipv4((uint8_t[]){198, 51, 100, 1});
    whole->alarm.earlier[1] = address_from_ipv4((uint8_t[]){198, 51, 100, 2});
}

static json_t *json_of(const struct whole *whole)
{
    json_t *object = event_to_json(&whole->event);

    json_object_set_new(object, "event", json_string(event_kind_name(whole->event.kind)));
    return object;
}

static void expect_same(struct whole *whole)
{
    json_t *wanted = json_of(whole);
    struct event_ring *ring = event_ring_new(ROOM);
    uint64_t number = 0, lost;

    event_ring_add(ring, &whole->event);
    memset(whole, 0xa5, sizeof(*whole)); /* what it was made of goes */
    json_t *got = event_ring_next(ring, &number, &lost);
    if (!json_equal(got, wanted))
        fail_msg("%s, wanted %s", json_dumps(got, 0), json_dumps(wanted, 0));
    json_decref(got);
    json_decref(wanted);
    event_ring_free(ring);
}

static void test_what_is_read_is_what_was_added(void **state)
{
    struct whole whole;

    (void)state;
    for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
        fill(&whole, (enum event_kind)kind);
        expect_same(&whole);
    }
    fill_alarm(&whole);
    expect_same(&whole);
    fill(&whole, EVENT_EXPIRED);
    whole.event = (struct event){.kind = EVENT_EXPIRED, .source = SOURCE_SNIFFER};
    expect_same(&whole);
}

/* The ttl of the next one, and how many were lost before it. */
static long next_of(const struct event_ring *ring, uint64_t *number, uint64_t *lost)
{
    json_t *object = event_ring_next(ring, number, lost);

    if (!object)
        return -1;
    long ttl = (long)json_integer_value(json_object_get(object, "ttl"));
    json_decref(object);
    return ttl;
}

static void test_a_ring_forgets_the_oldest_and_says_so(void **state)
{
    struct event_ring *ring = event_ring_new(ROOM);
    uint64_t number = event_ring_end(ring), lost;
    struct whole whole;

    (void)state;
    fill(&whole, EVENT_GRANTED);
    assert_int_equal(next_of(ring, &number, &lost), -1);
    assert_int_equal(lost, 0);
    for (unsigned i = 0; i < 2 * ROOM + 3; i++) {
        whole.event.ttl = i;
        event_ring_add(ring, &whole.event);
        if (i < ROOM)
            assert_int_equal(event_ring_begin(ring), 0);
    }
    assert_int_equal(event_ring_begin(ring), ROOM + 3);
    assert_int_equal(next_of(ring, &number, &lost), ROOM + 3);
    assert_int_equal(lost, ROOM + 3);
    for (unsigned i = ROOM + 4; i < 2 * ROOM + 3; i++) {
        assert_int_equal(next_of(ring, &number, &lost), i);
        assert_int_equal(lost, 0);
    }
    assert_int_equal(next_of(ring, &number, &lost), -1);
    assert_int_equal(number, event_ring_end(ring));
    event_ring_free(ring);
}

/* A source's refusal holds all addresses of the answer: each is found. */
static void test_a_refused_answer_is_one_event_an_address(void **state)
{
    struct event_ring *ring = event_ring_new(ROOM);
    uint64_t number = 0, lost;
    struct whole whole;

    (void)state;
    fill(&whole, EVENT_REFUSED);
    whole.event.address = NULL;
    whole.alarm.sighting.address_count = 3;
    for (unsigned i = 0; i < 3; i++) {
        whole.alarm.sighting.addresses[i].address =
            address_from_ipv4((uint8_t[]){203, 0, 113, (uint8_t)i});
        whole.alarm.sighting.addresses[i].record = RECORD_A;
    }
    event_ring_add(ring, &whole.event);
    assert_int_equal(event_ring_end(ring), 3);
    for (unsigned i = 0; i < 3; i++) {
        char text[ADDRESS_TEXT_MAX];
        json_t *object = event_ring_next(ring, &number, &lost);

        address_to_text(&whole.alarm.sighting.addresses[i].address, text);
        assert_string_equal(json_string_value(json_object_get(object, "address")), text);
        json_decref(object);
    }
    event_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read_is_what_was_added),
        cmocka_unit_test(test_a_ring_forgets_the_oldest_and_says_so),
        cmocka_unit_test(test_a_refused_answer_is_one_event_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
