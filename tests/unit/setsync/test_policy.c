/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses may be granted, and for how long. */
#include "tests/unit/setsync/fixture.h"

#include "setsync/policy/policy.h"
#include "setsync/policy/translators.h"

struct expectation {
    const char *address;
    enum reason reason;
};

static void expect(const struct whitelist *whitelist, const struct expectation *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct address address = address_of(cases[i].address);
        enum reason reason = policy_judge_address(whitelist, &address);
        if (reason != cases[i].reason)
            fail_msg("%s: %s, wanted %s", cases[i].address, reason_name(reason),
                     reason_name(cases[i].reason));
    }
}

#define EXPECT(whitelist, cases) expect(whitelist, cases, sizeof(cases) / sizeof((cases)[0]))

/* The first and last address of each range, and their neighbours outside. */
static void test_special_addresses_are_never_granted(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"0.0.0.0", REASON_SPECIAL_ADDRESS},
        {"0.255.255.255", REASON_SPECIAL_ADDRESS},
        {"1.0.0.0", REASON_NONE},
        {"126.255.255.255", REASON_NONE},
        {"127.0.0.1", REASON_SPECIAL_ADDRESS},
        {"128.0.0.0", REASON_NONE},
        {"169.253.255.255", REASON_NONE},
        {"169.254.0.0", REASON_SPECIAL_ADDRESS},
        {"169.254.169.254", REASON_SPECIAL_ADDRESS},
        {"169.255.0.0", REASON_NONE},
        {"191.255.255.255", REASON_NONE},
        {"192.0.0.0", REASON_SPECIAL_ADDRESS},
        {"192.0.0.255", REASON_SPECIAL_ADDRESS},
        {"192.0.1.0", REASON_NONE},
        {"223.255.255.255", REASON_NONE},
        {"224.0.0.0", REASON_SPECIAL_ADDRESS},
        {"239.255.255.255", REASON_SPECIAL_ADDRESS},
        {"240.0.0.0", REASON_SPECIAL_ADDRESS},
        {"255.255.255.255", REASON_SPECIAL_ADDRESS},
        {"192.0.2.1", REASON_NONE}, /* documentation is allowed */
        {"192.88.98.255", REASON_NONE},
        {"192.88.99.1", REASON_SPECIAL_ADDRESS},
        {"192.88.100.0", REASON_NONE},
        {"::", REASON_SPECIAL_ADDRESS},
        {"::1", REASON_SPECIAL_ADDRESS},
        {"::192.0.2.1", REASON_SPECIAL_ADDRESS},
        {"::ffff:192.0.2.1", REASON_SPECIAL_ADDRESS},
        {"fe80::1", REASON_SPECIAL_ADDRESS},
        {"febf::1", REASON_SPECIAL_ADDRESS},
        {"fec0::1", REASON_SPECIAL_ADDRESS},
        {"feff::1", REASON_SPECIAL_ADDRESS},
        {"ff02::1", REASON_SPECIAL_ADDRESS},
        {"100::1", REASON_SPECIAL_ADDRESS},
        {"100:0:0:1::1", REASON_SPECIAL_ADDRESS},
        {"100:0:0:2::1", REASON_NONE},
        {"2001:f::1", REASON_NONE},
        {"2001:10::1", REASON_SPECIAL_ADDRESS}, /* ORCHID, both generations */
        {"2001:1f:ffff::1", REASON_SPECIAL_ADDRESS},
        {"2001:20::1", REASON_SPECIAL_ADDRESS},
        {"2001:2f:ffff::1", REASON_SPECIAL_ADDRESS},
        {"2001:30::1", REASON_NONE},
        {"5eff::1", REASON_NONE},
        {"5f00::1", REASON_SPECIAL_ADDRESS},
        {"5f01::1", REASON_NONE},
        {"2001:db8::1", REASON_NONE},
        {"2606:4700::1", REASON_NONE},
    };
    struct whitelist open = {.private_addresses = true};
    struct whitelist closed = {.private_addresses = false};
    EXPECT(&open, cases);
    EXPECT(&closed, cases);
}

