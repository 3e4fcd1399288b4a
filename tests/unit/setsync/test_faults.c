/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random sequence of what befalls a firewall's sets, in a network namespace of the test's own:
 * flushes, reloads, deletions, sets of a wrong type, others' elements, restarts, reloads of the
 * configuration.  After each step kernel and leases agree: every lease has an element that lasts at
 * least as long, and no element of ours goes on without its lease.
 *
 * FAULTS_SEED=NUMBER repeats a sequence, FAULTS_STEPS=NUMBER makes it longer.
 */
#include "tests/unit/setsync/fixture.h"

#include "base/log.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum {
    STEPS = 500,
    POOL = 120, /* addresses that may be learned, of each family */
    COMMAND_MAX = 2048,
    SLOW_MS = 1500, /* a sweep begins within a second */
    FAST_MS = 300,  /* milliseconds are wanted; an emulator and nft(8) beside us need more */
    HISTORY = 12,
};

/* Where the kernel refreshes in place, a gain below a second is not written at once. */
#define GAIN_NS NS_PER_SECOND
#define TOLERANCE_NS (150 * NS_PER_MS)

static const char *const patterns_first[] = {"dormammu.lookback.io", "*.dormammu.lookback.io",
                                             NULL};
static const char *const patterns_second[] = {"*.example.org", NULL};

struct faults {
    struct pattern patterns[2][8];
    struct whitelist whitelists[2];
    size_t whitelist_count; /* in force */
    struct setsync *sync;
    struct nftset *reader; /* not setsync's own */
    uint64_t seed, state;
    unsigned step;
    const char *history[HISTORY]; /* what was done, for who has to find out why it failed */
    bool is_wrong[FAMILIES];      /* a set of another type stands in the way */
    char path[64];
};

/* xorshift64*: the same everywhere. */
static uint64_t draw(struct faults *faults, uint64_t below)
{
    faults->state ^= faults->state >> 12;
    faults->state ^= faults->state << 25;
    faults->state ^= faults->state >> 27;
    return (faults->state * UINT64_C(2685821657736338717) >> 32) % below;
}

/* ---- setsync, as the daemon drives it ---- */

static void start(struct faults *faults)
{
    struct moment now = clock_now();
    struct setsync_options options = {.whitelists = faults->whitelists,
                                      .whitelist_count = faults->whitelist_count,
                                      .kernel = nftset_kernel(),
                                      .state = faults->path};
    assert_int_equal(setsync_new(&options, &now, &faults->sync), 0);
}

static void serve_ms(struct faults *faults, uint64_t ms)
{
    const uint64_t end_ns = clock_now().boot_ns + ms * NS_PER_MS;
    for (struct moment now = clock_now(); now.boot_ns < end_ns; now = clock_now()) {
        uint64_t due_ns = setsync_due(faults->sync);
        uint64_t until_ns = due_ns < end_ns ? due_ns : end_ns;
        uint64_t wait_ns = until_ns > now.boot_ns ? until_ns - now.boot_ns : 0;
        struct pollfd poll_fd = {.fd = setsync_event_fd(faults->sync), .events = POLLIN};
        poll(&poll_fd, 1, (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS));
        now = clock_now();
        if ((poll_fd.revents & (POLLIN | POLLERR)) != 0)
            setsync_notified(faults->sync, &now);
        if (setsync_due(faults->sync) <= now.boot_ns)
            setsync_run(faults->sync, &now);
    }
}

/* ---- agreement ---- */

