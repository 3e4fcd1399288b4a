/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers that answered: counted by what became of their answers, and bounded.
 */
#include "source/resolvers_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE (60 * UINT64_C(1000000000))

static struct sighting from(const char *resolver, const char *interface)
{
    struct sighting sighting = {.vlan = SIGHTING_NO_VLAN};

    assert_true(address_from_text(resolver, &sighting.resolver));
    strcpy(sighting.interface, interface);
    return sighting;
}

static const struct resolver_seen *find(const struct resolvers *resolvers, const char *text)
{
    struct address address;

    assert_true(address_from_text(text, &address));
    for (size_t i = 0; i < resolvers->count; i++) {
        if (address_equal(&resolvers->seen[i].address, &address))
            return &resolvers->seen[i];
    }
    return NULL;
}

static struct sighting stranger_asked_by(const char *resolver, const char *client)
{
    struct sighting sighting = from(resolver, "eth0");

    assert_true(address_from_text(client, &sighting.client));
    assert_true(dname_from_text("x.example", &sighting.question));
    sighting.stranger = STRANGER_UNNAMED;
    return sighting;
}

static void test_each_reason_has_its_count(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting sighting = from("192.0.2.53", "eth0");

    (void)state;
    resolvers_note(&resolvers, &sighting, REASON_NONE, 1);
    resolvers_note(&resolvers, &sighting, REASON_NONE, 2);
    sighting.stranger = STRANGER_ELSEWHERE;
    resolvers_note(&resolvers, &sighting, REASON_UNTRUSTED_RESOLVER, 3);
    sighting.stranger = STRANGER_UNKNOWN;
    resolvers_note(&resolvers, &sighting, REASON_UNTRUSTED_RESOLVER, 3); /* anybody's */
    resolvers_note(&resolvers, &sighting, REASON_EXTRA_ANSWER, 4);
    resolvers_note(&resolvers, &sighting, REASON_NOT_NOERROR, 5);
    strcpy(sighting.interface, "eth1");
    resolvers_note(&resolvers, &sighting, REASON_NO_QUESTION, 6);
    strcpy(sighting.interface, "eth2");
    resolvers_note(&resolvers, &sighting, REASON_DUPLICATE, 7); /* the second leg: says nothing */

    assert_int_equal(resolvers.count, 1);
    const struct resolver_seen *seen = find(&resolvers, "192.0.2.53");
    assert_non_null(seen);
    assert_int_equal(seen->answers, 2);
    assert_int_equal(seen->unnamed, 0);
    assert_int_equal(seen->elsewhere, 1);
    assert_int_equal(seen->alarms, 1);
    assert_int_equal(seen->refused, 2);
    assert_int_equal(seen->seen_ns, 6);
    assert_string_equal(seen->interface, "eth1");
    /* It teaches where it is believed: what is seen elsewhere is no trouble. */
    assert_int_equal(resolver_finding(seen, true, 7), RESOLVER_FINE);
}

static void test_who_was_asked_is_a_finding_for_a_day(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting first = stranger_asked_by("203.0.113.53", "192.0.2.10");
    struct sighting second = stranger_asked_by("203.0.113.53", "192.0.2.11");

    (void)state;
    resolvers_note(&resolvers, &first, REASON_UNTRUSTED_RESOLVER, MINUTE);
    resolvers_note(&resolvers, &first, REASON_UNTRUSTED_RESOLVER, MINUTE + 1);
    struct resolver_seen *seen =
        resolvers_note(&resolvers, &second, REASON_UNTRUSTED_RESOLVER, 3 * MINUTE);
    assert_non_null(seen);
    assert_int_equal(seen->unnamed, 3);
    assert_int_equal(seen->client_count, 2);
    assert_int_equal(seen->minutes, 2);
    assert_int_equal(resolver_finding(seen, false, 4 * MINUTE), RESOLVER_UNNAMED);
    assert_int_equal(resolver_finding(seen, true, 4 * MINUTE), RESOLVER_FINE); /* named since */
    assert_int_equal(resolver_finding(seen, false, 25 * 60 * MINUTE), RESOLVER_FINE);
    assert_true(resolvers_may_tell(&resolvers, seen, 4 * MINUTE));
    assert_false(resolvers_may_tell(&resolvers, seen, 4 * MINUTE));
}

static void test_clients_are_told_apart_up_to_a_bound(void **state)
{
    struct resolvers resolvers = {.count = 0};
    const struct resolver_seen *seen = NULL;
    char client[ADDRESS_TEXT_MAX];

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(client, sizeof(client), "10.0.%u.%u", i / 250, i % 250);
        struct sighting sighting = stranger_asked_by("203.0.113.53", client);
        seen = resolvers_note(&resolvers, &sighting, REASON_UNTRUSTED_RESOLVER, MINUTE);
    }
    assert_int_equal(seen->client_count, RESOLVER_CLIENTS_MAX);
    assert_true(seen->more_clients);
    assert_int_equal(seen->unnamed, 1000);
}

