/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of every shape: what is read of them, and what is accepted. */
#include "registry/list/accepted.h"
#include "registry/list/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "eu1.example.net 203.0.113.7(eu1.example.net) !malformed ..." */
struct line {
    char text[4096];
    size_t used;
};

static void add(struct line *line, const char *text)
{
    line->used +=
        (size_t)snprintf(line->text + line->used, sizeof(line->text) - line->used, "%s", text);
}

static void describe(void *context, const struct entry *entry, const char *text, size_t size,
                     const struct dname *beside)
{
    static const char *const marks[] = {[ENTRY_MALFORMED] = "!",
                                        [ENTRY_HOST] = "",
                                        [ENTRY_ADDRESS] = "",
                                        [ENTRY_PREFIX] = "/",
                                        [ENTRY_WILDCARD] = "*."};
    struct line *line = context;
    char value[DNAME_TEXT_MAX];

    if (line->used > 0)
        add(line, " ");
    add(line, marks[entry->kind]);
    if (entry->kind == ENTRY_MALFORMED) {
        snprintf(value, sizeof(value), "%.*s", (int)size, text);
        add(line, value);
    } else if (entry->kind == ENTRY_ADDRESS || entry->kind == ENTRY_PREFIX) {
        add(line, address_to_text(&entry->address, value));
    } else {
        add(line, dname_to_text(&entry->name, value));
    }
    if (beside && entry->kind == ENTRY_ADDRESS) {
        add(line, "(");
        add(line, dname_to_text(beside, value));
        add(line, ")");
    }
}

static void expect(const char *document, const char *wanted)
{
    struct line line = {.used = 0};
    enum document_outcome outcome = document_read(document, strlen(document), describe, &line);

    if (outcome != DOCUMENT_OK || strcmp(line.text, wanted) != 0)
        fail_msg("%s\n  outcome %d, read:   %s\n  wanted: %s", document, (int)outcome, line.text,
                 wanted);
}

static void test_json(void **context)
{
    (void)context;
    expect("[\"a.net\", \"b.net:443\", \"203.0.113.7\", 5, null, \"no host\"]",
           "a.net b.net 203.0.113.7 !no host");
    expect("[{\"host\": \"a.net\", \"ip\": \"203.0.113.7\", \"region\": \"eu\"},"
           " {\"hostname\": \"b.net\", \"addresses\": [\"203.0.113.8\", \"2001:db8::8\"]}]",
           "a.net 203.0.113.7(a.net) b.net 203.0.113.8(b.net) 2001:db8::8(b.net)");
    expect("[{\"ip\": \"203.0.113.7\", \"name\": \"a.net\"}]", "203.0.113.7(a.net) a.net");
    expect("{\"a.net\": {\"ip\": \"203.0.113.7\"}, \"b.net\": [\"203.0.113.8\"], \"c.net\": true}",
           "a.net 203.0.113.7(a.net) b.net 203.0.113.8(b.net) c.net");
    expect("{\"version\": \"1.2.3\", \"updated\": \"2026-01-02T03:04:05Z\", \"regions\": {\"eu\": "
           "{\"servers\": [\"a.net\"], \"title\": \"Europe\"}, \"us\": {\"main\": \"b.net\"}}}",
           "a.net b.net");
    expect("{\"prefixes\": [\"203.0.113.0/24\"], \"hosts\": [\"*.a.net\", \"https://b.net/x\"]}",
           "/203.0.113.0 *.a.net b.net");
    expect("{\"host\": \"a.net\"}\n{\"host\": \"b.net\"}\n", "a.net b.net");
    expect("[]", "");
    expect("{\"hosts\": [\"\\u00e4.net\"]}", "!\xc3\xa4.net");
}

