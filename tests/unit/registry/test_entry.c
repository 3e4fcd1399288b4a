/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One entry, as lists write them. */
#include "registry/list/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct expectation {
    const char *text;
    enum entry_kind kind;
    const char *value; /* the name or the address */
};

static void expect(const struct expectation *cases, size_t count, bool sure)
{
    for (size_t i = 0; i < count; i++) {
        struct entry entry = entry_from_text(cases[i].text, strlen(cases[i].text), sure);
        char name[DNAME_TEXT_MAX], address[ADDRESS_TEXT_MAX];
        const char *value = entry.kind == ENTRY_ADDRESS || entry.kind == ENTRY_PREFIX
                                ? address_to_text(&entry.address, address)
                                : dname_to_text(&entry.name, name);

        if (entry.kind != cases[i].kind || (cases[i].value && strcmp(value, cases[i].value) != 0))
            fail_msg("%s: kind %d, %s", cases[i].text, (int)entry.kind, value);
    }
}

#define EXPECT(cases, sure) expect(cases, sizeof(cases) / sizeof((cases)[0]), sure)

static void test_what_is_an_entry(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"eu1.example.net", ENTRY_HOST, "eu1.example.net"},
        {"  EU1.Example.NET.\r", ENTRY_HOST, "eu1.example.net"},
        {"\"eu1.example.net\"", ENTRY_HOST, "eu1.example.net"},
        {"eu1.example.net:443", ENTRY_HOST, "eu1.example.net"},
        {"_turn._udp.example.net", ENTRY_HOST, "_turn._udp.example.net"},
        {"https://eu1.example.net", ENTRY_HOST, "eu1.example.net"},
        {"wss://user:pass@eu1.example.net:8443/path?query#top", ENTRY_HOST, "eu1.example.net"},
        {"eu1.example.net/path", ENTRY_HOST, "eu1.example.net"},
        {"turn://192.0.2.1:3478", ENTRY_ADDRESS, "192.0.2.1"},
        {"203.0.113.7", ENTRY_ADDRESS, "203.0.113.7"},
        {"203.0.113.7:19305", ENTRY_ADDRESS, "203.0.113.7"},
        {"203.0.113.7/32", ENTRY_ADDRESS, "203.0.113.7"},
        {"2001:db8::7", ENTRY_ADDRESS, "2001:db8::7"},
        {"[2001:db8::7]", ENTRY_ADDRESS, "2001:db8::7"},
        {"[2001:db8::7]:443", ENTRY_ADDRESS, "2001:db8::7"},
        {"https://[2001:db8::7]:443/", ENTRY_ADDRESS, "2001:db8::7"},
        {"203.0.113.0/24", ENTRY_PREFIX, "203.0.113.0"},
        {"203.0.113.7/24", ENTRY_PREFIX, "203.0.113.7"},
        {"2001:db8::/32", ENTRY_PREFIX, "2001:db8::"},
        {"0.0.0.0/0", ENTRY_PREFIX, "0.0.0.0"},
        {"*.example.net", ENTRY_WILDCARD, "example.net"},
        {".example.net", ENTRY_WILDCARD, "example.net"},
        {"*", ENTRY_WILDCARD, "."},
        {"localhost", ENTRY_HOST, "localhost"},
        {"xn--mnchen-3ya.example", ENTRY_HOST, "xn--mnchen-3ya.example"},
    };
    EXPECT(cases, true);
}

static void test_what_is_none(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"", ENTRY_MALFORMED, NULL},
        {"\"\"", ENTRY_MALFORMED, NULL},
        {"two words", ENTRY_MALFORMED, NULL},
        {"m\xc3\xbcnchen.example", ENTRY_MALFORMED, NULL},
        {"\xff\xfe", ENTRY_MALFORMED, NULL},
        {"300.1.2.3", ENTRY_MALFORMED, NULL},
        {"1.2.3", ENTRY_MALFORMED, NULL},
        {"eu1.example.net:0", ENTRY_MALFORMED, NULL},
        {"eu1.example.net:65536", ENTRY_MALFORMED, NULL},
        {"eu1.example.net:port", ENTRY_MALFORMED, NULL},
        {"eu1..example.net", ENTRY_MALFORMED, NULL},
        {"eu*.example.net", ENTRY_MALFORMED, NULL},
        {"*.", ENTRY_MALFORMED, NULL},
        {".", ENTRY_MALFORMED, NULL},
        {"*.*.example.net", ENTRY_MALFORMED, NULL},
        {"[2001:db8::7", ENTRY_MALFORMED, NULL},
        {"[203.0.113.7]x", ENTRY_MALFORMED, NULL},
        {"[fe80::1%eth0]", ENTRY_MALFORMED, NULL},
        {"https://", ENTRY_MALFORMED, NULL},
        {"203.0.113.0/33", ENTRY_MALFORMED, NULL},
        {"a\\046b.example.net", ENTRY_MALFORMED, NULL},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm.net", ENTRY_MALFORMED,
         NULL},
    };
    EXPECT(cases, true);
}

/* Where it may be anything, only what cannot well be anything else. */
static void test_unsure(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"eu1.example.net", ENTRY_HOST, "eu1.example.net"},
        {"https://eu1.example.net/x", ENTRY_HOST, "eu1.example.net"},
        {"2001:db8::7", ENTRY_ADDRESS, "2001:db8::7"},
        {"eu-west", ENTRY_MALFORMED, NULL},
        {"up", ENTRY_MALFORMED, NULL},
        {"3.14", ENTRY_MALFORMED, NULL},
        {"2026-01-02T03:04:05Z", ENTRY_MALFORMED, NULL},
        {"12:30", ENTRY_MALFORMED, NULL},
        {"ops@example.net", ENTRY_MALFORMED, NULL},
        {"/var/www/index.html", ENTRY_MALFORMED, NULL},
        {"text/html", ENTRY_MALFORMED, NULL},
        {"v1.2.3", ENTRY_MALFORMED, NULL},
        {"sha256:abcdef", ENTRY_MALFORMED, NULL},
    };
    EXPECT(cases, false);
}

static void test_too_long(void **context)
{
    char text[ENTRY_TEXT_MAX + 64];
    (void)context;

    memset(text, 'a', sizeof(text));
    memcpy(text, "https://a.example/", 18);
    assert_int_equal(entry_from_text(text, ENTRY_TEXT_MAX, true).kind, ENTRY_HOST);
    assert_int_equal(entry_from_text(text, ENTRY_TEXT_MAX + 1, true).kind, ENTRY_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_an_entry),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_unsure),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
