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

struct told {
    size_t count;
    struct state_claim claims[8];
};

static void tell(void *context, const struct state_reading *reading,
                 const struct state_claim *claim)
{
    struct told *told = context;
    assert_int_equal(reading->claims, told->count + 1);
    assert_in_range(told->count, 0, 7);
    told->claims[told->count++] = *claim;
}

static struct state_reading parse(const char *text, size_t size, struct told *told)
{
    *told = (struct told){0};
    FILE *stream =
        size > 0 ? fmemopen((void *)(uintptr_t)text, size, "r") : fopen("/dev/null", "r");
    assert_non_null(stream);
    struct state_reading reading = state_read(stream, tell, told);
    fclose(stream);
    assert_int_equal(reading.claims, told->count);
    return reading;
}

static size_t lines_in(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    return count;
}

/* Cut anywhere: what stands whole before the cut is used, and nothing else. */
static void test_a_cut_costs_one_line(void **context)
{
    struct state *state = *context;
    struct told told;
    char text[4096], aside[4096];
    save_three(state);
    size_t size = read_text(state->path, text, sizeof(text));
    assert_in_range(size, 200, sizeof(text) - 1);
    for (size_t cut = 0; cut <= size; cut++) {
        struct state_reading reading = parse(text, cut, &told);
        size_t whole = lines_in(text, cut);
        assert_int_equal(reading.verdict, whole > 0 ? STATE_GOOD : STATE_FOREIGN);
        assert_int_equal(told.count, whole > 0 ? whole - 1 : 0);
        assert_int_equal(reading.damaged, whole > 0 && text[cut - 1] != '\n');
    }

    write_text(state->path, text, size - 1);
    struct setsync *sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 2);
    setsync_free(sync);
    assert_false(exists(state->path));
    assert_true(exists(state->aside));
    assert_int_equal(read_text(state->aside, aside, sizeof(aside)), size - 1);
}

/* Any bit of any byte changed: never more than the line that it is in, and its neighbour's break.
 */
static void test_damage_is_a_line_and_not_the_file(void **context)
{
    struct state *state = *context;
    struct told good, told;
    char text[4096], changed[4096];
    save_three(state);
    size_t size = read_text(state->path, text, sizeof(text));
    size_t head = (size_t)(strchr(text, '\n') - text) + 1;
    assert_int_equal(parse(text, size, &good).damaged, 0);
    assert_int_equal(good.count, 3);
    for (size_t at = 0; at < 8 * size; at++) {
        memcpy(changed, text, size);
        changed[at / 8] ^= (char)(1 << at % 8);
        struct state_reading reading = parse(changed, size, &told);
        if (at / 8 < head)
            continue;
        size_t same = 0;
        for (size_t i = 0; i < told.count; i++)
            for (size_t k = 0; k < good.count; k++)
                same += memcmp(&told.claims[i], &good.claims[k], sizeof(good.claims[k])) == 0;
        assert_int_equal(reading.verdict, STATE_GOOD);
        assert_in_range(same, text[at / 8] == '\n' ? 1 : 2, 3);
        assert_in_range(told.count, same, same + 1);
    }
}

static void test_what_is_wrong_is_told_apart(void **context)
{
    (void)context;
    static const struct {
        const char *text;
        enum state_verdict verdict;
        size_t damaged, line;
    } cases[] = {
        {"", STATE_FOREIGN, 0, 0},
        {"#!/bin/sh\nexit\n", STATE_FOREIGN, 0, 0},
        {"{}\n", STATE_FOREIGN, 0, 0},
        {"[]\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":1}", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":2}\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":1,\"saved\":1}\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":-1}\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":18446744073709551615}\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":\"1\"}\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":1,\"more\":1}\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":1,\"saved\":2}\n", STATE_FOREIGN, 0, 0},
        {"{\"wildset-leases\":3,\"kept\":1}\n", STATE_FUTURE, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":1}\n", STATE_GOOD, 0, 0},
        {"{\"wildset-leases\":2,\"saved\":1}\n\n{}\n", STATE_GOOD, 2, 2},
        {"wildset leases 1", STATE_FOREIGN, 0, 0},
        {"wildset leases 2\nsaved 1\n", STATE_FUTURE, 0, 0},
        {"wildset leases 01\nsaved 1\n", STATE_FUTURE, 0, 0},
        {"wildset leases 1\n", STATE_FOREIGN, 0, 0},
        {"wildset leases 1\nsaved -1\n", STATE_FOREIGN, 0, 0},
        {"wildset leases 1\nsaved 1\nlease\n", STATE_GOOD, 1, 3},
        {"wildset leases 1\nsaved 1\nend 0 0000000000000000\n", STATE_GOOD, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct told told;
        struct state_reading reading = parse(cases[i].text, strlen(cases[i].text), &told);
        if (reading.verdict != cases[i].verdict || reading.damaged != cases[i].damaged ||
            reading.line != cases[i].line || told.count != 0)
            fail_msg("case %zu: verdict %d, %zu damaged from line %zu", i, (int)reading.verdict,
                     reading.damaged, reading.line);
    }
}

