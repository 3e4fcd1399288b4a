/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets the clock and puts the machine to sleep: only for one that nobody else uses (boot starts
 * such).  Both have to be told, and after the sleep an element must not last longer than its lease,
 * though the kernel's timers stood still.
 */
#include "base/loop.h"
#include "daemon/clockwatch.h"
#include "setsync/kernel/nftset.h"
#include "setsync/setsync.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 500, TTL = 60, TOLERANCE_MS = 500 };

struct machine {
    struct loop *loop;
    struct loop_watch *timer;
    struct setsync *sync;
    struct whitelist whitelist;
    struct address address;
    unsigned step, jumps, sleeps;
};

static void die(const char *what)
{
    printf("suspend: %s\n", what);
    exit(1);
}

static void write_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        die(path);
    close(fd);
}

/* How much longer the element lasts than the lease, in milliseconds. */
static int64_t excess_ms(const struct machine *machine)
{
    const struct lease *lease;
    struct setsync_element element;
    struct moment now = clock_now();
    if (setsync_find(machine->sync, &machine->address, &now, &lease, 1) != 1 ||
        setsync_read(machine->sync, lease, &element) < 0 || !element.exists)
        die("the lease or its element has gone");
    return (int64_t)element.expires_ms - (int64_t)((lease->expires_ns - now.boot_ns) / NS_PER_MS);
}

static void on_change(void *context, uint64_t slept_ns)
{
    struct machine *machine = context;
    struct moment now = clock_now();
    if (slept_ns == 0) {
        machine->jumps++;
        return;
    }
    machine->sleeps++;
    int64_t before_ms = excess_ms(machine);
    setsync_resumed(machine->sync, slept_ns, &now);
    int64_t after_ms = excess_ms(machine);
    printf("suspend: slept %" PRIu64 " ms; the element outlasted its lease by %" PRId64
           " ms, now by %" PRId64 "\n",
           slept_ns / NS_PER_MS, before_ms, after_ms);
    if (after_ms > TOLERANCE_MS || after_ms < -TOLERANCE_MS)
        die("they do not agree");
}

static void learn(struct machine *machine)
{
    struct moment now = clock_now();
    struct sighting sighting = {.vlan = SIGHTING_NO_VLAN, .address_count = 1};
    (void)dname_from_text("a.example.org", &sighting.question);
    sighting.matched = sighting.owner = sighting.question;
    sighting.addresses[0] =
        (struct sighting_address){.address = machine->address, .record = RECORD_A, .ttl = TTL};
    setsync_learn(machine->sync, SOURCE_SNIFFER, &sighting, 1, &now);
}

static void set_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += 1000;
    if (clock_settime(CLOCK_REALTIME, &now) < 0)
        die("the clock cannot be set");
}

static void on_timer(void *context)
{
    struct machine *machine = context;
    struct moment now = clock_now();
    setsync_run(machine->sync, &now);
    switch (machine->step++) {
    case 0:
        learn(machine);
        set_clock();
        break;
    case 1:
        write_to("/sys/class/rtc/rtc0/wakealarm", "+3");
        write_to("/sys/power/state", "mem");
        break;
    case 2:
        break;
    default:
        loop_stop(machine->loop);
        return;
    }
    loop_timer_set(machine->timer, STEP_MS);
}

int main(void)
{
    struct clockwatch *watch;
    struct pattern pattern;
    struct machine machine = {.whitelist = {.name = "suspend",
                                            .patterns = &pattern,
                                            .pattern_count = 1,
                                            .create = true,
                                            .ttl_max = TTL,
                                            .max_addresses = 16}};
    (void)pattern_from_text("*.example.org", &pattern);
    (void)set_name_from_text("inet wildset suspend4", &machine.whitelist.set4);
    (void)set_name_from_text("inet wildset suspend6", &machine.whitelist.set6);
    (void)address_from_text("198.51.100.7", &machine.address);
    struct moment now = clock_now();
    struct setsync_options options = {
        .whitelists = &machine.whitelist, .whitelist_count = 1, .kernel = nftset_kernel()};
    if (setsync_new(&options, &now, &machine.sync) < 0 || loop_new(&machine.loop) < 0 ||
        clockwatch_new(machine.loop, on_change, &machine, &watch) < 0)
        die("it cannot be started");
    machine.timer = loop_timer(machine.loop, on_timer, &machine);
    loop_timer_set(machine.timer, STEP_MS);
    (void)loop_run(machine.loop);
    if (machine.jumps == 0 || machine.sleeps != 1)
        die("a jump of the clock or the sleep was not told");
    return 0;
}
