/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setsync without a kernel, as replay uses it: what hostile sightings get (nothing), lifetimes,
 * derived names, capacity, taking back, reload.
 */
#include "tests/unit/setsync/fixture.h"

#include <time.h>

static const char *const patterns_lookback[] = {"dormammu.lookback.io", "*.dormammu.lookback.io",
                                                NULL};
static const char *const patterns_other[] = {"*.lookback.io", NULL};

struct state {
    struct pattern patterns[2][4];
    struct whitelist whitelists[2];
    struct record record;
    struct setsync *sync;
    struct moment now;
};

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof(*state));
    *context = state;
    state->whitelists[0] = whitelist_of("lookback", state->patterns[0], patterns_lookback);
    state->whitelists[1] = whitelist_of("other", state->patterns[1], patterns_other);
    state->now = (struct moment){.boot_ns = 1000 * NS_PER_SECOND, .real_ns = 5000 * NS_PER_SECOND};
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    setsync_free(state->sync);
    free(state);
    return 0;
}

static void start(struct state *state, size_t whitelists)
{
    state->sync = setsync_of(state->whitelists, whitelists, NULL, &state->record, &state->now);
}

static void pass(struct state *state, uint64_t seconds)
{
    state->now.boot_ns += seconds * NS_PER_SECOND;
    state->now.real_ns += seconds * NS_PER_SECOND;
}

static void learn(struct state *state, const struct sighting *parts, size_t count)
{
    setsync_learn(state->sync, SOURCE_SNIFFER, parts, count, &state->now);
}

static void learn_one(struct state *state, const char *name, const char *address, uint32_t ttl)
{
    struct sighting sighting = sighting_of(name);
    see(&sighting, address, ttl);
    learn(state, &sighting, 1);
}

static size_t leases(const struct state *state)
{
    return lease_table_count(state->sync->leases);
}

static uint64_t refused(const struct state *state, enum reason reason)
{
    return setsync_statistics(state->sync)->refused[reason];
}

/* ---- hostile senders ---- */

static void test_a_name_outside_the_patterns_gets_nothing(void **context)
{
    static const char *const names[] = {
        "example.net",
        "lookback.io",
        "notdormammu.lookback.io",
        "dormammu.lookback.io.evil.example",
        "x\\.dormammu.lookback.io",
        ".",
    };
    struct state *state = *context;
    start(state, 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        learn_one(state, names[i], "198.51.100.7", 300);
    assert_int_equal(leases(state), 0);
    assert_int_equal(refused(state, REASON_OUTSIDE_PATTERNS), sizeof(names) / sizeof(names[0]));
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_OUTSIDE_PATTERNS, "198.51.100.7"));
}

/* set6 = "none": the whitelist's addresses of that family go nowhere. */
static void test_a_family_without_a_set_gets_nothing(void **context)
{
    struct state *state = *context;
    assert_true(set_name_from_text("none", &state->whitelists[0].set6));
    start(state, 1);
    assert_int_equal(setsync_set_count(state->sync), 1);
    struct sighting sighting = sighting_of("eu1.dormammu.lookback.io");
    see(&sighting, "198.51.100.7", 300);
    see(&sighting, "2001:db8::7", 300);
    learn(state, &sighting, 1);
    assert_int_equal(leases(state), 1);
    assert_int_equal(refused(state, REASON_NO_SET), 1);
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_NO_SET, "2001:db8::7"));
    setsync_warm(state->sync, &sighting.question, &state->now);
}

/* Only a hint of what was asked: it leaves nothing behind. */
static void test_getting_ready_grants_nothing(void **context)
{
    struct state *state = *context;
    struct moment now = {.boot_ns = NS_PER_SECOND, .real_ns = NS_PER_SECOND};
    struct dname outside = name_of("example.net"), inside = name_of("eu1.dormammu.lookback.io");
    start(state, 1);
    const struct setsync_statistics before = *setsync_statistics(state->sync);
    uint64_t due_ns = setsync_due(state->sync);
    setsync_warm(state->sync, &outside, &now);
    setsync_warm(state->sync, &inside, &now);
    assert_int_equal(leases(state), 0);
    assert_int_equal(state->record.count, 0);
    assert_int_equal(setsync_due(state->sync), due_ns);
    assert_memory_equal(setsync_statistics(state->sync), &before, sizeof(before));
    learn_one(state, "eu1.dormammu.lookback.io", "198.51.100.7", 300);
    setsync_warm(state->sync, &inside, &now);
    assert_int_equal(leases(state), 1);
}

/* `matched` and `owner` are words of the sender: only the question decides. */
static void test_what_the_sender_says_to_have_matched_counts_for_nothing(void **context)
{
    struct state *state = *context;
    start(state, 1);
    struct sighting sighting = sighting_of("evil.example");
    sighting.matched = name_of("a.dormammu.lookback.io");
    sighting.owner = name_of("dormammu.lookback.io");
    see(&sighting, "198.51.100.7", 300);
    learn(state, &sighting, 1);
    assert_int_equal(leases(state), 0);
    assert_int_equal(refused(state, REASON_OUTSIDE_PATTERNS), 1);
}