static const char *check_lease(const struct faults *faults, const struct lease *lease)
{
    const struct address *address = &lease->address;
    struct nftset_element element;
    if (!set_is_right(lease->set))
        return NULL;
    if (nftset_read(faults->reader, lease->set_name, set_is_interval(lease->set), &address, 1,
                    &element) < 0)
        return "cannot be read";
    if (element.is_wide)
        return "lies in an interval"; /* nobody makes one here: it is an open start of ours */
    if (lease->expires_ns <= element.read_ns + TOLERANCE_NS ||
        lease->expires_ns <= clock_now().boot_ns + TOLERANCE_NS)
        return NULL;
    if (!element.exists)
        return "is not there";
    if (element.timeout_ms == 0)
        return NULL;
    const uint64_t end_ns = element.read_ns + element.expires_ms * NS_PER_MS + TOLERANCE_NS;
    const struct setsync_statistics *statistics = setsync_statistics(faults->sync);
    if (statistics->updates_probed && statistics->updates_in_place)
        return end_ns + GAIN_NS < lease->expires_ns ? "ends too early" : NULL;
    /* Where it is replaced, that happens in time, not at once. */
    if (end_ns < lease->expires_ns && end_ns < writer_due(lease))
        return "ends before it is written again";
    return NULL;
}

struct checking {
    const struct faults *faults;
    const struct set *set;
    const char *problem;
    struct address address;
};

static void check_each_lease(void *context, struct lease *lease)
{
    struct checking *checking = context;
    if (checking->problem != NULL)
        return;
    checking->problem = check_lease(checking->faults, lease);
    checking->address = lease->address;
}

/* In our own table what has a timeout is ours, whoever made it last. */
static void check_element(void *context, const struct nftset_element *element)
{
    struct checking *checking = context;
    const struct lease *lease =
        lease_find(checking->faults->sync->leases, &checking->set->name, &element->address);
    const uint64_t end_ns = element->read_ns + element->expires_ms * NS_PER_MS;
    const uint64_t wanted_ns = lease != NULL ? lease->expires_ns : element->read_ns;
    if (checking->problem != NULL || element->timeout_ms == 0 ||
        end_ns <= wanted_ns + GAIN_NS + TOLERANCE_NS)
        return;
    checking->problem = lease != NULL ? "lasts longer than its lease" : "has no lease";
    checking->address = element->address;
}

static struct checking check(const struct faults *faults)
{
    struct checking checking = {.faults = faults};
    lease_each(faults->sync->leases, check_each_lease, &checking);
    for (size_t i = 0; i < faults->sync->set_count && checking.problem == NULL; i++) {
        checking.set = faults->sync->sets[i];
        if (set_is_right(checking.set) && nftset_dump(faults->reader, &checking.set->name, SIZE_MAX,
                                                      check_element, &checking) < 0)
            checking.problem = "a set cannot be read";
        if (!set_is_right(checking.set) && !faults->is_wrong[family_index(checking.set->family)])
            checking.problem = "a set is not ready";
    }
    return checking;
}

/* What each side knows of an address, in milliseconds from now. */
static void tell_more(const struct faults *faults, const struct address *address)
{
    const struct lease *leases[FAMILIES];
    struct moment now = clock_now();
    size_t count = setsync_find(faults->sync, address, &now, leases, FAMILIES);
    for (size_t i = 0; i < count; i++) {
        const struct lease *lease = leases[i];
        struct nftset_element element;
        (void)nftset_read(faults->reader, lease->set_name, set_is_interval(lease->set), &address, 1,
                          &element);
        print_message("lease ends in %" PRId64 ", was written until %" PRId64 " (%d), is due in "
                      "%" PRId64 ", %u claims; element: %d, timeout %" PRIu64 ", ends in %" PRIu64
                      ", \"%s\"; set: hold %d phase %d\n",
                      (int64_t)(lease->expires_ns - now.boot_ns) / (int64_t)NS_PER_MS,
                      (int64_t)(lease->written_expires_ns - now.boot_ns) / (int64_t)NS_PER_MS,
                      (int)lease->write,
                      (int64_t)(lease->due.key - now.boot_ns) / (int64_t)NS_PER_MS,
                      lease->claim_count, element.exists, element.timeout_ms, element.expires_ms,
                      element.comment, lease->set->hold_ns != 0, (int)lease->set->phase);
    }
}