/* A line of members, of which one is another: each is checked. */
static void test_each_member_of_a_line_is_checked(void **context)
{
    (void)context;
    static const struct {
        const char *key, *good, *bad[8];
    } members[] = {
        {"address",
         "\"198.51.100.7\"",
         {"\"198.51.100\"", "\"198.51.100.7/32\"", "\"\"", "1", "null", "\"198.51.100.7 \""}},
        {"set",
         "\"inet wildset lookback4\"",
         {"\"moon wildset lookback4\"", "\"inet wildset $x\"", "\"inet wildset\"", "[]"}},
        {"whitelist",
         "\"lookback\"",
         {"\"\"", "\"a b\"", "\"a-name-that-is-too-long-for-a-whitelist\"", "true"}},
        {"pattern", "\"*.example.org\"", {"\"\"", "\"*.*.example.org\"", "{}"}},
        {"name", "\"a.example.org\"", {"\"\"", "\"a..example.org\"", "2"}},
        {"owner", "\"a.example.org\"", {"\"\"", "\"a..example.org\"", "null"}},
        {"resolver", "\"192.0.2.53\"", {"\"\"", "\"localhost\"", "null"}},
        {"record", "\"A\"", {"\"\"", "\"B\"", "1"}},
        {"ttl", "300", {"-1", "4294967296", "\"300\"", "3.5", "0300"}},
        {"granted", "1", {"-1", "18446744073709551615", "1.0", "\"1\""}},
        {"seen", "2", {"-1", "18446744073709551615", "1.0", "\"1\""}},
        {"expires", "3", {"-1", "18446744073709551615", "1.0", "\"1\""}},
    };
    enum { MEMBERS = sizeof(members) / sizeof(members[0]), NONE = MEMBERS };
    struct state_claim claim;
    char line[STATE_LINE_MAX];
    for (size_t at = 0; at <= MEMBERS; at++) {
        for (size_t k = 0; k < 8; k++) {
            size_t length = 0;
            const char *bad = at < MEMBERS ? members[at].bad[k] : NULL;
            if (!bad && k > 0)
                break;
            for (size_t i = 0; i < MEMBERS; i++)
                length += (size_t)snprintf(line + length, sizeof(line) - length, "%s\"%s\":%s",
                                           i > 0 ? "," : "{", members[i].key,
                                           bad && i == at ? bad : members[i].good);
            snprintf(line + length, sizeof(line) - length, "}");
            if (state_line_parse(line, STATE_VERSION, &claim) != !bad)
                fail_msg("%s: %s", bad ? "taken" : "refused", line);
        }
    }
    assert_int_equal(claim.end_ms, 3);
    /* One more, one twice, one less, and what is none. */
    line[strlen(line) - 1] = '\0';
    char more[STATE_LINE_MAX + 32];
    const char *const ends[] = {",\"more\":1}", ",\"ttl\":300}", "", "}}", "} x"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(more, sizeof(more), "%s%s", line, ends[i]);
        assert_false(state_line_parse(more, STATE_VERSION, &claim));
    }
    *strrchr(line, ',') = '\0';
    snprintf(more, sizeof(more), "%s}", line);
    assert_false(state_line_parse(more, STATE_VERSION, &claim));
}