static void test_match_chain_accepts_an_alias_on_the_way(void **context)
{
    struct state *state = *context;
    state->whitelists[0].match = MATCH_CHAIN;
    start(state, 2);
    struct sighting sighting = sighting_of("www.example.net");
    sighting.matched = name_of("a.dormammu.lookback.io");
    sighting.owner = name_of("lb.example.org");
    see(&sighting, "198.51.100.7", 300);
    learn(state, &sighting, 1);
    /* The other whitelist's pattern matches the alias as well, but it asks for questions. */
    assert_int_equal(leases(state), 1);
    const struct lease *lease = lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.7");
    assert_non_null(lease);
    assert_true(kept_name_equal(lease->claims[0].name, &sighting.matched));
    sighting.matched = name_of("b.example.net");
    learn(state, &sighting, 1);
    assert_int_equal(refused(state, REASON_OUTSIDE_PATTERNS), 1);
}

static void test_refused_addresses_leave_the_others(void **context)
{
    struct state *state = *context;
    struct prefix refuse = prefix_of("203.0.113.0/24");
    state->whitelists[0].refuse = &refuse;
    state->whitelists[0].refuse_count = 1;
    start(state, 1);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "127.0.0.1", 300);
    see(&sighting, "10.0.0.1", 300);
    see(&sighting, "203.0.113.5", 300);
    see(&sighting, "64:ff9b::a00:1", 300);
    see(&sighting, "198.51.100.7", 300);
    learn(state, &sighting, 1);
    assert_int_equal(leases(state), 1);
    assert_true(was_told(&state->record, EVENT_GRANTED, REASON_NONE, "198.51.100.7"));
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_SPECIAL_ADDRESS, "127.0.0.1"));
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_PRIVATE_ADDRESS, "10.0.0.1"));
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_PRIVATE_ADDRESS, "64:ff9b::a00:1"));
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_REFUSED_PREFIX, "203.0.113.5"));
}

/* ---- lifetimes ---- */

static void test_a_lease_lives_from_now_and_is_never_shortened(void **context)
{
    struct state *state = *context;
    start(state, 1);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    const struct lease *lease = lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.7");
    const uint64_t end_ns = state->now.boot_ns + 900 * NS_PER_SECOND;
    assert_int_equal(lease->expires_ns, end_ns);
    assert_int_equal(setsync_due(state->sync), end_ns);
    pass(state, 10);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 60);
    assert_int_equal(lease->expires_ns, end_ns);
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.7", 300);
    assert_int_equal(lease->expires_ns, end_ns + 10 * NS_PER_SECOND);
    assert_int_equal(state->record.by_kind[EVENT_GRANTED], 1);
    assert_int_equal(state->record.by_kind[EVENT_EXTENDED], 2);
    pass(state, 899);
    setsync_run(state->sync, &state->now);
    assert_int_equal(leases(state), 1);
    pass(state, 1);
    assert_true(setsync_due(state->sync) <= state->now.boot_ns);
    setsync_run(state->sync, &state->now);
    assert_int_equal(leases(state), 0);
    assert_true(was_told(&state->record, EVENT_EXPIRED, REASON_NONE, "198.51.100.7"));
    assert_int_equal(setsync_due(state->sync), UINT64_MAX);
}

static void test_an_answer_after_the_end_grants_anew(void **context)
{
    struct state *state = *context;
    start(state, 1);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    pass(state, 901); /* and nobody has run the timers */
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    assert_int_equal(state->record.by_kind[EVENT_EXPIRED], 1);
    assert_int_equal(state->record.by_kind[EVENT_GRANTED], 2);
    assert_int_equal(state->record.by_kind[EVENT_EXTENDED], 0);
}

static void test_one_name_feeds_every_whitelist_that_it_matches(void **context)
{
    struct state *state = *context;
    state->whitelists[1].set4 = state->whitelists[0].set4; /* a shared set */
    start(state, 2);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.7", 300);
    see(&sighting, "2001:db8::7", 300);
    learn(state, &sighting, 1);
    assert_int_equal(setsync_set_count(state->sync), 3);
    assert_int_equal(leases(state), 3);
    const struct lease *lease = lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.7");
    assert_int_equal(lease->claim_count, 2);
    assert_int_equal(lease->client_count, 1);
    assert_int_equal(setsync_set(state->sync, 0).capacity, 2 * 4096);
}

/* ---- derived names ---- */

static struct sighting open_end(const char *question, const char *owner, uint32_t ttl)
{
    struct sighting sighting = sighting_of(question);
    sighting.owner = name_of(owner);
    sighting.chain_ttl = ttl;
    return sighting;
}

