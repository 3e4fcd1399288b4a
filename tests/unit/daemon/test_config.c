/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration as a whole: values, defaults, and findings with the lines they are on. */
#include "daemon/config/config.h"
#include "daemon/config/trusted.h"
#include "setsync/policy/policy.h"
#include "source/message.h"

#include <errno.h>
#include <netinet/in.h>
/* After the C library's own. */
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NAMES "names = { \"x.example\" }"

static char error[CONFIG_ERROR_MAX];

static struct config *good(const char *text)
{
    struct config *config = NULL;
    int result = config_from_text("f", text, strlen(text), &config, error);
    if (result)
        fail_msg("refused: %s", error);
    return config;
}

/* The text is refused, and the findings are exactly these lines. */
static void refused(const char *text, const char *findings)
{
    struct config *config = NULL;
    assert_int_equal(config_from_text("f", text, strlen(text), &config, error), -EINVAL);
    assert_null(config);
    assert_string_equal(error, findings);
}

/* Beginning and end of the finding on its line; the middle says what would be right. */
static void refused_with(const char *text, const char *beginning)
{
    struct config *config = NULL;
    assert_int_equal(config_from_text("f", text, strlen(text), &config, error), -EINVAL);
    if (strncmp(error, beginning, strlen(beginning)) != 0)
        fail_msg("wanted %s..., got %s", beginning, error);
}

static void test_one_whitelist_with_one_name_is_complete(void **state)
{
    struct config *config = good("whitelist look-back_1 { " NAMES " }");
    const struct whitelist *whitelist = config_whitelist(config, "look-back_1");
    char text[SET_TEXT_MAX];

    (void)state;
    assert_non_null(whitelist);
    assert_int_equal(config->interface_count, 1);
    assert_string_equal(config->interfaces[0].name, "any");
    assert_int_equal(config->resolver_count, 0);
    assert_true(config_believes_default(config));
    assert_true(config->require_query);
    assert_int_equal(config->checksums, CHECKSUMS_AUTO);
    assert_int_equal(config->latency, LATENCY_LOW);
    assert_int_equal(config->log, CONFIG_LOG_GRANTS);
    assert_string_equal(set_name_to_text(&whitelist->set4, text), "inet wildset look-back_14");
    assert_string_equal(set_name_to_text(&whitelist->set6, text), "inet wildset look-back_16");
    assert_true(whitelist->create);
    assert_int_equal(whitelist->service_count, 0);
    assert_int_equal(whitelist->match, MATCH_QUESTION);
    assert_int_equal(whitelist->follow, FOLLOW_ACROSS);
    assert_int_equal(whitelist->ttl_min, 60);
    assert_int_equal(whitelist->ttl_max, 86400);
    assert_int_equal(whitelist->grace, 600);
    assert_int_equal(whitelist->max_addresses, 4096);
    assert_false(whitelist->private_addresses);
    assert_false(whitelist->dns64_discover);
    assert_string_equal(whitelist->feed, "");
    assert_int_equal(whitelist->feed_linger, 300);
    assert_null(config_whitelist(config, "other"));
    config_free(config);
}

static void test_every_key_is_read(void **state)
{
    struct config *config =
        good("capture {\n"
             "  interfaces = { \"eth1\", eth2 }\n"
             "  resolvers = { 192.0.2.53, \"2001:db8::/32%eth1\" }\n"
             "  require-query = no\n"
             "  checksums = \"verify\"\n"
             "  latency = normal\n"
             "  decapsulate = { \"gre\", \"vxlan from 198.51.100.7 vni 42 port 8472\" }\n"
             "  vlans = { 0, 10, 4094 }\n"
             "}\n"
             "whitelist a {\n"
             "  names = { \"x.example\" }\n"
             "  names += { \"*.B\xc3\xbc"
             "cher.example\" }\n"
             "  set4 = \"ip filter a4\"\n"
             "  set6 = \"ip6 filter a6\"\n"
             "  create = false\n"
             "  services = { \"udp 19305-19309\", \"tcp 443\" }\n"
             "  match = \"chain\"\n"
             "  follow = \"answer\"\n"
             "  ttl-min = 0\n"
             "  ttl-max = \"1h30m\"\n"
             "  grace = \"90s\"\n"
             "  max-addresses = 17\n"
             "  private-addresses = true\n"
             "  dns64 = { \"2001:db8:64::/96\", \"discover\", \"2001:db8:65::/64\" }\n"
             "  refuse = { \"203.0.113.0/24\", \"2001:db8:1::/48\" }\n"
             "  feed = \"/var/lib/wildset/feeds/a.txt\"\n"
             "  feed-linger = \"10m\"\n"
             "}\n"
             "log = debug\n");
    const struct whitelist *whitelist = &config->whitelists[0];
    char text[PATTERN_TEXT_MAX];

    (void)state;
    assert_int_equal(config->interface_count, 2);
    assert_string_equal(config->interfaces[1].name, "eth2");
    assert_int_equal(config->resolver_count, 2);
    assert_int_equal(config->resolvers[0].prefix.length, 32);
    assert_string_equal(config->resolvers[0].interface, "");
    assert_int_equal(config->resolvers[1].prefix.length, 32);
    assert_string_equal(config->resolvers[1].interface, "eth1");
    assert_false(config->require_query);
    assert_int_equal(config->checksums, CHECKSUMS_VERIFY);
    assert_int_equal(config->latency, LATENCY_NORMAL);
    assert_int_equal(config->vlan_count, 3);
    assert_int_equal(config->vlans[2], 4094);
    assert_int_equal(config->tunnel_count, 2);
    assert_int_equal(config->tunnels[0].encapsulation, ENCAPSULATION_GRE);
    assert_int_equal(config->tunnels[0].from.address.family, ADDRESS_NONE);
    assert_false(config->tunnels[0].has_number);
    assert_int_equal(config->tunnels[1].encapsulation, ENCAPSULATION_VXLAN);
    assert_int_equal(config->tunnels[1].from.length, 32);
    assert_true(config->tunnels[1].has_number);
    assert_int_equal(config->tunnels[1].number, 42);
    assert_int_equal(config->tunnels[1].port, 8472);
    assert_non_null(strstr(config->open_tunnel, "f:7: capture: decapsulate: \"gre\": whoever"));
    assert_int_equal(config->log, CONFIG_LOG_DEBUG);
    assert_int_equal(whitelist->pattern_count, 2);
    assert_string_equal(pattern_to_text(&whitelist->patterns[1], text), "*.xn--bcher-kva.example");
    assert_int_equal(whitelist->set4.family, NFPROTO_IPV4);
    assert_string_equal(whitelist->set6.set, "a6");
    assert_false(whitelist->create);
    assert_int_equal(whitelist->service_count, 2);
    assert_int_equal(whitelist->services[0].protocol, IPPROTO_UDP);
    assert_int_equal(whitelist->services[0].last_port, 19309);
    assert_int_equal(whitelist->services[1].first_port, 443);
    assert_int_equal(whitelist->match, MATCH_CHAIN);
    assert_int_equal(whitelist->follow, FOLLOW_ANSWER);
    assert_int_equal(whitelist->ttl_min, 0);
    assert_int_equal(whitelist->ttl_max, 5400);
    assert_int_equal(whitelist->grace, 90);
    assert_int_equal(whitelist->max_addresses, 17);
    assert_true(whitelist->private_addresses);
    assert_true(whitelist->dns64_discover);
    assert_int_equal(whitelist->dns64_count, 2);
    assert_int_equal(whitelist->dns64[1].length, 64);
    assert_int_equal(whitelist->refuse_count, 2);
    assert_string_equal(whitelist->feed, "/var/lib/wildset/feeds/a.txt");
    assert_int_equal(whitelist->feed_linger, 600);
    assert_int_equal(whitelist->refuse[1].length, 48);
    config_free(config);
}