static void test_text(void **context)
{
    (void)context;
    expect("", "");
    expect(" \r\n\r\n", "");
    expect("a.net\nb.net\r\nc.net", "a.net b.net c.net");
    expect("# all of them\n\n; more\na.net # first\nb.net ; second\nhttps://c.net/#top\n",
           "a.net b.net c.net");
    expect("localhost\nnot a host\n", "localhost !not a host");
    expect("[2001:db8::1]:443\n203.0.113.7:80\n", "2001:db8::1 203.0.113.7");
    expect("\xef\xbb\xbf"
           "a.net\n",
           "a.net");
    expect("\xff\xfe.net\na.net", "!\xff\xfe.net a.net");
}

static void test_csv(void **context)
{
    (void)context;
    expect("host,ip,region\na.net,203.0.113.7,eu\nb.net,2001:db8::8,us\n",
           "a.net 203.0.113.7(a.net) b.net 2001:db8::8(b.net)");
    expect("\"Hostname\";\"State\"\n\"a.net\";\"up, mostly\"\n", "a.net");
    expect("203.0.113.7\ta.net\n", "203.0.113.7(a.net) a.net");
    expect("a.net,b.net\n", "a.net b.net");
    expect("try again later, please\n", "!try again later, please");
}

static void expect_outcome(const char *bytes, size_t size, enum document_outcome wanted)
{
    struct line line = {.used = 0};

    assert_int_equal(document_read(bytes, size, describe, &line), wanted);
}

static void test_no_list(void **context)
{
    static const char nul[] = "a.net\n\0b.net";
    (void)context;

    expect_outcome("<html>", 6, DOCUMENT_PAGE);
    expect_outcome(" \n<?xml?>", 9, DOCUMENT_PAGE);
    expect_outcome(nul, sizeof(nul) - 1, DOCUMENT_BINARY);
    expect_outcome("[\"a.net\"", 8, DOCUMENT_MALFORMED);
    expect_outcome("{\"a\": 1} x", 10, DOCUMENT_MALFORMED);
    expect_outcome("[\"\xff\xfe\"]", 6, DOCUMENT_MALFORMED);
    expect_outcome("[\"a\\u0000b\"]", 12, DOCUMENT_MALFORMED);
}

static void ignore(void *context, const struct entry *entry, const char *text, size_t size,
                   const struct dname *beside)
{
    (void)context, (void)entry, (void)text, (void)size, (void)beside;
}

static void expect_repeated(const char *head, const char *piece, size_t times,
                            enum document_outcome wanted)
{
    size_t length = strlen(piece), used = strlen(head);
    char *document = malloc(used + length * times);

    memcpy(document, head, used);
    for (size_t i = 0; i < times; i++, used += length)
        memcpy(document + used, piece, length);
    assert_int_equal(document_read(document, used, ignore, NULL), wanted);
    free(document);
}

static void test_bounds(void **context)
{
    (void)context;
    expect_repeated("", "[", DOCUMENT_DEPTH_MAX + 1, DOCUMENT_TOO_DEEP);
    expect_repeated("", "{\"a\":", 100000, DOCUMENT_TOO_DEEP);
    expect_repeated("[1", ",1", 1000000, DOCUMENT_TOO_LONG);
    expect_repeated("", "a.n\n", 1000000, DOCUMENT_TOO_LONG);
    expect_repeated("", "#\n", 1000000, DOCUMENT_TOO_LONG);
    expect_repeated("", "a,", 1000000, DOCUMENT_OK); /* one row, of which 64 fields count */
    expect_repeated("", "a.n\n", 100000, DOCUMENT_OK);
}

/* ---- what is accepted ---- */

static struct matcher *matcher;
static struct whitelist_pattern patterns[3];

static int set_up(void **context)
{
    (void)context;
    patterns[1].whitelist = patterns[2].whitelist = 0;
    patterns[0].whitelist = 1;
    pattern_from_text("other.example", &patterns[0].pattern);
    pattern_from_text("a.net", &patterns[1].pattern);
    pattern_from_text("*.a.net", &patterns[2].pattern);
    matcher = matcher_new(patterns, 3);
    return matcher ? 0 : -1;
}