static void test_private_addresses_are_granted_on_wish(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"9.255.255.255", REASON_NONE},
        {"10.0.0.0", REASON_PRIVATE_ADDRESS},
        {"10.255.255.255", REASON_PRIVATE_ADDRESS},
        {"172.15.255.255", REASON_NONE},
        {"172.16.0.0", REASON_PRIVATE_ADDRESS},
        {"172.31.255.255", REASON_PRIVATE_ADDRESS},
        {"172.32.0.0", REASON_NONE},
        {"192.167.255.255", REASON_NONE},
        {"192.168.0.0", REASON_PRIVATE_ADDRESS},
        {"100.63.255.255", REASON_NONE},
        {"100.64.0.0", REASON_PRIVATE_ADDRESS},
        {"100.127.255.255", REASON_PRIVATE_ADDRESS},
        {"100.128.0.0", REASON_NONE},
        {"fbff::1", REASON_NONE},
        {"fc00::1", REASON_PRIVATE_ADDRESS},
        {"fdff::1", REASON_PRIVATE_ADDRESS},
    };
    struct whitelist whitelist = {0};
    EXPECT(&whitelist, cases);
    whitelist.private_addresses = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address = address_of(cases[i].address);
        assert_int_equal(policy_judge_address(&whitelist, &address), REASON_NONE);
    }
}

static void test_benchmark_addresses_are_for_labs(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"198.17.255.255", REASON_NONE},
        {"198.18.0.0", REASON_BENCHMARK_ADDRESS},
        {"198.19.255.255", REASON_BENCHMARK_ADDRESS},
        {"198.20.0.0", REASON_NONE},
        {"2001:1:ffff::1", REASON_NONE},
        {"2001:2::1", REASON_BENCHMARK_ADDRESS},
        {"2001:2:1::1", REASON_NONE},
        {"64:ff9b::198.18.0.1", REASON_BENCHMARK_ADDRESS},
        {"2002:c612:1::1", REASON_BENCHMARK_ADDRESS},
    };
    struct whitelist whitelist = {.private_addresses = true};
    EXPECT(&whitelist, cases);
    whitelist.benchmark_addresses = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address = address_of(cases[i].address);
        assert_int_equal(policy_judge_address(&whitelist, &address), REASON_NONE);
    }
}

/* Whatever takes a packet there, and however the address is written. */
static void test_tunnels_and_translators_are_judged_by_what_they_embed(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"::ffff:0:198.51.100.7", REASON_NONE}, /* IPv4-translated */
        {"::ffff:0:10.0.0.1", REASON_PRIVATE_ADDRESS},
        {"::ffff:0:127.0.0.1", REASON_SPECIAL_ADDRESS},
        {"::ffff:0:203.0.113.9", REASON_REFUSED_PREFIX},
        {"::fffe:0:10.0.0.1", REASON_NONE}, /* just outside */
        /* Teredo: the server, then the host with all bits turned round. */
        {"2001:0:c633:6407:0:ffff:39cc:9bf8", REASON_NONE},              /* 198.51.100.7 twice */
        {"2001:0:c633:6407:0:ffff:f5ff:fffe", REASON_PRIVATE_ADDRESS},   /* the host is 10.0.0.1 */
        {"2001:0:c633:6407:0:ffff:80ff:fffe", REASON_SPECIAL_ADDRESS},   /* 127.0.0.1 */
        {"2001:0:a00:1:0:ffff:39cc:9bf8", REASON_PRIVATE_ADDRESS},       /* the server is */
        {"2001:0:c633:6407:0:ffff:34ff:8ef6", REASON_REFUSED_PREFIX},    /* 203.0.113.9 */
        {"2001:0:c633:6407:0:ffff:39ed:fffe", REASON_BENCHMARK_ADDRESS}, /* 198.18.0.1 */
        {"2001:1:c633:6407:0:ffff:f5ff:fffe", REASON_NONE},              /* just outside */
        /* ISATAP, under any prefix, universal or not. */
        {"2001:db8::5efe:198.51.100.7", REASON_NONE},
        {"2001:db8::5efe:10.0.0.1", REASON_PRIVATE_ADDRESS},
        {"2001:db8::200:5efe:10.0.0.1", REASON_PRIVATE_ADDRESS},
        {"2001:db8::300:5efe:10.0.0.1", REASON_PRIVATE_ADDRESS},
        {"2001:db8::200:5efe:127.0.0.1", REASON_SPECIAL_ADDRESS},
        {"2001:db8::400:5efe:10.0.0.1", REASON_NONE},
        {"2001:db8::5eff:10.0.0.1", REASON_NONE},
        {"2001:db8::5efe:0:10.0.0.1", REASON_NONE},
        /* One inside another: each has to be good. */
        {"2002:c633:6407::5efe:10.0.0.1", REASON_PRIVATE_ADDRESS},
        {"2002:a00:1::5efe:198.51.100.7", REASON_PRIVATE_ADDRESS},
    };
    struct prefix refuse = prefix_of("203.0.113.0/24");
    struct whitelist whitelist = {.refuse = &refuse, .refuse_count = 1};
    EXPECT(&whitelist, cases);
}

