/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file without a kernel: its text, what becomes of damaged files, and what today's
 * configuration and clock make of yesterday's leases.
 */
#include "tests/unit/setsync/fixture.h"

#include "setsync/state/state_text.h"

#include <sys/stat.h>

static const char *const patterns[] = {"dormammu.lookback.io", "*.dormammu.lookback.io", NULL};

struct state {
    struct pattern patterns[8];
    struct whitelist whitelist;
    struct moment now;
    char path[64], aside[80], draft[80];
};

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof(*state));
    state->whitelist = whitelist_of("lookback", state->patterns, patterns);
    state->now =
        (struct moment){.boot_ns = 5000 * NS_PER_SECOND, .real_ns = 1800000000 * NS_PER_SECOND};
    snprintf(state->path, sizeof(state->path), "state-%d", (int)getpid());
    snprintf(state->aside, sizeof(state->aside), "%s.damaged", state->path);
    snprintf(state->draft, sizeof(state->draft), "%s.new", state->path);
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    unlink(state->path);
    unlink(state->aside);
    rmdir(state->draft);
    free(state);
    return 0;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static struct setsync *open_with(struct state *state, const char *path)
{
    struct setsync_options options = {
        .whitelists = &state->whitelist, .whitelist_count = 1, .state = path};
    struct setsync *sync = NULL;
    assert_int_equal(setsync_new(&options, &state->now, &sync), 0);
    return sync;
}

static void learn(struct setsync *sync, const char *name, const char *address, uint32_t ttl,
                  const struct moment *now)
{
    struct sighting sighting = sighting_of(name);
    see(&sighting, address, ttl);
    setsync_learn(sync, SOURCE_SNIFFER, &sighting, 1, now);
}

/* Three leases of 900, 3600 and 900 seconds. */
static void save_three(struct state *state)
{
    struct setsync *sync = open_with(state, NULL);
    learn(sync, "a.dormammu.lookback.io", "198.51.100.7", 300, &state->now);
    learn(sync, "dormammu.lookback.io", "198.51.100.8", 3000, &state->now);
    learn(sync, "x\\034\\032\\.y.dormammu.lookback.io", "2001:db8::7", 300, &state->now);
    assert_int_equal(setsync_save(sync, state->path, &state->now), 0);
    setsync_free(sync);
}

static size_t read_text(const char *path, char *out, size_t room)
{
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    size_t size = fread(out, 1, room, stream);
    fclose(stream);
    return size;
}

static void write_text(const char *path, const char *text, size_t size)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, size, stream), size);
    fclose(stream);
}

static void later(struct state *state, uint64_t boot_s, int64_t real_s)
{
    state->now.boot_ns = boot_s * NS_PER_SECOND;
    state->now.real_ns += (uint64_t)(real_s * (int64_t)NS_PER_SECOND);
}

static uint64_t left_s(const struct state *state, const struct lease *lease)
{
    return (lease->expires_ns - state->now.boot_ns) / NS_PER_SECOND;
}

static void test_leases_outlive_a_reboot(void **context)
{
    struct state *state = *context;
    struct stat status;
    save_three(state);
    assert_int_equal(stat(state->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_false(exists(state->draft));
    later(state, 20, 1000); /* the machine is up for 20 s, 1000 s have passed */
    struct setsync *sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 1);
    const struct lease *lease = lease_of(sync, &state->whitelist.set4, "198.51.100.8");
    assert_non_null(lease);
    assert_int_equal(left_s(state, lease), 2600);
    struct dname name = name_of("dormammu.lookback.io");
    struct address resolver = address_of("192.0.2.53");
    assert_true(kept_name_equal(lease->claims[0].name, &name));
    assert_true(kept_name_equal(lease->claims[0].owner, &name));
    assert_true(address_equal(&lease->claims[0].resolver, &resolver));
    assert_int_equal(lease->claims[0].source, SOURCE_STATE);
    assert_int_equal(lease->claims[0].record, RECORD_A);
    assert_int_equal(lease->claims[0].ttl, 3000);
    setsync_free(sync);
    assert_true(exists(state->path)); /* a good file stays until the next is written */
}

static void test_a_name_of_any_bytes_comes_back(void **context)
{
    struct state *state = *context;
    save_three(state);
    later(state, 20, 10);
    struct setsync *sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 3);
    const struct lease *lease = lease_of(sync, &state->whitelist.set6, "2001:db8::7");
    struct dname name = name_of("x\\034\\032\\.y.dormammu.lookback.io");
    assert_true(kept_name_equal(lease->claims[0].name, &name));
    setsync_free(sync);
}