/* libconfuse alone counts two lines for each of these comments. */
static void test_lines_are_right_behind_comments(void **state)
{
    (void)state;
    refused("# one\n/* two\n three */ // three\n\ncapture { # five\n  latency = \"fast\" }\n"
            "whitelist a { " NAMES " }\n",
            "f:6: capture: latency: \"fast\": expected \"low\" or \"normal\"");
}

static void test_several_findings_are_told_at_once(void **state)
{
    (void)state;
    refused("whitelist a {\n names = { \"*.\",\n \"b..c\" }\n create = maybe\n}\nlog = loud\n",
            "f:2: whitelist a: names: \"*.\": expected a name, \"*.\" and a name, or \"*\": "
            "\"www.example.net\", \"*.example.net\"\n"
            "f:3: whitelist a: names: \"b..c\": expected a name, \"*.\" and a name, or \"*\": "
            "\"www.example.net\", \"*.example.net\"\n"
            "f:4: whitelist a: create: \"maybe\": expected true or false\n"
            "f:6: log: \"loud\": expected \"alarms\", \"grants\" or \"debug\"");
}

static void test_every_unknown_key_is_told(void **state)
{
    (void)state;
    refused("colour = 3 capture { interfces = { \"any\" } }\nshape { }\n"
            "whitelist \"a\" { names = { \"x\" } nmaes = 4\n  ttlmin = 5 }\n",
            "f:1: colour: unknown key: the shipped wildset.conf lists all\n"
            "f:1: capture: interfces: unknown key: did you mean interfaces?\n"
            "f:2: shape: unknown key: the shipped wildset.conf lists all\n"
            "f:3: whitelist a: nmaes: unknown key: did you mean names?\n"
            "f:4: whitelist a: ttlmin: unknown key: did you mean ttl-min?");
}

static void test_findings_that_do_not_fit_are_counted(void **state)
{
    char text[4096] = "whitelist a { names = { \"a\" }\nservices = {";
    const char *more;

    (void)state;
    for (int i = 0; i < 40; i++)
        strcat(text, "\"sctp 5\",");
    strcat(text, "\"tcp 1\" } }\n");
    refused_with(text, "f:2: whitelist a: services: \"sctp 5\": expected");
    more = strstr(error, "\n... and ");
    assert_non_null(more);
    assert_true(atoi(more + 9) > 20);
    assert_true(strlen(error) < CONFIG_ERROR_MAX);
}

