/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Others change the ruleset between our look and our transaction, as often as the test wants: the
 * commits and looks of setsync's come through here.
 */
#include "tests/unit/setsync/kernel.h"

static struct rival {
    struct nftset *nft;
    struct set_name set;
    unsigned left;  /* commits of setsync's that are still to be beaten */
    unsigned tries; /* of setsync's */
    unsigned looks; /* at one set each */
} rival;

static void rival_change(void)
{
    struct address address = address_of("203.0.113.1");
    struct nftset_change change = {
        .set = &rival.set, .address = &address, .timeout_ms = 60000, .action = NFTSET_REPLACE};
    assert_int_equal(nftset_mark(rival.nft), 0);
    assert_int_equal(nftset_commit(rival.nft, &change, 1), 0);
}

static int rival_commit(struct nftset *nft, struct nftset_change *changes, size_t count)
{
    rival.tries++;
    if (rival.left > 0) {
        rival.left--;
        rival_change();
    }
    return nftset_commit(nft, changes, count);
}

static int rival_inspect(struct nftset *nft, const struct set_name *name, struct nftset_view *out)
{
    rival.looks++;
    return nftset_inspect(nft, name, out);
}

static int set_up_rival(void **context)
{
    static struct nftset_ops ops;
    set_up(context);
    ops = *nftset_kernel();
    ops.commit = rival_commit;
    ops.inspect = rival_inspect;
    ((struct state *)*context)->kernel = &ops;
    nft("table inet others { set some { type ipv4_addr; flags timeout; }; }");
    rival = (struct rival){.nft = NULL};
    assert_true(set_name_from_text("inet others some", &rival.set));
    return nftset_open(&rival.nft);
}

static int tear_down_rival(void **context)
{
    nftset_close(rival.nft);
    return tear_down(context);
}

enum { ALWAYS = 1000000 };

static size_t forget(struct state *state, const char *text)
{
    struct moment now = clock_now();
    struct address address = address_of(text);
    return setsync_forget_address(state->sync, &address, &now);
}

static const struct lease *find(struct state *state, const char *text)
{
    const struct lease *lease = NULL;
    struct moment now = clock_now();
    struct address address = address_of(text);
    return setsync_find(state->sync, &address, &now, &lease, 1) == 1 ? lease : NULL;
}

