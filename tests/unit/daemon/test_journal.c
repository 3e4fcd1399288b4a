/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines of events. */
#include "daemon/outputs/journal.h"

#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char line[JOURNAL_LINE_MAX];

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
    struct sighting sighting;
    struct event event;
};

static void make_scene(struct scene *scene, enum event_kind kind)
{
    memset(scene, 0, sizeof(*scene));
    scene->name = name_of("eu1.dormammu.lookback.io");
    scene->owner = scene->name;
    scene->address = address_of("198.51.100.7");
    assert_true(set_name_from_text("inet wildset lookback4", &scene->set));
    scene->sighting.question = scene->name;
    scene->sighting.resolver = address_of("192.0.2.53");
    scene->sighting.client = address_of("192.0.2.10");
    scene->sighting.address_count = 1;
    scene->sighting.addresses[0].address = scene->address;
    scene->event = (struct event){
        .kind = kind,
        .source = SOURCE_SNIFFER,
        .set = &scene->set,
        .name = &scene->name,
        .owner = &scene->owner,
        .address = &scene->address,
        .record = RECORD_A,
        .lifetime = 900,
        .sighting = &scene->sighting,
    };
}

static void test_a_grant_says_what_where_how_long_and_why(void **state)
{
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_GRANTED);
    assert_string_equal(journal_line(&scene.event, line),
                        "granted 198.51.100.7 in inet wildset lookback4 for 900 s: "
                        "eu1.dormammu.lookback.io (A, resolver 192.0.2.53, client 192.0.2.10)");
    scene.owner = name_of("lb.example.net");
    strcpy(scene.sighting.interface, "eth1");
    assert_string_equal(journal_line(&scene.event, line),
                        "granted 198.51.100.7 in inet wildset lookback4 for 900 s: "
                        "eu1.dormammu.lookback.io at lb.example.net (A, resolver 192.0.2.53, "
                        "client 192.0.2.10, on eth1)");
}

static void test_a_grant_without_a_sighting_names_its_source(void **state)
{
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_GRANTED);
    scene.event.sighting = NULL;
    scene.event.record = RECORD_NONE;
    scene.event.source = SOURCE_STATE;
    assert_string_equal(journal_line(&scene.event, line),
                        "granted 198.51.100.7 in inet wildset lookback4 for 900 s: "
                        "eu1.dormammu.lookback.io (state)");
}

static void test_ends_are_told(void **state)
{
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_EXPIRED);
    assert_string_equal(
        journal_line(&scene.event, line),
        "expired 198.51.100.7 from inet wildset lookback4: eu1.dormammu.lookback.io");
    make_scene(&scene, EVENT_EVICTED);
    assert_string_equal(journal_line(&scene.event, line),
                        "evicted 198.51.100.7 from inet wildset lookback4 (full: max-addresses): "
                        "eu1.dormammu.lookback.io");
}

static void test_a_refusal_says_why(void **state)
{
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_REFUSED);
    scene.event.reason = REASON_LATE_ANSWER;
    scene.event.address = NULL;
    scene.event.set = NULL;
    scene.event.record = RECORD_NONE;
    assert_string_equal(journal_line(&scene.event, line),
                        "refused 198.51.100.7: late-answer: eu1.dormammu.lookback.io (sniffer, "
                        "resolver 192.0.2.53, client 192.0.2.10)");
    scene.sighting.address_count = 0;
    assert_string_equal(journal_line(&scene.event, line),
                        "refused no address: late-answer: eu1.dormammu.lookback.io (sniffer, "
                        "resolver 192.0.2.53, client 192.0.2.10)");
}

static void test_an_alarm_shows_both_answers(void **state)
{
    struct alarm_report alarm;
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_ALARM);
    memset(&alarm, 0, sizeof(alarm));
    alarm.sighting = scene.sighting;
    alarm.sighting.addresses[0].address = address_of("203.0.113.9");
    alarm.earlier_count = 2;
    alarm.earlier[0] = address_of("198.51.100.7");
    alarm.earlier[1] = address_of("198.51.100.8");
    scene.event.alarm = &alarm;
    assert_string_equal(journal_line(&scene.event, line),
                        "alarm: conflicting answer ignored: "
                        "eu1.dormammu.lookback.io, resolver 192.0.2.53, client 192.0.2.10: first "
                        "198.51.100.7, 198.51.100.8; then 203.0.113.9: possible spoofing");
    alarm.asked_again = 1;
    assert_string_equal(journal_line(&scene.event, line),
                        "alarm: conflicting answer ignored: "
                        "eu1.dormammu.lookback.io, resolver 192.0.2.53, client 192.0.2.10: first "
                        "198.51.100.7, 198.51.100.8; then 203.0.113.9: the question was repeated, "
                        "so both may be genuine (rotating addresses); otherwise possible spoofing");
    alarm = (struct alarm_report){.sighting = scene.sighting};
    alarm.sighting.address_count = 0;
    assert_string_equal(journal_line(&scene.event, line),
                        "alarm: conflicting answer ignored: "
                        "eu1.dormammu.lookback.io, resolver 192.0.2.53, client 192.0.2.10: first "
                        "no address; then no address: possible spoofing");
}