/* Cut anywhere, or with any byte changed: the whole file is set aside. */
static void test_a_damaged_file_is_never_half_used(void **context)
{
    struct state *state = *context;
    char text[4096], changed[4096];
    save_three(state);
    size_t size = read_text(state->path, text, sizeof(text));
    assert_in_range(size, 200, sizeof(text) - 1);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_not_equal(state_parse(text, cut, NULL, NULL).verdict, STATE_GOOD);
    for (size_t at = 0; at < size; at++) {
        memcpy(changed, text, size);
        changed[at] ^= 1;
        assert_int_not_equal(state_parse(changed, size, NULL, NULL).verdict, STATE_GOOD);
    }
    memcpy(changed, text, size);
    changed[size] = '\n';
    assert_int_not_equal(state_parse(changed, size + 1, NULL, NULL).verdict, STATE_GOOD);

    write_text(state->path, text, size - 1);
    struct setsync *sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 0);
    setsync_free(sync);
    assert_false(exists(state->path));
    assert_true(exists(state->aside));
    assert_int_equal(read_text(state->aside, changed, sizeof(changed)), size - 1);
}

static void test_what_is_wrong_is_told_apart(void **context)
{
    (void)context;
    static const struct {
        const char *text;
        enum state_verdict verdict;
        size_t line;
    } cases[] = {
        {"", STATE_FOREIGN, 1},
        {"#!/bin/sh\nexit\n", STATE_FOREIGN, 1},
        {"wildset leases 1", STATE_FOREIGN, 1},
        {"wildset leases 2\nsaved 1\n", STATE_FUTURE, 1},
        {"wildset leases 01\nsaved 1\n", STATE_FUTURE, 1},
        {"wildset leases 1\n", STATE_DAMAGED, 2},
        {"wildset leases 1\nsaved -1\n", STATE_DAMAGED, 2},
        {"wildset leases 1\nsaved 18446744073709551616\n", STATE_DAMAGED, 2},
        {"wildset leases 1\nsaved 18446744073709551615\n", STATE_DAMAGED, 3},
        {"wildset leases 1\nsaved 1\nlease\n", STATE_DAMAGED, 3},
        {"wildset leases 1\nsaved 1\nend 0 0000000000000000\n", STATE_DAMAGED, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct state_reading reading =
            state_parse(cases[i].text, strlen(cases[i].text), NULL, NULL);
        if (reading.verdict != cases[i].verdict || reading.line != cases[i].line)
            fail_msg("case %zu: verdict %d at line %zu", i, (int)reading.verdict, reading.line);
    }
}

static void test_lines_that_nobody_prints_are_refused(void **context)
{
    (void)context;
    static const char good[] = "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org "
                               "a.example.org \"\" \"\" A 300 1 2 3";
    static const char *const bad[] = {
        "",
        "lease",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 300 1 2",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 300 1 2 3 4",
        "lease  198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 300 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org A.example.org \"\" \"\" "
        "A 300 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org. \"\" \"\" "
        "A 300 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 0300 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 4294967296 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "B 300 1 2 3",
        "lease 198.51.100.7 inet wildset $x lookback *.example.org a.example.org \"\" \"\" A 300 1 "
        "2 3",
        "lease 198.51.100.7 moon wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 300 1 2 3",
        "lease 2001:DB8::7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" A "
        "300 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 a-name-that-is-too-long-for-a-whitelist "
        "*.example.org "
        "a.example.org \"\" \"\" A 300 1 2 3",
    };
    struct state_claim claim;
    assert_true(state_line_parse(good, &claim));
    assert_int_equal(claim.owner.length, 0);
    assert_int_equal(claim.end_ms, 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (state_line_parse(bad[i], &claim))
            fail_msg("taken: %s", bad[i]);
}

/* A clock that started anew, or went back: never more than what was left at the saving. */
static void test_a_clock_that_jumped_gives_no_longer_life(void **context)
{
    struct state *state = *context;
    save_three(state);
    later(state, 20, -1799999000);
    struct setsync *sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 3);
    assert_int_equal(left_s(state, lease_of(sync, &state->whitelist.set4, "198.51.100.7")), 900);
    setsync_free(sync);
    /* Nor ever more than a whole lifetime of today's configuration. */
    state->whitelist.ttl_max = 50;
    state->whitelist.grace = 10;
    sync = open_with(state, state->path);
    assert_int_equal(left_s(state, lease_of(sync, &state->whitelist.set4, "198.51.100.8")), 60);
    setsync_free(sync);
    /* Far ahead: all has ended. */
    later(state, 20, 1900000000);
    sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 0);
    setsync_free(sync);
}

