/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setsync against the kernel that runs here, in a network namespace of the test's own; what it
 * did is read with nft(8).
 */
#include "tests/unit/setsync/kernel.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void test_sets_are_made_and_filled(void **context)
{
    struct state *state = *context;
    start(state);
    struct sighting sighting = sighting_of("eu1.dormammu.lookback.io");
    see(&sighting, "198.51.100.7", 300);
    see(&sighting, "198.51.100.8", 300);
    see(&sighting, "2001:db8::7", 300);
    sighting.captured_ns = clock_now().real_ns - 5000;
    learn(state, &sighting);

    json_t *set = list_set("inet wildset lookback4");
    assert_string_equal(json_string_value(json_object_get(set, "type")), "ipv4_addr");
    assert_int_equal(json_integer_value(json_object_get(set, "size")), 4096 + 1024 + 256);
    assert_string_equal(json_string_value(json_array_get(json_object_get(set, "flags"), 0)),
                        "timeout");
    json_decref(set);
    struct shown shown = element_of("inet wildset lookback4", "198.51.100.7");
    assert_true(shown.exists);
    assert_int_equal(shown.timeout, 900);
    assert_in_range(shown.expires, 898, 900);
    assert_string_equal(shown.comment, "eu1.dormammu.lookback.io");
    assert_true(element_of("inet wildset lookback4", "198.51.100.8").exists);
    assert_true(element_of("inet wildset lookback6", "2001:db8::7").exists);
    const struct setsync_statistics *statistics = setsync_statistics(state->sync);
    assert_int_equal(statistics->transactions, 1);
    assert_int_equal(statistics->elements_written, 3);
    assert_int_equal(statistics->latency_count, 1);
    assert_int_equal(statistics->granted, 3);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_READY);
    assert_string_equal(setsync_set(state->sync, 0).problem, "");
}

/* Answers that wait together: one transaction, each is told and timed by itself. */
static void test_answers_that_come_together_take_effect_together(void **context)
{
    enum { TOGETHER = 50 };
    static struct sighting sightings[TOGETHER];
    struct state *state = *context;
    state->whitelist.max_addresses = 40;
    start(state);
    struct moment now = clock_now();
    for (unsigned i = 0; i < TOGETHER; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.51.100.%u", i);
        sightings[i] = sighting_of("a.dormammu.lookback.io");
        see(&sightings[i], address, 300 + i);
        sightings[i].captured_ns = now.real_ns - 1000;
        setsync_take(state->sync, SOURCE_SNIFFER, &sightings[i], 1, &now);
    }
    assert_int_equal(state->record.count, 0); /* nothing is told before the kernel has it */
    assert_int_equal(elements_of("inet wildset lookback4"), 0);
    setsync_commit(state->sync, &now);
    assert_int_equal(setsync_statistics(state->sync)->transactions, 1);
    assert_int_equal(setsync_statistics(state->sync)->latency_count, TOGETHER);
    assert_int_equal(state->record.by_kind[EVENT_GRANTED], TOGETHER);
    assert_int_equal(state->record.by_kind[EVENT_EVICTED], TOGETHER - 40);
    assert_int_equal(elements_of("inet wildset lookback4"), 40);
    setsync_commit(state->sync, &now); /* nothing waits */
    assert_int_equal(setsync_statistics(state->sync)->transactions, 1);
}

/* In the kernel neither: no element, no change of the ruleset. */
static void test_getting_ready_changes_nothing(void **context)
{
    struct state *state = *context;
    struct dname name = name_of("eu1.dormammu.lookback.io");
    uint32_t before = 0, after = 0;
    start(state);
    struct moment now = clock_now();
    assert_int_equal(nftset_generation(state->sync->nft, &before), 0);
    setsync_warm(state->sync, &name, &now);
    assert_int_equal(nftset_generation(state->sync->nft, &after), 0);
    assert_int_equal(before, after);
    assert_false(element_of("inet wildset lookback4", "0.0.0.0").exists);
    learn_one(state, "eu1.dormammu.lookback.io", "198.51.100.7", 300);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
}

static void test_an_element_goes_with_its_lease(void **context)
{
    struct state *state = *context;
    state->whitelist.ttl_min = 0;
    state->whitelist.grace = 0;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 1);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    serve_ms(state, 1300);
    assert_false(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_int_equal(state->record.by_kind[EVENT_EXPIRED], 1);
    assert_int_equal(lease_table_count(state->sync->leases), 0);
}

static void test_the_kernel_is_probed_and_refreshed_in_place(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    assert_false(setsync_statistics(state->sync)->updates_probed);
    serve_ms(state, 250);
    assert_true(setsync_statistics(state->sync)->updates_probed);
    if (!setsync_statistics(state->sync)->updates_in_place)
        skip();
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.7", 3000);
    struct shown shown = element_of("inet wildset lookback4", "198.51.100.7");
    assert_int_equal(shown.timeout, 3600);
    assert_string_equal(shown.comment, "a.dormammu.lookback.io"); /* the kernel keeps the first */
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.7", 60);
    assert_int_equal(element_of("inet wildset lookback4", "198.51.100.7").timeout, 3600);
}