static void must_agree(struct faults *faults, uint64_t within_ms)
{
    char text[ADDRESS_TEXT_MAX];
    const uint64_t end_ns = clock_now().boot_ns + within_ms * NS_PER_MS;
    struct checking checking;
    do {
        serve_ms(faults, 2);
        checking = check(faults);
        if (checking.problem == NULL)
            return;
    } while (clock_now().boot_ns < end_ns);
    for (unsigned i = HISTORY; i-- > 0;)
        if (i <= faults->step)
            print_message("step %u: %s\n", faults->step - i,
                          faults->history[(faults->step - i) % HISTORY]);
    tell_more(faults, &checking.address);
    fail_msg("seed %" PRIu64 ", step %u: %s: %s", faults->seed, faults->step,
             address_to_text(&checking.address, text), checking.problem);
}

/* ---- steps: each returns how soon all must be right again, in ms ---- */

typedef uint64_t fault_step(struct faults *faults);

/* May fail: what is to be deleted may just have expired. */
static void run_nft(const char *commands)
{
    char line[COMMAND_MAX + 64];
    snprintf(line, sizeof(line), "nft '%s' 2>/dev/null", commands);
    if (system(line) < 0)
        fail_msg("no shell");
}

static uint64_t forget(struct faults *faults);

static unsigned draw_family(struct faults *faults)
{
    return (unsigned)draw(faults, FAMILIES);
}

static const char *address_text(unsigned family, unsigned number, char out[static 32])
{
    snprintf(out, 32, family == 0 ? "198.51.100.%u" : "2001:db8::%x", number + 1);
    return out;
}

static const char *set_text(unsigned family)
{
    return family == 0 ? "inet wildset lookback4" : "inet wildset lookback6";
}

static const char *type_text(unsigned family)
{
    return family == 0 ? "ipv4_addr" : "ipv6_addr";
}

static uint64_t learn(struct faults *faults)
{
    static const char *const names[] = {"dormammu.lookback.io", "a.dormammu.lookback.io",
                                        "b.dormammu.lookback.io", "c.example.org"};
    struct sighting sighting = sighting_of(names[draw(faults, 4)]);
    const uint64_t count = 1 + draw(faults, SIGHTING_ADDRESSES_MAX);
    for (uint64_t i = 0; i < count; i++) {
        char text[32];
        unsigned family = draw_family(faults);
        address_text(family, (unsigned)draw(faults, POOL), text);
        see(&sighting, text, draw(faults, 3) == 0 ? 2 : 30 + (uint32_t)draw(faults, 600));
    }
    struct moment now = clock_now();
    setsync_learn(faults->sync, SOURCE_SNIFFER, &sighting, 1, &now);
    return FAST_MS;
}

static uint64_t flush_set(struct faults *faults)
{
    char command[COMMAND_MAX];
    snprintf(command, sizeof(command), "flush set %s", set_text(draw_family(faults)));
    run_nft(command);
    return FAST_MS;
}

static uint64_t delete_set(struct faults *faults)
{
    char command[COMMAND_MAX];
    unsigned family = draw_family(faults);
    snprintf(command, sizeof(command), "delete set %s", set_text(family));
    run_nft(command);
    faults->is_wrong[family] = false;
    return FAST_MS;
}

static void all_right(struct faults *faults)
{
    memset(faults->is_wrong, 0, sizeof(faults->is_wrong));
}

static uint64_t delete_table(struct faults *faults)
{
    run_nft("delete table inet wildset");
    all_right(faults);
    return FAST_MS;
}

static uint64_t recreate_set(struct faults *faults)
{
    char command[COMMAND_MAX];
    unsigned family = draw_family(faults);
    snprintf(command, sizeof(command),
             "delete set %s; add set %s { type %s; flags %stimeout; size %u; }", set_text(family),
             set_text(family), type_text(family), draw(faults, 3) == 0 ? "interval, " : "",
             2000 + (unsigned)draw(faults, 3000));
    run_nft(command);
    faults->is_wrong[family] = false;
    return FAST_MS;
}

static uint64_t flush_ruleset(struct faults *faults)
{
    run_nft("flush ruleset");
    all_right(faults);
    return FAST_MS;
}

