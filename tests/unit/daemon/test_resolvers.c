/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers that answered: counted by what became of their answers, and bounded.
 */
#include "daemon/resolvers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

static void test_each_reason_has_its_count(void **state)
{
    struct resolvers resolvers = {.count = 0};
    struct sighting sighting = from("192.0.2.53", "eth0");

    (void)state;
    resolvers_note(&resolvers, &sighting, REASON_NONE, 1);
    resolvers_note(&resolvers, &sighting, REASON_NONE, 2);
    resolvers_note(&resolvers, &sighting, REASON_UNTRUSTED_RESOLVER, 3);
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
    assert_int_equal(seen->untrusted, 1);
    assert_int_equal(seen->alarms, 1);
    assert_int_equal(seen->refused, 2);
    assert_int_equal(seen->seen_ns, 6);
    assert_string_equal(seen->interface, "eth1");
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
        cmocka_unit_test(test_a_sighting_without_resolver_is_nobodys),
        cmocka_unit_test(test_forgers_do_not_drive_out_the_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