/* RFC 6052 section 2.4 gives these for 192.0.2.33, and the same for what nobody may reach. */
static void test_a_translators_own_prefix(void **context)
{
    (void)context;
    static const struct {
        const char *prefix, *good, *private, *outside;
    } cases[] = {
        {"2001:db8::/32", "2001:db8:c000:221::", "2001:db8:a01:203::", "2001:db9:a01:203::"},
        {"2001:db8:100::/40",
         "2001:db8:1c0:2:21::", "2001:db8:10a:102:3::", "2001:db8:20a:102:3::"},
        {"2001:db8:122::/48",
         "2001:db8:122:c000:2:2100::", "2001:db8:122:a01:2:300::", "2001:db8:123:a01:2:300::"},
        {"2001:db8:122:300::/56",
         "2001:db8:122:3c0:0:221::", "2001:db8:122:30a:1:203::", "2001:db8:122:40a:1:203::"},
        {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::", "2001:db8:122:344:a:102:300::",
         "2001:db8:122:345:a:102:300::"},
        {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33", "2001:db8:122:344::10.1.2.3",
         "2001:db8:122:344:0:1:10.1.2.3"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct prefix dns64 = prefix_of(cases[i].prefix);
        struct whitelist whitelist = {.dns64 = &dns64, .dns64_count = 1};
        const struct expectation expected[] = {
            {cases[i].good, REASON_NONE},
            {cases[i].private, REASON_PRIVATE_ADDRESS},
            {cases[i].outside, REASON_NONE},
        };

        assert_true(policy_is_translation_prefix(&dns64));
        EXPECT(&whitelist, expected);
        whitelist.private_addresses = true;
        struct address address = address_of(cases[i].private);
        assert_int_equal(policy_judge_address(&whitelist, &address), REASON_NONE);
    }
}

/* The prefix may be a private one: what it makes of the address counts, and what `refuse` says. */
static void test_a_translators_prefix_may_be_private(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"fd00:64::198.51.100.7", REASON_NONE},
        {"fd00:64::10.1.2.3", REASON_PRIVATE_ADDRESS},
        {"fd00:64::169.254.169.254", REASON_SPECIAL_ADDRESS},
        {"fd00:64::198.18.0.1", REASON_BENCHMARK_ADDRESS},
        {"fd00:64::203.0.113.9", REASON_REFUSED_PREFIX},
        {"fd00:65::198.51.100.7", REASON_PRIVATE_ADDRESS},
        {"64:ff9b:1:a00::198.51.100.7", REASON_NONE}, /* no guess where the layout is known */
        {"64:ff9b:1:a00::10.1.2.3", REASON_PRIVATE_ADDRESS},
    };
    struct prefix dns64[] = {prefix_of("fd00:64::/96"), prefix_of("64:ff9b:1:a00::/96")};
    struct prefix refuse = prefix_of("203.0.113.0/24");
    struct whitelist whitelist = {
        .dns64 = dns64, .dns64_count = 2, .refuse = &refuse, .refuse_count = 1};
    EXPECT(&whitelist, cases);
}

/* What was found by asking may be forged: it lets nothing through that would not be without it. */
static void test_a_prefix_that_was_found_only_refuses(void **context)
{
    (void)context;
    static const struct expectation without[] = {
        {"2001:db8:64::198.51.100.7", REASON_NONE},
        {"2001:db8:64::10.1.2.3", REASON_NONE},
        {"fd00:64::198.51.100.7", REASON_PRIVATE_ADDRESS},
        {"64:ff9b:1:a00::10.1.2.3", REASON_PRIVATE_ADDRESS},
        {"64:ff9b:1:a00:a:100::", REASON_PRIVATE_ADDRESS}, /* behind a /64, as it is guessed */
    };
    static const struct expectation with[] = {
        {"2001:db8:64::198.51.100.7", REASON_NONE},
        {"2001:db8:64::10.1.2.3", REASON_PRIVATE_ADDRESS},
        {"2001:db8:64::169.254.169.254", REASON_SPECIAL_ADDRESS},
        {"fd00:64::198.51.100.7", REASON_PRIVATE_ADDRESS},
        {"64:ff9b:1:a00::10.1.2.3", REASON_PRIVATE_ADDRESS},
        {"64:ff9b:1:a00:a:100::", REASON_PRIVATE_ADDRESS},
    };
    static const char *const found[] = {"2001:db8:64::192.0.0.170", "fd00:64::192.0.0.171",
                                        "64:ff9b:1:a00::192.0.0.170"};
    struct translators translators = {0};
    struct whitelist whitelist = {.dns64_discover = true};

    EXPECT(&whitelist, without);
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        struct address address = address_of(found[i]);
        assert_true(translators_learn(&translators, &address));
        assert_false(translators_learn(&translators, &address));
    }
    whitelist.translators = &translators;
    EXPECT(&whitelist, with);
}