static void test_a_derived_name_counts_as_its_question(void **context)
{
    struct state *state = *context;
    start(state, 1);
    learn_one(state, "lb.example.net", "198.51.100.1", 300);
    assert_int_equal(leases(state), 0);
    struct sighting open = open_end("a.dormammu.lookback.io", "lb.example.net", 300);
    learn(state, &open, 1);
    learn_one(state, "lb.example.net", "198.51.100.7", 300);
    const struct lease *lease = lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.7");
    assert_non_null(lease);
    struct dname root = name_of("a.dormammu.lookback.io");
    assert_true(kept_name_equal(lease->claims[0].name, &root));
    assert_true(dname_equal(&state->record.events[state->record.count - 1].name, &root));
    /* And on from there, the root remembered. */
    open = open_end("lb.example.net", "edge.example.org", 300);
    learn(state, &open, 1);
    learn_one(state, "edge.example.org", "198.51.100.8", 300);
    assert_int_equal(leases(state), 2);
    pass(state, 301);
    learn_one(state, "edge.example.org", "198.51.100.9", 300);
    assert_int_equal(leases(state), 2);
}

/* Else a name that a forged answer led to would go on granting. */
static void test_forgetting_a_name_ends_what_it_led_to(void **context)
{
    struct state *state = *context;
    start(state, 1);
    struct sighting open = open_end("a.dormammu.lookback.io", "evil.example.net", 300);
    struct dname name = name_of("a.dormammu.lookback.io");
    learn(state, &open, 1);
    learn_one(state, "evil.example.net", "198.51.100.7", 300);
    assert_int_equal(setsync_forget_name(state->sync, &name, &state->now), 1);
    learn_one(state, "evil.example.net", "198.51.100.8", 300);
    assert_int_equal(leases(state), 0);
    learn(state, &open, 1);
    learn_one(state, "evil.example.net", "198.51.100.8", 300);
    assert_int_equal(leases(state), 1);
}

static void test_only_a_matching_or_derived_question_derives(void **context)
{
    struct state *state = *context;
    start(state, 1);
    struct sighting open = open_end("evil.example", "target.example", 300);
    open.matched = name_of("a.dormammu.lookback.io");
    learn(state, &open, 1);
    learn_one(state, "target.example", "198.51.100.7", 300);
    assert_int_equal(leases(state), 0);
    assert_int_equal(refused(state, REASON_OUTSIDE_PATTERNS), 2);
}

static void test_the_ttl_of_a_derived_name_is_clamped(void **context)
{
    struct state *state = *context;
    state->whitelists[0].ttl_min = 60;
    state->whitelists[0].ttl_max = 120;
    start(state, 1);
    struct sighting forever = open_end("a.dormammu.lookback.io", "lb.example.net", 0x7fffffff);
    struct sighting never = open_end("a.dormammu.lookback.io", "lb.example.org", 0x80000000);
    learn(state, &forever, 1);
    learn(state, &never, 1);
    pass(state, 59);
    learn_one(state, "lb.example.org", "198.51.100.7", 300);
    assert_int_equal(leases(state), 1);
    pass(state, 2);
    learn_one(state, "lb.example.org", "198.51.100.8", 300);
    assert_int_equal(leases(state), 1);
    learn_one(state, "lb.example.net", "198.51.100.9", 300);
    assert_int_equal(leases(state), 2);
    pass(state, 60);
    learn_one(state, "lb.example.net", "198.51.100.10", 300);
    assert_int_equal(leases(state), 2);
}

static void test_follow_answer_derives_nothing(void **context)
{
    struct state *state = *context;
    state->whitelists[0].follow = FOLLOW_ANSWER;
    start(state, 1);
    struct sighting open = open_end("a.dormammu.lookback.io", "lb.example.net", 300);
    learn(state, &open, 1);
    learn_one(state, "lb.example.net", "198.51.100.7", 300);
    assert_int_equal(leases(state), 0);
}

static void test_a_chain_of_derived_names_ends(void **context)
{
    struct state *state = *context;
    char from[64] = "a.dormammu.lookback.io", to[64];
    start(state, 1);
    for (unsigned i = 0; i < DERIVED_STEPS_MAX + 4; i++) {
        snprintf(to, sizeof(to), "n%u.example.net", i);
        struct sighting open = open_end(from, to, 300);
        learn(state, &open, 1);
        snprintf(from, sizeof(from), "%s", to);
    }
    snprintf(to, sizeof(to), "n%u.example.net", DERIVED_STEPS_MAX - 1);
    learn_one(state, to, "198.51.100.7", 300);
    assert_int_equal(leases(state), 1);
    snprintf(to, sizeof(to), "n%u.example.net", DERIVED_STEPS_MAX);
    learn_one(state, to, "198.51.100.8", 300);
    assert_int_equal(leases(state), 1);
}

/* ---- capacity ---- */