static void test_values_of_a_wrong_kind_are_refused(void **state)
{
    static const struct {
        const char *line, *beginning;
    } cases[] = {
        {"ttl-min = 10w", "f:2: whitelist a: ttl-min: \"10w\": expected a number and a unit"},
        {"ttl-min = -1", "f:2: whitelist a: ttl-min: \"-1\": expected"},
        {"grace = 1m1m", "f:2: whitelist a: grace: \"1m1m\": expected"},
        {"grace = 367d", "f:2: whitelist a: grace: \"367d\": expected"},
        {"max-addresses = 0", "f:2: whitelist a: max-addresses: \"0\": expected a number from 1"},
        {"max-addresses = 262145", "f:2: whitelist a: max-addresses: \"262145\": expected"},
        {"set6 = \"inet t ip6\"", "f:2: whitelist a: set6: \"ip6\" is a reserved word in nft"},
        {"set4 = \"inet table s\"", "f:2: whitelist a: set4: \"table\" is a reserved word in nft"},
        {"set4 = \"inet t ll\"", "f:2: whitelist a: set4: \"ll\" is a reserved word in nft"},
        {"set4 = lookback4",
         "f:2: whitelist a: set4: \"lookback4\": expected family, table and set"},
        {"services = { \"tcp 0\" }", "f:2: whitelist a: services: \"tcp 0\": expected a protocol"},
        {"services = { \"tcp 9-8\" }", "f:2: whitelist a: services: \"tcp 9-8\": expected"},
        {"services = { \"tcp 65536\" }", "f:2: whitelist a: services: \"tcp 65536\": expected"},
        {"refuse = { \"192.0.2.1/24\" }", "f:2: whitelist a: refuse: \"192.0.2.1/24\": expected"},
        {"registry = \"http://x/\"", "f:2: whitelist a: registry: \"http://x/\": expected \"https"},
        {"registry = \"https://a@b/\"", "f:2: whitelist a: registry: \"https://a@b/\": expected"},
        {"registry-shrink = 101", "f:2: whitelist a: registry-shrink: \"101\": expected per cent"},
        {"feed = \"x\"",
         "f:2: whitelist a: feed: \"x\": expected a file's path that begins with /"},
        {"feed = \"/x/\"", "f:2: whitelist a: feed: \"/x/\": expected"},
        {"feed = \"/x/../y\"", "f:2: whitelist a: feed: \"/x/../y\": expected"},
        {"feed = \"/x//y\"", "f:2: whitelist a: feed: \"/x//y\": expected"},
        {"feed-linger = 10w",
         "f:2: whitelist a: feed-linger: \"10w\": expected a number and a unit"},
        {"create = { true }", "f:2: whitelist a: "},
        {"nmaes = { \"x\" }", "f:2: whitelist a: nmaes: unknown key: did you mean names?"},
        {"ttlmin = 1", "f:2: whitelist a: ttlmin: unknown key: did you mean ttl-min?"},
        {"xyz = 1", "f:2: whitelist a: xyz: unknown key: the shipped"},
        {"names += { \"https://u@x.example:80/y\" }",
         "f:2: whitelist a: names: \"https://u@x.example:80/y\": more than a name: write names = { "
         "\"x.example\" }; the URL"},
        {"names += { \"x.example:443\" }",
         "f:2: whitelist a: names: \"x.example:443\": more than a "
         "name: write names = { \"x.example\" }"},
        {"names += { \".x.example\" }",
         "f:2: whitelist a: names: \".x.example\": write names = { \"*.x.example\" }"},
        {"names += { \"192.0.2.1\" }",
         "f:2: whitelist a: names: \"192.0.2.1\": an address or prefix"},
        {"names += { \"2001:db8::/32\" }",
         "f:2: whitelist a: names: \"2001:db8::/32\": an address or"},
        {"services = { \"443/tcp\" }",
         "f:2: whitelist a: services: \"443/tcp\": write services = { "
         "\"tcp 443\" }"},
        {"services = { \"udp:1:2:3\" }", "f:2: whitelist a: services: \"udp:1:2:3\": expected"},
        {"services = { \"tcp 1\" \"tcp 2\" }", "f:2: a comma is missing before this value"},
        {"services = { \"tcp 1\",\n\"tcp 2\"\n\"tcp 3\" }",
         "f:4: a comma is missing before this value"},
        {"set4 = \"none\" set6 = none", "f:2: whitelist a: set4 and set6 are both \"none\""},
        {"create = true;", "f:2: a semicolon: leave it out"},
        {"resolvers = { }", "f:2: whitelist a: resolvers: unknown key"},
        {"dns64 = { \"2001:db8:64::/95\" }",
         "f:2: whitelist a: dns64: \"2001:db8:64::/95\": expected"},
        {"dns64 = { \"2001:db8:64::1/96\" }", "f:2: whitelist a: dns64: \"2001:db8:64::1/96\""},
        {"dns64 = { \"10.0.0.0/32\" }",
         "f:2: whitelist a: dns64: \"10.0.0.0/32\": expected an IPv6"},
        {"interfaces = { \"x\" }",
         "f:2: whitelist a: interfaces: unknown key: it belongs in capture { }"},
        {"include(\"/etc/passwd\")", "f:2: whitelist a: include: unknown key"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "whitelist a { " NAMES "\n%s\n}\n", cases[i].line);
        refused_with(text, cases[i].beginning);
    }
}

static void test_capture_values_of_a_wrong_kind_are_refused(void **state)
{
    static const struct {
        const char *line, *beginning;
    } cases[] = {
        {"interfaces = { }", "f:3: capture: interfaces: empty"},
        {"interfaces = { \"a_name_too_long_\" }", "f:2: capture: interfaces: \"a_name_too_long_\""},
        {"interfaces = { \"a/b\" }", "f:2: capture: interfaces: \"a/b\": expected an interface"},
        {"interfaces = { \"e\", \"e\" }", "f:2: capture: interfaces: e is named twice"},
        {"interfaces = { \"e\" } mirror = { \"f\" }",
         "f:2: capture: mirror: f is not in interfaces, so it is not captured: add interfaces += { "
         "\"f\" "
         "}"},
        {"mirror = { \"any\" }", "f:2: capture: mirror: any is no mirror port"},
        {"mirror = { \"lo\" }", "f:2: capture: mirror: lo is no mirror port"},
        {"resolvers = { \"192.0.2.53/24\" }",
         "f:2: capture: resolvers: \"192.0.2.53/24\": expected"},
        {"resolvers = { \"192.0.2.53%\" }", "f:2: capture: resolvers: \"192.0.2.53%\": expected"},
        {"interfaces = { \"e\" } resolvers = { \"192.0.2.53%f\" }",
         "f:2: capture: resolvers: f is not in interfaces"},
        {"require-query = false", "f:2: capture: require-query: false needs resolvers"},
        {"resolvers += { \"192.0.2.53\" } require-query = false",
         "f:2: capture: require-query: false needs resolvers, and without \"default\""},
        {"resolversx = { }", "f:2: capture: resolversx: unknown key"},
        {"resolvers = { \"192.0.2.53@0\" }", "f:2: capture: resolvers: \"192.0.2.53@0\": expected"},
        {"resolvers = { \"192.0.2.53@65536\" }",
         "f:2: capture: resolvers: \"192.0.2.53@65536\": expected"},
        {"resolvers = { \"192.0.2.53@\" }", "f:2: capture: resolvers: \"192.0.2.53@\": expected"},
        {"resolvers = { \"192.0.2.53@dns\" }",
         "f:2: capture: resolvers: \"192.0.2.53@dns\": expected"},
        {"resolvers = { \"default@5335\" }", "f:2: capture: resolvers: \"default@5335\": expected"},
        {"resolvers = { \"::1@1\", \"::1@2\", \"::1@3\", \"::1@4\", \"::1@5\", \"::1@6\", "
         "\"::1@7\", \"::1@8\", \"::2@53\", \"::2@8\", \"::1@9\" }",
         "f:2: capture: resolvers: port 9 is one too many"},
        {"resolvers = { \"default%e\" }", "f:2: capture: resolvers: \"default%e\": expected"},
        {"resolvers = { 192.0.2.53 } resolvers = { 192.0.2.54 }",
         "f:2: capture: resolvers: already set in line 2"},
        {"vlans = { 4095 }", "f:2: capture: vlans: \"4095\": expected a tag"},
        {"decapsulate = { \"ip\" }", "f:2: capture: decapsulate: \"ip\": expected \"gre\""},
        {"decapsulate = { \"vxlan from\" }", "f:2: capture: decapsulate: \"vxlan from\": expected"},
        {"decapsulate = { \"vxlan from 198.51.100.7/24\" }", "f:2: capture: decapsulate: \"vxlan"},
        {"decapsulate = { \"gre from 192.0.2.1 from 192.0.2.2\" }",
         "f:2: capture: decapsulate: \"gre"},
        {"decapsulate = { \"gre vni 7\" }", "f:2: capture: decapsulate: \"gre vni 7\": expected"},
        {"decapsulate = { \"vxlan vni 16777216\" }", "f:2: capture: decapsulate: \"vxlan vni"},
        {"decapsulate = { \"erspan session 1024\" }", "f:2: capture: decapsulate: \"erspan"},
        {"decapsulate = { \"ipip port 99\" }", "f:2: capture: decapsulate: \"ipip port 99\""},
        {"decapsulate = { \"vxlan port 53\" }", "f:2: capture: decapsulate: \"vxlan port 53\""},
        {"decapsulate = { \"vxlan port 0\" }", "f:2: capture: decapsulate: \"vxlan port 0\""},
        {"decapsulate = { \"vxlan  port\t99\" }", "f:2: capture: decapsulate: \"vxlan  port"},
        {"latency = \"low\"\nlatency = \"low\"", "f:3: capture: latency: already set in line 2"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "capture {\n%s\n}\nwhitelist a { " NAMES " }\n",
                 cases[i].line);
        refused_with(text, cases[i].beginning);
    }
}