/* A name is somebody else's bytes: a line feed or an escape in it must not reach the log as such.
 */
static void test_names_leave_escaped_and_fit(void **state)
{
    static const uint8_t wire[] = {6, 'a', '\n', 0x1b, '"', '.', '\\', 0};
    uint8_t longest[DNAME_MAX];
    struct scene scene;

    (void)state;
    make_scene(&scene, EVENT_EXPIRED);
    assert_int_equal(dname_from_wire(wire, sizeof(wire), &scene.name), sizeof(wire));
    scene.owner = scene.name;
    assert_string_equal(journal_line(&scene.event, line),
                        "expired 198.51.100.7 from inet wildset lookback4: a\\010\\027\\034\\046"
                        "\\092");
    memset(longest, 1, sizeof(longest)); /* 127 labels of the one byte 0x01 */
    longest[DNAME_MAX - 1] = 0;
    assert_int_equal(dname_from_wire(longest, sizeof(longest), &scene.name), sizeof(longest));
    assert_true(strlen(journal_line(&scene.event, line)) < JOURNAL_LINE_MAX);
    make_scene(&scene, EVENT_GRANTED);
    assert_int_equal(dname_from_wire(longest, sizeof(longest), &scene.name), sizeof(longest));
    assert_true(strlen(journal_line(&scene.event, line)) < JOURNAL_LINE_MAX);
}

/* ---- how many lines ---- */

/* What was written while `stderr` was this file. */
struct capture {
    FILE *file;
    int before;
};

static void capture_begin(struct capture *capture)
{
    capture->file = tmpfile();
    assert_non_null(capture->file);
    fflush(stderr);
    capture->before = dup(STDERR_FILENO);
    dup2(fileno(capture->file), STDERR_FILENO);
}

struct told {
    unsigned lines;
    unsigned long more; /* told as a number */
};

static struct told capture_end(struct capture *capture)
{
    struct told told = {0, 0};
    char text[JOURNAL_LINE_MAX];

    fflush(stderr);
    dup2(capture->before, STDERR_FILENO);
    close(capture->before);
    rewind(capture->file);
    while (fgets(text, sizeof(text), capture->file)) {
        unsigned long more = strtoul(strchr(text, ' ') ? strchr(text, ' ') + 1 : text, NULL, 10);

        if (strstr(text, " suppressed"))
            told.more += more;
        else
            told.lines++;
    }
    fclose(capture->file);
    return told;
}

/* So many of each kind, evenly in ten seconds, with the daemon's pulse. */
static struct told flood(const enum event_kind *kinds, unsigned kind_count, unsigned each)
{
    struct journal journal = {.fd = -1};
    struct capture capture;
    struct scene scene;

    log_open("test", LOG_LEVEL_DEBUG);
    capture_begin(&capture);
    for (unsigned i = 0; i < each; i++) {
        uint64_t boot_ns = NS_PER_SECOND * 1000 + i * (10 * NS_PER_SECOND / each);

        for (unsigned kind = 0; kind < kind_count; kind++) {
            make_scene(&scene, kinds[kind]);
            journal_event(&journal, &scene.event, boot_ns);
        }
        if ((i + 1) % (each / 10) == 0)
            journal_pulse(&journal);
    }
    journal_close(&journal);
    return capture_end(&capture);
}

static void test_forged_answers_do_not_fill_the_log(void **state)
{
    static const enum event_kind both[] = {EVENT_GRANTED, EVENT_EVICTED};
    struct told told = flood(both, 2, 22000);

    (void)state;
    assert_in_range(told.lines, 100, 2000);
    assert_int_equal(told.lines + told.more, 44000);
}

static void test_each_kind_has_its_bounds_and_is_counted(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
        const enum event_kind one = (enum event_kind)kind;
        struct told told = flood(&one, 1, 5000);

        assert_in_range(told.lines, 10, 2000);
        assert_int_equal(told.lines + told.more, 5000);
    }
}

static void test_what_is_usual_is_told_line_by_line(void **state)
{
    static const enum event_kind usual[] = {EVENT_GRANTED, EVENT_EXPIRED};
    struct told told = flood(usual, 2, 500);

    (void)state;
    assert_int_equal(told.lines, 1000);
    assert_int_equal(told.more, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_grant_says_what_where_how_long_and_why),
        cmocka_unit_test(test_a_grant_without_a_sighting_names_its_source),
        cmocka_unit_test(test_ends_are_told),
        cmocka_unit_test(test_a_refusal_says_why),
        cmocka_unit_test(test_an_alarm_shows_both_answers),
        cmocka_unit_test(test_names_leave_escaped_and_fit),
        cmocka_unit_test(test_forged_answers_do_not_fill_the_log),
        cmocka_unit_test(test_each_kind_has_its_bounds_and_is_counted),
        cmocka_unit_test(test_what_is_usual_is_told_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