static void test_the_lease_nearest_to_its_end_makes_room(void **context)
{
    struct state *state = *context;
    state->whitelists[0].max_addresses = 3;
    start(state, 1);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 400);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.2", 200);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.3", 300);
    learn_one(state, "a.dormammu.lookback.io", "2001:db8::1", 100); /* its own set, its own count */
    assert_int_equal(state->record.by_kind[EVENT_EVICTED], 0);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.4", 100);
    assert_true(was_told(&state->record, EVENT_EVICTED, REASON_CAPACITY, "198.51.100.2"));
    assert_int_equal(setsync_statistics(state->sync)->evicted, 1);
    assert_int_equal(setsync_set(state->sync, 0).leases, 3);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 400); /* held already */
    assert_int_equal(setsync_statistics(state->sync)->evicted, 1);
}

static void test_an_answer_larger_than_the_capacity_does_not_evict_itself(void **context)
{
    struct state *state = *context;
    state->whitelists[0].max_addresses = 2;
    start(state, 1);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.1", 300);
    see(&sighting, "198.51.100.2", 300);
    see(&sighting, "198.51.100.3", 300);
    learn(state, &sighting, 1);
    assert_int_equal(leases(state), 2);
    assert_int_equal(refused(state, REASON_CAPACITY), 1);
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_CAPACITY, "198.51.100.3"));
    state->whitelists[0].max_addresses = 0;
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.9", 300);
    assert_int_equal(refused(state, REASON_CAPACITY), 2);
}

/* The newest are the nearest to their end here, and still the older ones make room. */
static void test_an_answer_passes_over_its_own_leases(void **context)
{
    struct state *state = *context;
    state->whitelists[0].max_addresses = 4;
    start(state, 1);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 1000);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.2", 900);
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    see(&sighting, "198.51.100.3", 300);
    see(&sighting, "198.51.100.4", 300);
    see(&sighting, "198.51.100.5", 300);
    learn(state, &sighting, 1);
    assert_true(was_told(&state->record, EVENT_EVICTED, REASON_CAPACITY, "198.51.100.2"));
    assert_int_equal(leases(state), 4);
    assert_int_equal(refused(state, REASON_CAPACITY), 0);
}

static void test_what_another_whitelist_grants_stays(void **context)
{
    struct state *state = *context;
    state->whitelists[0].max_addresses = 1;
    state->whitelists[1].set4 = state->whitelists[0].set4;
    start(state, 2);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 300); /* for both */
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.2", 300);
    assert_int_equal(leases(state), 2);
    const struct lease *lease = lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.1");
    assert_non_null(lease);
    assert_int_equal(lease->claim_count, 1);
    assert_ptr_equal(lease->claims[0].whitelist, &state->whitelists[1]);
    assert_true(was_told(&state->record, EVENT_EVICTED, REASON_CAPACITY, "198.51.100.1"));
}

/* ---- floods ---- */

enum { FLOOD_ROOM = 256, HONEST = 24, FLOOD = 5000 };

/* One address for a name, asked by a client; numbers of three kinds. */
static void ask(struct state *state, unsigned client, unsigned name, unsigned address, uint32_t ttl)
{
    char text[64];
    snprintf(text, sizeof(text), "n%u.dormammu.lookback.io", name);
    struct sighting sighting = sighting_of(text);
    snprintf(text, sizeof(text), "192.0.%u.%u", 2 + (client >> 8), client & 255);
    sighting.client = address_of(text);
    snprintf(text, sizeof(text), "51.%u.%u.%u", address >> 16, address >> 8 & 255, address & 255);
    see(&sighting, text, ttl);
    learn(state, &sighting, 1);
    state->now.boot_ns += NS_PER_MS / 2;
}

static unsigned honest_left(struct state *state)
{
    unsigned left = 0;
    for (unsigned i = 0; i < HONEST; i++) {
        char text[64];
        snprintf(text, sizeof(text), "51.0.0.%u", i);
        left += lease_of(state->sync, &state->whitelists[0].set4, text) != NULL;
    }
    return left;
}

/* Some clients with some names each, and short lifetimes. */
static void ask_honestly(struct state *state, unsigned clients)
{
    for (unsigned i = 0; i < HONEST; i++)
        ask(state, 1 + i % clients, i / 2, i, 60);
}

static void start_flooded(struct state *state)
{
    state->whitelists[0].max_addresses = FLOOD_ROOM;
    start(state, 1);
}

/* Each with the longest lifetime, so that by its end alone nothing honest would stay. */
static void test_a_client_that_floods_makes_room_with_its_own(void **context)
{
    struct state *state = *context;
    start_flooded(state);
    ask_honestly(state, 8);
    for (unsigned i = 0; i < FLOOD; i++)
        ask(state, 200, 1000 + i, 1000 + i, 86400);
    assert_int_equal(honest_left(state), HONEST);
    assert_int_equal(leases(state), FLOOD_ROOM);
    /* And who is honest and new gets in. */
    ask(state, 20, 100, 100, 60);
    assert_non_null(lease_of(state->sync, &state->whitelists[0].set4, "51.0.0.100"));
    for (unsigned i = 0; i < FLOOD; i++)
        ask(state, 200, 7000 + i, 7000 + i, 86400);
    assert_int_equal(honest_left(state), HONEST);
    assert_non_null(lease_of(state->sync, &state->whitelists[0].set4, "51.0.0.100"));
}