/* As on kernels before 6.12: when half has passed, by replacing. */
static void test_an_element_is_replaced_where_it_cannot_be_refreshed(void **context)
{
    struct state *state = *context;
    state->whitelist.ttl_min = 0;
    state->whitelist.grace = 0;
    start(state);
    state->sync->statistics.updates_probed = true;
    state->sync->statistics.updates_in_place = false;
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 6);
    pass_ms(500);
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.7", 600);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 4, 6);
    assert_int_equal(setsync_statistics(state->sync)->elements_written, 1);
    serve_ms(state, 2800);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 590, 600);
    assert_int_equal(setsync_statistics(state->sync)->elements_written, 2);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* An element that lives a little longer than its lease must not swallow the next grant. */
static void test_a_grant_right_after_an_expiry_counts(void **context)
{
    struct state *state = *context;
    state->whitelist.ttl_min = 0;
    state->whitelist.grace = 0;
    start(state);
    state->sync->statistics.updates_probed = true;
    state->sync->statistics.updates_in_place = false;
    struct moment now = clock_now();
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.7", 1);
    setsync_learn(state->sync, SOURCE_SNIFFER, &sighting, 1, &now);
    now.boot_ns += NS_PER_SECOND; /* setsync's clock is ahead of the kernel's */
    setsync_run(state->sync, &now);
    assert_int_equal(state->record.by_kind[EVENT_EXPIRED], 1);
    sighting.addresses[0].ttl = 100;
    setsync_learn(state->sync, SOURCE_SNIFFER, &sighting, 1, &now);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 97, 100);
}

static void test_a_missing_set_is_not_made_when_that_is_not_wanted(void **context)
{
    struct state *state = *context;
    state->whitelist.create = false;
    start(state);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_MISSING);
    assert_non_null(strstr(setsync_set(state->sync, 0).problem, "does not exist"));
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    serve_ms(state, 1200);
    assert_null(list_set("inet wildset lookback4"));
    nft("add table inet wildset");
    nft("add set inet wildset lookback4 { type ipv4_addr; flags timeout; }");
    /* Without notifications, too: it is looked at each second. */
    pass_ms(1050);
    run(state);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_READY);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_int_equal(setsync_set(state->sync, 1).state, SET_MISSING);
}

static void test_a_full_set_holds_nothing_else_up(void **context)
{
    struct state *state = *context;
    nft("add table inet filter");
    nft("add set inet filter small { type ipv4_addr; flags timeout; size 4; }");
    nft("add element inet filter small { 203.0.113.1, 203.0.113.2, 203.0.113.3 }");
    assert_true(set_name_from_text("inet filter small", &state->whitelist.set4));
    start(state);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.7", 300);
    see(&sighting, "198.51.100.8", 300);
    see(&sighting, "2001:db8::7", 300);
    learn(state, &sighting);
    assert_true(element_of("inet wildset lookback6", "2001:db8::7").exists);
    assert_int_equal(setsync_set(state->sync, 0).full, 1);
    assert_non_null(strstr(setsync_set(state->sync, 0).problem, "full"));
    /* What fits is in at once: the whole failed, then one of two. */
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 2);
    assert_int_equal(elements_of("inet filter small"), 4);
    /* No new try before two collections have passed, whatever is learned. */
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.9", 300);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 2);
    /* Then what fits goes in. */
    serve_ms(state, 2200);
    assert_int_equal(elements_of("inet filter small"), 4);
    assert_true(element_of("inet filter small", "203.0.113.3").exists);
    nft("delete element inet filter small { 203.0.113.1, 203.0.113.2, 203.0.113.3 }");
    serve_ms(state, 2200);
    assert_int_equal(elements_of("inet filter small"), 3);
    assert_string_equal(setsync_set(state->sync, 0).problem, "");
}

/* A set's own size is capacity too: the kernel is not asked for what it must refuse. */
/* Read, and then an address lies in someone's prefix: it alone waits. */
static void test_what_is_refused_takes_nothing_with_it(void **context)
{
    struct state *state = *context;
    nft("table inet filter { set allowed { type ipv4_addr; flags interval, timeout; }; }");
    use_set4(state, "inet filter allowed");
    start(state);
    struct set *set = state->sync->sets[0];
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.7", 300);
    see(&sighting, "203.0.113.7", 300);
    see(&sighting, "198.51.100.8", 300);
    nft("add element inet filter allowed { 203.0.113.0/24 }");
    assert_int_equal(sets_mark(state->sync), 0);
    set->may_hold_others = false; /* nobody reads: as if the generation had not told of it */
    learn(state, &sighting);
    set->may_hold_others = true;
    assert_true(element_of("inet filter allowed", "198.51.100.7").exists);
    assert_true(element_of("inet filter allowed", "198.51.100.8").exists);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 2);
    assert_int_equal(setsync_set(state->sync, 0).state, SET_READY);
    serve_ms(state, 1200);
    assert_int_equal(setsync_set(state->sync, 0).covered, 1);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 2);
    nft("delete element inet filter allowed { 203.0.113.0/24 }");
    serve_ms(state, 1300);
    assert_true(element_of("inet filter allowed", "203.0.113.7").exists);
}