/* One client asks ten thousand servers: he drives out his own, and not those that others ask. */
static void test_a_client_that_asks_many_crowds_out_nobody(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting real = stranger_asked_by("192.0.2.53", "192.0.2.10");
    struct sighting other = stranger_asked_by("192.0.2.54", "192.0.2.11");
    unsigned told = 0;
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    resolvers_note(&resolvers, &real, REASON_UNTRUSTED_RESOLVER, MINUTE);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(text, sizeof(text), "198.51.%u.%u", i / 250, i % 250);
        struct sighting forged = stranger_asked_by(text, "192.0.2.66");
        struct resolver_seen *seen =
            resolvers_note(&resolvers, &forged, REASON_UNTRUSTED_RESOLVER, MINUTE + i);
        told += resolvers_may_tell(&resolvers, seen, MINUTE + i);
        if (i == 5000)
            resolvers_note(&resolvers, &other, REASON_UNTRUSTED_RESOLVER, MINUTE + i);
    }
    assert_int_equal(resolvers.count, 2 + RESOLVERS_OF_A_CLIENT);
    assert_non_null(find(&resolvers, "192.0.2.53"));
    assert_non_null(find(&resolvers, "192.0.2.54"));
    assert_in_range(told, 1, 12);
}

/* Nor does a crowd of forged clients drive out who is asked for longer than they. */
static void test_who_is_really_asked_stays_in_a_flood(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting real = stranger_asked_by("192.0.2.53", "192.0.2.10");
    const struct resolver_seen *ranked[RESOLVERS_SEEN_MAX];
    char server[ADDRESS_TEXT_MAX], client[ADDRESS_TEXT_MAX];

    (void)state;
    resolvers_note(&resolvers, &real, REASON_UNTRUSTED_RESOLVER, MINUTE);
    resolvers_note(&resolvers, &real, REASON_UNTRUSTED_RESOLVER, 2 * MINUTE);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(server, sizeof(server), "198.51.%u.%u", i / 250, i % 250);
        snprintf(client, sizeof(client), "10.1.%u.%u", i / 250, i % 250);
        struct sighting forged = stranger_asked_by(server, client);
        resolvers_note(&resolvers, &forged, REASON_UNTRUSTED_RESOLVER, 2 * MINUTE + i);
    }
    assert_int_equal(resolvers.count, RESOLVERS_SEEN_MAX);
    assert_non_null(find(&resolvers, "192.0.2.53"));
    resolvers_ranked(&resolvers, ranked);
    assert_ptr_equal(ranked[0], find(&resolvers, "192.0.2.53"));
}

static void test_an_interface_that_was_never_the_right_one(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting sighting = stranger_asked_by("192.0.2.53", "192.0.2.10");

    (void)state;
    sighting.stranger = STRANGER_ELSEWHERE;
    struct resolver_seen *seen =
        resolvers_note(&resolvers, &sighting, REASON_UNTRUSTED_RESOLVER, MINUTE);
    assert_int_equal(resolver_finding(seen, true, MINUTE), RESOLVER_ELSEWHERE);
    resolvers_note(&resolvers, &sighting, REASON_NONE, MINUTE);
    assert_int_equal(resolver_finding(seen, true, MINUTE), RESOLVER_FINE);
}

static void test_a_sighting_without_resolver_is_nobodys(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting sighting = {.vlan = SIGHTING_NO_VLAN};

    (void)state;
    resolvers_note(&resolvers, &sighting, REASON_NONE, 1);
    assert_int_equal(resolvers.count, 0);
}

/* A thousand forged senders drive out each other, and none that was believed. */
static void test_forgers_do_not_drive_out_the_believed(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting known = from("2001:db8::53", "eth0");
    char text[ADDRESS_TEXT_MAX];

    (void)state;
    resolvers_note(&resolvers, &known, REASON_NONE, 1);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "198.51.%u.%u", i / 250, i % 250);
        struct sighting forged = from(text, "eth0");
        resolvers_note(&resolvers, &forged, REASON_NO_QUESTION, 2 + i);
    }
    assert_int_equal(resolvers.count, RESOLVERS_SEEN_MAX);
    assert_non_null(find(&resolvers, "2001:db8::53"));
    assert_non_null(find(&resolvers, text)); /* the newest is there */
    assert_null(find(&resolvers, "198.51.0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_reason_has_its_count),
        cmocka_unit_test(test_who_was_asked_is_a_finding_for_a_day),
        cmocka_unit_test(test_clients_are_told_apart_up_to_a_bound),
        cmocka_unit_test(test_a_client_that_asks_many_crowds_out_nobody),
        cmocka_unit_test(test_who_is_really_asked_stays_in_a_flood),
        cmocka_unit_test(test_an_interface_that_was_never_the_right_one),
        cmocka_unit_test(test_a_sighting_without_resolver_is_nobodys),
        cmocka_unit_test(test_forgers_do_not_drive_out_the_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
