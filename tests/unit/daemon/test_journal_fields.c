/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as fields of a journal entry, read back by a strict reader of the native protocol. */
#include "daemon/outputs/journal_fields.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct journald_entry entry;

/* "FIELD=value;" of each field in order; `out` is as long as needed. */
static void entry_read(char *out, size_t size)
{
    size_t at = 0, used = 0;

    out[0] = '\0';
    while (at < entry.used) {
        const char *end = memchr(entry.bytes + at, '\n', entry.used - at);
        uint64_t length;
        assert_non_null(end);
        size_t name = (size_t)(end - entry.bytes) - at;
        assert_true(at + name + 1 + sizeof(length) <= entry.used);
        memcpy(&length, end + 1, sizeof(length));
        length = le64toh(length);
        const char *value = end + 1 + sizeof(length);
        assert_true(length < entry.used - (size_t)(value - entry.bytes));
        assert_int_equal(value[length], '\n');
        used += (size_t)snprintf(out + used, size - used, "%.*s=%.*s;", (int)name, entry.bytes + at,
                                 (int)length, value);
        assert_true(used < size);
        at = (size_t)(value - entry.bytes) + length + 1;
    }
}

static struct dname name_of(const char *text)
{
    struct dname name;
    assert_true(dname_from_text(text, &name));
    return name;
}

static struct address address_of(const char *text)
{
    struct address address;
    assert_true(address_from_text(text, &address));
    return address;
}

struct scene {
    struct dname name, owner;
    struct address address;
    struct set_name set;
    struct pattern pattern;
    struct whitelist whitelist;
    struct sighting sighting;
    struct alarm_report alarm;
    struct event event;
};

static void make_scene(struct scene *scene, enum event_kind kind)
{
    memset(scene, 0, sizeof(*scene));
    scene->name = name_of("eu1.dormammu.lookback.io");
    scene->owner = name_of("lb.example.net");
    scene->address = address_of("198.51.100.7");
    assert_true(set_name_from_text("inet wildset lookback4", &scene->set));
    assert_true(pattern_from_text("*.dormammu.lookback.io", &scene->pattern));
    strcpy(scene->whitelist.name, "lookback");
    scene->sighting.resolver = address_of("192.0.2.53");
    scene->sighting.client = address_of("192.0.2.10");
    scene->sighting.vlan = SIGHTING_NO_VLAN;
    scene->sighting.transport = TRANSPORT_UDP;
    strcpy(scene->sighting.interface, "eth1");
    scene->event = (struct event){.kind = kind,
                                  .source = SOURCE_SNIFFER,
                                  .set = &scene->set,
                                  .whitelist = &scene->whitelist,
                                  .pattern = &scene->pattern,
                                  .name = &scene->name,
                                  .owner = &scene->owner,
                                  .address = &scene->address,
                                  .record = RECORD_A,
                                  .sighting = &scene->sighting};
}

static const char *fields_of(const struct scene *scene)
{
    static char text[4 * JOURNALD_ENTRY_MAX];

    entry.used = 0;
    journal_fields(&scene->event, &entry);
    entry_read(text, sizeof(text));
    return text;
}

static void test_a_grant_has_all_that_is_known(void **state)
{
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_GRANTED);
    scene.event.ttl = 300;
    scene.event.lifetime = 900;
    scene.event.expires_real_ns = UINT64_C(1767323045000000000);
    scene.sighting.vlan = 20;
    assert_string_equal(
        fields_of(&scene),
        "MESSAGE_ID=8b340505ca9f495491c69095324f4697;WILDSET_EVENT=granted;WILDSET_SOURCE=sniffer;"
        "WILDSET_WHITELIST=lookback;WILDSET_SET=inet wildset lookback4;"
        "WILDSET_PATTERN=*.dormammu.lookback.io;WILDSET_NAME=eu1.dormammu.lookback.io;"
        "WILDSET_OWNER=lb.example.net;WILDSET_RECORD=A;WILDSET_ADDRESS=198.51.100.7;"
        "WILDSET_TTL=300;WILDSET_LIFETIME=900;WILDSET_EXPIRES=2026-01-02T03:04:05.000000Z;"
        "WILDSET_RESOLVER=192.0.2.53;WILDSET_CLIENT=192.0.2.10;WILDSET_INTERFACE=eth1;"
        "WILDSET_VLAN=20;WILDSET_TRANSPORT=udp;");
}