static void test_room_is_made_before_the_kernel_refuses(void **context)
{
    struct state *state = *context;
    nft("add table inet filter");
    nft("add set inet filter small { type ipv4_addr; flags timeout; size 10; }");
    assert_true(set_name_from_text("inet filter small", &state->whitelist.set4));
    start(state);
    for (unsigned i = 1; i <= 30; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.51.100.%u", i);
        learn_one(state, "a.dormammu.lookback.io", address, 300);
    }
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
    assert_int_equal(setsync_statistics(state->sync)->evicted, 22);
    assert_int_equal(elements_of("inet filter small"), 8);
    assert_true(element_of("inet filter small", "198.51.100.30").exists);
    assert_false(element_of("inet filter small", "198.51.100.22").exists);
}

static void test_others_elements_stay_as_they_are(void **context)
{
    struct state *state = *context;
    nft("add table inet filter");
    nft("add set inet filter allowed { type ipv4_addr; flags timeout; }");
    nft("add element inet filter allowed { 198.51.100.1, 198.51.100.2 timeout 2h,"
        " 198.51.100.3 timeout 30s }");
    assert_true(set_name_from_text("inet filter allowed", &state->whitelist.set4));
    start(state);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.1", 300);
    see(&sighting, "198.51.100.2", 300);
    see(&sighting, "198.51.100.3", 300);
    see(&sighting, "198.51.100.4", 300);
    learn(state, &sighting);
    struct shown shown = element_of("inet filter allowed", "198.51.100.1");
    assert_true(shown.exists && !shown.timed);
    assert_int_equal(element_of("inet filter allowed", "198.51.100.2").timeout, 7200);
    assert_in_range(element_of("inet filter allowed", "198.51.100.3").expires, 890, 900);
    assert_in_range(element_of("inet filter allowed", "198.51.100.4").expires, 890, 900);
    assert_int_equal(lease_of(state->sync, &state->whitelist.set4, "198.51.100.1")->write,
                     LEASE_COVERED);
    /* Taken back: what others made is not ours to delete. */
    struct moment now = clock_now();
    struct dname name = name_of("a.dormammu.lookback.io");
    assert_int_equal(setsync_forget_name(state->sync, &name, &now), 4);
    assert_true(element_of("inet filter allowed", "198.51.100.1").exists);
    assert_true(element_of("inet filter allowed", "198.51.100.2").exists);
    assert_false(element_of("inet filter allowed", "198.51.100.4").exists);
}

static void test_a_permanent_element_in_our_table_stays_too(void **context)
{
    struct state *state = *context;
    start(state);
    nft("add element inet wildset lookback4 { 198.51.100.1 comment \"by hand\" }");
    serve_ms(state, 5);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 300);
    struct shown shown = element_of("inet wildset lookback4", "198.51.100.1");
    assert_true(shown.exists && !shown.timed);
    assert_string_equal(shown.comment, "by hand");
}

/* After others' changes elements are read before writing, until it is sure that all are ours. */
static void test_caution_ends_when_nothing_of_others_is_found(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    assert_false(state->sync->sets[0]->may_hold_others);
    nft("add table inet unrelated");
    struct moment now = clock_now();
    setsync_notified(state->sync, &now);
    assert_true(state->sync->sets[0]->may_hold_others);
    serve_ms(state, 50);
    assert_false(state->sync->sets[0]->may_hold_others);
    nft("add element inet wildset lookback4 { 198.51.100.1 }");
    serve_ms(state, 1200);
    assert_true(state->sync->sets[0]->may_hold_others);
    assert_false(state->sync->sets[1]->may_hold_others);
}

/* Everything that others do to sets, and the leases are back at once with the time they had left.
 */