static void test_what_is_forgotten_stays_on_the_books_until_it_is_gone(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    rival.left = ALWAYS;
    assert_int_equal(forget(state, "198.51.100.7"), 1);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_int_equal(setsync_leaving(state->sync), 1);
    const struct lease *lease = find(state, "198.51.100.7");
    assert_non_null(lease);
    assert_true(lease->removed);
    assert_int_equal(lease->claim_count, 0);
    serve_ms(state, 50);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_in_range(rival.tries, 3 * 8, 8 * 8); /* and it does not spin */

    rival.left = 0;
    serve_ms(state, 30);
    assert_false(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_int_equal(setsync_leaving(state->sync), 0);
    assert_null(find(state, "198.51.100.7"));
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* Of an eviction and a reload, too: all of them end with the same call. */
static void test_what_made_room_stays_on_the_books(void **context)
{
    struct state *state = *context;
    state->whitelist.max_addresses = 1;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    rival.left = 8;
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.8", 300);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_false(element_of("inet wildset lookback4", "198.51.100.8").exists);
    serve_ms(state, 30); /* the newcomer as well: nothing waits for its next answer */
    assert_false(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_in_range(element_of("inet wildset lookback4", "198.51.100.8").expires, 897, 900);
}

/* Granted again while its element has yet to go: it stays, under its new name and time. */
static void test_what_is_granted_again_does_not_go(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 3000);
    rival.left = 8;
    forget(state, "198.51.100.7");
    assert_int_equal(setsync_leaving(state->sync), 1);
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.7", 300);
    assert_int_equal(setsync_leaving(state->sync), 0);
    struct shown shown = element_of("inet wildset lookback4", "198.51.100.7");
    assert_string_equal(shown.comment, "b.dormammu.lookback.io");
    assert_in_range(shown.expires, 897, 900);
    serve_ms(state, 50);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    /* In one and the same flush, under contention. */
    rival.left = 8;
    forget(state, "198.51.100.7");
    rival.left = 8;
    learn_one(state, "c.dormammu.lookback.io", "198.51.100.7", 300);
    serve_ms(state, 50);
    assert_string_equal(element_of("inet wildset lookback4", "198.51.100.7").comment,
                        "c.dormammu.lookback.io");
}

/* An answer pushes a lease out and brings its address again: out and in by one transaction. */
static void test_what_makes_room_may_come_back_in_the_same_answer(void **context)
{
    struct state *state = *context;
    state->whitelist.max_addresses = 2;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.1", 60);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.2", 600);
    state->sync->sets[0]->may_hold_others = true; /* what is there is read before it is written */
    struct sighting sighting = sighting_of("b.dormammu.lookback.io");
    see(&sighting, "198.51.100.3", 300);
    see(&sighting, "198.51.100.1", 300);
    learn(state, &sighting);
    assert_int_equal(setsync_statistics(state->sync)->evicted, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(element_of("inet wildset lookback4", "198.51.100.1").comment,
                            "b.dormammu.lookback.io");
        assert_true(element_of("inet wildset lookback4", "198.51.100.3").exists);
        assert_int_equal(elements_of("inet wildset lookback4"), 2);
        serve_ms(state, 50);
    }
    assert_int_equal(setsync_leaving(state->sync), 0);
    assert_int_equal(setsync_statistics(state->sync)->transactions_failed, 0);
}

/* A set that is not wanted any more is let go when its last element is gone, not before. */
static void test_a_set_stays_known_until_it_is_empty(void **context)
{
    struct state *state = *context;
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    struct whitelist other = state->whitelist;
    assert_true(set_name_from_text("inet wildset other4", &other.set4));
    struct moment now = clock_now();
    rival.left = 8;
    assert_int_equal(setsync_reload(state->sync, &other, 1, &now), 0);
    assert_true(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_int_equal(setsync_leaving(state->sync), 1);
    serve_ms(state, 50);
    assert_false(element_of("inet wildset lookback4", "198.51.100.7").exists);
    assert_int_equal(setsync_set_count(state->sync), 2);
    /* And when the set itself goes meanwhile, nobody waits for it. */
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    rival.left = 8;
    assert_int_equal(setsync_reload(state->sync, &state->whitelist, 1, &now), 0);
    nft("delete set inet wildset other4");
    serve_ms(state, 50);
    assert_int_equal(setsync_set_count(state->sync), 2);
    assert_int_equal(setsync_leaving(state->sync), 0);
    stop(state);
}

static void test_a_retry_looks_at_its_own_sets_alone(void **context)
{
    enum { MANY = WHITELISTS_MAX };
    static struct whitelist whitelists[MANY];
    struct state *state = *context;
    for (unsigned i = 0; i < MANY; i++) {
        char name[16], pattern[32];
        snprintf(name, sizeof(name), "w%u", i);
        snprintf(pattern, sizeof(pattern), "*.w%u.example.org", i);
        const char *const texts[] = {pattern, NULL};
        whitelists[i] = whitelist_of(name, calloc(1, sizeof(struct pattern)), texts);
    }
    struct moment now = clock_now();
    state->sync = setsync_of(whitelists, MANY, state->kernel, NULL, &now);
    learn_one(state, "a.w3.example.org", "198.51.100.7", 300);
    rival.left = 4;
    rival.looks = 0;
    learn_one(state, "a.w3.example.org", "198.51.100.8", 300);
    assert_int_equal(elements_of("inet wildset w34"), 2);
    assert_in_range(rival.looks, 4, 5);
    /* Whose set was replaced meanwhile finds that out all the same. */
    nft("delete set inet wildset w54; add set inet wildset w54 { type ipv4_addr; flags timeout, "
        "interval; }");
    learn_one(state, "a.w3.example.org", "198.51.100.9", 300);
    learn_one(state, "a.w5.example.org", "198.51.100.7", 300);
    json_t *set = list_set("inet wildset w54");
    char *text = json_dumps(json_object_get(set, "elem"), JSON_COMPACT);
    assert_null(strstr(text, "range"));
    assert_null(strstr(text, "prefix"));
    assert_int_equal(json_array_size(json_object_get(set, "elem")), 1);
    free(text);
    json_decref(set);
    stop(state);
    for (unsigned i = 0; i < MANY; i++)
        free(whitelists[i].patterns);
}

static const char *problem_of(const struct state *state, char out[static SET_PROBLEM_MAX])
{
    for (size_t i = 0; i < setsync_set_count(state->sync); i++) {
        struct set_status set = setsync_set(state->sync, i);
        if (strcmp(set.name->set, "small") == 0)
            strcpy(out, set.problem);
    }
    return out;
}

/* Others are at it just when what was held back is to be written: that is no reason to stay full.
 */
static void test_a_full_set_is_ready_when_all_is_in_it(void **context)
{
    struct state *state = *context;
    char problem[SET_PROBLEM_MAX] = "no such set";
    nft("add set inet others small { type ipv4_addr; flags timeout; size 5; gc-interval 100ms; }");
    nft("add element inet others small { 203.0.113.1, 203.0.113.2, 203.0.113.3, 203.0.113.4 }");
    use_set4(state, "inet others small");
    start(state);
    learn_one(state, "a.dormammu.lookback.io", "198.51.100.7", 300);
    learn_one(state, "b.dormammu.lookback.io", "198.51.100.8", 300);
    assert_non_null(strstr(problem_of(state, problem), "full"));

    nft("delete element inet others small { 203.0.113.1, 203.0.113.2 }");
    rival.left = ALWAYS;
    serve_ms(state, 300);
    rival.left = 0;
    serve_ms(state, 100);
    assert_true(element_of("inet others small", "198.51.100.7").exists);
    assert_true(element_of("inet others small", "198.51.100.8").exists);
    assert_string_equal(problem_of(state, problem), "");
}

int main(void)
{
    enter_namespace();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_rival, tear_down_rival)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_forgotten_stays_on_the_books_until_it_is_gone),
        TEST(test_what_made_room_stays_on_the_books),
        TEST(test_what_is_granted_again_does_not_go),
        TEST(test_what_makes_room_may_come_back_in_the_same_answer),
        TEST(test_a_set_stays_known_until_it_is_empty),
        TEST(test_a_retry_looks_at_its_own_sets_alone),
        TEST(test_a_full_set_is_ready_when_all_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