static void test_each_kind_has_an_id_of_its_own(void **state)
{
    char ids[EVENT_COUNT][33];

    (void)state;
    for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
        struct scene scene;
        make_scene(&scene, (enum event_kind)kind);
        assert_int_equal(sscanf(fields_of(&scene), "MESSAGE_ID=%32[0-9a-f];", ids[kind]), 1);
        assert_int_equal(strlen(ids[kind]), 32);
        for (unsigned other = 0; other < kind; other++)
            assert_string_not_equal(ids[kind], ids[other]);
    }
}

static void test_an_alarm_is_found_by_each_of_its_addresses(void **state)
{
    struct scene scene;
    const char *text;

    (void)state;
    make_scene(&scene, EVENT_ALARM);
    scene.alarm.sighting = scene.sighting;
    scene.alarm.sighting.address_count = 2;
    scene.alarm.sighting.addresses[0].address = address_of("203.0.113.9");
    scene.alarm.sighting.addresses[1].address = address_of("203.0.113.10");
    scene.alarm.earlier_count = 1;
    scene.alarm.earlier[0] = address_of("198.51.100.7");
    scene.event.address = NULL;
    scene.event.reason = REASON_EXTRA_ANSWER;
    scene.event.sighting = &scene.alarm.sighting;
    scene.event.alarm = &scene.alarm;
    text = fields_of(&scene);
    assert_non_null(strstr(text, "WILDSET_REASON=extra-answer;"));
    assert_non_null(strstr(text, "WILDSET_ADDRESS=203.0.113.9;WILDSET_ADDRESS=203.0.113.10;"
                                 "WILDSET_EARLIER=198.51.100.7;"));
}

static void test_an_end_has_no_more_than_it_knows(void **state)
{
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_EXPIRED);
    scene.event.sighting = NULL;
    scene.event.owner = NULL;
    scene.event.pattern = NULL;
    assert_string_equal(
        fields_of(&scene),
        "MESSAGE_ID=9ed0c4a78cf841be90ff15b3d4732dce;WILDSET_EVENT=expired;WILDSET_SOURCE=sniffer;"
        "WILDSET_WHITELIST=lookback;WILDSET_SET=inet wildset lookback4;"
        "WILDSET_NAME=eu1.dormammu.lookback.io;WILDSET_RECORD=A;WILDSET_ADDRESS=198.51.100.7;");
}

/* Labels are somebody else's bytes: nothing of them reaches the journal unescaped, and the longest
 * fit. */
static void test_names_stay_inside_their_field(void **state)
{
    static const uint8_t wire[] = {12,  'a', '\n', 'P', 'R', 'I', 'O',
                                   'R', 'I', 'T',  'Y', '=', '0', 0};
    uint8_t longest[DNAME_MAX];
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_REFUSED);
    assert_int_equal(dname_from_wire(wire, sizeof(wire), &scene.name), sizeof(wire));
    assert_non_null(strstr(fields_of(&scene), "WILDSET_NAME=a\\010priority=0;"));
    memset(longest, 1, sizeof(longest));
    longest[DNAME_MAX - 1] = 0;
    assert_int_equal(dname_from_wire(longest, sizeof(longest), &scene.name), sizeof(longest));
    scene.owner = scene.name;
    assert_non_null(strstr(fields_of(&scene), "WILDSET_TRANSPORT=udp;"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_grant_has_all_that_is_known),
        cmocka_unit_test(test_each_kind_has_an_id_of_its_own),
        cmocka_unit_test(test_an_alarm_is_found_by_each_of_its_addresses),
        cmocka_unit_test(test_an_end_has_no_more_than_it_knows),
        cmocka_unit_test(test_names_stay_inside_their_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