static void test_what_others_take_is_put_back(void **context)
{
    static const char *const faults[] = {
        "flush set inet wildset lookback4",
        "delete table inet wildset",
        "delete set inet wildset lookback4",
        "flush ruleset",
        "flush ruleset; table inet wildset { set lookback4 { type ipv4_addr; flags timeout; }; }",
        "delete table inet wildset; table inet wildset { set lookback4 { type ipv4_addr; flags "
        "timeout; }; set lookback6 { type ipv6_addr; flags timeout; }; }",
    };
    struct state *state = *context;
    start(state);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    for (unsigned i = 1; i <= 8; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.51.100.%u", i);
        see(&sighting, address, 300);
        snprintf(address, sizeof(address), "2001:db8::%u", i);
        see(&sighting, address, 300);
    }
    learn(state, &sighting);
    serve_ms(state, 150);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        nft(faults[i]);
        serve_ms(state, 5);
        if (elements_of("inet wildset lookback4") != 8 ||
            elements_of("inet wildset lookback6") != 8)
            fail_msg("after: %s", faults[i]);
        assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 880, 900);
    }
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
    /* Its own changes are no news. */
    uint64_t transactions = setsync_statistics(state->sync)->transactions;
    serve_ms(state, 50);
    assert_int_equal(setsync_statistics(state->sync)->transactions, transactions);
}

/* What replaces a set has taken the rules that use it along: they are to be loaded again. */
static void test_a_set_that_others_made_anew_is_told(void **context)
{
    struct state *state = *context;
    nft("table inet filter { set a4 { type ipv4_addr; flags timeout; }; }");
    assert_true(set_name_from_text("inet filter a4", &state->whitelist.set4));
    start(state);
    uint64_t made = setsync_statistics(state->sync)->sets_made;
    assert_int_equal(made, 1); /* lookback6 */
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    nft("flush set inet filter a4");
    serve_ms(state, 50);
    assert_int_equal(setsync_statistics(state->sync)->sets_made, made);
    nft("delete table inet filter; table inet filter { set a4 { type ipv4_addr; flags timeout; }; "
        "}");
    serve_ms(state, 50);
    assert_int_equal(elements_of("inet filter a4"), 1);
    assert_int_equal(setsync_statistics(state->sync)->sets_made, made + 1);
    nft("delete table inet filter");
    serve_ms(state, 50);
    nft("table inet filter { set a4 { type ipv4_addr; flags timeout; }; }");
    serve_ms(state, 50);
    assert_true(setsync_statistics(state->sync)->sets_made > made + 1);
}

/* One among many, which no sentinel may have stood for. */
static void test_a_single_element_taken_is_put_back(void **context)
{
    enum { MANY = 600 };
    struct state *state = *context;
    start(state);
    for (unsigned i = 0; i < MANY; i++) {
        struct sighting sighting = sighting_of("a.dormammu.lookback.io");
        char address[32];
        snprintf(address, sizeof(address), "198.18.%u.%u", i >> 8, i & 255);
        see(&sighting, address, 300);
        snprintf(address, sizeof(address), "2001:db8::%x", i + 1);
        see(&sighting, address, 300);
        learn(state, &sighting);
    }
    serve_ms(state, 200);
    uint64_t written = setsync_statistics(state->sync)->elements_written;
    for (unsigned i = 0; i < 3; i++) {
        char command[128];
        snprintf(command, sizeof(command), "delete element inet wildset lookback4 { 198.18.1.%u }",
                 7 * i + 1);
        nft(command);
        snprintf(command, sizeof(command), "delete element inet wildset lookback6 { 2001:db8::%u }",
                 7 * i + 1);
        nft(command);
        serve_ms(state, 1200);
        assert_int_equal(elements_of("inet wildset lookback4"), MANY);
        assert_int_equal(elements_of("inet wildset lookback6"), MANY);
    }
    /* What is missing and not all: an element written during a stall of the machine lasts longer
     * than its lease, and is put right too. */
    assert_in_range(setsync_statistics(state->sync)->elements_written, written + 6,
                    written + MANY / 2);
    assert_true(setsync_due(state->sync) > clock_now().boot_ns); /* and it rests */
}

/* The trap again: written as into a plain set, each would match all addresses above it. */
static void test_a_set_that_became_an_interval_set_meanwhile(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    for (unsigned i = 0; i < 2; i++) {
        nft("delete set inet wildset lookback4; add set inet wildset lookback4 { type ipv4_addr; "
            "flags interval, timeout; }");
        const char *fresh = i == 0 ? "198.51.100.9" : "198.51.100.10";
        learn_one(state, "a.dormammu.lookback.io", fresh, 300); /* nobody has heard of it yet */
        json_t *set = list_set("inet wildset lookback4");
        assert_int_equal(json_array_size(json_object_get(set, "elem")), 2 + i);
        char *text = json_dumps(json_object_get(set, "elem"), JSON_COMPACT);
        assert_null(strstr(text, "range"));
        assert_null(strstr(text, "prefix"));
        free(text);
        json_decref(set);
        nft("delete set inet wildset lookback4; add set inet wildset lookback4 { type ipv4_addr; "
            "flags timeout; }");
        learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 300);
        assert_true(element_of("inet wildset lookback4", "198.51.100.8").exists);
        nft("delete element inet wildset lookback4 { 198.51.100.8 }");
        struct address address = address_of("198.51.100.8");
        struct moment now = clock_now();
        setsync_forget_address(state->sync, &address, &now);
    }
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* No notification has been read yet when the next answer comes. */
static void test_a_set_that_vanished_is_noticed_by_the_commit(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    nft("flush ruleset");
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 300);
    assert_int_equal(elements_of("inet wildset lookback4"), 2);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

