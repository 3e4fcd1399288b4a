/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interval sets, where a start without its end matches every address above it, and where nothing
 * can be added inside what is there.
 */
#include "tests/unit/setsync/kernel.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define SET "inet filter allowed"

static bool covers(const char *address)
{
    char line[256];
    snprintf(line, sizeof(line), "nft get element " SET " { %s } >/dev/null 2>&1", address);
    return system(line) == 0;
}

static void make_set(struct state *state)
{
    nft("table inet filter { set allowed { type ipv4_addr; flags interval, timeout; }; "
        "set allowed6 { type ipv6_addr; flags interval, timeout; }; }");
    use_set4(state, SET);
    assert_true(set_name_from_text("inet filter allowed6", &state->whitelist.set6));
    start(state);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_READY);
    assert_true(setsync_set(state->sync, 0).interval);
}

/* The trap: nothing but the address itself. */
static void test_an_address_is_one_address(void **context)
{
    struct state *state = *context;
    make_set(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    assert_true(covers("198.51.100.7"));
    assert_false(covers("198.51.100.6"));
    assert_false(covers("198.51.100.8"));
    assert_false(covers("203.0.113.1"));
    /* Neighbours, from both sides, and one whose end carries over. */
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 300);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.6", 300);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.255", 300);
    assert_true(covers("198.51.100.6") && covers("198.51.100.8") && covers("198.51.100.255"));
    assert_false(covers("198.51.100.9") || covers("198.51.101.0"));
    learn_one(state, "a.dormammu.lookback.io", "2001:db8::ffff:ffff", 300);
    assert_int_equal(
        system("nft get element inet filter allowed6 { 2001:db8::ffff:ffff } >/dev/null"), 0);
    assert_int_not_equal(
        system("nft get element inet filter allowed6 { 2001:db8::1:0:0 } >/dev/null 2>&1"), 0);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
    /* The one in the middle goes, and only it. */
    struct moment now = clock_now();
    struct address address = address_of("198.51.100.7");
    assert_int_equal(setsync_forget_address(state->sync, &address, &now), 1);
    assert_false(covers("198.51.100.7"));
    assert_true(covers("198.51.100.6") && covers("198.51.100.8"));
}

static void test_an_address_is_extended(void **context)
{
    struct state *state = *context;
    state->whitelist.ttl_min = 0;
    state->whitelist.grace = 0;
    make_set(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 6);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 600);
    serve_ms(state, 200);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 600);
    serve_ms(state, 3500); /* where it is replaced: when half has passed */
    assert_in_range(element_of(SET, "198.51.100.7").expires, 590, 600);
    assert_true(covers("198.51.100.8"));
    assert_false(covers("198.51.100.9"));
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* Inside the administrator's prefix there is nothing to add, until it goes. */
static void test_a_prefix_covers(void **context)
{
    struct state *state = *context;
    make_set(state);
    nft("add element " SET " { 198.51.100.0/28, 198.51.100.64/28 timeout 2s, "
        "203.0.113.0-203.0.113.9 timeout 2h }");
    serve_ms(state, 20);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.0", 300); /* at its beginning */
    see(&sighting, "198.51.100.7", 300);
    see(&sighting, "198.51.100.16", 300); /* right behind it */
    see(&sighting, "198.51.100.70", 300);
    see(&sighting, "203.0.113.9", 300);
    learn(state, &sighting);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
    assert_int_equal(setsync_set(state->sync, 0).leases, 5);
    assert_int_equal(setsync_set(state->sync, 0).covered, 4);
    assert_true(element_of(SET, "198.51.100.16").exists);
    assert_int_equal(elements_of(SET), 4);
    assert_false(covers("198.51.100.17"));
    /* It ends before the lease does. */
    serve_ms(state, 3500);
    assert_in_range(element_of(SET, "198.51.100.70").expires, 880, 900);
    assert_false(covers("198.51.100.71"));
    /* It is taken away. */
    nft("delete element " SET " { 198.51.100.0/28 }");
    serve_ms(state, 1300);
    assert_in_range(element_of(SET, "198.51.100.7").expires, 880, 900);
    assert_true(covers("198.51.100.0"));
    assert_false(covers("198.51.100.1") || covers("198.51.100.8"));
    struct moment now = clock_now();
    struct dname name = name_of("a.dormammu.lookback.io");
    assert_int_equal(setsync_forget_name(state->sync, &name, &now), 5);
    assert_int_equal(elements_of(SET), 1);
    assert_true(covers("203.0.113.9"));
}