/* RFC 7050 section 3: each length, and nothing else. */
static void test_the_prefixes_that_an_answer_shows(void **context)
{
    (void)context;
    static const struct {
        const char *address, *prefix;
    } cases[] = {
        {"2001:db8:c000:aa::", "2001:db8::/32"},
        {"2001:db8:1c0:0:aa::", "2001:db8:100::/40"},
        {"2001:db8:122:c000:0:ab00::", "2001:db8:122::/48"},
        {"2001:db8:122:3c0:0:aa::", "2001:db8:122:300::/56"},
        {"2001:db8:122:344:c0:0:aa00::", "2001:db8:122:344::/64"},
        {"2001:db8:122:344::192.0.0.171", "2001:db8:122:344::/96"},
        {"2001:db8:122:344::192.0.0.172", NULL},
        {"2001:db8:122:344::192.0.2.170", NULL},
        {"2001:db8:122:3c0:100:aa::", NULL}, /* byte 8 */
        {"192.0.0.170", NULL},
        {"::", NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct translators translators = {0};
        struct address address = address_of(cases[i].address);
        char text[PREFIX_TEXT_MAX];

        assert_int_equal(translators_learn(&translators, &address), cases[i].prefix != NULL);
        if (!cases[i].prefix)
            continue;
        assert_int_equal(translators.count, 1);
        assert_string_equal(prefix_to_text(&translators.prefixes[0], text), cases[i].prefix);
        assert_true(policy_is_translation_prefix(&translators.prefixes[0]));
    }
}

/* However many are claimed. */
static void test_found_prefixes_are_bounded(void **context)
{
    (void)context;
    struct translators translators = {0};
    struct address address = address_of("2001:db8::192.0.0.170");

    for (unsigned i = 0; i < 3 * TRANSLATORS_MAX; i++) {
        address.bytes[5] = (uint8_t)i;
        assert_true(translators_learn(&translators, &address));
    }
    assert_int_equal(translators.count, TRANSLATORS_MAX);
    assert_int_equal(translators.prefixes[0].address.bytes[5], 2 * TRANSLATORS_MAX);
}

static void test_only_some_lengths_are_a_translators(void **context)
{
    (void)context;
    static const char *const none[] = {"2001:db8::/33",  "2001:db8::/95", "2001:db8::/97",
                                       "2001:db8::/128", "::/0",          "10.0.0.0/32",
                                       "0.0.0.0/0"};

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct prefix prefix = prefix_of(none[i]);
        assert_false(policy_is_translation_prefix(&prefix));
    }
}

static void test_ipv4_inside_ipv6_is_judged_too(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"64:ff9b::198.51.100.7", REASON_NONE},
        {"64:ff9b::10.0.0.1", REASON_PRIVATE_ADDRESS},
        {"64:ff9b::127.0.0.1", REASON_SPECIAL_ADDRESS},
        {"64:ff9b::203.0.113.9", REASON_REFUSED_PREFIX},
        {"2002:c633:6407::1", REASON_NONE},          /* 198.51.100.7 */
        {"2002:a00:1::1", REASON_PRIVATE_ADDRESS},   /* 10.0.0.1 */
        {"2002:7f00:1::1", REASON_SPECIAL_ADDRESS},  /* 127.0.0.1 */
        {"2002:cb00:7109::", REASON_REFUSED_PREFIX}, /* 203.0.113.9 */
        {"64:ff9b:2::a00:1", REASON_NONE},           /* just outside */
    };
    struct prefix refuse = prefix_of("203.0.113.0/24");
    struct whitelist whitelist = {.refuse = &refuse, .refuse_count = 1};
    EXPECT(&whitelist, cases);
}

