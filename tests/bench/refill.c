/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refill COUNT RUNS: how long COUNT leases take to be back in the set after someone flushed it, and
 * whether any element is missing at any moment while a new one takes over from one that died.
 * In the network namespace that it is started in; one JSON object.
 */
#include "base/log.h"
#include "setsync/kernel/nftset.h"
#include "setsync/setsync.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNT_MAX = 1 << 20, RUNS_MAX = 100, READ_AT_ONCE = 64, SETTLE_MS = 1500 };

struct reading {
    volatile unsigned long looks, missing;
};

static struct address address_at(unsigned number)
{
    const uint8_t bytes[4] = {51, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    return address_from_ipv4(bytes);
}

static void die(const char *what)
{
    fprintf(stderr, "refill: %s\n", what);
    exit(1);
}

static struct setsync *open_setsync(const struct whitelist *whitelist)
{
    struct moment now = clock_now();
    struct setsync_options options = {
        .whitelists = whitelist, .whitelist_count = 1, .kernel = nftset_kernel()};
    struct setsync *sync;
    if (setsync_new(&options, &now, &sync) < 0)
        die("nftables cannot be used here");
    return sync;
}

static void learn(struct setsync *sync, unsigned count)
{
    for (unsigned at = 0; at < count;) {
        struct sighting sighting = {.vlan = SIGHTING_NO_VLAN, .chain_ttl = 3000};
        (void)dname_from_text("a.example.org", &sighting.question);
        sighting.matched = sighting.owner = sighting.question;
        for (; at < count && sighting.address_count < SIGHTING_ADDRESSES_MAX; at++)
            sighting.addresses[sighting.address_count++] = (struct sighting_address){
                .address = address_at(at), .record = RECORD_A, .ttl = 3000};
        struct moment now = clock_now();
        setsync_learn(sync, SOURCE_SNIFFER, &sighting, 1, &now);
    }
}

/* The probe, and sweeps of the run before. */
static void settle(struct setsync *sync)
{
    const uint64_t end_ns = clock_now().boot_ns + SETTLE_MS * NS_PER_MS;
    for (struct moment now = clock_now(); now.boot_ns < end_ns; now = clock_now()) {
        struct pollfd poll_fd = {.fd = setsync_event_fd(sync), .events = POLLIN};
        if (poll(&poll_fd, 1, 5) > 0)
            setsync_notified(sync, &now);
        if (setsync_due(sync) <= now.boot_ns)
            setsync_run(sync, &now);
    }
}

/* The longest that everybody else has waited for a turn. */
static uint64_t longest_turn_ns;

static void note_turn(uint64_t began_ns)
{
    uint64_t took_ns = clock_now().boot_ns - began_ns;
    longest_turn_ns = took_ns > longest_turn_ns ? took_ns : longest_turn_ns;
}

/* Until all that was flushed is written again; the first of it comes with the notification. */
static double flush_once(struct setsync *sync, unsigned count)
{
    const uint64_t written = setsync_statistics(sync)->elements_written;
    if (system("nft flush set inet wildset bench4") != 0)
        die("nft flush set failed");
    struct moment began = clock_now(), now = began;
    setsync_notified(sync, &now);
    note_turn(now.boot_ns);
    while (setsync_statistics(sync)->elements_written < written + count) {
        now = clock_now();
        setsync_run(sync, &now);
        note_turn(now.boot_ns);
        if (now.boot_ns > began.boot_ns + 60 * NS_PER_SECOND)
            die("the set does not fill again");
    }
    return (double)(clock_now().boot_ns - began.boot_ns) / (double)NS_PER_MS;
}

static void read_for_ever(const struct set_name *set, unsigned count, struct reading *reading)
{
    struct nftset *nft;
    if (nftset_open(&nft) < 0)
        _exit(1);
    for (unsigned at = 0;; at = (at + READ_AT_ONCE) % count) {
        struct address addresses[READ_AT_ONCE];
        const struct address *wanted[READ_AT_ONCE];
        struct nftset_element elements[READ_AT_ONCE];
        for (unsigned i = 0; i < READ_AT_ONCE; i++) {
            addresses[i] = address_at((at + i) % count);
            wanted[i] = &addresses[i];
        }
        if (nftset_read(nft, set, false, wanted, READ_AT_ONCE, elements) < 0)
            _exit(1);
        for (unsigned i = 0; i < READ_AT_ONCE; i++)
            reading->missing += !elements[i].exists;
        reading->looks += READ_AT_ONCE;
    }
}

/* Another process looks at one element after the other meanwhile.  The milliseconds of the slowest
 * take-over. */
static double restart(struct setsync **sync, const struct whitelist *whitelist, unsigned count,
                      unsigned runs, struct reading *reading)
{
    double worst = 0;
    pid_t reader = fork();
    if (reader == 0)
        read_for_ever(&whitelist->set4, count, reading);
    for (unsigned run = 0; run < runs; run++) {
        setsync_free(*sync);
        usleep(50000);
        uint64_t began_ns = clock_now().boot_ns;
        *sync = open_setsync(whitelist);
        double took = (double)(clock_now().boot_ns - began_ns) / (double)NS_PER_MS;
        worst = took > worst ? took : worst;
        settle(*sync);
    }
    int status;
    if (waitpid(reader, &status, WNOHANG) != 0)
        die("the reader ended");
    kill(reader, SIGKILL);
    waitpid(reader, &status, 0);
    return worst;
}

int main(int argc, char **argv)
{
    unsigned count = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    unsigned runs = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    struct pattern pattern;
    struct whitelist whitelist = {.name = "bench",
                                  .patterns = &pattern,
                                  .pattern_count = 1,
                                  .create = true,
                                  .ttl_max = 86400,
                                  .benchmark_addresses = true,
                                  .max_addresses = COUNT_MAX};
    if (count == 0 || count > COUNT_MAX || runs == 0 || runs > RUNS_MAX)
        die("usage: refill COUNT RUNS");
    (void)pattern_from_text("*.example.org", &pattern);
    (void)set_name_from_text("inet wildset bench4", &whitelist.set4);
    (void)set_name_from_text("inet wildset bench6", &whitelist.set6);
    struct reading *reading =
        mmap(NULL, sizeof(*reading), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reading == MAP_FAILED)
        die("no memory");
    log_set_level(LOG_LEVEL_ERROR);
    struct setsync *sync = open_setsync(&whitelist);
    learn(sync, count);
    settle(sync);
    printf("{\"leases\":%u,\"refill_ms\":[", count);
    for (unsigned run = 0; run < runs; run++) {
        printf("%s%.3f", run > 0 ? "," : "", flush_once(sync, count));
        settle(sync);
    }
    double took = restart(&sync, &whitelist, count, runs, reading);
    printf("],\"turn_ms\":%.3f,\"takeover_ms\":%.3f,\"looks\":%lu,\"missing\":%lu}\n",
           (double)longest_turn_ns / (double)NS_PER_MS, took, reading->looks, reading->missing);
    setsync_free(sync);
    return 0;
}