static void test_a_restart_takes_over(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    learn_one(state, "dormammu.lookback.io", "198.51.100.8", 300);
    setsync_free(state->sync);
    nft("add element inet wildset lookback4 { 198.51.100.9 timeout 1h comment "
        "\"dormammu.lookback.io.evil.example\", 198.51.100.10 timeout 1h, 198.51.100.11 }");
    nft("add element inet wildset lookback4 { 10.0.0.1 timeout 1h comment "
        "\"x.dormammu.lookback.io\" }");
    start(state);
    assert_int_equal(lease_table_count(state->sync->leases), 2);
    const struct lease *lease = lease_of(state->sync, &state->whitelist.set4, "198.51.100.7");
    assert_non_null(lease);
    assert_int_equal(lease->write, LEASE_WRITTEN);
    assert_int_equal(lease->claims[0].source, SOURCE_STATE);
    struct dname name = name_of("a.dormammu.lookback.io");
    assert_true(kept_name_equal(lease->claims[0].name, &name));
    uint64_t left_ns = lease->expires_ns - clock_now().boot_ns;
    assert_in_range(left_ns / NS_PER_SECOND, 890, 900);
    assert_int_equal(setsync_statistics(state->sync)->elements_written, 3); /* taken out */
    /* In our own table what has a timeout is ours, and what is not granted goes. */
    assert_int_equal(elements_of("inet wildset lookback4"), 3);
    assert_true(element_of("inet wildset lookback4", "198.51.100.11").exists);
    /* A permanent element was found: reading comes before writing. */
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.11", 300);
    assert_false(element_of("inet wildset lookback4", "198.51.100.11").timed);
}

static void save_and_stop(struct state *state, const char *path)
{
    struct moment now = clock_now();
    assert_int_equal(setsync_save(state->sync, path, &now), 0);
    stop(state);
}

static void start_from(struct state *state, const char *path)
{
    struct moment now = clock_now();
    struct setsync_options options = {.whitelists = &state->whitelist,
                                      .whitelist_count = 1,
                                      .kernel = nftset_kernel(),
                                      .event = record_event,
                                      .context = &state->record,
                                      .state = path};
    assert_int_equal(setsync_new(&options, &now, &state->sync), 0);
}

/* A policy made stricter between two runs is in force from the start on, state file or not. */
static void test_what_is_not_granted_any_more_goes_at_a_start(void **context)
{
    struct state *state = *context;
    struct prefix refuse = prefix_of("198.51.100.8/32");
    const char *const path = "ungranted-leases";
    for (unsigned with_file = 0; with_file < 2; with_file++) {
        nft("flush ruleset");
        state->whitelist = whitelist_of("lookback", state->patterns, patterns_lookback);
        start(state);
        learn_one(state, "dormammu.lookback.io", "198.51.100.7", 300);
        learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 300);
        learn_one(state, "a.dormammu.lookback.io", "198.51.100.9", 300);
        learn_one(state, "a.dormammu.lookback.io", "2001:db8::9", 300);
        save_and_stop(state, path);
        state->patterns[0] = pattern_of("other.example.org"); /* the apex is taken out */
        state->whitelist.refuse = &refuse;
        state->whitelist.refuse_count = 1;
        assert_true(set_name_from_text("inet wildset moved6", &state->whitelist.set6));
        start_from(state, with_file ? path : NULL);
        assert_false(element_of("inet wildset lookback4", "198.51.100.7").exists);
        assert_false(element_of("inet wildset lookback4", "198.51.100.8").exists);
        assert_true(element_of("inet wildset lookback4", "198.51.100.9").exists);
        assert_false(element_of("inet wildset lookback6", "2001:db8::9").exists);
        assert_int_equal(lease_table_count(state->sync->leases), 1);
        assert_int_equal(setsync_leaving(state->sync), 0);
        assert_int_equal(setsync_set_count(state->sync), 2);
        assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
        stop(state);
    }
    unlink(path);
}