/* As unbound writes it; what is printed is read again. */
static void test_a_resolver_at_another_port(void **state)
{
    static const char *const texts[] = {"127.0.0.1@5335", "198.51.100.0/28%eth0@65535",
                                        "fe80::1%eth0@1", "192.0.2.53"};
    struct config *config =
        good("capture { interfaces = { \"eth0\" } resolvers = { \"127.0.0.1@5335\", "
             "\"198.51.100.0/28%eth0@65535\", \"fe80::1%eth0@1\", "
             "\"192.0.2.53@53\" } }\n"
             "whitelist a { " NAMES " }\n");
    char text[TRUSTED_SERVER_TEXT_MAX];

    (void)state;
    assert_int_equal(config->resolver_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(plan_resolver_to_text(&config->resolvers[i], text), texts[i]);
    assert_int_equal(plan_resolver_port(&config->resolvers[0]), 5335);
    assert_int_equal(plan_resolver_port(&config->resolvers[3]), 53);
    config_free(config);
}

static void test_one_direction_with_named_or_any_resolvers_is_good(void **state)
{
    (void)state;
    config_free(good("capture { require-query = false resolvers = { \"0.0.0.0/0\", \"::/0\" } }"
                     "whitelist a { " NAMES " }"));
}

static void test_contradictions_are_refused(void **state)
{
    (void)state;
    refused("", "f:1: no whitelist: expected at least one, such as whitelist example { names = { "
                "\"*.example.net\" } }");
    refused_with("whitelist a {\n}\n", "f:2: whitelist a: names: missing or empty");
    refused_with("whitelist a {\nnames = { }\n}\n", "f:3: whitelist a: names: missing or empty");
    refused_with("whitelist { " NAMES " }", "f:1: missing title for section 'whitelist'");
    refused_with("whitelist 1a { " NAMES " }",
                 "f:1: whitelist \"1a\": expected a name that begins");
    refused_with("whitelist a { " NAMES " }\nwhitelist a {\n" NAMES " }",
                 "f:3: whitelist a: duplicate name");
    refused_with("whitelist a { " NAMES "\nttl-max = 5 }", "f:2: whitelist a: ttl-min: 60 s is "
                                                           "more than ttl-max, 5 s");
    refused_with("whitelist a { " NAMES "\nttl-max = 0 ttl-min = 0 grace = 0 }",
                 "f:2: whitelist a: ttl-max and grace are both 0");
    refused_with("whitelist a { " NAMES " feed = \"/f\" }\nwhitelist b { " NAMES
                 "\nfeed = \"/f\" }",
                 "f:3: whitelist b: feed: /f is the feed of whitelist a: each needs a file");
    refused_with("whitelist a { " NAMES "\n\n" NAMES " }",
                 "f:3: whitelist a: names: already set in line 1");
}

static void test_one_set_for_two_families_is_refused(void **state)
{
    (void)state;
    refused("whitelist a { " NAMES "\nset4 = \"inet t s\"\nset6 = \"inet t s\" }",
            "f:2: whitelist a: set4: inet t s is set6 of whitelist a (line 3): a set holds one "
            "family");
    refused("whitelist a { " NAMES "\nset4 = \"inet t s\" }\nwhitelist b { " NAMES
            "\nset6 = \"inet t s\" }",
            "f:4: whitelist b: set6: inet t s is set4 of whitelist a (line 2): a set holds one "
            "family");
    /* The same set for the same family is shared. */
    refused("whitelist ip { " NAMES " }",
            "f:1: whitelist ip: set6: \"ip6\" is a reserved word in nft and cannot be used in "
            "rules: use for example set6 = \"inet wildset ip_set6\"");
    config_free(good("whitelist a { " NAMES " set4 = \"inet ll s\" }"));
    config_free(good("whitelist a { " NAMES " set4 = \"inet t s\" }\nwhitelist b { " NAMES
                     " set4 = \"inet t s\" }"));
}

static void test_more_addresses_than_were_tried_are_refused(void **state)
{
    (void)state;
    refused("whitelist a { " NAMES "\nmax-addresses = 262144 }\nwhitelist b { " NAMES
            "\nmax-addresses = 1 }",
            "f:4: max-addresses: 262145 in all whitelists together, at most 262144");
}

static void test_a_65th_whitelist_is_refused(void **state)
{
    char text[8192] = "";
    size_t used = 0;

    (void)state;
    for (int i = 0; i < 64; i++)
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "whitelist w%d { %s }\n", i, NAMES);
    config_free(good(text));
    for (int i = 64; i < 67; i++)
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "whitelist w%d { %s }\n", i, NAMES);
    refused_with(text, "f:65: whitelist w64: more than 64 whitelists\nf:66: whitelist w65: more");
}