static void test_all_comes_back_and_is_taken_over(void **context)
{
    enum { MANY = 300 };
    struct state *state = *context;
    make_set(state);
    nft("add element " SET " { 203.0.113.0/24 timeout 1h comment \"x.dormammu.lookback.io\" }");
    for (unsigned i = 0; i < MANY; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.18.%u.%u", i >> 8, i & 255);
        learn_one(state, "a.dormammu.lookback.io", address, 300);
    }
    serve_ms(state, 50);
    assert_int_equal(elements_of(SET), MANY + 1);
    uint64_t written = setsync_statistics(state->sync)->elements_written;
    nft("flush set " SET);
    serve_ms(state, 100);
    assert_int_equal(setsync_statistics(state->sync)->elements_written, written + MANY);
    assert_true(covers("198.18.0.0") && covers("198.18.1.43"));
    assert_false(covers("198.18.1.44"));
    nft("add element " SET " { 203.0.113.0/24 timeout 1h comment \"x.dormammu.lookback.io\" }");
    stop(state);
    start(state);
    assert_int_equal(setsync_statistics(state->sync)->elements_written, 0);
    struct address wide = address_of("203.0.113.0");
    struct address single = address_of("198.18.0.77");
    struct moment now = clock_now();
    assert_int_equal(setsync_forget_address(state->sync, &single, &now), 1);
    assert_false(covers("198.18.0.77"));
    (void)setsync_forget_address(state->sync, &wide, &now);
    assert_true(covers("203.0.113.200")); /* it looks like ours, but we never make such */
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* EPERM from sendto is the reject: any address is local here. */
static bool is_matched(const char *text)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    assert_int_equal(inet_pton(AF_INET, text, &to.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    ssize_t sent = sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to));
    int error = sent < 0 ? errno : 0;
    close(fd);
    if (error != 0 && error != EPERM)
        fail_msg("%s: %s", text, strerror(error));
    return error == EPERM;
}

static void set_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0);
    close(fd);
}

/* What packets meet, not what nft(8) prints.  127/8 is never granted: it is written past the
 * policy. */
static void test_packets_meet_one_address(void **context)
{
    struct state *state = *context;
    make_set(state);
    nft("add chain inet filter output { type filter hook output priority 0; }");
    nft("add rule inet filter output ip daddr @allowed drop");
    set_loopback_up();
    struct address address = address_of("127.1.0.7");
    struct nftset_change change = {.set = &state->whitelist.set4,
                                   .address = &address,
                                   .timeout_ms = 60000,
                                   .action = NFTSET_ADD,
                                   .is_interval = true};
    assert_int_equal(nftset_mark(state->sync->nft), 0);
    assert_int_equal(nftset_commit(state->sync->nft, &change, 1), 0);
    static const struct {
        const char *address;
        bool matches;
    } packets[] = {
        {"127.1.0.6", false}, {"127.1.0.7", true}, {"127.1.0.8", false}, {"127.200.0.1", false}};
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
        assert_int_equal(is_matched(packets[i].address), packets[i].matches);
}

int main(void)
{
    enter_namespace();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_an_address_is_one_address), TEST(test_an_address_is_extended),
        TEST(test_a_prefix_covers),           TEST(test_all_comes_back_and_is_taken_over),
        TEST(test_packets_meet_one_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