static void test_lines_of_version_1_are_checked(void **context)
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
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 4294967296 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "B 300 1 2 3",
        "lease 198.51.100.7 inet wildset $x lookback *.example.org a.example.org \"\" \"\" A 300 1 "
        "2 3",
        "lease 198.51.100.7 moon wildset lookback4 lookback *.example.org a.example.org \"\" \"\" "
        "A 300 1 2 3",
        "lease 198.51.100.7 inet wildset lookback4 a-name-that-is-too-long-for-a-whitelist "
        "*.example.org "
        "a.example.org \"\" \"\" A 300 1 2 3",
    };
    struct state_claim claim;
    assert_true(state_line_parse(good, 1, &claim));
    assert_int_equal(claim.owner.length, 0);
    assert_int_equal(claim.end_ms, 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (state_line_parse(bad[i], 1, &claim))
            fail_msg("taken: %s", bad[i]);
}

/* As 0.2.0 wrote it; the next save is of today's version. */
static void test_a_file_of_version_1_is_read_once(void **context)
{
    struct state *state = *context;
    static const char text[] =
        "wildset leases 1\n"
        "saved 1800000000000\n"
        "lease 198.51.100.8 inet wildset lookback4 lookback dormammu.lookback.io "
        "dormammu.lookback.io dormammu.lookback.io 192.0.2.53 A 3000 1800000000000 "
        "1800000000000 1800003600000\n"
        "lease 2001:db8::7 inet wildset lookback6 lookback *.dormammu.lookback.io "
        "x\\034\\032\\.y.dormammu.lookback.io \"\" \"\" AAAA 300 1800000000000 1800000000000 "
        "1800000900000\n"
        "end 2 0123456789abcdef\n";
    char saved[4096];
    write_text(state->path, text, strlen(text));
    struct setsync *sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 2);
    assert_int_equal(left_s(state, lease_of(sync, &state->whitelist.set4, "198.51.100.8")), 3600);
    assert_int_equal(left_s(state, lease_of(sync, &state->whitelist.set6, "2001:db8::7")), 900);
    assert_true(exists(state->path));
    assert_int_equal(setsync_save(sync, state->path, &state->now), 0);
    setsync_free(sync);
    size_t size = read_text(state->path, saved, sizeof(saved) - 1);
    saved[size] = '\0';
    assert_non_null(strstr(saved, "{\"wildset-leases\":2,\"saved\":1800000000000}\n"));
    sync = open_with(state, state->path);
    assert_int_equal(lease_table_count(sync->leases), 2);
    setsync_free(sync);
}

/* Too long for any lease, and with a NUL in it: the next line is read all the same. */
static void test_a_line_of_any_length_ends(void **context)
{
    struct state *state = *context;
    struct told told;
    save_three(state);
    char *text = calloc(1, 4 * STATE_LINE_MAX);
    char rest[4096];
    size_t size = read_text(state->path, rest, sizeof(rest));
    size_t head = (size_t)(strchr(rest, '\n') - rest) + 1;
    memcpy(text, rest, head);
    memset(text + head, ' ', 2 * STATE_LINE_MAX);
    size_t at = head + 2 * STATE_LINE_MAX;
    text[at++] = '\n';
    text[at++] = '\0';
    text[at++] = '\n';
    memcpy(text + at, rest + head, size - head);
    struct state_reading reading = parse(text, at + size - head, &told);
    assert_int_equal(told.count, 3);
    assert_int_equal(reading.damaged, 2);
    assert_int_equal(reading.line, 2);
    free(text);
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
        TEST(test_a_cut_costs_one_line),
        TEST(test_damage_is_a_line_and_not_the_file),
        TEST(test_what_is_wrong_is_told_apart),
        TEST(test_each_member_of_a_line_is_checked),
        TEST(test_lines_of_version_1_are_checked),
        TEST(test_a_file_of_version_1_is_read_once),
        TEST(test_a_line_of_any_length_ends),
        TEST(test_a_clock_that_jumped_gives_no_longer_life),
        TEST(test_todays_policy_decides),
        TEST(test_the_limit_holds_for_what_is_read),
        TEST(test_a_file_that_cannot_be_written_keeps_the_old_one),
        TEST(test_what_is_no_file_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