/* Each of these libconfuse would take, in silence. */
static void test_what_libconfuse_would_swallow_is_refused(void **state)
{
    (void)state;
    refused_with("whitelist a {\n" NAMES "\n", "f:1: the { here is never closed");
    refused_with("whitelist a { names = { *.x.example } }", "f:1: * outside quotes");
    refused_with("whitelist a { names = { \"${HOME}.x\" } }", "f:1: environment variables");
    refused_with("whitelist a { names = { ${HOME} } }", "f:1: environment variables");
    refused_with("whitelist a { names = { \"x\ny\" } }", "f:1: the string is not closed");
    refused_with("whitelist a { names = { 'x\ny' } }", "f:1: the string is not closed");
    refused_with("whitelist a { names = { \"x\\0y\" } }", "f:1: only \\\" and \\\\ are escapes");
    refused_with("capture|latency = normal", "f:1: | outside quotes");
    refused_with("\n/* x", "f:2: the comment that begins here is never closed");
    refused_with("log + debug", "f:1: + without =");
    refused_with("}", "f:1: } without a { before it");
    refused_with("a{{{{{{{{{", "f:1: braces are nested too deeply");
}

static void test_a_zero_byte_is_refused(void **state)
{
    static const char text[] = "whitelist a { names = { \"x.example\" } }\n\0";
    struct config *config;

    (void)state;
    assert_int_equal(config_from_text("f", text, sizeof(text) - 1, &config, error), -EINVAL);
    assert_string_equal(error, "f:2: a control character: not a text file?");
}

static void test_windows_line_ends_and_a_byte_order_mark_are_taken(void **state)
{
    (void)state;
    config_free(good("\xef\xbb\xbfwhitelist a {\r\n  " NAMES " # \"\r\n}\r\n"));
}

struct collected {
    unsigned count;
    char text[4096];
};

static void collect(void *context, const char *line)
{
    struct collected *collected = context;
    collected->count++;
    strcat(strcat(collected->text, line), "\n");
}

static void test_what_deserves_a_word_is_told(void **state)
{
    struct config *config = good("capture { interfaces = { \"e\" } }\nwhitelist a {\n" NAMES
                                 "\nset4 = \"ip6 t s\" }\n");
    struct collected collected = {.count = 0};

    (void)state;
    config_warnings(config, collect, &collected);
    config_free(config);
    assert_int_equal(collected.count, 1);
    assert_non_null(strstr(collected.text, "f:4: whitelist a: set4: "));
}

static void test_anybody_on_purpose_is_told(void **state)
{
    static const struct {
        const char *prefix;
        bool told;
    } cases[] = {{"0.0.0.0/0", true},  {"128.0.0.0/1", true}, {"::/0", true},
                 {"2000::/3", true},   {"10.0.0.0/8", false}, {"2001:db8::/32", false},
                 {"2001::/19", false}, {"default", false}};
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct collected collected = {.count = 0};

        snprintf(text, sizeof(text), "capture { resolvers = { \"%s\" } } whitelist a { " NAMES " }",
                 cases[i].prefix);
        struct config *config = good(text);
        config_warnings(config, collect, &collected);
        config_free(config);
        assert_int_equal(collected.count, cases[i].told);
        assert_true(!cases[i].told || strstr(collected.text, "trusts nearly any server"));
    }
}

static void test_how_long_packets_wait_is_in_milliseconds(void **state)
{
    static const struct {
        const char *lines;
        uint32_t hold_ms, at_least_ms, queue;
    } cases[] = {
        {"", 0, 0, CONFIG_HOLD_QUEUE},
        {"hold = \"\" hold-at-least = \"\"", 0, 0, CONFIG_HOLD_QUEUE},
        {"hold = \"250ms\" hold-queue = 0", 250, 0, 0},
        {"hold = \"500ms\" hold-at-least = \"5ms\" hold-queue = 65535", 500, 5, 65535},
        {"hold = \"0s500ms\"", 500, 0, CONFIG_HOLD_QUEUE},
        {"hold = \"0\"", 0, 0, CONFIG_HOLD_QUEUE},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "whitelist a { " NAMES " }\n%s\n", cases[i].lines);
        struct config *config = good(text);
        assert_int_equal(config->hold_ms, cases[i].hold_ms);
        assert_int_equal(config->hold_at_least_ms, cases[i].at_least_ms);
        assert_int_equal(config->hold_queue, cases[i].queue);
        config_free(config);
    }
}

static void test_waits_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *line, *beginning;
    } cases[] = {
        {"hold = \"501ms\"", "f:2: hold: \"501ms\": expected milliseconds, at most \"500ms\""},
        {"hold = \"1s\"", "f:2: hold: \"1s\": expected"},
        {"hold = \"250\"", "f:2: hold: \"250\": expected"},
        {"hold = \"ms\"", "f:2: hold: \"ms\": expected"},
        {"hold = \"250sm\"", "f:2: hold: \"250sm\": expected"},
        {"hold = \"1ms1s\"", "f:2: hold: \"1ms1s\": expected"},
        {"hold = \"5ms5ms\"", "f:2: hold: \"5ms5ms\": expected"},
        {"hold = \"4294967297ms\"", "f:2: hold: \"4294967297ms\": expected"},
        {"hold-queue = 65536", "f:2: hold-queue: \"65536\": expected the number of a queue"},
        {"hold = \"9ms\" hold-at-least = \"9ms\"",
         "f:2: hold-at-least: 9 ms is not less than hold, 9 ms"},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "whitelist a { " NAMES " }\n%s\n", cases[i].line);
        refused_with(text, cases[i].beginning);
    }
    /* What lasts minutes needs no milliseconds. */
    refused_with("whitelist a { " NAMES "\ngrace = 90500ms }",
                 "f:2: whitelist a: grace: \"90500ms\": expected");
    config_free(good("whitelist a { " NAMES "\ngrace = 90000ms }"));
}

static void test_a_least_wait_where_none_waits_is_told(void **state)
{
    struct config *config = good("whitelist a { " NAMES " }\nhold-at-least = 5ms\n");
    struct collected collected = {.count = 0};

    (void)state;
    config_warnings(config, collect, &collected);
    config_free(config);
    assert_int_equal(collected.count, 1);
    assert_non_null(strstr(collected.text, "f:2: hold-at-least: hold is \"\""));
}

