/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets as they are found in the wild: in tables of each family, with each attribute, of a type that
 * will not do, in a table that another program owns, shared by two whitelists.
 */
#include "tests/unit/setsync/kernel.h"

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>

/* Every way in which a set can be wrong, and that it is used as soon as it is right. */
static void test_a_wrong_set_is_waited_for(void **context)
{
    static const struct {
        const char *definition;
        const char *problem;
    } cases[] = {
        {"{ type ipv6_addr; flags timeout; }", "holds ipv6_addr, expected ipv4_addr"},
        {"{ type ipv4_addr; }", "has no timeouts: create it with `flags timeout`"},
        {"{ type ipv4_addr; flags interval; }", "has no timeouts: create it with `flags timeout`"},
        {"{ type ipv4_addr . inet_service; flags interval, timeout; }",
         "holds a concatenation, expected plain addresses"},
        {"{ type ipv4_addr . inet_service; flags timeout; }",
         "holds a concatenation, expected ipv4_addr"},
        {"{ type inet_service; flags timeout; }", "holds inet_service, expected ipv4_addr"},
        {"{ type ipv4_addr; flags constant; }", "has the flag constant: create it without"},
    };
    struct state *state = *context;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char command[512];
        nft("flush ruleset");
        nft("add table inet wildset");
        snprintf(command, sizeof(command), "add set inet wildset lookback4 %s",
                 cases[i].definition);
        nft(command);
        start(state);
        assert_int_equal(setsync_set(state->sync, 0).state, SET_WRONG);
        assert_string_equal(setsync_set(state->sync, 0).problem, cases[i].problem);
        struct sighting sighting = sighting_of("a.dormammu.lookback.io");
        see(&sighting, "198.51.100.7", 300);
        see(&sighting, "2001:db8::7", 300);
        learn(state, &sighting);
        assert_true(element_of("inet wildset lookback6", "2001:db8::7").exists);
        assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
        nft("delete set inet wildset lookback4");
        nft("add set inet wildset lookback4 { type ipv4_addr; flags timeout; }");
        serve_ms(state, 20);
        assert_int_equal(setsync_set(state->sync, 0).state, SET_READY);
        assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
        setsync_free(state->sync);
        state->sync = NULL;
    }
}

static void test_a_map_is_refused(void **context)
{
    struct state *state = *context;
    nft("add table inet wildset");
    nft("add map inet wildset lookback4 { type ipv4_addr : mark; flags timeout; }");
    start(state);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_WRONG);
    assert_string_equal(setsync_set(state->sync, 0).problem, "is a map, expected a set");
}

/* A table of each family, as the administrator's file would make it. */
static void test_a_table_of_each_family(void **context)
{
    static const struct {
        const char *table, *chain;
    } cases[] = {
        {"ip filter", "type filter hook forward priority 0;"},
        {"ip6 filter", "type filter hook forward priority 0;"},
        {"inet filter", "type filter hook forward priority 0;"},
        {"bridge filter", "type filter hook forward priority 0;"},
        {"netdev filter", "type filter hook ingress device lo priority 0;"},
    };
    struct state *state = *context;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1024], set4[64], set6[64];
        snprintf(set4, sizeof(set4), "%s allowed4", cases[i].table);
        snprintf(set6, sizeof(set6), "%s allowed6", cases[i].table);
        snprintf(text, sizeof(text),
                 "flush ruleset; table %s { set allowed4 { type ipv4_addr; flags timeout; }; "
                 "set allowed6 { typeof ip6 daddr; flags timeout; }; chain c { %s }; }",
                 cases[i].table, cases[i].chain);
        nft(text);
        use_set4(state, set4);
        assert_true(set_name_from_text(set6, &state->whitelist.set6));
        state->whitelist.create = false;
        start(state);
        struct sighting sighting = sighting_of("a.dormammu.lookback.io");
        see(&sighting, "198.51.100.7", 300);
        see(&sighting, "2001:db8::7", 300);
        learn(state, &sighting);
        assert_in_range(element_of(set4, "198.51.100.7").expires, 898, 900);
        assert_in_range(element_of(set6, "2001:db8::7").expires, 898, 900);
        nft(text); /* systemctl reload nftables */
        serve_ms(state, 20);
        assert_in_range(element_of(set4, "198.51.100.7").expires, 890, 900);
        assert_in_range(element_of(set6, "2001:db8::7").expires, 890, 900);
        assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
        stop(state);
    }
}