static uint64_t load_ruleset(struct faults *faults)
{
    run_nft("flush ruleset; table inet wildset { set lookback4 { type ipv4_addr; flags timeout; "
            "counter; gc-interval 500ms; }; set lookback6 { type ipv6_addr; flags timeout; timeout "
            "1h; }; chain output { type filter hook output priority 0; ip daddr @lookback4 "
            "accept; }; }");
    all_right(faults);
    return FAST_MS;
}

static uint64_t make_wrong(struct faults *faults)
{
    char command[COMMAND_MAX];
    unsigned family = draw_family(faults);
    snprintf(command, sizeof(command),
             "flush ruleset; add table inet wildset; add set %s { type %s; %s }", set_text(family),
             type_text(draw_family(faults)), draw(faults, 2) == 0 ? "flags interval;" : "");
    run_nft(command);
    all_right(faults);
    faults->is_wrong[family] = true;
    return FAST_MS;
}

/* What no sentinel may stand for is found by the sweep; mostly it is let begin at once. */
static uint64_t until_swept(struct faults *faults)
{
    if (draw(faults, 8) != 0 && faults->sync->sweep_cursor == 0)
        faults->sync->sweep_began_ns = 0;
    if (faults->sync->stray_walk == NULL)
        faults->sync->stray_began_ns = 0;
    return SLOW_MS;
}

static uint64_t delete_elements(struct faults *faults)
{
    const uint64_t count = 1 + draw(faults, 5);
    for (uint64_t i = 0; i < count; i++) {
        char command[COMMAND_MAX], text[32];
        unsigned family = draw_family(faults);
        snprintf(command, sizeof(command), "delete element %s { %s }", set_text(family),
                 address_text(family, (unsigned)draw(faults, POOL), text));
        run_nft(command);
    }
    return until_swept(faults);
}

/* Permanent, shorter or longer; from 6.12 on this changes our own elements. */
static uint64_t add_elements(struct faults *faults)
{
    static const char *const timeouts[] = {"", "timeout 1s", "timeout 2s", "timeout 2h"};
    char command[COMMAND_MAX], text[32];
    unsigned family = draw_family(faults);
    snprintf(command, sizeof(command), "add element %s { %s %s }", set_text(family),
             address_text(family, (unsigned)draw(faults, POOL), text), timeouts[draw(faults, 4)]);
    run_nft(command);
    return until_swept(faults);
}

/* Many changes of others at once, while ours are under way. */
static uint64_t storm(struct faults *faults)
{
    for (unsigned i = 0; i < 3; i++) {
        flush_set(faults);
        learn(faults);
        recreate_set(faults);
        learn(faults);
    }
    return until_swept(faults);
}

/* Today's ruleset, and some steps later yesterday's. */
static uint64_t keep_ruleset(struct faults *faults)
{
    char line[COMMAND_MAX];
    if (faults->is_wrong[0] || faults->is_wrong[1])
        return FAST_MS; /* a set of a wrong type would be brought back, and stay */
    snprintf(line, sizeof(line), "nft list ruleset >%s.ruleset", faults->path);
    if (system(line) < 0)
        fail_msg("no shell");
    return FAST_MS;
}

static uint64_t load_kept_ruleset(struct faults *faults)
{
    char line[COMMAND_MAX];
    if (draw(faults, 2) == 0) {
        run_nft("flush ruleset");
        all_right(faults);
    }
    /* As a whole or not at all: beside a set of another kind it is refused. */
    snprintf(line, sizeof(line), "nft -f %s.ruleset 2>/dev/null", faults->path);
    if (system(line) < 0)
        fail_msg("no shell");
    return until_swept(faults) + SLOW_MS;
}