/* What the log says once is no trouble that lasts: "any" is what a firewall wants. */
static void test_any_interface_is_only_noted(void **state)
{
    struct config *config = good("whitelist a { " NAMES " }");
    struct collected warnings = {.count = 0}, notes = {.count = 0};

    (void)state;
    config_warnings(config, collect, &warnings);
    config_notes(config, collect, &notes);
    config_free(config);
    assert_int_equal(warnings.count, 0);
    assert_int_equal(notes.count, 1);
    assert_non_null(strstr(notes.text, "never promiscuous"));
}

/* "+=" adds to what is there, and when nothing is, to what nothing means. */
static void test_resolvers_are_added_to_the_default_ones(void **state)
{
    static const struct {
        const char *capture;
        size_t count;
        bool by_default;
    } cases[] = {
        {"", 0, true},
        {"capture { }", 0, true},
        {"capture { resolvers = { } }", 0, true},
        {"capture { resolvers += { } }", 0, true},
        {"capture { resolvers = { \"default\" } }", 1, true},
        {"capture { resolvers = { 192.0.2.1 } }", 1, false},
        {"capture { resolvers = { 192.0.2.1 } resolvers += { 192.0.2.2 } }", 2, false},
        {"capture { resolvers += { 192.0.2.1, 192.0.2.2 } }", 3, true},
        {"capture { resolvers += { 192.0.2.1 } resolvers += { 192.0.2.2 } }", 3, true},
        {"capture { resolvers = { } resolvers += { 192.0.2.1 } }", 2, true},
        {"capture { resolvers = { \"default\", 192.0.2.1 } resolvers += { 192.0.2.2 } }", 3, true},
        {"capture { resolvers = { 192.0.2.1, \"default\" } }", 2, true},
        {"capture { resolvers = {\n# none\n} resolvers += { 192.0.2.1 } }", 2, true},
        {"capture { interfaces = { \"e\" } resolvers={} vlans = { } resolvers += { 192.0.2.1 } }",
         2, true},
        {"capture { resolvers += { 192.0.2.1 } }\ncapture { resolvers += { 192.0.2.2 } }", 3, true},
        {"capture { interfaces = { \"e\" } }\ncapture { resolvers += { 192.0.2.2 } }", 2, true},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "%s\nwhitelist a { " NAMES " }", cases[i].capture);
        struct config *config = good(text);

        assert_int_equal(config->resolver_count, cases[i].count);
        assert_int_equal(config_believes_default(config), cases[i].by_default);
        config_free(config);
    }
}