/* Each attribute that an administrator may give a set; none changes what an element gets. */
static void test_each_attribute(void **context)
{
    static const char *const attributes[] = {
        "flags timeout; size 4096;",
        "flags timeout; timeout 30s;",
        "flags timeout; timeout 1d;",
        "flags timeout; gc-interval 10s;",
        "flags timeout; counter;",
        "flags dynamic, timeout; size 100;",
        "flags timeout; timeout 5m; gc-interval 1s; size 64; counter; comment \"of the firewall\";",
        "flags timeout; policy memory;",
        "flags interval, timeout;",
        "flags interval, timeout; auto-merge; timeout 1h; counter;",
    };
    struct state *state = *context;
    use_set4(state, "inet filter allowed");
    state->whitelist.create = false;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "flush ruleset; table inet filter { set allowed { type ipv4_addr; %s }; }",
                 attributes[i]);
        nft(text);
        start(state);
        learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
        learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 3000);
        assert_in_range(element_of("inet filter allowed", "198.51.100.7").expires, 898, 900);
        serve_ms(state, 150); /* the probe */
        learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 7200);
        if (setsync_statistics(state->sync)->updates_in_place)
            assert_in_range(element_of("inet filter allowed", "198.51.100.7").expires, 7790, 7800);
        nft("flush set inet filter allowed");
        serve_ms(state, 20);
        if (element_of("inet filter allowed", "198.51.100.7").expires < 7790 ||
            element_of("inet filter allowed", "198.51.100.8").expires < 3590)
            fail_msg("not back: %s", attributes[i]);
        struct moment now = clock_now();
        struct address address = address_of("198.51.100.7");
        assert_int_equal(setsync_forget_address(state->sync, &address, &now), 1);
        assert_int_equal(elements_of("inet filter allowed"), 1);
        assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
        stop(state);
    }
}

/* Two whitelists, one set: what one takes back stays while the other wants it. */
static void test_a_set_that_two_whitelists_share(void **context)
{
    static const char *const patterns[] = {"*.example.org", NULL};
    struct state *state = *context;
    struct pattern second[4];
    struct whitelist both[2] = {state->whitelist, whitelist_of("second", second, patterns)};
    both[1].set4 = both[0].set4;
    both[1].set6 = both[0].set6;
    struct moment now = clock_now();
    state->sync = setsync_of(both, 2, state->kernel, &state->record, &now);
    assert_int_equal(setsync_set_count(state->sync), 2);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    learn_one(state, "b.example.org", "198.51.100.7", 3000);
    learn_one(state, "b.example.org", "198.51.100.8", 300);
    json_t *set = list_set("inet wildset lookback4"); /* made for both */
    assert_int_equal(json_integer_value(json_object_get(set, "size")), 8192 + 2048 + 256);
    json_decref(set);
    assert_int_equal(setsync_reload(state->sync, both, 1, &now), 0);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 890, 900);
    assert_false(element_of("inet wildset lookback4", "198.51.100.8").exists);
    stop(state);
}

/* A table with `flags owner`, which nft(8) cannot make: it goes with the socket that made it. */
static struct mnl_socket *own_table(const char *name)
{
    char buffer[4096];
    struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
    struct nftnl_table *table = nftnl_table_alloc();
    assert_true(socket != NULL && table != NULL && mnl_socket_bind(socket, 0, 0) == 0);
    nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
    nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, NFT_TABLE_F_OWNER);
    struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buffer, sizeof(buffer) / 2);
    nftnl_batch_begin(mnl_nlmsg_batch_current(batch), 1);
    mnl_nlmsg_batch_next(batch);
    struct nlmsghdr *header = nftnl_nlmsg_build_hdr(
        mnl_nlmsg_batch_current(batch), NFT_MSG_NEWTABLE, NFPROTO_INET, NLM_F_CREATE, 2);
    nftnl_table_nlmsg_build_payload(header, table);
    mnl_nlmsg_batch_next(batch);
    nftnl_batch_end(mnl_nlmsg_batch_current(batch), 3);
    mnl_nlmsg_batch_next(batch);
    assert_true(
        mnl_socket_sendto(socket, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) > 0);
    mnl_nlmsg_batch_stop(batch);
    nftnl_table_free(table);
    return socket;
}

static void test_a_table_of_another_program_is_waited_for(void **context)
{
    struct state *state = *context;
    struct mnl_socket *owner = own_table("wildset");
    start(state);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_WRONG);
    assert_non_null(strstr(setsync_set(state->sync, 0).problem, "belongs to another program"));
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    mnl_socket_close(owner); /* the kernel takes the table away, and tells nobody */
    serve_ms(state, 1100);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_READY);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 890, 900);
}

/* Boot order: the set is there later, and its notification is enough. */
static void test_a_set_that_comes_later_is_used_at_once(void **context)
{
    struct state *state = *context;
    use_set4(state, "inet filter allowed");
    state->whitelist.create = false;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    nft("table inet filter { set allowed { type ipv4_addr; }; }");
    serve_ms(state, 20);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_WRONG);
    nft("delete table inet filter");
    serve_ms(state, 20);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_MISSING);
    nft("table inet filter { set allowed { type ipv4_addr; flags timeout; }; }");
    serve_ms(state, 20);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_READY);
    assert_true(element_of("inet filter allowed", "198.51.100.7").exists);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

int main(void)
{
    enter_namespace();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_wrong_set_is_waited_for),
        TEST(test_a_map_is_refused),
        TEST(test_a_table_of_each_family),
        TEST(test_each_attribute),
        TEST(test_a_set_that_two_whitelists_share),
        TEST(test_a_table_of_another_program_is_waited_for),
        TEST(test_a_set_that_comes_later_is_used_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