static void test_some_clients_that_flood_make_room_with_their_own(void **context)
{
    struct state *state = *context;
    start_flooded(state);
    ask_honestly(state, 8);
    for (unsigned i = 0; i < FLOOD; i++)
        ask(state, 200 + i % 16, 1000 + i, 1000 + i, 86400);
    assert_int_equal(honest_left(state), HONEST);
}

static void test_a_name_that_floods_makes_room_with_its_own(void **context)
{
    struct state *state = *context;
    start_flooded(state);
    ask_honestly(state, 8);
    for (unsigned i = 0; i < FLOOD; i++)
        ask(state, 1000 + i, 1000, 1000 + i, 86400);
    assert_int_equal(honest_left(state), HONEST);
}

/* One forwarder asks for all: what is asked for again and again stays. */
static void test_behind_one_forwarder_what_is_used_stays(void **context)
{
    struct state *state = *context;
    start_flooded(state);
    ask_honestly(state, 1);
    state->now.boot_ns += 30 * NS_PER_SECOND;
    ask_honestly(state, 1);
    for (unsigned i = 0; i < FLOOD; i++)
        ask(state, 1, 1000 + i, 1000 + i, 86400);
    assert_int_equal(honest_left(state), HONEST);
}

/* Another client and another name each time: nobody has too many, and still what is used stays. */
static void test_a_flood_of_strangers_leaves_what_is_used(void **context)
{
    struct state *state = *context;
    for (unsigned clients = 1; clients <= 8; clients *= 8) {
        start_flooded(state);
        ask_honestly(state, clients);
        state->now.boot_ns += 30 * NS_PER_SECOND;
        ask_honestly(state, clients);
        for (unsigned i = 0; i < FLOOD; i++)
            ask(state, 1000 + i, 1000 + i, 1000 + i, 86400);
        assert_int_equal(honest_left(state), HONEST);
        setsync_free(state->sync);
        state->sync = NULL;
    }
}

/* The books are in order after all of it. */
static void test_accounts_are_kept_through_everything(void **context)
{
    struct state *state = *context;
    start_flooded(state);
    uint32_t random = 1;
    for (unsigned i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        ask(state, random >> 8 & 7, random >> 11 & 31, random >> 16 & 1023, 60);
        if (i % 100 == 0)
            state->now.boot_ns += 12 * NS_PER_SECOND;
        if (i % 500 == 0)
            setsync_run(state->sync, &state->now);
        if (i % 3000 == 0)
            setsync_reload(state->sync, state->whitelists, 1, &state->now);
        const struct lease_quota *quota = &state->sync->quotas[0][0];
        assert_int_equal(quota->entries.count, leases(state));
        assert_in_range(quota->holders[0].count, 1, 8);
        assert_in_range(quota->holders[1].count, 1, 32);
    }
    state->now.boot_ns += 2000 * NS_PER_SECOND;
    setsync_run(state->sync, &state->now);
    assert_int_equal(leases(state), 0);
    assert_int_equal(state->sync->quotas[0][0].holders[0].count, 0);
    assert_int_equal(state->sync->quotas[0][0].holders[1].count, 0);
}

/* ---- taking back ---- */