/* RFC 8215 with each layout of RFC 6052, section 2.2. */
static void test_local_use_translation_prefixes(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"64:ff9b:1::198.51.100.7", REASON_NONE},      /* a /96 */
        {"64:ff9b:1:fffe::198.51.100.7", REASON_NONE}, /* another /96 of it */
        {"64:ff9b:1:a00::198.51.100.7", REASON_NONE},
        {"64:ff9b:1::10.0.0.1", REASON_PRIVATE_ADDRESS},
        {"64:ff9b:1::127.0.0.1", REASON_SPECIAL_ADDRESS},
        {"64:ff9b:1:c633:64:700::", REASON_NONE},            /* /48: 198.51.100.7 */
        {"64:ff9b:1:a00:0:100::", REASON_PRIVATE_ADDRESS},   /* /48: 10.0.0.1 */
        {"64:ff9b:1:c0a8:1:200::", REASON_PRIVATE_ADDRESS},  /* /48: 192.168.1.2 */
        {"64:ff9b:1:c6:33:6407::", REASON_NONE},             /* /56: 198.51.100.7 */
        {"64:ff9b:1:a:0:1::", REASON_PRIVATE_ADDRESS},       /* /56: 10.0.0.1 */
        {"64:ff9b:1:0:c6:3364:700::", REASON_NONE},          /* /64: 198.51.100.7 */
        {"64:ff9b:1:0:a:0:100::", REASON_PRIVATE_ADDRESS},   /* /64: 10.0.0.1 */
        {"64:ff9b:1:0:a:0:101:203", REASON_PRIVATE_ADDRESS}, /* /64 with a suffix */
        {"64:ff9b:1::", REASON_SPECIAL_ADDRESS},             /* nothing embedded */
    };
    struct whitelist whitelist = {0};
    EXPECT(&whitelist, cases);
}

static void test_refuse_adds_prefixes(void **context)
{
    (void)context;
    static const struct expectation cases[] = {
        {"198.51.100.7", REASON_REFUSED_PREFIX},
        {"198.51.101.7", REASON_NONE},
        {"2001:db8:bad::1", REASON_REFUSED_PREFIX},
        {"2001:db8::1", REASON_NONE},
    };
    struct prefix refuse[] = {prefix_of("198.51.100.0/24"), prefix_of("2001:db8:bad::/48")};
    struct whitelist whitelist = {.refuse = refuse, .refuse_count = 2};
    EXPECT(&whitelist, cases);
    struct address none = {0};
    assert_int_equal(policy_judge_address(&whitelist, &none), REASON_SPECIAL_ADDRESS);
}

static void test_lifetimes(void **context)
{
    (void)context;
    struct whitelist whitelist = {.ttl_min = 60, .ttl_max = 86400, .grace = 600};
    assert_int_equal(policy_lifetime(&whitelist, 0), 660);
    assert_int_equal(policy_lifetime(&whitelist, 59), 660);
    assert_int_equal(policy_lifetime(&whitelist, 61), 661);
    assert_int_equal(policy_lifetime(&whitelist, 86401), 87000);
    assert_int_equal(policy_lifetime(&whitelist, 0x7fffffff), 87000);
    assert_int_equal(policy_lifetime(&whitelist, 0x80000000), 660); /* RFC 2181, section 8 */
    assert_int_equal(policy_lifetime(&whitelist, 0xffffffff), 660);
    assert_int_equal(policy_clamp_ttl(&whitelist, 300), 300);
    whitelist.ttl_max = UINT32_MAX;
    whitelist.ttl_min = UINT32_MAX;
    assert_int_equal(policy_lifetime(&whitelist, 1), UINT32_MAX);
}

static void test_the_first_matching_pattern_is_given(void **context)
{
    (void)context;
    struct pattern patterns[] = {pattern_of("*.example.net"), pattern_of("a.example.net")};
    struct whitelist whitelist = {.patterns = patterns, .pattern_count = 2};
    struct dname inside = name_of("a.example.net");
    struct dname apex = name_of("example.net");
    struct dname lookalike = name_of("a.example.net.evil.example");
    assert_ptr_equal(policy_pattern(&whitelist, &inside), &patterns[0]);
    assert_null(policy_pattern(&whitelist, &apex));
    assert_null(policy_pattern(&whitelist, &lookalike));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_special_addresses_are_never_granted),
        cmocka_unit_test(test_private_addresses_are_granted_on_wish),
        cmocka_unit_test(test_benchmark_addresses_are_for_labs),
        cmocka_unit_test(test_ipv4_inside_ipv6_is_judged_too),
        cmocka_unit_test(test_tunnels_and_translators_are_judged_by_what_they_embed),
        cmocka_unit_test(test_a_translators_own_prefix),
        cmocka_unit_test(test_a_translators_prefix_may_be_private),
        cmocka_unit_test(test_a_prefix_that_was_found_only_refuses),
        cmocka_unit_test(test_the_prefixes_that_an_answer_shows),
        cmocka_unit_test(test_found_prefixes_are_bounded),
        cmocka_unit_test(test_only_some_lengths_are_a_translators),
        cmocka_unit_test(test_local_use_translation_prefixes),
        cmocka_unit_test(test_refuse_adds_prefixes),
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_the_first_matching_pattern_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