/* Thousands of transactions of others each second, and ours between them. */
static uint64_t contend(struct faults *faults)
{
    struct set_name others;
    struct address address = address_of("203.0.113.1");
    run_nft("table inet others { set some { type ipv4_addr; flags timeout; }; }");
    assert_true(set_name_from_text("inet others some", &others));
    pid_t rival = fork();
    if (rival == 0) {
        struct nftset *nft;
        struct nftset_change change = {
            .set = &others, .address = &address, .timeout_ms = 60000, .action = NFTSET_REPLACE};
        if (nftset_open(&nft) < 0)
            _exit(1);
        for (;;)
            if (nftset_mark(nft) == 0)
                (void)nftset_commit(nft, &change, 1);
    }
    for (unsigned i = 0; i < 6; i++) {
        learn(faults);
        forget(faults);
    }
    serve_ms(faults, 20);
    kill(rival, SIGKILL);
    waitpid(rival, NULL, 0);
    return until_swept(faults);
}

static uint64_t save(struct faults *faults)
{
    struct moment now = clock_now();
    assert_int_equal(setsync_save(faults->sync, faults->path, &now), 0);
    return FAST_MS;
}

static bool is_ready(const struct faults *faults)
{
    for (size_t i = 0; i < faults->sync->set_count; i++)
        if (!set_is_right(faults->sync->sets[i]))
            return false;
    return true;
}

/* As after kill -9: the new one has the state file and what the kernel holds. */
static uint64_t restart(struct faults *faults)
{
    struct setsync *before = faults->sync;
    bool was_ready = is_ready(faults);
    start(faults);
    struct lease *leases[64];
    size_t cursor = 0;
    do {
        size_t count = lease_slice(before->leases, &cursor, leases, 64);
        for (size_t i = 0; i < count && was_ready; i++) {
            char text[ADDRESS_TEXT_MAX];
            struct shown shown;
            const struct lease *old = leases[i];
            const struct lease *now =
                lease_of(faults->sync, old->set_name, address_to_text(&old->address, text));
            if (now != NULL || old->expires_ns <= clock_now().boot_ns + GAIN_NS)
                continue;
            shown =
                element_of(set_text(family_index((enum address_family)old->address.family)), text);
            /* A permanent element hides whose it was. */
            if (shown.exists && shown.timed && shown.comment[0] != '\0')
                fail_msg("seed %" PRIu64 ", step %u: %s was lost in a restart", faults->seed,
                         faults->step, text);
        }
    } while (cursor != 0);
    setsync_free(before);
    return FAST_MS;
}

/* More or less is granted from here on: at a reload, and as if it had been changed between two
 * runs. */
static void change_policy(struct faults *faults)
{
    static struct prefix refuse;
    struct whitelist *whitelist = &faults->whitelists[draw(faults, 2)];
    refuse = prefix_of(draw(faults, 2) == 0 ? "198.51.100.0/27" : "2001:db8::/122");
    whitelist->refuse = &refuse;
    whitelist->refuse_count = draw(faults, 2);
    whitelist->max_addresses = draw(faults, 2) == 0 ? 40 : 4096;
}

static uint64_t reload_stricter(struct faults *faults)
{
    struct moment now = clock_now();
    change_policy(faults);
    setsync_reload(faults->sync, faults->whitelists, faults->whitelist_count, &now);
    save(faults);
    return until_swept(faults);
}

static uint64_t restart_stricter(struct faults *faults)
{
    if (draw(faults, 2) == 0)
        save(faults);
    setsync_free(faults->sync);
    change_policy(faults);
    start(faults);
    return until_swept(faults);
}

/* The second whitelist, which shares the first one's sets, comes and goes. */
static uint64_t reload(struct faults *faults)
{
    struct moment now = clock_now();
    faults->whitelist_count = 3 - faults->whitelist_count;
    setsync_reload(faults->sync, faults->whitelists, faults->whitelist_count, &now);
    save(faults); /* as the daemon does: comments may name what is not wanted any more */
    return until_swept(faults);
}

static uint64_t forget(struct faults *faults)
{
    char text[32];
    unsigned family = draw_family(faults);
    struct moment now = clock_now();
    struct address address = address_of(address_text(family, (unsigned)draw(faults, POOL), text));
    setsync_forget_address(faults->sync, &address, &now);
    return FAST_MS;
}

static uint64_t wait_a_little(struct faults *faults)
{
    serve_ms(faults, draw(faults, 250));
    return FAST_MS;
}