/* A stricter configuration acts on what there is. */
static void test_a_reload_applies_limits_to_what_there_is(void **context)
{
    struct state *state = *context;
    struct prefix refuse = prefix_of("198.51.100.0/25");
    start(state, 1);
    state->whitelists[0].private_addresses = true;
    for (unsigned i = 0; i < 20; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.51.100.%u", 120 + i);
        learn_one(state, "a.dormammu.lookback.io", address, 300 + i);
    }
    learn_one(state, "a.dormammu.lookback.io", "10.1.2.3", 80000);
    assert_int_equal(leases(state), 21);

    state->whitelists[0].private_addresses = false;
    setsync_reload(state->sync, state->whitelists, 1, &state->now);
    assert_true(was_told(&state->record, EVENT_FORGOTTEN, REASON_NONE, "10.1.2.3"));
    assert_int_equal(leases(state), 20);

    state->whitelists[0].refuse = &refuse;
    state->whitelists[0].refuse_count = 1;
    setsync_reload(state->sync, state->whitelists, 1, &state->now);
    assert_int_equal(leases(state), 12);
    assert_null(lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.127"));

    state->whitelists[0].max_addresses = 5;
    setsync_reload(state->sync, state->whitelists, 1, &state->now);
    assert_int_equal(leases(state), 5);
    assert_int_equal(setsync_statistics(state->sync)->evicted, 7);
    assert_non_null(lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.139"));

    state->whitelists[0].ttl_max = 60;
    state->whitelists[0].grace = 0;
    setsync_reload(state->sync, state->whitelists, 1, &state->now);
    const struct lease *lease = lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.139");
    assert_int_equal(lease->expires_ns, state->now.boot_ns + 60 * NS_PER_SECOND);
}

static void test_forget(void **context)
{
    struct state *state = *context;
    start(state, 1);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 300);
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.2", 300);
    struct address address = address_of("198.51.100.1");
    struct address unknown = address_of("198.51.100.99");
    struct dname name = name_of("b.dormammu.lookback.io");
    assert_int_equal(setsync_forget_address(state->sync, &unknown, &state->now), 0);
    assert_int_equal(setsync_forget_address(state->sync, &address, &state->now), 1);
    assert_int_equal(setsync_forget_name(state->sync, &name, &state->now), 1);
    assert_int_equal(leases(state), 0);
    assert_int_equal(state->record.by_kind[EVENT_FORGOTTEN], 2);
    assert_int_equal(setsync_statistics(state->sync)->forgotten, 2);
    assert_int_equal(setsync_set(state->sync, 0).leases, 0);
}

static void test_a_reload_takes_what_a_removed_pattern_alone_granted(void **context)
{
    struct state *state = *context;
    start(state, 2);
    learn_one(state, "dormammu.lookback.io", "198.51.100.1", 300);   /* both whitelists */
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.2", 300); /* both whitelists */
    assert_int_equal(leases(state), 4);
    /* The order changes, the second pattern goes, the other whitelist gets other sets. */
    static struct pattern apex[1], other[1];
    struct whitelist after[2];
    after[1] = whitelist_of("lookback", apex, (const char *const[]){"dormammu.lookback.io", NULL});
    after[0] = whitelist_of("other", other, patterns_other);
    after[1].max_addresses = 1;
    setsync_reload(state->sync, after, 2, &state->now);
    memset(state->whitelists, 0, sizeof(state->whitelists)); /* the old ones may be gone */
    assert_int_equal(leases(state), 3);
    assert_int_equal(state->record.by_kind[EVENT_FORGOTTEN], 1);
    assert_true(was_told(&state->record, EVENT_FORGOTTEN, REASON_NONE, "198.51.100.2"));
    const struct lease *lease = lease_of(state->sync, &after[1].set4, "198.51.100.1");
    assert_ptr_equal(lease->claims[0].whitelist, &after[1]);
    /* The quotas count what was there before. */
    learn_one(state, "dormammu.lookback.io", "198.51.100.9", 300);
    assert_true(was_told(&state->record, EVENT_EVICTED, REASON_CAPACITY, "198.51.100.1"));
    /* A set that is not named any more goes with its leases. */
    setsync_reload(state->sync, after, 1, &state->now);
    assert_int_equal(setsync_set_count(state->sync), 2);
    assert_null(lease_of(state->sync, &after[1].set4, "198.51.100.9"));
    assert_int_equal(leases(state), 3);
    setsync_free(state->sync);
    state->sync = NULL;
}

static void test_a_set_of_another_name_keeps_its_addresses(void **context)
{
    struct state *state = *context;
    static struct pattern patterns[1];
    struct whitelist after;
    start(state, 1);
    learn_one(state, "dormammu.lookback.io", "198.51.100.1", 300);
    learn_one(state, "dormammu.lookback.io", "2001:db8::1", 300);
    const uint64_t end_ns =
        lease_of(state->sync, &state->whitelists[0].set4, "198.51.100.1")->expires_ns;
    pass(state, 100);
    after = whitelist_of("lookback", patterns, (const char *const[]){"dormammu.lookback.io", NULL});
    assert_true(set_name_from_text("inet filter renamed4", &after.set4));
    assert_true(set_name_from_text("none", &after.set6));
    setsync_reload(state->sync, &after, 1, &state->now);
    memset(state->whitelists, 0, sizeof(state->whitelists)); /* the old ones may be gone */
    const struct lease *lease = lease_of(state->sync, &after.set4, "198.51.100.1");
    assert_non_null(lease);
    assert_int_equal(lease->expires_ns, end_ns);
    assert_ptr_equal(lease->claims[0].whitelist, &after);
    assert_int_equal(leases(state), 1);
    assert_int_equal(setsync_set_count(state->sync), 1);
    setsync_free(state->sync);
    state->sync = NULL;
}

/* Its lifetime would count from now, and be longer than what the client was told. */
static void test_what_lay_somewhere_is_late(void **context)
{
    struct state *state = *context;
    struct sighting sighting = sighting_of("a.dormammu.lookback.io");
    start(state, 1);
    state->now.real_ns = 1000 * NS_PER_SECOND;
    see(&sighting, "198.51.100.4", 300);
    sighting.captured_ns = state->now.real_ns - 11 * NS_PER_SECOND;
    learn(state, &sighting, 1);
    assert_int_equal(leases(state), 0);
    assert_true(was_told(&state->record, EVENT_REFUSED, REASON_LATE_ANSWER, "198.51.100.4"));
    assert_int_equal(setsync_statistics(state->sync)->refused[REASON_LATE_ANSWER], 1);
    sighting.captured_ns = state->now.real_ns - 9 * NS_PER_SECOND;
    learn(state, &sighting, 1);
    assert_int_equal(leases(state), 1);
    sighting.captured_ns = state->now.real_ns + 3600 * NS_PER_SECOND; /* the clock was set back */
    learn(state, &sighting, 1);
    assert_int_equal(setsync_statistics(state->sync)->refused[REASON_LATE_ANSWER], 1);
}

/* What one may reach must not stay where the other's rules look. */
static void test_a_reload_that_exchanges_sets(void **context)
{
    struct state *state = *context;
    struct whitelist after[2];
    start(state, 2);
    learn_one(state, "x.lookback.io", "198.51.100.5", 300); /* the second's alone */
    assert_non_null(lease_of(state->sync, &state->whitelists[1].set4, "198.51.100.5"));
    after[0] = state->whitelists[0];
    after[1] = state->whitelists[1];
    after[0].set4 = state->whitelists[1].set4;
    after[1].set4 = state->whitelists[0].set4;
    assert_int_equal(setsync_reload(state->sync, after, 2, &state->now), 0);
    assert_null(lease_of(state->sync, &after[0].set4, "198.51.100.5"));
    setsync_free(state->sync);
    state->sync = NULL;
}

static void test_a_reload_without_listed_addresses(void **context)
{
    struct state *state = *context;
    struct sighting listed = sighting_of("a.dormammu.lookback.io");
    start(state, 1);
    state->whitelists[0].registry_addresses = true;
    see(&listed, "198.51.100.6", 300);
    listed.addresses[0].record = RECORD_LIST;
    setsync_learn(state->sync, SOURCE_REGISTRY, &listed, 1, &state->now);
    assert_int_equal(leases(state), 1);
    state->whitelists[0].registry_addresses = false;
    setsync_reload(state->sync, state->whitelists, 1, &state->now);
    assert_int_equal(leases(state), 0);
}

static void test_a_reload_with_the_same_whitelists_changes_nothing(void **context)
{
    struct state *state = *context;
    start(state, 2);
    struct sighting open = open_end("a.dormammu.lookback.io", "lb.example.net", 300);
    learn(state, &open, 1);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.2", 300);
    setsync_reload(state->sync, state->whitelists, 2, &state->now);
    assert_int_equal(leases(state), 2);
    assert_int_equal(state->record.by_kind[EVENT_FORGOTTEN], 0);
    learn_one(state, "lb.example.net", "198.51.100.7", 300);
    assert_int_equal(leases(state), 4); /* derived for both, still */
}

static void test_a_reload_keeps_the_derived_names_that_it_backs(void **context)
{
    struct state *state = *context;
    struct whitelist after[2];
    start(state, 2);
    struct sighting open = open_end("a.dormammu.lookback.io", "lb.example.net", 300);
    struct sighting other = open_end("x.lookback.io", "edge.example.org", 300);
    learn(state, &open, 1); /* for both */
    learn(state, &other, 1);
    after[0] = state->whitelists[1];
    after[1] = state->whitelists[0];
    after[0].follow = FOLLOW_ANSWER;
    static struct derived_name names[DERIVED_MAX];
    assert_int_equal(setsync_derived(state->sync, state->whitelists, 2, &state->now, names), 3);
    assert_int_equal(setsync_derived(state->sync, after, 2, &state->now, names), 1);
    assert_int_equal(names[0].whitelist, 1);
    assert_int_equal(setsync_derived(state->sync, after, 1, &state->now, names), 0);
    assert_int_equal(setsync_reload(state->sync, after, 2, &state->now), 0);
    learn_one(state, "lb.example.net", "198.51.100.7", 300);
    learn_one(state, "edge.example.org", "198.51.100.8", 300);
    assert_non_null(lease_of(state->sync, &after[1].set4, "198.51.100.7"));
    assert_int_equal(leases(state), 1);
    setsync_free(state->sync);
    state->sync = NULL;
}

/* ---- listing, order, masses ---- */

struct listing {
    char text[4096];
};

static void list_lease(void *context, const struct lease *lease)
{
    struct listing *listing = context;
    char address[ADDRESS_TEXT_MAX];
    size_t length = strlen(listing->text);
    snprintf(listing->text + length, sizeof(listing->text) - length, "%s %s\n",
             lease->set_name->set, address_to_text(&lease->address, address));
}

static void test_leases_are_listed_by_set_and_address(void **context)
{
    struct state *state = *context;
    struct listing all = {0}, one = {0};
    start(state, 2);
    struct sighting sighting = sighting_of("x.lookback.io"); /* only the other's */
    see(&sighting, "198.51.100.20", 300);
    see(&sighting, "198.51.100.3", 300);
    learn(state, &sighting, 1);
    learn_one(state, "dormammu.lookback.io", "2001:db8::1", 300);
    setsync_leases(state->sync, NULL, list_lease, &all);
    assert_string_equal(all.text, "lookback6 2001:db8::1\nother4 198.51.100.3\n"
                                  "other4 198.51.100.20\nother6 2001:db8::1\n");
    setsync_leases(state->sync, "lookback", list_lease, &one);
    assert_string_equal(one.text, "lookback6 2001:db8::1\n");
}

static void test_a_hundred_thousand_leases_stay_fast(void **context)
{
    enum { MANY = 100000, ANSWERS = MANY / 16 };
    struct state *state = *context;
    state->whitelists[0].max_addresses = MANY / 2;
    start(state, 1);
    clock_t began = clock(); /* our own time: others may keep the machine busy */
    for (uint32_t i = 0; i < ANSWERS; i++) {
        struct sighting sighting = sighting_of("a.dormammu.lookback.io");
        for (uint32_t k = 0; k < 16; k++) {
            uint32_t number = i * 16 + k;
            struct sighting_address *seen = &sighting.addresses[sighting.address_count++];
            seen->address = address_from_ipv4(
                (uint8_t[]){198, (uint8_t)(18 + (number >> 16)), number >> 8 & 255, number & 255});
            seen->record = RECORD_A;
            seen->ttl = 300 + number % 1000;
        }
        learn(state, &sighting, 1);
    }
    uint64_t each_ns =
        (uint64_t)(clock() - began) * (NS_PER_SECOND / (uint64_t)CLOCKS_PER_SEC) / MANY;
    print_message("%lu ns for an address, eviction included\n", (unsigned long)each_ns);
    assert_int_equal(leases(state), MANY / 2);
    assert_int_equal(setsync_statistics(state->sync)->evicted, MANY / 2);
    assert_true(each_ns < 100000); /* a scan of the table would take ten times that */
    pass(state, 3000);
    while (setsync_due(state->sync) <= state->now.boot_ns)
        setsync_run(state->sync, &state->now);
    assert_int_equal(leases(state), 0);
}

static void test_more_whitelists_than_a_mask_has_bits_are_refused(void **context)
{
    struct state *state = *context;
    static struct whitelist many[WHITELISTS_MAX + 1];
    struct setsync_options options = {.whitelists = many, .whitelist_count = WHITELISTS_MAX + 1};
    struct setsync *sync = NULL;
    assert_int_equal(setsync_new(&options, &state->now, &sync), -EINVAL);
    assert_null(sync);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_name_outside_the_patterns_gets_nothing),
        TEST(test_a_family_without_a_set_gets_nothing),
        TEST(test_getting_ready_grants_nothing),
        TEST(test_what_the_sender_says_to_have_matched_counts_for_nothing),
        TEST(test_match_chain_accepts_an_alias_on_the_way),
        TEST(test_refused_addresses_leave_the_others),
        TEST(test_a_lease_lives_from_now_and_is_never_shortened),
        TEST(test_an_answer_after_the_end_grants_anew),
        TEST(test_one_name_feeds_every_whitelist_that_it_matches),
        TEST(test_a_derived_name_counts_as_its_question),
        TEST(test_forgetting_a_name_ends_what_it_led_to),
        TEST(test_only_a_matching_or_derived_question_derives),
        TEST(test_the_ttl_of_a_derived_name_is_clamped),
        TEST(test_follow_answer_derives_nothing),
        TEST(test_a_chain_of_derived_names_ends),
        TEST(test_the_lease_nearest_to_its_end_makes_room),
        TEST(test_a_client_that_floods_makes_room_with_its_own),
        TEST(test_some_clients_that_flood_make_room_with_their_own),
        TEST(test_a_name_that_floods_makes_room_with_its_own),
        TEST(test_behind_one_forwarder_what_is_used_stays),
        TEST(test_a_flood_of_strangers_leaves_what_is_used),
        TEST(test_accounts_are_kept_through_everything),
        TEST(test_a_reload_applies_limits_to_what_there_is),
        TEST(test_an_answer_larger_than_the_capacity_does_not_evict_itself),
        TEST(test_an_answer_passes_over_its_own_leases),
        TEST(test_what_another_whitelist_grants_stays),
        TEST(test_forget),
        TEST(test_a_reload_takes_what_a_removed_pattern_alone_granted),
        TEST(test_a_set_of_another_name_keeps_its_addresses),
        TEST(test_what_lay_somewhere_is_late),
        TEST(test_a_reload_that_exchanges_sets),
        TEST(test_a_reload_without_listed_addresses),
        TEST(test_a_reload_with_the_same_whitelists_changes_nothing),
        TEST(test_a_reload_keeps_the_derived_names_that_it_backs),
        TEST(test_leases_are_listed_by_set_and_address),
        TEST(test_a_hundred_thousand_leases_stay_fast),
        TEST(test_more_whitelists_than_a_mask_has_bits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