/* In a table of others: what the state file names goes, as far as it is ours, and nothing else. */
static void test_in_others_sets_only_ours_goes_at_a_start(void **context)
{
    struct state *state = *context;
    const char *const path = "ungranted-leases";
    nft("table inet filter { set allowed { type ipv4_addr; flags timeout; }; "
        "set before { type ipv4_addr; flags timeout; }; }");
    nft("add element inet filter before { 198.51.100.1, 198.51.100.2 timeout 2h, 203.0.113.1 "
        "timeout 1h comment \"a.dormammu.lookback.io\" }");
    use_set4(state, "inet filter before");
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 300);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.2", 300);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.3", 300);
    learn_one(state, "dormammu.lookback.io", "198.51.100.4", 300);
    struct moment now = clock_now();
    struct address address = address_of("203.0.113.1"); /* its comment made it a lease: it goes */
    assert_int_equal(setsync_forget_address(state->sync, &address, &now), 1);
    nft("add element inet filter before { 203.0.113.1 timeout 1h comment "
        "\"a.dormammu.lookback.io\" }");
    save_and_stop(state, path);
    use_set4(state, "inet filter allowed");
    start_from(state, path);
    assert_true(element_of("inet filter before", "198.51.100.1").exists);
    assert_int_equal(element_of("inet filter before", "198.51.100.2").timeout, 7200);
    assert_false(element_of("inet filter before", "198.51.100.3").exists);
    assert_false(element_of("inet filter before", "198.51.100.4").exists);
    assert_true(element_of("inet filter before", "203.0.113.1").exists); /* not named by the file */
    stop(state);
    unlink(path);
}

struct foreign {
    size_t count;
    bool is_timed;
};

static void note_foreign(void *context, const struct set_name *set,
                         const struct setsync_element *element)
{
    struct foreign *foreign = context;
    (void)set;
    foreign->count++;
    foreign->is_timed = element->timeout_ms > 0;
}

/* Leases have ended, and yesterday's ruleset is loaded: what is in the sets has a lease or goes. */
static void test_a_saved_ruleset_brings_nothing_back_for_good(void **context)
{
    struct state *state = *context;
    struct foreign foreign = {0};
    struct address by_hand = address_of("198.51.100.30");
    nft("table inet filter { set allowed { type ipv6_addr; flags timeout; }; }");
    assert_true(set_name_from_text("inet filter allowed", &state->whitelist.set6));
    start(state);
    for (unsigned i = 1; i <= 20; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.51.100.%u", i);
        learn_one(state, "a.dormammu.lookback.io", address, 300);
        snprintf(address, sizeof(address), "2001:db8::%x", i);
        learn_one(state, "a.dormammu.lookback.io", address, 300);
    }
    nft("add element inet wildset lookback4 { 198.51.100.30 }");
    nft("add element inet filter allowed { 2001:db8::30 timeout 2h, 2001:db8::31 timeout 2h "
        "comment \"b.example.org\" }");
    assert_int_equal(system("nft list ruleset >ruleset.saved"), 0);
    struct dname name = name_of("a.dormammu.lookback.io");
    struct moment now = clock_now();
    assert_int_equal(setsync_forget_name(state->sync, &name, &now), 40);
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.7", 60);
    serve_ms(state, 1100);
    for (unsigned i = 0; i < 2; i++) {
        if (i == 1)
            nft("flush ruleset");
        assert_int_equal(system("nft -f ruleset.saved"), 0);
        serve_ms(state, 1300);
        assert_int_equal(elements_of("inet wildset lookback4"), 2);
        assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
        assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 600, 660);
        /* What somebody else put there to stay does, and it is told. */
        assert_false(element_of("inet wildset lookback4", "198.51.100.30").timed);
        foreign.count = 0;
        setsync_each_foreign(state->sync, &by_hand, note_foreign, &foreign);
        assert_int_equal(foreign.count, 1);
        assert_false(foreign.is_timed);
        /* Elsewhere the comment tells what is ours. */
        assert_int_equal(elements_of("inet filter allowed"), 2);
        assert_true(element_of("inet filter allowed", "2001:db8::30").exists);
    }
    unlink("ruleset.saved");
}