static const struct {
    const char *name;
    fault_step *take;
    unsigned weight;
} steps[] = {
    {"learn", learn, 10},
    {"flush set", flush_set, 3},
    {"delete set", delete_set, 2},
    {"delete table", delete_table, 2},
    {"recreate set", recreate_set, 3},
    {"flush ruleset", flush_ruleset, 2},
    {"load ruleset", load_ruleset, 2},
    {"a set of a wrong type", make_wrong, 1},
    {"delete elements", delete_elements, 3},
    {"add elements", add_elements, 3},
    {"storm", storm, 1},
    {"keep the ruleset", keep_ruleset, 1},
    {"load the kept ruleset", load_kept_ruleset, 2},
    {"contend", contend, 2},
    {"reload a stricter policy", reload_stricter, 2},
    {"restart with a stricter policy", restart_stricter, 2},
    {"save", save, 2},
    {"restart", restart, 3},
    {"reload", reload, 2},
    {"forget", forget, 2},
    {"wait", wait_a_little, 3},
};

static unsigned draw_step(struct faults *faults)
{
    unsigned total = 0, at = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        total += steps[i].weight;
    for (uint64_t rest = draw(faults, total); rest >= steps[at].weight; at++)
        rest -= steps[at].weight;
    return at;
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static int set_up(void **context)
{
    struct faults *faults = calloc(1, sizeof(*faults));
    *context = faults;
    faults->seed = number_from_environment("FAULTS_SEED", clock_now().real_ns % 1000000007);
    faults->state = (faults->seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    faults->whitelists[0] = whitelist_of("lookback", faults->patterns[0], patterns_first);
    faults->whitelists[1] = whitelist_of("second", faults->patterns[1], patterns_second);
    faults->whitelists[1].set4 = faults->whitelists[0].set4;
    faults->whitelists[1].set6 = faults->whitelists[0].set6;
    for (unsigned i = 0; i < 2; i++) {
        faults->whitelists[i].ttl_min = 0;
        faults->whitelists[i].grace = 0;
    }
    faults->whitelist_count = 2;
    snprintf(faults->path, sizeof(faults->path), "faults-%d", (int)getpid());
    assert_int_equal(nftset_open(&faults->reader), 0);
    nft("flush ruleset");
    start(faults);
    return 0;
}

static int tear_down(void **context)
{
    struct faults *faults = *context;
    char ruleset[96];
    snprintf(ruleset, sizeof(ruleset), "%s.ruleset", faults->path);
    unlink(ruleset);
    unlink(faults->path);
    setsync_free(faults->sync);
    nftset_close(faults->reader);
    free(faults);
    return 0;
}

static void test_kernel_and_leases_agree_after_each_fault(void **context)
{
    struct faults *faults = *context;
    const uint64_t count = number_from_environment("FAULTS_STEPS", STEPS);
    uint64_t worst_ns = 0;
    print_message("seed %" PRIu64 "\n", faults->seed);
    for (; faults->step < count; faults->step++) {
        unsigned at = draw_step(faults);
        faults->history[faults->step % HISTORY] = steps[at].name;
        uint64_t within_ms = steps[at].take(faults);
        const uint64_t began_ns = clock_now().boot_ns;
        must_agree(faults, within_ms);
        uint64_t took_ns = clock_now().boot_ns - began_ns;
        if (within_ms == FAST_MS && took_ns > worst_ns)
            worst_ns = took_ns;
    }
    print_message("%" PRIu64 " steps, %zu leases at the end, %" PRIu64 " elements written, %" PRIu64
                  " of %" PRIu64 " transactions failed; right again after %" PRIu64 " ms at most\n",
                  count, lease_table_count(faults->sync->leases),
                  setsync_statistics(faults->sync)->elements_written,
                  setsync_statistics(faults->sync)->transactions_failed,
                  setsync_statistics(faults->sync)->transactions, worst_ns / NS_PER_MS);
}

int main(void)
{
    enter_namespace();
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kernel_and_leases_agree_after_each_fault, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