static void test_todays_policy_decides(void **context)
{
    struct state *state = *context;
    struct prefix refuse = prefix_of("198.51.100.7");
    save_three(state);
    later(state, 20, 10);
    state->whitelist.refuse = &refuse;
    state->whitelist.refuse_count = 1;
    struct setsync *sync = open_with(state, state->path);
    assert_null(lease_of(sync, &state->whitelist.set4, "198.51.100.7"));
    assert_int_equal(lease_table_count(sync->leases), 2);
    setsync_free(sync);

    state->patterns[0] = pattern_of("other.example.org"); /* the apex is not wanted any more */
    sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 1);
    assert_non_null(lease_of(sync, &state->whitelist.set6, "2001:db8::7"));
    setsync_free(sync);

    assert_true(set_name_from_text("inet wildset other6", &state->whitelist.set6));
    sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 0);
    setsync_free(sync);

    snprintf(state->whitelist.name, sizeof(state->whitelist.name), "renamed");
    sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 0);
    setsync_free(sync);
}

/* The limit holds, and those that last longest stay. */
static void test_the_limit_holds_for_what_is_read(void **context)
{
    struct state *state = *context;
    struct setsync *sync = open_with(state, NULL);
    for (unsigned i = 1; i <= 20; i++) {
        char address[32];
        snprintf(address, sizeof(address), "198.51.100.%u", i);
        learn(sync, "a.dormammu.lookback.io", address, 100 * i, &state->now);
    }
    assert_int_equal(setsync_save(sync, state->path, &state->now), 0);
    setsync_free(sync);
    state->whitelist.max_addresses = 5;
    sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 5);
    assert_non_null(lease_of(sync, &state->whitelist.set4, "198.51.100.20"));
    assert_non_null(lease_of(sync, &state->whitelist.set4, "198.51.100.16"));
    setsync_free(sync);
}

static void test_a_file_that_cannot_be_written_keeps_the_old_one(void **context)
{
    struct state *state = *context;
    save_three(state);
    assert_int_equal(mkdir(state->draft, 0700), 0);
    struct setsync *sync = open_with(state, NULL);
    assert_int_equal(setsync_save(sync, state->path, &state->now), -EISDIR);
    assert_int_equal(setsync_save(sync, "nowhere/leases", &state->now), -ENOENT);
    setsync_free(sync);
    sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 3);
    setsync_free(sync);
}

static void test_what_is_no_file_is_left_alone(void **context)
{
    struct state *state = *context;
    assert_int_equal(symlink("/dev/zero", state->path), 0);
    struct setsync *sync = open_with(state, state->path);
    setsync_free(sync);
    assert_false(exists(state->aside));
    unlink(state->path);
    sync = open_with(state, "/dev/zero");
    assert_int_equal(lease_table_count(sync->leases), 0);
    setsync_free(sync);
    sync = open_with(state, state->path); /* absent: nothing to say */
    setsync_free(sync);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_leases_outlive_a_reboot),
        TEST(test_a_name_of_any_bytes_comes_back),
        TEST(test_a_damaged_file_is_never_half_used),
        TEST(test_what_is_wrong_is_told_apart),
        TEST(test_lines_that_nobody_prints_are_refused),
        TEST(test_a_clock_that_jumped_gives_no_longer_life),
        TEST(test_todays_policy_decides),
        TEST(test_the_limit_holds_for_what_is_read),
        TEST(test_a_file_that_cannot_be_written_keeps_the_old_one),
        TEST(test_what_is_no_file_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