static void test_forget_and_reload_take_elements_away(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    learn_one(state, "dormammu.lookback.io", "198.51.100.8", 300);
    learn_one(state, "dormammu.lookback.io", "198.51.100.9", 300);
    struct moment now = clock_now();
    struct address address = address_of("198.51.100.9");
    assert_int_equal(setsync_forget_address(state->sync, &address, &now), 1);
    assert_false(element_of("inet wildset lookback4", "198.51.100.9").exists);

    struct pattern pattern = pattern_of("dormammu.lookback.io");
    struct whitelist other = state->whitelist;
    other.patterns = &pattern;
    other.pattern_count = 1;
    setsync_reload(state->sync, &other, 1, &now);
    assert_false(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_true(element_of("inet wildset lookback4", "198.51.100.8").exists);
    assert_int_equal(state->record.by_kind[EVENT_FORGOTTEN], 2);
    setsync_free(state->sync);
    state->sync = NULL;
}

static void test_a_strange_name_makes_a_harmless_comment(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a\\034\\010b'c.dormammu.lookback.io", "198.51.100.7", 300);
    struct shown shown = element_of("inet wildset lookback4", "198.51.100.7");
    assert_string_equal(shown.comment, "a_034_010b_c.dormammu.lookback.io");
    assert_int_equal(system("nft list ruleset >ruleset.saved && nft flush ruleset && "
                            "nft -f ruleset.saved && rm ruleset.saved"),
                     0);
    char label[64], name[256], comment[NFTSET_COMMENT_MAX];
    memset(label, 'x', 63);
    label[63] = '\0';
    snprintf(name, sizeof(name), "%s.%s.dormammu.lookback.io", label, label);
    struct dname long_name = name_of(name);
    nftset_comment(&long_name, comment);
    assert_string_equal(comment, name + 64);
}

/* More than a message holds, and an answer that feeds two whitelists with a set in common. */
static void test_many_leases_come_back(void **context)
{
    enum { MANY = 3000 };
    struct state *state = *context;
    start(state);
    for (unsigned i = 0; i < MANY / 15; i++) {
        struct sighting sighting = sighting_of("a.dormammu.lookback.io");
        for (unsigned k = 0; k < 15; k++) {
            char address[32];
            unsigned number = i * 15 + k;
            snprintf(address, sizeof(address), "198.18.%u.%u", number >> 8, number & 255);
            see(&sighting, address, 300);
        }
        learn(state, &sighting);
    }
    assert_int_equal(elements_of("inet wildset lookback4"), MANY);
    nft("flush ruleset");
    uint64_t transactions = setsync_statistics(state->sync)->transactions;
    struct moment now = clock_now();
    setsync_notified(state->sync, &now);
    uint64_t took_us = (clock_now().boot_ns - now.boot_ns) / NS_PER_US;
    assert_int_equal(setsync_statistics(state->sync)->transactions, transactions + 1);
    assert_int_equal(elements_of("inet wildset lookback4"), MANY);
    print_message("%d leases back in %lu us\n", MANY, (unsigned long)took_us);
}

/* Another program's changes, more than a socket holds: the rest is lost, and that is noticed. */
static void test_more_notifications_than_fit(void **context)
{
    enum { CHANGES = 1000 };
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 300);
    nft("table inet others { set some { type ipv4_addr; flags timeout; }; }");
    serve_ms(state, 300);
    struct set_name some;
    struct nftset *other;
    struct address address = address_of("203.0.113.1");
    assert_true(set_name_from_text("inet others some", &some));
    assert_int_equal(nftset_open(&other), 0);
    assert_int_equal(nftset_mark(other), 0);
    for (unsigned i = 0; i < CHANGES; i++) {
        struct nftset_change change = {.set = &some,
                                       .address = &address,
                                       .timeout_ms = 60000,
                                       .action = i % 2 == 0 ? NFTSET_REPLACE : NFTSET_DELETE};
        assert_int_equal(nftset_commit(other, &change, 1), 0);
    }
    nftset_close(other);
    char byte; /* what a daemon that was busy meanwhile meets */
    assert_int_equal(recv(setsync_event_fd(state->sync), &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, ENOBUFS);
    nft("delete element inet wildset lookback4 { 198.51.100.7 }"); /* not heard any more */
    uint64_t dumps = setsync_statistics(state->sync)->elements_written;
    serve_ms(state, 1200);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.7").expires, 890, 900);
    assert_int_equal(setsync_statistics(state->sync)->elements_written, dumps + 1);
}

/* Nobody listens to a large transaction of ours; what others do meanwhile is missed and known. */
static void test_a_large_transaction_is_not_listened_to(void **context)
{
    enum { MANY = 20000 };
    struct state *state = *context;
    start(state);
    struct nftset *handle = state->sync->nft;
    struct address *addresses = calloc(MANY, sizeof(*addresses));
    struct nftset_change *changes = calloc(MANY, sizeof(*changes));
    for (unsigned i = 0; i < MANY; i++) {
        const uint8_t bytes[4] = {198, 18, (uint8_t)(i >> 8), (uint8_t)i};
        addresses[i] = address_from_ipv4(bytes);
        changes[i] = (struct nftset_change){.set = &state->whitelist.set4,
                                            .address = &addresses[i],
                                            .timeout_ms = 60000,
                                            .action = NFTSET_REPLACE};
    }
    nft("flush table inet wildset; table inet others { set some { type ipv4_addr; }; }; "
        "delete set inet wildset lookback4; add set inet wildset lookback4 { type ipv4_addr; "
        "flags timeout; size 100000; }");
    (void)nftset_foreign_change(handle);
    assert_int_equal(nftset_mark(handle), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(nftset_commit(handle, changes, MANY), 0);
        assert_false(nftset_missed(handle));
        assert_false(nftset_foreign_change(handle));
    }
    pid_t other = fork();
    if (other == 0)
        for (;;)
            if (system("nft add element inet others some { 203.0.113.1 } && "
                       "nft flush set inet others some") != 0)
                _exit(1);
    bool missed = false;
    for (unsigned i = 0; i < 500 && !missed; i++) {
        assert_int_equal(nftset_mark(handle), 0);
        (void)nftset_commit(handle, changes, MANY); /* someone may have come before it */
        missed = nftset_missed(handle);
    }
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    assert_true(missed);
    pass_ms(100);
    (void)nftset_foreign_change(handle);
    nft("add element inet others some { 203.0.113.2 }");
    assert_true(nftset_foreign_change(handle)); /* and it listens again */
    free(changes);
    free(addresses);
}

/* Nothing is seen for hours: what the lifetimes say happens, and nothing else. */
static void test_hours_without_traffic(void **context)
{
    enum { HOURS = 5 };
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 3600);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 80000);
    serve_ms(state, 300);
    uint64_t written = setsync_statistics(state->sync)->elements_written;
    struct moment now = clock_now();
    const uint64_t end_ns = now.boot_ns + HOURS * UINT64_C(3600) * NS_PER_SECOND;
    unsigned runs = 0;
    for (uint64_t due_ns; (due_ns = setsync_due(state->sync)) < end_ns; runs++) {
        assert_true(due_ns > now.boot_ns || runs < 4);
        now.boot_ns = due_ns > now.boot_ns ? due_ns : now.boot_ns;
        setsync_run(state->sync, &now);
    }
    assert_in_range(runs, 1, 8); /* it sleeps */
    assert_int_equal(setsync_statistics(state->sync)->elements_written, written);
    assert_int_equal(state->record.by_kind[EVENT_EXPIRED], 1);
    assert_int_equal(lease_table_count(state->sync->leases), 1);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* A suspend: the kernel's timers stood still, the leases went on. */
