/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses may be granted, and for how long. */
#include "tests/unit/setsync/fixture.h"

#include "setsync/policy.h"

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
        {"192.0.2.1", REASON_NONE}, /* documentation and benchmarks are allowed */
        {"198.18.0.1", REASON_NONE},
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
        {"100:0:0:1::1", REASON_NONE},
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
        cmocka_unit_test(test_ipv4_inside_ipv6_is_judged_too),
        cmocka_unit_test(test_local_use_translation_prefixes),
        cmocka_unit_test(test_refuse_adds_prefixes),
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_the_first_matching_pattern_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