static int tear_down(void **context)
{
    (void)context;
    matcher_free(matcher);
    return 0;
}

static void take(void *context, const struct entry *entry, const char *text, size_t size,
                 const struct dname *beside)
{
    (void)text, (void)size;
    accepted_take(context, entry, beside);
}

static struct accepted accepted_of(const char *document, bool takes_addresses)
{
    struct accepted accepted;

    accepted_init(&accepted, matcher, 0, takes_addresses);
    assert_int_equal(document_read(document, strlen(document), take, &accepted), DOCUMENT_OK);
    return accepted;
}

static const char mixed[] = "{\"servers\": [{\"ip\": \"203.0.113.7\", \"host\": \"eu.a.net\"},"
                            "{\"host\": \"eu.b.net\", \"ip\": \"203.0.113.8\"}, \"a.net\","
                            "\"A.net\", \"*.a.net\", \"203.0.113.0/24\", \"203.0.113.9\","
                            "\"203.0.113.9\", \"no host\", \"other.example\"]}";

static void test_roster(void **context)
{
    struct accepted accepted = accepted_of(mixed, true);
    (void)context;

    assert_int_equal(accepted.host_count, 2);
    assert_int_equal(accepted.address_count, 2);
    assert_int_equal(accepted.addresses[0].host, 0);
    assert_int_equal(accepted.addresses[1].host, ACCEPTED_UNNAMED);
    assert_int_equal(accepted.fates[FATE_OUTSIDE], 3); /* eu.b.net, its address, other.example */
    assert_int_equal(accepted.fates[FATE_REPEATED], 3);
    assert_int_equal(accepted.fates[FATE_WILDCARD], 1);
    assert_int_equal(accepted.fates[FATE_PREFIX], 1);
    assert_int_equal(accepted.fates[FATE_MALFORMED], 1);
    assert_int_equal(accepted_size(&accepted), 4);
    accepted_free(&accepted);
}

static void test_roster_without_addresses(void **context)
{
    struct accepted accepted = accepted_of(mixed, false);
    (void)context;

    assert_int_equal(accepted.address_count, 0);
    assert_int_equal(accepted.fates[FATE_LIST_ADDRESS], 3);
    assert_int_equal(accepted.host_count, 2);
    accepted_free(&accepted);
}

static void test_roster_is_bounded(void **context)
{
    struct accepted accepted;
    (void)context;

    accepted_init(&accepted, matcher, 0, true);
    for (unsigned i = 0; i < 10000; i++) {
        char text[32];
        struct entry entry;

        snprintf(text, sizeof(text), "h%u.a.net", i);
        entry = entry_from_text(text, strlen(text), true);
        accepted_take(&accepted, &entry, NULL);
        snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
        entry = entry_from_text(text, strlen(text), true);
        accepted_take(&accepted, &entry, NULL);
    }
    assert_int_equal(accepted.host_count, ACCEPTED_HOSTS_MAX);
    assert_int_equal(accepted.address_count, ACCEPTED_ADDRESSES_MAX);
    assert_int_equal(accepted.fates[FATE_NO_ROOM],
                     20000 - ACCEPTED_HOSTS_MAX - ACCEPTED_ADDRESSES_MAX);
    accepted_free(&accepted);
}

static void test_name_of_bare_addresses(void **context)
{
    struct dname name = accepted_unnamed(patterns, 3, 0);
    char text[DNAME_TEXT_MAX];
    (void)context;

    assert_string_equal(dname_to_text(&name, text), "*.a.net");
    assert_true(matcher_find(matcher, &name) & 1);
    name = accepted_unnamed(patterns, 3, 1);
    assert_string_equal(dname_to_text(&name, text), "other.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_no_list),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_roster),
        cmocka_unit_test(test_roster_without_addresses),
        cmocka_unit_test(test_roster_is_bounded),
        cmocka_unit_test(test_name_of_bare_addresses),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