/* Each is let through to the addresses of the other. */
static void test_whitelists_that_give_each_other_their_services(void **state)
{
    static const struct {
        const char *set, *services;
        bool mixes;
    } cases[] = {
        {"inet t s", "services = { \"tcp 443\", \"udp 5\" }", false}, /* in another order */
        {"inet t s", "services = { \"tcp 443\" }", true},
        {"inet t s", "services = { \"tcp 443\", \"udp 5-6\" }", true},
        {"inet t s", "", true},
        {"inet t other", "services = { \"tcp 443\" }", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        struct collected collected = {.count = 0};
        snprintf(text, sizeof(text),
                 "capture { interfaces = { \"e\" } resolvers = { 192.0.2.53 } }\n"
                 "whitelist a {\n" NAMES "\nset4 = \"inet t s\"\n"
                 "services = { \"udp 5\", \"tcp 443\" } }\n"
                 "whitelist b {\n" NAMES "\nset4 = \"%s\"\n%s }\n",
                 cases[i].set, cases[i].services);
        struct config *config = good(text);

        config_warnings(config, collect, &collected);
        config_free(config);
        assert_int_equal(collected.count, cases[i].mixes);
        if (cases[i].mixes)
            assert_non_null(strstr(collected.text, "f:8: whitelist b: shares a set with "
                                                   "whitelist a, and their services differ"));
    }
}

static void test_a_quiet_configuration_has_no_warnings(void **state)
{
    struct config *config = good("capture { interfaces = { \"e\" } resolvers = { 192.0.2.53 } }"
                                 "whitelist a { " NAMES " }");
    struct collected collected = {.count = 0};

    (void)state;
    config_warnings(config, collect, &collected);
    config_free(config);
    assert_int_equal(collected.count, 0);
}

static void test_the_plan_says_what_the_configuration_says(void **state)
{
    struct config *config =
        good("capture { interfaces = { \"e\" } resolvers = { 192.0.2.53 } latency = normal }"
             "whitelist a { names = { \"x.example\", \"*.y.example\" } follow = answer }"
             "whitelist b { names = { \"*\" } match = chain ttl-min = 5s ttl-max = 1m }");
    struct whitelist_pattern *patterns;
    struct plan plan;

    (void)state;
    assert_int_equal(config_plan(config, &plan, &patterns), 0);
    assert_int_equal(plan.interface_count, 1);
    assert_int_equal(plan.resolver_count, 0); /* whom to believe is the caller's to fill */
    assert_int_equal(plan.latency, LATENCY_NORMAL);
    assert_int_equal(plan.pattern_count, 3);
    assert_int_equal(plan.patterns[1].pattern.kind, PATTERN_BELOW);
    assert_int_equal(plan.patterns[1].whitelist, 0);
    assert_int_equal(plan.patterns[2].whitelist, 1);
    assert_int_equal(plan.chain_whitelists, 2);
    assert_int_equal(plan.follow_whitelists, 2);
    assert_int_equal(plan.ttl_min[1], 5);
    assert_int_equal(plan.ttl_max[1], 60);
    free(patterns);
    config_free(config);
}

static void test_only_a_regular_file_of_bounded_size_is_read(void **state)
{
    char folder[] = "/tmp/wildset-test-XXXXXX", path[64];
    struct config *config;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/x", folder);
    assert_int_equal(config_read(path, &config, error), -ENOENT);
    assert_non_null(strstr(error, "/x: there is no such file"));
    assert_int_equal(config_read(folder, &config, error), -EISDIR);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(config_read(path, &config, error), -ENODEV); /* and does not wait */
    assert_int_equal(unlink(path), 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("whitelist a { " NAMES " }\n", file);
    assert_int_equal(ftruncate(fileno(file), 0), 0);
    for (int i = 0; i < CONFIG_SIZE_MAX / 16 + 1; i++)
        fputs("# a comment....\n", file);
    fclose(file);
    assert_int_equal(config_read(path, &config, error), -EFBIG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- several files ---- */

static void refused_files(const char *main_text, const char *more, const char *findings)
{
    struct config_file files[] = {
        {.path = "f", .text = main_text, .size = strlen(main_text)},
        {.path = "d/m", .text = "", .size = 0},
        {.path = "d/n", .text = more, .size = strlen(more)},
    };
    struct config *config = NULL;

    assert_int_equal(config_from_files(files, 3, &config, error), -EINVAL);
    assert_null(config);
    assert_string_equal(error, findings);
}

static void test_files_are_read_as_one(void **state)
{
    const char *main_text = "log = alarms\n"
                            "capture { resolvers = { \"192.0.2.1\" } }"; /* no end of line */
    const char *more = "whitelist a { " NAMES " }\ncapture { resolvers += { \"192.0.2.2\" } }\n";
    struct config_file files[] = {
        {.path = "f", .text = main_text, .size = strlen(main_text)},
        {.path = "d/n", .text = more, .size = strlen(more)},
    };
    struct config *config = NULL;

    (void)state;
    assert_int_equal(config_from_files(files, 2, &config, error), 0);
    assert_non_null(config_whitelist(config, "a"));
    assert_int_equal(config->log, CONFIG_LOG_ALARMS);
    assert_int_equal(config->resolver_count, 2);
    config_free(config);
}

static void test_findings_name_file_and_line(void **state)
{
    (void)state;
    refused_files("whitelist a { " NAMES " }\n", "\nwhitelist b {\n  ttl-min = x\n  " NAMES "\n}\n",
                  "d/n:3: whitelist b: ttl-min: \"x\": expected a number and a unit, s, m, h or d, "
                  "at most a year: \"90s\", \"10m\", \"1d\"");
    refused_files("whitelist a { " NAMES " }\n", "\nunknown = 1\n",
                  "d/n:2: unknown: unknown key: the shipped wildset.conf lists all");
    refused_files("log = grants", "\nwhitelist a {\n", "d/n:2: the { here is never closed");
}

static void test_duplicates_name_both_places(void **state)
{
    (void)state;
    refused_files("\nwhitelist a { " NAMES " }", "\n\nwhitelist a { " NAMES " }",
                  "d/n:3: whitelist a: duplicate name: also in f:2");
    refused_files("whitelist a { " NAMES " }\nlog = grants\n", "log = debug\n",
                  "d/n:1: log: already set in f:2");
    refused_files("", "log = grants\nlog = debug\nwhitelist a { " NAMES " }",
                  "d/n:2: log: already set in line 1");
    refused_files("whitelist a { " NAMES " }\n",
                  "whitelist b { " NAMES "\n set6 = \"inet wildset a4\" }\n",
                  "d/n:2: whitelist b: set6: inet wildset a4 is set4 of whitelist a (f:1): a set "
                  "holds one family");
}

/* What one file begins, the next one cannot end. */
static void test_no_file_reaches_into_the_next(void **state)
{
    static const char *const open_ends[] = {"whitelist", "log =", "whitelist b", "log"};

    (void)state;
    refused_files("whitelist a { " NAMES, "}",
                  "f:1: the { here is never closed\n"
                  "d/n:1: } without a { before it");
    refused_files("/* a", "*/ whitelist a { " NAMES " }",
                  "f:1: the comment that begins here is never closed with */\n"
                  "d/n:1: * outside quotes: write \"*.example.net\"");
    for (size_t i = 0; i < sizeof(open_ends) / sizeof(open_ends[0]); i++)
        refused_files(open_ends[i], "whitelist a { " NAMES " }",
                      "f:1: the file ends in the middle of a setting");
}

static void file_make(const char *folder, const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void file_remove(const char *folder, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static void read_fails(const char *path, int result, const char *says)
{
    struct config *config = NULL;

    assert_int_equal(config_read(path, &config, error), result);
    if (!strstr(error, says))
        fail_msg("wanted ...%s..., got %s", says, error);
}

static const char *read_order(const char *path)
{
    static char order[64];
    struct config *config = NULL;

    if (config_read(path, &config, error))
        fail_msg("refused: %s", error);
    order[0] = '\0';
    for (size_t i = 0; i < config->whitelist_count; i++)
        strcat(order, config->whitelists[i].name);
    config_free(config);
    return order;
}

/* A directory with wildset.conf and conf.d; paths are static. */
static char folder_path[64], main_path[96], more_path[96];

static int folder_make(void **state)
{
    (void)state;
    strcpy(folder_path, "/tmp/wildset-test-XXXXXX");
    assert_non_null(mkdtemp(folder_path));
    snprintf(main_path, sizeof(main_path), "%s/wildset.conf", folder_path);
    snprintf(more_path, sizeof(more_path), "%s/conf.d", folder_path);
    file_make(folder_path, "wildset.conf", "whitelist z { " NAMES " }");
    assert_int_equal(mkdir(more_path, 0700), 0);
    return 0;
}

static int folder_remove(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r '%s'", folder_path);
    return system(command);
}

static void test_a_folder_is_read_in_order_of_name(void **state)
{
    char path[128];

    (void)state;
    assert_string_equal(read_order(main_path), "z"); /* an empty one */
    file_make(more_path, "b.conf", "whitelist b { " NAMES " }");
    file_make(more_path, "C.conf", "whitelist C { " NAMES " }");
    file_make(more_path, "10-a.conf", "whitelist a { " NAMES " }");
    file_make(more_path, ".hidden.conf", "x");
    file_make(more_path, "b.conf.dpkg-new", "x");
    file_make(more_path, ".conf", "x");
    assert_string_equal(read_order(main_path), "zaCb");

    /* A file of another name has none, and wildset.conf need not have one. */
    snprintf(path, sizeof(path), "%s/other.conf", folder_path);
    file_make(folder_path, "other.conf", "whitelist z { " NAMES " }");
    assert_string_equal(read_order(path), "z");
    snprintf(path, sizeof(path), "%s/wildset.conf", more_path);
    file_make(more_path, "wildset.conf", "whitelist y { " NAMES " }");
    assert_string_equal(read_order(path), "y");
}

static void test_a_folder_is_judged_as_a_file_is(void **state)
{
    char path[128];

    (void)state;
    file_make(more_path, "b.conf", "\nwhitelist z { " NAMES " }");
    read_fails(main_path, -EINVAL, "/conf.d/b.conf:2: whitelist z: duplicate name: also in /");
    file_make(more_path, "b.conf", "");
    file_make(more_path, "e e.conf", "");
    read_fails(main_path, -EINVAL, "/conf.d: holds a file whose name");
    file_remove(more_path, "e e.conf");
    assert_int_equal(chmod(more_path, 01777), 0);
    read_fails(main_path, -EPERM, "/conf.d: anybody could add whitelists");
    assert_int_equal(chmod(more_path, 0700), 0);
    snprintf(path, sizeof(path), "%s/link.conf", more_path);
    assert_int_equal(symlink("nothing", path), 0);
    read_fails(main_path, -ENOENT, "/conf.d/link.conf: a link to nothing");
    file_remove(more_path, "link.conf");
    assert_int_equal(mkfifo(path, 0600), 0);
    read_fails(main_path, -ENODEV, "/conf.d/link.conf: is not a regular file");
    file_remove(more_path, "link.conf");
    file_remove(more_path, "b.conf");
    file_remove(folder_path, "conf.d");
    file_make(folder_path, "conf.d", "");
    read_fails(main_path, -ENOTDIR, "/conf.d: is not a directory");
}

static void test_a_folder_has_a_bound(void **state)
{
    char name[16];

    (void)state;
    for (int i = 0; i <= 256; i++) {
        snprintf(name, sizeof(name), "%03d.conf", i);
        file_make(more_path, name, "");
    }
    read_fails(main_path, -E2BIG, "/conf.d: 257 files, at most 256 are read");
    file_remove(more_path, "256.conf");
    assert_string_equal(read_order(main_path), "z");
}

/* More than a few names are looked up, and found to be what walking the list would find. */
static void test_a_long_list_of_names_is_indexed(void **state)
{
    (void)state;
    for (unsigned count = 16; count <= 17; count++) {
        char text[2000];
        int used = snprintf(text, sizeof(text), "whitelist a { names = {");
        for (unsigned i = 0; i < count; i++)
            used += snprintf(text + used, sizeof(text) - (size_t)used, "%s\"*.n%u.example\"",
                             i ? "," : "", i);
        snprintf(text + used, sizeof(text) - (size_t)used, "} }");
        struct config *config = good(text);
        const struct whitelist *whitelist = &config->whitelists[0];
        struct dname name;

        assert_int_equal(whitelist->pattern_count, count);
        assert_true((whitelist->index != NULL) == (count > 16));
        assert_true(dname_from_text("x.n7.example", &name));
        assert_ptr_equal(policy_pattern(whitelist, &name), &whitelist->patterns[7]);
        assert_true(policy_has_pattern(whitelist, &whitelist->patterns[count - 1]));
        assert_true(dname_from_text("n7.example", &name));
        assert_null(policy_pattern(whitelist, &name));
        struct pattern other = whitelist->patterns[3];
        other.kind = PATTERN_EXACT;
        assert_false(policy_has_pattern(whitelist, &other));
        config_free(config);
    }
}

static void assert_mirrors(const char *said, size_t count, bool automatic)
{
    char text[256];

    snprintf(text, sizeof(text),
             "capture { interfaces = { \"e\" } %s }\nwhitelist a {\n" NAMES "}\n", said);
    struct config *config = good(text);
    assert_int_equal(config->mirror_count, count);
    assert_int_equal(config->mirrors_auto, automatic);
    config_free(config);
}

static void test_mirror_ports_are_found_unless_it_says_otherwise(void **state)
{
    (void)state;
    assert_mirrors("", 0, true);
    assert_mirrors("mirror = { \"auto\" }", 1, true);
    assert_mirrors("mirror = { \"auto\", \"e\" }", 2, true);
    assert_mirrors("mirror = { \"e\" }", 1, false);
    assert_mirrors("mirror = { }", 0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_list_of_names_is_indexed),
        cmocka_unit_test(test_one_whitelist_with_one_name_is_complete),
        cmocka_unit_test(test_every_key_is_read),
        cmocka_unit_test(test_lines_are_right_behind_comments),
        cmocka_unit_test(test_several_findings_are_told_at_once),
        cmocka_unit_test(test_every_unknown_key_is_told),
        cmocka_unit_test(test_findings_that_do_not_fit_are_counted),
        cmocka_unit_test(test_values_of_a_wrong_kind_are_refused),
        cmocka_unit_test(test_capture_values_of_a_wrong_kind_are_refused),
        cmocka_unit_test(test_a_resolver_at_another_port),
        cmocka_unit_test(test_one_direction_with_named_or_any_resolvers_is_good),
        cmocka_unit_test(test_contradictions_are_refused),
        cmocka_unit_test(test_one_set_for_two_families_is_refused),
        cmocka_unit_test(test_more_addresses_than_were_tried_are_refused),
        cmocka_unit_test(test_a_65th_whitelist_is_refused),
        cmocka_unit_test(test_what_libconfuse_would_swallow_is_refused),
        cmocka_unit_test(test_a_zero_byte_is_refused),
        cmocka_unit_test(test_windows_line_ends_and_a_byte_order_mark_are_taken),
        cmocka_unit_test(test_what_deserves_a_word_is_told),
        cmocka_unit_test(test_anybody_on_purpose_is_told),
        cmocka_unit_test(test_how_long_packets_wait_is_in_milliseconds),
        cmocka_unit_test(test_waits_that_cannot_be_are_refused),
        cmocka_unit_test(test_a_least_wait_where_none_waits_is_told),
        cmocka_unit_test(test_any_interface_is_only_noted),
        cmocka_unit_test(test_resolvers_are_added_to_the_default_ones),

        cmocka_unit_test(test_whitelists_that_give_each_other_their_services),
        cmocka_unit_test(test_a_quiet_configuration_has_no_warnings),
        cmocka_unit_test(test_the_plan_says_what_the_configuration_says),
        cmocka_unit_test(test_mirror_ports_are_found_unless_it_says_otherwise),
        cmocka_unit_test(test_only_a_regular_file_of_bounded_size_is_read),
        cmocka_unit_test(test_files_are_read_as_one),
        cmocka_unit_test(test_findings_name_file_and_line),
        cmocka_unit_test(test_duplicates_name_both_places),
        cmocka_unit_test(test_no_file_reaches_into_the_next),
        cmocka_unit_test_setup_teardown(test_a_folder_is_read_in_order_of_name, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_a_folder_is_judged_as_a_file_is, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_a_folder_has_a_bound, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