static void test_after_a_suspend_nothing_outlives_its_lease(void **context)
{
    struct state *state = *context;
    state->whitelist.ttl_min = 0;
    state->whitelist.grace = 0;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 100);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 900);
    serve_ms(state, 200);
    struct moment now = clock_now();
    now.boot_ns += 300 * NS_PER_SECOND;
    setsync_resumed(state->sync, 300 * NS_PER_SECOND, &now);
    assert_false(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.8").expires, 590, 600);
    assert_int_equal(state->record.by_kind[EVENT_EXPIRED], 1);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* The event socket is one too many: then the ruleset is asked each second. */
static void test_without_notifications_changes_are_looked_for(void **context)
{
    struct state *state = *context;
    struct rlimit before, limit;
    int next = dup(0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)next + 1; /* the command socket, and no more */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct moment now = clock_now();
    struct setsync_options options = {
        .whitelists = &state->whitelist, .whitelist_count = 1, .kernel = nftset_kernel()};
    int r = setsync_new(&options, &now, &state->sync);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(r, 0);
    assert_int_equal(setsync_event_fd(state->sync), -1);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 100);
    serve_ms(state, 1300);
    nft("flush set inet wildset lookback4");
    serve_ms(state, 1300);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    uint64_t due_ns = setsync_due(state->sync);
    assert_true(due_ns <= clock_now().boot_ns + NS_PER_SECOND);
}

int main(void)
{
    enter_namespace();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_sets_are_made_and_filled),
        TEST(test_answers_that_come_together_take_effect_together),
        TEST(test_getting_ready_changes_nothing),
        TEST(test_an_element_goes_with_its_lease),
        TEST(test_the_kernel_is_probed_and_refreshed_in_place),
        TEST(test_an_element_is_replaced_where_it_cannot_be_refreshed),
        TEST(test_a_grant_right_after_an_expiry_counts),
        TEST(test_a_missing_set_is_not_made_when_that_is_not_wanted),
        TEST(test_a_full_set_holds_nothing_else_up),
        TEST(test_what_is_refused_takes_nothing_with_it),
        TEST(test_room_is_made_before_the_kernel_refuses),
        TEST(test_others_elements_stay_as_they_are),
        TEST(test_a_permanent_element_in_our_table_stays_too),
        TEST(test_caution_ends_when_nothing_of_others_is_found),
        TEST(test_what_others_take_is_put_back),
        TEST(test_a_set_that_others_made_anew_is_told),
        TEST(test_a_single_element_taken_is_put_back),
        TEST(test_a_set_that_became_an_interval_set_meanwhile),
        TEST(test_a_set_that_vanished_is_noticed_by_the_commit),
        TEST(test_a_restart_takes_over),
        TEST(test_what_is_not_granted_any_more_goes_at_a_start),
        TEST(test_in_others_sets_only_ours_goes_at_a_start),
        TEST(test_a_saved_ruleset_brings_nothing_back_for_good),
        TEST(test_forget_and_reload_take_elements_away),
        TEST(test_a_strange_name_makes_a_harmless_comment),
        TEST(test_many_leases_come_back),
        TEST(test_more_notifications_than_fit),
        TEST(test_a_large_transaction_is_not_listened_to),
        TEST(test_hours_without_traffic),
        TEST(test_after_a_suspend_nothing_outlives_its_lease),
        TEST(test_without_notifications_changes_are_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
